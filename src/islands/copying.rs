//! Copy buttons: anything with `data-copy`.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Element, Event};

use super::page::{after, document, on, window};

/// How long a button says that it has copied, in milliseconds.
const SAID_FOR: i32 = 1_500;

/// Makes the copy buttons of the page work, and shows them: without it they would do nothing.
#[island]
pub fn Copying() -> impl IntoView {
    Effect::new(|_| attach());
    view! { <div id="copied" class="hidden" role="status"></div> }
}

fn attach() {
    let Some(document) = document() else { return };
    if let Some(root) = document.document_element() {
        let _ = root.class_list().add_1("scripted");
    }
    on(&document, "click", |event: Event| {
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        let Some(button) = target.and_then(|target| target.closest("[data-copy]").ok().flatten()) else { return };
        spawn_local(async move {
            if copy(&button).await.is_some() {
                say(&button);
            }
        });
    });
}

async fn copy(button: &Element) -> Option<()> {
    let text = button.get_attribute("data-copy")?;
    let clipboard = window()?.navigator().clipboard();
    JsFuture::from(clipboard.write_text(&text)).await.ok().map(drop)
}

fn say(button: &Element) {
    let _ = button.class_list().add_1("copied");
    let status = document().and_then(|document| document.get_element_by_id("copied"));
    if let Some(status) = &status {
        status.set_text_content(Some("Copied"));
    }
    let button = button.clone();
    after(SAID_FOR, move || {
        let _ = button.class_list().remove_1("copied");
        if let Some(status) = status {
            status.set_text_content(None);
        }
    });
}
