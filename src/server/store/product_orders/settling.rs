//! What upstream's list tells of orders whose sending had no clear outcome.
//!
//! It shows business, product and status of an order, and nothing else. Where that does not say which
//! order it is, a person has to; and what was taken for an order keeps its request until upstream can
//! no longer say that it is another one.

use std::collections::HashMap;

use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::super::{Result, Tenant};
use super::SETTLED_AFTER;
use super::list::{Listed, OrderListOutcome};
use crate::domain::product_order::{Delivery, Happening, OrderKind, UpstreamOrder};

/// What a list that was complete so long before an order was sent did not show counts as new: the
/// usual pause between two lists, and time to fetch one. After a longer one, what is new may have been
/// made elsewhere before.
const LISTED_SHORTLY_BEFORE: Duration = Duration::minutes(20);

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
    /// Whether there are orders whose sending had no clear outcome.
    pub(super) async fn has_unsettled_product_orders(&mut self) -> Result<bool> {
        let organisation = self.scope.copy.as_str();
        sqlx::query_scalar!(
            r#"
            select exists (
                select from product_order
                where organisation_id = $1 and sealed_request is not null and upstream_id is null) as "unsettled!"
            "#,
            organisation,
        )
        .fetch_one(self.connection())
        .await
    }

    /// Finds out what has become of orders whose sending had no clear outcome. Returns the new orders
    /// that are none of those.
    ///
    /// An order that was looked for and was not there is never found by itself: what looks like it may
    /// have been made elsewhere since. Only a list that is `believed` says that one is not there.
    pub(super) async fn settle_product_orders<'a>(
        &mut self,
        new: Listed<'a>,
        asked_at: OffsetDateTime,
        now: OffsetDateTime,
        believed: bool,
        outcome: &mut OrderListOutcome,
    ) -> Result<Listed<'a>> {
        // First of all, so that orders which are just being sent are seen as they are then.
        self.hold_copy().await?;
        let unsettled = self.unsettled_product_orders().await?;
        let listed_before = self.product_orders_listed_at().await?;
        let mut rest = Vec::new();
        let mut alike: HashMap<Likeness, Listed<'a>> = HashMap::new();
        for order in new {
            match likeness(&order.0).filter(|likeness| unsettled.contains_key(likeness)) {
                Some(likeness) => alike.entry(likeness).or_default().push(order),
                None => rest.push(order),
            }
        }
        let held = self.held_upstream_ids(alike.values().flatten().map(|order| order.0.id).collect()).await?;
        for (likeness, orders) in unsettled {
            let mut candidates = alike.remove(&likeness).unwrap_or_default();
            candidates.retain(|order| !held.contains(&order.0.id));
            let in_flight =
                orders.iter().any(|order| order.delivery == Delivery::Sending && now - order.sent_at < SETTLED_AFTER);
            if in_flight {
                // The answer is about to say which one it is: a moment's patience.
                continue;
            }
            let can_be = |order: &Unsettled| {
                let was_not_there = listed_before.is_some_and(|before| before > order.sent_at - LISTED_SHORTLY_BEFORE);
                order.delivery != Delivery::Missing && was_not_there
            };
            let same = orders.windows(2).all(|pair| pair[0].prefill == pair[1].prefill);
            let nobody_elses = orders.iter().all(can_be) && candidates.len() <= orders.len() && same;
            if orders.iter().all(|order| !order.could_be_shown) && (candidates.is_empty() || nobody_elses) {
                for (order, (upstream, _)) in orders.iter().zip(&candidates) {
                    self.happened(order.id, &Happening::Found, None, now).await?;
                    self.take_for_product_order(order.id, upstream.id, upstream.url.as_deref(), now).await?;
                }
                self.write_changed_product_orders(&candidates, asked_at, now).await?;
                outcome.found += candidates.len();
                for order in orders.iter().skip(candidates.len()) {
                    let overdue = asked_at - order.sent_at >= SETTLED_AFTER;
                    if overdue && believed && order.delivery != Delivery::Missing {
                        self.doubt_product_order(order.id, &Happening::Missing, now).await?;
                        outcome.missing += 1;
                    } else {
                        self.doubt_product_order(order.id, &Happening::Unknown, now).await?;
                    }
                }
                continue;
            }
            // Which is which, only a person can tell: they are shown side by side.
            for order in &orders {
                self.doubt_product_order(order.id, &Happening::Unknown, now).await?;
            }
            rest.extend(candidates);
        }
        Ok(rest)
    }

    /// When a list was taken over before; what was there then is not new.
    async fn product_orders_listed_at(&mut self) -> Result<Option<OffsetDateTime>> {
        let organisation = self.scope.copy.as_str();
        let listed = sqlx::query_scalar!(
            "select completed_at from sync_job where organisation_id = $1 and resource = 'product_orders'",
            organisation,
        );
        Ok(listed.fetch_optional(self.connection()).await?.flatten())
    }

    /// Those of upstream's ids that an order has.
    async fn held_upstream_ids(&mut self, ids: Vec<Uuid>) -> Result<Vec<Uuid>> {
        let organisation = self.scope.copy.as_str();
        sqlx::query_scalar!(
            r#"select upstream_id as "upstream_id!" from product_order where organisation_id = $1 and upstream_id = any($2)"#,
            organisation,
            &ids,
        )
        .fetch_all(self.connection())
        .await
    }

    async fn unsettled_product_orders(&mut self) -> Result<HashMap<Likeness, Vec<Unsettled>>> {
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
            where o.organisation_id = $1 and o.sealed_request is not null and o.upstream_id is null
              and o.delivery in ('sending', 'unknown', 'missing')
            order by o.sent_at, o.id
            "#,
            organisation,
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
}

fn likeness(order: &UpstreamOrder) -> Option<Likeness> {
    let business = order.business_identifier.as_ref().filter(|_| order.kind == OrderKind::Prefill)?;
    Some((business.scheme.clone(), business.id.clone(), order.product_type.upstream()?.to_owned()))
}
