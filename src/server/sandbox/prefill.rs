//! The body of a product order, checked as upstream checks it: by the API, and when the merchant sends the form.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use uuid::Uuid;

use super::packages::{PricePackage, ProductType};
use super::strict::{Faults, Object};
use crate::domain::identifiers::{BusinessIdentifier, Market, check_digit_11};

const FIELDS: [&str; 13] = [
    "businessIdentifier*",
    "productType*",
    "salesUnitName?",
    "salesUnitLogo?",
    "settlementBankAccount?",
    "pricePackageId?",
    "productUseCase?",
    "annualTurnover?",
    "annualTurnoverPercentage?",
    "intendedPurpose?",
    "app?",
    "website?",
    "hasRecurring?",
];
/// Taken until the end of 2025.
const COMPLIANCE_DATA: &str = "complianceData?";
const CATEGORY: &str = "merchantCategoryCode?";
pub const USE_CASES: [&str; 4] = ["Website", "WebsiteWithTest", "App", "Unknown"];
pub const TENS: [&str; 10] = ["10", "20", "30", "40", "50", "60", "70", "80", "90", "100"];
/// Pixels of a logo's sides.
const LOGO_SIDES: std::ops::RangeInclusive<u32> = 100..=1000;

/// A checked order.
#[derive(Clone, Debug)]
pub struct Prefill {
    pub business: BusinessIdentifier,
    pub product_type: ProductType,
    pub price_package: Option<Uuid>,
    /// As it was sent, without a logo that is not taken.
    pub payload: Value,
}

/// What a partner may send: its price packages, and whether the older compliance data is still known.
#[derive(Clone, Copy)]
pub struct Allowed<'a> {
    pub packages: &'a [PricePackage],
    pub compliance_data: bool,
}

/// None where something was said; `faults` has it all.
pub fn read(body: &Value, allowed: Allowed, faults: &Faults) -> Option<Prefill> {
    let more = if allowed.compliance_data { &[CATEGORY, COMPLIANCE_DATA][..] } else { &[CATEGORY][..] };
    let order = Object::read(body, "", &[&FIELDS[..], more].concat(), faults)?;
    let business = order.object("businessIdentifier", &["scheme*", "id*"]).and_then(|object| business(&object));
    let product_type = order.choice("productType", &ProductType::WORDS).and_then(ProductType::parse);
    order.text("salesUnitName", NAME_RULE, is_sales_unit_name);
    if let Some(account) = order.object("settlementBankAccount", &["scheme*", "id*"]) {
        check_account(&account);
    }
    let price_package = order.text("pricePackageId", "must be a UUID", is_uuid);
    let price_package = price_package.and_then(|id| Uuid::parse_str(id).ok());
    if price_package.is_some_and(|id| !allowed.packages.iter().any(|package| package.id == id)) {
        order.fault("pricePackageId", "is not one of the partner's price packages");
    }
    order.choice("productUseCase", &USE_CASES);
    order.integer("annualTurnover", 0..=999_999_999);
    order.text("annualTurnoverPercentage", "must match ^(10|[1-9])0$", |text| TENS.contains(&text));
    order.text("intendedPurpose", "", |_| true);
    if let Some(app) = order.object("app", &["appName*"]) {
        app.text("appName", "", |_| true);
    }
    check_website(&order);
    order.flag("hasRecurring");
    check_category(&order);
    if let Some(compliance) = order.value("complianceData").filter(|_| allowed.compliance_data) {
        check_compliance_data(compliance, faults);
    }
    let mut payload = body.clone();
    let taken =
        order.text("salesUnitLogo", "must be base64", |text| STANDARD.decode(text).is_ok()).is_some_and(is_logo);
    if !taken && let Some(fields) = payload.as_object_mut() {
        fields.remove("salesUnitLogo");
    }
    Some(Prefill { business: business?, product_type: product_type?, price_package, payload })
}

