//! One product order: where it stands, what to send the merchant, what was filled in, who did what.

use leptos::either::Either;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use time::OffsetDateTime;
use uuid::Uuid;

use super::frame::{ActingFrame, Place};
use super::list::opened_from;
use super::not_found::{Failed, NotFoundPage};
use super::product_orders::{status_badge, title_of};
use super::{acting, loaded, parameter, query};
use crate::components::form::{Confirm, Disabled, Field, Input};
use crate::components::qr_code::QrCodeOf;
use crate::components::{Ago, Copy, Icon};
use crate::domain::failure::Failure;
use crate::domain::freshness::{absolute, machine};
use crate::domain::organisation::Role;
use crate::domain::product_order::message::messages;
use crate::domain::product_order::{Delivery, Happening, OrderKind, OrderStatus, ProductOrder};
use crate::domain::product_order_filter::ProductOrderFacets;
use crate::paths;
use crate::server::acting::Acting;
use crate::server::acting::product_orders::{FilledIn, NOTE_LIMIT, ProductOrderView};

const ANEW: &str = "New order with these values";

/// Where Vipps MobilePay says what it tells of orders, and whom to ask.
const UPSTREAM_GUIDE: &str = "https://developer.vippsmobilepay.com/docs/partner/";

#[component]
pub fn ProductOrderPage() -> impl IntoView {
    let Some(acting) = acting() else { return Either::Left(NotFoundPage()) };
    let id = use_params_map().read_untracked().get("id").and_then(|id| id.parse::<Uuid>().ok());
    let query = query();
    let (did, list) = (parameter(&query, "did"), opened_from::<ProductOrderFacets>(&query));
    Either::Right(loaded(async move {
        let found = match id {
            Some(id) => acting.product_order(id).await,
            None => Err(Failure::NotFound),
        };
        let title = found.as_ref().map_or_else(|_| "Not found".to_owned(), |found| title_of(&found.order.row));
        let list = paths::product_orders_with(&acting.organisation().id, &list);
        view! {
            <ActingFrame acting=acting.clone() place=Place::ProductOrders title>
                <nav aria-label="Breadcrumb" class="breadcrumb"><a href=list data-back=""><Icon name="previous"/>"Product orders"</a></nav>
                {match found {
                    Ok(found) => Either::Left(details(&acting, found, did.as_deref())),
                    Err(failure) => Either::Right(view! { <Failed failure/> }),
                }}
            </ActingFrame>
        }
    }))
}

fn details(acting: &Acting, found: ProductOrderView, did: Option<&str>) -> impl IntoView + use<> {
    let now = OffsetDateTime::now_utc();
    let ProductOrderView { order, candidates, filled_in } = found;
    view! {
        {head(acting, &order)}
        {outcome(&order, did)}
        {state(acting, &order, &candidates)}
        <div class="columns">
            <div>
                {link_card(&order, now)}
                {timeline(acting, &order, now)}
                {note_card(acting, &order)}
            </div>
            <div>
                {facts(acting, &order)}
                {filled_in_card(acting, &order, filled_in)}
                {deeds(acting, &order)}
            </div>
        </div>
        {order.raw.map(|raw| view! {
            <details class="raw card">
                <summary>"Upstream's answer as JSON"</summary>
                <Copy text=raw.clone() what="JSON"/>
                <pre tabindex="0" role="region" aria-label="Upstream's answer as JSON">{raw}</pre>
            </details>
        })}
    }
}

fn head(acting: &Acting, order: &ProductOrder) -> impl IntoView + use<> {
    let row = &order.row;
    let refresh = paths::product_order_deed(&acting.organisation().id, row.id, "refresh");
    let product = row.product_type.label().to_owned();
    let merchant = row.merchant_name.clone().filter(|name| row.sales_unit_name.as_ref() != Some(name));
    let age = match order.seen_at {
        Some(seen) => view! { "Seen at Vipps MobilePay "<Ago then=seen.max(row.status_at)/> }.into_any(),
        None => view! { "Not seen at Vipps MobilePay yet" }.into_any(),
    };
    view! {
        <header class="page-head">
            <h1>{title_of(row)}</h1>
            <p class="lead">{product}{merchant.map(|merchant| format!(" for {merchant}"))}" · "{status_badge(row)}</p>
            <div class="freshness">
                <span class="age">{age}</span>
                <form action=refresh method="post">
                    <button type="submit" class="quiet"><Icon name="refresh"/>"Refresh"</button>
                </form>
            </div>
        </header>
    }
}

