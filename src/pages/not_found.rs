//! What is not there, or not for the person who asks: nobody can tell which.

use axum::http::StatusCode;
use leptos::prelude::*;

use super::frame::PlainFrame;
use super::{set_status, status_of};
use crate::domain::failure::Failure;
use crate::paths;

#[component]
pub fn NotFoundPage() -> impl IntoView {
    set_status(StatusCode::NOT_FOUND);
    view! {
        <PlainFrame title="Not found" email=None>
            <Failed failure=Failure::NotFound/>
        </PlainFrame>
    }
}

/// A failure in place of what a page would have shown.
#[component]
pub fn Failed(failure: Failure) -> impl IntoView {
    set_status(status_of(&failure));
    let title = match failure {
        Failure::NotFound => "Not found",
        Failure::NotAllowed => "Not allowed",
        _ => "Not available",
    };
    view! {
        <div class="empty">
            <h1>{title}</h1>
            <p>{failure.to_string()}</p>
            <p><a class="button" href=paths::BUSINESSES>"See all businesses"</a></p>
        </div>
    }
}
