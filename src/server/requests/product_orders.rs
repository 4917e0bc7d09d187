//! What is done with product orders.

use axum::Form;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;
use uuid::Uuid;

use super::{RefreshListForm, not_found, plain, see_other};
use crate::domain::failure::Failure;
use crate::paths;
use crate::server::Portal;
use crate::server::acting::Acting;
use crate::server::acting::product_orders::NOTE_LIMIT;
use crate::server::ordering::{Deleting, Sending};

pub async fn refresh_list(acting: Acting, Form(form): Form<RefreshListForm>) -> Response {
    let back =
        paths::own(&form.back).map_or_else(|| paths::product_orders(&acting.organisation().id), ToOwned::to_owned);
    match acting.call_for_sync(crate::server::sync::product_orders::NAME).await {
        Ok(()) | Err(Failure::NoKeys) => see_other(&back),
        Err(failure) => plain(&failure),
    }
}

/// Asks upstream for the order, and shows what came of it.
pub async fn refresh(
    State(portal): State<Portal>,
    acting: Acting,
    Path((_, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let Ok(id) = id.parse::<Uuid>() else { return not_found(portal, &headers).await };
    let outcome = acting.refresh_product_order(id).await.map(|asked| if asked { "refreshed" } else { "" });
    shown(portal, &acting, id, &headers, outcome).await
}

#[derive(Deserialize)]
pub struct NoteForm {
    #[serde(default)]
    note: String,
}

pub async fn note(
    State(portal): State<Portal>,
    acting: Acting,
    Path((_, id)): Path<(String, String)>,
    headers: HeaderMap,
    Form(form): Form<NoteForm>,
) -> Response {
    let Ok(id) = id.parse::<Uuid>() else { return not_found(portal, &headers).await };
    let kept = |character: &char| *character == '\n' || !character.is_control();
    let note: String = form.note.trim().chars().filter(kept).take(NOTE_LIMIT).collect();
    let outcome = acting.note_product_order(id, &note).await.map(|()| "noted");
    shown(portal, &acting, id, &headers, outcome).await
}

pub async fn delete(
    State(portal): State<Portal>,
    acting: Acting,
    Path((_, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let Ok(id) = id.parse::<Uuid>() else { return not_found(portal, &headers).await };
    let outcome = match acting.delete_product_order(id).await {
        Ok(Deleting::Deleted) => Ok("deleted"),
        Ok(Deleting::Unknown) => Ok("delete-unknown"),
        Ok(Deleting::Refused) => Ok("delete-refused"),
        Err(failure) => Err(failure),
    };
    shown(portal, &acting, id, &headers, outcome).await
}

pub async fn send_again(
    State(portal): State<Portal>,
    acting: Acting,
    Path((_, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let Ok(id) = id.parse::<Uuid>() else { return not_found(portal, &headers).await };
    let outcome = acting.send_product_order_again(id).await.map(|sending| match sending {
        Sending::Sent { .. } => "sent",
        // The page says what the state is.
        Sending::Unknown | Sending::NotReached | Sending::Refused(_) | Sending::Already => "",
    });
    shown(portal, &acting, id, &headers, outcome).await
}

#[derive(Deserialize)]
pub struct RecogniseForm {
    #[serde(default)]
    order: String,
}

pub async fn recognise(
    State(portal): State<Portal>,
    acting: Acting,
    Path((_, id)): Path<(String, String)>,
    headers: HeaderMap,
    Form(form): Form<RecogniseForm>,
) -> Response {
    let (Ok(id), Ok(candidate)) = (id.parse::<Uuid>(), form.order.parse::<Uuid>()) else {
        return not_found(portal, &headers).await;
    };
    let outcome = acting.recognise_product_order(id, candidate).await.map(|()| "found");
    shown(portal, &acting, id, &headers, outcome).await
}

pub async fn release(
    State(portal): State<Portal>,
    acting: Acting,
    Path((_, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let Ok(id) = id.parse::<Uuid>() else { return not_found(portal, &headers).await };
    let outcome = acting.release_product_order(id).await.map(|()| "released");
    shown(portal, &acting, id, &headers, outcome).await
}

/// The order's page, with what came of what was done.
async fn shown(
    portal: Portal,
    acting: &Acting,
    id: Uuid,
    headers: &HeaderMap,
    outcome: Result<&'static str, Failure>,
) -> Response {
    let path = paths::product_order(&acting.organisation().id, id);
    let word = match outcome {
        Ok("") => return see_other(&path),
        Ok(word) => word,
        Err(Failure::UpstreamSilent) => "silent",
        Err(Failure::KeysRefused) => "keys-refused",
        Err(Failure::NoKeys) => "no-keys",
        Err(Failure::NotFound) => return not_found(portal, headers).await,
        Err(failure) => return plain(&failure),
    };
    see_other(&format!("{path}?did={word}"))
}
