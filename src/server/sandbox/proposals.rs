//! What upstream has thought aloud about but never built; known where the sandbox is told to.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use axum::routing::{get, patch};
use axum::{Extension, Router};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::faults::Shape;
use super::gateway::{self, Caller, address};
use super::problem::Refusal;
use super::strict::{self, Faults, Object};
use super::tokens::is_msn;
use super::{Sandbox, answers, management};

const LEVELS: [&str; 3] = ["Partner Premium", "Partner Plus", "Partner"];

pub fn routes() -> Router<Arc<Sandbox>> {
    Router::new()
        .route("/management/v1/merchants", get(merchants))
        .route("/management/v1/partners/whoami", get(whoami))
        .route("/management/v1/sales-units/{msn}", patch(change_sales_unit))
        .route("/management/v1/merchants/{scheme}/{id}/contracts", get(contracts))
        .route("/management/v1/api-quality/sales-units/{msn}", get(api_quality))
}

/// For a sandbox without proposals: the one path that is known for another method is not.
pub fn no_routes() -> Router<Arc<Sandbox>> {
    Router::new().route("/management/v1/sales-units/{msn}", patch(gateway::unknown_path))
}

async fn merchants(
    State(sandbox): State<Arc<Sandbox>>,
    Extension(caller): Extension<Caller>,
) -> Result<Response, Refusal> {
    caller.partner()?;
    let world = sandbox.world();
    let shape = sandbox.faults.shape();
    let visible = world.merchants().iter().filter(|merchant| world.units_of(merchant, caller.reach).next().is_some());
    let list: Vec<Value> = visible
        .map(|merchant| match shape {
            Some(Shape::Wrapped) => json!({"orgno": merchant.number, "name": &*merchant.name}),
            _ => json!({"businessIdentifier": answers::business_identifier(merchant), "name": &*merchant.name}),
        })
        .collect();
    let list = sandbox.faults.list_part().of(list);
    Ok(match shape {
        Some(Shape::Wrapped) => answers::json(&json!({"MerchantList": list})),
        _ => answers::json(&json!({"merchants": list})),
    })
}

async fn whoami(
    State(sandbox): State<Arc<Sandbox>>,
    Extension(caller): Extension<Caller>,
) -> Result<Response, Refusal> {
    let partner = caller.partner()?;
    let name = sandbox.clients.get(caller.client).map(|client| client.name.as_str()).unwrap_or_default();
    Ok(answers::json(&json!({
        "partnerId": (100_000 + u32::from(partner) * 37).to_string(),
        "name": name,
        "level": LEVELS[usize::from(partner).min(LEVELS.len() - 1)],
        "partnerContactName": "Kari Partneransvarlig",
        "partnerContactEmail": "kari.partneransvarlig@vippsmobilepay.example",
        "status": "ACTIVE",
    })))
}

async fn change_sales_unit(
    State(sandbox): State<Arc<Sandbox>>,
    Extension(caller): Extension<Caller>,
    msn: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, Refusal> {
    let Path(msn) = msn?;
    if !is_msn(&msn) {
        return Err(Refusal::invalid("msn", r"must match ^\d{4,10}$"));
    }
    let mut world = sandbox.world_mut();
    // A deactivated unit can be found here, or it could never be activated again.
    world.msn_within(&msn, caller.reach).ok_or_else(|| Refusal::not_found("The sales unit was not found."))?;
    strict::check_content_type(&headers)?;
    let body = strict::body(&body)?;
    let faults = Faults::default();
    let (mut name, mut status) = (None, None);
    if let Some(change) = Object::read(&body, "", &["name", "salesUnitLogo", "status"], &faults) {
        name = change.text("name", "must be 1 to 50 characters", |name| (1..=50).contains(&name.chars().count()));
        // As when ordering: what is no usable picture is taken and dropped.
        change.text("salesUnitLogo", "must be base64", |text| STANDARD.decode(text).is_ok());
        status = change.choice("status", &["ACTIVE", "DEACTIVATED"]);
        if body.as_object().is_some_and(serde_json::Map::is_empty) {
            faults.say("body", "must change something");
        }
    }
    faults.verdict()?;
    if let Some(name) = name {
        world.rename(&msn, name);
    }
    if let Some(status) = status {
        world.set_active(&msn, status == "ACTIVE");
    }
    Ok(StatusCode::OK)
}

async fn contracts(
    State(sandbox): State<Arc<Sandbox>>,
    Extension(caller): Extension<Caller>,
    merchant: Result<Path<(String, String)>, PathRejection>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let Path((scheme, id)) = merchant?;
    management::check_business_identifier(&scheme, &id)?;
    sandbox.world().merchant(&scheme, &id, caller.reach).ok_or_else(management::no_merchant)?;
    let address = address(&headers, &uri);
    Ok(answers::json(&json!({"urls": [format!("{address}/contracts/{scheme}/{id}")]})))
}

/// What the merchants' own programs call, and how large a share of it fails at a unit that is not in order.
const CALLED: [(&str, u64); 4] = [
    ("POST:/accesstoken/get", 2),
    ("POST:/epayment/v1/payments", 10),
    ("GET:/epayment/v1/payments/{reference}", 30),
    ("POST:/epayment/v1/payments/{reference}/capture", 9),
];

async fn api_quality(
    State(sandbox): State<Arc<Sandbox>>,
    Extension(caller): Extension<Caller>,
    msn: Result<Path<String>, PathRejection>,
) -> Result<Response, Refusal> {
    let Path(msn) = msn?;
    if !is_msn(&msn) {
        return Err(Refusal::invalid("msn", r"must match ^\d{4,10}$"));
    }
    sandbox
        .world()
        .msn_within(&msn, caller.reach)
        .ok_or_else(|| Refusal::not_found("The sales unit was not found."))?;
    let number: u64 = msn.parse().unwrap_or_default();
    // Of a third of the units nothing is called, and every ninth has trouble.
    let items: Vec<Value> = match number % 3 {
        0 if !number.is_multiple_of(9) => Vec::new(),
        _ => CALLED
            .iter()
            .map(|(endpoint, often)| figures(endpoint, often * (20 + number % 80), number.is_multiple_of(9)))
            .collect(),
    };
    let shape = sandbox.faults.shape();
    let items = items.into_iter().map(|mut item| {
        if shape.is_some()
            && let Some(Value::String(endpoint)) = item.get_mut("endpoint")
        {
            *endpoint = endpoint.replacen(":/", "://", 1);
        }
        item
    });
    Ok(answers::json(&json!({"ApiQualityItems": items.collect::<Vec<_>>()})))
}

fn figures(endpoint: &str, requests: u64, in_trouble: bool) -> Value {
    let failed = if in_trouble { requests / 7 } else { requests / 150 };
    let (not_allowed, not_found) = (failed / 2, failed / 4);
    json!({
        "endpoint": endpoint,
        "total Requests": requests,
        "successRate": (requests - failed) * 100 / requests,
        "status200": requests - failed,
        "status400": failed - not_allowed - not_found,
        "status401": not_allowed,
        "status403": 0,
        "status404": not_found,
        "status429": 0,
        "status500": 0,
    })
}
