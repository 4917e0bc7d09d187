//! Orders, price packages and webhooks in every shape that was ever published.

use uuid::{Uuid, uuid};

use super::*;
use crate::domain::identifiers::BusinessIdentifier;
use crate::domain::product_order::{OrderKind, OrderStatus, ProductType, UpstreamOrder};
use crate::domain::sales_unit::{Flag, ListedSalesUnit};

const ID: Uuid = uuid!("8a11afb7-c223-48ed-8ca6-4722b97261aa");
const OTHER: Uuid = uuid!("81b83246-5c19-7b94-875b-ea6d1114f099");

fn orders(body: &str) -> Result<Vec<UpstreamOrder>, Error> {
    Ok(read_product_orders(body.as_bytes())?.into_iter().map(|answer| answer.value).collect())
}

fn order(fields: &str) -> UpstreamOrder {
    let body = format!(r#"[{{"productOrderId":"{ID}"{fields}}}]"#);
    orders(&body).unwrap().pop().unwrap()
}

#[test]
fn an_order_is_read_in_every_shape() {
    let full = order(
        r#","productOrderType":"PREFILL","productType":"CASHIER","status":"COMPLETED",
        "businessIdentifier":{"scheme":"business:NO:ORG","id":"918713867"},
        "productOrderUrl":"https://portal.vippsmobilepay.com/register/prefilled/1","new":[],
        "salesUnit":{"msn":"0123456","name":"Kafé"}"#,
    );
    let unit = ListedSalesUnit { msn: Msn::parse("0123456").unwrap(), name: Some("Kafé".into()) };
    let expected = UpstreamOrder {
        id: ID,
        kind: OrderKind::Prefill,
        product_type: ProductType::Cashier,
        status: OrderStatus::Completed,
        business_identifier: Some(BusinessIdentifier::new("business:NO:ORG", "918713867")),
        url: Some("https://portal.vippsmobilepay.com/register/prefilled/1".into()),
        sales_unit: Some(unit),
    };
    assert_eq!(full, expected);

    let bare = order("");
    assert_eq!((bare.kind, bare.status, bare.product_type), Default::default());
    assert_eq!((bare.business_identifier, bare.url, bare.sales_unit), (None, None, None));

    let odd = order(
        r#","status":"ON_HOLD","productType":"VIPPS_PA_NETT","productOrderType":"IMPORT","orgno":918713867,
        "productOrderUrl":"javascript:alert(1)","salesUnit":{"msn":123456}"#,
    );
    assert_eq!((odd.status.label(), odd.kind.label()), ("ON_HOLD", "IMPORT"));
    assert_eq!((odd.product_type, odd.url), (ProductType::PaymentIntegration, None));
    assert_eq!(odd.business_identifier, Some(BusinessIdentifier::new("business:NO:ORG", "918713867")));
    assert_eq!(odd.sales_unit.unwrap().msn.as_str(), "123456");
    for unit in ["null", "{}", r#"{"msn":"x","name":"A"}"#, "7", "[]"] {
        assert_eq!(order(&format!(r#","salesUnit":{unit},"status":"RECEIVED""#)).sales_unit, None, "{unit}");
    }

    let oldest = orders(&format!(r#"[{{"prefilledOrderId":"{ID}","prefillStatus":"PROCESSING"}}]"#)).unwrap();
    assert_eq!((oldest[0].id, &oldest[0].kind, &oldest[0].status), (ID, &OrderKind::Prefill, &OrderStatus::Submitted));
}

#[test]
fn lists_are_bare_or_wrapped_and_lose_only_what_cannot_be_read() {
    let one = format!(r#"{{"productOrderId":"{ID}","status":"RECEIVED"}}"#);
    for body in [
        format!("[{one}]"),
        format!("\u{feff} [{one}] "),
        format!(r#"{{"productOrders":[{one}],"total":1}}"#),
        format!(r#"{{"ProductOrders":[{one}]}}"#),
        format!(r#"{{"orders":[{one}]}}"#),
        format!(r#"[{{"productOrder":{one}}}]"#),
        format!(r#"[{one},{{"productOrderId":"12345"}},{{}},null,7,"{ID}",[]]"#),
        format!(r#"[{{"productOrderId":"{ID}","status":"EXPIRED"}},{one}]"#),
    ] {
        let found = orders(&body).unwrap();
        assert_eq!(found.len(), 1, "{body}");
        assert_eq!((found[0].id, &found[0].status), (ID, &OrderStatus::Received), "{body}");
    }
    assert_eq!(orders("[]"), Ok(Vec::new()));
    for body in [
        "",
        "null",
        "7",
        "{}",
        r#""[]""#,
        r#"{"productOrders":null}"#,
        r#"{"productOrders":{}}"#,
        r#"{"title":"Internal error","status":500}"#,
        r#"{"orders":[],"productOrders":[]}"#,
        "[",
        "[] x",
        "<html>",
        // Nothing in it can be read: another list than the one that was asked for.
        r#"[{"productOrderId":"12345"}]"#,
        "[[]]",
    ] {
        assert!(matches!(orders(body), Err(Error::NotUnderstood { .. })), "{body}: {:?}", orders(body));
    }
    for open in ["[", "{\"orders\":", "{\"a\":", "[{\"status\":["] {
        assert!(orders(&open.repeat(100_000)).is_err(), "deep nesting of {open}");
    }
}

#[test]
fn an_answer_keeps_each_entry_as_it_was_written() {
    let first = format!(r#"{{ "productOrderId" : "{ID}", "new": {{"deep": [1.50, "\u00e9"]}} }}"#);
    let body = format!(r#"{{"productOrders": [ {first} , {{"productOrderId":"{OTHER}"}}]}}"#);
    let answers = read_product_orders(body.as_bytes()).unwrap();
    let raw: Vec<&str> = answers.iter().map(|answer| answer.raw.as_str()).collect();
    assert_eq!(raw, [first, format!(r#"{{"productOrderId":"{OTHER}"}}"#)]);
}

#[tokio::test]
async fn orders_are_asked_for_with_those_that_expired() {
    let fake = Fake::new(|_, number, _| {
        let order = json!({ "productOrderId": ID, "status": "EXPIRED" });
        Json(if number == 0 { json!([order]) } else { order }).into_response()
    })
    .await;
    let client = fake.client();
    let listed = client.product_orders().await.unwrap();
    let details = client.product_order(ID).await.unwrap();
    assert_eq!((listed[0].value.id, &details), (ID, &listed[0]));
    let seen = fake.seen_calls();
    assert_eq!(seen[0].path, "/management/v2/product-orders?includeExpired=true");
    assert_eq!(seen[1].path, format!("/management/v2/product-orders/{ID}/details"));
    let other = client.product_order(OTHER).await;
    assert!(matches!(other, Err(Error::NotUnderstood { .. })), "{other:?}");
}

#[tokio::test]
async fn an_order_needs_to_name_itself_only_in_a_list() {
    for (body, understood) in [
        (r#"{"status":"RECEIVED","businessIdentifier":{"scheme":"business:NO:ORG","id":"918713867"}}"#, true),
        (r#"{"productOrderId":null,"status":"RECEIVED"}"#, true),
        (r#"{"productOrderId":"12345","status":"RECEIVED"}"#, false),
        ("[]", false),
    ] {
        let fake = Fake::new(move |_, _, _| body.into_response()).await;
        let answer = fake.client().product_order(ID).await;
        assert_eq!(answer.as_ref().is_ok_and(|answer| answer.value.id == ID), understood, "{answer:?}");
        assert_eq!(matches!(answer, Err(Error::NotUnderstood { .. })), !understood, "{answer:?}");
    }
}

#[tokio::test]
async fn price_packages_of_both_generations_are_read() {
    let fake = Fake::new(|_, _, _| {
        let old = json!({ "pricePackageId": ID, "name": "POS standard", "description": "2.99%",
            "visibleInSignupForm": true, "productType": "ePaymentCustomerPresent" });
        let new = json!({ "pricePackageId": OTHER, "name": "Web", "description": "1 %", "market": "DK",
            "commission": "30 %", "productType": "PAYMENT_INTEGRATION" });
        Json(json!([old, new, { "name": "without an id" }])).into_response()
    })
    .await;
    let packages = fake.client().price_packages().await.unwrap();
    let [old, new] = &packages[..] else { panic!("{packages:?}") };
    assert_eq!((&old.value.id, old.value.name.as_str()), (&ID.to_string(), "POS standard"));
    assert_eq!((old.value.description.as_str(), old.value.visible_in_signup_form), ("2.99%", Flag::Yes));
    assert_eq!(
        (&old.value.product_type, &old.value.market, &old.value.commission),
        (&ProductType::Cashier, &None, &None)
    );
    assert_eq!((new.value.market.as_deref(), new.value.commission.as_deref()), (Some("DK"), Some("30 %")));
    assert_eq!(
        (&new.value.product_type, new.value.visible_in_signup_form),
        (&ProductType::PaymentIntegration, Flag::Unknown)
    );
    assert!(new.raw.contains("\"commission\""));
    assert_eq!(fake.seen_calls()[0].path, "/management/v1/partners/price-packages");
    assert_eq!(read_price_packages(br#"{"pricePackages":[{"pricePackageId":"pp-1"}]}"#).unwrap()[0].value.id, "pp-1");
    assert!(matches!(read_price_packages(b"{}"), Err(Error::NotUnderstood { .. })));
}

#[test]
fn webhooks_are_read_in_every_shape() {
    let hook = format!(
        r#"{{"id":"{ID}","url":"https://example.com/hook","events":["user.checked-in.v1","a.new.one"],"x":1}}"#
    );
    for body in [format!(r#"{{"webhooks":[{hook},{{"id":"x"}}]}}"#), format!("[{hook}]")] {
        let answers = read_webhooks(body.as_bytes()).unwrap();
        assert_eq!((answers.len(), answers[0].raw.as_str()), (1, hook.as_str()));
        let webhook = &answers[0].value;
        assert_eq!((webhook.id, webhook.url.as_str()), (ID, "https://example.com/hook"));
        assert_eq!(webhook.events, ["user.checked-in.v1", "a.new.one"]);
    }
    assert_eq!(read_webhooks(br#"{"webhooks":[]}"#), Ok(Vec::new()));
    assert!(matches!(read_webhooks(br#"{"webhooks":null}"#), Err(Error::NotUnderstood { .. })));
}

#[test]
fn faults_are_read_in_every_shape() {
    let faults = |body: &str| Problem::read(400, body.as_bytes(), &["s3cr3t"]).faults();
    for body in [
        r#"{"title":"Bad","extraDetails":[{"key":"a.b","value":"is bad"}]}"#,
        r#"{"title":"Bad","extraDetails":[{"name":"a.b","reason":"is bad"}]}"#,
        r#"{"title":"Bad","extraDetails":[{"field":"a.b","text":"is bad"},null,7,[],{}]}"#,
        r#"{"title":"Bad","invalidParams":[{"name":"a.b","reason":" is\nbad "}]}"#,
        r#"{"title":"Bad","errors":{"a.b":["is bad"]}}"#,
        r#"{"title":"Bad","errors":{"a.b":"is bad"},"extraDetails":null}"#,
        r#"[{"field":"a.b","error":"badRequest","description":"is bad"}]"#,
        r#"[{"field":"a.b","message":"is bad","code":"1","contextId":"2"}]"#,
    ] {
        assert_eq!(faults(body), [("a.b".to_owned(), "is bad".to_owned())], "{body}");
    }
    let several = r#"{"extraDetails":[{"key":"CustomErrorCode","value":9000},{"value":"not s3cr3t"}]}"#;
    let pair = |field: &str, text: &str| (field.to_owned(), text.to_owned());
    assert_eq!(faults(several), [pair("CustomErrorCode", "9000"), pair("", "not [redacted]")]);
    for none in ["", "<html>", "{}", "7", r#"{"title":"Bad","extraDetails":{}}"#, r#"{"detail":"a.b is bad"}"#] {
        assert!(faults(none).is_empty(), "{none}");
    }
    let many = json!({ "extraDetails": vec![json!({ "key": "a", "value": "b" }); 1000] });
    assert_eq!(faults(&many.to_string()).len(), 50);
}

#[test]
fn the_id_that_support_asks_for_is_found() {
    let trace = "00-bb841c551513e233de8a01472013fa9f-542c71e40916a6ce-00";
    for (body, expected) in [
        (json!({ "traceId": "t", "instance": "/v1/webhooks" }), Some("t")),
        (json!({ "type": trace, "instance": "/v1/webhooks" }), Some(trace)),
        (json!({ "type": "https://example.com/problem", "instance": "urn:uuid:1" }), Some("urn:uuid:1")),
        (json!({ "type": "https://example.com/problem" }), None),
        (json!([{ "contextId": "c" }]), Some("c")),
    ] {
        let problem = Problem::read(400, body.to_string().as_bytes(), &[]);
        assert_eq!(problem.trace_id.as_deref(), expected, "{body}");
        assert!(expected.is_none_or(|id| problem.to_string().contains(&format!("trace id {id}"))));
    }
}
