//! The form for an organisation of the registry, new or changed.

use leptos::either::Either;
use leptos::prelude::*;

use super::RegistryFrame;
use crate::components::Icon;
use crate::components::form::{FaultSummary, Field, Input, field_id};
use crate::domain::failure::Failure;
use crate::domain::freshness::day;
use crate::domain::identifiers::{BusinessIdentifier, CheckDigit, Market};
use crate::domain::organisation::{Environment, OrgId, OrganisationKind};
use crate::domain::registry::form::{OrganisationForm, seen};
use crate::domain::registry::{KeptSecret, Named, OwnKeys, RegisteredOrganisation, Secret, Service};
use crate::pages::not_found::{Failed, NotFoundPage};
use crate::pages::{instance_admin, loaded, refused, segment};
use crate::paths;
use crate::server::acting::registry::InstanceAdmin;

/// What was typed and not saved. Secrets are not in it.
#[derive(Clone, Debug)]
pub struct RefusedOrganisation {
    pub form: OrganisationForm,
    pub why: Why,
    /// The secrets that have to be typed again.
    pub typed: Vec<Secret>,
}

#[derive(Clone, Debug)]
pub enum Why {
    /// Names of fields and what is wrong with them.
    Faults(Vec<(String, String)>),
    /// Somebody has changed it since the form was opened.
    Meanwhile,
}

#[component]
pub fn NewOrganisationPage() -> impl IntoView {
    let Some(admin) = instance_admin() else { return Either::Left(NotFoundPage()) };
    let refused = refused::<RefusedOrganisation>();
    Either::Right(loaded(async move {
        let loaded = load(&admin, None).await;
        framed(admin, "New organisation".to_owned(), loaded, refused)
    }))
}

#[component]
pub fn EditOrganisationPage() -> impl IntoView {
    let Some(admin) = instance_admin() else { return Either::Left(NotFoundPage()) };
    let Some(id) = segment(2).and_then(|id| OrgId::parse(&id)) else { return Either::Left(NotFoundPage()) };
    let refused = refused::<RefusedOrganisation>();
    Either::Right(loaded(async move {
        let loaded = load(&admin, Some(&id)).await;
        let name = loaded.as_ref().ok().and_then(|(there, _)| Some(there.as_ref()?.name.clone()));
        framed(admin, name.map_or_else(|| "Not found".to_owned(), |name| format!("Edit {name}")), loaded, refused)
    }))
}

type Loaded = Result<(Option<RegisteredOrganisation>, Vec<Named>), Failure>;

async fn load(admin: &InstanceAdmin, id: Option<&OrgId>) -> Loaded {
    let there = match id {
        Some(id) => Some(admin.organisation(id).await?),
        None => None,
    };
    Ok((there, admin.serving_partners().await?))
}

fn framed(
    admin: InstanceAdmin,
    title: String,
    loaded: Loaded,
    refused: Option<RefusedOrganisation>,
) -> impl IntoView + use<> {
    view! {
        <RegistryFrame admin title=title.clone()>
            {match loaded {
                Ok((there, partners)) => Either::Left(page(title, there, partners, refused)),
                Err(failure) => Either::Right(view! { <Failed failure/> }),
            }}
        </RegistryFrame>
    }
}

/// The form, and what is said beside its fields.
struct Shown {
    form: OrganisationForm,
    faults: Vec<(String, String)>,
    typed: Vec<Secret>,
    keys: Option<OwnKeys>,
}

impl Shown {
    fn fault(&self, field: &str) -> Option<String> {
        self.faults.iter().find(|(name, _)| name == field).map(|(_, text)| text.clone())
    }
}

