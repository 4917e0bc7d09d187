//! A long form asks for what belongs to what was chosen, without pressing a button.

use std::cell::Cell;
use std::rc::Rc;

use js_sys::Reflect;
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::spawn_local;
use web_sys::{Document, Element, Event, FormData, HtmlFormElement};

use super::page::{document, on, post, take_over};

/// What the form is sent with: only to see what belongs to it, or to see what is wrong, too.
const INTENT: &str = "intent";

/// Makes the form `#adapting` follow those of its fields that carry `data-decides`.
#[island]
pub fn Adapting() -> impl IntoView {
    Effect::new(|_| attach());
}

fn attach() {
    let form = document().and_then(|document| document.get_element_by_id("adapting"));
    let Some(form) = form.and_then(|form| form.dyn_into::<HtmlFormElement>().ok()) else { return };
    // Counts what was asked for, so that an answer to something older is never shown.
    let asked = Rc::new(Cell::new(0_u32));
    let listened = form.clone();
    on(&listened, "change", move |event: Event| {
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        if target.and_then(|target| target.closest("[data-decides]").ok().flatten()).is_none() {
            return;
        }
        let number = asked.get() + 1;
        asked.set(number);
        let (form, asked) = (form.clone(), Rc::clone(&asked));
        spawn_local(async move {
            if let Some(newer) = answer(&form).await
                && asked.get() == number
            {
                adapt(&newer);
            }
        });
    });
}

/// The page as it would come back, without sending any file. If it does not, all stays as it is.
async fn answer(form: &HtmlFormElement) -> Option<Document> {
    let sent = FormData::new_with_form(form).ok()?;
    let files = form.query_selector("input[type=file]").ok().flatten().and_then(|input| input.get_attribute("name"));
    if let Some(name) = files {
        sent.delete(&name);
    }
    let checked = document()?.get_element_by_id("outcome").is_some();
    sent.set_with_str(INTENT, if checked { "check" } else { "adapt" }).ok()?;
    post(&form.get_attribute("action")?, &sent).await.ok()
}

fn adapt(newer: &Document) {
    let ours = document().and_then(|document| document.get_element_by_id("fields"));
    let (Some(ours), Some(theirs)) = (ours, newer.get_element_by_id("fields")) else { return };
    merge(&ours, &theirs, &|ours, theirs| {
        let within = |element: &Element| element.query_selector(".entries").ok().flatten();
        if let (Some(ours), Some(theirs)) = (within(ours), within(theirs)) {
            merge(&ours, &theirs, &|ours, theirs| {
                if !is_in_use(ours, theirs) {
                    let _ = ours.replace_with_with_node_1(theirs);
                }
            });
        }
    });
    take_over(newer, &["outcome", "seen"]);
    // A button that somebody is just pressing is not to be taken from under the pointer.
    let pressed = document().and_then(|document| document.query_selector("#form-actions :is(:focus, :active)").ok()?);
    if pressed.is_none() {
        take_over(newer, &["form-actions"]);
    }
}

/// Makes the children of `ours` those of `theirs`, in their order. Those that are there stay where
/// they are, so that nothing loses the focus, and are given to `both`.
fn merge(ours: &Element, theirs: &Element, both: &dyn Fn(&Element, &Element)) {
    let wanted = children(theirs);
    let is_wanted = |child: &Element| wanted.iter().any(|wanted| wanted.id() == child.id());
    children(ours).iter().filter(|child| !is_wanted(child)).for_each(Element::remove);
    let mut at = ours.first_element_child();
    for theirs in wanted {
        match at.clone().filter(|ours| ours.id() == theirs.id()) {
            Some(same) => {
                at = same.next_element_sibling();
                both(&same, &theirs);
            }
            None => drop(ours.insert_before(&theirs, at.as_ref().map(AsRef::as_ref))),
        }
    }
}

fn children(element: &Element) -> Vec<Element> {
    std::iter::successors(element.first_element_child(), Element::next_element_sibling).collect()
}

/// Whether somebody is just at a field, or it holds what the newer one does not.
fn is_in_use(ours: &Element, theirs: &Element) -> bool {
    let focused = document().and_then(|document| document.active_element());
    if focused.is_some_and(|focused| ours.contains(Some(&focused))) {
        return true;
    }
    let state = |element: &Element| {
        let control = element.query_selector("input:not([type=hidden]), select, textarea").ok().flatten()?;
        let property = |name: &str| Reflect::get(&control, &JsValue::from_str(name)).ok();
        Some((property("value")?.as_string(), property("checked")?.as_bool()))
    };
    state(ours) != state(theirs)
}
