//! The simulated businesses: merchants, their sales units, and which partner each unit is connected to.
//!
//! Kept as compact records, since a world may have hundreds of thousands of units; what callers
//! see is made from them on request. How a world comes to be is in [`build`].

mod build;
mod growth;
#[cfg(test)]
mod tests;

pub use self::build::{any_identifier, digits};
pub use self::growth::NewUnit;

use std::collections::HashMap;

use serde::Serialize;
use time::{Duration, OffsetDateTime};

use super::names::Place;
use crate::domain::identifiers::Market;

pub struct World {
    merchants: Vec<Merchant>,
    units: Vec<SalesUnit>,
    unit_by_msn: HashMap<u32, u32>,
    merchant_by_identifier: HashMap<(&'static str, u32), u32>,
    /// Per partner: its units, in order of MSN.
    units_of_partner: Vec<Vec<u32>>,
}

pub struct Merchant {
    pub name: Box<str>,
    pub market: Market,
    /// All digits of the business identifier, its check digit included.
    pub number: u32,
    pub business_address: Option<Address>,
    pub post_address: Option<Address>,
    pub created: Moment,
    pub updated: Moment,
    units: Vec<u32>,
}

pub struct Address {
    pub line: Option<Box<str>>,
    pub place: &'static Place,
    /// Some businesses never gave one.
    pub has_post_code: bool,
}

/// A time in little room: microseconds after the beginning of 1970.
#[derive(Clone, Copy)]
pub struct Moment(pub i64);

pub struct SalesUnit {
    pub msn: u32,
    pub name: Box<str>,
    pub configuration: Configuration,
    merchant: u32,
    partner: u16,
    active: bool,
}

#[derive(Clone, Copy, Serialize)]
pub enum CaptureType {
    ReserveCapture,
    DirectCapture,
    NotApplicable,
}

/// What is left out is unknown to the caller; that is not the same as no.
#[derive(Clone, Copy, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Configuration {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_allowed: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capture_type: Option<CaptureType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skip_landing_page_allowed: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recurring_allowed: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partial_capture_allowed: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub late_capture_allowed: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub landing_page_phone_number_locked: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub long_living_payment_allowed: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credit_card_payment_allowed: Option<bool>,
}

/// Which sales units a client's keys open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Partner keys: every unit connected to the partner.
    Partner(u16),
    /// Sales unit keys: the one unit with this MSN.
    Unit(u32),
}

impl Reach {
    fn covers(self, unit: &SalesUnit) -> bool {
        match self {
            Self::Partner(partner) => unit.partner == partner,
            Self::Unit(msn) => unit.msn == msn,
        }
    }
}

impl Merchant {
    pub fn scheme(&self) -> &'static str {
        self.market.scheme()
    }

    pub fn identifier(&self) -> String {
        written(self.market, self.number)
    }

    pub fn unit_count(&self) -> usize {
        self.units.len()
    }
}

/// A business identifier as the country writes it.
pub fn written(market: Market, number: u32) -> String {
    match market {
        Market::Norway => format!("{number:09}"),
        Market::Denmark => format!("{number:08}"),
        Market::Finland => format!("{:07}-{}", number / 10, number % 10),
    }
}

impl Moment {
    pub fn of(time: OffsetDateTime) -> Self {
        Self(i64::try_from((time - OffsetDateTime::UNIX_EPOCH).whole_microseconds()).unwrap_or_default())
    }

    pub fn to_time(self) -> OffsetDateTime {
        OffsetDateTime::UNIX_EPOCH + Duration::microseconds(self.0)
    }
}

impl World {
    /// The active units within reach.
    pub fn units(&self, reach: Reach) -> impl Iterator<Item = &SalesUnit> {
        let indices = match reach {
            Reach::Partner(partner) => self.units_of_partner.get(usize::from(partner)).map_or(&[][..], Vec::as_slice),
            Reach::Unit(msn) => self.unit_by_msn.get(&msn).map_or(&[][..], std::slice::from_ref),
        };
        self.active(indices)
    }

