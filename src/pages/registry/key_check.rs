//! Whether an organisation's keys work: what came of checking them, step by step.

use leptos::prelude::*;
use time::OffsetDateTime;

use crate::components::{Ago, Badge, Icon, Tone};
use crate::domain::key_check::{KeyCheck, Standing, Step, Verdict};
use crate::domain::organisation::OrgId;
use crate::paths;

/// The last check, and the button for another one.
pub fn key_check(organisation: &OrgId, check: Option<KeyCheck>) -> impl IntoView + use<> {
    let standing = check.as_ref().map(|check| check.standing(OffsetDateTime::now_utc()));
    let is_under_way = standing == Some(Standing::UnderWay);
    let said = match standing {
        None => view! { <p class="pending">"They have not been checked yet."</p> }.into_any(),
        Some(Standing::UnderWay) => {
            let again = paths::registered(organisation);
            view! { <p class="notice" role="status">"The keys are being checked. "<a href=again>"See what came of it"</a></p> }
                .into_any()
        }
        Some(Standing::Lost) => view! { <p class="notice warning">"The last check was broken off. Check the keys again."</p> }.into_any(),
        Some(Standing::Good(at)) => {
            view! { <p class="notice good" role="status"><strong>"The keys work."</strong>" Checked "<Ago then=at/>"."</p> }.into_any()
        }
        Some(Standing::Bad(at)) => {
            view! { <p class="notice bad" role="status"><strong>"Something is wrong with the keys, or with the way to Vipps MobilePay."</strong>" Checked "<Ago then=at/>"."</p> }
                .into_any()
        }
    };
    let outdated = check.as_ref().is_some_and(|check| check.is_outdated).then(|| {
        view! { <p class="notice warning">"The organisation has been changed since, so this may not be true any more. Check the keys again."</p> }
    });
    let steps = check.map(|check| check.steps).filter(|steps| !steps.is_empty()).map(table);
    let action = paths::registered_deed(organisation, "check");
    view! {
        <section class="card" id="keys">
            <h2>"Do the keys work?"</h2>
            {said}
            {outdated}
            {steps}
            <form method="post" action=action class="actions">
                <button type="submit" disabled=is_under_way><Icon name="refresh"/>"Check keys"</button>
                <span class="hint">"Reads the secrets and asks Vipps MobilePay for a token and for one answer of each API. Nothing is changed there."</span>
            </form>
        </section>
    }
}

fn table(steps: Vec<Step>) -> impl IntoView {
    let rows = steps.into_iter().map(|step| {
        let (tone, text) = match step.verdict {
            Verdict::Good => (Tone::Good, "Good"),
            Verdict::Bad => (Tone::Bad, "Bad"),
            Verdict::NotAsked => (Tone::Quiet, "Not asked"),
        };
        view! {
            <tr>
                <th scope="row">{step.subject.label()}</th>
                <td><Badge tone text/></td>
                <td>{step.words}</td>
            </tr>
        }
    });
    view! {
        <table class="explained checked">
            <caption class="hidden">"What was checked"</caption>
            <thead><tr><th scope="col">"Step"</th><th scope="col">"Outcome"</th><th scope="col">"In words"</th></tr></thead>
            <tbody>{rows.collect_view()}</tbody>
        </table>
    }
}
