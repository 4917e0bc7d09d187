//! Recurring agreements, as the merchant sees them whose keys open them.

use super::{Acting, PAGE_SIZE};
use crate::domain::agreement::{AgreementRow, KnownAgreement};
use crate::domain::agreement_filter::AgreementQuery;
use crate::domain::failure::Failure;
use crate::domain::freshness::Freshness;
use crate::domain::page::Page;
use crate::server::store::agreement_list::Agreements;
use crate::server::store::unavailable;
use crate::server::sync;

impl Acting {
    /// Agreements are between a merchant and its customers: they do not exist for a partner, nor for a merchant that
    /// is served from a partner's copy.
    fn as_merchant(&self) -> Result<(), Failure> {
        if self.is_partner() || self.served_by().is_some() { Err(Failure::NotFound) } else { Ok(()) }
    }

    pub fn has_agreements(&self) -> bool {
        self.as_merchant().is_ok()
    }

    pub async fn agreements(&self, query: &AgreementQuery) -> Result<Page<AgreementRow>, Failure> {
        self.as_merchant()?;
        let store = self.portal.store();
        store.page::<Agreements>(&self.row.scope, self.row.copy.version, query, PAGE_SIZE).await.map_err(unavailable)
    }

    pub async fn agreement(&self, id: &str) -> Result<KnownAgreement, Failure> {
        self.as_merchant()?;
        // What the database could not even be asked for.
        if id.contains('\0') {
            return Err(Failure::NotFound);
        }
        let mut tenant = self.portal.store().tenant(&self.row.scope).await.map_err(unavailable)?;
        tenant.agreement(id).await.map_err(unavailable)?.ok_or(Failure::NotFound)
    }

    /// How old the copy of the agreements is, and why.
    pub fn freshness_of_agreements(&self) -> Freshness {
        self.freshness_of(&[sync::agreements::NAME])
    }

    /// Calls for the agreements to be listed anew.
    pub async fn refresh_agreements(&self) -> Result<(), Failure> {
        self.as_merchant()?;
        self.call_for_sync(sync::agreements::NAME).await
    }
}
