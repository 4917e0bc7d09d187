//! What upstream's list tells of orders whose sending had no clear outcome.
//!
//! It shows business, product and status of an order, and nothing else. Where that does not say which
//! order it is, a person has to; and what was taken for an order keeps its request until upstream can
//! no longer say that it is another one.

use std::collections::HashMap;

use time::OffsetDateTime;
use uuid::Uuid;

use super::super::{Result, Tenant};
use super::SETTLED_AFTER;
use super::list::{Listed, OrderListOutcome};
use crate::domain::product_order::{Delivery, Happening, OrderKind, UpstreamOrder};

/// An order whose sending had no clear outcome.
struct Unsettled {
    id: Uuid,
    delivery: Delivery,
    sent_at: OffsetDateTime,
    prefill: Option<String>,
    /// Upstream shows orders that it could be, and only a person can tell.
    could_be_shown: bool,
}

/// What tells orders of unknown outcome apart in upstream's list, which shows nothing else of them.
type Likeness = (String, String, String);

impl Tenant<'_> {
    /// Finds out what has become of orders whose sending had no clear outcome. Returns the new orders
    /// that are none of those, and those that are.
    pub(super) async fn settle_product_orders<'a>(
        &mut self,
        new: Listed<'a>,
        asked_at: OffsetDateTime,
        now: OffsetDateTime,
        outcome: &mut OrderListOutcome,
    ) -> Result<(Listed<'a>, Listed<'a>)> {
        let mut unsettled = self.unsettled_product_orders(now).await?;
        let followed = self.product_orders_are_followed().await?;
        let (mut rest, mut found) = (Vec::new(), Vec::new());
        let mut alike: HashMap<Likeness, Listed<'a>> = HashMap::new();
        for order in new {
            match likeness(&order.0).filter(|likeness| unsettled.contains_key(likeness)) {
                Some(likeness) => alike.entry(likeness).or_default().push(order),
                None => rest.push(order),
            }
        }
        for (likeness, orders) in unsettled.drain() {
            let candidates = alike.remove(&likeness).unwrap_or_default();
            let in_flight =
                orders.iter().any(|order| order.delivery == Delivery::Sending && now - order.sent_at < SETTLED_AFTER);
            if in_flight {
                // The answer is about to say which one it is: a moment's patience.
                continue;
            }
            let same = orders.windows(2).all(|pair| pair[0].prefill == pair[1].prefill);
            let nobody_elses = followed && candidates.len() <= orders.len() && same;
            if orders.iter().all(|order| !order.could_be_shown) && (candidates.is_empty() || nobody_elses) {
                for (order, (upstream, _)) in orders.iter().zip(&candidates) {
                    self.happened(order.id, &Happening::Found, None, now).await?;
                    self.take_for_product_order(order.id, upstream.id, upstream.url.as_deref(), now).await?;
                }
                outcome.found += candidates.len();
                for order in orders.iter().skip(candidates.len()) {
                    if asked_at - order.sent_at >= SETTLED_AFTER && order.delivery != Delivery::Missing {
                        self.doubt_product_order(order.id, &Happening::Missing, now).await?;
                        outcome.missing += 1;
                    } else {
                        self.doubt_product_order(order.id, &Happening::Unknown, now).await?;
                    }
                }
                found.extend(candidates);
                continue;
            }
            // Which is which, only a person can tell: they are shown side by side.
            for order in &orders {
                self.doubt_product_order(order.id, &Happening::Unknown, now).await?;
            }
            rest.extend(candidates);
        }
        Ok((rest, found))
    }

    /// Whether there has been a list before. In a first one, orders of long ago are new, too.
    async fn product_orders_are_followed(&mut self) -> Result<bool> {
        let organisation = self.scope.copy.as_str();
        sqlx::query_scalar!(
            r#"
            select exists (
                select 1 from sync_job
                where organisation_id = $1 and resource = 'product_orders' and completed_at is not null) as "followed!"
            "#,
            organisation,
        )
        .fetch_one(self.connection())
        .await
    }

    async fn unsettled_product_orders(&mut self, now: OffsetDateTime) -> Result<HashMap<Likeness, Vec<Unsettled>>> {
        let organisation = self.scope.copy.as_str();
        let rows = sqlx::query!(
            r#"
            select o.id, o.business_scheme as "scheme!", o.business_id as "business_id!",
                   o.product_type as "product_type!", o.delivery as "delivery!", o.sent_at as "sent_at!",
                   o.prefill::text as prefill,
                   exists (
                       select 1 from product_order c
                       where c.organisation_id = o.organisation_id and c.business_scheme = o.business_scheme
                         and c.business_id = o.business_id and c.product_type = o.product_type
                         and c.delivery is null and c.upstream_id is not null and c.kind = 'PREFILL'
                         and c.first_seen_at >= o.first_seen_at and c.gone_at is null) as "could_be_shown!"
            from product_order o
            where o.organisation_id = $1 and o.delivery in ('sending', 'unknown', 'missing') and o.upstream_id is null
              and o.merged_into is null and o.sent_at > $2
            order by o.sent_at, o.id
            "#,
            organisation,
            now - crate::domain::product_order::PREFILL_LIFE,
        )
        .fetch_all(self.connection())
        .await?;
        let mut unsettled: HashMap<Likeness, Vec<Unsettled>> = HashMap::new();
        for row in rows {
            let Some(delivery) = Delivery::from_word(&row.delivery) else { continue };
            let (id, sent_at, prefill, could_be_shown) = (row.id, row.sent_at, row.prefill, row.could_be_shown);
            let order = Unsettled { id, delivery, sent_at, prefill, could_be_shown };
            unsettled.entry((row.scheme, row.business_id, row.product_type)).or_default().push(order);
        }
        Ok(unsettled)
    }

    /// What an order was found by is not doubted any more when its link has run out.
    pub(super) async fn forget_settled_requests(&mut self, now: OffsetDateTime) -> Result<()> {
        let organisation = self.scope.copy.as_str();
        sqlx::query!(
            r#"
            update product_order set sealed_request = null
            where organisation_id = $1 and delivery = 'sent' and sealed_request is not null and sent_at < $2
            "#,
            organisation,
            now - crate::domain::product_order::PREFILL_LIFE,
        )
        .execute(self.connection())
        .await
        .map(drop)
    }
}

fn likeness(order: &UpstreamOrder) -> Option<Likeness> {
    let business = order.business_identifier.as_ref().filter(|_| order.kind == OrderKind::Prefill)?;
    Some((business.scheme.clone(), business.id.clone(), order.product_type.upstream()?.to_owned()))
}
