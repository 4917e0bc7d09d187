//! What is done with merchants.

use axum::Form;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;

use super::{RefreshUnitForm, not_found, plain, refresh_word, see_other};
use crate::domain::failure::Failure;
use crate::domain::identifiers::BusinessIdentifier;
use crate::domain::merchant_filter::MerchantQuery;
use crate::paths;
use crate::server::Portal;
use crate::server::acting::Acting;

/// Asks upstream for the merchant, and shows what came of it.
pub async fn refresh(
    State(portal): State<Portal>,
    acting: Acting,
    Path((_, scheme, id)): Path<(String, String, String)>,
    headers: HeaderMap,
    Form(form): Form<RefreshUnitForm>,
) -> Response {
    let Some(business) = BusinessIdentifier::parse(&scheme, &id) else { return not_found(portal, &headers).await };
    let outcome = match refresh_word(acting.refresh_merchant(&business).await) {
        Ok(outcome) => outcome,
        Err(Failure::NotFound) => return not_found(portal, &headers).await,
        Err(failure) => return plain(&failure),
    };
    let list = MerchantQuery::from_query(&form.list).to_query();
    let merchant = paths::merchant(&acting.organisation().id, &business);
    see_other(&paths::refreshed(&merchant, &list, outcome))
}

/// Shows the portal as the merchant would see it.
pub async fn view(
    State(portal): State<Portal>,
    acting: Acting,
    Path((_, scheme, id)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Response {
    let Some(business) = BusinessIdentifier::parse(&scheme, &id) else { return not_found(portal, &headers).await };
    match acting.view_of(&business).await {
        Ok(view) => see_other(&paths::organisation(&view)),
        Err(Failure::NotFound) => not_found(portal, &headers).await,
        Err(failure) => plain(&failure),
    }
}
