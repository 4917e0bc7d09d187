//! What both versions answer: agreements and charges, flat or nested, of today or of years ago.

use serde_json::Value;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, OffsetDateTime, PrimitiveDateTime};

use super::Drafted;
use crate::domain::agreement::{
    Agreement, AgreementState, Campaign, CampaignKind, Interval, Pricing, StoppedBy, TimeUnit,
};
use crate::domain::charge::{Charge, ChargeEvent, ChargeKind, FailureReason, Sums, TransactionType};
use crate::domain::identifiers::Msn;
use crate::domain::money::{Currency, Money};
use crate::domain::phone_number::PhoneNumber;
use crate::domain::standing::Told;
use crate::server::vipps::Answer;
use crate::server::vipps::error::Error;
use crate::server::vipps::reading::{Fields, link, parse, read_list, text_of};

/// Reads a list of agreements of a sales unit. Entries without an id are left out.
///
/// # Errors
/// [`Error::NotUnderstood`].
pub fn read_agreements(body: &[u8], msn: Option<&Msn>) -> Result<Vec<Answer<Agreement>>, Error> {
    let read = |entry: &Value| agreement(&Fields::of(entry, "agreement")?, msn);
    read_list("agreements", body, &["agreements"], read, |agreement| agreement.id.clone())
}

/// Reads a list of charges of an agreement. Entries without an id are left out.
///
/// # Errors
/// [`Error::NotUnderstood`].
pub fn read_charges(body: &[u8], agreement_id: &str) -> Result<Vec<Answer<Charge>>, Error> {
    let read = |entry: &Value| charge(entry, agreement_id);
    read_list("charges", body, &["charges"], read, |charge| charge.id.clone())
}

/// # Errors
/// [`Error::NotUnderstood`] if it is none, or another one than was asked for.
pub(super) fn read_agreement(body: &[u8], msn: Option<&Msn>, id: &str) -> Result<Answer<Agreement>, Error> {
    let answer = parse(body)?;
    let read = Fields::of(&answer, "agreement").and_then(|fields| agreement(&fields, msn));
    let value = read.ok_or_else(|| Error::not_understood("an agreement has no id"))?;
    if value.id != id {
        return Err(Error::not_understood("the answer is about another agreement"));
    }
    Ok(Answer { value, raw: text_of(body)? })
}

/// # Errors
/// [`Error::NotUnderstood`] if it is none, or another one than was asked for.
pub(super) fn read_charge(body: &[u8], agreement_id: &str, id: &str) -> Result<Answer<Charge>, Error> {
    let read = charge(&parse(body)?, agreement_id);
    let value = read.ok_or_else(|| Error::not_understood("a charge has no id"))?;
    if value.id != id {
        return Err(Error::not_understood("the answer is about another charge"));
    }
    Ok(Answer { value, raw: text_of(body)? })
}

/// # Errors
/// [`Error::NotUnderstood`] if it has no id or no link.
pub(super) fn read_drafted(body: &[u8]) -> Result<Drafted, Error> {
    let answer = parse(body)?;
    let fields = Fields::of(&answer, "agreement").ok_or_else(|| Error::not_understood("a draft is no object"))?;
    let resource = || {
        let resource = fields.text("agreementresource")?;
        resource.trim_end_matches('/').rsplit('/').next().map(str::to_owned)
    };
    let id = fields.first_text(&["agreementid", "id"]).or_else(resource).filter(|id| !id.is_empty());
    let url = fields.first_text(&["vippsconfirmationurl", "redirecttovipps"]).and_then(|url| link(&url));
    Ok(Drafted {
        agreement_id: id.ok_or_else(|| Error::not_understood("the draft has no id"))?,
        url: url.ok_or_else(|| Error::not_understood("the draft has no usable link"))?,
        charge_id: fields.text("chargeid"),
    })
}

/// None for an answer without: the first version's second answer is empty, and its first one may lack the id.
pub(super) fn read_charge_id(body: &[u8]) -> Option<String> {
    let answer = parse(body).ok()?;
    Fields::of(&answer, "charge")?.first_text(&["chargeid", "id"])
}

fn agreement(fields: &Fields, msn: Option<&Msn>) -> Option<Agreement> {
    let status = fields.text("status");
    let phone = fields.first_text(&["phonenumber", "customerphonenumber"]);
    let moment_of = |names: &[&str]| fields.first_text(names).and_then(|text| moment(&text));
    let state = Told::<AgreementState>::from_upstream(status.as_deref());
    let currency = currency(fields).unwrap_or(Currency::Nok);
    Some(Agreement {
        id: fields.first_text(&["id", "agreementid"])?,
        msn: msn.cloned(),
        stopped_by: status.as_deref().filter(|_| state.known().is_some()).and_then(StoppedBy::from_upstream),
        state,
        product_name: fields.text("productname").unwrap_or_default(),
        product_description: fields.text("productdescription"),
        pricing: pricing(fields),
        interval: interval(fields),
        campaign: fields.object("campaign").and_then(|campaign| read_campaign(&campaign, currency)),
        created: moment_of(&["created"]),
        start: moment_of(&["start", "startdate"]),
        stop: moment_of(&["stop", "stopdate"]),
        phone_number: phone.and_then(|text| PhoneNumber::parse(&text)),
        external_id: fields.text("externalid"),
        confirmation_url: fields.first_text(&["vippsconfirmationurl", "redirecttovipps"]).and_then(|url| link(&url)),
        merchant_url: fields.text("merchantagreementurl").and_then(|url| link(&url)),
    })
}

