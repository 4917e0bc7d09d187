//! What is done with recurring agreements.

use axum::Form;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use super::{RefreshListForm, not_found, plain, see_other};
use crate::domain::failure::Failure;
use crate::paths;
use crate::server::Portal;
use crate::server::acting::Acting;

pub async fn refresh_list(
    State(portal): State<Portal>,
    acting: Acting,
    headers: HeaderMap,
    Form(form): Form<RefreshListForm>,
) -> Response {
    let back = paths::own(&form.back).map_or_else(|| paths::agreements(&acting.organisation().id), ToOwned::to_owned);
    match acting.refresh_agreements().await {
        Ok(()) | Err(Failure::NoKeys | Failure::SwitchedOff | Failure::InTest) => see_other(&back),
        Err(Failure::NotFound) => not_found(portal, &headers).await,
        Err(failure) => plain(&failure),
    }
}
