//! One call from asking to answer: token, turn, exchange, and when to try again.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use secrecy::ExposeSecret;

use super::breaker::{Admission, Breaker};
use super::effect::Effect;
use super::error::Error;
use super::patience::Patience;
use super::problem::Problem;
use super::rate::{Pacer, Slot};
use super::recurring;
use super::subscription_keys::{Blame, SubscriptionKey, SubscriptionKeys};
use super::token::{self, Token, TokenCache};
use super::transport::{Address, Delivered, MERCHANT_SERIAL_NUMBER, Request, Transport};
use super::{Credentials, Lane, Upstream};
use crate::domain::agreement::RecurringVersion;
use crate::domain::identifiers::Msn;

const TRIES: u32 = 3;
const FIRST_WAIT: Duration = Duration::from_millis(200);
/// With less time than this left, another try is not worth making.
const LEAST_TIME: Duration = Duration::from_secs(1);

/// So long other keys are not asked for again.
const IRREPLACEABLE_FOR: Duration = Duration::from_secs(5);

/// What to ask of upstream.
#[derive(Clone)]
pub(super) struct Call<'a> {
    pub method: Method,
    pub effect: Effect,
    /// The path with names for its variable parts, for logs.
    pub template: &'static str,
    pub path: String,
    /// Whether a refusal is an answer: to whether upstream has it at all.
    pub refusal_tells: bool,
    /// Whom the call is for; none: whom the keys are for.
    pub msn: Option<&'a Msn>,
    /// Only letters, digits and `-`, at most 50.
    pub idempotency_key: Option<&'a str>,
    /// Sent byte for byte.
    pub json: Option<Bytes>,
    /// What else is sent.
    pub headers: HeaderMap,
    /// Can lower the general limit.
    pub max_body: usize,
}

impl Call<'_> {
    pub(super) fn new(method: Method, effect: Effect, template: &'static str, path: String) -> Self {
        let (msn, idempotency_key, json, headers) = Default::default();
        let refusal_tells = false;
        Self {
            method,
            effect,
            template,
            path,
            refusal_tells,
            msn,
            idempotency_key,
            json,
            headers,
            max_body: usize::MAX,
        }
    }

    pub(super) fn get(template: &'static str, path: String) -> Self {
        Self::new(Method::GET, Effect::None, template, path)
    }
}

/// A set of credentials and all that is known about calling with them.
#[derive(Clone)]
pub(super) struct Account {
    keys: Credentials,
    subscription_keys: Arc<SubscriptionKeys>,
    address: Result<Address, Error>,
    transport: Arc<Transport>,
    pacer: Arc<Pacer>,
    upstream: Arc<Upstream>,
    tokens: TokenCache,
    /// When there were no other keys to be had in place of these.
    irreplaceable_at: Arc<Mutex<Option<Instant>>>,
    /// Where upstream counts the calls of the Recurring API.
    recurring: Arc<Pacer>,
    /// For the first version of the Recurring API.
    jwt_tokens: TokenCache,
    /// Tokens are asked for in the way of 2018.
    asks_for_jwt: bool,
}

impl Account {
    pub(super) fn new(
        keys: Credentials,
        tokens: TokenCache,
        address: Result<Address, Error>,
        transport: Arc<Transport>,
        pacer: Arc<Pacer>,
        upstream: Arc<Upstream>,
        recurring: Arc<Pacer>,
    ) -> Self {
        let subscription_keys = Arc::new(SubscriptionKeys::of(&keys));
        let (irreplaceable_at, jwt_tokens, asks_for_jwt) = Default::default();
        Self {
            keys,
            subscription_keys,
            address,
            transport,
            pacer,
            upstream,
            tokens,
            irreplaceable_at,
            recurring,
            jwt_tokens,
            asks_for_jwt,
        }
    }

    /// The same keys for the Recurring API, whose calls upstream counts by themselves.
    pub(super) fn for_recurring(&self, version: RecurringVersion) -> Self {
        let asks_for_jwt = version == RecurringVersion::V1;
        let tokens = if asks_for_jwt { &self.jwt_tokens } else { &self.tokens };
        Self { pacer: Arc::clone(&self.recurring), tokens: tokens.clone(), asks_for_jwt, ..self.clone() }
    }

    /// The sales unit that the keys belong to; none for a partner's.
    pub(super) fn msn(&self) -> Option<&Msn> {
        self.keys.msn.as_ref()
    }

