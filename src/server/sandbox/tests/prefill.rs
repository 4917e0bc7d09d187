//! What may stand in a product order, and what may not.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::*;

fn whole(sandbox: &Sandbox) -> Value {
    json!({
        "businessIdentifier": {"scheme": "business:NO:ORG", "id": "918713867"},
        "salesUnitName": "Blåbær Kaffe (Løren) `2`",
        "salesUnitLogo": STANDARD.encode(png(200, 200)),
        "settlementBankAccount": {"scheme": "BBAN:NO", "id": "86011117947"},
        "pricePackageId": sandbox.price_packages_of("org_kystkassa")[0].id,
        "productType": "PAYMENT_INTEGRATION",
        "productUseCase": "WebsiteWithTest",
        "annualTurnover": 100_000,
        "annualTurnoverPercentage": "10",
        "intendedPurpose": "Coffee",
        "app": {"appName": "Kaffe"},
        "website": {
            "url": "https://example.com",
            "termsUrl": "https://example.com/terms-and-conditions",
            "testWebsiteUrl": "https://example.com/test ",
            "testWebsiteUsername": "test-user",
            "testWebsitePassword": "test-password",
        },
        "hasRecurring": false,
        "merchantCategoryCode": "5942",
        "complianceData": {
            "giftCard": {"isSalesPercentageLessThanTen": false, "validityDuration": null},
            "membership": {
                "turnoverShare": "about 25%", "membershipValidity": "CurrentCalendarYear", "periodDistribution": "x",
            },
            "course": {"turnoverShare": "a", "timeBeforeOrder": "b", "period": "c", "isOnlineCourseOffered": true},
            "rent": {"turnoverShare": "a", "prepurchaseTime": "b", "averageRentalDuration": "c"},
            "donation": {"acceptsDonation": true},
            "ticket": null,
        },
    })
}

/// A picture with the chunks that matter.
fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
    for (kind, content) in [(b"IHDR", header.as_slice()), (b"IDAT", b"pixels"), (b"IEND", b"")] {
        bytes.extend(u32::try_from(content.len()).unwrap().to_be_bytes());
        bytes.extend([kind, content, b"sums"].concat());
    }
    bytes
}

#[tokio::test]
async fn a_whole_order_is_taken_and_every_other_field_may_be_null_or_absent() {
    let sandbox = sandbox();
    let client = Client::new(&sandbox, "org_kystkassa").await;
    let whole = whole(&sandbox);
    let answer = client.order("whole", &whole).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    for (index, field) in whole.as_object().unwrap().keys().enumerate() {
        let mut body = whole.clone();
        body[field] = Value::Null;
        let needed = ["businessIdentifier", "productType"].contains(&field.as_str());
        let answer = client.order(&format!("null-{index}"), &body).await;
        assert_eq!(answer.status, if needed { 400 } else { 201 }, "{field} {}", answer.text);
        body.as_object_mut().unwrap().remove(field);
        let answer = client.order(&format!("absent-{index}"), &body).await;
        assert_eq!(answer.status, if needed { 400 } else { 201 }, "{field} {}", answer.text);
        assert_eq!(answer.faulty(), if needed { vec![field.as_str()] } else { vec![] });
    }
}

