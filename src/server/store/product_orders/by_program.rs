//! Orders that another program has sent through the portal, as that program asks for them again.

use sqlx::types::Json;
use time::OffsetDateTime;
use uuid::Uuid;

use super::super::{Result, Tenant};
use crate::domain::product_order::Delivery;

/// An order by the key of the program that sent it.
#[derive(Clone, Debug)]
pub struct ProgramsOrder {
    /// None if the order was not sent by a program.
    pub request_hash: Option<Vec<u8>>,
    pub delivery: Option<Delivery>,
    pub upstream_id: Option<Uuid>,
    pub url: Option<String>,
    pub refusal: Vec<(String, String)>,
    pub refusal_status: Option<u16>,
    pub first_seen_at: OffsetDateTime,
}

impl Tenant<'_> {
    /// Forgets an order that a program has sent and upstream has not looked at, because it refused the keys. False
    /// if it is no such order.
    pub async fn forget_order_refused_for_its_keys(&mut self, id: Uuid) -> Result<bool> {
        let organisation = self.scope.copy.as_str();
        let forgotten = sqlx::query!(
            r#"
            delete from product_order
            where organisation_id = $1 and id = $2 and delivery = 'refused' and refusal_status in (401, 403)
              and idempotency_key is not null
            "#,
            organisation,
            id,
        )
        .execute(self.connection())
        .await?;
        Ok(forgotten.rows_affected() == 1)
    }

    /// An order by the portal's id, as far as a program is told of it.
    pub async fn order_of_program(&mut self, id: Uuid) -> Result<Option<ProgramsOrder>> {
        let organisation = self.scope.copy.as_str();
        let row = sqlx::query!(
            r#"
            select request_hash, delivery, upstream_id, url, refusal as "refusal: Json<Vec<(String, String)>>",
                   refusal_status, first_seen_at
            from product_order where organisation_id = $1 and id = $2
            "#,
            organisation,
            id,
        )
        .fetch_optional(self.connection())
        .await?;
        Ok(row.map(|row| ProgramsOrder {
            request_hash: row.request_hash,
            delivery: row.delivery.as_deref().and_then(Delivery::from_word),
            upstream_id: row.upstream_id,
            url: row.url,
            refusal: row.refusal.map(|Json(refusal)| refusal).unwrap_or_default(),
            refusal_status: row.refusal_status.and_then(|status| u16::try_from(status).ok()),
            first_seen_at: row.first_seen_at,
        }))
    }
}
