//! What typically delays an order, said before it is sent. None of it stops the order.

use super::check::{Known, Warning, package};
use super::field::{Field, Group, UseCase};
use super::form::PrefillForm;
use super::{applies, product_fits, takes_payments, values};
use crate::domain::bank_account;
use crate::domain::product_order::ProductType;

/// Fewer letters than this hardly describe what is sold.
const SHORT_PURPOSE: usize = 30;

/// How words begin by which a purpose tells of a place where people stand at a till.
const TILL_WORDS: [&str; 8] = ["store", "shop", "physical", "cashier", "butik", "kass", "utsalg", "myymälä"];

/// `sent` holds only fields that apply.
pub(super) fn warnings(sent: &PrefillForm, known: &Known) -> Vec<Warning> {
    let mut found = Vec::new();
    let mut say = |code, field: Option<Field>, text: &str| found.push(Warning { code, field, text: text.to_owned() });
    purpose(sent, &mut say);
    place(sent, &mut say);
    price(sent, known, &mut say);
    merchant(sent, known, &mut say);
    found
}

type Say<'a> = &'a mut dyn FnMut(&'static str, Option<Field>, &str);

fn purpose(sent: &PrefillForm, say: Say) {
    let field = Some(Field::IntendedPurpose);
    let purpose = sent.get(Field::IntendedPurpose).to_lowercase();
    let length = purpose.chars().filter(|character| character.is_alphanumeric()).count();
    if length == 0 {
        say("purpose_empty", field, "Say what is sold and how: without it, Vipps MobilePay has to ask the merchant.");
    } else if length < SHORT_PURPOSE {
        say("purpose_short", field, "This is short: goods or services not described well enough are a usual delay.");
    }

    let product = sent.product_type();
    let unknown = sent.use_case() == Some(UseCase::Unknown) && product.as_ref().is_some_and(takes_payments);
    let at_a_till = product == Some(ProductType::Cashier) || unknown;
    let mut words = purpose.split(|character: char| !character.is_alphanumeric());
    let told = purpose.contains("point of sale")
        || words.any(|word| word == "pos" || TILL_WORDS.iter().any(|beginning| word.starts_with(beginning)));
    if at_a_till && !told {
        say(
            "purpose_point_of_sale",
            field,
            "Say if this is for a point of sale in a shop: only this text can tell, and skipping the landing page \
             depends on it.",
        );
    }
}

fn place(sent: &PrefillForm, say: Say) {
    let product = sent.product_type();
    let online = matches!(product, Some(ProductType::PaymentIntegration | ProductType::Checkout));
    let use_case = sent.use_case();
    if use_case.is_none() && product.as_ref().is_some_and(takes_payments) {
        say("use_case_absent", Some(Field::UseCase), "Without a use case, the merchant has to choose it.");
    }
    if use_case == Some(UseCase::App) && !sent.has(Field::AppName) {
        say("app_name_absent", Some(Field::AppName), "Without the app's name, the merchant has to fill it in.");
    }
    if online && !sent.has(Field::WebsiteUrl) && !matches!(use_case, Some(UseCase::App | UseCase::Unknown)) {
        say(
            "website_absent",
            Some(Field::WebsiteUrl),
            "Payments online need a website with terms of sale; without one, the order tends to wait.",
        );
    }

    let website = values::web_address(sent.get(Field::WebsiteUrl)).ok();
    if let Some(website) = &website {
        say(
            "website_duties",
            Some(Field::WebsiteUrl),
            "The organisation number and the legally required terms must be visible there, or on the platform where \
             the goods are sold.",
        );
        if values::web_address(sent.get(Field::TermsUrl)).is_ok_and(|terms| page(&terms) == page(website)) {
            say(
                "terms_same_as_website",
                Some(Field::TermsUrl),
                "This is the same page as the website: link the terms of sale themselves.",
            );
        }
    }
    for field in [Field::WebsiteUrl, Field::TermsUrl, Field::TestWebsiteUrl] {
        if values::web_address(sent.get(field)).is_ok_and(|address| !values::host(&address).is_ascii()) {
            say("host_not_ascii", Some(field), "Upstream may not take special letters: the form with xn-- is safer.");
        }
    }

    if use_case == Some(UseCase::WebsiteWithTest) && !sent.has(Field::TestWebsiteUrl) {
        say("test_website_absent", Some(Field::TestWebsiteUrl), "The address of the test website is missing.");
    }
    match (sent.has(Field::TestWebsiteUsername), sent.has(Field::TestWebsitePassword)) {
        (true, false) => {
            say("test_login_half", Some(Field::TestWebsitePassword), "There is a user name, but no password.")
        }
        (false, true) => {
            say("test_login_half", Some(Field::TestWebsiteUsername), "There is a password, but no user name.")
        }
        _ => {}
    }
}

/// The page without what only points into it.
fn page(address: &str) -> &str {
    address.split('#').next().unwrap_or_default().trim_end_matches('/')
}

fn price(sent: &PrefillForm, known: &Known, say: Say) {
    let field = Some(Field::PricePackage);
    let product = sent.product_type();
    let id = sent.get(Field::PricePackage);
    match (&product, package(id, known)) {
        // Where the partner has one package only, there is nothing to pick.
        (Some(product), _) if id.is_empty() && takes_payments(product) && known.price_packages.len() != 1 => {
            say("price_package_absent", field, "No price package is chosen: the merchant will pick one.");
        }
        (Some(product), Some(package)) if !product_fits(package, product) => {
            let text = format!("This price package is for another product: {}.", package.product_type.label());
            say("price_package_product", field, &text);
        }
        (_, None) if !id.is_empty() => {
            say(
                "price_package_unchecked",
                field,
                "The price packages are not fetched yet, so this one is not checked.",
            );
        }
        _ => {}
    }
    if sent.has(Field::HasRecurring) {
        say(
            "recurring_checks",
            Some(Field::HasRecurring),
            "Recurring payments add checks by Vipps MobilePay, so the order takes longer.",
        );
    }
    let compliance = applies(Field::GiftCardUnderTen, sent, known.compliance);
    if compliance && product.is_some() && !sent.fields().any(|field| field.group() == Group::Compliance) {
        say(
            "compliance_empty",
            None,
            "No compliance data is filled in: if something is sold before it is delivered, the merchant has to.",
        );
    }
}

fn merchant(sent: &PrefillForm, known: &Known, say: Say) {
    // A merchant with sales units has signed its agreement before.
    if known.merchant_name.is_none() {
        say(
            "signing_rights",
            None,
            "A merchant that is new to Vipps MobilePay signs an agreement first; only a person with signing rights can.",
        );
    }
    if let Some((width, height)) = known.logo_png.filter(|_| sent.has(Field::Logo)).and_then(values::logo_size)
        && width != height
    {
        say("logo_not_square", Some(Field::Logo), "The logo is not square: it will have margins or be cut.");
    }
    let account = sent.market().map(|market| bank_account::from_typed(market, sent.get(Field::SettlementAccount)));
    if let Some(Ok((account, converted))) = account {
        if let Some(converted) = converted {
            say("account_converted", Some(Field::SettlementAccount), &converted.to_string());
        }
        if !account.is_of_usual_length() {
            say(
                "account_length",
                Some(Field::SettlementAccount),
                "A Finnish account number has 14 digits today: paste the IBAN to be sure.",
            );
        }
    }
}
