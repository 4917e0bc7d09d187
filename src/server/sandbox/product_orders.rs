//! The Management API: product orders and the price packages they are made at.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use axum::routing::{delete, get, post};
use axum::{Extension, Router};
use serde_json::{Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

use super::faults::Shape;
use super::gateway::{Caller, address, text_of};
use super::orders::{Kind, Order, Orders, Status, Undeletable, prefill_url};
use super::prefill::{self, Allowed, Prefill};
use super::problem::Refusal;
use super::remembered::Answer;
use super::strict::{self, Faults};
use super::world::Reach;
use super::{Sandbox, answers, locked};

const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

pub fn routes() -> Router<Arc<Sandbox>> {
    Router::new()
        .route("/management/v1/partners/price-packages", get(price_packages))
        .route("/management/v1/product-orders", post(order))
        .route("/management/v1/product-orders/{id}", delete(remove))
        .route("/management/v2/product-orders", get(list))
        .route("/management/v2/product-orders/{id}/details", get(details))
}

async fn price_packages(
    State(sandbox): State<Arc<Sandbox>>,
    Extension(caller): Extension<Caller>,
) -> Result<Response, Refusal> {
    let packages = sandbox.packages.of(caller.partner()?);
    let of_2023 = sandbox.faults.shape() == Some(Shape::Year2023);
    let list: Vec<Value> = packages.iter().map(|package| package.answer(of_2023)).collect();
    Ok(answers::json(&sandbox.faults.list_part().of(list)))
}

async fn order(
    State(sandbox): State<Arc<Sandbox>>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Answer, Refusal> {
    let partner = caller.partner()?;
    let key = idempotency_key(&headers)?;
    strict::check_content_type(&headers)?;
    let allowed = Allowed { packages: sandbox.packages.of(partner), compliance_data: sandbox.compliance_data };
    // Held to the end: of two calls at once with one key, the second gets the first one's answer.
    let mut remembered = locked(&sandbox.remembered);
    if let Some(answer) = remembered.answer(caller.client, key, &body)? {
        return Ok(answer);
    }
    let answer = match read(&body, allowed) {
        Ok(prefill) => {
            let mut order = Order::new(partner, Kind::Prefill, prefill, OffsetDateTime::now_utc());
            order.idempotency_key = Some(key.to_owned());
            let id = order.id;
            sandbox.orders().add(order);
            let body = json!({"prefilledOrderId": id, "prefillUrl": prefill_url(&address(&headers, &uri), id)});
            let body = body.to_string().into_bytes();
            Answer { status: StatusCode::CREATED, content_type: "application/json", body }
        }
        Err(refusal) => refusal.answer(),
    };
    remembered.keep(caller.client, key, &body, answer.clone());
    Ok(answer)
}

async fn remove(
    State(sandbox): State<Arc<Sandbox>>,
    Extension(caller): Extension<Caller>,
    id: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, Refusal> {
    let Path(id) = id?;
    let id = order_id(&id)?;
    let mut orders = sandbox.orders();
    find(&orders, caller, id)?;
    match orders.delete(id, OffsetDateTime::now_utc()) {
        None => Ok(StatusCode::OK),
        Some(Undeletable::NotPrefilled) => {
            let reason = "Only prefilled product orders can be deleted.";
            Err(Refusal::problem(StatusCode::BAD_REQUEST, reason))
        }
        Some(Undeletable::Submitted) => {
            let reason = "The merchant has submitted the product order, so it cannot be deleted any more.";
            Err(Refusal::problem(StatusCode::FORBIDDEN, reason))
        }
    }
}

async fn list(
    State(sandbox): State<Arc<Sandbox>>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let query = query.unwrap_or_default();
    let include_expired = form_urlencoded::parse(query.as_bytes())
        .any(|(name, value)| name == "includeExpired" && value.eq_ignore_ascii_case("true"));
    let (address, now) = (address(&headers, &uri), OffsetDateTime::now_utc());
    let of_2023 = sandbox.faults.shape() == Some(Shape::Year2023);
    let orders = sandbox.orders();
    let world = sandbox.world();
    let shown = |order: &&Order| include_expired || order.status(now) != Status::Expired;
    let list: Vec<Value> = match caller.reach {
        Reach::Partner(partner) => {
            orders.of(partner).filter(shown).map(|order| order.answer(&world, &address, now, of_2023)).collect()
        }
        Reach::Unit(_) => Vec::new(),
    };
    answers::json(&sandbox.faults.list_part().of(list))
}

async fn details(
    State(sandbox): State<Arc<Sandbox>>,
    Extension(caller): Extension<Caller>,
    id: Result<Path<String>, PathRejection>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let Path(id) = id?;
    let id = order_id(&id)?;
    let of_2023 = sandbox.faults.shape() == Some(Shape::Year2023);
    let orders = sandbox.orders();
    let order = find(&orders, caller, id)?;
    let body = order.answer(&sandbox.world(), &address(&headers, &uri), OffsetDateTime::now_utc(), of_2023);
    Ok(answers::json(&body))
}

fn read(body: &[u8], allowed: Allowed) -> Result<Prefill, Refusal> {
    let body = strict::body(body)?;
    let faults = Faults::default();
    let prefill = prefill::read(&body, allowed, &faults);
    faults.verdict()?;
    prefill.ok_or_else(|| Refusal::invalid("body", "is not a product order"))
}

fn idempotency_key(headers: &HeaderMap) -> Result<&str, Refusal> {
    let key = text_of(headers, IDEMPOTENCY_KEY).ok_or_else(|| Refusal::invalid(IDEMPOTENCY_KEY, "is required"))?;
    let fits = key.len() <= 50 && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if fits { Ok(key) } else { Err(Refusal::invalid(IDEMPOTENCY_KEY, "must match ^[a-zA-Z0-9-]{1,50}$")) }
}

fn order_id(text: &str) -> Result<Uuid, Refusal> {
    Uuid::parse_str(text).map_err(|_| Refusal::invalid("productOrderId", "must be a UUID"))
}

/// The order, if it is the caller's.
fn find(orders: &Orders, caller: Caller, id: Uuid) -> Result<&Order, Refusal> {
    let own = orders.get(id).filter(|order| caller.reach == Reach::Partner(order.partner));
    own.ok_or_else(|| Refusal::not_found("The product order was not found.").typed_as_json())
}
