//! Partner Portal: a portal for partners of Vipps MobilePay.
//!
//! - [`domain`]: the nouns and rules, pure
//! - [`islands`]: the few parts of pages that run in the browser
//! - `app`: the document around every page, and which address is which page
//! - `pages`: one file for each page; `components`: what pages are made of
//! - `paths`: every link
//! - `server`: everything else, natively
#![forbid(unsafe_code)]
// The type of a page is as deep as the page; only a build that does not erase these types needs it.
#![recursion_limit = "256"]

pub mod domain;
pub mod islands;

// The one gate: what is in here is never compiled for the browser. Its files lie beside this one.
#[cfg(feature = "ssr")]
#[path = ""]
mod on_the_server {
    pub mod app;
    pub mod components;
    pub mod pages;
    pub mod paths;
    pub mod server;
}
#[cfg(feature = "ssr")]
pub use on_the_server::{app, components, pages, paths, server};

/// Called by every page once its script has loaded: brings the islands to life.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_islands();
}
