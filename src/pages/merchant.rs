//! One merchant: what upstream tells of it, and the sales units that it owns.

use leptos::either::Either;
use leptos::prelude::*;

use super::contracts::contracts_section;
use super::details::{
    address_fact, breadcrumb, date_fact, gone_badge, identifier_fact, raw_answer, refresh_form, refresh_outcome,
    status_badge,
};
use super::frame::{ActingFrame, Place};
use super::list::opened_from;
use super::not_found::{Failed, NotFoundPage};
use super::{acting, loaded, merchants, parameter, product_orders, query, segment};
use crate::components::{Ago, Copy, Icon, grouped};
use crate::domain::failure::Failure;
use crate::domain::freshness::{absolute, machine};
use crate::domain::identifiers::BusinessIdentifier;
use crate::domain::merchant::{KnownMerchant, Merchant, MerchantStatus, OwnedSalesUnit, Viewed};
use crate::domain::merchant_filter::MerchantFacets;
use crate::domain::organisation::{OrgId, Role};
use crate::domain::product_order::ProductOrderRow;
use crate::domain::sales_unit_filter::SalesUnitFilter;
use crate::paths;
use crate::server::acting::Acting;
use crate::server::acting::merchants::MerchantView;

#[component]
pub fn MerchantPage() -> impl IntoView {
    let Some(acting) = acting() else { return Either::Left(NotFoundPage()) };
    let business = segment(3).zip(segment(4));
    let business = business.and_then(|(scheme, id)| BusinessIdentifier::parse(&scheme, &id));
    let query = query();
    let list = opened_from::<MerchantFacets>(&query);
    let outcome = parameter(&query, "refresh");
    Either::Right(loaded(async move {
        let found = match business {
            Some(business) => acting.merchant(&business).await,
            None => Err(Failure::NotFound),
        };
        let title = found.as_ref().map_or_else(|_| "Not found".to_owned(), |found| found.merchant.name());
        let back = paths::with_query(&paths::merchants(&acting.organisation().id), &list);
        view! {
            <ActingFrame acting=acting.clone() place=Place::Merchants title>
                {breadcrumb(back, merchants::TITLE)}
                {match found {
                    Ok(found) => Either::Left(details(&acting, found, &list, outcome.as_deref())),
                    Err(failure) => Either::Right(view! { <Failed failure/> }),
                }}
            </ActingFrame>
        }
    }))
}

fn details(acting: &Acting, found: MerchantView, list: &str, outcome: Option<&str>) -> impl IntoView + use<> {
    let MerchantView { merchant, units, unit_count, orders, contracts, viewings } = found;
    let organisation = &acting.organisation().id;
    let orders = orders_card(acting, &merchant.business_identifier, orders);
    let units = units_card(organisation, &merchant.business_identifier, units, unit_count);
    view! {
        {head(organisation, &merchant, list)}
        {refresh_outcome(acting.freshness_of_merchants(), outcome)}
        {gone_notice(&merchant)}
        <div class="columns">
            <div>{facts(&merchant)}{contracts_section(acting, contracts)}{viewings.map(viewings_card)}</div>
            <div>{units}{orders}</div>
        </div>
        {raw_answer(merchant.raw)}
    }
}

fn head(organisation: &OrgId, merchant: &KnownMerchant, list: &str) -> impl IntoView + use<> {
    let business = &merchant.business_identifier;
    let age = match merchant.fetched_at {
        Some(then) => view! { "Fetched "<Ago then/> }.into_any(),
        None => view! { "Not fetched yet" }.into_any(),
    };
    let refresh = refresh_form(age, paths::merchant_refresh(organisation, business), list);
    let view_as = paths::merchant_view(organisation, business);
    view! {
        <header class="page-head">
            <h1>{merchant.name()}</h1>
            <p class="numbers lead">{business.grouped()}<Copy text=business.id.clone() what="business identifier"/></p>
            <form class="view-as" action=view_as method="post"><button type="submit"><Icon name="person"/>"View as merchant"</button></form>
            {refresh}
        </header>
    }
}

/// Who has lately looked at the portal as this merchant.
fn viewings_card(viewings: Vec<Viewed>) -> impl IntoView {
    let none = viewings.is_empty();
    let lines = viewings.into_iter().map(|viewed| {
        let begun = viewed.begun_at;
        view! { <li><span>{format!("Viewed as merchant by {}", viewed.by_email)}</span><time datetime=machine(begun)>{format!("at {}", absolute(begun))}</time></li> }
    });
    let lines = lines.collect_view();
    view! {
        <section class="card" id="viewings">
            <h2>"Viewed as merchant"</h2>
            {if none {
                Either::Left(view! { <p class="pending">"Nobody has yet."</p> })
            } else {
                Either::Right(view! { <ol class="timeline">{lines}</ol> })
            }}
            <p class="hint">"For admins: the last few times that somebody of yours has looked at the portal as this merchant."</p>
        </section>
    }
}

