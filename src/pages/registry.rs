//! The registry: every organisation of the portal, for those who decide about it.

pub mod form;
pub mod key_check;
pub mod key_fields;
pub mod organisation;

use std::sync::Arc;

use leptos::either::Either;
use leptos::prelude::*;

use super::frame::PlainFrame;
use super::not_found::{Failed, NotFoundPage};
use super::{instance_admin, loaded, parameter, query};
use crate::components::{Ago, Badge, Copy, Empty, Icon, Marked, Tone, grouped};
use crate::domain::freshness::absolute;
use crate::domain::organisation::Environment;
use crate::domain::registry::{ListedOrganisation, Named, SyncState};
use crate::domain::search_text::needles;
use crate::islands::live_filter::LiveFilter;
use crate::paths;
use crate::server::acting::registry::InstanceAdmin;

const SEARCHED: &str = "Name, ID, organisation number or client ID";

#[component]
pub fn RegistryPage() -> impl IntoView {
    let Some(admin) = instance_admin() else { return Either::Left(NotFoundPage()) };
    let query = query();
    let typed: String = parameter(&query, "q").unwrap_or_default().chars().take(200).collect();
    let did = parameter(&query, "did");
    Either::Right(loaded(async move {
        let found = admin.organisations(&typed).await;
        view! {
            <RegistryFrame admin=admin title="Registry" wide=true>
                {match found {
                    Ok((found, count)) => Either::Left(page(&typed, found, count, did.as_deref())),
                    Err(failure) => Either::Right(view! { <Failed failure/> }),
                }}
            </RegistryFrame>
        }
    }))
}

/// The frame of the registry's pages: one acts as nobody there.
#[component]
pub fn RegistryFrame(
    admin: InstanceAdmin,
    #[prop(into)] title: String,
    /// Whether it holds a table of many columns.
    #[prop(optional)]
    wide: bool,
    children: Children,
) -> impl IntoView {
    view! {
        <PlainFrame title email=Some(admin.email().to_owned())>
            <div class=if wide { "registry" } else { "narrow" }>{children()}</div>
        </PlainFrame>
    }
}

fn page(typed: &str, found: Vec<ListedOrganisation>, count: usize, did: Option<&str>) -> impl IntoView + use<> {
    let results = results(typed, found, count);
    let typed = typed.to_owned();
    let removed = (did == Some("removed")).then(|| {
        view! { <p class="notice good" role="status">"The organisation is removed. Nobody can act as it any more, and its secrets are wiped."</p> }
    });
    view! {
        <nav aria-label="Breadcrumb" class="breadcrumb"><a href=paths::BUSINESSES><Icon name="previous"/>"Businesses"</a></nav>
        <header class="page-head">
            <h1>"Registry"</h1>
            <p class="actions"><a class="button primary" href=paths::NEW_ORGANISATION><Icon name="plus"/>"New organisation"</a></p>
            <p class="lead">"The partners and merchants of this portal, and with whose keys they are served."</p>
        </header>
        {removed}
        <LiveFilter>
            <form id="filter" class="filter" method="get" action=paths::REGISTRY role="search" aria-label="Registry">
                <label class="search">
                    <span class="hidden">{SEARCHED}</span>
                    <input type="search" name="q" value=typed autocomplete="off" spellcheck="false" data-focus-key="/"
                        placeholder=SEARCHED/>
                </label>
                <button type="submit">"Find"</button>
            </form>
        </LiveFilter>
        <section id="results" aria-label="Organisations">{results}</section>
    }
}

