//! Both versions of the Recurring API: what is not valid is found.

use serde_json::{Value, json};

use super::planted::{pairs, set, with, without};
use super::{Findings, Specs};
use crate::server::sandbox::Exchange;

const KEY: &str = "8a11afb7-c223-48ed-8ca6-4722b97261aa";

/// A draft of today and its answer, all of it valid.
fn draft() -> Exchange {
    let body = json!({
        "pricing": {"type": "LEGACY", "amount": 49_900, "currency": "NOK"},
        "interval": {"unit": "MONTH", "count": 1},
        "merchantRedirectUrl": "https://example.com/thanks",
        "merchantAgreementUrl": "https://example.com/my-page",
        "phoneNumber": "4712345678",
        "productName": "Blåbær kaffeklubb",
        "initialCharge": {"amount": 100, "description": "Start", "transactionType": "DIRECT_CAPTURE"},
    });
    let answer = json!({
        "agreementId": "agr_5kSeqz",
        "uuid": "9c2ca95c-245f-4a2e-aab2-4a08eb78e6fb",
        "vippsConfirmationUrl": "https://example.com/1",
        "chargeId": null,
    });
    Exchange {
        method: "POST".into(),
        path: "/recurring/v3/agreements".into(),
        request_headers: pairs(&[
            ("authorization", "Bearer x.y.z"),
            ("ocp-apim-subscription-key", "k"),
            ("content-type", "application/json"),
            ("idempotency-key", KEY),
            ("merchant-serial-number", "123456"),
        ]),
        request_body: body.to_string().into(),
        status: 201,
        response_headers: pairs(&[("content-type", "application/json")]),
        response_body: answer.to_string().into(),
        faulted: false,
    }
}

/// A charge of 2018 and its answer, all of it valid.
fn charge_of_2018() -> Exchange {
    let body = json!({"amount": 234, "description": "November", "dueDate": "2026-11-30", "type": "RECURRING"});
    Exchange {
        path: "/recurring/api/v1/charge/agr_5kSeqz".into(),
        request_headers: pairs(&[
            ("authorization", "Bearer x.y.z"),
            ("merchantid", "123456"),
            ("idempotent-key", KEY),
            ("content-type", "application/json;charset=UTF-8"),
        ]),
        request_body: body.to_string().into(),
        response_headers: pairs(&[("content-type", "application/json;charset=UTF-8")]),
        response_body: body.to_string().into(),
        ..draft()
    }
}

type Change = fn(&mut Exchange);

fn find(good: fn() -> Exchange, operation: &str, planted: &[(Change, &str)]) {
    let Some(specs) = Specs::published() else { return };
    let nothing = Findings { operation: Some(operation.to_owned()), violations: Vec::new() };
    assert_eq!(specs.check(&good()), nothing);
    for (number, (change, said)) in planted.iter().enumerate() {
        let mut planted = good();
        change(&mut planted);
        let violations = specs.check(&planted).violations;
        let found = violations.iter().any(|violation| violation.contains(said));
        assert!(found, "{number}: {said:?} is not in {violations:#?}");
    }
}

fn put(bytes: &mut bytes::Bytes, pointer: &str, value: Value) {
    *bytes = with(bytes, pointer, value).into();
}

