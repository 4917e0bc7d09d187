//! How answers are read: whatever their names and wrappers, and with as few demands as can be.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use serde_json::error::Category;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::Answer;
use super::error::Error;
use crate::domain::identifiers::{BusinessIdentifier, Market};

/// The largest answer about one thing, in bytes; real ones have less than two thousand.
pub(super) const ONE_THING: usize = 1 << 20;

/// Reads a list, bare or wrapped under one of `wrappers`. Entries that `read` makes nothing of are left out and
/// counted in the log; of several with the same `key` the last one counts. `what` names the list in the log.
///
/// # Errors
/// [`Error::NotUnderstood`] if it is no list, or a list of which nothing can be read.
pub(super) fn read_list<T, K: Eq + Hash>(
    what: &'static str,
    body: &[u8],
    wrappers: &[&str],
    read: impl Fn(&Value) -> Option<T>,
    key: impl Fn(&T) -> K,
) -> Result<Vec<Answer<T>>, Error> {
    let entries = entries(body, wrappers)?;
    let all = entries.len();
    let readable = |raw: Box<RawValue>| {
        Some(Answer { value: read(&parse(raw.get().as_bytes()).ok()?)?, raw: raw.get().to_owned() })
    };
    let mut answers: Vec<Answer<T>> = entries.into_iter().filter_map(readable).collect();
    if answers.len() < all {
        tracing::warn!(list = what, unreadable = all - answers.len(), all, "entries of upstream's list are left out");
    }
    if answers.is_empty() && all > 0 {
        return Err(Error::not_understood(format!("none of the {all} {what} can be read")));
    }
    let mut later = HashSet::with_capacity(answers.len());
    let last: Vec<bool> = answers.iter().rev().map(|answer| later.insert(key(&answer.value))).collect();
    let mut last = last.into_iter().rev();
    answers.retain(|_| last.next().unwrap_or(true));
    Ok(answers)
}

/// A list's entries as upstream wrote them.
///
/// # Errors
/// [`Error::NotUnderstood`] if it is neither a list nor an object with exactly one of the `wrappers`.
fn entries(body: &[u8], wrappers: &[&str]) -> Result<Vec<Box<RawValue>>, Error> {
    let body = without_bom(body).trim_ascii_start();
    if !body.starts_with(b"{") {
        return serde_json::from_slice(body).map_err(|error| misread(&error));
    }
    let fields: HashMap<String, Box<RawValue>> = serde_json::from_slice(body).map_err(|error| misread(&error))?;
    let mut lists = fields.iter().filter(|(name, _)| wrappers.contains(&plain_name(name).as_str()));
    match (lists.next(), lists.next()) {
        (Some((_, list)), None) => serde_json::from_str(list.get()).map_err(|error| misread(&error)),
        (None, _) => Err(Error::not_understood("it holds no list")),
        (Some(_), Some(_)) => Err(Error::not_understood("it holds two lists in one")),
    }
}

pub(super) fn business_identifier(fields: &Fields) -> Option<BusinessIdentifier> {
    if let Some(identifier) = fields.object("businessidentifier") {
        return Some(BusinessIdentifier::new(identifier.text("scheme")?, identifier.text("id")?));
    }
    // The oldest shape, from when there was Norway only.
    Some(BusinessIdentifier::new(Market::Norway.scheme(), fields.text("orgno")?))
}

pub(super) fn parse(body: &[u8]) -> Result<Value, Error> {
    serde_json::from_slice(without_bom(body)).map_err(|error| misread(&error))
}

/// Where reading stopped, without a word of the body: what an unknown server echoes may be our keys.
pub(super) fn misread(error: &serde_json::Error) -> Error {
    let fault = match error.classify() {
        Category::Eof => "it ends too early",
        Category::Data => "it has an unknown shape",
        Category::Io | Category::Syntax => "it is not JSON",
    };
    Error::not_understood(format!("{fault}, at line {} column {}", error.line(), error.column()))
}

pub(super) fn without_bom(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)
}

pub(super) fn text_of(body: &[u8]) -> Result<String, Error> {
    let text = std::str::from_utf8(without_bom(body)).map_err(Error::not_understood)?;
    Ok(text.to_owned())
}

/// Text without case and stray characters: `businesspostAddress` and `countryCode"` have been seen as names.
pub(super) fn plain_name(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// An object's fields by their plain name. What is null or of an unexpected type counts as absent.
#[derive(Default)]
pub(super) struct Fields<'a>(HashMap<String, &'a Value>);

impl<'a> Fields<'a> {
    /// The object itself, or what it wraps under `wrapper`.
    pub(super) fn of(value: &'a Value, wrapper: &str) -> Option<Self> {
        let fields = Self::new(value.as_object()?);
        Some(fields.object(wrapper).unwrap_or(fields))
    }

    fn new(object: &'a Map<String, Value>) -> Self {
        let present = object.iter().filter(|(_, value)| !value.is_null());
        Self(present.map(|(name, value)| (plain_name(name), value)).collect())
    }

    pub(super) fn object(&self, name: &str) -> Option<Self> {
        self.0.get(name)?.as_object().map(Self::new)
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        text(self.0.get(name)?)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The first of `names` that holds a UUID.
    pub(super) fn uuid(&self, names: &[&str]) -> Option<Uuid> {
        names.iter().find_map(|name| Uuid::parse_str(&self.text(name)?).ok())
    }

    /// The first of `names` that is there.
    pub(super) fn first_text(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| self.text(name))
    }

    pub(super) fn texts(&self, name: &str) -> Vec<String> {
        match self.0.get(name) {
            Some(Value::Array(entries)) => entries.iter().filter_map(text).collect(),
            Some(value) => text(value).into_iter().collect(),
            None => Vec::new(),
        }
    }

    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        match self.0.get(name)? {
            Value::Bool(flag) => Some(*flag),
            Value::String(word) if word.eq_ignore_ascii_case("true") => Some(true),
            Value::String(word) if word.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        }
    }
}

/// A string or a whole number as text; nothing for an empty one.
pub(super) fn text(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => storable(text),
        Value::Number(number) => number.as_u64()?.to_string(),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// PostgreSQL holds every character but this one.
fn storable(text: &str) -> String {
    text.replace('\0', "").trim().to_owned()
}

/// A link that a page can show: whatever else could be run when clicked is none.
pub(super) fn link(text: &str) -> Option<String> {
    let url = url::Url::parse(text).ok()?;
    matches!(url.scheme(), "https" | "http").then(|| text.to_owned())
}
