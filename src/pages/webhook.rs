//! One webhook registration: where it sends what, for whom, and whether it still does.

use leptos::either::Either;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use uuid::Uuid;

use super::frame::{ActingFrame, Place};
use super::list::opened_from;
use super::not_found::{Failed, NotFoundPage};
use super::webhooks::{scope_link, state_badge};
use super::{acting, answered, loaded, only_viewing, parameter, query};
use crate::components::form::Confirm;
use crate::components::{Ago, Badge, Copy, Icon, Tone};
use crate::domain::failure::Failure;
use crate::domain::freshness::{absolute, machine};
use crate::domain::organisation::{OrgId, Role};
use crate::domain::webhook::{Webhook, WebhookState, by_api};
use crate::domain::webhook_filter::WebhookFacets;
use crate::paths;
use crate::server::acting::Acting;
use crate::server::acting::webhooks::WebhookView;

/// Where Vipps MobilePay shows deliveries that went wrong.
const UPSTREAM_PORTAL: &str = "https://portal.vippsmobilepay.com";
/// How deliveries are signed, in full.
const UPSTREAM_SIGNING: &str = "https://developer.vippsmobilepay.com/docs/APIs/webhooks-api/request-authentication/";

/// Why upstream did not delete the registration, in its words.
#[derive(Clone, Debug)]
pub struct NotDeleted(pub String);

#[component]
pub fn WebhookPage() -> impl IntoView {
    let Some(acting) = acting() else { return Either::Left(NotFoundPage()) };
    let id = use_params_map().read_untracked().get("id").and_then(|id| id.parse::<Uuid>().ok());
    let query = query();
    let list = paths::webhooks_with(&acting.organisation().id, &opened_from::<WebhookFacets>(&query));
    let did = parameter(&query, "did");
    let not_deleted = answered::<NotDeleted>();
    Either::Right(loaded(async move {
        let found = match id {
            Some(id) => acting.webhook(id).await,
            None => Err(Failure::NotFound),
        };
        let title = if found.is_ok() { "Webhook" } else { "Not found" };
        view! {
            <ActingFrame acting=acting.clone() place=Place::Webhooks title>
                <nav aria-label="Breadcrumb" class="breadcrumb"><a href=list data-back=""><Icon name="previous"/>"Webhooks"</a></nav>
                {match found {
                    Ok(found) => Either::Left(details(&acting, found, did.as_deref(), not_deleted)),
                    Err(failure) => Either::Right(view! { <Failed failure/> }),
                }}
            </ActingFrame>
        }
    }))
}

fn details(
    acting: &Acting,
    found: WebhookView,
    did: Option<&str>,
    not_deleted: Option<NotDeleted>,
) -> impl IntoView + use<> {
    let WebhookView { webhook, doubles } = found;
    let organisation = &acting.organisation().id;
    view! {
        {head(organisation, &webhook)}
        {outcome(&webhook, did, not_deleted)}
        {state(acting, &webhook)}
        {plain_http(acting, &webhook)}
        <div class="columns">
            <div>
                {events(&webhook)}
                {doubles_card(organisation, doubles)}
                {acting.is_partner().then(signing)}
            </div>
            <div>
                {facts(organisation, &webhook)}
                {deliveries()}
                {acting.is_partner().then(|| deeds(acting, &webhook))}
            </div>
        </div>
    }
}

fn head(organisation: &OrgId, webhook: &Webhook) -> impl IntoView + use<> {
    let refresh = paths::webhooks_refresh(organisation);
    let seen = webhook.seen_at;
    let url = webhook.url.clone();
    let whose = match &webhook.unit {
        Some(unit) => view! { "For "{scope_link(organisation, Some(unit))} }.into_any(),
        None => "For all sales units".into_any(),
    };
    view! {
        <header class="page-head">
            <h1 class="url">{url.clone()}<Copy text=url what="URL"/></h1>
            <p class="lead">{whose}" · "{state_badge(&webhook.state)}</p>
            <div class="freshness">
                <span class="age">"Seen "<Ago then=seen/></span>
                {(!only_viewing()).then(|| view! {
                    <form action=refresh method="post">
                        <input type="hidden" name="webhook" value=webhook.id.to_string()/>
                        <button type="submit" class="quiet"><Icon name="refresh"/>"Refresh"</button>
                    </form>
                })}
            </div>
        </header>
    }
}

