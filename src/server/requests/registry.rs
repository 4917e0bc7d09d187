//! What is done with the registry of organisations.

use axum::Form;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::response::Response;
use serde::Deserialize;

use super::{again, not_found, plain, see_other};
use crate::domain::failure::Failure;
use crate::domain::organisation::OrgId;
use crate::domain::registry::form::OrganisationForm;
use crate::pages::registry::form::{RefusedOrganisation, Why};
use crate::paths;
use crate::server::Portal;
use crate::server::acting::registry::{InstanceAdmin, NotSaved, Removing, TypedSecrets};
use crate::server::key_checking::Checking;

pub async fn create(State(portal): State<Portal>, admin: InstanceAdmin, asked: Parts, body: Bytes) -> Response {
    let (form, typed) = (OrganisationForm::read(&body), TypedSecrets::read(&body));
    match admin.create(&form, &typed).await {
        Ok(Ok(id)) => see_other(&paths::registered_saying(&id, "created")),
        Ok(Err(not_saved)) => again(portal, asked, refused(form, &typed, not_saved)).await,
        Err(failure) => plain(&failure),
    }
}

pub async fn change(
    State(portal): State<Portal>,
    admin: InstanceAdmin,
    Path(id): Path<String>,
    asked: Parts,
    body: Bytes,
) -> Response {
    let Some(id) = OrgId::parse(&id) else { return not_found(portal, &asked.headers).await };
    let (form, typed) = (OrganisationForm::read(&body), TypedSecrets::read(&body));
    match admin.change(&id, &form, &typed).await {
        Ok(Ok(())) => see_other(&paths::registered_saying(&id, "saved")),
        Ok(Err(not_saved)) => again(portal, asked, refused(form, &typed, not_saved)).await,
        Err(Failure::NotFound) => not_found(portal, &asked.headers).await,
        Err(failure) => plain(&failure),
    }
}

pub async fn check_keys(
    State(portal): State<Portal>,
    admin: InstanceAdmin,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let Some(id) = OrgId::parse(&id) else { return not_found(portal, &headers).await };
    let word = match admin.check_keys(&id).await {
        Ok(Checking::Asked) => Ok("checked"),
        Ok(Checking::Later) => Ok("later"),
        // Keys that are not there are said to be so on the page.
        Err(Failure::NoKeys) => admin.organisation(&id).await.map(|_| "no-keys"),
        Err(failure) => Err(failure),
    };
    done(portal, &id, &headers, word).await
}

#[derive(Deserialize)]
pub struct SwitchForm {
    #[serde(default)]
    enabled: String,
}

pub async fn switch(
    State(portal): State<Portal>,
    admin: InstanceAdmin,
    Path(id): Path<String>,
    headers: HeaderMap,
    Form(form): Form<SwitchForm>,
) -> Response {
    let Some(id) = OrgId::parse(&id) else { return not_found(portal, &headers).await };
    let enabled = form.enabled == "yes";
    let word = if enabled { "on" } else { "off" };
    let switched = match admin.enable(&id, enabled).await {
        // What is switched on is checked as what is new.
        Ok(()) if enabled => admin.check_keys(&id).await.map(drop),
        switched => switched,
    };
    done(portal, &id, &headers, switched.map(|()| word)).await
}

pub async fn remove(
    State(portal): State<Portal>,
    admin: InstanceAdmin,
    Path(id): Path<String>,
    asked: Parts,
) -> Response {
    let Some(id) = OrgId::parse(&id) else { return not_found(portal, &asked.headers).await };
    match admin.remove(&id).await {
        Ok(Removing::Removed) => see_other(&format!("{}?did=removed", paths::REGISTRY)),
        // The page counts them, and says why it cannot be removed.
        Ok(Removing::Serves(_)) => see_other(&paths::registered_saying(&id, "serves")),
        Err(Failure::NotFound) => not_found(portal, &asked.headers).await,
        Err(failure) => plain(&failure),
    }
}

pub async fn become_admin(
    State(portal): State<Portal>,
    admin: InstanceAdmin,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let Some(id) = OrgId::parse(&id) else { return not_found(portal, &headers).await };
    let done_so = admin.become_admin_of(&id).await;
    done(portal, &id, &headers, done_so.map(|()| "member")).await
}

async fn done(portal: Portal, id: &OrgId, headers: &HeaderMap, word: Result<&str, Failure>) -> Response {
    match word {
        Ok(word) => see_other(&paths::registered_saying(id, word)),
        Err(Failure::NotFound) => not_found(portal, headers).await,
        Err(failure) => plain(&failure),
    }
}

/// The form as it goes back into the page: the secrets are left out, and it says which have to be typed again.
fn refused(form: OrganisationForm, typed: &TypedSecrets, not_saved: NotSaved) -> RefusedOrganisation {
    let why = match not_saved {
        NotSaved::Faults(faults) => Why::Faults(faults),
        NotSaved::Meanwhile => Why::Meanwhile,
    };
    RefusedOrganisation { form, why, typed: typed.which() }
}
