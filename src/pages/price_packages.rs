//! The price packages: what each of them is, and what uses it.

use leptos::either::Either;
use leptos::prelude::*;

use super::export::ExportMenu;
use super::frame::{ActingFrame, Place};
use super::freshness::FreshnessLine;
use super::list::nothing_because;
use super::not_found::{Failed, NotFoundPage};
use super::{acting, loaded, parameter, query, sales_units};
use crate::components::{Badge, Copy, Empty, Tone, grouped};
use crate::domain::columns::PRICE_PACKAGES;
use crate::domain::freshness::absolute;
use crate::domain::identifiers::Market;
use crate::domain::organisation::OrgId;
use crate::domain::price_package::KnownPricePackage;
use crate::domain::price_package_filter::PricePackageFilter;
use crate::domain::sales_unit::ListedSalesUnit;
use crate::paths;
use crate::server::acting::Acting;
use crate::server::acting::price_packages::UNITS_SHOWN;

/// What the list is narrowed down to, by links; stands in the address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Narrowed {
    filter: PricePackageFilter,
    /// The package whose sales units are shown.
    units: Option<String>,
}

#[component]
pub fn PricePackagesPage() -> impl IntoView {
    let Some(acting) = acting() else { return Either::Left(NotFoundPage()) };
    let query = query();
    let narrowed = Narrowed {
        filter: PricePackageFilter { market: parameter(&query, "market"), product: parameter(&query, "product") },
        units: parameter(&query, "units"),
    };
    Either::Right(loaded(async move {
        let found = async {
            let packages = acting.price_packages().await?;
            let units = match &narrowed.units {
                Some(package) if packages.iter().any(|known| known.package.id == *package) => {
                    acting.units_of_price_package(package).await?
                }
                _ => Vec::new(),
            };
            Ok((packages, units))
        };
        let found = found.await;
        view! {
            <ActingFrame acting=acting.clone() place=Place::PricePackages title="Price packages">
                {match found {
                    Ok((packages, units)) => Either::Left(list(&acting, &narrowed, packages, units)),
                    Err(failure) => Either::Right(view! { <Failed failure/> }),
                }}
            </ActingFrame>
        }
    }))
}

fn list(
    acting: &Acting,
    narrowed: &Narrowed,
    packages: Vec<KnownPricePackage>,
    units: Vec<ListedSalesUnit>,
) -> impl IntoView + use<> {
    let organisation = acting.organisation().id.clone();
    let freshness = acting.price_package_freshness();
    let none = nothing_because(
        &freshness.state,
        ("No price packages", "Vipps MobilePay shows no price packages for this partner."),
    );
    let back = paths::price_packages_with(&organisation, &narrowed.to_query());
    let export = ExportMenu {
        path: paths::export(&paths::price_packages(&organisation)),
        api: acting.api_address("price-packages"),
        columns: PRICE_PACKAGES,
        chosen: narrowed.filter.chosen(),
    };
    let export = export.show();
    let links = links(&organisation, narrowed, &packages);
    let total = packages.len();
    let shown: Vec<_> = packages.into_iter().filter(|known| narrowed.filter.shows(known)).collect();
    let summary = match shown.len() {
        count if count == total => {
            format!("{} price package{}", grouped(total), if total == 1 { "" } else { "s" })
        }
        count => format!("{} of {} price packages", grouped(count), grouped(total)),
    };
    let rows: Vec<AnyView> = shown.into_iter().map(|known| row(&organisation, narrowed, known, &units)).collect();
    let table = if total == 0 {
        let (title, text) = none;
        view! { <Empty title><p>{text}</p></Empty> }.into_any()
    } else if rows.is_empty() {
        let all = paths::price_packages(&organisation);
        view! {
            <Empty title="None of these">
                <p>"There is no price package for this market and product."</p>
                <p><a class="button" href=all>"Show all price packages"</a></p>
            </Empty>
        }
        .into_any()
    } else {
        view! {
            <table class="list">
                <caption class="hidden">"Price packages"</caption>
                <thead>
                    <tr>
                        <th scope="col">"Name"</th>
                        <th scope="col">"Price"</th>
                        <th scope="col">"Product"</th>
                        <th scope="col">"Market"</th>
                        <th scope="col">"Commission"</th>
                        <th scope="col">"In sign-up form"</th>
                        <th scope="col">"Used by"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
            <p class="hint">"Which package a sales unit has is known from the product orders sent in this portal and from what has been noted by hand: Vipps MobilePay does not tell it."</p>
        }
        .into_any()
    };
    view! {
        <header class="page-head">
            <h1>"Price packages"</h1>
            <FreshnessLine freshness refresh=paths::price_packages_refresh(&organisation) back/>
        </header>
        {links}
        <section id="results" class="packages" aria-label="Price packages">
            <div class="summary-line">
                <p class="summary" role="status">{summary}</p>
                {export}
            </div>
            {table}
        </section>
    }
}

