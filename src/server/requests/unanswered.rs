//! Failures as pages, with whatever was typed into the form that met them: while the database is
//! away, while one has to wait, and after a session has ended.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequest, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::unsigned_request;
use super::upload::Sent;
use crate::pages::unanswered::{KeptForm, Unanswered, Why};
use crate::server::{Portal, rendering};

/// Largest request that is kept while it is answered; and what of a form can be given back on a page, which
/// anybody can make us render.
const MOST_KEPT: u64 = 2 * 1024 * 1024;
const MOST_PAIRS: usize = 300;
const MOST_TEXT: usize = 64 * 1024;

/// What forms hold that nobody has typed. Where there is nothing else, there is nothing to be kept.
const UNSEEN: [&str; 9] = ["back", "list", "key", "form", "id", "order", "webhook", "seen", "intent"];

/// Turns what could not be answered into a page that says why and keeps the form.
pub async fn keep(State(portal): State<Portal>, request: Request, next: Next) -> Response {
    let (asked, body) = request.into_parts();
    let watching = asked.headers.contains_key("x-portal-watch");
    let form = form_of(&asked.method, &asked.headers);
    let is_large = form.as_ref().is_some_and(|form| form.length > MOST_KEPT);
    let (body, sent) = match form {
        Some(form) if !is_large => match to_bytes(body, usize::try_from(MOST_KEPT).unwrap_or(usize::MAX)).await {
            Ok(bytes) => (Body::from(bytes.clone()), Some((form.content_type, bytes))),
            Err(_) => {
                let text = "The form did not arrive whole. Go back and try again.\n";
                return (StatusCode::BAD_REQUEST, text).into_response();
            }
        },
        _ => (body, None),
    };
    let (address, headers) = (asked.uri.clone(), asked.headers.clone());
    let response = next.run(Request::from_parts(asked, body)).await;
    let Some(why) = response.extensions().get::<Why>().cloned() else { return response };
    let form = match sent {
        Some((content_type, bytes)) => {
            let action = address.path_and_query().map_or("/", |path| path.as_str());
            kept(action.to_owned(), content_type, bytes).await
        }
        None => None,
    };
    let nothing_typed = form.is_none() && !is_large;
    if watching || (why == Why::SignedOut && nothing_typed) {
        return response;
    }
    let mut request = unsigned_request(&headers);
    *request.uri_mut() = address;
    request.extensions_mut().insert(Unanswered { why: why.clone(), form: form.map(Arc::new) });
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

/// A form that a browser sends.
struct SentForm {
    content_type: HeaderValue,
    length: u64,
}

fn form_of(method: &Method, headers: &HeaderMap) -> Option<SentForm> {
    let content_type = headers.get(CONTENT_TYPE).filter(|_| *method == Method::POST)?;
    let kind = content_type.to_str().ok()?;
    let is_form = kind.starts_with("application/x-www-form-urlencoded") || kind.starts_with("multipart/form-data");
    // Browsers say how long a form is.
    let length = headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()?;
    is_form.then(|| SentForm { content_type: content_type.clone(), length })
}

/// None if nothing was typed into it, or more than is given back.
async fn kept(action: String, content_type: HeaderValue, body: Bytes) -> Option<KeptForm> {
    let mut request = Request::new(Body::from(body));
    request.headers_mut().insert(CONTENT_TYPE, content_type);
    let sent = Sent::from_request(request, &()).await.ok()?;
    let text: usize = sent.pairs.iter().map(|(name, value)| name.len() + value.len()).sum();
    let is_typed = |(name, value): &(String, String)| !value.is_empty() && !UNSEEN.contains(&name.as_str());
    let had_picture = sent.logo.is_some();
    let is_kept =
        sent.pairs.len() <= MOST_PAIRS && text <= MOST_TEXT && (had_picture || sent.pairs.iter().any(is_typed));
    is_kept.then_some(KeptForm { action, pairs: sent.pairs, had_picture })
}
