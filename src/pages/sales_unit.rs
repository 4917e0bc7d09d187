//! One sales unit: everything upstream gives, and what the portal knows beside it.

mod price_package;

use leptos::either::Either;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::details::{breadcrumb, identifier_fact, raw_answer, refresh_form, refresh_outcome};
use super::frame::{ActingFrame, Place};
use super::list::opened_from;
use super::merchant::merchant_facts;
use super::not_found::{Failed, NotFoundPage};
use super::{acting, loaded, parameter, query, sales_units};
use crate::components::{Ago, Copy, grouped};
use crate::domain::failure::Failure;
use crate::domain::freshness::absolute;
use crate::domain::identifiers::{BusinessIdentifier, Msn};
use crate::domain::merchant::Merchant;
use crate::domain::organisation::{OrgId, Role};
use crate::domain::sales_unit::SalesUnit;
use crate::domain::sales_unit_filter::{SalesUnitFacets, SalesUnitFilter};
use crate::paths;
use crate::server::acting::{Acting, SalesUnitView};

#[component]
pub fn SalesUnitPage() -> impl IntoView {
    let Some(acting) = acting() else { return Either::Left(NotFoundPage()) };
    let msn = use_params_map().read_untracked().get("msn").and_then(|msn| Msn::parse(&msn));
    let query = query();
    let list = opened_from::<SalesUnitFacets>(&query);
    let outcome = parameter(&query, "refresh");
    Either::Right(loaded(async move {
        let found = match msn {
            Some(msn) => acting.sales_unit(&msn).await,
            None => Err(Failure::NotFound),
        };
        let title = found.as_ref().map_or_else(|_| "Not found".to_owned(), |found| found.unit.shown_name());
        view! {
            <ActingFrame acting=acting.clone() place=Place::SalesUnits title>
                {breadcrumb(paths::sales_units_with(&acting.organisation().id, &list), sales_units::title(&acting))}
                {match found {
                    Ok(found) => Either::Left(details(&acting, found, &list, outcome.as_deref())),
                    Err(failure) => Either::Right(view! { <Failed failure/> }),
                }}
            </ActingFrame>
        }
    }))
}

fn details(acting: &Acting, found: SalesUnitView, list: &str, outcome: Option<&str>) -> impl IntoView + use<> {
    let SalesUnitView { unit, merchant, siblings, sibling_count, price_package } = found;
    let organisation = acting.organisation().id.clone();
    let head = head(acting, &unit, list);
    let facts = facts(&unit);
    let configuration = configuration(&unit);
    let merchant = merchant_card(acting, unit.business_identifier.as_ref(), merchant);
    let package = price_package.map(|package| price_package::card(acting, &unit, package, list));
    let siblings = siblings_card(&organisation, siblings, sibling_count, unit.business_identifier.as_ref());
    view! {
        {head}
        {refresh_outcome(acting.freshness(), outcome)}
        {gone_notice(&unit)}
        <div class="columns">
            <div>{facts}{configuration}</div>
            <div>{package}{merchant}{siblings}</div>
        </div>
        {raw_answer(unit.raw)}
    }
}

fn head(acting: &Acting, unit: &SalesUnit, list: &str) -> impl IntoView + use<> {
    let organisation = &acting.organisation().id;
    let changes = acting.is_partner() && acting.may(Role::Operator).is_ok();
    let change = changes.then(|| paths::sales_unit_change(organisation, &unit.msn));
    let msn = unit.msn.to_string();
    let age = match unit.details_at {
        Some(then) => view! { "Details fetched "<Ago then/> }.into_any(),
        None => view! { "Details not fetched yet" }.into_any(),
    };
    view! {
        <header class="page-head">
            <h1>{unit.shown_name()}</h1>
            <p class="numbers lead">"MSN "{msn.clone()}<Copy text=msn what="MSN"/></p>
            {change.map(|path| view! { <a class="button" href=path>"Change"</a> })}
            {refresh_form(age, paths::sales_unit_refresh(organisation, &unit.msn), list)}
        </header>
    }
}

fn gone_notice(unit: &SalesUnit) -> impl IntoView + use<> {
    let (gone, seen) = (unit.gone_at?, unit.last_seen_at);
    Some(view! {
        <p class="notice warning">
            {format!("Vipps MobilePay has not shown this sales unit since {}; it was last seen {}. ", absolute(gone), absolute(seen))}
            "It has been deactivated, or is no longer connected. What you see is the last that was known."
        </p>
    })
}

