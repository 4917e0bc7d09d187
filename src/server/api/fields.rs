//! Reading the JSON that was sent, so that every fault is told at once, each with its field.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use serde_json::{Map, Value};

use super::problem::{FieldFault, Problem};

/// A JSON object that was sent, and what is wrong with it so far.
pub struct Fields {
    sent: Map<String, Value>,
    faults: Vec<FieldFault>,
}

impl Fields {
    /// Whether a field was sent as null; where nobody asks, that is like leaving it out.
    pub fn null(&mut self, field: &str) -> bool {
        let is_null = self.sent.get(field).is_some_and(Value::is_null);
        if is_null {
            self.sent.remove(field);
        }
        is_null
    }

    /// A text; none if it was not sent.
    pub fn text(&mut self, field: &str, check: impl Fn(&str) -> Result<(), String>) -> Option<String> {
        match self.sent.remove(field).filter(|value| !value.is_null())? {
            Value::String(text) => match check(&text) {
                Ok(()) => return Some(text),
                Err(message) => self.fault(field, message),
            },
            _ => self.fault(field, "This is a text."),
        }
        None
    }

    /// The same, where it has to be there. Where it is not, the faults say so.
    pub fn required_text(&mut self, field: &str, check: impl Fn(&str) -> Result<(), String>) -> String {
        if self.sent.get(field).is_none_or(Value::is_null) {
            self.sent.remove(field);
            self.fault(field, "This is required.");
            return String::new();
        }
        self.text(field, check).unwrap_or_default()
    }

    /// A list of texts; none if it was not sent.
    pub fn texts(
        &mut self,
        field: &str,
        most: usize,
        check: impl Fn(&str) -> Result<(), String>,
    ) -> Option<Vec<String>> {
        let Value::Array(values) = self.sent.remove(field).filter(|value| !value.is_null())? else {
            self.fault(field, "This is a list of texts.");
            return None;
        };
        if values.len() > most {
            self.fault(field, format!("This has at most {most} entries."));
            return None;
        }
        let mut texts = Vec::new();
        for value in values {
            match value {
                Value::String(text) => match check(&text) {
                    Ok(()) => texts.push(text),
                    Err(message) => self.fault(field, message),
                },
                _ => self.fault(field, "This is a list of texts."),
            }
        }
        Some(texts)
    }

    /// True or false; none if it was not sent.
    pub fn boolean(&mut self, field: &str) -> Option<bool> {
        let value = self.sent.remove(field).filter(|value| !value.is_null())?;
        if value.as_bool().is_none() {
            self.fault(field, "This is true or false.");
        }
        value.as_bool()
    }

    /// What was read, if nothing is wrong. Fields that nobody has asked for are wrong.
    pub fn finish<T>(mut self, read: T) -> Result<T, Problem> {
        for (field, _) in std::mem::take(&mut self.sent) {
            self.fault(&field, "There is no such field.");
        }
        if self.faults.is_empty() { Ok(read) } else { Err(Problem::faults(self.faults)) }
    }

    fn fault(&mut self, field: &str, message: impl Into<String>) {
        self.faults.push(FieldFault { field: field.to_owned(), message: message.into() });
    }
}

/// A JSON object that was sent, as it is.
pub struct JsonBody(pub Value);

impl<S: Send + Sync> FromRequest<S> for Fields {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match JsonBody::from_request(request, state).await? {
            JsonBody(Value::Object(sent)) => Ok(Self { sent, faults: Vec::new() }),
            JsonBody(_) => Err(Problem::new(StatusCode::BAD_REQUEST, "The body is not a JSON object.")),
        }
    }
}

impl<S: Send + Sync> FromRequest<S> for JsonBody {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if kind != "application/json" && !kind.ends_with("+json") {
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Send JSON: Content-Type: application/json"));
        }
        let body = Bytes::from_request(request, state)
            .await
            .map_err(|rejection| Problem::new(rejection.status(), "The body did not arrive whole, or is too large."))?;
        match serde_json::from_slice(&body) {
            Ok(sent @ Value::Object(_)) => Ok(Self(sent)),
            Ok(_) => Err(Problem::new(StatusCode::BAD_REQUEST, "The body is not a JSON object.")),
            Err(error) => {
                let detail = format!("The body is not JSON: line {}, column {}.", error.line(), error.column());
                Err(Problem::new(StatusCode::BAD_REQUEST, detail))
            }
        }
    }
}