fn row(organisation: &OrgId, narrowed: &Narrowed, known: KnownPricePackage, units: &[ListedSalesUnit]) -> AnyView {
    let package = known.package;
    let anchor = format!("package-{}", package.id);
    let gone = known.gone_at.map(|gone| {
        view! {
            <span title=format!("Since {}", absolute(gone))><Badge tone=Tone::Warning text="No longer offered"/></span>
        }
    });
    let is_open = narrowed.units.as_deref() == Some(package.id.as_str());
    let open = is_open.then(|| unit_list(organisation, &package.id, known.units, units));
    let unit_link = (known.units > 0 && !is_open).then(|| {
        let narrowed = Narrowed { units: Some(package.id.clone()), ..narrowed.clone() };
        let path = format!("{}#{anchor}", paths::price_packages_with(organisation, &narrowed.to_query()));
        let text = format!("{} sales unit{}", grouped(known.units), if known.units == 1 { "" } else { "s" });
        view! { <li><a href=path>{text}</a></li> }
    });
    let orders = (known.orders > 0).then(|| {
        let text = format!("{} order{}", grouped(known.orders), if known.orders == 1 { "" } else { "s" });
        view! { <li>{text}</li> }
    });
    let templates = known.templates.into_iter().map(|(id, name)| {
        let path = paths::template(organisation, id);
        view! { <li>"Template "<a href=path>{name}</a></li> }
    });
    let templates = templates.collect_view();
    let unused = (known.units == 0 && known.orders == 0 && templates.is_empty()).then_some("Nothing known");
    let used = unused.is_none().then(|| view! { <ul>{templates}{orders}{unit_link}</ul> });
    let text = |text: Option<String>| match text {
        Some(text) => text.into_any(),
        None => view! { <span class="pending">"Not told"</span> }.into_any(),
    };
    let described = (!package.description.is_empty()).then(|| package.description.clone());
    view! {
        <tr id=anchor class:gone=known.gone_at.is_some()>
            <th scope="row">
                {package.name.clone()}{gone}
                <span class="package-id"><span class="code">{package.id.clone()}</span><Copy text=package.id.clone() what="price package ID"/></span>
            </th>
            <td data-label="Price"><span class="numbers">{text(described)}</span></td>
            <td data-label="Product">{package.product_type.label().to_owned()}</td>
            <td data-label="Market">{text(package.market.as_deref().map(market_name))}</td>
            <td data-label="Commission"><span class="numbers">{text(package.commission.clone())}</span></td>
            <td data-label="In sign-up form">{sales_units::flag_badge(package.visible_in_signup_form)}</td>
            <td data-label="Used by" class="uses"><div>{used}{unused}{open}</div></td>
        </tr>
    }
    .into_any()
}

fn unit_list(organisation: &OrgId, package: &str, count: usize, units: &[ListedSalesUnit]) -> impl IntoView + use<> {
    let label = format!("{} sales unit{}", grouped(count), if count == 1 { "" } else { "s" });
    let more = (count > units.len() && units.len() >= UNITS_SHOWN)
        .then(|| view! { <p class="hint">{format!("The first {UNITS_SHOWN} by name.")}</p> });
    let lines = units.iter().map(|unit| {
        let path = paths::sales_unit(organisation, &unit.msn);
        let msn = unit.msn.to_string();
        let name = unit.name.clone().unwrap_or_else(|| format!("Sales unit {msn}"));
        view! { <li><a href=path>{name}</a><span class="numbers">{msn}</span></li> }
    });
    let lines = lines.collect_view();
    let id = format!("units-of-{package}");
    view! { <details open=true id=id><summary>{label}</summary><ul class="siblings">{lines}</ul>{more}</details> }
}

/// Links to the packages of one market or one product.
fn links(organisation: &OrgId, narrowed: &Narrowed, packages: &[KnownPricePackage]) -> impl IntoView + use<> {
    let markets =
        distinct(packages, |known| known.package.market.as_deref().map(|code| (code.to_owned(), market_name(code))));
    let products = distinct(packages, |known| {
        let product = &known.package.product_type;
        Some((product.upstream()?.to_owned(), product.label().to_owned()))
    });
    let group = |title: &'static str,
                 all: Vec<(String, String)>,
                 chosen: &Option<String>,
                 with: &dyn Fn(Option<String>) -> Narrowed| {
        if all.len() < 2 && chosen.is_none() {
            return None;
        }
        let mut choices = vec![(None, "All".to_owned())];
        choices.extend(all.into_iter().map(|(word, label)| (Some(word), label)));
        let choices = choices.into_iter().map(|(word, label)| {
            let current = (word == *chosen).then_some("true");
            let path = paths::price_packages_with(organisation, &with(word).to_query());
            view! { <li><a class="chip" href=path aria-current=current>{label}</a></li> }
        });
        let choices = choices.collect_view();
        Some(
            view! { <div class="chip-line"><span>{title}</span><ul class="chips" aria-label=title>{choices}</ul></div> },
        )
    };
    let with = |filter| Narrowed { filter, units: None };
    let of_market = |market| with(PricePackageFilter { market, ..narrowed.filter.clone() });
    let of_product = |product| with(PricePackageFilter { product, ..narrowed.filter.clone() });
    let markets = group("Market", markets, &narrowed.filter.market, &of_market);
    let products = group("Product", products, &narrowed.filter.product, &of_product);
    view! { <div class="chip-lines">{markets}{products}</div> }
}

/// Words and labels of the packages, each once, in the order they come.
fn distinct(
    packages: &[KnownPricePackage],
    of: impl Fn(&KnownPricePackage) -> Option<(String, String)>,
) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for choice in packages.iter().filter_map(of) {
        if !found.contains(&choice) {
            found.push(choice);
        }
    }
    found
}

/// The market with this code by its name; the code itself if it is none of those known.
pub fn market_name(code: &str) -> String {
    let market = Market::ALL.into_iter().find(|market| market.code().eq_ignore_ascii_case(code));
    market.map_or_else(|| code.to_owned(), |market| market.name().to_owned())
}

impl Narrowed {
    fn to_query(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.filter.chosen());
        if let Some(units) = &self.units {
            query.append_pair("units", units);
        }
        query.finish()
    }
}
