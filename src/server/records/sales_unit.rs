use serde::Serialize;
use utoipa::ToSchema;

use super::{Recorded, moment};
use crate::domain::columns::{self, Column};
use crate::domain::organisation::Audience;
use crate::domain::sales_unit::SalesUnitRow;
use crate::server::store::sales_unit_list::SalesUnits;
use crate::server::sync;

/// A sales unit. What is null has not been told, or not been fetched yet; see `details_at`.
#[derive(Serialize, ToSchema)]
pub struct SalesUnitRecord {
    #[schema(example = "654321")]
    pub msn: String,
    #[schema(example = "Kaffebrenneriet Grünerløkka")]
    pub name: Option<String>,
    #[schema(example = "business:NO:ORG")]
    pub business_scheme: Option<String>,
    #[schema(example = "918713867")]
    pub business_id: Option<String>,
    #[schema(example = "Kaffebrenneriet AS")]
    pub merchant_name: Option<String>,
    /// `ReserveCapture`, `DirectCapture` or `NotApplicable`; upstream may tell others.
    #[schema(example = "ReserveCapture")]
    pub capture_type: Option<String>,
    pub payment_allowed: Option<bool>,
    pub recurring_allowed: Option<bool>,
    pub skip_landing_page_allowed: Option<bool>,
    pub partial_capture_allowed: Option<bool>,
    pub late_capture_allowed: Option<bool>,
    pub landing_page_phone_number_locked: Option<bool>,
    pub long_living_payment_allowed: Option<bool>,
    pub credit_card_payment_allowed: Option<bool>,
    /// When upstream last gave the details.
    #[schema(format = DateTime)]
    pub details_at: Option<String>,
    /// When upstream stopped showing it.
    #[schema(format = DateTime)]
    pub gone_at: Option<String>,
}

impl Recorded for SalesUnits {
    type Record = SalesUnitRecord;

    const NAME: &'static str = "sales-units";
    const COLUMNS: &'static [Column] = columns::SALES_UNITS;
    const RESOURCES: &'static [&'static str] =
        &[sync::sales_units::NAME, sync::sales_unit_details::NAME, sync::merchants::NAME];
    const AUDIENCE: Audience = Audience::Everybody;
}

impl From<SalesUnitRow> for SalesUnitRecord {
    fn from(row: SalesUnitRow) -> Self {
        let (business_scheme, business_id) =
            row.business_identifier.map(|business| (business.scheme, business.id)).unzip();
        let told = row.configuration;
        Self {
            msn: row.msn.to_string(),
            name: row.name,
            business_scheme,
            business_id,
            merchant_name: row.merchant_name,
            capture_type: told.capture_type.upstream().map(ToOwned::to_owned),
            payment_allowed: told.payment_allowed.into(),
            recurring_allowed: told.recurring_allowed.into(),
            skip_landing_page_allowed: told.skip_landing_page_allowed.into(),
            partial_capture_allowed: told.partial_capture_allowed.into(),
            late_capture_allowed: told.late_capture_allowed.into(),
            landing_page_phone_number_locked: told.landing_page_phone_number_locked.into(),
            long_living_payment_allowed: told.long_living_payment_allowed.into(),
            credit_card_payment_allowed: told.credit_card_payment_allowed.into(),
            details_at: moment(row.details_at),
            gone_at: moment(row.gone_at),
        }
    }
}
