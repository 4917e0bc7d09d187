//! The REST API: what other systems ask the portal. Everything but its description needs a token, and
//! everything that goes wrong is `application/problem+json`.

mod fields;
mod management;
mod organisations;
mod problem;
mod vipps_orgs;

use std::num::NonZeroU32;
use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, FromRequestParts, Path, Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::de::DeserializeOwned;
use serde_json::Value;
use utoipa::openapi::OpenApi as Description;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

use self::problem::Problem;
use super::acting::program::Program;
use super::security::api_tokens::hash_of;
use super::security::limiter::Limiter;
use super::store::api_tokens::{KnownToken, TokenOwner};
use super::{Portal, rendering};
use crate::domain::api_token::TokenScope;
use crate::domain::organisation::{OrgId, Role};
use crate::pages::api_docs::ApiDescription;

/// The largest product order: there may be a picture in it.
const LARGEST_ORDER: usize = 16 * 1024 * 1024;

#[derive(OpenApi)]
#[openapi(
    info(title = "Partner Portal", description = "What other systems ask the portal. Send a token with every request: `Authorization: Bearer pportal_…`."),
    servers((url = "/api")),
    modifiers(&BearerToken),
    security(("token" = [])),
    components(schemas(problem::Problem)),
)]
struct Root;

struct BearerToken;

impl Modify for BearerToken {
    fn modify(&self, description: &mut Description) {
        let token = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("pportal_…").build();
        let components = description.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(token));
    }
}

/// How often each token may ask.
pub struct ApiLimits(Limiter);

impl ApiLimits {
    /// `rate` requests of one token in a minute.
    pub fn new(rate: NonZeroU32) -> Self {
        Self(Limiter::per_minute(rate))
    }
}

/// Parts of a path.
struct Segment<T>(T);

impl<T: DeserializeOwned + Send> FromRequestParts<Portal> for Segment<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, portal: &Portal) -> Result<Self, Problem> {
        let path = Path::<T>::from_request_parts(parts, portal).await;
        path.map(|Path(segment)| Self(segment)).map_err(|_| Problem::not_found())
    }
}

/// Everything below `/api`.
pub fn router(portal: Portal) -> Router<Portal> {
    let (routes, description) = routes();
    let description = Arc::new(serde_json::to_value(&description).unwrap_or_default());
    let shown = ApiDescription { openapi: Arc::clone(&description), public_url: portal.public_url().to_owned() };
    let docs = async move |state: State<Portal>, mut request: Request| {
        request.extensions_mut().insert(shown);
        rendering::page(state, request).await
    };
    let open = Router::new()
        .route("/openapi.json", get(async move || Json(Value::clone(&description))))
        .route("/docs", get(docs));
    routes
        .fallback(async || Problem::not_found())
        .method_not_allowed_fallback(async || {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "This address does not take that method.")
        })
        .layer(from_fn_with_state(portal, identify))
        .merge(open)
}

/// The routes and their description, from the same annotations.
#[expect(deprecated, reason = "addresses that are old answer all the same")]
pub fn routes() -> (Router<Portal>, Description) {
    OpenApiRouter::with_openapi(Root::openapi())
        .routes(routes!(vipps_orgs::list, vipps_orgs::create))
        .routes(routes!(vipps_orgs::find, vipps_orgs::change, vipps_orgs::remove))
        .routes(routes!(vipps_orgs::status))
        .routes(routes!(organisations::list))
        .routes(routes!(organisations::sales_units))
        .routes(routes!(organisations::sales_units_file))
        .routes(routes!(organisations::merchants))
        .routes(routes!(organisations::merchants_file))
        .routes(routes!(organisations::product_orders))
        .routes(routes!(organisations::product_orders_file))
        .routes(routes!(organisations::price_packages))
        .routes(routes!(organisations::price_packages_file))
        .routes(routes!(organisations::webhooks))
        .routes(routes!(organisations::webhooks_file))
        .routes(routes!(organisations::agreements))
        .routes(routes!(organisations::agreements_file))
        .routes(routes!(management::sales_units))
        .routes(routes!(management::sales_unit))
        .routes(routes!(management::merchant))
        .routes(routes!(management::merchants_sales_units))
        .routes(routes!(management::all_product_orders))
        .routes(routes!(management::product_order))
        .routes(routes!(management::price_packages))
        .routes(routes!(management::product_orders::order).layer(DefaultBodyLimit::max(LARGEST_ORDER)))
        .routes(routes!(management::product_orders::delete))
        .routes(routes!(management::older::order).layer(DefaultBodyLimit::max(LARGEST_ORDER)))
        .routes(routes!(management::older::order_by_another_name).layer(DefaultBodyLimit::max(LARGEST_ORDER)))
        .routes(routes!(management::older::product_orders))
        .routes(routes!(management::older::product_order))
        .routes(routes!(management::older::product_order_details))
        .routes(routes!(management::older::merchant))
        .routes(routes!(management::older::merchants_sales_units))
        .split_for_parts()
}

