//! One exchange with upstream: TLS, limits on time and size, and what became of it.

use std::error::Error as _;
use std::net::IpAddr;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{AUTHORIZATION, DATE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Method, Response, StatusCode, Url, redirect, retry};
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

use super::VippsSettings;
use super::effect::Effect;
use super::error::Error;
use super::problem::{Problem, secrets_in};
use super::tally::{Tally, outcome_of};
use crate::domain::identifiers::Msn;
use crate::domain::organisation::OrgId;

/// Where lists that come in parts say how to go on.
pub(super) const CONTINUATION_TOKEN: HeaderName = HeaderName::from_static("continuation-token");
/// Which sales unit a call is for.
pub(super) const MERCHANT_SERIAL_NUMBER: HeaderName = HeaderName::from_static("merchant-serial-number");
/// How much of the body of a refusal is read.
const PROBLEM_BODY: usize = 64 << 10;
const HTTP_DATE: &[BorrowedFormatItem<'_>] =
    format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");

/// Where an upstream is. Only `https`, or `http` on this machine.
#[derive(Clone, Debug)]
pub(super) struct Address(Url);

impl Address {
    /// # Errors
    /// [`Error::Insecure`], or [`Error::Unsendable`] for what is no base URL.
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let unsendable = |reason: &str| Error::Unsendable { reason: format!("upstream's address {reason}") };
        let url = Url::parse(text.trim()).map_err(|_| unsendable("is no URL"))?;
        let host = url.host_str().ok_or_else(|| unsendable("names no host"))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(unsendable("must not hold a user or a password"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(unsendable("must end after its path"));
        }
        match url.scheme() {
            "https" => Ok(Self(url)),
            "http" if is_loopback(host) => Ok(Self(url)),
            "http" => Err(Error::Insecure { host: host.to_owned() }),
            _ => Err(unsendable("must begin with https://")),
        }
    }

    pub(super) fn origin(&self) -> String {
        self.0.origin().ascii_serialization()
    }

    fn join(&self, path: &str) -> Result<Url, Error> {
        let text = format!("{}{path}", self.0.as_str().trim_end_matches('/'));
        Url::parse(&text).map_err(|_| Error::Unsendable { reason: "the path is no URL".into() })
    }
}

/// Puts `parts` in the place of the names in `template`.
///
/// # Errors
/// [`Error::Unsendable`] for a part that no path can hold.
pub(super) fn fill(template: &str, parts: &[&str]) -> Result<String, Error> {
    const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b':').remove(b'-').remove(b'_').remove(b'.');
    let mut parts = parts.iter();
    let segments = template.split('/').map(|segment| {
        if !segment.starts_with('{') {
            return Ok(segment.to_owned());
        }
        match parts.next() {
            // A URL reads dots as steps up or nowhere.
            None | Some(&("" | "." | "..")) => Err(Error::Unsendable { reason: format!("{segment} is not usable") }),
            Some(part) => Ok(utf8_percent_encode(part, SEGMENT).to_string()),
        }
    });
    Ok(segments.collect::<Result<Vec<_>, _>>()?.join("/"))
}

fn is_loopback(host: &str) -> bool {
    let ip = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || ip.is_ok_and(|ip| ip.is_loopback())
}

/// A header value that is kept out of logs.
///
/// # Errors
/// [`Error::Unsendable`] if a header cannot hold it.
pub(super) fn secret_header(text: &str, name: &str) -> Result<HeaderValue, Error> {
    let mut value = HeaderValue::from_str(text)
        .map_err(|_| Error::Unsendable { reason: format!("{name} holds characters that no header can") })?;
    value.set_sensitive(true);
    Ok(value)
}

/// What to send.
#[derive(Clone)]
pub(super) struct Request {
    pub method: Method,
    pub effect: Effect,
    /// The path with names for its variable parts, for logs.
    pub template: &'static str,
    pub path: String,
    /// Whether a refusal is an answer: to whether upstream has it at all.
    pub refusal_tells: bool,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// The largest answer that is read.
    pub max_body: usize,
}

