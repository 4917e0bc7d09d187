//! Agreements and charges: read in every shape, changed once, asked for with the right token.

use time::macros::{date, datetime};

use super::*;
use crate::domain::agreement::draft::tests::draft;
use crate::domain::agreement::tests::agreement;
use crate::domain::agreement::{
    AgreementState, CampaignKind, Interval, Pricing, RecurringVersion, StoppedBy, TimeUnit,
};
use crate::domain::charge::{ChargeKind, ChargeState, FailureReason, NewCharge, Sums, TransactionType};
use crate::domain::money::{Currency, Money};
use crate::domain::standing::Told;

const V1: RecurringVersion = RecurringVersion::V1;
const V3: RecurringVersion = RecurringVersion::V3;

fn with_msn(fake: &Fake) -> Client {
    vipps(1000.0).client(Credentials { msn: Msn::parse("123456"), ..keys(&fake.url) })
}

fn charge() -> NewCharge {
    NewCharge {
        amount: 49_900,
        description: "November".to_owned(),
        due: Some((OffsetDateTime::now_utc() + time::Duration::days(3)).date()),
        retry_days: 5,
        transaction_type: TransactionType::Direct,
        external_id: None,
    }
}

fn conflict(kind: &str) -> Response {
    let body = json!({"type": format!("https://example.com/problems#{kind}"), "title": "Conflict", "status": 409});
    (StatusCode::CONFLICT, Json(body)).into_response()
}

fn nok(minor: i64) -> Money {
    Money::new(minor, Currency::Nok)
}

#[test]
fn agreements_are_read_in_the_shapes_of_all_years() {
    let msn = Msn::parse("123456");
    let read = |body: serde_json::Value| {
        let list = read_agreements(json!([body]).to_string().as_bytes(), msn.as_ref()).unwrap();
        list.into_iter().next().unwrap().value
    };
    let today = read(json!({
        "id": "agr_5kSeqz", "status": "STOPPED", "productName": "Avisen", "productDescription": "Hver dag",
        "pricing": {"type": "VARIABLE", "currency": "DKK", "suggestedMaxAmount": 20_000, "maxAmount": 15_000},
        "interval": {"unit": "WEEK", "count": 2, "text": "every 2 weeks"},
        "campaign": {"type": "EVENT_CAMPAIGN", "price": 100, "eventDate": "2026-12-24T00:00:00Z", "eventText": "until Christmas"},
        "created": "2026-01-02T03:04:05.678Z", "start": "2026-01-02T03:05:00Z", "stop": "2026-10-01T00:00:00Z",
        "merchantAgreementUrl": "https://example.com/1", "vippsConfirmationUrl": "javascript:alert(1)",
        "externalId": "kunde-7", "sub": null, "somethingNew": {"a": 1},
    }));
    assert_eq!((today.id.as_str(), &today.state), ("agr_5kSeqz", &Told::Known(AgreementState::Stopped)));
    let max = |minor| Money::new(minor, Currency::Dkk);
    assert_eq!(today.pricing, Pricing::Variable { suggested_max: max(20_000), max: Some(max(15_000)) });
    assert_eq!(today.interval, Some(Interval { unit: TimeUnit::Week, count: 2 }));
    let campaign = today.campaign.unwrap();
    assert_eq!((campaign.kind, campaign.price), (CampaignKind::Event, max(100)));
    assert_eq!(today.created, Some(datetime!(2026-01-02 03:04:05.678 UTC)));
    assert_eq!(today.stop, Some(datetime!(2026-10-01 0:00 UTC)));
    assert_eq!((today.external_id.as_deref(), today.confirmation_url), (Some("kunde-7"), None));
    assert_eq!(today.msn, msn);

    let between = read(json!({
        "id": "agr_2", "status": "ACTIVE", "price": 49_900, "currency": "NOK", "interval": "MONTH", "intervalCount": 1,
        "productName": "Avisen", "customerPhoneNumber": "4712345678",
        "campaign": {"campaignPrice": 100, "end": "2026-12-24T00:00:00Z"},
    }));
    assert_eq!(between.pricing, Pricing::Fixed(nok(49_900)));
    assert_eq!(between.phone_number.unwrap().masked(), "+47 •••••678");
    assert!(between.campaign.is_some());

    let first = read(json!({
        "id": "agr_3", "status": "stoppedByUser", "price": "7900", "interval": "month", "intervalCount": 12,
        "productName": "Pluss", "startDate": "2018-10-22", "stopDate": "2019-10-22", "customer": 12345,
    }));
    assert_eq!((first.state.known(), first.stopped_by), (Some(AgreementState::Stopped), Some(StoppedBy::Customer)));
    assert_eq!((first.pricing, first.start), (Pricing::Fixed(nok(7_900)), Some(datetime!(2018-10-22 0:00 UTC))));

    let odd = read(json!({"id": "agr_4", "status": "PAUSED", "pricing": {"type": "AUCTION"}, "start": "2026-31-12"}));
    assert_eq!((odd.state.label(), odd.start, odd.interval), ("PAUSED", None, None));
    assert_eq!(odd.pricing, Pricing::Other { kind: "AUCTION".into(), amount: None });
    assert!(read_agreements(b"[{\"status\":\"ACTIVE\"}]", None).is_err(), "without an id there is nothing");
}

