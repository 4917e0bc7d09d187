//! The first page when acting as a partner or merchant.

mod merchant;

use leptos::either::Either;
use leptos::prelude::*;

use self::merchant::MerchantOverview;
use super::frame::{ActingFrame, Place};
use super::freshness::FreshnessLine;
use super::not_found::{Failed, NotFoundPage};
use super::{acting, loaded};
use crate::components::{Badge, Tone, grouped};
use crate::domain::api_quality::percent;
use crate::domain::failure::Failure;
use crate::domain::merchant_filter::MerchantFilter;
use crate::domain::organisation::Role;
use crate::domain::product_order_filter::{AgeFacet, FollowFacet, ProductOrderFacets, ProductOrderFilter, StatusFacet};
use crate::domain::sales_unit_filter::{SalesUnitFacets, SalesUnitFilter, StateFacet};
use crate::domain::template::LinkTrouble;
use crate::domain::webhook_filter::{StateFacet as WebhookStateFacet, WebhookFacets, WebhookFilter};
use crate::paths;
use crate::server::acting::Acting;

#[component]
pub fn LandingPage() -> impl IntoView {
    let Some(acting) = acting() else { return Either::Left(NotFoundPage()) };
    Either::Right(loaded(async move {
        let overview = load(&acting).await;
        let title = "Overview";
        view! {
            <ActingFrame acting=acting.clone() place=Place::Landing title>
                {match overview {
                    Ok(overview) => Either::Left(page(&acting, overview)),
                    Err(failure) => Either::Right(view! { <Failed failure/> }),
                }}
            </ActingFrame>
        }
    }))
}

/// What somebody should look at, and how many of everything there are.
struct Overview {
    /// Where too many of the calls to upstream fail.
    failing_calls: Option<Attention>,
    visible: usize,
    waiting: usize,
    gone: usize,
    whose: Whose,
}

enum Whose {
    Partners(PartnerOverview),
    Merchants(MerchantOverview),
}

struct PartnerOverview {
    merchants: usize,
    open_orders: usize,
    attention: Vec<Attention>,
}

/// Something that needs attention: what it is, how many, and where they are.
struct Attention {
    tone: Tone,
    text: String,
    path: Option<String>,
}

async fn load(acting: &Acting) -> Result<Overview, Failure> {
    let count = async |state| acting.count_sales_units(&in_state(state)).await;
    Ok(Overview {
        failing_calls: failing_calls(acting).await?,
        visible: count(StateFacet::Visible).await?,
        waiting: count(StateFacet::Waiting).await?,
        gone: count(StateFacet::Gone).await?,
        whose: if acting.is_partner() {
            Whose::Partners(partner(acting).await?)
        } else {
            Whose::Merchants(merchant::load(acting).await?)
        },
    })
}

/// A warning if as many of the calls to upstream fail as this organisation wants to be warned of.
async fn failing_calls(acting: &Acting) -> Result<Option<Attention>, Failure> {
    let Some((requests, failed)) = acting.failing_calls_lately().await? else { return Ok(None) };
    let text = format!(
        "{} of the portal’s {} calls to Vipps MobilePay within 24 hours failed, which is {}",
        grouped(failed as usize),
        grouped(requests as usize),
        percent(failed, requests)
    );
    let path = Some(paths::api_quality(&acting.organisation().id));
    Ok(Some(Attention { tone: Tone::Warning, text, path }))
}

async fn partner(acting: &Acting) -> Result<PartnerOverview, Failure> {
    let id = &acting.organisation().id;
    let mut attention = troubles(acting);
    let orders = [
        (
            Tone::Warning,
            ProductOrderFacets { follow: Some(FollowFacet::Unsettled), ..Default::default() },
            "of unknown outcome, or not arrived",
        ),
        (
            Tone::Warning,
            ProductOrderFacets { follow: Some(FollowFacet::Expiring), ..Default::default() },
            "whose link expires within 3 days",
        ),
        (
            Tone::Bad,
            ProductOrderFacets {
                status: Some(StatusFacet::Rejected),
                age: Some(AgeFacet::Month),
                ..Default::default()
            },
            "rejected, of the last 30 days",
        ),
        (
            Tone::Quiet,
            ProductOrderFacets { follow: Some(FollowFacet::Opened), ..Default::default() },
            "opened by the merchant, not submitted",
        ),
    ];
    for (tone, facets, what) in orders {
        let filter: ProductOrderFilter = facets.into();
        let count = acting.count_product_orders(&filter).await?;
        let path = Some(paths::product_orders_with(id, &filter.to_query()));
        attention.extend((count > 0).then(|| Attention { tone, text: counted(count, "product order", what), path }));
    }
    attention.extend(acting.templates_in_trouble().await?.into_iter().map(|(kept, trouble)| Attention {
        tone: Tone::Warning,
        text: match trouble {
            LinkTrouble::OutOfOrder(_) => {
                format!("Merchants cannot order by the link of the template {}", kept.template.name)
            }
            LinkTrouble::Failed { .. } => {
                format!("A merchant could not order by the link of the template {}", kept.template.name)
            }
        },
        path: Some(paths::template(id, kept.id)),
    }));
    attention.extend(lost(acting).await?);
    let open = ProductOrderFacets { follow: Some(FollowFacet::Waiting), ..Default::default() };
    Ok(PartnerOverview {
        merchants: acting.count_merchants(&MerchantFilter::default()).await?,
        open_orders: acting.count_product_orders(&open.into()).await?,
        attention,
    })
}

/// What the sync has trouble with.
fn troubles(acting: &Acting) -> Vec<Attention> {
    acting.troubles().into_iter().map(|text| Attention { tone: Tone::Warning, text, path: None }).collect()
}

