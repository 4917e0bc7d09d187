//! The Recurring API of today, and what people do on its pages.

use serde_json::json;
use time::{Duration, OffsetDateTime};

use super::*;

mod first_version;

const AGREEMENTS: &str = "/recurring/v3/agreements";
/// Norwegian merchants with keys of their own.
const MERCHANT: &str = "org_m_blabaer_kaffe";
const OTHER: &str = "org_m_kaffebrenneriet";

fn draft() -> Value {
    json!({
        "pricing": {"type": "LEGACY", "amount": 10_000, "currency": "NOK"},
        "interval": {"unit": "MONTH", "count": 1},
        "merchantRedirectUrl": "https://example.com/thanks",
        "merchantAgreementUrl": "https://example.com/my-page",
        "phoneNumber": "4712345678",
        "productName": "Kaffeklubb",
    })
}

fn charge(amount: i64, retry_days: i64) -> Value {
    let due = (OffsetDateTime::now_utc() + Duration::days(2)).date().to_string();
    json!({"amount": amount, "description": "Kaffe", "transactionType": "DIRECT_CAPTURE", "type": "RECURRING", "due": due, "retryDays": retry_days})
}

impl Client {
    fn msn(&self) -> &str {
        self.keys.msn.as_deref().unwrap()
    }

    async fn keyed(&self, method: Method, path: &str, key: &str, body: &Value) -> Answer {
        self.call(method, path, &[("idempotency-key", key)], body).await
    }

    /// An agreement that its customer has approved.
    async fn active(&self, key: &str, body: &Value) -> String {
        let answer = self.keyed(Method::POST, AGREEMENTS, key, body).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        let id = answer.body["agreementId"].as_str().unwrap().to_owned();
        assert_eq!(self.sandbox.accept_agreement(self.msn(), &id), Some(true));
        id
    }

    async fn charged(&self, id: &str, key: &str, body: &Value) -> String {
        let answer = self.keyed(Method::POST, &format!("{AGREEMENTS}/{id}/charges"), key, body).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.body["chargeId"].as_str().unwrap().to_owned()
    }

    async fn charge_of(&self, id: &str, charge: &str) -> Value {
        let answer = self.get(&format!("{AGREEMENTS}/{id}/charges/{charge}")).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.body
    }
}

fn unhurried() -> Arc<Sandbox> {
    let sandbox = sandbox();
    sandbox.set_recurring_rate_limit(0);
    sandbox
}

#[tokio::test]
async fn a_merchant_begins_with_agreements_and_charges_in_all_states() {
    let sandbox = unhurried();
    let client = Client::new(&sandbox, MERCHANT).await;
    let mut count = 0;
    let mut states = HashSet::new();
    for status in ["PENDING", "ACTIVE", "STOPPED", "EXPIRED"] {
        let list = client.get(&format!("{AGREEMENTS}?status={status}")).await;
        assert_eq!((list.status, list.header("content-type")), (200, "application/json"));
        let list = list.body.as_array().unwrap().clone();
        assert!(!list.is_empty(), "no agreement is {status}");
        count += list.len();
        for agreement in list {
            assert_eq!(agreement["status"], status);
            let path = format!("{AGREEMENTS}/{}", agreement["id"].as_str().unwrap());
            assert_eq!(client.get(&path).await.body, agreement);
            let charges = client.get(&format!("{path}/charges")).await;
            for charge in charges.body.as_array().unwrap() {
                states.insert(charge["status"].as_str().unwrap().to_owned());
                let id = charge["id"].as_str().unwrap();
                assert_eq!(&client.get(&format!("/recurring/v3/charges/{id}")).await.body, charge);
            }
        }
    }
    assert_eq!(count, 60);
    assert_eq!(states.len(), 10, "{states:?}");
    let active = client.get(AGREEMENTS).await.body;
    assert!(active.as_array().unwrap().iter().all(|agreement| agreement["status"] == "ACTIVE"), "active unless said");
    // The other one's keys do not reach them.
    let other = Client::new(&sandbox, OTHER).await;
    assert_eq!(other.get(&format!("{AGREEMENTS}/{}", active[0]["id"].as_str().unwrap())).await.status, 404);
    let foreign = [&other.headers()[..], &[("merchant-serial-number", client.msn())]].concat();
    assert_eq!(send(&other.router, Method::GET, AGREEMENTS, &foreign, "").await.status, 403);
}

