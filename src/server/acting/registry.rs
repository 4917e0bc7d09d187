//! Those who decide about the registry of organisations, and what they do there: the only way from a page to it.

use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use super::SignedIn;
use crate::domain::failure::Failure;
use crate::domain::organisation::{OrgId, Role};
use crate::domain::registry::form::{
    Against, Faults, OrganisationForm, WantedOrganisation, WantedSecret, WantedService,
};
use crate::domain::registry::{ListedOrganisation, Named, OwnKeys, RegisteredOrganisation, Secret};
use crate::server::Portal;
use crate::server::key_checking::{self, Checking};
use crate::server::security::secrets::{FOREIGN, check_reference, is_foreign};
use crate::server::store::keys::KeyReferences;
use crate::server::store::organisations::Registration;
use crate::server::store::registering::{Entry, Registering, Sealed};
use crate::server::store::registry::{Changed, Removed, VippsOrgChange};
use crate::server::store::unavailable;

/// Organisations shown at once in the registry; more are found by searching.
const SHOWN: usize = 100;

/// Somebody who decides about the registry. Made from an account that says so and nothing else.
#[derive(Clone)]
pub struct InstanceAdmin {
    portal: Portal,
    staff: Uuid,
    email: String,
}

/// Secrets as they were typed into a form; empty fields are none.
#[derive(Default)]
pub struct TypedSecrets(Vec<(Secret, SecretString)>);

/// Why nothing was changed.
#[derive(Clone, Debug)]
pub enum NotSaved {
    Faults(Faults),
    /// Somebody has changed it since the form was opened.
    Meanwhile,
}

/// What came of removing an organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removing {
    Removed,
    /// So many merchants are served with its keys.
    Serves(i64),
}

impl SignedIn {
    /// None if this person does not decide about the registry.
    pub async fn instance_admin(&self) -> Result<Option<InstanceAdmin>, Failure> {
        let staff = self.portal.store().staff(self.staff).await.map_err(unavailable)?;
        let admin = staff.filter(|staff| staff.is_admin && !staff.disabled);
        Ok(admin.map(|staff| InstanceAdmin { portal: self.portal.clone(), staff: staff.id, email: staff.email }))
    }
}

impl TypedSecrets {
    pub fn read(body: &[u8]) -> Self {
        let pairs = form_urlencoded::parse(body).filter_map(|(name, value)| {
            let (secret, value) = (Secret::from_name(&name)?, value.trim());
            (!value.is_empty()).then(|| (secret, SecretString::from(value)))
        });
        Self(pairs.collect())
    }

    pub fn which(&self) -> Vec<Secret> {
        self.0.iter().map(|(secret, _)| *secret).collect()
    }

    fn get(&self, secret: Secret) -> Option<&SecretString> {
        self.0.iter().find(|(typed, _)| *typed == secret).map(|(_, value)| value)
    }
}

impl InstanceAdmin {
    pub fn email(&self) -> &str {
        &self.email
    }

    /// Organisations of the registry, narrowed to what was typed; and how many match.
    pub async fn organisations(&self, typed: &str) -> Result<(Vec<ListedOrganisation>, usize), Failure> {
        self.portal.store().registered_organisations(typed, SHOWN).await.map_err(unavailable)
    }

    pub async fn organisation(&self, id: &OrgId) -> Result<RegisteredOrganisation, Failure> {
        let found = self.portal.store().registered_organisation(id, self.staff).await.map_err(unavailable)?;
        found.ok_or(Failure::NotFound)
    }

    /// Partners that can serve merchants.
    pub async fn serving_partners(&self) -> Result<Vec<Named>, Failure> {
        self.portal.store().serving_partners().await.map_err(unavailable)
    }

