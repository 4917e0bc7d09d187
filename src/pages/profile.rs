//! Who one is to the portal, and how it looks.

use axum::http::HeaderMap;
use axum::http::header::COOKIE;
use leptos::either::Either;
use leptos::prelude::*;

use super::frame::PlainFrame;
use super::not_found::{Failed, NotFoundPage};
use super::{loaded, request, signed_in};
use crate::components::Copy;
use crate::paths;

/// The cookie that keeps how the portal looks in this browser.
pub const THEME_COOKIE: &str = "theme";

const THEMES: [(&str, &str); 3] = [("system", "As the device"), ("light", "Light"), ("dark", "Dark")];

/// What was chosen in this browser; none to follow the device.
pub fn chosen_theme(headers: &HeaderMap) -> Option<&'static str> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut cookies = cookies.flat_map(|value| value.split(';')).filter_map(|cookie| cookie.trim().split_once('='));
    cookies
        .find(|(name, _)| *name == THEME_COOKIE)
        .and_then(|(_, value)| theme(value))
        .filter(|theme| *theme != "system")
}

/// One of the themes, by its word.
pub fn theme(word: &str) -> Option<&'static str> {
    THEMES.iter().map(|(theme, _)| *theme).find(|theme| *theme == word)
}

#[component]
pub fn ProfilePage() -> impl IntoView {
    let Some(person) = signed_in() else { return Either::Left(NotFoundPage()) };
    let chosen = request().and_then(|parts| chosen_theme(&parts.headers)).unwrap_or("system");
    Either::Right(loaded(async move {
        match person.email().await {
            Ok(email) => Either::Left(page(email, &person.staff_id().to_string(), chosen)),
            Err(failure) => Either::Right(view! {
                <PlainFrame title="Profile" email=None><Failed failure/></PlainFrame>
            }),
        }
    }))
}

fn page(email: Option<String>, user_id: &str, chosen: &'static str) -> impl IntoView + use<> {
    let themes = THEMES.map(|(theme, label)| {
        view! {
            <label class="radio">
                <input type="radio" name="theme" value=theme checked=theme == chosen/>
                {label}
            </label>
        }
    });
    let user_id = user_id.to_owned();
    view! {
        <PlainFrame title="Profile" email=email.clone()>
            <div class="narrow">
                <h1>"Your profile"</h1>
                <section class="card">
                    <h2>"Account"</h2>
                    <dl class="facts">
                        <div><dt>"E-mail address"</dt><dd>{email}</dd></div>
                        <div>
                            <dt>"User ID"</dt>
                            <dd class="numbers">{user_id.clone()}<Copy text=user_id what="user ID"/></dd>
                        </div>
                    </dl>
                    <p class="hint">"Send the user ID to an administrator to get access to a business. It is not a secret."</p>
                </section>
                <form class="card" method="post" action=paths::THEME>
                    <fieldset>
                        <legend>"Appearance in this browser"</legend>
                        {themes.collect_view()}
                    </fieldset>
                    <button type="submit">"Save"</button>
                </form>
                <p><a href=paths::BUSINESSES>"See all businesses"</a></p>
            </div>
        </PlainFrame>
    }
}
