//! Management API: the price packages a partner can offer.

use serde_json::Value;

use super::error::Error;
use super::reading::{Fields, read_list};
use super::{Answer, Client};
use crate::domain::price_package::PricePackage;
use crate::domain::product_order::ProductType;

const PRICE_PACKAGES: &str = "/management/v1/partners/price-packages";

impl Client {
    /// Every price package of the partner. Entries without an id are left out.
    ///
    /// # Errors
    /// Any of [`Error`].
    pub async fn price_packages(&self) -> Result<Vec<Answer<PricePackage>>, Error> {
        let path = PRICE_PACKAGES.to_owned();
        read_price_packages(&self.account.get(self.lane, PRICE_PACKAGES, path, usize::MAX).await?)
    }
}

/// Reads a list of price packages in any of its shapes.
///
/// # Errors
/// [`Error::NotUnderstood`].
pub fn read_price_packages(body: &[u8]) -> Result<Vec<Answer<PricePackage>>, Error> {
    read_list("price packages", body, &["pricepackages"], read_price_package, |package| package.id.clone())
}

fn read_price_package(entry: &Value) -> Option<PricePackage> {
    let fields = Fields::of(entry, "pricepackage")?;
    Some(PricePackage {
        id: fields.first_text(&["pricepackageid", "id"])?,
        name: fields.text("name").unwrap_or_default(),
        description: fields.text("description").unwrap_or_default(),
        product_type: ProductType::from_upstream(fields.text("producttype").as_deref()),
        market: fields.text("market"),
        commission: fields.text("commission"),
        visible_in_signup_form: fields.flag("visibleinsignupform").into(),
    })
}
