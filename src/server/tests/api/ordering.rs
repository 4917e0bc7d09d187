//! Product orders that a program makes and deletes through the portal.

use std::sync::Arc;

use sqlx::PgPool;

use super::*;
use crate::server::sandbox::Exchange;
use crate::server::tests::spec::Specs;

const ORDERS: &str = "/api/management/v1/product-orders";

/// A program that was written for upstream: it knows a base URL and a token, and nothing of the portal.
struct Client {
    program: Program,
}

impl Client {
    async fn of(portal: &TestPortal) -> Self {
        let owner = TokenOwner::Organisation(org(PARTNER));
        Self { program: Program::with(portal, owner, TokenScope::Write).await }
    }

    async fn order(&self, key: &str, request: &Value) -> Said {
        let said = self.program.ask(Method::POST, ORDERS, Some(request.clone()), &[("idempotency-key", key)]).await;
        if let Some(specs) = Specs::published() {
            let exchange = Exchange {
                method: "POST".to_owned(),
                path: ORDERS.trim_start_matches("/api").to_owned(),
                request_headers: vec![("idempotency-key".to_owned(), key.to_owned())],
                request_body: request.to_string().into(),
                status: said.status.as_u16(),
                response_headers: vec![(
                    "content-type".to_owned(),
                    said.headers[CONTENT_TYPE].to_str().unwrap().to_owned(),
                )],
                response_body: said.body.to_string().into(),
                faulted: false,
            };
            let violations = specs.check_answer(&exchange);
            assert!(violations.is_empty(), "{violations:#?}");
        }
        said
    }

    async fn delete(&self, id: &Value) -> StatusCode {
        let path = format!("{ORDERS}/{}", id.as_str().unwrap());
        self.program.status(Method::DELETE, &path, None, &[]).await
    }
}

fn request(name: &str) -> Value {
    json!({
        "businessIdentifier": {"scheme": "business:NO:ORG", "id": "918713867"},
        "productType": "LOGIN", "salesUnitName": name,
        "website": {"url": "https://example.com", "termsUrl": "https://example.com/terms",
            "testWebsiteUrl": "https://test.example.com", "testWebsitePassword": "hemmelig-passord"}
    })
}

/// The fields that a problem in upstream's words names.
fn details(said: &Said) -> Vec<&str> {
    said.body["extraDetails"].as_array().unwrap().iter().map(|detail| detail["key"].as_str().unwrap()).collect()
}

/// The idempotency keys of the orders that upstream has.
fn keys_upstream(portal: &TestPortal) -> Vec<String> {
    portal.sandbox.orders_of(PARTNER).into_iter().filter_map(|order| order.idempotency_key).collect()
}

