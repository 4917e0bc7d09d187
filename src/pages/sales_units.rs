//! The list of sales units: one box to find them, facets, order, pages.

use std::sync::Arc;

use leptos::either::Either;
use leptos::prelude::*;

use super::details::gone_badge;
use super::frame::{ActingFrame, Place};
use super::freshness::FreshnessLine;
use super::list::{List, Nothing, choice, column, nothing_because};
use super::not_found::{Failed, NotFoundPage};
use super::{acting, loaded, query};
use crate::components::{Badge, Copy, Marked, Tone, grouped};
use crate::domain::columns::SALES_UNITS;
use crate::domain::list::Choosable;
use crate::domain::organisation::{OrgId, OrganisationKind};
use crate::domain::page::Page;
use crate::domain::sales_unit::{Flag, SalesUnitRow};
use crate::domain::sales_unit_filter::{FLAGS, SalesUnitFacets, SalesUnitQuery, Sort};
use crate::domain::search_text::needles;
use crate::paths;
use crate::server::acting::Acting;

#[component]
pub fn SalesUnitsPage() -> impl IntoView {
    let Some(acting) = acting() else { return Either::Left(NotFoundPage()) };
    let query = SalesUnitQuery::from_query(&query());
    Either::Right(loaded(async move {
        let page = acting.sales_units(&query).await;
        let title = title(&acting);
        view! {
            <ActingFrame acting=acting.clone() place=Place::SalesUnits title>
                {match page {
                    Ok(page) => Either::Left(list(&acting, &query, page)),
                    Err(failure) => Either::Right(view! { <Failed failure/> }),
                }}
            </ActingFrame>
        }
    }))
}

pub fn title(acting: &Acting) -> &'static str {
    match acting.organisation().kind {
        OrganisationKind::Partner => "Sales units",
        OrganisationKind::Merchant => "Your sales units",
    }
}

fn list(acting: &Acting, query: &SalesUnitQuery, page: Page<SalesUnitRow>) -> impl IntoView + use<> {
    let organisation = &acting.organisation().id;
    let list = List {
        path: paths::sales_units(organisation),
        title: "Sales units",
        one: "sales unit",
        many: "sales units",
        searched: "Name, MSN, merchant or business identifier",
        columns: SALES_UNITS,
        api: acting.api_address("sales-units"),
        query,
    };
    let columns = vec![
        list.sortable(Sort::Name),
        list.sortable(Sort::Msn),
        list.sortable(Sort::Merchant),
        column("Business identifier"),
        column("Capture"),
        column("Recurring"),
    ];
    let (needles, opened_from) = (needles(&query.filter.text).into(), query.to_query());
    let nothing = nothing(acting, page.total);
    let form = list.form(facets(&query.filter.facets));
    let results = list.results(page, columns, |unit| row(organisation, unit, &needles, &opened_from), &nothing);
    view! {
        <header class="page-head">
            <h1>{title(acting)}</h1>
            <FreshnessLine freshness=acting.freshness() refresh=paths::sales_units_refresh(organisation) back=list.shown()/>
        </header>
        {form}
        {results}
    }
}

fn facets(facets: &SalesUnitFacets) -> Vec<AnyView> {
    let flags = FLAGS.iter().zip(facets.flags).map(|((name, label), flag)| choice(name, label, flag));
    let others = [
        choice("capture", "Capture type", facets.capture),
        choice("market", "Market", facets.market),
        choice("state", "State", facets.state),
    ];
    others.into_iter().chain(flags).collect()
}

fn nothing(acting: &Acting, total: usize) -> Nothing {
    let waiting = total.min(acting.details_outstanding());
    let hint = format!(
        "Details of {} units have not been fetched yet; those can be found by name and MSN only.",
        grouped(waiting)
    );
    let none = ("No sales units", "Vipps MobilePay shows no sales units for this organisation.");
    Nothing {
        no_match: "No sales unit has all of this in its name, MSN, merchant name or business identifier.",
        hint: (waiting > 0).then_some(hint),
        none: nothing_because(&acting.freshness().state, none),
    }
}

fn row(organisation: &OrgId, unit: SalesUnitRow, needles: &Arc<[String]>, list: &str) -> AnyView {
    let path = paths::sales_unit_from(organisation, &unit.msn, list);
    let msn = unit.msn.to_string();
    let name = unit.name.unwrap_or_else(|| format!("Sales unit {msn}"));
    let known = unit.details_at.is_some();
    let gone = gone_badge(unit.gone_at);
    let merchant = match unit.merchant_name {
        Some(merchant) => view! { <Marked text=merchant needles=Arc::clone(needles)/> }.into_any(),
        // A merchant that is known by its number only has not had its turn yet.
        None => pending(known && unit.business_identifier.is_none()).into_any(),
    };
    let business = match unit.business_identifier {
        Some(business) => view! {
            <span class="numbers"><Marked text=business.grouped() needles=Arc::clone(needles)/></span>
            <Copy text=business.id what="business identifier"/>
        }
        .into_any(),
        None => pending(known).into_any(),
    };
    let capture =
        if known { unit.configuration.capture_type.label().to_owned().into_any() } else { pending(false).into_any() };
    let recurring =
        if known { flag_badge(unit.configuration.recurring_allowed).into_any() } else { pending(false).into_any() };
    view! {
        <tr class:gone=unit.gone_at.is_some()>
            <th scope="row"><a href=path data-row=""><Marked text=name needles=Arc::clone(needles)/></a>{gone}</th>
            <td data-label="MSN"><span class="numbers"><Marked text=msn.clone() needles=Arc::clone(needles)/></span><Copy text=msn what="MSN"/></td>
            <td data-label="Merchant">{merchant}</td>
            <td data-label="Business identifier">{business}</td>
            <td data-label="Capture">{capture}</td>
            <td data-label="Recurring">{recurring}</td>
        </tr>
    }
    .into_any()
}

/// A flag as a word with a tone of its own.
pub fn flag_badge(flag: Flag) -> impl IntoView {
    let tone = match flag {
        Flag::Yes => Tone::Good,
        Flag::No => Tone::Bad,
        Flag::Unknown => Tone::Quiet,
    };
    view! { <Badge tone text=flag.label()/> }
}

/// In place of what is not known: not yet, or not told.
fn pending(known: bool) -> impl IntoView {
    let (text, title) =
        if known { ("Unknown", "Upstream has not told") } else { ("Not fetched yet", "It has not been fetched yet") };
    view! { <span class="pending" title=title>{text}</span> }
}
