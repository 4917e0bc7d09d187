//! The age of what is shown keeps itself up to date, and so do rows that are being fetched.

use leptos::prelude::*;

use super::page::{Wish, after, document, fetch, take_over, window};

const FRESHNESS: &str = "freshness";
const RESULTS: &str = "results";

/// Watches `#freshness`, which says in `data-poll` how often to look, in milliseconds.
#[island]
pub fn FreshnessWatch() -> impl IntoView {
    Effect::new(|_| watch());
}

fn watch() {
    let freshness = document().and_then(|document| document.get_element_by_id(FRESHNESS));
    let pause = freshness.and_then(|freshness| freshness.get_attribute("data-poll")?.parse().ok());
    let Some(pause) = pause else { return };
    after(pause, || wasm_bindgen_futures::spawn_local(look()));
}

async fn look() {
    if let (Some(document), Some(address)) = (document(), address())
        && document.visibility_state() == web_sys::VisibilityState::Visible
        && let Ok(newer) = fetch(&address, Wish::Watch, None).await
        // The filter may have changed while the answer was on its way.
        && self::address().as_deref() == Some(address.as_str())
    {
        let ids: &[&str] = if is_free(&document) { &[FRESHNESS, RESULTS] } else { &[FRESHNESS] };
        if !is_within(&document, FRESHNESS) {
            take_over(&newer, ids);
        }
    }
    watch();
}

fn address() -> Option<String> {
    window()?.location().href().ok()
}

/// Whether rows may change under the reader's eyes: they are being fetched, and nothing of them
/// is focused or selected.
fn is_free(document: &web_sys::Document) -> bool {
    let fetching = document.query_selector("#freshness .progress").ok().flatten().is_some();
    let selected = document.get_selection().ok().flatten().is_some_and(|selection| !selection.is_collapsed());
    fetching && !selected && !is_within(document, RESULTS)
}

fn is_within(document: &web_sys::Document, id: &str) -> bool {
    let focused = document.active_element();
    focused.is_some_and(|focused| focused.closest(&format!("#{id}")).ok().flatten().is_some())
}
