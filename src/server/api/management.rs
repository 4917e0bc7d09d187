//! The Management API as upstream has it, from the portal's copy: a program written for it changes its
//! base URL and its token, and nothing else.
//!
//! How old an answer is stands in `Age`. `Cache-Control: no-cache` has upstream asked first.

pub mod older;
pub mod product_orders;

use axum::extract::Query;
use axum::http::header::{AGE, CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderName, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use time::OffsetDateTime;
use uuid::Uuid;

use super::problem::{Problem, Refusals, UpstreamTroubles};
use super::{OrganisationReads, Segment};
use crate::domain::identifiers::{BusinessIdentifier, Msn};
use crate::server::acting::program::{Program, Told};
use crate::server::security::hash;

const TAG: &str = "Management API";
const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");

/// All sales units
#[utoipa::path(get, path = "/management/v1/sales-units", tag = TAG, operation_id = "management_sales_units", responses(
    (status = 200, body = Vec<Value>, headers(("Age" = u64), ("ETag" = String), ("Cache-Status" = String))),
    Refusals, UpstreamTroubles,
))]
pub async fn sales_units(
    OrganisationReads(program): OrganisationReads,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    answer(&program, Told::SalesUnits, &headers).await
}

/// One sales unit
#[utoipa::path(get, path = "/management/v1/sales-units/{msn}", tag = TAG, operation_id = "management_sales_unit", params(("msn" = String, Path)), responses(
    (status = 200, body = Value, headers(("Age" = u64), ("ETag" = String), ("Cache-Status" = String))),
    Refusals, UpstreamTroubles,
))]
pub async fn sales_unit(
    OrganisationReads(program): OrganisationReads,
    Segment(msn): Segment<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let msn = Msn::parse(&msn).ok_or_else(Problem::not_found)?;
    answer(&program, Told::SalesUnit(msn), &headers).await
}

/// One merchant
#[utoipa::path(get, path = "/management/v1/merchants/{scheme}/{id}", tag = TAG, operation_id = "management_merchant",
    params(("scheme" = String, Path, example = "business:NO:ORG"), ("id" = String, Path)), responses(
    (status = 200, body = Value, headers(("Age" = u64), ("ETag" = String), ("Cache-Status" = String))),
    Refusals, UpstreamTroubles,
))]
pub async fn merchant(
    OrganisationReads(program): OrganisationReads,
    Segment((scheme, id)): Segment<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let business = BusinessIdentifier::parse(&scheme, &id).ok_or_else(Problem::not_found)?;
    answer(&program, Told::Merchant(business), &headers).await
}

/// A merchant's sales units
#[utoipa::path(get, path = "/management/v1/merchants/{scheme}/{id}/sales-units", tag = TAG, operation_id = "management_merchants_sales_units",
    params(("scheme" = String, Path, example = "business:NO:ORG"), ("id" = String, Path)), responses(
    (status = 200, body = Vec<Value>, headers(("Age" = u64), ("ETag" = String), ("Cache-Status" = String))),
    Refusals, UpstreamTroubles,
))]
pub async fn merchants_sales_units(
    OrganisationReads(program): OrganisationReads,
    Segment((scheme, id)): Segment<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let business = BusinessIdentifier::parse(&scheme, &id).ok_or_else(Problem::not_found)?;
    answer(&program, Told::MerchantsSalesUnits(business), &headers).await
}

/// All product orders that name the partner
#[utoipa::path(get, path = "/management/v2/product-orders", tag = TAG, operation_id = "management_product_orders",
    params(("includeExpired" = Option<bool>, Query)), responses(
    (status = 200, body = Vec<Value>, headers(("Age" = u64), ("ETag" = String), ("Cache-Status" = String))),
    Refusals, UpstreamTroubles,
))]
pub async fn all_product_orders(
    OrganisationReads(program): OrganisationReads,
    Query(query): Query<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    answer(&program, Told::ProductOrders { with_expired: with_expired(&query) }, &headers).await
}

fn with_expired(query: &[(String, String)]) -> bool {
    query.iter().any(|(name, value)| name == "includeExpired" && value == "true")
}

/// One product order
#[utoipa::path(get, path = "/management/v2/product-orders/{product_order_id}/details", tag = TAG, operation_id = "management_product_order",
    params(("product_order_id" = Uuid, Path)), responses(
    (status = 200, body = Value, headers(("Age" = u64), ("ETag" = String), ("Cache-Status" = String))),
    Refusals, UpstreamTroubles,
))]
pub async fn product_order(
    OrganisationReads(program): OrganisationReads,
    Segment(id): Segment<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let id = id.parse::<Uuid>().map_err(|_| Problem::not_found())?;
    answer(&program, Told::ProductOrder(id), &headers).await
}

/// The partner's price packages
#[utoipa::path(get, path = "/management/v1/partners/price-packages", tag = TAG, operation_id = "management_price_packages", responses(
    (status = 200, body = Vec<Value>, headers(("Age" = u64), ("ETag" = String), ("Cache-Status" = String))),
    Refusals, UpstreamTroubles,
))]
pub async fn price_packages(
    OrganisationReads(program): OrganisationReads,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    answer(&program, Told::PricePackages, &headers).await
}

/// From the copy; after upstream was asked, if that is wished, or the copy has nothing.
async fn answer(program: &Program, told: Told, asked: &HeaderMap) -> Result<Response, Problem> {
    let text = |name: HeaderName| asked.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let anew = text(CACHE_CONTROL).split(',').any(|word| word.trim().eq_ignore_ascii_case("no-cache"));
    let copied = if anew { None } else { program.copied(&told).await? };
    let (copied, status) = match copied {
        Some(copied) => (copied, "partner-portal; hit"),
        None => {
            let status =
                if anew { "partner-portal; fwd=request; stored" } else { "partner-portal; fwd=uri-miss; stored" };
            let copied = program.asked_anew(&told).await?;
            (copied.ok_or_else(Problem::not_found)?, status)
        }
    };
    let tag = hash(copied.json.as_bytes()).iter().take(12).map(|byte| format!("{byte:02x}")).collect::<String>();
    let tag = format!("\"{tag}\"");
    let age = (OffsetDateTime::now_utc() - copied.as_of).whole_seconds().max(0);
    let mut known = text(IF_NONE_MATCH).split(',').map(|known| known.trim().trim_start_matches("W/"));
    let is_known = known.any(|known| known == "*" || known == tag);
    let mut response = if is_known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(CONTENT_TYPE, HeaderValue::from_static("application/json;charset=UTF-8"))], copied.json).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(AGE, HeaderValue::from(age));
    headers.insert(CACHE_STATUS, HeaderValue::from_static(status));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(ETAG, tag);
    }
    Ok(response)
}