fn facts(unit: &SalesUnit) -> impl IntoView + use<> {
    view! {
        <section class="card">
            <h2>"Sales unit"</h2>
            <dl class="facts">
                <div><dt>"Name"</dt><dd>{unit.shown_name()}</dd></div>
                <div><dt>"MSN"</dt><dd class="numbers">{unit.msn.to_string()}<Copy text=unit.msn.to_string() what="MSN"/></dd></div>
                {identifier_fact(unit.business_identifier.as_ref())}
                <div><dt>"First seen"</dt><dd>{absolute(unit.first_seen_at)}</dd></div>
                <div><dt>"Last seen"</dt><dd><Ago then=unit.last_seen_at/></dd></div>
            </dl>
        </section>
    }
}

fn configuration(unit: &SalesUnit) -> impl IntoView + use<> {
    let known = unit.details_at.is_some();
    let capture = &unit.configuration.capture_type;
    let flags = unit.configuration.flags().map(|flag| {
        view! {
            <tr>
                <th scope="row">{flag.name}<small class="property">{flag.property}</small></th>
                <td>{sales_units::flag_badge(flag.value)}</td>
                <td>{flag.meaning}</td>
            </tr>
        }
    });
    view! {
        <section class="card">
            <h2>"Configuration"</h2>
            {(!known).then(|| view! { <p class="hint">"The details have not been fetched yet, so nothing is known of the configuration."</p> })}
            <table class="explained">
                <caption class="hidden">"Configuration of the sales unit"</caption>
                <thead><tr><th scope="col">"Property"</th><th scope="col">"Value"</th><th scope="col">"What it means"</th></tr></thead>
                <tbody>
                    <tr>
                        <th scope="row">"Capture type"<small class="property">"captureType"</small></th>
                        <td>{capture.label().to_owned()}</td>
                        <td>{capture.meaning()}</td>
                    </tr>
                    {flags.collect_view()}
                </tbody>
            </table>
            <p class="hint">"Unknown means that Vipps MobilePay leaves the property out; it does not mean no."</p>
        </section>
    }
}

fn merchant_card(
    acting: &Acting,
    identifier: Option<&BusinessIdentifier>,
    merchant: Option<(Merchant, time::OffsetDateTime)>,
) -> impl IntoView + use<> {
    let path = |business: &BusinessIdentifier| paths::merchant(&acting.organisation().id, business);
    let path = identifier.filter(|_| acting.is_partner()).map(path);
    let path = path.map(|path| view! { <p><a href=path>"All about the merchant"</a></p> });
    let Some((merchant, fetched)) = merchant else {
        let text = if identifier.is_some() {
            "The merchant has not been fetched yet."
        } else {
            "Which merchant owns the unit is not known yet."
        };
        return view! { <section class="card"><h2>"Merchant"</h2><p class="pending">{text}</p>{path}</section> }
            .into_any();
    };
    view! {
        <section class="card">
            <h2>"Merchant"</h2>
            {merchant_facts(&merchant)}
            {path}
            <p class="hint">"Fetched "<Ago then=fetched/></p>
        </section>
    }
    .into_any()
}

fn siblings_card(
    organisation: &OrgId,
    siblings: Vec<crate::domain::sales_unit::ListedSalesUnit>,
    count: usize,
    identifier: Option<&BusinessIdentifier>,
) -> impl IntoView + use<> {
    let more = count.saturating_sub(siblings.len());
    let all = identifier.filter(|_| more > 0).map(|identifier| {
        let filter = SalesUnitFilter { text: identifier.id.clone(), ..SalesUnitFilter::default() };
        let path = paths::sales_units_with(organisation, &filter.to_query());
        view! { <p><a href=path>{format!("All {} of the merchant", grouped(count + 1))}</a></p> }
    });
    let rows = siblings.into_iter().map(|unit| {
        let path = paths::sales_unit(organisation, &unit.msn);
        let msn = unit.msn.to_string();
        view! { <li><a href=path>{unit.name.unwrap_or_else(|| format!("Sales unit {msn}"))}</a><span class="numbers">{msn}</span></li> }
    });
    let rows = rows.collect_view();
    view! {
        <section class="card">
            <h2>"The merchant's other units"</h2>
            {if count == 0 {
                Either::Left(view! { <p class="pending">"None that you can see."</p> })
            } else {
                Either::Right(view! { <ul class="siblings">{rows}</ul> })
            }}
            {all}
        </section>
    }
}
