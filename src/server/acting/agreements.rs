//! Recurring agreements and their charges, as the merchant sees them whose keys open them.

use futures::FutureExt;
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use super::{Acting, PAGE_SIZE};
use crate::domain::agreement::change::{Change, ChangeOutcome, ChangeRecord};
use crate::domain::agreement::draft::Draft;
use crate::domain::agreement::{AgreementRow, KnownAgreement, RecurringVersion};
use crate::domain::agreement_filter::AgreementQuery;
use crate::domain::charge::{FailedCharge, FailedGroup, FailureReason, KnownCharge};
use crate::domain::failed_charges::After;
use crate::domain::failure::Failure;
use crate::domain::freshness::Freshness;
use crate::domain::money::Currency;
use crate::domain::organisation::{Audience, Role};
use crate::domain::page::Page;
use crate::server::agreeing;
use crate::server::ordering::patiently;
use crate::server::records::Recorded;
use crate::server::store::agreement_list::Agreements;
use crate::server::store::{Tenant, unavailable};
use crate::server::sync;

/// Charges that an agreement's page shows; there are honest counts beside them.
pub const CHARGES_SHOWN: i64 = 100;
/// Failed charges that are shown of each reason at first, and on a page of one reason.
const FAILED_SHOWN: usize = 8;
pub const FAILED_PAGE: usize = 50;

/// An agreement with what belongs beside it.
#[derive(Clone, Debug)]
pub struct AgreementView {
    pub known: KnownAgreement,
    /// The latest first.
    pub charges: Vec<KnownCharge>,
    pub charge_count: usize,
    /// What was changed from here, the latest first.
    pub changes: Vec<ChangeRecord>,
    /// None: not known yet, and nothing can be changed.
    pub version: Option<RecurringVersion>,
}

/// A charge with what belongs beside it.
#[derive(Clone, Debug)]
pub struct ChargeView {
    pub agreement: KnownAgreement,
    pub known: KnownCharge,
    pub changes: Vec<ChangeRecord>,
    pub version: Option<RecurringVersion>,
}

/// The failed charges of one reason: all of them counted, some of them shown.
#[derive(Clone, Debug)]
pub struct FailedCharges {
    pub group: FailedGroup,
    pub charges: Vec<FailedCharge>,
}

impl Acting {
    /// Agreements are between a merchant and its customers: they do not exist for a partner, nor for a merchant that
    /// is served from a partner's copy.
    pub(super) fn as_merchant(&self) -> Result<(), Failure> {
        if self.is_among(Audience::MerchantsWithKeys) { Ok(()) } else { Err(Failure::NotFound) }
    }

    pub fn has_agreements(&self) -> bool {
        self.as_merchant().is_ok()
    }

