//! The registry: which organisations the portal can act as, and with which keys. Secrets stand here by
//! reference only.

mod shapes;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::header::{ETAG, IF_MATCH, LOCATION};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use time::OffsetDateTime;

use self::shapes::{
    ChangedOrg, CreatedOrg, FullOrg, ListedOrg, NewOrg, OrgChange, OrgList, OrgStatus, Pagination, Paging, RemovedOrg,
};
use super::fields::Fields;
use super::problem::{FieldFault, Problem, Refusals};
use super::{MayRead, MayWrite, Segment};
use crate::domain::organisation::{Environment, OrgId};
use crate::server::Portal;
use crate::server::security::secrets::{FOREIGN, check_reference, is_foreign};
use crate::server::store::registry::{Changed, Created, Removed, VippsOrg, VippsOrgChange};

const TAG: &str = "Registry";
/// Organisations on a page, if nothing else is asked for; and the most that can be.
const LIMIT: u32 = 20;
const MOST: u32 = 100;
const LONGEST: usize = 500;
const MOST_SCOPES: usize = 50;

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
    (status = 422, body = Problem, content_type = "application/problem+json", description = "The secret is another organisation's."),
))]
pub async fn create(_: MayWrite, State(portal): State<Portal>, mut fields: Fields) -> Result<Response, Problem> {
    let org_id = fields.required_text("org_id", |text| OrgId::of_new(text).map(drop));
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
    own_secret(&org_id, &change)?;
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
    (status = 422, body = Problem, content_type = "application/problem+json", description = "The secret is another organisation's."),
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
    if change.client_secret_ref.is_some() {
        found(&portal, org_id.as_str()).await?;
        own_secret(&org_id, &change)?;
    }
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

/// 422 for a reference to what was sealed for another organisation.
fn own_secret(org_id: &OrgId, change: &VippsOrgChange) -> Result<(), Problem> {
    if change.client_secret_ref.as_deref().is_some_and(|reference| is_foreign(reference, org_id)) {
        let message = format!("{FOREIGN}: what is sealed for {org_id} begins with sealed://{org_id}/.");
        return Err(Problem::impossible(vec![FieldFault { field: "client_secret_ref".to_owned(), message }]));
    }
    Ok(())
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