fn results(typed: &str, found: Vec<ListedOrganisation>, count: usize) -> impl IntoView + use<> {
    let summary = match count {
        0 => "No organisation".to_owned(),
        1 => "1 organisation".to_owned(),
        count if count > found.len() => {
            format!("The first {} of {} organisations; type more to find others", found.len(), grouped(count))
        }
        count => format!("{} organisations", grouped(count)),
    };
    let needles: Arc<[String]> = needles(typed).into();
    let nothing = match (count, needles.is_empty()) {
        (0, true) => Some(view! {
            <Empty title="The registry is empty"><p>"Add the first organisation, with its keys; then people can act as it."</p>
            <p><a class="button primary" href=paths::NEW_ORGANISATION>"New organisation"</a></p></Empty>
        }.into_any()),
        (0, false) => Some(view! {
            <Empty title="No match"><p>"No organisation has all of this in its name, ID or numbers."</p>
            <p><a class="button" href=paths::REGISTRY>"Show all"</a></p></Empty>
        }.into_any()),
        _ => None,
    };
    let rows = found.into_iter().map(|organisation| row(organisation, &needles)).collect_view();
    view! {
        <p class="summary" role="status">{summary}</p>
        {match nothing {
            Some(nothing) => Either::Left(nothing),
            None => Either::Right(view! {
                <table class="list">
                    <caption class="hidden">"Organisations"</caption>
                    <thead>
                        <tr>
                            <th scope="col">"Name"</th>
                            <th scope="col">"ID"</th>
                            <th scope="col">"Kind"</th>
                            <th scope="col">"Keys"</th>
                            <th scope="col">"Environment"</th>
                            <th scope="col">"Switched"</th>
                            <th scope="col">"Sync"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            }),
        }}
    }
}

fn row(organisation: ListedOrganisation, needles: &Arc<[String]>) -> impl IntoView + use<> {
    let needles = || Arc::clone(needles);
    let id = organisation.id.to_string();
    let number = organisation.business_identifier.as_ref().map(|business| {
        view! { <small class="numbers"><Marked text=business.grouped() needles=needles()/></small> }
    });
    let keys = match (organisation.client_id, organisation.served_by) {
        (Some(client_id), _) => view! {
            <span>"Own keys "<small class="code" title=client_id.clone()><Marked text=client_id.clone() needles=needles()/></small></span>
        }
        .into_any(),
        (None, Some(partner)) => served_by(&partner).into_any(),
        (None, None) => view! { <span class="pending">"No keys"</span> }.into_any(),
    };
    let switched = switched(organisation.vipps_enabled);
    view! {
        <tr>
            <th scope="row">
                <a href=paths::registered(&organisation.id) data-row=""><Marked text=organisation.name needles=needles()/></a>
                {number}
            </th>
            <td data-label="ID"><span class="code" title=id.clone()><Marked text=id.clone() needles=needles()/></span><Copy text=id what="ID"/></td>
            <td data-label="Kind">{organisation.kind.label()}</td>
            <td data-label="Keys">{keys}</td>
            <td data-label="Environment">{environment(organisation.environment)}</td>
            <td data-label="Switched">{switched}</td>
            <td data-label="Sync">{sync(organisation.sync)}</td>
        </tr>
    }
}

fn served_by(partner: &Named) -> impl IntoView + use<> {
    view! { <span>"Served by "<a href=paths::registered(&partner.id)>{partner.name.clone()}</a></span> }
}

fn environment(environment: Environment) -> impl IntoView {
    match environment {
        Environment::Production => view! { "Production" }.into_any(),
        Environment::Test => view! { <Badge tone=Tone::Warning text="Test"/> }.into_any(),
    }
}

fn switched(on: bool) -> impl IntoView {
    let (tone, text) = if on { (Tone::Good, "On") } else { (Tone::Bad, "Off") };
    view! { <Badge tone text/> }
}

/// When something was fetched last, or in a few words why nothing is.
fn sync(state: SyncState) -> impl IntoView {
    let quiet = |text: &'static str| view! { <span class="pending">{text}</span> }.into_any();
    match state {
        SyncState::NoKeys => quiet("Nothing to fetch with"),
        SyncState::SwitchedOff => quiet("Switched off"),
        SyncState::InTest => quiet("Nothing to fetch in test"),
        SyncState::First => quiet("Waiting for the first"),
        SyncState::Failing { since, reason } => {
            let since = format!("Since {}", absolute(since));
            view! { <span class="trouble" title=since><Badge tone=Tone::Bad text="Failing"/><small>{reason}</small></span> }.into_any()
        }
        SyncState::Held(reason) => {
            view! { <span class="trouble"><Badge tone=Tone::Warning text="Held"/><small>{reason}</small></span> }
                .into_any()
        }
        SyncState::Synced(at) => view! { <Ago then=at/> }.into_any(),
    }
}
