//! The two token endpoints, and which token is whose.
//!
//! Tokens look like signed ones but are only looked up: nothing outside the sandbox trusts them.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rand::RngCore;
use serde_json::json;
use time::OffsetDateTime;

use super::gateway::{self, SUBSCRIPTION_KEY, text_of};
use super::problem::Refusal;
use super::{Sandbox, answers, locked};

const STANDARD_LIFE: Duration = Duration::from_hours(24);
const SPECIALIZED_LIFE: Duration = Duration::from_mins(15);
/// More than any test or demonstration has at once; the oldest are forgotten first.
const KEPT: usize = 10_000;

pub fn routes() -> Router<Arc<Sandbox>> {
    Router::new()
        .route("/accesstoken/get", post(standard))
        // The gateway does not look at the case of letters, and upstream's own pages write both.
        .route("/accessToken/get", post(standard))
        .route("/miami/v1/token", post(specialized))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// From `/accesstoken/get`: valid together with a subscription key.
    Standard,
    /// From `/miami/v1/token`: valid alone.
    Specialized,
}

#[derive(Clone, Copy)]
pub struct Token {
    pub client: usize,
    pub kind: Kind,
    issued: Instant,
    life: Duration,
}

#[derive(Default)]
pub struct Tokens(Mutex<Given>);

#[derive(Default)]
struct Given {
    tokens: HashMap<Arc<str>, Token>,
    oldest_first: VecDeque<Arc<str>>,
}

impl Tokens {
    pub fn issue(&self, client: usize, kind: Kind, life: Duration, text: &str) {
        let text: Arc<str> = text.into();
        let mut state = locked(&self.0);
        if state.oldest_first.len() == KEPT
            && let Some(oldest) = state.oldest_first.pop_front()
        {
            state.tokens.remove(&oldest);
        }
        state.oldest_first.push_back(Arc::clone(&text));
        state.tokens.insert(text, Token { client, kind, issued: Instant::now(), life });
    }

    /// The token, unless unknown or dead. `at_most` shortens every token's life.
    pub fn find(&self, text: &str, at_most: Option<Duration>) -> Option<Token> {
        let token = *locked(&self.0).tokens.get(text)?;
        let life = at_most.map_or(token.life, |most| most.min(token.life));
        (token.issued.elapsed() < life).then_some(token)
    }

    /// Whose token it is or was.
    pub fn owner(&self, text: &str) -> Option<usize> {
        locked(&self.0).tokens.get(text).map(|token| token.client)
    }

    pub fn revoke_all(&self) {
        *locked(&self.0) = Given::default();
    }
}

/// `client_id` and `client_secret` of a Basic authorization.
pub fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let encoded = headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Basic ")?;
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (client_id, client_secret) = decoded.split_once(':')?;
    Some((client_id.to_owned(), client_secret.to_owned()))
}

async fn standard(State(sandbox): State<Arc<Sandbox>>, headers: HeaderMap, body: Bytes) -> Result<Response, Refusal> {
    // The gateway wants to be told that there is no body; leaving the length out is refused.
    if !headers.contains_key(header::CONTENT_LENGTH) && !headers.contains_key(header::TRANSFER_ENCODING) {
        return Err(Refusal::gateway(StatusCode::LENGTH_REQUIRED, "The request must have a Content-Length, here 0."));
    }
    let subscription_key = text_of(&headers, SUBSCRIPTION_KEY).ok_or_else(gateway::no_subscription_key)?;
    let client_id = text_of(&headers, "client_id").ok_or_else(|| Refusal::invalid("client_id", "is required"))?;
    let secret = text_of(&headers, "client_secret").ok_or_else(|| Refusal::invalid("client_secret", "is required"))?;
    gateway::check_system_headers(&headers)?;
    if let Some(msn) = headers.get("Merchant-Serial-Number")
        && !msn.to_str().is_ok_and(is_msn)
    {
        return Err(Refusal::invalid("Merchant-Serial-Number", "must match ^[0-9]{4,10}$"));
    }
    if !body.is_empty() {
        return Err(Refusal::invalid("body", "must be empty"));
    }
    let wrong = || Refusal::unauthorized("Invalid client_id or client_secret.");
    let index = sandbox.clients.find(client_id).ok_or_else(wrong)?;
    let client = sandbox.clients.get(index).ok_or_else(wrong)?;
    sandbox.limits.take(index, Instant::now()).map_err(Refusal::too_many)?;
    if !client.has_subscription_key(subscription_key) {
        return Err(gateway::wrong_subscription_key());
    }
    if !client.has_client_secret(secret) {
        return Err(wrong());
    }
    let now = OffsetDateTime::now_utc().unix_timestamp();
    let life = STANDARD_LIFE.as_secs();
    let token = shaped_like_a_token(client_id, now, life);
    sandbox.tokens.issue(index, Kind::Standard, STANDARD_LIFE, &token);
    let body = json!({
        "token_type": "Bearer",
        "expires_in": life.to_string(),
        "ext_expires_in": life.to_string(),
        "expires_on": (now + life.cast_signed()).to_string(),
        "not_before": now.to_string(),
        "resource": "00000002-0000-0000-c000-000000000000",
        "access_token": token,
    });
    Ok(answers::json(&body))
}

