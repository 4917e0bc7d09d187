//! Version 1 of the Recurring API, as its document of September 2018 describes it. It knows Norway only.

mod reading;

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use super::agreements::{Agreement, Pricing, State as AgreementState};
use super::charges::{Charge, ChargeState};
use super::confirmation_url;
use super::ledger::Ledger;
use crate::domain::identifiers::Market;
use crate::server::sandbox::gateway::{Caller, address, text_of};
use crate::server::sandbox::problem::Refusal;
use crate::server::sandbox::remembered::Answer;
use crate::server::sandbox::{Sandbox, answers as json_answers, strict};

const BASE: &str = "/recurring/api/v1";
const MERCHANT_ID: &str = "MerchantId";

pub fn routes() -> Router<Arc<Sandbox>> {
    Router::new()
        .route("/recurring/api/v1/draftAgreement", post(draft))
        .route("/recurring/api/v1/agreement", get(list))
        .route("/recurring/api/v1/agreement/{agreement}", get(agreement).post(update))
        .route("/recurring/api/v1/charge/{agreement}", get(charges).post(create_charge))
        .route("/recurring/api/v1/charge/{agreement}/{charge}", get(charge).delete(cancel))
        .route("/recurring/api/v1/charge/{agreement}/{charge}/refund", post(refund))
}

/// A refusal in the form of this API.
#[derive(Debug)]
pub struct Wrong(Refusal);

impl From<Refusal> for Wrong {
    fn from(refusal: Refusal) -> Self {
        Self(refusal.said_at(BASE))
    }
}

impl IntoResponse for Wrong {
    fn into_response(self) -> Response {
        self.0.into_response()
    }
}

type Answered = Result<Response, Wrong>;

/// Whose agreements are meant.
fn unit(sandbox: &Sandbox, caller: Caller, headers: &HeaderMap) -> Result<u32, Refusal> {
    let named = text_of(headers, MERCHANT_ID).ok_or_else(|| Refusal::invalid(MERCHANT_ID, "is required"))?;
    let forbidden = |reason: &str| Refusal::gateway(StatusCode::FORBIDDEN, reason);
    let msn = sandbox.world().msn_within(named, caller.reach);
    let msn = msn.ok_or_else(|| forbidden("The MerchantId does not belong to these keys."))?;
    match sandbox.market(msn) {
        Market::Norway => Ok(msn),
        _ => Err(forbidden("Only Norwegian merchants can use Recurring.")),
    }
}

fn with<T>(
    sandbox: &Sandbox,
    msn: u32,
    act: impl FnOnce(&mut Ledger, OffsetDateTime) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    sandbox.with_ledger(msn, act).unwrap_or_else(|| Err(Refusal::not_found("There is no such sales unit.")))
}

fn body_of(headers: &HeaderMap, body: &[u8]) -> Result<Value, Refusal> {
    strict::check_content_type(headers)?;
    let not_json = |_| Refusal::gateway(StatusCode::UNPROCESSABLE_ENTITY, "The body is not JSON.");
    serde_json::from_slice(body).map_err(not_json)
}

fn no_agreement() -> Refusal {
    Refusal::not_found("The agreement was not found.")
}

/// Where the document has no 404.
fn unknown_agreement() -> Refusal {
    Refusal::invalid("agreementId", "is not the id of an agreement")
}

fn unknown_charge() -> Refusal {
    Refusal::invalid("chargeId", "is not the id of a charge")
}

fn no_charge() -> Refusal {
    Refusal::not_found("The requested charge does not exist.")
}

