//! The registry: which organisations the portal can act as, and with which keys. Secrets stand here by
//! reference only.

use axum::Json;
use axum::extract::{Query, State};
use axum::http::header::{ETAG, IF_MATCH, LOCATION};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};

use super::fields::Fields;
use super::problem::{FieldFault, Problem, Refusals};
use super::{MayRead, MayWrite, Segment};
use crate::domain::organisation::{Environment, OrgId};
use crate::server::Portal;
use crate::server::security::secrets::check_reference;
use crate::server::store::registry::{Changed, Created, Removed, VippsOrg, VippsOrgChange};

const TAG: &str = "Registry";
/// Organisations on a page, if nothing else is asked for; and the most that can be.
const LIMIT: u32 = 20;
const MOST: u32 = 100;
const LONGEST: usize = 500;
const MOST_SCOPES: usize = 50;

/// An organisation in the list.
#[derive(Serialize, ToSchema)]
struct ListedOrg {
    #[schema(example = "org_helseapp")]
    org_id: String,
    #[schema(example = "vipps-client-abc123")]
    client_id: String,
    vipps_enabled: bool,
    /// `production` or `test`.
    #[schema(example = "production")]
    environment: &'static str,
    #[serde(with = "second")]
    #[schema(value_type = String, format = DateTime, example = "2025-01-10T08:00:00Z")]
    created_at: OffsetDateTime,
}

#[derive(Serialize, ToSchema)]
struct Pagination {
    #[schema(example = 1)]
    page: u32,
    #[schema(example = 20)]
    limit: u32,
    /// Organisations on all pages together.
    #[schema(example = 2)]
    total: u64,
}

#[derive(Serialize, ToSchema)]
struct OrgList {
    data: Vec<ListedOrg>,
    pagination: Pagination,
}

/// All of an organisation's configuration.
#[derive(Serialize, ToSchema)]
struct FullOrg {
    #[schema(example = "org_helseapp")]
    org_id: String,
    #[schema(example = "vipps-client-abc123")]
    client_id: String,
    /// Where the client secret is; never the secret.
    #[schema(example = "vault://orgs/org_helseapp/vipps_secret")]
    client_secret_ref: String,
    #[schema(example = "myapp://vipps-callback")]
    redirect_uri: Option<String>,
    #[schema(example = json!(["openid", "phoneNumber", "name"]))]
    scopes: Vec<String>,
    vipps_enabled: bool,
    #[schema(example = "production")]
    environment: &'static str,
    #[serde(with = "second")]
    #[schema(value_type = String, format = DateTime, example = "2025-01-10T08:00:00Z")]
    created_at: OffsetDateTime,
    #[serde(with = "second")]
    #[schema(value_type = String, format = DateTime, example = "2026-01-15T12:00:00Z")]
    updated_at: OffsetDateTime,
}

/// What was created.
#[derive(Serialize, ToSchema)]
struct CreatedOrg {
    #[schema(example = "org_ny_klinikk")]
    org_id: String,
    #[schema(example = "vipps-client-new001")]
    client_id: String,
    vipps_enabled: bool,
    #[schema(example = "production")]
    environment: &'static str,
    #[serde(with = "second")]
    #[schema(value_type = String, format = DateTime, example = "2026-03-26T10:00:00Z")]
    created_at: OffsetDateTime,
}

/// What was changed.
#[derive(Serialize, ToSchema)]
struct ChangedOrg {
    #[schema(example = "org_helseapp")]
    org_id: String,
    #[schema(example = false)]
    vipps_enabled: bool,
    #[schema(example = "test")]
    environment: &'static str,
    #[serde(with = "second")]
    #[schema(value_type = String, format = DateTime, example = "2026-03-26T10:05:00Z")]
    updated_at: OffsetDateTime,
}

#[derive(Serialize, ToSchema)]
struct RemovedOrg {
    #[schema(example = "org_helseapp")]
    org_id: String,
    /// Always true.
    deleted: bool,
    #[serde(with = "second")]
    #[schema(value_type = String, format = DateTime, example = "2026-03-26T10:10:00Z")]
    deleted_at: OffsetDateTime,
}

#[derive(Serialize, ToSchema)]
struct OrgStatus {
    #[schema(example = "org_helseapp")]
    org_id: String,
    vipps_enabled: bool,
    #[schema(example = "vipps-client-abc123")]
    client_id: String,
    #[schema(example = "production")]
    environment: &'static str,
}

