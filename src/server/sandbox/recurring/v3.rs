//! Version 3 of the Recurring API, as published in 2025.

mod answers;
mod reading;

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post};
use axum::{Extension, Router};
use serde_json::{Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

use self::reading::charges;
pub use self::reading::is_url;
use super::agreements::{Agreement, By, State as AgreementState};
use super::charges::{Charge, ChargeState};
use super::confirmation_url;
use super::ledger::Ledger;
use crate::server::sandbox::gateway::{Caller, address, text_of};
use crate::server::sandbox::problem::Refusal;
use crate::server::sandbox::remembered::Answer;
use crate::server::sandbox::world::Reach;
use crate::server::sandbox::{Sandbox, locked, strict};

const MSN: &str = "Merchant-Serial-Number";
const CONTINUATION: HeaderName = HeaderName::from_static("continuation-token");
/// Charges in one answer; the rest has to be asked for.
const CHARGES_AT_ONCE: usize = 100;
const MOST_CONTINUATIONS: usize = 10_000;
const AGREEMENTS: usize = 500;
const MOST_AGREEMENTS: usize = 2_000;
const MOST_IN_A_BATCH: usize = 2_000;

pub fn routes() -> Router<Arc<Sandbox>> {
    Router::new()
        .route("/recurring/v3/agreements", get(list).post(draft))
        .route("/recurring/v3/agreements/charges", post(create_charges))
        .route("/recurring/v3/agreements/{agreement}", get(agreement).patch(update))
        .route("/recurring/v3/agreements/{agreement}/accept", patch(accept))
        .route("/recurring/v3/agreements/{agreement}/charges", get(charges).post(create_charge))
        .route("/recurring/v3/agreements/{agreement}/charges/{charge}", get(charge).delete(cancel))
        .route("/recurring/v3/agreements/{agreement}/charges/{charge}/capture", post(capture))
        .route("/recurring/v3/agreements/{agreement}/charges/{charge}/refund", post(refund))
        .route("/recurring/v3/charges/{charge}", get(charge_by_id))
}

/// A refusal in the form of this API.
#[derive(Debug)]
pub struct Wrong(Refusal);

impl From<Refusal> for Wrong {
    fn from(refusal: Refusal) -> Self {
        Self(refusal.said_at("/recurring/v3"))
    }
}

impl IntoResponse for Wrong {
    fn into_response(self) -> Response {
        self.0.into_response()
    }
}

/// What every call brings along.
struct Call<'a> {
    sandbox: &'a Sandbox,
    caller: Caller,
    headers: &'a HeaderMap,
    /// Whose agreements are meant.
    msn: u32,
}

impl<'a> Call<'a> {
    fn new(sandbox: &'a Sandbox, caller: Caller, headers: &'a HeaderMap) -> Result<Self, Refusal> {
        let named = text_of(headers, MSN);
        let msn = match (caller.reach, named) {
            (Reach::Unit(msn), None) => msn,
            (Reach::Partner(_), None) => {
                return Err(Refusal::gateway(StatusCode::FORBIDDEN, "Merchant-Serial-Number is missing."));
            }
            (reach, Some(named)) => sandbox.world().msn_within(named, reach).ok_or_else(|| {
                let reason = format!("Invalid MSN: {named}. It is not valid for the provided supermerchant ID.");
                Refusal::gateway(StatusCode::FORBIDDEN, reason)
            })?,
        };
        Ok(Self { sandbox, caller, headers, msn })
    }

    fn with<T>(&self, act: impl FnOnce(&mut Ledger, OffsetDateTime) -> Result<T, Refusal>) -> Result<T, Refusal> {
        self.sandbox.with_ledger(self.msn, act).unwrap_or_else(|| Err(no_agreement()))
    }

    /// Carries out once what carries the same idempotency key; `context` is what else has to be the same.
    fn once(
        &self,
        context: &str,
        body: &[u8],
        act: impl FnOnce(&str) -> Result<Answer, Refusal>,
    ) -> Result<Answer, Wrong> {
        let key = idempotency_key(self.headers)?;
        let context = [context.as_bytes(), &canonical(body)].concat();
        // Held to the end: of two calls at once with one key, the second gets the first one's answer.
        let mut remembered = self.sandbox.recurring.remembered();
        let known = remembered.answer(self.caller.client, key, &context);
        if let Some(answer) = known.map_err(|refusal| refusal.of_kind("idempotency-conflict"))? {
            return Ok(answer);
        }
        let answer = act(key).unwrap_or_else(|refusal| Wrong::from(refusal).0.answer());
        remembered.keep(self.caller.client, key, &context, answer.clone());
        Ok(answer)
    }
}

/// JSON that differs in blanks and order only is the same.
fn canonical(body: &[u8]) -> Vec<u8> {
    serde_json::from_slice(body).map_or_else(|_| body.to_vec(), |value: Value| value.to_string().into_bytes())
}

