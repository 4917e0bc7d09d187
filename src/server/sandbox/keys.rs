//! Who may call the simulation: the organisations' API keys and what they open.

use std::collections::{HashMap, HashSet};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fastrand::Rng;
use serde::Serialize;

use super::names;
use super::world::{Reach, World};

const FIRST_PARTNERS: [(&str, &str); 3] =
    [("org_kystkassa", "Kystkassa AS"), ("org_nordbetaling", "Nordbetaling ApS"), ("org_jarvikassa", "Järvikassa Oy")];
const COMPANY_FORMS: [&str; 3] = ["AS", "ApS", "Oy"];
/// How many merchants have keys of their own.
const KEYED_MERCHANTS: usize = 4;

/// An organisation's keys, as `--print-keys` writes them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SandboxKeys {
    pub org_id: String,
    /// `partner` or `merchant`.
    pub kind: &'static str,
    pub name: String,
    pub client_id: String,
    pub client_secret: String,
    pub subscription_key: String,
    /// Does the same; not printed.
    #[serde(skip)]
    pub secondary_subscription_key: String,
    /// The unit a merchant's keys belong to; partner keys belong to none.
    pub msn: Option<String>,
}

/// What of the keys can be regenerated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Regenerated {
    ClientSecret,
    SubscriptionKey,
    SecondarySubscriptionKey,
}

pub struct Client {
    pub org_id: String,
    pub name: String,
    pub client_id: String,
    pub reach: Reach,
    keys: RwLock<SandboxKeys>,
    /// For a merchant's keys: where in the world the merchant is.
    merchant: Option<usize>,
}

impl Client {
    pub fn has_client_secret(&self, secret: &str) -> bool {
        self.held().client_secret == secret
    }

    pub fn has_subscription_key(&self, key: &str) -> bool {
        let keys = self.held();
        key == keys.subscription_key || key == keys.secondary_subscription_key
    }

    /// The new one; the old one is refused from now on.
    pub fn regenerate(&self, what: Regenerated) -> String {
        let random = uuid::Uuid::new_v4();
        let (key, secret) = (random.simple().to_string(), STANDARD.encode(random.as_bytes()));
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        let (place, new) = match what {
            Regenerated::ClientSecret => (&mut keys.client_secret, secret),
            Regenerated::SubscriptionKey => (&mut keys.subscription_key, key),
            Regenerated::SecondarySubscriptionKey => (&mut keys.secondary_subscription_key, key),
        };
        place.clone_from(&new);
        new
    }

    fn is_partner(&self) -> bool {
        matches!(self.reach, Reach::Partner(_))
    }

    fn held(&self) -> RwLockReadGuard<'_, SandboxKeys> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner)
    }
}

pub struct Clients {
    list: Vec<Client>,
    by_client_id: HashMap<String, usize>,
}

impl Clients {
    /// Keys depend on the seed and the organisation only, so a larger world has the same ones.
    pub fn new(world: &World, partners: u16, seed: u64) -> Self {
        let mut list: Vec<Client> = Vec::new();
        let mut taken = HashSet::new();
        for partner in 0..partners {
            let name = partner_name(usize::from(partner));
            let given = FIRST_PARTNERS.get(usize::from(partner)).map(|(org_id, _)| (*org_id).to_owned());
            let stem = name.rsplit_once(' ').map_or(name.as_str(), |(stem, _)| stem);
            let org_id = given.unwrap_or_else(|| format!("org_{}", names::slug(stem)));
            taken.insert(org_id.clone());
            list.push(client(seed, org_id, "partner", name, Reach::Partner(partner), None));
        }
        let several = world.merchants().iter().enumerate().filter(|(_, merchant)| merchant.unit_count() > 1);
        for (index, merchant) in several.take(KEYED_MERCHANTS) {
            let stem = merchant.name.rsplit_once(' ').map_or(&*merchant.name, |(stem, _)| stem);
            let slug = format!("org_m_{}", names::slug(stem));
            let mut candidates = std::iter::once(slug.clone()).chain((2..).map(|number| format!("{slug}_{number}")));
            let Some(org_id) = candidates.find(|candidate| taken.insert(candidate.clone())) else { continue };
            let Some(unit) = world.first_unit_of(merchant) else { continue };
            list.push(client(seed, org_id, "merchant", merchant.name.to_string(), Reach::Unit(unit.msn), Some(index)));
        }
        let by_client_id = list.iter().enumerate().map(|(at, client)| (client.client_id.clone(), at)).collect();
        Self { list, by_client_id }
    }

    pub fn len(&self) -> usize {
        self.list.len()
    }

    pub fn get(&self, client: usize) -> Option<&Client> {
        self.list.get(client)
    }

    pub fn find(&self, client_id: &str) -> Option<usize> {
        self.by_client_id.get(client_id).copied()
    }

    pub fn any_has_subscription_key(&self, key: &str) -> bool {
        self.list.iter().any(|client| client.has_subscription_key(key))
    }