/// What upstream no longer shows.
async fn lost(acting: &Acting) -> Result<Vec<Attention>, Failure> {
    let id = &acting.organisation().id;
    let mut attention = Vec::new();
    let webhooks: WebhookFilter =
        WebhookFacets { state: Some(WebhookStateFacet::VanishedLately), ..Default::default() }.into();
    let units = in_state(StateFacet::GoneLately);
    let lost = [
        (
            acting.count_webhooks(&webhooks).await?,
            "webhook registration",
            paths::webhooks_with(id, &webhooks.to_query()),
        ),
        (acting.count_sales_units(&units).await?, "sales unit", paths::sales_units_with(id, &units.to_query())),
    ];
    for (count, one, path) in lost {
        let text = counted(count, one, "that vanished in the last 30 days");
        attention.extend((count > 0).then_some(Attention { tone: Tone::Warning, text, path: Some(path) }));
    }
    Ok(attention)
}

fn counted(count: usize, one: &str, what: &str) -> String {
    format!("{} {one}{} {what}", grouped(count), if count == 1 { "" } else { "s" })
}

fn in_state(state: StateFacet) -> SalesUnitFilter {
    SalesUnitFacets { state: Some(state), ..SalesUnitFacets::default() }.into()
}

fn page(acting: &Acting, overview: Overview) -> impl IntoView + use<> {
    let organisation = acting.organisation().clone();
    let id = organisation.id.clone();
    let list = |state| paths::sales_units_with(&id, &in_state(state).to_query());
    let open = ProductOrderFacets { follow: Some(FollowFacet::Waiting), ..Default::default() };
    let open: ProductOrderFilter = open.into();
    let mut figures = vec![(overview.visible, "sales units visible at Vipps MobilePay", list(StateFacet::Visible))];
    match &overview.whose {
        Whose::Partners(partner) => {
            figures.push((partner.merchants, "merchants", paths::merchants(&id)));
            figures.push((
                partner.open_orders,
                "product orders wait for their merchant",
                paths::product_orders_with(&id, &open.to_query()),
            ));
        }
        Whose::Merchants(merchant) => figures.extend(merchant.figures(acting)),
    }
    figures.push((overview.waiting, "sales units waiting for their details", list(StateFacet::Waiting)));
    figures.push((overview.gone, "sales units no longer visible", list(StateFacet::Gone)));
    let figures = figures.into_iter().map(|(count, label, path)| {
        view! { <li><a class="figure" href=path><strong>{grouped(count)}</strong><span>{label}</span></a></li> }
    });
    let figures = figures.collect_view();
    let served_by = acting.served_by().map(|partner| format!("Served with the keys of {partner}."));
    let (next, mut attention) = match overview.whose {
        Whose::Partners(partner) => (None, partner.attention),
        Whose::Merchants(merchant) => (merchant.orders_card(acting), merchant.attention),
    };
    if let Some(failing) = overview.failing_calls {
        attention.insert(0, failing);
    }
    let attention = attention_card(attention);
    view! {
        <header class="page-head">
            <h1>{organisation.name.clone()}</h1>
            <p class="lead">
                {if acting.is_partner() { "You act as this partner: you see the sales units of all merchants connected to it. " }
                else if acting.is_viewing() { "This is what the people of this merchant see: its own sales units, and what belongs to them. " }
                else { "You act on behalf of this merchant: you see its own sales units only. " }}
                {served_by}
            </p>
            <FreshnessLine freshness=acting.freshness() refresh=paths::sales_units_refresh(&organisation.id)
                back=paths::organisation(&organisation.id)/>
        </header>
        {welcome(acting)}
        <form class="filter finder" method="get" action=paths::sales_units(&organisation.id) role="search" aria-label="Sales units">
            <label class="search">
                <span>"Find a sales unit"</span>
                <input type="search" name="q" autocomplete="off" data-focus-key="/"
                    placeholder="Name, MSN, merchant or business identifier"/>
            </label>
            <button type="submit" class="primary">"Find"</button>
        </form>
        {next}
        {attention}
        <ul class="figures">{figures}</ul>
    }
}

/// Greets a partner, and says where to send what is missing.
fn welcome(acting: &Acting) -> impl IntoView + use<> {
    let greeting = acting.is_partner().then_some("Welcome to the partner portal! ");
    let feedback = acting.feedback_address().map(|address| {
        let (href, label) = (address.href().to_owned(), address.label().to_owned());
        view! { "Tell us what you need and what is in your way: "<a href=href rel="noreferrer">{label}</a> }
    });
    let missing = (feedback.is_none() && acting.is_partner() && acting.may(Role::Admin).is_ok()).then(|| {
        let settings = paths::settings(&acting.organisation().id);
        view! { <a href=settings>"Say where people can send their feedback"</a> }
    });
    (greeting.is_some() || feedback.is_some()).then(|| view! { <p class="welcome">{greeting}{feedback}{missing}</p> })
}

fn attention_card(attention: Vec<Attention>) -> impl IntoView {
    if attention.is_empty() {
        return view! {
            <section class="card attention">
                <h2>"Needs attention"</h2>
                <p><Badge tone=Tone::Good text="Nothing right now"/></p>
            </section>
        }
        .into_any();
    }
    let lines = attention.into_iter().map(|Attention { tone, text, path }| {
        let line = match path {
            Some(path) => view! { <a href=path>{text}</a> }.into_any(),
            None => text.into_any(),
        };
        let word = match tone {
            Tone::Bad => "Rejected",
            Tone::Warning => "Look",
            _ => "Follow up",
        };
        view! { <li><Badge tone text=word/>{line}</li> }
    });
    let lines = lines.collect_view();
    view! {
        <section class="card attention">
            <h2>"Needs attention"</h2>
            <ul>{lines}</ul>
        </section>
    }
    .into_any()
}
