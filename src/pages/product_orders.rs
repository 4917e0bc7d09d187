//! The list of product orders: all that name the partner, wherever they were made.

use std::sync::Arc;

use leptos::either::Either;
use leptos::prelude::*;
use time::OffsetDateTime;

use super::frame::{ActingFrame, Place};
use super::freshness::FreshnessLine;
use super::list::{List, Nothing, choice, column, nothing_because};
use super::not_found::{Failed, NotFoundPage};
use super::product_order::days_left;
use super::{acting, loaded, query};
use crate::components::form::Disabled;
use crate::components::{Ago, Badge, Copy, Icon, Marked, Tone};
use crate::domain::columns::PRODUCT_ORDERS;
use crate::domain::freshness::CopyState;
use crate::domain::list::Choosable;
use crate::domain::organisation::{OrgId, Role};
use crate::domain::page::Page;
use crate::domain::product_order::message::messages;
use crate::domain::product_order::{Delivery, OrderStatus, ProductOrderRow};
use crate::domain::product_order_filter::{
    FollowFacet, ProductOrderFacets, ProductOrderFilter, ProductOrderQuery, Sort,
};
use crate::domain::search_text::needles;
use crate::paths;
use crate::server::acting::Acting;

#[component]
pub fn ProductOrdersPage() -> impl IntoView {
    let Some(acting) = acting() else { return Either::Left(NotFoundPage()) };
    let query = ProductOrderQuery::from_query(&query());
    Either::Right(loaded(async move {
        let page = acting.product_orders(&query).await;
        let title = title(&acting);
        view! {
            <ActingFrame acting=acting.clone() place=Place::ProductOrders title>
                {match page {
                    Ok(page) => Either::Left(list(&acting, &query, page)),
                    Err(failure) => Either::Right(view! { <Failed failure/> }),
                }}
            </ActingFrame>
        }
    }))
}

pub fn title(acting: &Acting) -> &'static str {
    if acting.is_partner() { "Product orders" } else { "Your product orders" }
}

fn list(acting: &Acting, query: &ProductOrderQuery, page: Page<ProductOrderRow>) -> impl IntoView + use<> {
    let organisation = &acting.organisation().id;
    let list = List {
        path: paths::product_orders(organisation),
        title: "Product orders",
        one: "product order",
        many: "product orders",
        searched: if acting.is_partner() {
            "Name, business identifier, MSN, order ID or note"
        } else {
            "Name, business identifier, MSN or order ID"
        },
        columns: PRODUCT_ORDERS,
        api: acting.api_address("product-orders"),
        query,
    };
    let columns = vec![
        list.sortable(Sort::Name),
        column("Status"),
        list.sortable(Sort::Merchant),
        column("Business identifier"),
        column("Product"),
        column("Kind"),
        list.sortable(Sort::Begun),
    ];
    let freshness = acting.freshness_of_product_orders();
    let nothing = nothing(acting, &freshness.state);
    let look = Look {
        acting,
        organisation,
        needles: needles(&query.filter.text).into(),
        opened_from: query.to_query(),
        // What to write is at hand where one follows up.
        with_message: query.filter.facets.follow.is_some(),
        now: OffsetDateTime::now_utc(),
    };
    let form = list.form(facets(acting, &query.filter.facets));
    let results = list.results(page, columns, |order| row(&look, order), &nothing);
    view! {
        <header class="page-head">
            <h1>{title(acting)}</h1>
            {acting.is_partner().then(|| new_order(acting))}
            <FreshnessLine freshness refresh=paths::product_orders_refresh(organisation) back=list.shown()/>
        </header>
        {form}
        {acting.is_partner().then(|| follow_up(organisation))}
        {results}
    }
}

fn nothing(acting: &Acting, state: &CopyState) -> Nothing {
    if acting.is_partner() {
        let none = ("No product orders", "No product order names this partner yet. Send the first one with New order.");
        return Nothing {
            no_match: "No product order has all of this in its names, business identifier, MSN, order ID or note.",
            hint: Some(
                "Orders in which the merchant has not chosen this partner are not shown to it by Vipps MobilePay."
                    .to_owned(),
            ),
            none: nothing_because(state, none),
        };
    }
    let none = ("No product orders", "Your partner has sent you no product order, and none that you made names it.");
    Nothing {
        no_match: "No product order has all of this in its names, business identifier, MSN or order ID.",
        hint: Some("Only orders that name your partner are shown.".to_owned()),
        none: nothing_because(state, none),
    }
}

fn new_order(acting: &Acting) -> impl IntoView + use<> {
    match acting.may(Role::Operator) {
        Ok(()) => {
            let path = paths::new_product_order(&acting.organisation().id);
            view! { <a class="button primary" href=path><Icon name="plus"/>"New order"</a> }.into_any()
        }
        Err(failure) => view! { <Disabled label="New order" reason=failure.to_string()/> }.into_any(),
    }
}