/// An organisation to be created.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is read field by field, so that every fault is told; this describes it")]
struct NewOrg {
    /// Lower-case letters, digits, `_` and `-`, at most 64. It stands in addresses, and is not given twice.
    #[schema(example = "org_ny_klinikk", pattern = "^[a-z0-9_-]{1,64}$")]
    org_id: String,
    #[schema(example = "vipps-client-new001")]
    client_id: String,
    /// `vault://`, `env://`, `file://` or `sealed://`.
    #[schema(example = "vault://orgs/org_ny_klinikk/vipps_secret")]
    client_secret_ref: String,
    #[schema(example = "myapp://vipps-callback")]
    redirect_uri: Option<String>,
    #[schema(example = json!(["openid", "phoneNumber"]))]
    scopes: Option<Vec<String>>,
    /// `production`, which it is if nothing is said, or `test`.
    #[schema(example = "production")]
    environment: Option<String>,
}

/// What of an organisation is to be changed; what is left out stays.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is read field by field, so that every fault is told; this describes it")]
struct OrgChange {
    client_id: Option<String>,
    client_secret_ref: Option<String>,
    /// Null takes it away. Elsewhere null is like leaving a field out.
    redirect_uri: Option<String>,
    scopes: Option<Vec<String>>,
    /// False: nothing is fetched or changed upstream any more.
    #[schema(example = false)]
    vipps_enabled: Option<bool>,
    #[schema(example = "test")]
    environment: Option<String>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it is read by hand, so that every fault is told; this describes it")]
struct Paging {
    /// From 1.
    #[param(minimum = 1, example = 1)]
    page: Option<u32>,
    /// Organisations on a page.
    #[param(minimum = 1, maximum = 100, example = 20)]
    limit: Option<u32>,
}

/// List the active organisations
///
/// Those that Vipps is enabled for, by `org_id`.
#[utoipa::path(get, path = "/v1/vipps-orgs", tag = TAG, operation_id = "list_vipps_orgs", params(Paging), responses(
    Refusals,
    (status = 200, body = OrgList),
    (status = 400, body = Problem, content_type = "application/problem+json"),
))]
pub async fn list(
    _: MayRead,
    State(portal): State<Portal>,
    Query(query): Query<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let (page, limit) = paging(&query)?;
    let offset = u64::from(page - 1) * u64::from(limit);
    let (orgs, total) = portal.store().vipps_orgs(offset, limit).await?;
    let data = orgs.into_iter().map(|org| ListedOrg {
        org_id: org.org_id.into(),
        client_id: org.client_id,
        vipps_enabled: org.vipps_enabled,
        environment: org.environment.as_str(),
        created_at: org.created_at,
    });
    Ok(Json(OrgList { data: data.collect(), pagination: Pagination { page, limit, total } }).into_response())
}

/// Get the configuration of an organisation
///
/// Its `ETag` can be sent as `If-Match` with a change.
#[utoipa::path(get, path = "/v1/vipps-orgs/{org_id}", tag = TAG, operation_id = "get_vipps_org", params(("org_id" = String, Path)), responses(
    Refusals,
    (status = 200, body = FullOrg, headers(("ETag" = String))),
    (status = 404, body = Problem, content_type = "application/problem+json"),
))]
pub async fn find(
    _: MayRead,
    State(portal): State<Portal>,
    Segment(org_id): Segment<String>,
) -> Result<Response, Problem> {
    let org = found(&portal, &org_id).await?;
    let tag = etag(org.updated_at);
    let full = FullOrg {
        org_id: org.org_id.into(),
        client_id: org.client_id,
        client_secret_ref: org.client_secret_ref,
        redirect_uri: org.redirect_uri,
        scopes: org.scopes,
        vipps_enabled: org.vipps_enabled,
        environment: org.environment.as_str(),
        created_at: org.created_at,
        updated_at: org.updated_at,
    };
    Ok(([(ETAG, tag)], Json(full)).into_response())
}

/// Check whether Vipps is enabled for an organisation
#[utoipa::path(get, path = "/v1/vipps-orgs/{org_id}/status", tag = TAG, operation_id = "get_vipps_org_status", params(("org_id" = String, Path)), responses(
    Refusals,
    (status = 200, body = OrgStatus),
    (status = 404, body = Problem, content_type = "application/problem+json"),
))]
pub async fn status(
    _: MayRead,
    State(portal): State<Portal>,
    Segment(org_id): Segment<String>,
) -> Result<Response, Problem> {
    let VippsOrg { org_id, vipps_enabled, client_id, environment, .. } = found(&portal, &org_id).await?;
    let environment = environment.as_str();
    Ok(Json(OrgStatus { org_id: org_id.into(), vipps_enabled, client_id, environment }).into_response())
}