fn page(
    title: String,
    there: Option<RegisteredOrganisation>,
    partners: Vec<Named>,
    refused: Option<RefusedOrganisation>,
) -> impl IntoView + use<> {
    let (back, back_label, action) = match &there {
        Some(there) => (paths::registered(&there.id), there.name.clone(), paths::registered_deed(&there.id, "edit")),
        None => (paths::REGISTRY.to_owned(), "Registry".to_owned(), paths::NEW_ORGANISATION.to_owned()),
    };
    let is_meanwhile = matches!(&refused, Some(RefusedOrganisation { why: Why::Meanwhile, .. }));
    let mut shown = match (refused, &there) {
        (Some(RefusedOrganisation { form, why, typed }), _) => {
            let faults = if let Why::Faults(faults) = why { faults } else { Vec::new() };
            Shown { form, faults, typed, keys: None }
        }
        (None, Some(there)) => {
            Shown { form: OrganisationForm::of(there), faults: Vec::new(), typed: Vec::new(), keys: None }
        }
        (None, None) => {
            Shown { form: OrganisationForm::new_organisation(), faults: Vec::new(), typed: Vec::new(), keys: None }
        }
    };
    shown.keys = there.as_ref().and_then(|there| there.own_keys().cloned());
    // Sent once more, it is saved over what there is now.
    if let Some(there) = &there {
        shown.form.seen = seen(there.updated_at);
    }
    let meanwhile = is_meanwhile.then(|| {
        let now = back.clone();
        view! {
            <div class="notice warning" role="alert" id="meanwhile">
                <p><strong>"Somebody has changed this organisation since you opened the form, so nothing is saved yet."</strong></p>
                <p>"What you have filled in is kept below. Look at "<a href=now target="_blank" rel="opener">"what it is now, in a new tab"</a>"; saved again, the form replaces it."</p>
            </div>
        }
    });
    let summary = (!shown.faults.is_empty()).then(|| {
        view! { <FaultSummary faults=shown.faults.clone() title="Nothing is saved yet: something is not right."/> }
    });
    let current = there.as_ref().and_then(|there| match &there.service {
        Service::Partner(partner) => Some(partner.clone()),
        _ => None,
    });
    let is_new = there.is_none();
    let (identity, service, keys, more) =
        (identity(&shown, is_new), service(&shown, partners, current), keys(&shown), more(&shown, is_new));
    view! {
        <nav aria-label="Breadcrumb" class="breadcrumb"><a href=back><Icon name="previous"/>{back_label}</a></nav>
        <header class="page-head"><h1>{title}</h1></header>
        {meanwhile}
        {summary}
        <form method="post" action=action novalidate=true class="registration">
            <input type="hidden" name="seen" value=shown.form.seen.clone()/>
            {identity}
            {service}
            {keys}
            {more}
            <p class="actions">
                <button type="submit" class="primary">{if is_new { "Create" } else { "Save" }}</button>
                <span class="hint">"Keys of its own are checked right after that."</span>
            </p>
        </form>
    }
}

fn identity(shown: &Shown, is_new: bool) -> impl IntoView + use<> {
    let form = &shown.form;
    let id = if is_new {
        view! {
            <Field name="id" label="ID" value=form.id.clone() fault=shown.fault("id") required=true maxlength=Some(64)
                hint="Such as org_kystkassa. It stands in addresses, is not changed later, and is not given twice."/>
        }
        .into_any()
    } else {
        ().into_any()
    };
    let kind = |kind: OrganisationKind, label: &'static str| radio("kind", kind.as_str(), label, &form.kind);
    let mut schemes: Vec<(String, String)> = Market::ALL
        .map(|market| (market.scheme().to_owned(), format!("{} ({})", market.identifier_name(), market.name())))
        .to_vec();
    if !form.scheme.is_empty() && schemes.iter().all(|(scheme, _)| *scheme != form.scheme) {
        schemes.push((form.scheme.clone(), form.scheme.clone()));
    }
    let business = BusinessIdentifier::new(form.scheme.clone(), form.business_id.clone());
    let is_doubtful = !form.business_id.is_empty() && business.check_digit() == CheckDigit::Wrong;
    let warnings = if is_doubtful && shown.fault("business_id").is_none() {
        vec!["The check digit is wrong: a digit may be mistyped.".to_owned()]
    } else {
        Vec::new()
    };
    view! {
        <section class="card">
            <h2>"What it is"</h2>
            <div class="entries">
                {id}
                <Field name="name" label="Name" value=form.name.clone() fault=shown.fault("name") required=true maxlength=Some(200)/>
            </div>
            <fieldset id=field_id("kind") tabindex="-1">
                <legend>"Kind"</legend>
                {said_of(shown.fault("kind"))}
                {kind(OrganisationKind::Partner, "Partner: connects the sales units of others")}
                {kind(OrganisationKind::Merchant, "Merchant: has sales units itself")}
            </fieldset>
            <div class="entries">
                <Field name="scheme" label="Kind of number" input=Input::Select(schemes) value=form.scheme.clone() fault=shown.fault("scheme")/>
                <Field name="business_id" label="Business identifier" value=form.business_id.clone() fault=shown.fault("business_id")
                    warnings maxlength=Some(200) hint="Needed for a merchant that is served by a partner."/>
            </div>
        </section>
    }
}

fn service(shown: &Shown, mut partners: Vec<Named>, current: Option<Named>) -> impl IntoView + use<> {
    let form = &shown.form;
    let service = |value: &'static str, label: &'static str| radio("service", value, label, &form.service);
    if let Some(current) = current.filter(|current| partners.iter().all(|partner| partner.id != current.id)) {
        partners.push(current);
    }
    let partners =
        partners.into_iter().map(|partner| (partner.id.to_string(), format!("{} ({})", partner.name, partner.id)));
    let partners = partners.collect();
    view! {
        <section class="card">
            <h2>"With whose keys it is served"</h2>
            <fieldset id=field_id("service") tabindex="-1">
                <legend class="hidden">"With whose keys it is served"</legend>
                {said_of(shown.fault("service"))}
                {service("own", "Keys of its own")}
                {service("partner", "Those of its partner: a merchant sees its own sales units in the partner’s copy")}
                {service("nobody", "None yet")}
            </fieldset>
            <p class="hint">"Without keys of its own, the keys it has are removed from the registry, and their sealed secrets wiped."</p>
            <div class="by-partner">
                <Field name="partner" label="Partner" input=Input::Select(partners) value=form.partner.clone() fault=shown.fault("partner")
                    hint="Partners of this registry that have keys."/>
            </div>
        </section>
    }
}

