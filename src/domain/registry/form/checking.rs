//! What is wrong with a form, field by field; and what it asks for if nothing is.

use url::Url;

use super::{
    LONGEST, LONGEST_NAME, MOST_SCOPES, OrganisationForm, WantedKeys, WantedOrganisation, WantedSecret, WantedService,
};
use crate::domain::identifiers::{BusinessIdentifier, Market, Msn, business_identifier_from_typed};
use crate::domain::organisation::{Environment, OrgId, OrganisationKind};
use crate::domain::registry::{KeptSecret, OwnKeys, Secret};

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
