//! Product orders: made once, listed, deleted, and what becomes of them.

use serde_json::json;

use super::*;

const V1: &str = "/management/v1/product-orders";
const V2: &str = "/management/v2/product-orders";

fn minimal() -> Value {
    json!({"businessIdentifier": {"scheme": "business:NO:ORG", "id": "918713867"}, "productType": "LOGIN"})
}

impl Client {
    async fn ids(&self, query: &str) -> Vec<String> {
        let answer = self.get(&format!("{V2}{query}")).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, "application/json;charset=UTF-8"));
        let id = |order: &Value| order["productOrderId"].as_str().unwrap().to_owned();
        answer.body.as_array().unwrap().iter().map(id).collect()
    }

    async fn delete(&self, id: &str) -> Answer {
        send(&self.router, Method::DELETE, &format!("{V1}/{id}"), &self.headers(), "").await
    }

    async fn details(&self, id: &str) -> Answer {
        self.get(&format!("{V2}/{id}/details")).await
    }
}

#[tokio::test]
async fn one_key_makes_one_order() {
    let sandbox = sandbox();
    let client = Client::new(&sandbox, "org_kystkassa").await;
    let before = sandbox.order_count();
    let first = client.order("key-1", &minimal()).await;
    assert_eq!((first.status, first.header("content-type")), (201, "application/json"), "{}", first.text);
    let id = first.body["prefilledOrderId"].as_str().unwrap();
    assert_eq!(first.body["prefillUrl"], format!("http://localhost/register/prefilled/{id}"));
    let again = client.order("key-1", &minimal()).await;
    assert_eq!((again.status, again.header("content-type"), &again.text), (201, "application/json", &first.text));
    let reordered = r#"{ "productType":"LOGIN","businessIdentifier":{"id":"918713867","scheme":"business:NO:ORG"}}"#;
    let headers =
        [&client.headers()[..], &[("content-type", "application/json"), ("idempotency-key", "key-1")]].concat();
    assert_eq!(send(&client.router, Method::POST, V1, &headers, reordered).await.text, first.text);
    let mut other = minimal();
    other["salesUnitName"] = json!("Kaffe");
    let conflict = client.order("key-1", &other).await;
    assert!(conflict.status == 409 && conflict.is_problem(), "{}", conflict.text);
    assert_eq!(sandbox.order_count(), before + 1);
    // The key of somebody else is another key.
    let stranger = Client::new(&sandbox, "org_nordbetaling").await;
    assert_eq!(stranger.order("key-1", &other).await.status, 201);
    assert_eq!(sandbox.order_count(), before + 2);
    let made = sandbox.orders_of("org_kystkassa").pop().unwrap();
    assert_eq!((made.id.as_str(), made.idempotency_key.as_deref()), (id, Some("key-1")));
    assert_eq!((made.kind, made.status, made.product_type), ("PREFILL", "RECEIVED", "LOGIN"));
    // Even once the order is gone.
    assert_eq!(client.delete(id).await.status, 200);
    assert_eq!(client.order("key-1", &minimal()).await.text, first.text);
    assert_eq!(sandbox.order_count(), before + 1);
}

#[tokio::test]
async fn a_refusal_is_remembered_for_its_key() {
    let sandbox = sandbox();
    let client = Client::new(&sandbox, "org_kystkassa").await;
    let mut wrong = minimal();
    wrong["productType"] = json!("VIPPS_PA_NETT");
    let refused = client.order("key-2", &wrong).await;
    assert!(refused.status == 400 && refused.is_problem(), "{}", refused.text);
    assert_eq!(client.order("key-2", &wrong).await.text, refused.text);
    assert_eq!(client.order("key-2", &minimal()).await.status, 409);
    assert_eq!(client.order("key-3", &minimal()).await.status, 201);
}

#[tokio::test]
async fn many_calls_at_once_with_one_key_make_one_order() {
    let sandbox = sandbox();
    let client = Client::new(&sandbox, "org_kystkassa").await;
    let before = sandbox.order_count();
    let body = minimal();
    let answers = futures::future::join_all((0..20).map(|_| client.order("at-once", &body))).await;
    assert!(answers.iter().all(|answer| answer.status == 201 && answer.text == answers[0].text));
    assert_eq!(sandbox.order_count(), before + 1);
}

