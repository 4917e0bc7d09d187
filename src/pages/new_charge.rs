//! Making a charge within an agreement.

use leptos::either::Either;
use leptos::prelude::*;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::agreement::title;
use super::details::breadcrumb;
use super::frame::{ActingFrame, Place};
use super::not_found::{Failed, NotFoundPage};
use super::{acting, loaded, parameter, query, refused, segment};
use crate::components::form::{Disabled, FaultSummary, Field, Input};
use crate::domain::agreement::form::ChargeForm;
use crate::domain::agreement::{AgreementAction, RecurringVersion};
use crate::domain::charge::{Charge, NOTICE};
use crate::domain::organisation::Role;
use crate::paths;
use crate::server::acting::Acting;
use crate::server::acting::agreements::AgreementView;

const HEADING: &str = "New charge";

/// What was typed and refused.
#[derive(Clone, Debug)]
pub struct RefusedCharge {
    pub form: ChargeForm,
    /// Names of fields and what is wrong with them; with no name, what is wrong altogether.
    pub faults: Vec<(&'static str, String)>,
}

#[component]
pub fn NewChargePage() -> impl IntoView {
    let Some(acting) = acting() else { return Either::Left(NotFoundPage()) };
    if !acting.has_agreements() {
        return Either::Left(NotFoundPage());
    }
    let id = segment(3).unwrap_or_default();
    let like = parameter(&query(), "like");
    let refused = refused::<RefusedCharge>();
    Either::Right(loaded(async move {
        let found = match acting.agreement(&id).await {
            Ok(view) => {
                // One that failed is made anew with the same amount and words.
                let like = match like {
                    Some(like) => acting.charge(&id, &like).await.ok().map(|found| found.known.charge),
                    None => None,
                };
                Ok((view, like))
            }
            Err(failure) => Err(failure),
        };
        let back = paths::agreement(&acting.organisation().id, &id);
        view! {
            <ActingFrame acting=acting.clone() place=Place::Agreements title=HEADING>
                {breadcrumb(back, "Agreement")}
                {match found {
                    Ok((found, like)) => Either::Left(page(&acting, &found, like.as_ref(), refused)),
                    Err(failure) => Either::Right(view! { <Failed failure/> }),
                }}
            </ActingFrame>
        }
    }))
}

fn page(
    acting: &Acting,
    view: &AgreementView,
    like: Option<&Charge>,
    refused: Option<RefusedCharge>,
) -> impl IntoView + use<> {
    let agreement = &view.known.agreement;
    let lead = format!("{}, {}", title(agreement), agreement.pricing);
    view! {
        <header class="page-head">
            <h1>{HEADING}</h1>
            <p class="lead">{lead}</p>
        </header>
        {form(acting, view, like, refused)}
    }
}

fn form(acting: &Acting, view: &AgreementView, like: Option<&Charge>, refused: Option<RefusedCharge>) -> AnyView {
    let agreement = &view.known.agreement;
    let not_allowed = acting.may(Role::Operator).err().map(|failure| failure.to_string());
    if let Some(reason) = not_allowed.or_else(|| agreement.may(AgreementAction::CreateCharge).err()) {
        return view! { <Disabled label="Make the charge" reason/> }.into_any();
    }
    let is_first_version = view.version == Some(RecurringVersion::V1);
    let first_day = OffsetDateTime::now_utc().date() + Duration::days(NOTICE);
    let RefusedCharge { form, faults } = refused.unwrap_or_else(|| {
        let mut form = ChargeForm::beginning(agreement, first_day);
        if let Some(like) = like {
            form.amount = like.money(like.amount).amount().unwrap_or_default();
            form.description.clone_from(&like.description);
        }
        RefusedCharge { form, faults: Vec::new() }
    });
    let fault = |name: &str| faults.iter().find(|(faulty, _)| *faulty == name).map(|(_, text)| text.clone());
    let general = fault("").map(|text| view! { <p class="notice bad" role="alert">{text}</p> });
    let named: Vec<(String, String)> = faults
        .iter()
        .filter(|(name, _)| !name.is_empty())
        .map(|(name, text)| ((*name).to_owned(), text.clone()))
        .collect();
    let summary = (!named.is_empty())
        .then(|| view! { <FaultSummary faults=named title="Nothing is charged yet: something is not right."/> });
    let currency = agreement.pricing.currency().map_or("NOK", |currency| currency.code());
    let label = format!("Amount in {currency}");
    let due_hint = if is_first_version {
        format!("YYYY-MM-DD; the first possible day is {first_day}.")
    } else {
        format!("YYYY-MM-DD; the first possible day is {first_day}. Leave it empty to charge at once.")
    };
    let of_today = (!is_first_version).then(|| {
        view! {
            <Field name="external" label="Your own id" value=form.external.clone() fault=fault("external") maxlength=Some(64)/>
            <Field name="reserved" label="Only reserve it; it is captured when you have delivered" input=Input::Check value=form.reserved.clone() fault=fault("reserved")/>
        }
    });
    let action = paths::new_charge(&acting.organisation().id, &agreement.id);
    let key = Uuid::new_v4().to_string();
    view! {
        {general}
        {summary}
        <form method="post" action=action novalidate=true class="card settings one-column">
            <input type="hidden" name="key" value=key/>
            <Field name="amount" label value=form.amount.clone() fault=fault("amount") required=true/>
            <Field name="description" label="What it is for" value=form.description.clone() fault=fault("description") required=true maxlength=Some(100) hint="The customer sees it in the app, such as November; 45 characters are shown."/>
            <Field name="due" label="Day" value=form.due.clone() fault=fault("due") required=is_first_version hint=due_hint/>
            <Field name="retry" label="If it fails, try again for so many days" input=Input::Digits value=form.retry.clone() fault=fault("retry")/>
            {of_today}
            <p class="actions"><button type="submit" class="primary">"Make the charge"</button></p>
        </form>
    }
    .into_any()
}
