//! Headers, failures, retries, the breaker.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::domain::identifiers::BusinessIdentifier;

/// A server that answers token requests, and every other one with these bytes; none: never.
async fn raw(bytes: Option<&'static [u8]>) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let counted = Arc::clone(&counted);
            tokio::spawn(async move {
                let mut head = vec![0; 4096];
                let length = socket.read(&mut head).await.unwrap();
                if head[..length].starts_with(b"POST") {
                    let body = r#"{"access_token":"eyJtoken","expires_in":900}"#;
                    let head =
                        format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
                    socket.write_all((head + body).as_bytes()).await.unwrap();
                    return;
                }
                counted.fetch_add(1, Ordering::SeqCst);
                match bytes {
                    Some(bytes) => socket.write_all(bytes).await.unwrap(),
                    None => std::future::pending().await,
                }
            });
        }
    });
    (url, calls)
}

#[tokio::test]
async fn every_call_carries_the_headers_and_only_the_right_keys() {
    let fake = Fake::new(|_, _, _| list()).await;
    let vipps = vipps(1000.0);
    let msn = Msn::parse("0123456").unwrap();
    let with_key = Credentials { msn: Some(msn.clone()), ..keys(&fake.url) };
    vipps.client(with_key).sales_units().await.unwrap();
    vipps.client(Credentials { subscription_key: None, ..keys(&fake.url) }).sales_units().await.unwrap();
    let business = BusinessIdentifier::new("business:NO:ORG", "918 713/867?");
    vipps.client(keys(&fake.url)).merchant_sales_units(&business).await.unwrap();

    let seen = fake.seen();
    let paths: Vec<&str> = seen.iter().map(|seen| seen.path.as_str()).collect();
    let units = "/management/v1/sales-units";
    let merchants = "/management/v1/merchants/business:NO:ORG/918%20713%2F867%3F/sales-units";
    assert_eq!(paths, ["/accesstoken/get", units, "/miami/v1/token", units, "/accesstoken/get", merchants]);
    for seen in &seen {
        assert_eq!(seen.header("vipps-system-name"), Some("partner-portal"));
        assert_eq!(seen.header("vipps-system-version"), Some(env!("CARGO_PKG_VERSION")));
    }
    let [token, call, special, special_call, _, last] = &seen[..] else { panic!() };
    assert_eq!(token.header("client_secret"), Some(SECRET));
    assert_eq!(token.header("client_id"), Some("fb492b5e-7907-4d83-bc20-c7fb60ca35de"));
    assert_eq!((token.header("content-length"), token.body.as_str()), (Some("0"), ""));
    assert_eq!(token.header("ocp-apim-subscription-key"), Some(KEY));
    assert_eq!(special.header("ocp-apim-subscription-key"), None);
    assert_eq!(call.header("ocp-apim-subscription-key"), Some(KEY));
    assert_eq!(call.header("client_secret"), None);
    assert_eq!(call.bearer(), format!("{TOKEN}0"));
    assert_eq!(token.header("merchant-serial-number"), Some("0123456"));
    assert_eq!(call.header("merchant-serial-number"), Some("0123456"));
    assert_eq!(last.header("merchant-serial-number"), None);
    assert_eq!(special.body, "grant_type=client_credentials");
    assert!(special.header("authorization").unwrap().starts_with("Basic "));
    assert_eq!(special.header("content-type"), Some("application/x-www-form-urlencoded; charset=utf-8"));
    assert_eq!(special_call.header("ocp-apim-subscription-key"), None);
}

#[tokio::test]
async fn answers_keep_the_body_and_must_be_about_what_was_asked() {
    let body = "\u{feff}{\"msn\": 12345, \"name\": \"Kafé\", \"new\": {\"deep\": [1]}}";
    let fake = Fake::new(move |_, _, _| body.into_response()).await;
    let client = fake.client();
    let asked = Msn::parse("0012345").unwrap();
    let answer = client.sales_unit(&asked).await.unwrap();
    assert_eq!((answer.value.msn, answer.raw.as_str()), (asked, &body[3..]));
    let other = client.sales_unit(&Msn::parse("54321").unwrap()).await;
    assert!(matches!(other, Err(Error::NotUnderstood { .. })), "{other:?}");
    let nowhere = client.merchant(&BusinessIdentifier::new("business:NO:ORG", "..")).await;
    assert!(matches!(nowhere, Err(Error::Unsendable { .. })), "{nowhere:?}");
}

#[tokio::test]
async fn statuses_become_errors_that_say_whether_to_come_back() {
    for (code, calls, transient) in [(400, 1, false), (403, 1, false), (404, 1, false), (409, 1, false), (500, 3, true)]
    {
        let fake = Fake::new(move |_, _, _| status(code)).await;
        let error = fake.client().sales_unit(&Msn::parse("123456").unwrap()).await.unwrap_err();
        assert_eq!(error.status(), Some(code), "{error}");
        assert_eq!(error.trace_id(), Some("trace-1"));
        assert_eq!((error.is_transient(), error.is_not_found()), (transient, code == 404));
        assert!(error.to_string().contains(&format!("No: code {code} (trace id trace-1)")), "{error}");
        assert_eq!(fake.calls(), calls);
    }
}

