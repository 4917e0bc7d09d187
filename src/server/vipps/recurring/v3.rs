//! What version 3 is asked.

use reqwest::Method;
use reqwest::header::HeaderValue;
use serde_json::{Value, json};

use super::code;
use crate::domain::agreement::draft::Draft;
use crate::domain::agreement::{AgreementState, Pricing};
use crate::domain::charge::NewCharge;
use crate::domain::identifiers::Msn;
use crate::domain::standing::State;
use crate::server::vipps::call::Call;
use crate::server::vipps::effect::Effect;
use crate::server::vipps::error::Error;
use crate::server::vipps::reading::ONE_THING;
use crate::server::vipps::transport::{CONTINUATION_TOKEN, fill};

const AGREEMENTS: &str = "/recurring/v3/agreements";
const AGREEMENT: &str = "/recurring/v3/agreements/{agreementId}";
const CHARGES: &str = "/recurring/v3/agreements/{agreementId}/charges";
const CHARGE: &str = "/recurring/v3/agreements/{agreementId}/charges/{chargeId}";
const CAPTURE: &str = "/recurring/v3/agreements/{agreementId}/charges/{chargeId}/capture";
const REFUND: &str = "/recurring/v3/agreements/{agreementId}/charges/{chargeId}/refund";

/// Upstream gives up to 2000 at once.
pub const PAGE_SIZE: usize = 1_000;

/// The smallest list there is.
pub fn probe() -> Call<'static> {
    let path = format!("{AGREEMENTS}?status=EXPIRED&pageNumber=1&pageSize=1");
    Call { max_body: ONE_THING, refusal_tells: true, ..Call::get(AGREEMENTS, path) }
}

pub fn list(msn: Option<&Msn>, state: AgreementState, page: usize) -> Call<'_> {
    let status = state.upstream();
    let path = format!("{AGREEMENTS}?status={status}&pageNumber={page}&pageSize={PAGE_SIZE}");
    Call { msn, ..Call::get(AGREEMENTS, path) }
}

pub fn agreement<'a>(msn: Option<&'a Msn>, id: &str) -> Result<Call<'a>, Error> {
    Ok(Call { msn, max_body: ONE_THING, ..Call::get(AGREEMENT, fill(AGREEMENT, &[id])?) })
}

pub fn charges<'a>(msn: Option<&'a Msn>, agreement: &str, token: Option<&str>) -> Result<Call<'a>, Error> {
    let mut call = Call { msn, ..Call::get(CHARGES, fill(CHARGES, &[agreement])?) };
    if let Some(token) = token {
        let value = HeaderValue::from_str(token);
        let value = value.map_err(|_| Error::not_understood("the continuation token fits no header"))?;
        call.headers.insert(CONTINUATION_TOKEN, value);
    }
    Ok(call)
}

pub fn charge<'a>(msn: Option<&'a Msn>, agreement: &str, id: &str) -> Result<Call<'a>, Error> {
    Ok(Call { msn, max_body: ONE_THING, ..Call::get(CHARGE, fill(CHARGE, &[agreement, id])?) })
}

pub fn draft<'a>(msn: Option<&'a Msn>, key: &'a str, draft: &Draft) -> Call<'a> {
    let mut body = json!({
        "productName": draft.product_name,
        "pricing": pricing(&draft.pricing),
        "merchantRedirectUrl": draft.redirect_url,
    });
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            body[name] = value;
        }
    };
    set("productDescription", draft.product_description.as_ref().map(|text| json!(text)));
    set("merchantAgreementUrl", draft.merchant_url.as_ref().map(|url| json!(url)));
    set("phoneNumber", draft.phone_number.as_ref().map(|number| json!(number.full())));
    set("externalId", draft.external_id.as_ref().map(|id| json!(id)));
    set("interval", draft.interval.map(|interval| json!({"unit": interval.unit.upstream(), "count": interval.count})));
    let initial = draft.initial_charge.as_ref().map(|charge| {
        let kind = charge.transaction_type.upstream();
        json!({"amount": charge.amount, "description": charge.description, "transactionType": kind})
    });
    set("initialCharge", initial);
    changing(Method::POST, AGREEMENTS, AGREEMENTS.to_owned(), msn, key, Some(&body))
}

fn pricing(pricing: &Pricing) -> Value {
    let currency = code(pricing.currency());
    match pricing {
        Pricing::Fixed(price) => json!({"type": "LEGACY", "currency": currency, "amount": price.minor}),
        Pricing::Variable { suggested_max, .. } => {
            json!({"type": "VARIABLE", "currency": currency, "suggestedMaxAmount": suggested_max.minor})
        }
        // A draft with another kind has a fault.
        Pricing::Flexible(_) | Pricing::Other { .. } => json!({"type": "FLEXIBLE", "currency": currency}),
    }
}

pub fn stop<'a>(msn: Option<&'a Msn>, key: &'a str, id: &str) -> Result<Call<'a>, Error> {
    let body = json!({"status": "STOPPED"});
    Ok(changing(Method::PATCH, AGREEMENT, fill(AGREEMENT, &[id])?, msn, key, Some(&body)))
}

pub fn create_charge<'a>(
    msn: Option<&'a Msn>,
    key: &'a str,
    agreement: &str,
    charge: &NewCharge,
) -> Result<Call<'a>, Error> {
    let mut body = json!({
        "amount": charge.amount,
        "description": charge.description,
        "transactionType": charge.transaction_type.upstream(),
    });
    match charge.due {
        Some(due) => {
            body["type"] = json!("RECURRING");
            body["due"] = json!(due.to_string());
            body["retryDays"] = json!(charge.retry_days);
        }
        None => body["type"] = json!("UNSCHEDULED"),
    }
    if let Some(id) = &charge.external_id {
        body["externalId"] = json!(id);
    }
    Ok(changing(Method::POST, CHARGES, fill(CHARGES, &[agreement])?, msn, key, Some(&body)))
}

pub fn cancel<'a>(msn: Option<&'a Msn>, key: &'a str, agreement: &str, id: &str) -> Result<Call<'a>, Error> {
    Ok(changing(Method::DELETE, CHARGE, fill(CHARGE, &[agreement, id])?, msn, key, None))
}

pub fn capture<'a>(
    msn: Option<&'a Msn>,
    key: &'a str,
    agreement: &str,
    id: &str,
    amount: i64,
) -> Result<Call<'a>, Error> {
    let body = json!({"amount": amount});
    Ok(changing(Method::POST, CAPTURE, fill(CAPTURE, &[agreement, id])?, msn, key, Some(&body)))
}

pub fn refund<'a>(
    msn: Option<&'a Msn>,
    key: &'a str,
    agreement: &str,
    id: &str,
    amount: i64,
    why: &str,
) -> Result<Call<'a>, Error> {
    if !(1..=100).contains(&why.chars().count()) {
        return Err(Error::Unsendable { reason: "a refund needs a reason of 1 to 100 characters".into() });
    }
    let body = json!({"amount": amount, "description": why});
    Ok(changing(Method::POST, REFUND, fill(REFUND, &[agreement, id])?, msn, key, Some(&body)))
}

fn changing<'a>(
    method: Method,
    template: &'static str,
    path: String,
    msn: Option<&'a Msn>,
    key: &'a str,
    body: Option<&Value>,
) -> Call<'a> {
    let json = body.map(|body| body.to_string().into());
    let call = Call::new(method, Effect::KeyedByState, template, path);
    Call { msn, idempotency_key: Some(key), json, max_body: ONE_THING, ..call }
}
