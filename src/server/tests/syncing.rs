//! Bringing the copy up to date, through everything that can go wrong on the way.

use std::collections::HashMap;
use std::time::Duration;

use sqlx::PgPool;

use super::{PARTNER, TestPortal, org};
use crate::domain::organisation::Role;
use crate::domain::sales_unit_filter::SalesUnitQuery;
use crate::server::store::sales_unit_list::SalesUnits;
use crate::server::store::sync_jobs::JobKind;
use crate::server::store::{MIGRATIONS, Scope};
use crate::server::sync;

const LIST: &str = "/as/org_kystkassa/sales-units";

async fn state_counts(portal: &TestPortal) -> [usize; 3] {
    let staff = portal.person(&format!("{}@example.com", uuid::Uuid::new_v4()), &[(PARTNER, Role::Viewer)]).await;
    let row = portal.portal.store().acting(staff, &org(PARTNER)).await.unwrap().unwrap();
    let mut counts = [0; 3];
    for (count, state) in counts.iter_mut().zip(["visible", "waiting", "gone"]) {
        let query = SalesUnitQuery::from_query(&format!("state={state}"));
        let page = portal.portal.store().page::<SalesUnits>(&row.scope, row.copy.version, &query, 0).await.unwrap();
        *count = page.matching;
    }
    counts
}

