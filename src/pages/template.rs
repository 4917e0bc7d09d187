//! One template of a product order: what it holds, its public link, and the orders sent with it.

use std::collections::BTreeSet;

use leptos::either::{Either, EitherOf3};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use uuid::Uuid;

use super::frame::{ActingFrame, Place};
use super::new_product_order::for_operators;
use super::not_found::{Failed, NotFoundPage};
use super::prefill_fields::{Fields, name_of};
use super::product_orders::{status_badge, title_of};
use super::templates::link_state;
use super::{acting, loaded, parameter, query, refused};
use crate::components::form::{Confirm, FaultSummary, Field as FieldView, Input};
use crate::components::qr_code::QrCodeOf;
use crate::components::{Ago, Badge, Copy, Icon, Tone, grouped};
use crate::domain::failure::Failure;
use crate::domain::freshness::absolute;
use crate::domain::organisation::Role;
use crate::domain::prefill::{Field, Group, Known, readable};
use crate::domain::template::{KeptTemplate, LinkTrouble, TemplateFault, TemplateField, TemplateForm};
use crate::paths;
use crate::server::acting::Acting;
use crate::server::acting::templates::TemplateView;

/// The name under which a new template's id goes with its form.
pub const ID: &str = "id";

#[component]
pub fn NewTemplatePage() -> impl IntoView {
    let Some(acting) = acting() else { return Either::Left(NotFoundPage()) };
    let typed = refused::<TemplateView>();
    Either::Right(loaded(async move {
        let view = match typed {
            Some(view) => Ok(view),
            None => acting.start_template().await,
        };
        view! {
            <ActingFrame acting=acting.clone() place=Place::Templates title="New template">
                {breadcrumb(&acting)}
                {match view {
                    Ok(view) => EitherOf3::A(view! {
                        <header class="page-head"><h1>"New template"</h1></header>
                        {form(&acting, &view, paths::new_template(&acting.organisation().id))}
                    }),
                    Err(Failure::NotAllowed) => EitherOf3::B(for_operators("New template", "make templates")),
                    Err(failure) => EitherOf3::C(view! { <Failed failure/> }),
                }}
            </ActingFrame>
        }
    }))
}

#[component]
pub fn TemplatePage() -> impl IntoView {
    let Some(acting) = acting() else { return Either::Left(NotFoundPage()) };
    let id = use_params_map().read_untracked().get("id").and_then(|id| id.parse::<Uuid>().ok());
    let typed = refused::<TemplateView>();
    let did = parameter(&query(), "did");
    Either::Right(loaded(async move {
        let view = match (typed, id) {
            (Some(view), _) => Ok(view),
            (None, Some(id)) => acting.template(id).await,
            (None, None) => Err(Failure::NotFound),
        };
        let name = |view: &TemplateView| view.kept.as_ref().map(|kept| kept.template.name.clone());
        let title = view.as_ref().ok().and_then(name).unwrap_or_else(|| "Template".to_owned());
        view! {
            <ActingFrame acting=acting.clone() place=Place::Templates title>
                {breadcrumb(&acting)}
                {match view {
                    Ok(mut view) if view.kept.is_some() => {
                        Either::Left(view.kept.take().map(|kept| details(&acting, kept, &view, did.as_deref())))
                    }
                    Ok(_) => Either::Right(view! { <Failed failure=Failure::NotFound/> }),
                    Err(failure) => Either::Right(view! { <Failed failure/> }),
                }}
            </ActingFrame>
        }
    }))
}

fn breadcrumb(acting: &Acting) -> impl IntoView + use<> {
    let list = paths::templates(&acting.organisation().id);
    view! { <nav aria-label="Breadcrumb" class="breadcrumb"><a href=list data-back=""><Icon name="previous"/>"Product order templates"</a></nav> }
}