#[tokio::test]
async fn every_fault_is_said_with_its_field() {
    let sandbox = sandbox();
    let client = Client::new(&sandbox, "org_kystkassa").await;
    let strangers = sandbox.price_packages_of("org_nordbetaling")[0].id.clone();
    let cases = [
        ("nonsense", json!(1), "nonsense"),
        ("partnerId", json!("1"), "partnerId"),
        ("businessIdentifier", json!("918713867"), "businessIdentifier"),
        ("businessIdentifier", json!({"scheme": "business:NO:ORG"}), "businessIdentifier.id"),
        ("businessIdentifier", json!({"scheme": "NO", "id": "918713867"}), "businessIdentifier.scheme"),
        ("businessIdentifier", json!({"scheme": "business:NO:ORG", "id": "9187138670"}), "businessIdentifier.id"),
        ("businessIdentifier", json!({"scheme": "business:DK:CVR", "id": "918713867"}), "businessIdentifier.id"),
        ("businessIdentifier", json!({"scheme": "business:FI:Y-tunnus", "id": "33302144"}), "businessIdentifier.id"),
        ("businessIdentifier", json!({"scheme": "business:NO:ORG", "id": 918_713_867}), "businessIdentifier.id"),
        ("salesUnitName", json!(""), "salesUnitName"),
        ("salesUnitName", json!("Kaffe & Kake"), "salesUnitName"),
        ("salesUnitName", json!("Kaffe!"), "salesUnitName"),
        ("salesUnitName", json!("Rock'n'Røll"), "salesUnitName"),
        ("salesUnitName", json!("K#1"), "salesUnitName"),
        ("salesUnitName", json!("x".repeat(41)), "salesUnitName"),
        ("salesUnitName", json!(7), "salesUnitName"),
        ("salesUnitLogo", json!("not base64!"), "salesUnitLogo"),
        ("settlementBankAccount", json!({"scheme": "IBAN", "id": "86011117947"}), "settlementBankAccount.scheme"),
        ("settlementBankAccount", json!({"scheme": "BBAN:NO", "id": "86011117948"}), "settlementBankAccount.id"),
        ("settlementBankAccount", json!({"scheme": "BBAN:NO", "id": "8601 11 17947"}), "settlementBankAccount.id"),
        ("settlementBankAccount", json!({"scheme": "BBAN:DK", "id": "123456789"}), "settlementBankAccount.id"),
        ("settlementBankAccount", json!({"scheme": "BBAN:FI", "id": "12345678"}), "settlementBankAccount.id"),
        ("settlementBankAccount", json!({"scheme": "BBAN:FI", "id": "123456789", "x": 1}), "settlementBankAccount.x"),
        ("pricePackageId", json!("81b83246-5c19-7b94-875b-ea6d1114f099"), "pricePackageId"),
        ("pricePackageId", json!(strangers), "pricePackageId"),
        ("pricePackageId", json!("standard"), "pricePackageId"),
        ("productType", json!("VIPPS_PA_NETT"), "productType"),
        ("productUseCase", json!("website"), "productUseCase"),
        ("annualTurnover", json!(-1), "annualTurnover"),
        ("annualTurnover", json!(1_000_000_000), "annualTurnover"),
        ("annualTurnover", json!(1.5), "annualTurnover"),
        ("annualTurnover", json!("100000"), "annualTurnover"),
        ("annualTurnoverPercentage", json!(10), "annualTurnoverPercentage"),
        ("annualTurnoverPercentage", json!("15"), "annualTurnoverPercentage"),
        ("annualTurnoverPercentage", json!("0"), "annualTurnoverPercentage"),
        ("annualTurnoverPercentage", json!("+10"), "annualTurnoverPercentage"),
        ("annualTurnoverPercentage", json!("110"), "annualTurnoverPercentage"),
        ("intendedPurpose", json!(["x"]), "intendedPurpose"),
        ("app", json!({}), "app.appName"),
        ("website", json!({"url": "https://example.com"}), "website.termsUrl"),
        ("website", json!({"url": "http://example.com", "termsUrl": "https://example.com"}), "website.url"),
        ("website", json!({"url": "https://example.com", "termsUrl": "terms"}), "website.termsUrl"),
        ("hasRecurring", json!("true"), "hasRecurring"),
        ("merchantCategoryCode", json!("59421"), "merchantCategoryCode"),
        ("merchantCategoryCode", json!(true), "merchantCategoryCode"),
        ("complianceData", json!({"sale": {}}), "complianceData.sale"),
        ("complianceData", json!({"giftCard": {}}), "complianceData.giftCard.isSalesPercentageLessThanTen"),
        ("complianceData", json!({"donation": {"acceptsDonation": "yes"}}), "complianceData.donation.acceptsDonation"),
    ];
    let before = sandbox.order_count();
    for (index, (field, value, faulty)) in cases.into_iter().enumerate() {
        let mut body = whole(&sandbox);
        body[field] = value;
        let answer = client.order(&format!("case-{index}"), &body).await;
        assert!(answer.status == 400 && answer.is_problem(), "{field} {}: {}", body[field], answer.text);
        assert_eq!(answer.faulty(), [faulty], "{}", body[field]);
    }
    let mut body = whole(&sandbox);
    body["one"] = json!(1);
    body["salesUnitName"] = json!("!");
    body.as_object_mut().unwrap().remove("productType");
    let answer = client.order("several", &body).await;
    assert_eq!(answer.faulty(), ["one", "productType", "salesUnitName"]);
    for (index, body) in [json!([]), json!("x"), Value::Null].iter().enumerate() {
        assert_eq!(client.order(&format!("body-{index}"), body).await.faulty(), ["body"]);
    }
    assert_eq!(sandbox.order_count(), before);
}

