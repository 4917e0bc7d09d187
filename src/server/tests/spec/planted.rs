//! The checker finds what is not valid.

use serde_json::{Value, json};

use super::{Findings, Specs, Watch};
use crate::server::sandbox::Exchange;

const ID: &str = "8a11afb7-c223-48ed-8ca6-4722b97261aa";

pub fn pairs(headers: &[(&str, &str)]) -> Vec<(String, String)> {
    headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// An order and its answer, all of it valid.
fn order() -> Exchange {
    let body = json!({
        "businessIdentifier": {"scheme": "business:NO:ORG", "id": "918713867"},
        "productType": "CASHIER",
        "salesUnitName": "Blåbær Kaffé",
        "website": {"url": "https://example.com", "termsUrl": "https://example.com/terms", "testWebsiteUrl": null},
    });
    Exchange {
        method: "POST".into(),
        path: "/management/v1/product-orders".into(),
        request_headers: pairs(&[
            ("authorization", "Bearer x.y.z"),
            ("ocp-apim-subscription-key", "k"),
            ("content-type", "application/json"),
            ("idempotency-key", ID),
            ("vipps-system-name", "partner-portal"),
        ]),
        request_body: body.to_string().into(),
        status: 201,
        response_headers: pairs(&[("content-type", "application/json")]),
        response_body: json!({"prefilledOrderId": ID, "prefillUrl": "https://example.com/1"}).to_string().into(),
        faulted: false,
    }
}

fn get(path: &str) -> Exchange {
    let response_headers = pairs(&[("content-type", "application/json;charset=UTF-8")]);
    Exchange {
        method: "GET".into(),
        path: path.into(),
        request_body: "".into(),
        status: 200,
        response_headers,
        response_body: "[]".into(),
        ..order()
    }
}

pub fn with(body: &[u8], pointer: &str, value: Value) -> Vec<u8> {
    let mut body: Value = serde_json::from_slice(body).unwrap();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    body.pointer_mut(parent).unwrap()[name] = value;
    body.to_string().into_bytes()
}

pub fn without(body: &[u8], name: &str) -> Vec<u8> {
    let mut body: Value = serde_json::from_slice(body).unwrap();
    body.as_object_mut().unwrap().remove(name).unwrap();
    body.to_string().into_bytes()
}

pub fn set(headers: &mut Vec<(String, String)>, name: &str, value: Option<&str>) {
    headers.retain(|(known, _)| known != name);
    headers.extend(value.map(|value| (name.to_owned(), value.to_owned())));
}

type Change = fn(&mut Exchange);

/// What is planted into an order, and what must be said of it.
const PLANTED: [(Change, &str); 27] = [
    (|order| order.method = "PUT".into(), "no such operation"),
    (|order| order.path = "/management/v1/products/orders".into(), "no such operation"),
    (|order| order.path.push_str("?dry=true"), "Query dry is not known"),
    (|order| set(&mut order.request_headers, "content-type", Some("text/json")), "request: content type"),
    (|order| set(&mut order.request_headers, "content-type", None), "request: content type"),
    (|order| set(&mut order.request_headers, "idempotency-key", None), "Header Idempotency-Key is missing"),
    (|order| set(&mut order.request_headers, "idempotency-key", Some("a_b")), "Header Idempotency-Key: \"a_b\""),
    (|order| set(&mut order.request_headers, "vipps-system-name", Some(&"long".repeat(8))), "Header Vipps-System-Name"),
    (|order| set(&mut order.request_headers, "authorization", Some("bearer x")), "not authorized"),
    (|order| order.request_body = "".into(), "request: the body is not JSON"),
    (|order| order.request_body = "{".into(), "request: the body is not JSON"),
    (|order| order.request_body = without(&order.request_body, "productType").into(), "\"productType\" is a required"),
    (|order| order.request_body = with(&order.request_body, "/new", json!(1)).into(), "'new' was unexpected"),
    (|order| order.request_body = with(&order.request_body, "/website/new", json!(1)).into(), "/website: "),
    (|order| order.request_body = with(&order.request_body, "/website/url", json!("a b")).into(), "/website/url: "),
    (
        |order| order.request_body = with(&order.request_body, "/salesUnitName", json!("A & B")).into(),
        "/salesUnitName: ",
    ),
    (|order| order.request_body = with(&order.request_body, "/productType", json!("TAP")).into(), "/productType: "),
    (|order| order.request_body = with(&order.request_body, "/productType", Value::Null).into(), "/productType: "),
    (|order| order.request_body = with(&order.request_body, "/pricePackageId", json!("1")).into(), "/pricePackageId: "),
    (|order| order.request_body = with(&order.request_body, "/annualTurnover", json!("1")).into(), "/annualTurnover: "),
    (|order| order.response_body = "".into(), "answer: the body is not JSON"),
    (|order| order.response_body = without(&order.response_body, "prefillUrl").into(), "\"prefillUrl\" is a required"),
    (
        |order| order.response_body = with(&order.response_body, "/expires", json!(14)).into(),
        "'expires' was unexpected",
    ),
    (|order| set(&mut order.response_headers, "content-type", Some("text/html")), "answer: content type"),
    // Falls under `default`, which is a problem.
    (|order| order.status = 202, "answer: content type"),
    (|order| order.status = 401, "answer: content type"),
    (
        |order| {
            order.status = 400;
            set(&mut order.response_headers, "content-type", Some("application/problem+json"));
        },
        "\"detail\" is a required",
    ),
];

#[test]
fn what_is_not_valid_is_found() {
    let Some(specs) = Specs::published() else { return };
    let good = Findings { operation: Some("POST /management/v1/product-orders".into()), violations: Vec::new() };
    assert_eq!(specs.check(&order()), good);
    for (number, (change, said)) in PLANTED.iter().enumerate() {
        let mut planted = order();
        change(&mut planted);
        let violations = specs.check(&planted).violations;
        let found =
            violations.iter().any(|violation| violation.contains(said) && violation.starts_with(&planted.method));
        assert!(found, "{number}: {said:?} is not in {violations:#?}");
    }
    let violations_of = |exchange: &Exchange| specs.check(exchange).violations;
    for good in ["/management/v1/sales-units", "/management/v2/product-orders?includeExpired=true"] {
        assert_eq!(violations_of(&get(good)), [""; 0], "{good}");
    }
    let merchant = "/management/v1/merchants/business%3ANO%3AORG/918713867/sales-units";
    assert_eq!(violations_of(&get(merchant)), [""; 0]);
    for (bad, said) in [
        ("/management/v2/product-orders?includeExpired=yes", "Query includeExpired"),
        ("/management/v1/sales-units/12", "Path msn"),
        ("/management/v2/product-orders/12/details", "Path productOrderId"),
    ] {
        let violations = violations_of(&get(bad));
        assert!(violations.iter().any(|violation| violation.contains(said)), "{bad}: {violations:?}");
    }
    let undocumented = Exchange { status: 404, ..get("/management/v2/product-orders") };
    assert!(violations_of(&undocumented)[0].contains("status 404 is not documented"));
    let bare = Exchange {
        response_headers: pairs(&[("content-type", "application/json")]),
        ..get("/management/v1/sales-units")
    };
    assert!(violations_of(&bare)[0].contains("answer: content type"), "the character set is told, too");
    let deleted = Exchange { method: "DELETE".into(), ..get(&format!("/management/v1/product-orders/{ID}")) };
    assert!(violations_of(&deleted)[0].contains("a body, but none is documented"));
    let with_body = Exchange { request_body: "{}".into(), ..get("/management/v1/sales-units") };
    assert!(violations_of(&with_body)[0].contains("a request body, but none"));
}

#[test]
fn what_a_fault_has_answered_counts_for_nothing_but_the_request_does() {
    let Some(specs) = Specs::published() else { return };
    let broken = Exchange { status: 0, response_body: "".into(), faulted: true, ..order() };
    assert_eq!(specs.check(&broken).violations, [""; 0]);
    let wrong = Exchange { request_body: "".into(), ..broken };
    assert_eq!(specs.check(&wrong).violations.len(), 1);
}

#[test]
fn only_what_is_named_may_go_beyond() {
    let Some(specs) = Specs::published() else { return };
    let compliance = json!({"donation": {"acceptsDonation": true}});
    let mut old = order();
    old.request_body = with(&old.request_body, "/complianceData", compliance).into();
    assert_eq!(specs.check(&old).violations, [""; 0]);
    let gateway = json!({"responseInfo": {"responseCode": 401, "responseMessage": "No"}, "result": {"message": "No"}});
    let mut refused = order();
    (refused.status, refused.response_body) = (401, gateway.to_string().into());
    assert_eq!(specs.check(&refused).violations, [""; 0]);
    refused.status = 429;
    assert_eq!(specs.check(&refused).violations.len(), 1, "it names another status");
    let who = get("/management/v1/partners/whoami");
    assert_eq!(specs.check(&who), Findings::default());
    assert_eq!(specs.check(&Exchange { method: "POST".into(), ..who }).violations.len(), 1);
}

#[test]
#[should_panic(expected = "GET /management/v1/nothing -> 200: there is no such operation")]
fn a_test_fails_at_its_end_for_what_was_not_valid() {
    let watch = Watch::default();
    let said = match Specs::published() {
        Some(specs) => specs.check(&get("/management/v1/nothing")).violations,
        None => vec!["GET /management/v1/nothing -> 200: there is no such operation".to_owned()],
    };
    watch.seen.lock().unwrap().violations = said;
}
