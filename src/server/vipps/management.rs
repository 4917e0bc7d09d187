//! Management API: merchants and sales units. Its documents, samples and answers differ, so reading accepts every
//! shape that was ever published; what matters is never read half.

use std::collections::HashMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::error::Error;
use super::reading::{Fields, ONE_THING, business_identifier, misread, parse, plain_name, text, text_of, without_bom};
use super::transport::fill;
use super::{Answer, Client};
use crate::domain::identifiers::{BusinessIdentifier, Msn};
use crate::domain::merchant::{Address, Merchant};
use crate::domain::sales_unit::{CaptureType, Configuration, ListedSalesUnit, SalesUnitDetails};

const SALES_UNITS: &str = "/management/v1/sales-units";
const SALES_UNIT: &str = "/management/v1/sales-units/{msn}";
const MERCHANT: &str = "/management/v1/merchants/{scheme}/{id}";
const MERCHANT_SALES_UNITS: &str = "/management/v1/merchants/{scheme}/{id}/sales-units";

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

fn address(fields: &Fields) -> Address {
    Address {
        lines: fields.texts("lines"),
        post_code: fields.text("postcode"),
        city: fields.text("city"),
        country_code: fields.text("countrycode").or_else(|| fields.text("country")),
    }
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
