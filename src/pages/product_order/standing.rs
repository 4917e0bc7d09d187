//! Where an order stands, where that is not plain: doubt, refusal, and orders that are no more.

use leptos::prelude::*;
use time::OffsetDateTime;
use uuid::Uuid;

use super::Shown;
use super::deeds::ANEW;
use crate::components::form::Disabled;
use crate::domain::freshness::absolute;
use crate::domain::product_order::{Delivery, Happening, OrderStatus};
use crate::paths;

/// Where Vipps MobilePay says what it tells of orders, and whom to ask.
const UPSTREAM_GUIDE: &str = "https://developer.vippsmobilepay.com/docs/partner/";

/// What has to be known before anything else: doubt, refusal, and orders that are no more.
pub(super) fn standing(shown: &Shown<'_>, candidates: &[(Uuid, OffsetDateTime)]) -> impl IntoView + use<> {
    let (organisation, order) = (shown.organisation(), shown.order);
    if let Some(other) = order.merged_into {
        let path = paths::product_order(organisation, other);
        return Some(view! { <p class="notice">"This turned out to be the same order as "<a href=path>"another one, which has taken over"</a>"."</p> }.into_any());
    }
    match order.row.delivery {
        Some(Delivery::Sending) => {
            let again = paths::product_order_from(organisation, order.row.id, shown.list);
            Some(
                view! { <p class="notice" role="status">"The order is being sent. "<a href=again>"Look again"</a></p> }
                    .into_any(),
            )
        }
        Some(Delivery::Refused) => {
            let reasons = order.refusal.iter().map(|(field, reason)| {
                let field = (!field.is_empty()).then(|| view! { <strong class="scheme">{field.clone()}</strong>": " });
                view! { <li>{field}{reason.clone()}</li> }
            });
            let reasons = reasons.collect_view();
            let path = paths::correct_product_order(organisation, order.row.id);
            let again = match shown.not_allowed() {
                None => view! { <p><a class="button" href=path>"Correct and send"</a></p> }.into_any(),
                Some(reason) => view! { <Disabled label="Correct and send" reason/> }.into_any(),
            };
            Some(view! {
                <div class="notice bad">
                    <p>"Vipps MobilePay refused the order, so there is none. What was filled in is kept. It said:"</p>
                    <ul>{reasons}</ul>
                    {again}
                </div>
            }.into_any())
        }
        Some(Delivery::Unknown) => {
            let again = !candidates.is_empty();
            Some(view! {
                <div class="notice warning" id="unsettled">
                    <p>"No usable answer came from Vipps MobilePay, so it is not known yet whether the order has arrived. The portal looks for it by itself, for 14 days. Do not send another one."</p>
                    <form method="post" action=shown.deed("refresh")>{shown.list_field()}<button type="submit">"Look now"</button></form>
                </div>
                {recognise(shown, candidates)}
                {again.then(|| view! {
                    <section class="card" id="none-of-these">
                        <p>"If it is none of these:"</p>
                        {again_or_anew(shown)}
                    </section>
                })}
            }.into_any())
        }
        Some(Delivery::Missing) => {
            let given_up = order.happenings.iter().any(|happened| happened.what == Happening::GivenUp);
            let text = if given_up {
                "Vipps MobilePay has not shown this order for 14 days. Had it arrived, its link would have expired by now: the portal no longer looks for it."
            } else {
                "Vipps MobilePay does not have this order: it did not arrive."
            };
            Some(
                view! {
                    <div class="notice warning" id="unsettled">
                        <p>{text}</p>
                        {again_or_anew(shown)}
                    </div>
                    {recognise(shown, candidates)}
                }
                .into_any(),
            )
        }
        _ => Some(view! { {found_by_looking(shown)}{gone(shown)} }.into_any()),
    }
}

/// What a merchant has to know of its order before anything else: that it is no more, or what to do next.
pub(super) fn for_merchant(shown: &Shown<'_>) -> Option<AnyView> {
    let row = &shown.order.row;
    if let Some(deleted) = row.deleted_at {
        let text = format!("Your partner took the order back {}. Its link no longer works.", absolute(deleted));
        return Some(view! { <p class="notice">{text}</p> }.into_any());
    }
    if let Some(gone) = row.gone_at {
        let text = format!(
            "Vipps MobilePay has not shown this order since {}. What you see is the last that was known.",
            absolute(gone)
        );
        return Some(view! { <p class="notice warning">{text}</p> }.into_any());
    }
    let next = row.status.merchants_next()?;
    Some(view! { <p class="notice" id="next"><strong>"What to do next: "</strong>{next}</p> }.into_any())
}

