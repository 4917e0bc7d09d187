//! From a form to a request, or to what is wrong with it.

use super::field::{Field, Group, InputKind};
use super::form::PrefillForm;
use super::request::{PrefillRequest, request};
use super::warnings::warnings;
use super::{applies, market_fits, values};
use crate::domain::bank_account;
use crate::domain::identifiers::business_identifier_from_typed;
use crate::domain::price_package::PricePackage;

/// What the portal knows besides the form.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known<'a> {
    /// Those of the partner who sends. Empty if they have not been fetched yet.
    pub price_packages: &'a [PricePackage],
    /// Whether this upstream still takes compliance data.
    pub compliance: bool,
    /// The bytes of the picture that the form's `logo` names; none if there is none or it is gone.
    pub logo_png: Option<&'a [u8]>,
    /// The merchant's name, if the portal's copy has a merchant with this business identifier.
    pub merchant_name: Option<&'a str>,
}

/// Something that must be changed before the prefill can be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub field: Field,
    pub text: String,
}

impl Fault {
    /// The field's label, and what is wrong with it.
    pub fn sentence(&self) -> String {
        format!("{}: {}", self.field.label(), self.text)
    }
}

/// Something that may delay the order, or that staff should know before they send it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    pub code: &'static str,
    /// None if it is about the whole order.
    pub field: Option<Field>,
    pub text: String,
}

impl Warning {
    /// Tells it from the others of one form, so that it can be noted that it has been shown.
    pub fn name(&self) -> String {
        format!("{}:{}", self.code, self.field.map_or("", Field::name))
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Checked {
    /// There is one exactly if there are no faults.
    pub request: Option<PrefillRequest>,
    /// In the order of the form.
    pub faults: Vec<Fault>,
    pub warnings: Vec<Warning>,
}

impl Checked {
    pub fn fault_of(&self, field: Field) -> Option<&str> {
        self.faults.iter().find(|fault| fault.field == field).map(|fault| fault.text.as_str())
    }

    pub fn warnings_of(&self, field: Option<Field>) -> impl Iterator<Item = &Warning> {
        self.warnings.iter().filter(move |warning| warning.field == field)
    }
}

pub fn check(form: &PrefillForm, known: &Known) -> Checked {
    let sent = form.only(|field| applies(field, form, known.compliance));
    let wrong = sent.fields().filter_map(|field| Some(Fault { field, text: value_fault(&sent, field, known)? }));
    let mut faults: Vec<Fault> = wrong.chain(missing(&sent)).collect();
    faults.sort_by_key(|fault| fault.field);

    let left_out = form.fields().filter(|field| !sent.has(*field)).map(|field| Warning {
        code: "not_sent",
        field: Some(field),
        text: match field.only_for() {
            Some(only) if known.compliance || field.group() != Group::Compliance => {
                format!("This will not be sent ({}).", only.to_lowercase().replace("login", "Login"))
            }
            _ => "This will not be sent: it is not taken any more.".to_owned(),
        },
    });
    let mut warnings: Vec<Warning> = left_out.chain(warnings(&sent, known)).collect();
    warnings.sort_by_key(|warning| warning.field);
    Checked { request: if faults.is_empty() { request(&sent, known) } else { None }, faults, warnings }
}

/// What is wrong with a filled-in field, whatever the others are, but for the market that
/// identifiers, accounts and packages belong to.
pub fn value_fault(form: &PrefillForm, field: Field, known: &Known) -> Option<String> {
    let text = form.get(field);
    if text.is_empty() {
        return None;
    }
    let length = values::utf16_length(text);
    if let Some(longest) = field.maxlength().filter(|longest| length > *longest && field != Field::SalesUnitName) {
        return Some(format!("This has {length} characters; at most {longest} are taken."));
    }
    let market = form.market();
    match field {
        Field::BusinessIdentifier => match market {
            Some(market) => business_identifier_from_typed(market, text).err(),
            None => Some("Choose the market first: each has its own numbers.".to_owned()),
        },
        Field::SettlementAccount => match market {
            Some(market) => bank_account::from_typed(market, text).err(),
            None => Some("Choose the market first: each has its own accounts.".to_owned()),
        },
        Field::SalesUnitName => values::sales_unit_name(text).err(),
        Field::Logo => logo_fault(text, known),
        Field::MerchantCategoryCode => values::category_code(text).err(),
        Field::AnnualTurnover => values::turnover(text).err(),
        Field::PricePackage => price_package_fault(form, known),
        _ => match field.kind() {
            InputKind::Url => values::web_address(text).err(),
            InputKind::Select if !field.choices().iter().any(|choice| choice.value == text) => {
                Some("Choose one of the list.".to_owned())
            }
            _ => None,
        },
    }
}

fn logo_fault(hash: &str, known: &Known) -> Option<String> {
    let is_hash = hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    let Some(png) = known.logo_png.filter(|_| is_hash) else {
        return Some("The picture is not here any more: choose the file again.".to_owned());
    };
    if png.len() > values::LOGO_MOST_BYTES {
        return Some("The picture's file has more than 1 MB.".to_owned());
    }
    match values::logo_size(png) {
        Some((width, height)) => values::logo_size_fault(width, height),
        None => Some("The picture is no PNG.".to_owned()),
    }
}

fn price_package_fault(form: &PrefillForm, known: &Known) -> Option<String> {
    let id = form.get(Field::PricePackage);
    if uuid::Uuid::try_parse(id).is_err() {
        return Some("Choose one of the list.".to_owned());
    }
    let Some(package) = package(id, known) else {
        let fetched = !known.price_packages.is_empty();
        return fetched.then(|| "This price package is not among the partner's any more: choose another.".to_owned());
    };
    let market = form.market()?;
    let fits = market_fits(package, market);
    (!fits).then(|| {
        let other = package.market.as_deref().unwrap_or_default();
        format!("This price package is for {other}, but the market is {} ({}).", market.name(), market.code())
    })
}

pub(super) fn package<'a>(id: &str, known: &Known<'a>) -> Option<&'a PricePackage> {
    known.price_packages.iter().find(|package| package.id.eq_ignore_ascii_case(id))
}