fn idempotency_key(headers: &HeaderMap) -> Result<&str, Refusal> {
    let refused = |rule: &str| Refusal::invalid("Idempotency-Key", rule).of_kind("idempotency-key-header");
    let key = text_of(headers, "Idempotency-Key").ok_or_else(|| refused("is required"))?;
    let fits = key.len() <= 40 && !key.contains(['#', '?', '/', '\\']);
    if fits { Ok(key) } else { Err(refused(r"must be 1 to 40 characters without #, ?, / and \")) }
}

fn body_of(headers: &HeaderMap, body: &[u8]) -> Result<Value, Refusal> {
    strict::check_content_type(headers).map_err(|refusal| refusal.of_kind("unsupported-media-type"))?;
    strict::body(body).map_err(|refusal| refusal.of_kind("invalid-json"))
}

fn no_agreement() -> Refusal {
    Refusal::not_found("The agreement was not found.")
}

fn no_charge() -> Refusal {
    Refusal::not_found("The charge was not found.")
}

fn nothing(status: StatusCode) -> Answer {
    Answer { status, content_type: "application/json", body: Vec::new() }
}

fn created(body: &Value) -> Answer {
    Answer { status: StatusCode::CREATED, content_type: "application/json", body: body.to_string().into_bytes() }
}

fn json_answer(body: &Value) -> Response {
    ([(axum::http::header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

type Answered = Result<Response, Wrong>;
type Carried = Result<Answer, Wrong>;

async fn list(
    State(sandbox): State<Arc<Sandbox>>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
    uri: Uri,
    headers: HeaderMap,
) -> Answered {
    let call = Call::new(&sandbox, caller, &headers)?;
    let query = reading::list_query(query.as_deref().unwrap_or_default())?;
    let market = sandbox.market(call.msn);
    let (size, page) = (query.page_size.unwrap_or(AGREEMENTS), query.page_number.unwrap_or(1));
    let slice = ((page - 1) * size, size);
    let wanted = |state: AgreementState| state.word() == query.status;
    let list = call.with(|ledger, now| Ok(ledger.list(wanted, query.created_after, slice, now)))?;
    let address = address(&headers, &uri);
    let list: Vec<Value> =
        list.iter().map(|agreement| answers::agreement(agreement, market, &address, call.msn)).collect();
    Ok(json_answer(&Value::Array(sandbox.faults.list_part().of(list))))
}

async fn agreement(
    State(sandbox): State<Arc<Sandbox>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Answered {
    let call = Call::new(&sandbox, caller, &headers)?;
    let market = sandbox.market(call.msn);
    let agreement = call.with(|ledger, now| ledger.get(&id, now).ok_or_else(no_agreement))?;
    Ok(json_answer(&answers::agreement(&agreement, market, &address(&headers, &uri), call.msn)))
}

async fn draft(
    State(sandbox): State<Arc<Sandbox>>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Carried {
    let call = Call::new(&sandbox, caller, &headers)?;
    let market = sandbox.market(call.msn);
    call.once("POST agreements", &body, |key| {
        if !sandbox.takes_recurring(call.msn) {
            let reason = "The sales unit is not allowed to use Recurring.";
            return Err(Refusal::problem(StatusCode::FORBIDDEN, reason).of_kind("invalid-sale-unit"));
        }
        let draft = reading::draft(&body_of(&headers, &body)?, market)?;
        call.with(|ledger, now| {
            let (index, salt) = (ledger.next_index(), ledger.salt());
            let agreement = draft.into_agreement(salt, index, key, now);
            if agreement.charges.iter().any(|charge| ledger.is_taken(&charge.id)) {
                return Err(Refusal::problem(StatusCode::CONFLICT, "The orderId is used already.").of_kind("conflict"));
            }
            let answer = json!({
                "agreementId": agreement.id,
                "uuid": agreement.uuid,
                "vippsConfirmationUrl": confirmation_url(&address(&headers, &uri), call.msn, &agreement.id),
                "chargeId": agreement.charges.first().map(|charge| &charge.id),
            });
            let (id, charges) = (agreement.id.clone(), agreement.charges.clone());
            ledger.add(Agreement { charges: Vec::new(), ..agreement });
            charges.into_iter().for_each(|charge| ledger.add_charge(&id, charge, now));
            Ok(created(&answer))
        })
    })
}

async fn update(
    State(sandbox): State<Arc<Sandbox>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Carried {
    let call = Call::new(&sandbox, caller, &headers)?;
    call.once(&format!("PATCH {id}"), &body, |_| {
        let change = reading::change(&body_of(&headers, &body)?)?;
        call.with(|ledger, now| {
            let agreement = ledger.get_mut(&id, now).ok_or_else(no_agreement)?;
            let illegal = |reason: &str| {
                Err(Refusal::problem(StatusCode::BAD_REQUEST, reason).of_kind("illegal-agreement-update"))
            };
            if agreement.state != AgreementState::Active {
                return illegal("Only an active agreement can be updated.");
            }
            match change {
                reading::Change::Stop => {
                    agreement.stop(By::Merchant, now);
                }
                reading::Change::Terms(terms) => {
                    if let Err(reason) = terms.apply(agreement) {
                        return illegal(reason);
                    }
                }
            }
            Ok(nothing(StatusCode::NO_CONTENT))
        })
    })
}

/// In upstream's test environment only, where no person has an app in hand.
async fn accept(
    State(sandbox): State<Arc<Sandbox>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Carried {
    let call = Call::new(&sandbox, caller, &headers)?;
    call.once(&format!("PATCH {id}/accept"), &body, |_| {
        let phone = reading::phone(&body_of(&headers, &body)?)?;
        call.with(|ledger, now| {
            let agreement = ledger.get_mut(&id, now).ok_or_else(no_agreement)?;
            if !agreement.accept(None, now) {
                return Err(Refusal::problem(StatusCode::BAD_REQUEST, "The agreement is not pending.")
                    .of_kind("operation-failed"));
            }
            agreement.phone = Some(phone);
            Ok(nothing(StatusCode::NO_CONTENT))
        })
    })
}

async fn charges(
    State(sandbox): State<Arc<Sandbox>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Answered {
    let call = Call::new(&sandbox, caller, &headers)?;
    let status = charges::status(query.as_deref().unwrap_or_default())?;
    let token = text_of(&headers, CONTINUATION.as_str());
    let skip = token.map_or(Ok(0), |token| continued(&sandbox, token, &id))?;
    let agreement = call.with(|ledger, now| ledger.get(&id, now).ok_or_else(no_agreement))?;
    let wanted = |charge: &&Charge| status.is_none_or(|status| charge.state.word() == status);
    let all: Vec<&Charge> = agreement.charges.iter().filter(wanted).collect();
    let page = all.iter().skip(skip).take(CHARGES_AT_ONCE).map(|charge| answers::charge(charge, &agreement));
    let page = sandbox.faults.list_part().of(page.collect());
    let mut response = json_answer(&Value::Array(page));
    if all.len() > skip + CHARGES_AT_ONCE {
        let token = goes_on(&sandbox, id, skip + CHARGES_AT_ONCE);
        if let Ok(value) = HeaderValue::from_str(&token.to_string()) {
            response.headers_mut().insert(CONTINUATION, value);
        }
    }
    Ok(response)
}

fn continued(sandbox: &Sandbox, token: &str, id: &str) -> Result<usize, Refusal> {
    let known = Uuid::parse_str(token).ok().and_then(|token| {
        locked(&sandbox.recurring.continuations).get(&token).filter(|(of, _)| of == id).map(|(_, skip)| *skip)
    });
    known.ok_or_else(|| Refusal::invalid("Continuation-Token", "is not known or has expired"))
}

fn goes_on(sandbox: &Sandbox, id: String, skip: usize) -> Uuid {
    let token = Uuid::new_v4();
    let mut continuations = locked(&sandbox.recurring.continuations);
    if continuations.len() >= MOST_CONTINUATIONS {
        continuations.clear();
    }
    continuations.insert(token, (id, skip));
    token
}

async fn charge(
    State(sandbox): State<Arc<Sandbox>>,
    Extension(caller): Extension<Caller>,
    Path((id, charge)): Path<(String, String)>,
    headers: HeaderMap,
) -> Answered {
    let call = Call::new(&sandbox, caller, &headers)?;
    let agreement = call.with(|ledger, now| ledger.get(&id, now).ok_or_else(no_agreement))?;
    let charge = agreement.charges.iter().find(|known| known.id == charge).ok_or_else(no_charge)?;
    Ok(json_answer(&answers::charge(charge, &agreement)))
}

async fn charge_by_id(
    State(sandbox): State<Arc<Sandbox>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Answered {
    let call = Call::new(&sandbox, caller, &headers)?;
    let agreement = call.with(|ledger, now| ledger.of_charge(&id, now).ok_or_else(no_charge))?;
    let charge = agreement.charges.iter().find(|known| known.id == id).ok_or_else(no_charge)?;
    Ok(json_answer(&answers::charge(charge, &agreement)))
}

async fn create_charge(
    State(sandbox): State<Arc<Sandbox>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Carried {
    let call = Call::new(&sandbox, caller, &headers)?;
    call.once(&format!("POST {id}/charges"), &body, |key| {
        let body = body_of(&headers, &body)?;
        let charge_id = call.with(|ledger, now| {
            let order = charges::charge(&body, now)?;
            order.add_to(ledger, &id, key, now)
        })?;
        Ok(created(&json!({"chargeId": charge_id})))
    })
}

/// Each is taken or refused for itself.
async fn create_charges(
    State(sandbox): State<Arc<Sandbox>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Bytes,
) -> Carried {
    let call = Call::new(&sandbox, caller, &headers)?;
    call.once("POST agreements/charges", &body, |key| {
        let body = body_of(&headers, &body)?;
        let list = body.as_array().filter(|list| list.len() <= MOST_IN_A_BATCH);
        let list = list.ok_or_else(|| Refusal::invalid("body", "must be a list of at most 2000 charges"))?;
        let (mut valid, mut invalid) = (Vec::new(), Vec::new());
        for item in list {
            let taken = call.with(|ledger, now| {
                let (id, order) = charges::charge_of_batch(item, now)?;
                order.add_to(ledger, id, key, now)
            });
            match taken {
                Ok(id) => valid.push(id),
                Err(refusal) => invalid.push(json!({"chargeBatchItemDto": item, "errors": [refusal.detail()]})),
            }
        }
        let body = json!({"validCharges": valid, "invalidCharges": invalid}).to_string().into_bytes();
        Ok(Answer { status: StatusCode::ACCEPTED, content_type: "application/json", body })
    })
}

async fn cancel(
    State(sandbox): State<Arc<Sandbox>>,
    Extension(caller): Extension<Caller>,
    Path((id, charge)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Carried {
    let call = Call::new(&sandbox, caller, &headers)?;
    call.once(&format!("DELETE {id}/{charge}"), &body, |key| {
        let act = |charge: &mut Charge, now| {
            if !charge.can_be_cancelled() {
                return Err(refused("cancel-charge-failed", charge.state));
            }
            charge.cancel_with(key, now);
            Ok(())
        };
        call.with(|ledger, now| change_charge(ledger, &id, &charge, now, act))
    })
}

async fn capture(
    State(sandbox): State<Arc<Sandbox>>,
    Extension(caller): Extension<Caller>,
    Path((id, charge)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Carried {
    let call = Call::new(&sandbox, caller, &headers)?;
    call.once(&format!("POST {id}/{charge}/capture"), &body, |key| {
        let amount = charges::capture(&body_of(&headers, &body)?)?;
        let act = |charge: &mut Charge, now| {
            if !matches!(charge.state, ChargeState::Reserved | ChargeState::PartiallyCaptured) {
                return Err(refused("charge-capture-failed", charge.state));
            }
            if amount > charge.capturable() {
                return Err(Refusal::invalid("amount", "is more than is reserved").of_kind("charge-capture-failed"));
            }
            charge.capture(amount, key, now);
            Ok(())
        };
        call.with(|ledger, now| change_charge(ledger, &id, &charge, now, act))
    })
}

async fn refund(
    State(sandbox): State<Arc<Sandbox>>,
    Extension(caller): Extension<Caller>,
    Path((id, charge)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Carried {
    let call = Call::new(&sandbox, caller, &headers)?;
    call.once(&format!("POST {id}/{charge}/refund"), &body, |key| {
        let amount = charges::refund(&body_of(&headers, &body)?)?;
        let act = |charge: &mut Charge, now| {
            if charge.refundable() == 0 {
                return Err(refused("operation-failed", charge.state));
            }
            if amount > charge.refundable() {
                return Err(Refusal::invalid("amount", "is more than is captured").of_kind("operation-failed"));
            }
            charge.refund(amount, key, now);
            Ok(())
        };
        call.with(|ledger, now| change_charge(ledger, &id, &charge, now, act))
    })
}

fn change_charge(
    ledger: &mut Ledger,
    id: &str,
    charge: &str,
    now: OffsetDateTime,
    act: impl FnOnce(&mut Charge, OffsetDateTime) -> Result<(), Refusal>,
) -> Result<Answer, Refusal> {
    let agreement = ledger.get_mut(id, now).ok_or_else(no_agreement)?;
    let charge = agreement.charges.iter_mut().find(|known| known.id == charge).ok_or_else(no_charge)?;
    act(charge, now)?;
    Ok(nothing(StatusCode::NO_CONTENT))
}

fn refused(kind: &'static str, state: ChargeState) -> Refusal {
    Refusal::problem(StatusCode::CONFLICT, format!("The charge is {}.", state.word())).of_kind(kind)
}

impl Sandbox {
    pub(super) fn market(&self, msn: u32) -> crate::domain::identifiers::Market {
        let world = self.world();
        world.any_unit(msn).map_or(crate::domain::identifiers::Market::Norway, |unit| world.merchant_of(unit).market)
    }

    pub(super) fn takes_recurring(&self, msn: u32) -> bool {
        self.world().any_unit(msn).is_some_and(|unit| unit.configuration.recurring_allowed == Some(true))
    }
}
