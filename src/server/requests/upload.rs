//! Forms with a picture in them.

use axum::body::Bytes;
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use crate::domain::prefill::LOGO_MOST_BYTES;
use crate::pages::prefill_fields::{LOGO_FILE, REMOVE_LOGO};

/// All that is typed into a form has at most so many bytes.
const MOST_TEXT: usize = 512 * 1024;

/// What a form holds: its pairs, and the picture that was chosen for its logo.
#[derive(Debug, Default)]
pub struct Sent {
    pub pairs: Vec<(String, String)>,
    /// No longer than it takes to see that a picture is too large.
    pub logo: Option<Vec<u8>>,
}

impl Sent {
    /// The first value of a name, empty if there is none.
    pub fn text(&self, name: &str) -> &str {
        self.pairs.iter().find(|(found, _)| found == name).map_or("", |(_, value)| value)
    }

    /// Whether the logo is to go.
    pub fn removes_logo(&self) -> bool {
        !self.text(REMOVE_LOGO).is_empty()
    }
}

impl<S: Send + Sync> FromRequest<S> for Sent {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let is_multipart = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        if !is_multipart.is_some_and(|kind| kind.starts_with("multipart/form-data")) {
            let body = Bytes::from_request(request, state).await.map_err(IntoResponse::into_response)?;
            if body.len() > MOST_TEXT {
                return Err(too_much());
            }
            return Ok(Self { pairs: form_urlencoded::parse(&body).into_owned().collect(), logo: None });
        }
        let mut parts = Multipart::from_request(request, state).await.map_err(IntoResponse::into_response)?;
        let mut sent = Self::default();
        let mut left = MOST_TEXT;
        while let Some(part) = parts.next_field().await.map_err(unreadable)? {
            let name = part.name().unwrap_or_default().to_owned();
            if name == LOGO_FILE {
                let file = beginning(part, LOGO_MOST_BYTES + 1).await.map_err(unreadable)?;
                // A browser sends an empty file where none is chosen.
                sent.logo = Some(file).filter(|file| !file.is_empty()).or(sent.logo);
                continue;
            }
            let value = beginning(part, left + 1).await.map_err(unreadable)?;
            left = left.checked_sub(value.len() + name.len()).ok_or_else(too_much)?;
            sent.pairs.push((name, String::from_utf8_lossy(&value).into_owned()));
        }
        Ok(sent)
    }
}

/// The first bytes of a part; the rest is read and dropped, because other parts follow it.
async fn beginning(mut part: Field<'_>, most: usize) -> Result<Vec<u8>, MultipartError> {
    let mut kept = Vec::new();
    while let Some(chunk) = part.chunk().await? {
        let room = most - kept.len();
        kept.extend_from_slice(&chunk[..chunk.len().min(room)]);
    }
    Ok(kept)
}

fn unreadable(error: MultipartError) -> Response {
    (error.status(), "The form did not arrive whole. Go back and try again.\n").into_response()
}

fn too_much() -> Response {
    (StatusCode::PAYLOAD_TOO_LARGE, "This is more text than the form can hold. Go back and shorten it.\n")
        .into_response()
}
