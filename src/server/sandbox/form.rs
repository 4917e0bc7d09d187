//! Where a prefilled order leads the merchant: a form to send, and then, as this is a simulation,
//! the desk of the case worker who approves or rejects it. [`agreement`] is where a customer is led. No keys, no
//! JavaScript.

mod agreement;
mod fields;
mod page;

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use time::OffsetDateTime;
use uuid::Uuid;

use self::page::{Form, escaped, notice, page};
use super::Sandbox;
use super::orders::{Kind, Order, Orders, Status};
use super::prefill::{self, Allowed};
use super::strict::Faults;

pub fn routes() -> Router<Arc<Sandbox>> {
    Router::new()
        .route("/register/prefilled/{id}", get(open).post(submit))
        .route("/register/prefilled/{id}/approve", post(approve))
        .route("/register/prefilled/{id}/reject", post(reject))
        .route("/contracts/{scheme}/{id}", get(contract))
        .merge(agreement::routes())
}

/// A page for people, not a call of an API.
pub fn is_page(path: &str) -> bool {
    path.starts_with("/register/") || path.starts_with("/contracts/")
}

async fn open(State(sandbox): State<Arc<Sandbox>>, Path(id): Path<String>) -> Response {
    let now = OffsetDateTime::now_utc();
    let mut orders = sandbox.orders();
    let Some(id) = prefilled(&orders, &id) else { return dead(&orders, &id) };
    orders.view(id, now);
    let Some(order) = orders.get(id) else { return dead(&orders, &id.to_string()) };
    match order.status(now) {
        Status::Received | Status::MerchantViewed => {
            let form = form(&sandbox, order, &order.prefill.payload, &[]);
            page(StatusCode::OK, "Order a product", &form)
        }
        Status::OrderSubmitted => desk(order),
        Status::Completed => approved(&sandbox, order),
        Status::Rejected => {
            notice(StatusCode::OK, "Order rejected", "The merchant is told so; the partner is not told why.")
        }
        Status::Expired => notice(
            StatusCode::GONE,
            "This link has expired",
            "It could be used for 14 days. Ask your partner for a new one.",
        ),
    }
}

async fn submit(State(sandbox): State<Arc<Sandbox>>, Path(id): Path<String>, body: Bytes) -> Response {
    let now = OffsetDateTime::now_utc();
    let sent: Vec<(String, String)> = form_urlencoded::parse(&body).into_owned().collect();
    let mut orders = sandbox.orders();
    let known = prefilled(&orders, &id);
    let Some(order) = known.and_then(|id| orders.get(id)) else { return dead(&orders, &id) };
    let id = order.id;
    if !matches!(order.status(now), Status::Received | Status::MerchantViewed) {
        return Redirect::to(&place(id)).into_response();
    }
    let payload = fields::payload(&sent, &order.prefill.payload, order.package_is_locked);
    let faults = Faults::default();
    // What was taken when it was ordered is taken now.
    let allowed = Allowed { packages: sandbox.packages.of(order.partner), compliance_data: true };
    let checked = prefill::read(&payload, allowed, &faults);
    let faults = faults.into_list();
    match checked.filter(|_| faults.is_empty()) {
        Some(content) => {
            orders.submit(id, Some(content), now);
            Redirect::to(&place(id)).into_response()
        }
        None => {
            let form = form(&sandbox, order, &payload, &faults);
            page(StatusCode::UNPROCESSABLE_ENTITY, "Order a product", &form)
        }
    }
}

async fn approve(State(sandbox): State<Arc<Sandbox>>, Path(id): Path<String>) -> Response {
    decide(&sandbox, &id, |orders, id| {
        orders.approve(id, &mut sandbox.world_mut(), OffsetDateTime::now_utc());
    })
}

async fn reject(State(sandbox): State<Arc<Sandbox>>, Path(id): Path<String>) -> Response {
    decide(&sandbox, &id, |orders, id| {
        orders.reject(id);
    })
}

fn decide(sandbox: &Sandbox, id: &str, decision: impl FnOnce(&mut Orders, Uuid)) -> Response {
    let mut orders = sandbox.orders();
    let Some(id) = prefilled(&orders, id) else { return dead(&orders, id) };
    decision(&mut orders, id);
    // Decided already, or too early: the page says what there is.
    Redirect::to(&place(id)).into_response()
}

async fn contract(State(sandbox): State<Arc<Sandbox>>, Path((scheme, id)): Path<(String, String)>) -> Response {
    let world = sandbox.world();
    let Some(merchant) = world.any_merchant(&scheme, &id) else {
        return notice(
            StatusCode::NOT_FOUND,
            "No such contract",
            "Nobody with this business identifier has signed one.",
        );
    };
    let sentence =
        format!("Between {} ({}) and Vipps MobilePay. Signed and in force.", merchant.name, merchant.identifier());
    notice(StatusCode::OK, "Merchant agreement", &sentence)
}

/// The order of a link, if it exists and the merchant was sent to it.
fn prefilled(orders: &Orders, id: &str) -> Option<Uuid> {
    let order = orders.get(Uuid::parse_str(id).ok()?)?;
    (order.kind == Kind::Prefill).then_some(order.id)
}

fn dead(orders: &Orders, id: &str) -> Response {
    if Uuid::parse_str(id).is_ok_and(|id| orders.was_deleted(id)) {
        return notice(
            StatusCode::GONE,
            "This order was deleted",
            "Your partner has deleted it. There may be a new link; ask your partner.",
        );
    }
    notice(StatusCode::NOT_FOUND, "This link is not known", "Check that it was copied whole.")
}

fn place(id: Uuid) -> String {
    format!("/register/prefilled/{id}")
}

fn form(sandbox: &Sandbox, order: &Order, payload: &serde_json::Value, faults: &[(String, String)]) -> String {
    let form = Form {
        partner: sandbox.clients.name_of_partner(order.partner),
        payload,
        packages: sandbox.packages.of(order.partner),
        package_is_locked: order.package_is_locked,
        faults,
    };
    form.html()
}

fn desk(order: &Order) -> Response {
    let place = place(order.id);
    let told = |name: &str, value: &str| format!("<dt>{name}</dt><dd>{}</dd>", escaped(value));
    let content = [
        "<h1>You are now the case worker of Vipps MobilePay</h1><p>The merchant has submitted this order.</p><dl>"
            .to_owned(),
        told("Business identifier", &order.prefill.business.id),
        told("Sales unit", order.prefill.text("/salesUnitName").unwrap_or_default()),
        told("Product", order.prefill.product_type.word()),
        told("Purpose", order.prefill.text("/intendedPurpose").unwrap_or_default()),
        format!(
            "</dl><div class=\"choices\"><form method=\"post\" action=\"{place}/approve\"><button>Approve</button></form>\
             <form method=\"post\" action=\"{place}/reject\"><button class=\"quiet\">Reject</button></form></div>"
        ),
    ];
    page(StatusCode::OK, "Approve or reject", &content.concat())
}

fn approved(sandbox: &Sandbox, order: &Order) -> Response {
    let world = sandbox.world();
    let unit = order.msn.and_then(|msn| world.any_unit(msn));
    let (msn, name) = unit.map_or_else(Default::default, |unit| (unit.msn.to_string(), unit.name.to_string()));
    let sentence = format!("{name} is a sales unit now. Its merchant serial number is {msn}.");
    notice(StatusCode::OK, "Order approved", &sentence)
}