    /// The rows of such a merchant; the only way to agreements.
    async fn merchant_tenant(&self) -> Result<Tenant<'_>, Failure> {
        self.as_merchant()?;
        self.portal.store().tenant(&self.row.scope).await.map_err(unavailable)
    }

    pub async fn agreements(&self, query: &AgreementQuery) -> Result<Page<AgreementRow>, Failure> {
        self.page::<Agreements>(query, PAGE_SIZE).await
    }

    pub async fn agreement(&self, id: &str) -> Result<AgreementView, Failure> {
        let mut tenant = self.merchant_tenant().await?;
        let known = known_agreement(&mut tenant, id).await?;
        let (charges, charge_count) = tenant.charges(id, CHARGES_SHOWN).await.map_err(unavailable)?;
        let changes = tenant.agreement_changes(id, OffsetDateTime::now_utc()).await.map_err(unavailable)?;
        let version = tenant.recurring_version().await.map_err(unavailable)?;
        Ok(AgreementView { known, charges, charge_count, changes, version })
    }

    pub async fn charge(&self, agreement_id: &str, id: &str) -> Result<ChargeView, Failure> {
        let mut tenant = self.merchant_tenant().await?;
        let agreement = known_agreement(&mut tenant, agreement_id).await?;
        if id.contains('\0') {
            return Err(Failure::NotFound);
        }
        let known = tenant.charge(agreement_id, id).await.map_err(unavailable)?.ok_or(Failure::NotFound)?;
        let changes = tenant.agreement_changes(agreement_id, OffsetDateTime::now_utc()).await.map_err(unavailable)?;
        let changes = changes.into_iter().filter(|change| change.charge_id.as_deref() == Some(id)).collect();
        let version = tenant.recurring_version().await.map_err(unavailable)?;
        Ok(ChargeView { agreement, known, changes, version })
    }

    /// How old the copy of the agreements is, and why.
    pub fn freshness_of_agreements(&self) -> Freshness {
        self.freshness_of(Agreements::RESOURCES)
    }

    /// Calls for the agreements to be listed anew.
    pub async fn refresh_agreements(&self) -> Result<(), Failure> {
        self.as_merchant()?;
        self.call_for_sync(sync::agreements::NAME).await
    }

    /// Asks upstream for one agreement and its charges now.
    pub async fn refresh_agreement(&self, id: &str) -> Result<(), Failure> {
        known_agreement(&mut self.merchant_tenant().await?, id).await?;
        agreeing::refresh(&self.portal, &self.row.scope, id).await
    }

    /// The version of the API that is spoken; none as long as that is not known.
    pub async fn recurring_version(&self) -> Result<Option<RecurringVersion>, Failure> {
        self.merchant_tenant().await?.recurring_version().await.map_err(unavailable)
    }

    /// The version that an admin has chosen; none: whatever upstream speaks.
    pub async fn chosen_recurring_version(&self) -> Result<Option<RecurringVersion>, Failure> {
        self.merchant_tenant().await?.chosen_recurring_version().await.map_err(unavailable)
    }

    pub async fn choose_recurring_version(&self, chosen: Option<RecurringVersion>) -> Result<(), Failure> {
        self.as_merchant()?;
        self.may(Role::Admin)?;
        let (store, organisation) = (self.portal.store(), &self.organisation().id);
        store.choose_recurring_version(organisation, chosen).await.map_err(unavailable)?;
        tracing::info!(%organisation, by = self.email(), ?chosen, "the version of the Recurring API was chosen");
        self.call_for_sync(sync::agreements::NAME).await
    }

    /// Offers an agreement to a customer. The form's key makes sure that it is offered once.
    pub async fn draft_agreement(&self, key: Uuid, draft: Draft) -> Result<ChangeRecord, Failure> {
        let currency = draft.pricing.currency().cloned();
        self.change(key, None, Change::Draft(draft), currency.as_ref()).await
    }

    /// Changes an agreement or one of its charges. The form's key makes sure that it is done once.
    pub async fn change_agreement(&self, key: Uuid, id: &str, change: Change) -> Result<ChangeRecord, Failure> {
        let mut tenant = self.merchant_tenant().await?;
        let agreement = known_agreement(&mut tenant, id).await?.agreement;
        let of_charge = match change.charge() {
            Some(charge) => Some(tenant.charge(id, charge).await.map_err(unavailable)?.ok_or(Failure::NotFound)?),
            None => None,
        };
        drop(tenant);
        let of_charge = of_charge.and_then(|known| known.charge.currency);
        let currency = of_charge.or_else(|| agreement.pricing.currency().cloned());
        self.change(key, Some(id), change, currency.as_ref()).await
    }

    async fn change(
        &self,
        key: Uuid,
        agreement_id: Option<&str>,
        change: Change,
        currency: Option<&Currency>,
    ) -> Result<ChangeRecord, Failure> {
        self.as_merchant()?;
        self.may(Role::Operator)?;
        agreeing::change(&self.portal, &self.row.scope, key, agreement_id, change, currency, self.email()).await?;
        self.finished_change(key).await
    }

    /// Sends a change once more of which it is not known whether it has arrived.
    pub async fn change_again(&self, key: Uuid) -> Result<ChangeRecord, Failure> {
        self.may(Role::Operator)?;
        self.agreement_change(key).await?;
        agreeing::change_again(&self.portal, &self.row.scope, key).await?;
        self.finished_change(key).await
    }

    /// A change that was made, or is being made, from here.
    pub async fn agreement_change(&self, key: Uuid) -> Result<ChangeRecord, Failure> {
        let mut tenant = self.merchant_tenant().await?;
        let change = tenant.agreement_change(key, OffsetDateTime::now_utc()).await.map_err(unavailable)?;
        change.ok_or(Failure::NotFound)
    }

    /// What became of a form that was sent before; none if it has not been.
    pub async fn change_sent(&self, key: Uuid) -> Result<Option<ChangeRecord>, Failure> {
        self.as_merchant()?;
        match self.finished_change(key).await {
            Ok(change) => Ok(Some(change)),
            Err(Failure::NotFound) => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// The same once it is no longer under way; whoever asks waits a moment for that.
    async fn finished_change(&self, key: Uuid) -> Result<ChangeRecord, Failure> {
        let under_way = |change: &ChangeRecord| change.outcome == ChangeOutcome::UnderWay;
        patiently(|| self.agreement_change(key).boxed(), under_way).await
    }

    /// The charges that have failed since a day, by reason; of each the latest.
    pub async fn failed_charges(&self, since: Date) -> Result<Vec<FailedCharges>, Failure> {
        let mut tenant = self.merchant_tenant().await?;
        let mut failed = Vec::new();
        for group in tenant.failed_groups(since).await.map_err(unavailable)? {
            let charges = tenant.failed_charges(since, group.reason.as_ref(), None, FAILED_SHOWN).await;
            failed.push(FailedCharges { group, charges: charges.map_err(unavailable)? });
        }
        Ok(failed)
    }

    /// How many charges have failed since a day.
    pub async fn count_failed_charges(&self, since: Date) -> Result<usize, Failure> {
        let groups = self.merchant_tenant().await?.failed_groups(since).await.map_err(unavailable)?;
        Ok(groups.iter().map(|group| group.count).sum())
    }

    /// A page of those that have failed for one reason; none if there are none.
    pub async fn failed_charges_for(
        &self,
        since: Date,
        reason: Option<&FailureReason>,
        after: Option<&After>,
    ) -> Result<Option<FailedCharges>, Failure> {
        let mut tenant = self.merchant_tenant().await?;
        let groups = tenant.failed_groups(since).await.map_err(unavailable)?;
        let Some(group) = groups.into_iter().find(|group| group.reason.as_ref() == reason) else { return Ok(None) };
        let charges = tenant.failed_charges(since, reason, after, FAILED_PAGE).await.map_err(unavailable)?;
        Ok(Some(FailedCharges { group, charges }))
    }
}

async fn known_agreement(tenant: &mut Tenant<'_>, id: &str) -> Result<KnownAgreement, Failure> {
    // What the database could not even be asked for.
    if id.contains('\0') {
        return Err(Failure::NotFound);
    }
    tenant.agreement(id).await.map_err(unavailable)?.ok_or(Failure::NotFound)
}