/// How often upstream was asked for an order.
fn orders_sent(portal: &TestPortal) -> usize {
    portal.sandbox.calls().iter().filter(|call| call.method == "POST" && call.path.ends_with("/product-orders")).count()
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn an_order_goes_through_with_its_key_and_is_there_at_once(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let client = Client::of(&portal).await;
    portal.sandbox.clear_calls();
    let made = client.order("crm-4711", &request("Kaffe Øst")).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    let id = made.body["prefilledOrderId"].clone();
    assert!(made.body["prefillUrl"].as_str().unwrap().starts_with("http"));
    assert_eq!(keys_upstream(&portal), ["crm-4711"]);
    let details = format!("/api/management/v2/product-orders/{}/details", id.as_str().unwrap());
    let read = client.program.get(&details).await;
    assert_eq!((read.status, &read.body["productOrderUrl"]), (StatusCode::OK, &made.body["prefillUrl"]));
    let listed = client.program.get("/api/management/v2/product-orders").await.body;
    assert!(listed.as_array().unwrap().iter().any(|order| order["productOrderId"] == id));
    // People see it, and who has sent it.
    let staff = portal.member("staff@example.com", &[(PARTNER, Role::Viewer)]).await;
    let page = staff.get(&format!("/as/{PARTNER}/product-orders/{}", id.as_str().unwrap())).await.text();
    assert!(page.contains("the API token “Test”") && page.contains("Kaffe Øst"), "{page}");
    assert!(!page.contains("hemmelig-passord"));

    // Again, it is the same; with something else in it, it is not.
    let again = client.order("crm-4711", &request("Kaffe Øst")).await;
    assert_eq!((again.status, again.body), (StatusCode::CREATED, made.body));
    assert_eq!(client.order("crm-4711", &request("Kaffe Vest")).await.status, StatusCode::CONFLICT);
    assert_eq!(orders_sent(&portal), 1, "upstream is asked once");
    // Another partner's keys are its own.
    let others = TokenOwner::Organisation(org(crate::server::tests::OTHER_PARTNER));
    let others = Client { program: Program::with(&portal, others, TokenScope::Write).await };
    let other = others.order("crm-4711", &request("Kaffe Øst")).await;
    assert_eq!(other.status, StatusCode::CREATED);
    assert_ne!(other.body["prefilledOrderId"], id);

    assert_eq!(client.delete(&id).await, StatusCode::OK);
    assert_eq!(client.program.get(&details).await.status, StatusCode::NOT_FOUND);
    assert_eq!(client.delete(&id).await, StatusCode::NOT_FOUND);
    assert_eq!(client.delete(&other.body["prefilledOrderId"]).await, StatusCode::NOT_FOUND, "it is another's");
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn what_upstream_says_no_to_comes_back_without_secrets(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let client = Client::of(&portal).await;
    // Nothing that a schema could know.
    let mut wrong = request("Kaffe");
    wrong["pricePackageId"] = json!(uuid::Uuid::new_v4());
    let refused = client.order("wrong-1", &wrong).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert_eq!(details(&refused), ["pricePackageId"]);
    assert!(!refused.body.to_string().contains("hemmelig"), "{}", refused.body);
    // A key that was refused stays so, as upstream has it.
    let again = client.order("wrong-1", &wrong).await;
    assert_eq!((again.status, &again.body["extraDetails"]), (refused.status, &refused.body["extraDetails"]));
    // What the portal must know itself is told at once.
    assert_eq!(details(&client.order("wrong-2", &json!({})).await), ["businessIdentifier", "productType"]);
    assert_eq!(details(&client.order("not a key", &request("Kaffe")).await), ["Idempotency-Key"]);
    // An order that the merchant has sent in stays.
    let submitted = portal.sandbox.orders_of(PARTNER).into_iter().find(|order| order.status == "COMPLETED").unwrap();
    assert_eq!(client.delete(&json!(submitted.id)).await, StatusCode::FORBIDDEN);
    assert_eq!(client.delete(&json!("nonsense")).await, StatusCode::NOT_FOUND);
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn an_order_without_an_answer_is_one_order_all_the_same(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let client = Client::of(&portal).await;
    let before = portal.sandbox.orders_of(PARTNER).len();
    portal.sandbox.clear_calls();
    // Nothing was listening.
    portal.stop_sandbox().await;
    let missed = client.order("lost-1", &request("Kaffe")).await;
    assert_eq!(missed.status, StatusCode::BAD_GATEWAY);
    assert!(missed.body["detail"].as_str().unwrap().contains("was not reached"), "{}", missed.body);
    portal.start_sandbox().await;
    portal.sync_until_well().await;
    let made = client.order("lost-1", &request("Kaffe")).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    // Many at once are one.
    let client = Arc::new(client);
    let many = (0..8).map(|_| {
        let client = Arc::clone(&client);
        tokio::spawn(async move { client.order("many-1", &request("Te")).await })
    });
    let many: Vec<Said> = futures::future::join_all(many).await.into_iter().map(Result::unwrap).collect();
    let ids: std::collections::BTreeSet<String> = many
        .iter()
        .filter(|said| said.status == StatusCode::CREATED)
        .map(|said| said.body["prefilledOrderId"].to_string())
        .collect();
    assert_eq!(ids.len(), 1, "{:?}", many.iter().map(|said| &said.body).collect::<Vec<_>>());
    assert_eq!(portal.sandbox.orders_of(PARTNER).len(), before + 2);
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn older_addresses_answer_and_say_that_they_are_old(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let client = Client::of(&portal).await.program;
    let merchants = portal.sandbox.merchants_of(PARTNER);
    let merchant = merchants.iter().find(|merchant| merchant.scheme == "business:NO:ORG").unwrap();
    let order = portal.sandbox.orders_of(PARTNER).remove(0).id;
    let today = "/api/management/v1/merchants/business:NO:ORG";
    for (old, new) in [
        (format!("/api/management/v1/merchants/{}", merchant.id), format!("{today}/{}", merchant.id)),
        (
            format!("/api/management/v1/merchants/{}/sales-units", merchant.id),
            format!("{today}/{}/sales-units", merchant.id),
        ),
        ("/api/management/v1/product-orders".to_owned(), "/api/management/v2/product-orders".to_owned()),
        (
            format!("/api/management/v1/product-orders/{order}"),
            format!("/api/management/v2/product-orders/{order}/details"),
        ),
        (
            format!("/api/management/v1/product-orders/{order}/details"),
            format!("/api/management/v2/product-orders/{order}/details"),
        ),
    ] {
        let said = client.get(&old).await;
        assert_eq!(said.status, StatusCode::OK, "{old}");
        assert_eq!(said.body, client.get(&new).await.body, "{old}");
        assert!(said.headers["deprecation"].to_str().unwrap().starts_with('@'), "{old}");
        assert_eq!(said.headers["link"], format!("<{new}>; rel=\"successor-version\""));
    }
    for (spelling, key) in
        [("/api/management/v1/products/orders", "old-1"), ("/api/management/v1/products-orders", "old-2")]
    {
        let made = client.ask(Method::POST, spelling, Some(request("Kaffe")), &[("idempotency-key", key)]).await;
        assert_eq!(made.status, StatusCode::CREATED);
        assert!(made.headers.contains_key("deprecation"));
    }
}
