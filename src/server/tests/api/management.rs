//! The Management API from the copy: as upstream's own documents describe it.

use axum::body::Bytes;
use reqwest::header::{AGE, AUTHORIZATION, CONTENT_TYPE, ETAG};
use reqwest::{Method, StatusCode};
use serde_json::Value;
use sqlx::PgPool;

use super::{Program, token};
use crate::domain::api_token::TokenScope;
use crate::domain::organisation::Role;
use crate::server::sandbox::Exchange;
use crate::server::store::MIGRATIONS;
use crate::server::store::api_tokens::TokenOwner;
use crate::server::tests::spec::Specs;
use crate::server::tests::{MERCHANT, OTHER_PARTNER, PARTNER, TestPortal, org};

struct Answer {
    status: StatusCode,
    headers: reqwest::header::HeaderMap,
    body: Bytes,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn cache_status(&self) -> &str {
        self.headers["cache-status"].to_str().unwrap()
    }
}

/// Asks as a program written for upstream does, and holds the answer against upstream's documents.
async fn ask(portal: &TestPortal, token: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = reqwest::Client::new().get(format!("http://{}/api{path}", portal.address));
    request = request.header(AUTHORIZATION, format!("Bearer {token}")).header("Vipps-System-Name", "old-client");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.send().await.unwrap();
    let (status, headers) = (answer.status(), answer.headers().clone());
    let body = answer.bytes().await.unwrap();
    if let Some(specs) = Specs::published().filter(|_| status != StatusCode::NOT_MODIFIED) {
        // Its documents call what is not there of orders plain JSON, and everything else that goes wrong a
        // problem; here all of it is a problem.
        let is_missing_order = status == StatusCode::NOT_FOUND && path.contains("/product-orders/");
        let kind = headers[&CONTENT_TYPE].to_str().unwrap();
        assert!(status.is_success() || kind == "application/problem+json", "{kind}");
        let kind = if is_missing_order { "application/json;charset=UTF-8" } else { kind }.to_owned();
        let exchange = Exchange {
            method: Method::GET.to_string(),
            path: path.to_owned(),
            request_headers: Vec::new(),
            request_body: Bytes::new(),
            status: status.as_u16(),
            response_headers: vec![("content-type".to_owned(), kind)],
            response_body: body.clone(),
            faulted: false,
        };
        let violations = specs.check_answer(&exchange);
        assert!(violations.is_empty(), "{violations:#?}");
    }
    Answer { status, headers, body }
}

async fn ask_as(portal: &TestPortal, token: &str, path: &str, organisation: &str) -> StatusCode {
    ask(portal, token, path, &[("portal-organisation", organisation)]).await.status
}

async fn reader(portal: &TestPortal, organisation: &str) -> String {
    token(portal, &TokenOwner::Organisation(org(organisation)), TokenScope::Read, None).await
}