/// What came of what was just done. The words in the address are ours; others say nothing.
fn outcome(webhook: &Webhook, did: Option<&str>, not_deleted: Option<NotDeleted>) -> impl IntoView + use<> {
    let good = |text: &str| ("notice good", "status", text.to_owned());
    let bad = |text: String| ("notice bad", "alert", text);
    let (class, role, text) = match (did, not_deleted) {
        (_, Some(NotDeleted(reason))) => bad(format!("Vipps MobilePay did not delete the webhook. It said: {reason}")),
        (Some("refreshed"), _) => good("Fetched from Vipps MobilePay just now."),
        (Some("deleted"), _) if !webhook.is_listed() => good("Deleted. Vipps MobilePay no longer calls this URL for it."),
        (Some("was-gone"), _) if !webhook.is_listed() => good("There was nothing left to delete: Vipps MobilePay no longer has this webhook."),
        (Some("delete-unknown"), _) if webhook.is_listed() => bad("Vipps MobilePay gave no clear answer, so it is not known yet whether the webhook is deleted. Refresh asks once more; deleting twice does no harm.".to_owned()),
        (word, _) => bad(Failure::from_word(word?)?.to_string()),
    };
    Some(view! { <p class=class role=role>{text}</p> })
}

/// What has to be known of a registration that is no more, or that nobody can look for.
fn state(acting: &Acting, webhook: &Webhook) -> impl IntoView + use<> {
    let again = if acting.is_partner() {
        "If it is still needed, see to it that the URL answers, and register it again."
    } else {
        "If it is still needed, see to it that the URL answers, and ask your partner to register it again."
    };
    let unit_gone = webhook.unit.as_ref().is_some_and(|unit| !unit.visible);
    let text = match &webhook.state {
        WebhookState::Listed if unit_gone => {
            "Vipps MobilePay no longer shows the sales unit of this webhook, so the portal cannot see whether the webhook is still there.".to_owned()
        }
        WebhookState::Listed => return None,
        WebhookState::Deleted { at, by } => {
            return Some(view! { <p class="notice">{format!("Deleted here by {by} on {}.", absolute(*at))}</p> });
        }
        WebhookState::Vanished { at } => format!(
            "Vipps MobilePay has not shown this webhook since {}; it was last seen {}. Nobody deleted it in this portal. Somebody \
             may have deleted it elsewhere, or Vipps MobilePay has: it removes a webhook whose URL has not answered for two \
             weeks. {again}",
            absolute(*at),
            absolute(webhook.seen_at),
        ),
    };
    Some(view! { <p class="notice warning">{text}</p> })
}

fn plain_http(acting: &Acting, webhook: &Webhook) -> impl IntoView + use<> {
    let what_to_do = if acting.is_partner() {
        "Register it with https:// and delete this one."
    } else {
        "Ask your partner to register it with https://."
    };
    (webhook.is_listed() && webhook.is_plain_http()).then(|| {
        view! {
            <p class="notice warning">
                "The URL begins with http://, so whoever is on the way can read what is sent to it. "{what_to_do}
            </p>
        }
    })
}

fn events(webhook: &Webhook) -> impl IntoView + use<> {
    let groups = by_api(&webhook.events).into_iter().map(|(api, events)| {
        let lines = events.into_iter().map(|(event, meaning)| {
            let meaning = meaning.map_or_else(
                || view! { <span class="pending">"Not documented when this portal was written."</span> }.into_any(),
                |meaning| meaning.into_any(),
            );
            view! { <li><span class="code">{event}</span><span>{meaning}</span></li> }
        });
        let lines = lines.collect_view();
        view! { <h3>{api}</h3><ul class="event-list">{lines}</ul> }
    });
    let groups = groups.collect_view();
    view! {
        <section class="card">
            <h2>{format!("Events ({})", webhook.events.len())}</h2>
            {groups}
        </section>
    }
}