    pub fn by_org(&self, org_id: &str) -> Option<&Client> {
        self.list.iter().find(|client| client.org_id == org_id)
    }

    /// Empty where there is no such partner.
    pub fn name_of_partner(&self, partner: u16) -> &str {
        self.of_partner(partner).map_or("", |client| &client.name)
    }

    /// Each partner's own domain, made from its id.
    pub fn hosts(&self) -> Vec<String> {
        let partners = self.list.iter().filter(|client| client.is_partner());
        let stem = |client: &Client| client.org_id.trim_start_matches("org_").replace('_', "-");
        partners.map(|client| format!("{}.example", stem(client))).collect()
    }

    fn of_partner(&self, partner: u16) -> Option<&Client> {
        self.list.get(usize::from(partner)).filter(|client| client.reach == Reach::Partner(partner))
    }

    pub fn keys(&self) -> Vec<SandboxKeys> {
        self.list.iter().map(|client| client.held().clone()).collect()
    }

    pub fn merchants_with_keys(&self) -> HashSet<usize> {
        self.list.iter().filter_map(|client| client.merchant).collect()
    }
}

fn partner_name(partner: usize) -> String {
    if let Some((_, name)) = FIRST_PARTNERS.get(partner) {
        return (*name).to_owned();
    }
    let at = partner - FIRST_PARTNERS.len();
    let (stems, ends) = (names::PARTNER_STEMS, names::PARTNER_ENDS);
    let round = at / (stems.len() * ends.len());
    let number = if round > 0 { format!(" {}", round + 1) } else { String::new() };
    let stem = stems[at % stems.len()];
    let end = ends[at / stems.len() % ends.len()];
    format!("{stem}{end}{number} {}", COMPANY_FORMS[partner % COMPANY_FORMS.len()])
}

fn client(
    seed: u64,
    org_id: String,
    kind: &'static str,
    name: String,
    reach: Reach,
    merchant: Option<usize>,
) -> Client {
    // FNV-1a: stable over versions, unlike the standard library's hashes.
    let hash = org_id
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64 ^ seed, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let mut rng = Rng::with_seed(hash);
    let client_id = uuid::Builder::from_random_bytes(rng.u128(..).to_be_bytes()).into_uuid().to_string();
    let keys = SandboxKeys {
        org_id,
        kind,
        name,
        client_id,
        client_secret: STANDARD.encode(rng.u128(..).to_be_bytes()),
        subscription_key: format!("{:032x}", rng.u128(..)),
        secondary_subscription_key: format!("{:032x}", rng.u128(..)),
        msn: match reach {
            Reach::Partner(_) => None,
            Reach::Unit(msn) => Some(msn.to_string()),
        },
    };
    Client {
        org_id: keys.org_id.clone(),
        name: keys.name.clone(),
        client_id: keys.client_id.clone(),
        reach,
        keys: RwLock::new(keys),
        merchant,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_stay_the_same_when_the_world_grows() {
        let keys = |partners, units| Clients::new(&World::build(partners, units, units / 3, 7), partners, 7).keys();
        let (small, large) = (keys(3, 300), keys(5, 3000));
        assert_eq!(small[..3], large[..3]);
        let ids: Vec<&str> = large.iter().map(|keys| keys.org_id.as_str()).collect();
        let expected = ["org_kystkassa", "org_nordbetaling", "org_jarvikassa", "org_fjordkassa", "org_sundkassa"];
        assert_eq!(ids[..5], expected);
        assert_eq!(ids[5..7], ["org_m_blabaer_kaffe", "org_m_kaffebrenneriet"]);
        assert_eq!(ids.len(), 9);
        assert!(large[5].msn.is_some() && large[0].msn.is_none());
    }

    #[test]
    fn a_hundred_and_more_partners_have_ids_of_their_own() {
        let clients = Clients::new(&World::build(200, 2000, 700, 1), 200, 1);
        let ids: HashSet<String> = clients.keys().into_iter().map(|keys| keys.org_id).collect();
        assert_eq!(ids.len(), clients.len());
        assert!(ids.iter().all(|id| crate::domain::organisation::OrgId::parse(id).is_some()));
        let secrets: HashSet<String> = clients.keys().into_iter().map(|keys| keys.client_secret).collect();
        assert_eq!(secrets.len(), clients.len());
    }

    #[test]
    fn the_fields_are_written_in_order() {
        let clients = Clients::new(&World::build(1, 0, 0, 1), 1, 1);
        let json = serde_json::to_string(&clients.keys()).unwrap();
        let fields = ["org_id", "kind", "name", "client_id", "client_secret", "subscription_key", "msn"];
        let at: Vec<usize> = fields.iter().map(|field| json.find(&format!("\"{field}\":")).unwrap()).collect();
        assert!(at.is_sorted(), "{json}");
        assert!(json.ends_with("\"msn\":null}]"));
    }
}
