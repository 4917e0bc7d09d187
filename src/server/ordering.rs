//! Sending product orders upstream: each exactly once, however often it is asked for and wherever
//! an answer gets lost.
//!
//! An order is stored before the call, and its id is the idempotency key. Once the call is made it
//! goes on to its end, whether or not the browser waits. Where no usable answer comes, nothing is
//! sent a second time: the sync looks for the order in upstream's list.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use futures::{FutureExt, TryFutureExt};
use secrecy::ExposeSecret;
use time::OffsetDateTime;
use uuid::Uuid;

use super::Portal;
use super::store::product_orders::NewProductOrder;
use super::store::{Scope, unavailable};
use super::sync;
use super::vipps::{Client, Error};
use crate::domain::failure::Failure;
use crate::domain::organisation::OrgId;
use crate::domain::product_order::Happening;

/// How sending went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sending {
    /// Upstream has it, under this id; the link is for the merchant.
    Sent {
        order_id: Uuid,
        url: String,
    },
    /// Upstream may have it: the portal looks.
    Unknown,
    /// Upstream was not reached; it can be sent again.
    NotReached,
    Refused(Refusal),
    /// This very order has been sent before, or is just being sent.
    Already,
}

/// Upstream's no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Its HTTP status.
    pub status: u16,
    /// Fields and reasons, in its words; at least one, which may be about no field.
    pub faults: Vec<(String, String)>,
}

/// How deleting went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deleting {
    /// It is not there, or not any more.
    Deleted,
    /// It stays; why stands in what has happened to the order, too.
    Refused(Refusal),
    /// No usable answer: the portal looks.
    Unknown,
}

/// Sends an order whose request is `request`, the JSON byte for byte.
pub async fn send(
    portal: &Portal,
    scope: &Scope,
    mut order: NewProductOrder,
    request: String,
) -> Result<Sending, Failure> {
    let client = portal.client_for_people(&scope.copy).await?;
    order.sealed_request = portal.secrets().seal_away(&seal_name(order.id), &request).map_err(|error| {
        tracing::error!(%error, "an order could not be sealed");
        Failure::Unavailable
    })?;
    let mut tenant = portal.store().tenant(scope).await.map_err(unavailable)?;
    let begun = tenant.begin_product_order(&order, OffsetDateTime::now_utc()).await.map_err(unavailable)?;
    tenant.commit().await.map_err(unavailable)?;
    if !begun {
        return Ok(Sending::Already);
    }
    to_the_end(portal, scope, order.id, order.key(), request, client).await
}

/// Sends an order once more that upstream surely does not have: the same request, under the same key.
/// `by` is nobody's where the merchant does it, by way of a template.
pub async fn send_again(portal: &Portal, scope: &Scope, id: Uuid, by: Option<&str>) -> Result<Sending, Failure> {
    let client = portal.client_for_people(&scope.copy).await?;
    let mut tenant = portal.store().tenant(scope).await.map_err(unavailable)?;
    let sealed = tenant.begin_product_order_again(id, by, OffsetDateTime::now_utc()).await.map_err(unavailable)?;
    let Some((sealed, key)) = sealed else { return Ok(Sending::Already) };
    let request = portal.secrets().open_again(&seal_name(id), &sealed).map_err(|error| {
        tracing::error!(%error, "a sealed order could not be opened");
        Failure::Unavailable
    })?;
    tenant.commit().await.map_err(unavailable)?;
    to_the_end(portal, scope, id, key, request.expose_secret().to_owned(), client).await
}

/// Deletes an order that the merchant has not submitted. `id` is the portal's, `upstream_id` upstream's.
pub async fn delete(
    portal: &Portal,
    scope: &Scope,
    id: Uuid,
    upstream_id: Uuid,
    by: String,
) -> Result<Deleting, Failure> {
    let client = portal.client_for_people(&scope.copy).await?;
    let (portal, scope) = (portal.clone(), scope.clone());
    let deleting = tokio::spawn(async move {
        let deleting = match client.delete_product_order(upstream_id).await {
            Ok(()) => {
                let mut tenant = portal.store().tenant(&scope).await.map_err(unavailable)?;
                let now = OffsetDateTime::now_utc();
                tenant.note_product_order_deleted(id, &by, now).await.map_err(unavailable)?;
                tenant.commit().await.map_err(unavailable)?;
                return Ok(Deleting::Deleted);
            }
            Err(error) if error.leaves_outcome_open() => Deleting::Unknown,
            Err(error) if error.is_not_found() => {
                let mut tenant = portal.store().tenant(&scope).await.map_err(unavailable)?;
                tenant.mark_product_order_gone(upstream_id, OffsetDateTime::now_utc()).await.map_err(unavailable)?;
                tenant.commit().await.map_err(unavailable)?;
                return Ok(Deleting::Deleted);
            }
            // Nobody has said no.
            Err(error) if error.problem().is_none() || error.is_transient() => return Err(failure(&error)),
            Err(error) => {
                tracing::info!(%error, order = %upstream_id, "an order was not deleted");
                let mut tenant = portal.store().tenant(&scope).await.map_err(unavailable)?;
                let refused = Happening::DeleteRefused(refusal_text(&error));
                let now = OffsetDateTime::now_utc();
                tenant.happened(id, &refused, Some(&by), now).await.map_err(unavailable)?;
                tenant.commit().await.map_err(unavailable)?;
                Deleting::Refused(refusal(&error))
            }
        };
        // The order is not as the page shows it from which it was to be deleted.
        if deleting == Deleting::Unknown || refresh(&portal, &scope, upstream_id).await.is_err() {
            call_for(&portal, &scope, sync::product_orders::NAME).await;
        }
        Ok(deleting)
    });
    deleting.await.unwrap_or(Ok(Deleting::Unknown))
}