#[test]
fn what_is_not_valid_today_is_found() {
    find(
        draft,
        "POST /recurring/v3/agreements",
        &[
            (|it| it.path = "/recurring/v3/agreement".into(), "no such operation"),
            (|it| it.path.push_str("?status=ACTIVE"), "Query status is not known"),
            (|it| set(&mut it.request_headers, "idempotency-key", None), "Header Idempotency-Key is missing"),
            (|it| set(&mut it.request_headers, "authorization", None), "Header Authorization is missing"),
            (|it| set(&mut it.request_headers, "content-type", Some("text/json")), "request: content type"),
            (|it| it.request_body = without(&it.request_body, "productName").into(), "\"productName\" is a required"),
            (|it| put(&mut it.request_body, "/price", json!(1)), "'price' was unexpected"),
            (|it| put(&mut it.request_body, "/productName", json!("x".repeat(46))), "/productName: "),
            (|it| put(&mut it.request_body, "/pricing/currency", json!("SEK")), "/pricing: "),
            (|it| put(&mut it.request_body, "/pricing/amount", json!("499")), "/pricing: "),
            (|it| put(&mut it.request_body, "/interval/unit", json!("week")), "/interval/unit: "),
            (|it| put(&mut it.request_body, "/interval/count", json!(32)), "/interval/count: "),
            (|it| put(&mut it.request_body, "/initialCharge/transactionType", json!("DIRECT")), "/initialCharge"),
            (|it| it.response_body = without(&it.response_body, "uuid").into(), "\"uuid\" is a required"),
            (|it| put(&mut it.response_body, "/uuid", json!("1")), "/uuid: "),
            (|it| put(&mut it.response_body, "/agreementResource", json!("x")), "'agreementResource' was unexpected"),
            (|it| it.status = 200, "status 200 is not documented"),
            (|it| it.status = 409, "answer: content type"),
        ],
    );
    let Some(specs) = Specs::published() else { return };
    let list = |path: &str| Exchange {
        method: "GET".into(),
        path: path.into(),
        request_body: "".into(),
        status: 200,
        response_body: "[]".into(),
        ..draft()
    };
    assert_eq!(
        specs.check(&list("/recurring/v3/agreements?status=STOPPED&pageNumber=1&pageSize=2000")).violations,
        [""; 0]
    );
    for (path, said) in [
        ("/recurring/v3/agreements?status=stopped", "Query status"),
        ("/recurring/v3/agreements?pageSize=2001", "Query pageSize"),
        ("/recurring/v3/agreements/agr_1/charges?chargeStatus=DUE", "Query chargeStatus is not known"),
    ] {
        let violations = specs.check(&list(path)).violations;
        assert!(violations.iter().any(|violation| violation.contains(said)), "{path}: {violations:?}");
    }
}

#[test]
fn what_was_not_valid_in_2018_is_found() {
    find(
        charge_of_2018,
        "POST /recurring/api/v1/charge/{agreementId}",
        &[
            (|it| it.path = "/recurring/api/v1/charges/agr_5kSeqz".into(), "no such operation"),
            (|it| it.path = "/recurring/api/v1/charge/agr_5kSeqz/chr-1/capture".into(), "no such operation"),
            (|it| set(&mut it.request_headers, "merchantid", None), "Header MerchantId is missing"),
            (|it| set(&mut it.request_headers, "idempotent-key", None), "Header Idempotent-Key is missing"),
            (|it| it.request_body = without(&it.request_body, "type").into(), "\"type\" is a required"),
            (|it| put(&mut it.request_body, "/type", json!("UNSCHEDULED")), "/type: "),
            (|it| put(&mut it.request_body, "/currency", json!("EUR")), "/currency: "),
            (|it| put(&mut it.request_body, "/due", json!("2026-11-30")), "'due' was unexpected"),
            (|it| put(&mut it.response_body, "/status", json!("RESERVED")), "/status: "),
            (|it| put(&mut it.response_body, "/summary", json!({})), "'summary' was unexpected"),
            (|it| it.status = 202, "status 202 is not documented"),
            (|it| (it.status, it.response_body) = (400, "{}".into()), "is not of type \"array\""),
            (|it| set(&mut it.response_headers, "content-type", Some("text/html")), "answer: content type"),
        ],
    );
    let Some(specs) = Specs::published() else { return };
    let again = Exchange { status: 204, response_body: "".into(), response_headers: Vec::new(), ..charge_of_2018() };
    assert_eq!(specs.check(&again).violations, [""; 0], "what was done before has no body");
    let first = specs.operations().into_iter().filter(|name| name.contains("/recurring/api/v1/")).count();
    assert_eq!(first, 9, "agreements 4, charges 5");
}

/// The portal's own client on the sandbox, both of which are checked against the published specs.
mod journey {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use time::{Duration, OffsetDateTime};
    use tokio_util::sync::CancellationToken;

    use super::super::{Specs, Watch};
    use crate::domain::agreement::draft::{Draft, InitialCharge};
    use crate::domain::agreement::{
        AgreementAction, AgreementState, Interval, Pricing, RecurringVersion, StoppedBy, TimeUnit,
    };
    use crate::domain::charge::{ChargeState, NewCharge, TransactionType};
    use crate::domain::identifiers::Msn;
    use crate::domain::money::{Currency, Money};
    use crate::domain::phone_number::PhoneNumber;
    use crate::domain::standing::{State, Told};
    use crate::server::sandbox::{RecurringVersions, Sandbox, SandboxKeys, SandboxSettings};
    use crate::server::vipps::{Client, Credentials, Error, Recurring, Vipps, VippsSettings};