    /// Puts a new organisation into the registry and has its keys checked.
    pub async fn create(
        &self,
        form: &OrganisationForm,
        typed: &TypedSecrets,
    ) -> Result<Result<OrgId, NotSaved>, Failure> {
        let id = form.new_id();
        let checked = check(form, id.as_ref().ok(), None, typed);
        let (id, wanted) = match (id, checked) {
            (Ok(id), Ok(wanted)) => (id, wanted),
            (id, checked) => {
                let fault = id.err().map(|fault| ("id".to_owned(), fault));
                let faults = fault.into_iter().chain(checked.err().unwrap_or_default()).collect();
                return Ok(Err(NotSaved::Faults(faults)));
            }
        };
        let (registration, sealed) = self.entry(&id, &wanted, typed)?;
        let entry = entry_of(&registration, &wanted, &sealed);
        let admin = form.member.then_some(self.staff);
        let outcome = self.portal.store().register(&entry, admin).await.map_err(unavailable)?;
        if let Some(refused) = refused(outcome, &id)? {
            return Ok(Err(refused));
        }
        tracing::info!(organisation = %id, by = self.email, "an organisation was put into the registry");
        self.check_new_keys(&registration).await?;
        Ok(Ok(id))
    }

    /// Changes an organisation, and has its keys checked.
    pub async fn change(
        &self,
        id: &OrgId,
        form: &OrganisationForm,
        typed: &TypedSecrets,
    ) -> Result<Result<(), NotSaved>, Failure> {
        let there = self.organisation(id).await?;
        let Some(seen_at) = form.seen_at().filter(|seen_at| *seen_at == there.updated_at) else {
            return Ok(Err(NotSaved::Meanwhile));
        };
        let wanted = match check(form, Some(id), there.own_keys(), typed) {
            Ok(wanted) => wanted,
            Err(faults) => return Ok(Err(NotSaved::Faults(faults))),
        };
        let (registration, sealed) = self.entry(id, &wanted, typed)?;
        let entry = entry_of(&registration, &wanted, &sealed);
        let outcome = self.portal.store().change_registered(&entry, seen_at).await.map_err(unavailable)?;
        if let Some(refused) = refused(outcome, id)? {
            return Ok(Err(refused));
        }
        tracing::info!(organisation = %id, by = self.email, "an organisation was changed in the registry");
        self.check_new_keys(&registration).await?;
        Ok(Ok(()))
    }

    /// Switches an organisation on or off: whether anything is fetched or changed upstream with its keys.
    pub async fn enable(&self, id: &OrgId, enabled: bool) -> Result<(), Failure> {
        let change = VippsOrgChange { vipps_enabled: Some(enabled), ..VippsOrgChange::default() };
        match self.portal.store().change_vipps_org(id, &change, None).await.map_err(unavailable)? {
            Changed::Done(_) => {
                tracing::info!(organisation = %id, by = self.email, enabled, "an organisation was switched in the registry");
                self.portal.sync_bell().notify_one();
                Ok(())
            }
            Changed::Meanwhile | Changed::NotFound => Err(Failure::NotFound),
        }
    }

    pub async fn remove(&self, id: &OrgId) -> Result<Removing, Failure> {
        match self.portal.store().remove_organisation(id).await.map_err(unavailable)? {
            Removed::Done(_) => {
                tracing::info!(organisation = %id, by = self.email, "an organisation was removed from the registry");
                Ok(Removing::Removed)
            }
            Removed::Serves(merchants) => Ok(Removing::Serves(merchants)),
            Removed::Meanwhile | Removed::NotFound => Err(Failure::NotFound),
        }
    }

    /// Makes this person an admin of an organisation.
    pub async fn become_admin_of(&self, id: &OrgId) -> Result<(), Failure> {
        self.organisation(id).await?;
        self.portal.store().save_membership(self.staff, id, Role::Admin).await.map_err(unavailable)?;
        tracing::info!(organisation = %id, by = self.email, "somebody who decides about the registry became an admin");
        Ok(())
    }

    /// Has an organisation's keys checked.
    pub async fn check_keys(&self, id: &OrgId) -> Result<Checking, Failure> {
        key_checking::check_keys(&self.portal, id, &self.email).await
    }

    async fn check_new_keys(&self, registration: &Registration) -> Result<(), Failure> {
        self.portal.sync_bell().notify_one();
        if registration.keys.is_some() {
            self.check_keys(&registration.id).await?;
        }
        Ok(())
    }

