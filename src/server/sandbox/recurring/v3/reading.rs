//! What version 3 is asked for about agreements: read strictly, and checked against what there is.

pub mod charges;

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use super::super::agreements::{Agreement, Campaign, CampaignKind, Period, Pricing, State};
use super::super::charges::{Charge, Kind};
use super::super::ids;
use super::super::seeding::{currency, transaction};
use super::MOST_AGREEMENTS;
use crate::domain::identifiers::Market;
use crate::server::sandbox::problem::Refusal;
use crate::server::sandbox::strict::{Faults, Object};

const UNITS: [&str; 4] = ["YEAR", "MONTH", "WEEK", "DAY"];
const STATUSES: [&str; 4] = ["PENDING", "ACTIVE", "STOPPED", "EXPIRED"];
const AMOUNTS: std::ops::RangeInclusive<i64> = 1..=i32::MAX as i64;
/// The highest `suggestedMaxAmount` in a currency with øre.
const MOST_SUGGESTED: i64 = 2_000_000;

pub struct ListQuery {
    pub status: &'static str,
    pub created_after: Option<OffsetDateTime>,
    pub page_number: Option<usize>,
    pub page_size: Option<usize>,
}

pub fn list_query(query: &str) -> Result<ListQuery, Refusal> {
    let value = |name: &str| {
        form_urlencoded::parse(query.as_bytes()).find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
    };
    let number = |name: &'static str, most: usize| match value(name) {
        None => Ok(None),
        Some(text) => match text.parse::<usize>() {
            Ok(number) if (1..=most).contains(&number) => Ok(Some(number)),
            _ => Err(Refusal::invalid(name, &format!("must be from 1 to {most}"))),
        },
    };
    let status = match value("status") {
        None => "ACTIVE",
        Some(word) => word_of(&STATUSES, &word)
            .ok_or_else(|| Refusal::invalid("status", "must be PENDING, ACTIVE, STOPPED or EXPIRED"))?,
    };
    let created_after = match value("createdAfter") {
        None => None,
        Some(text) => {
            let time = text.parse::<i64>().ok().map(|ms| i128::from(ms) * 1_000_000);
            let time = time.and_then(|ns| OffsetDateTime::from_unix_timestamp_nanos(ns).ok());
            Some(time.ok_or_else(|| Refusal::invalid("createdAfter", "must be milliseconds since 1970"))?)
        }
    };
    let page_number = number("pageNumber", 1_000_000)?;
    let page_size = number("pageSize", MOST_AGREEMENTS)?;
    if page_size.is_some() && page_number.is_none() {
        return Err(Refusal::invalid("pageSize", "must be used in combination with pageNumber"));
    }
    Ok(ListQuery { status, created_after, page_number, page_size })
}

