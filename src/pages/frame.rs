//! What stands around a page: the side bar with whom one acts as, and the menu.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::components::Icon;
use crate::domain::organisation::{Organisation, OrganisationKind};
use crate::islands::copying::Copying;
use crate::islands::freshness::FreshnessWatch;
use crate::islands::keyboard::Keyboard;
use crate::paths;
use crate::server::acting::Acting;

/// A place in the menu.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Landing,
    SalesUnits,
    Merchants,
}

/// The frame of a page on which one acts as an organisation.
#[component]
pub fn ActingFrame(acting: Acting, place: Place, #[prop(into)] title: String, children: Children) -> impl IntoView {
    let organisation = acting.organisation().clone();
    let kind = match organisation.kind {
        OrganisationKind::Partner => "partner",
        OrganisationKind::Merchant => "merchant",
    };
    let id = &organisation.id;
    let mut menu = vec![
        (Place::Landing, "home", "Overview", paths::organisation(id)),
        (
            Place::SalesUnits,
            "store",
            if kind == "partner" { "Sales units" } else { "My sales units" },
            paths::sales_units(id),
        ),
    ];
    if acting.is_partner() {
        menu.push((Place::Merchants, "building", "Merchants", paths::merchants(id)));
    }
    let menu = menu.into_iter().map(|(item, icon, label, path)| {
        let current = (item == place).then_some("page");
        view! { <li><a href=path aria-current=current><Icon name=icon/>{label}</a></li> }
    });
    let document_title = document_title(&title, &organisation.name);
    view! {
        <Title text=document_title/>
        <a class="skip" href="#main">"Skip to content"</a>
        <div class="frame" data-kind=kind>
            <header class="side-bar">
                <Switcher organisation=organisation.clone() recent=acting.recent().to_vec()/>
                <nav aria-label="Menu">
                    <ul class="menu">{menu.collect_view()}</ul>
                </nav>
                <p class="keys-hint">"Press "<kbd>"?"</kbd>" for keys"</p>
                <Account email=acting.email().to_owned()/>
            </header>
            <main id="main" tabindex="-1">{children()}</main>
        </div>
        <Keyboard/>
        <Copying/>
        <FreshnessWatch/>
    }
}

/// The frame of a page on which one acts as nobody yet.
#[component]
pub fn PlainFrame(#[prop(into)] title: String, email: Option<String>, children: Children) -> impl IntoView {
    view! {
        <Title text=document_title(&title, "Partner Portal")/>
        <a class="skip" href="#main">"Skip to content"</a>
        <div class="plain">
            <header class="top-bar">
                <a class="brand" href="/"><Icon name="mark"/>"Partner Portal"</a>
                {email.map(|email| view! { <Account email/> })}
            </header>
            <main id="main" tabindex="-1">{children()}</main>
        </div>
        <Keyboard/>
        <Copying/>
    }
}

/// The name at the top of the side bar: opens the way to the others.
#[component]
fn Switcher(organisation: Organisation, recent: Vec<Organisation>) -> impl IntoView {
    let recent = recent.into_iter().map(|other| {
        view! {
            <li>
                <a href=paths::organisation(&other.id) data-kind=other.kind.as_str()>
                    <span>{other.name}</span>
                    <small>{other.kind.label()}</small>
                </a>
            </li>
        }
    });
    let recent = recent.collect_view();
    view! {
        <details class="switcher" name="menu">
            <summary>
                <span class="avatar" aria-hidden="true">{initials(&organisation.name)}</span>
                <span class="acting-as">
                    <small class="kind">{format!("Acting as {}", organisation.kind.as_str())}</small>
                    <strong>{organisation.name}</strong>
                </span>
                <Icon name="switch"/>
            </summary>
            <div class="popover">
                <form action=paths::BUSINESSES method="get" role="search" aria-label="Businesses">
                    <input type="search" name="q" aria-label="Find a business to act as" placeholder="Find a business" autocomplete="off"/>
                </form>
                {(!recent.is_empty()).then(|| view! { <p class="popover-title">"Recent"</p> })}
                <ul>{recent}</ul>
                <a class="all" href=paths::BUSINESSES>"See all businesses"</a>
            </div>
        </details>
    }
}

#[component]
fn Account(email: String) -> impl IntoView {
    view! {
        <div class="account">
            <a href=paths::PROFILE title="Your profile"><Icon name="person"/><span>{email}</span></a>
            <form action=paths::LOGOUT method="post">
                <button type="submit" class="quiet"><Icon name="sign-out"/><span>"Sign out"</span></button>
            </form>
        </div>
    }
}

/// The title of the document. Leptos 0.8 writes it as it is (leptos-0.9), and names of sales units
/// are whatever their merchants have typed.
fn document_title(title: &str, whose: &str) -> String {
    format!("{title} – {whose}").replace('&', "&amp;").replace('<', "&lt;")
}

/// The first letters of the first two words.
fn initials(name: &str) -> String {
    name.split_whitespace().filter_map(|word| word.chars().next()).take(2).flat_map(char::to_uppercase).collect()
}
