//! One charge of an agreement: its amounts, what has happened to them, why it failed, and what can be done.

use leptos::either::Either;
use leptos::prelude::*;
use time::OffsetDateTime;
use uuid::Uuid;

use super::agreement::happenings::{changes_card, changes_notice};
use super::agreement::{charge_badge, charge_name, contradicted, title};
use super::details::{breadcrumb, fact, gone_badge, refresh_form, refresh_outcome};
use super::frame::{ActingFrame, Place};
use super::not_found::{Failed, NotFoundPage};
use super::{acting, loaded, parameter, query, refused, segment};
use crate::components::form::{Confirm, Disabled, Field};
use crate::components::{Ago, Copy};
use crate::domain::agreement::{AgreementAction, RecurringVersion};
use crate::domain::charge::{Charge, ChargeAction, ChargeEvent, ChargeState, TransactionType};
use crate::domain::freshness::{absolute, machine};
use crate::domain::organisation::Role;
use crate::domain::standing::Told;
use crate::paths;
use crate::server::acting::Acting;
use crate::server::acting::agreements::ChargeView;

/// An amount that was typed and refused.
#[derive(Clone, Debug)]
pub struct RefusedAmount {
    /// `capture` or `refund`.
    pub deed: &'static str,
    pub amount: String,
    pub why: String,
    /// Names of fields and what is wrong with them.
    pub faults: Vec<(&'static str, String)>,
}

#[component]
pub fn ChargePage() -> impl IntoView {
    let Some(acting) = acting() else { return Either::Left(NotFoundPage()) };
    if !acting.has_agreements() {
        return Either::Left(NotFoundPage());
    }
    let (agreement_id, id) = (segment(3).unwrap_or_default(), segment(5).unwrap_or_default());
    let query = query();
    let (refresh, change) = (parameter(&query, "refresh"), parameter(&query, "change"));
    let refused = refused::<RefusedAmount>();
    Either::Right(loaded(async move {
        let found = acting.charge(&agreement_id, &id).await;
        let heading = found.as_ref().map_or_else(|_| "Not found".to_owned(), |found| charge_name(&found.known.charge));
        let back = paths::agreement(&acting.organisation().id, &agreement_id);
        view! {
            <ActingFrame acting=acting.clone() place=Place::Agreements title=heading>
                {breadcrumb(back, "Agreement")}
                {match found {
                    Ok(found) => Either::Left(details(&acting, &found, refresh.as_deref(), change.as_deref(), refused)),
                    Err(failure) => Either::Right(view! { <Failed failure/> }),
                }}
            </ActingFrame>
        }
    }))
}

fn details(
    acting: &Acting,
    view: &ChargeView,
    refresh: Option<&str>,
    change: Option<&str>,
    refused: Option<RefusedAmount>,
) -> impl IntoView + use<> {
    let organisation = &acting.organisation().id;
    let charge = &view.known.charge;
    let age = view! { "Fetched "<Ago then=view.known.seen_at/> }.into_any();
    let action = paths::charge_deed(organisation, &view.agreement.agreement.id, &charge.id, "refresh");
    let contradiction = match &charge.state {
        Told::Other(word) => Some(contradicted(word, view.known.held)),
        _ => None,
    };
    let meaning = charge.state.known().map(ChargeState::meaning);
    view! {
        <header class="page-head">
            <h1>{charge_name(charge)}</h1>
            <p class="lead numbers">{charge.money(charge.amount).to_string()}" · "{charge_badge(&charge.state)}{gone_badge(view.known.gone_at)}{meaning.map(|meaning| format!(" · {meaning}"))}</p>
            {refresh_form(age, action, "")}
        </header>
        {refresh_outcome(acting.freshness_of_agreements(), refresh)}
        {changes_notice(organisation, &view.changes, change, view.version)}
        {contradiction}
        <div class="columns">
            <div>
                {failed_card(acting, view)}
                {sums_card(charge)}
                {history_card(charge)}
                {changes_card(&view.changes, OffsetDateTime::now_utc())}
            </div>
            <div>
                {facts(acting, view)}
                {deeds(acting, view, refused)}
            </div>
        </div>
    }
}

/// Why it failed, and what to do.
fn failed_card(acting: &Acting, view: &ChargeView) -> Option<AnyView> {
    let charge = &view.known.charge;
    if charge.state != Told::Known(ChargeState::Failed) {
        return None;
    }
    let (meaning, what_to_do) = match &charge.failure_reason {
        Some(reason) => (reason.meaning(), reason.what_to_do()),
        None => (
            "Vipps MobilePay has not told why.",
            "Ask the customer to look at the payment in the app: it says what is wrong. Then make a new charge.",
        ),
    };
    let said = charge.failure_description.clone().map(|said| {
        view! { <p class="hint">{format!("Vipps MobilePay says: {said}")}</p> }
    });
    let word = charge.failure_reason.as_ref().map(|reason| reason.upstream().to_owned());
    let agreement = &view.agreement.agreement;
    let anew = match acting.may(Role::Operator).map_err(|failure| failure.to_string()) {
        Ok(()) => match agreement.may(AgreementAction::CreateCharge) {
            Ok(()) => {
                let path = paths::new_charge_like(&acting.organisation().id, &agreement.id, &charge.id);
                view! { <p class="actions"><a class="button" href=path>"New charge"</a></p> }.into_any()
            }
            Err(reason) => view! { <Disabled label="New charge" reason/> }.into_any(),
        },
        Err(reason) => view! { <Disabled label="New charge" reason/> }.into_any(),
    };
    Some(
        view! {
            <section class="card" id="failed">
                <h2>"Why it failed"</h2>
                <p><strong>{meaning}</strong>{word.map(|word| view! { " "<span class="code">{word}</span> })}</p>
                <p>{what_to_do}</p>
                {said}
                {anew}
            </section>
        }
        .into_any(),
    )
}

fn sums_card(charge: &Charge) -> impl IntoView + use<> {
    let sums = charge.sums();
    let line = |title: &'static str, minor: i64| {
        view! { <div><dt>{title}</dt><dd class="numbers">{charge.money(minor).to_string()}</dd></div> }
    };
    view! {
        <section class="card">
            <h2>"Amounts"</h2>
            <dl class="facts">
                {line("Charge", charge.amount)}
                {line("Captured", sums.captured)}
                {line("Refunded", sums.refunded)}
                {line("Cancelled", sums.cancelled)}
            </dl>
        </section>
    }
}

