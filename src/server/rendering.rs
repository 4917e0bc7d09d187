//! Pages as answers: rendered whole, with the policy that lets only their own scripts run.

use axum::body::Body;
use axum::extract::{FromRef, Request, State};
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use leptos::prelude::*;
use leptos_axum::{ResponseOptions, render_app_async_with_context};
use tokio::sync::Semaphore;

use super::Portal;
use super::security::headers;
use super::store::CONNECTIONS;
use crate::app::shell;

/// Pages that are rendered at the same time: as many as there are connections to the database. More would wait for one
/// all the same, and each with all that it has made so far.
static AT_ONCE: Semaphore = Semaphore::const_new(CONNECTIONS as usize);

/// Renders a page to its end, whether or not the browser waits for it: a render that is broken
/// off would leak what it has made (leptos-0.9).
pub async fn page(State(portal): State<Portal>, request: Request) -> Response {
    let rendered = tokio::spawn(async move {
        let _turn = AT_ONCE.acquire().await;
        let response = render(&portal, request).await;
        let (parts, body) = response.into_parts();
        match axum::body::to_bytes(body, usize::MAX).await {
            Ok(body) => Response::from_parts(parts, Body::from(body)),
            Err(error) => {
                tracing::error!(%error, "a page could not be rendered");
                failed()
            }
        }
    });
    rendered.await.unwrap_or_else(|error| {
        tracing::error!(%error, "a page could not be rendered");
        failed()
    })
}

async fn render(portal: &Portal, request: Request) -> Response {
    let options = LeptosOptions::from_ref(portal);
    let context = || {
        let (Some(nonce), Some(response)) = (leptos::nonce::use_nonce(), use_context::<ResponseOptions>()) else {
            return;
        };
        if let Ok(policy) = HeaderValue::from_str(&headers::page_policy(&nonce)) {
            response.insert_header(CONTENT_SECURITY_POLICY, policy);
        }
    };
    render_app_async_with_context(context, move || shell(options.clone()))(request).await
}

impl FromRef<Portal> for LeptosOptions {
    fn from_ref(portal: &Portal) -> Self {
        Self::builder().output_name("partner-portal").site_pkg_dir(portal.site().pkg()).build()
    }
}

/// Said where nothing else can be.
pub fn failed() -> Response {
    let page = include_str!("failed.html");
    let mut response = (StatusCode::INTERNAL_SERVER_ERROR, page).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response
}
