//! Failures as pages, with whatever was typed into the form that met them: while the database is
//! away, while one has to wait, and after a session has ended.

use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequest, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::unsigned_request;
use super::upload::Sent;
use crate::pages::unanswered::{KeptForm, Unanswered, Why};
use crate::paths;
use crate::server::{Portal, rendering};

/// Largest form that is kept while it is answered.
const MOST_KEPT: u64 = 2 * 1024 * 1024;

/// Turns what could not be answered into a page that says why and keeps the form.
pub async fn keep(State(portal): State<Portal>, request: Request, next: Next) -> Response {
    let (asked, body) = request.into_parts();
    let watching = asked.headers.contains_key("x-portal-watch");
    let (body, form) = match form_of(&asked.method, &asked.headers) {
        Some(content_type) => match to_bytes(body, usize::try_from(MOST_KEPT).unwrap_or(usize::MAX)).await {
            Ok(bytes) => (Body::from(bytes.clone()), Some((content_type, bytes))),
            Err(_) => {
                return (StatusCode::BAD_REQUEST, "The form did not arrive whole. Go back and try again.\n")
                    .into_response();
            }
        },
        None => (body, None),
    };
    let (action, headers) = (asked.uri.clone(), asked.headers.clone());
    let response = next.run(Request::from_parts(asked, body)).await;
    let signed_out = form.is_some() && action.path() != paths::LOGOUT && leads_to_login(&response);
    let why = match response.extensions().get::<Why>() {
        Some(why) => why.clone(),
        None if signed_out => Why::SignedOut,
        None => return response,
    };
    let form = match form {
        Some((content_type, bytes)) => {
            let path = action.path_and_query().map_or("/", |path| path.as_str());
            kept(path.to_owned(), content_type, bytes).await
        }
        None => None,
    };
    let is_typed = form.as_ref().is_some_and(|form| form.pairs.iter().any(|(_, value)| !value.is_empty()));
    if watching || (signed_out && !is_typed) {
        return response;
    }
    let mut request = unsigned_request(&headers);
    *request.uri_mut() = action;
    request.extensions_mut().insert(Unanswered { why: why.clone(), form });
    let mut page = rendering::page(State(portal), request).await;
    match why {
        Why::Failed(_) => {}
        Why::TooOften(_) => *page.status_mut() = StatusCode::TOO_MANY_REQUESTS,
        Why::SignedOut => *page.status_mut() = StatusCode::UNAUTHORIZED,
    }
    if let Some(wait) = response.headers().get(RETRY_AFTER) {
        page.headers_mut().insert(RETRY_AFTER, wait.clone());
    }
    page.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    page
}

/// The answer to who asks too often.
pub(super) fn too_often(wait: Duration) -> Response {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    let mut response = (StatusCode::TOO_MANY_REQUESTS, "Too many requests.\n").into_response();
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    response.extensions_mut().insert(Why::TooOften(seconds));
    response
}

/// The kind of form that a request is, if it is one that can be kept.
fn form_of(method: &Method, headers: &HeaderMap) -> Option<HeaderValue> {
    let content_type = headers.get(CONTENT_TYPE).filter(|_| *method == Method::POST)?;
    let kind = content_type.to_str().ok()?;
    let is_form = kind.starts_with("application/x-www-form-urlencoded") || kind.starts_with("multipart/form-data");
    let length: u64 = headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()?;
    (is_form && length <= MOST_KEPT).then(|| content_type.clone())
}

fn leads_to_login(response: &Response) -> bool {
    let location = response.headers().get(LOCATION).and_then(|location| location.to_str().ok());
    response.status() == StatusCode::SEE_OTHER && location.is_some_and(|location| location.starts_with(paths::LOGIN))
}

async fn kept(action: String, content_type: HeaderValue, body: Bytes) -> Option<KeptForm> {
    let mut request = Request::new(Body::from(body));
    request.headers_mut().insert(CONTENT_TYPE, content_type);
    let sent = Sent::from_request(request, &()).await.ok()?;
    Some(KeptForm { action, pairs: sent.pairs, had_picture: sent.logo.is_some() })
}
