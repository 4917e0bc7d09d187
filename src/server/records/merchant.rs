use serde::Serialize;
use utoipa::ToSchema;

use super::{Recorded, moment};
use crate::domain::columns::{self, Column};
use crate::domain::merchant::MerchantRow;
use crate::server::store::merchant_list::Merchants;
use crate::server::sync;

/// A merchant that owns a known sales unit, or that upstream has told of.
#[derive(Serialize, ToSchema)]
pub struct MerchantRecord {
    #[schema(example = "business:NO:ORG")]
    pub business_scheme: String,
    #[schema(example = "918713867")]
    pub business_id: String,
    #[schema(example = "Kaffebrenneriet AS")]
    pub name: Option<String>,
    /// `ACTIVE` or `DEACTIVATED`; upstream may tell others.
    #[schema(example = "ACTIVE")]
    pub status: Option<String>,
    /// How many sales units upstream shows of it.
    #[schema(example = 3)]
    pub sales_units: u64,
    /// When it was created upstream.
    #[schema(format = DateTime)]
    pub created_at: Option<String>,
    #[schema(format = DateTime)]
    pub fetched_at: Option<String>,
    /// When upstream stopped showing it.
    #[schema(format = DateTime)]
    pub gone_at: Option<String>,
}

impl Recorded for Merchants {
    type Record = MerchantRecord;

    const NAME: &'static str = "merchants";
    const COLUMNS: &'static [Column] = columns::MERCHANTS;
    const RESOURCES: &'static [&'static str] =
        &[sync::merchants::NAME, sync::sales_units::NAME, sync::sales_unit_details::NAME];
}

impl From<MerchantRow> for MerchantRecord {
    fn from(row: MerchantRow) -> Self {
        Self {
            business_scheme: row.business_identifier.scheme,
            business_id: row.business_identifier.id,
            name: row.name,
            status: row.status.upstream().map(ToOwned::to_owned),
            sales_units: row.units as u64,
            created_at: moment(row.created_at),
            fetched_at: moment(row.fetched_at),
            gone_at: moment(row.gone_at),
        }
    }
}