#[tokio::test]
async fn idempotency_keys_and_content_types_are_checked() {
    let sandbox = sandbox();
    let client = Client::new(&sandbox, "org_kystkassa").await;
    let missing = client.call(Method::POST, V1, &[], &minimal()).await;
    assert!(missing.status == 400 && missing.is_problem());
    assert_eq!(missing.faulty(), ["Idempotency-Key"]);
    for wrong in ["a_b", "a b", &"x".repeat(51)] {
        assert_eq!(client.order(wrong, &minimal()).await.status, 400, "{wrong}");
    }
    assert_eq!(client.order(&"x".repeat(50), &minimal()).await.status, 201);
    let headers = [&client.headers()[..], &[("idempotency-key", "k")]].concat();
    let answer = send(&client.router, Method::POST, V1, &headers, minimal().to_string()).await;
    assert!(answer.status == 415 && answer.is_problem());
    let merchant = Client::new(&sandbox, "org_m_blabaer_kaffe").await;
    let answer = merchant.order("k", &minimal()).await;
    assert!(answer.status == 403 && answer.is_problem());
    assert!(merchant.ids("").await.is_empty());
}

#[tokio::test]
async fn the_list_has_every_kind_and_hides_what_has_expired() {
    let sandbox = sandbox();
    let client = Client::new(&sandbox, "org_jarvikassa").await;
    let all = sandbox.orders_of("org_jarvikassa");
    let expired: Vec<&SandboxOrder> = all.iter().filter(|order| order.status == "EXPIRED").collect();
    assert!(all.len() >= 24 && expired.len() >= 2);
    let shown = client.ids("").await;
    assert_eq!(shown.len(), all.len() - expired.len());
    assert!(expired.iter().all(|order| !shown.contains(&order.id)));
    let ids: Vec<&str> = all.iter().map(|order| order.id.as_str()).collect();
    assert_eq!(client.ids("?includeExpired=true").await, ids);
    assert_eq!(client.ids("?includeExpired=false").await, shown);
    let units = client.units().await;
    for order in &all {
        let body = client.details(&order.id).await.body;
        assert_eq!((&body["productOrderType"], &body["status"]), (&json!(order.kind), &json!(order.status)));
        assert_eq!(body["productOrderUrl"].is_string(), order.kind == "PREFILL");
        assert_eq!(body["salesUnit"].is_object(), order.status == "COMPLETED");
        if let Some(msn) = &order.msn {
            let name = body["salesUnit"]["name"].as_str().unwrap().to_owned();
            assert!(units.contains(&(msn.clone(), name)), "{body}");
        }
    }
    let stranger = Client::new(&sandbox, "org_kystkassa").await;
    let answer = stranger.details(&all[0].id).await;
    assert_eq!((answer.status, answer.header("content-type")), (404, "application/json;charset=UTF-8"));
    assert_eq!(answer.body["status"], 404);
    assert_eq!(stranger.details("nonsense").await.status, 400);
}

#[tokio::test]
async fn only_a_prefilled_order_that_was_not_submitted_can_be_deleted() {
    let sandbox = sandbox();
    let client = Client::new(&sandbox, "org_kystkassa").await;
    let stranger = Client::new(&sandbox, "org_nordbetaling").await;
    let mut seen = HashSet::new();
    for order in sandbox.orders_of("org_kystkassa") {
        if !seen.insert((order.kind, order.status)) {
            continue;
        }
        assert_eq!(stranger.delete(&order.id).await.status, 404);
        let answer = client.delete(&order.id).await;
        let expected = match (order.kind, order.status) {
            ("PREFILL", "RECEIVED" | "MERCHANT_VIEWED" | "EXPIRED") => 200,
            ("PREFILL", _) => 403,
            _ => 400,
        };
        assert_eq!(answer.status, expected, "{order:?} {}", answer.text);
        if expected == 200 {
            assert_eq!(answer.text, "");
            assert_eq!(client.delete(&order.id).await.status, 404);
            assert_eq!(client.details(&order.id).await.status, 404);
            assert!(!client.ids("?includeExpired=true").await.contains(&order.id));
        } else {
            assert!(answer.is_problem() && answer.body["detail"].as_str().unwrap().len() > 20);
            assert_eq!(client.details(&order.id).await.status, 200);
        }
    }
    assert_eq!(seen.len(), 12);
    assert_eq!(client.delete("nonsense").await.status, 400);
    assert_eq!(client.delete("81b83246-5c19-7b94-875b-ea6d1114f099").await.status, 404);
}

