//! Offering an agreement to a customer.

use leptos::either::Either;
use leptos::prelude::*;
use uuid::Uuid;

use super::agreements::TITLE;
use super::details::breadcrumb;
use super::frame::{ActingFrame, Place};
use super::not_found::{Failed, NotFoundPage};
use super::{acting, loaded, refused};
use crate::components::form::{Disabled, FaultSummary, Field, Input};
use crate::domain::agreement::RecurringVersion;
use crate::domain::agreement::form::{DraftForm, PRICINGS, UNITS};
use crate::domain::money::Currency;
use crate::domain::organisation::Role;
use crate::paths;
use crate::server::acting::Acting;

const HEADING: &str = "Offer an agreement";

/// What was typed and refused.
#[derive(Clone, Debug)]
pub struct RefusedDraft {
    pub form: DraftForm,
    /// Names of fields and what is wrong with them; with no name, what is wrong altogether.
    pub faults: Vec<(&'static str, String)>,
}

#[component]
pub fn NewAgreementPage() -> impl IntoView {
    let Some(acting) = acting() else { return Either::Left(NotFoundPage()) };
    if !acting.has_agreements() {
        return Either::Left(NotFoundPage());
    }
    let refused = refused::<RefusedDraft>();
    Either::Right(loaded(async move {
        let version = acting.recurring_version().await;
        let back = paths::agreements(&acting.organisation().id);
        view! {
            <ActingFrame acting=acting.clone() place=Place::Agreements title=HEADING>
                {breadcrumb(back, TITLE)}
                <header class="page-head">
                    <h1>{HEADING}</h1>
                    <p class="lead">"The customer gets a link, reads the terms in the app and approves. Charges can be made from then on."</p>
                </header>
                {match version {
                    Ok(version) => Either::Left(form(&acting, version, refused)),
                    Err(failure) => Either::Right(view! { <Failed failure/> }),
                }}
            </ActingFrame>
        }
    }))
}

fn form(acting: &Acting, version: Option<RecurringVersion>, refused: Option<RefusedDraft>) -> AnyView {
    let not_allowed = acting.may(Role::Operator).err().map(|failure| failure.to_string());
    let not_known = "It is not known yet whether Vipps MobilePay has the Recurring API for this sales unit.";
    let reason = not_allowed.or_else(|| version.is_none().then(|| not_known.to_owned()));
    if let Some(reason) = reason {
        return view! { <Disabled label="Offer it" reason/> }.into_any();
    }
    let is_first_version = version == Some(RecurringVersion::V1);
    let RefusedDraft { form, faults } =
        refused.unwrap_or_else(|| RefusedDraft { form: DraftForm::beginning(), faults: Vec::new() });
    let fault = |name: &str| faults.iter().find(|(faulty, _)| *faulty == name).map(|(_, text)| text.clone());
    let general = fault("").map(|text| view! { <p class="notice bad" role="alert">{text}</p> });
    let named: Vec<(String, String)> = faults
        .iter()
        .filter(|(name, _)| !name.is_empty())
        .map(|(name, text)| ((*name).to_owned(), text.clone()))
        .collect();
    let summary = (!named.is_empty())
        .then(|| view! { <FaultSummary faults=named title="Nothing is offered yet: something is not right."/> });
    let choices = |pairs: Vec<(&str, &str)>| {
        pairs.into_iter().map(|(word, label)| (word.to_owned(), label.to_owned())).collect::<Vec<_>>()
    };
    let currencies = [Currency::Nok, Currency::Dkk, Currency::Eur].map(|currency| currency.code().to_owned());
    let currencies: Vec<(String, String)> = currencies.into_iter().map(|code| (code.clone(), code)).collect();
    let units = choices(UNITS.iter().map(|(word, label, _)| (*word, *label)).collect());
    let unit_hint = if is_first_version { "" } else { "Nothing chosen: charges come at any time." };
    // What only today's version has is not asked for where it cannot be said.
    let pricing = if is_first_version {
        view! { <input type="hidden" name="pricing" value="fixed"/><input type="hidden" name="currency" value="NOK"/> }
            .into_any()
    } else {
        view! {
            <div class="side-by-side">
                <Field name="pricing" label="What is charged" input=Input::Select(choices(PRICINGS.to_vec())) value=form.pricing.clone() required=true/>
                <Field name="currency" label="Currency" input=Input::Select(currencies) value=form.currency.clone() required=true/>
            </div>
        }
        .into_any()
    };
    let external = (!is_first_version).then(|| {
        view! { <Field name="external" label="Your own id" value=form.external.clone() fault=fault("external") maxlength=Some(64) hint="Such as the number of the subscription; the list finds it."/> }
    });
    let reserved = (!is_first_version).then(|| {
        view! { <Field name="first_reserved" label="Only reserve it; it is captured when you have delivered" input=Input::Check value=form.first_reserved.clone()/> }
    });
    let price_label = if is_first_version { "Price in NOK" } else { "Price, or the maximum" };
    let price_hint = if is_first_version { "" } else { "Leave it empty if what is used has no maximum." };
    let action = paths::new_agreement(&acting.organisation().id);
    let key = Uuid::new_v4().to_string();
    view! {
        {general}
        {summary}
        <form method="post" action=action novalidate=true class="card settings one-column">
            <input type="hidden" name="key" value=key/>
            <h2>"What it is"</h2>
            <Field name="product" label="Product" value=form.product.clone() fault=fault("product") required=true maxlength=Some(45) hint="The customer sees it in the app, such as Digital newspaper."/>
            <Field name="description" label="Description" value=form.description.clone() fault=fault("description") required=is_first_version maxlength=Some(100)/>
            <h2>"What it costs"</h2>
            {pricing}
            <Field name="price" label=price_label value=form.price.clone() fault=fault("price") required=is_first_version hint=price_hint/>
            <div class="side-by-side">
                <Field name="count" label="A charge comes every" input=Input::Digits value=form.count.clone() fault=fault("count")/>
                <Field name="unit" label="Of these" input=Input::Select(units) value=form.unit.clone() required=is_first_version hint=unit_hint/>
            </div>
            <h2>"First charge"</h2>
            <Field name="first" label="Amount when the customer approves" value=form.first.clone() fault=fault("first") hint="Leave it empty if nothing is charged then."/>
            <Field name="first_description" label="What it is for" value=form.first_description.clone() maxlength=Some(100)/>
            {reserved}
            <h2>"The customer"</h2>
            <Field name="phone" label="Phone number" value=form.phone.clone() fault=fault("phone") autocomplete="off" hint="With the country’s number, such as +47 123 45 678. It is filled in for the customer, and shown masked here."/>
            {external}
            <Field name="redirect" label="Where the customer goes afterwards" input=Input::Url value=form.redirect.clone() fault=fault("redirect") required=true hint="A page of yours, such as https://shop.example.com/thanks."/>
            <Field name="manage" label="Where the customer manages the subscription" input=Input::Url value=form.manage.clone() fault=fault("manage") hint="Begins with https://. Norwegian merchants have to have such a page."/>
            <p class="actions"><button type="submit" class="primary">"Offer it"</button></p>
        </form>
    }
    .into_any()
}
