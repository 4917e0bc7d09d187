//! What is done with recurring agreements.

use axum::Form;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::response::Response;
use serde::Deserialize;
use uuid::Uuid;

use super::{RefreshListForm, again, not_found, plain, refresh_word, see_other};
use crate::domain::agreement::change::{Change, ChangeOutcome, ChangeRecord};
use crate::domain::agreement::form::DraftForm;
use crate::domain::agreement::{RecurringVersion, StoppedBy};
use crate::domain::agreement_filter::AgreementQuery;
use crate::domain::failure::Failure;
use crate::pages::new_agreement::RefusedDraft;
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

#[derive(Deserialize)]
pub struct RefreshForm {
    #[serde(default)]
    list: String,
}

/// Asks upstream for an agreement and its charges, and shows what came of it.
pub async fn refresh(
    State(portal): State<Portal>,
    acting: Acting,
    Path((_, id)): Path<(String, String)>,
    headers: HeaderMap,
    Form(form): Form<RefreshForm>,
) -> Response {
    let outcome = match refresh_word(acting.refresh_agreement(&id).await) {
        Ok(outcome) => outcome,
        Err(Failure::NotFound) => return not_found(portal, &headers).await,
        Err(failure) => return plain(&failure),
    };
    let list = AgreementQuery::from_query(&form.list).to_query();
    see_other(&paths::refreshed(&paths::agreement(&acting.organisation().id, &id), &list, outcome))
}

#[derive(Deserialize)]
pub struct SentDraft {
    key: Option<Uuid>,
    #[serde(flatten)]
    form: DraftForm,
}

/// Offers an agreement to a customer.
pub async fn draft(
    State(portal): State<Portal>,
    acting: Acting,
    asked: Parts,
    Form(sent): Form<SentDraft>,
) -> Response {
    let SentDraft { key, form } = sent;
    let version = match acting.recurring_version().await {
        Ok(version) => version,
        Err(Failure::NotFound) => return not_found(portal, &asked.headers).await,
        Err(failure) => return plain(&failure),
    };
    let key = key.unwrap_or_else(Uuid::new_v4);
    if let Some(before) = sent_before(&acting, key).await {
        return before;
    }
    let refused = |faults| RefusedDraft { form: form.clone(), faults };
    let Some(version) = version else {
        let text = "It is not known yet whether Vipps MobilePay has the Recurring API for this sales unit.";
        return again(portal, asked, refused(vec![("", text.to_owned())])).await;
    };
    let draft = match form.check(version) {
        Ok(draft) => draft,
        Err(faults) => return again(portal, asked, refused(faults)).await,
    };
    match acting.draft_agreement(key, draft).await {
        Ok(ChangeRecord { outcome: ChangeOutcome::Refused(said), .. }) => {
            again(portal, asked, refused(vec![("", refused_by_upstream(&said))])).await
        }
        Ok(change) => see_other(&shown_at(&acting, &change)),
        Err(failure) if failure.word().is_some() => {
            again(portal, asked, refused(vec![("", failure.to_string())])).await
        }
        Err(failure) => plain(&failure),
    }
}

/// What upstream said, above a form that is shown again.
pub(super) fn refused_by_upstream(said: &str) -> String {
    format!("Vipps MobilePay refused it: {said}")
}

#[derive(Deserialize)]
pub struct StopForm {
    key: Option<Uuid>,
    #[serde(default)]
    by: String,
}

pub async fn stop(
    State(portal): State<Portal>,
    acting: Acting,
    Path((_, id)): Path<(String, String)>,
    headers: HeaderMap,
    Form(form): Form<StopForm>,
) -> Response {
    let by = if form.by == "customer" { StoppedBy::Customer } else { StoppedBy::Merchant };
    let key = form.key.unwrap_or_else(Uuid::new_v4);
    let stopped = acting.change_agreement(key, &id, Change::Stop { by }).await;
    shown(portal, &acting, &headers, stopped, &paths::agreement(&acting.organisation().id, &id)).await
}

/// Sends a change once more of which it is not known whether it has arrived.
pub async fn change_again(
    State(portal): State<Portal>,
    acting: Acting,
    Path((_, key)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let Ok(key) = key.parse::<Uuid>() else { return not_found(portal, &headers).await };
    let again = acting.change_again(key).await;
    shown(portal, &acting, &headers, again, &paths::agreement_change(&acting.organisation().id, key)).await
}

#[derive(Deserialize)]
pub struct VersionForm {
    #[serde(default)]
    version: String,
}

pub async fn choose_version(
    State(portal): State<Portal>,
    acting: Acting,
    headers: HeaderMap,
    Form(form): Form<VersionForm>,
) -> Response {
    let list = paths::agreements(&acting.organisation().id);
    match acting.choose_recurring_version(RecurringVersion::from_word(&form.version)).await {
        Ok(()) | Err(Failure::NoKeys | Failure::SwitchedOff | Failure::InTest) => see_other(&list),
        Err(Failure::NotFound) => not_found(portal, &headers).await,
        Err(failure) => plain(&failure),
    }
}

/// The page on which it is seen what came of a change; if it was not even begun, `page` says why.
pub(super) async fn shown(
    portal: Portal,
    acting: &Acting,
    headers: &HeaderMap,
    changed: Result<ChangeRecord, Failure>,
    page: &str,
) -> Response {
    match changed {
        Ok(change) => see_other(&shown_at(acting, &change)),
        Err(Failure::NotFound) => not_found(portal, headers).await,
        Err(failure) => match failure.word() {
            Some(word) => see_other(&paths::refreshed(page, "", word)),
            None => plain(&failure),
        },
    }
}

/// The answer to a form that was sent before: what became of it, whatever is possible now.
pub(super) async fn sent_before(acting: &Acting, key: Uuid) -> Option<Response> {
    match acting.change_sent(key).await {
        Ok(change) => change.map(|change| see_other(&shown_at(acting, &change))),
        Err(failure) => Some(plain(&failure)),
    }
}

/// The charge that a change is about, the agreement, or where there is none the change itself.
fn shown_at(acting: &Acting, change: &ChangeRecord) -> String {
    let organisation = &acting.organisation().id;
    match (&change.agreement_id, &change.charge_id) {
        (Some(agreement), Some(charge)) if change.is_about_charge() => {
            paths::changed(&paths::charge(organisation, agreement, charge), change.key)
        }
        (Some(agreement), _) => paths::changed(&paths::agreement(organisation, agreement), change.key),
        (None, _) => paths::agreement_change(organisation, change.key),
    }
}