/// How long a page is held back until what it shows has come out, and how often it is looked.
const PATIENCE: Duration = Duration::from_secs(3);
const LOOKED_EVERY: Duration = Duration::from_millis(250);

/// What is there once it is no longer `open`; after a few seconds, what is there then. So pages need
/// not reload themselves.
pub async fn patiently<'a, T>(
    look: impl Fn() -> BoxFuture<'a, Result<T, Failure>>,
    open: impl Fn(&T) -> bool,
) -> Result<T, Failure> {
    let end = Instant::now() + PATIENCE;
    loop {
        let found = look().await?;
        if !open(&found) || Instant::now() >= end {
            return Ok(found);
        }
        tokio::time::sleep(LOOKED_EVERY).await;
    }
}

/// Asks upstream for one order now.
pub async fn refresh(portal: &Portal, scope: &Scope, upstream_id: Uuid) -> Result<(), Failure> {
    let client = portal.client_for_people(&scope.copy).await?;
    let asked_at = OffsetDateTime::now_utc();
    let answer = client.product_order(upstream_id).await;
    let now = OffsetDateTime::now_utc();
    let mut tenant = portal.store().tenant(scope).await.map_err(unavailable)?;
    match answer {
        Ok(answer) => {
            tenant.save_product_order(&answer.value, &answer.raw, asked_at, now).await.map_err(unavailable)?;
        }
        Err(error) if error.is_not_found() => {
            tenant.mark_product_order_gone(upstream_id, asked_at).await.map_err(unavailable)?;
        }
        Err(error) => return Err(failure(&error)),
    }
    tenant.commit().await.map_err(unavailable)?;
    await_new_sales_units(portal, scope).await
}

/// Has sales units fetched that are named by orders and have just come into being. The merchant may be
/// on the phone about one: a moment later it is there to be opened.
async fn await_new_sales_units(portal: &Portal, scope: &Scope) -> Result<(), Failure> {
    let mut tenant = portal.store().tenant(scope).await.map_err(unavailable)?;
    if !tenant.product_orders_name_new_sales_units(OffsetDateTime::now_utc()).await.map_err(unavailable)? {
        return Ok(());
    }
    drop(tenant);
    call_for(portal, scope, sync::sales_units::NAME).await;
    let awaits = || portal.store().awaits_sync(&scope.copy, sync::sales_units::NAME).map_err(unavailable).boxed();
    patiently(awaits, |awaits| *awaits).await.map(drop)
}

/// So long after somebody has looked, the portal does not look again for anybody.
const LOOKED: Duration = Duration::from_secs(10);

/// Where somebody is looking for orders just now, or until when nobody may again.
#[derive(Default)]
pub struct Looks(Mutex<HashMap<OrgId, Option<Instant>>>);

impl Looks {
    /// None if somebody is looking, or has just looked.
    fn begin(&self, organisation: &OrgId) -> Option<Look<'_>> {
        let mut looks = self.all();
        let free = looks.get(organisation).is_none_or(|until| until.is_some_and(|until| until <= Instant::now()));
        free.then(|| {
            looks.insert(organisation.clone(), None);
            Look { looks: self, organisation: organisation.clone() }
        })
    }

    fn all(&self) -> MutexGuard<'_, HashMap<OrgId, Option<Instant>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody who looks; ends when it is dropped, however that comes.
struct Look<'a> {
    looks: &'a Looks,
    organisation: OrgId,
}

impl Drop for Look<'_> {
    fn drop(&mut self) {
        self.looks.all().insert(self.organisation.clone(), Some(Instant::now() + LOOKED));
    }
}

/// Looks now for orders of unknown outcome. False if somebody else is at it, or has just been: the
/// list of all orders is not fetched as often as anybody likes.
pub async fn look(portal: &Portal, scope: &Scope) -> Result<bool, Failure> {
    let Some(_look) = portal.looks().begin(&scope.copy) else { return Ok(false) };
    look_through_list(portal, scope).await?;
    await_new_sales_units(portal, scope).await?;
    Ok(true)
}

