//! Calls that change something: sent as they are, again only where that is safe, and never forgotten.

use serde_json::Value;
use uuid::{Uuid, uuid};

use super::*;
use crate::server::vipps::effect::Effect;

const ORDER: Uuid = uuid!("81b83246-5c19-7b94-875b-ea6d1114f099");
const BODY: &str = "{ \"productType\":\"CASHIER\",\n\"salesUnitName\" : \"Kafé \\u0041\",
    \"businessIdentifier\": {\"scheme\":\"business:NO:ORG\",\"id\":\"918713867\"} }";

fn prefilled() -> Response {
    let url = format!("https://portal.vippsmobilepay.com/register/prefilled/{ORDER}");
    (StatusCode::CREATED, Json(json!({ "prefilledOrderId": ORDER, "prefillUrl": url }))).into_response()
}

fn registered() -> Response {
    (StatusCode::CREATED, Json(json!({ "id": ORDER, "secret": " 090a478d== " }))).into_response()
}

/// Answers with these statuses in turn; 429 and 423 ask for no rest. A success is `good`.
async fn in_turn(codes: &'static [u16], good: fn() -> Response) -> Arc<Fake> {
    Fake::new(move |_, number, _| match codes[number] {
        200..300 => good(),
        code @ (429 | 423) => resting(code, "0"),
        code => status(code),
    })
    .await
}

async fn prefill(client: &Client) -> Result<Prefilled, Error> {
    client.prefill("key-1", BODY.into()).await
}

async fn register(client: &Client) -> Result<RegisteredWebhook, Error> {
    client.register_webhook(None, "https://example.com/hook", &["user.checked-in.v1".to_owned()]).await
}

#[tokio::test]
async fn a_prefill_is_sent_byte_for_byte_with_its_key() {
    let fake = in_turn(&[201], prefilled).await;
    let made = prefill(&fake.client()).await.unwrap();
    assert_eq!(made.order_id, ORDER);
    assert!(made.url.starts_with("https://portal.vippsmobilepay.com/register/prefilled/81b8"));
    let seen = fake.seen_calls();
    assert_eq!((seen[0].method.as_str(), seen[0].path.as_str()), ("POST", "/management/v1/product-orders"));
    assert_eq!(seen[0].body, BODY);
    assert_eq!(seen[0].header("content-type"), Some("application/json"));
    assert_eq!(seen[0].header("content-length"), Some(BODY.len().to_string().as_str()));
    assert_eq!(seen[0].header("idempotency-key"), Some("key-1"));
    assert_eq!(seen[0].header("ocp-apim-subscription-key"), Some(KEY));
    assert_eq!(seen[0].header("merchant-serial-number"), None);
    for (name, value) in seen[0].headers.iter().filter(|(name, _)| name.as_str().starts_with("vipps-")) {
        assert!((1..=30).contains(&value.len()), "{name}");
    }
}

#[tokio::test]
async fn a_key_that_upstream_would_refuse_is_not_sent() {
    let fake = in_turn(&[], prefilled).await;
    for key in ["", "a b", "a_b", "ø", "a\r\nb", &"a".repeat(51)] {
        let error = fake.client().prefill(key, BODY.into()).await.unwrap_err();
        assert!(matches!(error, Error::Unsendable { .. }) && !error.leaves_outcome_open(), "{key}: {error}");
    }
    assert_eq!(fake.calls(), 0);
}

