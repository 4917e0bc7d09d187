//! Which merchants of a list are shown and in what order; stands in the address.

use time::OffsetDateTime;

use super::list::{
    Bits, Chosen, FacetTest, Facets, ListFilter, ListQuery, MarketFacet, Offered, SortChoice, choice, choose, chosen,
    offered,
};
use super::merchant::MerchantStatus;

pub type MerchantFilter = ListFilter<MerchantFacets>;
pub type MerchantQuery = ListQuery<MerchantFacets>;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MerchantFacets {
    pub market: Option<MarketFacet>,
    pub status: Option<StatusFacet>,
    pub state: Option<StateFacet>,
}

choice! {
    /// Whether upstream says that the merchant is active.
    StatusFacet {
        Active = "active", "Active";
        Deactivated = "deactivated", "Deactivated";
        Other = "other", "Another status";
        Unknown = "unknown", "Unknown";
    }
}

choice! {
    /// What the portal's copy knows of the merchant.
    StateFacet {
        WithUnits = "units", "With sales units";
        WithoutUnits = "no-units", "Without visible sales units";
        Gone = "gone", "No longer visible";
        Waiting = "waiting", "Details not fetched yet";
    }
}

choice! {
    /// What the list is sorted by.
    Sort {
        Name = "name", "Merchant";
        Identifier = "id", "Business identifier";
        Created = "created", "Created";
    }
}

#[expect(clippy::derivable_impls, reason = "the variants are made by the macro")]
impl Default for Sort {
    fn default() -> Self {
        Self::Name
    }
}

impl SortChoice for Sort {
    fn begins_descending(self) -> bool {
        self == Self::Created
    }
}

impl From<&MerchantStatus> for StatusFacet {
    fn from(status: &MerchantStatus) -> Self {
        match status {
            MerchantStatus::Active => Self::Active,
            MerchantStatus::Deactivated => Self::Deactivated,
            MerchantStatus::Other(_) => Self::Other,
            MerchantStatus::Unknown => Self::Unknown,
        }
    }
}

const MARKET: Bits = Bits::new(0, 2);
const STATUS: Bits = Bits::new(2, 2);
const UNITS: Bits = Bits::new(4, 1);
const WAITING: Bits = Bits::new(5, 1);
const GONE: Bits = Bits::new(6, 1);

/// What of a merchant its facets are made from.
pub struct MerchantTraits {
    pub market: MarketFacet,
    pub status: StatusFacet,
    /// Whether upstream shows any sales unit of it.
    pub has_units: bool,
    pub fetched: bool,
    pub gone: bool,
}

impl MerchantTraits {
    /// In one number, as [`MerchantFacets::test`] wants it.
    pub fn bits(&self) -> u64 {
        MARKET.holding(self.market as u64)
            | STATUS.holding(self.status as u64)
            | UNITS.holding(u64::from(self.has_units))
            | WAITING.holding(u64::from(!self.fetched && !self.gone))
            | GONE.holding(u64::from(self.gone))
    }
}

impl Facets for MerchantFacets {
    type Sort = Sort;

    fn set(&mut self, key: &str, word: &str) -> Option<bool> {
        match key {
            "market" => Some(choose(&mut self.market, word)),
            "status" => Some(choose(&mut self.status, word)),
            "state" => Some(choose(&mut self.state, word)),
            _ => None,
        }
    }

    fn offered() -> Vec<Offered> {
        vec![offered::<MarketFacet>("market"), offered::<StatusFacet>("status"), offered::<StateFacet>("state")]
    }

    fn chosen(&self) -> Vec<Chosen> {
        let all = [
            chosen("market", "Market", self.market),
            chosen("status", "Status", self.status),
            chosen("state", "", self.state),
        ];
        all.into_iter().flatten().collect()
    }

    fn test(&self, _: OffsetDateTime) -> FacetTest {
        let mut test = FacetTest::default();
        if let Some(market) = self.market {
            test.want(MARKET, market as u64);
        }
        if let Some(status) = self.status {
            test.want(STATUS, status as u64);
        }
        match self.state {
            Some(StateFacet::WithUnits) => test.want(UNITS, 1),
            Some(StateFacet::WithoutUnits) => test.want(UNITS, 0),
            Some(StateFacet::Gone) => test.want(GONE, 1),
            Some(StateFacet::Waiting) => test.want(WAITING, 1),
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
    fn every_facet_survives_its_address_and_parts_the_merchants() {
        let now = datetime!(2026-11-20 12:00 UTC);
        let merchant = |market, status, has_units, fetched, gone| {
            MerchantTraits { market, status, has_units, fetched, gone }.bits()
        };
        let active = merchant(MarketFacet::Norway, StatusFacet::Active, true, true, false);
        let ended = merchant(MarketFacet::Finland, StatusFacet::Deactivated, false, true, true);
        let new = merchant(MarketFacet::Denmark, StatusFacet::Unknown, true, false, false);
        for (query, expected) in [
            ("", [true, true, true]),
            ("market=no", [true, false, false]),
            ("market=fi&status=deactivated", [false, true, false]),
            ("status=unknown", [false, false, true]),
            ("status=other", [false, false, false]),
            ("state=units", [true, false, true]),
            ("state=no-units", [false, true, false]),
            ("state=gone", [false, true, false]),
            ("state=waiting", [false, false, true]),
        ] {
            let read = MerchantQuery::from_query(query);
            assert_eq!(read.to_query(), query);
            let test = read.filter.facets.test(now);
            assert_eq!([active, ended, new].map(|merchant| test.passes(merchant, 0)), expected, "{query}");
        }
        assert_eq!(MerchantQuery::from_query("status=foo&market=se&recurring=yes").ignored, ["status", "market"]);
    }

    #[test]
    fn the_newest_come_first() {
        let by_date = MerchantFilter::default().sorted_by(Sort::Created);
        assert_eq!(by_date.to_query(), "sort=-created");
        assert_eq!(by_date.sorted_by(Sort::Created).to_query(), "sort=created");
    }
}
