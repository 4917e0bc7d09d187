//! Upstream → store: what is fetched when, one file for each resource.
//!
//! The list comes first, so that every unit can be found by name and number after one call; then
//! the details of each unit, then the merchants, then each unit's webhooks. Each answer is stored as it comes, so a portal
//! that is killed goes on where it was.

pub mod agreements;
pub mod api_quality;
pub mod capabilities;
pub mod charges;
pub mod contracts;
pub mod merchants;
pub mod one_by_one;
pub mod price_packages;
pub mod product_orders;
pub mod sales_unit_details;
pub mod sales_units;
pub mod unit_webhooks;
pub mod webhooks;

use std::collections::HashMap;

use futures::future::BoxFuture;
use time::{Duration, OffsetDateTime};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::Portal;
use super::store::keys::Api;
use super::store::sync_jobs::{JobKind, LEASE, SyncJob};
use super::store::{Scope, Store, is_held, unavailable};
use super::vipps::{Client, Error, Lane};
use crate::domain::failure::Failure;
use crate::domain::identifiers::Msn;
use crate::domain::organisation::OrgId;

/// Jobs worked on at the same time by one process.
const AT_ONCE: usize = 8;

/// Everything that is fetched, in the order of a first sync.
pub const RESOURCES: &[Resource] = &[
    sales_units::RESOURCE,
    product_orders::RESOURCE,
    price_packages::RESOURCE,
    webhooks::RESOURCE,
    sales_unit_details::RESOURCE,
    merchants::RESOURCE,
    capabilities::RESOURCE,
    contracts::RESOURCE,
    unit_webhooks::RESOURCE,
    agreements::RESOURCE,
    charges::RESOURCE,
    api_quality::RESOURCE,
];

/// One kind of thing that is fetched from upstream.
pub struct Resource {
    pub name: &'static str,
    /// What it is called on pages, while it is being fetched.
    pub what: &'static str,
    pub run: Run,
    api: Api,
    at_once: bool,
    partners_only: bool,
}

impl Resource {
    /// A resource that every organisation with keys has, fetched when another calls for it.
    pub const fn of_everybody(name: &'static str, what: &'static str, run: Run) -> Self {
        Self { name, what, run, api: Api::Management, at_once: false, partners_only: false }
    }

    pub const fn of_partners(name: &'static str, what: &'static str, run: Run) -> Self {
        Self { name, what, run, api: Api::Management, at_once: false, partners_only: true }
    }

    #[must_use]
    pub const fn at_once(self) -> Self {
        Self { at_once: true, ..self }
    }

    /// Of the Recurring API. Migration 0012 knows these by name.
    #[must_use]
    pub const fn of_recurring(self) -> Self {
        Self { api: Api::Recurring, ..self }
    }
}

/// Fetches a resource for one turn.
pub type Run = fn(Round) -> BoxFuture<'static, Result<Done, Trouble>>;

/// One turn of a job.
#[derive(Clone)]
pub struct Round {
    pub store: Store,
    pub client: Client,
    pub job: SyncJob,
    pub scope: Scope,
    pub interval: std::time::Duration,
    /// Whether a list that lacks much is believed.
    pub trusting: bool,
}

/// A turn that went well.
#[derive(Debug, Default)]
pub struct Done {
    /// When the job is next due by itself; none: when another calls for it.
    pub due_at: Option<OffsetDateTime>,
    /// What was kept although upstream no longer shows it, in words.
    pub held: Option<String>,
    /// Resources to fetch next.
    pub then: Vec<&'static str>,
}

impl Done {
    /// A turn that ran out of time: due again at once, behind those that have waited longer.
    fn to_be_continued() -> Self {
        Self { due_at: Some(OffsetDateTime::now_utc()), ..Self::default() }
    }
}

/// Why a turn was broken off. What was stored until then stays.
#[derive(Debug)]
pub enum Trouble {
    Upstream(Error),
    /// The organisation's keys cannot be read: for operators, without the keys.
    Keys(String),
    Database(sqlx::Error),
    /// Another process has taken the job over.
    LeaseLost,
}

