//! The list of sales units: one box to find them, facets, order, pages.

use std::sync::Arc;

use leptos::either::Either;
use leptos::prelude::*;

use super::frame::{ActingFrame, Place};
use super::freshness::FreshnessLine;
use super::not_found::{Failed, NotFoundPage};
use super::{acting, loaded, query};
use crate::components::{Badge, Choice, Copy, Empty, Icon, Marked, Tone, grouped};
use crate::domain::freshness::{CopyState, absolute};
use crate::domain::organisation::{OrgId, OrganisationKind};
use crate::domain::page::{Page, Position};
use crate::domain::sales_unit::{Flag, SalesUnitRow};
use crate::domain::sales_unit_filter::{
    CaptureFacet, FLAGS, MarketFacet, SalesUnitFilter, SalesUnitQuery, Sort, StateFacet, TEXT_LIMIT, flag_word,
};
use crate::domain::search_text::needles;
use crate::islands::live_filter::LiveFilter;
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
        OrganisationKind::Merchant => "My sales units",
    }
}

fn list(acting: &Acting, query: &SalesUnitQuery, page: Page<SalesUnitRow>) -> impl IntoView + use<> {
    let organisation = acting.organisation().id.clone();
    let back = paths::sales_units_with(&organisation, &query.to_query());
    let form = filter_form(&organisation, &query.filter);
    let results = results(acting, query, page);
    view! {
        <header class="page-head">
            <h1>{title(acting)}</h1>
            <FreshnessLine freshness=acting.freshness() refresh=paths::sales_units_refresh(&organisation) back/>
        </header>
        <LiveFilter>{form}</LiveFilter>
        <section id="results" aria-label="Sales units">{results}</section>
    }
}

fn filter_form(organisation: &OrgId, filter: &SalesUnitFilter) -> impl IntoView + use<> {
    let flag_options = || {
        [Flag::Yes, Flag::No, Flag::Unknown].map(|flag| (flag_word(flag).to_owned(), capital(flag_word(flag)))).to_vec()
    };
    let flags: Vec<_> = FLAGS
        .iter()
        .zip(filter.flags)
        .map(|((name, label), flag)| {
            view! { <Choice name=*name label=*label options=flag_options() chosen=flag.map(|flag| flag_word(flag).to_owned())/> }
        })
        .collect();
    let more = SalesUnitFilter { text: String::new(), sort: Sort::default(), descending: false, ..filter.clone() };
    let sort = filter.chosen().into_iter().find(|(key, _)| *key == "sort").map(|(_, value)| value);
    view! {
        <form id="filter" class="filter" method="get" action=paths::sales_units(organisation) role="search" aria-label="Sales units">
            <label class="search">
                <span class="hidden">"Name, MSN, merchant or business identifier"</span>
                <input type="search" name="q" value=filter.text.clone() maxlength=TEXT_LIMIT autocomplete="off"
                    placeholder="Name, MSN, merchant or business identifier"
                    spellcheck="false" enterkeyhint="search" data-focus-key="/"/>
            </label>
            <button type="submit">"Find"</button>
            <details class="facets" open=more.is_narrow()>
                <summary><Icon name="filter"/>"Filters"</summary>
                <div class="facet-grid">
                    <Choice name="capture" label="Capture type" chosen=filter.capture.map(|facet| facet.word().to_owned())
                        options=CaptureFacet::ALL.iter().map(|facet| (facet.word().to_owned(), facet.label().to_owned())).collect()/>
                    <Choice name="market" label="Market" chosen=filter.market.map(|facet| facet.word().to_owned())
                        options=MarketFacet::ALL.iter().map(|facet| (facet.word().to_owned(), facet.label().to_owned())).collect()/>
                    <Choice name="state" label="State" chosen=filter.state.map(|facet| facet.word().to_owned())
                        options=StateFacet::ALL.iter().map(|facet| (facet.word().to_owned(), facet.label().to_owned())).collect()/>
                    {flags}
                </div>
            </details>
            {sort.map(|sort| view! { <input type="hidden" name="sort" value=sort/> })}
        </form>
    }
}

fn results(acting: &Acting, query: &SalesUnitQuery, page: Page<SalesUnitRow>) -> impl IntoView + use<> {
    let organisation = acting.organisation().id.clone();
    let filter = &query.filter;
    let ignored = (!query.ignored.is_empty())
        .then(|| format!("Left out, because its value means nothing here: {}.", query.ignored.join(", ")));
    let chips = filter.chips().into_iter().map(|(label, without)| {
        let path = paths::sales_units_with(&organisation, &without.to_query());
        view! { <li><a class="chip" href=path title="Take this filter away">{label}<Icon name="cross"/></a></li> }
    });
    let chips = chips.collect_view();
    view! {
        <div class="summary-line">
            <p class="summary" role="status">{summary(filter, &page)}</p>
            <ul class="chips" aria-label="Filters">{chips}</ul>
        </div>
        {ignored.map(|ignored| view! { <p class="notice">{ignored}</p> })}
        {if page.rows.is_empty() {
            Either::Left(empty(acting, query, &page))
        } else {
            let pager = pager(&organisation, filter, &page);
            Either::Right(view! { {table(&organisation, query, page.rows)} {pager} })
        }}
    }
}

fn summary(filter: &SalesUnitFilter, page: &Page<SalesUnitRow>) -> String {
    let units = |count: usize| format!("{} sales unit{}", grouped(count), if count == 1 { "" } else { "s" });
    if filter.is_narrow() {
        format!("{} of {} match", grouped(page.matching), units(page.total))
    } else {
        units(page.total)
    }
}

