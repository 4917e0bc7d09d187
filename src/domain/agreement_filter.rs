//! Which agreements of a list are shown and in what order; stands in the address.

use time::OffsetDateTime;

use super::agreement::{AgreementState, Pricing, TimeUnit};
use super::list::{
    Bits, Chosen, FacetTest, Facets, ListFilter, ListQuery, Offered, SortChoice, choice, choose, chosen, offered,
};
use super::standing::Told;

pub type AgreementFilter = ListFilter<AgreementFacets>;
pub type AgreementQuery = ListQuery<AgreementFacets>;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AgreementFacets {
    pub state: Option<StateFacet>,
    pub pricing: Option<PricingFacet>,
    pub interval: Option<IntervalFacet>,
    pub charges: Option<ChargesFacet>,
}

choice! {
    /// How an agreement stands.
    StateFacet {
        Pending = "pending", "Waiting for the customer";
        Active = "active", "Active";
        Stopped = "stopped", "Stopped";
        Expired = "expired", "Expired";
        Other = "other", "Another state";
        Gone = "gone", "No longer visible";
    }
}

choice! {
    /// How much may be charged.
    PricingFacet {
        Fixed = "fixed", "Fixed price";
        Variable = "variable", "Up to a maximum";
        Flexible = "flexible", "Varies";
        Other = "other", "Another kind";
    }
}

choice! {
    /// How often a charge comes.
    IntervalFacet {
        Days = "days", "Days";
        Weeks = "weeks", "Weeks";
        Months = "months", "Months";
        Years = "years", "Years";
        AnyTime = "any-time", "At any time";
    }
}

choice! {
    /// How its charges go.
    ChargesFacet {
        Failed = "failed", "Last charge failed";
        Planned = "planned", "Next charge planned";
        NotPlanned = "not-planned", "No next charge";
    }
}

choice! {
    /// What the list is sorted by.
    Sort {
        Started = "started", "Started";
        Product = "product", "Product";
        Price = "price", "Price";
        Next = "next", "Next charge";
        Last = "last", "Last charge";
    }
}

#[expect(clippy::derivable_impls, reason = "the variants are made by the macro")]
impl Default for Sort {
    fn default() -> Self {
        Self::Started
    }
}

impl SortChoice for Sort {
    fn begins_descending(self) -> bool {
        matches!(self, Self::Started | Self::Price | Self::Last)
    }
}

impl From<&Told<AgreementState>> for StateFacet {
    fn from(state: &Told<AgreementState>) -> Self {
        match state.known() {
            Some(AgreementState::Pending) => Self::Pending,
            Some(AgreementState::Active) => Self::Active,
            Some(AgreementState::Stopped) => Self::Stopped,
            Some(AgreementState::Expired) => Self::Expired,
            None => Self::Other,
        }
    }
}

impl From<&Pricing> for PricingFacet {
    fn from(pricing: &Pricing) -> Self {
        match pricing {
            Pricing::Fixed(_) => Self::Fixed,
            Pricing::Variable { .. } => Self::Variable,
            Pricing::Flexible(_) => Self::Flexible,
            Pricing::Other { .. } => Self::Other,
        }
    }
}

impl From<Option<TimeUnit>> for IntervalFacet {
    fn from(unit: Option<TimeUnit>) -> Self {
        match unit {
            Some(TimeUnit::Day) => Self::Days,
            Some(TimeUnit::Week) => Self::Weeks,
            Some(TimeUnit::Month) => Self::Months,
            Some(TimeUnit::Year) => Self::Years,
            None => Self::AnyTime,
        }
    }
}

const STATE: Bits = Bits::new(0, 3);
const PRICING: Bits = Bits::new(3, 2);
const INTERVAL: Bits = Bits::new(5, 3);
const GONE: Bits = Bits::new(8, 1);
const LAST_FAILED: Bits = Bits::new(9, 1);
const PLANNED: Bits = Bits::new(10, 1);

