//! Reads the JSON of requests as upstream does: nothing unknown, nothing of another type, and
//! every fault said at once.

use std::cell::RefCell;
use std::ops::RangeInclusive;

use axum::http::{HeaderMap, StatusCode, header};
use serde_json::{Map, Value};

use super::gateway::text_of;
use super::problem::Refusal;

/// 415 unless the body is announced as JSON.
pub fn check_content_type(headers: &HeaderMap) -> Result<(), Refusal> {
    let content_type = text_of(headers, header::CONTENT_TYPE.as_str()).unwrap_or_default().to_lowercase();
    if content_type.split(';').next().map(str::trim) == Some("application/json") {
        return Ok(());
    }
    Err(Refusal::problem(StatusCode::UNSUPPORTED_MEDIA_TYPE, "The body must be application/json."))
}

/// The JSON of a body. 400 where it is none.
pub fn body(bytes: &[u8]) -> Result<Value, Refusal> {
    serde_json::from_slice(bytes).map_err(|_| Refusal::invalid("body", "is not JSON"))
}

/// What is wrong with which field of a request, in the order it was found.
#[derive(Default)]
pub struct Faults(RefCell<Vec<(String, String)>>);

impl Faults {
    pub fn say(&self, field: impl Into<String>, rule: impl Into<String>) {
        self.0.borrow_mut().push((field.into(), rule.into()));
    }

    pub fn into_list(self) -> Vec<(String, String)> {
        self.0.into_inner()
    }

    /// 400 with all of them, unless there are none.
    pub fn verdict(self) -> Result<(), Refusal> {
        let list = self.into_list();
        if list.is_empty() { Ok(()) } else { Err(Refusal::invalid_fields(list)) }
    }
}

/// One JSON object of a request. What its readers return is sound only if nothing was said.
pub struct Object<'json, 'f> {
    at: String,
    map: &'json Map<String, Value>,
    faults: &'f Faults,
}

impl<'json, 'f> Object<'json, 'f> {
    /// `fields` are all that there may be: `name*` has to be there, `name?` may be null.
    pub fn read(value: &'json Value, at: &str, fields: &[&str], faults: &'f Faults) -> Option<Self> {
        let Value::Object(map) = value else {
            faults.say(if at.is_empty() { "body" } else { at }, "must be an object");
            return None;
        };
        let object = Self { at: at.to_owned(), map, faults };
        for name in map.keys() {
            if !fields.iter().any(|field| field.trim_end_matches(['*', '?']) == name) {
                object.fault(name, "is not a known field");
            }
        }
        for field in fields {
            let name = field.trim_end_matches(['*', '?']);
            match map.get(name) {
                None if field.ends_with('*') => object.fault(name, "is required"),
                Some(Value::Null) if !field.ends_with('?') => object.fault(name, "must not be null"),
                _ => {}
            }
        }
        Some(object)
    }

    pub fn fault(&self, name: &str, rule: &str) {
        let field = if self.at.is_empty() { name.to_owned() } else { format!("{}.{name}", self.at) };
        self.faults.say(field, rule);
    }

    /// A text that `fits`; `rule` says in words when it does.
    pub fn text(&self, name: &str, rule: &str, fits: impl FnOnce(&str) -> bool) -> Option<&'json str> {
        let text = self.typed(name, "must be a string", Value::as_str)?;
        self.unless(fits(text), name, rule).map(|()| text)
    }

    pub fn choice(&self, name: &str, words: &[&'static str]) -> Option<&'static str> {
        let text = self.typed(name, "must be a string", Value::as_str)?;
        let word = words.iter().copied().find(|word| *word == text);
        self.unless(word.is_some(), name, &format!("must be one of {}", words.join(", ")))?;
        word
    }

    pub fn flag(&self, name: &str) -> Option<bool> {
        self.typed(name, "must be true or false", Value::as_bool)
    }

    pub fn integer(&self, name: &str, range: RangeInclusive<i64>) -> Option<i64> {
        let number = self.typed(name, "must be an integer", Value::as_i64)?;
        let rule = format!("must be from {} to {}", range.start(), range.end());
        self.unless(range.contains(&number), name, &rule).map(|()| number)
    }

    pub fn object(&self, name: &str, fields: &[&str]) -> Option<Self> {
        let at = if self.at.is_empty() { name.to_owned() } else { format!("{}.{name}", self.at) };
        Self::read(self.value(name)?, &at, fields, self.faults)
    }

    /// The value, unless it is absent or null.
    pub fn value(&self, name: &str) -> Option<&'json Value> {
        self.map.get(name).filter(|value| !value.is_null())
    }

    fn typed<T>(&self, name: &str, rule: &str, of_type: impl FnOnce(&'json Value) -> Option<T>) -> Option<T> {
        let typed = of_type(self.value(name)?);
        self.unless(typed.is_some(), name, rule)?;
        typed
    }

    fn unless(&self, fits: bool, name: &str, rule: &str) -> Option<()> {
        if !fits {
            self.fault(name, rule);
        }
        fits.then_some(())
    }
}
