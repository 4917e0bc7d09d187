//! What is done with price packages.

use axum::Form;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;

use super::{RefreshListForm, not_found, plain, see_other};
use crate::domain::failure::Failure;
use crate::domain::identifiers::Msn;
use crate::domain::sales_unit_filter::SalesUnitQuery;
use crate::paths;
use crate::server::Portal;
use crate::server::acting::Acting;
use crate::server::sync;

pub async fn refresh_list(acting: Acting, Form(form): Form<RefreshListForm>) -> Response {
    let back =
        paths::own(&form.back).map_or_else(|| paths::price_packages(&acting.organisation().id), ToOwned::to_owned);
    match acting.call_for_sync(sync::price_packages::NAME).await {
        Ok(()) | Err(Failure::NoKeys | Failure::SwitchedOff | Failure::InTest) => see_other(&back),
        Err(failure) => plain(&failure),
    }
}

#[derive(Deserialize)]
pub struct NoteForm {
    /// Empty where the note is to be taken away.
    #[serde(default)]
    package: String,
    /// The list that the unit was opened from.
    #[serde(default)]
    list: String,
}

/// Notes the price package of a sales unit, and shows the unit.
pub async fn note(
    State(portal): State<Portal>,
    acting: Acting,
    Path((_, msn)): Path<(String, String)>,
    headers: HeaderMap,
    Form(form): Form<NoteForm>,
) -> Response {
    let Some(msn) = Msn::parse(&msn) else { return not_found(portal, &headers).await };
    let package = form.package.trim();
    // What the database could not even be asked for.
    if package.contains('\0') {
        return not_found(portal, &headers).await;
    }
    match acting.note_price_package(&msn, (!package.is_empty()).then_some(package)).await {
        Ok(()) => {
            let list = SalesUnitQuery::from_query(&form.list).to_query();
            let unit = paths::sales_unit_from(&acting.organisation().id, &msn, &list);
            see_other(&format!("{unit}#price-package"))
        }
        Err(Failure::NotFound) => not_found(portal, &headers).await,
        Err(failure) => plain(&failure),
    }
}
