//! Keys that are turned over while calls are made.

use futures::FutureExt;
use futures::future::BoxFuture;
use uuid::uuid;

use super::*;
use crate::server::vipps::subscription_keys::Blame;

const SECONDARY: &str = "5d2bd4d9a5f04b0a9d0d9cc1a4f1c0aa";
const NEW: &str = "77aa7d9a5f04b0a9d0d9cc1a4f1c0bb7";

/// As the gateway says it, in the shape of the newer or the older one.
fn wrong_key(old: bool) -> Response {
    let message = "Access denied due to invalid subscription key. Make sure to provide a valid key.";
    let body = if old {
        json!({ "statusCode": 401, "message": message })
    } else {
        json!({ "responseInfo": { "responseCode": 401, "responseMessage": "Unauthorized" }, "result": { "message": message } })
    };
    (StatusCode::UNAUTHORIZED, Json(body)).into_response()
}

fn wrong_token() -> Response {
    let body = json!({ "title": "Unauthorized", "detail": "Access token is invalid or has expired." });
    (StatusCode::UNAUTHORIZED, Json(body)).into_response()
}

fn both_keys(url: &str) -> Credentials {
    Credentials { secondary_subscription_key: Some(SECONDARY.into()), ..keys(url) }
}

/// An upstream that takes these subscription keys, and says no in this way.
async fn taking(good: &Arc<Mutex<Vec<&'static str>>>, no: fn() -> Response) -> Arc<Fake> {
    let taken = |good: &Arc<Mutex<Vec<&'static str>>>| {
        let good = Arc::clone(good);
        move |seen: &Seen| good.lock().unwrap().contains(&seen.header("ocp-apim-subscription-key").unwrap())
    };
    let (for_tokens, for_calls) = (taken(good), taken(good));
    Fake::with_tokens(
        Duration::from_millis(2),
        move |_, number, seen| if for_tokens(seen) { token(number, 3600) } else { no() },
        move |_, _, seen| match seen.method {
            _ if !for_calls(seen) => no(),
            Method::POST => {
                let id = uuid!("81b83246-5c19-7b94-875b-ea6d1114f099");
                (StatusCode::CREATED, Json(json!({ "id": id, "secret": "090a478d" }))).into_response()
            }
            _ => list(),
        },
    )
    .await
}

fn no() -> Response {
    wrong_key(false)
}

fn no_as_before() -> Response {
    wrong_key(true)
}

fn no_for_whatever_reason() -> Response {
    status(401)
}

#[tokio::test]
async fn while_one_key_is_regenerated_calls_go_on_with_the_other() {
    for (no, more_tokens) in [(no as fn() -> Response, 0), (no_as_before, 0), (no_for_whatever_reason, 1)] {
        let good = Arc::new(Mutex::new(vec![KEY, SECONDARY]));
        let fake = taking(&good, no).await;
        let vipps = vipps(10_000.0);
        let client = vipps.client(both_keys(&fake.url));
        client.sales_units().await.unwrap();
        *good.lock().unwrap() = vec![SECONDARY];
        let outcomes = futures::future::join_all((0..50).map(|_| client.sales_units())).await;
        assert!(outcomes.iter().all(Result::is_ok), "{:?}", outcomes.iter().find(|outcome| outcome.is_err()));
        assert!(fake.calls() <= 1 + 50 * 2, "each is tried again once at most: {}", fake.calls());
        // All who have these keys know by now, and nothing is refused any more.
        let calls = fake.calls();
        for _ in 0..20 {
            vipps.client(both_keys(&fake.url)).sales_units().await.unwrap();
        }
        assert_eq!(fake.calls(), calls + 20);
        // Where the reason is not told, it can have been the token.
        assert_eq!(fake.tokens(), 1 + more_tokens * 2, "and a token is never asked for with a dead key twice");
        // The same way back, once that is regenerated, too; the one before was refused just now and is the old one.
        *good.lock().unwrap() = vec![NEW];
        assert!(client.sales_units().await.is_err());
        let keys = Credentials { subscription_key: Some(NEW.into()), ..both_keys(&fake.url) };
        vipps.client(keys).sales_units().await.unwrap();
    }
}

#[tokio::test]
async fn the_other_key_is_tried_for_the_token_too() {
    let good = Arc::new(Mutex::new(vec![SECONDARY]));
    for no in [no as fn() -> Response, no_for_whatever_reason] {
        let fake = taking(&good, no).await;
        let client = vipps(1000.0).client(both_keys(&fake.url));
        client.check_token().await.unwrap();
        client.sales_units().await.unwrap();
        assert_eq!((fake.tokens(), fake.calls()), (2, 1));
    }
    // A refused secret is no reason to try it.
    let fake = Fake::with_tokens(Duration::ZERO, |_, _, _| wrong_secret(), |_, _, _| list()).await;
    assert!(vipps(1000.0).client(both_keys(&fake.url)).check_token().await.is_err());
    assert_eq!(fake.tokens(), 1);
}

fn wrong_secret() -> Response {
    let body = json!({ "error": "invalid_client", "error_description": "Invalid client_id or client_secret." });
    (StatusCode::UNAUTHORIZED, Json(body)).into_response()
}

