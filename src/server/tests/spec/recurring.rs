//! Both versions of the Recurring API: what is not valid is found.

use serde_json::{Value, json};

use super::planted::{pairs, set, with, without};
use super::{Findings, Specs};
use crate::server::sandbox::Exchange;

const KEY: &str = "8a11afb7-c223-48ed-8ca6-4722b97261aa";

/// A draft of today and its answer, all of it valid.
fn draft() -> Exchange {
    let body = json!({
        "pricing": {"type": "LEGACY", "amount": 49_900, "currency": "NOK"},
        "interval": {"unit": "MONTH", "count": 1},
        "merchantRedirectUrl": "https://example.com/thanks",
        "merchantAgreementUrl": "https://example.com/my-page",
        "phoneNumber": "4712345678",
        "productName": "Blåbær kaffeklubb",
        "initialCharge": {"amount": 100, "description": "Start", "transactionType": "DIRECT_CAPTURE"},
    });
    let answer = json!({
        "agreementId": "agr_5kSeqz",
        "uuid": "9c2ca95c-245f-4a2e-aab2-4a08eb78e6fb",
        "vippsConfirmationUrl": "https://example.com/1",
        "chargeId": null,
    });
    Exchange {
        method: "POST".into(),
        path: "/recurring/v3/agreements".into(),
        request_headers: pairs(&[
            ("authorization", "Bearer x.y.z"),
            ("ocp-apim-subscription-key", "k"),
            ("content-type", "application/json"),
            ("idempotency-key", KEY),
            ("merchant-serial-number", "123456"),
        ]),
        request_body: body.to_string().into(),
        status: 201,
        response_headers: pairs(&[("content-type", "application/json")]),
        response_body: answer.to_string().into(),
        faulted: false,
    }
}

/// A charge of 2018 and its answer, all of it valid.
fn charge_of_2018() -> Exchange {
    let body = json!({"amount": 234, "description": "November", "dueDate": "2026-11-30", "type": "RECURRING"});
    Exchange {
        path: "/recurring/api/v1/charge/agr_5kSeqz".into(),
        request_headers: pairs(&[
            ("authorization", "Bearer x.y.z"),
            ("merchantid", "123456"),
            ("idempotent-key", KEY),
            ("content-type", "application/json;charset=UTF-8"),
        ]),
        request_body: body.to_string().into(),
        response_headers: pairs(&[("content-type", "application/json;charset=UTF-8")]),
        response_body: body.to_string().into(),
        ..draft()
    }
}

type Change = fn(&mut Exchange);

fn find(good: fn() -> Exchange, operation: &str, planted: &[(Change, &str)]) {
    let Some(specs) = Specs::published() else { return };
    let nothing = Findings { operation: Some(operation.to_owned()), violations: Vec::new() };
    assert_eq!(specs.check(&good()), nothing);
    for (number, (change, said)) in planted.iter().enumerate() {
        let mut planted = good();
        change(&mut planted);
        let violations = specs.check(&planted).violations;
        let found = violations.iter().any(|violation| violation.contains(said));
        assert!(found, "{number}: {said:?} is not in {violations:#?}");
    }
}

fn put(bytes: &mut bytes::Bytes, pointer: &str, value: Value) {
    *bytes = with(bytes, pointer, value).into();
}