/// How often each detail has been asked for with success.
fn calls_by_path(portal: &TestPortal) -> HashMap<(Option<String>, String), usize> {
    let mut calls = HashMap::new();
    for call in portal.sandbox.calls() {
        if call.status == 200 && call.path.contains("/management/v1/") {
            *calls.entry((call.client_id, call.path)).or_default() += 1;
        }
    }
    calls
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_sync_fetches_everything_once(pool: PgPool) {
    let portal = TestPortal::start(pool).await;
    let units = portal.units_upstream(PARTNER).await;
    assert_eq!(portal.sync().await, 0);
    let merchants = portal.sandbox.merchants_of(PARTNER);
    assert_eq!(state_counts(&portal).await, [units, 0, 0]);
    let calls = calls_by_path(&portal);
    assert!(calls.len() > units);
    for (call, times) in calls {
        assert_eq!(times, 1, "{call:?}");
    }
    // Names of merchants are known where the units are.
    let scope = Scope::whole(org(PARTNER));
    let msn = crate::domain::identifiers::Msn::parse(&merchants[0].msns[0]).unwrap();
    let mut tenant = portal.portal.store().tenant(&scope).await.unwrap();
    let unit = tenant.sales_unit(&msn).await.unwrap().unwrap();
    let (merchant, _) = tenant.merchant(&unit.business_identifier.unwrap()).await.unwrap().unwrap();
    assert_eq!(merchant.name, merchants[0].name);
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_sync_that_is_killed_goes_on_where_it_was(pool: PgPool) {
    let portal = TestPortal::start_with(pool.clone(), 400, None).await;
    let units = portal.units_upstream(PARTNER).await;
    portal.sandbox.set_faults(vec!["latency=5ms".parse().unwrap()]);
    let mut kills = 0;
    loop {
        let running = portal.portal.clone();
        let only = org(PARTNER);
        let mut working = tokio::spawn(async move { sync::run_once(&running, Some(&only), false).await });
        tokio::select! {
            done = &mut working => {
                assert_eq!(done.unwrap().unwrap(), 0);
                break;
            }
            // A little longer each time, so that even a slow machine gets past the lists.
            () = tokio::time::sleep(Duration::from_millis(60 + kills as u64 * 4)) => {
                working.abort();
                let _ = working.await;
                kills += 1;
            }
        }
        // The lease of a killed process runs out.
        sqlx::query("update sync_job set lease_until = now() - interval '1 second' where lease_until is not null")
            .execute(&pool)
            .await
            .unwrap();
        assert!(kills < 200, "the sync never ends");
    }
    assert!(kills > 0, "the sync was too quick to be killed");
    assert_eq!(state_counts(&portal).await, [units, 0, 0]);
    let details: Vec<usize> = calls_by_path(&portal)
        .into_iter()
        .filter(|((_, path), _)| path.starts_with("/management/v1/sales-units/"))
        .map(|(_, times)| times)
        .collect();
    assert_eq!(details.len(), units);
    let repeated: usize = details.iter().map(|times| times - 1).sum();
    assert!(repeated <= kills * 32, "{repeated} calls were repeated after {kills} kills: more than were in flight");
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn nothing_is_taken_away_because_of_a_bad_list(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let [visible, ..] = state_counts(&portal).await;
    for fault in ["malformed=100%", "truncate=100%", "error=500:100%"] {
        portal.sandbox.set_faults(vec![fault.parse().unwrap()]);
        assert!(portal.sync().await > 0, "{fault}");
        assert_eq!(state_counts(&portal).await, [visible, 0, 0], "{fault}");
    }
    for fault in ["empty-list", "half-list"] {
        portal.sandbox.set_faults(vec![fault.parse().unwrap()]);
        portal.sync_until_well().await;
        assert_eq!(state_counts(&portal).await, [visible, 0, 0], "{fault}");
    }
    // What was held back is said.
    let browser = portal.member("a@example.com", &[(PARTNER, Role::Viewer)]).await;
    let page = browser.get(LIST).await;
    assert!(page.text().contains("they are kept as they were"), "{}", page.text());
    // Somebody who knows better can say so.
    sync::run_once(&portal.portal, None, true).await.unwrap();
    assert!(state_counts(&portal).await[2] > 0);
    // And what returns is back.
    portal.sandbox.set_faults(Vec::new());
    assert_eq!(portal.sync().await, 0);
    assert_eq!(state_counts(&portal).await, [visible, 0, 0]);
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_deactivated_unit_is_marked_and_comes_back(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let [visible, ..] = state_counts(&portal).await;
    let msn = portal.sandbox.merchants_of(PARTNER)[0].msns[0].clone();
    portal.sandbox.hide(&msn);
    portal.sync().await;
    assert_eq!(state_counts(&portal).await, [visible - 1, 0, 1]);
    portal.sandbox.show(&msn);
    portal.sync().await;
    assert_eq!(state_counts(&portal).await, [visible, 0, 0]);
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn pages_answer_while_upstream_is_gone_and_say_so(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let browser = portal.member("a@example.com", &[(PARTNER, Role::Viewer)]).await;
    let msn = portal.sandbox.merchants_of(PARTNER)[0].msns[0].clone();
    portal.stop_sandbox().await;
    assert!(portal.sync().await > 0);
    for path in ["/businesses", "/as/org_kystkassa", LIST, &format!("{LIST}?q=kaf"), &format!("{LIST}/{msn}")] {
        let page = browser.get(path).await;
        assert_eq!(page.status, 200, "{path}");
        if path.starts_with("/as/") {
            assert!(page.text().contains("Vipps MobilePay has not answered since"), "{path}: {}", page.text());
        }
    }
    let page = browser.get(LIST).await;
    assert!(page.text().contains("Synced"), "{}", page.text());
    let answer = browser.post(&format!("{LIST}/{msn}/refresh"), &[]).await;
    assert!(answer.location().ends_with("refresh=silent"), "{}", answer.location());
    portal.start_sandbox().await;
    portal.sync_until_well().await;
    assert!(!browser.get(LIST).await.text().contains("has not answered"));
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn one_partners_wrong_keys_leave_the_others_alone(pool: PgPool) {
    let portal = TestPortal::start(pool).await;
    sqlx::query("update organisation set client_id = 'wrong' where id = $1")
        .bind(PARTNER)
        .execute(&portal.pool)
        .await
        .unwrap();
    portal.sync().await;
    let failing: Vec<String> =
        sqlx::query_scalar("select distinct organisation_id from sync_job where failing_since is not null")
            .fetch_all(&portal.pool)
            .await
            .unwrap();
    assert_eq!(failing, [PARTNER]);
    let browser =
        portal.member("a@example.com", &[(PARTNER, Role::Viewer), (super::OTHER_PARTNER, Role::Viewer)]).await;
    assert!(browser.get(LIST).await.text().contains("has refused the keys"), "{}", browser.get(LIST).await.text());
    let other = browser.get("/as/org_nordbetaling/sales-units").await.text();
    assert!(!other.contains("has refused the keys") && other.contains("sales units"), "{other}");
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn two_processes_share_the_work(pool: PgPool) {
    let portal = TestPortal::start(pool).await;
    let units = portal.units_upstream(PARTNER).await;
    let stop = tokio_util::sync::CancellationToken::new();
    let workers: Vec<_> = (0..3).map(|_| tokio::spawn(sync::run(portal.portal.clone(), stop.clone()))).collect();
    tokio::time::timeout(Duration::from_secs(30), async {
        loop {
            let done = "select coalesce(bool_and(completed_at is not null), false) from sync_job";
            if sqlx::query_scalar::<_, bool>(done).fetch_one(&portal.pool).await.unwrap() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .expect("the sync does not end");
    stop.cancel();
    for worker in workers {
        worker.await.unwrap();
    }
    assert_eq!(state_counts(&portal).await, [units, 0, 0]);
    for (call, times) in calls_by_path(&portal) {
        assert_eq!(times, 1, "{call:?}");
    }
}

/// Adds a unit to the copy that upstream stumbles over whenever it is asked about it.
async fn add_stumbling_block(portal: &TestPortal, msn: &str) {
    let scope = Scope::whole(org(PARTNER));
    let msn = crate::domain::identifiers::Msn::parse(msn).unwrap();
    let listed = [crate::domain::sales_unit::ListedSalesUnit { msn, name: Some("Stumbling block".to_owned()) }];
    let now = time::OffsetDateTime::now_utc();
    portal.portal.store().apply_sales_unit_list(&scope, &listed, now, false, None).await.unwrap();
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn one_bad_unit_does_not_hold_up_the_others(pool: PgPool) {
    for sentinel in ["900500", "900901"] {
        let portal = TestPortal::start(pool.clone()).await;
        sqlx::query("delete from sync_job").execute(&pool).await.unwrap();
        add_stumbling_block(&portal, sentinel).await;
        assert_eq!(portal.sync().await, 0, "{sentinel}");
        let merchants: i64 =
            sqlx::query_scalar("select count(*) from sync_job where resource = 'merchants' and completed_at is null")
                .fetch_one(&pool)
                .await
                .unwrap();
        assert_eq!(merchants, 0, "{sentinel}: the merchants were never fetched");
    }
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn who_has_lost_the_lease_writes_nothing_more(pool: PgPool) {
    let portal = TestPortal::start(pool.clone()).await;
    let store = portal.portal.store();
    let kind = JobKind { resource: "sales_units", at_once: true, partners_only: false };
    store.ensure_sync_jobs(&[kind]).await.unwrap();
    let now = time::OffsetDateTime::now_utc();
    let only = org(PARTNER);
    let first = store.take_due_sync_job(Some(&only), now).await.unwrap().unwrap();
    assert_eq!(store.take_due_sync_job(Some(&only), now).await.unwrap(), None, "it is leased");
    assert!(store.renew_sync_lease(&first).await.unwrap());
    let later = now + time::Duration::minutes(2);
    let second = store.take_due_sync_job(Some(&only), later).await.unwrap().unwrap();
    assert!(!store.renew_sync_lease(&first).await.unwrap());
    let scope = Scope::whole(only);
    assert!(!store.tenant(&scope).await.unwrap().advance_sync_job(&first, 1, 1).await.unwrap());
    assert!(store.tenant(&scope).await.unwrap().advance_sync_job(&second, 1, 1).await.unwrap());
    // A call that comes while the job runs is not lost.
    store.call_for_sync(&second.organisation, "sales_units").await.unwrap();
    store.complete_sync_job(&second, later, None, None, &[]).await.unwrap();
    assert!(store.take_due_sync_job(None, later + time::Duration::minutes(5)).await.unwrap().is_some());
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_list_that_was_not_believed_does_not_count_as_seen(pool: PgPool) {
    let portal = TestPortal::synced(pool.clone()).await;
    let completed =
        "select completed_at from sync_job where organisation_id = 'org_kystkassa' and resource = 'sales_units'";
    let before: time::OffsetDateTime = sqlx::query_scalar(completed).fetch_one(&pool).await.unwrap();
    portal.sandbox.set_faults(vec!["empty-list".parse().unwrap()]);
    portal.sync().await;
    assert_eq!(sqlx::query_scalar::<_, time::OffsetDateTime>(completed).fetch_one(&pool).await.unwrap(), before);
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn every_shape_upstream_has_ever_answered_in_is_understood(pool: PgPool) {
    for shape in ["2023", "wrapped", "numbers", "strings"] {
        let portal = TestPortal::start(pool.clone()).await;
        for table in ["sales_unit", "merchant", "sync_job"] {
            let sql = sqlx::AssertSqlSafe(format!("delete from {table}"));
            let mut transaction = pool.begin().await.unwrap();
            sqlx::query("select set_config('portal.organisation', $1, true)")
                .bind(PARTNER)
                .execute(&mut *transaction)
                .await
                .unwrap();
            sqlx::query(sql).execute(&mut *transaction).await.unwrap();
            transaction.commit().await.unwrap();
        }
        let units = portal.units_upstream(PARTNER).await;
        portal.sandbox.set_faults(vec![format!("shape={shape}").parse().unwrap()]);
        assert_eq!(portal.sync().await, 0, "{shape}");
        assert_eq!(state_counts(&portal).await, [units, 0, 0], "{shape}");
    }
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_long_list_is_stored_in_pieces_between_which_others_can_write(pool: PgPool) {
    let portal = TestPortal::start(pool).await;
    let store = portal.portal.store();
    let scope = Scope::whole(org(PARTNER));
    let listed: Vec<_> = (1_000_000..1_011_000)
        .map(|msn: u32| crate::domain::sales_unit::ListedSalesUnit {
            msn: crate::domain::identifiers::Msn::parse(&msn.to_string()).unwrap(),
            name: None,
        })
        .collect();
    let now = time::OffsetDateTime::now_utc();
    let outcome = store.apply_sales_unit_list(&scope, &listed, now, false, None).await.unwrap().unwrap();
    assert_eq!(outcome.new, listed.len());
    // Each piece is a transaction, and has a version of its own.
    let mut reading = portal.pool.begin().await.unwrap();
    let acting = "select set_config('portal.organisation', $1, true)";
    sqlx::query(acting).bind(PARTNER).execute(&mut *reading).await.unwrap();
    let pieces = "select count(distinct version) from sales_unit";
    let pieces: i64 = sqlx::query_scalar(pieces).fetch_one(&mut *reading).await.unwrap();
    drop(reading);
    assert_eq!(pieces, 3);
    let outcome = store.apply_sales_unit_list(&scope, &listed[..8_000], now, false, None).await.unwrap().unwrap();
    assert_eq!((outcome.new, outcome.gone), (0, 3_000));
}