impl From<sqlx::Error> for Trouble {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Upstream(error)
    }
}

/// What a resource is called on pages.
pub fn what(name: &str) -> &'static str {
    RESOURCES.iter().find(|resource| resource.name == name).map_or("", |resource| resource.what)
}

/// Which API a resource is of.
pub fn api(name: &str) -> Api {
    RESOURCES.iter().find(|resource| resource.name == name).map_or(Api::Management, |resource| resource.api)
}

/// Works off what is due until it is told to stop; then gives back what it was working on.
pub async fn run(portal: Portal, stop: CancellationToken) {
    let mut working = JoinSet::new();
    let mut holders: HashMap<tokio::task::Id, Uuid> = HashMap::new();
    let mut cleaning_due = OffsetDateTime::UNIX_EPOCH;
    while !stop.is_cancelled() {
        let now = OffsetDateTime::now_utc();
        if cleaning_due <= now {
            cleaning_due = now + Duration::MINUTE;
            if let Err(error) = clean(portal.store(), now).await {
                tracing::warn!(%error, "what has had its time could not be removed");
            }
        }
        let wait = match take(&portal, working.len()).await {
            Ok(Some(job)) => {
                let holder = job.holder;
                holders.insert(working.spawn(work(portal.clone(), job, false)).id(), holder);
                continue;
            }
            Ok(None) => std::time::Duration::from_secs(1),
            Err(error) => {
                tracing::warn!(%error, "the sync cannot reach the database");
                std::time::Duration::from_secs(2)
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(wait) => {}
            () = portal.sync_bell().notified() => {}
            Some(ended) = working.join_next_with_id() => {
                let id = match ended {
                    Ok((id, _)) => id,
                    Err(error) => {
                        tracing::error!(%error, "a sync stopped unexpectedly; it is tried again when its lease ends");
                        error.id()
                    }
                };
                holders.remove(&id);
            }
        }
    }
    working.shutdown().await;
    let holders: Vec<Uuid> = holders.into_values().collect();
    if let Err(error) = portal.store().release_sync_jobs(&holders).await {
        tracing::warn!(%error, "jobs could not be given back; they are free when their lease ends");
    }
}

/// Settles and removes what has had its time; needs nothing from upstream.
pub async fn clean(store: &Store, now: OffsetDateTime) -> Result<(), sqlx::Error> {
    store.remove_ended_sessions().await?;
    for copy in store.copies_ever().await? {
        if let Err(error) = clean_copy(store, &copy, now).await {
            tracing::warn!(%error, organisation = %copy, "what has had its time could not be settled");
        }
    }
    Ok(())
}

async fn clean_copy(store: &Store, copy: &OrgId, now: OffsetDateTime) -> Result<(), sqlx::Error> {
    let scope = Scope::whole(copy.clone());
    let mut tenant = store.tenant(&scope).await?;
    tenant.settle_product_orders_by_time(now).await?;
    tenant.remove_unused_logos(now).await?;
    tenant.forget_agreement_requests(now).await?;
    tenant.commit().await
}

/// Works off everything that is due now, once, with the first list of each organisation made
/// due; for operations without a browser. Returns how many jobs failed.
pub async fn run_once(portal: &Portal, only: Option<&OrgId>, trusting: bool) -> Result<usize, sqlx::Error> {
    let store = portal.store();
    store.ensure_sync_jobs(&job_kinds()).await?;
    for registration in store.registrations().await? {
        if registration.keys.is_some() && only.is_none_or(|only| *only == registration.id) {
            for resource in RESOURCES.iter().filter(|resource| resource.at_once) {
                store.call_for_sync(&registration.id, resource.name).await?;
            }
        }
    }
    work_off_due(portal, only, trusting).await
}

/// Works off everything that is due now. Returns how many jobs failed.
pub async fn work_off_due(portal: &Portal, only: Option<&OrgId>, trusting: bool) -> Result<usize, sqlx::Error> {
    let store = portal.store();
    let mut failed = 0;
    while let Some(job) = store.take_due_sync_job(only, OffsetDateTime::now_utc()).await? {
        failed += usize::from(!work(portal.clone(), job, trusting).await);
    }
    Ok(failed)
}

/// Asks upstream for one sales unit now, ahead of everything else, and for its merchant.
pub async fn refresh_sales_unit(portal: &Portal, copy: &OrgId, msn: &Msn) -> Result<(), Failure> {
    let client = portal.client_for_people(copy).await?;
    let scope = Scope::whole(copy.clone());
    let store = portal.store();
    match client.sales_unit(msn).await {
        Ok(answer) => {
            let business = answer.value.business_identifier.clone();
            let merchant = match &business {
                Some(business) => client.merchant(business).await.ok(),
                None => None,
            };
            let now = OffsetDateTime::now_utc();
            let mut tenant = store.tenant(&scope).await.map_err(unavailable)?;
            tenant.save_sales_unit_details(&[(answer.value, answer.raw)], now).await.map_err(unavailable)?;
            if let Some(merchant) = merchant {
                tenant.save_merchants(&[(merchant.value, merchant.raw)], now).await.map_err(unavailable)?;
            }
            tenant.commit().await.map_err(unavailable)
        }
        Err(error) if error.is_not_found() => {
            let mut tenant = store.tenant(&scope).await.map_err(unavailable)?;
            tenant.mark_sales_unit_gone(msn, OffsetDateTime::now_utc()).await.map_err(unavailable)?;
            tenant.commit().await.map_err(unavailable)
        }
        Err(error) => Err(not_refreshed(&error, copy)),
    }
}

/// What somebody is told who asked for something anew that upstream did not give.
fn not_refreshed(error: &Error, copy: &OrgId) -> Failure {
    tracing::warn!(%error, organisation = %copy, "upstream could not be asked for one thing anew");
    if is_refusal(error) { Failure::KeysRefused } else { Failure::UpstreamSilent }
}

/// Gives every organisation its jobs, so that one that is new can be called for.
pub async fn ensure_jobs(store: &Store) -> Result<(), sqlx::Error> {
    store.ensure_sync_jobs(&job_kinds()).await
}

/// Begins at once with what an organisation's keys have not been good for until now; `as_of` is when the
/// organisation was last changed.
pub async fn start(portal: &Portal, organisation: &OrgId, as_of: OffsetDateTime) -> Result<(), sqlx::Error> {
    let resources = RESOURCES.iter().filter(|resource| resource.at_once).map(|resource| resource.name.to_owned());
    let resources: Vec<String> = resources.collect();
    ensure_jobs(portal.store()).await?;
    portal.store().call_for_sync_since(organisation, &resources, as_of).await?;
    portal.sync_bell().notify_one();
    Ok(())
}

fn job_kinds() -> Vec<JobKind> {
    let kind = |resource: &Resource| JobKind {
        resource: resource.name,
        at_once: resource.at_once,
        partners_only: resource.partners_only,
    };
    RESOURCES.iter().map(kind).collect()
}

async fn take(portal: &Portal, working: usize) -> Result<Option<SyncJob>, sqlx::Error> {
    if working >= AT_ONCE {
        return Ok(None);
    }
    portal.store().ensure_sync_jobs(&job_kinds()).await?;
    portal.store().take_due_sync_job(None, OffsetDateTime::now_utc()).await
}

/// Works on a job and notes how it went. False if it failed.
async fn work(portal: Portal, job: SyncJob, trusting: bool) -> bool {
    let turn = async {
        tokio::select! {
            done = turn(&portal, &job, trusting) => done,
            trouble = keep_lease(&portal, &job) => Err(trouble),
        }
    };
    let result = match turn.await {
        Ok(done) => finish(&portal, &job, done).await,
        Err(trouble) => Err(trouble),
    };
    let Err(trouble) = result else { return true };
    if let Trouble::LeaseLost = trouble {
        return true;
    }
    let failure = for_people(&trouble);
    tracing::warn!(organisation = %job.organisation, resource = job.resource, ?trouble, "a sync failed");
    let now = OffsetDateTime::now_utc();
    // Longer pauses the longer the trouble lasts, but upstream's return is noticed in minutes.
    let failing: Duration = job.failing_since.map_or(Duration::ZERO, |since| now - since);
    let pause: Duration = Duration::clamp(failing / 2_i32, Duration::seconds(5), Duration::minutes(5));
    if let Err(error) = portal.store().fail_sync_job(&job, now, now + pause, &failure).await {
        tracing::warn!(%error, "the failure of a sync could not be noted");
    }
    false
}

/// Renews the lease while upstream keeps one waiting; ends when the lease is lost.
async fn keep_lease(portal: &Portal, job: &SyncJob) -> Trouble {
    loop {
        tokio::time::sleep(LEASE.unsigned_abs() / 3).await;
        match portal.store().renew_sync_lease(job).await {
            Ok(true) => {}
            Ok(false) => return Trouble::LeaseLost,
            // Whoever holds it is the job's own transaction, which renews the lease itself.
            Err(error) if is_held(&error) => {}
            Err(error) => return Trouble::Database(error),
        }
    }
}

async fn turn(portal: &Portal, job: &SyncJob, trusting: bool) -> Result<Done, Trouble> {
    let Some(resource) = RESOURCES.iter().find(|resource| resource.name == job.resource) else {
        return Ok(Done::default());
    };
    let client = match portal.client_of_api(&job.organisation, resource.api).await {
        Ok(Some(client)) => client.in_lane(Lane::Sync),
        // Switched off since it was taken: it stays due until it is switched on again.
        Ok(None) => return Err(Trouble::LeaseLost),
        Err(error) => return Err(Trouble::Keys(format!("{error:#}"))),
    };
    let round = Round {
        store: portal.store().for_many_rows(),
        client,
        job: job.clone(),
        scope: Scope::whole(job.organisation.clone()),
        interval: portal.sync_interval(),
        trusting,
    };
    (resource.run)(round).await
}

async fn finish(portal: &Portal, job: &SyncJob, done: Done) -> Result<(), Trouble> {
    let store = portal.store();
    let now = OffsetDateTime::now_utc();
    store.complete_sync_job(job, now, done.due_at, done.held.as_deref(), &done.then).await?;
    portal.sync_bell().notify_one();
    Ok(())
}

/// What pages say of the trouble: no text from upstream.
fn for_people(trouble: &Trouble) -> String {
    match trouble {
        Trouble::Upstream(error) if is_refusal(error) => "Vipps MobilePay has refused the keys of this organisation",
        Trouble::Upstream(Error::TooLarge { .. }) => "Vipps MobilePay's list has been larger than the portal reads",
        Trouble::Upstream(Error::Refused(_)) => "Vipps MobilePay has refused to answer",
        Trouble::Upstream(Error::Insecure { .. } | Error::Unsendable { .. }) => {
            "The address or keys of this organisation have not been usable"
        }
        Trouble::Upstream(Error::Limited { .. }) => "Vipps MobilePay has asked the portal to wait",
        Trouble::Upstream(Error::NotUnderstood { .. }) => "Vipps MobilePay's answers have not been understood",
        Trouble::Upstream(_) => "Vipps MobilePay has not answered",
        Trouble::Keys(_) => "The keys of this organisation have not been readable",
        Trouble::Database(_) => "The portal's database has not answered",
        Trouble::LeaseLost => "Another process has taken over",
    }
    .to_owned()
}

fn is_refusal(error: &Error) -> bool {
    matches!(error, Error::Unauthorized(_) | Error::Forbidden(_))
}
