//! What went wrong, as `application/problem+json` (RFC 9457): for programs by its status and fields,
//! for people by its sentences. No secrets, and nothing of upstream's text.

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Serialize, Serializer};
use utoipa::{IntoResponses, ToSchema};
use uuid::Uuid;

use crate::domain::failure::Failure;
use crate::pages::status_of;
use crate::server::ordering::Refusal;

/// A fault of one field or parameter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldFault {
    /// The name of the field or parameter.
    #[schema(example = "environment")]
    pub field: String,
    /// What is wrong with it.
    #[schema(example = "This is production or test.")]
    pub message: String,
}

/// What went wrong (RFC 9457).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Problem {
    /// Always `about:blank`: the status says which kind of problem it is.
    #[serde(rename = "type")]
    #[schema(example = "about:blank")]
    kind: &'static str,
    /// What the status is called.
    #[schema(example = "Bad Request")]
    title: &'static str,
    /// The status of the answer.
    #[schema(example = 400)]
    status: u16,
    /// What is the matter, in a sentence.
    detail: String,
    /// This very answer, as the portal's log names it.
    #[serde(serialize_with = "urn")]
    #[schema(value_type = String, example = "urn:uuid:9f7c1f0e-3a55-4a35-8f43-6ec7d3c2b0a1")]
    instance: Uuid,
    /// Each fault, by its field or parameter.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schema(value_type = Vec<FieldFault>)]
    errors: Box<[FieldFault]>,
    /// What upstream has said of single fields, as its own problems have it.
    #[serde(rename = "extraDetails", skip_serializing_if = "<[_]>::is_empty")]
    #[schema(value_type = Vec<ExtraDetail>)]
    extra_details: Box<[ExtraDetail]>,
    /// In seconds.
    #[serde(skip)]
    retry_after: Option<u32>,
}

/// A field, and what upstream has said of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ExtraDetail {
    #[schema(example = "businessIdentifier.id")]
    key: String,
    #[schema(example = "has a wrong check digit")]
    value: String,
}

/// What every request can be answered that is not what was asked for.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "it describes; what is sent is a Problem")]
pub enum Refusals {
    /// There is no token, or none that is good.
    #[response(status = 401, content_type = "application/problem+json")]
    NotAuthenticated(Problem),
    /// The token does not allow this.
    #[response(status = 403, content_type = "application/problem+json")]
    NotAllowed(Problem),
    /// The token has asked too often.
    #[response(status = 429, content_type = "application/problem+json")]
    TooOften(Problem),
    /// The portal's database does not answer.
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(Problem),
}

/// What can go wrong where upstream may be asked.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "it describes; what is sent is a Problem")]
pub enum UpstreamTroubles {
    /// It does not exist, or is not for this token.
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(Problem),
    /// There are no keys for this organisation, or it is switched off.
    #[response(status = 409, content_type = "application/problem+json")]
    NoKeys(Problem),
    /// Upstream has refused the keys, or has not answered in time.
    #[response(status = 502, content_type = "application/problem+json")]
    Upstream(Problem),
}

impl Problem {
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail: detail.into(),
            instance: Uuid::new_v4(),
            errors: Box::default(),
            extra_details: Box::default(),
            retry_after: None,
        }
    }

    /// 400: something is wrong with these fields or parameters.
    pub fn faults(errors: Vec<FieldFault>) -> Self {
        let detail = "Something is wrong with what was sent; nothing was changed.";
        Self { errors: errors.into(), ..Self::new(StatusCode::BAD_REQUEST, detail) }
    }

    /// The same in the words of upstream's documents, for programs that were written for it.
    pub fn faults_as_upstream(faults: Vec<(&str, &str)>) -> Self {
        let faults = faults.into_iter().map(|(field, text)| (field.to_owned(), text.to_owned())).collect();
        let detail = "Something is wrong with what was sent; Vipps MobilePay was not asked.";
        Self { extra_details: details(faults), ..Self::new(StatusCode::BAD_REQUEST, detail) }
    }

    /// Upstream has said no, with a status of its own: what it says of single fields, without any secret. That it
    /// refuses the portal's keys is no fault of who asks the portal.
    pub fn refused(refusal: Refusal) -> Self {
        let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_REQUEST);
        if status == StatusCode::UNAUTHORIZED {
            return Failure::KeysRefused.into();
        }
        let (about_all, about_fields): (Vec<_>, Vec<_>) =
            refusal.faults.into_iter().partition(|(field, _)| field.is_empty());
        let said: Vec<String> = about_all.into_iter().map(|(_, text)| text).collect();
        let said = if said.is_empty() { "see extraDetails.".to_owned() } else { said.join(" ") };
        Self {
            extra_details: details(about_fields),
            ..Self::new(status, format!("Vipps MobilePay has refused it: {said}"))
        }
    }

    /// What is asked again after so many seconds may get another answer.
    pub fn again_after(self, seconds: u32) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    /// 422: what these fields say can be understood, but not be done.
    pub fn impossible(errors: Vec<FieldFault>) -> Self {
        let detail = "What was sent cannot be done; nothing was changed.";
        Self { errors: errors.into(), ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail) }
    }

    /// 404: it does not exist, or is not for this token.
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "There is nothing here for this token to see.")
    }

    /// 401: no token, or none that is good.
    pub fn not_authenticated() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "Send a token that is good: Authorization: Bearer pportal_…")
    }

    /// 403: the token does not allow this.
    pub fn not_allowed(detail: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, detail)
    }

    /// 429, with the seconds to wait.
    pub fn too_often(seconds: u32) -> Self {
        let detail = format!("This token has asked too often. Wait {seconds} s.");
        Self { retry_after: Some(seconds), ..Self::new(StatusCode::TOO_MANY_REQUESTS, detail) }
    }

    /// 503: the portal's own database does not answer.
    pub fn unavailable() -> Self {
        let detail = "The portal's database does not answer. Try again in a moment.";
        Self { retry_after: Some(2), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, detail) }
    }
}

fn details(faults: Vec<(String, String)>) -> Box<[ExtraDetail]> {
    faults.into_iter().map(|(key, value)| ExtraDetail { key, value }).collect()
}

fn urn<S: Serializer>(instance: &Uuid, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&instance.urn())
}

impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        tracing::error!(%error, "the database did not answer");
        Self::unavailable()
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::NotFound => Self::not_found(),
            Failure::Unavailable => Self::unavailable(),
            failure => Self::new(status_of(&failure), failure.to_string()),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        tracing::debug!(
            status = self.status,
            instance = %self.instance,
            detail = self.detail,
            "a request of the API was refused"
        );
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"partner-portal\""));
        }
        response
    }
}