fn keys(shown: &Shown) -> impl IntoView + use<> {
    let form = &shown.form;
    let secrets = Secret::ALL.map(|secret| secret_fields(shown, secret)).collect_view();
    let environments = [
        (Environment::Production.as_str().to_owned(), "Production".to_owned()),
        (Environment::Test.as_str().to_owned(), "Test: there is no Management API".to_owned()),
    ];
    view! {
        <section class="card own-keys">
            <h2>"Keys of its own"</h2>
            <div class="entries">
                <Field name="client_id" label="Client ID" value=form.client_id.clone() fault=shown.fault("client_id") maxlength=Some(500)/>
                <Field name="environment" label="Environment" input=Input::Select(environments.to_vec()) value=form.environment.clone()
                    fault=shown.fault("environment") required=true/>
            </div>
            {secrets}
            <div class="entries">
                <Field name="msn" label="MSN" input=Input::Digits value=form.msn.clone() fault=shown.fault("msn")
                    hint="Of the sales unit that these keys belong to. Empty for a partner’s keys."/>
            </div>
        </section>
    }
}

/// Where a secret is, or the secret itself; what is there is never shown.
fn secret_fields(shown: &Shown, secret: Secret) -> impl IntoView + use<> {
    let (name, entry) = (secret.name(), &shown.form.secrets[secret as usize]);
    let kept = shown.keys.as_ref().and_then(|keys| keys.secret(secret));
    let sealed = kept.filter(|kept| kept.is_sealed());
    let standing = sealed.map(|kept| view! { <p class="hint">{sealed_words(kept)}</p> });
    let is_optional = secret != Secret::ClientSecret;
    let take_away = (is_optional && sealed.is_some()).then(|| {
        let ticked = if entry.is_taken_away { "yes" } else { "" };
        view! { <Field name=format!("{name}_taken_away") label="Take it away" input=Input::Check value=ticked/> }
    });
    let hint = match secret {
        Secret::ClientSecret => {
            "vault://mount/path, env://NAME, file:///path or sealed://name. The secret stays there."
        }
        Secret::SubscriptionKey => "The same; empty for keys that have no subscription key.",
        Secret::SecondarySubscriptionKey => "The other one of the two that do the same; it may be empty.",
    };
    let typed_again =
        shown.typed.contains(&secret).then(|| "Type it again: what is secret does not go back into a page.".to_owned());
    let label = secret.label();
    let typed_hint = if sealed.is_some() {
        "Empty: what is sealed stays."
    } else {
        "It is encrypted with the portal’s secret key, and never shown again."
    };
    view! {
        <fieldset class="secret-fields">
            <legend>{label}</legend>
            {standing}
            <div class="entries">
                <Field name=format!("{name}_ref") label=format!("{label}: where it is") value=entry.reference.clone()
                    fault=shown.fault(&format!("{name}_ref")) maxlength=Some(500) hint/>
                <Field name label=format!("{label}: or type it") input=Input::Password autocomplete="new-password" maxlength=Some(500)
                    fault=typed_again hint=typed_hint/>
            </div>
            {take_away}
        </fieldset>
    }
}

fn sealed_words(kept: &KeptSecret) -> String {
    match kept.sealed_at {
        Some(at) => format!("Sealed in the portal, since {}. Leave both fields empty to keep it.", day(at)),
        None => format!("The portal has no secret {}: type it, or say where it is.", kept.reference),
    }
}

fn more(shown: &Shown, is_new: bool) -> impl IntoView + use<> {
    let form = &shown.form;
    let member = is_new.then(|| {
        let ticked = if form.member { "yes" } else { "" };
        view! {
            <Field name="member" label="Make me an admin of it" input=Input::Check value=ticked
                hint="Admins act as the organisation and decide who else may."/>
        }
    });
    view! {
        <section class="card">
            <h2>"More"</h2>
            <div class="entries">
                <Field name="redirect_uri" label="Redirect URI" value=form.redirect_uri.clone() fault=shown.fault("redirect_uri") maxlength=Some(500)
                    hint="For other systems that read the registry, such as myapp://vipps-callback."/>
                <Field name="scopes" label="Scopes" value=form.scopes.clone() fault=shown.fault("scopes")
                    hint="With blanks in between, such as openid phoneNumber name."/>
            </div>
            {member}
        </section>
    }
}

fn radio(name: &'static str, value: &'static str, label: &'static str, chosen: &str) -> impl IntoView + use<> {
    let checked = chosen == value;
    view! { <label class="radio"><input type="radio" name=name value=value checked=checked/>{label}</label> }
}

fn said_of(fault: Option<String>) -> impl IntoView {
    fault.map(|fault| view! { <p class="fault">{fault}</p> })
}
