//! Filling in a product order for a merchant: checked as often as one likes, sent once.

use axum::http::StatusCode;
use leptos::either::{Either, EitherOf3};
use leptos::prelude::*;

use super::frame::{ActingFrame, Place};
use super::not_found::{Failed, NotFoundPage};
use super::prefill_fields::{Fields, name_of};
use super::product_orders::title_of;
use super::{acting, loaded, parameter, query, set_status, shown_again, status_of};
use crate::components::Icon;
use crate::components::form::{FaultSummary, field_id};
use crate::domain::failure::Failure;
use crate::domain::identifiers::BusinessIdentifier;
use crate::domain::organisation::Role;
use crate::domain::prefill::{Checked, Field, Group, Warning, asked};
use crate::islands::adapting::Adapting;
use crate::paths;
use crate::server::acting::Acting;
use crate::server::acting::prefill::{DraftView, Remark, Start, can_be_deleted};

/// The names of what goes with the form unseen.
pub const KEY: &str = "key";
pub const REPLACES: &str = "replaces";
pub const TEMPLATE: &str = "template";
/// Names of the warnings that have been shown, with commas between them.
pub const SEEN: &str = "seen";
/// The name of the buttons, and what they say.
pub const INTENT: &str = "intent";
pub const CHECK: &str = "check";
pub const SEND: &str = "send";
/// Nothing is checked: only what belongs to what was chosen is asked for.
pub const ADAPT: &str = "adapt";

#[component]
pub fn NewProductOrderPage() -> impl IntoView {
    let Some(acting) = acting() else { return Either::Left(NotFoundPage()) };
    let typed = shown_again::<DraftView>();
    let start = start(&query());
    Either::Right(loaded(async move {
        let view = match (typed, start) {
            (Some(view), _) => Ok(view),
            (None, Some(start)) => acting.start_draft(&start).await,
            (None, None) => Err(Failure::NotFound),
        };
        let corrects = view.as_ref().is_ok_and(|view| view.draft.replaces.is_some());
        let title = if corrects { "Correct a product order" } else { "New product order" };
        let list = paths::product_orders(&acting.organisation().id);
        view! {
            <ActingFrame acting=acting.clone() place=Place::ProductOrders title>
                <nav aria-label="Breadcrumb" class="breadcrumb"><a href=list data-back=""><Icon name="previous"/>"Product orders"</a></nav>
                {match view {
                    Ok(view) => EitherOf3::A(form_page(&acting, title, view)),
                    Err(Failure::NotAllowed) => EitherOf3::B(for_operators("New product order", "send product orders")),
                    Err(failure) => EitherOf3::C(view! { <Failed failure/> }),
                }}
            </ActingFrame>
        }
    }))
}

/// What somebody sees who may look only.
pub fn for_operators(title: &'static str, deed: &'static str) -> impl IntoView {
    set_status(StatusCode::FORBIDDEN);
    let needed = Role::Operator.label().to_lowercase();
    view! {
        <header class="page-head"><h1>{title}</h1></header>
        <p class="notice">{format!("Your role here lets you look, not {deed}: for that you need the role {needed}. An administrator of this organisation can give it to you.")}</p>
    }
}

/// Where the form starts, by the query. None if the query names something that cannot be.
fn start(query: &str) -> Option<Start> {
    let uuid = |name| match parameter(query, name) {
        Some(text) => text.parse().ok().map(Some),
        None => Some(None),
    };
    let merchant = parameter(query, "merchant").and_then(|merchant| {
        let (scheme, id) = merchant.split_once('~')?;
        Some(BusinessIdentifier::new(scheme, id))
    });
    let parts = parameter(query, "scheme").zip(parameter(query, "id"));
    let merchant = merchant.or_else(|| parts.map(|(scheme, id)| BusinessIdentifier::new(scheme, id)));
    Some(Start { corrects: uuid("corrects")?, template: uuid("template")?, merchant })
}

fn form_page(acting: &Acting, title: &'static str, view: DraftView) -> impl IntoView + use<> {
    if view.refused {
        set_status(match &view.remark {
            Some(Remark::Failed(failure)) => status_of(failure),
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        });
    }
    let organisation = &acting.organisation().id;
    let (faults, unplaced) = faults(&view);
    let seen = view.checked.as_ref().map(|checked| checked.warnings.iter().map(Warning::name).collect::<Vec<_>>());
    let has_seen = seen.as_ref().is_some_and(|seen| !seen.is_empty());
    let sendable = view.checked.as_ref().is_some_and(|checked| checked.request.is_some());
    let seen = seen.unwrap_or_default().join(",");
    let send = if has_seen && sendable { "Send anyway" } else { "Send to Vipps MobilePay" };
    let uuid = |id: Option<uuid::Uuid>| id.map(|id| id.to_string());
    let hidden = [
        (KEY, Some(view.draft.key.to_string())),
        (REPLACES, uuid(view.draft.replaces)),
        (TEMPLATE, uuid(view.draft.template)),
    ];
    let hidden =
        hidden.into_iter().filter_map(|(name, value)| Some(view! { <input type="hidden" name=name value=value?/> }));
    let hidden = hidden.collect_view();
    view! {
        <header class="page-head"><h1>{title}</h1>{lead(acting, &view)}</header>
        {remark(acting, &view)}
        {outcome(&view, faults.clone(), unplaced)}
        <form method="post" action=paths::new_product_order(organisation) enctype="multipart/form-data" novalidate=true class="prefill" id="adapting">
            {hidden}
            <input type="hidden" name=SEEN value=seen id="seen"/>
            <div class="groups" id="fields">{groups(acting, &view, &faults)}</div>
            <div class="form-actions" id="form-actions">
                <button type="submit" name=INTENT value=CHECK>"Check"</button>
                <button type="submit" name=INTENT value=SEND class="primary">{send}</button>
                <span class="hint">"Check sends nothing: it says what is missing, and asks for what belongs to the product and the use case."</span>
            </div>
        </form>
        <Adapting/>
    }
}

