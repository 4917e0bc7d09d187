//! The parts of pages that run in the browser. Everything works without them; they add what
//! needs typing or time. They know addresses and elements, not the domain.

pub mod adapting;
pub mod copying;
pub mod freshness;
pub mod keyboard;
pub mod live_filter;
mod page;
