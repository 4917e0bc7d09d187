//! Who one is to the portal, and how it looks.

use axum::http::HeaderMap;
use leptos::either::Either;
use leptos::prelude::*;

use super::frame::PlainFrame;
use super::not_found::{Failed, NotFoundPage};
use super::{cookie, loaded, request, signed_in};
use crate::components::Copy;
use crate::paths;

/// The cookie that keeps how the portal looks in this browser.
pub const THEME_COOKIE: &str = "theme";

/// The cookie that keeps whether single letters are commands in this browser.
pub const KEYS_COOKIE: &str = "keys";

const THEMES: [(&str, &str); 3] = [("system", "As the device"), ("light", "Light"), ("dark", "Dark")];

/// What was chosen in this browser; none to follow the device.
pub fn chosen_theme(headers: &HeaderMap) -> Option<&'static str> {
    cookie(headers, THEME_COOKIE).and_then(|word| theme(&word)).filter(|theme| *theme != "system")
}

/// `off` if single letters are to do nothing: some people's devices type them unasked.
pub fn chosen_keys(headers: &HeaderMap) -> Option<&'static str> {
    cookie(headers, KEYS_COOKIE).filter(|keys| keys == "off").map(|_| "off")
}

/// One of the themes, by its word.
pub fn theme(word: &str) -> Option<&'static str> {
    THEMES.iter().map(|(theme, _)| *theme).find(|theme| *theme == word)
}

#[component]
pub fn ProfilePage() -> impl IntoView {
    let Some(person) = signed_in() else { return Either::Left(NotFoundPage()) };
    let headers = request().map(|parts| parts.headers).unwrap_or_default();
    let (chosen, keys_off) = (chosen_theme(&headers).unwrap_or("system"), chosen_keys(&headers).is_some());
    Either::Right(loaded(async move {
        match person.email().await {
            Ok(email) => Either::Left(page(email, &person.staff_id().to_string(), chosen, keys_off)),
            Err(failure) => Either::Right(view! {
                <PlainFrame title="Profile" email=None><Failed failure/></PlainFrame>
            }),
        }
    }))
}

fn page(email: Option<String>, user_id: &str, chosen: &'static str, keys_off: bool) -> impl IntoView + use<> {
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
                    </dl>
                    <p><a href=paths::BUSINESSES>"See all businesses"</a></p>
                </section>
                <section class="card">
                    <h2>"API tokens"</h2>
                    <p class="hint">"For programs that ask the portal in your name."</p>
                    <p><a href=paths::OWN_TOKENS>"Your API tokens"</a></p>
                </section>
                <form class="card" method="post" action=paths::PREFERENCES>
                    <fieldset>
                        <legend>"Appearance in this browser"</legend>
                        {themes.collect_view()}
                    </fieldset>
                    <fieldset>
                        <legend>"Single letters as commands, such as / and j"</legend>
                        <label class="radio"><input type="radio" name="keys" value="on" checked=!keys_off/>"On"</label>
                        <label class="radio"><input type="radio" name="keys" value="off" checked=keys_off/>"Off"</label>
                    </fieldset>
                    <button type="submit">"Save"</button>
                </form>
                <section class="card">
                    <h2>"User ID"</h2>
                    <p class="numbers">{user_id.clone()}<Copy text=user_id what="user ID"/></p>
                    <p class="hint">"Send it, with your e-mail address, to an administrator of a business to get access there. It is not a secret."</p>
                </section>
            </div>
        </PlainFrame>
    }
}