#[tokio::test]
async fn two_wrong_keys_do_not_double_every_call() {
    for (no, first) in [(no as fn() -> Response, 2), (no_for_whatever_reason, 2)] {
        let good = Arc::new(Mutex::new(vec![KEY]));
        let fake = taking(&good, no).await;
        let client = vipps(1000.0).client(both_keys(&fake.url));
        client.sales_units().await.unwrap();
        *good.lock().unwrap() = Vec::new();
        for _ in 0..20 {
            let error = client.sales_units().await.unwrap_err();
            assert!(matches!(error, Error::Unauthorized(_)), "{error}");
        }
        // Either every call is refused once, or the token could not be renewed, which is asked for once for each.
        let (calls, tokens) = (fake.calls(), fake.tokens());
        assert!(calls - 1 + tokens - 1 <= 20 + first, "{calls} calls, {tokens} tokens");
    }
}

#[tokio::test]
async fn a_dead_token_is_told_from_a_dead_key() {
    let fake = Fake::new(|_, _, seen| if seen.bearer() == format!("{TOKEN}0") { wrong_token() } else { list() }).await;
    let client = vipps(1000.0).client(both_keys(&fake.url));
    // So young a token that was never accepted is not worth replacing, and the key is not to blame.
    assert!(client.sales_units().await.is_err());
    assert_eq!((fake.tokens(), fake.calls()), (1, 1));
    client.check_token().await.unwrap();
    client.sales_units().await.unwrap();
    let keys: Vec<_> = fake.seen().iter().map(|seen| seen.header("ocp-apim-subscription-key") == Some(KEY)).collect();
    assert_eq!(keys, [true; 4]);

    let blamed = |response: &str| Blame::of(&Problem::read(401, response.as_bytes(), &[]));
    let key = "Access denied due to missing subscription key. Make sure to include subscription key.";
    assert_eq!(blamed(&format!(r#"{{"statusCode":401,"message":"{key}"}}"#)), Blame::SubscriptionKey);
    assert_eq!(blamed(key), Blame::SubscriptionKey);
    assert_eq!(blamed(r#"{"error":"invalid_client"}"#), Blame::Token);
    assert_eq!(
        blamed(r#"{"statusCode":401,"message":"Unauthorized. Access token is missing or invalid."}"#),
        Blame::Token
    );
    for untold in ["", "{}", r#"{"title":"Unauthorized"}"#, "The token or the subscription key is wrong."] {
        assert_eq!(blamed(untold), Blame::Untold, "{untold}");
    }
}

#[tokio::test]
async fn what_is_refused_for_its_key_is_carried_out_once() {
    for no in [no as fn() -> Response, no_for_whatever_reason] {
        let good = Arc::new(Mutex::new(vec![KEY]));
        let fake = taking(&good, no).await;
        let client = vipps(1000.0).client(both_keys(&fake.url));
        client.sales_units().await.unwrap();
        *good.lock().unwrap() = vec![SECONDARY];
        client.register_webhook(None, "https://example.com/hook", &["user.checked-in.v1".to_owned()]).await.unwrap();
        let posts = fake.seen_calls().into_iter().filter(|seen| seen.method == Method::POST);
        let keys: Vec<_> = posts.map(|seen| seen.header("ocp-apim-subscription-key") == Some(SECONDARY)).collect();
        assert_eq!(keys, [false, true]);
    }
}

/// Tells these keys, and counts how often.
struct Source {
    keys: Mutex<Option<Credentials>>,
    asked: AtomicUsize,
}

impl KeySource for Source {
    fn anew(&self) -> BoxFuture<'_, Option<Credentials>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let keys = self.keys.lock().unwrap().clone();
        async move { keys }.boxed()
    }
}

#[tokio::test]
async fn refused_keys_are_asked_for_anew_before_a_call_fails() {
    let good = Arc::new(Mutex::new(vec![KEY]));
    let fake = taking(&good, no).await;
    let source = Arc::new(Source { keys: Mutex::new(Some(keys(&fake.url))), asked: AtomicUsize::new(0) });
    let client = vipps(1000.0).lasting_client(keys(&fake.url), Arc::<Source>::clone(&source));
    client.sales_units().await.unwrap();
    assert_eq!(source.asked.load(Ordering::SeqCst), 0);
    *good.lock().unwrap() = vec![NEW];
    *source.keys.lock().unwrap() = Some(Credentials { subscription_key: Some(NEW.into()), ..keys(&fake.url) });
    let outcomes = futures::future::join_all((0..20).map(|_| client.sales_units())).await;
    assert!(outcomes.iter().all(Result::is_ok), "{:?}", outcomes.iter().find(|outcome| outcome.is_err()));
    assert_eq!(source.asked.load(Ordering::SeqCst), 1, "those that failed together ask once");
    let calls = fake.calls();
    client.clone().in_lane(Lane::Sync).sales_units().await.unwrap();
    client.check_token().await.unwrap();
    assert_eq!(fake.calls(), calls + 1, "the client stays with the new keys");
}

#[tokio::test]
async fn where_there_are_no_other_keys_they_are_not_asked_for_with_every_call() {
    let good = Arc::new(Mutex::new(Vec::new()));
    let fake = taking(&good, no).await;
    for others in [Some(keys(&fake.url)), None] {
        let source = Arc::new(Source { keys: Mutex::new(others), asked: AtomicUsize::new(0) });
        let (vipps, tokens) = (vipps(1000.0), fake.tokens());
        for _ in 0..10 {
            let client = vipps.lasting_client(keys(&fake.url), Arc::<Source>::clone(&source));
            assert!(matches!(client.sales_units().await, Err(Error::Unauthorized(_))));
        }
        assert_eq!((fake.tokens() - tokens, fake.calls(), source.asked.load(Ordering::SeqCst)), (10, 0, 1));
    }
}
