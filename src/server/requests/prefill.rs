//! Checking and sending a prefill, and the pictures in it.

use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

use super::upload::Sent;
use super::{again, not_found, plain, see_other};
use crate::domain::failure::Failure;
use crate::domain::prefill::{Field, PrefillForm};
use crate::pages::new_product_order::{ADAPT, INTENT, KEY, REPLACES, SEEN, SEND, TEMPLATE};
use crate::paths;
use crate::server::Portal;
use crate::server::acting::Acting;
use crate::server::acting::prefill::{Draft, Outcome};

/// Checks the form, and sends it if that is asked for and nothing stands against it.
pub async fn send(State(portal): State<Portal>, acting: Acting, asked: Parts, sent: Sent) -> Response {
    let headers = asked.headers.clone();
    let uuid = |name| sent.text(name).parse::<Uuid>().ok();
    let mut form = PrefillForm::from_pairs(sent.pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    if sent.removes_logo() {
        form.set(Field::Logo, "");
    }
    let draft =
        Draft { form, key: uuid(KEY).unwrap_or_else(Uuid::new_v4), replaces: uuid(REPLACES), template: uuid(TEMPLATE) };
    let logo = sent.logo.as_deref();
    let outcome = if sent.text(INTENT) == SEND {
        let seen: Vec<String> = sent.text(SEEN).split(',').map(ToOwned::to_owned).collect();
        acting.send_draft(draft, logo, &seen).await
    } else {
        let adapts = sent.text(INTENT) == ADAPT;
        let checked = acting.check_draft(draft, logo).await;
        checked.map(|view| Outcome::Again(Box::new(if adapts { view.unchecked() } else { view })))
    };
    let organisation = &acting.organisation().id;
    match outcome {
        Ok(Outcome::Sent(order)) => see_other(&format!("{}?did=sent", paths::product_order(organisation, order))),
        Ok(Outcome::There(order)) => see_other(&paths::product_order(organisation, order)),
        Ok(Outcome::Again(view)) => again(portal, asked, *view).await,
        Err(Failure::NotFound) => not_found(portal, &headers).await,
        Err(failure) => plain(&failure),
    }
}

/// A picture that was uploaded. Its address is its hash, so it never changes.
pub async fn logo(
    State(portal): State<Portal>,
    acting: Acting,
    Path((_, file)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let is_hash = |hash: &&str| hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    let Some(hash) = file.strip_suffix(".png").filter(is_hash) else { return not_found(portal, &headers).await };
    match acting.logo(hash).await {
        Ok(png) => {
            let kept = HeaderValue::from_static("private, max-age=31536000, immutable");
            ([(CONTENT_TYPE, HeaderValue::from_static("image/png")), (CACHE_CONTROL, kept)], png).into_response()
        }
        Err(Failure::NotFound) => not_found(portal, &headers).await,
        Err(failure) => plain(&failure),
    }
}
