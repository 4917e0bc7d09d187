//! What is narrowed down without looking at text, and sets of units.

use super::Indexed;
use crate::domain::identifiers::BusinessIdentifier;
use crate::domain::sales_unit_filter::{CaptureFacet, MarketFacet, SalesUnitFilter, StateFacet};

/// A set of units.
pub struct Matches(Vec<u64>);

impl Matches {
    pub fn none_of(units: usize) -> Self {
        Self(vec![0; units.div_ceil(64)])
    }

    pub fn insert(&mut self, unit: u32) {
        self.0[unit as usize / 64] |= 1 << (unit % 64);
    }

    pub fn contains(&self, unit: u32) -> bool {
        self.0[unit as usize / 64] & (1 << (unit % 64)) != 0
    }

    pub fn count(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }
}

// The facets of a unit in one number: 3 bits capture, 2 bits market, 2 bits for each flag,
// then whether details are waited for and whether the unit is gone.
const CAPTURE: u32 = 0b111;
const MARKET_AT: u32 = 3;
const FLAGS_AT: u32 = 5;
const WAITING: u32 = 1 << 21;
const GONE: u32 = 1 << 22;

pub fn facets_of(unit: &Indexed) -> u32 {
    let market = unit.business_identifier.as_ref().and_then(BusinessIdentifier::market);
    let mut facets = CaptureFacet::from(&unit.capture_type) as u32;
    facets |= (MarketFacet::from(market) as u32) << MARKET_AT;
    for (flag, at) in unit.flags.iter().zip((FLAGS_AT..).step_by(2)) {
        facets |= (*flag as u32) << at;
    }
    let state = |set: bool, bit: u32| if set { bit } else { 0 };
    facets | state(!unit.has_details && !unit.gone, WAITING) | state(unit.gone, GONE)
}

/// Which bits of a unit's facets are looked at, and what they must be.
pub struct FacetTest {
    mask: u32,
    wanted: u32,
}

impl FacetTest {
    pub fn of(filter: &SalesUnitFilter) -> Self {
        let mut test = Self { mask: 0, wanted: 0 };
        if let Some(capture) = filter.capture {
            test.want(CAPTURE, capture as u32);
        }
        if let Some(market) = filter.market {
            test.want(0b11 << MARKET_AT, (market as u32) << MARKET_AT);
        }
        for (flag, at) in filter.flags.iter().zip((FLAGS_AT..).step_by(2)) {
            if let Some(flag) = flag {
                test.want(0b11 << at, (*flag as u32) << at);
            }
        }
        match filter.state {
            Some(StateFacet::Visible) => test.want(GONE, 0),
            Some(StateFacet::Gone) => test.want(GONE, GONE),
            Some(StateFacet::Waiting) => test.want(WAITING, WAITING),
            None => {}
        }
        test
    }

    fn want(&mut self, mask: u32, wanted: u32) {
        self.mask |= mask;
        self.wanted |= wanted;
    }

    pub fn passes(&self, facets: u32) -> bool {
        facets & self.mask == self.wanted
    }

    pub fn passes_all(&self) -> bool {
        self.mask == 0
    }
}
