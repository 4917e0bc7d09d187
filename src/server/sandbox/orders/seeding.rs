//! The orders that a world begins with: of every kind and status, spread over the last sixty days.

use fastrand::Rng;
use serde_json::json;
use time::{Duration, OffsetDateTime};

use super::{Kind, Order, Orders, Status};
use crate::domain::identifiers::{BusinessIdentifier, Market, check_digit_11};
use crate::server::sandbox::names;
use crate::server::sandbox::packages::{PricePackages, ProductType};
use crate::server::sandbox::prefill::{Prefill, is_name_character};
use crate::server::sandbox::world::{Merchant, Reach, SalesUnit, World, any_identifier, digits, written};

/// So many of a partner's units to one order; at least two of each of [`LIVES`].
const UNITS_PER_ORDER: usize = 15;
const LIVES: [(Kind, Status); 12] = [
    (Kind::Prefill, Status::Completed),
    (Kind::Prefill, Status::Received),
    (Kind::Prefill, Status::MerchantViewed),
    (Kind::Prefill, Status::OrderSubmitted),
    (Kind::Prefill, Status::Expired),
    (Kind::Prefill, Status::Rejected),
    (Kind::Template, Status::Completed),
    (Kind::Template, Status::Received),
    (Kind::Template, Status::Rejected),
    (Kind::Manual, Status::Completed),
    (Kind::Manual, Status::Received),
    (Kind::Manual, Status::Rejected),
];

impl Orders {
    /// The same seed always gives the same orders, as long before `now`.
    pub fn seeded(world: &World, packages: &PricePackages, partners: u16, seed: u64, now: OffsetDateTime) -> Self {
        let mut orders = Self::default();
        for partner in 0..partners {
            let rng = Rng::with_seed(seed ^ (u64::from(partner) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
            let mut list = Seeding::new(world, packages, partner, rng, now).orders();
            list.sort_by_key(|order| order.created);
            list.into_iter().for_each(|order| orders.add(order));
        }
        orders
    }
}

struct Seeding<'world> {
    world: &'world World,
    packages: &'world PricePackages,
    partner: u16,
    rng: Rng,
    now: OffsetDateTime,
    units: Vec<&'world SalesUnit>,
    /// Places in `units`, shuffled: each completed order takes one.
    unordered: Vec<usize>,
}

impl<'world> Seeding<'world> {
    fn new(
        world: &'world World,
        packages: &'world PricePackages,
        partner: u16,
        mut rng: Rng,
        now: OffsetDateTime,
    ) -> Self {
        let units: Vec<&SalesUnit> = world.units(Reach::Partner(partner)).collect();
        let mut unordered: Vec<usize> = (0..units.len()).collect();
        rng.shuffle(&mut unordered);
        Self { world, packages, partner, rng, now, units, unordered }
    }

    fn orders(mut self) -> Vec<Order> {
        let count = (self.units.len() / UNITS_PER_ORDER).max(2 * LIVES.len());
        (0..count).map(|index| self.order(index)).collect()
    }

    fn order(&mut self, index: usize) -> Order {
        // The first ones are of all sorts; of the others, half are done and most were prefilled.
        let life = match index {
            0..24 => LIVES[index % LIVES.len()],
            _ if self.rng.bool() => LIVES[[0, 0, 0, 6, 9][self.rng.usize(..5)]],
            _ => LIVES[self.rng.usize(..LIVES.len())],
        };
        let (kind, mut status) = life;
        let unit = (status == Status::Completed).then(|| self.unordered.pop()).flatten().map(|at| self.units[at]);
        if status == Status::Completed && unit.is_none() {
            status = Status::Rejected;
        }
        let created = self.now - self.age(kind, status, index);
        let prefill = match unit {
            Some(unit) => self.prefill(self.world.merchant_of(unit).into(), &unit.name),
            None => self.prefill_of_somebody(),
        };
        Order {
            id: uuid::Builder::from_random_bytes(self.rng.u128(..).to_be_bytes()).into_uuid(),
            msn: unit.map(|unit| unit.msn),
            // What has expired was opened by some.
            reached: match status {
                Status::Expired if self.rng.bool() => Status::MerchantViewed,
                Status::Expired => Status::Received,
                reached => reached,
            },
            ..Order::new(self.partner, kind, prefill, created)
        }
    }

    fn age(&mut self, kind: Kind, status: Status, index: usize) -> Duration {
        let soon = (index / LIVES.len()).is_multiple_of(2);
        let hours = match (kind, status) {
            // Has two days left at most.
            (Kind::Prefill, Status::Received | Status::MerchantViewed) if soon => 290..334,
            (Kind::Prefill, Status::Received | Status::MerchantViewed) => 1..288,
            (_, Status::Received) => 2..400,
            (_, Status::OrderSubmitted) => 4..500,
            (_, Status::Expired) => 338..1_440,
            (_, _) => 72..1_440,
        };
        Duration::hours(self.rng.i64(hours)) + Duration::seconds(self.rng.i64(0..3_600))
    }

