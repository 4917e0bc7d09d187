//! Webhook registrations, as a partner sees them.

use time::OffsetDateTime;
use uuid::Uuid;

use super::{Acting, PAGE_SIZE};
use crate::domain::failure::Failure;
use crate::domain::freshness::Freshness;
use crate::domain::identifiers::Msn;
use crate::domain::organisation::Role;
use crate::domain::page::Page;
use crate::domain::webhook::coverage::{Coverage, Uncovered};
use crate::domain::webhook::{NewWebhook, Objections, Webhook};
use crate::domain::webhook_filter::{WebhookFilter, WebhookQuery};
use crate::server::records::Recorded;
use crate::server::store::unavailable;
use crate::server::store::webhooks::Webhooks;
use crate::server::subscribing::{self, Deleting};
use crate::server::sync;

pub use crate::server::subscribing::Registering;

/// Lines of each list on the page of coverage.
pub const COVERAGE_LINES: usize = 20;
/// Sales units without any registration for an event that are shown at once.
pub const UNCOVERED_SHOWN: usize = 100;
/// Others with the same URL that are shown beside a registration.
const DOUBLES: i64 = 20;
/// A partner with at most so many sales units has all of them asked for when somebody wants it fresh.
const ALL_UNITS_UP_TO: i64 = 1_000;

/// A registration with what belongs beside it.
#[derive(Clone, Debug)]
pub struct WebhookView {
    pub webhook: Webhook,
    /// Others by which the same events come to the same URL.
    pub doubles: Vec<Webhook>,
}

impl Acting {
    pub async fn webhooks(&self, query: &WebhookQuery) -> Result<Page<Webhook>, Failure> {
        self.page::<Webhooks>(query, PAGE_SIZE).await
    }

    /// How many registrations match.
    pub async fn count_webhooks(&self, filter: &WebhookFilter) -> Result<usize, Failure> {
        Ok(self.page::<Webhooks>(&filter.clone().into(), 0).await?.matching)
    }

    /// How old the copy of the registrations is, and why.
    pub fn webhook_freshness(&self) -> Freshness {
        self.freshness_of(Webhooks::RESOURCES)
    }

    /// How many units are still to be asked for in the round that is under way.
    pub fn unit_webhooks_outstanding(&self) -> usize {
        let job = self.row.copy.jobs.iter().find(|job| job.resource == sync::unit_webhooks::NAME && job.under_way);
        job.map_or(0, |job| usize::try_from(job.total - job.done).unwrap_or_default())
    }

    /// What the partner that serves this merchant listens for in all of its sales units, and so in this merchant's:
    /// the names of the events. It is told that somebody listens, and to what; where the partner's own systems are,
    /// which the URLs say, is not its business. None for partners, who have the registrations themselves.
    pub async fn events_for_partner(&self) -> Result<Option<Vec<String>>, Failure> {
        if self.is_partner() {
            return Ok(None);
        }
        drop(self.shared_tenant().await?);
        let whole = self.whole_copy();
        let mut tenant = self.portal.store().tenant(&whole).await.map_err(unavailable)?;
        tenant.partner_wide_events().await.map(Some).map_err(unavailable)
    }

    pub async fn webhook(&self, id: Uuid) -> Result<WebhookView, Failure> {
        let mut tenant = self.shared_tenant().await?;
        let webhook = tenant.webhook(id).await.map_err(unavailable)?.ok_or(Failure::NotFound)?;
        if let (false, Some(partner)) = (self.is_partner(), self.served_by()) {
            return Ok(WebhookView { webhook: webhook.as_merchants_see(partner), doubles: Vec::new() });
        }
        let doubles = if webhook.is_listed() {
            tenant.doubles_of_webhook(&webhook, DOUBLES).await.map_err(unavailable)?
        } else {
            Vec::new()
        };
        Ok(WebhookView { webhook, doubles })
    }

