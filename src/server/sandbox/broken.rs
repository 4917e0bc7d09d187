//! Answers that something happened to on their way.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::response::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;

/// In the extensions of an answer that is not what the API said.
#[derive(Clone, Debug)]
pub struct Altered {
    /// What the API said, if it was asked at all; else what is sent.
    pub status: StatusCode,
    pub body: Bytes,
}

/// Marks an answer that stands in place of the API's.
pub fn instead(mut response: Response) -> Response {
    let altered = Altered { status: response.status(), body: Bytes::new() };
    response.extensions_mut().insert(altered);
    response
}

pub fn html_error() -> Response {
    let page = "<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head>\n<body><center><h1>502 Bad Gateway</h1>\
                </center><hr><center>Microsoft-Azure-Application-Gateway/v2</center></body></html>\n";
    instead((StatusCode::BAD_GATEWAY, [(header::CONTENT_TYPE, "text/html")], page).into_response())
}

/// The answer with JSON that no parser takes, at its full length.
pub async fn malformed(response: Response) -> Response {
    let (mut parts, bytes) = taken_apart(response).await;
    parts.headers.remove(header::CONTENT_LENGTH);
    let half = &bytes[..bytes.len() / 2];
    Response::from_parts(parts, Body::from([half, b",,}".as_slice()].concat()))
}

/// The answer whose connection breaks in the middle of the announced body.
pub async fn truncated(response: Response) -> Response {
    let (mut parts, bytes) = taken_apart(response).await;
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
    let half = bytes.slice(..bytes.len() / 2);
    let first = futures::stream::once(async move { Ok::<Bytes, std::io::Error>(half) });
    let cut = futures::stream::once(async {
        // So that the first half is on its way before the connection goes.
        tokio::time::sleep(Duration::from_millis(30)).await;
        Err(std::io::ErrorKind::ConnectionReset.into())
    });
    Response::from_parts(parts, Body::from_stream(first.chain(cut)))
}

/// The connection breaks before anything of the answer is on its way.
pub async fn lost(response: Response) -> Response {
    let (mut parts, _) = taken_apart(response).await;
    // So that the server does not take the body for an empty one, which it would send.
    parts.status = StatusCode::OK;
    parts.headers.remove(header::CONTENT_LENGTH);
    let cut =
        futures::stream::once(async { Err::<Bytes, _>(std::io::Error::from(std::io::ErrorKind::ConnectionReset)) });
    Response::from_parts(parts, Body::from_stream(cut))
}

/// As [`truncated`]; where there is no body to be cut in the middle, before any byte.
pub async fn lost_in_the_body(response: Response) -> Response {
    let (parts, bytes) = taken_apart(response).await;
    let emptied = bytes.is_empty();
    let response = Response::from_parts(parts, Body::from(bytes));
    if emptied { lost(response).await } else { truncated(response).await }
}

async fn taken_apart(response: Response) -> (Parts, Bytes) {
    let (mut parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    if parts.extensions.get::<Altered>().is_none() {
        parts.extensions.insert(Altered { status: parts.status, body: bytes.clone() });
    }
    (parts, bytes)
}
