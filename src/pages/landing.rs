//! The first page when acting as a partner or merchant.

use leptos::either::Either;
use leptos::prelude::*;

use super::frame::{ActingFrame, Place};
use super::freshness::FreshnessLine;
use super::not_found::{Failed, NotFoundPage};
use super::{acting, loaded};
use crate::components::grouped;
use crate::domain::failure::Failure;
use crate::domain::organisation::OrganisationKind;
use crate::domain::sales_unit_filter::{SalesUnitFacets, SalesUnitFilter, StateFacet};
use crate::paths;
use crate::server::acting::Acting;

#[component]
pub fn LandingPage() -> impl IntoView {
    let Some(acting) = acting() else { return Either::Left(NotFoundPage()) };
    Either::Right(loaded(async move {
        let counts = load(&acting).await;
        let title = "Overview";
        view! {
            <ActingFrame acting=acting.clone() place=Place::Landing title>
                {match counts {
                    Ok(counts) => Either::Left(page(&acting, counts)),
                    Err(failure) => Either::Right(view! { <Failed failure/> }),
                }}
            </ActingFrame>
        }
    }))
}

/// How many sales units there are, by the state that they are in.
struct Counts {
    visible: usize,
    waiting: usize,
    gone: usize,
}

async fn load(acting: &Acting) -> Result<Counts, Failure> {
    let count = async |state| acting.count_sales_units(&in_state(state)).await;
    Ok(Counts {
        visible: count(StateFacet::Visible).await?,
        waiting: count(StateFacet::Waiting).await?,
        gone: count(StateFacet::Gone).await?,
    })
}

fn in_state(state: StateFacet) -> SalesUnitFilter {
    SalesUnitFacets { state: Some(state), ..SalesUnitFacets::default() }.into()
}

fn page(acting: &Acting, counts: Counts) -> impl IntoView + use<> {
    let organisation = acting.organisation().clone();
    let id = organisation.id.clone();
    let partner = organisation.kind == OrganisationKind::Partner;
    let list = |state| paths::sales_units_with(&id, &in_state(state).to_query());
    let figures = [
        (counts.visible, "visible at Vipps MobilePay", list(StateFacet::Visible)),
        (counts.waiting, "waiting for their details", list(StateFacet::Waiting)),
        (counts.gone, "no longer visible", list(StateFacet::Gone)),
    ];
    let figures = figures.map(|(count, label, path)| {
        view! { <li><a class="figure" href=path><strong>{grouped(count)}</strong><span>{label}</span></a></li> }
    });
    let served_by = acting.served_by().map(|partner| format!("Served with the keys of {partner}."));
    view! {
        <header class="page-head">
            <h1>{organisation.name.clone()}</h1>
            <p class="lead">
                {if partner { "You act as this partner: you see the sales units of all merchants connected to it. " }
                else { "You act on behalf of this merchant: you see its own sales units only. " }}
                {served_by}
            </p>
            <FreshnessLine freshness=acting.freshness() refresh=paths::sales_units_refresh(&organisation.id)
                back=paths::organisation(&organisation.id)/>
        </header>
        <form class="filter finder" method="get" action=paths::sales_units(&organisation.id) role="search" aria-label="Sales units">
            <label class="search">
                <span>"Find a sales unit"</span>
                <input type="search" name="q" autocomplete="off" data-focus-key="/"
                    placeholder="Name, MSN, merchant or business identifier"/>
            </label>
            <button type="submit" class="primary">"Find"</button>
        </form>
        <ul class="figures">{figures.collect_view()}</ul>
    }
}