#[tokio::test]
async fn a_prefill_is_tried_again_with_its_key_and_an_open_outcome_stays_open() {
    #[derive(Debug, PartialEq)]
    enum End {
        Made,
        /// Upstream has not made it, and its last status.
        Settled(u16),
        Open(u16),
    }
    use End::*;
    let cases: [(&[u16], End); 24] = [
        (&[201], Made),
        (&[200], Made),
        (&[500, 201], Made),
        (&[503, 502, 201], Made),
        (&[429, 201], Made),
        (&[423, 429, 201], Made),
        (&[400], Settled(400)),
        (&[401], Settled(401)),
        (&[403], Settled(403)),
        (&[404], Settled(404)),
        (&[413], Settled(413)),
        (&[422], Settled(422)),
        (&[302], Settled(302)),
        (&[429, 429, 429], Settled(429)),
        (&[409], Open(409)),
        (&[500, 500, 504], Open(504)),
        (&[500, 400], Settled(400)),
        (&[500, 422], Settled(422)),
        (&[500, 401], Open(401)),
        (&[500, 403], Open(403)),
        (&[500, 404], Open(404)),
        (&[500, 405], Open(405)),
        (&[502, 409], Open(409)),
        (&[500, 429, 423], Open(423)),
    ];
    for (codes, expected) in cases {
        let fake = in_turn(codes, prefilled).await;
        let outcome = prefill(&fake.client()).await;
        let end = match &outcome {
            Ok(_) => Made,
            Err(error) if error.leaves_outcome_open() => Open(error.status().unwrap()),
            Err(error) => Settled(error.status().unwrap()),
        };
        assert_eq!(end, expected, "{codes:?}: {outcome:?}");
        let seen = fake.seen_calls();
        assert_eq!(seen.len(), codes.len(), "{codes:?}");
        assert!(seen.iter().all(|seen| seen.header("idempotency-key") == Some("key-1") && seen.body == BODY));
    }
}

#[tokio::test]
async fn an_open_outcome_hides_nothing_of_the_failure() {
    let fake = in_turn(&[500, 500, 503], prefilled).await;
    let error = prefill(&fake.client()).await.unwrap_err();
    assert!(error.leaves_outcome_open() && error.is_transient() && !error.failure().leaves_outcome_open());
    assert!(matches!(error.failure(), Error::Upstream { .. }));
    assert_eq!((error.status(), error.trace_id()), (Some(503), Some("trace-1")));
    assert!(error.to_string().contains("code 503 (trace id trace-1); upstream may have done it"), "{error}");
}

#[tokio::test]
async fn an_answer_that_is_not_understood_leaves_the_outcome_open() {
    for body in [
        "",
        "<html>",
        "[]",
        "{}",
        r#"{"prefilledOrderId":"81b83246-5c19-7b94-875b-ea6d1114f099"}"#,
        r#"{"prefilledOrderId":"x","prefillUrl":"https://a.example/"}"#,
        r#"{"prefilledOrderId":"81b83246-5c19-7b94-875b-ea6d1114f099","prefillUrl":"javascript:alert(1)"}"#,
    ] {
        let fake = Fake::new(move |_, _, _| (StatusCode::CREATED, body).into_response()).await;
        let error = prefill(&fake.client()).await.unwrap_err();
        assert!(matches!(error.failure(), Error::NotUnderstood { .. }), "{body}: {error}");
        assert!(error.leaves_outcome_open(), "{body}");
        assert_eq!(fake.calls(), 1);
    }
}

#[tokio::test]
async fn a_token_that_dies_is_replaced_for_a_post_too() {
    let fake = Fake::new(|_, _, seen| match (seen.method.as_str(), seen.bearer()) {
        ("GET", _) => Json(json!([])).into_response(),
        (_, bearer) if bearer == format!("{TOKEN}0") => status(401),
        _ if seen.path.starts_with("/webhooks") => registered(),
        _ => prefilled(),
    })
    .await;
    for webhook in [false, true] {
        // Another account, so that its token is the dead one again.
        fake.tokens.store(0, Ordering::SeqCst);
        let client = fake.client();
        client.price_packages().await.unwrap();
        if webhook {
            register(&client).await.unwrap();
        } else {
            prefill(&client).await.unwrap();
        }
        assert_eq!(fake.tokens(), 2);
    }
    let posts: Vec<_> = fake.seen_calls().into_iter().filter(|seen| seen.method == Method::POST).collect();
    assert_eq!(posts.len(), 4);
    assert_eq!(posts[0].body, posts[1].body);
}

#[tokio::test]
async fn an_outcome_stays_open_when_the_token_cannot_be_replaced() {
    let tokens = |_: &Fake, number: usize, _: &Seen| if number == 0 { token(0, 3600) } else { status(403) };
    let answers = |_: &Fake, number: usize, _: &Seen| match number {
        0 => Json(json!([])).into_response(),
        1 => status(500),
        _ => status(401),
    };
    let fake = Fake::with_tokens(Duration::ZERO, tokens, answers).await;
    let client = fake.client();
    client.price_packages().await.unwrap();
    let error = prefill(&client).await.unwrap_err();
    assert!(matches!(error.failure(), Error::Forbidden(_)) && error.leaves_outcome_open(), "{error}");
    assert_eq!((fake.calls(), fake.tokens()), (3, 2));
}

