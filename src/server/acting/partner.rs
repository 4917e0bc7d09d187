//! What the organisation has chosen, what its upstream offers, and what that tells of the partner.

use futures::{FutureExt, TryFutureExt};
use time::OffsetDateTime;

use super::Acting;
use crate::domain::api_quality::FailingThreshold;
use crate::domain::failure::Failure;
use crate::domain::feedback::FeedbackAddress;
use crate::domain::freshness::Freshness;
use crate::domain::identifiers::{BusinessIdentifier, Msn};
use crate::domain::organisation::{Audience, Role};
use crate::domain::partner::{Partner, Proposal};
use crate::domain::sales_unit::SalesUnitChange;
use crate::server::changing::{self, Changing};
use crate::server::ordering::patiently;
use crate::server::store::unavailable;
use crate::server::sync;

impl Acting {
    /// Where feedback goes; for a merchant without keys, as the partner that serves it has chosen.
    pub fn feedback_address(&self) -> Option<FeedbackAddress> {
        self.row.feedback_address.as_deref().and_then(|address| FeedbackAddress::parse(address).ok())
    }

    /// Whether prefills carry the complianceData that only some upstreams still take.
    pub fn sends_compliance_data(&self) -> bool {
        self.row.sends_compliance_data
    }

    /// Whether upstream has a proposal; none if that has not been found out yet.
    pub fn offers(&self, proposal: Proposal) -> Option<bool> {
        self.probe(proposal).map(|(offered, _)| offered)
    }

    /// Whether upstream has a proposal, and when that was found out.
    pub fn probe(&self, proposal: Proposal) -> Option<(bool, OffsetDateTime)> {
        let probe = self.row.probes.iter().find(|probe| probe.proposal == proposal.word())?;
        Some((probe.offered, probe.checked_at))
    }

    /// How long ago upstream was asked what it offers.
    pub fn probing(&self) -> Freshness {
        self.freshness_of(&[sync::capabilities::NAME])
    }

    /// Has upstream asked anew what it offers, and waits a moment for its answers.
    pub async fn call_for_probing(&self) -> Result<(), Failure> {
        self.as_partner()?;
        self.may(Role::Operator)?;
        self.call_for_sync(sync::capabilities::NAME).await?;
        let (store, organisation) = (self.portal.store(), &self.row.scope.copy);
        let awaits = || store.awaits_sync(organisation, sync::capabilities::NAME).map_err(unavailable).boxed();
        patiently(awaits, |awaits| *awaits).await.map(drop)
    }

    /// What upstream says of the partner, and when it did; none if it does not tell.
    pub async fn partner_profile(&self) -> Result<Option<(Partner, OffsetDateTime)>, Failure> {
        if self.offers(Proposal::WhoAmI) != Some(true) {
            return Ok(None);
        }
        let mut tenant = self.partner_tenant().await?;
        tenant.partner_profile().await.map_err(unavailable)
    }

    /// The addresses of a merchant's contracts, and when they were fetched; none if upstream does
    /// not tell, or has not yet.
    pub async fn contracts(
        &self,
        business: &BusinessIdentifier,
    ) -> Result<Option<(Vec<String>, OffsetDateTime)>, Failure> {
        if self.offers(Proposal::Contracts) != Some(true) {
            return Ok(None);
        }
        let mut tenant = self.partner_tenant().await?;
        tenant.contracts(business).await.map_err(unavailable)
    }

    pub async fn save_settings(
        &self,
        feedback: Option<&FeedbackAddress>,
        sends_compliance_data: bool,
        failing: FailingThreshold,
    ) -> Result<(), Failure> {
        if !self.is_among(Audience::WithKeys) {
            return Err(Failure::NotFound);
        }
        self.may(Role::Admin)?;
        let organisation = &self.organisation().id;
        let store = self.portal.store();
        store.save_settings(organisation, feedback, sends_compliance_data, failing).await.map_err(unavailable)?;
        let feedback = feedback.map_or("none", FeedbackAddress::href);
        tracing::info!(%organisation, by = self.email(), feedback, sends_compliance_data, ?failing, "the settings were changed");
        Ok(())
    }

    /// Changes one of the partner's sales units upstream.
    pub async fn change_sales_unit(&self, msn: &Msn, change: SalesUnitChange) -> Result<Changing, Failure> {
        self.as_partner()?;
        self.may(Role::Operator)?;
        let scope = &self.row.scope;
        let mut tenant = self.portal.store().tenant(scope).await.map_err(unavailable)?;
        tenant.sales_unit(msn).await.map_err(unavailable)?.ok_or(Failure::NotFound)?;
        drop(tenant);
        if self.offers(Proposal::ChangeSalesUnit) != Some(true) {
            return Ok(Changing::NotOffered);
        }
        changing::change_sales_unit(&self.portal, scope, msn.clone(), change, self.email().to_owned()).await
    }
}
