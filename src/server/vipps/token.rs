//! Access tokens: asked for once, shared by all calls with the same keys, never logged or stored.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared};
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::effect::Effect;
use super::error::Error;
use super::subscription_keys::SubscriptionKey;
use super::transport::{Request, secret_header};
use super::{Credentials, call};

/// Access token API, for keys with a subscription key.
const STANDARD: &str = "/accesstoken/get";
/// Access token API, for keys without one.
const SPECIALIZED: &str = "/miami/v1/token";
/// For answers without an expiry: shorter than any documented life.
const UNTOLD_LIFE: Duration = Duration::from_secs(300);
const LONGEST_LIFE: Duration = Duration::from_secs(24 * 3600);
/// How long after a failure a token that still works is not renewed ahead of time.
const PATIENCE: Duration = Duration::from_secs(5);
/// A token that was refused while younger than this, and never accepted, is not worth asking for again.
const PROBATION: Duration = Duration::from_secs(10);

pub(super) struct Token {
    text: SecretString,
    since: Instant,
    life: Duration,
}

impl Token {
    /// # Errors
    /// [`Error::NotUnderstood`], without any part of the body.
    pub(super) fn read(body: &[u8], now: Instant) -> Result<Self, Error> {
        let answer: Value = serde_json::from_slice(body).map_err(|_| Error::not_understood("the token is not JSON"))?;
        let text = answer.get("access_token").and_then(Value::as_str).unwrap_or_default();
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::not_understood("the token endpoint's answer holds no token"));
        }
        // Numbers in the documents, strings in their samples, either in life.
        let number = |name: &str| {
            let value = answer.get(name)?;
            value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())
        };
        let told = number("expires_in").or_else(|| Some(number("expires_on")? - number("not_before")?));
        let life = told.filter(|seconds| seconds.is_finite());
        let life =
            life.map_or(UNTOLD_LIFE, |seconds| Duration::from_secs_f64(seconds.clamp(0.0, LONGEST_LIFE.as_secs_f64())));
        Ok(Self { text: text.to_owned().into(), since: now, life })
    }

    /// # Errors
    /// None in practice: [`Token::read`] accepts nothing that a header cannot hold.
    pub(super) fn header(&self) -> Result<HeaderValue, Error> {
        secret_header(&Zeroizing::new(format!("Bearer {}", self.text.expose_secret())), "the token")
    }

    #[cfg(test)]
    pub(super) fn life(&self) -> Duration {
        self.life
    }

    fn remaining(&self, now: Instant) -> Duration {
        (self.since + self.life).saturating_duration_since(now)
    }

    fn is_fresh(&self, now: Instant) -> bool {
        self.remaining(now) > (self.life / 10).min(Duration::from_secs(60))
    }
}

type Renewal = Shared<BoxFuture<'static, Result<Arc<Token>, Error>>>;

/// The token of one client id and secret.
#[derive(Clone, Default)]
pub(super) struct TokenCache(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    token: Option<Arc<Token>>,
    /// Whether upstream has accepted the token.
    proven: bool,
    renewal: Option<Renewal>,
    failed_at: Option<Instant>,
}

impl TokenCache {
    /// The token at hand, or what `fetch` brings. However many ask at once, `fetch` runs once; it goes on if those
    /// who ask give up. A token that is about to expire is handed out while it is renewed.
    pub(super) async fn get<F>(&self, fetch: impl FnOnce() -> F) -> Result<Arc<Token>, Error>
    where
        F: Future<Output = Result<Token, Error>> + Send + 'static,
    {
        let renewal = {
            let mut state = self.state();
            let now = Instant::now();
            let usable = state.token.clone().filter(|token| !token.remaining(now).is_zero());
            if let Some(token) = usable {
                let failed_just_now = state.failed_at.is_some_and(|at| now.duration_since(at) < PATIENCE);
                if !token.is_fresh(now) && !failed_just_now {
                    drop(self.renew(&mut state, fetch));
                }
                return Ok(token);
            }
            self.renew(&mut state, fetch)
        };
        renewal.await
    }

