//! An organisation as somebody fills it in. Secrets that are typed are not in it: it goes back into the page
//! when something is wrong.

mod checking;

use time::OffsetDateTime;

use super::{RegisteredOrganisation, Secret, Service};
use crate::domain::identifiers::BusinessIdentifier;
use crate::domain::organisation::{Environment, OrgId, OrganisationKind};

pub use self::checking::{Against, Faults};

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
        OrgId::of_new(&self.id)
    }
}

/// How a form says as of when it was opened.
pub fn seen(updated_at: OffsetDateTime) -> String {
    format!("{:x}", updated_at.unix_timestamp_nanos() / 1_000)
}

#[cfg(test)]
mod tests;