/// What upstream requires: always, or as soon as something beside it is filled in.
fn missing(sent: &PrefillForm) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut say = |field: Field, text: String| {
        if !sent.has(field) {
            faults.push(Fault { field, text });
        }
    };
    let name = sent.market().map_or("The business identifier", |market| market.identifier_name());
    say(Field::Market, "Choose the market.".to_owned());
    say(Field::BusinessIdentifier, format!("{name} is missing."));
    say(Field::ProductType, "Choose the product.".to_owned());

    let is_website = |field: &Field| field.kind() == InputKind::Url || field.name().starts_with("test_website");
    if sent.fields().any(|field| is_website(&field)) {
        say(Field::WebsiteUrl, "The website's own address is missing.".to_owned());
        say(Field::TermsUrl, "The terms page is missing: a website is not taken without it.".to_owned());
    }
    for (fields, required) in COMPLIANCE_BLOCKS {
        if fields.iter().any(|field| sent.has(*field)) {
            for field in *required {
                say(*field, "This is missing: it belongs to what is filled in beside it.".to_owned());
            }
        }
    }
    faults
}

/// The blocks of the compliance data: their fields, and those without which a block is not taken.
const COMPLIANCE_BLOCKS: &[(&[Field], &[Field])] = {
    use Field::*;
    &[
        (&[GiftCardUnderTen, GiftCardValidity, GiftCardShare], &[GiftCardUnderTen]),
        (&[MembershipShare, MembershipValidity, MembershipPeriods], &[MembershipShare, MembershipPeriods]),
        (&[SubscriptionShare, SubscriptionPeriods], &[SubscriptionShare, SubscriptionPeriods]),
        (
            &[CourseShare, CourseOrderedBefore, CoursePeriod, CourseOnline, CourseOnlineTime],
            &[CourseShare, CourseOrderedBefore, CoursePeriod],
        ),
        (&[TicketShare, TicketPrepurchase], &[TicketShare, TicketPrepurchase]),
        (&[RentShare, RentPrepurchase, RentDuration], &[RentShare, RentPrepurchase, RentDuration]),
        (&[PrepaidShare, PrepaidPrepurchase], &[PrepaidShare, PrepaidPrepurchase]),
    ]
};
