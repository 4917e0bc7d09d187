//! Management API: merchants and sales units. Its documents, samples and answers differ, so reading accepts every
//! shape that was ever published; what matters is never read half.

use std::collections::HashMap;
use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde::de::{self, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;
use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::error::Error;
use super::{Answer, Client};
use crate::domain::identifiers::{BusinessIdentifier, Market, Msn};
use crate::domain::merchant::{Address, Merchant};
use crate::domain::sales_unit::{CaptureType, Configuration, ListedSalesUnit, SalesUnitDetails};

const SALES_UNITS: &str = "/management/v1/sales-units";
const SALES_UNIT: &str = "/management/v1/sales-units/{msn}";
const MERCHANT: &str = "/management/v1/merchants/{scheme}/{id}";
const MERCHANT_SALES_UNITS: &str = "/management/v1/merchants/{scheme}/{id}/sales-units";

/// The largest answer about one thing, in bytes; real ones have less than two thousand.
const ONE_THING: usize = 1 << 20;

impl Client {
    /// Every active sales unit these keys reach; all of them or an error.
    ///
    /// # Errors
    /// Any of [`Error`].
    pub async fn sales_units(&self) -> Result<Vec<ListedSalesUnit>, Error> {
        let body = self.account.get(self.lane, SALES_UNITS, SALES_UNITS.to_owned(), usize::MAX).await?;
        read_sales_unit_list(&body)
    }

    /// # Errors
    /// [`Error::NotFound`] if the unit is not there, not active or not visible with these keys; any of [`Error`].
    pub async fn sales_unit(&self, msn: &Msn) -> Result<Answer<SalesUnitDetails>, Error> {
        let path = fill(SALES_UNIT, &[msn.as_str()])?;
        let body = self.account.get(self.lane, SALES_UNIT, path, ONE_THING).await?;
        let mut value = read_sales_unit(&body)?;
        // Where the serial number is a JSON number, its leading zeros are lost.
        if value.msn.as_str().trim_start_matches('0') != msn.as_str().trim_start_matches('0') {
            return Err(Error::not_understood("the answer is about another sales unit"));
        }
        value.msn = msn.clone();
        Ok(Answer { value, raw: text_of(&body)? })
    }

    /// # Errors
    /// [`Error::NotFound`] if the merchant is not there or not visible with these keys; any of [`Error`].
    pub async fn merchant(&self, business: &BusinessIdentifier) -> Result<Answer<Merchant>, Error> {
        let path = fill(MERCHANT, &[&business.scheme, &business.id])?;
        let body = self.account.get(self.lane, MERCHANT, path, ONE_THING).await?;
        let mut value = read_merchant(&body)?;
        if plain_name(&value.business_identifier.id) != plain_name(&business.id) {
            return Err(Error::not_understood("the answer is about another merchant"));
        }
        value.business_identifier = business.clone();
        Ok(Answer { value, raw: text_of(&body)? })
    }

    /// The merchant's sales units that these keys reach; all of them or an error.
    ///
    /// # Errors
    /// Any of [`Error`].
    pub async fn merchant_sales_units(&self, business: &BusinessIdentifier) -> Result<Vec<ListedSalesUnit>, Error> {
        let path = fill(MERCHANT_SALES_UNITS, &[&business.scheme, &business.id])?;
        read_sales_unit_list(&self.account.get(self.lane, MERCHANT_SALES_UNITS, path, usize::MAX).await?)
    }
}

/// Puts `parts` in the place of the names in `template`.
fn fill(template: &str, parts: &[&str]) -> Result<String, Error> {
    const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b':').remove(b'-').remove(b'_').remove(b'.');
    let mut parts = parts.iter();
    let segments = template.split('/').map(|segment| {
        if !segment.starts_with('{') {
            return Ok(segment.to_owned());
        }
        match parts.next() {
            // A URL reads dots as steps up or nowhere.
            None | Some(&("" | "." | "..")) => Err(Error::Unsendable { reason: format!("{segment} is not usable") }),
            Some(part) => Ok(utf8_percent_encode(part, SEGMENT).to_string()),
        }
    });
    Ok(segments.collect::<Result<Vec<_>, _>>()?.join("/"))
}

