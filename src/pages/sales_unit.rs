//! One sales unit: everything upstream gives, and what the portal knows beside it.

mod price_package;

use leptos::either::Either;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::frame::{ActingFrame, Place};
use super::list::opened_from;
use super::not_found::{Failed, NotFoundPage};
use super::{acting, loaded, parameter, query, sales_units};
use crate::components::{Ago, Badge, Copy, Icon, Tone, grouped};
use crate::domain::failure::Failure;
use crate::domain::freshness::{CopyState, absolute, failing};
use crate::domain::identifiers::{BusinessIdentifier, CheckDigit, Market, Msn};
use crate::domain::merchant::Merchant;
use crate::domain::organisation::OrgId;
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
        let title = found.as_ref().map_or_else(|_| "Not found".to_owned(), |found| name(&found.unit));
        view! {
            <ActingFrame acting=acting.clone() place=Place::SalesUnits title>
                {breadcrumb(&acting, &list)}
                {match found {
                    Ok(found) => Either::Left(details(&acting, found, &list, outcome.as_deref())),
                    Err(failure) => Either::Right(view! { <Failed failure/> }),
                }}
            </ActingFrame>
        }
    }))
}

fn breadcrumb(acting: &Acting, list: &str) -> impl IntoView + use<> {
    let path = paths::sales_units_with(&acting.organisation().id, list);
    let label = sales_units::title(acting);
    view! { <nav aria-label="Breadcrumb" class="breadcrumb"><a href=path data-back=""><Icon name="previous"/>{label}</a></nav> }
}

fn details(acting: &Acting, found: SalesUnitView, list: &str, outcome: Option<&str>) -> impl IntoView + use<> {
    let SalesUnitView { unit, merchant, siblings, sibling_count, price_package } = found;
    let organisation = acting.organisation().id.clone();
    let head = head(&organisation, &unit, list);
    let facts = facts(&unit);
    let configuration = configuration(&unit);
    let merchant = merchant_card(unit.business_identifier.as_ref(), merchant);
    let package = price_package.map(|package| price_package::card(acting, &unit, package, list));
    let siblings = siblings_card(&organisation, siblings, sibling_count, unit.business_identifier.as_ref());
    view! {
        {head}
        {refresh_outcome(acting, outcome)}
        {gone_notice(&unit)}
        <div class="columns">
            <div>{facts}{configuration}</div>
            <div>{package}{merchant}{siblings}</div>
        </div>
        {unit.raw.map(|raw| view! {
            <details class="raw card">
                <summary>"Upstream's answer as JSON"</summary>
                <Copy text=raw.clone() what="JSON"/>
                <pre tabindex="0" role="region" aria-label="Upstream's answer as JSON">{raw}</pre>
            </details>
        })}
    }
}

fn head(organisation: &OrgId, unit: &SalesUnit, list: &str) -> impl IntoView + use<> {
    let msn = unit.msn.to_string();
    let age = match unit.details_at {
        Some(then) => view! { "Details fetched "<Ago then/> }.into_any(),
        None => view! { "Details not fetched yet" }.into_any(),
    };
    view! {
        <header class="page-head">
            <h1>{name(unit)}</h1>
            <p class="numbers lead">"MSN "{msn.clone()}<Copy text=msn what="MSN"/></p>
            <div class="freshness">
                <span class="age">{age}</span>
                <form action=paths::sales_unit_refresh(organisation, &unit.msn) method="post">
                    <input type="hidden" name="list" value=list.to_owned()/>
                    <button type="submit" class="quiet"><Icon name="refresh"/>"Refresh"</button>
                </form>
            </div>
        </header>
    }
}