    /// The active units of a merchant that are within reach.
    pub fn units_of<'world>(
        &'world self,
        merchant: &'world Merchant,
        reach: Reach,
    ) -> impl Iterator<Item = &'world SalesUnit> {
        self.active(&merchant.units).filter(move |unit| reach.covers(unit))
    }

    /// The unit, if it is active and within reach.
    pub fn unit(&self, msn: &str, reach: Reach) -> Option<&SalesUnit> {
        let index = *self.unit_by_msn.get(&exact_number(msn)?)?;
        self.units.get(index as usize).filter(|unit| unit.active && reach.covers(unit))
    }

    /// The merchant, if at least one of its active units is within reach.
    pub fn merchant(&self, scheme: &str, id: &str, reach: Reach) -> Option<&Merchant> {
        let merchant = self.any_merchant(scheme, id)?;
        self.units_of(merchant, reach).next().is_some().then_some(merchant)
    }

    /// The merchant, whoever asks.
    pub fn any_merchant(&self, scheme: &str, id: &str) -> Option<&Merchant> {
        let market = Market::ALL.into_iter().find(|market| market.scheme() == scheme)?;
        let digits = if market == Market::Finland { id.replace('-', "") } else { id.to_owned() };
        let index = *self.merchant_by_identifier.get(&(market.scheme(), digits.parse().ok()?))?;
        let merchant = self.merchants.get(usize::try_from(index).ok()?)?;
        (merchant.identifier() == id).then_some(merchant)
    }

    /// The unit whoever asks, active or not.
    pub fn any_unit(&self, msn: u32) -> Option<&SalesUnit> {
        self.units.get(*self.unit_by_msn.get(&msn)? as usize)
    }

    /// The number of a unit within reach, active or not.
    pub fn msn_within(&self, msn: &str, reach: Reach) -> Option<u32> {
        self.any_unit(exact_number(msn)?).filter(|unit| reach.covers(unit)).map(|unit| unit.msn)
    }

    pub fn merchant_of(&self, unit: &SalesUnit) -> &Merchant {
        &self.merchants[unit.merchant as usize]
    }

    /// The unit a merchant began with, active or not.
    pub fn first_unit_of(&self, merchant: &Merchant) -> Option<&SalesUnit> {
        merchant.units.first().map(|&index| &self.units[index as usize])
    }

    pub fn merchants(&self) -> &[Merchant] {
        &self.merchants
    }

    /// False where no unit has that MSN.
    pub fn allow_recurring(&mut self, msn: &str) -> bool {
        self.unit_mut(msn).map(|unit| unit.configuration.recurring_allowed = Some(true)).is_some()
    }

    /// False where no unit has that MSN.
    pub fn set_active(&mut self, msn: &str, active: bool) -> bool {
        self.unit_mut(msn).map(|unit| unit.active = active).is_some()
    }

    /// False where no unit has that MSN.
    pub fn rename(&mut self, msn: &str, name: &str) -> bool {
        self.unit_mut(msn).map(|unit| unit.name = name.into()).is_some()
    }

    fn unit_mut(&mut self, msn: &str) -> Option<&mut SalesUnit> {
        let index = *self.unit_by_msn.get(&exact_number(msn)?)?;
        self.units.get_mut(usize::try_from(index).ok()?)
    }

    fn active<'world, 'list: 'world>(
        &'world self,
        indices: &'list [u32],
    ) -> impl Iterator<Item = &'world SalesUnit> + use<'world, 'list> {
        indices.iter().map(|&index| &self.units[index as usize]).filter(|unit| unit.active)
    }
}

/// The number a text writes; none where it is written otherwise, as `007` for 7.
fn exact_number(text: &str) -> Option<u32> {
    text.parse().ok().filter(|number: &u32| number.to_string() == text)
}
