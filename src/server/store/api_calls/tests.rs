//! What comes of counts that are written down in parts, and who sees them.

use sqlx::PgPool;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use crate::domain::api_quality::{
    CountedCalls, Figures, KEPT, Outcome, Span, Step, UNIT_HOURS_KEPT, UnitPage, hour_of,
};
use crate::domain::identifiers::{BusinessIdentifier, Msn};
use crate::domain::organisation::{OrgId, OrganisationKind};
use crate::domain::sales_unit::ListedSalesUnit;
use crate::server::store::organisations::Registration;
use crate::server::store::{MIGRATIONS, Scope, Store};

const NOW: OffsetDateTime = datetime!(2026-11-20 12:40 UTC);
const BUSINESS: &str = "918713867";

fn msn(text: &str) -> Msn {
    Msn::parse(text).unwrap()
}

fn org(id: &str) -> OrgId {
    id.parse().unwrap()
}

/// Two partners, and a merchant that the first one serves, which owns the unit 111111.
async fn store(pool: PgPool) -> Store {
    let store = Store::over(pool.clone());
    let business = BusinessIdentifier::new("business:NO:ORG", BUSINESS);
    for (id, kind, business_identifier, partner) in [
        ("org_a", OrganisationKind::Partner, None, None),
        ("org_b", OrganisationKind::Partner, None, None),
        ("org_m", OrganisationKind::Merchant, Some(business), Some(org("org_a"))),
    ] {
        let name = id.to_owned();
        let registration = Registration { id: org(id), kind, name, business_identifier, partner, keys: None };
        assert!(store.save_organisation(&registration).await.unwrap());
    }
    let scope = Scope::whole(org("org_a"));
    let listed =
        ["111111", "222222"].map(|unit| ListedSalesUnit { msn: msn(unit), name: Some(format!("Unit {unit}")) });
    store.apply_sales_unit_list(&scope, &listed, NOW, true, None).await.unwrap();
    let mut tenant = store.tenant(&scope).await.unwrap();
    sqlx::query("update sales_unit set business_scheme = 'business:NO:ORG', business_id = $1 where msn = '111111'")
        .bind(BUSINESS)
        .execute(tenant.connection())
        .await
        .unwrap();
    tenant.commit().await.unwrap();
    store
}

fn merchant() -> Scope {
    let business = BusinessIdentifier::new("business:NO:ORG", BUSINESS);
    Scope::of(&org("org_m"), Some(org("org_a")), Some(business))
}

fn calls(then: OffsetDateTime, unit: Option<&str>, endpoint: &str, outcomes: &[(Outcome, u32)]) -> CountedCalls {
    let mut figures = Figures::default();
    for (outcome, milliseconds) in outcomes {
        figures.count(*outcome, *milliseconds);
    }
    CountedCalls { hour: hour_of(then), msn: unit.map(msn), endpoint: endpoint.to_owned(), figures }
}

async fn count(store: &Store, organisation: &str, counted: &[CountedCalls], now: OffsetDateTime) {
    let scope = Scope::whole(org(organisation));
    let mut tenant = store.tenant(&scope).await.unwrap();
    tenant.count_api_calls(counted, now).await.unwrap();
    tenant.commit().await.unwrap();
}

async fn anew(store: &Store, now: OffsetDateTime) {
    for organisation in store.organisations_with_old_windows(now).await.unwrap() {
        let scope = Scope::whole(organisation);
        let mut tenant = store.tenant(&scope).await.unwrap();
        tenant.bring_api_calls_up_to_date(now).await.unwrap();
        tenant.commit().await.unwrap();
    }
}

async fn units(store: &Store, scope: &Scope, span: Span) -> UnitPage {
    store.tenant(scope).await.unwrap().api_calls_by_unit(span, None, 10).await.unwrap()
}

/// Each unit with its calls and failures.
fn told(page: &UnitPage) -> Vec<(&str, u64, u64)> {
    page.units.iter().map(|unit| (unit.msn.as_str(), unit.requests, unit.failed)).collect()
}