    /// An order of one of the partner's merchants, or of a business that has nothing here yet.
    fn prefill_of_somebody(&mut self) -> Prefill {
        let known = (!self.units.is_empty() && self.rng.u8(0..10) < 6).then(|| self.rng.usize(..self.units.len()));
        if let Some(at) = known {
            let merchant = self.world.merchant_of(self.units[at]);
            return self.prefill(merchant.into(), &merchant.name);
        }
        let market = match self.rng.u8(0..10) {
            0..8 => Market::ALL[usize::from(self.partner) % Market::ALL.len()],
            _ => Market::ALL[self.rng.usize(..Market::ALL.len())],
        };
        let mut business = BusinessIdentifier::new(market.scheme(), "");
        while business.id.is_empty() || self.world.any_merchant(&business.scheme, &business.id).is_some() {
            business.id = written(market, any_identifier(&mut self.rng, market));
        }
        let country = names::country(market);
        let trade = &country.trades[self.rng.usize(..country.trades.len())];
        let word = country.words[self.rng.usize(..country.words.len())];
        let surname = country.surnames[self.rng.usize(..country.surnames.len())];
        self.prefill(business, &trade.pattern.replace("{w}", word).replace("{n}", surname))
    }

    fn prefill(&mut self, business: BusinessIdentifier, name: &str) -> Prefill {
        let market = business.market().unwrap_or(Market::Norway);
        let product_type = match self.rng.u8(0..20) {
            0..9 => ProductType::PaymentIntegration,
            9..15 => ProductType::Cashier,
            15..18 => ProductType::Checkout,
            18 => ProductType::Login,
            _ => ProductType::Donations,
        };
        let fitting = self.packages.of(self.partner).iter();
        let package =
            fitting.filter(|package| package.market == market).find(|package| package.product_type == product_type);
        let price_package = package.filter(|_| self.rng.u8(0..10) < 8).map(|package| package.id);
        let name: String = name.chars().filter(|character| is_name_character(*character)).take(40).collect();
        let site = format!("https://{}.example", names::slug(&name).replace('_', "-"));
        let online = matches!(product_type, ProductType::PaymentIntegration | ProductType::Checkout);
        let mut payload = json!({
            "businessIdentifier": {"scheme": business.scheme, "id": business.id},
            "productType": product_type.word(),
            "salesUnitName": name.trim(),
            "settlementBankAccount": {"scheme": format!("BBAN:{}", market.code()), "id": self.account(market)},
            "productUseCase": if online { "Website" } else { "Unknown" },
            "annualTurnover": 50_000 * self.rng.i64(1..100),
            "intendedPurpose": if online { "Payment in the web shop" } else { "Payment in the shop, at the till" },
        });
        if online {
            payload["website"] = json!({"url": site, "termsUrl": format!("{site}/terms")});
        }
        if let Some(id) = price_package {
            payload["pricePackageId"] = json!(id);
        }
        Prefill { business, product_type, price_package, payload }
    }

    fn account(&mut self, market: Market) -> String {
        if market != Market::Norway {
            return format!("{:014}", self.rng.u64(10_000_000_000_000..100_000_000_000_000));
        }
        loop {
            let stem = self.rng.u32(1_000_000_000..=4_294_967_295);
            if let Some(check) = check_digit_11(&digits(stem, 10), &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) {
                return format!("{stem:010}{check}");
            }
        }
    }
}

impl From<&Merchant> for BusinessIdentifier {
    fn from(merchant: &Merchant) -> Self {
        Self::new(merchant.scheme(), merchant.identifier())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;

    fn seeded(units: u32, seed: u64, now: OffsetDateTime) -> Orders {
        let world = World::build(3, units, units / 3, 1);
        Orders::seeded(&world, &PricePackages::seeded(&world, 3, seed), 3, seed, now)
    }

    #[test]
    fn every_partner_has_orders_of_every_kind_and_status() {
        let now = OffsetDateTime::UNIX_EPOCH + Duration::days(20_000);
        let orders = seeded(2000, 1, now);
        let counts: Vec<usize> = (0..3).map(|partner| orders.of(partner).count()).collect();
        assert!(counts[0] > 80 && counts[1] >= 24 && counts[2] >= 24, "{counts:?}");
        for partner in 0..3 {
            let mut lives: HashMap<(&str, &str), usize> = HashMap::new();
            let mut units = HashSet::new();
            for order in orders.of(partner) {
                let status = order.status(now);
                *lives.entry((order.kind.word(), status.word())).or_default() += 1;
                assert_eq!(order.msn.is_some(), status == Status::Completed);
                assert!(order.msn.is_none_or(|msn| units.insert(msn)), "two orders of one unit");
                assert!((now - order.created) < Duration::days(61));
            }
            assert_eq!(lives.len(), LIVES.len(), "{lives:?}");
            assert!(lives.values().all(|count| *count >= 2), "{lives:?}");
            let soon = |order: &&Order| {
                order.status(now) != Status::Expired && order.status(now + Duration::days(2)) == Status::Expired
            };
            assert!(orders.of(partner).any(|order| soon(&order)), "nothing is about to expire");
        }
    }

    #[test]
    fn a_seed_always_gives_the_same_orders() {
        let now = OffsetDateTime::UNIX_EPOCH + Duration::days(20_000);
        let told = |seed| -> Vec<String> {
            let told = |order: &Order| format!("{} {} {}", order.id, order.created, order.prefill.payload);
            seeded(300, seed, now).all().map(told).collect()
        };
        assert_eq!(told(1), told(1));
        assert_ne!(told(1), told(2));
        assert_eq!(told(1).len(), 3 * 24);
    }

    #[test]
    fn an_empty_world_has_orders_without_units() {
        let world = World::build(1, 0, 0, 1);
        let orders = Orders::seeded(&world, &PricePackages::seeded(&world, 1, 1), 1, 1, OffsetDateTime::now_utc());
        assert_eq!(orders.all().count(), 24);
        assert!(orders.all().all(|order| order.msn.is_none()));
    }
}
