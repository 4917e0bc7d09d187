//! The index against what it must do, said in the simplest way.

use futures::StreamExt;
use proptest::prelude::*;

use super::*;
use crate::domain::identifiers::{BusinessIdentifier, Market};
use crate::domain::list::{Bits, Chosen, FacetTest, SortChoice, choice};
use crate::domain::page::Position;
use crate::domain::sales_unit::{CaptureType, Flag};
use crate::domain::sales_unit_filter::{SalesUnitQuery, SalesUnitTraits};
use crate::domain::search_text::{fold, needles, sort_key};
use crate::server::store::sales_unit_list::SalesUnits;

const NOW: OffsetDateTime = time::macros::datetime!(2026-11-20 12:00 UTC);

impl ListIndex {
    fn of<K: ListKind>() -> Self {
        Self::new(Shape::of::<K>())
    }

    fn apply(&mut self, changes: Vec<Indexed>) {
        let changes = futures::stream::iter(changes.into_iter().map(Ok));
        futures::executor::block_on(self.catch_up(changes)).unwrap();
    }
}

fn unit(msn: u32, name: &str, merchant: &str, id: &str, gone: bool) -> Indexed {
    let business = BusinessIdentifier::new(Market::Norway.scheme(), id);
    let traits = SalesUnitTraits {
        capture_type: &if msn.is_multiple_of(2) { CaptureType::Direct } else { CaptureType::Unknown },
        market: business.market().filter(|_| !id.is_empty()).into(),
        flags: [Flag::Unknown; 8],
        has_details: !id.is_empty(),
        gone,
    };
    Indexed {
        key: msn.to_string(),
        fields: [name, &msn.to_string(), merchant, id].map(ToOwned::to_owned).to_vec(),
        sorts: [name, "", merchant].map(ToOwned::to_owned).to_vec(),
        facets: traits.bits(),
        version: i64::from(msn),
        ..Indexed::default()
    }
}

fn removed(key: &str) -> Indexed {
    Indexed { key: key.to_owned(), removed: true, ..Indexed::default() }
}

fn keys<F: Facets>(index: &ListIndex, query: &str) -> Vec<String> {
    index.find(&Wanted::of(&ListQuery::<F>::from_query(query), NOW), 50).keys
}

fn msns(index: &ListIndex, query: &str) -> Vec<String> {
    keys::<<SalesUnits as ListKind>::Facets>(index, query)
}

#[test]
fn all_four_fields_are_found_and_facets_narrow_them() {
    let mut index = ListIndex::of::<SalesUnits>();
    index.apply(vec![
        unit(100_001, "Blåbær Kaffe Majorstuen", "Blåbær Kaffe AS", "918713867", false),
        unit(100_002, "Kaffebrenneriet", "", "", false),
        unit(100_003, "Räksmörgås", "Kaffe & Bröd AS", "987654321", true),
    ]);
    assert_eq!(msns(&index, "q=kaf"), ["100001", "100002", "100003"]);
    assert_eq!(msns(&index, "q=majorstuen+blaab"), ["100001"]);
    assert_eq!(msns(&index, "q=0002"), ["100002"]);
    assert_eq!(msns(&index, "q=987+654+321"), ["100003"]);
    assert_eq!(msns(&index, "q=kaf&state=gone"), ["100003"]);
    assert_eq!(msns(&index, "q=kaf&capture=direct"), ["100002"]);
    assert_eq!(msns(&index, "market=unknown"), ["100002"]);
    assert_eq!(msns(&index, "state=waiting"), ["100002"]);
    assert_eq!(msns(&index, "sort=-msn"), ["100003", "100002", "100001"]);
    assert_eq!(msns(&index, "sort=merchant"), ["100001", "100003", "100002"]);
    assert_eq!(msns(&index, "q=zzz"), [""; 0]);
    // No match reaches from one field into the next.
    assert_eq!(msns(&index, "q=majorstuen100001"), [""; 0]);
}

#[test]
fn a_changed_unit_is_found_by_its_new_name_only() {
    let mut index = ListIndex::of::<SalesUnits>();
    index.apply((1_000..1_200).map(|msn| unit(msn, &format!("Shop {msn}"), "", "", false)).collect());
    for round in 0..20_000 {
        index.apply(vec![unit(1_100 + round % 50, &format!("Renamed {round}"), "", "", false)]);
    }
    // What the rows have left behind is gone, and the others stand where they stood.
    assert!(index.lines.len() < 3 * index.rows.len() + 4_000, "{} lines", index.lines.len());
    assert_eq!(msns(&index, "q=renamed"), (1_100..1_150).map(|msn| msn.to_string()).collect::<Vec<_>>());
    assert_eq!(msns(&index, "q=renamed19949"), [""; 0]);
    assert_eq!(msns(&index, "q=renamed19950"), ["1100"]);
    assert_eq!(msns(&index, "q=shop1199"), ["1199"]);
    assert_eq!(msns(&index, "q=shop&sort=-name")[..2], ["1199", "1198"]);
    assert_eq!(index.find(&Wanted::of(&SalesUnitQuery::default(), NOW), 50).total, 200);
}