impl Request {
    /// The sales unit that the call is about: as its path says, else its header.
    fn msn(&self) -> Option<Msn> {
        let mut segments = self.template.split('/').zip(self.path.split(['/', '?']));
        let in_path = segments.find(|(name, _)| *name == "{msn}").map(|(_, msn)| msn);
        let in_header = || self.headers.get(MERCHANT_SERIAL_NUMBER)?.to_str().ok();
        in_path.or_else(in_header).and_then(Msn::parse)
    }
}

/// A success.
pub(super) struct Delivered {
    pub body: Bytes,
    /// What to ask for the next part of a list with; none where this is the last one.
    pub continuation: Option<String>,
}

pub(super) struct Transport {
    settings: VippsSettings,
    /// For plain http on this machine: no proxy, and no certificates to load.
    loopback: reqwest::Client,
    /// Made when first used: reading the machine's certificates takes longer than all else at start.
    secure: OnceLock<reqwest::Client>,
    tally: Tally,
}

impl Transport {
    pub(super) fn new(settings: &VippsSettings) -> Result<Self, Error> {
        let builder = client_builder(settings).no_proxy().tls_certs_only([]);
        let loopback = builder.build().map_err(|error| no_tls(&error))?;
        Ok(Self { settings: settings.clone(), loopback, secure: OnceLock::new(), tally: Tally::default() })
    }

    /// Sends and reads at most once, within `time` and the general limit. Gives a 2xx answer.
    /// `secrets` are taken out of what upstream says of a failure, along with those in headers and body. What became
    /// of it counts among the calls of `caller`.
    pub(super) async fn exchange(
        &self,
        address: &Address,
        request: &Request,
        time: Duration,
        secrets: &[&str],
        caller: Option<&OrgId>,
    ) -> Result<Delivered, Error> {
        let url = address.join(&request.path)?;
        let started = Instant::now();
        let sending = self
            .client(&url)?
            .request(request.method.clone(), url)
            .headers(request.headers.clone())
            .body(request.body.clone())
            .timeout(time.min(self.settings.call_timeout))
            .send();
        let response = sending.await.map_err(|error| failure(&error, started));
        let (status, outcome) = match response {
            Err(error) => (0, Err(error)),
            Ok(response) => (response.status().as_u16(), read(response, request, secrets, started).await),
        };
        let took = started.elapsed();
        if let (Some(caller), Some(outcome)) = (caller, outcome_of(&outcome, request.refusal_tells)) {
            self.tally.count(caller, (&request.method, request.template), request.msn(), outcome, took);
        }
        let ms = took.as_millis();
        let error = outcome.as_ref().err().map(tracing::field::display);
        tracing::debug!(method = %request.method, path = request.template, status, ms, error, "called upstream");
        outcome
    }

    pub(super) fn tally(&self) -> &Tally {
        &self.tally
    }

    pub(super) fn max_body(&self) -> usize {
        self.settings.max_body
    }

    fn client(&self, url: &Url) -> Result<&reqwest::Client, Error> {
        if url.scheme() == "http" {
            return Ok(&self.loopback);
        }
        if let Some(client) = self.secure.get() {
            return Ok(client);
        }
        let client = client_builder(&self.settings).https_only(true).build().map_err(|error| no_tls(&error))?;
        Ok(self.secure.get_or_init(|| client))
    }
}

fn client_builder(settings: &VippsSettings) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .user_agent(concat!("partner-portal/", env!("CARGO_PKG_VERSION")))
        // A redirect could take the keys elsewhere.
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false)
        .connect_timeout(settings.read_timeout)
        .read_timeout(settings.read_timeout)
}

