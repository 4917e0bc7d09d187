//! The calls over time: how many there were and failed, and how long they took.

use leptos::prelude::*;
use time::{OffsetDateTime, format_description::BorrowedFormatItem, macros::format_description};

use super::{count, within};
use crate::components::chart::{Caption, Lines, StackedBars, milliseconds};
use crate::domain::api_quality::{Span, StepCalls, percent};
use crate::domain::freshness::machine;

const HOUR: &[BorrowedFormatItem<'_>] = format_description!("[day] [month repr:short] [hour]:[minute]");
const DAY: &[BorrowedFormatItem<'_>] = format_description!("[day] [month repr:short]");

pub fn charts(span: Span, steps: &[StepCalls]) -> impl IntoView + use<> {
    view! { <div class="charts">{calls_over_time(span, steps)}{latency_over_time(span, steps)}</div> }
}

fn calls_over_time(span: Span, steps: &[StepCalls]) -> impl IntoView + use<> {
    let bars = steps.iter().map(|step| (step.figures.failed(), step.figures.requests() - step.figures.failed()));
    let bars: Vec<(u64, u64)> = bars.collect();
    let failed: u64 = bars.iter().map(|(failed, _)| failed).sum();
    let requests: u64 = bars.iter().map(|(failed, rest)| failed + rest).sum();
    let worst = steps.iter().max_by_key(|step| step.figures.failed()).filter(|step| step.figures.failed() > 0);
    let sentence = match worst {
        None => format!("{} calls, none of which failed.", count(requests)),
        Some(worst) => format!(
            "{} calls, of which {} failed ({}). The most failures, {}, are in {} that began {}.",
            count(requests),
            count(failed),
            percent(failed, requests),
            count(worst.figures.failed()),
            step_words(span),
            label(span, worst.begins_at),
        ),
    };
    let caption = caption("calls-over-time", "Calls and failures", sentence, span, steps);
    let rows = steps.iter().rev().map(|step| {
        let (requests, failed) = (step.figures.requests(), step.figures.failed());
        view! {
            <tr>
                {time_cell(span, step.begins_at)}
                <td data-label="Calls" class="numbers">{count(requests)}</td>
                <td data-label="Failed" class="numbers">{count(failed)}</td>
                <td data-label="Share failed" class="numbers">{percent(failed, requests)}</td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    view! {
        <StackedBars caption bars labels=["Failed", "Did not fail"]>
            <table class="list">
                <caption class="hidden">"Calls and failures, the latest first"</caption>
                <thead>
                    <tr>
                        <th scope="col">"From"</th>
                        <th scope="col">"Calls"</th>
                        <th scope="col">"Failed"</th>
                        <th scope="col">"Share failed"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </StackedBars>
    }
}

fn latency_over_time(span: Span, steps: &[StepCalls]) -> impl IntoView + use<> {
    let times =
        |share: f64| -> Vec<Option<u32>> { steps.iter().map(|step| step.figures.latency.within(share)).collect() };
    let (half, most) = (times(0.5), times(0.95));
    let slowest =
        steps.iter().zip(&most).filter_map(|(step, time)| Some((step, (*time)?))).max_by_key(|(_, time)| *time);
    let sentence = match slowest {
        None => "Nothing was called.".to_owned(),
        Some((step, time)) => format!(
            "In {} that began {} calls were slowest: 95 of 100 took at most {}.",
            step_words(span),
            label(span, step.begins_at),
            milliseconds(time.into()),
        ),
    };
    let caption = caption("latency-over-time", "How long calls took", sentence, span, steps);
    let rows = steps.iter().rev().map(|step| {
        view! {
            <tr>
                {time_cell(span, step.begins_at)}
                <td data-label="p50" class="numbers">{within(&step.figures, 0.5)}</td>
                <td data-label="p95" class="numbers">{within(&step.figures, 0.95)}</td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    view! {
        <Lines caption lines=[half, most] labels=["Half took at most (p50)", "95 of 100 took at most (p95)"]>
            <table class="list">
                <caption class="hidden">"How long calls took, the latest first"</caption>
                <thead>
                    <tr><th scope="col">"From"</th><th scope="col">"p50"</th><th scope="col">"p95"</th></tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </Lines>
    }
}

fn caption(id: &'static str, title: &'static str, sentence: String, span: Span, steps: &[StepCalls]) -> Caption {
    let at = |place: usize| steps.get(place).map(|step| label(span, step.begins_at)).unwrap_or_default();
    let last = steps.len().saturating_sub(1);
    Caption { id, title, sentence, times: [at(0), at(last / 2), at(last)] }
}

fn time_cell(span: Span, begins_at: OffsetDateTime) -> impl IntoView {
    view! { <th scope="row"><time datetime=machine(begins_at)>{label(span, begins_at)}</time></th> }
}

fn label(span: Span, begins_at: OffsetDateTime) -> String {
    let format = if matches!(span, Span::Day | Span::Week) { HOUR } else { DAY };
    begins_at.format(format).unwrap_or_default()
}

fn step_words(span: Span) -> &'static str {
    match span {
        Span::Day => "the hour",
        Span::Week => "the six hours",
        Span::Month | Span::Quarter => "the day",
    }
}
