//! What older documents of the Management API proposed. Few upstreams have any of it; asking whether one has changes
//! nothing there.

use bytes::Bytes;
use reqwest::Method;
use serde_json::{Value, json};

use super::call::Call;
use super::effect::Effect;
use super::error::Error;
use super::reading::{Fields, ONE_THING, business_identifier, link, parse, read_list, text_of};
use super::transport::fill;
use super::{Answer, Client};
use crate::domain::identifiers::{BusinessIdentifier, Market, Msn};
use crate::domain::partner::{Partner, Proposal};
use crate::domain::sales_unit::SalesUnitChange;

const MERCHANTS: &str = "/management/v1/merchants";
const WHO_AM_I: &str = "/management/v1/partners/whoami";
const CONTRACTS: &str = "/management/v1/merchants/{scheme}/{id}/contracts";
const SALES_UNIT: &str = "/management/v1/sales-units/{msn}";

/// No business has this number: it is none.
const NO_BUSINESS: &str = "none";
/// No sales unit has this serial number: it is too short.
const NO_SALES_UNIT: &str = "0";
/// The longest name of a sales unit, in characters.
const LONGEST_NAME: usize = 50;

impl Client {
    /// Every merchant with a sales unit that these keys reach, with its name; empty where upstream tells none.
    ///
    /// # Errors
    /// Any of [`Error`].
    pub async fn all_merchants(&self) -> Result<Vec<(BusinessIdentifier, String)>, Error> {
        let call = Call { refusal_tells: true, ..Call::get(MERCHANTS, MERCHANTS.to_owned()) };
        read_merchants(&self.account.send(self.lane, call).await?)
    }

    /// The partner the keys belong to.
    ///
    /// # Errors
    /// One of upstream's refusals if they are no partner's keys; any of [`Error`].
    pub async fn whoami(&self) -> Result<Answer<Partner>, Error> {
        let call = Call { refusal_tells: true, max_body: ONE_THING, ..Call::get(WHO_AM_I, WHO_AM_I.to_owned()) };
        let body = self.account.send(self.lane, call).await?;
        Ok(Answer { value: read_partner(&body)?, raw: text_of(&body)? })
    }

    /// Links to a merchant's contracts; what is no `https` or `http` link is left out. A merchant may have none, and
    /// then upstream refuses to show them.
    ///
    /// # Errors
    /// Any of [`Error`].
    pub async fn contracts(&self, merchant: &BusinessIdentifier) -> Result<Vec<String>, Error> {
        let path = fill(CONTRACTS, &[&merchant.scheme, &merchant.id])?;
        let call = Call { refusal_tells: true, max_body: ONE_THING, ..Call::get(CONTRACTS, path) };
        read_contracts(&self.account.send(self.lane, call).await?)
    }

    /// # Errors
    /// [`Error::Unsendable`] for a change of nothing or a name upstream would not take; [`Error::OutcomeOpen`] if the
    /// unit may have been changed all the same; any of [`Error`].
    pub async fn change_sales_unit(&self, msn: &Msn, change: &SalesUnitChange) -> Result<(), Error> {
        let json = change_body(change)?;
        let path = fill(SALES_UNIT, &[msn.as_str()])?;
        let call = Call {
            json: Some(json),
            max_body: ONE_THING,
            ..Call::new(Method::PATCH, Effect::Repeatable, SALES_UNIT, path)
        };
        self.account.send(self.lane, call).await.map(drop)
    }

