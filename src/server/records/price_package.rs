use serde::Serialize;
use utoipa::ToSchema;

use super::moment;
use crate::domain::freshness::machine;
use crate::domain::price_package::KnownPricePackage;

/// A price package and what uses it. Upstream does not tell of any sales unit which one it has: that is known from
/// product orders and from what was noted by hand.
#[derive(Serialize, ToSchema)]
pub struct PricePackageRecord {
    pub id: String,
    pub name: String,
    /// What a payment costs.
    #[schema(example = "2.99%")]
    pub description: String,
    #[schema(example = "PAYMENT_INTEGRATION")]
    pub product_type: Option<String>,
    /// Two-letter country code.
    #[schema(example = "NO")]
    pub market: Option<String>,
    /// The partner's share.
    #[schema(example = "30 %")]
    pub commission: Option<String>,
    pub visible_in_signup_form: Option<bool>,
    pub templates: u64,
    pub orders: u64,
    pub sales_units: u64,
    #[schema(format = DateTime)]
    pub first_seen_at: String,
    #[schema(format = DateTime)]
    pub gone_at: Option<String>,
}

impl From<KnownPricePackage> for PricePackageRecord {
    fn from(known: KnownPricePackage) -> Self {
        let package = known.package;
        Self {
            id: package.id,
            name: package.name,
            description: package.description,
            product_type: package.product_type.upstream().map(ToOwned::to_owned),
            market: package.market,
            commission: package.commission,
            visible_in_signup_form: package.visible_in_signup_form.into(),
            templates: known.templates.len() as u64,
            orders: known.orders as u64,
            sales_units: known.units as u64,
            first_seen_at: machine(known.first_seen_at),
            gone_at: moment(known.gone_at),
        }
    }
}