/// Create the configuration of an organisation
///
/// It is a merchant until an admin of the instance says that it is a partner.
#[utoipa::path(post, path = "/v1/vipps-orgs", tag = TAG, operation_id = "create_vipps_org", request_body = NewOrg, responses(
    Refusals,
    (status = 201, body = CreatedOrg, headers(("Location" = String), ("ETag" = String))),
    (status = 400, body = Problem, content_type = "application/problem+json"),
    (status = 409, body = Problem, content_type = "application/problem+json", description = "There is, or was, an organisation with this id."),
    (status = 413, body = Problem, content_type = "application/problem+json"),
    (status = 415, body = Problem, content_type = "application/problem+json"),
))]
pub async fn create(_: MayWrite, State(portal): State<Portal>, mut fields: Fields) -> Result<Response, Problem> {
    let org_id = fields.required_text("org_id", |text| OrgId::try_from(text.to_owned()).map(drop));
    let client_id = fields.required_text("client_id", line);
    let client_secret_ref = fields.required_text("client_secret_ref", reference);
    let change = VippsOrgChange {
        client_id: Some(client_id),
        client_secret_ref: Some(client_secret_ref),
        redirect_uri: fields.text("redirect_uri", uri).map(Some),
        scopes: fields.texts("scopes", MOST_SCOPES, line),
        vipps_enabled: None,
        environment: fields.text("environment", environment).and_then(|word| word.parse().ok()),
    };
    let (org_id, change) = fields.finish((org_id, change))?;
    let org_id = OrgId::parse(&org_id).ok_or_else(Problem::not_found)?;
    match portal.store().create_vipps_org(&org_id, &change).await? {
        Created::Done(org) => {
            portal.sync_bell().notify_one();
            let place = HeaderValue::from_str(&format!("/api/v1/vipps-orgs/{org_id}"));
            let place = place.unwrap_or(HeaderValue::from_static("/api/v1/vipps-orgs"));
            let created = CreatedOrg {
                org_id: org.org_id.into(),
                client_id: org.client_id,
                vipps_enabled: org.vipps_enabled,
                environment: org.environment.as_str(),
                created_at: org.created_at,
            };
            Ok((StatusCode::CREATED, [(LOCATION, place), (ETAG, etag(org.updated_at))], Json(created)).into_response())
        }
        Created::Taken => {
            Err(Problem::new(StatusCode::CONFLICT, format!("There is an organisation {org_id} already.")))
        }
        Created::Deleted => Err(Problem::new(
            StatusCode::CONFLICT,
            format!("There was an organisation {org_id}, which is deleted. Its id is not given again."),
        )),
    }
}

/// Change the configuration of an organisation
///
/// Only the fields that are sent are changed. With `If-Match`, nothing is changed if somebody else has
/// changed it since.
#[utoipa::path(put, path = "/v1/vipps-orgs/{org_id}", tag = TAG, operation_id = "change_vipps_org",
    params(("org_id" = String, Path), ("If-Match" = Option<String>, Header)), request_body = OrgChange, responses(
    Refusals,
    (status = 200, body = ChangedOrg, headers(("ETag" = String))),
    (status = 400, body = Problem, content_type = "application/problem+json"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
    (status = 412, body = Problem, content_type = "application/problem+json", description = "It is not what `If-Match` says any more."),
    (status = 413, body = Problem, content_type = "application/problem+json"),
    (status = 415, body = Problem, content_type = "application/problem+json"),
))]
pub async fn change(
    _: MayWrite,
    State(portal): State<Portal>,
    Segment(org_id): Segment<String>,
    headers: HeaderMap,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let clears_redirect = fields.null("redirect_uri");
    let change = VippsOrgChange {
        client_id: fields.text("client_id", line),
        client_secret_ref: fields.text("client_secret_ref", reference),
        redirect_uri: if clears_redirect { Some(None) } else { fields.text("redirect_uri", uri).map(Some) },
        scopes: fields.texts("scopes", MOST_SCOPES, line),
        vipps_enabled: fields.boolean("vipps_enabled"),
        environment: fields.text("environment", environment).and_then(|word| word.parse().ok()),
    };
    let change = fields.finish(change)?;
    let org_id = OrgId::parse(&org_id).ok_or_else(Problem::not_found)?;
    let as_of = if_match(&headers);
    match portal.store().change_vipps_org(&org_id, &change, as_of.as_deref()).await? {
        Changed::Done(org) => {
            portal.sync_bell().notify_one();
            let changed = ChangedOrg {
                org_id: org.org_id.into(),
                vipps_enabled: org.vipps_enabled,
                environment: org.environment.as_str(),
                updated_at: org.updated_at,
            };
            Ok(([(ETAG, etag(org.updated_at))], Json(changed)).into_response())
        }
        Changed::Meanwhile => Err(meanwhile()),
        Changed::NotFound => Err(Problem::not_found()),
    }
}