    /// Whether this upstream has it. What it has but keeps from these keys counts as there.
    ///
    /// # Errors
    /// Whatever kept upstream from telling: no answer, keys that are refused, a limit.
    pub async fn offers(&self, proposal: Proposal) -> Result<bool, Error> {
        let outcome = match proposal {
            Proposal::Merchants => self.all_merchants().await.map(drop),
            Proposal::WhoAmI => self.whoami().await.map(drop),
            Proposal::Contracts => {
                let nobody = BusinessIdentifier::new(Market::Norway.scheme(), NO_BUSINESS);
                self.contracts(&nobody).await.map(drop)
            }
            Proposal::ChangeSalesUnit => {
                let path = fill(SALES_UNIT, &[NO_SALES_UNIT])?;
                let json = Some(Bytes::from_static(b"{}"));
                let call = Call::new(Method::PATCH, Effect::None, SALES_UNIT, path);
                let call = Call { json, refusal_tells: true, max_body: ONE_THING, ..call };
                self.account.send(self.lane, call).await.map(drop)
            }
            Proposal::ApiQuality => self.api_quality_at(NO_SALES_UNIT).await.map(drop),
        };
        match is_offered(&outcome) {
            Some(offered) => Ok(offered),
            None => outcome.map(|()| false),
        }
    }
}

/// What an outcome tells of whether upstream has what was asked for; none if it does not tell.
pub fn is_offered<T>(outcome: &Result<T, Error>) -> Option<bool> {
    match outcome {
        Ok(_) | Err(Error::Forbidden(_)) => Some(true),
        // Something answers there, but not what could be used.
        Err(Error::NotFound(_) | Error::NotUnderstood { .. }) => Some(false),
        Err(Error::Refused(problem)) if (400..500).contains(&problem.status) => {
            Some(!matches!(problem.status, 405 | 410))
        }
        Err(_) => None,
    }
}

/// Reads a list of merchants in any of its shapes.
///
/// # Errors
/// [`Error::NotUnderstood`].
pub fn read_merchants(body: &[u8]) -> Result<Vec<(BusinessIdentifier, String)>, Error> {
    let read = |entry: &Value| {
        let fields = Fields::of(entry, "merchant")?;
        Some((business_identifier(&fields)?, fields.text("name").unwrap_or_default()))
    };
    let merchants =
        read_list("merchants", body, &["merchants", "merchantlist"], read, |(business, _)| business.clone());
    Ok(merchants?.into_iter().map(|merchant| merchant.value).collect())
}

/// # Errors
/// [`Error::NotUnderstood`] if it has neither an id nor a name.
pub fn read_partner(body: &[u8]) -> Result<Partner, Error> {
    let value = parse(body)?;
    let fields = Fields::of(&value, "partner").ok_or_else(|| Error::not_understood("a partner is no object"))?;
    let (id, name) = (fields.first_text(&["partnerid", "id"]), fields.text("name"));
    if id.is_none() && name.is_none() {
        return Err(Error::not_understood("a partner has neither an id nor a name"));
    }
    Ok(Partner {
        id,
        name: name.unwrap_or_default(),
        level: fields.text("level"),
        contact_name: fields.text("partnercontactname"),
        contact_email: fields.text("partnercontactemail"),
        status: fields.text("status"),
    })
}

/// # Errors
/// [`Error::NotUnderstood`] if it is no list of texts.
fn read_contracts(body: &[u8]) -> Result<Vec<String>, Error> {
    let read = |entry: &Value| entry.as_str().map(str::trim).map(str::to_owned);
    let urls = read_list("contracts", body, &["urls", "contracts"], read, Clone::clone)?;
    Ok(urls.into_iter().filter_map(|url| link(&url.value)).collect())
}

fn change_body(change: &SalesUnitChange) -> Result<Bytes, Error> {
    let unsendable = |reason: &str| Err(Error::Unsendable { reason: reason.to_owned() });
    if change.name.as_ref().is_some_and(|name| !(1..=LONGEST_NAME).contains(&name.chars().count())) {
        return unsendable("a sales unit's name has 1 to 50 characters");
    }
    let status = change.active.map(|active| if active { "ACTIVE" } else { "DEACTIVATED" });
    let fields = [("name", change.name.as_deref()), ("salesUnitLogo", change.logo.as_deref()), ("status", status)];
    let fields: serde_json::Map<String, Value> =
        fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), json!(value?)))).collect();
    if fields.is_empty() {
        return unsendable("there is nothing to change");
    }
    Ok(Value::Object(fields).to_string().into())
}