#[tokio::test]
async fn a_hundred_thousand_agreements_are_listed_page_by_page() {
    let settings = SandboxSettings { agreements: 100_000, recurring_rate_limit: 0, ..SandboxSettings::default() };
    let sandbox = Sandbox::new(&SandboxSettings { rate_limit: 0.0, ..settings });
    let client = Client::new(&sandbox, MERCHANT).await;
    let mut seen = HashSet::new();
    for page in 1.. {
        let path = format!("{AGREEMENTS}?status=EXPIRED&pageNumber={page}&pageSize=2000");
        let list = client.get(&path).await.body;
        let list = list.as_array().unwrap();
        seen.extend(list.iter().map(|agreement| agreement["id"].as_str().unwrap().to_owned()));
        if list.len() < 2_000 {
            break;
        }
    }
    assert!((5_000..7_000).contains(&seen.len()), "{}", seen.len());
}

#[tokio::test]
async fn charges_go_their_way_through_to_every_end() {
    let sandbox = unhurried();
    let client = Client::new(&sandbox, MERCHANT).await;
    let id = client.active("a", &draft()).await;
    let paid = client.charged(&id, "paid", &charge(1_000, 0)).await;
    let late = client.charged(&id, "late", &charge(1_005, 3)).await;
    let failed = client.charged(&id, "failed", &charge(1_001, 0)).await;
    let mut reserving = charge(2_000, 0);
    reserving["transactionType"] = json!("RESERVE_CAPTURE");
    let reserved = client.charged(&id, "reserved", &reserving).await;
    let cancelled = client.charged(&id, "cancelled", &charge(1_100, 0)).await;
    let path = |charge: &str, what: &str| format!("{AGREEMENTS}/{id}/charges/{charge}{what}");
    let some = |amount: i64| json!({"amount": amount, "description": "Some"});
    assert_eq!(client.charge_of(&id, &paid).await["transactionId"], Value::Null);
    assert_eq!(client.keyed(Method::DELETE, &path(&cancelled, ""), "c", &Value::Null).await.status, 204);
    let early = client.keyed(Method::POST, &path(&reserved, "/capture"), "early", &some(1)).await;
    assert!(early.status == 409 && early.body["type"].as_str().unwrap().ends_with("#charge-capture-failed"));

    sandbox.let_days_pass(3);
    for (charge, status) in
        [(&paid, "CHARGED"), (&late, "DUE"), (&failed, "FAILED"), (&reserved, "RESERVED"), (&cancelled, "CANCELLED")]
    {
        // At night, yesterday's late one is still due.
        let told = client.charge_of(&id, charge).await;
        let fine = told["status"] == status
            || (status == "DUE" && told["status"] == "CHARGED")
            || told["status"] == "PROCESSING";
        assert!(fine, "{told}");
    }
    sandbox.let_days_pass(2);
    assert_eq!(client.charge_of(&id, &late).await["status"], "CHARGED");
    let told = client.charge_of(&id, &failed).await;
    assert_eq!(
        (told["failureReason"].as_str(), told["failureDescription"].as_str()),
        (Some("user_action_required"), Some("User action required"))
    );

    assert_eq!(client.keyed(Method::POST, &path(&reserved, "/capture"), "1", &some(500)).await.status, 204);
    let again = client.keyed(Method::POST, &path(&reserved, "/capture"), "1", &some(500)).await;
    assert_eq!(again.status, 204, "the same key captures once");
    let told = client.charge_of(&id, &reserved).await;
    assert_eq!((&told["status"], &told["summary"]["captured"]), (&json!("PARTIALLY_CAPTURED"), &json!(500)));
    assert_eq!(client.keyed(Method::POST, &path(&reserved, "/capture"), "2", &some(1_501)).await.status, 400);
    assert_eq!(
        client.keyed(Method::POST, &path(&reserved, "/capture"), "1", &some(501)).await.status,
        409,
        "another body"
    );
    assert_eq!(client.keyed(Method::DELETE, &path(&reserved, ""), "3", &Value::Null).await.status, 204);
    let told = client.charge_of(&id, &reserved).await;
    assert_eq!((&told["status"], &told["summary"]["cancelled"]), (&json!("CHARGED"), &json!(1_500)));

    assert_eq!(client.keyed(Method::POST, &path(&paid, "/refund"), "4", &some(400)).await.status, 204);
    assert_eq!(client.charge_of(&id, &paid).await["status"], "PARTIALLY_REFUNDED");
    assert_eq!(client.keyed(Method::POST, &path(&paid, "/refund"), "5", &some(601)).await.status, 400);
    assert_eq!(client.keyed(Method::POST, &path(&paid, "/refund"), "6", &some(600)).await.status, 204);
    assert_eq!(client.charge_of(&id, &paid).await["status"], "REFUNDED");
    assert_eq!(client.keyed(Method::POST, &path(&failed, "/refund"), "7", &some(1)).await.status, 409);
    assert_eq!(client.keyed(Method::DELETE, &path(&paid, ""), "8", &Value::Null).await.status, 409);
    assert!(client.get(&path("chr-0000000", "")).await.status == 404);
}