fn table(organisation: &OrgId, query: &SalesUnitQuery, rows: Vec<SalesUnitRow>) -> impl IntoView + use<> {
    let filter = &query.filter;
    let needles: Arc<[String]> = needles(&filter.text).into();
    let list = query.to_query();
    let heading = |sort: Sort| {
        let direction = (filter.sort == sort).then_some(if filter.descending { "descending" } else { "ascending" });
        let path = paths::sales_units_with(organisation, &filter.sorted_by(sort).to_query());
        view! { <th scope="col" aria-sort=direction><a href=path>{sort.label()}<Icon name="sort"/></a></th> }
    };
    let rows: Vec<_> = rows.into_iter().map(|unit| row(organisation, unit, &needles, &list)).collect();
    view! {
        <table class="list">
            <caption class="hidden">"Sales units"</caption>
            <thead>
                <tr>
                    {heading(Sort::Name)}
                    {heading(Sort::Msn)}
                    {heading(Sort::Merchant)}
                    <th scope="col">"Business identifier"</th>
                    <th scope="col">"Capture"</th>
                    <th scope="col">"Recurring"</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
}

fn row(organisation: &OrgId, unit: SalesUnitRow, needles: &Arc<[String]>, list: &str) -> impl IntoView + use<> {
    let path = paths::sales_unit_from(organisation, &unit.msn, list);
    let msn = unit.msn.to_string();
    let name = unit.name.unwrap_or_else(|| format!("Sales unit {msn}"));
    let known = unit.details_at.is_some();
    let gone = unit.gone_at.map(|gone| {
        view! {
            <span title=format!("Since {}", absolute(gone))><Badge tone=Tone::Warning text="No longer visible"/></span>
        }
    });
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
    let capture = if known { unit.capture_type.label().to_owned().into_any() } else { pending(false).into_any() };
    let recurring = if known { flag_badge(unit.recurring_allowed).into_any() } else { pending(false).into_any() };
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
}

/// A flag as a word with a tone of its own.
pub fn flag_badge(flag: Flag) -> impl IntoView {
    let tone = match flag {
        Flag::Yes => Tone::Good,
        Flag::No => Tone::Bad,
        Flag::Unknown => Tone::Quiet,
    };
    view! { <Badge tone text=capital(flag_word(flag))/> }
}

/// In place of what is not known: not yet, or not told.
fn pending(known: bool) -> impl IntoView {
    let (text, title) =
        if known { ("Unknown", "Upstream has not told") } else { ("Not fetched yet", "It has not been fetched yet") };
    view! { <span class="pending" title=title>{text}</span> }
}

fn empty(acting: &Acting, query: &SalesUnitQuery, page: &Page<SalesUnitRow>) -> impl IntoView + use<> {
    let organisation = &acting.organisation().id;
    let all = paths::sales_units(organisation);
    if page.matching > 0 {
        let first = paths::sales_units_with(organisation, &query.filter.to_query());
        return view! {
            <Empty title="Nothing on this page">
                <p>"The list has changed since this address was made."</p>
                <p><a class="button" href=first>"To the first page"</a></p>
            </Empty>
        }
        .into_any();
    }
    if page.total > 0 {
        let waiting = page.total.min(acting.details_outstanding());
        return view! {
            <Empty title="No match">
                <p>"No sales unit has all of this in its name, MSN, merchant name or business identifier."</p>
                {(waiting > 0).then(|| view! {
                    <p>{format!("Details of {} units have not been fetched yet; those can be found by name and MSN only.", grouped(waiting))}</p>
                })}
                <p><a class="button" href=all>"Show all sales units"</a></p>
            </Empty>
        }
        .into_any();
    }
    let (title, text) = match acting.freshness().state {
        CopyState::NoKeys => ("No keys", "Nobody has given the portal keys for this organisation yet."),
        CopyState::Failing { .. } => {
            ("Nothing fetched yet", "Vipps MobilePay has not answered so far. The portal keeps trying.")
        }
        CopyState::Waiting | CopyState::Fetching { .. } => {
            ("Not synced yet", "The list is being fetched. It appears here in a moment.")
        }
        CopyState::Complete | CopyState::Held { .. } => {
            ("No sales units", "Vipps MobilePay shows no sales units for this organisation.")
        }
    };
    view! { <Empty title><p>{text}</p></Empty> }.into_any()
}

fn pager(organisation: &OrgId, filter: &SalesUnitFilter, page: &Page<SalesUnitRow>) -> impl IntoView + use<> {
    let to = |position: Position| {
        let query = SalesUnitQuery { filter: filter.clone(), position, ignored: Vec::new() };
        paths::sales_units_with(organisation, &query.to_query())
    };
    let link = |label: &'static str, icon: &'static str, rel: Option<&'static str>, path: Option<String>| match path {
        Some(path) => view! { <a href=path rel=rel aria-label=label title=label><Icon name=icon/></a> }.into_any(),
        None => view! { <span class="off"><Icon name=icon/></span> }.into_any(),
    };
    let first = link("First page", "first", None, page.before.is_some().then(|| to(Position::First)));
    let previous =
        link("Previous page", "previous", Some("prev"), page.before.clone().map(|cursor| to(Position::Before(cursor))));
    let next = link("Next page", "next", Some("next"), page.after.clone().map(|cursor| to(Position::After(cursor))));
    let last = link("Last page", "last", None, page.after.is_some().then(|| to(Position::Last)));
    let range = format!(
        "{}–{} of {}",
        grouped(page.skipped + 1),
        grouped(page.skipped + page.rows.len()),
        grouped(page.matching),
    );
    view! {
        <nav class="pager" aria-label="Pages">
            {first}{previous}
            <span class="range">{range}</span>
            {next}{last}
        </nav>
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
