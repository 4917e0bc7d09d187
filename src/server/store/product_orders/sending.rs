//! Sending an order so that there is exactly one: it is stored before upstream is called, under the
//! key that upstream recognises it by, and what is not known afterwards is found out by looking.

use sqlx::types::Json;
use time::OffsetDateTime;
use uuid::Uuid;

use super::super::{Result, Tenant};
use super::SETTLED_AFTER;
use crate::domain::identifiers::BusinessIdentifier;
use crate::domain::product_order::{Delivery, Happening};

/// An order that is about to be sent.
#[derive(Clone, Debug)]
pub struct NewProductOrder {
    /// The portal's id of the order, and the idempotency key of the call.
    pub id: Uuid,
    pub business_identifier: BusinessIdentifier,
    pub product_type: String,
    pub sales_unit_name: Option<String>,
    pub price_package_id: Option<String>,
    /// Who sends it; none for a merchant by way of a template.
    pub by_email: Option<String>,
    pub template: Option<Uuid>,
    pub replaces: Option<Uuid>,
    /// What was filled in, without secrets.
    pub prefill: serde_json::Value,
    /// The request byte for byte, encrypted.
    pub sealed_request: Vec<u8>,
}

impl Tenant<'_> {
    /// Stores an order that is about to be sent. False if it is there already: then it has been, or
    /// is being, sent by somebody else.
    pub async fn begin_product_order(&mut self, new: &NewProductOrder, now: OffsetDateTime) -> Result<bool> {
        let organisation = self.scope.copy.as_str();
        let version = self.next_version().await?;
        let inserted = sqlx::query!(
            r#"
            insert into product_order (
                organisation_id, id, kind, product_type, status_at, business_scheme, business_id, merchant_name,
                sales_unit_name, delivery, sent_at, sent_by_email, template_id, replaces, price_package_id, prefill,
                sealed_request, version, first_seen_at)
            select $1, $2, 'PREFILL', $3, $4, $5, $6,
                   (select m.name from merchant m where m.organisation_id = $1 and m.scheme = $5 and m.id = $6),
                   $7, 'sending', $4, $8,
                   (select t.id from template t where t.organisation_id = $1 and t.id = $9),
                   (select o.id from product_order o where o.organisation_id = $1 and o.id = $10),
                   $11, $12, $13, $14, $4
            on conflict (organisation_id, id) do nothing
            "#,
            organisation,
            new.id,
            new.product_type,
            now,
            new.business_identifier.scheme,
            new.business_identifier.id,
            new.sales_unit_name,
            new.by_email,
            new.template,
            new.replaces,
            new.price_package_id,
            Json(&new.prefill) as _,
            new.sealed_request,
            version,
        )
        .execute(self.connection())
        .await?;
        if inserted.rows_affected() == 0 {
            return Ok(false);
        }
        self.happened(new.id, &Happening::Sent, new.by_email.as_deref(), now).await?;
        Ok(true)
    }

    /// Takes an order once more into sending: one that upstream does not have, or one of which that
    /// has not come out. None if it is not there, or in any other state; else the sealed request.
    pub async fn begin_product_order_again(
        &mut self,
        id: Uuid,
        by: Option<&str>,
        now: OffsetDateTime,
    ) -> Result<Option<Vec<u8>>> {
        let organisation = self.scope.copy.as_str();
        let version = self.next_version().await?;
        let sealed = sqlx::query_scalar!(
            r#"
            update product_order set delivery = 'sending', sent_at = $3, status_at = $3, version = $4
            where organisation_id = $1 and id = $2 and sealed_request is not null
              and (delivery = 'missing' or (delivery = 'unknown' and sent_at <= $5))
            returning sealed_request as "sealed!"
            "#,
            organisation,
            id,
            now,
            version,
            now - SETTLED_AFTER,
        )
        .fetch_optional(self.connection())
        .await?;
        if sealed.is_some() {
            self.happened(id, &Happening::Sent, by, now).await?;
        }
        Ok(sealed)
    }

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
                deleted_at = case when held.mistaken then null else o.deleted_at end
            from (
                select id, status, msn, sales_unit_name, url, note,
                       delivery is not null and sealed_request is not null as mistaken
                from product_order where organisation_id = $1 and upstream_id = $3 and id <> $2) held
            where o.organisation_id = $1 and o.id = held.id
            returning held.id as "id!", held.status, held.msn, held.sales_unit_name, held.url, held.note as "note!",
                      held.mistaken as "mistaken!"
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
                status_at = $10, seen_at = $10, version = $5
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

    /// Upstream has said no. The order is kept with what was filled in, and is not shown in lists.
    /// Nothing happens to one that was found there in between.
    pub async fn refuse_product_order(
        &mut self,
        id: Uuid,
        refusal: &[(String, String)],
        now: OffsetDateTime,
    ) -> Result<()> {
        let organisation = self.scope.copy.as_str();
        let version = self.next_version().await?;
        let changed = sqlx::query!(
            r#"
            update product_order
            set delivery = 'refused', refusal = $3, sealed_request = null, status_at = $4, version = $5
            where organisation_id = $1 and id = $2 and delivery in ('sending', 'unknown', 'missing')
            "#,
            organisation,
            id,
            Json(refusal) as _,
            now,
            version,
        )
        .execute(self.connection())
        .await?;
        if changed.rows_affected() == 0 {
            return Ok(());
        }
        self.happened(id, &Happening::Refused, None, now).await
    }

    /// Notes how sending went where upstream's answer does not say. `what` is
    /// [`Happening::Unknown`] if none came; else the order is surely not there.
    pub async fn doubt_product_order(&mut self, id: Uuid, what: &Happening, now: OffsetDateTime) -> Result<()> {
        let delivery = if *what == Happening::Unknown { Delivery::Unknown } else { Delivery::Missing };
        let organisation = self.scope.copy.as_str();
        let version = self.next_version().await?;
        let changed = sqlx::query!(
            r#"
            update product_order set delivery = $3, status_at = $4, version = $5
            where organisation_id = $1 and id = $2 and delivery in ('sending', 'unknown') and delivery <> $3
            "#,
            organisation,
            id,
            delivery.word(),
            now,
            version,
        )
        .execute(self.connection())
        .await?;
        if changed.rows_affected() == 0 {
            return Ok(());
        }
        self.happened(id, what, None, now).await
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

    async fn note_replacement(&mut self, id: Uuid, now: OffsetDateTime) -> Result<()> {
        let organisation = self.scope.copy.as_str();
        let order = sqlx::query!(
            "select replaces, sent_by_email from product_order where organisation_id = $1 and id = $2",
            organisation,
            id,
        )
        .fetch_optional(self.connection())
        .await?;
        if let Some((Some(replaced), by)) = order.map(|order| (order.replaces, order.sent_by_email)) {
            self.happened(replaced, &Happening::ReplacedBy(id), by.as_deref(), now).await?;
        }
        Ok(())
    }
}
