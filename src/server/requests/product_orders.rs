//! What is done with product orders.

use axum::Form;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;
use uuid::Uuid;

use super::{RefreshListForm, not_found, plain, see_other};
use crate::domain::failure::Failure;
use crate::domain::product_order_filter::ProductOrderQuery;
use crate::paths;
use crate::server::Portal;
use crate::server::acting::Acting;
use crate::server::acting::product_orders::{NOTE_LIMIT, Refreshing};
use crate::server::ordering::{Deleting, Sending};

pub async fn refresh_list(acting: Acting, Form(form): Form<RefreshListForm>) -> Response {
    let back =
        paths::own(&form.back).map_or_else(|| paths::product_orders(&acting.organisation().id), ToOwned::to_owned);
    match acting.call_for_sync(crate::server::sync::product_orders::NAME).await {
        Ok(()) | Err(Failure::NoKeys | Failure::SwitchedOff | Failure::InTest) => see_other(&back),
        Err(failure) => plain(&failure),
    }
}

/// What the forms of an order's page hold.
#[derive(Deserialize)]
pub struct OrderForm {
    /// The query of the list that the page was opened from.
    #[serde(default)]
    list: String,
    #[serde(default)]
    note: String,
    /// The order of upstream's that it is recognised in.
    #[serde(default)]
    order: String,
}

/// A form that was sent from an order's page.
type Asked = (State<Portal>, Acting, Path<(String, String)>, HeaderMap, Form<OrderForm>);

/// Asks upstream for the order, and shows what came of it.
pub async fn refresh(asked: Asked) -> Response {
    let deed = async |acting: &Acting, id, _: &OrderForm| {
        Ok(match acting.refresh_product_order(id).await? {
            Refreshing::Asked => "refreshed",
            Refreshing::JustAsked => "just-looked",
            Refreshing::NothingToAsk => "",
        })
    };
    done(asked, deed).await
}

pub async fn note(asked: Asked) -> Response {
    let deed = async |acting: &Acting, id, form: &OrderForm| {
        let kept = |character: &char| *character == '\n' || !character.is_control();
        let note: String = form.note.trim().chars().filter(kept).take(NOTE_LIMIT).collect();
        acting.note_product_order(id, &note).await?;
        Ok("noted")
    };
    done(asked, deed).await
}

pub async fn delete(asked: Asked) -> Response {
    let deed = async |acting: &Acting, id, _: &OrderForm| {
        Ok(match acting.delete_product_order(id).await? {
            Deleting::Deleted => "deleted",
            Deleting::Unknown => "delete-unknown",
            Deleting::Refused(_) => "delete-refused",
        })
    };
    done(asked, deed).await
}

pub async fn send_again(asked: Asked) -> Response {
    let deed = async |acting: &Acting, id, _: &OrderForm| {
        Ok(match acting.send_product_order_again(id).await? {
            Sending::Sent { .. } => "sent",
            Sending::Already => "not-again",
            // The page says what the state is.
            Sending::Unknown | Sending::NotReached | Sending::Refused(_) => "",
        })
    };
    done(asked, deed).await
}

pub async fn recognise(asked: Asked) -> Response {
    let deed = async |acting: &Acting, id, form: &OrderForm| {
        let candidate = form.order.parse::<Uuid>().map_err(|_| Failure::NotFound)?;
        acting.recognise_product_order(id, candidate).await?;
        Ok("found")
    };
    done(asked, deed).await
}

pub async fn release(asked: Asked) -> Response {
    let deed = async |acting: &Acting, id, _: &OrderForm| {
        acting.release_product_order(id).await?;
        Ok("released")
    };
    done(asked, deed).await
}

/// Does it, and shows the order's page with the word for what came of it.
async fn done(
    (State(portal), acting, Path((_, id)), headers, Form(form)): Asked,
    deed: impl AsyncFnOnce(&Acting, Uuid, &OrderForm) -> Result<&'static str, Failure>,
) -> Response {
    let Ok(id) = id.parse::<Uuid>() else { return not_found(portal, &headers).await };
    let word = match deed(&acting, id, &form).await {
        Ok(word) => word,
        Err(Failure::NotFound) => return not_found(portal, &headers).await,
        Err(failure) => match failure.word() {
            Some(word) => word,
            None => return plain(&failure),
        },
    };
    let list = ProductOrderQuery::from_query(&form.list).to_query();
    see_other(&paths::done(&paths::product_order(&acting.organisation().id, id), &list, word))
}
