//! In place of a page that cannot be shown: why, and, if a form was sent, the form with all that was
//! typed, to be sent once more.

use std::sync::Arc;

use leptos::either::Either;
use leptos::prelude::*;
use leptos_meta::{Meta, Title};

use super::frame::document_title;
use super::prefill_fields::LOGO_FILE;
use super::{set_status, status_of};
use crate::components::form::{Field, Input};
use crate::domain::failure::Failure;
use crate::domain::registry::Secret;
use crate::paths;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    Failed(Failure),
    /// It was asked for too often: the seconds to wait.
    TooOften(u64),
    /// Whoever sent it is signed in no more.
    SignedOut,
}

/// A form that was sent and could not be taken.
#[derive(Clone, Debug, Default)]
pub struct KeptForm {
    /// Where it was sent.
    pub action: String,
    pub pairs: Vec<(String, String)>,
    /// Whether a picture was chosen, which no page can hold.
    pub had_picture: bool,
}

/// What could not be answered; the page is shown for whatever address it was.
#[derive(Clone, Debug)]
pub struct Unanswered {
    pub why: Why,
    /// Shared, for what belongs to a request is copied with it.
    pub form: Option<Arc<KeptForm>>,
}

#[component]
pub fn UnansweredPage(unanswered: Unanswered) -> impl IntoView {
    let Unanswered { why, form } = unanswered;
    let (title, text) = match &why {
        Why::Failed(failure @ Failure::NotAllowed) => ("Not allowed", failure.to_string()),
        Why::Failed(failure) => ("Not available", failure.to_string()),
        Why::TooOften(1) => ("Too many requests", "This was asked for too often. Wait a second.".to_owned()),
        Why::TooOften(seconds) => {
            ("Too many requests", format!("This was asked for too often. Wait {seconds} seconds, then try again."))
        }
        Why::SignedOut => ("You have been signed out", "Nobody has used this session for a while, or it was ended. Nothing has been done with the form you have just sent.".to_owned()),
    };
    if let Why::Failed(failure) = &why {
        set_status(status_of(failure));
    }
    let helps_again = !matches!(why, Why::Failed(Failure::NotAllowed | Failure::NotFound));
    let sign_in = (why == Why::SignedOut).then(|| {
        view! { <p><a class="button" href=paths::LOGIN target="_blank" rel="opener">"Sign in, in a new tab"</a></p> }
    });
    let form = form.filter(|_| helps_again);
    view! {
        <Title text=document_title(title, "Partner Portal")/>
        <Meta name="robots" content="noindex"/>
        <div class="plain public">
            <main id="main" tabindex="-1">
                <div class="card next-step">
                    <h1>{title}</h1>
                    <p role="alert">{text}</p>
                    {sign_in}
                    {match form {
                        Some(form) => Either::Left(kept(&form)),
                        None => Either::Right(view! { <p>"Go back to the page you came from, or try again."</p> }),
                    }}
                </div>
            </main>
        </div>
    }
}

/// What a field is called if what is typed into it is a secret.
fn secret(name: &str) -> Option<&'static str> {
    let password = name.contains("password").then_some("Password");
    password.or_else(|| Secret::from_name(name).map(Secret::label))
}

/// Passwords and pictures are asked for again: the one does not belong into a page, the other cannot be in it.
fn kept(form: &KeptForm) -> impl IntoView + use<> {
    let KeptForm { action, pairs, had_picture } = form.clone();
    let fields = pairs.into_iter().map(|(name, value)| {
        if let Some(what) = secret(&name) {
            let (missing, label) = (!value.is_empty(), format!("{what}, once more"));
            return missing.then(|| view! { <Field name label input=Input::Password required=true/> }).into_any();
        }
        view! { <input type="hidden" name=name value=value/> }.into_any()
    });
    let fields = fields.collect_view();
    let picture = had_picture
        .then(|| view! { <Field name=LOGO_FILE label="Logo, to be chosen once more" input=Input::File("image/png") required=true/> });
    let encoding = had_picture.then_some("multipart/form-data");
    view! {
        <form method="post" action=action enctype=encoding class="stack">
            {fields}
            {picture}
            <p>"What you have filled in is kept on this page."</p>
            <p><button type="submit" class="primary">"Send it again"</button></p>
        </form>
    }
}
