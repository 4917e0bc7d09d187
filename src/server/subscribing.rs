//! Registering webhooks upstream and deleting them: each goes on to its end, whether or not the browser waits.
//!
//! Upstream tells the secret of a registration once, in its answer. It goes from there into the page that
//! answers the form, and nowhere else: it is neither stored nor logged. A form registers once, however often it
//! is sent. Clicked twice, both clicks get the same answer, because the browser shows the second one's only: that one
//! may come when the first has just been answered, so the answer is held for a moment longer.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use secrecy::SecretString;
use time::OffsetDateTime;
use uuid::Uuid;

use super::Portal;
use super::ordering::{failure, refusal};
use super::store::webhooks::{RegisteredHere, UnitWebhooks};
use super::store::{Scope, unavailable};
use super::sync;
use super::vipps::{Client, RegisteredWebhook};
use crate::domain::failure::Failure;
use crate::domain::identifiers::Msn;
use crate::domain::organisation::OrgId;
use crate::domain::webhook::{ListedWebhook, NewWebhook};

/// How long after an answer with a secret the same form gets it again: as long as a second click may be on its way.
const SECOND_CLICK: Duration = Duration::from_secs(5);

/// How registering went.
#[derive(Clone, Debug)]
pub enum Registering {
    Registered {
        id: Uuid,
        secret: SecretString,
    },
    /// No usable answer: there may be a registration whose secret nobody has seen. Those that turned up at
    /// upstream when the portal looked, with this URL and unknown before, could be it.
    Unknown {
        candidates: Vec<Uuid>,
    },
    /// Upstream was not reached; the form can be sent again.
    NotReached,
    /// Upstream has said no: fields and reasons, in its words.
    Refused(Vec<(String, String)>),
    /// This very form has been sent before; what it has become, if upstream has said so.
    Already {
        id: Option<Uuid>,
    },
}

/// How deleting went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deleting {
    Deleted,
    /// It was not there any more.
    WasGone,
    /// Upstream has said no, in its words.
    Refused(String),
    /// No usable answer.
    Unknown,
}

/// Registrations that are under way or have just ended, by the form they were asked for with.
#[derive(Default)]
pub struct UnderWay(Mutex<HashMap<(OrgId, Uuid), Awaited>>);

/// What everybody who has sent the same form waits for.
type Awaited = Shared<BoxFuture<'static, Registering>>;

/// Registers `new`, as the form `request` asks for.
pub async fn register(
    portal: &Portal,
    scope: &Scope,
    request: Uuid,
    new: NewWebhook,
    by: &str,
) -> Result<Registering, Failure> {
    let client = portal.client_for_people(&scope.copy).await?;
    let key = (scope.copy.clone(), request);
    let registering = {
        let mut under_way = portal.registering().0.lock().unwrap_or_else(PoisonError::into_inner);
        let registering = under_way.entry(key.clone()).or_insert_with(|| {
            let (portal, scope, by) = (portal.clone(), scope.clone(), by.to_owned());
            let registering = tokio::spawn(async move {
                let registering = to_the_end(&portal, &scope, request, &new, &by, client).await;
                let shows_secret = matches!(registering, Registering::Registered { .. });
                tokio::spawn(async move {
                    if shows_secret {
                        tokio::time::sleep(SECOND_CLICK).await;
                    }
                    portal.registering().0.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
                });
                registering
            });
            registering.map(|ended| ended.unwrap_or(Registering::Unknown { candidates: Vec::new() })).boxed().shared()
        });
        registering.clone()
    };
    Ok(registering.await)
}

/// How it went with a form that was sent before; none if it has not been. One that is under way is waited for, and one
/// that has just ended is answered in the same way.
pub async fn earlier(portal: &Portal, scope: &Scope, request: Uuid) -> Result<Option<Registering>, Failure> {
    let under_way = {
        let under_way = portal.registering().0.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.get(&(scope.copy.clone(), request)).cloned()
    };
    if let Some(registering) = under_way {
        return Ok(Some(registering.await));
    }
    let mut tenant = portal.store().tenant(scope).await.map_err(unavailable)?;
    let earlier = tenant.webhook_of_request(request).await.map_err(unavailable)?;
    Ok(earlier.map(|id| Registering::Already { id }))
}

/// Deletes a registration, of one sales unit or of all.
pub async fn delete(
    portal: &Portal,
    scope: &Scope,
    id: Uuid,
    msn: Option<&Msn>,
    by: &str,
) -> Result<Deleting, Failure> {
    let client = portal.client_for_people(&scope.copy).await?;
    let (portal, scope, msn, by) = (portal.clone(), scope.clone(), msn.cloned(), by.to_owned());
    let deleting = tokio::spawn(async move {
        let answer = client.delete_webhook(msn.as_ref(), id).await;
        let now = OffsetDateTime::now_utc();
        let mut tenant = portal.store().tenant(&scope).await.map_err(unavailable)?;
        let deleting = match answer {
            Ok(()) => {
                tracing::info!(organisation = %scope.copy, webhook = %id, by, "a webhook was deleted");
                tenant.note_webhook_deleted(id, &by, now).await.map_err(unavailable)?;
                Deleting::Deleted
            }
            Err(error) if error.is_not_found() => {
                tenant.note_webhook_gone(id, now).await.map_err(unavailable)?;
                Deleting::WasGone
            }
            Err(error) if error.leaves_outcome_open() => {
                tracing::warn!(%error, webhook = %id, "whether a webhook is deleted is not known");
                Deleting::Unknown
            }
            Err(error) if error.problem().is_some() && !error.is_transient() => {
                tracing::info!(%error, webhook = %id, "a webhook was not deleted");
                let reasons: Vec<String> = refusal(&error).faults.into_iter().map(|(_, reason)| reason).collect();
                Deleting::Refused(reasons.join(" "))
            }
            Err(error) => return Err(failure(&error)),
        };
        tenant.commit().await.map_err(unavailable)?;
        if deleting == Deleting::Unknown
            && let Err(error) = look(&portal, &scope, &client, msn.as_ref()).await
        {
            tracing::warn!(?error, webhook = %id, "upstream could not be asked whether a webhook is still there");
        }
        Ok(deleting)
    });
    deleting.await.unwrap_or(Ok(Deleting::Unknown))
}

