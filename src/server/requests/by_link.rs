//! What merchants reach with a template's link: open to everybody who has its code, and nobody
//! signed in is known there.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU32;
use std::time::Duration;

use axum::Form;
use axum::extract::{ConnectInfo, Path, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use uuid::Uuid;

use super::unanswered::too_often;
use super::{again, client, not_found, plain, see_other};
use crate::domain::failure::Failure;
use crate::domain::prefill::PrefillForm;
use crate::pages::new_product_order::KEY;
use crate::pages::public_form::OutOfOrder;
use crate::paths;
use crate::server::Portal;
use crate::server::acting::by_link::{ByLink, LinkOutcome};
use crate::server::security::limiter::Limiter;

/// By one client; the pages behind a link look again by themselves while an order is being sent.
const OPENED_A_MINUTE: NonZeroU32 = NonZeroU32::new(60).unwrap();
/// By one client.
const SENT_A_MINUTE: NonZeroU32 = NonZeroU32::new(10).unwrap();
/// By everybody.
const SENT_WITH_A_CODE_AN_HOUR: NonZeroU32 = NonZeroU32::new(300).unwrap();

/// How often links are opened and their forms sent.
pub struct LinkLimits {
    opening: Limiter,
    sending: Limiter,
    sending_with_code: Limiter,
}

impl Default for LinkLimits {
    fn default() -> Self {
        Self {
            opening: Limiter::per_minute(OPENED_A_MINUTE),
            sending: Limiter::per_minute(SENT_A_MINUTE),
            sending_with_code: Limiter::per_hour(SENT_WITH_A_CODE_AN_HOUR),
        }
    }
}

impl LinkLimits {
    fn check(&self, address: IpAddr, is_reading: bool, code: &str) -> Result<(), Duration> {
        let client = network(address);
        if is_reading {
            return self.opening.check(&client);
        }
        self.sending.check(&client)?;
        self.sending_with_code.check(code)
    }
}

/// Who has an address of IPv6 has as many as there are in its network.
fn network(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(address) => address.to_string(),
            None => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).to_string(),
        },
    }
}

/// Lets those through who have a code that opens something, as often as people do.
pub(super) async fn identify(portal: Portal, mut request: Request, next: Next) -> Response {
    let code = request.uri().path().strip_prefix(paths::BY_LINK).and_then(|rest| rest.split('/').next());
    let code = code.unwrap_or_default().to_owned();
    let connection = request.extensions().get::<ConnectInfo<SocketAddr>>().copied();
    let address = client(&portal, connection, request.headers());
    let is_reading = matches!(*request.method(), Method::GET | Method::HEAD);
    if let Err(wait) = portal.link_limits().check(address, is_reading, &code) {
        return too_often(wait);
    }
    match ByLink::open(&portal, &code).await {
        Ok(Some(by_link)) => {
            request.extensions_mut().insert(by_link);
            next.run(request).await
        }
        Ok(None) => not_found(portal, request.headers()).await,
        Err(failure) => plain(&failure),
    }
}

pub async fn send(
    State(portal): State<Portal>,
    ByLinkOf(by_link): ByLinkOf,
    asked: Parts,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Response {
    let key = pairs.iter().find(|(name, _)| name == KEY).and_then(|(_, key)| key.parse::<Uuid>().ok());
    let typed = PrefillForm::from_pairs(pairs);
    match by_link.send(&typed, key.unwrap_or_else(Uuid::new_v4)).await {
        Ok(LinkOutcome::There(order)) => see_other(&paths::public_order(by_link.code(), order)),
        Ok(LinkOutcome::Again(view)) => again(portal, asked, *view).await,
        Ok(LinkOutcome::OutOfOrder) => again(portal, asked, OutOfOrder).await,
        Err(failure) => plain(&failure),
    }
}

pub async fn send_again(
    State(portal): State<Portal>,
    ByLinkOf(by_link): ByLinkOf,
    Path((_, key)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let outcome = match key.parse::<Uuid>() {
        Ok(key) => by_link.send_again(key).await.map(|()| key),
        Err(_) => Err(Failure::NotFound),
    };
    match outcome {
        Ok(key) => see_other(&paths::public_order(by_link.code(), key)),
        Err(Failure::NotFound) => not_found(portal, &headers).await,
        Err(failure) => plain(&failure),
    }
}

/// Whoever [`identify`] has let through.
pub struct ByLinkOf(ByLink);

impl axum::extract::FromRequestParts<Portal> for ByLinkOf {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &Portal) -> Result<Self, StatusCode> {
        parts.extensions.get().cloned().map(Self).ok_or(StatusCode::NOT_FOUND)
    }
}