fn history_card(charge: &Charge) -> Option<AnyView> {
    if charge.history.is_empty() {
        return None;
    }
    let lines = charge.history.iter().map(|event| {
        let (at, text) = (event.at, sentence(charge, event));
        view! { <li><span>{text}</span><time datetime=machine(at)>{absolute(at)}</time></li> }
    });
    let lines = lines.collect_view();
    Some(
        view! { <section class="card"><h2>"At Vipps MobilePay"</h2><ol class="timeline">{lines}</ol></section> }
            .into_any(),
    )
}

fn sentence(charge: &Charge, event: &ChargeEvent) -> String {
    let what = match event.what.as_str() {
        "CREATE" => "Made",
        "RESERVE" => "Reserved",
        "CAPTURE" => "Captured",
        "REFUND" => "Refunded",
        "CANCEL" => "Cancelled",
        "FAIL" => "Failed",
        other => other,
    };
    let outcome = if event.success { "" } else { " – this did not succeed" };
    format!("{what} {}{outcome}", charge.money(event.amount))
}

fn facts(acting: &Acting, view: &ChargeView) -> impl IntoView + use<> {
    let charge = &view.known.charge;
    let agreement = &view.agreement.agreement;
    let path = paths::agreement(&acting.organisation().id, &agreement.id);
    let numbers = |title: &'static str, what: &'static str, text: Option<String>| {
        text.map(|text| {
            fact(title, view! { <span class="numbers">{text.clone()}</span><Copy text=text what/> }.into_any())
        })
    };
    let capture = charge.transaction_type.map(|kind| match kind {
        TransactionType::Direct => "Taken at once",
        TransactionType::Reserve => "Reserved first, then captured",
    });
    view! {
        <section class="card">
            <h2>"Charge"</h2>
            <dl class="facts">
                {fact("Agreement", view! { <a href=path>{title(agreement)}</a> }.into_any())}
                {numbers("Charge id", "charge id", Some(charge.id.clone()))}
                {numbers("Your own id", "id", charge.external_id.clone())}
                {charge.due.map(|due| fact("Due", due.to_string().into_any()))}
                {charge.retry_days.map(|days| fact("Tried again for", format!("{days} days").into_any()))}
                {fact("Kind", charge.kind.label().to_owned().into_any())}
                {capture.map(|capture| fact("Payment", capture.into_any()))}
                {numbers("Transaction id", "transaction id", charge.transaction_id.clone())}
                {fact("First seen", absolute(view.known.first_seen_at).into_any())}
            </dl>
        </section>
    }
}