pub(super) async fn look_through_list(portal: &Portal, scope: &Scope) -> Result<(), Failure> {
    let client = portal.client_for_people(&scope.copy).await?;
    let asked_at = OffsetDateTime::now_utc();
    let listed = client.product_orders().await.map_err(|error| failure(&error))?;
    let listed: Vec<_> = listed.into_iter().map(|answer| (answer.value, answer.raw)).collect();
    let (store, now) = (portal.store(), OffsetDateTime::now_utc());
    store.apply_product_order_list(scope, &listed, asked_at, now, false).await.map_err(unavailable)?;
    Ok(())
}

/// Calls upstream and notes what came of it, in a task of its own.
async fn to_the_end(
    portal: &Portal,
    scope: &Scope,
    id: Uuid,
    key: String,
    request: String,
    client: Client,
) -> Result<Sending, Failure> {
    let (portal, scope) = (portal.clone(), scope.clone());
    let sending = tokio::spawn(async move {
        let answer = client.prefill(&key, request.into()).await;
        let noted = note(&portal, &scope, id, answer).await;
        // What could not be noted is found by looking, like an answer that was lost.
        noted.unwrap_or_else(|error| {
            tracing::error!(%error, order = %id, "how sending an order went could not be noted");
            Sending::Unknown
        })
    });
    Ok(sending.await.unwrap_or(Sending::Unknown))
}

async fn note(
    portal: &Portal,
    scope: &Scope,
    id: Uuid,
    answer: Result<super::vipps::Prefilled, Error>,
) -> Result<Sending, sqlx::Error> {
    let now = OffsetDateTime::now_utc();
    let mut tenant = portal.store().tenant(scope).await?;
    let sending = match answer {
        Ok(prefilled) => {
            tenant.finish_product_order(id, prefilled.order_id, Some(&prefilled.url), now).await?;
            Sending::Sent { order_id: prefilled.order_id, url: prefilled.url }
        }
        Err(error) if error.leaves_outcome_open() => {
            tracing::warn!(%error, order = %id, "whether an order has arrived is not known");
            tenant.doubt_product_order(id, &Happening::Unknown, now).await?;
            Sending::Unknown
        }
        Err(error) if error.problem().is_some_and(|problem| problem.status < 500) && !error.is_transient() => {
            tracing::info!(%error, order = %id, "an order was refused");
            let refusal = refusal(&error);
            tenant.refuse_product_order(id, refusal.status, &refusal.faults, now).await?;
            Sending::Refused(refusal)
        }
        Err(error) => {
            tracing::warn!(%error, order = %id, "an order could not be sent");
            tenant.doubt_product_order(id, &Happening::NotReached, now).await?;
            Sending::NotReached
        }
    };
    tenant.commit().await?;
    if !matches!(sending, Sending::Refused(_)) {
        call_for(portal, scope, sync::product_orders::NAME).await;
    }
    Ok(sending)
}

/// Has a list fetched as soon as the sync can.
async fn call_for(portal: &Portal, scope: &Scope, resource: &'static str) {
    if let Err(error) = portal.store().call_for_sync(&scope.copy, resource).await {
        tracing::warn!(%error, resource, "a list could not be called for");
    }
    portal.sync_bell().notify_one();
}

pub(super) fn failure(error: &Error) -> Failure {
    tracing::warn!(%error, "upstream gave no usable answer");
    match error {
        Error::Unauthorized(_) | Error::Forbidden(_) => Failure::KeysRefused,
        _ => Failure::UpstreamSilent,
    }
}

/// Upstream's reasons; at least one.
pub(super) fn refusal(error: &Error) -> Refusal {
    let mut faults = error.problem().map(super::vipps::Problem::faults).unwrap_or_default();
    if faults.is_empty() {
        faults.push((String::new(), refusal_text(error)));
    }
    Refusal { status: error.status().unwrap_or(400), faults }
}

pub(super) fn refusal_text(error: &Error) -> String {
    match error {
        Error::Unauthorized(_) => "Vipps MobilePay refused the keys of this organisation.".to_owned(),
        Error::Limited { .. } => "Vipps MobilePay has asked the portal to wait. Try again in a moment.".to_owned(),
        _ => match error.problem() {
            Some(problem) => {
                let said = problem.message.clone();
                said.unwrap_or_else(|| format!("Vipps MobilePay refused with status {}.", problem.status))
            }
            None => "Vipps MobilePay could not be reached. Try again in a moment.".to_owned(),
        },
    }
}

/// What an order's request is sealed under.
pub(super) fn seal_name(id: Uuid) -> String {
    format!("product-order/{id}")
}
