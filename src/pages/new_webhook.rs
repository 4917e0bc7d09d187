//! Registering a webhook, and the one page that shows its secret.

use leptos::either::Either;
use leptos::prelude::*;
use secrecy::ExposeSecret;
use uuid::Uuid;

use super::frame::{ActingFrame, Place};
use super::not_found::NotFoundPage;
use super::webhook::signing;
use super::webhooks::scope_link;
use super::{acting, answered, refused};
use crate::components::form::{Disabled, FaultSummary, Field, Input, field_id};
use crate::components::{Copy, Icon};
use crate::domain::organisation::{OrgId, Role};
use crate::domain::webhook::{EVENTS, EventFamily, NewWebhook, Objections, WebhookForm};
use crate::paths;
use crate::server::acting::Acting;
use crate::server::acting::webhooks::Registering;

/// What was typed and refused.
#[derive(Clone, Debug)]
pub struct RefusedWebhook {
    pub form: WebhookForm,
    /// Names of fields and what is wrong with them; with no name, what is wrong altogether.
    pub faults: Vec<(String, String)>,
    pub objections: Objections,
}

/// What came of a form.
#[derive(Clone, Debug)]
pub struct AnsweredWebhook {
    /// What was to be registered.
    pub new: Option<NewWebhook>,
    pub outcome: Registering,
}

#[component]
pub fn NewWebhookPage() -> impl IntoView {
    let Some(acting) = acting() else { return Either::Left(NotFoundPage()) };
    let organisation = acting.organisation().id.clone();
    let list = paths::webhooks(&organisation);
    let (title, shown) = match answered::<AnsweredWebhook>() {
        Some(answered) => outcome(&organisation, answered),
        None => ("Register webhook", form(&acting, refused::<RefusedWebhook>())),
    };
    Either::Right(view! {
        <ActingFrame acting=acting.clone() place=Place::Webhooks title>
            <nav aria-label="Breadcrumb" class="breadcrumb"><a href=list><Icon name="previous"/>"Webhooks"</a></nav>
            {shown}
        </ActingFrame>
    })
}

fn outcome(organisation: &OrgId, answered: AnsweredWebhook) -> (&'static str, AnyView) {
    let AnsweredWebhook { new, outcome } = answered;
    match outcome {
        Registering::Registered { id, secret } => {
            let secret = secret.expose_secret().to_owned();
            ("Webhook registered", registered(organisation, id, secret, new))
        }
        Registering::Already { id } => ("Registered before", already(organisation, id)),
        // Where nothing was registered the form is shown again.
        Registering::Unknown { candidates } => ("Outcome unknown", unknown(organisation, &candidates, new)),
        Registering::NotReached | Registering::Refused(_) => ("Outcome unknown", unknown(organisation, &[], new)),
    }
}

/// The only place where the secret is ever shown.
fn registered(organisation: &OrgId, id: Uuid, secret: String, new: Option<NewWebhook>) -> AnyView {
    let path = paths::webhook(organisation, id);
    view! {
        <header class="page-head"><h1>"Webhook registered"</h1></header>
        <section class="card secret" id="secret">
            <h2>"Its secret"</h2>
            <p class="secret-line"><span class="code">{secret.clone()}</span><Copy text=secret what="secret"/></p>
            <p class="notice warning">
                <strong>"This is the only time that the secret is shown."</strong>
                " Copy it now to where deliveries are received. Neither this portal nor Vipps MobilePay can show it again; if it is lost, delete the webhook and register it anew."
            </p>
            {new.map(|new| summary(organisation, new))}
            <p class="actions"><a class="button" href=path>"I have copied it – show the webhook"</a></p>
        </section>
        {signing()}
    }
    .into_any()
}