/// Remove the configuration of an organisation
///
/// For everybody it does not exist any more. Its id is not given again.
#[utoipa::path(delete, path = "/v1/vipps-orgs/{org_id}", tag = TAG, operation_id = "remove_vipps_org",
    params(("org_id" = String, Path), ("If-Match" = Option<String>, Header)), responses(
    Refusals,
    (status = 200, body = RemovedOrg),
    (status = 400, body = Problem, content_type = "application/problem+json"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
    (status = 409, body = Problem, content_type = "application/problem+json", description = "It serves merchants."),
    (status = 412, body = Problem, content_type = "application/problem+json", description = "It is not what `If-Match` says any more."),
))]
pub async fn remove(
    _: MayWrite,
    State(portal): State<Portal>,
    Segment(org_id): Segment<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let org_id = OrgId::parse(&org_id).ok_or_else(Problem::not_found)?;
    match portal.store().remove_vipps_org(&org_id, if_match(&headers).as_deref()).await? {
        Removed::Done(deleted_at) => {
            Ok(Json(RemovedOrg { org_id: org_id.into(), deleted: true, deleted_at }).into_response())
        }
        Removed::Serves(merchants) => Err(Problem::new(
            StatusCode::CONFLICT,
            format!("{merchants} merchants are served with the keys of {org_id}: connect them elsewhere first."),
        )),
        Removed::Meanwhile => Err(meanwhile()),
        Removed::NotFound => Err(Problem::not_found()),
    }
}

async fn found(portal: &Portal, org_id: &str) -> Result<VippsOrg, Problem> {
    let org_id = OrgId::parse(org_id).ok_or_else(Problem::not_found)?;
    portal.store().vipps_org(&org_id).await?.ok_or_else(Problem::not_found)
}

fn meanwhile() -> Problem {
    Problem::new(StatusCode::PRECONDITION_FAILED, "It has been changed since. Get it, look, and change it again.")
}

/// An organisation's tag changes whenever it does.
fn etag(updated_at: OffsetDateTime) -> HeaderValue {
    let tag = format!("\"{:x}\"", updated_at.unix_timestamp_nanos() / 1_000);
    HeaderValue::from_str(&tag).unwrap_or(HeaderValue::from_static("\"\""))
}

/// The moments of last changes that somebody relies on; none if it does not matter to them. A tag that is
/// none of ours is of no moment.
fn if_match(headers: &HeaderMap) -> Option<Vec<OffsetDateTime>> {
    let tags = headers.get(IF_MATCH)?.to_str().unwrap_or_default();
    if tags.trim() == "*" {
        return None;
    }
    let moment = |tag: &str| {
        let micros = u64::from_str_radix(tag.trim().strip_prefix('"')?.strip_suffix('"')?, 16).ok()?;
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1_000).ok()
    };
    Some(tags.split(',').filter_map(moment).collect())
}

fn paging(query: &[(String, String)]) -> Result<(u32, u32), Problem> {
    let (mut page, mut limit, mut faults) = (1, LIMIT, Vec::new());
    for (name, value) in query {
        let (place, most) = match name.as_str() {
            "page" => (&mut page, 1_000_000),
            "limit" => (&mut limit, MOST),
            _ => continue,
        };
        match value.parse::<u32>() {
            Ok(number) if (1..=most).contains(&number) => *place = number,
            _ => {
                let message = format!("This is a number from 1 to {most}.");
                faults.push(FieldFault { field: name.clone(), message });
            }
        }
    }
    if faults.is_empty() { Ok((page, limit)) } else { Err(Problem::faults(faults)) }
}

fn line(text: &str) -> Result<(), String> {
    let is_line = (1..=LONGEST).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    is_line.then_some(()).ok_or_else(|| format!("This has 1 to {LONGEST} visible ASCII characters and no blanks."))
}

fn reference(text: &str) -> Result<(), String> {
    line(text)?;
    check_reference(text).map_err(|error| format!("{error}."))
}

fn uri(text: &str) -> Result<(), String> {
    line(text)?;
    let is_uri = url::Url::parse(text).is_ok();
    is_uri.then_some(()).ok_or_else(|| "This is an absolute address, such as myapp://vipps-callback.".to_owned())
}

fn environment(text: &str) -> Result<(), String> {
    text.parse::<Environment>().map(drop).map_err(|_| "This is production or test.".to_owned())
}

/// Moments to the second, in UTC: `2026-03-26T10:00:00Z`.
mod second {
    use serde::Serializer;
    use time::OffsetDateTime;
    use time::format_description::BorrowedFormatItem;
    use time::macros::format_description;

    const FORMAT: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");

    pub fn serialize<S: Serializer>(moment: &OffsetDateTime, serializer: S) -> Result<S::Ok, S::Error> {
        let utc = moment.to_offset(time::UtcOffset::UTC);
        serializer.serialize_str(&utc.format(FORMAT).map_err(serde::ser::Error::custom)?)
    }
}