/// Lets nobody through without a token that is good.
async fn identify(State(portal): State<Portal>, mut request: Request, next: Next) -> Response {
    let Some(hash) = bearer(request.headers()).and_then(hash_of) else {
        return Problem::not_authenticated().into_response();
    };
    let token = match portal.store().api_token(&hash).await {
        Ok(Some(token)) => token,
        Ok(None) => return Problem::not_authenticated().into_response(),
        Err(error) => return Problem::from(error).into_response(),
    };
    if let Err(wait) = portal.api_limits().0.check(&token.id.to_string()) {
        return Problem::too_often(u32::try_from(wait.as_secs() + 1).unwrap_or(u32::MAX)).into_response();
    }
    request.extensions_mut().insert(token);
    next.run(request).await
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The header in which a person's token names the organisation.
const AS_WHOM: &str = "portal-organisation";

/// Who may read what an organisation has upstream: its own tokens, and its members'.
struct OrganisationReads(Program);

/// Who may change what an organisation has upstream: its own tokens that may write, and those of its operators.
struct OrganisationWrites(Program);

impl FromRequestParts<Portal> for OrganisationReads {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, portal: &Portal) -> Result<Self, Problem> {
        program(parts, portal, TokenScope::Read, Role::Viewer).await.map(Self)
    }
}

impl FromRequestParts<Portal> for OrganisationWrites {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, portal: &Portal) -> Result<Self, Problem> {
        program(parts, portal, TokenScope::Write, Role::Operator).await.map(Self)
    }
}

/// The program behind a token, as the organisation that the token is of or that the request names.
async fn program(parts: &Parts, portal: &Portal, scope: TokenScope, role: Role) -> Result<Program, Problem> {
    let token = parts.extensions.get::<KnownToken>().ok_or_else(Problem::not_authenticated)?;
    let program = match &token.owner {
        TokenOwner::Organisation(organisation) => Program::acting_as(portal, organisation, token).await?,
        TokenOwner::Staff(staff) => {
            let named = parts.headers.get(AS_WHOM).and_then(|name| OrgId::parse(name.to_str().ok()?));
            let named = named.ok_or_else(|| {
                Problem::not_allowed("A person's token says as whom it asks: Portal-Organisation: org_…")
            })?;
            Program::acting_for(portal, *staff, &named, role).await?
        }
        TokenOwner::Instance => {
            return Err(Problem::not_allowed("A token of the instance is for the registry only."));
        }
    };
    let program = program.ok_or_else(Problem::not_found)?;
    may(token, scope)?;
    Ok(program)
}

fn may(token: &KnownToken, scope: TokenScope) -> Result<(), Problem> {
    if token.scope >= scope { Ok(()) } else { Err(Problem::not_allowed("This token may read, and change nothing.")) }
}

/// Who may read the registry.
struct MayRead;

/// Who may change the registry.
struct MayWrite;

impl FromRequestParts<Portal> for MayRead {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Portal) -> Result<Self, Problem> {
        registry(parts, TokenScope::Read).map(|()| Self)
    }
}

impl FromRequestParts<Portal> for MayWrite {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Portal) -> Result<Self, Problem> {
        registry(parts, TokenScope::Write).map(|()| Self)
    }
}

fn registry(parts: &Parts, scope: TokenScope) -> Result<(), Problem> {
    let token = parts.extensions.get::<KnownToken>().ok_or_else(Problem::not_authenticated)?;
    if token.owner != TokenOwner::Instance {
        return Err(Problem::not_allowed(
            "The registry takes tokens of the instance only, which are made on its command line.",
        ));
    }
    may(token, scope)
}
