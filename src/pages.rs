//! The pages: one file each, which says what it loads and then what it shows.

pub mod agreement;
pub mod agreement_change;
pub mod agreements;
pub mod api_docs;
pub mod api_quality;
pub mod api_tokens;
pub mod businesses;
pub mod charge;
pub mod contracts;
pub mod details;
pub mod export;
pub mod failed_charges;
pub mod frame;
pub mod freshness;
pub mod landing;
pub mod list;
pub mod login;
pub mod member;
pub mod members;
pub mod merchant;
pub mod merchants;
pub mod new_agreement;
pub mod new_charge;
pub mod new_product_order;
pub mod new_webhook;
pub mod not_found;
pub mod prefill_fields;
pub mod price_packages;
pub mod product_order;
pub mod product_orders;
pub mod profile;
pub mod public_form;
pub mod registry;
pub mod sales_unit;
pub mod sales_unit_change;
pub mod sales_units;
pub mod settings;
pub mod template;
pub mod templates;
pub mod unanswered;
pub mod webhook;
pub mod webhook_coverage;
pub mod webhooks;

use std::future::Future;

use axum::http::header::COOKIE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use percent_encoding::percent_decode_str;

use self::api_docs::ApiDescription;
use self::unanswered::Unanswered;

use crate::domain::failure::Failure;
use crate::server::acting::by_link::ByLink;
use crate::server::acting::registry::InstanceAdmin;
use crate::server::acting::{Acting, SignedIn};

/// Who looks at the page, as whom. The router has let nobody else through to it.
pub fn acting() -> Option<Acting> {
    request()?.extensions.get().cloned()
}

/// Whether whoever looks at the page only views as a merchant, and so changes nothing.
pub fn only_viewing() -> bool {
    acting().is_some_and(|acting| acting.is_viewing())
}

/// Who looks at the page.
pub fn signed_in() -> Option<SignedIn> {
    request()?.extensions.get().cloned()
}

/// Who decides about the registry. The router has let nobody else through to its pages.
pub fn instance_admin() -> Option<InstanceAdmin> {
    request()?.extensions.get().cloned()
}

/// A merchant who has opened a template's link. The router has let nobody else through to it.
pub fn by_link() -> Option<ByLink> {
    request()?.extensions.get().cloned()
}

/// A form that was refused, with all that was typed.
#[derive(Clone, Debug)]
pub struct Refused<T>(pub T);

/// The API's description, where that is what is asked for.
pub fn api_description() -> Option<ApiDescription> {
    request()?.extensions.get().cloned()
}

/// Why this address cannot be answered, whatever it is.
pub fn unanswered() -> Option<Unanswered> {
    request()?.extensions.get().cloned()
}

/// What was typed into this page's form and refused; answers with 422.
pub fn refused<T: Clone + Send + Sync + 'static>() -> Option<T> {
    let refused = shown_again()?;
    set_status(StatusCode::UNPROCESSABLE_ENTITY);
    Some(refused)
}

/// What came of a form that was sent to this page's address.
#[derive(Clone, Debug)]
pub struct Answered<T>(pub T);

/// What came of the form that was just sent here; none if the page was only asked for.
pub fn answered<T: Clone + Send + Sync + 'static>() -> Option<T> {
    let Answered(answered) = request()?.extensions.get::<Answered<T>>().cloned()?;
    Some(answered)
}

/// What was typed into this page's form, which is shown again, whether or not it was refused.
pub fn shown_again<T: Clone + Send + Sync + 'static>() -> Option<T> {
    request()?.extensions.get::<Refused<T>>().cloned().map(|Refused(typed)| typed)
}

/// The query of the address as it was sent, without the question mark. The router's own reading
/// of it decodes twice (leptos-0.9).
pub fn query() -> String {
    request().and_then(|parts| parts.uri.query().map(ToOwned::to_owned)).unwrap_or_default()
}

/// A part of the path of the address, counted from 0 behind the first slash. The router's own
/// reading of it decodes twice (leptos-0.9).
pub fn segment(at: usize) -> Option<String> {
    let parts = request()?;
    let segment = percent_decode_str(parts.uri.path().split('/').nth(at + 1)?);
    segment.decode_utf8().ok().map(Into::into)
}

/// The first value of a parameter of the query.
pub fn parameter(query: &str, name: &str) -> Option<String> {
    form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// The value of a cookie.
pub fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut cookies = cookies.flat_map(|value| value.split(';')).filter_map(|cookie| cookie.trim().split_once('='));
    cookies.find(|(found, _)| *found == name).map(|(_, value)| value.to_owned())
}

pub fn set_status(status: StatusCode) {
    if let Some(options) = use_context::<ResponseOptions>() {
        options.set_status(status);
    }
}

/// The status that a failure answers with.
pub fn status_of(failure: &Failure) -> StatusCode {
    match failure {
        Failure::NotFound => StatusCode::NOT_FOUND,
        Failure::NotAllowed | Failure::OnlyViewing => StatusCode::FORBIDDEN,
        Failure::NoKeys | Failure::SwitchedOff | Failure::InTest => StatusCode::CONFLICT,
        Failure::KeysRefused | Failure::UpstreamSilent => StatusCode::BAD_GATEWAY,
        Failure::AskedTooOften => StatusCode::TOO_MANY_REQUESTS,
        Failure::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// Waits for what a page loads, then shows it, all before the first byte is sent.
pub fn loaded<Loading, Shown>(loading: Loading) -> impl IntoView
where
    Loading: Future<Output = Shown> + Send + 'static,
    Shown: IntoView + Send + 'static,
{
    view! { <Suspense>{Suspend::new(loading)}</Suspense> }
}

fn request() -> Option<Parts> {
    use_context::<Parts>()
}
