//! How the calls to upstream go: counted as they are made, and told where people look.

use std::collections::BTreeSet;

use reqwest::StatusCode;
use sqlx::PgPool;
use tokio::net::TcpListener;

use super::{Browser, MERCHANT, MERCHANT_WITH_KEYS, OTHER_PARTNER, PARTNER, TestPortal, org};
use crate::domain::organisation::Role;
use crate::server::commands::serve::serve;
use crate::server::sandbox::SandboxSettings;
use crate::server::store::MIGRATIONS;

const PAGE: &str = "/as/org_kystkassa/api-quality";

/// How many calls with an organisation's keys the sandbox has seen, and how many it has answered so.
fn seen(portal: &TestPortal, organisation: &str, status: u16) -> (usize, usize) {
    let keys = portal.sandbox.keys().into_iter().find(|keys| keys.org_id == organisation).unwrap();
    let calls = portal.sandbox.calls();
    let own = || calls.iter().filter(|call| call.client_id.as_ref() == Some(&keys.client_id));
    (own().count(), own().filter(|call| call.status == status).count())
}

/// The big figure above these words.
fn figure(page: &str, what: &str) -> String {
    let page = page.replace("<!>", "");
    let (before, _) = page.split_once(&format!("</strong><span>{what}</span>")).unwrap_or_else(|| panic!("no {what}"));
    before.rsplit_once("<strong>").unwrap().1.replace('\u{a0}', "")
}

/// What is kept of an organisation's calls, asked as itself: nobody else gets any.
async fn kept(portal: &TestPortal, organisation: &str, query: &'static str) -> Vec<String> {
    let mut transaction = portal.pool.begin().await.unwrap();
    let acting = sqlx::query("select set_config('portal.organisation', $1, true)").bind(organisation);
    acting.execute(&mut *transaction).await.unwrap();
    sqlx::query_scalar(query).fetch_all(&mut *transaction).await.unwrap()
}

