//! The world grows: approved orders become sales units, of merchants known or new.

use fastrand::Rng;

use super::build::{RESERVED_MSNS, number_of};
use super::{Address, Configuration, Merchant, Moment, SalesUnit, World};
use crate::domain::identifiers::{BusinessIdentifier, Market};
use crate::server::sandbox::names;

/// A sales unit to be.
pub struct NewUnit {
    pub partner: u16,
    pub business: BusinessIdentifier,
    /// What the merchant is called if it is new; at most 50 characters.
    pub merchant_name: String,
    pub name: String,
    pub configuration: Configuration,
    pub now: Moment,
}

impl World {
    /// The MSN it gets; none where the business identifier cannot be a merchant's.
    pub fn add_unit(&mut self, new: NewUnit) -> Option<u32> {
        let merchant = self.merchant_index(&new)?;
        let msn = self.free_msn();
        let index = number_of(self.units.len());
        self.units.push(SalesUnit {
            msn,
            name: new.name.into(),
            configuration: new.configuration,
            merchant,
            partner: new.partner,
            active: true,
        });
        self.unit_by_msn.insert(msn, index);
        self.merchants[merchant as usize].units.push(index);
        let units = &self.units;
        let list = self.units_of_partner.get_mut(usize::from(new.partner))?;
        let at = list.partition_point(|&other| units[other as usize].msn < msn);
        list.insert(at, index);
        Some(msn)
    }

    fn merchant_index(&mut self, new: &NewUnit) -> Option<u32> {
        let market = Market::ALL.into_iter().find(|market| market.scheme() == new.business.scheme)?;
        let number: u32 = new.business.id.replace('-', "").parse().ok()?;
        if let Some(&index) = self.merchant_by_identifier.get(&(market.scheme(), number)) {
            return Some(index);
        }
        let country = names::country(market);
        let place = &country.places[number as usize % country.places.len()];
        let street = country.streets[number as usize % country.streets.len()];
        let index = number_of(self.merchants.len());
        self.merchants.push(Merchant {
            name: new.merchant_name.as_str().into(),
            market,
            number,
            business_address: Some(Address {
                line: Some(format!("{street} {}", number % 90 + 1).into()),
                place,
                has_post_code: true,
            }),
            post_address: None,
            created: new.now,
            updated: new.now,
            units: Vec::new(),
        });
        self.merchant_by_identifier.insert((market.scheme(), number), index);
        Some(index)
    }

    fn free_msn(&self) -> u32 {
        let mut rng = Rng::with_seed(self.units.len() as u64);
        loop {
            let msn = rng.u32(100_000..=9_999_999);
            if !RESERVED_MSNS.contains(&msn) && !self.unit_by_msn.contains_key(&msn) {
                return msn;
            }
        }
    }
}
