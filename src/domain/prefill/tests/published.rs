//! Whatever is typed: a request is as upstream's published schema wants it.

use std::cell::Cell;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use regex::Regex;
use serde_json::{Map, Value};

use super::super::*;
use super::{PACKAGE, packages, png};

/// A property: its name, whether it must be there, and what it may be.
type Property = (&'static str, bool, Allowed);

enum Allowed {
    /// Least and most characters, and the pattern.
    Text(usize, usize, &'static str),
    Word(&'static [&'static str]),
    Number(u64),
    Bool,
    Object(&'static [Property]),
}
use Allowed::{Bool, Number, Object, Text, Word};

const ANY: Allowed = Text(0, usize::MAX, "(?s)^.*$");
const HTTPS: Allowed = Text(0, usize::MAX, r"^https://[^\s/?#@]+\.[^\s/?#@]+(/\S*)?$");

const REQUEST: &[Property] = &[
    (
        "businessIdentifier",
        true,
        Object(&[
            ("scheme", true, Text(10, 30, "^business:(NO:ORG|DK:CVR|FI:Y-tunnus)$")),
            ("id", true, Text(0, 50, r"^[\d-]{4,50}$")),
        ]),
    ),
    ("salesUnitName", false, Text(1, 40, r"^[\p{L}\p{M}\d\\(\)-_\+\s\.`]+$")),
    ("salesUnitLogo", false, Text(0, usize::MAX, "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$")),
    (
        "settlementBankAccount",
        false,
        Object(&[("scheme", true, Text(5, 20, "^BBAN:(NO|DK|FI)$")), ("id", true, Text(0, 34, r"^\d{9,34}$"))]),
    ),
    ("pricePackageId", false, Text(36, 36, "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")),
    ("productType", true, Word(&["PAYMENT_INTEGRATION", "CASHIER", "CHECKOUT", "LOGIN", "DONATIONS"])),
    ("productUseCase", false, Word(&["Website", "WebsiteWithTest", "App", "Unknown"])),
    ("annualTurnover", false, Number(999_999_999)),
    ("annualTurnoverPercentage", false, Text(0, 3, "^(10|[1-9])0$")),
    ("intendedPurpose", false, ANY),
    ("app", false, Object(&[("appName", true, ANY)])),
    (
        "website",
        false,
        Object(&[
            ("url", true, HTTPS),
            ("termsUrl", true, HTTPS),
            ("testWebsiteUrl", false, HTTPS),
            ("testWebsiteUsername", false, ANY),
            ("testWebsitePassword", false, ANY),
        ]),
    ),
    ("hasRecurring", false, Bool),
    ("merchantCategoryCode", false, Text(4, 4, "^[0-9]{4}$")),
    ("complianceData", false, Object(COMPLIANCE)),
];

const COMPLIANCE: &[Property] = &[
    (
        "giftCard",
        false,
        Object(&[
            ("isSalesPercentageLessThanTen", true, Bool),
            ("validityDuration", false, ANY),
            ("giftCardTurnoverShare", false, ANY),
        ]),
    ),
    (
        "membership",
        false,
        Object(&[
            ("turnoverShare", true, ANY),
            ("membershipValidity", false, Word(&["CurrentCalendarYear", "OneYearFromPayment"])),
            ("periodDistribution", true, ANY),
        ]),
    ),
    ("subscription", false, Object(&[("turnoverShare", true, ANY), ("periodDistribution", true, ANY)])),
    (
        "course",
        false,
        Object(&[
            ("turnoverShare", true, ANY),
            ("timeBeforeOrder", true, ANY),
            ("period", true, ANY),
            ("isOnlineCourseOffered", false, Bool),
            ("onlineAccessibleTime", false, ANY),
        ]),
    ),
    ("ticket", false, Object(&[("turnoverShare", true, ANY), ("prepurchaseTime", true, ANY)])),
    (
        "rent",
        false,
        Object(&[("turnoverShare", true, ANY), ("prepurchaseTime", true, ANY), ("averageRentalDuration", true, ANY)]),
    ),
    ("prepaidServices", false, Object(&[("turnoverShare", true, ANY), ("prepurchaseTime", true, ANY)])),
    ("donation", false, Object(&[("acceptsDonation", true, Bool)])),
];

/// What of an object breaks the schema. Properties the schema does not name do, too.
fn violations(object: &Map<String, Value>, properties: &[Property]) -> Vec<String> {
    let mut found: Vec<String> =
        object.keys().filter(|key| properties.iter().all(|(name, ..)| name != key)).cloned().collect();
    for (name, required, allowed) in properties {
        let right = match (object.get(*name), allowed) {
            (None, _) => !required,
            (Some(Value::String(text)), Text(least, most, pattern)) => {
                let length = text.encode_utf16().count();
                (*least..=*most).contains(&length) && Regex::new(pattern).unwrap().is_match(text)
            }
            (Some(Value::String(text)), Word(words)) => words.contains(&text.as_str()),
            (Some(Value::Number(number)), Number(most)) => number.as_u64().is_some_and(|number| number <= *most),
            (Some(Value::Bool(_)), Bool) => true,
            (Some(Value::Object(inner)), Object(properties)) => {
                found.extend(violations(inner, properties));
                true
            }
            _ => false,
        };
        if !right {
            found.push(format!("{name}: {:?}", object.get(*name)));
        }
    }
    found
}

/// Values that are right for a field, in a way people may write them.
fn right(field: Field, market: Market) -> Vec<String> {
    let of = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
    match (field, market) {
        (Field::Market, market) => of(&[market.code()]),
        (Field::BusinessIdentifier, Market::Norway) => of(&["918 713 867", "NO918713867MVA"]),
        (Field::BusinessIdentifier, Market::Denmark) => of(&["DK-16427888", "43 30 09 46"]),
        (Field::BusinessIdentifier, Market::Finland) => of(&["3330214-4", "FI33302144"]),
        (Field::SettlementAccount, Market::Norway) => of(&["8601.11.17947", "NO93 8601 1117 947"]),
        (Field::SettlementAccount, Market::Denmark) => of(&["0040 440116243", "DK5000400440116243"]),
        (Field::SettlementAccount, Market::Finland) => of(&["123456-785", "FI2112345600000785"]),
        (Field::PricePackage, _) => of(&[PACKAGE, &PACKAGE.to_uppercase()]),
        (Field::SalesUnitName, _) => of(&["Kaffe (Ås) 1.", "a`b_c", "Kahvila Ääkkönen"]),
        (Field::Logo, _) => vec!["0".repeat(64)],
        (Field::MerchantCategoryCode, _) => of(&["5942", "0001"]),
        (Field::AnnualTurnover, _) => of(&["0", "999 999 999", "5000"]),
        (Field::HasRecurring, _) => of(&["on"]),
        (field, _) => match field.kind() {
            InputKind::Select => field.choices().into_iter().map(|choice| choice.value).collect(),
            InputKind::Url => of(&["https://example.com", "HTTPS://Shop.Example.com:8443?a=b", "https://ås.no/æ"]),
            _ => of(&["about 25 %", "One \"two\"\nthree"]),
        },
    }
}

/// Mostly right forms: each field right or empty, and then up to two with anything in them.
fn forms() -> impl Strategy<Value = PrefillForm> {
    let seeds = proptest::collection::vec(any::<u8>(), Field::ALL.len());
    let market = proptest::sample::select(&Market::ALL[..]);
    let anything = prop_oneof![".{0,50}", "[0-9 -]{3,16}", "https://[a-z./:?#@A-ZåÅ]{1,20}"];
    let spoilt = proptest::collection::vec((proptest::sample::select(Field::ALL), anything), 0..3);
    (market, seeds, spoilt).prop_map(|(market, seeds, spoilt)| {
        let mut form = PrefillForm::default();
        for (field, seed) in Field::ALL.iter().zip(seeds) {
            let values = right(*field, market);
            if field.is_required() || field.group() == Group::Compliance && seed < 220 || seed % 2 == 0 {
                form.set(*field, values[usize::from(seed / 2) % values.len()].clone());
            }
        }
        for (field, value) in spoilt {
            form.set(field, value);
        }
        form
    })
}

#[test]
fn every_request_is_as_upstreams_schema_wants_it() {
    let (packages, logo) = (packages(), png(640, 480));
    let (requests, refusals) = (Cell::new(0), Cell::new(0));
    let outcome = TestRunner::deterministic().run(&(forms(), any::<bool>()), |(form, compliance)| {
        let known = Known { price_packages: &packages, compliance, logo_png: Some(&logo), merchant_name: None };
        let checked = check(&form, &known);
        prop_assert_eq!(checked.request.is_some(), checked.faults.is_empty());
        let Some(request) = checked.request else {
            refusals.set(refusals.get() + 1);
            return Ok(());
        };
        requests.set(requests.get() + 1);
        let json = serde_json::to_value(&request).unwrap();
        prop_assert_eq!(violations(json.as_object().unwrap(), REQUEST), Vec::<String>::new());
        prop_assert_eq!(json.get("complianceData").is_some() && !compliance, false);

        // What is kept and sent again is the same request.
        let again = check(&PrefillForm::from_pairs(form.to_pairs()), &known);
        prop_assert_eq!(again.request, Some(request));
        Ok(())
    });
    outcome.unwrap();
    assert!(requests.get() > 30 && refusals.get() > 30, "{} requests, {} refusals", requests.get(), refusals.get());
}