fn msns(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|unit| unit["msn"].as_str().unwrap()).collect()
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_program_written_for_upstream_reads_the_copy(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let token = reader(&portal, PARTNER).await;
    let units = portal.units_upstream(PARTNER).await;
    let merchant = portal.sandbox.merchants_of(PARTNER).remove(0);
    portal.stop_sandbox().await;

    let list = ask(&portal, &token, "/management/v1/sales-units", &[]).await;
    assert_eq!(list.status, StatusCode::OK);
    assert_eq!(list.cache_status(), "partner-portal; hit");
    let age: u64 = list.headers[AGE].to_str().unwrap().parse().unwrap();
    assert!(age < 600, "{age}");
    let listed = list.json();
    assert_eq!(msns(&listed).len(), units);

    let business = format!("/management/v1/merchants/{}/{}", merchant.scheme, merchant.id);
    let found = ask(&portal, &token, &business, &[]).await.json();
    assert_eq!(found["businessIdentifier"]["id"], merchant.id);
    let owned = ask(&portal, &token, &format!("{business}/sales-units"), &[]).await.json();
    let mut expected = merchant.msns.clone();
    expected.sort();
    let mut found = msns(&owned);
    found.sort_unstable();
    assert_eq!(found, expected);
    let unit = ask(&portal, &token, &format!("/management/v1/sales-units/{}", expected[0]), &[]).await.json();
    assert_eq!(unit["businessIdentifier"]["id"], merchant.id);

    let orders = ask(&portal, &token, "/management/v2/product-orders?includeExpired=true", &[]).await.json();
    let ids: Vec<&str> =
        orders.as_array().unwrap().iter().map(|order| order["productOrderId"].as_str().unwrap()).collect();
    let mut theirs: Vec<String> = portal.sandbox.orders_of(PARTNER).into_iter().map(|order| order.id).collect();
    let mut ours: Vec<String> = ids.iter().map(ToString::to_string).collect();
    ours.sort();
    theirs.sort();
    assert_eq!(ours, theirs);
    let without = ask(&portal, &token, "/management/v2/product-orders", &[]).await.json();
    assert!(without.as_array().unwrap().iter().all(|order| order["status"] != "EXPIRED"));
    assert!(without.as_array().unwrap().len() < ids.len());
    let details = ask(&portal, &token, &format!("/management/v2/product-orders/{}/details", ids[0]), &[]).await;
    assert_eq!(details.json(), orders[0]);
    let packages = ask(&portal, &token, "/management/v1/partners/price-packages", &[]).await.json();
    assert_eq!(packages.as_array().unwrap().len(), portal.sandbox.price_packages_of(PARTNER).len());

    // What has not changed is not sent again.
    let tag = list.headers[ETAG].to_str().unwrap();
    let same = ask(&portal, &token, "/management/v1/sales-units", &[("if-none-match", tag)]).await;
    assert!(same.status == StatusCode::NOT_MODIFIED && same.body.is_empty());
    // Upstream is gone: that is said to who wants it from there.
    for path in [format!("/management/v1/sales-units/{}", expected[0]), format!("{business}/sales-units")] {
        let anew = ask(&portal, &token, &path, &[("cache-control", "no-cache")]).await;
        assert_eq!(anew.status, StatusCode::BAD_GATEWAY, "{}", anew.json());
    }
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_list_that_upstream_does_not_give_is_not_passed_off_as_new(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let token = reader(&portal, PARTNER).await;
    let stop = tokio_util::sync::CancellationToken::new();
    let syncing = tokio::spawn(crate::server::sync::run(portal.portal.clone(), stop.clone()));
    let older = "update sync_job set completed_at = completed_at - interval '1 minute'";
    let path = "/management/v1/sales-units";
    let no_cache = [("cache-control", "no-cache")];
    sqlx::query(older).execute(&portal.pool).await.unwrap();
    let anew = ask(&portal, &token, path, &no_cache).await;
    assert_eq!((anew.status, anew.cache_status()), (StatusCode::OK, "partner-portal; fwd=request; stored"));
    // What was fetched just now is new enough.
    portal.stop_sandbox().await;
    assert_eq!(ask(&portal, &token, path, &no_cache).await.status, StatusCode::OK);
    sqlx::query(older).execute(&portal.pool).await.unwrap();
    let anew = ask(&portal, &token, path, &no_cache).await;
    assert_eq!(anew.status, StatusCode::BAD_GATEWAY, "{}", anew.json());
    assert_eq!(ask(&portal, &token, path, &[]).await.status, StatusCode::OK);
    stop.cancel();
    syncing.await.unwrap();
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn programs_leave_room_for_people(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let program = Program::of(&portal, Some(reader(&portal, PARTNER).await));
    portal.sandbox.clear_calls();
    let mut missed = 0;
    while program.get(&format!("/api/management/v1/sales-units/{}", 10_000 + missed)).await.status != 429 {
        missed += 1;
        assert!(missed < 100, "upstream is asked as often as a program likes");
    }
    assert!(portal.sandbox.calls().len() <= 140, "{}", portal.sandbox.calls().len());
    assert_eq!(program.get("/api/management/v1/sales-units").await.status, StatusCode::OK, "the copy answers");
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn no_cache_has_upstream_asked_first(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let token = reader(&portal, PARTNER).await;
    let msn = portal.sandbox.merchants_of(PARTNER).remove(0).msns.remove(0);
    let path = format!("/management/v1/sales-units/{msn}");
    assert!(portal.sandbox.rename(&msn, "Renamed Kaffe"));
    assert_ne!(ask(&portal, &token, &path, &[]).await.json()["name"], "Renamed Kaffe");
    let anew = ask(&portal, &token, &path, &[("cache-control", "no-cache")]).await;
    assert_eq!(anew.json()["name"], "Renamed Kaffe");
    assert_eq!(anew.cache_status(), "partner-portal; fwd=request; stored");
    let copied = ask(&portal, &token, &path, &[]).await;
    assert!(copied.json()["name"] == "Renamed Kaffe" && copied.cache_status() == "partner-portal; hit");
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_token_sees_what_its_organisation_has(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let (own, others) = (reader(&portal, PARTNER).await, reader(&portal, OTHER_PARTNER).await);
    let merchants = reader(&portal, MERCHANT).await;
    let foreign = portal.sandbox.merchants_of(OTHER_PARTNER).remove(0);
    let served = portal.sandbox.merchants_of(PARTNER).remove(0);
    for path in [
        format!("/management/v1/sales-units/{}", foreign.msns[0]),
        format!("/management/v1/merchants/{}/{}", foreign.scheme, foreign.id),
        format!("/management/v2/product-orders/{}/details", portal.sandbox.orders_of(OTHER_PARTNER)[0].id),
        "/management/v1/sales-units/nonsense".to_owned(),
    ] {
        assert_eq!(ask(&portal, &own, &path, &[]).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(
        ask(&portal, &others, &format!("/management/v1/sales-units/{}", foreign.msns[0]), &[]).await.status,
        200
    );
    let seen = ask(&portal, &merchants, "/management/v1/sales-units", &[]).await.json();
    assert_eq!(msns(&seen).len(), served.msns.len());
    // With the partner's keys a served merchant reaches its own units and no others.
    let merchant = Program::of(&portal, Some(merchants));
    let others_unit = portal.sandbox.merchants_of(PARTNER).remove(1).msns.remove(0);
    portal.sandbox.clear_calls();
    for unit in [others_unit.as_str(), "99999999"] {
        let path = format!("/api/management/v1/sales-units/{unit}");
        assert_eq!(merchant.get(&path).await.status, StatusCode::NOT_FOUND);
    }
    assert!(portal.sandbox.calls().is_empty(), "{:?}", portal.sandbox.calls());
    for path in ["/management/v2/product-orders", "/management/v1/partners/price-packages"] {
        assert_eq!(merchant.get(&format!("/api{path}")).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    // A person's token says as whom it asks, and asks as a member.
    let person = portal.person("staff@example.com", &[(PARTNER, Role::Viewer)]).await;
    let persons = token(&portal, &TokenOwner::Staff(person), TokenScope::Read, None).await;
    let path = "/management/v1/sales-units";
    let asked = |organisation: &'static str| ask_as(&portal, &persons, path, organisation);
    assert_eq!(asked(PARTNER).await, StatusCode::OK);
    assert_eq!(asked(OTHER_PARTNER).await, StatusCode::NOT_FOUND);
    assert_eq!(asked("Not an id").await, StatusCode::FORBIDDEN);
    let instance = Program::with(&portal, TokenOwner::Instance, TokenScope::Write).await;
    assert_eq!(instance.get("/api/management/v1/sales-units").await.status, StatusCode::FORBIDDEN);
}
