//! The keys an organisation calls upstream with, read from where they are kept.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;

use super::Portal;
use super::store::organisations::KeyReferences;
use super::vipps::{Client, Credentials, KeySource};
use crate::domain::identifiers::Msn;
use crate::domain::organisation::OrgId;

impl Portal {
    pub(super) async fn client(&self, organisation: &OrgId, keys: KeyReferences) -> anyhow::Result<Client> {
        let source = KeysOf { portal: self.clone(), organisation: organisation.clone() };
        Ok(self.0.vipps.lasting_client(self.credentials(keys).await?, Arc::new(source)))
    }

    async fn credentials(&self, keys: KeyReferences) -> anyhow::Result<Credentials> {
        let subscription_key = match &keys.subscription_key_ref {
            Some(reference) => Some(self.secrets().resolve(reference).await?),
            None => None,
        };
        // It is there for the time when the first is refused: until then nothing needs to fail.
        let secondary_subscription_key = match &keys.secondary_subscription_key_ref {
            Some(reference) => match self.secrets().resolve(reference).await {
                Ok(key) => Some(key),
                Err(error) => {
                    tracing::warn!(%error, "a secondary subscription key cannot be read");
                    None
                }
            },
            None => None,
        };
        Ok(Credentials {
            upstream: keys.upstream_url.unwrap_or_else(|| self.0.upstream_url.clone()),
            client_id: keys.client_id,
            client_secret: self.secrets().resolve(&keys.client_secret_ref).await?,
            subscription_key,
            secondary_subscription_key,
            msn: keys.msn.as_deref().and_then(Msn::parse),
        })
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
                Ok(keys) => keys.filter(|keys| keys.asks_upstream)?.references,
                Err(error) => {
                    tracing::warn!(%error, organisation = %self.organisation, "refused keys could not be looked up");
                    return None;
                }
            };
            let optional = [&keys.subscription_key_ref, &keys.secondary_subscription_key_ref].into_iter().flatten();
            for reference in std::iter::once(&keys.client_secret_ref).chain(optional) {
                portal.secrets().doubt(reference);
            }
            match portal.credentials(keys).await {
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
