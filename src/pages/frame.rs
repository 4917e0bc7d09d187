//! What stands around a page: the side bar with whom one acts as, and the menu.

use leptos::prelude::*;
use leptos_meta::Title;

use super::{product_orders, sales_units};
use crate::components::Icon;
use crate::domain::organisation::{Audience, Organisation, OrganisationKind};
use crate::islands::copying::Copying;
use crate::islands::freshness::FreshnessWatch;
use crate::islands::keyboard::Keyboard;
use crate::paths;
use crate::server::acting::Acting;

/// A place in the menu.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Landing,
    ProductOrders,
    Templates,
    SalesUnits,
    Merchants,
    Agreements,
    FailedCharges,
    PricePackages,
    Webhooks,
    ApiQuality,
    Members,
    ApiTokens,
    Settings,
}

/// The frame of a page on which one acts as an organisation.
#[component]
pub fn ActingFrame(acting: Acting, place: Place, #[prop(into)] title: String, children: Children) -> impl IntoView {
    let organisation = acting.organisation().clone();
    let kind = match organisation.kind {
        OrganisationKind::Partner => "partner",
        OrganisationKind::Merchant => "merchant",
    };
    let menu = menu(&acting).into_iter().map(|(heading, items)| {
        let items = items.into_iter().map(|(item, icon, label, path)| {
            let current = (item == place).then_some("page");
            view! { <li><a href=path aria-current=current><Icon name=icon/>{label}</a></li> }
        });
        let items = items.collect_view();
        let heading = (!heading.is_empty()).then(|| view! { <p class="menu-heading">{heading}</p> });
        view! { {heading}<ul class="menu">{items}</ul> }
    });
    let document_title = document_title(&title, &organisation.name);
    let in_test = acting.is_in_test().then(|| {
        let agreements = acting.has_agreements().then_some(" Recurring agreements there are.");
        view! { <p class="notice warning">"The keys of this organisation are for the test environment, in which Vipps MobilePay has no Management API: no sales units, product orders or price packages."{agreements}</p> }
    });
    view! {
        <Title text=document_title/>
        <a class="skip" href="#main">"Skip to content"</a>
        <div class="frame" data-kind=kind data-viewing=acting.is_viewing().then_some("")>
            <header class="side-bar">
                <Switcher organisation=organisation.clone() viewing=acting.is_viewing() recent=acting.recent().to_vec() registry=acting.is_instance_admin()/>
                <nav aria-label="Menu">
                    {menu.collect_view()}
                </nav>
                <p class="keys-hint">"Press "<kbd>"?"</kbd>" for keys"</p>
                <Account email=acting.email().to_owned()/>
            </header>
            <main id="main" tabindex="-1">{viewing_mark(&acting)}{in_test}{children()}</main>
        </div>
        <Keyboard/>
        <Copying/>
        <FreshnessWatch/>
    }
}

/// Says on every page that somebody looks as a merchant who is none of its people, and leads back.
fn viewing_mark(acting: &Acting) -> impl IntoView + use<> {
    let viewing = acting.viewing()?;
    let (merchant, partner) = (acting.organisation().name.clone(), viewing.partner.name.clone());
    let back = paths::merchant(&viewing.partner.id, &viewing.business);
    Some(view! {
        <aside class="viewing" aria-label="Viewing as a merchant">
            <p>
                <Icon name="person"/>
                <span>"You see this as "<strong>{merchant}</strong>", on behalf of "<strong>{partner.clone()}</strong>". You can look, and change nothing."</span>
            </p>
            <a class="button" href=back>{format!("Back to {partner}")}</a>
        </aside>
    })
}

/// An entry of the menu: the place, its icon, its words, its address.
type Item = (Place, &'static str, &'static str, String);

/// The menu, in parts with a heading each. Partners and merchants have different ones.
fn menu(acting: &Acting) -> Vec<(&'static str, Vec<Item>)> {
    let id = &acting.organisation().id;
    let home = (Place::Landing, "home", "Overview", paths::organisation(id));
    let orders = |label| (Place::ProductOrders, "order", label, paths::product_orders(id));
    let webhooks = (Place::Webhooks, "webhook", "Webhooks", paths::webhooks(id));
    let members = (Place::Members, "person", "Members", paths::members(id));
    let quality = (Place::ApiQuality, "chart", "API quality", paths::api_quality(id));
    let settings = (Place::Settings, "settings", "Settings", paths::settings(id));
    let tokens = (Place::ApiTokens, "key", "API tokens", paths::api_tokens(id));
    if !acting.is_partner() {
        let mut own = vec![home, (Place::SalesUnits, "store", sales_units::title(acting), paths::sales_units(id))];
        let mut menu = Vec::new();
        if acting.is_among(Audience::PartnersAndServed) {
            own.push(orders(product_orders::title(acting)));
            menu.push(("Developers", vec![webhooks, quality]));
        } else {
            menu.push(("Developers", vec![quality]));
        }
        if acting.has_agreements() {
            own.push((Place::Agreements, "order", "Agreements", paths::agreements(id)));
            own.push((Place::FailedCharges, "failed", "Where they fail", paths::failed_charges(id)));
        }
        menu.insert(0, ("", own));
        if !acting.is_viewing() {
            let settings = acting.is_among(Audience::WithKeys).then_some(settings);
            menu.push(("Organisation", [members, tokens].into_iter().chain(settings).collect()));
        }
        return menu;
    }
    vec![
        (
            "",
            vec![
                home,
                orders(product_orders::title(acting)),
                (Place::Templates, "template", "Order templates", paths::templates(id)),
                (Place::SalesUnits, "store", "Sales units", paths::sales_units(id)),
                (Place::Merchants, "merchant", "Merchants", paths::merchants(id)),
                (Place::PricePackages, "price", "Price packages", paths::price_packages(id)),
            ],
        ),
        ("Developers", vec![webhooks, quality]),
        ("Organisation", vec![members, tokens, settings]),
    ]
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
fn Switcher(
    organisation: Organisation,
    /// Whether somebody only looks as it.
    viewing: bool,
    recent: Vec<Organisation>,
    /// Whether there is a way to the registry.
    registry: bool,
) -> impl IntoView {
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
                    <small class="kind">{format!("{} as {}", if viewing { "Viewing" } else { "Acting" }, organisation.kind.as_str())}</small>
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
                {registry.then(|| view! { <a class="all" href=paths::REGISTRY>"Registry of organisations"</a> })}
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
pub(super) fn document_title(title: &str, whose: &str) -> String {
    format!("{title} – {whose}").replace('&', "&amp;").replace('<', "&lt;")
}

/// The first letters of the first two words.
fn initials(name: &str) -> String {
    name.split_whitespace().filter_map(|word| word.chars().next()).take(2).flat_map(char::to_uppercase).collect()
}
