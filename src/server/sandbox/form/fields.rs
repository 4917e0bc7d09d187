//! The fields of the merchant's form: each is a place in the JSON of a product order.

use serde_json::{Map, Value};

use super::super::packages::ProductType;
use super::super::prefill::{TENS, USE_CASES};

pub struct Field {
    pub label: &'static str,
    /// The place, as `website.url`; also the name of the form's field.
    pub name: &'static str,
    pub kind: Kind,
}

pub enum Kind {
    Text,
    Required,
    Secret,
    Number,
    Check,
    /// What is sent and what is shown.
    Choice(&'static [(&'static str, &'static str)]),
    /// One of these words, or none of them.
    Word(&'static [&'static str]),
}

pub struct Section {
    pub title: &'static str,
    pub fields: &'static [Field],
}

const fn field(label: &'static str, name: &'static str, kind: Kind) -> Field {
    Field { label, name, kind }
}

const REGISTERS: Kind = Kind::Choice(&[
    ("business:NO:ORG", "Norway, organisation number"),
    ("business:DK:CVR", "Denmark, CVR number"),
    ("business:FI:Y-tunnus", "Finland, Y-tunnus"),
]);
const ACCOUNTS: Kind = Kind::Choice(&[("BBAN:NO", "Norway"), ("BBAN:DK", "Denmark"), ("BBAN:FI", "Finland")]);

pub const PACKAGE: &str = "pricePackageId";
const ACCOUNT_SCHEME: &str = "settlementBankAccount.scheme";

/// All but the price package, which depends on the partner.
pub static SECTIONS: [Section; 3] = [
    Section {
        title: "Your business",
        fields: &[
            field("Registered in", "businessIdentifier.scheme", REGISTERS),
            field("Business identifier", "businessIdentifier.id", Kind::Required),
            field("Sales unit name", "salesUnitName", Kind::Required),
            field("Country of the account", ACCOUNT_SCHEME, ACCOUNTS),
            field("Settlement account", "settlementBankAccount.id", Kind::Text),
        ],
    },
    Section {
        title: "Your order",
        fields: &[
            field("Product", "productType", Kind::Word(&ProductType::WORDS)),
            field("Where customers pay", "productUseCase", Kind::Word(&USE_CASES)),
            field("Intended purpose", "intendedPurpose", Kind::Text),
            field("Annual turnover", "annualTurnover", Kind::Number),
            field("Share of it through Vipps MobilePay, in percent", "annualTurnoverPercentage", Kind::Word(&TENS)),
            field("Merchant category code", "merchantCategoryCode", Kind::Text),
            field("Recurring payments", "hasRecurring", Kind::Check),
        ],
    },
    Section {
        title: "Your app or website",
        fields: &[
            field("Name of the app", "app.appName", Kind::Text),
            field("Website", "website.url", Kind::Text),
            field("Terms and conditions", "website.termsUrl", Kind::Text),
            field("Test website", "website.testWebsiteUrl", Kind::Text),
            field("User name there", "website.testWebsiteUsername", Kind::Text),
            field("Password there", "website.testWebsitePassword", Kind::Secret),
        ],
    },
];

/// What stands at a field's place, as one types it.
pub fn text_at(payload: &Value, name: &str) -> String {
    match payload.pointer(&format!("/{}", name.replace('.', "/"))) {
        // Most accounts are where the business is.
        None if name == ACCOUNT_SCHEME => match text_at(payload, "businessIdentifier.scheme").split(':').nth(1) {
            Some(country) => format!("BBAN:{country}"),
            None => String::new(),
        },
        None | Some(Value::Null | Value::Object(_) | Value::Array(_)) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// The product order that a sent form says. What the form has no field for, or a locked price
/// package, stays as it was in `before`.
pub fn payload(sent: &[(String, String)], before: &Value, package_is_locked: bool) -> Value {
    let mut order = Map::new();
    for kept in ["salesUnitLogo", "complianceData"] {
        keep(&mut order, before, kept);
    }
    for field in SECTIONS.iter().flat_map(|section| section.fields) {
        let text = sent.iter().find(|(name, _)| name == field.name).map_or("", |(_, value)| value.trim());
        match (&field.kind, text.parse::<i64>()) {
            (Kind::Check, _) => put(&mut order, field.name, Value::Bool(!text.is_empty())),
            (_, _) if text.is_empty() => {}
            (Kind::Number, Ok(number)) => put(&mut order, field.name, Value::from(number)),
            _ => put(&mut order, field.name, Value::from(text)),
        }
    }
    // The country alone is no account.
    if order.get("settlementBankAccount").is_some_and(|account| account.get("id").is_none()) {
        order.remove("settlementBankAccount");
    }
    match sent.iter().find(|(name, value)| name == PACKAGE && !value.is_empty()) {
        _ if package_is_locked => keep(&mut order, before, PACKAGE),
        Some((_, id)) => put(&mut order, PACKAGE, Value::from(id.as_str())),
        None => {}
    }
    Value::Object(order)
}

fn keep(order: &mut Map<String, Value>, before: &Value, name: &str) {
    if let Some(value) = before.get(name) {
        order.insert(name.to_owned(), value.clone());
    }
}

fn put(order: &mut Map<String, Value>, name: &str, value: Value) {
    match name.split_once('.') {
        None => {
            order.insert(name.to_owned(), value);
        }
        Some((outer, inner)) => {
            let object = order.entry(outer).or_insert_with(|| Value::Object(Map::new()));
            object[inner] = value;
        }
    }
}
