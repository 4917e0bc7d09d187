//! What is done with webhook registrations.

use axum::Form;
use axum::extract::{Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde::Deserialize;
use uuid::Uuid;

use super::{again, answer_with, not_found, plain, see_other};
use crate::domain::failure::Failure;
use crate::domain::webhook::{NewWebhook, Objections, WebhookForm, limit_of};
use crate::pages::new_webhook::{AnsweredWebhook, RefusedWebhook};
use crate::pages::webhook::NotDeleted;
use crate::paths;
use crate::server::Portal;
use crate::server::acting::Acting;
use crate::server::acting::webhooks::Registering;
use crate::server::subscribing::Deleting;

#[derive(Deserialize)]
pub struct RefreshForm {
    #[serde(default)]
    back: String,
    /// The registration whose scope is to be asked for at once.
    #[serde(default)]
    webhook: String,
}

/// Calls for everything to be fetched anew; or asks for one registration's scope, and shows what came of it.
pub async fn refresh(
    State(portal): State<Portal>,
    acting: Acting,
    headers: HeaderMap,
    Form(form): Form<RefreshForm>,
) -> Response {
    let organisation = &acting.organisation().id;
    if form.webhook.is_empty() {
        let back = paths::own(&form.back).map_or_else(|| paths::webhooks(organisation), ToOwned::to_owned);
        return match acting.call_for_webhooks().await {
            Ok(()) | Err(Failure::NoKeys | Failure::SwitchedOff | Failure::InTest) => see_other(&back),
            Err(failure) => plain(&failure),
        };
    }
    let Ok(id) = form.webhook.parse::<Uuid>() else { return not_found(portal, &headers).await };
    let refreshed = async {
        let webhook = acting.webhook(id).await?.webhook;
        acting.refresh_webhooks_of(webhook.msn()).await
    };
    shown(portal, &acting, id, &headers, refreshed.await.map(|()| "refreshed")).await
}

/// Registers a webhook. The answer is a page, for the secret in it is told once.
pub async fn register(State(portal): State<Portal>, acting: Acting, asked: Parts, body: String) -> Response {
    let form = WebhookForm::read(&body);
    let refused = |faults, objections| RefusedWebhook { form: form.clone(), faults, objections };
    let sending = form.id.unwrap_or_else(Uuid::new_v4);
    let outcome = match acting.webhook_form_sent(sending).await {
        Ok(None) => match checked(&acting, &form).await {
            Ok(Ok(new)) => acting.register_webhook(sending, new).await,
            Ok(Err(Against { faults, objections })) => {
                return again(portal, asked, refused(faults, objections)).await;
            }
            Err(failure) => Err(failure),
        },
        Ok(Some(outcome)) => Ok(outcome),
        Err(failure) => Err(failure),
    };
    let faults = match outcome {
        Ok(Registering::Refused(faults)) => faults.into_iter().map(as_our_field).collect(),
        Ok(Registering::NotReached) => in_general(
            "Vipps MobilePay could not be reached, so nothing is registered. Send the form again in a moment.",
        ),
        Ok(outcome) => {
            let new = form.check().ok();
            return answer_with(portal, asked, AnsweredWebhook { new, outcome }).await;
        }
        Err(failure @ (Failure::NoKeys | Failure::SwitchedOff | Failure::InTest | Failure::KeysRefused)) => {
            in_general(&failure.to_string())
        }
        Err(failure) => return plain(&failure),
    };
    again(portal, asked, refused(faults, Objections::default())).await
}

/// What there is against a form.
struct Against {
    faults: Vec<(String, String)>,
    objections: Objections,
}

/// What is to be registered, or what is against it.
async fn checked(acting: &Acting, form: &WebhookForm) -> Result<Result<NewWebhook, Against>, Failure> {
    let against = |faults| Ok(Err(Against { faults, objections: Objections::default() }));
    let new = match form.check() {
        Ok(new) => new,
        Err(faults) => return against(faults),
    };
    let Some(objections) = acting.webhook_objections(&new).await? else {
        return against(vec![("msn".to_owned(), "None of this partner's sales units has this MSN.".to_owned())]);
    };
    let faults: Vec<_> = objections.used_up.iter().map(|event| ("events".to_owned(), used_up(event))).collect();
    if faults.is_empty() && (objections.doubled.is_empty() || form.again) {
        return Ok(Ok(new));
    }
    Ok(Err(Against { faults, objections }))
}

pub async fn delete(
    State(portal): State<Portal>,
    acting: Acting,
    Path((_, id)): Path<(String, String)>,
    headers: HeaderMap,
    mut asked: Parts,
) -> Response {
    let Ok(id) = id.parse::<Uuid>() else { return not_found(portal, &headers).await };
    let outcome = match acting.delete_webhook(id).await {
        Ok(Deleting::Deleted) => Ok("deleted"),
        Ok(Deleting::WasGone) => Ok("was-gone"),
        Ok(Deleting::Unknown) => Ok("delete-unknown"),
        // The reason is upstream's, so it is shown at once and is not in any address.
        Ok(Deleting::Refused(reason)) => {
            asked.uri = Uri::try_from(paths::webhook(&acting.organisation().id, id)).unwrap_or_default();
            return answer_with(portal, asked, NotDeleted(reason)).await;
        }
        Err(failure) => Err(failure),
    };
    shown(portal, &acting, id, &headers, outcome).await
}

/// The registration's page, with what came of what was done.
async fn shown(
    portal: Portal,
    acting: &Acting,
    id: Uuid,
    headers: &HeaderMap,
    outcome: Result<&'static str, Failure>,
) -> Response {
    let word = match outcome {
        Ok(word) => word,
        Err(Failure::NotFound) => return not_found(portal, headers).await,
        Err(failure) => match failure.word() {
            Some(word) => word,
            None => return plain(&failure),
        },
    };
    see_other(&format!("{}?did={word}", paths::webhook(&acting.organisation().id, id)))
}

fn used_up(event: &str) -> String {
    match limit_of(event) {
        1 => format!("{event} can be registered once, and is. Delete that registration first."),
        limit => format!("{event} can be registered {limit} times, and is. Delete one of those registrations first."),
    }
}

fn in_general(text: &str) -> Vec<(String, String)> {
    vec![(String::new(), text.to_owned())]
}

/// A fault in upstream's words, at the field of ours that it is about.
fn as_our_field((field, reason): (String, String)) -> (String, String) {
    let word = field.to_ascii_lowercase();
    let ours = match word.as_str() {
        word if word.contains("url") => "url",
        word if word.contains("event") => "events",
        word if word.contains("serial") || word.contains("msn") => "msn",
        _ => "",
    };
    let said = if ours.is_empty() && !field.is_empty() { format!("{field}: {reason}") } else { reason };
    (ours.to_owned(), format!("Vipps MobilePay said: {said}"))
}