async fn specialized(
    State(sandbox): State<Arc<Sandbox>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Response> {
    let refused = |status: StatusCode, error: &str, description: &str| {
        let body = json!({"error": error, "error_description": description});
        (status, axum::Json(body)).into_response()
    };
    let invalid_client = |description: &str| refused(StatusCode::BAD_REQUEST, "invalid_client", description);
    if headers.contains_key(SUBSCRIPTION_KEY) {
        return Err(invalid_client("Ocp-Apim-Subscription-Key must not be sent here."));
    }
    let wrong = || refused(StatusCode::UNAUTHORIZED, "invalid_client", "Client authentication failed.");
    let (client_id, secret) = basic(&headers).ok_or_else(wrong)?;
    let index = sandbox.clients.find(&client_id).ok_or_else(wrong)?;
    let client = sandbox.clients.get(index).ok_or_else(wrong)?;
    let limited = sandbox.limits.take(index, Instant::now());
    limited.map_err(|wait| Refusal::too_many(wait).into_response())?;
    if !client.has_client_secret(&secret) {
        return Err(wrong());
    }
    let content_type = text_of(&headers, header::CONTENT_TYPE.as_str()).unwrap_or_default().to_lowercase();
    if content_type.split(';').next().map(str::trim) != Some("application/x-www-form-urlencoded") {
        return Err(invalid_client("The body must be application/x-www-form-urlencoded."));
    }
    let grant_type = form_urlencoded::parse(&body).find(|(name, _)| name == "grant_type");
    match grant_type.as_ref().map(|(_, value)| value.as_ref()) {
        Some("client_credentials") => {}
        None | Some("") => return Err(invalid_client("grant_type is missing.")),
        Some(_) => return Err(refused(StatusCode::BAD_REQUEST, "unsupported_grant_type", "Use client_credentials.")),
    }
    let life = SPECIALIZED_LIFE.as_secs();
    let token = shaped_like_a_token(&client_id, OffsetDateTime::now_utc().unix_timestamp(), life);
    sandbox.tokens.issue(index, Kind::Specialized, SPECIALIZED_LIFE, &token);
    Ok(answers::json(&json!({"access_token": token, "token_type": "Bearer", "expires_in": life.to_string()})))
}

pub fn is_msn(text: &str) -> bool {
    (4..=10).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Three base64url parts, more than 1000 characters, unguessable. `now` and `life` are seconds.
pub fn shaped_like_a_token(client_id: &str, now: i64, life: u64) -> String {
    let mut random = [0; 256];
    rand::rng().fill_bytes(&mut random);
    let head = json!({"typ": "JWT", "alg": "RS256", "kid": URL_SAFE_NO_PAD.encode(&random[..20])});
    let claims = json!({
        "iss": "https://sandbox.example/",
        "aud": "00000002-0000-0000-c000-000000000000",
        "sub": client_id,
        "appid": client_id,
        "appidacr": "1",
        "iat": now,
        "nbf": now,
        "exp": now + life.cast_signed(),
        "jti": uuid::Uuid::new_v4(),
        "aio": URL_SAFE_NO_PAD.encode(&random[20..160]),
        "rh": URL_SAFE_NO_PAD.encode(&random[160..200]),
        "note": "Made by the sandbox. Not signed.",
        "ver": "1.0",
    });
    let parts = [head.to_string(), claims.to_string()].map(|part| URL_SAFE_NO_PAD.encode(part));
    let mut signature = [0; 256];
    rand::rng().fill_bytes(&mut signature);
    format!("{}.{}.{}", parts[0], parts[1], URL_SAFE_NO_PAD.encode(signature))
}