#[test]
fn a_removed_row_is_nowhere_and_may_come_back() {
    for many in [1, 500] {
        let mut index = ListIndex::of::<SalesUnits>();
        index.apply((1_000..1_000 + 2 * many).map(|msn| unit(msn, "Shop", "", "", false)).collect());
        index.apply((1_000..1_000 + many).map(|msn| removed(&msn.to_string())).collect());
        index.apply(vec![removed("999"), removed("1000")]);
        let count = |index: &ListIndex, query: &str| {
            let found = index.find(&Wanted::of(&SalesUnitQuery::from_query(query), NOW), 5);
            (found.matching, found.total)
        };
        let left = many as usize;
        for query in ["", "q=shop", "state=waiting", "sort=-msn", "q=shop&sort=merchant"] {
            assert_eq!(count(&index, query), (left, left), "{query}");
        }
        assert_eq!(msns(&index, "q=1000"), [""; 0]);
        index.apply(vec![unit(1_000, "Back", "", "", false)]);
        index.apply((2_500..2_500 + many).map(|msn| unit(msn, "New", "", "", false)).collect());
        assert_eq!(count(&index, "q=shop"), (left, 2 * left + 1));
        assert_eq!(count(&index, "q=new"), (left, 2 * left + 1));
        assert_eq!(msns(&index, "q=back"), ["1000"]);
        assert_eq!(index.rows.len(), 2 * left + 1, "the places of removed rows are used again");
    }
}

choice! { Sort { Due = "due", "Due"; Name = "name", "Name"; } }

#[expect(clippy::derivable_impls, reason = "the variants are made by the macro")]
impl Default for Sort {
    fn default() -> Self {
        Self::Due
    }
}

impl SortChoice for Sort {}

/// Letters that wait: those that are urgent or not, and those due within so many days.
#[derive(Clone, Debug, Default, PartialEq)]
struct LetterFacets {
    urgent: bool,
    days: Option<i64>,
}

const URGENT: Bits = Bits::new(63, 1);

impl Facets for LetterFacets {
    type Sort = Sort;

    fn set(&mut self, key: &str, word: &str) -> Option<bool> {
        match key {
            "urgent" => self.urgent = word == "yes",
            "days" => self.days = word.parse().ok(),
            _ => return None,
        }
        Some(true)
    }

    fn offered() -> Vec<crate::domain::list::Offered> {
        Vec::new()
    }

    fn chosen(&self) -> Vec<Chosen> {
        Vec::new()
    }

    fn test(&self, now: OffsetDateTime) -> FacetTest {
        let mut test = FacetTest::default();
        if self.urgent {
            test.want(URGENT, 1);
        }
        if let Some(days) = self.days {
            test.within(now.unix_timestamp()..=(now + time::Duration::days(days)).unix_timestamp());
        }
        test
    }
}

struct Letters;

impl ListKind for Letters {
    type Facets = LetterFacets;
    type Row = ();

    fn changes<'a>(_: &'a mut Tenant<'_>, _: i64) -> BoxStream<'a, Result<Indexed>> {
        futures::stream::empty().boxed()
    }

    async fn rows(_: &mut Tenant<'_>, _: &[String]) -> Result<Vec<(String, ())>> {
        Ok(Vec::new())
    }
}

#[test]
fn a_list_with_keys_of_its_own_is_narrowed_by_time() {
    let letter = |key: &str, name: &str, days: i64, urgent: bool| {
        let due = NOW + time::Duration::days(days);
        Indexed {
            key: key.to_owned(),
            fields: vec![name.to_owned()],
            sorts: vec![time_text(Some(due)), name.to_owned()],
            facets: URGENT.holding(u64::from(urgent)),
            moment: due.unix_timestamp(),
            ..Indexed::default()
        }
    };
    let mut index = ListIndex::of::<Letters>();
    index.apply(vec![letter("b", "Twin", 40, true), letter("a c", "Twin", 2, true), letter("a b", "Other", 9, false)]);
    let found = |query: &str| keys::<LetterFacets>(&index, query);
    assert_eq!(found(""), ["a c", "a b", "b"]);
    assert_eq!(found("sort=-name"), ["b", "a c", "a b"]);
    assert_eq!(found("days=10"), ["a c", "a b"]);
    assert_eq!(found("days=10&urgent=yes"), ["a c"]);
    assert_eq!(found("days=50&q=twin&sort=name"), ["a c", "b"]);
    assert_eq!(found("days=1"), [""; 0]);
}