#[test]
fn charges_are_read_in_the_shapes_of_all_years() {
    let read = |body: serde_json::Value| {
        let list = read_charges(json!([body]).to_string().as_bytes(), "agr_1").unwrap();
        list.into_iter().next().unwrap().value
    };
    let today = read(json!({
        "id": "chr-1", "agreementId": "agr_1", "status": "PARTIALLY_CAPTURED", "amount": 10_000, "currency": "EUR",
        "description": "Mai", "due": "2026-05-01T00:00:00Z", "type": "RECURRING", "transactionType": "RESERVE_CAPTURE",
        "summary": {"captured": 4_000, "refunded": 0, "cancelled": 0}, "retryDays": 5, "transactionId": null,
        "failureReason": "user_action_required", "failureDescription": "User action required", "externalId": "x",
        "history": [
            {"occurred": "2026-05-01T07:05:00Z", "event": "RESERVE", "amount": 10_000, "idempotencyKey": "k", "success": true},
            {"event": "no time"},
        ],
    }));
    assert_eq!((today.state.known(), today.capturable()), (Some(ChargeState::PartiallyCaptured), 6_000));
    assert_eq!((today.due, today.kind.clone()), (Some(date!(2026 - 05 - 01)), ChargeKind::Recurring));
    assert_eq!(today.transaction_type, Some(TransactionType::Reserve));
    assert_eq!(today.money(today.amount).to_string(), "EUR\u{a0}100.00");
    assert_eq!((today.failure_reason, today.history.len()), (Some(FailureReason::UserActionRequired), 1));

    let between = read(json!({"id": "chr_2", "status": "REFUNDED", "amount": 39_900, "amountRefunded": 39_900}));
    assert_eq!(between.sums, Some(Sums { captured: 39_900, refunded: 39_900, cancelled: 0 }));
    let first =
        read(json!({"id": "chr_3", "status": "Charged", "amount": 234, "dueDate": "2020-12-31", "type": "ONEOFF"}));
    assert_eq!((first.state.known(), first.kind.clone()), (Some(ChargeState::Charged), ChargeKind::Initial));
    assert_eq!((first.sums().captured, first.due), (234, Some(date!(2020 - 12 - 31))));
}

#[tokio::test]
async fn a_charge_is_sent_again_with_its_key_and_what_failed_is_told() {
    let fake = Fake::new(|_, number, _| match number {
        0 => status(500),
        _ => (StatusCode::CREATED, Json(json!({"chargeId": "chr-1"}))).into_response(),
    })
    .await;
    let recurring = with_msn(&fake).recurring(V3, None);
    let made = recurring.create_charge("key-1", &agreement("ACTIVE"), &charge()).await.unwrap();
    assert_eq!(made.as_deref(), Some("chr-1"));
    let seen = fake.seen_calls();
    assert_eq!(seen.len(), 2);
    for call in &seen {
        assert_eq!(call.header("idempotency-key"), Some("key-1"));
        assert_eq!(call.header("merchant-serial-number"), Some("123456"));
        assert_eq!(call.body, seen[0].body);
    }
    let wrong = recurring.create_charge("key-2", &agreement("STOPPED"), &charge()).await;
    assert!(matches!(wrong, Err(Error::Unsendable { .. })), "what has a fault is not sent");
    let long = "k".repeat(41);
    for key in ["", "a/b", long.as_str()] {
        let refused = recurring.cancel(key, "agr_1", "chr-1").await;
        assert!(matches!(refused, Err(Error::Unsendable { .. })), "{key}");
    }
    assert_eq!(fake.calls(), 2);
}

