//! A prefill: a product order that is filled in for a merchant, who then looks it over and
//! submits it (Management API, `POST product-orders`).
//!
//! [`PrefillForm`] is what was typed. [`asked`] says which of its fields mean something together,
//! and [`check`] makes a [`PrefillRequest`] of it, or says why not. What upstream would refuse is
//! a fault; what only tends to delay the order is a warning.

mod check;
mod field;
mod form;
mod refusal;
mod request;
mod values;
mod warnings;

pub use check::{Checked, Fault, Known, Warning, check, value_fault};
pub use field::{Choice, Field, Group, InputKind, NO, UseCase, YES};
pub use form::PrefillForm;
pub use refusal::field_of;
pub use request::PrefillRequest;
pub use values::{LOGO_LONGEST_SIDE, LOGO_MOST_BYTES, LOGO_SHORTEST_SIDE, logo_size, logo_size_fault, name_within};

use super::identifiers::Market;
use super::price_package::PricePackage;
use super::product_order::ProductType;

/// The fields that are asked for, in the order of the form. As long as product or use case is
/// not chosen, it does not narrow them. `compliance`: whether this upstream still takes
/// compliance data.
pub fn asked(form: &PrefillForm, compliance: bool) -> Vec<Field> {
    Field::ALL.iter().copied().filter(|field| applies(*field, form, compliance)).collect()
}

/// Whether a field means something together with the chosen product and use case. What does not
/// apply is not sent.
pub fn applies(field: Field, form: &PrefillForm, compliance: bool) -> bool {
    let product = form.product_type();
    let for_payments = product.as_ref().is_none_or(takes_payments);
    let use_case = form.use_case();
    match field {
        Field::PricePackage | Field::HasRecurring => for_payments,
        Field::AppName => matches!(use_case, None | Some(UseCase::App)),
        Field::WebsiteUrl | Field::TermsUrl => {
            matches!(use_case, None | Some(UseCase::Website | UseCase::WebsiteWithTest))
        }
        Field::TestWebsiteUrl | Field::TestWebsiteUsername | Field::TestWebsitePassword => {
            matches!(use_case, None | Some(UseCase::WebsiteWithTest))
        }
        Field::MerchantCategoryCode
        | Field::AnnualTurnover
        | Field::AnnualTurnoverPercentage
        | Field::SettlementAccount => product != Some(ProductType::Login),
        field if field.group() == Group::Compliance => compliance && for_payments,
        _ => true,
    }
}

/// The price packages as choices. None is left out, because market and product may still be
/// changed; those that fit what is chosen so far come first.
pub fn price_package_choices(packages: &[PricePackage], form: &PrefillForm) -> Vec<Choice> {
    let fits = |package: &PricePackage| {
        let (market, product) = (form.market(), form.product_type());
        let market = market.is_none_or(|market| market_fits(package, market));
        market && product.is_none_or(|product| product_fits(package, &product))
    };
    let mut sorted: Vec<&PricePackage> = packages.iter().collect();
    sorted.sort_by_key(|package| !fits(package));
    sorted.into_iter().map(|package| Choice::new(package.id.clone(), price_package_label(package))).collect()
}

/// A price package in one line: `POS standard, 2.99%, Point of sale, Norway`.
pub fn price_package_label(package: &PricePackage) -> String {
    let market = package.market.as_deref();
    let market = market
        .map(|code| Market::ALL.into_iter().find(|known| known.code() == code).map_or(code, |known| known.name()));
    let product = (package.product_type != ProductType::Unknown).then(|| package.product_type.label());
    let parts = [Some(package.name.as_str()), Some(package.description.as_str()), product, market];
    let parts: Vec<&str> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
    parts.join(", ")
}

/// A field's value as people read it. What is too long for that, a picture and a secret, is left to
/// whoever shows it. `packages` are the partner's own.
pub fn readable(field: Field, value: &str, packages: &[PricePackage]) -> String {
    match field.kind() {
        _ if field == Field::PricePackage => packages
            .iter()
            .find(|package| package.id.eq_ignore_ascii_case(value))
            .map_or_else(|| value.to_owned(), |package| format!("{}, {}", package.name, package.description)),
        InputKind::Checkbox => if value.is_empty() { "No" } else { "Yes" }.to_owned(),
        InputKind::Select => {
            let choice = field.choices().into_iter().find(|choice| choice.value == value);
            choice.map_or_else(|| value.to_owned(), |choice| choice.label)
        }
        _ => value.to_owned(),
    }
}

fn takes_payments(product: &ProductType) -> bool {
    matches!(product, ProductType::PaymentIntegration | ProductType::Cashier | ProductType::Checkout)
}

/// A package that names no market is for all of them.
fn market_fits(package: &PricePackage, market: Market) -> bool {
    package.market.as_deref().is_none_or(|code| code.eq_ignore_ascii_case(market.code()))
}

/// Only packages that name a product of today can be for another one.
fn product_fits(package: &PricePackage, product: &ProductType) -> bool {
    !ProductType::CURRENT.contains(&package.product_type) || package.product_type == *product
}

#[cfg(test)]
mod tests;
