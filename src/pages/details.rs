//! What pages about one thing have in common: identifiers, addresses, dates, upstream's answer,
//! and what came of asking upstream for it anew.

use leptos::prelude::*;
use time::OffsetDateTime;

use super::only_viewing;
use crate::components::{Badge, Copy, Icon, Tone};
use crate::domain::failure::Failure;
use crate::domain::freshness::{CopyState, Freshness, absolute, failing};
use crate::domain::identifiers::{BusinessIdentifier, CheckDigit, Market};
use crate::domain::merchant::{Address, MerchantStatus};

/// Where one came from: the list, as it was shown.
pub fn breadcrumb(path: String, label: &'static str) -> AnyView {
    view! { <nav aria-label="Breadcrumb" class="breadcrumb"><a href=path data-back=""><Icon name="previous"/>{label}</a></nav> }
    .into_any()
}

/// The button that asks upstream for one thing anew, beside its age. `list` is the query of the
/// list that the page was opened from.
pub fn refresh_form(age: AnyView, refresh: String, list: &str) -> AnyView {
    let list = list.to_owned();
    view! {
        <div class="freshness">
            <span class="age">{age}</span>
            {(!only_viewing()).then(|| view! {
                <form action=refresh method="post">
                    <input type="hidden" name="list" value=list/>
                    <button type="submit" class="quiet"><Icon name="refresh"/>"Refresh"</button>
                </form>
            })}
        </div>
    }
    .into_any()
}

/// What came of pressing Refresh. The words in the address are ours; others say nothing, and then
/// it is said if nothing can be fetched at present.
pub fn refresh_outcome(freshness: Freshness, outcome: Option<&str>) -> Option<AnyView> {
    let fault = match outcome {
        Some("done") => {
            return Some(
                view! { <p class="notice good" role="status">"Fetched from Vipps MobilePay just now."</p> }.into_any(),
            );
        }
        Some("changed") => {
            return Some(
                view! { <p class="notice good" role="status">"Changed, and fetched from Vipps MobilePay just now."</p> }
                    .into_any(),
            );
        }
        outcome => match (outcome.and_then(Failure::from_word), freshness.state) {
            (Some(failure), _) => failure,
            (None, CopyState::Failing { since, reason }) => {
                let text = failing(since, &reason, true);
                return Some(view! { <p class="notice warning">{text}</p> }.into_any());
            }
            (None, _) => return None,
        },
    };
    Some(view! { <p class="notice bad" role="alert">{fault.to_string()}</p> }.into_any())
}

/// A line of facts.
pub fn fact(title: &'static str, value: AnyView) -> AnyView {
    view! { <div><dt>{title}</dt><dd>{value}</dd></div> }.into_any()
}

pub fn identifier_fact(identifier: Option<&BusinessIdentifier>) -> AnyView {
    let title = identifier.and_then(BusinessIdentifier::market).map_or("Business identifier", Market::identifier_name);
    let Some(identifier) = identifier else {
        return fact(title, view! { <span class="pending">"Unknown"</span> }.into_any());
    };
    let wrong = identifier.check_digit() == CheckDigit::Wrong;
    let value = view! {
        <span class="numbers">{identifier.grouped()}</span>
        <Copy text=identifier.id.clone() what="business identifier"/>
        {wrong.then(|| view! { <Badge tone=Tone::Warning text="Check digit is wrong"/> })}
        <small class="scheme">{identifier.scheme.clone()}</small>
    };
    fact(title, value.into_any())
}

/// None where there is no address.
pub fn address_fact(title: &'static str, address: Option<&Address>) -> Option<AnyView> {
    let lines = address.map(Address::envelope).filter(|lines| !lines.is_empty())?;
    let copied = lines.join("\n");
    let lines = lines.into_iter().map(|line| view! { <span class="line">{line}</span> });
    Some(fact(title, view! { {lines.collect_view()}<Copy text=copied what="address"/> }.into_any()))
}

/// None where there is no date.
pub fn date_fact(title: &'static str, date: Option<OffsetDateTime>) -> Option<AnyView> {
    date.map(|date| fact(title, absolute(date).into_any()))
}

pub fn status_badge(status: &MerchantStatus) -> AnyView {
    let tone = match status {
        MerchantStatus::Active => Tone::Good,
        MerchantStatus::Deactivated => Tone::Bad,
        MerchantStatus::Other(_) | MerchantStatus::Unknown => Tone::Quiet,
    };
    view! { <Badge tone text=status.label()/> }.into_any()
}

/// Upstream no longer shows it.
pub fn gone_badge(gone_at: Option<OffsetDateTime>) -> Option<AnyView> {
    gone_at.map(|gone| {
        let since = format!("Since {}", absolute(gone));
        view! { <span title=since><Badge tone=Tone::Warning text="No longer visible"/></span> }.into_any()
    })
}

/// Upstream's answer, for who wants to read it.
pub fn raw_answer(raw: Option<String>) -> Option<AnyView> {
    raw.map(|raw| {
        view! {
            <details class="raw card">
                <summary>"Upstream's answer as JSON"</summary>
                <Copy text=raw.clone() what="JSON"/>
                <pre tabindex="0" role="region" aria-label="Upstream's answer as JSON">{raw}</pre>
            </details>
        }
        .into_any()
    })
}
