//! The Webhooks API: scopes, quotas, and what it refuses.

use serde_json::json;

use super::*;

const WEBHOOKS: &str = "/webhooks/v1/webhooks";
const CAPTURED: &str = "epayments.payment.captured.v1";

impl Client {
    async fn hooks(&self, msn: Option<&str>) -> Vec<String> {
        let headers =
            [&self.headers()[..], &msn.map(|msn| ("merchant-serial-number", msn)).into_iter().collect::<Vec<_>>()];
        let answer = send(&self.router, Method::GET, WEBHOOKS, &headers.concat(), "").await;
        assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"), "{}", answer.text);
        let id = |webhook: &Value| webhook["id"].as_str().unwrap().to_owned();
        answer.body["webhooks"].as_array().unwrap().iter().map(id).collect()
    }

    async fn register(&self, msn: Option<&str>, url: &str, events: &[&str]) -> Answer {
        let headers: Vec<_> = msn.map(|msn| ("merchant-serial-number", msn)).into_iter().collect();
        self.call(Method::POST, WEBHOOKS, &headers, &json!({"url": url, "events": events})).await
    }

    async fn unregister(&self, msn: Option<&str>, id: &str) -> Answer {
        let headers =
            [&self.headers()[..], &msn.map(|msn| ("merchant-serial-number", msn)).into_iter().collect::<Vec<_>>()];
        send(&self.router, Method::DELETE, &format!("{WEBHOOKS}/{id}"), &headers.concat(), "").await
    }
}

/// A problem as the Webhooks API writes it.
fn is_problem(answer: &Answer, status: u16) -> bool {
    let fields: HashSet<&str> = answer.body.as_object().unwrap().keys().map(String::as_str).collect();
    let known = ["type", "title", "status", "detail", "instance", "traceId", "extraDetails"];
    answer.header("content-type") == "application/problem+json"
        && answer.status == status
        && answer.body["status"] == status
        && fields == HashSet::from(known)
}

#[tokio::test]
async fn registrations_of_the_partner_and_of_units_are_apart() {
    let sandbox = sandbox();
    let client = Client::new(&sandbox, "org_kystkassa").await;
    let all = sandbox.webhooks_of("org_kystkassa");
    let wide: Vec<String> = all.iter().filter(|hook| hook.msn.is_none()).map(|hook| hook.id.clone()).collect();
    assert!((2..=3).contains(&wide.len()));
    assert_eq!(client.hooks(None).await, wide);
    let own = all.iter().find(|hook| hook.msn.is_some()).unwrap();
    let msn = own.msn.as_deref();
    assert!(client.hooks(msn).await.contains(&own.id));
    let made = client.register(msn, "https://example.com/hook", &[CAPTURED]).await;
    assert_eq!((made.status, made.header("content-type")), (201, "application/json"), "{}", made.text);
    let id = made.body["id"].as_str().unwrap();
    assert!(made.body["secret"].as_str().unwrap().len() >= 32);
    assert!(client.hooks(msn).await.iter().any(|known| known == id));
    assert_eq!(client.hooks(None).await, wide);
    assert!(is_problem(&client.unregister(None, id).await, 404), "of a unit, so the header is needed");
    let deleted = client.unregister(msn, id).await;
    assert_eq!((deleted.status, deleted.text.as_str()), (204, ""));
    assert!(is_problem(&client.unregister(msn, id).await, 404));
    assert!(is_problem(&client.unregister(None, "nonsense").await, 400));
    assert!(sandbox.forget_webhook(&wide[0]) && !sandbox.forget_webhook(&wide[0]));
    assert_eq!(client.hooks(None).await, wide[1..]);
    assert_eq!(sandbox.webhooks_of("org_kystkassa").len(), all.len() - 1);
    let stranger = Client::new(&sandbox, "org_nordbetaling").await;
    assert!(is_problem(&stranger.unregister(None, &wide[1]).await, 404));
    assert!(is_problem(&stranger.register(msn, "https://example.com/hook", &[CAPTURED]).await, 400));
    let gone = msn.unwrap();
    sandbox.hide(gone);
    assert!(is_problem(&client.register(msn, "https://example.com/hook", &[CAPTURED]).await, 400));
}

