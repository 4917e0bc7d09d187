//! A program that acts as an organisation, by a token of the organisation.

use futures::{FutureExt, TryFutureExt};
use uuid::Uuid;

use crate::domain::failure::Failure;
use crate::domain::identifiers::{BusinessIdentifier, Msn};
use crate::domain::organisation::{OrgId, OrganisationKind};
use crate::server::Portal;
use crate::server::ordering::{self, patiently};
use crate::server::store::as_upstream::Copied;
use crate::server::store::{Scope, Tenant, unavailable};
use crate::server::sync;

#[derive(Clone)]
pub struct Program {
    portal: Portal,
    scope: Scope,
    kind: OrganisationKind,
}

/// Something that the Management API tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    SalesUnits,
    SalesUnit(Msn),
    Merchant(BusinessIdentifier),
    MerchantsSalesUnits(BusinessIdentifier),
    ProductOrders { with_expired: bool },
    ProductOrder(Uuid),
    PricePackages,
}

impl Program {
    /// None if there is no such organisation. Only a token of the organisation makes one of these.
    pub(in super::super) async fn acting_as(portal: &Portal, organisation: &OrgId) -> Result<Option<Self>, Failure> {
        let found = portal.store().scope_of(organisation).await.map_err(unavailable)?;
        Ok(found.map(|(kind, scope)| Self { portal: portal.clone(), scope, kind }))
    }

    /// What the copy has of it; none if it has nothing of the kind.
    pub async fn copied(&self, told: &Told) -> Result<Option<Copied>, Failure> {
        self.may_know(told)?;
        let mut tenant: Tenant<'_> = self.portal.store().tenant(&self.scope).await.map_err(unavailable)?;
        match told {
            Told::SalesUnits => tenant.sales_units_as_upstream(None).await,
            Told::SalesUnit(msn) => tenant.sales_unit_as_upstream(msn).await,
            Told::Merchant(business) => tenant.merchant_as_upstream(business).await,
            Told::MerchantsSalesUnits(business) => tenant.sales_units_as_upstream(Some(business)).await,
            Told::ProductOrders { with_expired } => tenant.product_orders_as_upstream(*with_expired).await,
            Told::ProductOrder(id) => tenant.product_order_as_upstream(*id).await,
            Told::PricePackages => tenant.price_packages_as_upstream().await,
        }
        .map_err(unavailable)
    }

    /// Has upstream asked for it now, and takes over what it says.
    pub async fn refresh(&self, told: &Told) -> Result<(), Failure> {
        self.may_know(told)?;
        let (portal, copy) = (&self.portal, &self.scope.copy);
        match told {
            Told::SalesUnits | Told::MerchantsSalesUnits(_) => self.fetch(sync::sales_units::NAME).await,
            Told::SalesUnit(msn) => sync::refresh_sales_unit(portal, copy, msn).await,
            Told::Merchant(business) => sync::merchants::refresh(portal, copy, business).await,
            Told::ProductOrders { .. } => self.fetch(sync::product_orders::NAME).await,
            Told::ProductOrder(id) => ordering::refresh(portal, &self.scope, *id).await,
            Told::PricePackages => self.fetch(sync::price_packages::NAME).await,
        }
    }

    /// Has the sync fetch a list, and waits a moment for it.
    async fn fetch(&self, resource: &'static str) -> Result<(), Failure> {
        // Keys are asked for first, so that one hears at once that there are none.
        self.portal.client_for_people(&self.scope.copy).await?;
        let (store, copy) = (self.portal.store(), &self.scope.copy);
        store.call_for_sync(copy, resource).await.map_err(unavailable)?;
        self.portal.sync_bell().notify_one();
        let awaits = || store.awaits_sync(copy, resource).map_err(unavailable).boxed();
        if patiently(awaits, |awaits| *awaits).await? { Err(Failure::UpstreamSilent) } else { Ok(()) }
    }

    /// What is between the partner and upstream does not exist for a merchant.
    fn may_know(&self, told: &Told) -> Result<(), Failure> {
        let is_everybodys = matches!(told, Told::SalesUnits | Told::SalesUnit(_));
        if is_everybodys || self.kind == OrganisationKind::Partner { Ok(()) } else { Err(Failure::NotFound) }
    }
}
