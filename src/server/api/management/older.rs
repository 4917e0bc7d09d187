//! Addresses that older documents of upstream have. They answer like the ones of today, and say that they are old.

use axum::extract::Query;
use axum::http::header::LINK;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::Response;
use uuid::Uuid;

use super::product_orders::{PrefilledOrder, ordered};
use super::{TAG, Told, answer, with_expired};
use crate::domain::identifiers::{BusinessIdentifier, Market};
use crate::server::api::fields::JsonBody;
use crate::server::api::problem::{Problem, Refusals, UpstreamTroubles};
use crate::server::api::{OrganisationReads, OrganisationWrites, Segment};

/// RFC 9745.
const DEPRECATION: HeaderName = HeaderName::from_static("deprecation");
/// When business identifiers took the place of Norwegian organisation numbers, and `product-orders` that of its
/// other spellings: 2023-10-01.
const IDENTIFIERS: &str = "@1696118400";
/// When orders began to be read by version 2: 2024-10-01.
const ORDERS_2: &str = "@1727740800";

/// Make a product order
#[utoipa::path(post, path = "/management/v1/products/orders", tag = TAG, operation_id = "management_order_2023",
    params(("Idempotency-Key" = String, Header, example = "crm-4711")), request_body(content = Value, content_type = "application/json"), responses(
    Refusals, UpstreamTroubles,
    (status = 201, body = PrefilledOrder, headers(("Deprecation" = String))),
    (status = 400, body = Problem, content_type = "application/problem+json"),
    (status = 413, body = Problem, content_type = "application/problem+json"),
    (status = 415, body = Problem, content_type = "application/problem+json"),
    (status = "4XX", body = Problem, content_type = "application/problem+json", description = "Upstream has refused it, with this status."),
))]
#[deprecated]
pub async fn order(
    OrganisationWrites(program): OrganisationWrites,
    headers: HeaderMap,
    JsonBody(request): JsonBody,
) -> Result<Response, Problem> {
    let response = ordered(&program, &headers, request).await?;
    Ok(old(response, IDENTIFIERS, "/api/management/v1/product-orders"))
}

/// Make a product order
#[utoipa::path(post, path = "/management/v1/products-orders", tag = TAG, operation_id = "management_order_2023_11",
    params(("Idempotency-Key" = String, Header, example = "crm-4711")), request_body(content = Value, content_type = "application/json"), responses(
    Refusals, UpstreamTroubles,
    (status = 201, body = PrefilledOrder, headers(("Deprecation" = String))),
    (status = 400, body = Problem, content_type = "application/problem+json"),
    (status = 413, body = Problem, content_type = "application/problem+json"),
    (status = 415, body = Problem, content_type = "application/problem+json"),
    (status = "4XX", body = Problem, content_type = "application/problem+json", description = "Upstream has refused it, with this status."),
))]
#[deprecated]
pub async fn order_by_another_name(
    OrganisationWrites(program): OrganisationWrites,
    headers: HeaderMap,
    JsonBody(request): JsonBody,
) -> Result<Response, Problem> {
    let response = ordered(&program, &headers, request).await?;
    Ok(old(response, IDENTIFIERS, "/api/management/v1/product-orders"))
}

/// All product orders that name the partner
#[utoipa::path(get, path = "/management/v1/product-orders", tag = TAG, operation_id = "management_product_orders_1",
    params(("includeExpired" = Option<bool>, Query)), responses(
    (status = 200, body = Vec<Value>, headers(("Age" = u64), ("ETag" = String), ("Deprecation" = String))),
    Refusals, UpstreamTroubles,
))]
#[deprecated]
pub async fn product_orders(
    OrganisationReads(program): OrganisationReads,
    Query(query): Query<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let response = answer(&program, Told::ProductOrders { with_expired: with_expired(&query) }, &headers).await?;
    Ok(old(response, ORDERS_2, "/api/management/v2/product-orders"))
}

/// One product order
#[utoipa::path(get, path = "/management/v1/product-orders/{product_order_id}", tag = TAG, operation_id = "management_product_order_1",
    params(("product_order_id" = Uuid, Path)), responses(
    (status = 200, body = Value, headers(("Age" = u64), ("ETag" = String), ("Deprecation" = String))),
    Refusals, UpstreamTroubles,
))]
#[deprecated]
pub async fn product_order(
    OrganisationReads(program): OrganisationReads,
    Segment(id): Segment<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let id = id.parse::<Uuid>().map_err(|_| Problem::not_found())?;
    let response = answer(&program, Told::ProductOrder(id), &headers).await?;
    Ok(old(response, ORDERS_2, &format!("/api/management/v2/product-orders/{id}/details")))
}

/// One product order
#[utoipa::path(get, path = "/management/v1/product-orders/{product_order_id}/details", tag = TAG, operation_id = "management_product_order_details_1",
    params(("product_order_id" = Uuid, Path)), responses(
    (status = 200, body = Value, headers(("Age" = u64), ("ETag" = String), ("Deprecation" = String))),
    Refusals, UpstreamTroubles,
))]
#[deprecated]
pub async fn product_order_details(
    program: OrganisationReads,
    segment: Segment<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    #[expect(deprecated, reason = "one old address is like the other")]
    product_order(program, segment, headers).await
}

/// One merchant, by its Norwegian organisation number
#[utoipa::path(get, path = "/management/v1/merchants/{scheme}", tag = TAG, operation_id = "management_merchant_by_orgno",
    params(("scheme" = String, Path, description = "The organisation number", example = "918713867")), responses(
    (status = 200, body = Value, headers(("Age" = u64), ("ETag" = String), ("Deprecation" = String))),
    Refusals, UpstreamTroubles,
))]
#[deprecated]
pub async fn merchant(
    OrganisationReads(program): OrganisationReads,
    Segment(orgno): Segment<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let business = norwegian(&orgno)?;
    let now = format!("/api/management/v1/merchants/{}/{}", business.scheme, business.id);
    let response = answer(&program, Told::Merchant(business), &headers).await?;
    Ok(old(response, IDENTIFIERS, &now))
}

/// A merchant's sales units, by its Norwegian organisation number
#[utoipa::path(get, path = "/management/v1/merchants/{scheme}/sales-units", tag = TAG, operation_id = "management_units_by_orgno",
    params(("scheme" = String, Path, description = "The organisation number", example = "918713867")), responses(
    (status = 200, body = Vec<Value>, headers(("Age" = u64), ("ETag" = String), ("Deprecation" = String))),
    Refusals, UpstreamTroubles,
))]
#[deprecated]
pub async fn merchants_sales_units(
    OrganisationReads(program): OrganisationReads,
    Segment(orgno): Segment<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let business = norwegian(&orgno)?;
    let now = format!("/api/management/v1/merchants/{}/{}/sales-units", business.scheme, business.id);
    let response = answer(&program, Told::MerchantsSalesUnits(business), &headers).await?;
    Ok(old(response, IDENTIFIERS, &now))
}

/// Back then there were merchants in Norway only, named by their number alone.
fn norwegian(orgno: &str) -> Result<BusinessIdentifier, Problem> {
    BusinessIdentifier::parse(Market::Norway.scheme(), orgno).ok_or_else(Problem::not_found)
}

/// Says since when an address is old, and which one to use.
fn old(mut response: Response, since: &'static str, successor: &str) -> Response {
    response.headers_mut().insert(DEPRECATION, HeaderValue::from_static(since));
    if let Ok(link) = HeaderValue::from_str(&format!("<{successor}>; rel=\"successor-version\"")) {
        response.headers_mut().insert(LINK, link);
    }
    response
}