#[tokio::test]
async fn an_agreement_is_approved_refused_or_forgotten_and_stopped_once() {
    let sandbox = unhurried();
    let client = Client::new(&sandbox, MERCHANT).await;
    let first = client.keyed(Method::POST, AGREEMENTS, "one", &draft()).await;
    assert_eq!(
        client.keyed(Method::POST, AGREEMENTS, "one", &draft()).await.text,
        first.text,
        "one key, one agreement"
    );
    let id = first.body["agreementId"].as_str().unwrap();
    let path = format!("{AGREEMENTS}/{id}");
    let stop = json!({"status": "STOPPED"});
    let early = client.keyed(Method::PATCH, &path, "early", &stop).await;
    assert!(early.status == 400 && early.body["type"].as_str().unwrap().ends_with("#illegal-agreement-update"));
    let too_early = client.keyed(Method::POST, &format!("{path}/charges"), "too-early", &charge(1_000, 0)).await;
    assert_eq!(too_early.status, 400);
    let accept = json!({"phoneNumber": "4712345678"});
    assert_eq!(client.keyed(Method::PATCH, &format!("{path}/accept"), "accept", &accept).await.status, 204);
    assert_eq!(client.get(&path).await.body["status"], "ACTIVE");
    let charge_id = client.charged(id, "charge", &charge(1_000, 0)).await;
    let both = json!({"status": "STOPPED", "productName": "New"});
    assert_eq!(client.keyed(Method::PATCH, &path, "both", &both).await.status, 400, "stopping stands alone");
    let dearer = json!({"pricing": {"amount": 12_000}, "productName": "Kaffe og kake"});
    assert_eq!(client.keyed(Method::PATCH, &path, "dearer", &dearer).await.status, 204);
    let told = client.get(&path).await.body;
    assert_eq!((&told["pricing"]["amount"], &told["productName"]), (&json!(12_000), &json!("Kaffe og kake")));
    assert_eq!(client.keyed(Method::PATCH, &path, "stop", &stop).await.status, 204);
    assert_eq!(client.keyed(Method::PATCH, &path, "stop", &stop).await.status, 204);
    assert_eq!(client.keyed(Method::PATCH, &path, "stop-2", &stop).await.status, 400);
    let told = client.get(&path).await.body;
    assert!(told["status"] == "STOPPED" && told["stop"].is_string());
    assert_eq!(client.charge_of(id, &charge_id).await["status"], "CANCELLED", "its charges are cancelled along");

    let refused = client.keyed(Method::POST, AGREEMENTS, "refused", &draft()).await;
    let refused = refused.body["agreementId"].as_str().unwrap().to_owned();
    assert_eq!(sandbox.reject_agreement(client.msn(), &refused), Some(true));
    assert_eq!(client.get(&format!("{AGREEMENTS}/{refused}")).await.body["status"], "STOPPED");
    let forgotten = client.keyed(Method::POST, AGREEMENTS, "forgotten", &draft()).await;
    let forgotten = forgotten.body["agreementId"].as_str().unwrap().to_owned();
    sandbox.let_days_pass(1);
    assert_eq!(client.get(&format!("{AGREEMENTS}/{forgotten}")).await.body["status"], "EXPIRED");
    assert_eq!(sandbox.accept_agreement(client.msn(), &forgotten), Some(false));
}

