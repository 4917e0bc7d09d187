//! What upstream does not offer: an organisation's lists with the filters of the pages, in pages of their own, and as
//! files.

mod asked;
mod shapes;

use axum::Json;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};

use self::asked::{
    AskedPage, FileParameters, ListParameters, OrganisationReader, asked_file, asked_page, file_parameters,
};
use self::shapes::{CopyFacts, KnownOrganisation, Organisations, PricePackages, RecordPage};
use super::problem::{Problem, Refusals};
use crate::domain::columns::PRICE_PACKAGES;
use crate::domain::price_package_filter::PricePackageFilter;
use crate::server::records::{
    AgreementRecord, MerchantRecord, PricePackageRecord, ProductOrderRecord, Recorded, SalesUnitRecord, WebhookRecord,
};
use crate::server::requests::exports::attached;
use crate::server::store::agreement_list::Agreements;
use crate::server::store::api_tokens::{KnownToken, TokenOwner};
use crate::server::store::merchant_list::Merchants;
use crate::server::store::product_orders::ProductOrders;
use crate::server::store::sales_unit_list::SalesUnits;
use crate::server::store::webhooks::Webhooks;
use crate::server::{Portal, exporting, sync};

const TAG: &str = "Lists";

/// The organisations that the token may ask about
#[utoipa::path(get, path = "/v1/organisations", tag = TAG, operation_id = "list_organisations", responses(
    Refusals,
    (status = 200, body = Organisations),
))]
pub async fn list(
    State(portal): State<Portal>,
    axum::Extension(token): axum::Extension<KnownToken>,
) -> Result<Response, Problem> {
    let store = portal.store();
    let data = match &token.owner {
        TokenOwner::Instance => return Err(Problem::not_allowed("A token of the instance is for the registry only.")),
        TokenOwner::Staff(staff) => {
            let (organisations, _) = store.organisations_of(*staff, "", usize::MAX).await?;
            organisations
                .into_iter()
                .map(|known| KnownOrganisation {
                    org_id: known.id.into(),
                    name: known.name,
                    kind: known.kind.as_str(),
                    role: Some(known.role.as_str()),
                })
                .collect()
        }
        TokenOwner::Organisation(organisation) => {
            let name = store.organisation_name(organisation).await?.unwrap_or_default();
            let (kind, ..) = store.scope_of(organisation).await?.ok_or_else(Problem::not_authenticated)?;
            vec![KnownOrganisation { org_id: organisation.clone().into(), name, kind: kind.as_str(), role: None }]
        }
    };
    Ok(Json(Organisations { data }).into_response())
}

/// Sales units
///
/// Filtered, sorted and in pages as the portal shows them. The next page begins `after` what this one gives.
#[utoipa::path(get, path = "/v1/organisations/{org_id}/sales-units", tag = TAG, operation_id = "list_sales_units",
    params(("org_id" = String, Path), ListParameters::<SalesUnits>), responses(
    Refusals,
    (status = 200, body = RecordPage<SalesUnitRecord>),
    (status = 400, body = Problem, content_type = "application/problem+json"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
))]
pub async fn sales_units(reader: OrganisationReader, query: Query<Vec<(String, String)>>) -> Result<Response, Problem> {
    page::<SalesUnits>(reader, query).await
}

/// Sales units as a file
#[utoipa::path(get, path = "/v1/organisations/{org_id}/sales-units/export", tag = TAG, operation_id = "export_sales_units",
    params(("org_id" = String, Path), FileParameters::<SalesUnits>), responses(
    Refusals,
    (status = 200, content((String = "text/csv"), (String = "application/jsonl"))),
    (status = 400, body = Problem, content_type = "application/problem+json"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
))]
pub async fn sales_units_file(
    reader: OrganisationReader,
    query: Query<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    file::<SalesUnits>(reader, query)
}

