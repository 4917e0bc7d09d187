//! An organisation as somebody fills it in. Secrets that are typed are not in it: it goes back into the page
//! when something is wrong.

use time::OffsetDateTime;
use url::Url;

use super::{KeptSecret, OwnKeys, RegisteredOrganisation, Secret, Service};
use crate::domain::identifiers::{BusinessIdentifier, Market, Msn, business_identifier_from_typed};
use crate::domain::organisation::{Environment, OrgId, OrganisationKind};

/// The longest text of a field that is read, in characters.
const LONGEST: usize = 500;
const LONGEST_NAME: usize = 200;
const MOST_SCOPES: usize = 50;

/// The form as it was filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrganisationForm {
    /// Only where it is new.
    pub id: String,
    pub name: String,
    pub kind: String,
    pub scheme: String,
    pub business_id: String,
    /// `own`, `partner` or `nobody`.
    pub service: String,
    pub partner: String,
    pub client_id: String,
    /// Each of [`Secret::ALL`], in its order.
    pub secrets: [SecretEntry; 3],
    pub msn: String,
    pub environment: String,
    pub redirect_uri: String,
    pub scopes: String,
    /// Whether whoever creates it is to become an admin of it.
    pub member: bool,
    /// As of when it was opened: a moment in microseconds, in hexadecimal digits.
    pub seen: String,
}

/// Where a secret is to be, as far as a page may show it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecretEntry {
    pub reference: String,
    pub is_taken_away: bool,
}