#[tokio::test]
async fn an_initial_charge_is_paid_with_the_approval_or_there_is_no_agreement() {
    let sandbox = unhurried();
    let client = Client::new(&sandbox, MERCHANT).await;
    let with_initial = |amount: i64| {
        let mut body = draft();
        body["initialCharge"] = json!({"amount": amount, "description": "Start", "transactionType": "DIRECT_CAPTURE", "orderId": format!("order-{amount}")});
        body
    };
    let good = client.active("good", &with_initial(500)).await;
    let told = client.charge_of(&good, "order-500").await;
    assert_eq!((&told["status"], &told["type"]), (&json!("CHARGED"), &json!("INITIAL")));
    assert_eq!(client.get("/recurring/v3/charges/order-500").await.body, told);
    let bad = client.active("bad", &with_initial(501)).await;
    assert_eq!(client.get(&format!("{AGREEMENTS}/{bad}")).await.body["status"], "EXPIRED");
    assert_eq!(client.charge_of(&bad, "order-501").await["status"], "FAILED");
    let twice = client.keyed(Method::POST, AGREEMENTS, "twice", &with_initial(500)).await;
    assert_eq!(twice.status, 409, "an orderId is used once");
}

#[tokio::test]
async fn requests_are_read_strictly() {
    let sandbox = unhurried();
    let client = Client::new(&sandbox, MERCHANT).await;
    let with = |pointer: &str, value: Value| {
        let mut body = draft();
        match pointer.split_once('/') {
            Some((outer, inner)) => body[outer][inner] = value,
            None => body[pointer] = value,
        }
        body
    };
    let wrong = [
        (with("productName", json!("å".repeat(46))), "productName"),
        (with("colour", json!("blue")), "colour"),
        (with("pricing/currency", json!("EUR")), "pricing.currency"),
        (with("pricing/amount", json!("100")), "pricing.amount"),
        (with("pricing/suggestedMaxAmount", json!(100)), "pricing.suggestedMaxAmount"),
        (with("interval/count", json!(0)), "interval.count"),
        (with("merchantRedirectUrl", json!("nowhere")), "merchantRedirectUrl"),
        (with("merchantAgreementUrl", json!("http://example.com")), "merchantAgreementUrl"),
        (with("scope", json!("name shoesize")), "scope"),
        (with("campaign", json!({"type": "PRICE_CAMPAIGN", "price": 1, "end": "soon"})), "campaign.end"),
    ];
    for (number, (body, field)) in wrong.iter().enumerate() {
        let answer = client.keyed(Method::POST, AGREEMENTS, &format!("wrong-{number}"), body).await;
        assert_eq!((answer.status, answer.faulty()), (400, vec![*field]), "{}", answer.text);
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert!(answer.body["contextId"].is_string());
    }
    let mut without = draft();
    without.as_object_mut().unwrap().remove("merchantAgreementUrl");
    assert_eq!(client.keyed(Method::POST, AGREEMENTS, "without", &without).await.faulty(), ["merchantAgreementUrl"]);
    assert_eq!(client.call(Method::POST, AGREEMENTS, &[], &draft()).await.faulty(), ["Idempotency-Key"]);
    assert_eq!(client.keyed(Method::POST, AGREEMENTS, "a/b", &draft()).await.faulty(), ["Idempotency-Key"]);
    for (query, field) in [
        ("status=active", "status"),
        ("pageSize=10", "pageSize"),
        ("pageNumber=1&pageSize=2001", "pageSize"),
        ("createdAfter=noon", "createdAfter"),
    ] {
        assert_eq!(client.get(&format!("{AGREEMENTS}?{query}")).await.faulty(), [field]);
    }

    let id = client.active("good", &draft()).await;
    let path = format!("{AGREEMENTS}/{id}/charges");
    let day = |days: i64| json!((OffsetDateTime::now_utc() + Duration::days(days)).date().to_string());
    let with = |field: &str, value: Value| {
        let mut body = charge(1_000, 0);
        body[field] = value;
        body
    };
    for (number, (body, kind)) in [
        (with("due", day(1)), "charge-due-too-soon"),
        (with("due", day(800)), "charge-due-in-too-long"),
        (with("due", json!("tomorrow")), "validation-error"),
        (with("amount", json!(50_001)), "charge-amount-too-high"),
        (with("retryDays", json!(15)), "validation-error"),
        (with("type", json!("UNSCHEDULED")), "validation-error"),
        (with("transactionType", json!("LATER")), "validation-error"),
    ]
    .iter()
    .enumerate()
    {
        let answer = client.keyed(Method::POST, &path, &format!("charge-{number}"), body).await;
        let of_kind = answer.body["type"].as_str().is_some_and(|known| known.ends_with(&format!("#{kind}")));
        assert!(answer.status == 400 && of_kind, "{kind}: {}", answer.text);
    }
    for number in 0..4 {
        client.charged(&id, &format!("many-{number}"), &charge(10_000, 0)).await;
    }
    let over = client.keyed(Method::POST, &path, "over", &charge(10_001, 0)).await;
    assert!(over.body["type"].as_str().unwrap().ends_with("#charge-amount-too-high-for-interval"), "{}", over.text);
}

