//! The index against what it must do, said in the simplest way.

use proptest::prelude::*;

use super::*;

impl SalesUnitIndex {
    fn apply(&mut self, changes: Vec<Indexed>) {
        let changes = futures::stream::iter(changes.into_iter().map(Ok));
        futures::executor::block_on(self.catch_up(changes)).unwrap();
    }
}

fn unit(msn: u32, name: &str, merchant: &str, id: &str, gone: bool) -> Indexed {
    Indexed {
        msn: msn.to_string(),
        name: (!name.is_empty()).then(|| name.to_owned()),
        merchant_name: (!merchant.is_empty()).then(|| merchant.to_owned()),
        business_identifier: (!id.is_empty()).then(|| BusinessIdentifier::new("business:NO:ORG", id)),
        capture_type: if msn.is_multiple_of(2) { CaptureType::Direct } else { CaptureType::Unknown },
        flags: [Flag::Unknown; 8],
        has_details: !id.is_empty(),
        gone,
        version: i64::from(msn),
    }
}

fn msns(index: &SalesUnitIndex, query: &str) -> Vec<String> {
    index.find(&SalesUnitQuery::from_query(query), 50).msns
}

#[test]
fn all_four_fields_are_found_and_facets_narrow_them() {
    let mut index = SalesUnitIndex::default();
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
    let mut index = SalesUnitIndex::default();
    index.apply((1_000..1_200).map(|msn| unit(msn, &format!("Shop {msn}"), "", "", false)).collect());
    for round in 0..500 {
        index.apply(vec![unit(1_100, &format!("Renamed {round}"), "", "", false)]);
    }
    assert_eq!(msns(&index, "q=renamed"), ["1100"]);
    assert_eq!(msns(&index, "q=renamed498"), [""; 0]);
    assert_eq!(index.find(&SalesUnitQuery::default(), 50).total, 200);
}

/// What the index must do, said in the simplest way.
fn by_hand(units: &[Indexed], query: &SalesUnitQuery) -> Vec<String> {
    let filter = &query.filter;
    let text = |unit: &Indexed| {
        let id = unit.business_identifier.as_ref().map(|business| fold(&business.id)).unwrap_or_default();
        let name = |name: &Option<String>| name.as_deref().map(fold).unwrap_or_default();
        [name(&unit.name), unit.msn.clone(), name(&unit.merchant_name), id]
    };
    let mut rows: Vec<&Indexed> = units
        .iter()
        .filter(|unit| {
            let fields = text(unit);
            needles(&filter.text).iter().all(|needle| fields.iter().any(|field| field.contains(needle.as_str())))
                && FacetTest::of(filter).passes(facets_of(unit))
        })
        .collect();
    rows.sort_by_cached_key(|unit| {
        let msn = unit.msn.clone();
        let name = |name: &Option<String>| name.as_deref().map(sort_key).unwrap_or_default();
        let value = [name(&unit.name), String::new(), name(&unit.merchant_name)][filter.sort as usize].clone();
        (value.is_empty(), value, msn.len(), msn)
    });
    if filter.descending {
        rows.reverse();
    }
    rows.iter().map(|unit| unit.msn.clone()).collect()
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
        at_once: bool,
    ) {
        let make = |(msn, (name, merchant, id, gone)): &(u32, (String, String, String, bool))| unit(*msn, name, merchant, id, *gone);
        let mut index = SalesUnitIndex::default();
        if at_once {
            index.apply(units.iter().map(make).collect());
        } else {
            for row in &units {
                index.apply(vec![unit(row.0, "before", "", "", false)]);
                index.apply(vec![make(row)]);
            }
        }
        let all: Vec<Indexed> = units.iter().map(make).collect();
        let mut query = SalesUnitQuery::default();
        query.filter.text = typed.trim().to_owned();
        query.filter.sort = SalesUnitQuery::from_query(&format!("sort={sort}")).filter.sort;
        query.filter.descending = sort.starts_with('-');
        let expected = by_hand(&all, &query);

        let (mut forwards, mut at) = (Vec::new(), Position::First);
        loop {
            query.position = at;
            let found = index.find(&query, size);
            prop_assert_eq!(found.matching, expected.len());
            prop_assert_eq!(found.total, all.len());
            prop_assert_eq!(found.skipped, forwards.len());
            forwards.extend(found.msns);
            match found.after { Some(cursor) => at = Position::After(cursor), None => break }
        }
        prop_assert_eq!(&forwards, &expected);

        let (mut backwards, mut at) = (Vec::new(), Position::Last);
        loop {
            query.position = at;
            let found = index.find(&query, size);
            backwards.splice(0..0, found.msns);
            match found.before { Some(cursor) => at = Position::Before(cursor), None => break }
        }
        prop_assert_eq!(&backwards, &expected);
    }
}
