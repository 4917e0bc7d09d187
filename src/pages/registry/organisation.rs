//! An organisation in the registry: what it is, with whose keys it is served and whether they work.

use leptos::either::Either;
use leptos::prelude::*;

use super::key_check::key_check;
use super::{RegistryFrame, environment, served_by, switched, sync};
use crate::components::form::Confirm;
use crate::components::{Ago, Badge, Copy, Icon, Tone, grouped};
use crate::domain::freshness::day;
use crate::domain::identifiers::{BusinessIdentifier, CheckDigit};
use crate::domain::organisation::{OrgId, OrganisationKind, Role};
use crate::domain::registry::{KeptSecret, OwnKeys, RegisteredOrganisation, Secret, Service};
use crate::pages::not_found::{Failed, NotFoundPage};
use crate::pages::{instance_admin, loaded, parameter, query, segment};
use crate::paths;

#[component]
pub fn OrganisationPage() -> impl IntoView {
    let Some(admin) = instance_admin() else { return Either::Left(NotFoundPage()) };
    let Some(id) = segment(2).and_then(|id| OrgId::parse(&id)) else { return Either::Left(NotFoundPage()) };
    let did = parameter(&query(), "did");
    Either::Right(loaded(async move {
        match admin.organisation(&id).await {
            Ok(organisation) => Either::Left(view! {
                <RegistryFrame admin=admin title=organisation.name.clone()>
                    {page(organisation, did.as_deref())}
                </RegistryFrame>
            }),
            Err(failure) => Either::Right(view! {
                <RegistryFrame admin=admin title="Not found"><Failed failure/></RegistryFrame>
            }),
        }
    }))
}

fn page(organisation: RegisteredOrganisation, did: Option<&str>) -> impl IntoView + use<> {
    let id = organisation.id.clone();
    let open = organisation.own_role.map(|_| {
        let label = format!("Open {}", organisation.name);
        view! { <a class="button primary" href=paths::organisation(&id) aria-label=label>"Open"</a> }
    });
    let keys = organisation.own_keys().map(|keys| {
        let keys = keys_card(keys, organisation.upstream_url.clone());
        view! { {keys}{key_check(&id, organisation.check.clone())} }
    });
    let (standing, deeds) = (standing(&organisation), deeds(&organisation));
    view! {
        <nav aria-label="Breadcrumb" class="breadcrumb"><a href=paths::REGISTRY data-back=""><Icon name="previous"/>"Registry"</a></nav>
        <header class="page-head">
            <h1>{organisation.name.clone()}</h1>
            <p class="actions">{open}<a class="button" href=paths::registered_deed(&id, "edit")>"Edit"</a></p>
        </header>
        {outcome(did)}
        <div class="cards">
            {standing}
            {keys}
            {deeds}
        </div>
    }
}

/// What came of what was just done. The words in the address are ours; others say nothing.
fn outcome(did: Option<&str>) -> impl IntoView + use<> {
    let (class, text) = match did? {
        "created" => ("notice good", "The organisation is in the registry."),
        "saved" => ("notice good", "The changes are saved."),
        "on" => ("notice good", "It is switched on. What Vipps MobilePay has of it is being fetched."),
        "off" => ("notice good", "It is switched off. Vipps MobilePay is not asked any more; what was fetched stays."),
        "member" => ("notice good", "You are an admin of it now, and find it among your businesses."),
        "later" => {
            ("notice warning", "The keys have just been checked several times. Wait a minute, then check them again.")
        }
        "no-keys" => ("notice warning", "It has no keys of its own that could be checked."),
        "serves" => ("notice warning", "Nothing was removed: merchants are served with its keys."),
        _ => return None,
    };
    Some(view! { <p class=class role="status">{text}</p> })
}

fn standing(organisation: &RegisteredOrganisation) -> impl IntoView + use<> {
    let id = organisation.id.to_string();
    let service = match &organisation.service {
        Service::Own(_) => view! { "Keys of its own" }.into_any(),
        Service::Partner(partner) => served_by(partner).into_any(),
        Service::Nobody => {
            view! { <span class="pending">"No keys yet: nothing can be fetched or sent"</span> }.into_any()
        }
    };
    let is_own = organisation.own_keys().is_some();
    let environment = is_own.then(|| {
        let (environment, switched) = (environment(organisation.environment), switched(organisation.vipps_enabled));
        view! {
            <div><dt>"Environment"</dt><dd>{environment}</dd></div>
            <div><dt>"Switched"</dt><dd>{switched}</dd></div>
        }
    });
    let serves = (organisation.kind == OrganisationKind::Partner).then(|| {
        let count = match organisation.serves {
            0 => "No merchant of the registry".to_owned(),
            1 => "1 merchant of the registry".to_owned(),
            count => format!("{} merchants of the registry", grouped(count)),
        };
        view! { <div><dt>"Serves"</dt><dd>{count}</dd></div> }
    });
    let role = match organisation.own_role {
        Some(role) => format!("{}: {}", role.label(), role.explanation()),
        None => "No member: you cannot act as it".to_owned(),
    };
    let join = (organisation.own_role != Some(Role::Admin)).then(|| {
        let action = paths::registered_deed(&organisation.id, "membership");
        view! { <form method="post" action=action><button type="submit"><Icon name="person"/>"Make me an admin of it"</button></form> }
    });
    view! {
        <section class="card">
            <h2>"Organisation"</h2>
            <dl class="facts">
                <div><dt>"ID"</dt><dd class="code">{id.clone()}<Copy text=id what="ID"/></dd></div>
                <div><dt>"Kind"</dt><dd>{organisation.kind.label()}</dd></div>
                <div><dt>"Business identifier"</dt><dd>{business(organisation.business_identifier.as_ref())}</dd></div>
                <div><dt>"Served with"</dt><dd>{service}</dd></div>
                {serves}
                {environment}
                <div><dt>"Synced"</dt><dd>{sync(organisation.sync.clone())}</dd></div>
                <div><dt>"Redirect URI"</dt><dd>{or_none(organisation.redirect_uri.clone())}</dd></div>
                <div><dt>"Scopes"</dt><dd>{or_none(Some(organisation.scopes.join(" ")))}</dd></div>
                <div><dt>"Your role"</dt><dd>{role}</dd></div>
                <div><dt>"Created"</dt><dd><Ago then=organisation.created_at/></dd></div>
                <div><dt>"Changed"</dt><dd><Ago then=organisation.updated_at/></dd></div>
            </dl>
            {join}
        </section>
    }
}