#[tokio::test]
async fn many_charges_come_in_pages_and_in_batches() {
    let sandbox = unhurried();
    let client = Client::new(&sandbox, MERCHANT).await;
    let mut daily = draft();
    daily["interval"] = json!({"unit": "DAY", "count": 1});
    let id = client.active("daily", &daily).await;
    let charge = |number: i64| {
        let due = (OffsetDateTime::now_utc() + Duration::days(2 + number)).date().to_string();
        json!({"agreementId": id, "amount": 1_000, "description": "Day", "due": due, "retryDays": 0, "transactionType": "DIRECT_CAPTURE", "orderId": format!("day-{number}")})
    };
    let mut batch: Vec<Value> = (0..250).map(charge).collect();
    batch.push(json!({"agreementId": "agr_unknown", "amount": 1_000, "description": "x", "due": "2030-01-01", "retryDays": 0, "transactionType": "DIRECT_CAPTURE", "orderId": "lost"}));
    let answer = client.keyed(Method::POST, "/recurring/v3/agreements/charges", "batch", &Value::Array(batch)).await;
    assert_eq!((answer.status, answer.body["validCharges"].as_array().unwrap().len()), (202, 250), "{}", answer.text);
    assert_eq!(answer.body["invalidCharges"][0]["chargeBatchItemDto"]["orderId"], "lost");
    let path = format!("{AGREEMENTS}/{id}/charges");
    let mut seen = HashSet::new();
    let mut token: Option<String> = None;
    for length in [100, 100, 50] {
        let more = token.as_deref().map(|token| ("continuation-token", token));
        let headers = [&client.headers()[..], more.as_slice()].concat();
        let page = send(&client.router, Method::GET, &path, &headers, "").await;
        assert_eq!(page.body.as_array().unwrap().len(), length);
        seen.extend(page.body.as_array().unwrap().iter().map(|charge| charge["id"].as_str().unwrap().to_owned()));
        token = page.headers.get("continuation-token").map(|value| value.to_str().unwrap().to_owned());
    }
    assert_eq!((seen.len(), token), (250, None));
    let filtered = client.get(&format!("{path}?status=CHARGED")).await;
    assert_eq!(filtered.body, json!([]));
}