#[tokio::test]
async fn a_conflict_of_state_is_a_refusal_and_a_conflict_of_keys_an_open_outcome() {
    let fake = Fake::new(|_, number, _| match number {
        0 => conflict("cancel-charge-failed"),
        _ => conflict("idempotency-conflict"),
    })
    .await;
    let recurring = with_msn(&fake).recurring(V3, None);
    let state = recurring.cancel("key-1", "agr_1", "chr-1").await.unwrap_err();
    assert!(!state.leaves_outcome_open() && state.status() == Some(409), "{state}");
    let key = recurring.cancel("key-1", "agr_1", "chr-1").await.unwrap_err();
    assert!(key.leaves_outcome_open(), "{key}");
}

#[tokio::test]
async fn the_first_version_has_tokens_of_its_own_and_headers_of_its_own() {
    let fake = Fake::with_tokens(
        Duration::from_millis(1),
        |_, number, _| token(number, 86_398),
        |_, _, seen| match seen.method.as_str() {
            "POST" => StatusCode::NO_CONTENT.into_response(),
            _ => Json(json!([])).into_response(),
        },
    )
    .await;
    let client = with_msn(&fake);
    let first = client.recurring(V1, None);
    first.agreements(AgreementState::Stopped).await.unwrap();
    let again = client.recurring(V1, None).create_charge("key-1", &agreement("active"), &charge()).await.unwrap();
    assert_eq!(again, None, "it was there already, and nobody says which");
    client.recurring(V3, None).agreements(AgreementState::Active).await.unwrap();
    let seen = fake.seen();
    let paths: Vec<&str> = seen.iter().map(|call| call.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "/api/access-token/jwt-token",
            "/recurring/api/v1/agreement?status=stoppedByMerchant",
            "/recurring/api/v1/agreement?status=stoppedByUser",
            "/recurring/api/v1/agreement?status=stoppedByVipps",
            "/recurring/api/v1/charge/agr_5kSeqz",
            "/accesstoken/get",
            "/recurring/v3/agreements?status=ACTIVE&pageNumber=1&pageSize=1000",
        ]
    );
    let asked: serde_json::Value = serde_json::from_str(&seen[0].body).unwrap();
    assert_eq!((asked["client_secret"].as_str(), seen[0].header("client_secret")), (Some(SECRET), None));
    assert_eq!((seen[4].header("merchantid"), seen[4].header("idempotent-key")), (Some("123456"), Some("key-1")));
    assert_eq!(seen[4].bearer(), format!("{TOKEN}0"));
    assert_eq!(seen[6].bearer(), format!("{TOKEN}1"));
}

#[tokio::test]
async fn keys_that_the_token_endpoint_refuses_are_not_repeated_in_the_error() {
    let echo = |_: &Fake, _: usize, seen: &Seen| (StatusCode::UNAUTHORIZED, seen.body.clone()).into_response();
    let fake = Fake::with_tokens(Duration::ZERO, echo, |_, _, _| list()).await;
    let error = with_msn(&fake).recurring(V1, None).agreement("agr_1").await.unwrap_err();
    assert!(matches!(error, Error::Unauthorized(_)), "{error}");
    assert!(!format!("{error:?}").contains(SECRET));
}

#[tokio::test]
async fn which_version_upstream_speaks_is_found_out() {
    let speaks = async |path: &'static str| {
        let fake = Fake::new(move |_, _, seen| match seen.path.starts_with(path) {
            true => Json(json!([])).into_response(),
            false => status(404),
        })
        .await;
        with_msn(&fake).recurring_version(None).await.unwrap()
    };
    assert_eq!(speaks("/recurring/").await, Some(V3), "today's where there are both");
    assert_eq!(speaks("/recurring/v3").await, Some(V3));
    assert_eq!(speaks("/recurring/api/v1").await, Some(V1));
    assert_eq!(speaks("/nowhere").await, None);
    let fake = Fake::new(|_, _, _| status(500)).await;
    assert!(with_msn(&fake).recurring_version(None).await.is_err(), "who is ill does not tell");
}

#[tokio::test]
async fn the_first_version_never_drafts_twice() {
    let fake = Fake::new(|_, _, _| status(500)).await;
    let recurring = with_msn(&fake).recurring(V1, None);
    let lost = recurring.draft("key-1", &draft()).await.unwrap_err();
    assert!(lost.leaves_outcome_open() && fake.calls() == 1, "{lost}");
    let today = with_msn(&fake).recurring(V3, None).draft("key-1", &draft()).await.unwrap_err();
    assert!(today.leaves_outcome_open() && fake.calls() == 4, "with a key it is tried again");
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_a_reader_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300)) {
        let _ = read_agreements(&bytes, None);
        let _ = read_charges(&bytes, "agr_1");
    }
}
