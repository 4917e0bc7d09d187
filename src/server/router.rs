//! The table of contents of the server: every address, and what a request passes through on its
//! way there, in reading order.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{Method, StatusCode};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use leptos_axum::{AxumRouteListing, LeptosRoutes, generate_route_list};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::{CompressionLayer, CompressionLevel};
use tower_http::limit::RequestBodyLimitLayer;

use super::requests::{
    agreements, api_tokens, by_link, charges, exports, members, merchants, prefill, price_packages, product_orders,
    registry, sales_unit_change, settings, templates, webhooks,
};
use super::security::{csrf, headers, sessions};
use super::store::agreement_list::Agreements;
use super::store::merchant_list::Merchants;
use super::store::product_orders::ProductOrders;
use super::store::sales_unit_list::SalesUnits;
use super::store::webhooks::Webhooks;
use super::{Portal, api, rendering, requests, site};
use crate::app::App;
use crate::domain::organisation::Role;
use crate::paths;

/// Largest request that is read: forms are small.
const LARGEST_REQUEST: usize = 1024 * 1024;
/// Largest request that a form with a file may be. Only as much of the file is kept as can be good,
/// but the rest of the form is not lost because somebody has chosen too large a picture.
const LARGEST_UPLOAD: usize = 16 * 1024 * 1024;

/// How hard pages are compressed: a third smaller than at the least, for less than half a millisecond.
const PAGE_QUALITY: i32 = 4;

/// An address that is not a page. The pages are in `app`.
pub struct Action {
    pub method: Method,
    pub path: &'static str,
    handler: MethodRouter<Portal>,
}

/// What anybody may ask for: nothing in it depends on who asks.
pub fn open_actions() -> Vec<Action> {
    vec![
        asked_for("/healthz", get(requests::alive)),
        asked_for("/readyz", get(requests::ready)),
        asked_for("/pkg/{*path}", get(site::serve)),
        asked_for("/favicon.svg", get(site::serve)),
        asked_for("/icons.svg", get(site::serve)),
    ]
}

/// What the guard decides about, as it does about the pages.
pub fn guarded_actions() -> Vec<Action> {
    vec![
        asked_for("/", get(requests::home)),
        sent_to(paths::LOGIN, post(requests::sign_in)),
        sent_to(paths::LOGOUT, post(requests::sign_out)),
        sent_to(paths::PREFERENCES, post(requests::choose_preferences)),
        sent_to(paths::OWN_TOKENS, post(api_tokens::make_own)),
        sent_to("/profile/tokens/{id}/revoke", post(api_tokens::revoke_own)),
        sent_to(paths::NEW_ORGANISATION, post(registry::create)),
        sent_to("/admin/organisations/{org}/edit", post(registry::change)),
        sent_to("/admin/organisations/{org}/check", post(registry::check_keys)),
        sent_to("/admin/organisations/{org}/switch", post(registry::switch)),
        sent_to("/admin/organisations/{org}/remove", post(registry::remove)),
        sent_to("/admin/organisations/{org}/membership", post(registry::become_admin)),
        admins("/as/{org}/api-tokens", post(api_tokens::make)),
        admins("/as/{org}/api-tokens/{id}/revoke", post(api_tokens::revoke)),
        sent_to("/as/{org}/sales-units/refresh", post(requests::refresh_sales_units)),
        sent_to("/as/{org}/sales-units/{msn}/refresh", post(requests::refresh_sales_unit)),
        uploads("/as/{org}/sales-units/{msn}/change", post(sales_unit_change::change)),
        operators("/as/{org}/sales-units/{msn}/status", post(sales_unit_change::set_status)),
        sent_to("/as/{org}/merchants/{scheme}/{id}/refresh", post(merchants::refresh)),
        sent_to("/as/{org}/merchants/{scheme}/{id}/view", post(merchants::view)),
        sent_to("/as/{org}/product-orders/refresh", post(product_orders::refresh_list)),
        sent_to("/as/{org}/product-orders/{id}/refresh", post(product_orders::refresh)),
        admins("/as/{org}/settings", post(settings::save)),
        operators("/as/{org}/settings/probe", post(settings::probe)),
        admins("/as/{org}/members", post(members::add)),
        admins("/as/{org}/members/{person}/role", post(members::change_role)),
        admins("/as/{org}/members/{person}/remove", post(members::remove)),
        uploads("/as/{org}/product-orders/new", post(prefill::send)),
        operators("/as/{org}/product-orders/{id}/note", post(product_orders::note)),
        operators("/as/{org}/product-orders/{id}/delete", post(product_orders::delete)),
        operators("/as/{org}/product-orders/{id}/send", post(product_orders::send_again)),
        operators("/as/{org}/product-orders/{id}/recognise", post(product_orders::recognise)),
        operators("/as/{org}/product-orders/{id}/release", post(product_orders::release)),
        asked_for("/as/{org}/logos/{logo}", get(prefill::logo)),
        asked_for("/as/{org}/sales-units/export", get(exports::list::<SalesUnits>)),
        asked_for("/as/{org}/merchants/export", get(exports::list::<Merchants>)),
        asked_for("/as/{org}/product-orders/export", get(exports::list::<ProductOrders>)),
        asked_for("/as/{org}/webhooks/export", get(exports::list::<Webhooks>)),
        asked_for("/as/{org}/agreements/export", get(exports::list::<Agreements>)),
        asked_for("/as/{org}/price-packages/export", get(exports::price_packages)),
        uploads("/as/{org}/templates/new", post(templates::make)),
        uploads("/as/{org}/templates/{id}", post(templates::change)),
        operators("/as/{org}/templates/{id}/link", post(templates::make_link)),
        operators("/as/{org}/templates/{id}/withdraw", post(templates::withdraw_link)),
        operators("/as/{org}/templates/{id}/archive", post(templates::archive)),
        operators("/as/{org}/templates/{id}/restore", post(templates::restore)),
        sent_to("/t/{code}", post(by_link::send)),
        sent_to("/t/{code}/orders/{key}", post(by_link::send_again)),
        sent_to("/as/{org}/agreements/refresh", post(agreements::refresh_list)),
        operators("/as/{org}/agreements/new", post(agreements::draft)),
        admins("/as/{org}/agreements/version", post(agreements::choose_version)),
        sent_to("/as/{org}/agreements/{id}/refresh", post(agreements::refresh)),
        operators("/as/{org}/agreements/{id}/stop", post(agreements::stop)),
        operators("/as/{org}/agreements/{id}/charges/new", post(charges::make)),
        sent_to("/as/{org}/agreements/{id}/charges/{charge}/refresh", post(charges::refresh)),
        operators("/as/{org}/agreements/{id}/charges/{charge}/cancel", post(charges::cancel)),
        operators("/as/{org}/agreements/{id}/charges/{charge}/capture", post(charges::capture)),
        operators("/as/{org}/agreements/{id}/charges/{charge}/refund", post(charges::refund)),
        operators("/as/{org}/agreement-changes/{key}/again", post(agreements::change_again)),
        sent_to("/as/{org}/price-packages/refresh", post(price_packages::refresh_list)),
        operators("/as/{org}/sales-units/{msn}/price-package", post(price_packages::note)),
        sent_to("/as/{org}/webhooks/refresh", post(webhooks::refresh)),
        operators("/as/{org}/webhooks/new", post(webhooks::register)),
        operators("/as/{org}/webhooks/{id}/delete", post(webhooks::delete)),
    ]
}

