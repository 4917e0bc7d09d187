use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Recorded, moment};
use crate::domain::columns::{self, Column};
use crate::domain::freshness::machine;
use crate::domain::organisation::Audience;
use crate::domain::product_order::ProductOrderRow;
use crate::server::store::product_orders::ProductOrders;
use crate::server::sync;

/// A product order that names the partner.
#[derive(Serialize, ToSchema)]
pub struct ProductOrderRecord {
    /// The portal's own id of it.
    pub id: Uuid,
    /// Upstream's id, once it is known.
    pub product_order_id: Option<Uuid>,
    /// `PREFILL`, `TEMPLATE` or `MANUAL`; upstream may tell others.
    #[schema(example = "PREFILL")]
    pub kind: Option<String>,
    #[schema(example = "PAYMENT_INTEGRATION")]
    pub product_type: Option<String>,
    #[schema(example = "MERCHANT_VIEWED")]
    pub status: Option<String>,
    /// Since when it has that status, as far as the portal has seen.
    #[schema(format = DateTime)]
    pub status_at: String,
    #[schema(example = "business:NO:ORG")]
    pub business_scheme: Option<String>,
    #[schema(example = "918713867")]
    pub business_id: Option<String>,
    pub merchant_name: Option<String>,
    pub sales_unit_name: Option<String>,
    pub msn: Option<String>,
    /// The link to the form that is filled in.
    pub url: Option<String>,
    /// When upstream took it, at the earliest; or else when it was first seen.
    #[schema(format = DateTime)]
    pub begun_at: String,
    pub sent_here: bool,
    /// How sending it from here went: `sending`, `sent`, `unknown`, `missing` or `refused`.
    #[schema(example = "sent")]
    pub delivery: Option<String>,
    pub template_name: Option<String>,
    #[schema(format = DateTime)]
    pub expires_at: Option<String>,
    #[schema(format = DateTime)]
    pub deleted_at: Option<String>,
    #[schema(format = DateTime)]
    pub gone_at: Option<String>,
}

impl Recorded for ProductOrders {
    type Record = ProductOrderRecord;

    const NAME: &'static str = "product-orders";
    const COLUMNS: &'static [Column] = columns::PRODUCT_ORDERS;
    const RESOURCES: &'static [&'static str] = &[sync::product_orders::NAME];
    const AUDIENCE: Audience = Audience::PartnersAndServed;
}

impl From<ProductOrderRow> for ProductOrderRecord {
    fn from(row: ProductOrderRow) -> Self {
        let expires_at = moment(row.expires_at());
        let (business_scheme, business_id) =
            row.business_identifier.map(|business| (business.scheme, business.id)).unzip();
        let owned = |word: Option<&str>| word.map(ToOwned::to_owned);
        Self {
            id: row.id,
            product_order_id: row.upstream_id,
            kind: owned(row.kind.upstream()),
            product_type: owned(row.product_type.upstream()),
            status: owned(row.status.upstream()),
            status_at: machine(row.status_at),
            business_scheme,
            business_id,
            merchant_name: row.merchant_name,
            sales_unit_name: row.sales_unit_name,
            msn: row.msn.map(|msn| msn.to_string()),
            url: row.url,
            begun_at: machine(row.begun_at),
            sent_here: row.sent_here,
            delivery: row.delivery.map(|delivery| delivery.word().to_owned()),
            template_name: row.template_name,
            expires_at,
            deleted_at: moment(row.deleted_at),
            gone_at: moment(row.gone_at),
        }
    }
}
