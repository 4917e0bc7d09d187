//! The list of recurring agreements. Phone numbers are masked, and found by all of their digits.

use std::sync::Arc;

use leptos::either::Either;
use leptos::prelude::*;

use super::details::gone_badge;
use super::frame::{ActingFrame, Place};
use super::freshness::FreshnessLine;
use super::list::{List, Nothing, choice, column, nothing_because};
use super::not_found::{Failed, NotFoundPage};
use super::{acting, loaded, query};
use crate::components::form::{Field, Input};
use crate::components::{Badge, Marked, Tone};
use crate::domain::agreement::{AgreementRow, AgreementState, RecurringVersion, StoppedBy, state_label};
use crate::domain::agreement_filter::{AgreementFacets, AgreementQuery, Sort};
use crate::domain::charge::ChargeState;
use crate::domain::columns::AGREEMENTS;
use crate::domain::freshness::{absolute, day};
use crate::domain::money::{Currency, Money};
use crate::domain::organisation::{OrgId, Role};
use crate::domain::page::Page;
use crate::domain::search_text::needles;
use crate::domain::standing::Told;
use crate::paths;
use crate::server::acting::Acting;

pub const TITLE: &str = "Agreements";

#[component]
pub fn AgreementsPage() -> impl IntoView {
    let Some(acting) = acting() else { return Either::Left(NotFoundPage()) };
    if !acting.has_agreements() {
        return Either::Left(NotFoundPage());
    }
    let query = AgreementQuery::from_query(&query());
    Either::Right(loaded(async move {
        let page = acting.agreements(&query).await;
        let version = match (acting.recurring_version().await, acting.chosen_recurring_version().await) {
            (Ok(spoken), Ok(chosen)) => Spoken { spoken, chosen },
            _ => Spoken::default(),
        };
        view! {
            <ActingFrame acting=acting.clone() place=Place::Agreements title=TITLE>
                {match page {
                    Ok(page) => Either::Left(list(&acting, &query, page, version)),
                    Err(failure) => Either::Right(view! { <Failed failure/> }),
                }}
            </ActingFrame>
        }
    }))
}

/// Which version of the API is spoken, and which one was chosen.
#[derive(Clone, Copy, Default)]
struct Spoken {
    spoken: Option<RecurringVersion>,
    chosen: Option<RecurringVersion>,
}

/// Says which version of the API is spoken; admins choose it here.
fn version_line(acting: &Acting, version: Spoken) -> impl IntoView + use<> {
    let text = match version {
        Spoken { chosen: Some(chosen), .. } => format!("{}, chosen by an admin", chosen.label()),
        Spoken { spoken: Some(spoken), .. } => format!("{}, found out by asking", spoken.label()),
        Spoken { .. } => "not known yet".to_owned(),
    };
    let choose = acting.may(Role::Admin).is_ok().then(|| {
        let options = RecurringVersion::ALL.map(|version| (version.word().to_owned(), version.label().to_owned()));
        let value = version.chosen.map(RecurringVersion::word).unwrap_or_default();
        let action = paths::recurring_version(&acting.organisation().id);
        view! {
            <details class="confirm">
                <summary>"Change the version"</summary>
                <form method="post" action=action>
                    <Field name="version" label="Version of the Recurring API" input=Input::Select(options.to_vec()) value hint="Nothing chosen: the portal asks Vipps MobilePay, and speaks the newest one there is."/>
                    <button type="submit">"Choose it"</button>
                </form>
            </details>
        }
    });
    view! { <section class="spoken" aria-label="Recurring API"><p class="hint">{format!("Recurring API: {text}.")}</p>{choose}</section> }
}