#[tokio::test]
async fn twenty_calls_a_second_and_not_one_more() {
    let sandbox = sandbox();
    let client = Client::new(&sandbox, MERCHANT).await;
    let started = std::time::Instant::now();
    let mut answers = Vec::new();
    for _ in 0..21 {
        answers.push(client.get(&format!("{AGREEMENTS}/agr_0000000")).await.status);
    }
    if started.elapsed() < std::time::Duration::from_secs(1) {
        assert_eq!(answers[20], 429);
        let refused = client.get(AGREEMENTS).await;
        assert!(refused.is_gateway() && refused.header("retry-after") == "1");
        let management = client.get(UNITS).await;
        assert_eq!(management.status, 200, "the other products count by themselves");
    }
    assert!(answers[..20].iter().all(|status| *status == 404));
}

#[tokio::test]
async fn a_partner_calls_for_its_units_and_says_for_which() {
    let sandbox = unhurried();
    let partner = Client::new(&sandbox, "org_kystkassa").await;
    assert_eq!(partner.get(AGREEMENTS).await.status, 403);
    let world_unit = {
        let world = sandbox.world();
        let allowed = |allowed: bool| {
            let mut units = world.units(super::super::world::Reach::Partner(0));
            units.find(|unit| (unit.configuration.recurring_allowed == Some(true)) == allowed).unwrap().msn.to_string()
        };
        (allowed(true), allowed(false))
    };
    let headers = |msn: &str| vec![("merchant-serial-number".to_owned(), msn.to_owned())];
    for (msn, status) in [(&world_unit.0, [201, 400]), (&world_unit.1, [403, 403])] {
        let more = headers(msn);
        let more: Vec<(&str, &str)> = more.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let headers = [&[("idempotency-key", msn.as_str())], &more[..]].concat();
        let answer = partner.call(Method::POST, AGREEMENTS, &headers, &draft()).await;
        assert!(status.contains(&answer.status), "{}", answer.text);
    }
}

#[tokio::test]
async fn a_person_plays_the_customer_on_the_confirmation_page() {
    let sandbox = unhurried();
    let client = Client::new(&sandbox, MERCHANT).await;
    let mut body = draft();
    body["pricing"] = json!({"type": "VARIABLE", "suggestedMaxAmount": 20_000, "currency": "NOK"});
    body["productName"] = json!("Kaffe <3 & kake");
    let answer = client.keyed(Method::POST, AGREEMENTS, "page", &body).await;
    let url = answer.body["vippsConfirmationUrl"].as_str().unwrap();
    let path = url.strip_prefix("http://localhost").unwrap();
    let page = |path: String| {
        let router = client.router.clone();
        async move { send(&router, Method::GET, &path, &[], "").await }
    };
    let asked = page(path.to_owned()).await;
    assert_eq!(asked.status, 200);
    assert!(asked.text.contains("Kaffe &lt;3 &amp; kake") && asked.text.contains("Approve"), "{}", asked.text);
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let accepted = send(&client.router, Method::POST, &format!("{path}/accept"), &form, "maximum=150,00").await;
    assert_eq!((accepted.status, accepted.header("location")), (303, path));
    let id = answer.body["agreementId"].as_str().unwrap();
    let told = client.get(&format!("{AGREEMENTS}/{id}")).await.body;
    assert_eq!((&told["status"], &told["pricing"]["maxAmount"]), (&json!("ACTIVE"), &json!(15_000)));
    let dear = client.charged(id, "dear", &charge(15_001, 0)).await;
    for _ in 0..4 {
        send(&client.router, Method::POST, &format!("{path}/day"), &form, "").await;
    }
    assert!(page(path.to_owned()).await.text.contains("FAILED"));
    assert_eq!(client.charge_of(id, &dear).await["failureReason"], "charge_amount_too_high");
    assert_eq!(send(&client.router, Method::POST, &format!("{path}/stop"), &form, "").await.status, 303);
    assert!(page(path.to_owned()).await.text.contains("stopped"));
    assert_eq!(page("/register/agreements/123456/agr_0000000".to_owned()).await.status, 404);
}