fn details(acting: &Acting, kept: KeptTemplate, view: &TemplateView, did: Option<&str>) -> impl IntoView + use<> {
    let organisation = &acting.organisation().id;
    let may = acting.may(Role::Operator).is_ok();
    let send = (may && kept.archived_at.is_none()).then(|| {
        let path = paths::new_product_order_with(organisation, kept.id);
        view! { <a class="button primary" href=path>"Send an order with this template"</a> }
    });
    let did = match did {
        Some("made") => Some("The template is made. Give merchants its link, or send orders with it yourself."),
        Some("changed") => Some("Changed. Orders that were sent before stay as they are."),
        Some("linked") => Some("The link works now. If there was one before, that no longer does."),
        Some("withdrawn") => Some("The link no longer works."),
        Some("archived") => Some("In the archive. Its link does not work as long as it is here."),
        Some("restored") => Some("In use again."),
        _ => None,
    };
    view! {
        <header class="page-head">
            <h1>{kept.template.name.clone()}</h1>
            {send}
            <p class="lead">{format!("Made {} by {}", absolute(kept.created_at), kept.created_by_email)}", changed "<Ago then=kept.updated_at/></p>
        </header>
        {did.map(|text| view! { <p class="notice good" role="status">{text}</p> })}
        {kept.archived_at.map(|since| view! { <p class="notice warning">{format!("In the archive since {}: its link does not work, and no orders are sent with it.", absolute(since))}</p> })}
        <div class="columns link-first">
            <div>{if may { Either::Left(form(acting, view, paths::template(organisation, view.id))) } else { Either::Right(contents(&kept, view)) }}</div>
            <div>
                {link_card(acting, &kept, &view.knowledge.known(), may)}
                {orders_card(acting, view)}
                {may.then(|| archive_card(acting, &kept))}
            </div>
        </div>
    }
}

fn form(acting: &Acting, view: &TemplateView, action: String) -> impl IntoView + use<> {
    let organisation = &acting.organisation().id;
    let TemplateForm { name, welcome, preset, locked } = &view.form;
    let fault = |at: TemplateField| view.faults.iter().find(|fault| fault.at == at).map(|fault| fault.text.clone());
    let faults: Vec<(Field, String)> = view.faults.iter().filter_map(of_field).collect();
    let asked: Vec<Field> = TemplateForm::fields()
        .filter(|field| view.knowledge.compliance || field.group() != Group::Compliance || preset.has(*field))
        .collect();
    let fields = Fields {
        form: preset,
        knowledge: &view.knowledge,
        checked: None,
        faults: &faults,
        fixed: None,
        locks: Some(locked),
        password_dropped: false,
        organisation: Some(organisation),
    };
    let groups = Group::ALL.into_iter().filter_map(|group| fields.group(group, &asked)).collect_view();
    let summary = (!view.faults.is_empty()).then(|| {
        let lines = view.faults.iter().map(|TemplateFault { at, text }| match at {
            TemplateField::Name => ("name".to_owned(), format!("Name: {text}")),
            TemplateField::Welcome => ("welcome".to_owned(), format!("Welcome: {text}")),
            TemplateField::Preset(field) => (name_of(*field).to_owned(), format!("{}: {text}", field.label())),
        });
        view! { <FaultSummary faults=lines.collect() title="Nothing was kept. Correct these first:"/> }
    });
    view! {
        {summary}
        <form method="post" action=action enctype="multipart/form-data" novalidate=true class="prefill">
            <input type="hidden" name=ID value=view.id.to_string()/>
            <fieldset class="card">
                <legend>"Template"</legend>
                <div class="entries">
                    <FieldView name="name" label="Name" value=name.clone() hint="For your colleagues; merchants do not see it." fault=fault(TemplateField::Name) required=true/>
                    <div class="wide"><FieldView name="welcome" label="Welcome" input=Input::Long value=welcome.clone() hint="Stands above the merchant's form: who you are, what is ordered, whom to ask." fault=fault(TemplateField::Welcome)/></div>
                </div>
            </fieldset>
            <p class="hint">"What is locked cannot be changed by whoever uses the template. What is filled in and not locked is a suggestion."</p>
            {groups}
            <div class="form-actions"><button type="submit" class="primary">"Keep the template"</button></div>
        </form>
    }
}

fn of_field(fault: &TemplateFault) -> Option<(Field, String)> {
    match fault.at {
        TemplateField::Preset(field) => Some((field, fault.text.clone())),
        TemplateField::Name | TemplateField::Welcome => None,
    }
}

/// What those see who may not change it.
fn contents(kept: &KeptTemplate, view: &TemplateView) -> impl IntoView + use<> {
    let template = &kept.template;
    let lines = template.preset.fields().chain(template.locked.iter().copied()).collect::<BTreeSet<_>>();
    let lines = lines.into_iter().map(|field| {
        let locked = template.locked.contains(&field);
        let value = match field {
            Field::Logo => "A picture".to_owned(),
            field => readable(field, template.preset.get(field), &view.knowledge.packages),
        };
        view! { <div><dt>{field.label()}</dt><dd>{value}{locked.then(|| view! { " "<Badge tone=Tone::Quiet text="Locked"/> })}</dd></div> }
    });
    let lines = lines.collect_view();
    let welcome = template.welcome.clone();
    view! {
        <section class="card">
            <h2>"What it holds"</h2>
            {(!welcome.is_empty()).then(|| view! { <p class="as-typed">{welcome}</p> })}
            <dl class="facts">{lines}</dl>
        </section>
    }
}