/// What of an agreement its facets are made from.
pub struct AgreementTraits {
    pub state: StateFacet,
    pub pricing: PricingFacet,
    pub interval: IntervalFacet,
    pub last_failed: bool,
    pub planned: bool,
    pub gone: bool,
}

impl AgreementTraits {
    /// In one number, as [`AgreementFacets::test`] wants it.
    pub fn bits(&self) -> u64 {
        STATE.holding(self.state as u64)
            | PRICING.holding(self.pricing as u64)
            | INTERVAL.holding(self.interval as u64)
            | GONE.holding(u64::from(self.gone))
            | LAST_FAILED.holding(u64::from(self.last_failed))
            | PLANNED.holding(u64::from(self.planned))
    }
}

impl Facets for AgreementFacets {
    type Sort = Sort;

    fn set(&mut self, key: &str, word: &str) -> Option<bool> {
        match key {
            "state" => Some(choose(&mut self.state, word)),
            "pricing" => Some(choose(&mut self.pricing, word)),
            "interval" => Some(choose(&mut self.interval, word)),
            "charges" => Some(choose(&mut self.charges, word)),
            _ => None,
        }
    }

    fn offered() -> Vec<Offered> {
        vec![
            offered::<StateFacet>("state"),
            offered::<PricingFacet>("pricing"),
            offered::<IntervalFacet>("interval"),
            offered::<ChargesFacet>("charges"),
        ]
    }

    fn chosen(&self) -> Vec<Chosen> {
        let all = [
            chosen("state", "", self.state),
            chosen("pricing", "Pricing", self.pricing),
            chosen("interval", "Interval", self.interval),
            chosen("charges", "", self.charges),
        ];
        all.into_iter().flatten().collect()
    }

    fn test(&self, _: OffsetDateTime) -> FacetTest {
        let mut test = FacetTest::default();
        match self.state {
            Some(StateFacet::Gone) => test.want(GONE, 1),
            Some(state) => test.want(STATE, state as u64),
            None => {}
        }
        if let Some(pricing) = self.pricing {
            test.want(PRICING, pricing as u64);
        }
        if let Some(interval) = self.interval {
            test.want(INTERVAL, interval as u64);
        }
        match self.charges {
            Some(ChargesFacet::Failed) => test.want(LAST_FAILED, 1),
            Some(ChargesFacet::Planned) => test.want(PLANNED, 1),
            Some(ChargesFacet::NotPlanned) => test.want(PLANNED, 0),
            None => {}
        }
        test
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn every_facet_survives_its_address_and_parts_the_agreements() {
        let now = datetime!(2026-11-20 12:00 UTC);
        let agreement = |state, pricing, interval, gone, planned| {
            AgreementTraits { state, pricing, interval, gone, planned, last_failed: !planned }.bits()
        };
        let active = agreement(StateFacet::Active, PricingFacet::Fixed, IntervalFacet::Months, false, true);
        let odd = agreement(StateFacet::Other, PricingFacet::Other, IntervalFacet::AnyTime, true, false);
        for (query, expected) in [
            ("", [true, true]),
            ("state=active", [true, false]),
            ("state=other", [false, true]),
            ("state=gone", [false, true]),
            ("state=expired", [false, false]),
            ("pricing=fixed&interval=months", [true, false]),
            ("interval=any-time", [false, true]),
            ("charges=failed", [false, true]),
            ("charges=planned", [true, false]),
            ("charges=not-planned", [false, true]),
        ] {
            let read = AgreementQuery::from_query(query);
            assert_eq!(read.to_query(), query);
            let test = read.filter.facets.test(now);
            assert_eq!([active, odd].map(|agreement| test.passes(agreement, 0)), expected, "{query}");
        }
        assert_eq!(AgreementQuery::from_query("state=paused").ignored, ["state"]);
        assert_eq!(AgreementFilter::default().sorted_by(Sort::Product).to_query(), "sort=product");
    }
}
