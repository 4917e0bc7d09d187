//! Who asks, as whom, and may they: the only way from a page to an organisation's data.
//!
//! An [`Acting`] is made from a membership and nothing else. Whoever holds one may see what it
//! gives; what it does not give looks the same as what does not exist.

pub mod agreements;
pub mod api_quality;
pub mod api_tokens;
pub mod by_link;
pub mod members;
pub mod merchants;
pub mod partner;
pub mod prefill;
pub mod price_packages;
pub mod product_orders;
pub mod program;
pub mod reading;
pub mod registry;
pub mod templates;
pub mod viewing;
pub mod webhooks;

use time::OffsetDateTime;
use uuid::Uuid;

use self::price_packages::PricePackageView;
use super::Portal;
use super::records::Recorded;
use super::store::acting::ActingRow;
use super::store::sales_unit_list::SalesUnits;
use super::store::{Scope, Tenant, unavailable};
use super::sync;
use crate::domain::failure::Failure;
use crate::domain::freshness::{Freshness, failing};
use crate::domain::identifiers::Msn;
use crate::domain::merchant::Merchant;
use crate::domain::organisation::{Audience, Environment, OrgId, Organisation, OrganisationKind, Role};
use crate::domain::page::Page;
use crate::domain::sales_unit::{ListedSalesUnit, SalesUnit, SalesUnitRow};
use crate::domain::sales_unit_filter::{SalesUnitFilter, SalesUnitQuery};
use crate::paths;

/// Rows of a page of a list.
pub const PAGE_SIZE: usize = 50;
/// Other units of the same merchant that are shown on a sales unit's page.
const SIBLINGS: i64 = 12;
/// Organisations shown at once in the chooser; more are found by searching.
const CHOICES: usize = 100;

/// Somebody who has signed in.
#[derive(Clone)]
pub struct SignedIn {
    portal: Portal,
    staff: Uuid,
}

/// Somebody who acts as an organisation that they are a member of.
#[derive(Clone)]
pub struct Acting {
    portal: Portal,
    staff: Uuid,
    row: ActingRow,
}

/// A sales unit with what belongs beside it.
#[derive(Clone, Debug)]
pub struct SalesUnitView {
    pub unit: SalesUnit,
    /// The merchant that owns the unit, and when it was fetched.
    pub merchant: Option<(Merchant, OffsetDateTime)>,
    pub siblings: Vec<ListedSalesUnit>,
    /// How many siblings there are in all.
    pub sibling_count: usize,
    /// For partners only.
    pub price_package: Option<PricePackageView>,
}

impl SignedIn {
    /// Only the session knows who has signed in: nobody else makes one of these.
    pub(super) fn new(portal: Portal, staff: Uuid) -> Self {
        Self { portal, staff }
    }

    pub fn staff_id(&self) -> Uuid {
        self.staff
    }

    /// E-mail address of the account; none if it has been disabled meanwhile.
    pub async fn email(&self) -> Result<Option<String>, Failure> {
        let staff = self.portal.store().staff(self.staff).await.map_err(unavailable)?;
        Ok(staff.filter(|staff| !staff.disabled).map(|staff| staff.email))
    }

    /// Whom this person may act as, narrowed to what was typed; and how many match.
    pub async fn organisations(&self, typed: &str) -> Result<(Vec<Organisation>, usize), Failure> {
        self.portal.store().organisations_of(self.staff, typed, CHOICES).await.map_err(unavailable)
    }

    pub async fn last_acting(&self) -> Result<Option<OrgId>, Failure> {
        self.portal.store().last_acting(self.staff).await.map_err(unavailable)
    }