    /// Upstream's answer. Tells by `open` whether upstream may have made the change although there is
    /// no answer.
    pub(super) async fn send(
        self: &Arc<Self>,
        call: &Call<'_>,
        patience: &mut Patience,
        open: &mut bool,
    ) -> Result<Delivered, Error> {
        let mut request = self.request(call.clone())?;
        let mut tried = Remedies::default();
        loop {
            self.upstream.breaker.check(Instant::now())?;
            let token = patience.wait(self.tokens.get(|| Arc::clone(self).fetch_token())).await??;
            request.headers.insert(AUTHORIZATION, token.header()?);
            let key = self.subscription_keys.used();
            if let Some(key) = &key {
                request.headers.insert(SUBSCRIPTION_KEY, key.header()?);
            }
            let outcome = self.deliver(&request, patience, open).await;
            match &outcome {
                Err(Error::Unauthorized(problem)) if self.can_mend(problem, &token, key.as_ref(), &mut tried) => {}
                Ok(_) | Err(Error::NotFound(_)) => {
                    self.tokens.accepted(&token);
                    return outcome;
                }
                Err(_) => return outcome,
            }
        }
    }

    /// Asks for a token even if there is one.
    pub(super) async fn new_token(self: &Arc<Self>) -> Result<Arc<Token>, Error> {
        self.tokens.get_new(|| Arc::clone(self).fetch_token()).await
    }

    pub(super) fn has_token(&self) -> bool {
        self.tokens.holds_one() || self.jwt_tokens.holds_one()
    }

    /// Whether there were no others just now: where keys are wrong, they are not asked for with every call.
    pub(super) fn is_irreplaceable(&self) -> bool {
        let at = self.irreplaceable_at.lock().unwrap_or_else(PoisonError::into_inner);
        at.is_some_and(|at| at.elapsed() < IRREPLACEABLE_FOR)
    }

