//! The requests of version 1, read strictly.

use axum::http::StatusCode;
use serde_json::Value;
use time::macros::format_description;
use time::{Date, Duration, OffsetDateTime};
use uuid::Uuid;

use super::super::agreements::{Agreement, By, Period, Pricing, State};
use super::super::charges::{Charge, Kind};
use super::super::ids;
use super::super::seeding::transaction;
use crate::server::sandbox::problem::Refusal;
use crate::server::sandbox::strict::{Faults, Object};

pub const STATUSES: [&str; 5] =
    ["pendingUserApproval", "active", "stoppedByUser", "stoppedByMerchant", "stoppedByVipps"];
pub const CHARGE_STATUSES: [&str; 6] = ["PENDING", "DUE", "REFUNDED", "CHARGED", "FAILED", "CANCELLED"];
const UNITS: [(&str, &str); 4] = [("DAY", "day"), ("WEEK", "week"), ("MONTH", "month"), ("YEAR", "year")];
const AMOUNTS: std::ops::RangeInclusive<i64> = 1..=i32::MAX as i64;
/// What is taken where nothing is said.
const RETRY_DAYS: i64 = 5;
const MOST_CHARGES: usize = 12;

/// The unit as answers write it.
pub fn lower(unit: &str) -> &'static str {
    UNITS.iter().find(|(upper, _)| *upper == unit).map_or("month", |(_, lower)| *lower)
}

