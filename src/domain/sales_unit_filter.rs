//! Which sales units of a list are shown and in what order; stands in the address.

use time::OffsetDateTime;

use super::freshness::GONE_LATELY;
use super::list::{
    Bits, Choosable, Chosen, FacetTest, Facets, ListFilter, ListQuery, MarketFacet, Offered, SortChoice, choice,
    choose, chosen, offered,
};
use super::sales_unit::{CaptureType, Flag};

pub type SalesUnitFilter = ListFilter<SalesUnitFacets>;
pub type SalesUnitQuery = ListQuery<SalesUnitFacets>;

/// The flags one can filter by: the name in the address, and the label.
pub const FLAGS: [(&str, &str); 8] = [
    ("payment", "Payments"),
    ("recurring", "Recurring"),
    ("skip_landing_page", "Skip landing page"),
    ("partial_capture", "Partial capture"),
    ("late_capture", "Late capture"),
    ("phone_locked", "Phone number locked"),
    ("long_living", "Long-living payments"),
    ("credit_card", "Credit cards"),
];

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SalesUnitFacets {
    pub capture: Option<CaptureFacet>,
    /// One for each of [`FLAGS`].
    pub flags: [Option<Flag>; FLAGS.len()],
    pub market: Option<MarketFacet>,
    pub state: Option<StateFacet>,
}

choice! {
    /// How payments are captured.
    CaptureFacet {
        Reserve = "reserve", "Reserve capture";
        Direct = "direct", "Direct capture";
        NotApplicable = "none", "Not applicable";
        Other = "other", "Another type";
        Unknown = "unknown", "Unknown";
    }
}

choice! {
    /// What the portal's copy knows of the unit.
    StateFacet {
        Visible = "visible", "Visible upstream";
        Gone = "gone", "No longer visible";
        GoneLately = "gone-lately", "Vanished in the last 30 days";
        Waiting = "waiting", "Details not fetched yet";
    }
}

choice! {
    /// What the list is sorted by.
    Sort {
        Name = "name", "Sales unit";
        Msn = "msn", "MSN";
        Merchant = "merchant", "Merchant";
    }
}

#[expect(clippy::derivable_impls, reason = "the variants are made by the macro")]
impl Default for Sort {
    fn default() -> Self {
        Self::Name
    }
}

impl SortChoice for Sort {}

impl From<&CaptureType> for CaptureFacet {
    fn from(capture: &CaptureType) -> Self {
        match capture {
            CaptureType::Reserve => Self::Reserve,
            CaptureType::Direct => Self::Direct,
            CaptureType::NotApplicable => Self::NotApplicable,
            CaptureType::Other(_) => Self::Other,
            CaptureType::Unknown => Self::Unknown,
        }
    }
}

impl Choosable for Flag {
    const ALL: &'static [Self] = &[Self::Yes, Self::No, Self::Unknown];

    fn word(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Unknown => "unknown",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Yes => "Yes",
            Self::No => "No",
            Self::Unknown => "Unknown",
        }
    }
}

const CAPTURE: Bits = Bits::new(0, 3);
const MARKET: Bits = Bits::new(3, 2);
const WAITING: Bits = Bits::new(5, 1);
const GONE: Bits = Bits::new(6, 1);
const FIRST_FLAG: Bits = Bits::new(7, 2);

/// What of a sales unit its facets are made from.
pub struct SalesUnitTraits<'a> {
    pub capture_type: &'a CaptureType,
    pub market: MarketFacet,
    /// In the order of [`FLAGS`].
    pub flags: [Flag; FLAGS.len()],
    pub has_details: bool,
    pub gone: bool,
}

impl SalesUnitTraits<'_> {
    /// In one number, as [`SalesUnitFacets::test`] wants it.
    pub fn bits(&self) -> u64 {
        let waiting = !self.has_details && !self.gone;
        let mut bits = CAPTURE.holding(CaptureFacet::from(self.capture_type) as u64)
            | MARKET.holding(self.market as u64)
            | WAITING.holding(u64::from(waiting))
            | GONE.holding(u64::from(self.gone));
        for (flag, at) in self.flags.iter().zip(0..) {
            bits |= FIRST_FLAG.further(at).holding(*flag as u64);
        }
        bits
    }
}

impl Facets for SalesUnitFacets {
    type Sort = Sort;

    fn set(&mut self, key: &str, word: &str) -> Option<bool> {
        match key {
            "capture" => Some(choose(&mut self.capture, word)),
            "market" => Some(choose(&mut self.market, word)),
            "state" => Some(choose(&mut self.state, word)),
            key => {
                let at = FLAGS.iter().position(|(name, _)| *name == key)?;
                Some(choose(&mut self.flags[at], word))
            }
        }
    }

    fn offered() -> Vec<Offered> {
        let flags = FLAGS.iter().map(|(key, _)| offered::<Flag>(key));
        let others =
            [offered::<CaptureFacet>("capture"), offered::<MarketFacet>("market"), offered::<StateFacet>("state")];
        others.into_iter().chain(flags).collect()
    }

