//! Which order of upstream's is which of those that were sent from here: as upstream's answer says, or
//! else as the portal or a person takes it.

use time::OffsetDateTime;
use uuid::Uuid;

use super::super::{Result, Tenant};
use crate::domain::product_order::Happening;

impl Tenant<'_> {
    /// Upstream has answered with the order: joins its id and link to it. If the sync has seen it in
    /// between and taken it for somebody else's, the two become one; if it was taken for another one
    /// sent from here, that one is of unknown outcome again.
    pub async fn finish_product_order(
        &mut self,
        id: Uuid,
        upstream_id: Uuid,
        url: Option<&str>,
        now: OffsetDateTime,
    ) -> Result<()> {
        self.join_upstream_order(id, upstream_id, url, true, now).await
    }

    /// An order that upstream shows is taken for this one. The request is kept, in case it is not.
    pub(super) async fn take_for_product_order(
        &mut self,
        id: Uuid,
        upstream_id: Uuid,
        url: Option<&str>,
        now: OffsetDateTime,
    ) -> Result<()> {
        self.join_upstream_order(id, upstream_id, url, false, now).await
    }

    async fn join_upstream_order(
        &mut self,
        id: Uuid,
        upstream_id: Uuid,
        url: Option<&str>,
        certain: bool,
        now: OffsetDateTime,
    ) -> Result<()> {
        let organisation = self.scope.copy.as_str();
        let version = self.next_version().await?;
        let held = sqlx::query_scalar!(
            "select upstream_id from product_order where organisation_id = $1 and id = $2",
            organisation,
            id,
        )
        .fetch_optional(self.connection())
        .await?;
        if let Some(held) = held.flatten() {
            if !certain {
                return Ok(());
            }
            if held != upstream_id {
                self.release_product_order(id, None, now).await?;
            }
        }
        // Upstream shows one order once: whoever else holds its id gives it up. One that was sent from
        // here and still has its request only seemed to be it.
        let other = sqlx::query!(
            r#"
            update product_order o
            set upstream_id = null, version = $4,
                merged_into = case when held.mistaken then null else $2 end,
                delivery = case when held.mistaken then 'unknown' else o.delivery end,
                status = case when held.mistaken then null else o.status end,
                status_at = case when held.mistaken then $5 else o.status_at end,
                url = case when held.mistaken then null else o.url end,
                msn = case when held.mistaken then null else o.msn end,
                gone_at = case when held.mistaken then null else o.gone_at end,
                deleted_at = case when held.mistaken then null else o.deleted_at end,
                seen_at = case when held.mistaken then null else o.seen_at end,
                raw = case when held.mistaken then null else o.raw end
            from (
                select id, status, msn, sales_unit_name, url, note, seen_at,
                       delivery is not null and sealed_request is not null as mistaken
                from product_order where organisation_id = $1 and upstream_id = $3 and id <> $2) held
            where o.organisation_id = $1 and o.id = held.id
            returning held.id as "id!", held.status, held.msn, held.sales_unit_name, held.url, held.note as "note!",
                      held.seen_at, held.mistaken as "mistaken!"
            "#,
            organisation,
            id,
            upstream_id,
            version,
            now,
        )
        .fetch_optional(self.connection())
        .await?;
        let other = other.as_ref();
        let merged = other.filter(|other| !other.mistaken);
        sqlx::query!(
            r#"
            update product_order
            set upstream_id = $3, url = coalesce($4, url), delivery = 'sent', refusal = null,
                sealed_request = case when $11 then null else sealed_request end,
                status = coalesce($6, status, 'RECEIVED'), msn = coalesce($7, msn),
                sales_unit_name = coalesce($8, sales_unit_name),
                note = case when $9 = '' or $9 = note then note when note = '' then $9 else note || E'\n' || $9 end,
                status_at = $10, seen_at = case when $11 then $10 else coalesce($12, seen_at) end, version = $5
            where organisation_id = $1 and id = $2
            "#,
            organisation,
            id,
            upstream_id,
            url.or(other.and_then(|other| other.url.as_deref())),
            version,
            other.and_then(|other| other.status.as_deref()),
            other.and_then(|other| other.msn.as_deref()),
            merged.and_then(|other| other.sales_unit_name.as_deref()),
            merged.map_or("", |other| other.note.as_str()),
            now,
            certain,
            other.and_then(|other| other.seen_at),
        )
        .execute(self.connection())
        .await?;
        if let Some(other) = other.filter(|other| other.mistaken) {
            self.happened(other.id, &Happening::Mistaken, None, now).await?;
        }
        if let Some(merged) = merged {
            sqlx::query!(
                "update product_order_event set order_id = $3 where organisation_id = $1 and order_id = $2",
                organisation,
                merged.id,
                id,
            )
            .execute(self.connection())
            .await?;
        }
        self.note_replacement(id, now).await
    }

    /// Orders that upstream shows, that nobody knows the contents of, and that could be this one.
    pub async fn product_order_candidates(&mut self, id: Uuid) -> Result<Vec<(Uuid, OffsetDateTime)>> {
        let organisation = self.scope.copy.as_str();
        let rows = sqlx::query!(
            r#"
            select c.id, c.first_seen_at
            from product_order o
            join product_order c on c.organisation_id = o.organisation_id and c.business_scheme = o.business_scheme
                and c.business_id = o.business_id and c.product_type = o.product_type
            where o.organisation_id = $1 and o.id = $2 and o.delivery in ('unknown', 'missing')
              and c.delivery is null and c.upstream_id is not null and c.kind = 'PREFILL'
              and c.first_seen_at >= o.first_seen_at and c.gone_at is null
            order by c.first_seen_at, c.id
            "#,
            organisation,
            id,
        )
        .fetch_all(self.connection())
        .await?;
        Ok(rows.into_iter().map(|row| (row.id, row.first_seen_at)).collect())
    }

    /// Somebody has recognised an order of unknown outcome in one that upstream shows. False if one
    /// of them is not what it has to be for that.
    pub async fn recognise_product_order(
        &mut self,
        id: Uuid,
        candidate: Uuid,
        by: &str,
        now: OffsetDateTime,
    ) -> Result<bool> {
        // Two people may choose at once: the second one is asked again.
        self.hold_copy().await?;
        let organisation = self.scope.copy.as_str();
        let candidates = self.product_order_candidates(id).await?;
        if !candidates.iter().any(|(possible, _)| *possible == candidate) {
            return Ok(false);
        }
        let upstream_id = sqlx::query_scalar!(
            r#"select upstream_id as "upstream_id!" from product_order where organisation_id = $1 and id = $2"#,
            organisation,
            candidate,
        )
        .fetch_one(self.connection())
        .await?;
        self.happened(id, &Happening::Found, Some(by), now).await?;
        self.take_for_product_order(id, upstream_id, None, now).await?;
        Ok(true)
    }

    /// What an order was found as is another one: the two are shown side by side again, and whether it
    /// has arrived is unknown as before. False if it was not found by looking.
    pub async fn release_product_order(&mut self, id: Uuid, by: Option<&str>, now: OffsetDateTime) -> Result<bool> {
        let organisation = self.scope.copy.as_str();
        let version = self.next_version().await?;
        let released = sqlx::query_scalar!(
            r#"
            insert into product_order (
                organisation_id, id, kind, product_type, status, status_at, business_scheme, business_id, merchant_name,
                url, msn, raw, version, first_seen_at, seen_at, gone_at)
            select organisation_id, upstream_id, kind, product_type, status, status_at, business_scheme, business_id,
                   merchant_name, url, msn, raw, $3, $4, seen_at, gone_at
            from product_order
            where organisation_id = $1 and id = $2 and upstream_id is not null and delivery = 'sent'
              and sealed_request is not null
            on conflict (organisation_id, id) do update
            set status = excluded.status, status_at = excluded.status_at, url = excluded.url, msn = excluded.msn,
                raw = excluded.raw, version = excluded.version, seen_at = excluded.seen_at, gone_at = excluded.gone_at,
                merged_into = null
            returning id
            "#,
            organisation,
            id,
            version,
            now,
        )
        .fetch_optional(self.connection())
        .await?;
        let Some(upstream_id) = released else { return Ok(false) };
        sqlx::query!(
            r#"
            update product_order
            set upstream_id = null, delivery = 'unknown', status = null, status_at = $3, url = null, msn = null,
                raw = null, seen_at = null, gone_at = null, deleted_at = null, version = $4
            where organisation_id = $1 and id = $2
            "#,
            organisation,
            id,
            now,
            version,
        )
        .execute(self.connection())
        .await?;
        sqlx::query!(
            "update product_order set upstream_id = id where organisation_id = $1 and id = $2",
            organisation,
            upstream_id,
        )
        .execute(self.connection())
        .await?;
        self.happened(id, &Happening::Mistaken, by, now).await?;
        Ok(true)
    }

    async fn note_replacement(&mut self, id: Uuid, now: OffsetDateTime) -> Result<()> {
        let organisation = self.scope.copy.as_str();
        let order = sqlx::query!(
            "select replaces, sent_by_email from product_order where organisation_id = $1 and id = $2",
            organisation,
            id,
        )
        .fetch_optional(self.connection())
        .await?;
        let Some((Some(replaced), by)) = order.map(|order| (order.replaces, order.sent_by_email)) else {
            return Ok(());
        };
        // An order that was found by looking is joined once more when its answer comes after all.
        let replaced_by = Happening::ReplacedBy(id);
        let known = self.product_order_happenings(replaced).await?;
        if known.iter().all(|happened| happened.what != replaced_by) {
            self.happened(replaced, &replaced_by, by.as_deref(), now).await?;
        }
        Ok(())
    }
}
