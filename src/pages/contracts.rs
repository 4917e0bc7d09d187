//! A merchant's contracts, for the merchant's page.

use leptos::prelude::*;
use time::OffsetDateTime;

use crate::components::{Ago, Copy};
use crate::domain::partner::Proposal;
use crate::server::acting::Acting;

/// The contracts as [`Acting::contracts`] gives them: links where upstream has any, else a sentence.
pub fn contracts_section(acting: &Acting, contracts: Option<(Vec<String>, OffsetDateTime)>) -> impl IntoView + use<> {
    let said = |text: &'static str| view! { <p class="pending">{text}</p> }.into_any();
    let shown = match (contracts, acting.offers(Proposal::Contracts)) {
        (Some((urls, _)), _) if urls.is_empty() => said("Vipps MobilePay has no contracts for this merchant."),
        (Some((urls, fetched_at)), _) => links(urls, fetched_at).into_any(),
        (None, Some(true)) => said("Not fetched yet."),
        (None, Some(false)) => said("Vipps MobilePay does not offer contracts to partners; the merchant has them."),
        (None, None) => said("Whether Vipps MobilePay offers contracts has not been found out yet."),
    };
    view! {
        <section class="card">
            <h2>"Contracts"</h2>
            {shown}
        </section>
    }
}

fn links(urls: Vec<String>, fetched_at: OffsetDateTime) -> impl IntoView {
    let links = urls.into_iter().map(|url| {
        view! { <li><a href=url.clone() rel="noreferrer">{url.clone()}</a><Copy text=url what="link"/></li> }
    });
    view! {
        <ul class="contracts">{links.collect_view()}</ul>
        <p class="hint">"Fetched "<Ago then=fetched_at/></p>
    }
}
