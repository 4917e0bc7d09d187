//! Answers that are not a success: the gateway's own shape, and the APIs' `application/problem+json`.

use std::time::Duration;

use axum::extract::rejection::PathRejection;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use uuid::Uuid;

use super::remembered::Answer;

/// A refused or failed call.
#[derive(Debug)]
pub struct Refusal {
    status: StatusCode,
    form: Form,
    detail: String,
    /// What was wrong with which field.
    faults: Vec<(String, String)>,
    /// Seconds.
    retry_after: Option<u64>,
    /// Which of the problems that the Recurring API names; none for the usual one of the status.
    kind: Option<&'static str>,
}

/// Who writes the answer; each has a way of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// The gateway in front of the APIs.
    Gateway,
    Management,
    /// Where the Management API documents another content type.
    ManagementAsJson,
    Webhooks,
    Recurring,
    /// The Recurring API of 2018.
    FirstRecurring,
}

impl Refusal {
    pub fn gateway(status: StatusCode, message: impl Into<String>) -> Self {
        Self::new(status, Form::Gateway, message.into())
    }

    pub fn problem(status: StatusCode, detail: impl Into<String>) -> Self {
        Self::new(status, Form::Management, detail.into())
    }

    fn new(status: StatusCode, form: Form, detail: String) -> Self {
        Self { status, form, detail, faults: Vec::new(), retry_after: None, kind: None }
    }

    pub fn unauthorized(message: impl Into<String>) -> Self {
        Self::gateway(StatusCode::UNAUTHORIZED, message)
    }

    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::problem(StatusCode::NOT_FOUND, detail)
    }

    pub fn invalid(field: &str, rule: &str) -> Self {
        Self::invalid_fields(vec![(field.to_owned(), rule.to_owned())])
    }

    /// 400 for what is wrong with which field.
    pub fn invalid_fields(faults: Vec<(String, String)>) -> Self {
        let sentences: Vec<String> = faults.iter().map(|(field, rule)| format!("{field}: {rule}")).collect();
        Self { faults, ..Self::problem(StatusCode::BAD_REQUEST, sentences.join("; ")) }
    }

    /// In the form of the API at `path`, if it is an API and not the gateway that speaks.
    pub fn said_at(mut self, path: &str) -> Self {
        const FORMS: [(&str, Form); 3] = [
            ("/webhooks/", Form::Webhooks),
            ("/recurring/v3", Form::Recurring),
            ("/recurring/api/v1", Form::FirstRecurring),
        ];
        if self.form == Form::Management
            && let Some((_, form)) = FORMS.iter().find(|(start, _)| path.starts_with(start))
        {
            self.form = *form;
        }
        self
    }

    /// Names the problem as the Recurring API does.
    pub fn of_kind(self, kind: &'static str) -> Self {
        Self { kind: Some(kind), ..self }
    }

    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// As `application/json`, which is how the 404s for product orders are documented.
    pub fn typed_as_json(mut self) -> Self {
        self.form = Form::ManagementAsJson;
        self
    }

    /// One call too many; `wait` is rounded up to whole seconds.
    pub fn too_many(wait: Duration) -> Self {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        Self::gateway(StatusCode::TOO_MANY_REQUESTS, format!("Rate limit is exceeded. Try again in {seconds} seconds."))
            .retry_after(seconds.max(1))
    }

    /// What upstream would say with that status, whatever the reason.
    pub fn of(status: StatusCode) -> Self {
        match status {
            StatusCode::TOO_MANY_REQUESTS => Self::too_many(Duration::from_secs(1)),
            StatusCode::SERVICE_UNAVAILABLE => {
                Self::problem(status, "The service is not available right now.").retry_after(1)
            }
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::UNPROCESSABLE_ENTITY => {
                Self::gateway(status, "Access denied.")
            }
            _ => Self::problem(status, "The request could not be handled."),
        }
    }

    fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let retry_after = self.retry_after;
        let mut response = self.answer().into_response();
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl Refusal {
    pub fn answer(&self) -> Answer {
        let content_type = match self.form {
            Form::Gateway => "application/json",
            Form::Management | Form::Webhooks | Form::Recurring => "application/problem+json",
            Form::ManagementAsJson | Form::FirstRecurring => "application/json;charset=UTF-8",
        };
        Answer { status: self.status, content_type, body: self.body().to_string().into_bytes() }
    }

    const RECURRING_PROBLEMS: &str =
        "https://developer.vippsmobilepay.com/docs/APIs/recurring-api/recurring-api-problems";

    fn usual_kind(&self) -> &'static str {
        match self.status {
            StatusCode::NOT_FOUND => "resource-not-found",
            StatusCode::CONFLICT => "conflict",
            StatusCode::BAD_REQUEST => "validation-error",
            _ => "operation-failed",
        }
    }

    fn body(&self) -> Value {
        let title = self.status.canonical_reason().unwrap_or("Unknown");
        let details = |field: &str, rule: &str| -> Value {
            let faults = self.faults.iter().map(|(name, value)| json!({field: name, rule: value}));
            if self.faults.is_empty() { Value::Null } else { faults.collect() }
        };
        match self.form {
            Form::Gateway => json!({
                "responseInfo": {"responseCode": self.status.as_u16(), "responseMessage": title},
                "result": {"message": self.detail},
            }),
            Form::Management | Form::ManagementAsJson => json!({
                "type": format!("https://example.com/problem/{}", title.to_lowercase().replace(' ', "-")),
                "title": title,
                "status": self.status.as_u16(),
                "detail": self.detail,
                "instance": format!("urn:uuid:{}", Uuid::new_v4()),
                "extraDetails": details("key", "value"),
            }),
            Form::Recurring => {
                let (place, kind) = (Self::RECURRING_PROBLEMS, self.kind.unwrap_or(self.usual_kind()));
                let mut body = json!({
                    "type": format!("{place}#{kind}"),
                    "title": title,
                    "status": self.status.as_u16(),
                    "detail": self.detail,
                    "instance": "/recurring/v3",
                    "contextId": Uuid::new_v4(),
                });
                if !self.faults.is_empty() {
                    body["extraDetails"] = details("name", "reason");
                }
                body
            }
            Form::FirstRecurring => {
                let fault =
                    |field: &str, rule: &str| json!({"field": field, "error": self.usual_kind(), "description": rule});
                match self.faults.as_slice() {
                    [] => json!([fault("", &self.detail)]),
                    faults => faults.iter().map(|(field, rule)| fault(field, rule)).collect(),
                }
            }
            Form::Webhooks => {
                let (trace, span) = (Uuid::new_v4().simple(), Uuid::new_v4().simple().to_string());
                let trace = format!("00-{trace}-{}-00", &span[..16]);
                json!({
                    "type": trace,
                    "title": title,
                    "status": self.status.as_u16(),
                    "detail": self.detail,
                    "instance": "/v1/webhooks",
                    "traceId": trace,
                    "extraDetails": details("name", "reason"),
                })
            }
        }
    }
}

impl From<PathRejection> for Refusal {
    fn from(rejection: PathRejection) -> Self {
        Self::invalid("path", &rejection.body_text())
    }
}
