//! Viewing the portal as one of a partner's merchants: seeing what its own people would see, and nothing more.
//!
//! Whoever is a member of the partner may, and may change nothing while doing so. Each time is noted, and shown to the
//! partner's admins.

use time::OffsetDateTime;

use super::{Acting, SignedIn};
use crate::domain::failure::Failure;
use crate::domain::identifiers::BusinessIdentifier;
use crate::domain::merchant::Viewed;
use crate::domain::organisation::{OrgId, Role};
use crate::server::store::acting::{ActingRow, Viewing};
use crate::server::store::{Scope, unavailable};

/// Times that are shown beside a merchant.
const VIEWINGS: i64 = 5;

impl SignedIn {
    /// None if there is no such view, or it is not for this person. What they see is noted before they see it.
    pub(super) async fn view_as(&self, view: &OrgId, in_use: bool) -> Result<Option<ActingRow>, Failure> {
        let store = self.portal.store();
        let row = store.viewing(self.staff, view).await.map_err(unavailable)?;
        if let Some((row, viewing)) = row.as_ref().and_then(|row| Some((row, row.viewing.as_ref()?))) {
            let partner = Scope::whole(viewing.partner.id.clone());
            let mut tenant = store.tenant(&partner).await.map_err(unavailable)?;
            let now = OffsetDateTime::now_utc();
            let noted = tenant.note_viewing(&viewing.business, self.staff, &row.email, in_use, now).await;
            noted.map_err(unavailable)?;
            tenant.commit().await.map_err(unavailable)?;
        }
        Ok(row)
    }
}

impl Acting {
    /// As which merchant one views, if so, and on behalf of whom.
    pub fn viewing(&self) -> Option<&Viewing> {
        self.row.viewing.as_ref()
    }

    pub fn is_viewing(&self) -> bool {
        self.viewing().is_some()
    }

    /// What stands in addresses for viewing as one of this partner's merchants.
    pub async fn view_of(&self, business: &BusinessIdentifier) -> Result<OrgId, Failure> {
        let mut tenant = self.partner_tenant().await?;
        let merchant = tenant.known_merchant(business).await.map_err(unavailable)?.ok_or(Failure::NotFound)?;
        drop(tenant);
        let partner = &self.organisation().id;
        let view = self.portal.store().merchant_view(partner, business, &merchant.name()).await.map_err(unavailable)?;
        tracing::info!(%partner, %view, by = self.email(), "somebody views as a merchant");
        Ok(view)
    }

    /// Who has lately viewed as a merchant, for the partner's admins; none for others.
    pub async fn viewings(&self, business: &BusinessIdentifier) -> Result<Option<Vec<Viewed>>, Failure> {
        if self.may(Role::Admin).is_err() {
            return Ok(None);
        }
        let mut tenant = self.partner_tenant().await?;
        tenant.viewings(business, VIEWINGS).await.map(Some).map_err(unavailable)
    }
}
