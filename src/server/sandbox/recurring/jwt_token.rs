//! The token endpoint of 2018, with the keys in a JSON body.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::post;
use serde_json::json;
use time::OffsetDateTime;

use crate::server::sandbox::gateway::{self, SUBSCRIPTION_KEY, text_of};
use crate::server::sandbox::problem::Refusal;
use crate::server::sandbox::strict::{self, Faults, Object};
use crate::server::sandbox::tokens::{Kind, shaped_like_a_token};
use crate::server::sandbox::{Sandbox, answers};

const LIFE: Duration = Duration::from_hours(24);

pub fn routes() -> Router<Arc<Sandbox>> {
    Router::new().route("/api/access-token/jwt-token", post(token))
}

async fn token(State(sandbox): State<Arc<Sandbox>>, headers: HeaderMap, body: Bytes) -> Result<Response, Refusal> {
    let subscription_key = text_of(&headers, SUBSCRIPTION_KEY).ok_or_else(gateway::no_subscription_key)?;
    strict::check_content_type(&headers)?;
    let body = strict::body(&body)?;
    let faults = Faults::default();
    let fields = Object::read(&body, "", &["client_id*", "client_secret*", "resource*"], &faults);
    let text = |name: &str| fields.as_ref()?.text(name, "must not be empty", |text| !text.is_empty());
    let (client_id, secret) = (text("client_id"), text("client_secret"));
    text("resource");
    faults.verdict()?;
    let wrong = || Refusal::unauthorized("Invalid client_id or client_secret.");
    let index = client_id.and_then(|client_id| sandbox.clients.find(client_id)).ok_or_else(wrong)?;
    let client = sandbox.clients.get(index).ok_or_else(wrong)?;
    if !client.has_subscription_key(subscription_key) {
        return Err(gateway::wrong_subscription_key());
    }
    if !secret.is_some_and(|secret| client.has_client_secret(secret)) {
        return Err(wrong());
    }
    let (now, life) = (OffsetDateTime::now_utc().unix_timestamp(), LIFE.as_secs());
    let token = shaped_like_a_token(&client.client_id, now, life);
    sandbox.tokens.issue(index, Kind::Standard, LIFE, &token);
    Ok(answers::json(&json!({
        "token_type": "Bearer",
        "expires_in": life.to_string(),
        "ext_expires_in": "0",
        "expires_on": (now + life.cast_signed()).to_string(),
        "not_before": now.to_string(),
        "resource": "00000002-0000-0000-c000-000000000000",
        "access_token": token,
    })))
}