pub const NAME_RULE: &str = r"must be 1 to 40 characters and match ^[\p{L}\p{M}\d\\(\)-_\+\s\.`]+$";

pub fn is_sales_unit_name(name: &str) -> bool {
    (1..=40).contains(&name.chars().count()) && name.chars().all(is_name_character)
}

/// `)-_` is a range in upstream's pattern: it takes in digits, capitals and much punctuation.
pub fn is_name_character(character: char) -> bool {
    matches!(character, ')'..='_' | '(' | '`') || character.is_whitespace() || is_letter_or_mark(character)
}

/// `\p{L}` or `\p{M}`.
fn is_letter_or_mark(character: char) -> bool {
    // Alphabetic are also the letter-like numbers and the symbols of letters in circles and squares.
    let symbol = matches!(character, '\u{24b6}'..='\u{24e9}' | '\u{1f130}'..='\u{1f189}');
    unicode_normalization::char::is_combining_mark(character)
        || character.is_alphabetic() && !character.is_numeric() && !symbol
}

/// Whether base64 holds a PNG of a size that upstream takes.
pub fn is_logo(base64: &str) -> bool {
    let Ok(bytes) = STANDARD.decode(base64) else { return false };
    let Some(mut chunks) = bytes.strip_prefix(b"\x89PNG\r\n\x1a\n") else { return false };
    let (mut sides_fit, mut pixels) = (false, false);
    while let Some((length, rest)) = chunks.split_first_chunk::<4>() {
        let length = u32::from_be_bytes(*length) as usize;
        let Some((kind, rest)) = rest.split_first_chunk::<4>() else { return false };
        // Behind the content stand four bytes of checksum.
        let Some((content, rest)) =
            rest.split_at_checked(length).and_then(|(content, rest)| Some((content, rest.get(4..)?)))
        else {
            return false;
        };
        let side = |at: usize| content.get(at..at + 4).and_then(|side| side.try_into().ok()).map(u32::from_be_bytes);
        match kind {
            b"IHDR" => sides_fit = [0, 4].iter().all(|at| side(*at).is_some_and(|side| LOGO_SIDES.contains(&side))),
            b"IDAT" => pixels = true,
            b"IEND" => return sides_fit && pixels,
            _ => {}
        }
        chunks = rest;
    }
    false
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36 && Uuid::parse_str(text).is_ok()
}

fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn business(object: &Object) -> Option<BusinessIdentifier> {
    let schemes = Market::ALL.map(Market::scheme);
    let market = |scheme: &str| Market::ALL.into_iter().find(|market| market.scheme() == scheme);
    let rule = format!("must be one of {}", schemes.join(", "));
    let scheme = object.text("scheme", &rule, |scheme| market(scheme).is_some());
    let id = object.text("id", r"must match ^[\d-]{4,50}$", |id| {
        (4..=50).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
    })?;
    let scheme = scheme?;
    let (fits, rule) = match market(scheme)? {
        Market::Norway => (id.len() == 9 && all_digits(id), "must be 9 digits in Norway"),
        Market::Denmark => (id.len() == 8 && all_digits(id), "must be 8 digits in Denmark"),
        Market::Finland => (
            id.len() == 9
                && id
                    .split_once('-')
                    .is_some_and(|(left, right)| left.len() == 7 && all_digits(left) && all_digits(right)),
            "must be 7 digits, a hyphen and a digit in Finland",
        ),
    };
    if !fits {
        object.fault("id", rule);
    }
    fits.then(|| BusinessIdentifier::new(scheme, id))
}