/// One of `words` from a query, or nothing.
pub fn choice(query: &str, name: &str, words: &[&'static str]) -> Result<Option<&'static str>, Refusal> {
    let Some((_, word)) = form_urlencoded::parse(query.as_bytes()).find(|(known, _)| known == name) else {
        return Ok(None);
    };
    let known = words.iter().copied().find(|known| *known == word);
    known.map(Some).ok_or_else(|| Refusal::invalid(name, &format!("must be one of {}", words.join(", "))))
}

pub struct Draft {
    price: i64,
    interval: Period,
    product_name: String,
    product_description: String,
    redirect_url: String,
    phone: Option<String>,
    charges: Vec<NewCharge>,
}

pub fn draft(body: &Value) -> Result<Draft, Refusal> {
    const FIELDS: [&str; 11] = [
        "charges",
        "currency*",
        "customerPhoneNumber",
        "initialCharge",
        "interval*",
        "intervalCount*",
        "isApp*",
        "merchantRedirectUrl*",
        "price*",
        "productDescription*",
        "productName*",
    ];
    let faults = Faults::default();
    let draft = Object::read(body, "", &FIELDS, &faults).and_then(|fields| {
        fields.choice("currency", &["NOK"]);
        let is_app = fields.flag("isApp").unwrap_or_default();
        let interval = interval(&fields, &UNITS.map(|(upper, _)| upper));
        let price = fields.integer("price", AMOUNTS);
        let redirect = |text: &str| is_app || super::super::v3::is_url(text, &["https", "http"]);
        let redirect_url = fields.text("merchantRedirectUrl", "must be a URL", redirect);
        let phone = fields.text("customerPhoneNumber", "must be a phone number", is_phone);
        let mut charges = Vec::new();
        if let Some(initial) = fields.value("initialCharge") {
            charges.extend(new_charge(initial, "initialCharge", &faults));
            if charges.iter().any(|charge: &NewCharge| !charge.one_off) {
                fields.fault("initialCharge.type", "must be ONEOFF");
            }
        }
        match fields.value("charges").map(Value::as_array) {
            None => {}
            Some(Some(list)) if list.len() <= MOST_CHARGES => {
                charges.extend(list.iter().filter_map(|charge| new_charge(charge, "charges", &faults)));
            }
            Some(_) => fields.fault("charges", "must be a list of at most 12 charges"),
        }
        let (name, description) = product(&fields);
        Some(Draft {
            price: price?,
            interval: interval?,
            product_name: name?,
            product_description: description?,
            redirect_url: redirect_url?.to_owned(),
            phone: phone.map(|phone| phone.trim_start_matches('+').to_owned()),
            charges,
        })
    });
    faults.verdict()?;
    draft.ok_or_else(|| Refusal::invalid("body", "is not an agreement"))
}

fn product(fields: &Object) -> (Option<String>, Option<String>) {
    let text = |name: &str, most: usize, rule: &str| {
        fields.text(name, rule, |text| (1..=most).contains(&text.chars().count())).map(str::to_owned)
    };
    let name = text("productName", 45, "must have 1 to 45 characters");
    (name, text("productDescription", 100, "must have 1 to 100 characters"))
}

fn interval(fields: &Object, words: &[&'static str]) -> Option<Period> {
    let (word, count) = (fields.choice("interval", words), fields.integer("intervalCount", 1..=31));
    let unit = UNITS.iter().find(|(upper, lower)| [*upper, *lower].contains(&word.unwrap_or_default()))?.0;
    let count = count?;
    if (unit == "YEAR" && count > 1) || (unit == "MONTH" && count > 12) {
        fields.fault("intervalCount", "must be small enough for a charge at least once a year");
    }
    Some(Period { unit, count })
}

fn is_phone(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or(text);
    (8..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
}

impl Draft {
    pub fn into_agreement(self, salt: u64, index: u32, now: OffsetDateTime) -> Agreement {
        let charges = self.charges.into_iter().enumerate().map(|(number, charge)| {
            let mut charge = charge.into_charge(salt, index, number as u64);
            charge.note("CREATE", charge.amount, "draft", now);
            charge
        });
        Agreement {
            index,
            id: ids::agreement(salt, index),
            uuid: Uuid::new_v4(),
            product_name: self.product_name,
            product_description: Some(self.product_description),
            pricing: Pricing::Legacy { amount: self.price },
            currency: "NOK",
            interval: Some(self.interval),
            campaign: None,
            phone: self.phone,
            customer: 10_000 + i64::from(index),
            external_id: None,
            redirect_url: self.redirect_url,
            merchant_url: None,
            created: now,
            start: None,
            stop: None,
            state: State::Pending,
            charges: charges.collect(),
        }
    }
}

/// What an agreement is to be.
pub struct Change {
    status: &'static str,
    price: i64,
    interval: Period,
    product_name: String,
    product_description: String,
}

pub fn change(body: &Value) -> Result<Change, Refusal> {
    const FIELDS: [&str; 7] =
        ["currency", "interval*", "intervalCount*", "price*", "productDescription*", "productName*", "status*"];
    const READ_ONLY: [&str; 5] = ["customer", "id", "maxCharge", "startDate", "stopDate"];
    let faults = Faults::default();
    let known: Vec<&str> = FIELDS.iter().chain(&READ_ONLY).copied().collect();
    let change = Object::read(body, "", &known, &faults).and_then(|fields| {
        for name in READ_ONLY.iter().filter(|name| fields.value(name).is_some()) {
            fields.fault(name, "is read only");
        }
        fields.choice("currency", &["NOK"]);
        let (status, price) = (fields.choice("status", &STATUSES), fields.integer("price", AMOUNTS));
        let interval = interval(&fields, &["day", "week", "month"]);
        let (name, description) = product(&fields);
        Some(Change {
            status: status?,
            price: price?,
            interval: interval?,
            product_name: name?,
            product_description: description?,
        })
    });
    faults.verdict()?;
    change.ok_or_else(|| Refusal::invalid("body", "is not an agreement"))
}

impl Change {
    pub fn apply(self, agreement: &mut Agreement, now: OffsetDateTime) -> Result<(), Refusal> {
        let status = agreement.state.word_of_2018();
        let by = match self.status {
            same if same == status => None,
            "stoppedByMerchant" => Some(By::Merchant),
            "stoppedByUser" => Some(By::User),
            _ => return Err(Refusal::invalid("status", &format!("cannot be {} after {status}", self.status))),
        };
        if let Some(by) = by {
            if !agreement.stop(by, now) {
                return Err(Refusal::invalid("status", &format!("cannot be {} after {status}", self.status)));
            }
            return Ok(());
        }
        if agreement.state != State::Active {
            return Err(Refusal::invalid("status", "is of an agreement that cannot be changed"));
        }
        agreement.product_name = self.product_name;
        agreement.product_description = Some(self.product_description);
        if let Pricing::Legacy { amount } = &mut agreement.pricing {
            *amount = self.price;
        }
        agreement.interval = Some(self.interval);
        Ok(())
    }
}

pub struct NewCharge {
    one_off: bool,
    amount: i64,
    description: String,
    due: Date,
    retry_days: i64,
}

pub fn charge(body: &Value, now: OffsetDateTime) -> Result<NewCharge, Refusal> {
    let faults = Faults::default();
    let charge = new_charge(body, "", &faults);
    if charge.as_ref().is_some_and(|charge| charge.one_off) {
        faults.say("type", "must be RECURRING");
    }
    if charge.as_ref().is_some_and(|charge| charge.due < now.date() + Duration::days(2)) {
        faults.say("dueDate", "must be at least two days ahead");
    }
    faults.verdict()?;
    charge.ok_or_else(|| Refusal::problem(StatusCode::BAD_REQUEST, "This is not a charge."))
}

fn new_charge(body: &Value, at: &str, faults: &Faults) -> Option<NewCharge> {
    const FIELDS: [&str; 6] = ["amount*", "currency", "description*", "dueDate*", "retryDays?", "type*"];
    let fields = Object::read(body, at, &FIELDS, faults)?;
    fields.choice("currency", &["NOK"]);
    let amount = fields.integer("amount", AMOUNTS);
    let described = |text: &str| (1..=100).contains(&text.chars().count());
    let description = fields.text("description", "must have 1 to 100 characters", described);
    let due = fields.text("dueDate", "must be a day as YYYY-MM-DD", |text| day(text).is_some()).and_then(day);
    let retry_days = fields.integer("retryDays", 0..=10);
    let kind = fields.choice("type", &["RECURRING", "ONEOFF"]);
    Some(NewCharge {
        one_off: kind? == "ONEOFF",
        amount: amount?,
        description: description?.to_owned(),
        due: due?,
        retry_days: retry_days.unwrap_or(RETRY_DAYS),
    })
}

impl NewCharge {
    pub fn into_charge(self, salt: u64, index: u32, number: u64) -> Charge {
        let (id, transaction) = (ids::charge(salt, index, number), transaction(salt, index, number));
        Charge {
            kind: if self.one_off { Kind::Initial } else { Kind::Recurring },
            retry_days: self.retry_days,
            ..Charge::pending(id, transaction, self.amount, self.description, self.due)
        }
    }
}

fn day(text: &str) -> Option<Date> {
    Date::parse(text, format_description!("[year]-[month]-[day]")).ok()
}