    pub async fn webhook_coverage(&self) -> Result<Coverage, Failure> {
        let limit = i64::try_from(COVERAGE_LINES).unwrap_or(i64::MAX);
        let mut tenant = self.partner_tenant().await?;
        tenant.webhook_coverage(OffsetDateTime::now_utc(), limit).await.map_err(unavailable)
    }

    /// The first [`UNCOVERED_SHOWN`] sales units that have no registration of their own for an event.
    pub async fn units_without_webhook(&self, event: &str) -> Result<Uncovered, Failure> {
        let limit = i64::try_from(UNCOVERED_SHOWN).unwrap_or(i64::MAX);
        let mut tenant = self.partner_tenant().await?;
        let units = tenant.units_without_webhook(event, limit).await.map_err(unavailable)?;
        Ok(Uncovered { event: event.to_owned(), units })
    }

    /// What the copy says against registering `new`; none if the sales unit it names is not in the copy.
    pub async fn webhook_objections(&self, new: &NewWebhook) -> Result<Option<Objections>, Failure> {
        let mut tenant = self.partner_tenant().await?;
        if let Some(msn) = &new.msn {
            let unit = tenant.sales_unit(msn).await.map_err(unavailable)?;
            if unit.is_none_or(|unit| unit.gone_at.is_some()) {
                return Ok(None);
            }
        }
        let listed = tenant.webhooks_that_reach(new.msn.as_ref()).await.map_err(unavailable)?;
        Ok(Some(new.objections(&listed)))
    }

    /// How it went with a form that was sent before; none if it has not been.
    pub async fn webhook_form_sent(&self, form: Uuid) -> Result<Option<Registering>, Failure> {
        self.as_partner()?;
        self.may(Role::Operator)?;
        subscribing::earlier(&self.portal, &self.row.scope, form).await
    }

    /// Registers a webhook; `form` tells one sending from another.
    pub async fn register_webhook(&self, form: Uuid, new: NewWebhook) -> Result<Registering, Failure> {
        self.as_partner()?;
        self.may(Role::Operator)?;
        subscribing::register(&self.portal, &self.row.scope, form, new, self.email()).await
    }

    /// Deletes a registration; one that is gone already stays so.
    pub async fn delete_webhook(&self, id: Uuid) -> Result<Deleting, Failure> {
        self.as_partner()?;
        self.may(Role::Operator)?;
        let webhook = self.webhook(id).await?.webhook;
        if !webhook.is_listed() {
            return Ok(Deleting::WasGone);
        }
        subscribing::delete(&self.portal, &self.row.scope, id, webhook.msn(), self.email()).await
    }

    /// Asks upstream now for the registrations of a sales unit, or for those for all of them.
    pub async fn refresh_webhooks_of(&self, msn: Option<&Msn>) -> Result<(), Failure> {
        match msn {
            None => self.as_partner()?,
            Some(msn) => {
                let mut tenant = self.shared_tenant().await?;
                tenant.sales_unit(msn).await.map_err(unavailable)?.ok_or(Failure::NotFound)?;
            }
        }
        subscribing::refresh(&self.portal, &self.whole_copy(), msn).await
    }

    /// Has everything fetched anew as soon as the sync can: the registrations for all units, and those of the
    /// units that have any. A merchant has those fetched whose turn it is: the partner's calls are for all of its
    /// merchants.
    pub async fn call_for_webhooks(&self) -> Result<(), Failure> {
        drop(self.shared_tenant().await?);
        if !self.is_partner() {
            return self.call_for_sync(sync::unit_webhooks::NAME).await;
        }
        self.call_for_sync(sync::webhooks::NAME).await?;
        if !self.portal.sweeps().allows(self.row.scope.copy.as_str()) {
            return Ok(());
        }
        let mut tenant = self.partner_tenant().await?;
        tenant.expire_unit_webhooks(ALL_UNITS_UP_TO).await.map_err(unavailable)?;
        tenant.commit().await.map_err(unavailable)?;
        self.call_for_sync(sync::unit_webhooks::NAME).await
    }
}
