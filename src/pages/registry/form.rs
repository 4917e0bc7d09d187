//! The form for an organisation of the registry, new or changed.

use leptos::either::Either;
use leptos::prelude::*;

use super::RegistryFrame;
use super::key_fields::key_fields;
use crate::components::Icon;
use crate::components::form::{FaultSummary, Field, Input, field_id};
use crate::domain::failure::Failure;
use crate::domain::identifiers::{BusinessIdentifier, CheckDigit, Market};
use crate::domain::organisation::{OrgId, OrganisationKind};
use crate::domain::registry::form::{OrganisationForm, seen};
use crate::domain::registry::{Named, OwnKeys, RegisteredOrganisation, Secret, Service};
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
pub struct Shown {
    pub form: OrganisationForm,
    faults: Vec<(String, String)>,
    /// The secrets that have to be typed again.
    pub typed: Vec<Secret>,
    /// The keys that there are.
    pub keys: Option<OwnKeys>,
}

impl Shown {
    pub fn fault(&self, field: &str) -> Option<String> {
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
        (identity(&shown, is_new), service(&shown, partners, current), key_fields(&shown), more(&shown, is_new));
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
    let wiped = shown.keys.is_some().then(|| {
        view! { <p class="hint">"If it is served otherwise, the keys it has are removed from the registry, and their sealed secrets wiped."</p> }
    });
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
            {wiped}
            <div class="by-partner">
                <Field name="partner" label="Partner" input=Input::Select(partners) value=form.partner.clone() fault=shown.fault("partner")
                    hint="Partners of this registry that have keys."/>
            </div>
        </section>
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
