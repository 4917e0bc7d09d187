//! The price package of a sales unit: known from an order, noted by hand, or not known at all.

use leptos::prelude::*;

use crate::components::form::{Disabled, Field, Input};
use crate::domain::freshness::{absolute, machine};
use crate::domain::organisation::Role;
use crate::domain::price_package::{NamedPricePackage, PricePackage};
use crate::domain::sales_unit::SalesUnit;
use crate::pages::price_packages::market_name;
use crate::paths;
use crate::server::acting::Acting;
use crate::server::acting::price_packages::PricePackageView;

/// The card on the unit's page; `list` is the query of the list that the unit was opened from.
pub fn card(acting: &Acting, unit: &SalesUnit, package: PricePackageView, list: &str) -> impl IntoView + use<> {
    let PricePackageView { known, choices } = package;
    let organisation = &acting.organisation().id;
    let differs = known.differs().then(|| {
        view! { <p class="notice warning">"What was noted is not what the order says. The order counts."</p> }
    });
    let unknown = known.known().is_none().then(|| {
        view! { <p>"Not known: Vipps MobilePay does not tell the price package of a sales unit."</p> }
    });
    let noted_id = known.noted.as_ref().map(|noted| noted.package.id.clone());
    let has_order = known.ordered.is_some();
    let same = !known.differs() && has_order;
    let ordered = known.ordered.map(|ordered| {
        let path = paths::product_order(organisation, ordered.order);
        let at = ordered.sent_at;
        view! {
            {facts(acting, ordered.package)}
            <p class="hint">"Known from the "<a href=path>"product order sent "<time datetime=machine(at)>{absolute(at)}</time></a></p>
        }
    });
    let noted = known.noted.map(|noted| {
        let text = format!("Noted by {} on {}", noted.by_email, absolute(noted.at));
        // The same package once more would only be longer.
        let facts = (!same).then(|| facts(acting, noted.package));
        view! { {facts}<p class="hint">{text}</p> }
    });
    let form = form(acting, unit, noted_id, has_order, choices, list);
    view! {
        <section class="card" id="price-package">
            <h2>"Price package"</h2>
            {ordered}
            {differs}
            {noted}
            {unknown}
            {form}
        </section>
    }
}

fn facts(acting: &Acting, named: NamedPricePackage) -> impl IntoView + use<> {
    let path = paths::price_package(&acting.organisation().id, &named.id);
    let Some(package) = named.package else {
        return view! {
            <dl class="facts">
                <div><dt>"Package"</dt><dd><span class="code">{named.id}</span></dd></div>
            </dl>
            <p class="hint">"Vipps MobilePay has not shown this package since the portal has been looking."</p>
        }
        .into_any();
    };
    let line = |title: &'static str, text: Option<String>| {
        let text = text.filter(|text| !text.is_empty())?;
        Some(view! { <div><dt>{title}</dt><dd>{text}</dd></div> })
    };
    let name = if package.name.is_empty() { package.id.clone() } else { package.name.clone() };
    view! {
        <dl class="facts">
            <div><dt>"Package"</dt><dd><a href=path>{name}</a></dd></div>
            {line("Price", Some(package.description))}
            {line("Commission", package.commission)}
            {line("Market", package.market.as_deref().map(market_name))}
            {line("Product", Some(package.product_type.label().to_owned()))}
        </dl>
    }
    .into_any()
}

fn form(
    acting: &Acting,
    unit: &SalesUnit,
    noted: Option<String>,
    has_order: bool,
    choices: Vec<PricePackage>,
    list: &str,
) -> impl IntoView + use<> {
    let label = if noted.is_some() { "Change the note" } else { "Note a price package" };
    if let Err(failure) = acting.may(Role::Operator) {
        // Who may only look is not offered what an order already says.
        return (!has_order).then(|| view! { <Disabled label reason=failure.to_string()/> }.into_any());
    }
    if choices.is_empty() && noted.is_none() {
        return None;
    }
    let action = paths::sales_unit_price_package(&acting.organisation().id, &unit.msn);
    let options = choices.into_iter().map(|package| {
        let label = format!("{} ({})", package.label(), package.product_type.label());
        (package.id, label)
    });
    let mut options: Vec<(String, String)> = options.collect();
    // One that is no longer offered stays chosen until somebody chooses another.
    if let Some(noted) = noted.as_ref().filter(|noted| options.iter().all(|(id, _)| id != *noted)) {
        options.push((noted.clone(), format!("{noted} (no longer offered)")));
    }
    let clear = noted.is_some().then(|| {
        view! { <button type="submit" form="forget-package" class="quiet">"Take the note away"</button> }
    });
    let forget = noted.is_some().then(|| {
        view! {
            <form method="post" action=action.clone() id="forget-package">
                <input type="hidden" name="package" value=""/>
                <input type="hidden" name="list" value=list.to_owned()/>
            </form>
        }
    });
    Some(view! {
        <details class="note-package">
            <summary class="button">{label}</summary>
            <form method="post" action=action class="stack">
                <input type="hidden" name="list" value=list.to_owned()/>
                <Field name="package" label="Price package" input=Input::Select(options) value=noted.unwrap_or_default() required=true
                    hint="For colleagues only: nothing is changed at Vipps MobilePay."/>
                <p class="actions"><button type="submit">"Keep the note"</button>{clear}</p>
            </form>
            {forget}
        </details>
    }
    .into_any())
}