#[tokio::test]
async fn a_burst_of_failures_is_ridden_out() {
    let fake = Fake::new(|_, number, _| if number < 2 { status(502) } else { list() }).await;
    assert_eq!(fake.client().sales_units().await.unwrap().len(), 1);
    assert_eq!(fake.calls(), 3);
}

#[tokio::test]
async fn a_failing_upstream_is_called_hardly_more_often() {
    // Every other call succeeds, so that the breaker stays closed.
    let fake = Fake::new(|_, number, _| if number % 2 == 0 { status(500) } else { list() }).await;
    let client = fake.client();
    let asked = 200;
    let outcomes = futures::future::join_all((0..asked).map(|_| client.sales_units())).await;
    assert!(outcomes.iter().any(Result::is_ok));
    assert!(fake.calls() <= asked * 12 / 10, "{} calls", fake.calls());
    assert!(fake.calls() > asked, "some were tried again");
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let elsewhere = Fake::new(|_, _, _| list()).await;
    let target = format!("{}/stolen", elsewhere.url);
    let fake = Fake::new(move |_, _, _| axum::response::Redirect::temporary(&target).into_response()).await;
    let error = fake.client().sales_units().await.unwrap_err();
    assert_eq!((error.status(), error.is_transient()), (Some(307), false), "{error}");
    assert_eq!(elsewhere.seen().len(), 0);
}

#[tokio::test]
async fn plain_http_stays_on_this_machine() {
    let vipps = vipps(10.0);
    for url in ["http://api.vipps.no", "http://10.0.0.1:80", "http://localhost.example.com", "http://127.0.0.1.example"]
    {
        let error = vipps.client(keys(url)).sales_units().await.unwrap_err();
        assert!(matches!(error, Error::Insecure { .. }), "{url}: {error}");
    }
    for url in ["", "api.vipps.no", "ftp://127.0.0.1", "http://user:pass@127.0.0.1", "http://127.0.0.1/?a", "file:///x"]
    {
        let error = vipps.client(keys(url)).check_token().await.unwrap_err();
        assert!(matches!(error, Error::Unsendable { .. }), "{url}: {error}");
        assert!(!error.to_string().contains("pass@"));
    }
    for url in ["http://localhost:1", "http://127.0.0.9:1", "http://[::1]:1/"] {
        assert!(Address::parse(url).is_ok(), "{url}");
    }
    let line_break = Credentials { client_secret: "a\nb".into(), ..keys("http://127.0.0.1:1") };
    assert!(matches!(vipps.client(line_break).check_token().await, Err(Error::Unsendable { .. })));
    for rate in [0.0, -1.0, 1e-300, f64::NAN, f64::INFINITY] {
        assert!(Vipps::new(VippsSettings { rate, ..VippsSettings::default() }).is_err(), "{rate}");
    }
}