    pub(super) fn found_irreplaceable(&self) {
        *self.irreplaceable_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    pub(super) fn breaker(&self) -> &Breaker {
        &self.upstream.breaker
    }

    fn request(&self, call: Call<'_>) -> Result<Request, Error> {
        let mut headers = headers(&self.keys)?;
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(msn) = call.msn {
            headers.insert(MERCHANT_SERIAL_NUMBER, msn_header(msn)?);
        }
        if let Some(key) = call.idempotency_key {
            headers.insert(IDEMPOTENCY_KEY, idempotency_header(key)?);
        }
        if call.json.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        headers.extend(call.headers);
        let Call { method, effect, template, path, refusal_tells, .. } = call;
        let max_body = call.max_body.min(self.transport.max_body());
        let body = call.json.unwrap_or_default();
        Ok(Request { method, effect, template, path, refusal_tells, headers, body, max_body })
    }

    /// Whether another try may help, with a new token or the other subscription key: that one of them is dead is
    /// nothing to report, once per call.
    fn can_mend(
        &self,
        problem: &Problem,
        token: &Arc<Token>,
        key: Option<&SubscriptionKey<'_>>,
        tried: &mut Remedies,
    ) -> bool {
        let blame = Blame::of(problem);
        if blame != Blame::SubscriptionKey && !tried.token && self.tokens.refused(token) {
            tried.token = true;
            return true;
        }
        if blame != Blame::Token && !tried.key && key.is_some_and(|key| self.subscription_keys.refused(key)) {
            tried.key = true;
            return true;
        }
        false
    }

    async fn fetch_token(self: Arc<Self>) -> Result<Token, Error> {
        let mut patience = Patience::new(Lane::Interactive);
        let mut tried = false;
        loop {
            let key = self.subscription_keys.used();
            let request = match self.asks_for_jwt {
                true => recurring::jwt_token_request(&self.keys, key.as_ref())?,
                false => token::request(&self.keys, key.as_ref())?,
            };
            let asked = Instant::now();
            let delivered = self.deliver(&request, &mut patience, &mut false).await.map_err(token::refusal);
            if let (Err(Error::Unauthorized(problem)), Some(key), false) = (&delivered, &key, tried)
                && Blame::of(problem) != Blame::Token
                && self.subscription_keys.refused(key)
            {
                tried = true;
                continue;
            }
            return Token::read(&delivered?.body, asked);
        }
    }

    /// Tries until there is an answer, tries or patience end, or trying more would harm upstream. Tells by `open`
    /// whether upstream may have made the change although there is no answer.
    async fn deliver(&self, request: &Request, patience: &mut Patience, open: &mut bool) -> Result<Delivered, Error> {
        let address = self.address.as_ref().map_err(Clone::clone)?;
        self.upstream.retries.earn(Instant::now());
        let mut last = None;
        for retry in 0..TRIES {
            let (slot, admission) = match self.turn(patience).await {
                Ok(turn) => turn,
                Err(error) => return Err(last.unwrap_or(error)),
            };
            let (secrets, caller) = (self.secrets(), self.keys.organisation.as_ref());
            let outcome = self.transport.exchange(address, request, patience.left(), &secrets, caller).await;
            let error = match outcome {
                Ok(delivered) => {
                    admission.succeeded();
                    return Ok(delivered);
                }
                Err(error) => error,
            };
            self.learn(&error, slot, admission);
            *open = request.effect.is_open_after(&error, *open);
            let limited = matches!(error, Error::Limited { .. });
            // After a limit the pacer makes all calls wait, this one included.
            let wait = if limited { Duration::ZERO } else { backoff(retry) };
            let may_help = (limited || error.is_sickness()) && request.effect.allows_another(&error);
            let worth_it = may_help && retry + 1 < TRIES && patience.left() > wait + LEAST_TIME;
            if !worth_it || !(limited || self.upstream.retries.spend()) {
                return Err(error);
            }
            tokio::time::sleep(wait).await;
            last = Some(error);
        }
        Err(last.unwrap_or(Error::TimedOut { after: patience.length }))
    }

    fn secrets(&self) -> Vec<&str> {
        std::iter::once(self.keys.client_secret.expose_secret()).chain(self.subscription_keys.texts()).collect()
    }

    /// Waits for a slot, as long as the breaker is closed and there is hope to get one in time.
    async fn turn(&self, patience: &mut Patience) -> Result<(Slot, Admission), Error> {
        let breaker = &self.upstream.breaker;
        let limited = |now: Instant| {
            let retry_after = Some(self.pacer.rests_until().saturating_duration_since(now));
            Error::Limited { retry_after, problem: None }
        };
        let slot = loop {
            let opens = breaker.opens();
            let now = Instant::now();
            breaker.check(now)?;
            if patience.ends.is_some_and(|ends| self.pacer.rests_until() > ends) {
                return Err(limited(now));
            }
            tokio::select! {
                slot = patience.wait(self.pacer.slot(patience.lane)) => match slot {
                    Err(_) if self.pacer.rests_until() > Instant::now() => return Err(limited(Instant::now())),
                    slot => break slot?,
                },
                () = opens => {}
            }
        };
        patience.begin();
        Ok((slot, breaker.admit(Instant::now())?))
    }

    fn learn(&self, error: &Error, slot: Slot, admission: Admission) {
        if error.is_sickness() {
            admission.failed(Instant::now());
        } else {
            admission.succeeded();
        }
        match error {
            Error::Limited { retry_after, .. } => self.pacer.limited(slot, *retry_after),
            Error::Upstream { retry_after, problem } if problem.status == 503 => {
                self.pacer.overloaded(slot, *retry_after);
            }
            _ => {}
        }
    }
}

/// What has been tried within one call after a refusal.
#[derive(Default)]
struct Remedies {
    token: bool,
    key: bool,
}

pub(super) const SUBSCRIPTION_KEY: HeaderName = HeaderName::from_static("ocp-apim-subscription-key");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// What every call carries.
///
/// # Errors
/// None in practice: an [`Msn`](crate::domain::identifiers::Msn) is digits.
pub(super) fn headers(keys: &Credentials) -> Result<HeaderMap, Error> {
    let mut headers = HeaderMap::new();
    headers.insert("vipps-system-name", HeaderValue::from_static("partner-portal"));
    headers.insert("vipps-system-version", HeaderValue::from_static(env!("CARGO_PKG_VERSION")));
    if let Some(msn) = &keys.msn {
        headers.insert(MERCHANT_SERIAL_NUMBER, msn_header(msn)?);
    }
    Ok(headers)
}

fn msn_header(msn: &Msn) -> Result<HeaderValue, Error> {
    let unsendable = |_| Error::Unsendable { reason: "the merchant serial number fits no header".into() };
    HeaderValue::from_str(msn.as_str()).map_err(unsendable)
}

fn idempotency_header(key: &str) -> Result<HeaderValue, Error> {
    let unsendable = || Error::Unsendable { reason: "the idempotency key is not 1 to 50 letters, digits and -".into() };
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if !(1..=50).contains(&key.len()) || !key.bytes().all(allowed) {
        return Err(unsendable());
    }
    HeaderValue::from_str(key).map_err(|_| unsendable())
}

/// Doubles with every try, and differs by half so that calls that failed together do not come back together.
fn backoff(retry: u32) -> Duration {
    (FIRST_WAIT * 2u32.saturating_pow(retry)).mul_f64(0.75 + fastrand::f64() / 2.0)
}

/// Retries that an upstream's calls have earned: one for every ten, and a few to begin with. Without it, an outage
/// would triple the calls just when they hurt most.
pub(super) struct RetryBudget(Mutex<(f64, Instant)>);

impl RetryBudget {
    const FEW: f64 = 5.0;
    const MOST: f64 = 10.0;
    /// Seldom calls earn by time, else they would never be tried again.
    const SECONDS_EACH: f64 = 30.0;

    fn earn(&self, now: Instant) {
        let (credit, since) = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let by_time = *credit + now.saturating_duration_since(*since).as_secs_f64() / Self::SECONDS_EACH;
        *credit = (by_time.min(credit.max(Self::FEW)) + 0.1).min(Self::MOST);
        *since = now;
    }

    fn spend(&self) -> bool {
        let (credit, _) = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let enough = *credit >= 1.0;
        *credit -= if enough { 1.0 } else { 0.0 };
        enough
    }
}

impl Default for RetryBudget {
    fn default() -> Self {
        Self(Mutex::new((Self::FEW, Instant::now())))
    }
}