/// What can be done for an order that has not arrived: it is sent again as it is, as long as upstream
/// surely knows its key; later, a new one is.
fn again_or_anew(shown: &Shown<'_>) -> impl IntoView + use<> {
    let order = shown.order;
    if order.can_be_sent_again(shown.now) {
        return view! {
            <p>"It can be sent again as it is. Vipps MobilePay knows it by its key: there will be one order only."</p>
            {send_again(shown)}
        }
        .into_any();
    }
    let path = paths::correct_product_order(shown.organisation(), order.row.id);
    let anew = (shown.may_change() && order.prefill.is_some())
        .then(|| view! { <p><a class="button" href=path>{ANEW}</a></p> });
    view! {
        <p>"It was first sent more than 24 hours ago, so it cannot be sent again as it is; a new order can be."</p>
        {anew}
    }
    .into_any()
}

/// An order is shown as one that only looks like it: a person may know better.
fn found_by_looking(shown: &Shown<'_>) -> impl IntoView + use<> {
    let order = shown.order;
    if !order.found_by_looking || order.row.deleted_at.is_some() {
        return None;
    }
    let not_it = shown.may_change().then(|| {
        view! { <form method="post" action=shown.deed("release")>{shown.list_field()}<button type="submit">"This is not it"</button></form> }
    });
    Some(view! {
        <div class="notice" id="found-by-looking">
            <p>"The answer to this order was lost. Vipps MobilePay then showed an order for the same business and product, which is taken for it; its link shows whether it is."</p>
            {not_it}
        </div>
    })
}

fn send_again(shown: &Shown<'_>) -> impl IntoView + use<> {
    match shown.not_allowed() {
        None => view! {
            <form method="post" action=shown.deed("send")>{shown.list_field()}<button type="submit" class="primary">"Send again"</button></form>
        }
        .into_any(),
        Some(reason) => view! { <Disabled label="Send again" reason/> }.into_any(),
    }
}

fn recognise(shown: &Shown<'_>, candidates: &[(Uuid, OffsetDateTime)]) -> impl IntoView + use<> {
    if candidates.is_empty() || !shown.may_change() {
        return None;
    }
    let rows = candidates.iter().map(|(candidate, since)| {
        let path = paths::product_order(shown.organisation(), *candidate);
        view! {
            <li class="actions">
                <a href=path>{candidate.to_string()}</a>
                <span class="hint">{format!("first seen {}", absolute(*since))}</span>
                <form method="post" action=shown.deed("recognise")>
                    {shown.list_field()}
                    <input type="hidden" name="order" value=candidate.to_string()/>
                    <button type="submit">"This is it"</button>
                </form>
            </li>
        }
    });
    let rows = rows.collect_view();
    Some(view! {
        <section class="card">
            <h2>"Is it one of these?"</h2>
            <p class="hint">"Vipps MobilePay shows these orders for the same business and product. Open their links to see which is which."</p>
            <ul class="siblings">{rows}</ul>
        </section>
    })
}

fn gone(shown: &Shown<'_>) -> Option<AnyView> {
    let (organisation, order) = (shown.organisation(), shown.order);
    if let Some(deleted) = order.row.deleted_at {
        return Some(view! { <p class="notice">{format!("Deleted {}. The merchant's link no longer works.", absolute(deleted))}</p> }.into_any());
    }
    if let Some(gone) = order.row.gone_at {
        let text = format!(
            "Vipps MobilePay has not shown this order since {}. What you see is the last that was known.",
            absolute(gone)
        );
        return Some(view! { <p class="notice warning">{text}</p> }.into_any());
    }
    if order.row.status == OrderStatus::Rejected {
        return Some(view! {
            <p class="notice warning">
                "Vipps MobilePay does not tell partners why an order is rejected; it writes to the merchant. Ask them for that mail, or see "
                <a href=UPSTREAM_GUIDE rel="noreferrer">"whom to ask at Vipps MobilePay"</a>"."
            </p>
        }.into_any());
    }
    // An order that corrects another one is done when the other one is gone.
    if let Some(replaces) = order.replaces.filter(|_| order.row.delivery == Some(Delivery::Sent) && order.replaces_open)
    {
        let old = paths::product_order(organisation, replaces);
        let delete = paths::product_order_deed(organisation, replaces, "delete");
        return Some(if shown.may_change() {
            view! {
                <div class="notice">
                    <p><strong>"Step 2 of 2: "</strong>"this order corrects "<a href=old>"an earlier one"</a>", which the merchant can still use."</p>
                    <form method="post" action=delete>{shown.list_field()}<button type="submit" class="danger">"Delete the earlier order"</button></form>
                </div>
            }.into_any()
        } else {
            view! { <p class="notice">"This order corrects "<a href=old>"an earlier one"</a>"."</p> }.into_any()
        });
    }
    None
}