#[tokio::test]
async fn a_body_cut_off_is_not_a_body() {
    let (url, calls) = raw(Some(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n[{\"msn\":\"123456\"}]")).await;
    let error = vipps(1000.0).client(keys(&url)).sales_units().await.unwrap_err();
    assert!(matches!(error, Error::Truncated { .. }), "{error}");
    assert_eq!(calls.load(Ordering::SeqCst), 3);
    let (url, _) =
        raw(Some(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n12\r\n[{\"msn\":\"123456\"}]\r\n")).await;
    let error = vipps(1000.0).client(keys(&url)).sales_units().await.unwrap_err();
    assert!(matches!(error, Error::Truncated { .. }), "{error}");
    let (url, _) = raw(Some(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n[{\"msn\":\"123456\"},")).await;
    let error = vipps(1000.0).client(keys(&url)).sales_units().await.unwrap_err();
    assert!(matches!(error, Error::NotUnderstood { .. }), "{error}");
}

#[tokio::test]
async fn silence_ends_in_time() {
    let settings = VippsSettings { read_timeout: Duration::from_millis(150), ..VippsSettings::default() };
    let (url, calls) = raw(None).await;
    let started = Instant::now();
    let error = Vipps::new(settings).unwrap().client(keys(&url)).sales_units().await.unwrap_err();
    assert!(matches!(error, Error::TimedOut { .. }), "{error}");
    assert_eq!(calls.load(Ordering::SeqCst), 3);
    assert!(started.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn drops_that_keep_the_connection_alive_end_in_time() {
    let settings = VippsSettings { call_timeout: Duration::from_millis(200), ..VippsSettings::default() };
    let slow = |_: &Fake, _: usize, _: &Seen| {
        let drops = futures::stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_millis(30)).await;
            Some((Ok::<_, std::convert::Infallible>(" "), ()))
        });
        Body::from_stream(drops).into_response()
    };
    let fake = Fake::new(slow).await;
    let error = Vipps::new(settings).unwrap().client(keys(&fake.url)).sales_units().await.unwrap_err();
    assert!(matches!(error, Error::TimedOut { .. }), "{error}");
}

#[tokio::test]
async fn too_large_a_body_is_left_where_it_is() {
    let endless = |_: &Fake, _: usize, _: &Seen| {
        let chunks = futures::stream::repeat_with(|| Ok::<_, std::convert::Infallible>(vec![b' '; 1 << 16]));
        Body::from_stream(chunks).into_response()
    };
    let fake = Fake::new(endless).await;
    let settings = VippsSettings { max_body: 1 << 20, ..VippsSettings::default() };
    let client = Vipps::new(settings).unwrap().client(keys(&fake.url));
    assert_eq!(client.sales_units().await, Err(Error::TooLarge { limit: 1 << 20 }));
    let (url, _) = raw(Some(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n")).await;
    let error = vipps(1000.0).client(keys(&url)).sales_unit(&Msn::parse("123456").unwrap()).await.unwrap_err();
    assert_eq!(error, Error::TooLarge { limit: 1 << 20 });
}

#[tokio::test]
async fn a_dead_upstream_opens_the_breaker_and_a_probe_closes_it() {
    let up = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let is_up = Arc::clone(&up);
    let fake = Fake::new(move |_, _, _| if is_up.load(Ordering::SeqCst) { list() } else { status(500) }).await;
    let client = fake.client();
    assert_eq!(client.breaker_open_since(), None);
    let outcomes = futures::future::join_all((0..100).map(|_| client.sales_units())).await;
    assert!(outcomes.iter().all(Result::is_err));
    let since = client.breaker_open_since().expect("open");
    let calls = fake.calls();
    let started = Instant::now();
    assert_eq!(client.sales_units().await, Err(Error::BreakerOpen { since }));
    assert!(started.elapsed() < Duration::from_millis(500));
    assert_eq!(fake.calls(), calls, "nothing is sent");
    up.store(true, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    client.sales_units().await.unwrap();
    assert_eq!(client.breaker_open_since(), None);
}

#[tokio::test]
async fn a_queue_does_not_wait_for_its_turn_to_fail() {
    let fake = Fake::new(|_, _, _| status(500)).await;
    let client = vipps(20.0).client(keys(&fake.url)).in_lane(Lane::Sync);
    let started = Instant::now();
    let outcomes = futures::future::join_all((0..500).map(|_| client.sales_units())).await;
    assert!(outcomes.iter().all(|outcome| outcome.as_ref().is_err_and(Error::is_transient)));
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[tokio::test]
async fn an_unreachable_upstream_says_why() {
    let error = vipps(1000.0).client(keys("http://127.0.0.1:1")).sales_units().await.unwrap_err();
    assert!(matches!(&error, Error::Unreachable { cause, sent: false } if cause.contains("refused")), "{error}");
    let error = vipps(1000.0).client(keys("https://127.0.0.1:1")).check_token().await.unwrap_err();
    assert!(matches!(&error, Error::Unreachable { .. }), "TLS can be set up: {error}");
}

#[tokio::test]
async fn nothing_is_sent_before_tls_stands() {
    // A server that speaks no TLS must not be sent anything it can read.
    let fake = Fake::new(|_, _, _| list()).await;
    let error = vipps(1000.0).client(keys(&fake.url.replace("http:", "https:"))).sales_units().await.unwrap_err();
    assert!(matches!(&error, Error::Unreachable { .. }), "{error}");
    assert_eq!(fake.seen().len(), 0);
}

#[tokio::test]
async fn no_error_tells_a_secret() {
    let echo = |_: &Fake, _: usize, seen: &Seen| {
        let encoded: String = form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
        let text = format!("{:?} {SECRET} {encoded}", seen.headers);
        (StatusCode::BAD_REQUEST, text).into_response()
    };
    let json_echo = |_: &Fake, _: usize, seen: &Seen| {
        let named = json!({ "clientSecret": "hidden-by-name", "detail": format!("{:?} {SECRET}", seen.headers) });
        (StatusCode::FORBIDDEN, Json(named)).into_response()
    };
    let success_echo =
        |_: &Fake, _: usize, seen: &Seen| Json(json!({ "msn": [format!("{:?}", seen.headers)] })).into_response();
    for fake in [
        Fake::with_tokens(Duration::ZERO, echo, echo).await,
        Fake::with_tokens(Duration::ZERO, success_echo, echo).await,
        Fake::new(echo).await,
        Fake::new(json_echo).await,
        Fake::new(success_echo).await,
    ] {
        for subscription_key in [Some(KEY.into()), None] {
            let client = vipps(1000.0).client(Credentials { subscription_key, ..keys(&fake.url) });
            let error = client.sales_units().await.unwrap_err();
            let told = format!("{error} {error:?} {client:?}");
            for secret in [SECRET, KEY, "tokentoken", "WThLdGVldzY", "hidden-by-name", "Basic Zm", "GE3ZmeycEt6egg"] {
                assert!(!told.contains(secret), "{secret} in {told}");
            }
        }
    }
    let told = format!("{:?}", keys("https://api.vipps.no"));
    assert!(!told.contains(SECRET) && !told.contains(KEY) && told.contains("api.vipps.no"), "{told}");
}