/// Asks upstream now for the registrations of one sales unit, or for those for all of them.
pub async fn refresh(portal: &Portal, scope: &Scope, msn: Option<&Msn>) -> Result<(), Failure> {
    let client = portal.client_for_people(&scope.copy).await?;
    look(portal, scope, &client, msn).await.map(drop).map_err(|trouble| match trouble {
        sync::Trouble::Upstream(error) => failure(&error),
        sync::Trouble::Database(error) => unavailable(error),
        _ => Failure::Unavailable,
    })
}

/// Registers and keeps what came of it.
async fn to_the_end(
    portal: &Portal,
    scope: &Scope,
    request: Uuid,
    new: &NewWebhook,
    by: &str,
    client: Client,
) -> Registering {
    let sent_at = OffsetDateTime::now_utc();
    match begin(portal, scope, request, sent_at).await {
        Ok(None) => {}
        Ok(Some(already)) => return already,
        Err(error) => {
            tracing::error!(%error, "a webhook is not registered: the database does not answer");
            return Registering::NotReached;
        }
    }
    match client.register_webhook(new.msn.as_ref(), &new.url, &new.events).await {
        Ok(RegisteredWebhook { id, secret }) => {
            tracing::info!(organisation = %scope.copy, webhook = %id, by, "a webhook was registered");
            if let Err(error) = keep(portal, scope, request, new, by, id).await {
                // The sync finds it.
                tracing::error!(%error, webhook = %id, "a new webhook could not be kept");
            }
            Registering::Registered { id, secret }
        }
        Err(error) if error.leaves_outcome_open() => {
            tracing::warn!(%error, "whether a webhook is registered is not known");
            Registering::Unknown { candidates: candidates(portal, scope, &client, new, sent_at).await }
        }
        Err(error) if error.problem().is_some_and(|problem| problem.status < 500) && !error.is_transient() => {
            tracing::info!(%error, "a webhook was refused");
            Registering::Refused(refusal(&error).faults)
        }
        Err(error) => {
            tracing::warn!(%error, "a webhook could not be registered");
            Registering::NotReached
        }
    }
}

/// Takes the form as sent; what it has become if it has been sent before.
async fn begin(
    portal: &Portal,
    scope: &Scope,
    request: Uuid,
    now: OffsetDateTime,
) -> Result<Option<Registering>, sqlx::Error> {
    let mut tenant = portal.store().tenant(scope).await?;
    if tenant.begin_webhook_request(request, now).await? {
        tenant.commit().await?;
        return Ok(None);
    }
    Ok(Some(Registering::Already { id: tenant.webhook_of_request(request).await?.flatten() }))
}

async fn keep(
    portal: &Portal,
    scope: &Scope,
    request: Uuid,
    new: &NewWebhook,
    by: &str,
    id: Uuid,
) -> Result<(), sqlx::Error> {
    let registered =
        RegisteredHere { id, request, msn: new.msn.as_ref(), url: &new.url, events: &new.events, by_email: by };
    let mut tenant = portal.store().tenant(scope).await?;
    tenant.keep_registered_webhook(&registered, OffsetDateTime::now_utc()).await?;
    tenant.commit().await
}

/// Registrations that upstream shows now and did not show before, with the URL that was to be registered.
async fn candidates(
    portal: &Portal,
    scope: &Scope,
    client: &Client,
    new: &NewWebhook,
    sent_at: OffsetDateTime,
) -> Vec<Uuid> {
    let looked = async {
        let listed = look(portal, scope, client, new.msn.as_ref()).await?;
        let alike: Vec<Uuid> =
            listed.iter().filter(|webhook| webhook.url == new.url).map(|webhook| webhook.id).collect();
        Ok::<_, sync::Trouble>(portal.store().tenant(scope).await?.webhooks_by_id(&alike).await?)
    };
    match looked.await {
        Ok(alike) => {
            alike.into_iter().filter(|webhook| webhook.first_seen_at >= sent_at).map(|webhook| webhook.id).collect()
        }
        Err(trouble) => {
            tracing::warn!(?trouble, "upstream could not be asked what has become of a webhook");
            Vec::new()
        }
    }
}

/// Asks upstream for the registrations of a scope and keeps them.
async fn look(
    portal: &Portal,
    scope: &Scope,
    client: &Client,
    msn: Option<&Msn>,
) -> Result<Vec<ListedWebhook>, sync::Trouble> {
    let asked_at = OffsetDateTime::now_utc();
    let listed = client.webhooks(msn).await?;
    let listed: Vec<ListedWebhook> = listed.into_iter().map(|answer| answer.value).collect();
    let now = OffsetDateTime::now_utc();
    let mut tenant = portal.store().tenant(scope).await?;
    match msn {
        Some(msn) => {
            let unit = UnitWebhooks { msn: msn.clone(), asked_at, listed: listed.clone() };
            tenant.save_unit_webhooks(&[unit], now).await?;
        }
        None => {
            tenant.apply_webhook_list(&listed, asked_at, now, false).await?;
        }
    }
    tenant.commit().await?;
    Ok(listed)
}