fn orders_card(acting: &Acting, business: &BusinessIdentifier, orders: Vec<ProductOrderRow>) -> impl IntoView + use<> {
    let organisation = &acting.organisation().id;
    let none = orders.is_empty();
    let rows = orders.into_iter().map(|order| {
        let path = paths::product_order(organisation, order.id);
        let title = order.sales_unit_name.clone().unwrap_or_else(|| order.product_type.label().to_owned());
        view! { <li><a href=path>{title}</a><span>{product_orders::status_badge(acting, &order)}" "<Ago then=order.begun_at/></span></li> }
    });
    let rows = rows.collect_view();
    let new = paths::new_product_order_for(organisation, business);
    let new = acting
        .may(Role::Operator)
        .is_ok()
        .then(|| view! { <p><a class="button" href=new>"New order for this merchant"</a></p> });
    view! {
        <section class="card">
            <h2>"Product orders"</h2>
            {if none {
                Either::Left(view! { <p class="pending">"None that name you as partner."</p> })
            } else {
                Either::Right(view! { <ul class="siblings">{rows}</ul> })
            }}
            {new}
        </section>
    }
}

fn gone_notice(merchant: &KnownMerchant) -> impl IntoView + use<> {
    let gone = merchant.gone_at?;
    Some(view! {
        <p class="notice warning">
            {format!("Vipps MobilePay has not shown this merchant since {}. ", absolute(gone))}
            "It has no active sales unit that is connected to you any more. What you see is the last that was known."
        </p>
    })
}

fn facts(merchant: &KnownMerchant) -> impl IntoView + use<> {
    let facts = match &merchant.details {
        Some(details) => merchant_facts(details).into_any(),
        None => view! {
            <dl class="facts">{identifier_fact(Some(&merchant.business_identifier))}</dl>
            <p class="pending">"Vipps MobilePay has not told more of it yet."</p>
        }
        .into_any(),
    };
    view! {
        <section class="card">
            <h2>"Merchant"</h2>
            {facts}
            <p class="hint">{format!("First seen {}", absolute(merchant.first_seen_at))}</p>
        </section>
    }
}

/// All that upstream tells of a merchant.
pub fn merchant_facts(merchant: &Merchant) -> impl IntoView + use<> {
    let name = match merchant.name.clone() {
        name if name.is_empty() => view! { <span class="pending">"Unknown"</span> }.into_any(),
        name => view! { {name.clone()}<Copy text=name what="merchant name"/> }.into_any(),
    };
    let status = MerchantStatus::from_upstream(merchant.status.as_deref());
    let country = merchant.country_code.clone();
    view! {
        <dl class="facts">
            <div><dt>"Name"</dt><dd>{name}</dd></div>
            <div><dt>"Status"</dt><dd>{status_badge(&status)}</dd></div>
            {identifier_fact(Some(&merchant.business_identifier))}
            {country.map(|country| view! { <div><dt>"Country"</dt><dd>{country}</dd></div> })}
            {address_fact("Business address", merchant.business_address.as_ref())}
            {address_fact("Postal address", merchant.post_address.as_ref())}
            {date_fact("Created", merchant.created_at)}
            {date_fact("Changed", merchant.updated_at)}
        </dl>
    }
}

fn units_card(
    organisation: &OrgId,
    business: &BusinessIdentifier,
    units: Vec<OwnedSalesUnit>,
    count: usize,
) -> impl IntoView + use<> {
    let filter = SalesUnitFilter { text: business.id.clone(), ..SalesUnitFilter::default() };
    let all = paths::sales_units_with(organisation, &filter.to_query());
    let rows = units.into_iter().map(|OwnedSalesUnit { unit, gone_at }| {
        let path = paths::sales_unit(organisation, &unit.msn);
        let msn = unit.msn.to_string();
        let name = unit.name.unwrap_or_else(|| format!("Sales unit {msn}"));
        view! { <li><a href=path>{name}</a><span class="numbers">{gone_badge(gone_at)}" "{msn}</span></li> }
    });
    let rows = rows.collect_view();
    view! {
        <section class="card">
            <h2>"Sales units"</h2>
            {if count == 0 {
                Either::Left(view! { <p class="pending">"None that you can see."</p> })
            } else {
                let label = if count == 1 { "In the list".to_owned() } else { format!("All {} in the list", grouped(count)) };
                Either::Right(view! { <ul class="siblings">{rows}</ul><p><a href=all>{label}</a></p> })
            }}
        </section>
    }
}
