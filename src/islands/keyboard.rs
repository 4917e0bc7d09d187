//! The keyboard: to the search box, through the rows, to another business.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Document, Element, HtmlDialogElement, HtmlElement, KeyboardEvent};

use super::page::{document, on};

const KEYS: [(&str, &str); 6] = [
    ("/", "Search on this page"),
    ("j", "Next row"),
    ("k", "Previous row"),
    ("Enter", "Open the row"),
    ("Ctrl K", "Switch business"),
    ("?", "Show these keys"),
];

#[island]
pub fn Keyboard() -> impl IntoView {
    Effect::new(|_| attach());
    let keys = KEYS.map(|(key, meaning)| view! { <div><dt><kbd>{key}</kbd></dt><dd>{meaning}</dd></div> });
    view! {
        <dialog id="keys" aria-labelledby="keys-title">
            <h2 id="keys-title">"Keys"</h2>
            <dl class="facts">{keys.collect_view()}</dl>
            <form method="dialog"><button>"Close"</button></form>
        </dialog>
    }
}

fn attach() {
    let Some(document) = document() else { return };
    on(&document.clone(), "keydown", move |event: KeyboardEvent| {
        if pressed(&document, &event).is_some() {
            event.prevent_default();
        }
    });
}

/// Does what the key stands for; none if it stands for nothing here.
fn pressed(document: &Document, event: &KeyboardEvent) -> Option<()> {
    let key = event.key();
    if (event.ctrl_key() || event.meta_key()) && key.eq_ignore_ascii_case("k") {
        document.query_selector(".switcher").ok()??.set_attribute("open", "").ok()?;
        return focus(&document.query_selector(".switcher input").ok()??);
    }
    if event.ctrl_key() || event.meta_key() || event.alt_key() {
        return None;
    }
    if key == "Escape" {
        let switcher = document.query_selector(".switcher[open]").ok()??;
        switcher.remove_attribute("open").ok()?;
        return focus(&switcher.query_selector("summary").ok()??);
    }
    let target = event.target()?.dyn_into::<Element>().ok()?;
    if target.matches("input, select, textarea").unwrap_or_default() {
        let from_search = key == "ArrowDown" && target.has_attribute("data-focus-key");
        return from_search.then(|| move_to(document, 1)).flatten();
    }
    if document.document_element()?.has_attribute("data-keys") {
        return None;
    }
    match key.as_str() {
        "/" => focus(&document.query_selector("[data-focus-key='/']").ok()??),
        "j" => move_to(document, 1),
        "k" => move_to(document, -1),
        "?" => document.get_element_by_id("keys")?.dyn_into::<HtmlDialogElement>().ok()?.show_modal().ok(),
        _ => None,
    }
}

/// Focuses the row so many places after the focused one, or the first.
fn move_to(document: &Document, places: i32) -> Option<()> {
    let rows = document.query_selector_all("[data-row]").ok()?;
    let length = i32::try_from(rows.length()).ok().filter(|length| *length > 0)?;
    let focused = document.active_element();
    let current = (0..length).find(|at| {
        let row = rows.get(at.unsigned_abs());
        row.as_ref() == focused.as_ref().map(AsRef::as_ref)
    });
    let wanted = current.map_or(0, |at| (at + places).clamp(0, length - 1));
    focus(&rows.get(wanted.unsigned_abs())?.dyn_into().ok()?)
}

fn focus(element: &Element) -> Option<()> {
    element.dyn_ref::<HtmlElement>()?.focus().ok()
}
