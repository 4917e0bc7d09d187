//! The Management API: sales units and merchants, as far as the caller's keys reach.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use axum::{Extension, Router};

use super::gateway::Caller;
use super::problem::Refusal;
use super::tokens::is_msn;
use super::{Sandbox, answers, broken};

type Merchant = Result<Path<(String, String)>, PathRejection>;

pub fn routes() -> Router<Arc<Sandbox>> {
    Router::new()
        .route("/management/v1/sales-units", get(sales_units))
        .route("/management/v1/sales-units/{msn}", get(sales_unit))
        .route("/management/v1/merchants/{scheme}/{id}", get(merchant))
        .route("/management/v1/merchants/{scheme}/{id}/sales-units", get(sales_units_of_merchant))
}

async fn sales_units(State(sandbox): State<Arc<Sandbox>>, Extension(caller): Extension<Caller>) -> Response {
    let world = sandbox.world();
    answers::unit_list(world.units(caller.reach), sandbox.faults.list_part(), sandbox.faults.shape())
}

async fn sales_unit(
    State(sandbox): State<Arc<Sandbox>>,
    Extension(caller): Extension<Caller>,
    msn: Result<Path<String>, PathRejection>,
) -> Result<Response, Refusal> {
    let Path(msn) = msn?;
    if !is_msn(&msn) {
        return Err(Refusal::invalid("msn", r"must match ^\d{4,10}$"));
    }
    match msn.as_str() {
        "900429" => return Err(Refusal::of(StatusCode::TOO_MANY_REQUESTS)),
        "900500" => return Err(Refusal::of(StatusCode::INTERNAL_SERVER_ERROR)),
        "900503" => return Err(Refusal::of(StatusCode::SERVICE_UNAVAILABLE)),
        "900504" => return Ok(broken::instead(sandbox.never_answer().await)),
        "900900" => return Ok(broken::truncated(answers::imaginary_unit(900_900)).await),
        "900901" => return Ok(broken::malformed(answers::imaginary_unit(900_901)).await),
        _ => {}
    }
    let world = sandbox.world();
    let unit = world.unit(&msn, caller.reach).ok_or_else(|| Refusal::not_found("The sales unit was not found."))?;
    Ok(answers::unit(unit, world.merchant_of(unit), sandbox.faults.shape()))
}

async fn merchant(
    State(sandbox): State<Arc<Sandbox>>,
    Extension(caller): Extension<Caller>,
    merchant: Merchant,
) -> Result<Response, Refusal> {
    let Path((scheme, id)) = merchant?;
    check_business_identifier(&scheme, &id)?;
    let world = sandbox.world();
    let merchant = world.merchant(&scheme, &id, caller.reach).ok_or_else(no_merchant)?;
    Ok(answers::merchant(merchant, sandbox.faults.shape()))
}

async fn sales_units_of_merchant(
    State(sandbox): State<Arc<Sandbox>>,
    Extension(caller): Extension<Caller>,
    merchant: Merchant,
) -> Result<Response, Refusal> {
    let Path((scheme, id)) = merchant?;
    check_business_identifier(&scheme, &id)?;
    let world = sandbox.world();
    let merchant = world.merchant(&scheme, &id, caller.reach).ok_or_else(no_merchant)?;
    let units = world.units_of(merchant, caller.reach);
    Ok(answers::unit_list(units, sandbox.faults.list_part(), sandbox.faults.shape()))
}

pub fn no_merchant() -> Refusal {
    Refusal::not_found("The merchant was not found.")
}

pub fn check_business_identifier(scheme: &str, id: &str) -> Result<(), Refusal> {
    if !(10..=30).contains(&scheme.chars().count()) || !scheme.starts_with("business:") {
        return Err(Refusal::invalid("scheme", "must be 10 to 30 characters such as business:NO:ORG"));
    }
    if !(4..=50).contains(&id.len()) || !id.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
        return Err(Refusal::invalid("id", r"must match ^[\d-]{4,50}$"));
    }
    Ok(())
}