fn summary(organisation: &OrgId, new: NewWebhook) -> impl IntoView + use<> {
    let scope = match new.msn {
        Some(msn) => {
            let path = paths::sales_unit(organisation, &msn);
            view! { "MSN "<a href=path>{msn.to_string()}</a> }.into_any()
        }
        None => "All sales units".into_any(),
    };
    let events = new.events.into_iter().map(|event| view! { <span class="line code">{event}</span> });
    let events = events.collect_view();
    view! {
        <dl class="facts">
            <div><dt>"URL"</dt><dd>{new.url}</dd></div>
            <div><dt>"Listens for"</dt><dd>{scope}</dd></div>
            <div><dt>"Events"</dt><dd>{events}</dd></div>
        </dl>
    }
}

fn already(organisation: &OrgId, id: Option<Uuid>) -> AnyView {
    let list = paths::webhooks(organisation);
    let text = match id {
        Some(id) => {
            let path = paths::webhook(organisation, id);
            view! {
                <p>"This form has been sent before and has become "<a href=path>"this webhook"</a>". Nothing more was registered. Its secret was shown then; if nobody has copied it, delete the webhook and register it anew."</p>
            }
            .into_any()
        }
        None => view! {
            <p>"This form has been sent before, and nothing more was registered. What has become of it, Vipps MobilePay has not said: look for it "<a href=list>"in the list"</a>", and delete it if nobody has its secret."</p>
        }
        .into_any(),
    };
    let new = paths::new_webhook(organisation);
    view! {
        <header class="page-head"><h1>"Registered before"</h1></header>
        <div class="notice">{text}</div>
        <p class="actions"><a class="button" href=new>"Register another one"</a></p>
    }
    .into_any()
}

fn unknown(organisation: &OrgId, candidates: &[Uuid], new: Option<NewWebhook>) -> AnyView {
    let list = paths::webhooks(organisation);
    let found = candidates.iter().map(|id| {
        let path = paths::webhook(organisation, *id);
        view! { <li><a href=path>{id.to_string()}</a></li> }
    });
    let found: Vec<_> = found.collect();
    let what_now = if found.is_empty() {
        view! {
            <p>"If it has arrived, there is a webhook now whose secret nobody has seen. Look "<a href=list.clone()>"at the list"</a>" in a few minutes: if a new one with this URL stands in it, delete that one. Then register again."</p>
        }
        .into_any()
    } else {
        view! {
            <p>"Vipps MobilePay shows a webhook with this URL that was not there before. Nobody has seen its secret, so it is of no use: delete it, then register again."</p>
            <ul>{found}</ul>
        }
        .into_any()
    };
    view! {
        <header class="page-head"><h1>"Outcome unknown"</h1></header>
        <div class="notice bad" role="alert">
            <p><strong>"No usable answer came from Vipps MobilePay, so it is not known whether the webhook is registered."</strong></p>
            {what_now}
        </div>
        {new.map(|new| view! { <section class="card"><h2>"What was to be registered"</h2>{summary(organisation, new)}</section> })}
    }
    .into_any()
}

