//! Signing in.

use axum::http::StatusCode;
use leptos::prelude::*;
use time::OffsetDateTime;

use super::frame::PlainFrame;
use super::{parameter, query, request, set_status};
use crate::domain::freshness::absolute;
use crate::paths;

/// An attempt that was not let in: what was typed, and what to say. The password is not kept.
#[derive(Clone, Debug)]
pub struct RefusedSignIn {
    pub email: String,
    pub fault: SignInFault,
}

#[derive(Clone, Copy, Debug)]
pub enum SignInFault {
    Refused,
    Later(OffsetDateTime),
    Unavailable,
}

#[component]
pub fn LoginPage() -> impl IntoView {
    let query = query();
    let next = parameter(&query, "next").filter(|next| paths::own(next).is_some());
    let refused = request().and_then(|parts| parts.extensions.get::<RefusedSignIn>().cloned());
    let fault = refused.as_ref().map(|refused| match refused.fault {
        SignInFault::Refused => {
            set_status(StatusCode::UNPROCESSABLE_ENTITY);
            "The e-mail address or the password is wrong.".to_owned()
        }
        SignInFault::Later(until) => {
            set_status(StatusCode::TOO_MANY_REQUESTS);
            format!("Too many attempts. Try again after {}.", absolute(until))
        }
        SignInFault::Unavailable => {
            set_status(StatusCode::SERVICE_UNAVAILABLE);
            "The portal's database does not answer. Try again in a moment.".to_owned()
        }
    });
    let ended = next.is_some() && refused.is_none();
    let invalid = fault.is_some().then_some("true");
    let described = fault.is_some().then_some("fault");
    view! {
        <PlainFrame title="Sign in" email=None>
            <form class="card sign-in" method="post" action=paths::LOGIN>
                <h1>"Sign in"</h1>
                {ended.then(|| view! { <p class="notice">"Sign in to go on to the page you asked for."</p> })}
                {fault.map(|fault| view! { <p class="fault" id="fault" role="alert">{fault}</p> })}
                <label class="field">
                    <span>"E-mail address"</span>
                    <input type="email" name="email" required=true autocomplete="username" autofocus=true
                        value=refused.map(|refused| refused.email) aria-invalid=invalid aria-describedby=described/>
                </label>
                <label class="field">
                    <span>"Password"</span>
                    <input type="password" name="password" required=true autocomplete="current-password"
                        aria-invalid=invalid aria-describedby=described/>
                </label>
                {next.map(|next| view! { <input type="hidden" name="next" value=next/> })}
                <button type="submit" class="primary">"Sign in"</button>
                <p class="hint">"No account, or the password is lost? An administrator of the portal can help."</p>
            </form>
        </PlainFrame>
    }
}
