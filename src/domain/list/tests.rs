//! What a list does with its address, on a list that has everything a list can have.

use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use super::*;

choice! { Sort { Newest = "newest", "Newest"; Name = "name", "Name"; } }

#[expect(clippy::derivable_impls, reason = "the variants are made by the macro")]
impl Default for Sort {
    fn default() -> Self {
        Self::Newest
    }
}

impl SortChoice for Sort {
    fn begins_descending(self) -> bool {
        self == Self::Newest
    }
}

choice! { Age { Week = "week", "Last week"; Older = "older", "Older"; } }

#[derive(Clone, Debug, Default, PartialEq)]
struct Orders {
    market: Option<MarketFacet>,
    age: Option<Age>,
}

const MARKET: Bits = Bits::new(4, 2);

impl Facets for Orders {
    type Sort = Sort;

    fn set(&mut self, key: &str, word: &str) -> Option<bool> {
        match key {
            "market" => Some(choose(&mut self.market, word)),
            "age" => Some(choose(&mut self.age, word)),
            _ => None,
        }
    }

    fn offered() -> Vec<Offered> {
        vec![offered::<MarketFacet>("market"), offered::<Age>("age")]
    }

    fn chosen(&self) -> Vec<Chosen> {
        [chosen("market", "Market", self.market), chosen("age", "", self.age)].into_iter().flatten().collect()
    }

    fn test(&self, now: OffsetDateTime) -> FacetTest {
        let mut test = FacetTest::default();
        if let Some(market) = self.market {
            test.want(MARKET, market as u64);
        }
        let week = (now - Duration::WEEK).unix_timestamp();
        match self.age {
            Some(Age::Week) => test.within(week..=i64::MAX),
            Some(Age::Older) => test.within(i64::MIN..=week - 1),
            None => {}
        }
        test
    }
}

type Query = ListQuery<Orders>;

#[test]
fn an_order_that_begins_descending_needs_no_word_in_the_address() {
    let newest = Query::default().filter;
    assert!(newest.descending && newest.to_query().is_empty() && !newest.is_narrow());
    let oldest = newest.sorted_by(Sort::Newest);
    assert_eq!((oldest.descending, oldest.to_query().as_str()), (false, "sort=newest"));
    assert_eq!(oldest.sorted_by(Sort::Newest), newest);
    let by_name = newest.sorted_by(Sort::Name);
    assert_eq!((by_name.descending, by_name.to_query().as_str()), (false, "sort=name"));
    assert_eq!(by_name.sorted_by(Sort::Newest), newest);
    for query in ["", "sort=newest", "sort=name", "sort=-name"] {
        assert_eq!(Query::from_query(query).to_query(), query);
    }
    assert_eq!(Query::from_query("sort=-newest").filter, newest);
    assert_eq!(Query::from_query("sort=nonsense").filter, newest);
}

#[test]
fn facets_are_read_and_taken_away_one_by_one() {
    let read = Query::from_query("age=week&market=fi&q=kaf&market=xx&other=1&after=2~3");
    assert_eq!(read.ignored, ["market"]);
    assert_eq!(read.to_query(), "q=kaf&age=week&after=2%7E3");
    let chips = Query::from_query("age=week&market=fi&q=kaf&sort=name").filter.chips();
    let chips: Vec<_> = chips.iter().map(|(chip, without)| (chip.as_str(), without.to_query())).collect();
    assert_eq!(
        chips,
        [
            ("Market: Finland", "q=kaf&age=week&sort=name".to_owned()),
            ("Last week", "q=kaf&market=fi&sort=name".to_owned())
        ]
    );
}

#[test]
fn rows_pass_by_bits_and_by_moment() {
    let now = datetime!(2026-11-20 12:00 UTC);
    let at = |age: Duration| (now - age).unix_timestamp();
    let finnish = MARKET.holding(MarketFacet::Finland as u64) | 0b1001;
    let passes = |query: &str, facets, moment| Query::from_query(query).filter.facets.test(now).passes(facets, moment);
    assert!(passes("", 0, i64::MIN) && passes("", u64::MAX, i64::MAX));
    assert!(Query::default().filter.facets.test(now).passes_all());
    assert!(passes("market=fi", finnish, 0) && !passes("market=no", finnish, 0));
    assert!(passes("age=week", 0, at(Duration::days(7))) && !passes("age=older", 0, at(Duration::days(7))));
    assert!(!passes("age=week", 0, at(Duration::days(8))) && passes("age=older", 0, at(Duration::days(8))));
    assert!(!passes("age=week&market=no", finnish, at(Duration::days(1))));
}