fn no_tls(error: &reqwest::Error) -> Error {
    Error::Unsendable { reason: format!("TLS cannot be set up: {}", root_cause(error)) }
}

async fn read(response: Response, request: &Request, secrets: &[&str], started: Instant) -> Result<Delivered, Error> {
    let status = response.status();
    if status.is_success() {
        let continuation = response.headers().get(CONTINUATION_TOKEN).and_then(|token| token.to_str().ok());
        let continuation = continuation.filter(|token| !token.is_empty()).map(str::to_owned);
        return Ok(Delivered { body: read_body(response, request.max_body, started).await?, continuation });
    }
    let retry_after = retry_after(response.headers(), OffsetDateTime::now_utc());
    // The status counts even if what comes with it cannot be read.
    let body = read_body(response, PROBLEM_BODY, started).await.unwrap_or_default();
    let sent = request.headers.iter().filter(|(_, value)| value.is_sensitive());
    let sent = sent.filter_map(|(name, value)| {
        let text = value.to_str().ok()?;
        (name != AUTHORIZATION).then_some(text).or_else(|| Some(text.split_once(' ')?.1))
    });
    let in_body = secrets_in(&request.body);
    let secrets: Vec<&str> = sent.chain(secrets.iter().copied()).chain(in_body.iter().map(String::as_str)).collect();
    let problem = Box::new(Problem::read(status.as_u16(), &body, &secrets));
    Err(match status {
        StatusCode::UNAUTHORIZED => Error::Unauthorized(problem),
        StatusCode::FORBIDDEN => Error::Forbidden(problem),
        StatusCode::NOT_FOUND => Error::NotFound(problem),
        StatusCode::TOO_MANY_REQUESTS | StatusCode::LOCKED => Error::Limited { retry_after, problem: Some(problem) },
        status if status.is_server_error() => Error::Upstream { retry_after, problem },
        _ => Error::Refused(problem),
    })
}

async fn read_body(mut response: Response, limit: usize, started: Instant) -> Result<Bytes, Error> {
    if response.content_length().is_some_and(|length| length > limit as u64) {
        return Err(Error::TooLarge { limit });
    }
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| failure(&error, started))? {
        if body.len() + chunk.len() > limit {
            return Err(Error::TooLarge { limit });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

fn failure(error: &reqwest::Error, started: Instant) -> Error {
    let cause = root_cause(error);
    if error.is_connect() {
        Error::Unreachable { cause, sent: false }
    } else if error.is_timeout() {
        Error::TimedOut { after: started.elapsed() }
    } else if error.is_body() || error.is_decode() {
        Error::Truncated { cause }
    } else if error.is_builder() {
        Error::Unsendable { reason: cause }
    } else {
        Error::Unreachable { cause, sent: true }
    }
}

/// The innermost reason: the outer ones say only that a request failed, and name its address.
fn root_cause(error: &reqwest::Error) -> String {
    let mut innermost: Option<&dyn std::error::Error> = error.source();
    while let Some(inner) = innermost.and_then(|error| error.source()) {
        innermost = Some(inner);
    }
    innermost.map_or_else(|| "no reason known".into(), ToString::to_string)
}

/// Seconds, or a date; a date is compared with upstream's own clock where it tells it.
pub(super) fn retry_after(headers: &HeaderMap, now: OffsetDateTime) -> Option<Duration> {
    let text = |name| headers.get(name)?.to_str().ok().map(str::trim);
    let date = |text: &str| PrimitiveDateTime::parse(text, HTTP_DATE).ok().map(PrimitiveDateTime::assume_utc);
    let wanted = text(RETRY_AFTER)?;
    if let Ok(seconds) = wanted.parse::<f64>() {
        // NaN and negative numbers are no durations; too large ones are.
        return (seconds >= 0.0).then(|| Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX));
    }
    let now = text(DATE).and_then(date).unwrap_or(now);
    Some(Duration::try_from(date(wanted)? - now).unwrap_or_default())
}
