//! What stands before every API: the record of calls, faults, tokens, keys and rates.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::broken::{self, Altered};
use super::faults::Cut;
use super::problem::Refusal;
use super::tokens::{self, Kind};
use super::world::Reach;
use super::{Sandbox, form};

pub const SUBSCRIPTION_KEY: &str = "Ocp-Apim-Subscription-Key";
const SYSTEM_HEADERS: [&str; 4] =
    ["Vipps-System-Name", "Vipps-System-Version", "Vipps-System-Plugin-Name", "Vipps-System-Plugin-Version"];

/// Who makes a call; in the extensions of every request that [`authorize`] let through.
#[derive(Clone, Copy, Debug)]
pub struct Caller {
    /// Which of the sandbox's clients.
    pub client: usize,
    pub reach: Reach,
}

impl Caller {
    /// The partner that calls. 403 for a merchant.
    pub fn partner(&self) -> Result<u16, Refusal> {
        match self.reach {
            Reach::Partner(partner) => Ok(partner),
            Reach::Unit(_) => Err(Refusal::problem(StatusCode::FORBIDDEN, "Only the keys of a partner may do this.")),
        }
    }
}

/// Outermost: notes the call and does to it what the faults say.
pub async fn pass(State(sandbox): State<Arc<Sandbox>>, request: Request, next: Next) -> Response {
    let client = claimed_client(&sandbox, request.headers());
    let client_id = client.and_then(|client| sandbox.clients.get(client)).map(|client| client.client_id.clone());
    let noted = sandbox.calls.begin(client_id, request.method().to_string(), request.uri().path().to_owned());
    let (request, seen) = sandbox.observer.begin(request).await;
    let response = with_faults(&sandbox, request, next).await;
    let said = response.extensions().get::<Altered>().map_or(response.status(), |altered| altered.status);
    noted.answered(said.as_u16());
    match seen {
        Some(seen) => seen.answered(response, sandbox.faults.shape().is_some()).await,
        None => response,
    }
}

async fn with_faults(sandbox: &Sandbox, request: Request, next: Next) -> Response {
    if form::is_page(request.uri().path()) {
        return next.run(request).await;
    }
    let fate = sandbox.faults.draw();
    if let Some(latency) = fate.latency {
        tokio::time::sleep(latency).await;
    }
    if fate.blackhole {
        return broken::instead(sandbox.never_answer().await);
    }
    if let Some(status) = fate.error {
        return broken::instead(Refusal::of(status).said_at(request.uri().path()).into_response());
    }
    if fate.html {
        return broken::html_error();
    }
    let lost = fate.lost.filter(|_| changes_something(&request));
    let response = next.run(request).await;
    match lost {
        Some(Cut::BeforeAnyByte) => return broken::lost(response).await,
        Some(Cut::InTheBody) => return broken::lost_in_the_body(response).await,
        None => {}
    }
    if !matches!(response.status(), StatusCode::OK | StatusCode::CREATED) {
        response
    } else if fate.malformed {
        broken::malformed(response).await
    } else if fate.truncate {
        broken::truncated(response).await
    } else {
        response
    }
}

fn changes_something(request: &Request) -> bool {
    let path = request.uri().path();
    let api = ["/management/", "/webhooks/", "/recurring/"].iter().any(|start| path.starts_with(start));
    api && matches!(*request.method(), Method::POST | Method::PATCH | Method::DELETE)
}

/// Lets a call through that has a token and, where its kind needs one, a subscription key.
pub async fn authorize(State(sandbox): State<Arc<Sandbox>>, mut request: Request, next: Next) -> Response {
    match caller(&sandbox, request.headers()) {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(refusal) => refusal.said_at(request.uri().path()).into_response(),
    }
}

fn caller(sandbox: &Sandbox, headers: &HeaderMap) -> Result<Caller, Refusal> {
    let subscription_key = text_of(headers, SUBSCRIPTION_KEY);
    let known = |key: &str| sandbox.clients.any_has_subscription_key(key);
    if subscription_key.is_some_and(|key| !known(key)) {
        return Err(wrong_subscription_key());
    }
    let authorization = text_of(headers, header::AUTHORIZATION.as_str())
        .ok_or_else(|| Refusal::unauthorized("Access token is missing."))?;
    let text = authorization
        .strip_prefix("Bearer ")
        .ok_or_else(|| Refusal::unauthorized("The Authorization header must begin with 'Bearer '."))?;
    let dead = || Refusal::unauthorized("Access token is invalid or has expired.");
    let token = sandbox.tokens.find(text, sandbox.faults.token_life()).ok_or_else(dead)?;
    let client = sandbox.clients.get(token.client).ok_or_else(dead)?;
    match subscription_key {
        Some(key) if !client.has_subscription_key(key) => return Err(wrong_subscription_key()),
        None if token.kind == Kind::Standard => return Err(no_subscription_key()),
        Some(_) | None => {}
    }
    sandbox.limits.take(token.client, Instant::now()).map_err(Refusal::too_many)?;
    check_system_headers(headers)?;
    Ok(Caller { client: token.client, reach: client.reach })
}

pub fn check_system_headers(headers: &HeaderMap) -> Result<(), Refusal> {
    for name in SYSTEM_HEADERS {
        for value in headers.get_all(name) {
            let length = std::str::from_utf8(value.as_bytes()).map_or(usize::MAX, |text| text.chars().count());
            if length > 30 {
                return Err(Refusal::invalid(name, "must have at most 30 characters"));
            }
        }
    }
    Ok(())
}

pub fn no_subscription_key() -> Refusal {
    Refusal::unauthorized("Access denied due to missing subscription key. Make sure to include subscription key.")
}

pub fn wrong_subscription_key() -> Refusal {
    Refusal::unauthorized("Access denied due to invalid subscription key. Make sure to provide a valid key.")
}

/// A header's text, unless it is absent, empty or not ASCII.
pub fn text_of<'headers>(headers: &'headers HeaderMap, name: &str) -> Option<&'headers str> {
    headers.get(name).and_then(|value| value.to_str().ok()).filter(|text| !text.is_empty())
}

/// Scheme and host that the caller knows the sandbox by, without a slash at the end.
pub fn address(headers: &HeaderMap, uri: &Uri) -> String {
    let scheme = text_of(headers, "X-Forwarded-Proto").filter(|scheme| *scheme == "https").unwrap_or("http");
    let host = text_of(headers, header::HOST.as_str()).or(uri.authority().map(|authority| authority.as_str()));
    format!("{scheme}://{}", host.unwrap_or("localhost"))
}

pub async fn unknown_path() -> Refusal {
    Refusal::gateway(StatusCode::NOT_FOUND, "Resource not found")
}

pub async fn wrong_method() -> Refusal {
    Refusal::gateway(StatusCode::METHOD_NOT_ALLOWED, "The method is not allowed here.")
}

/// Whose call this says to be, right or wrong.
fn claimed_client(sandbox: &Sandbox, headers: &HeaderMap) -> Option<usize> {
    if let Some(client_id) = text_of(headers, "client_id") {
        return sandbox.clients.find(client_id);
    }
    if let Some((client_id, _)) = tokens::basic(headers) {
        return sandbox.clients.find(&client_id);
    }
    let authorization = text_of(headers, header::AUTHORIZATION.as_str())?;
    sandbox.tokens.owner(authorization.strip_prefix("Bearer ")?)
}
