//! One token request at a time, and none too many.

use super::*;

#[tokio::test]
async fn two_hundred_callers_cause_one_token_request() {
    let fake = Fake::with_tokens(Duration::from_millis(30), |_, number, _| token(number, 3600), |_, _, _| list()).await;
    let vipps = vipps(10_000.0);
    let clients: Vec<Client> = (0..200).map(|_| vipps.client(keys(&fake.url))).collect();
    let outcomes = futures::future::join_all(clients.iter().map(Client::sales_units)).await;
    assert!(outcomes.iter().all(Result::is_ok), "{:?}", outcomes.iter().find(|outcome| outcome.is_err()));
    assert_eq!((fake.tokens(), fake.calls()), (1, 200));
}

#[tokio::test]
async fn a_token_that_dies_midway_is_replaced_once_and_no_call_fails() {
    // From the 200th call on only tokens after the first are good.
    let expiring = |fake: &Fake, _: usize, seen: &Seen| {
        let good = fake.calls() <= 200 || seen.bearer() != format!("{TOKEN}0");
        if good { list() } else { status(401) }
    };
    let fake = Fake::with_tokens(Duration::from_millis(20), |_, number, _| token(number, 3600), expiring).await;
    let client = vipps(10_000.0).client(keys(&fake.url));
    for _ in 0..2 {
        let outcomes = futures::future::join_all((0..200).map(|_| client.sales_units())).await;
        assert!(outcomes.iter().all(Result::is_ok));
    }
    assert_eq!(fake.tokens(), 2);
}

#[tokio::test]
async fn withdrawn_keys_do_not_double_every_call() {
    let fake = Fake::new(|_, number, _| if number == 0 { list() } else { status(401) }).await;
    let client = fake.client();
    client.sales_units().await.unwrap();
    for _ in 0..5 {
        let error = client.sales_units().await.unwrap_err();
        assert!(matches!(error, Error::Unauthorized(_)), "{error}");
    }
    assert_eq!((fake.tokens(), fake.calls()), (2, 7));
}

#[tokio::test]
async fn a_refusal_by_the_token_endpoint_is_about_the_keys_and_never_not_found() {
    for (code, unauthorized) in [(400, true), (401, true), (404, false)] {
        let fake = Fake::with_tokens(Duration::ZERO, move |_, _, _| status(code), |_, _, _| list()).await;
        let error = fake.client().sales_unit(&Msn::parse("123456").unwrap()).await.unwrap_err();
        assert_eq!(matches!(error, Error::Unauthorized(_)), unauthorized, "{error}");
        assert!(!error.is_not_found());
        assert_eq!((fake.tokens(), fake.calls()), (1, 0));
        assert_eq!(fake.client().check_token().await, Err(error));
    }
}

#[tokio::test]
async fn a_token_is_renewed_before_it_expires_and_nobody_waits_for_that() {
    let fake = Fake::with_tokens(Duration::from_millis(1), |_, number, _| token(number, 1), |_, _, _| list()).await;
    let client = vipps(10_000.0).client(keys(&fake.url));
    let started = Instant::now();
    while started.elapsed() < Duration::from_millis(1900) {
        client.sales_units().await.unwrap();
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // One at the start, one after 0.9 s and one after 1.8 s.
    assert_eq!(fake.tokens(), 3);
}

#[tokio::test]
async fn check_token_always_asks() {
    let fake = Fake::new(|_, _, _| list()).await;
    let client = fake.client();
    client.check_token().await.unwrap();
    client.check_token().await.unwrap();
    client.sales_units().await.unwrap();
    assert_eq!(fake.tokens(), 2);
}

#[tokio::test]
async fn a_caller_that_gives_up_does_not_take_the_token_request_along() {
    let fake =
        Fake::with_tokens(Duration::from_millis(100), |_, number, _| token(number, 3600), |_, _, _| list()).await;
    let client = fake.client();
    let given_up = tokio::time::timeout(Duration::from_millis(30), client.sales_units()).await;
    assert!(given_up.is_err());
    client.sales_units().await.unwrap();
    assert_eq!(fake.tokens(), 1);
}

#[test]
fn tokens_are_read_in_every_shape() {
    let now = Instant::now();
    for (body, seconds) in [
        (r#"{"access_token":"a","expires_in":"86398","ext_expires_in":"86398"}"#, 86398),
        (r#"{"access_token":"a","expires_in":900}"#, 900),
        (r#"{"access_token":"a","expires_on":"1600003600","not_before":1600000000}"#, 3600),
        (r#"{"access_token":"a","expires_in":null}"#, 300),
        (r#"{"access_token":"a","expires_in":"soon"}"#, 300),
        (r#"{"access_token":"a","expires_in":1e300}"#, 86400),
        (r#"{"access_token":"a","expires_in":"NaN"}"#, 300),
        (r#"{"access_token":"a","expires_in":-5}"#, 0),
    ] {
        let token = token::Token::read(body.as_bytes(), now).unwrap();
        assert_eq!(token.life(), Duration::from_secs(seconds), "{body}");
    }
    for body in ["", "{}", "[]", "null", r#"{"access_token":""}"#, r#"{"access_token":"a b"}"#, r#"{"access_token":1}"#]
    {
        assert!(token::Token::read(body.as_bytes(), now).is_err(), "{body}");
    }
}