/// Merchants
///
/// For partners: those that own a known sales unit, or that upstream has told of.
#[utoipa::path(get, path = "/v1/organisations/{org_id}/merchants", tag = TAG, operation_id = "list_merchants",
    params(("org_id" = String, Path), ListParameters::<Merchants>), responses(
    Refusals,
    (status = 200, body = RecordPage<MerchantRecord>),
    (status = 400, body = Problem, content_type = "application/problem+json"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
))]
pub async fn merchants(reader: OrganisationReader, query: Query<Vec<(String, String)>>) -> Result<Response, Problem> {
    page::<Merchants>(reader, query).await
}

/// Merchants as a file
#[utoipa::path(get, path = "/v1/organisations/{org_id}/merchants/export", tag = TAG, operation_id = "export_merchants",
    params(("org_id" = String, Path), FileParameters::<Merchants>), responses(
    Refusals,
    (status = 200, content((String = "text/csv"), (String = "application/jsonl"))),
    (status = 400, body = Problem, content_type = "application/problem+json"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
))]
pub async fn merchants_file(
    reader: OrganisationReader,
    query: Query<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    file::<Merchants>(reader, query)
}

/// Product orders
///
/// For partners: all that name the partner, wherever they were made. For merchants that a partner serves: their own.
#[utoipa::path(get, path = "/v1/organisations/{org_id}/product-orders", tag = TAG, operation_id = "list_product_orders",
    params(("org_id" = String, Path), ListParameters::<ProductOrders>), responses(
    Refusals,
    (status = 200, body = RecordPage<ProductOrderRecord>),
    (status = 400, body = Problem, content_type = "application/problem+json"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
))]
pub async fn product_orders(
    reader: OrganisationReader,
    query: Query<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    page::<ProductOrders>(reader, query).await
}

/// Product orders as a file
#[utoipa::path(get, path = "/v1/organisations/{org_id}/product-orders/export", tag = TAG, operation_id = "export_product_orders",
    params(("org_id" = String, Path), FileParameters::<ProductOrders>), responses(
    Refusals,
    (status = 200, content((String = "text/csv"), (String = "application/jsonl"))),
    (status = 400, body = Problem, content_type = "application/problem+json"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
))]
pub async fn product_orders_file(
    reader: OrganisationReader,
    query: Query<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    file::<ProductOrders>(reader, query)
}

/// Webhook registrations
///
/// For partners: their own and those of their sales units. For merchants that a partner serves: those of their sales
/// units.
#[utoipa::path(get, path = "/v1/organisations/{org_id}/webhooks", tag = TAG, operation_id = "list_webhooks",
    params(("org_id" = String, Path), ListParameters::<Webhooks>), responses(
    Refusals,
    (status = 200, body = RecordPage<WebhookRecord>),
    (status = 400, body = Problem, content_type = "application/problem+json"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
))]
pub async fn webhooks(reader: OrganisationReader, query: Query<Vec<(String, String)>>) -> Result<Response, Problem> {
    page::<Webhooks>(reader, query).await
}

/// Webhook registrations as a file
#[utoipa::path(get, path = "/v1/organisations/{org_id}/webhooks/export", tag = TAG, operation_id = "export_webhooks",
    params(("org_id" = String, Path), FileParameters::<Webhooks>), responses(
    Refusals,
    (status = 200, content((String = "text/csv"), (String = "application/jsonl"))),
    (status = 400, body = Problem, content_type = "application/problem+json"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
))]
pub async fn webhooks_file(
    reader: OrganisationReader,
    query: Query<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    file::<Webhooks>(reader, query)
}

