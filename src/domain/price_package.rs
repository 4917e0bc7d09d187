//! A price package: what a merchant pays, as agreed between the partner and Vipps MobilePay.

use super::product_order::ProductType;
use super::sales_unit::Flag;

/// What upstream tells of a price package. Names, markets and rates are upstream's words, shown as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PricePackage {
    /// Sent with a prefill to lock its price.
    pub id: String,
    pub name: String,
    /// What a payment costs, such as `2.99%`.
    pub description: String,
    pub product_type: ProductType,
    /// Two-letter country code.
    pub market: Option<String>,
    /// The partner's share, such as `30 %`.
    pub commission: Option<String>,
    pub visible_in_signup_form: Flag,
}