#[tokio::test]
async fn upstreams_odd_pattern_of_names_is_kept() {
    let sandbox = sandbox();
    let client = Client::new(&sandbox, "org_kystkassa").await;
    let good =
        ["A", "Ærø 2", "Ё-мaйкл", "क्षि", "a*b,c.d/e:f;g<h=i>j?k@l[m]n^o_p\\q(r)", "`", "e\u{301}", "x\ty", "日本"];
    for (index, name) in good.into_iter().enumerate() {
        let mut body = whole(&sandbox);
        body["salesUnitName"] = json!(name);
        assert_eq!(client.order(&format!("good-{index}"), &body).await.status, 201, "{name}");
    }
    let bad = ["a&b", "a\"b", "a'b", "a#b", "a%b", "a$b", "a{b", "a|b", "a~b", "ⓐ", "Ⅷ", "²", "☕", "a–b"];
    for (index, name) in bad.into_iter().enumerate() {
        let mut body = whole(&sandbox);
        body["salesUnitName"] = json!(name);
        assert_eq!(client.order(&format!("bad-{index}"), &body).await.status, 400, "{name}");
    }
}

#[tokio::test]
async fn a_logo_that_does_not_fit_is_dropped_without_a_word() {
    let sandbox = sandbox();
    let client = Client::new(&sandbox, "org_kystkassa").await;
    let mut cut = png(200, 200);
    cut.truncate(40);
    let cases = [
        (png(100, 100), true),
        (png(1000, 300), true),
        (png(99, 100), false),
        (png(1001, 500), false),
        (cut, false),
        (b"The image goes here".to_vec(), false),
    ];
    for (index, (bytes, taken)) in cases.into_iter().enumerate() {
        let mut body = whole(&sandbox);
        body["salesUnitLogo"] = json!(STANDARD.encode(bytes));
        let answer = client.order(&format!("logo-{index}"), &body).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        let url = answer.body["prefillUrl"].as_str().unwrap().strip_prefix("http://localhost").unwrap();
        let page = send(&client.router, Method::GET, url, &[], "").await;
        assert_eq!(page.text.contains("data:image/png;base64,"), taken, "case {index}");
    }
}

#[tokio::test]
async fn compliance_data_can_be_a_thing_of_the_past() {
    let settings = SandboxSettings { rate_limit: 0.0, compliance_data: false, ..SandboxSettings::default() };
    let sandbox = Sandbox::new(&settings);
    let client = Client::new(&sandbox, "org_kystkassa").await;
    let mut body = whole(&sandbox);
    assert_eq!(client.order("with", &body).await.faulty(), ["complianceData"]);
    body.as_object_mut().unwrap().remove("complianceData");
    assert_eq!(client.order("without", &body).await.status, 201);
}