/// Reads a list of sales units in any of its shapes. One entry that cannot be read makes the whole list unreadable:
/// an incomplete list must never pass for a complete one.
///
/// # Errors
/// [`Error::NotUnderstood`].
pub fn read_sales_unit_list(body: &[u8]) -> Result<Vec<ListedSalesUnit>, Error> {
    let List(entries) = serde_json::from_slice(without_bom(body)).map_err(|error| misread(&error))?;
    let mut places: HashMap<Msn, usize> = HashMap::with_capacity(entries.len());
    let mut units: Vec<ListedSalesUnit> = Vec::with_capacity(entries.len());
    for unit in entries {
        match places.get(&unit.msn) {
            Some(&place) => units[place].name = unit.name.or(units[place].name.take()),
            None => {
                places.insert(unit.msn.clone(), units.len());
                units.push(unit);
            }
        }
    }
    Ok(units)
}

/// # Errors
/// [`Error::NotUnderstood`] if it is no object with a serial number.
pub fn read_sales_unit(body: &[u8]) -> Result<SalesUnitDetails, Error> {
    let value = parse(body)?;
    let unit = Fields::of(&value, "salesunit").ok_or_else(|| Error::not_understood("a sales unit is no object"))?;
    let msn = unit.text("msn").and_then(|text| Msn::parse(&text));
    let configuration = unit.object("configuration").unwrap_or_default();
    let flag = |name| configuration.flag(name).into();
    Ok(SalesUnitDetails {
        msn: msn.ok_or_else(|| Error::not_understood("a sales unit has no usable serial number"))?,
        name: unit.text("name").unwrap_or_default(),
        business_identifier: business_identifier(&unit),
        configuration: Configuration {
            capture_type: CaptureType::from_upstream(configuration.text("capturetype").as_deref()),
            payment_allowed: flag("paymentallowed"),
            recurring_allowed: flag("recurringallowed"),
            skip_landing_page_allowed: flag("skiplandingpageallowed"),
            partial_capture_allowed: flag("partialcaptureallowed"),
            late_capture_allowed: flag("latecaptureallowed"),
            landing_page_phone_number_locked: flag("landingpagephonenumberlocked"),
            long_living_payment_allowed: flag("longlivingpaymentallowed"),
            credit_card_payment_allowed: flag("creditcardpaymentallowed"),
        },
    })
}

/// # Errors
/// [`Error::NotUnderstood`] if it is no object with a business identifier.
pub fn read_merchant(body: &[u8]) -> Result<Merchant, Error> {
    let value = parse(body)?;
    let merchant = Fields::of(&value, "merchant").ok_or_else(|| Error::not_understood("a merchant is no object"))?;
    let business_identifier = business_identifier(&merchant);
    let date = |name| OffsetDateTime::parse(&merchant.text(name)?, &Rfc3339).ok();
    Ok(Merchant {
        business_identifier: business_identifier
            .ok_or_else(|| Error::not_understood("a merchant has no business identifier"))?,
        name: merchant.text("name").unwrap_or_default(),
        status: merchant.text("status"),
        country_code: merchant.text("countrycode").or_else(|| merchant.text("country")),
        business_address: merchant.object("businessaddress").map(|fields| address(&fields)),
        post_address: merchant.object("businesspostaddress").map(|fields| address(&fields)),
        created_at: date("createdat"),
        updated_at: date("updatedat"),
    })
}

fn business_identifier(fields: &Fields) -> Option<BusinessIdentifier> {
    if let Some(identifier) = fields.object("businessidentifier") {
        return Some(BusinessIdentifier::new(identifier.text("scheme")?, identifier.text("id")?));
    }
    // The oldest shape, from when there was Norway only.
    Some(BusinessIdentifier::new(Market::Norway.scheme(), fields.text("orgno")?))
}

fn address(fields: &Fields) -> Address {
    Address {
        lines: fields.texts("lines"),
        post_code: fields.text("postcode"),
        city: fields.text("city"),
        country_code: fields.text("countrycode").or_else(|| fields.text("country")),
    }
}

fn parse(body: &[u8]) -> Result<Value, Error> {
    serde_json::from_slice(without_bom(body)).map_err(|error| misread(&error))
}

/// Where reading stopped, without a word of the body: what an unknown server echoes may be our keys.
fn misread(error: &serde_json::Error) -> Error {
    let fault = match error.classify() {
        Category::Eof => "it ends too early",
        Category::Data => "it has an unknown shape",
        Category::Io | Category::Syntax => "it is not JSON",
    };
    Error::not_understood(format!("{fault}, at line {} column {}", error.line(), error.column()))
}