fn word_of(words: &[&'static str], word: &str) -> Option<&'static str> {
    words.iter().copied().find(|known| *known == word)
}

/// What a draft asks for.
pub struct Draft {
    pricing: Pricing,
    currency: &'static str,
    interval: Option<Period>,
    campaign: Option<Campaign>,
    product_name: String,
    product_description: Option<String>,
    redirect_url: String,
    merchant_url: Option<String>,
    phone: Option<String>,
    external_id: Option<String>,
    initial: Option<Initial>,
}

struct Initial {
    amount: i64,
    description: String,
    reserves: bool,
    order_id: Option<String>,
    external_id: Option<String>,
}

pub fn draft(body: &Value, market: Market) -> Result<Draft, Refusal> {
    const FIELDS: [&str; 13] = [
        "campaign?",
        "pricing*",
        "phoneNumber?",
        "initialCharge",
        "interval",
        "isApp",
        "merchantAgreementUrl",
        "merchantRedirectUrl*",
        "productName*",
        "productDescription",
        "scope",
        "skipLandingPage",
        "externalId?",
    ];
    let faults = Faults::default();
    let draft = Object::read(body, "", &FIELDS, &faults).map(|fields| {
        let is_app = fields.flag("isApp").unwrap_or_default();
        let redirect = |text: &str| text.len() <= 2048 && (is_app || is_url(text, &["https", "http"]));
        let merchant_url = text(&fields, "merchantAgreementUrl", "must be an https URL of at most 1024", |text| {
            text.len() <= 1024 && is_url(text, &["https"])
        });
        if merchant_url.is_none() && market == Market::Norway && fields.value("merchantAgreementUrl").is_none() {
            fields.fault("merchantAgreementUrl", "is required for Norwegian merchants");
        }
        if fields.flag("skipLandingPage") == Some(true) && fields.value("phoneNumber").is_none() {
            fields.fault("phoneNumber", "is required with skipLandingPage");
        }
        text(&fields, "scope", "must be known words", |text| text.split(' ').all(|word| SCOPES.contains(&word)));
        Draft {
            pricing: pricing(&fields, market).unwrap_or(Pricing::Flexible),
            currency: currency(market),
            interval: fields.object("interval", &["unit*", "count*"]).and_then(|fields| period(&fields)),
            campaign: fields.value("campaign").and_then(|value| campaign(value, &faults)),
            product_name: text(&fields, "productName", "must have 1 to 45 characters", of_length(45))
                .unwrap_or_default(),
            product_description: text(
                &fields,
                "productDescription",
                "must have at most 100 characters",
                of_length(100),
            ),
            redirect_url: text(&fields, "merchantRedirectUrl", "must be a URL of at most 2048", redirect)
                .unwrap_or_default(),
            merchant_url,
            phone: text(&fields, "phoneNumber", "must be digits, at most 15", is_phone),
            external_id: external_id(&fields),
            initial: initial_charge(&fields),
        }
    });
    faults.verdict()?;
    draft.ok_or_else(|| Refusal::invalid("body", "is not an agreement"))
}

const SCOPES: [&str; 6] = ["name", "address", "email", "phoneNumber", "birthDate", "nin"];

fn pricing(fields: &Object, market: Market) -> Option<Pricing> {
    let fields = fields.object("pricing", &["type*", "currency*", "amount", "suggestedMaxAmount"])?;
    let kind = fields.choice("type", &["LEGACY", "VARIABLE", "FLEXIBLE"])?;
    let known = fields.choice("currency", &["NOK", "EUR", "DKK"]);
    if known.is_some_and(|known| known != currency(market)) {
        fields.fault("currency", &format!("must be {}: agreements do not cross borders", currency(market)));
    }
    let needed = |name: &str, most: i64| {
        if fields.value(name).is_none() {
            fields.fault(name, "is required");
        }
        fields.integer(name, 1..=most)
    };
    let unwanted = |name: &str| {
        if fields.value(name).is_some() {
            fields.fault(name, "does not go with this type");
        }
    };
    match kind {
        "LEGACY" => {
            unwanted("suggestedMaxAmount");
            needed("amount", *AMOUNTS.end()).map(|amount| Pricing::Legacy { amount })
        }
        "VARIABLE" => {
            unwanted("amount");
            needed("suggestedMaxAmount", MOST_SUGGESTED).map(|suggested| Pricing::Variable { suggested, chosen: None })
        }
        _ => {
            unwanted("amount");
            unwanted("suggestedMaxAmount");
            Some(Pricing::Flexible)
        }
    }
}

fn period(fields: &Object) -> Option<Period> {
    let (unit, count) = (fields.choice("unit", &UNITS), fields.integer("count", 1..=31));
    Some(Period { unit: unit?, count: count? })
}

fn campaign(value: &Value, faults: &Faults) -> Option<Campaign> {
    let kind = value["type"].as_str().unwrap_or_default();
    let own: &[&str] = match kind {
        "PRICE_CAMPAIGN" => &["type*", "price*", "end*"],
        "PERIOD_CAMPAIGN" => &["type*", "price*", "period*"],
        "EVENT_CAMPAIGN" => &["type*", "price*", "eventText*", "eventDate*"],
        _ => {
            faults.say("campaign.type", "must be PRICE_CAMPAIGN, PERIOD_CAMPAIGN or EVENT_CAMPAIGN");
            return None;
        }
    };
    let fields = Object::read(value, "campaign", own, faults)?;
    let price = fields.integer("price", AMOUNTS);
    let time = |name: &str| {
        let text = fields.text(name, "must be a date and time in UTC", |text| moment(text).is_some())?;
        moment(text)
    };
    let kind = match kind {
        "PRICE_CAMPAIGN" => CampaignKind::Price { end: time("end")? },
        "PERIOD_CAMPAIGN" => {
            let period = fields.object("period", &["unit*", "count*"]).and_then(|fields| period(&fields))?;
            CampaignKind::Period { period, end: period.after(OffsetDateTime::now_utc()) }
        }
        _ => CampaignKind::Event {
            date: time("eventDate")?,
            text: text(&fields, "eventText", "must have 1 to 15 characters", of_length(15))?,
        },
    };
    Some(Campaign { price: price?, kind })
}

fn moment(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(text, &Rfc3339).ok()
}

fn initial_charge(fields: &Object) -> Option<Initial> {
    const FIELDS: [&str; 5] = ["amount*", "description*", "transactionType*", "orderId", "externalId"];
    let fields = fields.object("initialCharge", &FIELDS)?;
    let amount = fields.integer("amount", AMOUNTS);
    let description = description(&fields);
    let kind = transaction_type(&fields);
    let (order_id, external_id) = (order_id(&fields), external_id(&fields));
    Some(Initial { amount: amount?, description: description?, reserves: kind?, order_id, external_id })
}

impl Draft {
    pub fn into_agreement(self, salt: u64, index: u32, key: &str, now: OffsetDateTime) -> Agreement {
        let charge = self.initial.map(|initial| {
            let id = initial.order_id.unwrap_or_else(|| ids::charge(salt, index, 0));
            let transaction = transaction(salt, index, 0);
            let mut charge = Charge {
                kind: Kind::Initial,
                reserves: initial.reserves,
                external_id: initial.external_id,
                ..Charge::pending(id, transaction, initial.amount, initial.description, now.date())
            };
            charge.note("CREATE", charge.amount, key, now);
            charge
        });
        Agreement {
            index,
            id: ids::agreement(salt, index),
            uuid: Uuid::new_v4(),
            product_name: self.product_name,
            product_description: self.product_description,
            pricing: self.pricing,
            currency: self.currency,
            interval: self.interval,
            campaign: self.campaign,
            phone: self.phone,
            customer: 10_000 + i64::from(index),
            external_id: self.external_id,
            redirect_url: self.redirect_url,
            merchant_url: self.merchant_url,
            created: now,
            start: None,
            stop: None,
            state: State::Pending,
            charges: charge.into_iter().collect(),
        }
    }
}

pub enum Change {
    Stop,
    Terms(Box<Terms>),
}

#[derive(Default)]
pub struct Terms {
    product_name: Option<String>,
    product_description: Option<String>,
    merchant_url: Option<String>,
    external_id: Option<String>,
    amount: Option<i64>,
    suggested: Option<i64>,
    /// None inside: charges come at any time.
    interval: Option<Option<Period>>,
}

pub fn change(body: &Value) -> Result<Change, Refusal> {
    const FIELDS: [&str; 7] =
        ["productName", "productDescription", "merchantAgreementUrl", "externalId", "status", "pricing", "interval"];
    let faults = Faults::default();
    let change = Object::read(body, "", &FIELDS, &faults).map(|fields| {
        if fields.choice("status", &["STOPPED"]).is_some() {
            if FIELDS.iter().any(|name| *name != "status" && fields.value(name).is_some()) {
                fields.fault("status", "must be sent alone");
            }
            return Change::Stop;
        }
        let pricing = fields.object("pricing", &["amount", "suggestedMaxAmount"]);
        let interval = fields.object("interval", &["type", "period"]).map(|fields| {
            let kind = fields.choice("type", &["RECURRING", "FLEXIBLE"]).unwrap_or("RECURRING");
            let period = fields.object("period", &["unit*", "count*"]).and_then(|fields| period(&fields));
            if (kind == "RECURRING") != fields.value("period").is_some() {
                fields.fault("period", "is required with RECURRING and not allowed with FLEXIBLE");
            }
            period
        });
        Change::Terms(Box::new(Terms {
            product_name: text(&fields, "productName", "must have 1 to 45 characters", of_length(45)),
            product_description: text(&fields, "productDescription", "must have 1 to 100 characters", of_length(100)),
            merchant_url: text(&fields, "merchantAgreementUrl", "must be an https URL of at most 1024", |text| {
                text.len() <= 1024 && is_url(text, &["https"])
            }),
            external_id: external_id(&fields),
            amount: pricing.as_ref().and_then(|fields| fields.integer("amount", AMOUNTS)),
            suggested: pricing.as_ref().and_then(|fields| fields.integer("suggestedMaxAmount", 1..=MOST_SUGGESTED)),
            interval,
        }))
    });
    faults.verdict()?;
    change.ok_or_else(|| Refusal::invalid("body", "is not a change"))
}

impl Terms {
    /// # Errors
    /// Why the pricing has no such thing.
    pub fn apply(self, agreement: &mut Agreement) -> Result<(), &'static str> {
        match (self.amount, self.suggested, &mut agreement.pricing) {
            (None, None, _) => {}
            (Some(new), None, Pricing::Legacy { amount }) => *amount = new,
            (None, Some(new), Pricing::Variable { suggested, .. }) => *suggested = new,
            _ => return Err("The pricing of the agreement has no such amount."),
        }
        if let Some(name) = self.product_name {
            agreement.product_name = name;
        }
        agreement.product_description = self.product_description.or(agreement.product_description.take());
        agreement.merchant_url = self.merchant_url.or(agreement.merchant_url.take());
        agreement.external_id = self.external_id.or(agreement.external_id.take());
        if let Some(interval) = self.interval {
            agreement.interval = interval;
        }
        Ok(())
    }
}

pub fn phone(body: &Value) -> Result<String, Refusal> {
    let faults = Faults::default();
    let phone = Object::read(body, "", &["phoneNumber*"], &faults)
        .and_then(|fields| text(&fields, "phoneNumber", "must be digits, at most 15", is_phone));
    faults.verdict()?;
    phone.ok_or_else(|| Refusal::invalid("phoneNumber", "is required"))
}

fn description(fields: &Object) -> Option<String> {
    text(fields, "description", "must have 1 to 100 characters", of_length(100))
}

fn transaction_type(fields: &Object) -> Option<bool> {
    fields.choice("transactionType", &["DIRECT_CAPTURE", "RESERVE_CAPTURE"]).map(|word| word == "RESERVE_CAPTURE")
}

fn order_id(fields: &Object) -> Option<String> {
    let fits = |text: &str| {
        (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    text(fields, "orderId", r"must match ^[a-zA-Z\d-]+, at most 64", fits)
}

fn external_id(fields: &Object) -> Option<String> {
    text(fields, "externalId", "must have 1 to 64 characters", of_length(64))
}

fn text(fields: &Object, name: &str, rule: &str, fits: impl FnOnce(&str) -> bool) -> Option<String> {
    fields.text(name, rule, fits).map(str::to_owned)
}

fn of_length(most: usize) -> impl Fn(&str) -> bool {
    move |text| (1..=most).contains(&text.chars().count())
}

fn is_phone(text: &str) -> bool {
    (6..=15).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

pub fn is_url(text: &str, schemes: &[&str]) -> bool {
    url::Url::parse(text).is_ok_and(|url| schemes.contains(&url.scheme()) && url.has_host())
}
