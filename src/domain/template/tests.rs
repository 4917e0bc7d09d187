use proptest::prelude::*;

use super::*;
use crate::domain::product_order::ProductType;
use crate::domain::sales_unit::Flag;

type Pairs<'a> = &'a [(&'a str, &'a str)];

const PACKAGE: &str = "8a11afb7-c223-48ed-8ca6-4722b97261aa";

fn packages(market: Option<&str>) -> Vec<PricePackage> {
    vec![PricePackage {
        id: PACKAGE.to_owned(),
        name: "Chain".to_owned(),
        description: "1.75%".to_owned(),
        product_type: ProductType::PaymentIntegration,
        market: market.map(ToOwned::to_owned),
        commission: Some("30 %".to_owned()),
        visible_in_signup_form: Flag::No,
    }]
}

const PAIRS: [(&str, &str); 11] = [
    ("name", "Web shops"),
    ("welcome", "Welcome!\r\nFill in the rest."),
    ("market", "NO"),
    ("lock_market", "on"),
    ("product_type", "PAYMENT_INTEGRATION"),
    ("lock_product_type", "on"),
    ("use_case", "Website"),
    ("price_package_id", PACKAGE),
    ("lock_price_package_id", "on"),
    ("merchant_category_code", "5942"),
    ("intended_purpose", "Sells"),
];

fn changed(changes: Pairs) -> TemplateForm {
    TemplateForm::from_pairs(PAIRS.iter().chain(changes).copied())
}

fn template(changes: Pairs) -> Template {
    changed(changes).check(&Known { price_packages: &packages(Some("NO")), ..Known::default() }).unwrap()
}

#[test]
fn a_template_survives_its_form_and_its_json() {
    let template = template(&[]);
    assert_eq!(template.welcome, "Welcome!\nFill in the rest.");
    assert_eq!(TemplateForm::from_pairs(TemplateForm::from(&template).to_pairs()), TemplateForm::from(&template));
    let json = serde_json::to_string(&template).unwrap();
    assert!(json.contains(r#""locked":["market","product_type","price_package_id"]"#), "{json}");
    assert_eq!(serde_json::from_str::<Template>(&json).unwrap(), template);
}

#[test]
fn what_is_wrong_with_a_template_is_said_beside_its_field() {
    let long = "x".repeat(1001);
    let cases: [(Pairs, TemplateField, &str); 12] = [
        (&[("name", " ")], TemplateField::Name, "a name"),
        (&[("name", &long)], TemplateField::Name, "at most 80"),
        (&[("welcome", &long)], TemplateField::Welcome, "at most 1000"),
        (&[("product_type", "")], TemplateField::Preset(Field::ProductType), "locked"),
        (&[("lock_terms_url", "on")], TemplateField::Preset(Field::TermsUrl), "Fill in what is locked"),
        (&[("website_url", "http://x")], TemplateField::Preset(Field::WebsiteUrl), "https"),
        (&[("lock_app_name", "on")], TemplateField::Preset(Field::AppName), "will not be sent"),
        (&[("market", "DK")], TemplateField::Preset(Field::PricePackage), "is for NO"),
        (&[("merchant_category_code", "x")], TemplateField::Preset(Field::MerchantCategoryCode), "four digits"),
        (&[("ticket_turnover_share", "5 %")], TemplateField::Preset(Field::TicketPrepurchase), "missing"),
        (&[("logo", "x")], TemplateField::Preset(Field::Logo), "choose the file again"),
        (&[("business_identifier", "1")], TemplateField::Preset(Field::BusinessIdentifier), "has 9 digits"),
    ];
    let packages = packages(Some("NO"));
    let known = Known { price_packages: &packages, compliance: true, ..Known::default() };
    for (changes, at, part) in cases {
        let faults = changed(changes).check(&known).unwrap_err();
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert_eq!(faults[0].at, at);
        assert!(faults[0].text.contains(part), "{}", faults[0].text);
    }
    let mut open = changed(&[]);
    open.locked.remove(&Field::Market);
    assert_eq!(open.check(&known).unwrap_err()[0].at, TemplateField::Preset(Field::Market));
    open.locked.remove(&Field::ProductType);
    open.preset.set(Field::ProductType, "");
    let faults = open.check(&known).unwrap_err();
    assert!(faults.iter().any(|fault| fault.text.contains("for one product")), "{faults:?}");
}

#[test]
fn a_merchant_is_asked_for_what_only_the_merchant_knows() {
    let asked = template(&[("lock_use_case", "on")]).asked_of_merchant();
    let expected = [
        Field::BusinessIdentifier,
        Field::SalesUnitName,
        Field::IntendedPurpose,
        Field::WebsiteUrl,
        Field::TermsUrl,
        Field::AnnualTurnover,
        Field::AnnualTurnoverPercentage,
        Field::SettlementAccount,
    ];
    assert_eq!(asked, expected);
    // As long as the use case is the merchant's to change, its fields are there.
    assert!(template(&[]).asked_of_merchant().contains(&Field::AppName));
    assert_eq!(template(&[]).merchants_start().to_pairs().len(), 2);
}

#[test]
fn a_merchant_sees_what_is_settled_in_words() {
    let template = template(&[("has_recurring", "on"), ("lock_has_recurring", "on")]);
    let shown = template.shown_locked(&packages(Some("NO")));
    let product = ProductType::PaymentIntegration;
    let expected = [
        ("Market", "Norway"),
        ("Product", product.label()),
        ("Recurring payments", "Yes"),
        ("Price package", "Chain, 1.75%"),
    ];
    assert_eq!(shown, expected.map(|(label, value)| (label, value.to_owned())));
    let stranger = template.shown_locked(&[]);
    assert!(!format!("{stranger:?}").contains(PACKAGE));
}

#[test]
fn a_template_keeps_no_password() {
    let form = TemplateForm::from_pairs([("test_website_password", "sesame"), ("lock_test_website_password", "on")]);
    assert_eq!(form, TemplateForm::default());
}

#[test]
fn a_code_is_22_letters_of_addresses() {
    assert!(is_code("AbCdEfGhIjKlMnOpQr-_09"));
    for wrong in
        ["", "AbCdEfGhIjKlMnOpQr-_0", "AbCdEfGhIjKlMnOpQr-_091", "AbCdEfGhIjKlMnOpQr+/09", "ÅbCdEfGhIjKlMnOpQr-_0"]
    {
        assert!(!is_code(wrong), "{wrong}");
    }
}

proptest! {
    #[test]
    fn locked_values_win_whatever_is_sent(
        typed in proptest::collection::vec((proptest::sample::select(Field::ALL), "[a-z0-9]{1,9}"), 0..30),
    ) {
        let template = template(&[("has_recurring", ""), ("lock_has_recurring", "on")]);
        let typed = PrefillForm::from_pairs(typed.into_iter().map(|(field, value)| (field.name(), value)));
        let asked = template.asked_of_merchant();
        let (staff, merchant) = (template.merge(&typed), template.merge_from_merchant(&typed));
        for field in Field::ALL {
            let is_locked = template.locked.contains(field);
            let preset = template.preset.get(*field);
            let expected = if is_locked { preset } else { typed.get(*field) };
            prop_assert_eq!(staff.get(*field), expected);
            let expected = if asked.contains(field) { typed.get(*field) } else { preset };
            prop_assert_eq!(merchant.get(*field), expected);
        }
    }
}