fn without_bom(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)
}

fn text_of(body: &[u8]) -> Result<String, Error> {
    let text = std::str::from_utf8(without_bom(body)).map_err(Error::not_understood)?;
    Ok(text.to_owned())
}

/// Text without case and stray characters: `businesspostAddress` and `countryCode"` have been seen as names.
fn plain_name(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// An object's fields by their plain name. What is null or of an unexpected type counts as absent.
#[derive(Default)]
struct Fields<'a>(HashMap<String, &'a Value>);

impl<'a> Fields<'a> {
    /// The object itself, or what it wraps under `wrapper`.
    fn of(value: &'a Value, wrapper: &str) -> Option<Self> {
        let fields = Self::new(value.as_object()?);
        Some(fields.object(wrapper).unwrap_or(fields))
    }

    fn new(object: &'a Map<String, Value>) -> Self {
        let present = object.iter().filter(|(_, value)| !value.is_null());
        Self(present.map(|(name, value)| (plain_name(name), value)).collect())
    }

    fn object(&self, name: &str) -> Option<Self> {
        self.0.get(name)?.as_object().map(Self::new)
    }

    fn text(&self, name: &str) -> Option<String> {
        text(self.0.get(name)?)
    }

    fn texts(&self, name: &str) -> Vec<String> {
        match self.0.get(name) {
            Some(Value::Array(entries)) => entries.iter().filter_map(text).collect(),
            Some(value) => text(value).into_iter().collect(),
            None => Vec::new(),
        }
    }

    fn flag(&self, name: &str) -> Option<bool> {
        match self.0.get(name)? {
            Value::Bool(flag) => Some(*flag),
            Value::String(word) if word.eq_ignore_ascii_case("true") => Some(true),
            Value::String(word) if word.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        }
    }
}

/// A string or a whole number as text; nothing for an empty one.
fn text(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => storable(text),
        Value::Number(number) => number.as_u64()?.to_string(),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// PostgreSQL holds every character but this one.
fn storable(text: &str) -> String {
    text.replace('\0', "").trim().to_owned()
}

/// A list of sales units, read without building a tree: a partner can have a hundred thousand.
struct List(Vec<ListedSalesUnit>);

impl<'de> Deserialize<'de> for List {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListVisitor)
    }
}

struct ListVisitor;

impl<'de> Visitor<'de> for ListVisitor {
    type Value = List;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of sales units")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<List, A::Error> {
        let mut units = Vec::new();
        while let Some(Entry(unit)) = entries.next_element()? {
            units.push(unit);
        }
        Ok(List(units))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<List, A::Error> {
        let mut list = None;
        while let Some(name) = fields.next_key::<String>()? {
            match plain_name(&name).as_str() {
                "salesunits" | "msn" | "msns" if list.is_some() => return Err(de::Error::custom("two lists in one")),
                "salesunits" | "msn" | "msns" => list = Some(fields.next_value()?),
                _ => {
                    fields.next_value::<IgnoredAny>()?;
                }
            }
        }
        list.ok_or_else(|| de::Error::custom("no list of sales units"))
    }
}

/// An object with a serial number and perhaps a name, or the bare serial number, as text or as a number.
struct Entry(ListedSalesUnit);

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EntryVisitor)
    }
}

struct EntryVisitor;

impl<'de> Visitor<'de> for EntryVisitor {
    type Value = Entry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a sales unit or its serial number")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Entry, E> {
        let msn = Msn::parse(text).ok_or_else(|| E::custom("not a merchant serial number"))?;
        Ok(Entry(ListedSalesUnit { msn, name: None }))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Entry, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Entry, A::Error> {
        let (mut msn, mut unit_name) = (None, None);
        while let Some(name) = fields.next_key::<String>()? {
            match plain_name(&name).as_str() {
                "msn" => msn = text(&fields.next_value()?).and_then(|text| Msn::parse(&text)),
                "name" => unit_name = text(&fields.next_value()?),
                _ => {
                    fields.next_value::<IgnoredAny>()?;
                }
            }
        }
        let msn = msn.ok_or_else(|| de::Error::custom("a sales unit without a usable serial number"))?;
        Ok(Entry(ListedSalesUnit { msn, name: unit_name }))
    }
}
