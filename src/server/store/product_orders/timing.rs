//! What time alone settles: calls that nobody waits for any more, orders that never showed up, and what
//! is not kept for ever.

use time::{Duration, OffsetDateTime};

use super::super::{Result, Tenant};
use super::SETTLED_AFTER;
use crate::domain::product_order::PREFILL_LIFE;

/// How long an order that upstream has refused is kept, so that it can be corrected.
const REFUSED_LIFE: Duration = Duration::days(30);

impl Tenant<'_> {
    /// Settles what is settled by the time. Cheap where nothing is.
    pub async fn settle_product_orders_by_time(&mut self, now: OffsetDateTime) -> Result<()> {
        let (abandoned, outlived) = (now - SETTLED_AFTER, now - PREFILL_LIFE);
        let refused = now - REFUSED_LIFE;
        let organisation = self.scope.copy.as_str();
        let due = sqlx::query_scalar!(
            r#"
            select exists (
                    select from product_order
                    where organisation_id = $1 and sealed_request is not null
                      and (sent_at < $2 or (sent_at <= $3 and delivery = 'sending')))
                or exists (
                    select from product_order
                    where organisation_id = $1 and delivery = 'refused' and status_at < $4) as "due!"
            "#,
            organisation,
            outlived,
            abandoned,
            refused,
        )
        .fetch_one(self.connection())
        .await?;
        if !due {
            return Ok(());
        }
        let version = self.next_version().await?;
        // The portal ended in the middle of a call: it is not known what came of it.
        sqlx::query!(
            r#"
            with abandoned as (
                update product_order set delivery = 'unknown', status_at = $2, version = $3
                where organisation_id = $1 and sealed_request is not null and delivery = 'sending' and sent_at <= $4
                returning id)
            insert into product_order_event (organisation_id, order_id, at, what)
            select $1, id, $2, 'unknown' from abandoned
            "#,
            organisation,
            now,
            version,
            abandoned,
        )
        .execute(self.connection())
        .await?;
        // Had it arrived, its link would have run out by now.
        sqlx::query!(
            r#"
            with given_up as (
                update product_order set delivery = 'missing', status_at = $2, version = $3, sealed_request = null
                where organisation_id = $1 and sealed_request is not null and delivery <> 'sent' and sent_at < $4
                returning id)
            insert into product_order_event (organisation_id, order_id, at, what)
            select $1, id, $2, 'given_up' from given_up
            "#,
            organisation,
            now,
            version,
            outlived,
        )
        .execute(self.connection())
        .await?;
        // What was found by looking is not doubted any more.
        sqlx::query!(
            r#"
            update product_order set sealed_request = null
            where organisation_id = $1 and sealed_request is not null and sent_at < $2
            "#,
            organisation,
            outlived,
        )
        .execute(self.connection())
        .await?;
        sqlx::query!(
            "delete from product_order where organisation_id = $1 and delivery = 'refused' and status_at < $2",
            organisation,
            refused,
        )
        .execute(self.connection())
        .await
        .map(drop)
    }
}
