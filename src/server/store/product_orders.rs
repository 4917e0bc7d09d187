//! The copy of the product orders, joined with what the portal knows of those it sent itself.
//!
//! An order made here is one row from before it is sent: its id is the idempotency key of the call.
//! Upstream's id is joined to it when upstream answers, or when the sync finds it there.

/// What a list shows of an order, from a record of a query that reads these columns. A macro, because
/// each query has a type of record of its own.
macro_rules! row_of {
    ($row:ident) => {
        crate::domain::product_order::ProductOrderRow {
            id: $row.id,
            upstream_id: $row.upstream_id,
            kind: crate::domain::product_order::OrderKind::from_upstream($row.kind.as_deref()),
            product_type: crate::domain::product_order::ProductType::from_upstream($row.product_type.as_deref()),
            status: crate::domain::product_order::OrderStatus::from_upstream($row.status.as_deref()),
            status_at: $row.status_at,
            delivery: $row.delivery.as_deref().and_then(crate::domain::product_order::Delivery::from_word),
            business_identifier: crate::server::store::sales_units::business_identifier(
                $row.business_scheme,
                $row.business_id,
            ),
            merchant_name: $row.merchant_name,
            sales_unit_name: $row.sales_unit_name,
            msn: $row.msn.as_deref().and_then(crate::domain::identifiers::Msn::parse),
            url: $row.url,
            begun_at: $row.begun_at.unwrap_or($row.first_seen_at),
            sent_here: $row.sent_at.is_some(),
            template_name: $row.template_name,
            gone_at: $row.gone_at,
            deleted_at: $row.deleted_at,
        }
    };
}

mod by_program;
mod finding;
mod joining;
mod list;
mod sending;
mod settling;
#[cfg(test)]
mod tests;
mod timing;
mod writing;

use sqlx::types::Json;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

pub use self::by_program::ProgramsOrder;
pub use self::finding::ProductOrders;
pub use self::sending::{NewProductOrder, OfProgram};

use super::{Result, Tenant};
use crate::domain::product_order::{Happened, Happening, ProductOrder};

/// So long after it was sent, an order that upstream does not show has not arrived: no call takes
/// longer.
const SETTLED_AFTER: Duration = Duration::seconds(60);