async fn viewer(portal: &TestPortal, organisation: &str) -> Browser {
    portal.member(&format!("viewer@{organisation}.example"), &[(organisation, Role::Viewer)]).await
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn every_call_is_counted_and_failing_ones_are_told(pool: PgPool) {
    let portal = TestPortal::start(pool).await;
    let browser = viewer(&portal, PARTNER).await;
    let page = browser.get(PAGE).await.text();
    assert!(page.contains("No calls") && page.contains("has not called Vipps MobilePay"), "{page}");

    assert_eq!(portal.sync().await, 0);
    portal.portal.write_down_calls().await;
    let (calls, _) = seen(&portal, PARTNER, 200);
    let page = browser.get(PAGE).await.body;
    assert_eq!(figure(&page, "calls"), calls.to_string());
    assert_eq!((figure(&page, "failed").as_str(), figure(&page, "did not fail").as_str()), ("0", "100%"));
    for endpoint in ["POST:/accesstoken/get", "GET:/management/v1/sales-units/{msn}", "GET:/webhooks/v1/webhooks"] {
        assert!(page.contains(endpoint), "{endpoint}");
    }
    let landing = browser.get("/as/org_kystkassa").await.text();
    assert!(!landing.contains("within 24 hours failed"), "{landing}");

    // Upstream answers with a failure now and then.
    portal.sandbox.set_faults(vec!["error=500:40%".parse().unwrap()]);
    for _ in 0..3 {
        portal.sync().await;
    }
    portal.sandbox.set_faults(Vec::new());
    portal.portal.write_down_calls().await;
    let (calls, failed) = seen(&portal, PARTNER, 500);
    assert!(failed > 3, "{failed}");
    let page = browser.get(PAGE).await;
    assert_eq!(figure(&page.body, "calls"), calls.to_string());
    assert_eq!(figure(&page.body, "failed"), failed.to_string());
    let text = page.text();
    assert!(text.contains("× 500") && text.contains(&format!("of which {failed} failed")), "{text}");
    assert!(page.body.contains("role=\"img\"") && page.body.contains("aria-describedby=\"calls-over-time-sentence\""));

    // Names of endpoints hold nothing of what was asked for.
    let endpoints = kept(&portal, PARTNER, "select distinct endpoint from api_call").await;
    assert!(endpoints.len() > 5);
    for endpoint in endpoints {
        assert!(!endpoint.as_bytes().windows(2).any(|pair| pair.iter().all(u8::is_ascii_digit)), "{endpoint}");
        assert!(!endpoint.contains('?'), "{endpoint}");
    }
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn the_overview_warns_from_where_admins_want_it(pool: PgPool) {
    let portal = TestPortal::start(pool).await;
    let admin = portal.member("admin@example.com", &[(PARTNER, Role::Admin)]).await;
    portal.sandbox.set_faults(vec!["error=503:50%".parse().unwrap()]);
    portal.sync().await;
    portal.sandbox.set_faults(Vec::new());
    portal.portal.write_down_calls().await;
    let (calls, failed) = seen(&portal, PARTNER, 503);
    assert!(failed * 100 >= calls * 5, "{failed} of {calls}");
    let save = async |percent: &str, calls: &str| {
        admin.post("/as/org_kystkassa/settings", &[("failing_percent", percent), ("failing_calls", calls)]).await
    };
    let warns = async || {
        let landing = admin.get("/as/org_kystkassa").await;
        let warns = landing.text().contains(&format!("{failed} of the portal’s {calls} calls"));
        assert_eq!(warns, landing.body.contains(&format!("<a href=\"{PAGE}\">{failed} of")), "{}", landing.body);
        warns
    };
    assert_eq!(save("5", "1").await.status, StatusCode::SEE_OTHER);
    assert!(warns().await);
    save("100", "1").await;
    assert!(!warns().await);
    save("5", "100 000").await;
    assert!(!warns().await);
    let refused = save("101", "few").await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("value=\"101\"") && refused.body.contains("value=\"few\""), "{}", refused.body);
    assert!(refused.body.contains("field-failing_percent-fault") && refused.body.contains("field-failing_calls-fault"));
    assert!(admin.get("/as/org_kystkassa/settings").await.body.contains("value=\"100000\""), "as it was before");
    let viewer = viewer(&portal, PARTNER).await;
    assert!(viewer.get("/as/org_kystkassa/settings").await.text().contains("5 % of at least 100\u{a0}000 calls"));
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn what_is_asked_only_to_learn_whether_it_is_there_does_not_fail(pool: PgPool) {
    let sandbox = SandboxSettings { sales_units: 30, proposals: false, ..SandboxSettings::default() };
    let portal = TestPortal::start_on(pool, sandbox, None).await;
    assert_eq!(portal.sync().await, 0);
    portal.portal.write_down_calls().await;
    let (calls, not_found) = seen(&portal, PARTNER, 404);
    assert!(not_found >= 5, "{not_found}");
    let page = viewer(&portal, PARTNER).await.get(PAGE).await;
    assert_eq!(figure(&page.body, "calls"), calls.to_string());
    assert_eq!(figure(&page.body, "failed"), "0");
    assert!(page.text().contains("× expected refusal") && !page.text().contains("× 404"), "{}", page.text());
    assert!(page.text().contains("does not tell its figures to programs here"), "{}", page.text());
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn one_units_calls_are_looked_at_by_themselves(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let browser = viewer(&portal, PARTNER).await;
    let msn = portal.sandbox.merchants_of(PARTNER)[0].msns[0].clone();
    browser.post(&format!("/as/org_kystkassa/sales-units/{msn}/refresh"), &[]).await;
    portal.portal.write_down_calls().await;
    let of_unit = format!("/management/v1/sales-units/{msn}");
    let about = portal.sandbox.calls().into_iter().filter(|call| call.path == of_unit).count();
    assert_eq!(about, 2);
    let page = browser.get(PAGE).await;
    assert!(page.text().contains("sales units; none of them failed"), "{}", page.text());
    for span in ["24h", "7d", "30d", "90d"] {
        let page = browser.get(&format!("{PAGE}?span={span}&msn={msn}")).await;
        let row = page.body.split_once("GET:/management/v1/sales-units/{msn}").expect("the endpoint").1;
        let calls = row.split_once("class=\"numbers\">").unwrap().1.split('<').next().unwrap();
        assert_eq!(calls, "2", "{span}");
        assert!(page.text().contains(&format!("({msn})")), "its name and number");
        assert!(page.text().contains("As Vipps MobilePay counts"), "{}", page.text());
    }
    let unknown = browser.get(&format!("{PAGE}?msn=999999")).await;
    assert_eq!(unknown.status, StatusCode::OK);
    assert!(
        unknown.text().contains("has called nothing about such a sales unit")
            && unknown.body.contains("Show all calls")
    );
    assert!(browser.get(&format!("{PAGE}?msn=%22kaffe%22")).await.text().contains("That is no MSN"));
    assert_eq!(browser.get(&format!("{PAGE}?span=year&after=1~2")).await.status, StatusCode::OK);

    // What upstream tells of its own, worst first, is shown beside it.
    assert!(page.text().contains("sales units Vipps MobilePay tells that calls fail"), "{}", page.text());
    let told = kept(&portal, PARTNER, "select msn from told_api_quality where failed > 0").await;
    let page = browser.get(&format!("{PAGE}?msn={}", told[0])).await;
    assert!(page.body.contains("POST:/epayment/v1/payments/{reference}/capture"), "{}", page.text());
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn everybody_sees_their_own_calls(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    portal.portal.write_down_calls().await;
    // With keys of its own: its own calls.
    let own = viewer(&portal, MERCHANT_WITH_KEYS).await;
    let page = own.get(&format!("/as/{MERCHANT_WITH_KEYS}/api-quality")).await;
    let (calls, _) = seen(&portal, MERCHANT_WITH_KEYS, 200);
    assert_eq!(figure(&page.body, "calls"), calls.to_string());
    assert!(
        page.body.contains("/recurring/v3/agreements") && !page.text().contains("By sales unit"),
        "{}",
        page.text()
    );
    assert!(own.get(&format!("/as/{MERCHANT_WITH_KEYS}")).await.body.contains("/api-quality\""), "it is in the menu");
    // Served from its partner's copy: what was called about its own units.
    let served = viewer(&portal, MERCHANT).await;
    let page = served.get(&format!("/as/{MERCHANT}/api-quality")).await;
    let units: BTreeSet<String> = portal.sandbox.merchants_of(PARTNER)[0].msns.iter().cloned().collect();
    let known = kept(&portal, PARTNER, "select distinct msn from api_call where msn <> '' order by msn").await;
    let mut foreign = 0;
    for msn in known.iter().filter(|msn| !units.contains(*msn)) {
        foreign += 1;
        let shown = [format!("msn={msn}\""), format!(">{msn}<")];
        assert!(!shown.iter().any(|shown| page.body.contains(shown)), "{msn} is not this merchant's");
    }
    assert!(foreign > 50);
    let counted = "select msn || ' ' || sum(requests) from api_call where step = 'hour' and endpoint = '' and msn <> '' group by msn";
    let counted = kept(&portal, PARTNER, counted).await;
    let of_units = counted.iter().filter_map(|line| line.split_once(' ')).filter(|(msn, _)| units.contains(*msn));
    let about: u64 = of_units.map(|(_, calls)| calls.parse::<u64>().unwrap()).sum();
    assert!(about > 0);
    assert_eq!(figure(&page.body, "calls"), about.to_string());
    assert!(page.body.contains(&format!("msn={}\"", units.first().unwrap())) || units.len() == 1);
    let other = known.iter().find(|msn| !units.contains(*msn)).unwrap();
    let not_its = served.get(&format!("/as/{MERCHANT}/api-quality?msn={other}")).await.body_without_nonce();
    let nobodys = served.get(&format!("/as/{MERCHANT}/api-quality?msn=999999")).await.body_without_nonce();
    assert_eq!(not_its.replace(other.as_str(), "999999"), nobodys, "another's unit looks like one that does not exist");
    let stranger = viewer(&portal, OTHER_PARTNER).await;
    assert_eq!(stranger.get(PAGE).await.status, StatusCode::NOT_FOUND);
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn what_was_called_is_written_down_when_the_portal_stops(pool: PgPool) {
    let portal = TestPortal::start(pool).await;
    let client = portal.portal.client_of(&org(PARTNER)).await.unwrap().unwrap();
    client.sales_units().await.unwrap();
    let count = async || kept(&portal, PARTNER, "select endpoint from api_call").await.len();
    assert_eq!(count().await, 0, "nothing waits for the database");
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    // It is told to stop as soon as it has begun.
    serve(portal.portal.clone(), listener, async {}, |_| {}).await.unwrap();
    assert!(count().await > 0);
}
