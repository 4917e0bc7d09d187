//! The keys an organisation calls upstream with, read from where they are kept.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use secrecy::SecretString;

use super::Portal;
use super::store::keys::KeysInUse;
use super::vipps::{Client, Credentials, KeySource};
use crate::domain::identifiers::Msn;
use crate::domain::organisation::{Environment, OrgId};

impl Portal {
    pub(super) async fn client(&self, organisation: &OrgId, keys: KeysInUse) -> anyhow::Result<Client> {
        let source = KeysOf { portal: self.clone(), organisation: organisation.clone() };
        Ok(self.0.vipps.lasting_client(self.credentials(organisation, &keys).await?, Arc::new(source)))
    }

    /// A client with an organisation's keys and just these secrets, whether or not they are used for anything else.
    /// Its calls are not counted as the organisation's: they try the keys out.
    pub(super) fn client_with(
        &self,
        keys: &KeysInUse,
        client_secret: SecretString,
        subscription_key: Option<SecretString>,
    ) -> Client {
        self.0.vipps.client(self.credentials_with(None, keys, client_secret, subscription_key, None))
    }

    /// Where calls with an organisation's keys go: its own upstream, or that of its environment.
    pub(super) fn upstream_of<'a>(&'a self, keys: &'a KeysInUse) -> &'a str {
        keys.references.upstream_url.as_deref().unwrap_or(match keys.environment {
            Environment::Production => &self.0.upstream_url,
            Environment::Test => &self.0.test_upstream_url,
        })
    }

    async fn credentials(&self, organisation: &OrgId, keys: &KeysInUse) -> anyhow::Result<Credentials> {
        let references = &keys.references;
        let subscription_key = match &references.subscription_key_ref {
            Some(reference) => Some(self.secrets().resolve(reference).await?),
            None => None,
        };
        // It is there for the time when the first is refused: until then nothing needs to fail.
        let secondary_subscription_key = match &references.secondary_subscription_key_ref {
            Some(reference) => match self.secrets().resolve(reference).await {
                Ok(key) => Some(key),
                Err(error) => {
                    tracing::warn!(%error, "a secondary subscription key cannot be read");
                    None
                }
            },
            None => None,
        };
        let client_secret = self.secrets().resolve(&references.client_secret_ref).await?;
        let organisation = Some(organisation);
        Ok(self.credentials_with(organisation, keys, client_secret, subscription_key, secondary_subscription_key))
    }

    fn credentials_with(
        &self,
        organisation: Option<&OrgId>,
        keys: &KeysInUse,
        client_secret: SecretString,
        subscription_key: Option<SecretString>,
        secondary_subscription_key: Option<SecretString>,
    ) -> Credentials {
        Credentials {
            organisation: organisation.cloned(),
            upstream: self.upstream_of(keys).to_owned(),
            client_id: keys.references.client_id.clone(),
            client_secret,
            subscription_key,
            secondary_subscription_key,
            msn: keys.references.msn.as_deref().and_then(Msn::parse),
        }
    }
}

/// The keys of one organisation, whatever becomes of them.
struct KeysOf {
    portal: Portal,
    organisation: OrgId,
}

impl KeySource for KeysOf {
    fn anew(&self) -> BoxFuture<'_, Option<Credentials>> {
        async move {
            let portal = &self.portal;
            let keys = match portal.store().key_references(&self.organisation).await {
                Ok(keys) => keys.filter(|keys| keys.asked.any())?,
                Err(error) => {
                    tracing::warn!(%error, organisation = %self.organisation, "refused keys could not be looked up");
                    return None;
                }
            };
            let references = &keys.references;
            let optional = [&references.subscription_key_ref, &references.secondary_subscription_key_ref];
            for reference in std::iter::once(&references.client_secret_ref).chain(optional.into_iter().flatten()) {
                portal.secrets().doubt(reference);
            }
            match portal.credentials(&self.organisation, &keys).await {
                Ok(credentials) => Some(credentials),
                Err(error) => {
                    tracing::warn!(%error, organisation = %self.organisation, "refused keys could not be read again");
                    None
                }
            }
        }
        .boxed()
    }
}