/// The lists of those that somebody should do something about.
fn follow_up(organisation: &OrgId) -> impl IntoView + use<> {
    let links = FollowFacet::ALL.iter().map(|follow| {
        let facets = ProductOrderFacets { follow: Some(*follow), ..ProductOrderFacets::default() };
        let filter = ProductOrderFilter { facets, ..ProductOrderFilter::default() };
        let path = paths::product_orders_with(organisation, &filter.to_query());
        view! { <li><a href=path>{follow.label()}</a></li> }
    });
    let links = links.collect_view();
    view! { <nav class="follow-up" aria-label="To follow up"><span>"To follow up:"</span><ul>{links}</ul></nav> }
}

fn facets(acting: &Acting, facets: &ProductOrderFacets) -> Vec<AnyView> {
    let follow = acting.is_partner().then(|| choice("follow", "To follow up", facets.follow));
    let others = [
        choice("status", "Status", facets.status),
        choice("kind", "Kind", facets.kind),
        choice("product", "Product", facets.product),
        choice("age", "Sent", facets.age),
        choice("state", "State", facets.state),
    ];
    follow.into_iter().chain(others).collect()
}

/// What every row is shown with.
struct Look<'a> {
    acting: &'a Acting,
    organisation: &'a OrgId,
    needles: Arc<[String]>,
    opened_from: String,
    with_message: bool,
    now: OffsetDateTime,
}

fn row(look: &Look<'_>, order: ProductOrderRow) -> AnyView {
    let path = paths::product_order_from(look.organisation, order.id, &look.opened_from);
    let marked = |text: String| view! { <Marked text needles=Arc::clone(&look.needles)/> };
    let unknown = || view! { <span class="pending">"Unknown"</span> };
    let left = order.expires_at().map(|expires| view! { <small class="below">{days_left(expires, look.now)}</small> });
    let message = messages(&order, look.now)
        .filter(|_| look.with_message && look.acting.is_partner())
        .and_then(|(_, texts)| texts.into_iter().next());
    let message = message.map(|message| view! { <Copy text=message.text what="message to the merchant"/> });
    let business = match &order.business_identifier {
        Some(business) => view! {
            <span class="numbers">{marked(business.grouped())}</span>
            <Copy text=business.id.clone() what="business identifier"/>
        }
        .into_any(),
        None => unknown().into_any(),
    };
    let kind = match &order.template_name {
        Some(template) => format!("Template: {template}"),
        None => order.kind.label().to_owned(),
    };
    let link = order.url.clone().filter(|_| order.expires_at().is_some());
    let link = link.map(|url| view! { <Copy text=url what=if look.acting.is_partner() { "the merchant's link" } else { "your link" }/> });
    view! {
        <tr class:gone=order.gone_at.is_some()>
            <th scope="row"><a href=path data-row="">{marked(title_of(&order))}</a>{link}</th>
            <td data-label="Status">{status_badge(look.acting, &order)}{left}{message}</td>
            <td data-label="Merchant">{match order.merchant_name.clone() {
                Some(merchant) => marked(merchant).into_any(),
                None => unknown().into_any(),
            }}</td>
            <td data-label="Business identifier">{business}</td>
            <td data-label="Product">{order.product_type.label().to_owned()}</td>
            <td data-label="Kind">{kind}</td>
            <td data-label="Sent"><Ago then=order.begun_at/>{(!order.sent_here).then(|| view! { <small class="below">"first seen"</small> })}</td>
        </tr>
    }
    .into_any()
}

/// What an order is called: the name of what it asks for, or else of who asks.
pub fn title_of(order: &ProductOrderRow) -> String {
    let business = order.business_identifier.as_ref().map(|business| business.grouped());
    let name = order.sales_unit_name.clone().or_else(|| order.merchant_name.clone()).or(business);
    name.unwrap_or_else(|| "Product order".to_owned())
}

/// Where an order stands: how sending it went while that is not settled, else upstream's status.
pub fn status_badge(acting: &Acting, order: &ProductOrderRow) -> impl IntoView + use<> {
    let label = if acting.is_partner() { order.status.label() } else { order.status.merchants_label() };
    let (tone, text) = match order.delivery {
        Some(Delivery::Sending) => (Tone::Quiet, "Being sent".to_owned()),
        Some(Delivery::Unknown) => (Tone::Warning, "Outcome unknown".to_owned()),
        Some(Delivery::Missing) => (Tone::Bad, "Not arrived".to_owned()),
        Some(Delivery::Refused) => (Tone::Bad, "Refused".to_owned()),
        Some(Delivery::Sent) | None if order.deleted_at.is_some() => (Tone::Quiet, "Deleted".to_owned()),
        Some(Delivery::Sent) | None => {
            let tone = match order.status {
                OrderStatus::Completed => Tone::Good,
                OrderStatus::Rejected => Tone::Bad,
                OrderStatus::WaitingForMerchant => Tone::Warning,
                _ => Tone::Quiet,
            };
            (tone, label.to_owned())
        }
    };
    view! { <Badge tone text/> }
}
