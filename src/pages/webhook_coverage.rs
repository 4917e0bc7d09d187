//! Coverage: which events reach anybody, for how many sales units, and what is wrong with the registrations.

use leptos::either::Either;
use leptos::prelude::*;

use super::frame::{ActingFrame, Place};
use super::freshness::FreshnessLine;
use super::not_found::{Failed, NotFoundPage};
use super::webhooks::scope_link;
use super::{acting, loaded, parameter, query};
use crate::components::{Ago, Badge, Icon, Tone, grouped};
use crate::domain::organisation::OrgId;
use crate::domain::webhook::coverage::{
    Coverage, Doubled, EventCoverage, NEAR_LIMIT, NearLimit, Shown, Uncovered, WebhookLine,
};
use crate::domain::webhook::{EVENTS, documented, limit_of};
use crate::domain::webhook_filter::{ScopeFacet, StateFacet, TransportFacet, WebhookFacets, WebhookFilter};
use crate::paths;
use crate::server::acting::Acting;
use crate::server::acting::webhooks::UNCOVERED_SHOWN;

#[component]
pub fn WebhookCoveragePage() -> impl IntoView {
    let Some(acting) = acting() else { return Either::Left(NotFoundPage()) };
    let without = parameter(&query(), "without");
    let list = paths::webhooks(&acting.organisation().id);
    Either::Right(loaded(async move {
        let found = async {
            let coverage = acting.webhook_coverage().await?;
            let is_known =
                |event: &str| documented(event).is_some() || coverage.events.iter().any(|known| known.event == event);
            let uncovered = match &without {
                Some(event) if is_known(event) && coverage.uncovered(&coverage.of(event)) > 0 => {
                    Some(acting.units_without_webhook(event).await?)
                }
                _ => None,
            };
            Ok((coverage, uncovered))
        };
        let found = found.await;
        view! {
            <ActingFrame acting=acting.clone() place=Place::Webhooks title="Webhook coverage">
                <nav aria-label="Breadcrumb" class="breadcrumb"><a href=list><Icon name="previous"/>"Webhooks"</a></nav>
                {match found {
                    Ok((coverage, uncovered)) => Either::Left(page(&acting, coverage, uncovered)),
                    Err(failure) => Either::Right(view! { <Failed failure/> }),
                }}
            </ActingFrame>
        }
    }))
}

fn page(acting: &Acting, coverage: Coverage, uncovered: Option<Uncovered>) -> impl IntoView + use<> {
    let organisation = &acting.organisation().id;
    let back = paths::webhook_coverage(organisation);
    let uncovered = uncovered.map(|uncovered| uncovered_card(organisation, &coverage, uncovered));
    let table = table(organisation, &coverage);
    let summary = summary(&coverage);
    let troubles = troubles(organisation, coverage);
    view! {
        <header class="page-head">
            <h1>"Webhook coverage"</h1>
            <FreshnessLine freshness=acting.webhook_freshness() refresh=paths::webhooks_refresh(organisation) back/>
        </header>
        <div id="results" class="coverage">
            {summary}
            {troubles}
            {uncovered}
            {table}
        </div>
    }
}

fn summary(coverage: &Coverage) -> impl IntoView + use<> {
    let waiting = coverage.units.saturating_sub(coverage.units_asked);
    let waiting = (waiting > 0).then(|| {
        let text = format!(
            "The webhooks of {} of {} sales units have not been fetched yet; they count as having none of their own.",
            grouped(waiting),
            grouped(coverage.units),
        );
        view! { <p class="notice">{text}</p> }
    });
    let text = format!(
        "{} sales units; {} of them have webhooks of their own. A webhook for all sales units reaches every one, now and to come.",
        grouped(coverage.units),
        grouped(coverage.units_with_own),
    );
    view! { <p class="lead">{text}</p>{waiting} }
}

