//! What is done with templates of product orders.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::response::Response;
use uuid::Uuid;

use super::upload::Sent;
use super::{again, not_found, plain, see_other};
use crate::domain::failure::Failure;
use crate::domain::prefill::Field;
use crate::domain::template::TemplateForm;
use crate::pages::template::ID;
use crate::paths;
use crate::server::Portal;
use crate::server::acting::Acting;
use crate::server::acting::templates::TemplateDeed;

/// Makes a template. Its id comes with the form, so that a second click makes no second one.
pub async fn make(State(portal): State<Portal>, acting: Acting, asked: Parts, sent: Sent) -> Response {
    let id = sent.text(ID).parse().unwrap_or_else(|_| Uuid::new_v4());
    save(portal, acting, asked, id, sent, "made").await
}

pub async fn change(
    State(portal): State<Portal>,
    acting: Acting,
    Path((_, id)): Path<(String, String)>,
    asked: Parts,
    sent: Sent,
) -> Response {
    let found = match id.parse::<Uuid>() {
        Ok(id) => acting.template(id).await.map(|_| id),
        Err(_) => Err(Failure::NotFound),
    };
    match found {
        Ok(id) => save(portal, acting, asked, id, sent, "changed").await,
        Err(Failure::NotFound) => not_found(portal, &asked.headers).await,
        Err(failure) => plain(&failure),
    }
}

async fn save(portal: Portal, acting: Acting, asked: Parts, id: Uuid, sent: Sent, did: &str) -> Response {
    let mut form = TemplateForm::from_pairs(sent.pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    if sent.removes_logo() {
        form.preset.set(Field::Logo, "");
    }
    match acting.save_template(id, form, sent.logo.as_deref()).await {
        Ok(None) => see_other(&format!("{}?did={did}", paths::template(&acting.organisation().id, id))),
        Ok(Some(view)) => again(portal, asked, view).await,
        Err(failure) => plain(&failure),
    }
}

type Asked = (State<Portal>, Acting, Path<(String, String)>, HeaderMap);

pub async fn make_link(asked: Asked) -> Response {
    done(asked, TemplateDeed::MakeLink, "linked").await
}

pub async fn withdraw_link(asked: Asked) -> Response {
    done(asked, TemplateDeed::WithdrawLink, "withdrawn").await
}

pub async fn archive(asked: Asked) -> Response {
    done(asked, TemplateDeed::Archive, "archived").await
}

pub async fn restore(asked: Asked) -> Response {
    done(asked, TemplateDeed::Restore, "restored").await
}

async fn done((State(portal), acting, Path((_, id)), headers): Asked, deed: TemplateDeed, did: &str) -> Response {
    let Ok(id) = id.parse::<Uuid>() else { return not_found(portal, &headers).await };
    match acting.do_with_template(id, deed).await {
        Ok(()) => see_other(&format!("{}?did={did}", paths::template(&acting.organisation().id, id))),
        Err(Failure::NotFound) => not_found(portal, &headers).await,
        Err(failure) => plain(&failure),
    }
}
