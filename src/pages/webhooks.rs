//! The list of webhook registrations: the partner's own and those of all its sales units.

use std::sync::Arc;

use leptos::either::Either;
use leptos::prelude::*;

use super::frame::{ActingFrame, Place};
use super::freshness::FreshnessLine;
use super::list::{List, Nothing, choice, column, nothing_because};
use super::not_found::{Failed, NotFoundPage};
use super::{acting, loaded, query};
use crate::components::form::Disabled;
use crate::components::{Ago, Badge, Icon, Marked, Tone, grouped};
use crate::domain::columns::WEBHOOKS;
use crate::domain::failure::Failure;
use crate::domain::organisation::{OrgId, Role};
use crate::domain::page::Page;
use crate::domain::search_text::needles;
use crate::domain::webhook::{EVENTS, Webhook, WebhookState, WebhookUnit, by_api};
use crate::domain::webhook_filter::{EventFacet, Sort, WebhookFacets, WebhookQuery};
use crate::paths;
use crate::server::acting::Acting;

#[component]
pub fn WebhooksPage() -> impl IntoView {
    let Some(acting) = acting() else { return Either::Left(NotFoundPage()) };
    let query = WebhookQuery::from_query(&query());
    Either::Right(loaded(async move {
        let page =
            async { Ok::<_, Failure>((acting.webhooks(&query).await?, acting.events_for_partner().await?)) }.await;
        view! {
            <ActingFrame acting=acting.clone() place=Place::Webhooks title="Webhooks">
                {match page {
                    Ok((page, for_partner)) => Either::Left(list(&acting, &query, page, for_partner)),
                    Err(failure) => Either::Right(view! { <Failed failure/> }),
                }}
            </ActingFrame>
        }
    }))
}

fn list(
    acting: &Acting,
    query: &WebhookQuery,
    page: Page<Webhook>,
    for_partner: Option<Vec<String>>,
) -> impl IntoView + use<> {
    let organisation = &acting.organisation().id;
    let list = List {
        path: paths::webhooks(organisation),
        title: "Webhooks",
        one: "webhook",
        many: "webhooks",
        searched: "URL, ID, MSN or name of the sales unit",
        columns: WEBHOOKS,
        api: acting.api_address("webhooks"),
        query,
    };
    let columns = vec![
        list.sortable(Sort::Url),
        column("Events"),
        list.sortable(Sort::Unit),
        list.sortable(Sort::FirstSeen),
        column("State"),
    ];
    let freshness = acting.webhook_freshness();
    let none = match acting.is_partner() {
        true => ("No webhooks", "Vipps MobilePay shows no webhooks of this partner or of its sales units."),
        false => ("No webhooks", "Vipps MobilePay shows no webhooks for one of your sales units alone."),
    };
    // How many units wait is about all of the partner's merchants.
    let outstanding = if acting.is_partner() { acting.unit_webhooks_outstanding() } else { 0 };
    let hint = (outstanding > 0)
        .then(|| format!("The webhooks of {} sales units have not been fetched yet.", grouped(outstanding)));
    let nothing = Nothing {
        no_match: "No webhook has all of this in its URL, its ID, or the MSN or name of its sales unit.",
        hint,
        none: nothing_because(&freshness.state, none),
    };
    let needles: Arc<[String]> = needles(&query.filter.text).into();
    let opened_from = query.to_query();
    let form = list.form(facets(acting, &query.filter.facets));
    let results = list.results(page, columns, |webhook| row(organisation, webhook, &needles, &opened_from), &nothing);
    let deeds = acting.is_partner().then(|| {
        let coverage = paths::webhook_coverage(organisation);
        view! { <p class="actions">{register(acting)}<a class="button" href=coverage>"Coverage"</a></p> }
    });
    view! {
        <header class="page-head">
            <h1>"Webhooks"</h1>
            {deeds}
            <FreshnessLine freshness refresh=paths::webhooks_refresh(organisation) back=list.shown()/>
        </header>
        {for_partner.map(|events| partner_wide(acting, &events))}
        {form}
        {results}
    }
}

/// That the partner listens, too, and to what; where is its own.
fn partner_wide(acting: &Acting, events: &[String]) -> impl IntoView + use<> {
    if events.is_empty() {
        return None;
    }
    let partner = acting.served_by().unwrap_or("Your partner").to_owned();
    let names = by_api(events).into_iter().map(|(api, events)| {
        let names: Vec<String> = events.into_iter().map(|(event, _)| event).collect();
        view! { <li><strong>{api}</strong>" "<span class="code">{names.join(", ")}</span></li> }
    });
    let names = names.collect_view();
    Some(view! {
        <details class="card partner-wide" id="partner-wide">
            <summary>{format!("{partner} also listens in all sales units connected to it, yours among them, for {} events", events.len())}</summary>
            <ul class="event-list">{names}</ul>
        </details>
    })
}

fn register(acting: &Acting) -> impl IntoView + use<> {
    match acting.may(Role::Operator) {
        Ok(()) => {
            let path = paths::new_webhook(&acting.organisation().id);
            view! { <a class="button primary" href=path><Icon name="plus"/>"Register webhook"</a> }.into_any()
        }
        Err(failure) => view! { <Disabled label="Register webhook" reason=failure.to_string()/> }.into_any(),
    }
}

