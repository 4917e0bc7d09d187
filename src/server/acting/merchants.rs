//! Merchants, as the partner sees them to whom their sales units are connected.

use time::OffsetDateTime;

use super::{Acting, PAGE_SIZE};
use crate::domain::failure::Failure;
use crate::domain::freshness::Freshness;
use crate::domain::identifiers::BusinessIdentifier;
use crate::domain::merchant::{KnownMerchant, MerchantRow, OwnedSalesUnit, Viewed};
use crate::domain::merchant_filter::{MerchantFilter, MerchantQuery};
use crate::domain::page::Page;
use crate::domain::product_order::ProductOrderRow;
use crate::server::records::Recorded;
use crate::server::store::merchant_list::Merchants;
use crate::server::store::unavailable;
use crate::server::sync;

/// Sales units that are shown on a merchant's page.
const UNITS: i64 = 50;
/// Product orders that are shown on a merchant's page.
const ORDERS: i64 = 20;

/// A merchant with what belongs beside it.
#[derive(Clone, Debug)]
pub struct MerchantView {
    pub merchant: KnownMerchant,
    /// Its first units, by name, those that are gone at the end.
    pub units: Vec<OwnedSalesUnit>,
    /// How many units there are in all.
    pub unit_count: usize,
    /// The latest of its product orders.
    pub orders: Vec<ProductOrderRow>,
    /// As [`Acting::contracts`] gives them.
    pub contracts: Option<(Vec<String>, OffsetDateTime)>,
    /// As [`Acting::viewings`] gives them.
    pub viewings: Option<Vec<Viewed>>,
}

impl Acting {
    pub async fn merchants(&self, query: &MerchantQuery) -> Result<Page<MerchantRow>, Failure> {
        self.page::<Merchants>(query, PAGE_SIZE).await
    }

    /// How many merchants match.
    pub async fn count_merchants(&self, filter: &MerchantFilter) -> Result<usize, Failure> {
        Ok(self.page::<Merchants>(&filter.clone().into(), 0).await?.matching)
    }

    /// How old the copy of the merchants is, and why.
    pub fn freshness_of_merchants(&self) -> Freshness {
        self.freshness_of(Merchants::RESOURCES)
    }

    pub async fn merchant(&self, business: &BusinessIdentifier) -> Result<MerchantView, Failure> {
        self.as_partner()?;
        let mut tenant = self.partner_tenant().await?;
        let merchant = tenant.known_merchant(business).await.map_err(unavailable)?.ok_or(Failure::NotFound)?;
        let (units, unit_count) = tenant.merchant_sales_units(business, UNITS).await.map_err(unavailable)?;
        let orders = tenant.product_orders_of(business, ORDERS).await.map_err(unavailable)?;
        drop(tenant);
        let contracts = self.contracts(business).await?;
        let viewings = self.viewings(business).await?;
        Ok(MerchantView { merchant, units, unit_count, orders, contracts, viewings })
    }

    /// Asks upstream for one merchant now.
    pub async fn refresh_merchant(&self, business: &BusinessIdentifier) -> Result<(), Failure> {
        self.as_partner()?;
        let mut tenant = self.partner_tenant().await?;
        tenant.known_merchant(business).await.map_err(unavailable)?.ok_or(Failure::NotFound)?;
        drop(tenant);
        sync::merchants::refresh(&self.portal, &self.row.scope.copy, business).await
    }
}