fn facts(organisation: &OrgId, webhook: &Webhook) -> impl IntoView + use<> {
    let id = webhook.id.to_string();
    let (first, last) = (webhook.first_seen_at, webhook.seen_at);
    let scope = scope_link(organisation, webhook.unit.as_ref());
    let gone_unit = webhook.unit.as_ref().is_some_and(|unit| !unit.visible);
    let gone_unit = gone_unit.then(|| view! { " "<Badge tone=Tone::Warning text="Unit no longer visible"/> });
    let future = webhook.unit.is_none().then(|| view! { <p class="hint">"Of now and to come."</p> });
    view! {
        <section class="card">
            <h2>"Registration"</h2>
            <dl class="facts">
                <div><dt>"ID"</dt><dd><span class="code">{id.clone()}</span><Copy text=id what="webhook ID"/></dd></div>
                <div><dt>"Listens for"</dt><dd>{scope}{gone_unit}{future}</dd></div>
                <div><dt>"State"</dt><dd>{state_badge(&webhook.state)}</dd></div>
                <div><dt>"First seen"</dt><dd><time datetime=machine(first)>{absolute(first)}</time></dd></div>
                <div><dt>"Last seen"</dt><dd><time datetime=machine(last)>{absolute(last)}</time></dd></div>
                {webhook.registered_by.clone().map(|by| view! { <div><dt>"Registered here by"</dt><dd>{by}</dd></div> })}
            </dl>
            <p class="hint">"Times are when the portal saw it: Vipps MobilePay tells none."</p>
        </section>
    }
}

fn doubles_card(organisation: &OrgId, doubles: Vec<Webhook>) -> impl IntoView + use<> {
    if doubles.is_empty() {
        return None;
    }
    let organisation = organisation.clone();
    let lines = doubles.into_iter().map(|double| {
        let path = paths::webhook(&organisation, double.id);
        let scope = double.unit.as_ref().map_or_else(
            || "For all sales units".to_owned(),
            |unit| format!("For {}", unit.name.clone().unwrap_or_else(|| format!("MSN {}", unit.msn))),
        );
        view! { <li><a href=path>{scope}</a><span class="code">{double.id.to_string()}</span></li> }
    });
    let lines = lines.collect_view();
    Some(view! {
        <section class="card">
            <h2>"The same again"</h2>
            <p>"By these, some of the same events come to the same URL a second time:"</p>
            <ul class="siblings">{lines}</ul>
        </section>
    })
}

fn deliveries() -> impl IntoView {
    view! {
        <section class="card">
            <h2>"Deliveries"</h2>
            <p>
                "Vipps MobilePay's Webhooks API tells of no deliveries. Those that went wrong are on the "
                <a href=UPSTREAM_PORTAL rel="noreferrer">"business portal"</a>" under For developers > Webhook errors."
            </p>
            <p class="hint">"A delivery counts once the URL answers 200 within 10 seconds; otherwise it is tried again for up to 7 days."</p>
        </section>
    }
}

/// How a receiver knows that a delivery is genuine.
pub fn signing() -> impl IntoView {
    view! {
        <details class="card signing">
            <summary>"How deliveries are signed"</summary>
            <p>"Each delivery is a POST with three headers that the receiver checks with the secret of the registration:"</p>
            <ul class="event-list">
                <li><span class="code">"x-ms-content-sha256"</span><span>"The SHA-256 of the body as it arrives, in base64."</span></li>
                <li><span class="code">"x-ms-date"</span><span>"When it was sent."</span></li>
                <li><span class="code">"Authorization"</span><span><span class="code">"HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=…"</span></span></li>
            </ul>
            <p>
                "The signature is the HMAC-SHA256, in base64, of three lines with only a line feed between them: the word POST; path and query of the registered URL; and date, host and content hash with a semicolon between them. The key is the secret as it is written, not decoded."
            </p>
            <p><a href=UPSTREAM_SIGNING rel="noreferrer">"Vipps MobilePay's own description"</a></p>
        </details>
    }
}

fn deeds(acting: &Acting, webhook: &Webhook) -> impl IntoView + use<> {
    if !webhook.is_listed() {
        return None;
    }
    let action = paths::webhook_delete(&acting.organisation().id, webhook.id);
    let refused = acting.may(Role::Operator).err().map(|failure| failure.to_string());
    let whose = if webhook.unit.is_some() { "this sales unit" } else { "all sales units" };
    Some(view! {
        <section class="card deeds">
            <h2>"Change"</h2>
            <p class="hint">"A webhook cannot be changed. Register another one, then delete this one."</p>
            <Confirm label="Delete this webhook" action=action button="Delete the webhook" refused>
                <p>{format!("Vipps MobilePay stops telling this URL of its events for {whose} at once. This cannot be undone; the URL can be registered again, with another secret.")}</p>
            </Confirm>
        </section>
    })
}