    /// What is to be written, and the typed secrets encrypted under their names.
    fn entry(
        &self,
        id: &OrgId,
        wanted: &WantedOrganisation,
        typed: &TypedSecrets,
    ) -> Result<(Registration, Vec<Sealed>), Failure> {
        let mut sealed = Vec::new();
        let mut reference = |secret: Secret, wanted: &WantedSecret| -> Result<String, Failure> {
            let name = secret.sealed_name(id);
            match (wanted, typed.get(secret)) {
                (WantedSecret::Typed, Some(text)) => {
                    let blob = self.portal.secrets().seal_away(&name, text.expose_secret()).map_err(|error| {
                        tracing::error!(%error, "a secret could not be sealed");
                        Failure::Unavailable
                    })?;
                    let reference = format!("sealed://{name}");
                    sealed.push((name, blob));
                    Ok(reference)
                }
                (WantedSecret::Typed, None) => Ok(format!("sealed://{name}")),
                (WantedSecret::Reference(reference), _) => Ok(reference.clone()),
            }
        };
        let (partner, keys) = match &wanted.service {
            WantedService::Partner(partner) => (Some(partner.clone()), None),
            WantedService::Nobody => (None, None),
            WantedService::Own(keys) => {
                let [client_secret, subscription_key, secondary] = [
                    (Secret::ClientSecret, Some(&keys.client_secret)),
                    (Secret::SubscriptionKey, keys.subscription_key.as_ref()),
                    (Secret::SecondarySubscriptionKey, keys.secondary_subscription_key.as_ref()),
                ]
                .map(|(secret, wanted)| wanted.map(|wanted| reference(secret, wanted)).transpose());
                let references = KeyReferences {
                    upstream_url: None,
                    client_id: keys.client_id.clone(),
                    client_secret_ref: client_secret?.unwrap_or_default(),
                    subscription_key_ref: subscription_key?,
                    secondary_subscription_key_ref: secondary?,
                    msn: keys.msn.clone(),
                };
                (None, Some(references))
            }
        };
        let registration = Registration {
            id: id.clone(),
            kind: wanted.kind,
            name: wanted.name.clone(),
            business_identifier: wanted.business_identifier.clone(),
            partner,
            keys,
        };
        Ok((registration, sealed))
    }
}

fn entry_of<'a>(registration: &'a Registration, wanted: &'a WantedOrganisation, sealed: &'a [Sealed]) -> Entry<'a> {
    let (redirect_uri, scopes) = (wanted.redirect_uri.as_deref(), wanted.scopes.as_slice());
    Entry { registration, environment: wanted.environment, redirect_uri, scopes, sealed }
}

fn check(
    form: &OrganisationForm,
    organisation: Option<&OrgId>,
    keys: Option<&OwnKeys>,
    typed: &TypedSecrets,
) -> Result<WantedOrganisation, Faults> {
    let reference_fault = |reference: &str| {
        let foreign = organisation.is_some_and(|organisation| is_foreign(reference, organisation));
        let fault = check_reference(reference).err().map(|fault| format!("{fault}."));
        fault.or_else(|| foreign.then(|| format!("{FOREIGN}.")))
    };
    form.check(&Against { organisation, keys, typed: &typed.which(), reference_fault: &reference_fault })
}

/// Why it was not written; none if it was.
fn refused(outcome: Registering, id: &OrgId) -> Result<Option<NotSaved>, Failure> {
    let fault = |field: &str, text: String| Some(NotSaved::Faults(vec![(field.to_owned(), text)]));
    Ok(match outcome {
        Registering::Done => None,
        Registering::Taken => fault("id", format!("There is an organisation {id} already.")),
        Registering::Removed => {
            fault("id", format!("There was an organisation {id}, which is removed. Its id is not given again."))
        }
        Registering::NoSuchPartner => {
            fault("partner", "This partner is not there any more. Choose another one.".to_owned())
        }
        Registering::Serves(merchants) => fault(
            "service",
            format!("{merchants} merchants are served with the keys of this partner: serve them otherwise first."),
        ),
        Registering::Meanwhile => Some(NotSaved::Meanwhile),
        Registering::NotFound => return Err(Failure::NotFound),
    })
}