fn deeds(acting: &Acting, view: &ChargeView, refused: Option<RefusedAmount>) -> impl IntoView + use<> {
    let organisation = &acting.organisation().id;
    let charge = &view.known.charge;
    let agreement_id = &view.agreement.agreement.id;
    let now = OffsetDateTime::now_utc();
    let not_allowed = acting.may(Role::Operator).err().map(|failure| failure.to_string());
    let reason = |action: ChargeAction| match (&not_allowed, view.version) {
        (Some(reason), _) => Some(reason.clone()),
        (None, None) => {
            Some("It is not known yet which version of the Recurring API Vipps MobilePay speaks here.".to_owned())
        }
        (None, Some(version)) => charge.may(action, version, now).err(),
    };
    let (capturable, refundable) = (charge.capturable(), charge.refundable());
    let action = |deed: &str| paths::charge_deed(organisation, agreement_id, &charge.id, deed);
    let key = || Uuid::new_v4().to_string();
    let money = |minor: i64| charge.money(minor).amount().unwrap_or_else(|| minor.to_string());
    let whole_only = view.version == Some(RecurringVersion::V1);
    let typed = |deed: &str, minor: i64| {
        let again = refused.as_ref().filter(|refused| refused.deed == deed);
        let amount = again.map_or_else(|| money(minor), |refused| refused.amount.clone());
        let why = again.map(|refused| refused.why.clone()).unwrap_or_default();
        let fault = |name: &str| {
            let faults = again.map(|refused| refused.faults.as_slice()).unwrap_or_default();
            faults.iter().find(|(faulty, _)| *faulty == name).map(|(_, text)| text.clone())
        };
        (again.is_some(), amount, why, fault("amount"), fault("why"))
    };
    let (capture_open, capture_amount, _, capture_fault, _) = typed("capture", capturable);
    let (refund_open, refund_amount, why, refund_fault, why_fault) = typed("refund", refundable);
    let cancel = match charge.state.known() {
        Some(ChargeState::Reserved | ChargeState::PartiallyCaptured) => {
            "What is reserved and not captured goes back to the customer at once."
        }
        _ => "The customer will not be charged. It cannot be taken up again; a new charge can be made.",
    };
    let label = format!("Amount in {}", charge.money(0).currency.code());
    let at_most = |minor: i64| format!("At most {}.", charge.money(minor));
    let (most_captured, most_refunded) = (at_most(capturable), at_most(refundable));
    let (capture_key, refund_key, cancel_key) = (key(), key(), key());
    let capture_label = label.clone();
    let refund_amount_field = if whole_only {
        view! { <input type="hidden" name="refunded" value=refund_amount/><p>{format!("All of it is paid back: {}.", charge.money(refundable))}</p> }.into_any()
    } else {
        view! { <Field name="refunded" label value=refund_amount fault=refund_fault required=true hint=most_refunded/> }
            .into_any()
    };
    view! {
        <section class="card deeds">
            <h2>"Change"</h2>
            <Confirm label="Capture" action=action("capture") button="Capture the amount" open=capture_open refused=reason(ChargeAction::Capture(capturable.max(1)))>
                <input type="hidden" name="key" value=capture_key/>
                <Field name="amount" label=capture_label value=capture_amount fault=capture_fault required=true hint=most_captured/>
            </Confirm>
            <Confirm label="Refund" action=action("refund") button="Pay it back" open=refund_open refused=reason(ChargeAction::Refund(refundable.max(1)))>
                <input type="hidden" name="key" value=refund_key/>
                {refund_amount_field}
                <Field name="why" label="Why" value=why fault=why_fault required=true maxlength=Some(100) hint="Vipps MobilePay keeps it with the refund."/>
            </Confirm>
            <Confirm label="Cancel this charge" action=action("cancel") button="Cancel the charge" refused=reason(ChargeAction::Cancel)>
                <input type="hidden" name="key" value=cancel_key/>
                <p>{cancel}</p>
            </Confirm>
        </section>
    }
}