    fn chosen(&self) -> Vec<Chosen> {
        let flags = FLAGS.iter().zip(self.flags).filter_map(|((key, label), flag)| {
            let flag = flag?;
            Some(Chosen { key, word: flag.word().to_owned(), chip: format!("{label}: {}", flag.word()) })
        });
        let others = [
            chosen("capture", "Capture", self.capture),
            chosen("market", "Market", self.market),
            chosen("state", "", self.state),
        ];
        others.into_iter().flatten().chain(flags).collect()
    }

    fn test(&self, now: OffsetDateTime) -> FacetTest {
        let mut test = FacetTest::default();
        if let Some(capture) = self.capture {
            test.want(CAPTURE, capture as u64);
        }
        if let Some(market) = self.market {
            test.want(MARKET, market as u64);
        }
        for (flag, at) in self.flags.iter().zip(0..) {
            if let Some(flag) = flag {
                test.want(FIRST_FLAG.further(at), *flag as u64);
            }
        }
        match self.state {
            Some(StateFacet::Visible) => test.want(GONE, 0),
            Some(StateFacet::Gone) => test.want(GONE, 1),
            Some(StateFacet::GoneLately) => {
                test.want(GONE, 1);
                test.within((now - GONE_LATELY).unix_timestamp()..=i64::MAX);
            }
            Some(StateFacet::Waiting) => test.want(WAITING, 1),
            None => {}
        }
        test
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::page::{Cursor, Position};

    fn any_of<T: Copy + std::fmt::Debug + 'static>(all: &'static [T]) -> impl Strategy<Value = Option<T>> {
        proptest::option::of(proptest::sample::select(all))
    }

    prop_compose! {
        fn filters()(
            text in "[^\\p{C}]{0,20}",
            capture in any_of(CaptureFacet::ALL),
            market in any_of(MarketFacet::ALL),
            state in any_of(StateFacet::ALL),
            flags in proptest::array::uniform8(any_of(Flag::ALL)),
            sort in proptest::sample::select(Sort::ALL),
            descending: bool,
        ) -> SalesUnitFilter {
            let facets = SalesUnitFacets { capture, flags, market, state };
            SalesUnitFilter { text: text.trim().to_owned(), facets, sort, descending }
        }
    }

    proptest! {
        #[test]
        fn a_filter_survives_its_address(filter in filters(), value in "[a-zæ~ ]{0,9}", key in "[0-9]{4,10}") {
            for position in [
                Position::First,
                Position::Last,
                Position::After(Cursor { value: value.clone(), key: key.clone() }),
                Position::Before(Cursor { value: value.clone(), key: key.clone() }),
            ] {
                let query = SalesUnitQuery { filter: filter.clone(), position, ignored: Vec::new() };
                prop_assert_eq!(SalesUnitQuery::from_query(&query.to_query()), query);
            }
        }

        #[test]
        fn nonsense_is_never_an_error(query in ".*") {
            let read = SalesUnitQuery::from_query(&query);
            prop_assert_eq!(SalesUnitQuery::from_query(&read.to_query()).filter, read.filter);
        }
    }

    #[test]
    fn what_has_vanished_lately_is_told_from_what_vanished_long_ago() {
        let gone = |gone| {
            let (capture_type, market) = (&CaptureType::Unknown, MarketFacet::Norway);
            SalesUnitTraits { capture_type, market, flags: [Flag::Unknown; FLAGS.len()], has_details: true, gone }
                .bits()
        };
        let now = OffsetDateTime::UNIX_EPOCH + GONE_LATELY * 10;
        let test = SalesUnitQuery::from_query("state=gone-lately").filter.facets.test(now);
        let at = |moment: OffsetDateTime| moment.unix_timestamp();
        assert!(test.passes(gone(true), at(now - GONE_LATELY)) && test.passes(gone(true), at(now)));
        assert!(!test.passes(gone(true), at(now - GONE_LATELY) - 1) && !test.passes(gone(false), at(now)));
    }

    #[test]
    fn what_means_nothing_is_named() {
        let read = SalesUnitQuery::from_query("capture=foo&sort=-bar&after=x&recurring=maybe&q=kaffe&utm=1&state=");
        assert_eq!(read.ignored, ["capture", "sort", "after", "recurring"]);
        assert_eq!(read.filter, SalesUnitFilter { text: "kaffe".to_owned(), ..SalesUnitFilter::default() });
        assert_eq!(read.position, Position::First);
    }

    #[test]
    fn sorting_twice_by_the_same_column_turns_the_order_round() {
        let by_name = SalesUnitFilter::default();
        assert!(by_name.sorted_by(Sort::Name).descending);
        assert!(!by_name.sorted_by(Sort::Msn).descending);
        assert_eq!(by_name.sorted_by(Sort::Name).sorted_by(Sort::Name), by_name);
    }

    #[test]
    fn a_chip_leaves_the_rest_of_the_filter() {
        let filter = SalesUnitQuery::from_query("q=kaffe&capture=direct&recurring=no").filter;
        let chips = filter.chips();
        assert_eq!(chips.len(), 2);
        assert_eq!(chips[0].1.to_query(), "q=kaffe&recurring=no");
        assert_eq!(chips[1].1.to_query(), "q=kaffe&capture=direct");
    }
}
