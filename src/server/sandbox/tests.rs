//! The sandbox as its callers meet it; here: who sees what.

mod broken;
mod form;
mod lost_answers;
mod orders;
mod prefill;
mod proposals;
mod recurring;
mod strictness;
mod webhooks;

use std::collections::HashSet;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request};
use serde_json::Value;
use tower::ServiceExt;

use super::*;
use crate::server::tests::spec::Specs;

const UNITS: &str = "/management/v1/sales-units";

struct Answer {
    status: u16,
    headers: HeaderMap,
    /// Null where the body is not JSON.
    body: Value,
    text: String,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn is_gateway(&self) -> bool {
        self.body["responseInfo"]["responseCode"] == self.status && self.body["result"]["message"].is_string()
    }

    /// The fields that `extraDetails` names.
    fn faulty(&self) -> Vec<&str> {
        let details = self.body["extraDetails"].as_array().map_or(&[][..], Vec::as_slice);
        details.iter().map(|detail| detail["key"].as_str().or(detail["name"].as_str()).unwrap()).collect()
    }

    fn is_problem(&self) -> bool {
        let strings = ["type", "title", "detail", "instance"].iter().all(|field| self.body[field].is_string());
        strings
            && self.body["status"] == self.status
            && self.body.get("extraDetails").is_some()
            && self.header("content-type") == "application/problem+json"
    }
}

