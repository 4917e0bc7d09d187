//! API quality: how the calls to upstream go, over time, by endpoint and by sales unit.

mod charts;
mod told;
mod units;

use leptos::either::Either;
use leptos::prelude::*;

use super::frame::{ActingFrame, Place};
use super::not_found::{Failed, NotFoundPage};
use super::{acting, loaded, query};
use crate::components::chart::milliseconds;
use crate::components::{Badge, Copy, Empty, Icon, Tone, grouped};
use crate::domain::api_quality::{ApiQualityQuery, EndpointCalls, Figures, Outcome, Span, Unit, percent};
use crate::domain::freshness::absolute;
use crate::domain::identifiers::Msn;
use crate::domain::organisation::OrgId;
use crate::paths;
use crate::server::acting::Acting;
use crate::server::acting::api_quality::ApiQuality;

#[component]
pub fn ApiQualityPage() -> impl IntoView {
    let Some(acting) = acting() else { return Either::Left(NotFoundPage()) };
    let query = ApiQualityQuery::from_query(&query());
    Either::Right(loaded(async move {
        let shown = match query.unit() {
            // What is no serial number names no sales unit: there is nothing to look for.
            Unit::NoSuch => Ok((None, None)),
            Unit::Any => acting.api_quality(&query, None).await.map(|found| (None, Some(found))),
            Unit::One(msn) => acting.api_quality(&query, Some(&msn)).await.map(|found| (Some(msn), Some(found))),
        };
        let title = "API quality";
        view! {
            <ActingFrame acting=acting.clone() place=Place::ApiQuality title>
                {match shown {
                    Ok((unit, found)) => Either::Left(page(&acting, &query, unit, found)),
                    Err(failure) => Either::Right(view! { <Failed failure/> }),
                }}
            </ActingFrame>
        }
    }))
}

fn page(
    acting: &Acting,
    query: &ApiQualityQuery,
    unit: Option<Msn>,
    found: Option<ApiQuality>,
) -> impl IntoView + use<> {
    let organisation = &acting.organisation().id;
    let of_one = !query.unit.is_empty();
    let back = of_one.then(|| {
        let all = paths::api_quality_with(organisation, &query.of_all().to_query());
        view! { <nav aria-label="Breadcrumb" class="breadcrumb"><a href=all><Icon name="previous"/>"All calls"</a></nav> }
    });
    let heading = match (&unit, &found) {
        (Some(msn), Some(ApiQuality { unit_name: Some(name), .. })) => format!("API quality of {name} ({msn})"),
        (Some(msn), _) => format!("API quality of sales unit {msn}"),
        _ => "API quality".to_owned(),
    };
    let lead = match (of_one, acting.is_partner()) {
        (true, _) => "The portal’s calls to Vipps MobilePay about this sales unit.",
        (false, true) => "How the portal’s calls to Vipps MobilePay go that are made with the keys of this partner.",
        (false, false) if acting.served_by().is_some() => {
            "How the calls to Vipps MobilePay go that the portal makes about your sales units."
        }
        (false, false) => "How the portal’s calls to Vipps MobilePay go that are made with your keys.",
    };
    let to_unit = unit.as_ref().filter(|_| found.as_ref().is_some_and(|found| found.unit_name.is_some())).map(|msn| {
        let path = paths::sales_unit(organisation, msn);
        view! { " "<a href=path>"The sales unit"</a> }
    });
    view! {
        {back}
        <header class="page-head">
            <h1>{heading}</h1>
            <p class="lead">{lead}{to_unit}</p>
        </header>
        {spans(organisation, query)}
        <div id="results" class="quality">
            {match found {
                None => no_such_unit(organisation, query).into_any(),
                Some(found) => calls(acting, query, found).into_any(),
            }}
        </div>
    }
}

/// Links to the times, and a field for the number of one sales unit.
fn spans(organisation: &OrgId, query: &ApiQualityQuery) -> impl IntoView + use<> {
    let links = Span::ALL.map(|span| {
        let path = paths::api_quality_with(organisation, &query.with_span(span).to_query());
        let current = (span == query.span).then_some("true");
        view! { <li><a class="chip" href=path aria-current=current>{span.label()}</a></li> }
    });
    let links = links.collect_view();
    let span = (query.span != Span::default()).then(|| {
        view! { <input type="hidden" name="span" value=query.span.word()/> }
    });
    view! {
        <div class="quality-choice">
            <div class="chip-line"><span>"Time"</span><ul class="chips" aria-label="Time">{links}</ul></div>
            <form class="filter" method="get" action=paths::api_quality(organisation) role="search" aria-label="One sales unit">
                {span}
                <label class="search">
                    <span>"Only one sales unit"</span>
                    <input type="search" name="msn" value=query.unit.clone() inputmode="numeric" autocomplete="off" placeholder="MSN" maxlength="40" data-focus-key="/"/>
                </label>
                <button type="submit">"Show"</button>
            </form>
        </div>
    }
}