async fn total(store: &Store, scope: &Scope, unit: Option<&str>, step: Step, since: OffsetDateTime) -> (u64, u64) {
    let unit = unit.map(msn);
    let mut tenant = store.tenant(scope).await.unwrap();
    let mut steps = Figures::default();
    for step in tenant.api_calls_by_step(unit.as_ref(), step, since).await.unwrap() {
        steps.add(&step.figures);
    }
    let (mut again, mut endpoints) = (Figures::default(), Figures::default());
    let calls = tenant.api_calls(unit.as_ref(), step, since).await.unwrap();
    calls.0.iter().for_each(|step| again.add(&step.figures));
    calls.1.iter().for_each(|endpoint| endpoints.add(&endpoint.figures));
    assert_eq!((&again, &endpoints), (&steps, &steps), "whichever way they are added up");
    (steps.requests(), steps.failed())
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn parts_that_are_written_down_come_to_the_whole(pool: PgPool) {
    let (store, scope) = (store(pool).await, Scope::whole(org("org_a")));
    let (list, one) = ("GET:/units", "GET:/units/{msn}");
    let good = [(Outcome::Success, 40)];
    let bad = [(Outcome::Success, 40), (Outcome::BadGateway, 900)];
    count(&store, "org_a", &[calls(NOW, None, list, &good), calls(NOW, Some("111111"), one, &bad)], NOW).await;
    let before = NOW - Duration::hours(3);
    let second = [calls(NOW, Some("111111"), one, &bad), calls(before, Some("222222"), one, &good)];
    count(&store, "org_a", &second, NOW).await;
    for step in Step::ALL {
        assert_eq!(total(&store, &scope, None, step, Span::Day.begin(NOW).replace_hour(0).unwrap()).await, (6, 2));
    }
    assert_eq!(total(&store, &scope, Some("111111"), Step::Hour, Span::Day.begin(NOW)).await, (4, 2));
    assert_eq!(total(&store, &scope, None, Step::Hour, hour_of(NOW)).await, (5, 2), "without the hours before");
    let mut tenant = store.tenant(&scope).await.unwrap();
    assert_eq!(tenant.api_calls_lately(NOW).await.unwrap(), (6, 2));
    let (_, endpoints) = tenant.api_calls(None, Step::Day, Span::Week.begin(NOW)).await.unwrap();
    assert_eq!(endpoints.iter().map(|calls| calls.endpoint.as_str()).collect::<Vec<_>>(), [list, one]);
    assert_eq!(endpoints[1].figures.latency.within(0.5), Some(47));
    assert_eq!(endpoints[1].figures.of(Outcome::BadGateway), 2);
    for span in Span::ALL {
        let page = units(&store, &scope, span).await;
        assert_eq!(told(&page), [("111111", 4, 2), ("222222", 1, 0)], "{span:?}");
        assert_eq!((page.count, page.failing, page.next), (2, 1, None));
        assert_eq!(page.units[0].name.as_deref(), Some("Unit 111111"));
    }
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn time_takes_away_what_it_has_passed(pool: PgPool) {
    let (store, scope) = (store(pool).await, Scope::whole(org("org_a")));
    let bad = [(Outcome::TooMany, 10)];
    count(&store, "org_a", &[calls(NOW, Some("111111"), "GET:/units/{msn}", &bad)], NOW).await;
    let later = NOW + Duration::hours(24);
    assert_eq!(told(&units(&store, &scope, Span::Day).await).len(), 1);
    // A day later nothing is left of the 24 hours, though nothing was called since.
    assert_eq!(store.organisations_with_old_windows(later).await.unwrap(), [org("org_a")]);
    anew(&store, later).await;
    assert!(units(&store, &scope, Span::Day).await.units.is_empty());
    assert_eq!(told(&units(&store, &scope, Span::Week).await), [("111111", 1, 1)]);
    assert!(store.organisations_with_old_windows(later).await.unwrap().is_empty(), "not twice in an hour");
    // Counts that come first in an hour move the windows on by themselves.
    let next = later + Duration::hours(1);
    count(&store, "org_a", &[calls(next, Some("111111"), "GET:/units/{msn}", &bad)], next).await;
    assert_eq!(told(&units(&store, &scope, Span::Day).await), [("111111", 1, 1)]);
    assert_eq!(told(&units(&store, &scope, Span::Quarter).await), [("111111", 2, 2)]);

    let hours = NOW + UNIT_HOURS_KEPT + Duration::HOUR;
    anew(&store, hours).await;
    assert_eq!(total(&store, &scope, Some("111111"), Step::Hour, NOW - Duration::HOUR).await, (1, 1));
    assert_eq!(total(&store, &scope, None, Step::Hour, NOW - Duration::HOUR).await, (2, 2), "all units' hours stay");
    assert_eq!(total(&store, &scope, Some("111111"), Step::Day, NOW - Duration::DAY).await, (2, 2));
    anew(&store, NOW + KEPT + Duration::DAY * 3).await;
    for step in Step::ALL {
        assert_eq!(total(&store, &scope, None, step, NOW - Duration::DAY).await, (0, 0), "everything has had its time");
    }
    assert!(units(&store, &scope, Span::Quarter).await.units.is_empty());
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_merchant_sees_its_own_units_and_other_partners_see_nothing(pool: PgPool) {
    let store = store(pool).await;
    let (mine, other) = ([(Outcome::Forbidden, 5)], [(Outcome::Success, 5); 3]);
    let counted = [
        calls(NOW, None, "GET:/units", &other),
        calls(NOW, Some("111111"), "GET:/units/{msn}", &mine),
        calls(NOW, Some("222222"), "GET:/units/{msn}", &other),
    ];
    count(&store, "org_a", &counted, NOW).await;
    let since = Span::Day.begin(NOW);
    let merchant = merchant();
    assert_eq!(total(&store, &merchant, None, Step::Hour, since).await, (1, 1));
    assert_eq!(total(&store, &merchant, Some("111111"), Step::Hour, since).await, (1, 1));
    assert_eq!(total(&store, &merchant, Some("222222"), Step::Hour, since).await, (0, 0));
    assert_eq!(store.tenant(&merchant).await.unwrap().api_calls_lately(NOW).await.unwrap(), (1, 1));
    let page = units(&store, &merchant, Span::Day).await;
    assert_eq!((told(&page), page.count), (vec![("111111", 1, 1)], 1));
    let stranger = Scope::whole(org("org_b"));
    assert_eq!(total(&store, &stranger, None, Step::Hour, since).await, (0, 0));
    assert!(units(&store, &stranger, Span::Day).await.units.is_empty());
    // Even a query that forgets to ask whose rows it gets.
    for table in ["api_call", "api_unit_window", "told_api_quality"] {
        let mut seen = Vec::new();
        for scope in [&merchant, &stranger, &Scope::whole(org("org_a"))] {
            let mut tenant = store.tenant(scope).await.unwrap();
            let msns: Vec<String> =
                sqlx::query_scalar(sqlx::AssertSqlSafe(format!("select distinct msn from {table} order by msn")))
                    .fetch_all(tenant.connection())
                    .await
                    .unwrap();
            seen.push(msns.join(" "));
        }
        let expected = match table {
            "api_call" => ["111111", "", " 111111 222222"],
            "api_unit_window" => ["111111", "", "111111 222222"],
            _ => ["", "", ""],
        };
        assert_eq!(seen, expected, "{table}");
    }
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn the_worst_units_come_first_page_by_page(pool: PgPool) {
    let (store, scope) = (store(pool).await, Scope::whole(org("org_a")));
    let counted: Vec<CountedCalls> = (0..60)
        .map(|unit| {
            let mut outcomes = vec![(Outcome::Success, 5); 10 - unit % 5];
            outcomes.extend(vec![(Outcome::NotFound, 5); unit % 5]);
            calls(NOW, Some(&format!("{}", 500_000 + unit)), "GET:/units/{msn}", &outcomes)
        })
        .collect();
    count(&store, "org_a", &counted, NOW).await;
    let whole = store.tenant(&scope).await.unwrap().api_calls_by_unit(Span::Day, None, 100).await.unwrap();
    assert_eq!((whole.count, whole.failing, whole.units.len()), (60, 48, 60));
    assert!(whole.units.is_sorted_by_key(|unit| (std::cmp::Reverse(unit.failed_per_million), unit.msn.clone())));
    let (mut after, mut pages) = (None, Vec::new());
    loop {
        let page = store.tenant(&scope).await.unwrap().api_calls_by_unit(Span::Day, after.as_ref(), 7).await.unwrap();
        assert_eq!(page.count, 60);
        pages.extend(page.units);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(pages, whole.units);
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn many_who_count_at_once_lose_nothing(pool: PgPool) {
    let (store, scope) = (store(pool).await, Scope::whole(org("org_a")));
    let writers = (0..8).map(|writer| {
        let store = store.clone();
        async move {
            for _ in 0..10 {
                // Each in another order.
                let mut counted: Vec<CountedCalls> = (0..5)
                    .map(|unit| {
                        let unit = format!("{}", 600_000 + (unit + writer) % 5);
                        calls(NOW, Some(&unit), "GET:/units/{msn}", &[(Outcome::Success, 5)])
                    })
                    .collect();
                counted.rotate_left(writer % 5);
                count(&store, "org_a", &counted, NOW + Duration::hours(i64::try_from(writer % 2).unwrap())).await;
            }
        }
    });
    futures::future::join_all(writers).await;
    assert_eq!(total(&store, &scope, None, Step::Day, Span::Week.begin(NOW)).await, (400, 0));
    let page = units(&store, &scope, Span::Quarter).await;
    assert_eq!(page.units.iter().map(|unit| unit.requests).sum::<u64>(), 400);
}
