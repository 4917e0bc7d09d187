//! What is done with the charges of agreements.

use axum::Form;
use axum::extract::{Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde::Deserialize;
use time::OffsetDateTime;
use uuid::Uuid;

use super::agreements::{refused_by_upstream, sent_before, shown};
use super::{again, not_found, plain, refresh_word, see_other};
use crate::domain::agreement::change::{Change, ChangeOutcome, ChangeRecord};
use crate::domain::agreement::form::ChargeForm;
use crate::domain::charge::ChargeAction;
use crate::domain::failure::Failure;
use crate::domain::money::Money;
use crate::pages::charge::RefusedAmount;
use crate::pages::new_charge::RefusedCharge;
use crate::paths;
use crate::server::Portal;
use crate::server::acting::Acting;

/// Longest reason that upstream takes, in characters.
const LONGEST_WHY: usize = 100;

#[derive(Deserialize)]
pub struct SentCharge {
    key: Option<Uuid>,
    #[serde(flatten)]
    form: ChargeForm,
}

/// Makes a charge.
pub async fn make(
    State(portal): State<Portal>,
    acting: Acting,
    Path((_, id)): Path<(String, String)>,
    asked: Parts,
    Form(sent): Form<SentCharge>,
) -> Response {
    let SentCharge { key, form } = sent;
    let view = match acting.agreement(&id).await {
        Ok(view) => view,
        Err(Failure::NotFound) => return not_found(portal, &asked.headers).await,
        Err(failure) => return plain(&failure),
    };
    let key = key.unwrap_or_else(Uuid::new_v4);
    if let Some(before) = sent_before(&acting, key).await {
        return before;
    }
    let refused = |faults| RefusedCharge { form: form.clone(), faults };
    let Some(version) = view.version else {
        let text = "It is not known yet which version of the Recurring API Vipps MobilePay speaks here.";
        return again(portal, asked, refused(vec![("", text.to_owned())])).await;
    };
    let today = OffsetDateTime::now_utc().date();
    let charge = match form.check(&view.known.agreement, version, today) {
        Ok(charge) => charge,
        Err(faults) => return again(portal, asked, refused(faults)).await,
    };
    match acting.change_agreement(key, &id, Change::Charge(charge)).await {
        Ok(ChangeRecord { outcome: ChangeOutcome::Refused(said), .. }) => {
            again(portal, asked, refused(vec![("", refused_by_upstream(&said))])).await
        }
        Err(failure) if failure.word().is_some() => {
            again(portal, asked, refused(vec![("", failure.to_string())])).await
        }
        made => {
            let page = paths::agreement(&acting.organisation().id, &id);
            shown(portal, &acting, &asked.headers, made, &page).await
        }
    }
}

/// Asks upstream for the agreement of a charge and all its charges, and shows what came of it.
pub async fn refresh(
    State(portal): State<Portal>,
    acting: Acting,
    Path((_, id, charge)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Response {
    let outcome = match refresh_word(acting.refresh_agreement(&id).await) {
        Ok(outcome) => outcome,
        Err(Failure::NotFound) => return not_found(portal, &headers).await,
        Err(failure) => return plain(&failure),
    };
    see_other(&paths::refreshed(&paths::charge(&acting.organisation().id, &id, &charge), "", outcome))
}

/// What the forms of a charge's page hold.
#[derive(Clone, Deserialize)]
pub struct AmountForm {
    key: Option<Uuid>,
    /// The two forms stand on one page, so their fields have different names.
    #[serde(default, alias = "refunded")]
    amount: String,
    #[serde(default)]
    why: String,
}

/// A form that was sent from a charge's page.
type Asked = (State<Portal>, Acting, Path<(String, String, String)>, Parts, Form<AmountForm>);

pub async fn cancel((State(portal), acting, Path((_, id, charge)), asked, Form(form)): Asked) -> Response {
    let page = paths::charge(&acting.organisation().id, &id, &charge);
    let key = form.key.unwrap_or_else(Uuid::new_v4);
    let cancelled = acting.change_agreement(key, &id, Change::Cancel { charge }).await;
    shown(portal, &acting, &asked.headers, cancelled, &page).await
}

pub async fn capture(asked: Asked) -> Response {
    with_amount(asked, "capture", ChargeAction::Capture, |charge, amount, _| Change::Capture { charge, amount }).await
}

pub async fn refund(asked: Asked) -> Response {
    let refund = |charge, amount, why| Change::Refund { charge, amount, why };
    with_amount(asked, "refund", ChargeAction::Refund, refund).await
}

async fn with_amount(
    (State(portal), acting, Path((_, id, charge)), mut asked, Form(form)): Asked,
    deed: &'static str,
    action: impl FnOnce(i64) -> ChargeAction,
    change: impl FnOnce(String, i64, String) -> Change,
) -> Response {
    let view = match acting.charge(&id, &charge).await {
        Ok(view) => view,
        Err(Failure::NotFound) => return not_found(portal, &asked.headers).await,
        Err(failure) => return plain(&failure),
    };
    let key = form.key.unwrap_or_else(Uuid::new_v4);
    if let Some(before) = sent_before(&acting, key).await {
        return before;
    }
    let page = paths::charge(&acting.organisation().id, &id, &charge);
    let mut faults: Vec<(&'static str, String)> = Vec::new();
    let amount = Money::minor_of(&form.amount).unwrap_or_else(|reason| {
        faults.push(("amount", reason.to_owned()));
        0
    });
    let why = form.why.trim().to_owned();
    if deed == "refund" && !(1..=LONGEST_WHY).contains(&why.chars().count()) {
        faults.push(("why", format!("Write why, in 1 to {LONGEST_WHY} characters.")));
    }
    // Without a version nothing is offered, and the page says so.
    if let Some(version) = view.version
        && faults.iter().all(|(name, _)| *name != "amount")
        && let Err(reason) = view.known.charge.may(action(amount), version, OffsetDateTime::now_utc())
    {
        faults.push(("amount", reason));
    }
    if !faults.is_empty() {
        asked.uri = Uri::try_from(page).unwrap_or_default();
        let refused = RefusedAmount { deed, amount: form.amount.clone(), why: form.why.clone(), faults };
        return again(portal, asked, refused).await;
    }
    let changed = acting.change_agreement(key, &id, change(charge, amount, why)).await;
    shown(portal, &acting, &asked.headers, changed, &page).await
}