    /// Acts as an organisation; none if it is not for this person, or does not exist.
    /// It becomes the latest of the recent ones if it is `in_use` by somebody.
    pub async fn act_as(&self, organisation: &OrgId, in_use: bool) -> Result<Option<Acting>, Failure> {
        let mut row = self.portal.store().acting(self.staff, organisation).await.map_err(unavailable)?;
        if row.is_none() && organisation.may_be_view() {
            row = self.view_as(organisation, in_use).await?;
        }
        let acting = row.map(|row| Acting { portal: self.portal.clone(), staff: self.staff, row });
        if let Some(acting) = acting.as_ref().filter(|_| in_use) {
            acting.note_use();
        }
        Ok(acting)
    }
}

impl Acting {
    pub fn organisation(&self) -> &Organisation {
        &self.row.organisation
    }

    pub fn is_partner(&self) -> bool {
        self.row.organisation.kind == OrganisationKind::Partner
    }

    /// Whether a part of the portal is for whom one acts as.
    pub fn is_among(&self, audience: Audience) -> bool {
        audience.has(self.row.organisation.kind, self.row.scope.merchant.is_some())
    }

    /// What only partners have does not exist for a merchant.
    fn as_partner(&self) -> Result<(), Failure> {
        if self.is_partner() { Ok(()) } else { Err(Failure::NotFound) }
    }