impl Tenant<'_> {
    /// An order by the portal's id or upstream's.
    pub async fn product_order(&mut self, id: Uuid) -> Result<Option<ProductOrder>> {
        let scope = self.scope;
        let row = sqlx::query!(
            r#"
            select o.id, o.upstream_id, o.kind, o.product_type, o.status, o.status_at, o.business_scheme, o.business_id,
                   o.merchant_name, o.sales_unit_name, o.url, o.msn, o.delivery, o.sent_at, o.begun_at, o.sent_by_email,
                   o.template_id, t.name as "template_name?", o.price_package_id,
                   -- A correction may be for somebody else: a merchant knows its own orders only.
                   case when $3::text is null or old.id is not null then o.replaces end as replaces,
                   p.name as "price_package_name?",
                   coalesce(old.gone_at is null and old.status in ('RECEIVED', 'MERCHANT_VIEWED'), false) as "replaces_open!",
                   o.prefill as "prefill: Json<serde_json::Value>", o.refusal as "refusal: Json<Vec<(String, String)>>",
                   o.deleted_at, o.note, o.raw as "raw: Json<serde_json::Value>", o.first_seen_at, o.gone_at,
                   o.merged_into, o.delivery is not distinct from 'sent' and o.sealed_request is not null as "found_by_looking!",
                   -- What has not changed is not written; that the last list showed it counts as well.
                   case when o.gone_at is null and o.upstream_id is not null
                       then greatest(o.seen_at, j.completed_at) else o.seen_at end as seen_at,
                   exists (select from sales_unit s where s.organisation_id = o.organisation_id and s.msn = o.msn)
                       as "sales_unit_is_here!",
                   (select r.id from product_order r
                    where r.organisation_id = o.organisation_id and r.replaces = o.id and r.delivery = 'sent'
                    limit 1) as replaced_by
            from product_order o
            left join template t on t.organisation_id = o.organisation_id and t.id = o.template_id
            left join price_package p on p.organisation_id = o.organisation_id and p.id = o.price_package_id
            left join sync_job j on j.organisation_id = o.organisation_id and j.resource = 'product_orders'
            left join product_order old on old.organisation_id = o.organisation_id and old.id = o.replaces
            where o.organisation_id = $1 and (o.id = $2 or o.upstream_id = $2)
              and ($3::text is null or (
                  o.business_scheme = $3 and o.business_id = $4 and o.upstream_id is not null
                  and o.merged_into is null and (o.delivery is null or o.delivery = 'sent')))
            order by o.id = $2 desc
            limit 1
            "#,
            scope.copy.as_str(),
            id,
            scope.scheme(),
            scope.business_id(),
        )
        .fetch_optional(self.connection())
        .await?;
        let Some(row) = row else { return Ok(None) };
        let happenings = self.product_order_happenings(row.id).await?;
        let pretty = |json: Option<Json<serde_json::Value>>| {
            json.and_then(|Json(value)| serde_json::to_string_pretty(&value).ok())
        };
        Ok(Some(ProductOrder {
            template: row.template_id.zip(row.template_name.clone()),
            row: row_of!(row),
            sent_by_email: row.sent_by_email,
            sales_unit_is_here: row.sales_unit_is_here,
            replaces: row.replaces,
            replaced_by: row.replaced_by,
            replaces_open: row.replaces_open,
            price_package_id: row.price_package_id,
            price_package_name: row.price_package_name,
            prefill: row.prefill.map(|Json(prefill)| prefill.to_string()),
            refusal: row.refusal.map(|Json(refusal)| refusal).unwrap_or_default(),
            found_by_looking: row.found_by_looking,
            note: row.note,
            happenings,
            first_seen_at: row.first_seen_at,
            seen_at: row.seen_at,
            raw: pretty(row.raw),
            merged_into: row.merged_into,
        }))
    }

    async fn product_order_happenings(&mut self, id: Uuid) -> Result<Vec<Happened>> {
        let organisation = self.scope.copy.as_str();
        let rows = sqlx::query!(
            r#"
            select at, what, detail, by_email from product_order_event
            where organisation_id = $1 and order_id = $2
            order by at, id
            "#,
            organisation,
            id,
        )
        .fetch_all(self.connection())
        .await?;
        let happened = rows.into_iter().filter_map(|row| {
            let what = Happening::from_word(&row.what, row.detail.as_deref())?;
            Some(Happened { at: row.at, what, by_email: row.by_email })
        });
        Ok(happened.collect())
    }

    /// Keeps a note with an order.
    pub async fn note_product_order(&mut self, id: Uuid, note: &str, by: &str, now: OffsetDateTime) -> Result<()> {
        let organisation = self.scope.copy.as_str();
        let version = self.next_version().await?;
        let changed = sqlx::query!(
            "update product_order set note = $3, version = $4 where organisation_id = $1 and id = $2 and note <> $3",
            organisation,
            id,
            note,
            version,
        )
        .execute(self.connection())
        .await?;
        if changed.rows_affected() > 0 {
            self.happened(id, &Happening::Noted, Some(by), now).await?;
        }
        Ok(())
    }

    /// Notes that upstream has deleted an order because somebody here asked for it.
    pub async fn note_product_order_deleted(&mut self, id: Uuid, by: &str, now: OffsetDateTime) -> Result<()> {
        let organisation = self.scope.copy.as_str();
        let version = self.next_version().await?;
        let changed = sqlx::query!(
            r#"
            update product_order set deleted_at = $3, gone_at = coalesce(gone_at, $3), version = $4
            where organisation_id = $1 and id = $2 and deleted_at is null
            "#,
            organisation,
            id,
            now,
            version,
        )
        .execute(self.connection())
        .await?;
        if changed.rows_affected() > 0 {
            self.happened(id, &Happening::Deleted, Some(by), now).await?;
        }
        Ok(())
    }

    /// Whether an order names a sales unit that the copy lacks because it is new. Where the list of units
    /// was complete a while after the order had changed, the unit is none that upstream shows; and what is
    /// met in a first list may be old.
    pub async fn product_orders_name_new_sales_units(&mut self, now: OffsetDateTime) -> Result<bool> {
        let organisation = self.scope.copy.as_str();
        // What changed before that is in the list by now. A bound of its own, for under row-level security an
        // index is not searched with what is calculated from another table.
        let lately = now - Duration::DAY;
        sqlx::query_scalar!(
            r#"
            select exists (
                select from product_order o
                join sync_job j on j.organisation_id = o.organisation_id and j.resource = 'sales_units'
                where o.organisation_id = $1 and o.msn is not null and o.status_at > $2 and o.gone_at is null
                  and o.status_at > j.completed_at - interval '3 minutes'
                  and (o.status_at > o.first_seen_at or o.first_seen_at > j.completed_at + interval '1 minute')
                  and not exists (
                      select from sales_unit s where s.organisation_id = o.organisation_id and s.msn = o.msn)) as "new!"
            "#,
            organisation,
            lately,
        )
        .fetch_one(self.connection())
        .await
    }

    /// When the latest of the orders that wait for their merchant was sent; none if none waits.
    pub async fn freshest_open_product_order(&mut self) -> Result<Option<OffsetDateTime>> {
        let organisation = self.scope.copy.as_str();
        sqlx::query_scalar!(
            r#"
            select max(greatest(coalesce(sent_at, first_seen_at), status_at)) from product_order
            where organisation_id = $1 and gone_at is null and merged_into is null
              and (status in ('RECEIVED', 'MERCHANT_VIEWED', 'ORDER_SUBMITTED') or delivery in ('sending', 'unknown'))
            "#,
            organisation,
        )
        .fetch_one(self.connection())
        .await
    }

    /// Adds to what has happened to an order.
    pub async fn happened(
        &mut self,
        order: Uuid,
        what: &Happening,
        by: Option<&str>,
        now: OffsetDateTime,
    ) -> Result<()> {
        let organisation = self.scope.copy.as_str();
        let (word, detail) = what.word();
        sqlx::query!(
            r#"
            insert into product_order_event (organisation_id, order_id, at, what, detail, by_email)
            values ($1, $2, $3, $4, $5, $6)
            "#,
            organisation,
            order,
            now,
            word,
            detail,
            by,
        )
        .execute(self.connection())
        .await
        .map(drop)
    }
}