fn form(acting: &Acting, refused: Option<RefusedWebhook>) -> AnyView {
    let organisation = &acting.organisation().id;
    if let Err(failure) = acting.may(Role::Operator) {
        return view! {
            <header class="page-head"><h1>"Register webhook"</h1></header>
            <Disabled label="Register" reason=failure.to_string()/>
        }
        .into_any();
    }
    let is_again = refused.is_some();
    let RefusedWebhook { form, faults, objections } = refused.unwrap_or_else(|| RefusedWebhook {
        form: WebhookForm::default(),
        faults: Vec::new(),
        objections: Objections::default(),
    });
    let fault = |field: &str| -> Option<String> {
        let of_field: Vec<String> =
            faults.iter().filter(|(name, _)| name == field).map(|(_, text)| text.clone()).collect();
        (!of_field.is_empty()).then(|| of_field.join(" "))
    };
    let general = fault("").map(|text| view! { <p class="fault" role="alert">{text}</p> });
    let named: Vec<_> = faults.iter().filter(|(field, _)| !field.is_empty()).cloned().collect();
    let summary = (!named.is_empty())
        .then(|| view! { <FaultSummary faults=named title="Nothing is registered yet: something is not right."/> });
    let doubled = (is_again && !objections.doubled.is_empty()).then(|| doubled(organisation, &objections, form.again));
    let families = EVENTS.iter().map(|family| family_group(family, &form)).collect_view();
    let events_fault = fault("events").map(|text| view! { <p class="fault" id="field-events-fault">{text}</p> });
    let scope = |value: &'static str, label: &'static str, checked: bool| {
        view! { <label class="radio"><input type="radio" name="scope" value=value checked=checked/>{label}</label> }
    };
    let action = paths::new_webhook(organisation);
    let id = Uuid::new_v4().to_string();
    view! {
        <header class="page-head">
            <h1>"Register webhook"</h1>
            <p class="lead">"Vipps MobilePay calls the URL whenever one of the chosen events happens. Registering does not test whether the URL answers."</p>
        </header>
        {general}
        {summary}
        <form method="post" action=action novalidate=true class="webhook-form">
            <input type="hidden" name="form" value=id/>
            {doubled}
            <Field name="url" label="URL" input=Input::Url value=form.url.clone() fault=fault("url") required=true
                hint="Public, with https and port 443, 80 or 8080, and without a redirect. TLS 1.2 or newer."/>
            <fieldset class="scopes">
                <legend>"Listens for"</legend>
                {scope("all", "All sales units, now and to come", !form.for_one_unit)}
                {scope("unit", "One sales unit", form.for_one_unit)}
                <Field name="msn" label="MSN of the sales unit" input=Input::Digits value=form.msn.clone() fault=fault("msn")
                    hint="Only for one sales unit; leave it empty for all."/>
            </fieldset>
            <fieldset class="event-groups" id=field_id("events") tabindex="-1">
                <legend>"Events"</legend>
                {events_fault}
                {families}
            </fieldset>
            <p class="actions"><button type="submit" class="primary">"Register"</button></p>
        </form>
    }
    .into_any()
}

/// The events of one API to choose from, and all of them in one go.
fn family_group(family: &'static EventFamily, form: &WebhookForm) -> impl IntoView + use<> {
    let boxed = |name: &'static str, value: &'static str, checked: bool, hint: Option<String>| {
        let id = format!("{name}-{value}");
        view! { <input type="checkbox" name=name value=value id=id checked=checked aria-describedby=hint/> }
    };
    let events = family.events.iter().map(|event| {
        let checked = form.events.iter().any(|chosen| chosen == event.name);
        let (id, hint) = (format!("event-{}", event.name), format!("event-{}-hint", event.name));
        let control = boxed("event", event.name, checked, Some(hint.clone()));
        view! { <div class="entry tick">{control}<label for=id><span class="code">{event.name}</span></label><p class="hint" id=hint>{event.meaning}</p></div> }
    });
    let events = events.collect_view();
    let all = form.families.iter().any(|chosen| chosen == family.word);
    let all = (family.events.len() > 1).then(|| {
        let (id, control) = (format!("family-{}", family.word), boxed("family", family.word, all, None));
        let label = format!("All {} of {}", family.events.len(), family.api);
        view! { <div class="entry tick">{control}<label for=id>{label}</label></div> }
    });
    view! { <fieldset><legend>{family.api}</legend>{all}{events}</fieldset> }
}

fn doubled(organisation: &OrgId, objections: &Objections, ticked: bool) -> impl IntoView + use<> {
    let lines = objections.doubled.iter().map(|webhook| {
        let path = paths::webhook(organisation, webhook.id);
        view! { <li><a href=path>{webhook.id.to_string()}</a>" for "{scope_link(organisation, webhook.unit.as_ref())}</li> }
    });
    let lines = lines.collect_view();
    view! {
        <div class="notice warning" role="alert" id="doubled">
            <p>"Some of these events come to this URL already. Registered once more, each of them would be delivered more than once:"</p>
            <ul>{lines}</ul>
            <div class="entry tick">
                <input type="checkbox" name="again" value="true" id="again" checked=ticked/>
                <label for="again">"Register it all the same"</label>
            </div>
        </div>
    }
}