#[tokio::test]
async fn sales_unit_keys_need_their_msn() {
    let sandbox = sandbox();
    let client = Client::new(&sandbox, "org_m_blabaer_kaffe").await;
    let own = client.keys.msn.clone().unwrap();
    let answer = client.get(WEBHOOKS).await;
    assert!(is_problem(&answer, 400));
    assert_eq!(answer.faulty(), ["Merchant-Serial-Number"]);
    let before = client.hooks(Some(&own)).await.len();
    assert_eq!(client.register(Some(&own), "https://example.com/", &[CAPTURED]).await.status, 201);
    assert_eq!(client.hooks(Some(&own)).await.len(), before + 1);
    let other = sandbox.merchants_of("org_kystkassa")[0].msns[0].clone();
    for wrong in [other.as_str(), "12", "x", ""] {
        let answer = client.register(Some(wrong), "https://example.com/", &[CAPTURED]).await;
        assert!(is_problem(&answer, 400), "{wrong}");
    }
}

#[tokio::test]
async fn quotas_count_per_event_and_scope() {
    let sandbox = sandbox();
    let client = Client::new(&sandbox, "org_kystkassa").await;
    let hooks = sandbox.webhooks_of("org_kystkassa");
    let count = |msn: &str| hooks.iter().filter(|hook| hook.msn.as_deref() == Some(msn)).count();
    let full = hooks.iter().filter_map(|hook| hook.msn.as_deref()).find(|msn| count(msn) == 24).unwrap();
    assert_eq!(client.register(Some(full), "https://example.com/25", &[CAPTURED]).await.status, 201);
    let events = ["epayments.payment.created.v1", CAPTURED];
    let answer = client.register(Some(full), "https://example.com/26", &events).await;
    assert!(is_problem(&answer, 400) && answer.faulty() == ["events"], "{}", answer.text);
    assert!(answer.body["detail"].as_str().unwrap().contains(CAPTURED));
    assert_eq!(client.register(Some(full), "https://example.com/26", &events[..1]).await.status, 201);
    assert_eq!(client.register(None, "https://example.com/", &[CAPTURED]).await.status, 201, "a quota of its own");
    let statuses = [
        client.register(None, "https://example.com/", &["user.checked-in.v1"]).await.status,
        client.register(None, "https://example.com/2", &["user.checked-in.v1"]).await.status,
    ];
    assert_eq!(statuses, [201, 400]);
}

#[tokio::test]
async fn wrong_registrations_are_refused_in_the_webhooks_way() {
    let sandbox = sandbox();
    let client = Client::new(&sandbox, "org_kystkassa").await;
    let url = "https://example.com/";
    let cases = [
        (json!({"url": url, "events": []}), vec!["events"]),
        (json!({"url": url, "events": CAPTURED}), vec!["events"]),
        (json!({"url": url, "events": [CAPTURED, "x", 7]}), vec!["events[1]", "events[2]"]),
        (json!({"url": url, "events": ["recurring.charge-cancelled.v1"]}), vec!["events[0]"]),
        (json!({"url": url}), vec!["events"]),
        (json!({"url": null, "events": [CAPTURED]}), vec!["url"]),
        (json!({"url": "http://example.com/", "events": [CAPTURED]}), vec!["url"]),
        (json!({"url": "https://localhost/", "events": [CAPTURED]}), vec!["url"]),
        (json!({"url": url, "events": [CAPTURED], "msn": "123456"}), vec!["msn"]),
        (json!({}), vec!["url", "events"]),
        (json!([]), vec!["body"]),
    ];
    for (body, faulty) in cases {
        let answer = client.call(Method::POST, WEBHOOKS, &[], &body).await;
        assert!(is_problem(&answer, 400), "{body} {}", answer.text);
        assert_eq!(answer.faulty(), faulty, "{body}");
    }
    let headers = [&client.headers()[..], &[("content-type", "application/json")]].concat();
    assert_eq!(send(&client.router, Method::POST, WEBHOOKS, &headers, "{").await.faulty(), ["body"]);
    assert!(is_problem(&send(&client.router, Method::POST, WEBHOOKS, &client.headers(), "{}").await, 400));
    let long = "x".repeat(31);
    let headers = [&client.headers()[..], &[("vipps-system-name", long.as_str())]].concat();
    assert!(is_problem(&send(&client.router, Method::GET, WEBHOOKS, &headers, "").await, 400));
    assert!(send(&client.router, Method::GET, WEBHOOKS, &[], "").await.is_gateway());
    let repeated = client.register(None, url, &[CAPTURED, CAPTURED]).await;
    let id = repeated.body["id"].as_str().unwrap();
    let made = sandbox.webhooks_of("org_kystkassa").into_iter().find(|hook| hook.id == id).unwrap();
    assert_eq!((made.url.as_str(), made.events), (url, vec![CAPTURED]));
    sandbox.set_faults(faults(&["error=500"]));
    assert!(is_problem(&client.get(WEBHOOKS).await, 500));
}
