//! The list of templates of product orders.

use leptos::either::{Either, EitherOf3};
use leptos::prelude::*;

use super::frame::{ActingFrame, Place};
use super::not_found::{Failed, NotFoundPage};
use super::{acting, loaded, parameter, query};
use crate::components::form::Disabled;
use crate::components::{Badge, Empty, Icon, Tone, grouped};
use crate::domain::organisation::Role;
use crate::domain::prefill::Known;
use crate::domain::price_package::PricePackage;
use crate::domain::template::{KeptTemplate, LinkTrouble};
use crate::paths;
use crate::server::acting::Acting;

/// Locked values that are named in the list; the others are counted.
const NAMED: usize = 3;

#[component]
pub fn TemplatesPage() -> impl IntoView {
    let Some(acting) = acting() else { return Either::Left(NotFoundPage()) };
    let archived = parameter(&query(), "archived").is_some();
    Either::Right(loaded(async move {
        let (title, other) = if archived {
            ("Archived templates", "Templates in use")
        } else {
            ("Product order templates", "Archived templates")
        };
        let found = acting.templates(archived).await;
        let knowledge = acting.template_knowledge().await;
        let organisation = &acting.organisation().id;
        let other_path =
            if archived { paths::templates(organisation) } else { paths::archived_templates(organisation) };
        view! {
            <ActingFrame acting=acting.clone() place=Place::Templates title>
                <header class="page-head">
                    <h1>{title}</h1>
                    {(!archived).then(|| new_button(&acting))}
                    <p class="lead">"A template is a product order that is partly filled in. You send orders with it, or give merchants its link, behind which they fill in the rest themselves."</p>
                </header>
                {match found.and_then(|found| Ok((found, knowledge?))) {
                    Ok((found, _)) if found.is_empty() => EitherOf3::A(none(archived)),
                    Ok((found, knowledge)) => EitherOf3::B(table(&acting, found, &knowledge.known())),
                    Err(failure) => EitherOf3::C(view! { <Failed failure/> }),
                }}
                <p class="archived"><a href=other_path>{other}</a></p>
            </ActingFrame>
        }
    }))
}

fn new_button(acting: &Acting) -> impl IntoView + use<> {
    match acting.may(Role::Operator) {
        Ok(()) => {
            let path = paths::new_template(&acting.organisation().id);
            view! { <a class="button primary" href=path><Icon name="plus"/>"New template"</a> }.into_any()
        }
        Err(failure) => view! { <Disabled label="New template" reason=failure.to_string()/> }.into_any(),
    }
}

fn none(archived: bool) -> impl IntoView {
    if archived {
        return view! { <Empty title="Nothing in the archive"><p>"A template that is not used any more can be put here; its link does not work then."</p></Empty> }.into_any();
    }
    view! {
        <Empty title="No templates yet">
            <p>"Choose what is always the same, such as product and price package, and lock it. What is left is quickly filled in."</p>
        </Empty>
    }
    .into_any()
}

fn table(acting: &Acting, found: Vec<(KeptTemplate, usize)>, known: &Known<'_>) -> impl IntoView + use<> {
    let rows = found.into_iter().map(|(kept, uses)| {
        let path = paths::template(&acting.organisation().id, kept.id);
        let (tone, link) = link_state(&kept, known);
        view! {
            <tr>
                <th scope="row"><a href=path data-row="">{kept.template.name.clone()}</a></th>
                <td data-label="Locked">{locked(&kept, known.price_packages)}</td>
                <td data-label="Orders" class="numbers">{grouped(uses)}</td>
                <td data-label="Link opened" class="numbers">{grouped(kept.opened)}</td>
                <td data-label="Link"><Badge tone text=link/></td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    view! {
        <div id="results">
            <table class="list">
                <caption class="hidden">"Templates"</caption>
                <thead><tr>
                    <th scope="col">"Name"</th><th scope="col">"Locked"</th><th scope="col">"Orders"</th>
                    <th scope="col">"Link opened"</th><th scope="col">"Link"</th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}

/// Whether merchants can use a template by themselves.
pub fn link_state(kept: &KeptTemplate, known: &Known<'_>) -> (Tone, &'static str) {
    match (&kept.code, kept.archived_at) {
        (Some(_), None) => match kept.link_trouble(known) {
            None => (Tone::Good, "Works"),
            Some(LinkTrouble::OutOfOrder(_)) => (Tone::Bad, "Out of order"),
            Some(LinkTrouble::Failed { .. }) => (Tone::Warning, "Failed"),
        },
        (Some(_), Some(_)) => (Tone::Quiet, "Rests in the archive"),
        (None, _) => (Tone::Quiet, "None"),
    }
}

fn locked(kept: &KeptTemplate, packages: &[PricePackage]) -> String {
    let shown = kept.template.shown_locked(packages);
    let more = shown.len().saturating_sub(NAMED);
    let mut named: Vec<String> = shown.into_iter().take(NAMED).map(|(_, value)| value).collect();
    if more > 0 {
        named.push(format!("{more} more"));
    }
    if named.is_empty() { "Nothing".to_owned() } else { named.join(" · ") }
}