/// What came of what was just done. The words in the address are ours; others say nothing.
fn outcome(order: &ProductOrder, did: Option<&str>) -> impl IntoView + use<> {
    let refusal = order.happenings.iter().rev().find_map(|happened| match &happened.what {
        Happening::DeleteRefused(reason) => Some(reason.clone()),
        _ => None,
    });
    let good = |text: &str| ("notice good", "status", text.to_owned());
    let bad = |text: String| ("notice bad", "alert", text);
    let (class, role, text) = match did? {
        "refreshed" => good("Fetched from Vipps MobilePay just now."),
        "sent" if order.row.delivery == Some(Delivery::Sent) => {
            good("Sent. Vipps MobilePay has the order; the link below is for the merchant.")
        }
        "noted" => good("The note is kept."),
        "deleted" => good("Deleted. The merchant's link no longer works."),
        "found" => good("The two are one order now."),
        "released" => good("The two are kept apart now."),
        "delete-unknown" => bad("Vipps MobilePay gave no clear answer, so it is not known yet whether the order is deleted. The portal looks again by itself; Refresh asks now.".to_owned()),
        "delete-refused" => bad(format!(
            "Vipps MobilePay did not delete the order. It said: {}",
            refusal.unwrap_or_else(|| "nothing more.".to_owned())
        )),
        "silent" => bad(Failure::UpstreamSilent.to_string()),
        "keys-refused" => bad(Failure::KeysRefused.to_string()),
        "no-keys" => bad(Failure::NoKeys.to_string()),
        _ => return None,
    };
    Some(view! { <p class=class role=role>{text}</p> })
}