fn business(business: Option<&BusinessIdentifier>) -> impl IntoView + use<> {
    let Some(business) = business else { return or_none(None).into_any() };
    let wrong = (business.check_digit() == CheckDigit::Wrong).then(|| {
        view! { " "<Badge tone=Tone::Warning text="Check digit is wrong"/> }
    });
    view! {
        <span class="numbers">{business.grouped()}</span><Copy text=business.id.clone() what="business identifier"/>
        " "<small class="code">{business.scheme.clone()}</small>{wrong}
    }
    .into_any()
}

fn or_none(text: Option<String>) -> impl IntoView {
    match text.filter(|text| !text.is_empty()) {
        Some(text) => view! { <span class="code">{text}</span> }.into_any(),
        None => view! { <span class="pending">"None"</span> }.into_any(),
    }
}

fn keys_card(keys: &OwnKeys, upstream_url: Option<String>) -> impl IntoView + use<> {
    let client_id = keys.client_id.clone();
    let secrets = Secret::ALL.map(|secret| {
        let kept = match keys.secret(secret) {
            Some(kept) => kept_secret(kept).into_any(),
            None => or_none(None).into_any(),
        };
        view! { <div><dt>{secret.label()}</dt><dd>{kept}</dd></div> }
    });
    let upstream = upstream_url.map(|url| {
        view! { <div><dt>"Upstream"</dt><dd><span class="code">{url}</span>" "<small>"Set in the shell, and only changed there"</small></dd></div> }
    });
    view! {
        <section class="card">
            <h2>"Keys"</h2>
            <dl class="facts">
                <div><dt>"Client ID"</dt><dd class="code">{client_id.clone()}<Copy text=client_id what="client ID"/></dd></div>
                {secrets.collect_view()}
                <div><dt>"MSN"</dt><dd>{or_none(keys.msn.clone())}</dd></div>
                {upstream}
            </dl>
        </section>
    }
}

/// Where a secret is; for what the portal has sealed, since when it has it.
pub fn kept_secret(kept: &KeptSecret) -> impl IntoView + use<> {
    match (kept.is_sealed(), kept.sealed_at) {
        (true, Some(at)) => view! { "Sealed in the portal, since "{day(at)} }.into_any(),
        (true, None) => view! { <Badge tone=Tone::Bad text="The portal has no such secret"/>" "<span class="code">{kept.reference.clone()}</span> }.into_any(),
        (false, _) => view! { <span class="code">{kept.reference.clone()}</span> }.into_any(),
    }
}

fn deeds(organisation: &RegisteredOrganisation) -> impl IntoView + use<> {
    let deed = |deed| paths::registered_deed(&organisation.id, deed);
    let name = &organisation.name;
    let switch = organisation.own_keys().map(|_| {
        let (value, label, hint) = if organisation.vipps_enabled {
            (
                "no",
                "Switch off",
                "Then nothing is fetched or changed at Vipps MobilePay. What was fetched can still be read.",
            )
        } else {
            ("yes", "Switch on", "Then its keys are checked and used again.")
        };
        view! {
            <form method="post" action=deed("switch") class="actions">
                <input type="hidden" name="enabled" value=value/>
                <button type="submit">{label}</button>
                <span class="hint">{hint}</span>
            </form>
        }
    });
    let refused = (organisation.serves > 0).then(|| {
        format!("{} merchants are served with its keys. Serve them otherwise first.", grouped(organisation.serves))
    });
    let refused = if organisation.serves == 1 {
        Some("1 merchant is served with its keys. Serve it otherwise first.".to_owned())
    } else {
        refused
    };
    let explanation = format!(
        "From then on, {name} does not exist for anybody, its secrets are wiped, and its tokens are good for nothing. Its id is not given again."
    );
    view! {
        <section class="card stack">
            <h2>"Switch off or remove"</h2>
            {switch}
            <Confirm label="Remove from the registry" action=deed("remove") button="Remove this organisation" refused>
                <p>{explanation}</p>
            </Confirm>
        </section>
    }
}
