//! Sending an order so that there is exactly one: it is stored before upstream is called, under the
//! key that upstream recognises it by, and what is not known afterwards is found out by looking.

use sqlx::types::Json;
use time::OffsetDateTime;
use uuid::Uuid;

use super::super::{Result, Tenant};
use super::SETTLED_AFTER;
use crate::domain::identifiers::BusinessIdentifier;
use crate::domain::product_order::{Delivery, Happening, SENT_AGAIN_WITHIN};

/// An order that is about to be sent.
#[derive(Clone, Debug)]
pub struct NewProductOrder {
    /// The portal's id of the order, and the idempotency key of the call unless a program has one of its own.
    pub id: Uuid,
    pub business_identifier: BusinessIdentifier,
    pub product_type: String,
    pub sales_unit_name: Option<String>,
    pub price_package_id: Option<String>,
    /// Who sends it; none for a merchant by way of a template.
    pub by_email: Option<String>,
    pub template: Option<Uuid>,
    pub replaces: Option<Uuid>,
    /// What was filled in, without secrets; none if it was not filled in here.
    pub prefill: Option<serde_json::Value>,
    /// If a program sends it through the portal.
    pub of_program: Option<OfProgram>,
    /// The request byte for byte, encrypted.
    pub sealed_request: Vec<u8>,
}

/// By what an order that a program sends is known to that program.
#[derive(Clone, Debug)]
pub struct OfProgram {
    /// The idempotency key, which goes on to upstream.
    pub key: String,
    /// Of the request without its passwords.
    pub request_hash: Vec<u8>,
}

impl NewProductOrder {
    /// The idempotency key of the call.
    pub fn key(&self) -> String {
        self.of_program.as_ref().map_or_else(|| self.id.to_string(), |program| program.key.clone())
    }
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
                sales_unit_name, delivery, sent_at, begun_at, sent_by_email, template_id, replaces, price_package_id, prefill,
                sealed_request, version, idempotency_key, request_hash, first_seen_at)
            select $1, $2, 'PREFILL', $3, $4, $5, $6,
                   (select m.name from merchant m where m.organisation_id = $1 and m.scheme = $5 and m.id = $6),
                   $7, 'sending', $4, $4, $8,
                   (select t.id from template t where t.organisation_id = $1 and t.id = $9),
                   (select o.id from product_order o where o.organisation_id = $1 and o.id = $10),
                   $11, $12, $13, $14, $15, $16, $4
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
            new.prefill.as_ref().map(Json) as _,
            new.sealed_request,
            version,
            new.of_program.as_ref().map(|program| &program.key),
            new.of_program.as_ref().map(|program| &program.request_hash),
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
    /// has not come out. None if it is not there, in any other state, or was first sent too long ago;
    /// else the sealed request, and its idempotency key.
    pub async fn begin_product_order_again(
        &mut self,
        id: Uuid,
        by: Option<&str>,
        now: OffsetDateTime,
    ) -> Result<Option<(Vec<u8>, String)>> {
        let organisation = self.scope.copy.as_str();
        let version = self.next_version().await?;
        let again = sqlx::query!(
            r#"
            update product_order
            set delivery = 'sending', sent_at = $3, status_at = $3, version = $4,
                begun_at = case delivery when 'missing' then $3 else begun_at end
            where organisation_id = $1 and id = $2 and sealed_request is not null and first_seen_at > $6
              and (delivery = 'missing' or (delivery = 'unknown' and sent_at <= $5))
            returning sealed_request as "sealed!", coalesce(idempotency_key, id::text) as "key!"
            "#,
            organisation,
            id,
            now,
            version,
            now - SETTLED_AFTER,
            now - SENT_AGAIN_WITHIN,
        )
        .fetch_optional(self.connection())
        .await?;
        if again.is_some() {
            self.happened(id, &Happening::Sent, by, now).await?;
        }
        Ok(again.map(|again| (again.sealed, again.key)))
    }

    /// Upstream has said no. The order is kept with what was filled in, and is not shown in lists.
    /// Nothing happens to one that was found there in between.
    pub async fn refuse_product_order(
        &mut self,
        id: Uuid,
        status: u16,
        refusal: &[(String, String)],
        now: OffsetDateTime,
    ) -> Result<()> {
        let organisation = self.scope.copy.as_str();
        let version = self.next_version().await?;
        let changed = sqlx::query!(
            r#"
            update product_order
            set delivery = 'refused', refusal = $3, refusal_status = $6, sealed_request = null, status_at = $4,
                version = $5
            where organisation_id = $1 and id = $2 and delivery in ('sending', 'unknown', 'missing')
            "#,
            organisation,
            id,
            Json(refusal) as _,
            now,
            version,
            i32::from(status),
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
}