fn facets(acting: &Acting, facets: &WebhookFacets) -> Vec<AnyView> {
    let scope = acting.is_partner().then(|| choice("scope", "Listens for", facets.scope));
    let others = [choice("state", "State", facets.state), choice("transport", "Transport", facets.transport)];
    [event_choice(facets.event)].into_iter().chain(scope).chain(others).collect()
}

/// All events, each under the API that it comes from.
fn event_choice(chosen: Option<EventFacet>) -> AnyView {
    let option = |facet: EventFacet, label: String| {
        let selected = chosen == Some(facet);
        view! { <option value=facet.word() selected=selected>{label}</option> }
    };
    let groups = EVENTS.iter().enumerate().map(|(at, family)| {
        let events = family
            .events
            .iter()
            .filter_map(|event| Some(option(EventFacet::from_word(event.name)?, event.name.to_owned())));
        let events = events.collect_view();
        let any = option(EventFacet::Family(at), format!("Any of {}", family.api));
        view! { <optgroup label=family.api>{any}{events}</optgroup> }
    });
    let groups = groups.collect_view();
    let other = option(EventFacet::Other, EventFacet::Other.label().to_owned());
    view! {
        <label class="choice">
            <span>"Event"</span>
            <select name="event"><option value="">"Any"</option>{groups}{other}</select>
        </label>
    }
    .into_any()
}

fn row(organisation: &OrgId, webhook: Webhook, needles: &Arc<[String]>, list: &str) -> AnyView {
    let path = paths::webhook_from(organisation, webhook.id, list);
    let gone = !webhook.is_listed();
    let plain = webhook.is_plain_http().then(|| view! { <Badge tone=Tone::Warning text="Plain http"/> });
    let state = state_badge(&webhook.state);
    let events = events_in_short(&webhook.events);
    let scope = match webhook.unit {
        None => view! { <span>"All sales units"</span> }.into_any(),
        Some(unit) => {
            let (path, name, msn) = named(organisation, &unit);
            let name =
                name.map(|name| view! { <a href=path.clone()><Marked text=name needles=Arc::clone(needles)/></a>" " });
            let number = view! { <span class="numbers"><Marked text=msn needles=Arc::clone(needles)/></span> };
            let number =
                if name.is_some() { number.into_any() } else { view! { <a href=path>{number}</a> }.into_any() };
            view! { <span>{name}{number}</span> }.into_any()
        }
    };
    // The ID stands in the row only where it was what somebody looked for.
    let id = webhook.id.to_string();
    let found_by_id =
        !needles.is_empty() && crate::domain::search_text::mark(&id, needles).iter().any(|piece| piece.marked);
    let id =
        found_by_id.then(|| view! { <small class="code id"><Marked text=id needles=Arc::clone(needles)/></small> });
    view! {
        <tr class:gone=gone>
            <th scope="row"><a href=path data-row="" class="url"><Marked text=webhook.url needles=Arc::clone(needles)/></a>{plain}{id}</th>
            <td data-label="Events">{events}</td>
            <td data-label="Sales unit">{scope}</td>
            <td data-label="First seen"><Ago then=webhook.first_seen_at/></td>
            <td data-label="State">{state}</td>
        </tr>
    }
    .into_any()
}

/// How many, and their names as far as there is room.
fn events_in_short(events: &[String]) -> impl IntoView + use<> {
    let names = events.join(", ");
    let count = format!("{} event{}", events.len(), if events.len() == 1 { "" } else { "s" });
    view! { <span class="events"><strong>{count}</strong><small title=names.clone()>{names.clone()}</small></span> }
}

/// The address of a unit's page, its name and its number.
pub fn named(organisation: &OrgId, unit: &WebhookUnit) -> (String, Option<String>, String) {
    (paths::sales_unit(organisation, &unit.msn), unit.name.clone(), unit.msn.to_string())
}

/// A sales unit as a link, or the words for all of them.
pub fn scope_link(organisation: &OrgId, unit: Option<&WebhookUnit>) -> impl IntoView + use<> {
    let Some(unit) = unit else { return "All sales units".into_any() };
    let (path, name, msn) = named(organisation, unit);
    let name = name.unwrap_or_else(|| "Sales unit".to_owned());
    view! { <a href=path>{name}</a>" "<span class="numbers">{msn}</span> }.into_any()
}

pub fn state_badge(state: &WebhookState) -> impl IntoView + use<> {
    match state {
        WebhookState::Listed => view! { <Badge tone=Tone::Good text="Registered"/> }.into_any(),
        WebhookState::Vanished { at } => {
            let at = *at;
            view! { <Badge tone=Tone::Warning text="Vanished"/>" "<small><Ago then=at/></small> }.into_any()
        }
        WebhookState::Deleted { at, .. } => {
            let at = *at;
            view! { <Badge tone=Tone::Quiet text="Deleted here"/>" "<small><Ago then=at/></small> }.into_any()
        }
    }
}
