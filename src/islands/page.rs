//! The document that islands work on: finding elements, and taking over parts of a newer version
//! of the same page.

use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortSignal, Document, DomParser, Element, FormData, Headers, RequestInit, Response, SupportedType, Window,
};

pub fn window() -> Option<Window> {
    web_sys::window()
}

pub fn document() -> Option<Document> {
    window()?.document()
}

/// Calls `listen` on every event of that name, for as long as the page lives.
pub fn on<E: JsCast + 'static>(target: &web_sys::EventTarget, name: &str, listen: impl Fn(E) + 'static) {
    let listener = Closure::<dyn Fn(web_sys::Event)>::new(move |event: web_sys::Event| {
        listen(event.unchecked_into());
    });
    // Fails for no reason that an island could mend.
    let _ = target.add_event_listener_with_callback(name, listener.as_ref().unchecked_ref());
    listener.forget();
}

/// Calls `then` after so many milliseconds; returns what `Window::clear_timeout` takes.
pub fn after(milliseconds: i32, then: impl FnOnce() + 'static) -> Option<i32> {
    let then = Closure::once_into_js(then);
    window()?.set_timeout_with_callback_and_timeout_and_arguments_0(then.unchecked_ref(), milliseconds).ok()
}

/// Who wants a page: a person, or only the page that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    Person,
    /// Not a sign that anybody is there.
    Watch,
}

/// Fetches a page of our own.
pub async fn fetch(address: &str, wish: Wish, signal: Option<&AbortSignal>) -> Result<Document, JsValue> {
    let window = window().ok_or(JsValue::NULL)?;
    let request = RequestInit::new();
    request.set_signal(signal);
    if wish == Wish::Watch {
        let headers = Headers::new()?;
        headers.set("x-portal-watch", "1")?;
        request.set_headers(&headers);
    }
    read(&window, address, &request).await
}

/// Sends a form of our own, and fetches the page that comes back.
pub async fn post(address: &str, form: &FormData) -> Result<Document, JsValue> {
    let window = window().ok_or(JsValue::NULL)?;
    let request = RequestInit::new();
    request.set_method("POST");
    request.set_body(form);
    read(&window, address, &request).await
}

async fn read(window: &Window, address: &str, request: &RequestInit) -> Result<Document, JsValue> {
    let response: Response = JsFuture::from(window.fetch_with_str_and_init(address, request)).await?.dyn_into()?;
    let text = JsFuture::from(response.text()?).await?.as_string().unwrap_or_default();
    DomParser::new()?.parse_from_string(&text, SupportedType::TextHtml)
}

/// Puts the elements of these ids from `newer` in place of ours. False if one is missing there.
pub fn take_over(newer: &Document, ids: &[&str]) -> bool {
    let Some(document) = document() else { return false };
    let pairs: Option<Vec<(Element, Element)>> = ids
        .iter()
        .filter_map(|id| document.get_element_by_id(id).map(|ours| (ours, newer.get_element_by_id(id))))
        .map(|(ours, theirs)| theirs.map(|theirs| (ours, theirs)))
        .collect();
    let Some(pairs) = pairs else { return false };
    pairs.iter().all(|(ours, theirs)| ours.replace_with_with_node_1(theirs).is_ok())
}
