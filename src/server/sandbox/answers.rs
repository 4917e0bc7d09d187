//! How answers look: the JSON of the Management API in its shapes over the years.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;

use super::faults::{ListPart, Shape};
use super::world::{Address, Configuration, Merchant, Moment, SalesUnit};

const JSON: HeaderValue = HeaderValue::from_static("application/json;charset=UTF-8");

/// 200 with this body.
pub fn json(body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => ([(header::CONTENT_TYPE, JSON)], bytes).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

#[derive(Serialize)]
struct Listed<'world> {
    msn: Msn,
    name: &'world str,
}

/// A serial number, as text or, in some shapes, as a number.
struct Msn {
    msn: u32,
    as_number: bool,
}

impl Serialize for Msn {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.as_number { serializer.serialize_u32(self.msn) } else { serializer.collect_str(&self.msn) }
    }
}

pub fn unit_list<'world>(
    units: impl Iterator<Item = &'world SalesUnit>,
    part: ListPart,
    shape: Option<Shape>,
) -> Response {
    if part == ListPart::Nothing {
        return json(&Value::Array(Vec::new()));
    }
    let units: Vec<&SalesUnit> = part.of(units.collect());
    let as_number = matches!(shape, Some(Shape::Year2023 | Shape::Numbers));
    let msn = |unit: &SalesUnit| Msn { msn: unit.msn, as_number };
    let listed = || units.iter().map(|unit| Listed { msn: msn(unit), name: &unit.name }).collect::<Vec<_>>();
    let bare = || units.iter().map(|unit| msn(unit)).collect::<Vec<_>>();
    match shape {
        None | Some(Shape::Numbers) => json(&listed()),
        Some(Shape::Year2023) => json(&WithSalesUnits { sales_units: listed() }),
        Some(Shape::Wrapped) => json(&WithMsns { msn: bare() }),
        Some(Shape::Strings) => json(&bare()),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WithSalesUnits<'world> {
    sales_units: Vec<Listed<'world>>,
}

#[derive(Serialize)]
struct WithMsns {
    msn: Vec<Msn>,
}

pub fn unit(unit: &SalesUnit, merchant: &Merchant, shape: Option<Shape>) -> Response {
    unit_with(unit.msn, &unit.name, &business_identifier(merchant), unit.configuration, shape)
}

/// A unit that exists only to be answered brokenly.
pub fn imaginary_unit(msn: u32) -> Response {
    let business_identifier = json!({"scheme": "business:NO:ORG", "id": "918713867"});
    unit_with(msn, "Kaffe som ikke finnes", &business_identifier, Configuration::default(), None)
}

fn unit_with(msn: u32, name: &str, identifier: &Value, configuration: Configuration, shape: Option<Shape>) -> Response {
    json(&json!({
        "msn": Msn { msn, as_number: shape == Some(Shape::Numbers) },
        "name": name,
        "businessIdentifier": identifier,
        "configuration": configuration,
    }))
}

pub fn business_identifier(merchant: &Merchant) -> Value {
    json!({"scheme": merchant.scheme(), "id": merchant.identifier()})
}

pub fn merchant(merchant: &Merchant, shape: Option<Shape>) -> Response {
    let old = shape == Some(Shape::Year2023);
    let mut body = serde_json::Map::new();
    let mut set = |name: &str, value: Value| {
        body.insert(name.to_owned(), value);
    };
    set(if old { "businessidentifier" } else { "businessIdentifier" }, business_identifier(merchant));
    set("name", json!(&*merchant.name));
    set("status", json!("ACTIVE"));
    set("createdAt", moment(merchant.created));
    set("updatedAt", moment(merchant.updated));
    // The stray quotation mark is upstream's.
    set(if old { "countryCode\"" } else { "countryCode" }, json!(merchant.market.code()));
    if let Some(place) = &merchant.business_address {
        set("businessAddress", address(place, merchant, old));
    }
    if let Some(place) = &merchant.post_address {
        set(if old { "businesspostAddress" } else { "businessPostAddress" }, address(place, merchant, old));
    }
    match shape {
        Some(Shape::Year2023 | Shape::Wrapped) => json(&json!({"merchant": body})),
        None | Some(Shape::Numbers | Shape::Strings) => json(&body),
    }
}

fn address(address: &Address, merchant: &Merchant, old: bool) -> Value {
    let country = merchant.market;
    let digits = super::names::country(country).post_code_digits;
    let mut body = json!({
        "lines": address.line.iter().map(|line| &**line).collect::<Vec<_>>(),
        "postCode": address.has_post_code.then(|| format!("{:0digits$}", address.place.post_code)),
        "city": address.place.city,
    });
    if old {
        body["country"] = json!(country.code());
        body["id"] =
            json!(uuid::Uuid::from_u128(u128::from(merchant.number) << 64 | u128::from(address.place.post_code)));
    } else {
        body["countryCode"] = json!(country.code());
    }
    body
}

fn moment(moment: Moment) -> Value {
    moment.to_time().format(&Rfc3339).map_or(Value::Null, Value::String)
}