/// What the form asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedOrganisation {
    pub name: String,
    pub kind: OrganisationKind,
    pub business_identifier: Option<BusinessIdentifier>,
    pub service: WantedService,
    pub environment: Environment,
    pub redirect_uri: Option<String>,
    pub scopes: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WantedService {
    Own(WantedKeys),
    Partner(OrgId),
    Nobody,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedKeys {
    pub client_id: String,
    pub client_secret: WantedSecret,
    pub subscription_key: Option<WantedSecret>,
    pub secondary_subscription_key: Option<WantedSecret>,
    pub msn: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WantedSecret {
    /// It is there already.
    Reference(String),
    /// It was typed, and is to be sealed.
    Typed,
}

/// Names of fields and what is wrong with them.
pub type Faults = Vec<(String, String)>;

/// What a form is checked against.
pub struct Against<'a> {
    /// None as long as the id of a new one is wrong.
    pub organisation: Option<&'a OrgId>,
    /// The keys that it has.
    pub keys: Option<&'a OwnKeys>,
    /// The secrets that were typed.
    pub typed: &'a [Secret],
    /// What is wrong with a reference.
    pub reference_fault: &'a dyn Fn(&str) -> Option<String>,
}

impl OrganisationForm {
    /// Reads what a browser sends, but for the secrets. Names that mean nothing are passed over.
    pub fn read(body: &[u8]) -> Self {
        let mut form = Self::default();
        for (name, value) in form_urlencoded::parse(body) {
            let text = || value.trim().chars().take(LONGEST + 1).collect::<String>();
            let place = match name.as_ref() {
                "id" => &mut form.id,
                "name" => &mut form.name,
                "kind" => &mut form.kind,
                "scheme" => &mut form.scheme,
                "business_id" => &mut form.business_id,
                "service" => &mut form.service,
                "partner" => &mut form.partner,
                "client_id" => &mut form.client_id,
                "msn" => &mut form.msn,
                "environment" => &mut form.environment,
                "redirect_uri" => &mut form.redirect_uri,
                "seen" => &mut form.seen,
                "scopes" => {
                    form.scopes = value.trim().chars().take(MOST_SCOPES * (LONGEST + 1)).collect();
                    continue;
                }
                "member" => {
                    form.member = !value.is_empty();
                    continue;
                }
                name => {
                    form.read_secret(name, text());
                    continue;
                }
            };
            *place = text();
        }
        form
    }

    fn read_secret(&mut self, name: &str, text: String) {
        if let Some(secret) = name.strip_suffix("_ref").and_then(Secret::from_name) {
            self.secrets[secret as usize].reference = text;
        } else if let Some(secret) = name.strip_suffix("_taken_away").and_then(Secret::from_name) {
            self.secrets[secret as usize].is_taken_away = !text.is_empty();
        }
    }

    /// The form for one that is new.
    pub fn new_organisation() -> Self {
        Self {
            kind: OrganisationKind::Partner.as_str().to_owned(),
            service: "own".to_owned(),
            environment: Environment::Production.as_str().to_owned(),
            member: true,
            ..Self::default()
        }
    }

    /// The form filled in with what there is.
    pub fn of(organisation: &RegisteredOrganisation) -> Self {
        let business = organisation.business_identifier.clone();
        let (scheme, business_id) = business.map(|business| (business.scheme, business.id)).unwrap_or_default();
        let mut form = Self {
            id: organisation.id.to_string(),
            name: organisation.name.clone(),
            kind: organisation.kind.as_str().to_owned(),
            scheme,
            business_id,
            environment: organisation.environment.as_str().to_owned(),
            redirect_uri: organisation.redirect_uri.clone().unwrap_or_default(),
            scopes: organisation.scopes.join(" "),
            seen: seen(organisation.updated_at),
            ..Self::default()
        };
        match &organisation.service {
            Service::Own(keys) => {
                form.service = "own".to_owned();
                form.client_id = keys.client_id.clone();
                form.msn = keys.msn.clone().unwrap_or_default();
                for secret in Secret::ALL {
                    let shown = keys.secret(secret).filter(|kept| !kept.is_sealed());
                    form.secrets[secret as usize].reference =
                        shown.map(|kept| kept.reference.clone()).unwrap_or_default();
                }
            }
            Service::Partner(partner) => {
                form.service = "partner".to_owned();
                form.partner = partner.id.to_string();
            }
            Service::Nobody => form.service = "nobody".to_owned(),
        }
        form
    }

    /// As of when the form was opened; none for what is no moment.
    pub fn seen_at(&self) -> Option<OffsetDateTime> {
        let micros = i64::from_str_radix(&self.seen, 16).ok()?;
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1_000).ok()
    }

    /// The id of one that is new.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new_id(&self) -> Result<OrgId, String> {
        if self.id == "new" {
            return Err("This word stands for the form of a new organisation. Choose another one.".to_owned());
        }
        OrgId::parse(&self.id)
            .ok_or_else(|| "Use lower-case letters, digits, _ and -, at most 64, such as org_kystkassa.".to_owned())
    }

    /// What is meant.
    ///
    /// # Errors
    /// Everything that is wrong, by the names of the fields.
    pub fn check(&self, against: &Against<'_>) -> Result<WantedOrganisation, Faults> {
        let mut faults = Found::default();
        let name = match self.name.chars().count() {
            0 => Err("Write what it is called.".to_owned()),
            count if count > LONGEST_NAME => Err(format!("This has at most {LONGEST_NAME} characters.")),
            _ => Ok(self.name.clone()),
        };
        let name = faults.keep("name", name);
        let kind = self.kind.parse::<OrganisationKind>().map_err(|_| "Choose what it is.".to_owned());
        let kind = faults.keep("kind", kind);
        let is_partner = kind == Some(OrganisationKind::Partner);
        let business_identifier = self.business_identifier(&mut faults);
        let service = match self.service.as_str() {
            "own" => self.keys(against, &mut faults).map(WantedService::Own),
            "partner" if is_partner => {
                faults.add("service", "A partner has keys of its own. Only a merchant is served by a partner.");
                None
            }
            "partner" => self.served(against, business_identifier.is_some(), &mut faults),
            "nobody" => Some(WantedService::Nobody),
            _ => {
                faults.add("service", "Choose with whose keys it is served.");
                None
            }
        };
        let environment = self.environment.parse::<Environment>();
        let environment =
            faults.keep("environment", environment.map_err(|_| "Choose which environment it is.".to_owned()));
        let redirect_uri = faults.keep("redirect_uri", self.redirect_uri());
        let scopes = faults.keep("scopes", self.scopes());
        match (faults.0.is_empty(), name, kind, service, environment, redirect_uri, scopes) {
            (true, Some(name), Some(kind), Some(service), Some(environment), Some(redirect_uri), Some(scopes)) => {
                Ok(WantedOrganisation { name, kind, business_identifier, service, environment, redirect_uri, scopes })
            }
            _ => Err(faults.0),
        }
    }

    /// A number whose check digit is wrong is taken as it was typed: the page says so, and it may be right.
    fn business_identifier(&self, faults: &mut Found) -> Option<BusinessIdentifier> {
        match (self.scheme.as_str(), self.business_id.as_str()) {
            ("", "") => None,
            ("", _) => {
                faults.add("scheme", "Choose which kind of number this is.");
                None
            }
            (_, "") => {
                faults.add("business_id", "Write the number, or choose no kind of number.");
                None
            }
            (scheme, typed) => {
                let market = Market::ALL.into_iter().find(|market| market.scheme() == scheme);
                let tidy = market.and_then(|market| business_identifier_from_typed(market, typed).ok());
                let bare: String = typed.chars().filter(|character| !character.is_whitespace()).collect();
                let business = tidy.or_else(|| BusinessIdentifier::parse(scheme, &bare));
                if business.is_none() {
                    faults.add("business_id", "This is no number of a business.");
                }
                business
            }
        }
    }

    fn served(&self, against: &Against<'_>, has_business: bool, faults: &mut Found) -> Option<WantedService> {
        if !has_business {
            faults.add("business_id", "The partner’s sales units are told apart by this number, so it is needed here.");
        }
        match OrgId::parse(&self.partner) {
            Some(partner) if Some(&partner) != against.organisation => Some(WantedService::Partner(partner)),
            _ => {
                faults.add("partner", "Choose the partner that serves it.");
                None
            }
        }
    }

    fn keys(&self, against: &Against<'_>, faults: &mut Found) -> Option<WantedKeys> {
        let client_id = faults.keep("client_id", line(&self.client_id, "Write the client id, or choose no keys."));
        let [client_secret, subscription_key, secondary] =
            Secret::ALL.map(|secret| self.secret(secret, against, faults));
        let secondary_subscription_key = match (&subscription_key, secondary) {
            (None, Some(_)) if faults.of(Secret::SubscriptionKey).is_none() => {
                faults.add("subscription_key_ref", "There is no secondary subscription key without this one.");
                None
            }
            (_, secondary) => secondary,
        };
        if client_secret.is_none() && faults.of(Secret::ClientSecret).is_none() {
            faults.add("client_secret_ref", "Write where the client secret is, or type it.");
        }
        let msn = match self.msn.as_str() {
            "" => None,
            msn => {
                let read = Msn::parse(msn).map(|msn| msn.to_string());
                faults.keep("msn", read.ok_or_else(|| "An MSN is digits only, 4 to 10 of them.".to_owned()))
            }
        };
        let (client_id, client_secret) = (client_id?, client_secret?);
        Some(WantedKeys { client_id, client_secret, subscription_key, secondary_subscription_key, msn })
    }

    /// Where a secret is to be; none if nowhere, or if something is wrong.
    fn secret(&self, secret: Secret, against: &Against<'_>, faults: &mut Found) -> Option<WantedSecret> {
        let entry = &self.secrets[secret as usize];
        let kept = against.keys.and_then(|keys| keys.secret(secret));
        let reference = Some(entry.reference.as_str()).filter(|reference| !reference.is_empty());
        let is_new = reference.is_some() && reference != kept.map(|kept| kept.reference.as_str());
        let is_typed = against.typed.contains(&secret);
        let field = format!("{}_ref", secret.name());
        match (is_typed, is_new, entry.is_taken_away) {
            (true, true, _) | (true, _, true) | (_, true, true) => {
                faults.add(&field, "Say one thing of it: where it is, or what it is, or that it is taken away.");
                None
            }
            (true, false, false) => Some(WantedSecret::Typed),
            (false, false, true) => None,
            (false, true, false) => {
                let reference = reference.unwrap_or_default();
                let fault = line(reference, "").err().or_else(|| (against.reference_fault)(reference));
                match fault {
                    Some(fault) => faults.add(&field, fault),
                    None => return Some(WantedSecret::Reference(reference.to_owned())),
                }
                None
            }
            // The reference to what is sealed is not in the form: left empty, it stays.
            (false, false, false) => kept
                .filter(|kept: &&KeptSecret| kept.is_sealed() || reference.is_some())
                .map(|kept| WantedSecret::Reference(kept.reference.clone())),
        }
    }

    fn redirect_uri(&self) -> Result<Option<String>, String> {
        let text = self.redirect_uri.as_str();
        if text.is_empty() {
            return Ok(None);
        }
        let is_uri = line(text, "").is_ok() && Url::parse(text).is_ok();
        if is_uri {
            Ok(Some(text.to_owned()))
        } else {
            Err("This is an absolute address, such as myapp://vipps-callback.".to_owned())
        }
    }

    fn scopes(&self) -> Result<Vec<String>, String> {
        let scopes: Vec<String> = self.scopes.split_whitespace().map(ToOwned::to_owned).collect();
        if scopes.len() > MOST_SCOPES {
            return Err(format!("There are at most {MOST_SCOPES} scopes."));
        }
        scopes.iter().try_for_each(|scope| line(scope, "").map(drop))?;
        Ok(scopes)
    }
}

