//! The rate in real time, and upstream's own limits.

use reqwest::header::HeaderMap as Headers;
use time::macros::datetime;

use super::*;

/// Calls per second of a saturated queue, from the first call to the last.
async fn measured(rate: f64, calls: usize, parallel: usize) -> f64 {
    let fake = Fake::new(|_, _, _| list()).await;
    let client = vipps(rate).client(keys(&fake.url)).in_lane(Lane::Sync);
    client.check_token().await.unwrap();
    let left = AtomicUsize::new(calls);
    let worker = || async {
        while left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok() {
            client.sales_units().await.unwrap();
        }
    };
    futures::future::join_all((0..parallel).map(|_| worker())).await;
    let seen = fake.seen();
    let (first, last) = (seen[1].at, seen[seen.len() - 1].at);
    (calls - 1) as f64 / last.duration_since(first).as_secs_f64()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_allowed_rate_is_used_and_not_exceeded() {
    let check = async |rate: f64, calls: usize, parallel: usize| {
        // Other tests may take the processor for longer than slots may catch up.
        for attempt in 1..=4 {
            let reached = measured(rate, calls, parallel).await;
            println!("allowed {rate}/s, reached {reached:.2}/s: {:.2} %", 100.0 * reached / rate);
            // What a burst may catch up counts for more in a test this short.
            let catch_up = 1.0 + 0.05 * rate / calls as f64;
            assert!(reached <= 1.02 * rate * catch_up, "{reached} of {rate}");
            if reached >= 0.97 * rate {
                return;
            }
            assert!(attempt < 4, "{reached} of {rate}");
        }
    };
    tokio::join!(check(10.0, 26, 4), check(200.0, 401, 16));
}

#[tokio::test]
async fn people_go_before_the_sync() {
    let fake = Fake::new(|_, _, _| list()).await;
    let vipps = vipps(20.0);
    let client = vipps.client(keys(&fake.url));
    client.check_token().await.unwrap();
    let sync = client.clone().in_lane(Lane::Sync);
    let crowd = tokio::spawn(async move {
        futures::future::join_all((0..500).map(|_| sync.sales_units())).await;
    });
    tokio::time::sleep(Duration::from_millis(120)).await;
    for _ in 0..5 {
        let before = fake.calls();
        client.sales_units().await.unwrap();
        // Besides its own: one that was under way, one whose slot came first.
        assert!(fake.calls() - before <= 3, "{} calls went before", fake.calls() - before - 1);
    }
    crowd.abort();
    // Those who gave up cost no slots.
    tokio::time::sleep(Duration::from_millis(20)).await;
    let started = Instant::now();
    client.sales_units().await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(1), "490 slots would be 25 s: {:?}", started.elapsed());
}

#[tokio::test]
async fn clients_with_one_client_id_share_a_rate_and_others_do_not() {
    let fake = Fake::new(|_, _, _| list()).await;
    let vipps = vipps(20.0);
    let business = |name: &str| vipps.client(Credentials { client_id: name.into(), ..keys(&fake.url) });
    let same = Credentials { msn: Msn::parse("123456"), ..keys(&fake.url) };
    let started = Instant::now();
    let (one, two) = (vipps.client(keys(&fake.url)), vipps.client(same));
    let calls = (0..5).flat_map(|_| [one.sales_units(), two.sales_units()]);
    futures::future::join_all(calls).await;
    let shared = started.elapsed();
    assert!(shared > Duration::from_millis(450), "12 calls at 20/s: {shared:?}");
    let started = Instant::now();
    let others: Vec<Client> = (0..20).map(|number| business(&number.to_string())).collect();
    futures::future::join_all(others.iter().map(Client::sales_units)).await;
    assert!(started.elapsed() < Duration::from_secs(1), "40 calls at 20/s would be 2 s: {:?}", started.elapsed());
}

#[tokio::test]
async fn a_limit_makes_all_wait_as_long_as_asked() {
    let check = async |code: u16| {
        let fake = Fake::new(move |_, number, _| if number == 0 { resting(code, "1") } else { list() }).await;
        let client = fake.client();
        client.sales_units().await.unwrap();
        client.sales_units().await.unwrap();
        let calls: Vec<Instant> = fake.seen()[1..].iter().map(|seen| seen.at).collect();
        let rest = calls[1].duration_since(calls[0]);
        assert!((0.99..1.4).contains(&rest.as_secs_f64()), "{code}: {rest:?}");
        assert_eq!(calls.len(), 3);
    };
    tokio::join!(check(429), check(423), check(503));
}

#[tokio::test]
async fn a_person_does_not_wait_for_a_long_rest() {
    let fake = Fake::new(|_, _, _| resting(429, "999999999")).await;
    let client = fake.client();
    let error = client.sales_units().await.unwrap_err();
    assert_eq!((error.status(), fake.calls()), (Some(429), 1), "{error}");
    let started = Instant::now();
    let error = client.sales_units().await.unwrap_err();
    let Error::Limited { retry_after: Some(rest), problem: None } = error else { panic!("{error}") };
    assert!(rest > Duration::from_secs(115) && rest <= Duration::from_secs(120), "{rest:?}");
    assert!(started.elapsed() < Duration::from_secs(1));
    assert_eq!(fake.calls(), 1);
}

#[tokio::test]
async fn a_hidden_limit_is_found_and_kept() {
    // A bucket of 40/s, against a client that may do 200/s.
    let level = Mutex::new((10.0, Instant::now()));
    let bucket = move |_: &Fake, _: usize, _: &Seen| {
        let (level, at) = &mut *level.lock().unwrap();
        *level = f64::min(*level + at.elapsed().as_secs_f64() * 40.0, 10.0);
        *at = Instant::now();
        if *level < 1.0 {
            return resting(429, "0");
        }
        *level -= 1.0;
        list()
    };
    let fake = Fake::new(bucket).await;
    let client = vipps(200.0).client(keys(&fake.url)).in_lane(Lane::Sync);
    let worker = || async {
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(4) {
            let _ = client.sales_units().await;
        }
    };
    futures::future::join_all((0..8).map(|_| worker())).await;
    let late = fake.seen().iter().filter(|seen| seen.at.elapsed() < Duration::from_secs(2)).count();
    assert!((60..=90).contains(&late), "{late} calls in 2 s of 40/s");
}

#[test]
fn retry_after_is_read_in_both_forms() {
    let now = datetime!(2026-11-20 12:00:00 UTC);
    let cases = [
        ("0", None, Some(0.0)),
        ("17", None, Some(17.0)),
        (" 1.5 ", None, Some(1.5)),
        ("-1", None, None),
        ("NaN", None, None),
        ("soon", None, None),
        ("Fri, 20 Nov 2026 12:00:30 GMT", None, Some(30.0)),
        ("Fri, 20 Nov 2026 11:00:30 GMT", None, Some(0.0)),
        ("Fri, 20 Nov 2026 13:00:30 GMT", Some("Fri, 20 Nov 2026 13:00:00 GMT"), Some(30.0)),
    ];
    for (text, date, expected) in cases {
        let mut headers = Headers::new();
        headers.insert("retry-after", text.parse().unwrap());
        if let Some(date) = date {
            headers.insert("date", date.parse().unwrap());
        }
        let wait = transport::retry_after(&headers, now).map(|wait| wait.as_secs_f64());
        assert_eq!(wait, expected, "{text}");
    }
    let mut headers = Headers::new();
    headers.insert("retry-after", "1e300".parse().unwrap());
    assert_eq!(transport::retry_after(&headers, now), Some(Duration::MAX));
    assert_eq!(transport::retry_after(&Headers::new(), now), None);
}
