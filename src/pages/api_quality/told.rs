//! What Vipps MobilePay itself tells of calls, where it does.

use leptos::prelude::*;
use time::OffsetDateTime;

use super::{count, unit_cell};
use crate::components::{Ago, Badge, Tone, grouped};
use crate::domain::api_quality::{ApiQualityQuery, ToldEndpoint, ToldUnit, percent};
use crate::domain::organisation::OrgId;
use crate::server::acting::api_quality::Told;

pub fn section(organisation: &OrgId, query: &ApiQualityQuery, told: Told) -> impl IntoView + use<> {
    let shown = match told {
        Told::NotAsked => return None,
        Told::NotKnown => view! { <p class="pending">"Whether Vipps MobilePay tells figures of its own has not been found out yet."</p> }.into_any(),
        Told::NotOffered => view! {
            <p class="pending">"Vipps MobilePay does not tell its figures to programs here: what merchants call by themselves is only on their own dashboards."</p>
        }
        .into_any(),
        Told::Unit(None) => view! { <p class="pending">"Vipps MobilePay has told nothing of this sales unit yet. It is asked once a day."</p> }.into_any(),
        Told::Unit(Some((endpoints, told_at))) => of_unit(endpoints, told_at).into_any(),
        Told::Units { worst, failing } => of_units(organisation, query, worst, failing).into_any(),
    };
    Some(view! {
        <section class="told" aria-labelledby="told-title">
            <h2 id="told-title">"As Vipps MobilePay counts"</h2>
            {shown}
        </section>
    })
}

fn of_units(
    organisation: &OrgId,
    query: &ApiQualityQuery,
    worst: Vec<ToldUnit>,
    failing: usize,
) -> impl IntoView + use<> {
    if worst.is_empty() {
        return view! { <p>"Of no sales unit has Vipps MobilePay told that calls fail."</p> }.into_any();
    }
    let summary = match failing {
        1 => "Of one sales unit Vipps MobilePay tells that calls fail.".to_owned(),
        failing if failing > worst.len() => format!(
            "Of {} sales units Vipps MobilePay tells that calls fail. These are the {} with the largest share.",
            grouped(failing),
            worst.len()
        ),
        failing => format!("Of {} sales units Vipps MobilePay tells that calls fail.", grouped(failing)),
    };
    let rows = worst.into_iter().map(|unit| {
        view! {
            <tr>
                {unit_cell(organisation, query, &unit.msn, unit.name)}
                <td data-label="Calls" class="numbers">{count(unit.requests)}</td>
                <td data-label="Failed" class="numbers">{count(unit.failed)}</td>
                <td data-label="Share failed"><Badge tone=Tone::Bad text=percent(unit.failed, unit.requests)/></td>
            </tr>
        }
        .into_any()
    });
    let rows: Vec<AnyView> = rows.collect();
    view! {
        <p class="summary">{summary}" These are all calls, whoever makes them; what time they cover it does not say."</p>
        <table class="list" id="told">
            <caption class="hidden">"Sales units by the share of failing calls that Vipps MobilePay tells"</caption>
            <thead>
                <tr>
                    <th scope="col">"Name"</th>
                    <th scope="col">"MSN"</th>
                    <th scope="col">"Calls"</th>
                    <th scope="col">"Failed"</th>
                    <th scope="col">"Share failed"</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}

fn of_unit(endpoints: Vec<ToldEndpoint>, told_at: OffsetDateTime) -> impl IntoView {
    if endpoints.is_empty() {
        return view! { <p>"Vipps MobilePay knows of no calls about this sales unit. It was asked "<Ago then=told_at/>"."</p> }.into_any();
    }
    let rows = endpoints.into_iter().map(|told| {
        let answers = told.statuses.iter().filter(|(_, number)| *number > 0).map(|(status, number)| {
            let tone = if *status >= 400 { Tone::Bad } else { Tone::Good };
            view! { <li><Badge tone text=format!("{} × {status}", count(*number))/></li> }
        });
        let answers = answers.collect_view();
        let rate = told.success_rate.map_or_else(|| "Not told".to_owned(), |rate| percent(rate.into(), 10_000));
        view! {
            <tr>
                <th scope="row"><span class="code">{told.endpoint}</span></th>
                <td data-label="Calls" class="numbers">{count(told.requests)}</td>
                <td data-label="Success" class="numbers">{rate}</td>
                <td data-label="Answers"><ul class="answers">{answers}</ul></td>
            </tr>
        }
        .into_any()
    });
    let rows: Vec<AnyView> = rows.collect();
    view! {
        <p class="summary">"All calls about this sales unit, whoever makes them; what time they cover it does not say. Told "<Ago then=told_at/>"."</p>
        <table class="list" id="told">
            <caption class="hidden">"Endpoints, as Vipps MobilePay counts"</caption>
            <thead>
                <tr>
                    <th scope="col">"Endpoint"</th>
                    <th scope="col">"Calls"</th>
                    <th scope="col">"Success"</th>
                    <th scope="col">"Answers"</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}
