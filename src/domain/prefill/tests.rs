//! The prefill as a whole. What upstream takes is written down here a second time, from its
//! published schema, so that the rules and their test do not share a mistake.

mod published;

use serde_json::json;

use super::*;
use crate::domain::sales_unit::Flag;

type Pairs<'a> = &'a [(&'a str, &'a str)];

pub(super) const PACKAGE: &str = "8a11afb7-c223-48ed-8ca6-4722b97261aa";
const DANISH_PACKAGE: &str = "0b0f4d0e-6c52-4b7e-9d0a-0d7e3f1f2a11";

pub(super) fn packages() -> Vec<PricePackage> {
    let package = |id: &str, product_type, market: Option<&str>| PricePackage {
        id: id.to_owned(),
        name: "Standard".to_owned(),
        description: "2.99%".to_owned(),
        product_type,
        market: market.map(ToOwned::to_owned),
        commission: None,
        visible_in_signup_form: Flag::Yes,
    };
    vec![
        package(PACKAGE, ProductType::PaymentIntegration, None),
        package(DANISH_PACKAGE, ProductType::Cashier, Some("DK")),
    ]
}

/// The header is all that the domain looks at.
pub(super) fn png(width: u32, height: u32) -> Vec<u8> {
    [b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".as_slice(), &width.to_be_bytes(), &height.to_be_bytes()].concat()
}

fn form(pairs: Pairs) -> PrefillForm {
    PrefillForm::from_pairs(pairs.iter().copied())
}

const WEBSITE: [(&str, &str); 9] = [
    ("market", "NO"),
    ("business_identifier", "NO 918 713 867 MVA"),
    ("sales_unit_name", "Ørjans Kaffe (Sentrum)"),
    ("product_type", "PAYMENT_INTEGRATION"),
    ("use_case", "Website"),
    ("intended_purpose", "Coffee beans and cups, sold on the website and sent by post."),
    ("price_package_id", PACKAGE),
    ("website_url", "https://example.com"),
    ("terms_url", "https://example.com/terms"),
];

fn with(changes: Pairs) -> PrefillForm {
    let mut form = form(&WEBSITE);
    for (name, value) in changes {
        form.set(Field::from_name(name).unwrap(), *value);
    }
    form
}

fn checked(form: &PrefillForm) -> Checked {
    let packages = packages();
    check(form, &Known { price_packages: &packages, ..Known::default() })
}

#[test]
fn a_request_has_upstreams_names_and_nothing_that_is_not_filled_in() {
    let hash = "0".repeat(64);
    let full = with(&[
        ("use_case", "WebsiteWithTest"),
        ("logo", &hash),
        ("merchant_category_code", "5942"),
        ("has_recurring", "on"),
        ("test_website_url", "https://test.example.com"),
        ("test_website_username", "tester"),
        ("test_website_password", "sesame"),
        ("annual_turnover", "100 000"),
        ("annual_turnover_percentage", "20"),
        ("settlement_account", "NO93 8601 1117 947"),
        ("gift_card_under_ten_percent", "no"),
        ("gift_card_validity", "3 years"),
        ("gift_card_turnover_share", "15 %"),
        ("membership_turnover_share", "1 %"),
        ("membership_validity", "OneYearFromPayment"),
        ("membership_period_distribution", "yearly"),
        ("subscription_turnover_share", "2 %"),
        ("subscription_period_distribution", "monthly"),
        ("course_turnover_share", "3 %"),
        ("course_time_before_order", "10 days"),
        ("course_period", "6 weeks"),
        ("course_online_offered", "yes"),
        ("course_online_accessible_time", "3 months"),
        ("ticket_turnover_share", "4 %"),
        ("ticket_prepurchase_time", "10 weeks"),
        ("rent_turnover_share", "5 %"),
        ("rent_prepurchase_time", "15 days"),
        ("rent_average_duration", "3 weeks"),
        ("prepaid_services_turnover_share", "6 %"),
        ("prepaid_services_prepurchase_time", "9 weeks"),
        ("donation_accepted", "no"),
    ]);
    let (packages, logo) = (packages(), png(100, 100));
    let known = Known { price_packages: &packages, compliance: true, logo_png: Some(&logo), merchant_name: None };
    let all = check(&full, &known);
    assert_eq!(all.faults, []);
    let mut expected = json!({
        "businessIdentifier": {"scheme": "business:NO:ORG", "id": "918713867"},
        "salesUnitName": "Ørjans Kaffe (Sentrum)",
        "salesUnitLogo": "iVBORw0KGgoAAAANSUhEUgAAAGQAAABk",
        "settlementBankAccount": {"scheme": "BBAN:NO", "id": "86011117947"},
        "pricePackageId": PACKAGE,
        "productType": "PAYMENT_INTEGRATION",
        "productUseCase": "WebsiteWithTest",
        "annualTurnover": 100_000,
        "annualTurnoverPercentage": "20",
        "intendedPurpose": "Coffee beans and cups, sold on the website and sent by post.",
        "website": {
            "url": "https://example.com",
            "termsUrl": "https://example.com/terms",
            "testWebsiteUrl": "https://test.example.com",
            "testWebsiteUsername": "tester",
            "testWebsitePassword": "sesame",
        },
        "hasRecurring": true,
        "merchantCategoryCode": "5942",
        "complianceData": {
            "giftCard": {
                "isSalesPercentageLessThanTen": false, "validityDuration": "3 years", "giftCardTurnoverShare": "15 %",
            },
            "membership": {
                "turnoverShare": "1 %", "membershipValidity": "OneYearFromPayment", "periodDistribution": "yearly",
            },
            "subscription": {"turnoverShare": "2 %", "periodDistribution": "monthly"},
            "course": {
                "turnoverShare": "3 %", "timeBeforeOrder": "10 days", "period": "6 weeks",
                "isOnlineCourseOffered": true, "onlineAccessibleTime": "3 months",
            },
            "ticket": {"turnoverShare": "4 %", "prepurchaseTime": "10 weeks"},
            "rent": {"turnoverShare": "5 %", "prepurchaseTime": "15 days", "averageRentalDuration": "3 weeks"},
            "prepaidServices": {"turnoverShare": "6 %", "prepurchaseTime": "9 weeks"},
            "donation": {"acceptsDonation": false},
        },
    });
    assert_eq!(serde_json::to_value(all.request.clone().unwrap()).unwrap(), expected);
    assert!(!format!("{all:?}").contains("sesame"));

    // Upstreams of today take no compliance data.
    let today = check(&full, &Known { compliance: false, ..known });
    expected.as_object_mut().unwrap().remove("complianceData");
    assert_eq!(serde_json::to_value(today.request.unwrap()).unwrap(), expected);
    assert_eq!(today.warnings.iter().filter(|warning| warning.code == "not_sent").count(), 21);

    let least = form(&[("market", "FI"), ("business_identifier", "FI33302144"), ("product_type", "LOGIN")]);
    let expected = json!({
        "businessIdentifier": {"scheme": "business:FI:Y-tunnus", "id": "3330214-4"}, "productType": "LOGIN",
    });
    assert_eq!(serde_json::to_value(check(&least, &Known::default()).request.unwrap()).unwrap(), expected);
    let app = with(&[("use_case", "App"), ("app_name", "Kaffe"), ("website_url", ""), ("terms_url", "")]);
    assert_eq!(serde_json::to_value(checked(&app).request.unwrap()).unwrap()["app"], json!({"appName": "Kaffe"}));
}

#[test]
fn product_and_use_case_change_what_is_asked_for() {
    let asks = |pairs: Pairs, field| asked(&form(pairs), false).contains(&field);
    let cases: [(Pairs, &[Field], &[Field]); 7] = [
        (&[], &[Field::PricePackage, Field::AppName, Field::TestWebsiteUrl, Field::SettlementAccount], &[]),
        (
            &[("product_type", "LOGIN")],
            &[Field::WebsiteUrl, Field::IntendedPurpose],
            &[Field::PricePackage, Field::HasRecurring, Field::SettlementAccount, Field::AnnualTurnover],
        ),
        (&[("product_type", "DONATIONS")], &[Field::SettlementAccount], &[Field::PricePackage, Field::HasRecurring]),
        (
            &[("product_type", "CASHIER"), ("use_case", "Unknown")],
            &[Field::PricePackage],
            &[Field::AppName, Field::WebsiteUrl],
        ),
        (&[("use_case", "App")], &[Field::AppName], &[Field::WebsiteUrl, Field::TestWebsiteUrl]),
        (&[("use_case", "Website")], &[Field::WebsiteUrl, Field::TermsUrl], &[Field::AppName, Field::TestWebsiteUrl]),
        (&[("use_case", "WebsiteWithTest")], &[Field::WebsiteUrl, Field::TestWebsitePassword], &[Field::AppName]),
    ];
    for (pairs, asked, not_asked) in cases {
        for field in asked {
            assert!(asks(pairs, *field), "{pairs:?} {field:?}");
        }
        for field in not_asked {
            assert!(!asks(pairs, *field), "{pairs:?} {field:?}");
            assert!(field.only_for().is_some(), "{field:?}");
        }
    }
    assert!(asked(&form(&WEBSITE), true).contains(&Field::GiftCardUnderTen));
    assert!(!asked(&form(&WEBSITE), false).contains(&Field::GiftCardUnderTen));
    let grouped: Vec<Field> = Group::ALL.into_iter().flat_map(Group::fields).collect();
    assert_eq!(grouped, Field::ALL);
}

#[test]
fn what_upstream_would_refuse_is_said_beside_its_field() {
    let cases = [
        ("market", "", "Choose the market."),
        ("market", "SE", "Choose one of the list."),
        ("business_identifier", "", "Organisation number is missing."),
        ("business_identifier", "987654321", "check digit"),
        ("sales_unit_name", "Fish & Chips", "& is not allowed"),
        ("sales_unit_name", "12345678901234567890123456789012345678901", "41 characters; at most 40"),
        ("product_type", "", "Choose the product."),
        ("product_type", "VIPPS_PA_NETT", "Choose one of the list."),
        ("use_case", "Nowhere", "Choose one of the list."),
        ("merchant_category_code", "594", "four digits"),
        ("price_package_id", "standard", "Choose one of the list."),
        ("price_package_id", "11111111-c223-48ed-8ca6-4722b97261aa", "not among the partner's any more"),
        ("price_package_id", DANISH_PACKAGE, "is for DK, but the market is Norway"),
        ("website_url", "http://example.com", "https"),
        ("website_url", "", "own address is missing"),
        ("terms_url", "", "The terms page is missing"),
        ("annual_turnover", "1.5", "digits only"),
        ("annual_turnover_percentage", "25", "Choose one of the list."),
        ("settlement_account", "86011117948", "mistyped"),
        ("logo", "x", "choose the file again"),
    ];
    for (name, value, part) in cases {
        let checked = checked(&with(&[(name, value)]));
        let fault = checked.fault_of(Field::from_name(name).unwrap()).unwrap_or_else(|| panic!("{name} {value}"));
        assert!(fault.contains(part), "{name} {value}: {fault}");
        assert_eq!(checked.request, None);
    }
    let logos = [(png(99, 200), "at least 100"), (png(1001, 200), "at most 1000"), (b"\xff\xd8".to_vec(), "no PNG")];
    for (logo, part) in logos {
        let form = with(&[("logo", &"a".repeat(64))]);
        let checked = check(&form, &Known { logo_png: Some(&logo), ..Known::default() });
        assert!(checked.fault_of(Field::Logo).unwrap().contains(part));
    }
    let block = with(&[("course_period", "6 weeks")]);
    let checked = check(&block, &Known { compliance: true, ..Known::default() });
    let fields: Vec<Field> = checked.faults.iter().map(|fault| fault.field).collect();
    assert_eq!(fields, [Field::CourseShare, Field::CourseOrderedBefore]);
}

#[test]
fn what_delays_an_order_is_a_warning() {
    let codes = |form: &PrefillForm, known: &Known| -> Vec<&'static str> {
        let checked = check(form, known);
        assert_eq!(checked.faults, []);
        checked.warnings.iter().map(|warning| warning.code).collect()
    };
    let (packages, wide) = (packages(), png(200, 100));
    let known = Known { price_packages: &packages, merchant_name: Some("Ørjan AS"), ..Known::default() };
    assert_eq!(codes(&form(&WEBSITE), &known), ["website_duties"]);
    assert_eq!(codes(&form(&WEBSITE), &Known { merchant_name: None, ..known }), ["signing_rights", "website_duties"]);

    let cases: [(Pairs, &str); 18] = [
        (&[("intended_purpose", "")], "purpose_empty"),
        (&[("intended_purpose", "Coffee")], "purpose_short"),
        (&[("use_case", "Unknown")], "purpose_point_of_sale"),
        (&[("use_case", "")], "use_case_absent"),
        (&[("use_case", "App")], "app_name_absent"),
        (&[("use_case", "App")], "not_sent"),
        (&[("website_url", ""), ("terms_url", "")], "website_absent"),
        (&[("terms_url", "https://example.com/#terms")], "terms_same_as_website"),
        (&[("website_url", "https://ørjan.no")], "host_not_ascii"),
        (&[("use_case", "WebsiteWithTest")], "test_website_absent"),
        (&[("use_case", "WebsiteWithTest"), ("test_website_username", "me")], "test_login_half"),
        (&[("use_case", "WebsiteWithTest"), ("test_website_password", "x")], "test_login_half"),
        (&[("price_package_id", "")], "price_package_absent"),
        (&[("product_type", "CASHIER")], "price_package_product"),
        (&[("has_recurring", "yes")], "recurring_checks"),
        (&[("settlement_account", "NO9386011117947")], "account_converted"),
        (&[("product_type", "LOGIN"), ("settlement_account", "86011117947")], "not_sent"),
        (&[("logo", "0000000000000000000000000000000000000000000000000000000000000000")], "logo_not_square"),
    ];
    for (changes, code) in cases {
        let codes = codes(&with(changes), &Known { logo_png: Some(&wide), ..known });
        assert!(codes.contains(&code), "{changes:?}: {codes:?}");
    }
    assert!(codes(&form(&WEBSITE), &Known { compliance: true, ..known }).contains(&"compliance_empty"));
    assert!(codes(&form(&WEBSITE), &Known { price_packages: &[], ..known }).contains(&"price_package_unchecked"));
    let till = [("use_case", "Unknown"), ("intended_purpose", "Coffee, paid at the point of sale in our café")];
    assert!(!codes(&with(&till), &known).contains(&"purpose_point_of_sale"));
}

#[test]
fn what_does_not_apply_is_not_sent_even_if_it_is_wrong() {
    let login = with(&[("product_type", "LOGIN"), ("settlement_account", "wrong"), ("has_recurring", "on")]);
    let checked = checked(&login);
    assert_eq!(checked.faults, []);
    let request = checked.request.clone().unwrap();
    assert_eq!((request.settlement_bank_account, request.price_package_id, request.has_recurring), (None, None, None));
    let account = checked.warnings_of(Some(Field::SettlementAccount)).next().unwrap();
    assert_eq!(account.text, "This will not be sent (not for Login).");
}

#[test]
fn fitting_price_packages_come_first_and_none_is_missing() {
    let packages = packages();
    let danish = price_package_choices(&packages, &form(&[("market", "DK"), ("product_type", "CASHIER")]));
    assert_eq!(danish.iter().map(|choice| choice.value.as_str()).collect::<Vec<_>>(), [DANISH_PACKAGE, PACKAGE]);
    assert_eq!(danish[0].label, format!("Standard, 2.99%, {}, Denmark", ProductType::Cashier.label()));
}
