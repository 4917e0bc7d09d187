//! Rows change while one types: the filter form of a page, without pressing Enter.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{AbortController, Event, FormData, HtmlFormElement, HtmlInputElement, UrlSearchParams};

use super::page::{Wish, after, document, fetch, on, take_over, window};

/// Long enough to leave out letters in between when typing fast, too short to be noticed.
const PAUSE: i32 = 60;

/// Around a form `#filter` whose results are `#results`.
#[island]
pub fn LiveFilter(children: Children) -> impl IntoView {
    Effect::new(|_| attach());
    children()
}

struct Filter {
    form: HtmlFormElement,
    /// Counts what was asked for, so that an answer to something older is never shown.
    asked: Cell<u32>,
    under_way: RefCell<Option<AbortController>>,
}

fn attach() {
    let form = document().and_then(|document| document.get_element_by_id("filter"));
    let Some(form) = form.and_then(|form| form.dyn_into::<HtmlFormElement>().ok()) else { return };
    let filter = Rc::new(Filter { form: form.clone(), asked: Cell::new(0), under_way: RefCell::default() });
    let typed = Rc::clone(&filter);
    on(&form, "input", move |_: Event| ask(&typed, PAUSE));
    let sent = Rc::clone(&filter);
    on(&form, "submit", move |event: Event| {
        event.prevent_default();
        ask(&sent, 0);
    });
    // Somebody who types faster than the script loads is not to type again.
    let search = form.query_selector("input[type=search]").ok().flatten();
    if let Some(search) = search.and_then(|search| search.dyn_into::<HtmlInputElement>().ok())
        && search.value() != search.default_value()
    {
        ask(&filter, 0);
    }
}

fn ask(filter: &Rc<Filter>, pause: i32) {
    let number = filter.asked.get() + 1;
    filter.asked.set(number);
    let filter = Rc::clone(filter);
    after(pause, move || {
        if filter.asked.get() == number {
            wasm_bindgen_futures::spawn_local(show(filter, number));
        }
    });
}

async fn show(filter: Rc<Filter>, number: u32) {
    let Some(address) = address(&filter.form) else { return };
    let controller = AbortController::new().ok();
    let signal = controller.as_ref().map(AbortController::signal);
    if let Some(older) = filter.under_way.replace(controller) {
        older.abort();
    }
    let newer = fetch(&address, Wish::Person, signal.as_ref()).await;
    if filter.asked.get() != number {
        return;
    }
    let Some(window) = window() else { return };
    match newer {
        Ok(newer) if take_over(&newer, &["results", "freshness"]) => {
            if let Ok(history) = window.history() {
                let _ = history.replace_state_with_url(&wasm_bindgen::JsValue::NULL, "", Some(&address));
            }
        }
        // The portal answered with another page: open the address, which says why.
        Ok(_) => drop(window.location().assign(&address)),
        // It did not answer: keep what is there, and say so.
        Err(_) => {
            let summary = document().and_then(|document| document.query_selector("#results .summary").ok()?);
            if let Some(summary) = summary {
                summary.set_text_content(Some("The portal did not answer. These rows are from before."));
            }
        }
    }
}

/// The address that the form would go to, without empty fields.
fn address(form: &HtmlFormElement) -> Option<String> {
    let chosen = UrlSearchParams::new().ok()?;
    let fields = FormData::new_with_form(form).ok()?;
    for pair in fields.entries() {
        let pair: js_sys::Array = pair.ok()?.unchecked_into();
        let (Some(name), Some(value)) = (pair.get(0).as_string(), pair.get(1).as_string()) else { continue };
        if !value.is_empty() {
            chosen.append(&name, &value);
        }
    }
    let query: String = chosen.to_string().into();
    let path = form.get_attribute("action")?;
    Some(if query.is_empty() { path } else { format!("{path}?{query}") })
}