    /// What `fetch` brings, or a fetch that is under way.
    pub(super) async fn get_new<F>(&self, fetch: impl FnOnce() -> F) -> Result<Arc<Token>, Error>
    where
        F: Future<Output = Result<Token, Error>> + Send + 'static,
    {
        let renewal = self.renew(&mut self.state(), fetch);
        renewal.await
    }

    /// Upstream accepted the token.
    pub(super) fn accepted(&self, token: &Arc<Token>) {
        let mut state = self.state();
        state.proven |= state.token.as_ref().is_some_and(|current| Arc::ptr_eq(current, token));
    }

    /// Upstream refused the token: whether to try again with another one.
    pub(super) fn refused(&self, token: &Arc<Token>) -> bool {
        let mut state = self.state();
        if !state.token.as_ref().is_some_and(|current| Arc::ptr_eq(current, token)) {
            return true;
        }
        // Keys that were withdrawn may still bring tokens: such must not double all calls.
        let surprise = state.proven || token.since.elapsed() >= PROBATION;
        if surprise {
            state.token = None;
        }
        surprise
    }

    /// Whether somebody calls with it.
    pub(super) fn is_shared(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }

    pub(super) fn holds_one(&self) -> bool {
        let state = self.state();
        state.renewal.is_some() || state.token.as_ref().is_some_and(|token| !token.remaining(Instant::now()).is_zero())
    }

    fn renew<F>(&self, state: &mut State, fetch: impl FnOnce() -> F) -> Renewal
    where
        F: Future<Output = Result<Token, Error>> + Send + 'static,
    {
        // One that has ended and is still here has panicked.
        if let Some(renewal) = state.renewal.as_ref().filter(|renewal| renewal.peek().is_none()) {
            return renewal.clone();
        }
        let (cache, fetch) = (self.clone(), fetch());
        let task = tokio::spawn(async move {
            let fetched = fetch.await.map(Arc::new);
            let mut state = cache.state();
            state.renewal = None;
            match &fetched {
                Ok(token) => {
                    state.token = Some(Arc::clone(token));
                    state.proven = false;
                    state.failed_at = None;
                }
                Err(_) => state.failed_at = Some(Instant::now()),
            }
            fetched
        });
        let stopped = || Error::Unreachable { cause: "the portal is shutting down".into(), sent: false };
        let renewal = async move { task.await.unwrap_or_else(|_| Err(stopped())) }.boxed().shared();
        state.renewal = Some(renewal.clone());
        renewal
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// # Errors
/// [`Error::Unsendable`] if the keys do not fit into headers.
pub(super) fn request(keys: &Credentials, subscription_key: Option<&SubscriptionKey<'_>>) -> Result<Request, Error> {
    let mut headers = call::headers(keys)?;
    let secret = keys.client_secret.expose_secret();
    let (path, body) = match subscription_key {
        Some(key) => {
            headers.insert(call::SUBSCRIPTION_KEY, key.header()?);
            headers.insert(HeaderName::from_static("client_id"), secret_header(&keys.client_id, "the client_id")?);
            headers.insert(HeaderName::from_static("client_secret"), secret_header(secret, "the client_secret")?);
            // Else an empty body has no length at all, which the gateway refuses.
            headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
            (STANDARD, Bytes::new())
        }
        None => {
            let pair = Zeroizing::new(format!("{}:{secret}", keys.client_id));
            let basic = Zeroizing::new(format!("Basic {}", *Zeroizing::new(BASE64.encode(pair.as_bytes()))));
            headers.insert(AUTHORIZATION, secret_header(&basic, "the client_secret")?);
            let form = HeaderValue::from_static("application/x-www-form-urlencoded; charset=utf-8");
            headers.insert(CONTENT_TYPE, form);
            (SPECIALIZED, Bytes::from_static(b"grant_type=client_credentials"))
        }
    };
    let (method, effect, max_body) = (Method::POST, Effect::None, 64 << 10);
    let refusal_tells = false;
    Ok(Request { method, effect, template: path, path: path.to_owned(), refusal_tells, headers, body, max_body })
}

/// What a refusal by the token endpoint means: never that a sales unit is gone.
pub(super) fn refusal(error: Error) -> Error {
    match error {
        Error::Refused(problem) if problem.status == 400 => Error::Unauthorized(problem),
        Error::NotFound(problem) => Error::Refused(problem),
        error => error,
    }
}
