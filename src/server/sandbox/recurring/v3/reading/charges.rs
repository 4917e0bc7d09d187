//! What version 3 is asked for about charges.

use axum::http::StatusCode;
use serde_json::Value;
use time::macros::format_description;
use time::{Date, Duration, OffsetDateTime};

use super::super::super::agreements::State;
use super::super::super::charges::{Charge, ChargeState, Kind};
use super::super::super::ledger::Ledger;
use super::super::super::seeding::transaction;
use super::super::no_agreement;
use super::{AMOUNTS, description, external_id, order_id, transaction_type, word_of};
use crate::server::sandbox::problem::Refusal;
use crate::server::sandbox::strict::{Faults, Object};

pub fn status(query: &str) -> Result<Option<&'static str>, Refusal> {
    let Some((_, word)) = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "status") else {
        return Ok(None);
    };
    let known = word_of(&ChargeState::WORDS, &word);
    known.map(Some).ok_or_else(|| Refusal::invalid("status", "must be a status of charges"))
}

pub fn capture(body: &Value) -> Result<i64, Refusal> {
    amount(body, &["amount*", "description"])
}

pub fn refund(body: &Value) -> Result<i64, Refusal> {
    amount(body, &["amount*", "description*"])
}

fn amount(body: &Value, fields: &[&str]) -> Result<i64, Refusal> {
    let faults = Faults::default();
    let amount = Object::read(body, "", fields, &faults).and_then(|fields| {
        description(&fields);
        fields.integer("amount", AMOUNTS)
    });
    faults.verdict()?;
    amount.ok_or_else(|| Refusal::invalid("amount", "is required"))
}

/// A charge that is asked for.
pub struct NewCharge {
    kind: Kind,
    reserves: bool,
    amount: i64,
    description: String,
    due: Option<Date>,
    retry_days: i64,
    order_id: Option<String>,
    external_id: Option<String>,
}

pub fn charge(body: &Value, now: OffsetDateTime) -> Result<NewCharge, Refusal> {
    const FIELDS: [&str; 9] = [
        "amount*",
        "description*",
        "transactionType*",
        "type",
        "due",
        "retryDays",
        "processingMode",
        "orderId",
        "externalId",
    ];
    let faults = Faults::default();
    let charge = Object::read(body, "", &FIELDS, &faults).and_then(|fields| new_charge(&fields));
    faults.verdict()?;
    let charge = charge.ok_or_else(|| Refusal::invalid("body", "is not a charge"))?;
    charge.check_due(now)?;
    Ok(charge)
}

/// With the id of its agreement.
pub fn charge_of_batch(body: &Value, now: OffsetDateTime) -> Result<(&str, NewCharge), Refusal> {
    const FIELDS: [&str; 9] = [
        "agreementId*",
        "amount*",
        "description*",
        "due*",
        "retryDays*",
        "transactionType*",
        "orderId*",
        "processingMode",
        "externalId",
    ];
    let faults = Faults::default();
    let read = Object::read(body, "", &FIELDS, &faults).and_then(|fields| {
        Some((fields.text("agreementId", "must not be empty", |id| !id.is_empty())?, new_charge(&fields)?))
    });
    faults.verdict()?;
    let (id, charge) = read.ok_or_else(|| Refusal::invalid("body", "is not a charge"))?;
    charge.check_due(now)?;
    Ok((id, charge))
}

fn new_charge(fields: &Object) -> Option<NewCharge> {
    let kind = match fields.choice("type", &["RECURRING", "UNSCHEDULED"]) {
        Some("UNSCHEDULED") => Kind::Unscheduled,
        _ => Kind::Recurring,
    };
    let (amount, description) = (fields.integer("amount", AMOUNTS), description(fields));
    let due = fields.text("due", "must be a day as YYYY-MM-DD", |text| day(text).is_some()).and_then(day);
    let retry_days = fields.integer("retryDays", 0..=14);
    let mode = fields.choice("processingMode", &["MULTIPLE_ATTEMPTS", "SINGLE_ATTEMPT"]);
    if kind == Kind::Recurring {
        for name in ["due", "retryDays"].into_iter().filter(|name| fields.value(name).is_none()) {
            fields.fault(name, "is required for RECURRING");
        }
        if mode == Some("SINGLE_ATTEMPT") && retry_days.is_some_and(|days| days > 0) {
            fields.fault("retryDays", "must be 0 with SINGLE_ATTEMPT");
        }
    } else {
        for name in ["due", "processingMode"].into_iter().filter(|name| fields.value(name).is_some()) {
            fields.fault(name, "does not go with UNSCHEDULED");
        }
    }
    let reserves = transaction_type(fields);
    let (order_id, external_id) = (order_id(fields), external_id(fields));
    Some(NewCharge {
        kind,
        reserves: reserves?,
        amount: amount?,
        description: description?,
        due,
        retry_days: retry_days.unwrap_or_default(),
        order_id,
        external_id,
    })
}

impl NewCharge {
    fn check_due(&self, now: OffsetDateTime) -> Result<(), Refusal> {
        let Some(due) = self.due else { return Ok(()) };
        if due < now.date() + Duration::days(2) {
            return Err(Refusal::invalid("due", "must be at least two days ahead").of_kind("charge-due-too-soon"));
        }
        if due > now.date() + Duration::days(731) {
            return Err(Refusal::invalid("due", "must be at most two years ahead").of_kind("charge-due-in-too-long"));
        }
        Ok(())
    }

    /// The id of the charge, which is there then.
    pub fn add_to(self, ledger: &mut Ledger, id: &str, key: &str, now: OffsetDateTime) -> Result<String, Refusal> {
        let agreement = ledger.get(id, now).ok_or_else(no_agreement)?;
        let failed =
            |reason: String| Refusal::problem(StatusCode::BAD_REQUEST, reason).of_kind("charge-creation-failed");
        if agreement.state != State::Active {
            return Err(failed(format!("The agreement is {}.", agreement.state.word())));
        }
        let due = self.due.unwrap_or(now.date());
        if let Some(limit) = agreement.limit() {
            if self.amount > limit {
                let rule = format!("must be at most {limit}, five times the price");
                return Err(Refusal::invalid("amount", &rule).of_kind("charge-amount-too-high"));
            }
            if self.amount + agreement.charged_around(due) > limit {
                let rule = format!("brings this interval's charges over {limit}, five times the price");
                return Err(Refusal::invalid("amount", &rule).of_kind("charge-amount-too-high-for-interval"));
            }
        }
        if self.order_id.as_ref().is_some_and(|id| ledger.is_taken(id)) {
            return Err(Refusal::problem(StatusCode::CONFLICT, "The orderId is used already.").of_kind("conflict"));
        }
        let number = agreement.charges.len() as u64;
        let charge_id = self.order_id.unwrap_or_else(|| ledger.charge_id(&agreement));
        let transaction = transaction(ledger.salt(), agreement.index, number);
        let mut charge = Charge {
            kind: self.kind,
            reserves: self.reserves,
            retry_days: self.retry_days,
            external_id: self.external_id,
            ..Charge::pending(charge_id.clone(), transaction, self.amount, self.description, due)
        };
        charge.note("CREATE", charge.amount, key, now);
        if charge.kind == Kind::Unscheduled {
            charge.process(agreement.chosen_maximum(), now);
        }
        ledger.add_charge(id, charge, now);
        Ok(charge_id)
    }
}

fn day(text: &str) -> Option<Date> {
    Date::parse(text, format_description!("[year]-[month]-[day]")).ok()
}