fn lead(acting: &Acting, view: &DraftView) -> impl IntoView + use<> {
    let organisation = &acting.organisation().id;
    if let Some(replaced) = &view.replaced {
        let path = paths::product_order(organisation, replaced.id);
        let name = title_of(replaced);
        return if can_be_deleted(replaced) {
            view! { <p class="lead"><strong>"Step 1 of 2: "</strong>"a new order with the right values. Then the earlier one, "<a href=path>{name}</a>", is deleted."</p> }.into_any()
        } else {
            view! { <p class="lead">"The earlier order, "<a href=path>{name}</a>", cannot be deleted any more: this will be one more order."</p> }.into_any()
        };
    }
    if let Some(kept) = &view.template {
        let path = paths::template(organisation, kept.id);
        let name = kept.template.name.clone();
        return view! { <p class="lead">"With the template "<a href=path>{name}</a>", whose locked values cannot be changed here."</p> }.into_any();
    }
    view! { <p class="lead">"The merchant gets a link to a form at Vipps MobilePay in which all this is filled in, looks it over and submits it."</p> }.into_any()
}

fn remark(acting: &Acting, view: &DraftView) -> impl IntoView + use<> {
    let text = match view.remark.as_ref()? {
        Remark::SentBefore(order) => {
            let path = paths::product_order(&acting.organisation().id, *order);
            view! {
                "This form has been sent before with other values, and "<a href=path>"that order is there"</a>
                ". Nothing more was sent now. If you want a second order with the values below, send them."
            }
            .into_any()
        }
        Remark::RefusedBefore => {
            "What was sent with this form before was refused, and nothing was sent now. Look over the values below and send them.".into_any()
        }
        Remark::LookAgain => return None,
        Remark::Failed(failure) => format!("Nothing was sent. {failure}").into_any(),
    };
    Some(view! { <p class="notice warning" role="alert">{text}</p> })
}

/// What is wrong, field by field, and what upstream has said that belongs to no field.
fn faults(view: &DraftView) -> (Vec<(Field, String)>, Vec<String>) {
    let said = |text: &String| format!("Vipps MobilePay says: {text}");
    let placed = view.refusal.iter().filter_map(|(field, text)| Some(((*field)?, said(text))));
    let unplaced = view.refusal.iter().filter(|(field, _)| field.is_none()).map(|(_, text)| text.clone());
    (placed.collect(), unplaced.collect())
}

fn outcome(view: &DraftView, refused: Vec<(Field, String)>, unplaced: Vec<String>) -> impl IntoView + use<> {
    let Checked { faults, warnings, .. } = view.checked.clone()?;
    let unplaced = (!unplaced.is_empty()).then(|| {
        let lines = unplaced.into_iter().map(|text| view! { <li>{text}</li> }).collect_view();
        view! { <div class="notice bad" role="alert"><p>"Vipps MobilePay refused the order. It said:"</p><ul>{lines}</ul></div> }
    });
    let line = |field: Field, text: String| (name_of(field).to_owned(), format!("{}: {text}", field.label()));
    let mut lines: Vec<_> = faults.iter().map(|fault| line(fault.field, fault.text.clone())).collect();
    lines.extend(refused.into_iter().map(|(field, text)| line(field, text)));
    let summary = if !lines.is_empty() {
        let title = if view.refusal.is_empty() {
            "Nothing was sent. Correct these first:"
        } else {
            "Vipps MobilePay refused the order; there is none. Correct these:"
        };
        let title =
            if view.refused || !view.refusal.is_empty() { title } else { "To be corrected before it can be sent:" };
        Some(view! { <FaultSummary faults=lines title/> }.into_any())
    } else if warnings.is_empty() && unplaced.is_none() {
        Some(
            view! { <p class="notice good" role="status">"Checked: nothing is missing. It has not been sent yet."</p> }
                .into_any(),
        )
    } else {
        None
    };
    let title = if view.remark == Some(Remark::LookAgain) {
        "Nothing was sent yet. These can delay the order; change them, or send it as it is:"
    } else {
        "These can delay the order:"
    };
    let warnings = (!warnings.is_empty()).then(|| {
        let lines = warnings.into_iter().map(|warning| match warning.field {
            Some(field) => {
                let target = format!("#{}", field_id(name_of(field)));
                view! { <li><a href=target>{field.label()}</a>": "{warning.text}</li> }.into_any()
            }
            None => view! { <li>{warning.text}</li> }.into_any(),
        });
        let lines = lines.collect_view();
        view! { <div class="notice warning" role="status" id="warnings"><p><strong>{title}</strong></p><ul>{lines}</ul></div> }
    });
    Some(view! { <div id="outcome">{unplaced}{summary}{warnings}</div> })
}

fn groups(acting: &Acting, view: &DraftView, faults: &[(Field, String)]) -> impl IntoView + use<> {
    let form = &view.draft.form;
    let mut shown = asked(form, view.knowledge.compliance);
    // What does not belong to the product is not sent, but it is not lost either.
    shown.extend(form.fields().filter(|field| !shown.contains(field)).collect::<Vec<_>>());
    let fields = Fields {
        form,
        knowledge: &view.knowledge,
        checked: view.checked.as_ref(),
        faults,
        fixed: view.template.as_ref().map(|kept| &kept.template.locked),
        locks: None,
        password_dropped: view.password_dropped,
        organisation: Some(&acting.organisation().id),
    };
    Group::ALL.into_iter().filter_map(|group| fields.group(group, &shown)).collect_view()
}
