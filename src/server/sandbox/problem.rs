//! Answers that are not a success: the gateway's own shape, and the APIs' `application/problem+json`.

use std::time::Duration;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// A refused or failed call.
#[derive(Debug)]
pub struct Refusal {
    status: StatusCode,
    /// Written by the gateway in front of the APIs, which has a shape of its own.
    gateway: bool,
    detail: String,
    /// What was wrong with which field.
    faults: Vec<(String, String)>,
    /// Seconds.
    retry_after: Option<u64>,
}

impl Refusal {
    pub fn gateway(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, gateway: true, detail: message.into(), faults: Vec::new(), retry_after: None }
    }

    pub fn problem(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, gateway: false, detail: detail.into(), faults: Vec::new(), retry_after: None }
    }

    pub fn unauthorized(message: impl Into<String>) -> Self {
        Self::gateway(StatusCode::UNAUTHORIZED, message)
    }

    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::problem(StatusCode::NOT_FOUND, detail)
    }

    pub fn invalid(field: &str, rule: &str) -> Self {
        let mut refusal = Self::problem(StatusCode::BAD_REQUEST, format!("{field}: {rule}"));
        refusal.faults.push((field.to_owned(), rule.to_owned()));
        refusal
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
        let title = self.status.canonical_reason().unwrap_or("Unknown");
        let mut response = if self.gateway {
            let body = json!({
                "responseInfo": {"responseCode": self.status.as_u16(), "responseMessage": title},
                "result": {"message": self.detail},
            });
            Json(body).into_response()
        } else {
            let faults: Vec<_> = self.faults.iter().map(|(key, value)| json!({"key": key, "value": value})).collect();
            let body = json!({
                "type": format!("https://example.com/problem/{}", title.to_lowercase().replace(' ', "-")),
                "title": title,
                "status": self.status.as_u16(),
                "detail": self.detail,
                "instance": format!("urn:uuid:{}", uuid::Uuid::new_v4()),
                "extraDetails": if faults.is_empty() { serde_json::Value::Null } else { faults.into() },
            });
            let mut response = Json(body).into_response();
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
            response
        };
        *response.status_mut() = self.status;
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<PathRejection> for Refusal {
    fn from(rejection: PathRejection) -> Self {
        Self::invalid("path", &rejection.body_text())
    }
}
