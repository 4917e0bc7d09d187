//! The list of merchants: those whose sales units are connected to the partner.

use std::sync::Arc;

use leptos::either::Either;
use leptos::prelude::*;

use super::details::{gone_badge, status_badge};
use super::frame::{ActingFrame, Place};
use super::freshness::FreshnessLine;
use super::list::{List, Nothing, choice, column, nothing_because};
use super::not_found::{Failed, NotFoundPage};
use super::{acting, loaded, query};
use crate::components::{Ago, Copy, Marked, grouped};
use crate::domain::columns::MERCHANTS;
use crate::domain::freshness::{absolute, day};
use crate::domain::identifiers::Market;
use crate::domain::merchant::MerchantRow;
use crate::domain::merchant_filter::{MerchantFacets, MerchantQuery, Sort};
use crate::domain::organisation::OrgId;
use crate::domain::page::Page;
use crate::domain::search_text::needles;
use crate::paths;
use crate::server::acting::Acting;

pub const TITLE: &str = "Merchants";

#[component]
pub fn MerchantsPage() -> impl IntoView {
    let Some(acting) = acting() else { return Either::Left(NotFoundPage()) };
    let query = MerchantQuery::from_query(&query());
    Either::Right(loaded(async move {
        let page = acting.merchants(&query).await;
        view! {
            <ActingFrame acting=acting.clone() place=Place::Merchants title=TITLE>
                {match page {
                    Ok(page) => Either::Left(list(&acting, &query, page)),
                    Err(failure) => Either::Right(view! { <Failed failure/> }),
                }}
            </ActingFrame>
        }
    }))
}

fn list(acting: &Acting, query: &MerchantQuery, page: Page<MerchantRow>) -> impl IntoView + use<> {
    let organisation = &acting.organisation().id;
    let list = List {
        path: paths::merchants(organisation),
        title: TITLE,
        one: "merchant",
        many: "merchants",
        searched: "Name or business identifier",
        columns: MERCHANTS,
        api: acting.api_address("merchants"),
        query,
    };
    let columns = vec![
        list.sortable(Sort::Name),
        list.sortable(Sort::Identifier),
        column("Market"),
        column("Status"),
        column("Sales units"),
        list.sortable(Sort::Created),
        column("Fetched"),
    ];
    let freshness = acting.freshness_of_merchants();
    let nothing = Nothing {
        no_match: "No merchant has all of this in its name or business identifier.",
        hint: None,
        none: nothing_because(
            &freshness.state,
            ("No merchants", "Vipps MobilePay shows no sales unit whose merchant is known."),
        ),
    };
    let (needles, opened_from) = (needles(&query.filter.text).into(), query.to_query());
    let form = list.form(facets(&query.filter.facets));
    let results = list.results(page, columns, |merchant| row(organisation, merchant, &needles, &opened_from), &nothing);
    view! {
        <header class="page-head">
            <h1>{TITLE}</h1>
            <FreshnessLine freshness refresh=paths::sales_units_refresh(organisation) back=list.shown()/>
        </header>
        {form}
        {results}
    }
}

fn facets(facets: &MerchantFacets) -> Vec<AnyView> {
    vec![
        choice("market", "Market", facets.market),
        choice("status", "Status", facets.status),
        choice("state", "State", facets.state),
    ]
}

fn row(organisation: &OrgId, merchant: MerchantRow, needles: &Arc<[String]>, list: &str) -> AnyView {
    let business = merchant.business_identifier;
    let path = paths::from_list(paths::merchant(organisation, &business), list);
    let name = merchant.name.unwrap_or_else(|| format!("Merchant {}", business.grouped()));
    let pending = || view! { <span class="pending" title="It has not been fetched yet">"Not fetched yet"</span> };
    let status = match merchant.fetched_at {
        Some(_) => status_badge(&merchant.status),
        None => pending().into_any(),
    };
    let fetched = match merchant.fetched_at {
        Some(then) => view! { <Ago then/> }.into_any(),
        None => pending().into_any(),
    };
    let created = merchant.created_at.map(|created| view! { <span title=absolute(created)>{day(created)}</span> });
    view! {
        <tr class:gone=merchant.gone_at.is_some()>
            <th scope="row"><a href=path data-row=""><Marked text=name needles=Arc::clone(needles)/></a>{gone_badge(merchant.gone_at)}</th>
            <td data-label="Business identifier">
                <span class="numbers"><Marked text=business.grouped() needles=Arc::clone(needles)/></span>
                <Copy text=business.id.clone() what="business identifier"/>
            </td>
            <td data-label="Market">{business.market().map_or("Unknown", Market::name)}</td>
            <td data-label="Status">{status}</td>
            <td data-label="Sales units" class="numbers">{grouped(merchant.units)}</td>
            <td data-label="Created">{created}</td>
            <td data-label="Fetched">{fetched}</td>
        </tr>
    }
    .into_any()
}
