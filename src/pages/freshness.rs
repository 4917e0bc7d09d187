//! How old what is shown is, and why; and the button that fetches it anew.

use leptos::prelude::*;

use super::only_viewing;
use crate::components::{Ago, Icon, grouped};
use crate::domain::freshness::{CopyState, Freshness, failing};

/// The age of a list. While something is being fetched it keeps itself up to date.
#[component]
pub fn FreshnessLine(freshness: Freshness, #[prop(into)] refresh: String, #[prop(into)] back: String) -> impl IntoView {
    let Freshness { as_of, state } = freshness;
    let fetching = matches!(state, CopyState::Fetching { .. } | CopyState::Waiting);
    let tone = match state {
        CopyState::Failing { .. } | CopyState::Held { .. } | CopyState::SwitchedOff => "freshness warning",
        CopyState::NoKeys => "freshness bad",
        _ => "freshness",
    };
    let age = match as_of {
        Some(as_of) => view! { "Synced "<Ago then=as_of/> }.into_any(),
        None => view! { "Not synced yet" }.into_any(),
    };
    let progress = match state {
        CopyState::Complete => ().into_any(),
        CopyState::Waiting => view! { <span>"Waiting for its turn."</span> }.into_any(),
        CopyState::Fetching { what, done, total } if total > 0 => view! {
            <span class="progress">
                <label>
                    {format!("{what}: {} of {}", count(done), count(total))}
                    <progress max=total value=done>{format!("{} %", done * 100 / total)}</progress>
                </label>
            </span>
        }
        .into_any(),
        CopyState::Fetching { what, .. } => view! { <span>{format!("{what}…")}</span> }.into_any(),
        CopyState::Failing { since, reason } => view! {
            <span>{failing(since, &reason, as_of.is_some())}</span>
        }
        .into_any(),
        CopyState::Held { reason } => view! { <span>{format!("{reason}.")}</span> }.into_any(),
        CopyState::SwitchedOff => {
            view! { <span>"Switched off in the registry, or in the test environment: nothing is fetched."</span> }
                .into_any()
        }
        CopyState::NoKeys => {
            view! { <span>"There are no keys for this organisation, so nothing is fetched."</span> }.into_any()
        }
    };
    view! {
        <div id="freshness" class=tone data-poll=if fetching { "1000" } else { "20000" }>
            <span class="age">{age}</span>
            {progress}
            {(!only_viewing()).then(|| view! {
                <form action=refresh method="post">
                    <input type="hidden" name="back" value=back/>
                    <button type="submit" class="quiet"><Icon name="refresh"/>"Refresh"</button>
                </form>
            })}
        </div>
    }
}

fn count(number: u64) -> String {
    grouped(usize::try_from(number).unwrap_or(usize::MAX))
}