fn no_such_unit(organisation: &OrgId, query: &ApiQualityQuery) -> impl IntoView + use<> {
    let all = paths::api_quality_with(organisation, &query.of_all().to_query());
    view! {
        <Empty title="That is no MSN">
            <p>"A merchant serial number is written in digits only."</p>
            <p><a class="button" href=all>"Show all calls"</a></p>
        </Empty>
    }
}

fn calls(acting: &Acting, query: &ApiQualityQuery, found: ApiQuality) -> impl IntoView + use<> {
    let organisation = acting.organisation().id.clone();
    let told = told::section(&organisation, query, found.told);
    if found.total.requests() == 0 {
        let text = if query.unit.is_empty() {
            "The portal has not called Vipps MobilePay in this time. What it calls is counted within seconds."
        } else {
            "The portal has called nothing about such a sales unit in this time."
        };
        let all = (!query.unit.is_empty()).then(|| {
            let path = paths::api_quality_with(&organisation, &query.of_all().to_query());
            view! { <p><a class="button" href=path>"Show all calls"</a></p> }
        });
        return view! { <Empty title="No calls"><p>{text}</p>{all}</Empty>{told} }.into_any();
    }
    let since = format!(
        "Since {}. Everything in UTC. A success is a 2xx or 3xx; refusals that the portal provokes to learn whether Vipps MobilePay has something are counted as expected, not as failures.",
        absolute(found.begins_at)
    );
    let summary = summary(&found.total);
    let charts = charts::charts(query.span, &found.steps);
    let endpoints = endpoints(found.endpoints);
    // A merchant with keys for one sales unit has nothing to compare.
    let units = found.units.filter(|units| acting.is_partner() || units.count > 1);
    let units = units.map(|units| units::section(&organisation, query, units));
    view! {
        {summary}
        <p class="hint">{since}</p>
        {charts}
        {endpoints}
        {units}
        {told}
    }
    .into_any()
}

/// The figures of all calls in one line.
fn summary(total: &Figures) -> impl IntoView + use<> {
    let (requests, failed) = (total.requests(), total.failed());
    let figures = [
        (count(requests), "calls"),
        (percent(requests - failed, requests), "did not fail"),
        (count(failed), "failed"),
        (within(total, 0.5), "half of them took at most"),
        (within(total, 0.95), "95 of 100 took at most"),
    ];
    let figures = figures.map(|(figure, what)| {
        view! { <li class="figure"><strong>{figure}</strong><span>{what}</span></li> }
    });
    view! { <ul class="figures">{figures.collect_view()}</ul> }
}

fn endpoints(endpoints: Vec<EndpointCalls>) -> impl IntoView {
    let rows: Vec<AnyView> = endpoints.into_iter().map(|calls| row(&calls)).collect();
    view! {
        <section aria-labelledby="endpoints-title">
            <h2 id="endpoints-title">"By endpoint"</h2>
            <table class="list" id="endpoints">
                <caption class="hidden">"Calls by endpoint, the most used first"</caption>
                <thead>
                    <tr>
                        <th scope="col">"Endpoint"</th>
                        <th scope="col">"Calls"</th>
                        <th scope="col">"Did not fail"</th>
                        <th scope="col">"Answers"</th>
                        <th scope="col">"p50"</th>
                        <th scope="col">"p95"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </section>
    }
}

fn row(calls: &EndpointCalls) -> AnyView {
    let figures = &calls.figures;
    let (requests, failed) = (figures.requests(), figures.failed());
    let answers = figures.outcomes().map(|(outcome, number)| answer(outcome, number)).collect_view();
    view! {
        <tr>
            <th scope="row"><span class="code">{calls.endpoint.clone()}</span></th>
            <td data-label="Calls" class="numbers">{count(requests)}</td>
            <td data-label="Did not fail"><span class="numbers">{percent(requests - failed, requests)}</span></td>
            <td data-label="Answers"><ul class="answers">{answers}</ul></td>
            <td data-label="p50" class="numbers">{within(figures, 0.5)}</td>
            <td data-label="p95" class="numbers">{within(figures, 0.95)}</td>
        </tr>
    }
    .into_any()
}

fn answer(outcome: Outcome, number: u64) -> impl IntoView {
    let text = format!("{} × {}", count(number), outcome.label());
    let tone = if outcome.is_failure() { Tone::Bad } else { Tone::Good };
    view! { <li><Badge tone text/></li> }
}

/// A link to a sales unit's calls, with its number to copy.
fn unit_cell(organisation: &OrgId, query: &ApiQualityQuery, msn: &Msn, name: Option<String>) -> AnyView {
    let path = paths::api_quality_with(organisation, &query.of_unit(msn).to_query());
    let msn = msn.to_string();
    let name = name.unwrap_or_else(|| format!("Sales unit {msn}"));
    view! {
        <th scope="row"><a href=path>{name}</a></th>
        <td data-label="MSN" class="numbers">{msn.clone()}<Copy text=msn what="MSN"/></td>
    }
    .into_any()
}

fn count(number: u64) -> String {
    grouped(usize::try_from(number).unwrap_or(usize::MAX))
}

fn within(figures: &Figures, share: f64) -> String {
    figures.latency.within(share).map_or_else(|| "–".to_owned(), |time| milliseconds(time.into()))
}
