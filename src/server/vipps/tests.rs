//! The client against real servers on this machine that misbehave in every way known.

mod calls;
mod keys;
mod limits;
mod on_the_wire;
mod proposals;
mod reading;
mod recurring;
mod resources;
mod tokens;
mod writes;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use serde_json::json;

use super::*;
use crate::server::sandbox::Exchange;
use crate::server::tests::spec::Specs;

/// A JWT-like token that must never show up in an error.
const TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.tokentokentoken";
const SECRET: &str = "Y8Kteew6/GE3ZmeycEt6egg==";
const KEY: &str = "0f14ebcab0eb4b29ae0cb90d91b4a84a";

type Answers = dyn Fn(&Fake, usize, &Seen) -> Response + Send + Sync;

/// A request as the fake saw it.
struct Seen {
    at: Instant,
    method: Method,
    path: String,
    headers: HeaderMap,
    body: String,
}

impl Seen {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    fn bearer(&self) -> &str {
        self.header("authorization").unwrap().strip_prefix("Bearer ").unwrap()
    }
}

/// A fake upstream. Tokens are `{TOKEN}{number}`; calls are counted from 0.
struct Fake {
    url: String,
    latency: Duration,
    tokens: AtomicUsize,
    calls: AtomicUsize,
    seen: Mutex<Vec<Arc<Seen>>>,
    token_answers: Box<Answers>,
    answers: Box<Answers>,
}

impl Fake {
    async fn new(answers: impl Fn(&Fake, usize, &Seen) -> Response + Send + Sync + 'static) -> Arc<Self> {
        Self::with_tokens(Duration::from_millis(2), |_, number, _| token(number, 3600), answers).await
    }

    async fn with_tokens(
        latency: Duration,
        token_answers: impl Fn(&Fake, usize, &Seen) -> Response + Send + Sync + 'static,
        answers: impl Fn(&Fake, usize, &Seen) -> Response + Send + Sync + 'static,
    ) -> Arc<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let fake = Arc::new(Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            latency,
            tokens: AtomicUsize::new(0),
            calls: AtomicUsize::new(0),
            seen: Mutex::default(),
            token_answers: Box::new(token_answers),
            answers: Box::new(answers),
        });
        let router = Router::new().fallback(answer).with_state(Arc::clone(&fake));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        fake
    }

    fn client(&self) -> Client {
        vipps(1000.0).client(keys(&self.url))
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    fn tokens(&self) -> usize {
        self.tokens.load(Ordering::SeqCst)
    }

    fn seen(&self) -> Vec<Arc<Seen>> {
        self.seen.lock().unwrap().clone()
    }

    /// What was seen besides token requests.
    fn seen_calls(&self) -> Vec<Arc<Seen>> {
        self.seen().into_iter().filter(|seen| !is_for_token(&seen.path)).collect()
    }
}

async fn answer(State(fake): State<Arc<Fake>>, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let body = String::from_utf8(to_bytes(body, 1 << 20).await.unwrap().to_vec()).unwrap();
    let (method, path, headers) = (parts.method, parts.uri.to_string(), parts.headers);
    let seen = Arc::new(Seen { at: Instant::now(), method, path, headers, body });
    fake.seen.lock().unwrap().push(Arc::clone(&seen));
    let violations = violations(&seen);
    if !violations.is_empty() {
        // No test expects this answer.
        eprintln!("not valid by upstream's specs: {violations:#?}");
        return (StatusCode::IM_A_TEAPOT, violations.join("\n")).into_response();
    }
    let (count, answers) =
        if is_for_token(&seen.path) { (&fake.tokens, &fake.token_answers) } else { (&fake.calls, &fake.answers) };
    let number = count.fetch_add(1, Ordering::SeqCst);
    let response = answers(&fake, number, &seen);
    tokio::time::sleep(fake.latency).await;
    response
}

/// What upstream's published specs mind in a request.
fn violations(seen: &Seen) -> Vec<String> {
    let Some(specs) = Specs::published() else { return Vec::new() };
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    specs.check_request(&Exchange {
        method: seen.method.to_string(),
        path: seen.path.clone(),
        request_headers: seen.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
        request_body: seen.body.clone().into(),
        status: 0,
        response_headers: Vec::new(),
        response_body: Bytes::new(),
        faulted: true,
    })
}

fn is_for_token(path: &str) -> bool {
    matches!(path, "/accesstoken/get" | "/miami/v1/token" | "/api/access-token/jwt-token")
}

fn vipps(rate: f64) -> Vipps {
    Vipps::new(VippsSettings { rate, ..VippsSettings::default() }).unwrap()
}

fn keys(url: &str) -> Credentials {
    Credentials {
        organisation: None,
        upstream: url.to_owned(),
        client_id: "fb492b5e-7907-4d83-bc20-c7fb60ca35de".into(),
        client_secret: SECRET.into(),
        subscription_key: Some(KEY.into()),
        secondary_subscription_key: None,
        msn: None,
    }
}

fn token(number: usize, life: u32) -> Response {
    Json(json!({ "access_token": format!("{TOKEN}{number}"), "expires_in": life.to_string(), "token_type": "Bearer" }))
        .into_response()
}

fn list() -> Response {
    Json(json!([{ "msn": "123456", "name": "Kaffebaren" }])).into_response()
}

fn status(code: u16) -> Response {
    let body = json!({ "title": "No", "detail": format!("code {code}"), "traceId": "trace-1" });
    (StatusCode::from_u16(code).unwrap(), Json(body)).into_response()
}

fn resting(code: u16, retry_after: &str) -> Response {
    let mut response = status(code);
    response.headers_mut().insert(header::RETRY_AFTER, retry_after.parse().unwrap());
    response
}
