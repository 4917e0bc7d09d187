//! What has happened to an order, and what can be done with it.

use leptos::either::Either;
use leptos::prelude::*;

use super::Shown;
use crate::components::form::{Confirm, Disabled, Field, Input};
use crate::domain::freshness::{absolute, ago, machine};
use crate::domain::product_order::{Delivery, Happening, OrderKind};
use crate::paths;
use crate::server::acting::product_orders::NOTE_LIMIT;

pub(super) const ANEW: &str = "New order with these values";

pub(super) fn timeline(shown: &Shown<'_>) -> impl IntoView + use<> {
    let (order, row) = (shown.order, &shown.order.row);
    let next = match row.status {
        _ if row.gone_at.is_some() || order.merged_into.is_some() => None,
        _ if row.status.is_final() => None,
        _ if row.delivery.is_some_and(|delivery| delivery != Delivery::Sent) => None,
        _ if shown.is_merchants() => None,
        _ => Some(row.status.meaning()),
    };
    let lines = order.happenings.iter().map(|happened| {
        let who = happened.by_email.clone().map(|email| format!(" by {email}"));
        let what = happened.what.sentence();
        let what = match &happened.what {
            Happening::ReplacedBy(other) => {
                let path = paths::product_order(shown.organisation(), *other);
                view! { <a href=path>{what}</a> }.into_any()
            }
            _ => what.into_any(),
        };
        view! { <li><span>{what}{who}</span><time datetime=machine(happened.at) title=absolute(happened.at)>{ago(happened.at, shown.now)}</time></li> }
    });
    let lines = lines.collect_view();
    view! {
        <section class="card">
            <h2>"What has happened"</h2>
            <ol class="timeline">{lines}</ol>
            {next.map(|next| view! { <p class="hint">{next}</p> })}
            <p class="hint">"Times are when the portal saw it: Vipps MobilePay tells none."</p>
        </section>
    }
}

pub(super) fn note_card(shown: &Shown<'_>) -> impl IntoView + use<> {
    let note = shown.order.note.clone();
    view! {
        <section class="card">
            <h2>"Note"</h2>
            {if shown.may_change() {
                Either::Left(view! {
                    <form method="post" action=shown.deed("note") class="stack">
                        {shown.list_field()}
                        <Field name="note" label="For colleagues; the merchant and Vipps MobilePay do not see it" input=Input::Long value=note maxlength=Some(NOTE_LIMIT)/>
                        <button type="submit">"Keep the note"</button>
                    </form>
                })
            } else if note.is_empty() {
                Either::Right(view! { <p class="pending">"There is none."</p> }.into_any())
            } else {
                Either::Right(view! { <p class="as-typed">{note}</p> }.into_any())
            }}
        </section>
    }
}

pub(super) fn deeds(shown: &Shown<'_>) -> impl IntoView + use<> {
    let (order, row) = (shown.order, &shown.order.row);
    let settled = row.delivery.is_none_or(|delivery| delivery == Delivery::Sent);
    if !settled || order.merged_into.is_some() || (row.gone_at.is_some() && order.prefill.is_none()) {
        return None;
    }
    let not_allowed = shown.not_allowed();
    let open = row.status.is_open_to_merchant() && row.gone_at.is_none();
    let (label, hint) = if open {
        ("Correct", "A new order with these values, then this one is deleted.")
    } else {
        (ANEW, "This one stays as it is.")
    };
    let path = paths::correct_product_order(shown.organisation(), row.id);
    let correct = match (&not_allowed, &order.prefill) {
        (Some(reason), _) => view! { <Disabled label reason=reason.clone()/> }.into_any(),
        (None, None) => view! { <Disabled label reason="What was filled in is not known here, so a new order has to be filled in from the beginning."/> }.into_any(),
        (None, Some(_)) => view! { <p class="actions"><a class="button" href=path>{label}</a><span class="hint">{hint}</span></p> }.into_any(),
    };
    let delete = row.gone_at.is_none().then(|| {
        let refused = not_allowed.or_else(|| {
            let text = if row.kind != OrderKind::Prefill {
                "Only prefilled orders can be deleted."
            } else if !open {
                "Only an order that the merchant has not submitted can be deleted."
            } else {
                return None;
            };
            Some(text.to_owned())
        });
        let (action, list) = (shown.deed("delete"), shown.list_field());
        view! {
            <Confirm label="Delete this order" action button="Delete the order" refused>
                {list}
                <p>"The merchant's link stops working at once. This cannot be undone; a new order can be sent."</p>
            </Confirm>
        }
    });
    Some(view! {
        <section class="card deeds">
            <h2>"Change"</h2>
            {correct}
            {delete}
        </section>
    })
}