#[test]
fn what_is_not_valid_today_is_found() {
    find(
        draft,
        "POST /recurring/v3/agreements",
        &[
            (|it| it.path = "/recurring/v3/agreement".into(), "no such operation"),
            (|it| it.path.push_str("?status=ACTIVE"), "Query status is not known"),
            (|it| set(&mut it.request_headers, "idempotency-key", None), "Header Idempotency-Key is missing"),
            (|it| set(&mut it.request_headers, "authorization", None), "Header Authorization is missing"),
            (|it| set(&mut it.request_headers, "content-type", Some("text/json")), "request: content type"),
            (|it| it.request_body = without(&it.request_body, "productName").into(), "\"productName\" is a required"),
            (|it| put(&mut it.request_body, "/price", json!(1)), "'price' was unexpected"),
            (|it| put(&mut it.request_body, "/productName", json!("x".repeat(46))), "/productName: "),
            (|it| put(&mut it.request_body, "/pricing/currency", json!("SEK")), "/pricing: "),
            (|it| put(&mut it.request_body, "/pricing/amount", json!("499")), "/pricing: "),
            (|it| put(&mut it.request_body, "/interval/unit", json!("week")), "/interval/unit: "),
            (|it| put(&mut it.request_body, "/interval/count", json!(32)), "/interval/count: "),
            (|it| put(&mut it.request_body, "/initialCharge/transactionType", json!("DIRECT")), "/initialCharge"),
            (|it| it.response_body = without(&it.response_body, "uuid").into(), "\"uuid\" is a required"),
            (|it| put(&mut it.response_body, "/uuid", json!("1")), "/uuid: "),
            (|it| put(&mut it.response_body, "/agreementResource", json!("x")), "'agreementResource' was unexpected"),
            (|it| it.status = 200, "status 200 is not documented"),
            (|it| it.status = 409, "answer: content type"),
        ],
    );
    let Some(specs) = Specs::published() else { return };
    let list = |path: &str| Exchange {
        method: "GET".into(),
        path: path.into(),
        request_body: "".into(),
        status: 200,
        response_body: "[]".into(),
        ..draft()
    };
    assert_eq!(
        specs.check(&list("/recurring/v3/agreements?status=STOPPED&pageNumber=1&pageSize=2000")).violations,
        [""; 0]
    );
    for (path, said) in [
        ("/recurring/v3/agreements?status=stopped", "Query status"),
        ("/recurring/v3/agreements?pageSize=2001", "Query pageSize"),
        ("/recurring/v3/agreements/agr_1/charges?chargeStatus=DUE", "Query chargeStatus is not known"),
    ] {
        let violations = specs.check(&list(path)).violations;
        assert!(violations.iter().any(|violation| violation.contains(said)), "{path}: {violations:?}");
    }
}

#[test]
fn what_was_not_valid_in_2018_is_found() {
    find(
        charge_of_2018,
        "POST /recurring/api/v1/charge/{agreementId}",
        &[
            (|it| it.path = "/recurring/api/v1/charges/agr_5kSeqz".into(), "no such operation"),
            (|it| it.path = "/recurring/api/v1/charge/agr_5kSeqz/chr-1/capture".into(), "no such operation"),
            (|it| set(&mut it.request_headers, "merchantid", None), "Header MerchantId is missing"),
            (|it| set(&mut it.request_headers, "idempotent-key", None), "Header Idempotent-Key is missing"),
            (|it| it.request_body = without(&it.request_body, "type").into(), "\"type\" is a required"),
            (|it| put(&mut it.request_body, "/type", json!("UNSCHEDULED")), "/type: "),
            (|it| put(&mut it.request_body, "/currency", json!("EUR")), "/currency: "),
            (|it| put(&mut it.request_body, "/due", json!("2026-11-30")), "'due' was unexpected"),
            (|it| put(&mut it.response_body, "/status", json!("RESERVED")), "/status: "),
            (|it| put(&mut it.response_body, "/summary", json!({})), "'summary' was unexpected"),
            (|it| it.status = 202, "status 202 is not documented"),
            (|it| (it.status, it.response_body) = (400, "{}".into()), "is not of type \"array\""),
            (|it| set(&mut it.response_headers, "content-type", Some("text/html")), "answer: content type"),
        ],
    );
    let Some(specs) = Specs::published() else { return };
    let again = Exchange { status: 204, response_body: "".into(), response_headers: Vec::new(), ..charge_of_2018() };
    assert_eq!(specs.check(&again).violations, [""; 0], "what was done before has no body");
    let first = specs.operations().into_iter().filter(|name| name.contains("/recurring/api/v1/")).count();
    assert_eq!(first, 9, "agreements 4, charges 5");
}
