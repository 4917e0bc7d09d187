//! What only some upstreams have: asked for without changing anything.

use serde_json::Value;

use super::*;
use crate::domain::identifiers::BusinessIdentifier;
use crate::domain::partner::{Partner, Proposal};
use crate::domain::sales_unit::SalesUnitChange;

#[test]
fn merchants_are_read_in_every_shape() {
    let norwegian = |id: &str| BusinessIdentifier::new("business:NO:ORG", id);
    let two = vec![(norwegian("987654321"), "A".to_owned()), (norwegian("987654322"), "B".to_owned())];
    for body in [
        r#"{"merchants":[{"businessIdentifier":{"scheme":"business:NO:ORG","id":"987654321"},"name":"A"},
            {"businessidentifier":{"scheme":"business:NO:ORG","id":987654322},"name":"B","new":1}]}"#,
        r#"{"MerchantList":[{"orgno":987654321,"name":"A"},{"orgno":"987654322","name":"B"}]}"#,
        r#"[{"merchant":{"orgno":987654321,"name":"A"}},{"orgno":987654322,"name":"B"}]"#,
        r#"[{"orgno":987654321,"name":"Old"},{"name":"nobody"},{"orgno":987654321,"name":"A"},{"orgno":987654322,"name":"B"}]"#,
    ] {
        assert_eq!(read_merchants(body.as_bytes()).as_ref(), Ok(&two), "{body}");
    }
    assert_eq!(read_merchants(b"{\"merchants\":[]}"), Ok(Vec::new()));
    assert_eq!(read_merchants(br#"[{"orgno":1234}]"#), Ok(vec![(norwegian("1234"), String::new())]));
    for body in ["", "{}", "null", "7", r#"{"merchants":{}}"#, r#"{"merchants":[],"MerchantList":[]}"#, "[[]]"] {
        assert!(matches!(read_merchants(body.as_bytes()), Err(Error::NotUnderstood { .. })), "{body}");
    }
}

#[test]
fn a_partner_is_read_with_what_there_is() {
    let full = br#"{"partnerId":"123456","name":"ACME","level":"Partner Premium","partnerContactName":"A B",
        "partnerContactEmail":"a@b.example","status":"ACTIVE","new":{}}"#;
    let text = |text: &str| Some(text.to_owned());
    let acme = Partner {
        id: text("123456"),
        name: "ACME".into(),
        level: text("Partner Premium"),
        contact_name: text("A B"),
        contact_email: text("a@b.example"),
        status: text("ACTIVE"),
    };
    assert_eq!(read_partner(full), Ok(acme));
    let bare = read_partner(br#"{"partner":{"partnerId":123456,"status":null}}"#).unwrap();
    assert_eq!((bare.id.as_deref(), bare.name.as_str(), bare.status), (Some("123456"), "", None));
    for body in ["", "[]", "{}", r#"{"status":"ACTIVE"}"#] {
        assert!(matches!(read_partner(body.as_bytes()), Err(Error::NotUnderstood { .. })), "{body}");
    }
}

#[tokio::test]
async fn only_contracts_that_are_links_are_kept() {
    let fake = Fake::new(|_, _, _| {
        let urls =
            ["https://example.com/contract-12345.pdf", "javascript:alert(1)", "contract.pdf", "http://a.example/b"];
        Json(json!({ "urls": urls })).into_response()
    })
    .await;
    let urls = fake.client().contracts(&BusinessIdentifier::new("business:NO:ORG", "918713867")).await.unwrap();
    assert_eq!(urls, ["https://example.com/contract-12345.pdf", "http://a.example/b"]);
    assert_eq!(fake.seen_calls()[0].path, "/management/v1/merchants/business:NO:ORG/918713867/contracts");
}

#[tokio::test]
async fn a_sales_unit_is_changed_in_what_is_named() {
    let fake = Fake::new(|_, number, _| if number == 0 { status(500) } else { StatusCode::OK.into_response() }).await;
    let client = fake.client();
    let msn = Msn::parse("0012345").unwrap();
    let change = SalesUnitChange { name: Some("Kafé".into()), logo: Some("aGVp".into()), active: Some(false) };
    client.change_sales_unit(&msn, &change).await.unwrap();
    client.change_sales_unit(&msn, &SalesUnitChange { active: Some(true), ..Default::default() }).await.unwrap();
    let seen = fake.seen_calls();
    let bodies: Vec<Value> = seen.iter().map(|seen| serde_json::from_str(&seen.body).unwrap()).collect();
    let first = json!({ "name": "Kafé", "salesUnitLogo": "aGVp", "status": "DEACTIVATED" });
    assert_eq!(bodies, [first.clone(), first, json!({ "status": "ACTIVE" })]);
    for seen in seen {
        assert_eq!((seen.method.as_str(), seen.path.as_str()), ("PATCH", "/management/v1/sales-units/0012345"));
        assert_eq!(seen.header("content-type"), Some("application/json"));
    }
    for name in [None, Some(String::new()), Some("a".repeat(51))] {
        let error = client.change_sales_unit(&msn, &SalesUnitChange { name, ..Default::default() }).await.unwrap_err();
        assert!(matches!(error, Error::Unsendable { .. }), "{error}");
    }
    assert_eq!(fake.calls(), 3);
    let broken = Fake::new(|_, _, _| status(500)).await;
    assert!(broken.client().change_sales_unit(&msn, &change).await.unwrap_err().leaves_outcome_open());
}

#[tokio::test]
async fn an_upstream_is_asked_what_it_has_without_changing_anything() {
    for proposal in Proposal::ALL {
        for (code, expected) in [
            (400, Some(true)),
            (403, Some(true)),
            (422, Some(true)),
            (404, Some(false)),
            (405, Some(false)),
            (410, Some(false)),
            (302, None),
            (401, None),
            (500, None),
            (503, None),
        ] {
            let fake = Fake::new(move |_, _, _| status(code)).await;
            let offered = fake.client().offers(proposal).await;
            assert_eq!(offered.as_ref().ok().copied(), expected, "{proposal:?} {code}: {offered:?}");
            assert!(offered.as_ref().err().is_none_or(|error| !error.leaves_outcome_open()));
            let seen = fake.seen_calls();
            let call = (seen[0].method.as_str(), seen[0].path.as_str(), seen[0].body.as_str());
            let asked = match proposal {
                Proposal::Merchants => ("GET", "/management/v1/merchants", ""),
                Proposal::WhoAmI => ("GET", "/management/v1/partners/whoami", ""),
                Proposal::Contracts => ("GET", "/management/v1/merchants/business:NO:ORG/none/contracts", ""),
                Proposal::ChangeSalesUnit => ("PATCH", "/management/v1/sales-units/0", "{}"),
                Proposal::ApiQuality => ("GET", "/management/v1/api-quality/sales-units/0", ""),
            };
            assert_eq!(call, asked);
        }
    }
    let answers = |_: &Fake, _: usize, seen: &Seen| match seen.path.rsplit('/').next() {
        Some("merchants") => Json(json!({ "merchants": [] })).into_response(),
        Some("whoami") => Json(json!({ "partnerId": "123456" })).into_response(),
        Some("0") if seen.method == "GET" => Json(json!({ "ApiQualityItems": [] })).into_response(),
        Some("contracts") => Json(json!({ "urls": [] })).into_response(),
        _ => StatusCode::OK.into_response(),
    };
    let (good, other) = (Fake::new(answers).await, Fake::new(|_, _, _| "<html>".into_response()).await);
    for proposal in Proposal::ALL {
        assert_eq!(good.client().offers(proposal).await, Ok(true), "{proposal:?}");
        let anything = proposal == Proposal::ChangeSalesUnit;
        assert_eq!(other.client().offers(proposal).await, Ok(anything), "{proposal:?}");
    }
    let nowhere = vipps(1000.0).client(keys("http://127.0.0.1:1")).offers(Proposal::Merchants).await;
    assert!(matches!(nowhere, Err(Error::Unreachable { .. })), "{nowhere:?}");
}