pub fn router(portal: Portal) -> Router {
    let guarded = routes(guarded_actions())
        .leptos_routes_with_handler(pages(), get(rendering::page))
        .fallback(get(rendering::page).fallback(wrong_method))
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn(requests::tidy))
        .layer(from_fn_with_state(portal.clone(), requests::identify))
        .layer(from_fn_with_state(portal.clone(), requests::unanswered::keep))
        .layer(from_fn_with_state(portal.clone(), csrf::check))
        .layer(sessions::layer(portal.store().clone(), portal.is_https()))
        .layer(CompressionLayer::new().quality(CompressionLevel::Precise(PAGE_QUALITY)));
    let api = api::router(portal.clone()).layer(CompressionLayer::new());
    routes(open_actions())
        .merge(guarded)
        .nest("/api", api)
        .layer(DefaultBodyLimit::max(LARGEST_REQUEST))
        .layer(RequestBodyLimitLayer::new(LARGEST_UPLOAD))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(portal.clone(), headers::add))
        .layer(from_fn(requests::log))
        .with_state(portal)
}

fn routes(actions: Vec<Action>) -> Router<Portal> {
    actions.into_iter().fold(Router::new(), |router, action| router.route(action.path, action.handler))
}

fn asked_for(path: &'static str, handler: MethodRouter<Portal>) -> Action {
    Action { method: Method::GET, path, handler }
}

/// Sent by those who may change things upstream.
fn operators(path: &'static str, handler: MethodRouter<Portal>) -> Action {
    sent_to(path, handler.layer(from_fn(|request, next| requests::require(Role::Operator, request, next))))
}

/// Forms with a file, sent by those who may change things upstream.
fn uploads(path: &'static str, handler: MethodRouter<Portal>) -> Action {
    operators(path, handler.layer(DefaultBodyLimit::max(LARGEST_UPLOAD)))
}

/// Sent by those who decide about the organisation.
fn admins(path: &'static str, handler: MethodRouter<Portal>) -> Action {
    sent_to(path, handler.layer(from_fn(|request, next| requests::require(Role::Admin, request, next))))
}

fn sent_to(path: &'static str, handler: MethodRouter<Portal>) -> Action {
    Action { method: Method::POST, path, handler }
}

/// Every page, as the route table of the app names them.
pub fn pages() -> Vec<AxumRouteListing> {
    generate_route_list(App)
}

async fn wrong_method() -> Response {
    (StatusCode::METHOD_NOT_ALLOWED, "This address does not take that method.\n").into_response()
}

fn panicked(panic: Box<dyn std::any::Any + Send>) -> Response {
    let message = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
    tracing::error!(message, "a request panicked");
    rendering::failed()
}