/// Recurring agreements
///
/// For merchants with keys of their own: what they have agreed with their customers. Phone numbers are masked, and
/// found by all of their digits. Amounts are minor units.
#[utoipa::path(get, path = "/v1/organisations/{org_id}/agreements", tag = TAG, operation_id = "list_agreements",
    params(("org_id" = String, Path), ListParameters::<Agreements>), responses(
    Refusals,
    (status = 200, body = RecordPage<AgreementRecord>),
    (status = 400, body = Problem, content_type = "application/problem+json"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
))]
pub async fn agreements(reader: OrganisationReader, query: Query<Vec<(String, String)>>) -> Result<Response, Problem> {
    page::<Agreements>(reader, query).await
}

/// Recurring agreements as a file
#[utoipa::path(get, path = "/v1/organisations/{org_id}/agreements/export", tag = TAG, operation_id = "export_agreements",
    params(("org_id" = String, Path), FileParameters::<Agreements>), responses(
    Refusals,
    (status = 200, content((String = "text/csv"), (String = "application/jsonl"))),
    (status = 400, body = Problem, content_type = "application/problem+json"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
))]
pub async fn agreements_file(
    reader: OrganisationReader,
    query: Query<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    file::<Agreements>(reader, query)
}

/// Price packages
///
/// For partners: all there are, with what uses them.
#[utoipa::path(get, path = "/v1/organisations/{org_id}/price-packages", tag = TAG, operation_id = "list_price_packages",
    params(("org_id" = String, Path), ("market" = Option<String>, Query), ("product" = Option<String>, Query)), responses(
    Refusals,
    (status = 200, body = PricePackages),
    (status = 400, body = Problem, content_type = "application/problem+json"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
))]
pub async fn price_packages(
    OrganisationReader(reader): OrganisationReader,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let mut filter = PricePackageFilter::default();
    asked::take_all(&pairs, |key, value| filter.set(key, value).then_some(true))?;
    let known = reader.price_packages().await?;
    let data = known.into_iter().filter(|known| filter.shows(known)).map(PricePackageRecord::from).collect();
    let copy = CopyFacts::from(reader.freshness_of(&[sync::price_packages::NAME]));
    Ok(Json(PricePackages { data, copy }).into_response())
}

/// Price packages as a file
#[utoipa::path(get, path = "/v1/organisations/{org_id}/price-packages/export", tag = TAG, operation_id = "export_price_packages",
    params(("org_id" = String, Path), ("format" = Option<String>, Query, description = "csv or jsonl"),
        ("columns" = Option<String>, Query, description = "Names of columns, with commas between; without it, all"),
        ("market" = Option<String>, Query), ("product" = Option<String>, Query)), responses(
    Refusals,
    (status = 200, content((String = "text/csv"), (String = "application/jsonl"))),
    (status = 400, body = Problem, content_type = "application/problem+json"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
))]
pub async fn price_packages_file(
    OrganisationReader(reader): OrganisationReader,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let mut filter = PricePackageFilter::default();
    let export = file_parameters(&pairs, PRICE_PACKAGES, |key, value| filter.set(key, value).then_some(true))?;
    let known = reader.price_packages().await?;
    let shown = known.into_iter().filter(|known| filter.shows(known)).map(PricePackageRecord::from);
    let file = exporting::small_file(shown, &export).map_err(|error| {
        tracing::error!(%error, "a file could not be written");
        Problem::unavailable()
    })?;
    Ok(attached("price-packages", export.format, Body::from(file)))
}

async fn page<K: Recorded>(
    OrganisationReader(reader): OrganisationReader,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let AskedPage { query, limit } = asked_page::<K>(&pairs)?;
    let page = reader.page::<K>(&query, limit).await?;
    let copy = CopyFacts::from(reader.freshness_of(K::RESOURCES));
    Ok(Json(RecordPage::<K::Record>::of::<K>(page, limit, copy)).into_response())
}

fn file<K: Recorded>(
    OrganisationReader(reader): OrganisationReader,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    reader.may_have::<K>()?;
    let (filter, export) = asked_file::<K>(&pairs)?;
    let format = export.format;
    Ok(attached(K::NAME, format, Body::from_stream(exporting::file::<K>(reader, filter, export))))
}