async fn send(router: &Router, method: Method, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = router.clone().oneshot(request.body(body.into()).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    let body = serde_json::from_slice(&bytes).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Answer { status: parts.status.as_u16(), headers: parts.headers, body, text }
}

/// A client of the sandbox with a token.
struct Client {
    sandbox: Arc<Sandbox>,
    router: Router,
    keys: SandboxKeys,
    bearer: String,
}

impl Client {
    async fn new(sandbox: &Arc<Sandbox>, org_id: &str) -> Self {
        let router = sandbox.router();
        let keys = sandbox.keys().into_iter().find(|keys| keys.org_id == org_id).unwrap();
        let mut client = Self { sandbox: Arc::clone(sandbox), router, keys, bearer: String::new() };
        client.log_in().await;
        client
    }

    async fn log_in(&mut self) {
        let answer = self.token().await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        self.bearer = format!("Bearer {}", answer.body["access_token"].as_str().unwrap());
    }

    async fn token(&self) -> Answer {
        let headers = [
            ("client_id", self.keys.client_id.as_str()),
            ("client_secret", &self.keys.client_secret),
            ("ocp-apim-subscription-key", &self.keys.subscription_key),
            ("content-length", "0"),
        ];
        send(&self.router, Method::POST, "/accesstoken/get", &headers, "").await
    }

    fn headers(&self) -> [(&str, &str); 2] {
        [("authorization", &self.bearer), ("ocp-apim-subscription-key", &self.keys.subscription_key)]
    }

    async fn get(&self, path: &str) -> Answer {
        send(&self.router, Method::GET, path, &self.headers(), "").await
    }

    /// A call with JSON in it, and further headers.
    async fn call(&self, method: Method, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
        let headers = [&self.headers()[..], &[("content-type", "application/json")], headers].concat();
        send(&self.router, method, path, &headers, body.to_string()).await
    }

    /// Orders with this idempotency key.
    async fn order(&self, key: &str, body: &Value) -> Answer {
        self.call(Method::POST, "/management/v1/product-orders", &[("idempotency-key", key)], body).await
    }

    /// MSNs and names of the list of all units.
    async fn units(&self) -> Vec<(String, String)> {
        let answer = self.get(UNITS).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let text = |unit: &Value, field: &str| unit[field].as_str().unwrap().to_owned();
        answer.body.as_array().unwrap().iter().map(|unit| (text(unit, "msn"), text(unit, "name"))).collect()
    }
}

/// One that ends the test when an answer of it is not valid by upstream's published specs.
fn sandbox() -> Arc<Sandbox> {
    let sandbox = Sandbox::new(&SandboxSettings { rate_limit: 0.0, ..SandboxSettings::default() });
    if let Some(specs) = Specs::published() {
        sandbox.observe(Arc::new(|exchange| {
            let violations = specs.check_answer(exchange);
            assert!(violations.is_empty(), "not valid by upstream's specs: {violations:#?}");
        }));
    }
    sandbox
}

fn faults(list: &[&str]) -> Vec<Fault> {
    list.iter().map(|fault| fault.parse().unwrap()).collect()
}

#[tokio::test]
async fn a_partner_sees_its_own_units_and_their_merchants() {
    let sandbox = sandbox();
    let mut seen = HashSet::new();
    for org_id in ["org_kystkassa", "org_nordbetaling", "org_jarvikassa"] {
        let client = Client::new(&sandbox, org_id).await;
        for (msn, name) in client.units().await {
            assert!(seen.insert(msn.clone()), "{msn} has two partners");
            if seen.len() % 50 > 0 {
                continue;
            }
            let unit = client.get(&format!("{UNITS}/{msn}")).await;
            assert_eq!(unit.header("content-type"), "application/json;charset=UTF-8");
            assert_eq!((unit.body["msn"].as_str(), unit.body["name"].as_str()), (Some(&*msn), Some(&*name)));
            assert!(unit.body["configuration"].is_object());
            let identifier = &unit.body["businessIdentifier"];
            let (scheme, id) = (identifier["scheme"].as_str().unwrap(), identifier["id"].as_str().unwrap());
            let path = format!("/management/v1/merchants/{}/{id}", scheme.replace(':', "%3A"));
            let merchant = client.get(&path).await;
            assert_eq!((merchant.status, &merchant.body["businessIdentifier"]), (200, identifier));
            assert_eq!(
                (merchant.body["status"].as_str(), merchant.body["countryCode"].as_str()),
                (Some("ACTIVE"), scheme.get(9..11))
            );
            let units = client.get(&format!("{path}/sales-units")).await;
            assert!(units.body.as_array().unwrap().iter().any(|unit| unit["msn"] == *msn), "{}", units.body);
        }
    }
    assert_eq!(seen.len(), 2000);
    let stranger = Client::new(&sandbox, "org_jarvikassa").await;
    let first = Client::new(&sandbox, "org_kystkassa").await;
    let msn = &first.units().await[0].0;
    assert_eq!(first.get(&format!("{UNITS}/{msn}")).await.status, 200);
    assert_eq!(first.get(&format!("{UNITS}/0{msn}")).await.status, 404);
    let answer = stranger.get(&format!("{UNITS}/{msn}")).await;
    assert!(answer.status == 404 && answer.is_problem());
}

#[tokio::test]
async fn sales_unit_keys_reach_one_unit_and_its_merchant() {
    let sandbox = sandbox();
    let client = Client::new(&sandbox, "org_m_blabaer_kaffe").await;
    let own = client.keys.msn.clone().unwrap();
    let units = client.units().await;
    assert_eq!(units.iter().map(|(msn, _)| msn).collect::<Vec<_>>(), [&own]);
    let unit = client.get(&format!("{UNITS}/{own}")).await.body;
    let id = unit["businessIdentifier"]["id"].as_str().unwrap();
    let merchant = format!("/management/v1/merchants/business:NO:ORG/{id}");
    assert!(client.get(&merchant).await.body["name"].as_str().unwrap().starts_with("Blåbær Kaffe"));
    assert_eq!(client.get(&format!("{merchant}/sales-units")).await.body.as_array().unwrap().len(), 1);
    let partner = Client::new(&sandbox, "org_kystkassa").await;
    let sisters = partner.get(&format!("{merchant}/sales-units")).await.body;
    assert!(sisters.as_array().unwrap().len() > 40);
    for sister in sisters.as_array().unwrap().iter().filter(|sister| sister["msn"] != own) {
        assert_eq!(client.get(&format!("{UNITS}/{}", sister["msn"].as_str().unwrap())).await.status, 404);
    }
}

#[tokio::test]
async fn units_can_vanish_come_back_and_be_renamed() {
    let sandbox = sandbox();
    let client = Client::new(&sandbox, "org_kystkassa").await;
    let before = client.units().await;
    let (msn, _) = &before[10];
    assert!(sandbox.hide(msn) && !sandbox.hide("1") && !sandbox.show("x"));
    assert_eq!(client.units().await.len(), before.len() - 1);
    assert_eq!(client.get(&format!("{UNITS}/{msn}")).await.status, 404);
    assert!(sandbox.show(msn) && sandbox.rename(msn, "Ny kaffe på hjørnet"));
    let after = client.units().await;
    assert_eq!(after[10], (msn.clone(), "Ny kaffe på hjørnet".to_owned()));
    assert_eq!(after.len(), before.len());
    let alone = sandbox.merchants_of("org_kystkassa").into_iter().find(|merchant| merchant.msns.len() == 1);
    let alone = alone.unwrap();
    let path = format!("/management/v1/merchants/{}/{}", alone.scheme, alone.id);
    assert_eq!(client.get(&path).await.status, 200);
    sandbox.hide(&alone.msns[0]);
    assert_eq!(client.get(&path).await.status, 404);
}

#[tokio::test]
async fn merchants_without_keys_are_told_with_their_units() {
    let sandbox = sandbox();
    let merchants = sandbox.merchants_of("org_kystkassa");
    let keyed: Vec<String> = sandbox.keys().into_iter().skip(3).map(|keys| keys.name).collect();
    assert_eq!(keyed.len(), 4);
    assert!(merchants.len() > 300);
    assert!(merchants.iter().all(|merchant| !merchant.msns.is_empty() && !keyed.contains(&merchant.name)));
    assert!(sandbox.merchants_of("org_m_blabaer_kaffe").is_empty() && sandbox.merchants_of("nobody").is_empty());
}

#[test]
fn a_hundred_thousand_units_are_ready_quickly() {
    let start = std::time::Instant::now();
    let sandbox = Sandbox::new(&SandboxSettings { sales_units: 100_000, ..SandboxSettings::default() });
    let took = start.elapsed();
    assert!(took.as_secs_f64() < 4.0, "{took:?}; two seconds on an idle machine");
    assert!(sandbox.order_count() > 6_000);
    assert!(sandbox.webhooks_of("org_kystkassa").len() > 2_500);
}
