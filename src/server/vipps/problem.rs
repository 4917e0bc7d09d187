//! Error bodies: every shape upstream and its gateway are known to send, made safe to log.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::zeroize::Zeroizing;
use serde_json::Value;

/// The longest part of a body that is kept, in characters.
const EXCERPT: usize = 500;
const REDACTED: &str = "[redacted]";

/// What upstream said along with a status that is no success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub status: u16,
    /// Title, detail and further details, in upstream's words.
    pub message: Option<String>,
    /// What upstream's support asks for: `traceId`, `contextId` or `instance`.
    pub trace_id: Option<String>,
    /// Which kind of problem it is, where upstream names one by a URL.
    kind: Option<String>,
    faults: Vec<(String, String)>,
    /// The beginning of the body, redacted: at most 500 characters on one line.
    pub excerpt: String,
}

impl Problem {
    /// Never fails: a body in no known shape has an excerpt only. `secrets` are what the call was made with.
    pub(super) fn read(status: u16, body: &[u8], secrets: &[&str]) -> Self {
        let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
        let secrets: Vec<_> = secrets.iter().flat_map(|secret| writings(secret)).collect();
        let Ok(mut value) = serde_json::from_slice::<Value>(body) else {
            let excerpt = one_line(&redacted(&String::from_utf8_lossy(body), &secrets));
            return Self { status, message: None, trace_id: None, kind: None, faults: Vec::new(), excerpt };
        };
        redact(&mut value, &secrets);
        let mut sentences = Vec::new();
        collect_sentences(&value, &mut sentences);
        let message = one_line(&sentences.join(": "));
        Self {
            status,
            message: (!message.is_empty()).then_some(message),
            trace_id: trace_id(&value).map(|id| one_line(&id)),
            kind: value.get("type").and_then(Value::as_str).map(one_line),
            faults: faults(&value),
            excerpt: one_line(&value.to_string()),
        }
    }

    /// Whether the idempotency key was used for something else, or is in use.
    pub(super) fn is_about_the_key(&self) -> bool {
        self.kind.as_deref().is_none_or(|kind| kind.contains("idempotency"))
    }

    /// What upstream minds, field by field: the field's name and what is wrong with it, in upstream's words.
    /// Neither is sure to be known to the portal, and either can be empty.
    pub fn faults(&self) -> Vec<(String, String)> {
        self.faults.clone()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "status {}", self.status)?;
        let said = self.message.as_deref().unwrap_or(&self.excerpt);
        if !said.is_empty() {
            write!(f, ", {said}")?;
        }
        match &self.trace_id {
            Some(id) => write!(f, " (trace id {id})"),
            None => Ok(()),
        }
    }
}

/// The texts of problem+json, of the gateway's two shapes, of OAuth errors and of the oldest bare arrays, in
/// reading order.
fn collect_sentences(value: &Value, sentences: &mut Vec<String>) {
    const TEXTS: [&str; 9] = [
        "title",
        "detail",
        "message",
        "responseMessage",
        "error",
        "error_description",
        "description",
        "reason",
        "text",
    ];
    const NAMES: [&str; 4] = ["field", "name", "key", "code"];
    const NESTED: [&str; 2] = ["responseInfo", "result"];
    match value {
        Value::Array(entries) => entries.iter().take(10).for_each(|entry| collect_sentences(entry, sentences)),
        Value::Object(fields) => {
            let text = |name: &&str| fields.get(*name).and_then(Value::as_str).map(str::trim);
            let texts = NAMES.iter().chain(&TEXTS).filter_map(text).chain(text(&"value"));
            for text in texts.filter(|text| !text.is_empty()) {
                if !sentences.iter().any(|known| known == text) {
                    sentences.push(text.to_owned());
                }
            }
            NESTED
                .iter()
                .chain(&LISTS_OF_FAULTS)
                .filter_map(|name| fields.get(*name))
                .for_each(|inner| collect_sentences(inner, sentences));
        }
        _ => {}
    }
}

/// Where problems list what is wrong with single fields.
const LISTS_OF_FAULTS: [&str; 3] = ["extraDetails", "invalidParams", "errors"];
/// The most faults that are kept: there are fewer fields.
const MOST_FAULTS: usize = 50;

/// Pairs in any of their known forms: `key` and `value`, `name` and `reason`, `field` and `text` or `message`, or an
/// object with the field's name as name. The oldest answers are a bare list of them.
fn faults(value: &Value) -> Vec<(String, String)> {
    const FIELDS: [&str; 3] = ["field", "name", "key"];
    const TEXTS: [&str; 7] = ["text", "reason", "value", "message", "description", "detail", "error"];
    let pair = |entry: &Value| {
        let first =
            |names: &[&str]| names.iter().filter_map(|name| word(entry.get(*name)?)).find(|text| !text.is_empty());
        let (field, text) = (first(&FIELDS), first(&TEXTS));
        (field.is_some() || text.is_some()).then(|| (field.unwrap_or_default(), text.unwrap_or_default()))
    };
    let named = |(field, texts): (&String, &Value)| -> Vec<(String, String)> {
        let texts = texts.as_array().map_or(std::slice::from_ref(texts), Vec::as_slice);
        texts.iter().filter_map(|text| Some((one_line(field), word(text)?))).collect()
    };
    let lists: Vec<&Value> = match value {
        Value::Array(_) => vec![value],
        _ => LISTS_OF_FAULTS.iter().filter_map(|name| value.get(*name)).collect(),
    };
    let found = lists.into_iter().flat_map(|list| match list {
        Value::Array(entries) => entries.iter().filter_map(pair).collect(),
        Value::Object(fields) => fields.iter().flat_map(named).collect(),
        _ => Vec::new(),
    });
    found.take(MOST_FAULTS).collect()
}

fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(one_line(text)),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn trace_id(value: &Value) -> Option<String> {
    let fields = value.as_object().or_else(|| value.as_array()?.first()?.as_object())?;
    let text = |name: &str| fields.get(name)?.as_str().map(str::trim).filter(|text| !text.is_empty());
    // Where a trace id belongs, `instance` can be a path; where the kind of problem belongs, a trace id has been seen.
    let in_type = || text("type").filter(|text| is_trace_parent(text));
    let id = text("traceId").or_else(|| text("contextId")).or_else(|| text("trace_id")).or_else(in_type);
    id.or_else(|| text("instance")).map(str::to_owned)
}

/// Such as `00-bb841c551513e233de8a01472013fa9f-542c71e40916a6ce-00`.
fn is_trace_parent(text: &str) -> bool {
    let hex = |part: &str| part.bytes().all(|byte| byte.is_ascii_hexdigit());
    text.split('-').map(str::len).eq([2, 32, 16, 2]) && text.split('-').all(hex)
}

/// What the JSON of a call holds under a name that says it is secret. Too short a secret could be part of any word.
pub(super) fn secrets_in(body: &[u8]) -> Vec<String> {
    fn collect(value: &Value, secret: bool, found: &mut Vec<String>) {
        match value {
            Value::String(text) if secret && text.len() >= 4 => found.push(text.clone()),
            Value::Array(entries) => entries.iter().for_each(|entry| collect(entry, secret, found)),
            Value::Object(fields) => {
                fields.iter().for_each(|(name, field)| collect(field, secret || is_secret_name(name), found));
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    collect(&serde_json::from_slice(body).unwrap_or_default(), false, &mut found);
    found
}

fn redact(value: &mut Value, secrets: &[Zeroizing<String>]) {
    match value {
        Value::String(text) => *text = redacted(text, secrets),
        Value::Array(entries) => entries.iter_mut().for_each(|entry| redact(entry, secrets)),
        Value::Object(fields) => {
            for (name, field) in fields.iter_mut() {
                if is_secret_name(name) && !field.is_null() {
                    *field = REDACTED.into();
                } else {
                    redact(field, secrets);
                }
            }
        }
        _ => {}
    }
}

fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let parts = ["secret", "password", "authorization", "subscription-key", "subscriptionkey", "apikey", "api_key"];
    parts.iter().any(|part| name.contains(part)) || name.ends_with("token")
}

/// A secret in every way that a careless server writes it when it repeats what it was asked: as it is, in JSON, in
/// JSON in JSON, in an address, in a form, in HTML, in base64.
fn writings(secret: &str) -> Vec<Zeroizing<String>> {
    const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
    if secret.is_empty() {
        return Vec::new();
    }
    let in_json = |text: &str| {
        let quoted = serde_json::to_string(text).unwrap_or_default();
        quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default().to_owned()
    };
    let json = in_json(secret);
    let html = secret.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let mut writings = vec![
        secret.to_owned(),
        in_json(&json),
        json,
        utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string(),
        utf8_percent_encode(secret, COMPONENT).to_string(),
        form_urlencoded::byte_serialize(secret.as_bytes()).collect(),
        html.replace('"', "&quot;").replace('\'', "&#39;"),
        html.replace('"', "&#34;").replace('\'', "&#x27;"),
        html,
        STANDARD_NO_PAD.encode(secret),
        URL_SAFE_NO_PAD.encode(secret),
    ];
    // Longer ones first: what they contain must not be taken out of them before.
    writings.sort_by_key(|text| std::cmp::Reverse(text.len()));
    writings.dedup();
    writings.into_iter().map(Zeroizing::new).collect()
}

/// Takes out what the call was made with and whatever looks like a bearer token.
fn redacted(text: &str, secrets: &[Zeroizing<String>]) -> String {
    let mut text = text.to_owned();
    for secret in secrets {
        text = text.replace(secret.as_str(), REDACTED);
    }
    let mut safe = String::with_capacity(text.len());
    let mut rest = text.as_str();
    // A JWT is base64url of `{"`, so it begins with these letters.
    while let Some(at) = rest.find("eyJ") {
        let end = rest[at..].find(|c: char| !c.is_ascii_alphanumeric() && !"-_.+/=".contains(c));
        let end = end.map_or(rest.len(), |length| at + length);
        safe.push_str(&rest[..at]);
        safe.push_str(if end - at >= 16 { REDACTED } else { &rest[at..end] });
        rest = &rest[end..];
    }
    safe + rest
}

/// No line breaks or other control characters, so that a body cannot forge log lines.
fn one_line(text: &str) -> String {
    let plain = text.replace(|c: char| c.is_control() || c.is_whitespace(), " ");
    let words: Vec<&str> = plain.split(' ').filter(|word| !word.is_empty()).collect();
    words.join(" ").chars().take(EXCERPT).collect()
}