    /// A sandbox that is served, and what was seen of it.
    struct Served {
        sandbox: Arc<Sandbox>,
        watch: Watch,
        keys: SandboxKeys,
        url: String,
        vipps: Vipps,
        stop: CancellationToken,
    }

    impl Served {
        async fn start(recurring: RecurringVersions) -> Self {
            let sandbox = Sandbox::new(&SandboxSettings { recurring, rate_limit: 0.0, ..SandboxSettings::default() });
            let watch = Watch::over(&sandbox);
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = format!("http://{}", listener.local_addr().unwrap());
            let stop = CancellationToken::new();
            tokio::spawn(Arc::clone(&sandbox).serve(listener, stop.clone().cancelled_owned()));
            let keys = sandbox.keys().into_iter().find(|keys| keys.org_id == "org_m_blabaer_kaffe").unwrap();
            let vipps = Vipps::new(VippsSettings { rate: 1000.0, ..VippsSettings::default() }).unwrap();
            Self { sandbox, watch, keys, url, vipps, stop }
        }

        fn client(&self) -> Client {
            self.vipps.client(Credentials {
                organisation: None,
                upstream: self.url.clone(),
                client_id: self.keys.client_id.clone(),
                client_secret: self.keys.client_secret.clone().into(),
                subscription_key: Some(self.keys.subscription_key.clone().into()),
                secondary_subscription_key: None,
                msn: Msn::parse(self.keys.msn.as_deref().unwrap()),
            })
        }

        fn accept(&self, id: &str) {
            assert_eq!(self.sandbox.accept_agreement(self.keys.msn.as_deref().unwrap(), id), Some(true));
        }
    }

    impl Drop for Served {
        fn drop(&mut self) {
            self.stop.cancel();
        }
    }

    fn draft() -> Draft {
        Draft {
            product_name: "Blåbær kaffeklubb".to_owned(),
            product_description: Some("Kaffe hjem".to_owned()),
            pricing: Pricing::Fixed(Money::new(10_000, Currency::Nok)),
            interval: Some(Interval { unit: TimeUnit::Month, count: 1 }),
            redirect_url: "https://example.com/takk".to_owned(),
            merchant_url: Some("https://example.com/min-side".to_owned()),
            phone_number: PhoneNumber::parse("4712345678"),
            external_id: None,
            initial_charge: Some(InitialCharge {
                amount: 500,
                description: "Start".to_owned(),
                transaction_type: TransactionType::Direct,
            }),
        }
    }

    fn charge(amount: i64, transaction_type: TransactionType) -> NewCharge {
        NewCharge {
            amount,
            description: "November".to_owned(),
            due: Some((OffsetDateTime::now_utc() + Duration::days(2)).date()),
            retry_days: 0,
            transaction_type,
            external_id: None,
        }
    }

    async fn state_of(recurring: &Recurring, agreement: &str, id: &str) -> Told<ChargeState> {
        recurring.charge(agreement, id).await.unwrap().value.state
    }

    fn status<T: std::fmt::Debug>(answer: Result<T, Error>) -> u16 {
        answer.unwrap_err().status().unwrap()
    }

