//! What can be ordered, and at which price: product types, and each partner's price packages.

use std::collections::HashSet;

use fastrand::Rng;
use serde_json::{Value, json};
use uuid::Uuid;

use super::world::{Reach, World};
use crate::domain::identifiers::Market;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProductType {
    PaymentIntegration,
    Cashier,
    Checkout,
    Login,
    Donations,
}

impl ProductType {
    pub const ALL: [Self; 5] = [Self::PaymentIntegration, Self::Cashier, Self::Checkout, Self::Login, Self::Donations];
    pub const WORDS: [&str; 5] = ["PAYMENT_INTEGRATION", "CASHIER", "CHECKOUT", "LOGIN", "DONATIONS"];

    pub fn word(self) -> &'static str {
        Self::WORDS[self as usize]
    }

    /// In 2023's product orders; there were no donations then.
    pub fn word_of_2023(self) -> &'static str {
        ["VIPPS_PA_NETT", "VIPPS_I_KASSA", "VIPPS_CHECKOUT", "VIPPS_LOGG_INN", "VIPPS_PA_NETT"][self as usize]
    }

    /// In 2023's price packages, which had words of their own.
    fn package_word_of_2023(self) -> &'static str {
        ["ePayment", "ePaymentCustomerPresent", "checkout", "ePayment", "ePayment"][self as usize]
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|product| product.word() == word)
    }
}

pub struct PricePackage {
    pub id: Uuid,
    /// At most 30 characters.
    pub name: String,
    /// At most 6 characters.
    pub description: String,
    /// Merchants that order on their own may choose it.
    pub visible: bool,
    pub product_type: ProductType,
    pub market: Market,
    /// The partner's part of the price.
    pub commission: Option<&'static str>,
}

impl PricePackage {
    pub fn answer(&self, of_2023: bool) -> Value {
        let mut body = json!({
            "pricePackageId": self.id,
            "name": self.name,
            "description": self.description,
            "visibleInSignupForm": self.visible,
            "productType": self.product_type.word(),
            "market": self.market.code(),
            "commission": self.commission,
        });
        if of_2023 && let Some(fields) = body.as_object_mut() {
            fields.insert("productType".to_owned(), json!(self.product_type.package_word_of_2023()));
            fields.remove("market");
            fields.remove("commission");
        }
        body
    }
}

/// Name, hundredths of a percent, whether visible, and the product.
type Kind = (&'static str, u32, bool, ProductType);

/// What every partner has in the country it comes from.
const AT_HOME: [Kind; 4] = [
    ("Online standard", 290, true, ProductType::PaymentIntegration),
    ("Online high volume", 190, false, ProductType::PaymentIntegration),
    ("POS standard", 175, true, ProductType::Cashier),
    ("Checkout standard", 275, true, ProductType::Checkout),
];
const ABROAD: [Kind; 2] = [
    ("Online standard", 290, true, ProductType::PaymentIntegration),
    ("POS standard", 175, true, ProductType::Cashier),
];
const COMMISSIONS: [Option<&str>; 4] = [Some("30 %"), Some("25 %"), Some("20 %"), None];

/// Each partner's price packages, in an order that never changes.
pub struct PricePackages(Vec<Vec<PricePackage>>);

impl PricePackages {
    /// They depend on the seed, the partner's number and the countries of its units only.
    pub fn seeded(world: &World, partners: u16, seed: u64) -> Self {
        Self((0..partners).map(|partner| of_partner(world, partner, seed)).collect())
    }

    pub fn of(&self, partner: u16) -> &[PricePackage] {
        self.0.get(usize::from(partner)).map_or(&[], Vec::as_slice)
    }
}

fn of_partner(world: &World, partner: u16, seed: u64) -> Vec<PricePackage> {
    let mut rng = Rng::with_seed(seed ^ (u64::from(partner) + 1).wrapping_mul(0xd6e8_feb8_6659_fd93));
    let home = Market::ALL[usize::from(partner) % Market::ALL.len()];
    let markets: HashSet<Market> =
        world.units(Reach::Partner(partner)).map(|unit| world.merchant_of(unit).market).collect();
    let mut packages = Vec::with_capacity(8);
    for kind in AT_HOME {
        packages.push(package(&mut rng, kind, home));
    }
    // Drawn for every country, so that a larger world only adds packages.
    for market in Market::ALL.into_iter().filter(|market| *market != home) {
        for kind in ABROAD {
            let package = package(&mut rng, kind, market);
            if markets.contains(&market) {
                packages.push(package);
            }
        }
    }
    packages
}

fn package(rng: &mut Rng, (name, price, visible, product_type): Kind, market: Market) -> PricePackage {
    let price = price + 5 * rng.u32(0..12) - 25;
    PricePackage {
        id: uuid::Builder::from_random_bytes(rng.u128(..).to_be_bytes()).into_uuid(),
        name: format!("{name} {}", market.code()),
        description: format!("{}.{:02}%", price / 100, price % 100),
        visible,
        product_type,
        market,
        commission: COMMISSIONS[rng.usize(..COMMISSIONS.len())],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_partner_has_four_to_eight_within_upstreams_lengths() {
        let world = World::build(5, 2000, 666, 1);
        let packages = PricePackages::seeded(&world, 5, 1);
        let mut ids = HashSet::new();
        for partner in 0..5 {
            let list = packages.of(partner);
            assert!((4..=8).contains(&list.len()), "{}", list.len());
            for package in list {
                assert!(package.name.len() <= 30 && package.description.len() <= 6, "{}", package.description);
                assert!(ids.insert(package.id));
            }
        }
        let larger = PricePackages::seeded(&World::build(5, 5000, 1666, 1), 5, 1);
        assert_eq!(larger.of(0)[0].id, packages.of(0)[0].id);
        assert!(packages.of(9).is_empty());
        assert_eq!(PricePackages::seeded(&World::build(1, 0, 0, 1), 1, 1).of(0).len(), 4);
    }
}
