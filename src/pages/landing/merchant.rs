//! What a merchant finds on its first page: what it has to do, and what it has.

use leptos::either::Either;
use leptos::prelude::*;
use time::OffsetDateTime;

use super::super::product_orders::{self, status_badge, title_of};
use super::{Attention, counted, lost, troubles};
use crate::components::{Copy, Tone};
use crate::domain::agreement_filter::AgreementQuery;
use crate::domain::failed_charges::Since;
use crate::domain::failure::Failure;
use crate::domain::organisation::Audience;
use crate::domain::product_order::ProductOrderRow;
use crate::domain::product_order_filter::{FollowFacet, ProductOrderFacets, ProductOrderFilter, StatusFacet};
use crate::domain::webhook_filter::{StateFacet as WebhookStateFacet, TransportFacet, WebhookFacets, WebhookFilter};
use crate::paths;
use crate::server::acting::Acting;

/// Orders that are shown with what to do next; the list has the others.
const ORDERS: usize = 5;

pub(super) struct MerchantOverview {
    /// None where product orders are nobody's: a merchant with keys of its own has no partner that sends any.
    orders: Option<OpenOrders>,
    /// What has gone wrong.
    pub(super) attention: Vec<Attention>,
    /// How many agreements there are; none if they are not for whom one acts as.
    agreements: Option<usize>,
}

struct OpenOrders {
    first: Vec<ProductOrderRow>,
    count: usize,
}

pub(super) async fn load(acting: &Acting) -> Result<MerchantOverview, Failure> {
    let agreements =
        if acting.has_agreements() { Some(acting.agreements(&AgreementQuery::default()).await?.total) } else { None };
    if !acting.is_among(Audience::PartnersAndServed) {
        return Ok(MerchantOverview { orders: None, attention: attention_with_keys(acting).await?, agreements });
    }
    let (mut first, mut count) = (Vec::new(), 0);
    // First those that wait for the merchant.
    for facets in [
        ProductOrderFacets { follow: Some(FollowFacet::Waiting), ..Default::default() },
        ProductOrderFacets { status: Some(StatusFacet::Waiting), ..Default::default() },
        ProductOrderFacets { status: Some(StatusFacet::Submitted), ..Default::default() },
    ] {
        let page = acting.product_orders(&ProductOrderFilter::from(facets).into()).await?;
        count += page.matching;
        first.extend(page.rows);
    }
    first.truncate(ORDERS);
    Ok(MerchantOverview { orders: Some(OpenOrders { first, count }), attention: attention(acting).await?, agreements })
}

async fn attention(acting: &Acting) -> Result<Vec<Attention>, Failure> {
    let mut attention = lost(acting).await?;
    let plain = WebhookFacets {
        transport: Some(TransportFacet::Plain),
        state: Some(WebhookStateFacet::Listed),
        ..Default::default()
    };
    let plain: WebhookFilter = plain.into();
    let count = acting.count_webhooks(&plain).await?;
    attention.extend((count > 0).then(|| Attention {
        tone: Tone::Warning,
        text: counted(count, "webhook registration", "over plain http, which can be read on the way"),
        path: Some(paths::webhooks_with(&acting.organisation().id, &plain.to_query())),
    }));
    Ok(attention)
}

/// Of a merchant whose keys are its own.
async fn attention_with_keys(acting: &Acting) -> Result<Vec<Attention>, Failure> {
    let mut attention = troubles(acting);
    if acting.has_agreements() {
        let since = Since::default();
        let count = acting.count_failed_charges(since.day(OffsetDateTime::now_utc().date())).await?;
        attention.extend((count > 0).then(|| Attention {
            tone: Tone::Warning,
            text: counted(count, "charge", &format!("that failed for good {}", since.phrase())),
            path: Some(paths::failed_charges(&acting.organisation().id)),
        }));
    }
    Ok(attention)
}

impl MerchantOverview {
    /// Figures beside those of the sales units.
    pub(super) fn figures(&self, acting: &Acting) -> Vec<(usize, &'static str, String)> {
        let id = &acting.organisation().id;
        let orders =
            self.orders.as_ref().map(|orders| (orders.count, "open product orders", paths::product_orders(id)));
        let agreements = self.agreements.map(|count| (count, "recurring agreements", paths::agreements(id)));
        orders.into_iter().chain(agreements).collect()
    }

    /// The open orders, each with what to do next.
    pub(super) fn orders_card(&self, acting: &Acting) -> Option<AnyView> {
        let orders = self.orders.as_ref()?;
        let id = &acting.organisation().id;
        let lines = orders.first.iter().map(|order| {
            let path = paths::product_order(id, order.id);
            let link = order.url.clone().filter(|_| order.expires_at().is_some());
            let link = link.map(|url| {
                view! { <span class="actions"><a class="button" href=url.clone() rel="noreferrer">"Go on with the order"</a><Copy text=url what="link"/></span> }
            });
            view! {
                <li>
                    <p><a href=path>{title_of(order)}</a>" "{status_badge(acting, order)}</p>
                    <p>{order.status.merchants_next()}</p>
                    {link}
                </li>
            }
        });
        let lines = lines.collect_view();
        let all = paths::product_orders(id);
        let (none, title) = (orders.count == 0, product_orders::title(acting));
        Some(view! {
            <section class="card next-steps" id="next-steps">
                <h2>"What to do next"</h2>
                {if none {
                    Either::Left(view! { <p class="pending">"No product order waits for you or for Vipps MobilePay."</p> })
                } else {
                    Either::Right(view! { <ul>{lines}</ul> })
                }}
                <p><a href=all>{format!("All {}", title.to_lowercase())}</a></p>
            </section>
        }.into_any())
    }
}
