//! Which price packages of the list are shown; stands in the address.

use super::price_package::KnownPricePackage;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PricePackageFilter {
    /// A two-letter country code.
    pub market: Option<String>,
    /// Upstream's word for a product.
    pub product: Option<String>,
}

impl PricePackageFilter {
    /// Takes over a parameter of the address. False if it is none of these.
    pub fn set(&mut self, key: &str, value: &str) -> bool {
        let place = match key {
            "market" => &mut self.market,
            "product" => &mut self.product,
            _ => return false,
        };
        *place = Some(value.to_owned()).filter(|value| !value.is_empty());
        true
    }

    pub fn shows(&self, known: &KnownPricePackage) -> bool {
        let package = &known.package;
        self.market.as_deref().is_none_or(|market| package.market.as_deref() == Some(market))
            && self.product.as_deref().is_none_or(|product| package.product_type.upstream() == Some(product))
    }

    /// Every part that is chosen, as key and value of the address.
    pub fn chosen(&self) -> Vec<(&'static str, String)> {
        let parts = [("market", &self.market), ("product", &self.product)];
        parts.into_iter().filter_map(|(key, value)| Some((key, value.clone()?))).collect()
    }
}