    /// Drafts, approves, charges, finds the failed charge, and stops.
    async fn typical_flow(served: &Served, recurring: &Recurring) {
        let first = recurring.version() == RecurringVersion::V1;
        let drafted = recurring.draft("draft-1", &draft()).await.unwrap();
        assert!(drafted.url.starts_with(&format!("{}/register/agreements/", served.url)), "{}", drafted.url);
        let id = drafted.agreement_id.as_str();
        let pending = recurring.agreement(id).await.unwrap().value;
        assert_eq!(pending.state, Told::Known(AgreementState::Pending));
        assert!(pending.may(AgreementAction::CreateCharge).is_err());
        let waiting = recurring.agreements(AgreementState::Pending).await.unwrap();
        assert!(waiting.iter().any(|agreement| agreement.value.id == id));
        served.accept(id);
        let active = recurring.agreement(id).await.unwrap().value;
        assert_eq!(active.state, Told::Known(AgreementState::Active));
        assert_eq!(active.pricing, Pricing::Fixed(Money::new(10_000, Currency::Nok)));
        assert_eq!(active.msn, Msn::parse(served.keys.msn.as_deref().unwrap()));
        assert!(active.start.is_some() && active.stop.is_none());

        let pay = charge(1_000, TransactionType::Direct);
        let paid = recurring.create_charge("charge-1", &active, &pay).await.unwrap().unwrap();
        let again = recurring.create_charge("charge-1", &active, &pay).await.unwrap();
        assert!(again.is_none_or(|again| again == paid), "one key, one charge");
        let fail = charge(1_001, TransactionType::Direct);
        let failed = recurring.create_charge("charge-2", &active, &fail).await.unwrap().unwrap();
        let off = recurring.create_charge("charge-3", &active, &charge(1_100, TransactionType::Direct)).await;
        let off = off.unwrap().unwrap();
        assert_eq!(state_of(recurring, id, &off).await, Told::Known(ChargeState::Pending));
        recurring.cancel("cancel-1", id, &off).await.unwrap();
        recurring.cancel("cancel-1", id, &off).await.unwrap();
        assert_eq!(state_of(recurring, id, &off).await, Told::Known(ChargeState::Cancelled));
        served.sandbox.let_days_pass(4);
        let charges = recurring.charges(id).await.unwrap();
        assert_eq!(charges.len(), 4, "with the first one, and each once");
        let failures: Vec<&str> = charges
            .iter()
            .filter(|charge| charge.value.state == Told::Known(ChargeState::Failed))
            .map(|charge| charge.value.id.as_str())
            .collect();
        assert_eq!(failures, [failed.as_str()]);
        let told = recurring.charge(id, &paid).await.unwrap().value;
        assert_eq!((told.state.clone(), told.refundable()), (Told::Known(ChargeState::Charged), 1_000));
        let too_late = recurring.cancel("cancel-2", id, &paid).await.unwrap_err();
        assert!(too_late.status() == Some(409) && !too_late.leaves_outcome_open(), "{too_late}");
        if first {
            let part = recurring.refund("refund-1", &told, id, 400, "Part").await;
            assert!(matches!(part, Err(Error::Unsendable { .. })));
        } else {
            recurring.refund("refund-1", &told, id, 400, "Part").await.unwrap();
            assert_eq!(state_of(recurring, id, &paid).await, Told::Known(ChargeState::PartiallyRefunded));
            recurring.refund("refund-2", &told, id, 600, "Rest").await.unwrap();
        }
        if first {
            recurring.refund("refund-1", &told, id, 1_000, "All").await.unwrap();
        }
        assert_eq!(state_of(recurring, id, &paid).await, Told::Known(ChargeState::Refunded));
        let by = if first { StoppedBy::Customer } else { StoppedBy::Merchant };
        recurring.stop("stop-1", &active, by).await.unwrap();
        let stopped = recurring.agreement(id).await.unwrap().value;
        assert_eq!(stopped.state, Told::Known(AgreementState::Stopped));
        assert_eq!(stopped.stopped_by, first.then_some(StoppedBy::Customer));
        let dead = recurring.agreement("agr_0000000").await.unwrap_err();
        assert!(dead.is_not_found(), "{dead}");
    }

    async fn what_only_today_has(served: &Served, recurring: &Recurring) {
        let reserving = Draft { pricing: Pricing::Flexible(Currency::Nok), initial_charge: None, ..draft() };
        let id = recurring.draft("draft-2", &reserving).await.unwrap().agreement_id;
        served.accept(&id);
        let agreement = recurring.agreement(&id).await.unwrap().value;
        let at_once = NewCharge { due: None, ..charge(2_000, TransactionType::Reserve) };
        let reserved = recurring.create_charge("reserve", &agreement, &at_once).await.unwrap().unwrap();
        recurring.capture("capture-1", &id, &reserved, 500).await.unwrap();
        recurring.capture("capture-1", &id, &reserved, 500).await.unwrap();
        let told = recurring.charge(&id, &reserved).await.unwrap().value;
        assert_eq!((told.state.clone(), told.capturable()), (Told::Known(ChargeState::PartiallyCaptured), 1_500));
        assert_eq!(status(recurring.capture("capture-2", &id, &reserved, 1_501).await), 400);
        let misused = recurring.capture("capture-1", &id, &reserved, 501).await.unwrap_err();
        assert!(misused.status() == Some(409) && misused.leaves_outcome_open(), "the key is known: {misused}");
        recurring.cancel("release", &id, &reserved).await.unwrap();
        assert_eq!(state_of(recurring, &id, &reserved).await, Told::Known(ChargeState::Charged));
        let strange = recurring.refund("none", &told, &id, 100, "").await;
        assert!(matches!(strange, Err(Error::Unsendable { .. })));
    }