fn currency(fields: &Fields) -> Option<Currency> {
    let nested = fields.object("pricing").and_then(|pricing| pricing.text("currency"));
    nested.or_else(|| fields.text("currency")).map(|code| Currency::from_upstream(&code))
}

fn pricing(fields: &Fields) -> Pricing {
    let currency = currency(fields).unwrap_or(Currency::Nok);
    let money = |minor: i64| Money::new(minor, currency.clone());
    let Some(nested) = fields.object("pricing") else {
        let price = integer(fields, "price").unwrap_or_default();
        return match integer(fields, "maxcharge") {
            Some(max) => Pricing::Variable { suggested_max: money(price), max: Some(money(max)) },
            None => Pricing::Fixed(money(price)),
        };
    };
    let amount = integer(&nested, "amount").map(money);
    match (nested.text("type").as_deref(), amount) {
        (Some("LEGACY") | None, Some(amount)) => Pricing::Fixed(amount),
        (Some("VARIABLE"), _) => Pricing::Variable {
            suggested_max: money(integer(&nested, "suggestedmaxamount").unwrap_or_default()),
            max: integer(&nested, "maxamount").map(money),
        },
        (Some("FLEXIBLE"), _) => Pricing::Flexible(currency),
        (kind, amount) => Pricing::Other { kind: kind.unwrap_or("unknown").to_owned(), amount },
    }
}

fn interval(fields: &Fields) -> Option<Interval> {
    if let Some(nested) = fields.object("interval") {
        return period(&nested);
    }
    let unit = TimeUnit::from_upstream(&fields.text("interval")?)?;
    Some(Interval { unit, count: count(fields, "intervalcount") })
}

fn period(fields: &Fields) -> Option<Interval> {
    Some(Interval { unit: TimeUnit::from_upstream(&fields.text("unit")?)?, count: count(fields, "count") })
}

fn count(fields: &Fields, name: &str) -> u32 {
    integer(fields, name).and_then(|count| u32::try_from(count).ok()).unwrap_or(1).max(1)
}

fn read_campaign(fields: &Fields, currency: Currency) -> Option<Campaign> {
    let price = integer(fields, "price").or_else(|| integer(fields, "campaignprice"))?;
    Some(Campaign {
        kind: CampaignKind::from_upstream(&fields.text("type").unwrap_or_default()),
        price: Money::new(price, currency),
        until: fields.first_text(&["end", "eventdate"]).and_then(|text| moment(&text)),
        period: fields.object("period").and_then(|period_of| period(&period_of)),
        event: fields.text("eventtext"),
    })
}

fn charge(entry: &Value, agreement_id: &str) -> Option<Charge> {
    let fields = Fields::of(entry, "charge")?;
    let amount = integer(&fields, "amount").unwrap_or_default();
    let sums = fields.object("summary").map(|sums| Sums {
        captured: integer(&sums, "captured").unwrap_or_default(),
        refunded: integer(&sums, "refunded").unwrap_or_default(),
        cancelled: integer(&sums, "cancelled").unwrap_or_default(),
    });
    // The versions between told this one only.
    let refunded = integer(&fields, "amountrefunded").filter(|refunded| *refunded > 0);
    let sums = sums.or(refunded.map(|refunded| Sums { captured: amount, refunded, cancelled: 0 }));
    let inner = entry.get("charge").unwrap_or(entry);
    let history = inner.get("history").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    Some(Charge {
        id: fields.first_text(&["id", "chargeid"])?,
        agreement_id: fields.text("agreementid").or_else(|| Some(agreement_id.to_owned())),
        state: Told::from_upstream(fields.text("status").as_deref()),
        amount,
        currency: fields.text("currency").map(|code| Currency::from_upstream(&code)),
        description: fields.text("description").unwrap_or_default(),
        due: fields.first_text(&["due", "duedate"]).and_then(|text| day(&text)),
        kind: ChargeKind::from_upstream(fields.text("type").as_deref()),
        transaction_type: fields.text("transactiontype").and_then(|word| TransactionType::from_upstream(&word)),
        sums,
        retry_days: integer(&fields, "retrydays").and_then(|days| u32::try_from(days).ok()),
        failure_reason: fields.text("failurereason").and_then(|word| FailureReason::from_upstream(&word)),
        failure_description: fields.text("failuredescription"),
        transaction_id: fields.text("transactionid"),
        external_id: fields.text("externalid"),
        history: history.iter().filter_map(event).collect(),
    })
}

fn event(entry: &Value) -> Option<ChargeEvent> {
    let fields = Fields::of(entry, "event")?;
    Some(ChargeEvent {
        at: moment(&fields.text("occurred")?)?,
        what: fields.text("event")?,
        amount: integer(&fields, "amount").unwrap_or_default(),
        success: fields.flag("success").unwrap_or(true),
    })
}

fn integer(fields: &Fields, name: &str) -> Option<i64> {
    fields.text(name)?.parse().ok()
}

/// With or without a zone or a time; without, it is UTC and midnight.
fn moment(text: &str) -> Option<OffsetDateTime> {
    let zoned = || OffsetDateTime::parse(text, &Rfc3339).ok();
    let plain = || {
        let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]");
        PrimitiveDateTime::parse(text.get(..19)?, format).ok().map(PrimitiveDateTime::assume_utc)
    };
    zoned().or_else(plain).or_else(|| day(text).map(|day| day.midnight().assume_utc()))
}

fn day(text: &str) -> Option<Date> {
    Date::parse(text.get(..10)?, format_description!("[year]-[month]-[day]")).ok()
}