/// How a form says as of when it was opened.
pub fn seen(updated_at: OffsetDateTime) -> String {
    format!("{:x}", updated_at.unix_timestamp_nanos() / 1_000)
}

/// Text that fits on a line and into a header.
fn line(text: &str, missing: &str) -> Result<String, String> {
    if text.is_empty() {
        return Err(missing.to_owned());
    }
    let is_line = text.len() <= LONGEST && text.bytes().all(|byte| byte.is_ascii_graphic());
    is_line
        .then(|| text.to_owned())
        .ok_or_else(|| format!("This has at most {LONGEST} visible ASCII characters and no blanks."))
}

/// What is wrong so far.
#[derive(Default)]
struct Found(Faults);

impl Found {
    fn add(&mut self, field: &str, text: impl Into<String>) {
        self.0.push((field.to_owned(), text.into()));
    }

    fn keep<T>(&mut self, field: &str, read: Result<T, String>) -> Option<T> {
        read.map_err(|fault| self.add(field, fault)).ok()
    }

    fn of(&self, secret: Secret) -> Option<&str> {
        let fault = self.0.iter().find(|(field, _)| field.strip_suffix("_ref") == Some(secret.name()));
        fault.map(|(_, text)| text.as_str())
    }
}

#[cfg(test)]
mod tests;