    async fn read_all(recurring: &Recurring) -> usize {
        let mut all = 0;
        for &state in AgreementState::ALL {
            for agreement in recurring.agreements(state).await.unwrap() {
                assert_eq!(agreement.value.state, Told::Known(state));
                all += 1;
                if all % 10 == 0 {
                    let charges = recurring.charges(&agreement.value.id).await.unwrap();
                    assert!(charges.iter().all(|charge| charge.value.state.known().is_some()));
                }
            }
        }
        all
    }

    fn met(served: &Served) -> BTreeSet<String> {
        assert_eq!(served.watch.violations(), [""; 0]);
        let well = served.watch.met().into_iter().filter(|(_, status)| (200..300).contains(status));
        well.map(|(name, _)| name).collect()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn version_3_is_asked_and_answered_as_published() {
        let served = Served::start(RecurringVersions::Third).await;
        let client = served.client();
        assert_eq!(client.recurring_version(None).await.unwrap(), Some(RecurringVersion::V3));
        let recurring = client.recurring(RecurringVersion::V3, None);
        assert_eq!(read_all(&recurring).await, 60);
        typical_flow(&served, &recurring).await;
        what_only_today_has(&served, &recurring).await;
        // For tests, for much at once, and for who has lost an id: the portal has no use for them.
        let unused =
            |name: &String| ["/accept", "agreements/charges", "/v3/charges/"].iter().any(|part| name.contains(part));
        let Some(specs) = Specs::published() else { return };
        let published = specs.operations().into_iter().filter(|name| name.contains("/recurring/v3") && !unused(name));
        assert_eq!(met(&served), published.collect());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn version_1_is_asked_and_answered_as_published() {
        let served = Served::start(RecurringVersions::First).await;
        let client = served.client();
        assert_eq!(client.recurring_version(None).await.unwrap(), Some(RecurringVersion::V1));
        let recurring = client.recurring(RecurringVersion::V1, None);
        assert_eq!(read_all(&recurring).await, 60);
        typical_flow(&served, &recurring).await;
        let tokens: Vec<String> = served.sandbox.calls().into_iter().map(|call| call.path).collect();
        assert_eq!(tokens.iter().filter(|path| path.as_str() == "/api/access-token/jwt-token").count(), 1);
        let Some(specs) = Specs::published() else { return };
        let published = specs.operations().into_iter().filter(|name| name.contains("/recurring/api/v1"));
        assert_eq!(met(&served), published.collect());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn two_organisations_with_one_client_id_are_never_refused_for_their_number_of_calls() {
        let served = Served::start(RecurringVersions::Both).await;
        let one = served.client();
        // The same keys without a sales unit: another organisation, and a token of its own.
        let other = served.vipps.client(Credentials {
            organisation: None,
            upstream: served.url.clone(),
            client_id: served.keys.client_id.clone(),
            client_secret: served.keys.client_secret.clone().into(),
            subscription_key: Some(served.keys.subscription_key.clone().into()),
            secondary_subscription_key: None,
            msn: None,
        });
        let of_both = [one.recurring(RecurringVersion::V3, None), other.recurring(RecurringVersion::V3, None)];
        let first = one.recurring(RecurringVersion::V1, None);
        let started = std::time::Instant::now();
        let calls = (0..45).flat_map(|_| of_both.iter().map(|recurring| recurring.agreement("agr_0000000")));
        let (of_today, of_2018) = tokio::join!(
            futures::future::join_all(calls),
            futures::future::join_all((0..10).map(|_| first.agreement("agr_0000000"))),
        );
        let took = started.elapsed().as_secs_f64();
        assert!(of_today.iter().chain(&of_2018).all(|answer| matches!(answer, Err(Error::NotFound(_)))));
        let statuses: Vec<u16> = served.sandbox.calls().into_iter().map(|call| call.status).collect();
        assert!(!statuses.contains(&429), "upstream had to refuse");
        // A hundred calls and three for tokens at twenty a second.
        println!("{took} s");
        assert!((4.0..20.0).contains(&took), "{took} s");
    }
}