async fn draft(
    State(sandbox): State<Arc<Sandbox>>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Answered {
    let msn = unit(&sandbox, caller, &headers)?;
    let draft = reading::draft(&body_of(&headers, &body)?)?;
    let id = with(&sandbox, msn, |ledger, now| {
        let agreement = draft.into_agreement(ledger.salt(), ledger.next_index(), now);
        let id = agreement.id.clone();
        ledger.add(agreement);
        Ok(id)
    })?;
    let address = address(&headers, &uri);
    let body = json!({
        "agreementResource": format!("{address}{BASE}/agreement/{id}"),
        "redirectToVipps": confirmation_url(&address, msn, &id),
    });
    Ok((StatusCode::CREATED, json_answers::json(&body)).into_response())
}

async fn list(
    State(sandbox): State<Arc<Sandbox>>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Answered {
    let msn = unit(&sandbox, caller, &headers)?;
    let query = query.unwrap_or_default();
    let status = reading::choice(&query, "status", &reading::STATUSES)?;
    let wanted = |state: AgreementState| status.is_none_or(|status| state.word_of_2018() == status);
    let list = with(&sandbox, msn, |ledger, now| Ok(ledger.list(wanted, None, (0, usize::MAX), now)))?;
    let list: Vec<Value> = list.iter().map(agreement_answer).collect();
    Ok(json_answers::json(&sandbox.faults.list_part().of(list)))
}

async fn agreement(
    State(sandbox): State<Arc<Sandbox>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Answered {
    let msn = unit(&sandbox, caller, &headers)?;
    let agreement = with(&sandbox, msn, |ledger, now| ledger.get(&id, now).ok_or_else(no_agreement))?;
    Ok(json_answers::json(&agreement_answer(&agreement)))
}

async fn update(
    State(sandbox): State<Arc<Sandbox>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answered {
    let msn = unit(&sandbox, caller, &headers)?;
    let change = reading::change(&body_of(&headers, &body)?)?;
    let agreement = with(&sandbox, msn, |ledger, now| {
        let agreement = ledger.get_mut(&id, now).ok_or_else(no_agreement)?;
        change.apply(agreement, now)?;
        Ok(agreement.clone())
    })?;
    Ok(json_answers::json(&agreement_answer(&agreement)))
}

async fn charges(
    State(sandbox): State<Arc<Sandbox>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Answered {
    let msn = unit(&sandbox, caller, &headers)?;
    let status = reading::choice(&query.unwrap_or_default(), "chargeStatus", &reading::CHARGE_STATUSES)?;
    let agreement = with(&sandbox, msn, |ledger, now| ledger.get(&id, now).ok_or_else(unknown_agreement))?;
    let wanted = |charge: &&Charge| status.is_none_or(|status| charge.state.word_of_2018() == status);
    let list: Vec<Value> = agreement.charges.iter().filter(wanted).map(charge_answer).collect();
    Ok(json_answers::json(&sandbox.faults.list_part().of(list)))
}

async fn create_charge(
    State(sandbox): State<Arc<Sandbox>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answered {
    let msn = unit(&sandbox, caller, &headers)?;
    let key = text_of(&headers, "Idempotent-Key").ok_or_else(|| Refusal::invalid("Idempotent-Key", "is required"))?;
    let mut remembered = sandbox.recurring.remembered();
    let context = [id.as_bytes(), &body].concat();
    if remembered.answer(caller.client, key, &context)?.is_some() {
        // It was done before; what it was is not said again.
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let body = body_of(&headers, &body)?;
    let charge = with(&sandbox, msn, |ledger, now| {
        let agreement = ledger.get(&id, now).ok_or_else(unknown_agreement)?;
        if agreement.state != AgreementState::Active {
            return Err(Refusal::invalid("agreementId", "is not the id of an active agreement"));
        }
        let number = agreement.charges.len() as u64;
        let mut charge = reading::charge(&body, now)?.into_charge(ledger.salt(), agreement.index, number);
        charge.note("CREATE", charge.amount, key, now);
        ledger.add_charge(&id, charge.clone(), now);
        Ok(charge)
    })?;
    let done = Answer { status: StatusCode::NO_CONTENT, content_type: "", body: Vec::new() };
    remembered.keep(caller.client, key, &context, done);
    Ok((StatusCode::CREATED, json_answers::json(&charge_answer(&charge))).into_response())
}

async fn charge(
    State(sandbox): State<Arc<Sandbox>>,
    Extension(caller): Extension<Caller>,
    Path((id, charge)): Path<(String, String)>,
    headers: HeaderMap,
) -> Answered {
    let msn = unit(&sandbox, caller, &headers)?;
    let agreement = with(&sandbox, msn, |ledger, now| ledger.get(&id, now).ok_or_else(no_charge))?;
    let charge = agreement.charges.iter().find(|known| known.id == charge).ok_or_else(no_charge)?;
    Ok(json_answers::json(&charge_answer(charge)))
}

async fn cancel(
    State(sandbox): State<Arc<Sandbox>>,
    Extension(caller): Extension<Caller>,
    Path((id, charge)): Path<(String, String)>,
    headers: HeaderMap,
) -> Answered {
    let msn = unit(&sandbox, caller, &headers)?;
    let cancelled = with(&sandbox, msn, |ledger, now| {
        let agreement = ledger.get_mut(&id, now).ok_or_else(unknown_agreement)?;
        let charge = agreement.charges.iter_mut().find(|known| known.id == charge).ok_or_else(unknown_charge)?;
        if charge.state == ChargeState::Cancelled {
            return Ok(None);
        }
        if !charge.can_be_cancelled() {
            let reason = "The charge is not in a deletable state.";
            return Err(Refusal::problem(StatusCode::CONFLICT, reason));
        }
        charge.cancel_with("cancel", now);
        Ok(Some(charge.clone()))
    })?;
    Ok(match cancelled {
        Some(charge) => json_answers::json(&charge_answer(&charge)),
        None => StatusCode::NO_CONTENT.into_response(),
    })
}

/// Of the whole charge: there is nothing to say how much.
async fn refund(
    State(sandbox): State<Arc<Sandbox>>,
    Extension(caller): Extension<Caller>,
    Path((id, charge)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Answered {
    let msn = unit(&sandbox, caller, &headers)?;
    if !body.is_empty() {
        return Err(Refusal::invalid("body", "must be empty: charges are refunded whole").into());
    }
    with(&sandbox, msn, |ledger, now| {
        let agreement = ledger.get_mut(&id, now).ok_or_else(no_charge)?;
        let charge = agreement.charges.iter_mut().find(|known| known.id == charge).ok_or_else(no_charge)?;
        match charge.refundable() {
            0 => Err(Refusal::invalid("chargeId", "is of a charge that is not paid or is refunded")),
            all => {
                charge.refund(all, "refund", now);
                Ok(())
            }
        }
    })?;
    Ok(json_answers::json(&json!({"statusCode": "200", "statusCodeValue": 200, "body": {}})))
}

fn agreement_answer(agreement: &Agreement) -> Value {
    let (price, most) = match agreement.pricing {
        Pricing::Legacy { amount } => (amount, None),
        Pricing::Variable { suggested, chosen } => (suggested, chosen),
        Pricing::Flexible => (0, None),
    };
    // There were no years in what was told.
    let (interval, count) = match agreement.interval {
        None => ("month", 1),
        Some(interval) if interval.unit == "YEAR" => ("month", (interval.count * 12).min(31)),
        Some(interval) => (reading::lower(interval.unit), interval.count),
    };
    let mut body = Map::new();
    let mut set = |name: &str, value: Value| {
        body.insert(name.to_owned(), value);
    };
    set("id", json!(agreement.id));
    set("status", json!(agreement.state.word_of_2018()));
    set("productName", json!(agreement.product_name));
    set("productDescription", json!(agreement.product_description.as_deref().unwrap_or_default()));
    set("price", json!(price));
    set("currency", json!(agreement.currency));
    set("interval", json!(interval));
    set("intervalCount", json!(count));
    set("customer", json!(agreement.customer));
    for (name, value) in [
        ("maxCharge", most.map(|most| json!(most))),
        ("startDate", agreement.start.map(|start| json!(start.date().to_string()))),
        ("stopDate", agreement.stop.map(|stop| json!(stop.date().to_string()))),
    ] {
        if let Some(value) = value {
            set(name, value);
        }
    }
    Value::Object(body)
}

/// With id and status, which the first document forgot and the next one had.
fn charge_answer(charge: &Charge) -> Value {
    json!({
        "id": charge.id,
        "status": charge.state.word_of_2018(),
        "amount": charge.amount,
        "currency": "NOK",
        "description": charge.description,
        "dueDate": charge.due.to_string(),
        "retryDays": charge.retry_days,
        "type": if charge.is_initial() { "ONEOFF" } else { "RECURRING" },
    })
}
