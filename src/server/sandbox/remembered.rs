//! What was answered to which idempotency key, so that a repeated call is carried out once only.

use std::collections::HashMap;

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::problem::Refusal;

/// By client and key. Kept as long as the sandbox runs.
#[derive(Default)]
pub struct Remembered(HashMap<(usize, String), ([u8; 32], Answer)>);

/// An answer that can be given again.
#[derive(Clone)]
pub struct Answer {
    pub status: StatusCode,
    pub content_type: &'static str,
    pub body: Vec<u8>,
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        if self.body.is_empty() {
            return self.status.into_response();
        }
        (self.status, [(header::CONTENT_TYPE, self.content_type)], self.body).into_response()
    }
}

impl Remembered {
    /// The answer that the client got for this key, if any. 409 where that was for another body.
    pub fn answer(&self, client: usize, key: &str, body: &[u8]) -> Result<Option<Answer>, Refusal> {
        let Some((known, answer)) = self.0.get(&(client, key.to_owned())) else { return Ok(None) };
        if *known == fingerprint(body) {
            return Ok(Some(answer.clone()));
        }
        let reason = "The Idempotency-Key was used for another request. Use a new key for a new request.";
        Err(Refusal::problem(StatusCode::CONFLICT, reason))
    }

    pub fn keep(&mut self, client: usize, key: &str, body: &[u8], answer: Answer) {
        self.0.insert((client, key.to_owned()), (fingerprint(body), answer));
    }
}

/// The same for JSON that differs in blanks and in the order of its fields only.
fn fingerprint(body: &[u8]) -> [u8; 32] {
    let same = serde_json::from_slice(body).map(|value: Value| value.to_string().into_bytes());
    Sha256::digest(same.as_deref().unwrap_or(body)).into()
}
