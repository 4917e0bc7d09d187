//! What is done with the members of an organisation.

use axum::Form;
use axum::extract::{Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde::Deserialize;
use uuid::Uuid;

use super::{again, not_found, plain, see_other};
use crate::domain::failure::Failure;
use crate::domain::member::MemberFault;
use crate::domain::organisation::Role;
use crate::pages::members::RefusedMember;
use crate::paths;
use crate::server::Portal;
use crate::server::acting::Acting;

#[derive(Deserialize)]
pub struct MemberForm {
    #[serde(default)]
    person: String,
    #[serde(default)]
    role: String,
}

pub async fn add(State(portal): State<Portal>, acting: Acting, asked: Parts, Form(form): Form<MemberForm>) -> Response {
    let MemberForm { person, role } = form;
    let added = match role.parse() {
        Ok(role) => acting.add_member(&person, role).await,
        Err(_) => Ok(Err(MemberFault::NoRole)),
    };
    let list = paths::members(&acting.organisation().id);
    match added {
        Ok(Ok(())) => see_other(&format!("{list}?did=added")),
        Ok(Err(fault)) => shown_again(portal, asked, &list, RefusedMember { person, role, fault }).await,
        Err(failure) => plain(&failure),
    }
}

pub async fn change_role(
    State(portal): State<Portal>,
    acting: Acting,
    Path((_, member)): Path<(String, String)>,
    asked: Parts,
    Form(form): Form<MemberForm>,
) -> Response {
    let Ok(staff) = member.parse::<Uuid>() else { return not_found(portal, &asked.headers).await };
    let changed = match form.role.parse::<Role>() {
        Ok(role) => acting.change_member(staff, Some(role)).await,
        Err(_) => Ok(Err(MemberFault::NoRole)),
    };
    let organisation = &acting.organisation().id;
    match changed {
        Ok(Ok(())) => see_other(&format!("{}?did=changed", paths::members(organisation))),
        Ok(Err(fault)) => {
            let refused = RefusedMember { person: member, role: form.role, fault };
            shown_again(portal, asked, &paths::member(organisation, staff), refused).await
        }
        Err(Failure::NotFound) => not_found(portal, &asked.headers).await,
        Err(failure) => plain(&failure),
    }
}

pub async fn remove(
    State(portal): State<Portal>,
    acting: Acting,
    Path((_, member)): Path<(String, String)>,
    headers: HeaderMap,
    asked: Parts,
) -> Response {
    let Ok(staff) = member.parse::<Uuid>() else { return not_found(portal, &headers).await };
    let organisation = &acting.organisation().id;
    match acting.change_member(staff, None).await {
        // Whoever removes themselves has nothing to see here any more.
        Ok(Ok(())) if staff == acting.staff_id() => see_other(paths::BUSINESSES),
        Ok(Ok(())) => see_other(&format!("{}?did=removed", paths::members(organisation))),
        Ok(Err(fault)) => {
            let refused = RefusedMember { person: member, role: String::new(), fault };
            shown_again(portal, asked, &paths::member(organisation, staff), refused).await
        }
        Err(Failure::NotFound) => not_found(portal, &headers).await,
        Err(failure) => plain(&failure),
    }
}

/// The page that has the form, whose address is not always where the form is sent to.
async fn shown_again(portal: Portal, mut asked: Parts, page: &str, refused: RefusedMember) -> Response {
    asked.uri = Uri::try_from(page).unwrap_or_default();
    again(portal, asked, refused).await
}
