use serde::Serialize;
use utoipa::ToSchema;

use super::{Recorded, moment};
use crate::domain::agreement::{AgreementRow, Pricing, StoppedBy};
use crate::domain::columns::{self, Column};
use crate::domain::organisation::Audience;
use crate::domain::phone_number::PhoneNumber;
use crate::domain::standing::{State, Told};
use crate::server::store::agreement_list::Agreements;
use crate::server::sync;

/// A recurring agreement with one of the merchant's customers. Amounts are minor units.
#[derive(Serialize, ToSchema)]
pub struct AgreementRecord {
    #[schema(example = "agr_5kSeqz")]
    pub id: String,
    /// `PENDING`, `ACTIVE`, `STOPPED` or `EXPIRED`; upstream may tell others.
    #[schema(example = "ACTIVE")]
    pub state: Option<String>,
    /// Who stopped it, where that is known: `stoppedByMerchant`, `stoppedByUser` or `stoppedByVipps`.
    pub stopped_by: Option<&'static str>,
    pub product_name: String,
    /// `fixed`, `variable`, `flexible`, or upstream's word for another kind.
    #[schema(example = "fixed")]
    pub pricing: String,
    /// The price, or the most that is charged at a time.
    pub amount: Option<i64>,
    #[schema(example = "NOK")]
    pub currency: Option<String>,
    /// How often a charge comes: `month`, `2 weeks`; null for at any time.
    #[schema(example = "every month")]
    pub interval: Option<String>,
    #[schema(format = DateTime)]
    pub started_at: Option<String>,
    #[schema(format = DateTime)]
    pub stopped_at: Option<String>,
    /// The merchant's own name for it.
    pub external_id: Option<String>,
    /// The last digits only.
    #[schema(example = "+47 •••••678")]
    pub phone_number_masked: Option<String>,
    #[schema(format = Date)]
    pub next_charge_on: Option<String>,
    pub next_charge_amount: Option<i64>,
    #[schema(format = Date)]
    pub last_charge_on: Option<String>,
    pub last_charge_amount: Option<i64>,
    /// Such as `CHARGED` or `FAILED`.
    #[schema(example = "CHARGED")]
    pub last_charge_state: Option<&'static str>,
    #[schema(format = DateTime)]
    pub gone_at: Option<String>,
}

impl Recorded for Agreements {
    type Record = AgreementRecord;

    const NAME: &'static str = "agreements";
    const COLUMNS: &'static [Column] = columns::AGREEMENTS;
    const RESOURCES: &'static [&'static str] = &[sync::agreements::NAME, sync::charges::NAME];
    const AUDIENCE: Audience = Audience::MerchantsWithKeys;
}

impl From<AgreementRow> for AgreementRecord {
    fn from(row: AgreementRow) -> Self {
        let (pricing, amount) = match &row.pricing {
            Pricing::Fixed(price) => ("fixed", Some(price.minor)),
            Pricing::Variable { suggested_max, max } => ("variable", Some(max.as_ref().unwrap_or(suggested_max).minor)),
            Pricing::Flexible(_) => ("flexible", None),
            Pricing::Other { kind, amount } => (kind.as_str(), amount.as_ref().map(|amount| amount.minor)),
        };
        let (next, last) = (row.charges.next, row.charges.last);
        Self {
            state: match &row.state {
                Told::Known(state) => Some(state.upstream().to_owned()),
                Told::Other(word) => Some(word.clone()),
                Told::Nothing => None,
            },
            stopped_by: row.stopped_by.map(StoppedBy::word_of_v1),
            pricing: pricing.to_owned(),
            amount,
            currency: row.pricing.currency().map(|currency| currency.code().to_owned()),
            interval: row.interval.map(|interval| interval.to_string()),
            started_at: moment(row.start),
            stopped_at: moment(row.stop),
            phone_number_masked: row.phone_number.as_ref().map(PhoneNumber::masked),
            next_charge_on: next.map(|next| next.due.to_string()),
            next_charge_amount: next.map(|next| next.amount),
            last_charge_on: last.map(|last| last.on.to_string()),
            last_charge_amount: last.map(|last| last.amount),
            last_charge_state: last.map(|last| last.state.upstream()),
            gone_at: moment(row.gone_at),
            id: row.id,
            product_name: row.product_name,
            external_id: row.external_id,
        }
    }
}
