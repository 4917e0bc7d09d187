//! What is known of an order, and what was filled in.

use leptos::prelude::*;
use uuid::Uuid;

use super::super::product_orders::status_badge;
use super::Shown;
use crate::components::Copy;
use crate::domain::freshness::{absolute, machine};
use crate::domain::product_order::OrderKind;
use crate::paths;
use crate::server::acting::product_orders::FilledIn;

pub(super) fn facts(shown: &Shown<'_>) -> impl IntoView + use<> {
    let (organisation, order, row) = (shown.organisation(), shown.order, &shown.order.row);
    let link = |title: &'static str, target: Option<(String, String)>| {
        target.map(|(path, text)| view! { <div><dt>{title}</dt><dd><a href=path>{text}</a></dd></div> })
    };
    let unit = row.msn.as_ref().map(|msn| {
        let path = paths::sales_unit(organisation, msn);
        let unit = if order.sales_unit_is_here {
            view! { <a href=path>{format!("MSN {msn}")}</a> }.into_any()
        } else {
            // Upstream names it in the order before its list of sales units is fetched again.
            let why = if shown.acting.awaits_sales_units() {
                "being fetched"
            } else {
                "not among your sales units at Vipps MobilePay"
            };
            view! { <span>{format!("MSN {msn}")}</span>" "<span class="pending">{why}</span> }.into_any()
        };
        view! { <div><dt>"Sales unit"</dt><dd>{unit}</dd></div> }
    });
    let template = order.template.clone().map(|(id, name)| (paths::template(organisation, id), name));
    let merchant = row.business_identifier.clone().zip(row.merchant_name.clone());
    let merchant = merchant.filter(|_| !shown.is_merchants());
    let merchant = merchant.map(|(business, name)| (paths::merchant(organisation, &business), name));
    let order_link = |id: Option<Uuid>| id.map(|id| (paths::product_order(organisation, id), id.to_string()));
    let package = order.price_package_id.clone().map(|id| {
        let name = order.price_package_name.clone().unwrap_or_else(|| id.clone());
        let path = (!shown.is_merchants()).then(|| paths::price_package(organisation, &id));
        let name = match path {
            Some(path) => view! { <a href=path>{name}</a> }.into_any(),
            None => name.into_any(),
        };
        view! { <div><dt>"Price package"</dt><dd>{name}</dd></div> }
    });
    let made = match (&row.delivery, &row.kind) {
        (Some(_), _) | (None, OrderKind::Prefill) if shown.is_merchants() => {
            let partner = shown.acting.served_by().unwrap_or("your partner");
            format!("By {partner}")
        }
        (None, OrderKind::Manual) if shown.is_merchants() => "By you, on the business portal".to_owned(),
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
                <div><dt>"Status"</dt><dd>{status_badge(shown.acting, row)}</dd></div>
                <div><dt>"Product"</dt><dd>{row.product_type.label().to_owned()}</dd></div>
                {row.business_identifier.clone().map(|business| view! {
                    <div><dt>"Business identifier"</dt><dd><span class="numbers">{business.grouped()}</span><Copy text=business.id what="business identifier"/><small class="scheme">{business.scheme}</small></dd></div>
                })}
                {link("Merchant", merchant)}
                {unit}
                {package}
                {link("Template", template)}
                <div><dt>"Made"</dt><dd>{made}</dd></div>
                <div><dt>{begun}</dt><dd><time datetime=machine(begun_at)>{absolute(begun_at)}</time></dd></div>
                {link("Corrects", order_link(order.replaces))}
                {link("Corrected by", order_link(order.replaced_by))}
                {order.row.upstream_id.map(|id| view! { <div><dt>"Order ID"</dt><dd><span class="code">{id.to_string()}</span><Copy text=id.to_string() what="order ID"/></dd></div> })}
            </dl>
        </section>
    }
}

pub(super) fn filled_in_card(shown: &Shown<'_>, filled_in: Option<FilledIn>) -> impl IntoView + use<> {
    let Some(FilledIn { lines, logo }) = filled_in else {
        let text = match shown.order.row.kind {
            OrderKind::Prefill => {
                "This order was not made in the portal. Vipps MobilePay does not tell what was filled in."
            }
            _ => "Vipps MobilePay does not tell what the merchant fills in.",
        };
        return view! { <section class="card"><h2>"What was filled in"</h2><p class="pending">{text}</p></section> }
            .into_any();
    };
    let logo = logo.map(|hash| paths::logo(shown.organisation(), &hash)).map(|source| {
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
