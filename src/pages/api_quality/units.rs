//! The sales units that anything was called about, the worst first.

use leptos::prelude::*;

use super::{count, unit_cell};
use crate::components::{Badge, Icon, Tone, grouped};
use crate::domain::api_quality::{ApiQualityQuery, UnitPage, percent};
use crate::domain::organisation::OrgId;
use crate::paths;

pub fn section(organisation: &OrgId, query: &ApiQualityQuery, page: UnitPage) -> impl IntoView + use<> {
    let summary = match (page.count, page.failing) {
        (0, _) => "Nothing was called about a single sales unit.".to_owned(),
        (1, 0) => "Calls about one sales unit; none of them failed.".to_owned(),
        (1, _) => "Calls about one sales unit, some of which failed.".to_owned(),
        (all, 0) => format!("Calls about {} sales units; none of them failed.", grouped(all)),
        (all, failing) => format!(
            "Calls about {} sales units; calls about {} of them failed. The largest share of failures comes first.",
            grouped(all),
            grouped(failing)
        ),
    };
    let shown = !page.units.is_empty();
    let rows = page.units.into_iter().map(|unit| {
        let share = percent(unit.failed, unit.requests);
        let share = match unit.failed {
            0 => view! { <span class="nought">{share}</span> }.into_any(),
            _ => view! { <Badge tone=Tone::Bad text=share/> }.into_any(),
        };
        view! {
            <tr>
                {unit_cell(organisation, query, &unit.msn, unit.name)}
                <td data-label="Calls" class="numbers">{count(unit.requests)}</td>
                <td data-label="Failed" class="numbers">{count(unit.failed)}</td>
                <td data-label="Share failed">{share}</td>
            </tr>
        }
        .into_any()
    });
    let rows: Vec<AnyView> = rows.collect();
    let table = shown.then(|| {
        view! {
            <table class="list" id="units">
                <caption class="hidden">"Sales units by their share of failing calls"</caption>
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
    });
    let at = |after| {
        let query = ApiQualityQuery { after, ..query.clone() };
        format!("{}#units-title", paths::api_quality_with(organisation, &query.to_query()))
    };
    let first = page.is_continued.then(|| view! { <a class="button" href=at(None)><Icon name="first"/>"First"</a> });
    let next = page
        .next
        .map(|place| view! { <a class="button" href=at(Some(place)) rel="next">"Next"<Icon name="next"/></a> });
    let pager = (first.is_some() || next.is_some())
        .then(|| view! { <nav class="actions" aria-label="Pages of sales units">{first}{next}</nav> });
    view! {
        <section aria-labelledby="units-title">
            <h2 id="units-title">"By sales unit"</h2>
            <p class="summary" role="status">{summary}</p>
            {table}
            {pager}
        </section>
    }
}
