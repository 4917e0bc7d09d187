//! Changing a sales unit: its name and logo, and whether it is in use.

use axum::Form;
use axum::extract::{Path, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::upload::Sent;
use super::{again, not_found, plain, see_other};
use crate::domain::failure::Failure;
use crate::domain::identifiers::Msn;
use crate::domain::sales_unit::{SalesUnitChange, checked_name};
use crate::pages::prefill_fields::LOGO_FILE;
use crate::pages::sales_unit_change::{NAME, RefusedChange};
use crate::paths;
use crate::server::acting::Acting;
use crate::server::changing::Changing;
use crate::server::{Portal, logo};

pub async fn change(
    State(portal): State<Portal>,
    acting: Acting,
    Path((_, msn)): Path<(String, String)>,
    asked: Parts,
    sent: Sent,
) -> Response {
    let Some(msn) = Msn::parse(&msn) else { return not_found(portal, &asked.headers).await };
    let shown_name = match acting.sales_unit(&msn).await {
        Ok(found) => found.unit.name.unwrap_or_default(),
        Err(Failure::NotFound) => return not_found(portal, &asked.headers).await,
        Err(failure) => return plain(&failure),
    };
    let typed = sent.text(NAME).trim().to_owned();
    let mut faults = Vec::new();
    let mut change = SalesUnitChange::default();
    if typed != shown_name {
        match checked_name(&typed) {
            Ok(name) => change.name = Some(name),
            Err(fault) => faults.push((NAME.to_owned(), fault)),
        }
    }
    match sent.logo.as_deref().map(logo::check) {
        Some(Ok(logo)) => change.logo = Some(STANDARD.encode(logo.png)),
        Some(Err(fault)) => faults.push((LOGO_FILE.to_owned(), fault.to_string())),
        None => {}
    }
    if change == SalesUnitChange::default() && faults.is_empty() {
        faults.push((NAME.to_owned(), "This is the name already, and no logo was chosen.".to_owned()));
    }
    let had_logo = sent.logo.is_some();
    if !faults.is_empty() {
        return again(portal, asked, RefusedChange { name: typed, had_logo, faults }).await;
    }
    let outcome = acting.change_sales_unit(&msn, change).await;
    shown(portal, &acting, &msn, asked, outcome, RefusedChange { name: typed, had_logo, faults }).await
}

#[derive(Deserialize)]
pub struct StatusForm {
    #[serde(default)]
    active: String,
}

pub async fn set_status(
    State(portal): State<Portal>,
    acting: Acting,
    Path((_, msn)): Path<(String, String)>,
    asked: Parts,
    Form(form): Form<StatusForm>,
) -> Response {
    let Some(msn) = Msn::parse(&msn) else { return not_found(portal, &asked.headers).await };
    let active = match form.active.as_str() {
        "true" => true,
        "false" => false,
        _ => return (StatusCode::UNPROCESSABLE_ENTITY, "Choose whether the unit is to be in use.\n").into_response(),
    };
    let change = SalesUnitChange { active: Some(active), ..SalesUnitChange::default() };
    let outcome = acting.change_sales_unit(&msn, change).await;
    let name = acting.sales_unit(&msn).await.ok().and_then(|found| found.unit.name).unwrap_or_default();
    let refused = RefusedChange { name, had_logo: false, faults: Vec::new() };
    shown(portal, &acting, &msn, asked, outcome, refused).await
}

/// What came of it: on the unit's page if it is changed, else where it can be tried again.
async fn shown(
    portal: Portal,
    acting: &Acting,
    msn: &Msn,
    mut asked: Parts,
    outcome: Result<Changing, Failure>,
    refused: RefusedChange,
) -> Response {
    let organisation = &acting.organisation().id;
    let form = paths::sales_unit_change(organisation, msn);
    let word = match outcome {
        Ok(Changing::Changed) => {
            return see_other(&format!("{}?refresh=changed", paths::sales_unit(organisation, msn)));
        }
        Ok(Changing::Refused(faults)) => {
            asked.uri = Uri::try_from(form).unwrap_or_default();
            return again(portal, asked, RefusedChange { faults, ..refused }).await;
        }
        Ok(Changing::ChangedUnseen) => "changed-unseen",
        Ok(Changing::Unknown) => "unknown",
        Ok(Changing::NotReached) => "not-reached",
        Ok(Changing::NotOffered) => "not-offered",
        Err(Failure::NotFound) => return not_found(portal, &asked.headers).await,
        Err(failure) => match failure.word() {
            Some(word) => word,
            None => return plain(&failure),
        },
    };
    see_other(&format!("{form}?did={word}"))
}