fn list(acting: &Acting, query: &AgreementQuery, page: Page<AgreementRow>, version: Spoken) -> impl IntoView + use<> {
    let organisation = &acting.organisation().id;
    let list = List {
        path: paths::agreements(organisation),
        title: TITLE,
        one: "agreement",
        many: "agreements",
        searched: "Product, agreement id, your own id or phone number",
        columns: AGREEMENTS,
        api: acting.api_address("agreements"),
        query,
    };
    let columns = vec![
        list.sortable(Sort::Product),
        column("State"),
        list.sortable(Sort::Price),
        list.sortable(Sort::Started),
        list.sortable(Sort::Next),
        list.sortable(Sort::Last),
        column("Customer"),
    ];
    let freshness = acting.freshness_of_agreements();
    let nothing = Nothing {
        no_match: "No agreement has all of this in its product, ids or phone number.",
        hint: None,
        none: nothing_because(
            &freshness.state,
            ("No agreements", "Vipps MobilePay shows no recurring agreements for this sales unit."),
        ),
    };
    let (needles, opened_from) = (needles(&query.filter.text).into(), query.to_query());
    let offer = acting.may(Role::Operator).is_ok().then(|| {
        let path = paths::new_agreement(organisation);
        view! { <a class="button primary" href=path>"Offer an agreement"</a> }
    });
    let form = list.form(facets(&query.filter.facets));
    let results =
        list.results(page, columns, |agreement| row(organisation, agreement, &needles, &opened_from), &nothing);
    view! {
        <header class="page-head">
            <h1>{TITLE}</h1>
            <FreshnessLine freshness refresh=paths::agreements_refresh(organisation) back=list.shown()/>
            {offer}
        </header>
        {form}
        {results}
        {version_line(acting, version)}
    }
}

fn facets(facets: &AgreementFacets) -> Vec<AnyView> {
    vec![
        choice("state", "State", facets.state),
        choice("pricing", "Pricing", facets.pricing),
        choice("interval", "Interval", facets.interval),
        choice("charges", "Charges", facets.charges),
    ]
}

fn row(organisation: &OrgId, agreement: AgreementRow, needles: &Arc<[String]>, list: &str) -> AnyView {
    let path = paths::from_list(paths::agreement(organisation, &agreement.id), list);
    let name = if agreement.product_name.is_empty() { agreement.id.clone() } else { agreement.product_name };
    let on =
        |time: Option<time::OffsetDateTime>| time.map(|time| view! { <span title=absolute(time)>{day(time)}</span> });
    let own_id = agreement.external_id.map(|id| {
        view! { <small class="scheme"><Marked text=id needles=Arc::clone(needles)/></small> }
    });
    let currency = agreement.pricing.currency().cloned().unwrap_or(Currency::Nok);
    let amount = |minor: i64| view! { <small class="scheme">{Money::new(minor, currency.clone()).to_string()}</small> };
    let next = agreement.charges.next.map(|next| view! { {next.due.to_string()}{amount(next.amount)} });
    let last = agreement.charges.last.map(|last| {
        let failed = (last.state == ChargeState::Failed).then(|| view! { " "<Badge tone=Tone::Bad text="Failed"/> });
        view! { {last.on.to_string()}{failed}{amount(last.amount)} }
    });
    let started = match agreement.stop {
        Some(stop) => view! { {on(agreement.start)}<small class="scheme">"until "{on(Some(stop))}</small> }.into_any(),
        None => on(agreement.start).into_any(),
    };
    let interval = agreement.interval.map_or_else(|| "at any time".to_owned(), |interval| interval.to_string());
    let phone = agreement.phone_number.map(|number| view! { <span class="numbers">{number.masked()}</span> });
    view! {
        <tr class:gone=agreement.gone_at.is_some()>
            <th scope="row">
                <a href=path data-row=""><Marked text=name needles=Arc::clone(needles)/></a>
                {gone_badge(agreement.gone_at)}
                <small class="scheme"><Marked text=agreement.id needles=Arc::clone(needles)/></small>
            </th>
            <td data-label="State">{state_badge(&agreement.state, agreement.stopped_by)}</td>
            <td data-label="Price" class="numbers">{agreement.pricing.to_string()}<small class="scheme">{interval}</small></td>
            <td data-label="Started" class="numbers">{started}</td>
            <td data-label="Next charge" class="numbers">{next}</td>
            <td data-label="Last charge" class="numbers">{last}</td>
            <td data-label="Customer">{phone}{own_id}</td>
        </tr>
    }
    .into_any()
}

pub fn state_badge(state: &Told<AgreementState>, stopped_by: Option<StoppedBy>) -> AnyView {
    let tone = match state.known() {
        Some(AgreementState::Active) => Tone::Good,
        Some(AgreementState::Pending) => Tone::Warning,
        Some(AgreementState::Stopped | AgreementState::Expired) => Tone::Bad,
        None => Tone::Quiet,
    };
    let label = state_label(state, stopped_by).to_owned();
    view! { <Badge tone text=label/> }.into_any()
}