fn table(organisation: &OrgId, coverage: &Coverage) -> impl IntoView + use<> {
    let mut groups: Vec<(&'static str, Vec<EventCoverage>)> = EVENTS
        .iter()
        .map(|family| (family.api, family.events.iter().map(|event| coverage.of(event.name)).collect()))
        .collect();
    let other: Vec<EventCoverage> =
        coverage.events.iter().filter(|event| documented(&event.event).is_none()).cloned().collect();
    if !other.is_empty() {
        groups.push(("Other", other));
    }
    let groups = groups.into_iter().map(|(api, events)| {
        let rows: Vec<AnyView> = events.into_iter().map(|event| row(organisation, coverage, event)).collect();
        view! { <tbody><tr class="group"><th scope="rowgroup" colspan="4">{api}</th></tr>{rows}</tbody> }
    });
    let groups: Vec<_> = groups.collect();
    view! {
        <table class="list" id="events">
            <caption class="hidden">"Webhooks by event"</caption>
            <thead>
                <tr>
                    <th scope="col">"Event"</th>
                    <th scope="col">"For all units"</th>
                    <th scope="col">"Units with their own"</th>
                    <th scope="col">"Units with none"</th>
                </tr>
            </thead>
            {groups}
        </table>
    }
}

fn row(organisation: &OrgId, coverage: &Coverage, event: EventCoverage) -> AnyView {
    let none = coverage.uncovered(&event);
    let facet = |scope: ScopeFacet| {
        let event = crate::domain::webhook_filter::EventFacet::from_word(&event.event)?;
        let facets = WebhookFacets {
            event: Some(event),
            scope: Some(scope),
            state: Some(StateFacet::Listed),
            ..WebhookFacets::default()
        };
        Some(paths::webhooks_with(organisation, &WebhookFilter::from(facets).to_query()))
    };
    let counted = |number: usize, path: Option<String>| match (number, path) {
        (0, _) => view! { <span class="nought">"0"</span> }.into_any(),
        (number, Some(path)) => view! { <a href=path>{grouped(number)}</a> }.into_any(),
        (number, None) => grouped(number).into_any(),
    };
    let all = counted(event.partner_wide, facet(ScopeFacet::All));
    let own = counted(event.units, facet(ScopeFacet::Unit));
    let without = paths::webhook_coverage_without(organisation, &event.event);
    let none = match none {
        0 if coverage.units > 0 => view! { <Badge tone=Tone::Good text="None"/> }.into_any(),
        none if none == coverage.units => {
            // Nothing at all is registered: that is said rather than counted.
            view! { <a href=without>{format!("All {}", grouped(none))}</a> }.into_any()
        }
        none => view! { <a href=without>{grouped(none)}</a> }.into_any(),
    };
    view! {
        <tr>
            <th scope="row"><span class="code">{event.event}</span></th>
            <td data-label="For all units" class="numbers">{all}</td>
            <td data-label="Units with their own" class="numbers">{own}</td>
            <td data-label="Units with none" class="numbers">{none}</td>
        </tr>
    }
    .into_any()
}

fn uncovered_card(organisation: &OrgId, coverage: &Coverage, uncovered: Uncovered) -> impl IntoView + use<> {
    let count = coverage.uncovered(&coverage.of(&uncovered.event));
    let title = format!("{} sales units without {}", grouped(count), uncovered.event);
    let more = (count > uncovered.units.len()).then(|| {
        view! { <p class="hint">{format!("The first {UNCOVERED_SHOWN} by name. A webhook for all sales units would reach every one.")}</p> }
    });
    let lines = uncovered.units.into_iter().map(|unit| {
        let path = paths::sales_unit(organisation, &unit.msn);
        let msn = unit.msn.to_string();
        view! { <li><a href=path>{unit.name.unwrap_or_else(|| format!("Sales unit {msn}"))}</a><span class="numbers">{msn}</span></li> }
    });
    let lines = lines.collect_view();
    let close = paths::webhook_coverage(organisation);
    view! {
        <section class="card" id="without">
            <h2>{title}</h2>
            <ul class="siblings in-columns">{lines}</ul>
            {more}
            <p><a href=close>"Close"</a></p>
        </section>
    }
}

/// What is wrong, each with the first ones; a sentence if nothing is.
fn troubles(organisation: &OrgId, coverage: Coverage) -> impl IntoView + use<> {
    let Coverage { doubles, plain_http, near_limit, vanished, .. } = coverage;
    if doubles.count + plain_http.count + near_limit.count + vanished.count == 0 {
        return view! {
            <p class="notice good">"No webhook is there twice, over plain http, near its limit, or has vanished in the last 30 days."</p>
        }
        .into_any();
    }
    let with = |facets: WebhookFacets| paths::webhooks_with(organisation, &WebhookFilter::from(facets).to_query());
    let all_plain = with(WebhookFacets {
        transport: Some(TransportFacet::Plain),
        state: Some(StateFacet::Listed),
        ..WebhookFacets::default()
    });
    let all_vanished = with(WebhookFacets { state: Some(StateFacet::VanishedLately), ..WebhookFacets::default() });
    let vanished = trouble(
        "vanished",
        "Vanished in the last 30 days",
        "Vipps MobilePay no longer shows them, and nobody deleted them here. It removes webhooks whose URL has not answered for two weeks.",
        vanished,
        Some(all_vanished),
        |line| webhook_line(organisation, line),
    );
    let plain = trouble(
        "plain-http",
        "Over plain http",
        "What is sent there can be read on its way.",
        plain_http,
        Some(all_plain),
        |line| webhook_line(organisation, line),
    );
    let near = trouble(
        "near-limit",
        "Near the limit",
        "An event can be registered 25 times for a sales unit, and 25 times for all of them.",
        near_limit,
        None,
        |line| near_line(organisation, line),
    );
    let doubles = trouble(
        "doubles",
        "There twice",
        "The same event comes to the same URL more than once.",
        doubles,
        None,
        |line| doubled_line(organisation, line),
    );
    view! { <div class="troubles">{vanished}{plain}{near}{doubles}</div> }.into_any()
}

fn trouble<T>(
    id: &'static str,
    title: &'static str,
    meaning: &'static str,
    shown: Shown<T>,
    all: Option<String>,
    line: impl Fn(T) -> AnyView,
) -> Option<AnyView> {
    if shown.count == 0 {
        return None;
    }
    let more = shown.count.saturating_sub(shown.first.len());
    let more = match (more, all) {
        (0, _) => None,
        (_, Some(path)) => Some(view! { <p><a href=path>{format!("All {}", grouped(shown.count))}</a></p> }.into_any()),
        (more, None) => Some(view! { <p class="hint">{format!("And {} more.", grouped(more))}</p> }.into_any()),
    };
    let open = shown.count <= 5;
    let lines: Vec<AnyView> = shown.first.into_iter().map(line).collect();
    Some(
        view! {
            <details class="card" id=id open=open>
                <summary><Badge tone=Tone::Warning text=grouped(shown.count)/><strong>{title}</strong></summary>
                <p class="hint">{meaning}</p>
                <ul class="trouble-list">{lines}</ul>
                {more}
            </details>
        }
        .into_any(),
    )
}

fn webhook_line(organisation: &OrgId, line: WebhookLine) -> AnyView {
    let path = paths::webhook(organisation, line.id);
    let gone = line.gone_at.map(|gone| view! { <small>", "<Ago then=gone/></small> });
    view! { <li><a class="url" href=path>{line.url}</a><span>{scope_link(organisation, line.unit.as_ref())}{gone}</span></li> }
        .into_any()
}

fn doubled_line(organisation: &OrgId, line: Doubled) -> AnyView {
    let filter = WebhookFilter { text: line.url.clone(), ..WebhookFilter::default() };
    let path = paths::webhooks_with(organisation, &filter.to_query());
    let how = if line.by_partner_wide { "by one for all sales units: " } else { "" };
    let events = format!("{how}{}", line.events.join(", "));
    view! {
        <li>
            <a class="url" href=path>{line.url}</a>
            <span>{scope_link(organisation, line.unit.as_ref())}</span>
            <small class="events-in-full">{events}</small>
        </li>
    }
    .into_any()
}

fn near_line(organisation: &OrgId, line: NearLimit) -> AnyView {
    let limit = limit_of(&line.event);
    let count = format!("{} of {limit}", line.count);
    let full = line.count >= limit.max(NEAR_LIMIT);
    let full = full.then(|| view! { " "<Badge tone=Tone::Bad text="Full"/> });
    view! { <li><span class="code">{line.event}</span><span>{scope_link(organisation, line.unit.as_ref())}</span><span class="numbers">{count}{full}</span></li> }
        .into_any()
}