/// What has to be known before anything else: doubt, refusal, and orders that are no more.
fn state(acting: &Acting, order: &ProductOrder, candidates: &[(Uuid, OffsetDateTime)]) -> impl IntoView + use<> {
    let organisation = &acting.organisation().id;
    let id = order.row.id;
    if let Some(other) = order.merged_into {
        let path = paths::product_order(organisation, other);
        return Some(view! { <p class="notice">"This turned out to be the same order as "<a href=path>"another one, which has taken over"</a>"."</p> }.into_any());
    }
    match order.row.delivery {
        Some(Delivery::Sending) => {
            // Without any script: the page looks again by itself.
            Some(
                view! {
                    <meta http-equiv="refresh" content="3"/>
                    <p class="notice" role="status">"The order is being sent. This page looks again in a moment."</p>
                }
                .into_any(),
            )
        }
        Some(Delivery::Refused) => {
            let reasons = order.refusal.iter().map(|(field, reason)| {
                let field = (!field.is_empty()).then(|| view! { <strong class="scheme">{field.clone()}</strong>": " });
                view! { <li>{field}{reason.clone()}</li> }
            });
            let reasons = reasons.collect_view();
            let again = paths::correct_product_order(organisation, id);
            Some(view! {
                <div class="notice bad">
                    <p>"Vipps MobilePay refused the order, so there is none. What was filled in is kept. It said:"</p>
                    <ul>{reasons}</ul>
                    <p><a class="button" href=again>"Correct and send"</a></p>
                </div>
            }.into_any())
        }
        Some(Delivery::Unknown) => {
            let again = !candidates.is_empty();
            let look = paths::product_order_deed(organisation, id, "refresh");
            Some(view! {
                <div class="notice warning" id="unsettled">
                    <p>"No usable answer came from Vipps MobilePay, so it is not known yet whether the order has arrived. The portal looks for it by itself, for 14 days. Do not send another one."</p>
                    <form method="post" action=look><button type="submit">"Look now"</button></form>
                </div>
                {recognise(acting, id, candidates)}
                {again.then(|| view! {
                    <section class="card" id="none-of-these">
                        <p>"If it is none of these:"</p>
                        {again_or_anew(acting, order)}
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
                        {again_or_anew(acting, order)}
                    </div>
                    {recognise(acting, id, candidates)}
                }
                .into_any(),
            )
        }
        _ => Some(view! { {found_by_looking(acting, order)}{gone(acting, order)} }.into_any()),
    }
}

/// What can be done for an order that has not arrived: it is sent again as it is, as long as upstream
/// surely knows its key; later, a new one is.
fn again_or_anew(acting: &Acting, order: &ProductOrder) -> impl IntoView + use<> {
    if order.can_be_sent_again(OffsetDateTime::now_utc()) {
        return view! {
            <p>"It can be sent again as it is. Vipps MobilePay knows it by its key: there will be one order only."</p>
            {send_again(acting, order.row.id)}
        }
        .into_any();
    }
    let path = paths::correct_product_order(&acting.organisation().id, order.row.id);
    let anew = (acting.may(Role::Operator).is_ok() && order.prefill.is_some())
        .then(|| view! { <p><a class="button" href=path>{ANEW}</a></p> });
    view! {
        <p>"It was first sent more than 24 hours ago, so it cannot be sent again as it is; a new order can be."</p>
        {anew}
    }
    .into_any()
}

/// An order is shown as one that only looks like it: a person may know better.
fn found_by_looking(acting: &Acting, order: &ProductOrder) -> impl IntoView + use<> {
    if !order.found_by_looking || order.row.deleted_at.is_some() {
        return None;
    }
    let action = paths::product_order_deed(&acting.organisation().id, order.row.id, "release");
    let not_it = acting.may(Role::Operator).is_ok().then(|| {
        view! { <form method="post" action=action><button type="submit">"This is not it"</button></form> }
    });
    Some(view! {
        <div class="notice" id="found-by-looking">
            <p>"The answer to this order was lost. Vipps MobilePay then showed an order for the same business and product, which is taken for it; its link shows whether it is."</p>
            {not_it}
        </div>
    })
}

fn send_again(acting: &Acting, id: Uuid) -> impl IntoView + use<> {
    let path = paths::product_order_deed(&acting.organisation().id, id, "send");
    match acting.may(Role::Operator) {
        Ok(()) => {
            view! { <form method="post" action=path><button type="submit" class="primary">"Send again"</button></form> }
                .into_any()
        }
        Err(failure) => view! { <Disabled label="Send again" reason=failure.to_string()/> }.into_any(),
    }
}

fn recognise(acting: &Acting, id: Uuid, candidates: &[(Uuid, OffsetDateTime)]) -> impl IntoView + use<> {
    if candidates.is_empty() || acting.may(Role::Operator).is_err() {
        return None;
    }
    let organisation = acting.organisation().id.clone();
    let rows = candidates.iter().map(|(candidate, since)| {
        let path = paths::product_order(&organisation, *candidate);
        let action = paths::product_order_deed(&organisation, id, "recognise");
        view! {
            <li class="actions">
                <a href=path>{candidate.to_string()}</a>
                <span class="hint">{format!("first seen {}", absolute(*since))}</span>
                <form method="post" action=action>
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

fn gone(acting: &Acting, order: &ProductOrder) -> Option<AnyView> {
    let organisation = &acting.organisation().id;
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
        return Some(match acting.may(Role::Operator) {
            Ok(()) => view! {
                <div class="notice">
                    <p><strong>"Step 2 of 2: "</strong>"this order corrects "<a href=old>"an earlier one"</a>", which the merchant can still use."</p>
                    <form method="post" action=delete><button type="submit" class="danger">"Delete the earlier order"</button></form>
                </div>
            }.into_any(),
            Err(_) => view! { <p class="notice">"This order corrects "<a href=old>"an earlier one"</a>"."</p> }.into_any(),
        });
    }
    None
}

fn link_card(order: &ProductOrder, now: OffsetDateTime) -> impl IntoView + use<> {
    let row = &order.row;
    let (url, expires) = (row.url.clone()?, row.expires_at()?);
    let (_, texts) = messages(row, now)?;
    let occasion = messages(row, now).map(|(occasion, _)| occasion.label()).unwrap_or_default();
    let left = days_left(expires, now);
    let at_most = if row.sent_here { "" } else { " at most: when it was made is not known" };
    let texts = texts.into_iter().enumerate().map(|(at, message)| {
        let what = format!("message in {}", message.language_name);
        view! {
            <details class="message" open=at == 0>
                <summary>{message.language_name}</summary>
                <Copy text=message.text.clone() what/>
                <pre lang=message.language>{message.text}</pre>
            </details>
        }
    });
    let texts = texts.collect_view();
    Some(view! {
        <section class="card" id="link">
            <h2>"For the merchant"</h2>
            <div class="link-and-code">
                <div>
                    <p class="link"><a href=url.clone() rel="noreferrer">{url.clone()}</a><Copy text=url.clone() what="link"/></p>
                    <p>{left}{at_most}" – until "<time datetime=machine(expires)>{absolute(expires)}</time></p>
                </div>
                <QrCodeOf text=url what="the merchant's link"/>
            </div>
            <h3>{occasion}</h3>
            {texts}
        </section>
    })
}

/// How long the merchant still has, in whole days.
pub fn days_left(expires: OffsetDateTime, now: OffsetDateTime) -> String {
    let left = expires - now;
    match left.whole_days() {
        _ if left.is_negative() => "Expired".to_owned(),
        0 if left.whole_hours() == 0 => "Less than an hour left".to_owned(),
        0 if left.whole_hours() == 1 => "1 hour left".to_owned(),
        0 => format!("{} hours left", left.whole_hours()),
        1 => "1 day left".to_owned(),
        days => format!("{days} days left"),
    }
}

fn timeline(acting: &Acting, order: &ProductOrder, now: OffsetDateTime) -> impl IntoView + use<> {
    let organisation = acting.organisation().id.clone();
    let row = &order.row;
    let next = match row.status {
        _ if row.gone_at.is_some() || order.merged_into.is_some() => None,
        _ if row.status.is_final() => None,
        _ if row.delivery.is_some_and(|delivery| delivery != Delivery::Sent) => None,
        _ => Some(row.status.meaning()),
    };
    let lines = order.happenings.iter().map(|happened| {
        let who = happened.by_email.clone().map(|email| format!(" by {email}"));
        let what = happened.what.sentence();
        let what = match &happened.what {
            Happening::ReplacedBy(other) => {
                let path = paths::product_order(&organisation, *other);
                view! { <a href=path>{what}</a> }.into_any()
            }
            _ => what.into_any(),
        };
        view! { <li><span>{what}{who}</span><time datetime=machine(happened.at) title=absolute(happened.at)>{crate::domain::freshness::ago(happened.at, now)}</time></li> }
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

fn facts(acting: &Acting, order: &ProductOrder) -> impl IntoView + use<> {
    let organisation = &acting.organisation().id;
    let row = &order.row;
    let link = |title: &'static str, target: Option<(String, String)>| {
        target.map(|(path, text)| view! { <div><dt>{title}</dt><dd><a href=path>{text}</a></dd></div> })
    };
    let unit = row.msn.as_ref().map(|msn| (paths::sales_unit(organisation, msn), format!("MSN {msn}")));
    let template = order.template.clone().map(|(id, name)| (paths::template(organisation, id), name));
    let merchant = row.business_identifier.clone().zip(row.merchant_name.clone());
    let merchant = merchant.map(|(business, name)| (paths::merchant(organisation, &business), name));
    let order_link = |id: Option<Uuid>| id.map(|id| (paths::product_order(organisation, id), id.to_string()));
    let package = order.price_package_id.clone().map(|id| {
        let name = order.price_package_name.clone().unwrap_or_else(|| id.clone());
        (paths::price_package(organisation, &id), name)
    });
    let made = match (&row.delivery, &row.kind) {
        (Some(_), _) if order.template.is_some() && order.sent_by_email.is_none() => {
            "By the merchant, with a template of this portal".to_owned()
        }
        (Some(_), _) => order
            .sent_by_email
            .clone()
            .map_or_else(|| "In this portal".to_owned(), |email| format!("In this portal, by {email}")),
        (None, OrderKind::Prefill) => "Through the API, elsewhere than in this portal".to_owned(),
        (None, kind) => kind.label().to_owned(),
    };
    let (begun, begun_at) = (if row.sent_here { "Sent" } else { "First seen" }, row.begun_at);
    view! {
        <section class="card">
            <h2>"Order"</h2>
            <dl class="facts">
                <div><dt>"Status"</dt><dd>{status_badge(row)}</dd></div>
                <div><dt>"Product"</dt><dd>{row.product_type.label().to_owned()}</dd></div>
                {row.business_identifier.clone().map(|business| view! {
                    <div><dt>"Business identifier"</dt><dd><span class="numbers">{business.grouped()}</span><Copy text=business.id what="business identifier"/><small class="scheme">{business.scheme}</small></dd></div>
                })}
                {link("Merchant", merchant)}
                {link("Sales unit", unit)}
                {link("Price package", package)}
                {link("Template", template)}
                <div><dt>"Made"</dt><dd>{made}</dd></div>
                <div><dt>{begun}</dt><dd><time datetime=machine(begun_at)>{absolute(begun_at)}</time></dd></div>
                {link("Corrects", order_link(order.replaces))}
                {link("Corrected by", order_link(order.replaced_by))}
                {order.upstream_id.map(|id| view! { <div><dt>"Order ID"</dt><dd><span class="code">{id.to_string()}</span><Copy text=id.to_string() what="order ID"/></dd></div> })}
            </dl>
        </section>
    }
}

fn filled_in_card(acting: &Acting, order: &ProductOrder, filled_in: Option<FilledIn>) -> impl IntoView + use<> {
    let Some(FilledIn { lines, logo }) = filled_in else {
        let text = match order.row.kind {
            OrderKind::Prefill => {
                "This order was not made in the portal. Vipps MobilePay does not tell what was filled in."
            }
            _ => "Vipps MobilePay does not tell what the merchant fills in.",
        };
        return view! { <section class="card"><h2>"What was filled in"</h2><p class="pending">{text}</p></section> }
            .into_any();
    };
    let logo = logo.map(|hash| paths::logo(&acting.organisation().id, &hash)).map(|source| {
        view! { <div><dt>"Logo"</dt><dd><img class="logo" src=source alt="The logo as it was uploaded" width="64" height="64"/></dd></div> }
    });
    let lines =
        lines.into_iter().map(|(label, value)| view! { <div><dt>{label}</dt><dd class="as-typed">{value}</dd></div> });
    let lines = lines.collect_view();
    view! {
        <section class="card">
            <h2>"What was filled in"</h2>
            <dl class="facts">{lines}{logo}</dl>
            <p class="hint">"The merchant can change everything but the partner and the price package before submitting."</p>
        </section>
    }
    .into_any()
}

fn note_card(acting: &Acting, order: &ProductOrder) -> impl IntoView + use<> {
    let action = paths::product_order_deed(&acting.organisation().id, order.row.id, "note");
    let may = acting.may(Role::Operator).is_ok();
    let note = order.note.clone();
    view! {
        <section class="card">
            <h2>"Note"</h2>
            {if may {
                Either::Left(view! {
                    <form method="post" action=action class="stack">
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

fn deeds(acting: &Acting, order: &ProductOrder) -> impl IntoView + use<> {
    let organisation = &acting.organisation().id;
    let row = &order.row;
    let settled = row.delivery.is_none_or(|delivery| delivery == Delivery::Sent);
    if !settled || order.merged_into.is_some() || (row.gone_at.is_some() && order.prefill.is_none()) {
        return None;
    }
    let may = acting.may(Role::Operator).err().map(|failure| failure.to_string());
    let open = row.status.is_open_to_merchant() && row.gone_at.is_none();
    let (label, hint) = if open {
        ("Correct", "A new order with these values, then this one is deleted.")
    } else {
        (ANEW, "This one stays as it is.")
    };
    let path = paths::correct_product_order(organisation, row.id);
    let correct = match (&may, &order.prefill) {
        (Some(reason), _) => view! { <Disabled label reason=reason.clone()/> }.into_any(),
        (None, None) => view! { <Disabled label reason="What was filled in is not known here, so a new order has to be filled in from the beginning."/> }.into_any(),
        (None, Some(_)) => view! { <p class="actions"><a class="button" href=path>{label}</a><span class="hint">{hint}</span></p> }.into_any(),
    };
    let delete = row.gone_at.is_none().then(|| {
        let refused = may.or_else(|| {
            let text = if row.kind != OrderKind::Prefill {
                "Only prefilled orders can be deleted."
            } else if !open {
                "Only an order that the merchant has not submitted can be deleted."
            } else {
                return None;
            };
            Some(text.to_owned())
        });
        let delete = paths::product_order_deed(organisation, row.id, "delete");
        view! {
            <Confirm label="Delete this order" action=delete button="Delete the order" refused>
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