#[tokio::test]
async fn an_approved_order_becomes_a_sales_unit() {
    let sandbox = sandbox();
    let client = Client::new(&sandbox, "org_kystkassa").await;
    let before = client.units().await.len();
    let body = json!({
        "businessIdentifier": {"scheme": "business:FI:Y-tunnus", "id": "3330214-4"},
        "productType": "PAYMENT_INTEGRATION",
        "salesUnitName": "Yökahvila Ääni",
        "hasRecurring": true,
    });
    let made = client.order("k", &body).await.body;
    let id = made["prefilledOrderId"].as_str().unwrap();
    assert!(sandbox.approve_order(id).is_none() && !sandbox.reject_order(id), "not submitted yet");
    assert!(sandbox.view_order(id));
    assert_eq!(client.details(id).await.body["status"], "MERCHANT_VIEWED");
    assert!(sandbox.submit_order(id) && !sandbox.submit_order(id) && !sandbox.view_order(id));
    assert!(!sandbox.expire_order(id));
    assert_eq!(client.details(id).await.body["status"], "ORDER_SUBMITTED");
    let msn = sandbox.approve_order(id).unwrap();
    let details = client.details(id).await.body;
    assert_eq!(details["status"], "COMPLETED");
    assert_eq!(details["salesUnit"], json!({"msn": msn, "name": "Yökahvila Ääni"}));
    let units = client.units().await;
    assert_eq!(units.len(), before + 1);
    let numbers: Vec<u32> = units.iter().map(|(msn, _)| msn.parse().unwrap()).collect();
    assert!(numbers.is_sorted() && units.contains(&(msn.clone(), "Yökahvila Ääni".to_owned())));
    let unit = client.get(&format!("{UNITS}/{msn}")).await.body;
    assert_eq!(unit["businessIdentifier"], body["businessIdentifier"]);
    assert_eq!(unit["configuration"]["recurringAllowed"], true);
    let merchant = client.get("/management/v1/merchants/business:FI:Y-tunnus/3330214-4").await;
    assert_eq!((merchant.status, &merchant.body["name"]), (200, &json!("Yökahvila Ääni Oy")));
    // A second order of a merchant that is known by now.
    let second = client.order("k2", &body).await.body["prefilledOrderId"].as_str().unwrap().to_owned();
    assert!(sandbox.submit_order(&second));
    assert_ne!(sandbox.approve_order(&second), Some(msn));
    let path = "/management/v1/merchants/business:FI:Y-tunnus/3330214-4/sales-units";
    assert_eq!(client.get(path).await.body.as_array().unwrap().len(), 2);
    let third = client.order("k3", &body).await.body["prefilledOrderId"].as_str().unwrap().to_owned();
    assert!(sandbox.expire_order(&third) && !sandbox.submit_order(&third));
    assert_eq!(client.details(&third).await.body["status"], "EXPIRED");
    for template in sandbox.orders_of("org_kystkassa").iter().filter(|order| order.kind == "TEMPLATE") {
        assert_eq!(sandbox.reject_order(&template.id), template.status == "RECEIVED");
    }
}

#[tokio::test]
async fn price_packages_are_listed_in_both_generations() {
    let sandbox = sandbox();
    let client = Client::new(&sandbox, "org_kystkassa").await;
    let path = "/management/v1/partners/price-packages";
    let today = client.get(path).await;
    assert_eq!((today.status, today.header("content-type")), (200, "application/json;charset=UTF-8"));
    let ids = |answer: &Answer| -> Vec<String> {
        let id = |package: &Value| package["pricePackageId"].as_str().unwrap().to_owned();
        answer.body.as_array().unwrap().iter().map(id).collect()
    };
    let known: Vec<String> = sandbox.price_packages_of("org_kystkassa").into_iter().map(|package| package.id).collect();
    assert_eq!(ids(&today), known);
    assert_eq!(known.len(), 8);
    sandbox.set_faults(faults(&["shape=2023"]));
    let old = client.get(path).await;
    assert_eq!(ids(&old), known);
    let words: HashSet<&str> =
        old.body.as_array().unwrap().iter().map(|package| package["productType"].as_str().unwrap()).collect();
    assert_eq!(words, HashSet::from(["ePayment", "ePaymentCustomerPresent", "checkout"]));
    let orders = client.get(V2).await.body;
    let words: HashSet<&str> =
        orders.as_array().unwrap().iter().map(|order| order["status"].as_str().unwrap()).collect();
    assert!(words.contains("ACCESSED") && words.contains("PROCESSING") && !words.contains("MERCHANT_VIEWED"));
    sandbox.set_faults(faults(&["half-list"]));
    assert_eq!(ids(&client.get(path).await), known[..4]);
    let merchant = Client::new(&sandbox, "org_m_blabaer_kaffe").await;
    assert_eq!(merchant.get(path).await.status, 403);
}
