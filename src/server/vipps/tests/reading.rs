//! Every shape of an answer that was ever published, and bytes that are none.

use time::macros::datetime;

use super::*;
use crate::domain::identifiers::BusinessIdentifier;
use crate::domain::sales_unit::{CaptureType, Flag};

fn listed(body: &str) -> Result<Vec<(String, Option<String>)>, Error> {
    let units = read_sales_unit_list(body.as_bytes())?;
    Ok(units.into_iter().map(|unit| (unit.msn.as_str().to_owned(), unit.name)).collect())
}

#[test]
fn lists_are_read_in_every_shape() {
    type Listed<'a> = &'a [(&'a str, Option<&'a str>)];
    let cases: [(&str, Listed<'_>); 14] = [
        (r#"[{"msn":"0123456","name":"Kafé"}]"#, &[("0123456", Some("Kafé"))]),
        (r#"[{"msn":123456,"name":"Kafé"}]"#, &[("123456", Some("Kafé"))]),
        (r#"{"salesUnits":[{"msn":123456,"name":"A"},{"msn":654321}]}"#, &[("123456", Some("A")), ("654321", None)]),
        (r#"{"salesunits":["123456"]}"#, &[("123456", None)]),
        (r#"["123456","123457"]"#, &[("123456", None), ("123457", None)]),
        (r"[123456]", &[("123456", None)]),
        (r#"{"msn":["123456","123457"]}"#, &[("123456", None), ("123457", None)]),
        (r#"{"total":1,"next":{"a":[]},"SalesUnits":[{"MSN":"123456","Name":"A"}]}"#, &[("123456", Some("A"))]),
        (r#"[{"name":null,"msn":"123456","x":[{}]}]"#, &[("123456", None)]),
        (r#"[{"name":7,"msn":"123456"},{"msn":"123457","name":{}}]"#, &[("123456", Some("7")), ("123457", None)]),
        ("\u{feff} [\n] ", &[]),
        (r#"{"salesUnits":[]}"#, &[]),
        (
            r#"[{"msn":"123456","name":"Old"},{"msn":"1234567"},{"msn":123456,"name":"New"},{"msn":"123456"}]"#,
            &[("123456", Some("New")), ("1234567", None)],
        ),
        (r#"[{"msn":" 123456 ","name":" A\u0000B "}]"#, &[("123456", Some("AB"))]),
    ];
    for (body, expected) in cases {
        let expected: Vec<_> =
            expected.iter().map(|(msn, name)| ((*msn).to_owned(), name.map(str::to_owned))).collect();
        assert_eq!(listed(body), Ok(expected), "{body}");
    }
}

#[test]
fn a_list_with_one_unreadable_entry_is_no_list() {
    for body in [
        "",
        "null",
        "{}",
        "7",
        r#""123456""#,
        r#"{"msn":"123456"}"#,
        r#"{"salesUnits":null}"#,
        r#"{"title":"Internal error","status":500}"#,
        r#"{"salesUnits":["123456"],"msn":["123457"]}"#,
        r#"["123456",null]"#,
        r#"["123456",{}]"#,
        r#"["123456",{"msn":null}]"#,
        r#"["123456",{"msn":"12a456","name":"A"}]"#,
        r#"["123456",{"msn":{"msn":"123457"}}]"#,
        r#"["123456",-123457]"#,
        r#"["123456",123457.5]"#,
        r#"["123456",[]]"#,
        r#"["123456""#,
        r#"["123456"] x"#,
        r#"["123456" "123457"]"#,
        "<html>",
    ] {
        assert!(matches!(listed(body), Err(Error::NotUnderstood { .. })), "{body}: {:?}", listed(body));
    }
    assert!(read_sales_unit_list(b"[\"123456\", {\"msn\":\"123457\",\"name\":\"\xff\"}]").is_err());
    for open in ["[", "{\"salesUnits\":", "{\"a\":", "[{\"name\":["] {
        assert!(listed(&open.repeat(100_000)).is_err(), "deep nesting of {open}");
    }
}

#[test]
fn a_sales_unit_is_read_in_every_shape() {
    let full = r#"{
        "msn": "123456", "name": "Kafé", "businessIdentifier": {"scheme": "business:NO:ORG", "id": 987654321},
        "configuration": {"paymentAllowed": true, "captureType": "DirectCapture", "skipLandingPageAllowed": false,
            "recurringAllowed": "true", "partialCaptureAllowed": null, "lateCaptureAllowed": 1, "new": []},
        "settlementBankAccount": {"scheme": "BBAN:NO", "id": "86011117947"}
    }"#;
    let unit = read_sales_unit(full.as_bytes()).unwrap();
    assert_eq!((unit.msn.as_str(), unit.name.as_str()), ("123456", "Kafé"));
    assert_eq!(unit.business_identifier, Some(BusinessIdentifier::new("business:NO:ORG", "987654321")));
    let configuration = &unit.configuration;
    assert_eq!(configuration.capture_type, CaptureType::Direct);
    assert_eq!((configuration.payment_allowed, configuration.skip_landing_page_allowed), (Flag::Yes, Flag::No));
    assert_eq!((configuration.recurring_allowed, configuration.partial_capture_allowed), (Flag::Yes, Flag::Unknown));
    assert_eq!((configuration.late_capture_allowed, configuration.credit_card_payment_allowed), Default::default());

    let wrapped = r#"{"salesUnit":{"msn":123456,"name":"A","businessidentifier":{"scheme":"s","id":"1"},
        "configuration":{"captureType":"SplitCapture"}}}"#;
    let unit = read_sales_unit(wrapped.as_bytes()).unwrap();
    assert_eq!(unit.configuration.capture_type, CaptureType::Other("SplitCapture".into()));
    assert_eq!(unit.business_identifier, Some(BusinessIdentifier::new("s", "1")));

    let bare = read_sales_unit("\u{feff}{\"msn\":\"123456\"}".as_bytes()).unwrap();
    assert_eq!((bare.name.as_str(), bare.business_identifier), ("", None));
    assert_eq!(bare.configuration, Default::default());
    let numbered = read_sales_unit(br#"{"msn":"123456","orgno":987654321}"#).unwrap();
    assert_eq!(numbered.business_identifier, Some(BusinessIdentifier::new("business:NO:ORG", "987654321")));

    for body in ["", "[]", "null", "{}", r#"{"msn":null}"#, r#"{"msn":"x"}"#, r#"{"name":"A"}"#] {
        assert!(matches!(read_sales_unit(body.as_bytes()), Err(Error::NotUnderstood { .. })), "{body}");
    }
}

#[test]
fn a_merchant_is_read_in_every_shape() {
    let current = r#"{
        "businessIdentifier": {"scheme": "business:DK:CVR", "id": "16427888"}, "name": "Brød & Co", "status": "PAUSED",
        "createdAt": "2023-12-31T06:45:25.921251Z", "updatedAt": "2023-31-12T06:45:25.921251Z", "countryCode": "DK",
        "businessAddress": {"lines": ["Gade 1", null, "2. sal"], "postCode": "1000", "city": "København", "countryCode": "DK"},
        "businessPostAddress": {"lines": [], "postCode": null}
    }"#;
    let merchant = read_merchant(current.as_bytes()).unwrap();
    assert_eq!(merchant.business_identifier, BusinessIdentifier::new("business:DK:CVR", "16427888"));
    assert_eq!((merchant.name.as_str(), merchant.status.as_deref()), ("Brød & Co", Some("PAUSED")));
    assert_eq!(merchant.created_at, Some(datetime!(2023-12-31 06:45:25.921251 UTC)));
    assert_eq!(merchant.updated_at, None, "an impossible date");
    let address = merchant.business_address.unwrap();
    assert_eq!(address.lines, ["Gade 1", "2. sal"]);
    assert_eq!(address.post_code.as_deref(), Some("1000"));
    assert_eq!(merchant.post_address, Some(Default::default()));

    let wrapped = r#"{"merchant": {
        "businessidentifier": {"scheme": "business:NO:ORG", "id": "987654321"}, "name": "A", "countryCode\"": "NO",
        "businessAddress": {"id": "a-uuid", "lines": ["Gata 1"], "postCode": 158, "city": "Oslo", "country": "NO"},
        "businesspostAddress": {"lines": "Postboks 1", "country": "NO"}
    }}"#;
    let merchant = read_merchant(wrapped.as_bytes()).unwrap();
    assert_eq!((merchant.name.as_str(), merchant.country_code.as_deref()), ("A", Some("NO")));
    let (address, post_address) = (merchant.business_address.unwrap(), merchant.post_address.unwrap());
    assert_eq!((address.country_code.as_deref(), address.post_code.as_deref()), (Some("NO"), Some("158")));
    assert_eq!((post_address.lines, post_address.country_code.as_deref()), (vec!["Postboks 1".to_owned()], Some("NO")));

    let oldest = read_merchant(br#"{"orgno": 987654321, "name": "A"}"#).unwrap();
    assert_eq!(oldest.business_identifier, BusinessIdentifier::new("business:NO:ORG", "987654321"));
    assert_eq!((oldest.status, oldest.created_at, oldest.business_address), (None, None, None));

    for body in
        ["", "[]", "{}", r#"{"name":"A"}"#, r#"{"merchant":{"name":"A"}}"#, r#"{"businessIdentifier":{"id":"1"}}"#]
    {
        assert!(matches!(read_merchant(body.as_bytes()), Err(Error::NotUnderstood { .. })), "{body}");
    }
}

#[test]
fn problems_are_read_in_every_shape() {
    let cases = [
        (
            r#"{"type":"x","title":"Bad","status":"400","detail":"No such","instance":"00-4bf92f-01","extraDetails":[{"key":"id","value":"too long"}]}"#,
            Some("Bad: No such: id: too long"),
            Some("00-4bf92f-01"),
        ),
        (
            r#"{"title":"Bad","traceId":"t","instance":"/a","extraDetails":[{"name":"ErrorCode","reason":"6080"}]}"#,
            Some("Bad: ErrorCode: 6080"),
            Some("t"),
        ),
        (r#"{"title":"Bad","contextId":"c","extraDetails":[{"field":"f","text":"g"}]}"#, Some("Bad: f: g"), Some("c")),
        (
            r#"{"title":"Bad","traceId":null,"detail":null,"invalidParams":[{"name":"n","reason":"r"}]}"#,
            Some("Bad: n: r"),
            None,
        ),
        (
            r#"{"responseInfo":{"responseCode":401,"responseMessage":"Unauthorized"},"result":{"message":"invalid key"}}"#,
            Some("Unauthorized: invalid key"),
            None,
        ),
        (r#"{"statusCode":429,"message":"Rate limit is exceeded."}"#, Some("Rate limit is exceeded."), None),
        (r#"{"error":"invalid_client","error_description":"no"}"#, Some("invalid_client: no"), None),
        (r#"[{"field":"a","error":"b","description":"c"}]"#, Some("a: b: c"), None),
        (r#"[{"field":"a","message":"b","code":"41","contextId":"c"}]"#, Some("a: 41: b"), Some("c")),
        ("\u{feff}{}", None, None),
        ("null", None, None),
        ("<html>\r\n<b>502</b>", None, None),
        ("", None, None),
    ];
    for (body, message, trace_id) in cases {
        let problem = Problem::read(400, body.as_bytes(), &[]);
        assert_eq!((problem.message.as_deref(), problem.trace_id.as_deref()), (message, trace_id), "{body}");
        assert!(!problem.excerpt.contains(['\n', '\r']));
    }
    let long = Problem::read(400, "æ".repeat(2000).as_bytes(), &[]);
    assert_eq!(long.excerpt.chars().count(), 500);
    assert_eq!(Problem::read(502, b"<html>\r\n<b>502</b>", &[]).to_string(), "status 502, <html> <b>502</b>");
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_a_reader_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
        let _ = read_sales_unit_list(&bytes);
        let _ = read_sales_unit(&bytes);
        let _ = read_merchant(&bytes);
        let _ = Problem::read(400, &bytes, &["a", ""]);
        let _ = token::Token::read(&bytes, Instant::now());
    }

    #[test]
    fn no_near_json_makes_a_reader_panic(
        text in r#"([\[\]{},:"]|null|true|-?[0-9]{1,20}|"msn"|"salesUnits"|"name"|"merchant"|"id"|"eyJ[a-z.]{0,20}"){0,40}"#
    ) {
        let _ = read_sales_unit_list(text.as_bytes());
        let _ = read_sales_unit(text.as_bytes());
        let _ = read_merchant(text.as_bytes());
        let _ = Problem::read(400, text.as_bytes(), &["eyJ"]);
    }

    #[test]
    fn no_secret_survives(before in "\\PC{0,600}", after in "\\PC{0,20}") {
        for body in [format!("{before}{SECRET}{after}"), json!({ "detail": [format!("{before}{SECRET}")] }).to_string()] {
            let problem = Problem::read(400, body.as_bytes(), &[SECRET]);
            let told = format!("{problem:?}{problem}");
            proptest::prop_assert!(!told.contains(SECRET));
            proptest::prop_assert!(problem.excerpt.chars().count() <= 500);
        }
    }

    #[test]
    fn whatever_order_and_type_a_list_has_each_unit_is_there_once(numbers in proptest::collection::vec(1000u64..1020, 0..60)) {
        let entries: Vec<_> = numbers
            .iter()
            .enumerate()
            .map(|(place, number)| if place % 2 == 0 { json!({ "msn": number }) } else { json!(number.to_string()) })
            .collect();
        let units = read_sales_unit_list(json!(entries).to_string().as_bytes()).unwrap();
        let unique: std::collections::BTreeSet<String> = units.iter().map(|unit| unit.msn.to_string()).collect();
        let expected: std::collections::BTreeSet<String> = numbers.iter().map(u64::to_string).collect();
        proptest::prop_assert_eq!(unique.len(), units.len());
        proptest::prop_assert_eq!(unique, expected);
    }
}
