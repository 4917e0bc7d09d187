//! The way to a token in 2018: keys in a JSON body.

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use secrecy::ExposeSecret;
use serde_json::json;

use crate::server::vipps::Credentials;
use crate::server::vipps::call::{self, SUBSCRIPTION_KEY};
use crate::server::vipps::effect::Effect;
use crate::server::vipps::error::Error;
use crate::server::vipps::subscription_keys::SubscriptionKey;
use crate::server::vipps::transport::Request;

const JWT_TOKEN: &str = "/api/access-token/jwt-token";

/// # Errors
/// [`Error::Unsendable`] without a subscription key, which this way needs, or if it fits no header.
pub(in super::super) fn request(
    keys: &Credentials,
    subscription_key: Option<&SubscriptionKey<'_>>,
) -> Result<Request, Error> {
    let mut headers = call::headers(keys)?;
    let key = subscription_key.ok_or_else(|| Error::Unsendable { reason: "there is no subscription key".into() })?;
    headers.insert(SUBSCRIPTION_KEY, key.header()?);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let body = json!({
        "client_id": keys.client_id,
        "client_secret": keys.client_secret.expose_secret(),
        "resource": keys.upstream,
    });
    let (method, effect, body, max_body) = (Method::POST, Effect::None, Bytes::from(body.to_string()), 64 << 10);
    let (template, path, refusal_tells) = (JWT_TOKEN, JWT_TOKEN.to_owned(), false);
    Ok(Request { method, effect, template, path, refusal_tells, headers, body, max_body })
}