/// What the index must do, said in the simplest way.
fn by_hand(units: &[Indexed], query: &SalesUnitQuery) -> Vec<String> {
    let filter = &query.filter;
    let mut rows: Vec<&Indexed> = units
        .iter()
        .filter(|unit| {
            let fields: Vec<String> = unit.fields.iter().map(|field| fold(field)).collect();
            needles(&filter.text).iter().all(|needle| fields.iter().any(|field| field.contains(needle.as_str())))
                && filter.facets.test(NOW).passes(unit.facets, unit.moment)
        })
        .collect();
    rows.sort_by_cached_key(|unit| {
        let value = sort_key(&unit.sorts[filter.sort as usize]);
        (value.is_empty(), value, unit.key.len(), unit.key.clone())
    });
    if filter.descending {
        rows.reverse();
    }
    rows.iter().map(|unit| unit.key.clone()).collect()
}

prop_compose! {
    fn units()(units in proptest::collection::btree_map(
        1_000u32..1_400, ("[abkåæ ]{0,4}", "[abkø]{0,2}", "[12]{0,3}", any::<bool>()), 0..120,
    )) -> Vec<(u32, (String, String, String, bool))> {
        units.into_iter().collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Walking through the pages, forwards and backwards, gives every matching row once and
    /// in order, however the index came to be.
    #[test]
    fn pages_neither_skip_nor_double(
        units in units(),
        typed in "[abkå1 ]{0,3}",
        sort in proptest::sample::select(vec!["name", "-name", "msn", "-msn", "merchant", "-merchant"]),
        size in 1usize..9,
        state in proptest::sample::select(vec!["", "state=gone", "state=visible", "capture=direct&market=no"]),
        at_once in 1usize..150,
        less in 0usize..9,
    ) {
        let make = |(msn, (name, merchant, id, gone)): &(u32, (String, String, String, bool))| unit(*msn, name, merchant, id, *gone);
        let mut index = ListIndex::of::<SalesUnits>();
        // New ones and changed ones come together, in any number.
        let (early, late): (Vec<_>, Vec<_>) = units.iter().partition(|(msn, _)| msn.is_multiple_of(3));
        for rows in early.chunks(at_once) {
            index.apply(rows.iter().map(|(msn, _)| unit(*msn, "before", "", "", false)).collect());
        }
        let all: Vec<_> = late.into_iter().chain(early).collect();
        for rows in all.chunks(at_once) {
            index.apply(rows.iter().map(|row| make(row)).collect());
        }
        // Some go again.
        let goes = |at: usize| less > 2 && at.is_multiple_of(less);
        index.apply(units.iter().enumerate().filter(|(at, _)| goes(*at)).map(|(_, row)| removed(&row.0.to_string())).collect());
        let all: Vec<Indexed> =
            units.iter().enumerate().filter(|(at, _)| !goes(*at)).map(|(_, row)| make(row)).collect();
        let mut query = SalesUnitQuery::from_query(state);
        query.filter.text = typed.trim().to_owned();
        query.filter.sort = SalesUnitQuery::from_query(&format!("sort={sort}")).filter.sort;
        query.filter.descending = sort.starts_with('-');
        let expected = by_hand(&all, &query);

        let (mut forwards, mut at) = (Vec::new(), Position::First);
        loop {
            query.position = at;
            let found = index.find(&Wanted::of(&query, NOW), size);
            prop_assert_eq!(found.matching, expected.len());
            prop_assert_eq!(found.total, all.len());
            prop_assert_eq!(found.skipped, forwards.len());
            forwards.extend(found.keys);
            match found.after { Some(cursor) => at = Position::After(cursor), None => break }
        }
        prop_assert_eq!(&forwards, &expected);

        let (mut backwards, mut at) = (Vec::new(), Position::Last);
        loop {
            query.position = at;
            let found = index.find(&Wanted::of(&query, NOW), size);
            backwards.splice(0..0, found.keys);
            match found.before { Some(cursor) => at = Position::Before(cursor), None => break }
        }
        prop_assert_eq!(&backwards, &expected);
    }
}