fn check_account(account: &Object) {
    let scheme = account.text("scheme", "must be BBAN:NO, BBAN:DK or BBAN:FI; IBAN is not supported", |scheme| {
        ["BBAN:NO", "BBAN:DK", "BBAN:FI"].contains(&scheme)
    });
    let id = account.text("id", r"must match ^\d{9,34}$", |id| (9..=34).contains(&id.len()) && all_digits(id));
    let (Some(scheme), Some(id)) = (scheme, id) else { return };
    let (fits, rule) = match scheme {
        "BBAN:NO" => (is_norwegian_account(id), "must be the 11 digits of a Norwegian account"),
        "BBAN:DK" => (id.len() == 14, "must be 4 digits of registration number and 10 of account number"),
        _ => (true, ""),
    };
    if !fits {
        account.fault("id", rule);
    }
}

fn is_norwegian_account(id: &str) -> bool {
    let digits: Vec<u32> = id.bytes().map(|byte| u32::from(byte - b'0')).collect();
    digits.len() == 11 && check_digit_11(&digits[..10], &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) == Some(digits[10])
}

fn check_website(order: &Object) {
    let fields = ["url*", "termsUrl*", "testWebsiteUrl?", "testWebsiteUsername?", "testWebsitePassword?"];
    let Some(website) = order.object("website", &fields) else { return };
    for name in ["url", "termsUrl", "testWebsiteUrl"] {
        // Upstream's own sample has a blank behind the address.
        website.text(name, "must be an https address", |url| {
            reqwest::Url::parse(url.trim()).is_ok_and(|url| url.scheme() == "https" && url.has_host())
        });
    }
    for name in ["testWebsiteUsername", "testWebsitePassword"] {
        website.text(name, "", |_| true);
    }
}

/// Documented as a string, shown as a number in upstream's sample: both are taken.
fn check_category(order: &Object) {
    let fits = match order.value("merchantCategoryCode") {
        None => true,
        Some(Value::String(text)) => text.len() == 4 && all_digits(text),
        Some(number) => number.as_u64().is_some_and(|number| (1000..=9999).contains(&number)),
    };
    if !fits {
        order.fault("merchantCategoryCode", "must match ^[0-9]{4}$");
    }
}

/// Block, its texts, its flags.
type Block = (&'static str, &'static [&'static str], &'static [&'static str]);

const COMPLIANCE: [Block; 8] = [
    ("giftCard", &["validityDuration?", "giftCardTurnoverShare?"], &["isSalesPercentageLessThanTen*"]),
    ("membership", &["turnoverShare*", "membershipValidity", "periodDistribution*"], &[]),
    ("subscription", &["turnoverShare*", "periodDistribution*"], &[]),
    (
        "course",
        &["turnoverShare*", "timeBeforeOrder*", "period*", "onlineAccessibleTime?"],
        &["isOnlineCourseOffered?"],
    ),
    ("ticket", &["turnoverShare*", "prepurchaseTime*"], &[]),
    ("rent", &["turnoverShare*", "prepurchaseTime*", "averageRentalDuration*"], &[]),
    ("prepaidServices", &["turnoverShare*", "prepurchaseTime*"], &[]),
    ("donation", &[], &["acceptsDonation*"]),
];

fn check_compliance_data(value: &Value, faults: &Faults) {
    let blocks = COMPLIANCE.map(|(block, ..)| format!("{block}?"));
    let blocks: Vec<&str> = blocks.iter().map(String::as_str).collect();
    let Some(compliance) = Object::read(value, "complianceData", &blocks, faults) else { return };
    for (name, texts, flags) in COMPLIANCE {
        let Some(block) = compliance.object(name, &[texts, flags].concat()) else { continue };
        for text in texts.iter().map(|text| text.trim_end_matches(['*', '?'])) {
            if text == "membershipValidity" {
                block.choice(text, &["CurrentCalendarYear", "OneYearFromPayment"]);
            } else {
                block.text(text, "", |_| true);
            }
        }
        for flag in flags {
            block.flag(flag.trim_end_matches(['*', '?']));
        }
    }
}

impl Prefill {
    /// A text of the payload; `path` is a JSON pointer such as `/website/url`.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.payload.pointer(path).and_then(Value::as_str)
    }
}