/// What came of pressing Refresh. The words in the address are ours; others say nothing.
fn refresh_outcome(acting: &Acting, outcome: Option<&str>) -> impl IntoView + use<> {
    let fault = match outcome {
        Some("done") => {
            return Some(
                view! { <p class="notice good" role="status">"Fetched from Vipps MobilePay just now."</p> }.into_any(),
            );
        }
        Some("silent") => Failure::UpstreamSilent,
        Some("refused") => Failure::KeysRefused,
        Some("no-keys") => Failure::NoKeys,
        _ => match acting.freshness().state {
            CopyState::Failing { since, reason } => {
                let text = failing(since, &reason, true);
                return Some(view! { <p class="notice warning">{text}</p> }.into_any());
            }
            _ => return None,
        },
    };
    Some(view! { <p class="notice bad" role="alert">{fault.to_string()}</p> }.into_any())
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
    let identifier = unit.business_identifier.clone();
    view! {
        <section class="card">
            <h2>"Sales unit"</h2>
            <dl class="facts">
                <div><dt>"Name"</dt><dd>{name(unit)}</dd></div>
                <div><dt>"MSN"</dt><dd class="numbers">{unit.msn.to_string()}<Copy text=unit.msn.to_string() what="MSN"/></dd></div>
                <div><dt>{identifier_name(identifier.as_ref())}</dt><dd>{identifier_value(identifier)}</dd></div>
                <div><dt>"First seen"</dt><dd>{absolute(unit.first_seen_at)}</dd></div>
                <div><dt>"Last seen"</dt><dd><Ago then=unit.last_seen_at/></dd></div>
            </dl>
        </section>
    }
}

fn identifier_name(identifier: Option<&BusinessIdentifier>) -> &'static str {
    identifier.and_then(BusinessIdentifier::market).map_or("Business identifier", Market::identifier_name)
}

fn identifier_value(identifier: Option<BusinessIdentifier>) -> impl IntoView {
    let Some(identifier) = identifier else { return view! { <span class="pending">"Unknown"</span> }.into_any() };
    let wrong = identifier.check_digit() == CheckDigit::Wrong;
    let scheme = identifier.scheme.clone();
    view! {
        <span class="numbers">{identifier.grouped()}</span>
        <Copy text=identifier.id.clone() what="business identifier"/>
        {wrong.then(|| view! { <Badge tone=Tone::Warning text="Check digit is wrong"/> })}
        <small class="scheme">{scheme}</small>
    }
    .into_any()
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
    identifier: Option<&BusinessIdentifier>,
    merchant: Option<(Merchant, time::OffsetDateTime)>,
) -> impl IntoView + use<> {
    let Some((merchant, fetched)) = merchant else {
        let text = if identifier.is_some() {
            "The merchant has not been fetched yet."
        } else {
            "Which merchant owns the unit is not known yet."
        };
        return view! { <section class="card"><h2>"Merchant"</h2><p class="pending">{text}</p></section> }.into_any();
    };
    let (tone, status) = match merchant.status.as_deref() {
        Some("ACTIVE") => (Tone::Good, "Active".to_owned()),
        Some("DEACTIVATED") => (Tone::Bad, "Deactivated".to_owned()),
        Some(other) => (Tone::Quiet, other.to_owned()),
        None => (Tone::Quiet, "Unknown".to_owned()),
    };
    let address = |title: &'static str, address: Option<crate::domain::merchant::Address>| {
        let lines = address.map(|address| address.envelope()).filter(|lines| !lines.is_empty())?;
        let copied = lines.join("\n");
        let lines = lines.into_iter().map(|line| view! { <span class="line">{line}</span> });
        Some(view! { <div><dt>{title}</dt><dd>{lines.collect_view()}<Copy text=copied what="address"/></dd></div> })
    };
    let date = |title: &'static str, date: Option<time::OffsetDateTime>| {
        date.map(|date| view! { <div><dt>{title}</dt><dd>{absolute(date)}</dd></div> })
    };
    let identifier = merchant.business_identifier.clone();
    view! {
        <section class="card">
            <h2>"Merchant"</h2>
            <dl class="facts">
                <div><dt>"Name"</dt><dd>{merchant.name.clone()}<Copy text=merchant.name what="merchant name"/></dd></div>
                <div><dt>"Status"</dt><dd><Badge tone text=status/></dd></div>
                <div><dt>{identifier_name(Some(&identifier))}</dt><dd>{identifier_value(Some(identifier.clone()))}</dd></div>
                {merchant.country_code.map(|country| view! { <div><dt>"Country"</dt><dd>{country}</dd></div> })}
                {address("Business address", merchant.business_address)}
                {address("Postal address", merchant.post_address)}
                {date("Created", merchant.created_at)}
                {date("Changed", merchant.updated_at)}
            </dl>
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

fn name(unit: &SalesUnit) -> String {
    unit.name.clone().unwrap_or_else(|| format!("Sales unit {}", unit.msn))
}
