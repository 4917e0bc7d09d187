//! What version 1 is asked, by its document of September 2018.

use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use serde_json::{Value, json};
use time::Date;

use crate::domain::agreement::draft::Draft;
use crate::domain::agreement::{Agreement, Interval, Pricing, StoppedBy, TimeUnit};
use crate::domain::charge::NewCharge;
use crate::domain::identifiers::Msn;
use crate::server::vipps::call::Call;
use crate::server::vipps::effect::Effect;
use crate::server::vipps::error::Error;
use crate::server::vipps::reading::ONE_THING;
use crate::server::vipps::transport::fill;

const DRAFT: &str = "/recurring/api/v1/draftAgreement";
const AGREEMENTS: &str = "/recurring/api/v1/agreement";
const AGREEMENT: &str = "/recurring/api/v1/agreement/{agreementId}";
const CHARGES: &str = "/recurring/api/v1/charge/{agreementId}";
const CHARGE: &str = "/recurring/api/v1/charge/{agreementId}/{chargeId}";
const REFUND: &str = "/recurring/api/v1/charge/{agreementId}/{chargeId}/refund";
const MERCHANT_ID: HeaderName = HeaderName::from_static("merchantid");
const IDEMPOTENT_KEY: HeaderName = HeaderName::from_static("idempotent-key");

/// The shortest list there is.
pub fn probe(merchant: &Msn) -> Result<Call<'static>, Error> {
    Ok(Call { refusal_tells: true, ..list(merchant, "pendingUserApproval")? })
}

pub fn list(merchant: &Msn, word: &str) -> Result<Call<'static>, Error> {
    of(merchant, Call::get(AGREEMENTS, format!("{AGREEMENTS}?status={word}")))
}

pub fn agreement(merchant: &Msn, id: &str) -> Result<Call<'static>, Error> {
    of(merchant, Call { max_body: ONE_THING, ..Call::get(AGREEMENT, fill(AGREEMENT, &[id])?) })
}

pub fn charges(merchant: &Msn, agreement: &str) -> Result<Call<'static>, Error> {
    of(merchant, Call::get(CHARGES, fill(CHARGES, &[agreement])?))
}

pub fn charge(merchant: &Msn, agreement: &str, id: &str) -> Result<Call<'static>, Error> {
    of(merchant, Call { max_body: ONE_THING, ..Call::get(CHARGE, fill(CHARGE, &[agreement, id])?) })
}

pub fn draft(merchant: &Msn, draft: &Draft, today: Date) -> Result<Call<'static>, Error> {
    let (Pricing::Fixed(price), Some(interval)) = (&draft.pricing, draft.interval) else {
        return Err(unsendable("the agreement needs a fixed price and an interval"));
    };
    let mut body = json!({
        "currency": price.currency.code(),
        "interval": interval.unit.upstream(),
        "intervalCount": interval.count,
        "isApp": false,
        "merchantRedirectUrl": draft.redirect_url,
        "price": price.minor,
        "productName": draft.product_name,
        "productDescription": draft.product_description.as_deref().unwrap_or_default(),
    });
    if let Some(number) = &draft.phone_number {
        body["customerPhoneNumber"] = json!(format!("+{}", number.full()));
    }
    if let Some(charge) = &draft.initial_charge {
        body["initialCharge"] = json!({
            "amount": charge.amount,
            "currency": price.currency.code(),
            "description": charge.description,
            "dueDate": today.to_string(),
            "type": "ONEOFF",
        });
    }
    of(merchant, in_utf8(changing(Method::POST, Effect::Adds, DRAFT, DRAFT.to_owned(), Some(&body))))
}

/// The whole agreement is sent, with another status.
pub fn stop(merchant: &Msn, agreement: &Agreement, by: StoppedBy) -> Result<Call<'static>, Error> {
    if by == StoppedBy::Vipps {
        return Err(unsendable("only Vipps MobilePay can say that it has stopped an agreement"));
    }
    let (Pricing::Fixed(price), Some(interval)) = (&agreement.pricing, agreement.interval) else {
        return Err(unsendable("the agreement has no price or no interval"));
    };
    let interval = without_years(interval);
    let body = json!({
        "currency": price.currency.code(),
        "interval": interval.unit.upstream().to_lowercase(),
        "intervalCount": interval.count,
        "price": price.minor,
        "productName": agreement.product_name,
        "productDescription": agreement.product_description.as_deref().unwrap_or_default(),
        "status": by.word_of_v1(),
    });
    let path = fill(AGREEMENT, &[&agreement.id])?;
    of(merchant, changing(Method::POST, Effect::RefusedTwice, AGREEMENT, path, Some(&body)))
}

/// Drafts may speak of years, agreements may not.
fn without_years(interval: Interval) -> Interval {
    match interval.unit {
        TimeUnit::Year => Interval { unit: TimeUnit::Month, count: interval.count.saturating_mul(12) },
        _ => interval,
    }
}

pub fn create_charge(merchant: &Msn, key: &str, agreement: &str, charge: &NewCharge) -> Result<Call<'static>, Error> {
    let due = charge.due.ok_or_else(|| unsendable("the charge has no day"))?;
    let body = json!({
        "amount": charge.amount,
        "currency": "NOK",
        "description": charge.description,
        "dueDate": due.to_string(),
        "retryDays": charge.retry_days,
        "type": "RECURRING",
    });
    let path = fill(CHARGES, &[agreement])?;
    let mut call = in_utf8(changing(Method::POST, Effect::Keyed, CHARGES, path, Some(&body)));
    let key = HeaderValue::from_str(key).map_err(|_| unsendable("the idempotency key fits no header"))?;
    call.headers.insert(IDEMPOTENT_KEY, key);
    of(merchant, call)
}

/// A charge that is cancelled already is answered as if it were just now.
pub fn cancel(merchant: &Msn, agreement: &str, id: &str) -> Result<Call<'static>, Error> {
    let path = fill(CHARGE, &[agreement, id])?;
    of(merchant, changing(Method::DELETE, Effect::Repeatable, CHARGE, path, None))
}

pub fn refund(merchant: &Msn, agreement: &str, id: &str) -> Result<Call<'static>, Error> {
    let path = fill(REFUND, &[agreement, id])?;
    of(merchant, changing(Method::POST, Effect::RefusedTwice, REFUND, path, None))
}

fn changing(
    method: Method,
    effect: Effect,
    template: &'static str,
    path: String,
    body: Option<&Value>,
) -> Call<'static> {
    let json = body.map(|body| body.to_string().into());
    Call { json, max_body: ONE_THING, ..Call::new(method, effect, template, path) }
}

/// What is new has to name its character set, what is changed must not.
fn in_utf8(mut call: Call<'static>) -> Call<'static> {
    call.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json;charset=UTF-8"));
    call
}

fn of(merchant: &Msn, mut call: Call<'static>) -> Result<Call<'static>, Error> {
    let value = HeaderValue::from_str(merchant.as_str());
    call.headers.insert(MERCHANT_ID, value.map_err(|_| unsendable("the merchant serial number fits no header"))?);
    Ok(call)
}

fn unsendable(reason: &str) -> Error {
    Error::Unsendable { reason: reason.to_owned() }
}
