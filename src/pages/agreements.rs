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
use crate::components::{Badge, Marked, Tone};
use crate::domain::agreement::{AgreementRow, AgreementState, StoppedBy, state_label};
use crate::domain::agreement_filter::{AgreementFacets, AgreementQuery, Sort};
use crate::domain::freshness::{absolute, day};
use crate::domain::organisation::OrgId;
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
        view! {
            <ActingFrame acting=acting.clone() place=Place::Agreements title=TITLE>
                {match page {
                    Ok(page) => Either::Left(list(&acting, &query, page)),
                    Err(failure) => Either::Right(view! { <Failed failure/> }),
                }}
            </ActingFrame>
        }
    }))
}

fn list(acting: &Acting, query: &AgreementQuery, page: Page<AgreementRow>) -> impl IntoView + use<> {
    let organisation = &acting.organisation().id;
    let list = List {
        path: paths::agreements(organisation),
        title: TITLE,
        one: "agreement",
        many: "agreements",
        searched: "Product, agreement id, your own id or phone number",
        // Not for programs yet.
        columns: &[],
        api: String::new(),
        query,
    };
    let columns = vec![
        list.sortable(Sort::Product),
        column("State"),
        list.sortable(Sort::Price),
        column("Interval"),
        list.sortable(Sort::Started),
        column("Stopped"),
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
    let form = list.form(facets(&query.filter.facets));
    let results =
        list.results(page, columns, |agreement| row(organisation, agreement, &needles, &opened_from), &nothing);
    view! {
        <header class="page-head">
            <h1>{TITLE}</h1>
            <FreshnessLine freshness refresh=paths::agreements_refresh(organisation) back=list.shown()/>
        </header>
        {form}
        {results}
    }
}

fn facets(facets: &AgreementFacets) -> Vec<AnyView> {
    vec![
        choice("state", "State", facets.state),
        choice("pricing", "Pricing", facets.pricing),
        choice("interval", "Interval", facets.interval),
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
    let phone = agreement.phone_number.map(|number| view! { <span class="numbers">{number.masked()}</span> });
    view! {
        <tr class:gone=agreement.gone_at.is_some()>
            <th scope="row">
                <a href=path data-row=""><Marked text=name needles=Arc::clone(needles)/></a>
                {gone_badge(agreement.gone_at)}
                <small class="scheme"><Marked text=agreement.id needles=Arc::clone(needles)/></small>
            </th>
            <td data-label="State">{state_badge(&agreement.state, agreement.stopped_by)}</td>
            <td data-label="Price" class="numbers">{agreement.pricing.to_string()}</td>
            <td data-label="Interval">{agreement.interval.map_or_else(|| "at any time".to_owned(), |interval| interval.to_string())}</td>
            <td data-label="Started">{on(agreement.start)}</td>
            <td data-label="Stopped">{on(agreement.stop)}</td>
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