#[tokio::test]
async fn what_fails_before_the_call_leaves_nothing_open() {
    let no_tokens = Fake::with_tokens(Duration::ZERO, |_, _, _| status(500), |_, _, _| prefilled()).await;
    let error = prefill(&no_tokens.client()).await.unwrap_err();
    assert!(matches!(error, Error::Upstream { .. }) && !error.leaves_outcome_open(), "{error}");
    assert_eq!(no_tokens.calls(), 0);

    let down = Fake::new(|_, _, _| status(500)).await;
    let client = down.client();
    while client.breaker_open_since().is_none() {
        client.price_packages().await.unwrap_err();
    }
    let calls = down.calls();
    let error = prefill(&client).await.unwrap_err();
    assert!(matches!(error, Error::BreakerOpen { .. }) && !error.leaves_outcome_open(), "{error}");
    assert_eq!(down.calls(), calls, "nothing is sent");
}

#[tokio::test]
async fn a_webhook_is_registered_once_at_most() {
    let cases: [(&[u16], usize, Option<bool>); 9] = [
        (&[201], 1, None),
        (&[429, 423, 201], 3, None),
        (&[500, 201], 1, Some(true)),
        (&[503, 201], 1, Some(true)),
        (&[429, 504, 201], 2, Some(true)),
        (&[400], 1, Some(false)),
        (&[409], 1, Some(false)),
        (&[404], 1, Some(false)),
        (&[429, 429, 429], 3, Some(false)),
    ];
    for (codes, calls, open) in cases {
        let fake = in_turn(codes, registered).await;
        let outcome = register(&fake.client()).await;
        assert_eq!(outcome.as_ref().err().map(Error::leaves_outcome_open), open, "{codes:?}: {outcome:?}");
        assert_eq!(fake.calls(), calls, "{codes:?}");
        if let Ok(webhook) = outcome {
            assert_eq!((webhook.id, webhook.secret.expose_secret()), (ORDER, " 090a478d== "));
            assert!(!format!("{webhook:?}").contains("090a"));
        }
    }
    for body in [r#"{"id":"81b83246-5c19-7b94-875b-ea6d1114f099","secret":""}"#, r#"{"secret":"s3cr3t-s3cr3t"}"#, "[]"]
    {
        let fake = Fake::new(move |_, _, _| (StatusCode::CREATED, body).into_response()).await;
        let error = register(&fake.client()).await.unwrap_err();
        assert!(error.leaves_outcome_open() && !format!("{error:?}").contains("s3cr3t"), "{error}");
    }
    let unsent = Error::Unreachable { cause: String::new(), sent: false };
    let sent = Error::Unreachable { cause: String::new(), sent: true };
    assert!(Effect::Adds.allows_another(&unsent) && !Effect::Adds.allows_another(&sent));
}

#[tokio::test]
async fn a_webhook_call_is_made_for_the_unit_that_is_named() {
    let fake = Fake::new(|_, _, seen| match seen.method.as_str() {
        "GET" => Json(json!({ "webhooks": [] })).into_response(),
        "POST" => registered(),
        _ => StatusCode::NO_CONTENT.into_response(),
    })
    .await;
    let msn = |text| Msn::parse(text).unwrap();
    for (keys_msn, named, expected) in [
        (None, None, None),
        (None, Some(msn("0012345")), Some("0012345")),
        (Some(msn("99999")), None, Some("99999")),
        (Some(msn("99999")), Some(msn("0012345")), Some("0012345")),
    ] {
        let before = fake.seen_calls().len();
        let client = vipps(1000.0).client(Credentials { msn: keys_msn, ..keys(&fake.url) });
        client.webhooks(named.as_ref()).await.unwrap();
        let events = ["epayments.payment.captured.v1".to_owned(), "user.checked-in.v1".to_owned()];
        client.register_webhook(named.as_ref(), "https://example.com/a?b", &events).await.unwrap();
        client.delete_webhook(named.as_ref(), ORDER).await.unwrap();
        let seen = fake.seen_calls().split_off(before);
        assert_eq!(seen.len(), 3);
        for seen in &seen {
            assert_eq!(seen.header("merchant-serial-number"), expected);
            assert_eq!(seen.headers.get_all("merchant-serial-number").iter().count(), usize::from(expected.is_some()));
            assert_eq!(seen.header("idempotency-key"), None);
        }
        let paths: Vec<(&str, &str)> = seen.iter().map(|seen| (seen.method.as_str(), seen.path.as_str())).collect();
        let list = "/webhooks/v1/webhooks";
        let one = "/webhooks/v1/webhooks/81b83246-5c19-7b94-875b-ea6d1114f099";
        assert_eq!(paths, [("GET", list), ("POST", list), ("DELETE", one)]);
        assert_eq!(seen[1].header("content-type"), Some("application/json"));
        assert_eq!(seen[0].header("content-type"), None);
        let sent: Value = serde_json::from_str(&seen[1].body).unwrap();
        assert_eq!(sent, json!({ "url": "https://example.com/a?b", "events": events }));
    }
}

#[tokio::test]
async fn a_deletion_is_tried_again_and_what_is_gone_then_is_deleted() {
    // The statuses; whether it fails, and if so whether the outcome is open: for an order, for a webhook.
    type Failure = Option<bool>;
    let cases: [(&[u16], Failure, Failure); 10] = [
        (&[200], None, None),
        (&[429, 200], None, None),
        (&[500, 200], None, None),
        (&[500, 404], None, None),
        (&[500, 502, 404], None, None),
        (&[404], Some(false), Some(false)),
        (&[400], Some(false), Some(false)),
        // Upstream documents no 404 for webhooks: 400 may be what it says of one that is gone.
        (&[500, 400], Some(false), Some(true)),
        (&[500, 403], Some(true), Some(true)),
        (&[500, 503, 500], Some(true), Some(true)),
    ];
    for (codes, of_order, of_webhook) in cases {
        for (expected, webhook) in [(of_order, false), (of_webhook, true)] {
            let fake = in_turn(codes, || StatusCode::NO_CONTENT.into_response()).await;
            let client = fake.client();
            let outcome = match webhook {
                true => client.delete_webhook(None, ORDER).await,
                false => client.delete_product_order(ORDER).await,
            };
            assert_eq!(outcome.as_ref().err().map(Error::leaves_outcome_open), expected, "{codes:?}: {outcome:?}");
            let seen = fake.seen_calls();
            assert_eq!(seen.len(), codes.len(), "{codes:?}");
            assert!(seen.iter().all(|seen| seen.method == Method::DELETE && seen.body.is_empty()));
            let path = if webhook { "/webhooks/v1/webhooks/" } else { "/management/v1/product-orders/" };
            assert_eq!(seen[0].path, format!("{path}{ORDER}"));
        }
    }
}

#[tokio::test]
async fn no_secret_of_a_body_comes_back_in_an_error() {
    let echo = |_: &Fake, _: usize, seen: &Seen| {
        let sent: Value = serde_json::from_str(&seen.body).unwrap();
        let password = sent["website"]["testWebsitePassword"].as_str().unwrap();
        let fault = json!({ "key": "website", "value": format!("{password} is too weak") });
        let body = json!({ "title": "Bad", "sent": sent, "extraDetails": [fault] });
        (StatusCode::BAD_REQUEST, Json(body)).into_response()
    };
    let fake = Fake::new(echo).await;
    let mut body: Value = serde_json::from_str(BODY).unwrap();
    let shop = "https://shop.example/";
    body["website"] = json!({ "url": shop, "termsUrl": shop, "testWebsitePassword": "Sesam-åpne" });
    let error = fake.client().prefill("key-2", body.to_string().into()).await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("Sesam"), "{error:?}");
    assert!(format!("{error:?}").contains("shop.example"));
    let faults = error.problem().unwrap().faults();
    assert_eq!(faults, [("website".to_owned(), "[redacted] is too weak".to_owned())]);
}