fn link_card(acting: &Acting, kept: &KeptTemplate, known: &Known<'_>, may: bool) -> impl IntoView + use<> {
    let organisation = &acting.organisation().id;
    let (tone, state) = link_state(kept, known);
    let deed = |deed| paths::template_deed(organisation, kept.id, deed);
    let trouble = kept.link_trouble(known).map(|trouble| match trouble {
        LinkTrouble::OutOfOrder(reason) => Either::Left(view! {
            <div class="notice bad">
                <p><strong>"Merchants cannot order by this link. "</strong>{reason}</p>
                <p class="hint">"Nothing that they can fill in helps: mend it here, and keep the template."</p>
            </div>
        }),
        LinkTrouble::Failed { at, reason } => Either::Right(view! {
            <div class="notice warning">
                <p><strong>{format!("An order by this link failed {}. ", absolute(at))}</strong>{reason}</p>
                <p class="hint">"The merchant could do nothing about it. This stands here until an order by the link succeeds, or the template is changed."</p>
            </div>
        }),
    });
    let opened = if kept.opened == 1 { "once".to_owned() } else { format!("{} times", grouped(kept.opened)) };
    let link = kept.code.as_ref().map(|code| {
        let url = acting.public_link(code);
        view! {
            <p class="link"><a href=url.clone() rel="noreferrer">{url.clone()}</a><Copy text=url.clone() what="link"/></p>
            <QrCodeOf text=url what="the template's public link"/>
            <p>{format!("Opened {opened}.")}</p>
        }
    });
    let deeds = may.then(|| match kept.code {
        Some(_) => Either::Left(view! {
            <Confirm label="Withdraw the link" action=deed("withdraw") button="Withdraw the link">
                <p>"Whoever has the link finds nothing there any more, at once. A new one can be made."</p>
            </Confirm>
            <Confirm label="Make a new link" action=deed("link") button="Make a new link">
                <p>"The link above stops working at once, and another one takes its place."</p>
            </Confirm>
        }),
        None => Either::Right(view! {
            <form method="post" action=deed("link")><button type="submit" class="primary">"Make a public link"</button></form>
        }),
    });
    view! {
        <section class="card stack" id="public-link">
            <h2>"Public link"</h2>
            <p><Badge tone text=state/></p>
            {trouble}
            <p class="hint">"Merchants who have it see the welcome and the locked values, fill in what is left, and go on to Vipps MobilePay. Nobody has to sign in."</p>
            {link}
            {deeds}
        </section>
    }
}

fn orders_card(acting: &Acting, view: &TemplateView) -> impl IntoView + use<> {
    let organisation = acting.organisation().id.clone();
    let more = view.uses.saturating_sub(view.orders.len());
    let lines = view.orders.iter().map(|order| {
        let path = paths::product_order(&organisation, order.id);
        view! { <li><a href=path>{title_of(order)}</a>{status_badge(acting, order)}</li> }
    });
    let lines = lines.collect_view();
    view! {
        <section class="card">
            <h2>{format!("Orders with it: {}", grouped(view.uses))}</h2>
            {if view.uses == 0 {
                Either::Left(view! { <p class="pending">"None yet."</p> })
            } else {
                Either::Right(view! { <ul class="siblings">{lines}</ul> })
            }}
            {(more > 0).then(|| view! { <p class="hint">{format!("The newest of them; {} are older.", grouped(more))}</p> })}
        </section>
    }
}

fn archive_card(acting: &Acting, kept: &KeptTemplate) -> impl IntoView + use<> {
    let organisation = &acting.organisation().id;
    let deed = |deed| paths::template_deed(organisation, kept.id, deed);
    view! {
        <section class="card deeds">
            <h2>"Archive"</h2>
            {match kept.archived_at {
                Some(_) => Either::Left(view! {
                    <form method="post" action=deed("restore")><button type="submit">"Take it out of the archive"</button></form>
                }),
                None => Either::Right(view! {
                    <Confirm label="Put it into the archive" action=deed("archive") button="Put it into the archive">
                        <p>"Its link stops working, and it can be used for no more orders, until somebody takes it out again."</p>
                    </Confirm>
                }),
            }}
        </section>
    }
}
