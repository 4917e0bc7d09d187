//! Agreements and charges as version 3 tells them.

use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::super::agreements::{Agreement, Campaign, CampaignKind, Pricing, State};
use super::super::charges::Charge;
use super::confirmation_url;
use crate::domain::identifiers::Market;

/// `address` is where the caller finds the sandbox.
pub fn agreement(agreement: &Agreement, market: Market, address: &str, msn: u32) -> Value {
    let interval = match agreement.interval {
        Some(interval) => json!({"unit": interval.unit, "count": interval.count, "text": interval.text()}),
        None => json!({"text": "at any time"}),
    };
    let mut body = json!({
        "id": agreement.id,
        "uuid": agreement.uuid,
        "status": agreement.state.word(),
        "productName": agreement.product_name,
        "pricing": pricing(agreement),
        "interval": interval,
        "countryCode": market.code(),
        "created": moment(agreement.created),
        "start": agreement.start.map(moment),
        "stop": agreement.stop.map(moment),
        "merchantAgreementUrl": agreement.merchant_url.as_deref().unwrap_or_default(),
        "merchantRedirectUrl": agreement.redirect_url,
        "sub": null,
        "userinfoUrl": null,
    });
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            body[name] = value;
        }
    };
    set("productDescription", agreement.product_description.as_ref().map(|text| json!(text)));
    set("externalId", agreement.external_id.as_ref().map(|id| json!(id)));
    set("campaign", agreement.campaign.as_ref().map(campaign));
    let waits = agreement.state == State::Pending;
    set("vippsConfirmationUrl", waits.then(|| json!(confirmation_url(address, msn, &agreement.id))));
    body
}

fn pricing(agreement: &Agreement) -> Value {
    let currency = agreement.currency;
    match &agreement.pricing {
        Pricing::Legacy { amount } => json!({"type": "LEGACY", "currency": currency, "amount": amount}),
        Pricing::Variable { suggested, chosen: None } => {
            json!({"type": "VARIABLE", "currency": currency, "suggestedMaxAmount": suggested})
        }
        Pricing::Variable { suggested, chosen: Some(chosen) } => {
            json!({"type": "VARIABLE", "currency": currency, "suggestedMaxAmount": suggested, "maxAmount": chosen})
        }
        Pricing::Flexible => json!({"type": "FLEXIBLE", "currency": currency}),
    }
}

fn campaign(campaign: &Campaign) -> Value {
    let price = campaign.price;
    match &campaign.kind {
        CampaignKind::Price { end } => json!({"type": "PRICE_CAMPAIGN", "price": price, "end": moment(*end)}),
        CampaignKind::Period { period, end } => json!({
            "type": "PERIOD_CAMPAIGN",
            "price": price,
            "end": moment(*end),
            "period": {"unit": period.unit, "count": period.count},
        }),
        CampaignKind::Event { date, text } => {
            json!({"type": "EVENT_CAMPAIGN", "price": price, "eventDate": moment(*date), "eventText": text})
        }
    }
}

pub fn charge(charge: &Charge, agreement: &Agreement) -> Value {
    let history = charge.events.iter().map(|event| {
        json!({
            "occurred": moment(event.at),
            "event": event.word,
            "amount": event.amount,
            "idempotencyKey": event.key,
            "success": true,
        })
    });
    // There is a payment once it was tried.
    let tried = charge.events.iter().any(|event| event.word != "CREATE");
    let mut body = Map::new();
    let mut set = |name: &str, value: Value| {
        body.insert(name.to_owned(), value);
    };
    set("id", json!(charge.id));
    set("agreementId", json!(agreement.id));
    set("status", json!(charge.state.word()));
    set("type", json!(charge.kind.word()));
    set("transactionType", json!(if charge.reserves { "RESERVE_CAPTURE" } else { "DIRECT_CAPTURE" }));
    set("amount", json!(charge.amount));
    set("currency", json!(agreement.currency));
    set("description", json!(charge.description));
    set("due", json!(format!("{}T00:00:00Z", charge.due)));
    set("retryDays", json!(charge.retry_days));
    set("processingMode", json!(if charge.retry_days > 0 { "MULTIPLE_ATTEMPTS" } else { "SINGLE_ATTEMPT" }));
    set("externalId", json!(charge.external_id));
    if let Some(id) = &agreement.external_id {
        set("externalAgreementId", json!(id));
    }
    set("transactionId", if tried { json!(charge.transaction.to_string()) } else { Value::Null });
    set("failureReason", json!(charge.reason.map(|reason| reason.word())));
    if let Some(reason) = charge.reason {
        set("failureDescription", json!(reason.sentence()));
    }
    let (captured, refunded, cancelled) = (charge.captured, charge.refunded, charge.cancelled);
    set("summary", json!({"captured": captured, "refunded": refunded, "cancelled": cancelled}));
    set("history", history.collect());
    Value::Object(body)
}

fn moment(time: OffsetDateTime) -> String {
    time.replace_nanosecond(0).unwrap_or(time).format(&Rfc3339).unwrap_or_default()
}