    /// The rows of a partner; the only way to what only partners have.
    async fn partner_tenant(&self) -> Result<Tenant<'_>, Failure> {
        self.as_partner()?;
        self.portal.store().tenant(&self.row.scope).await.map_err(unavailable)
    }

    /// The rows that partners have, or a merchant's among those of the partner that serves it.
    async fn shared_tenant(&self) -> Result<Tenant<'_>, Failure> {
        if !self.is_among(Audience::PartnersAndServed) {
            return Err(Failure::NotFound);
        }
        self.portal.store().tenant(&self.row.scope).await.map_err(unavailable)
    }

    /// Everything in the copy: in it is written what upstream has said, whoever had it asked.
    fn whole_copy(&self) -> Scope {
        Scope::whole(self.row.scope.copy.clone())
    }

    /// Whether this person's role here is at least `role`.
    pub fn may(&self, role: Role) -> Result<(), Failure> {
        match self.row.organisation.role >= role {
            true => Ok(()),
            false if self.is_viewing() => Err(Failure::OnlyViewing),
            false => Err(Failure::NotAllowed),
        }
    }

    /// The whole address at which programs read a list of this organisation; empty where people only view as it.
    pub fn api_address(&self, list: &str) -> String {
        if self.is_viewing() {
            return String::new();
        }
        format!("{}{}", self.portal.public_url(), paths::api_list(&self.organisation().id, list))
    }

    pub fn email(&self) -> &str {
        &self.row.email
    }

    /// Whether this person also decides about the registry of organisations.
    pub fn is_instance_admin(&self) -> bool {
        self.row.is_instance_admin
    }

    /// Organisations this person has acted as before, the latest first.
    pub fn recent(&self) -> &[Organisation] {
        &self.row.recent
    }

    /// Why upstream is not asked with the keys that there are.
    fn not_asked(&self) -> Failure {
        if self.row.vipps_enabled { Failure::InTest } else { Failure::SwitchedOff }
    }

    /// Whether the keys are for the test environment, in which there is no Management API.
    pub fn is_in_test(&self) -> bool {
        self.row.environment == Environment::Test
    }

    /// The partner whose keys serve this merchant.
    pub fn served_by(&self) -> Option<&str> {
        self.row.served_by.as_deref()
    }

    /// How old the copy of the sales units is, and why.
    pub fn freshness(&self) -> Freshness {
        self.freshness_of(SalesUnits::RESOURCES)
    }

    /// How old the copy of some resources is; the first one's age counts.
    pub fn freshness_of(&self, resources: &[&str]) -> Freshness {
        self.row.copy.freshness_of(resources)
    }

    pub async fn sales_units(&self, query: &SalesUnitQuery) -> Result<Page<SalesUnitRow>, Failure> {
        self.page::<SalesUnits>(query, PAGE_SIZE).await
    }

    /// How many sales units match.
    pub async fn count_sales_units(&self, filter: &SalesUnitFilter) -> Result<usize, Failure> {
        Ok(self.page::<SalesUnits>(&filter.clone().into(), 0).await?.matching)
    }

    /// What the sync has trouble with, in words; one line for each kind of trouble.
    pub fn troubles(&self) -> Vec<String> {
        let copy = &self.row.copy;
        let mut troubles: Vec<String> = Vec::new();
        if copy.has_keys && !copy.asked.management {
            troubles.push(self.not_asked().to_string());
        }
        for job in copy.jobs.iter().filter(|job| copy.asked.of(sync::api(&job.resource))) {
            let trouble = match (job.failing_since, &job.held) {
                (Some(since), _) => failing(since, job.failure.as_deref().unwrap_or_default(), false),
                (None, Some(held)) => format!("{held}."),
                (None, None) => continue,
            };
            let known =
                |other: &String| job.failure.as_ref().is_some_and(|failure| other.starts_with(failure.as_str()));
            if !troubles.iter().any(known) {
                troubles.push(trouble);
            }
        }
        troubles
    }

    /// How many units' details are still to come in the round that is under way.
    pub fn details_outstanding(&self) -> usize {
        let job = self.row.copy.jobs.iter().find(|job| job.resource == sync::sales_unit_details::NAME && job.under_way);
        job.map_or(0, |job| usize::try_from(job.total - job.done).unwrap_or_default())
    }

    pub async fn sales_unit(&self, msn: &Msn) -> Result<SalesUnitView, Failure> {
        let scope = &self.row.scope;
        let mut tenant = self.portal.store().tenant(scope).await.map_err(unavailable)?;
        let unit = tenant.sales_unit(msn).await.map_err(unavailable)?.ok_or(Failure::NotFound)?;
        let (mut merchant, mut siblings, mut sibling_count) = (None, Vec::new(), 0);
        if let Some(business) = &unit.business_identifier {
            merchant = tenant.merchant(business).await.map_err(unavailable)?;
            (siblings, sibling_count) =
                tenant.sibling_sales_units(business, msn, SIBLINGS).await.map_err(unavailable)?;
        }
        let price_package = self.price_package_of(&mut tenant, &unit).await?;
        Ok(SalesUnitView { unit, merchant, siblings, sibling_count, price_package })
    }

    /// Asks upstream for one sales unit now, and for its merchant.
    pub async fn refresh_sales_unit(&self, msn: &Msn) -> Result<(), Failure> {
        let scope = &self.row.scope;
        let mut tenant = self.portal.store().tenant(scope).await.map_err(unavailable)?;
        tenant.sales_unit(msn).await.map_err(unavailable)?.ok_or(Failure::NotFound)?;
        drop(tenant);
        sync::refresh_sales_unit(&self.portal, &scope.copy, msn).await
    }

    /// Whether the list of sales units is being fetched, or about to be.
    pub fn awaits_sales_units(&self) -> bool {
        self.row.copy.jobs.iter().any(|job| job.resource == sync::sales_units::NAME && job.under_way)
    }

    /// Calls for a resource to be fetched anew; the sync does it as soon as it can.
    pub async fn call_for_sync(&self, resource: &str) -> Result<(), Failure> {
        if !self.row.copy.has_keys {
            return Err(Failure::NoKeys);
        }
        if !self.row.copy.asked.of(sync::api(resource)) {
            return Err(self.not_asked());
        }
        let store = self.portal.store();
        store.call_for_sync(&self.row.scope.copy, resource).await.map_err(unavailable)?;
        self.portal.sync_bell().notify_one();
        Ok(())
    }

    /// Remembers the organisation for the list of recent ones, without keeping the page waiting.
    fn note_use(&self) {
        if self.row.stale_use {
            let (portal, staff, organisation) = (self.portal.clone(), self.staff, self.row.organisation.id.clone());
            tokio::spawn(async move {
                if let Err(error) = portal.store().note_acting(staff, &organisation).await {
                    tracing::warn!(%error, "the last use of an organisation could not be noted");
                }
            });
        }
    }
}
