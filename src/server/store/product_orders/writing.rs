//! Writing what upstream shows of orders, and that it shows them no longer.
//!
//! All of it is checked once more when it is written: what is known from after upstream was asked
//! stays as it is.

use sqlx::types::Json;
use time::OffsetDateTime;
use uuid::Uuid;

use super::super::{Result, Tenant};
use crate::domain::product_order::UpstreamOrder;

impl Tenant<'_> {
    /// Orders that nobody has seen before; or that were taken for one that was sent from here, and
    /// turned out not to be it.
    pub(super) async fn write_new_product_orders(
        &mut self,
        orders: &[&(UpstreamOrder, String)],
        asked_at: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Result<()> {
        let organisation = self.scope.copy.as_str();
        let version = self.next_version().await?;
        let columns = Columns::of(orders);
        sqlx::query!(
            r#"
            with written as (
                insert into product_order (
                    organisation_id, id, upstream_id, kind, product_type, status, status_at, business_scheme,
                    business_id, merchant_name, sales_unit_name, url, msn, raw, version, first_seen_at, seen_at)
                select $1, u.id, u.id, u.kind, u.product_type, u.status, $11, u.scheme, u.business_id, m.name,
                       u.name, u.url, u.msn, u.raw, $12, $11, $14
                from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                            $9::text[], $10::text[], $13::json[])
                    as u (id, kind, product_type, status, scheme, business_id, name, url, msn, raw)
                left join merchant m on m.organisation_id = $1 and m.scheme = u.scheme and m.id = u.business_id
                where not exists (
                    select from product_order h where h.organisation_id = $1 and h.upstream_id = u.id)
                on conflict (organisation_id, id) do update
                set upstream_id = excluded.upstream_id, kind = excluded.kind, product_type = excluded.product_type,
                    status = excluded.status, status_at = excluded.status_at, sales_unit_name = excluded.sales_unit_name,
                    url = excluded.url, msn = excluded.msn, raw = excluded.raw, version = excluded.version,
                    seen_at = excluded.seen_at, gone_at = null, deleted_at = null, merged_into = null
                where product_order.merged_into is not null
                returning id, status)
            insert into product_order_event (organisation_id, order_id, at, what, detail)
            select $1, id, $11, 'first_seen', status from written
            "#,
            organisation,
            &columns.ids,
            &columns.kinds as _,
            &columns.product_types as _,
            &columns.statuses as _,
            &columns.schemes as _,
            &columns.business_ids as _,
            &columns.names as _,
            &columns.urls as _,
            &columns.msns as _,
            now,
            version,
            &columns.raws as _,
            asked_at,
        )
        .execute(self.connection())
        .await
        .map(drop)
    }

    /// Orders that are known, as upstream showed them when it was asked.
    pub(super) async fn write_changed_product_orders(
        &mut self,
        orders: &[&(UpstreamOrder, String)],
        asked_at: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Result<()> {
        let organisation = self.scope.copy.as_str();
        let version = self.next_version().await?;
        let columns = Columns::of(orders);
        sqlx::query!(
            r#"
            insert into product_order_event (organisation_id, order_id, at, what, detail)
            select $1, o.id, $4, case when o.gone_at is not null then 'back' else 'status' end, u.status
            from unnest($2::uuid[], $3::text[]) as u (id, status)
            join product_order o on o.organisation_id = $1 and o.upstream_id = u.id
            where (o.status is distinct from u.status or o.gone_at is not null)
              and greatest(coalesce(o.seen_at, o.first_seen_at), o.gone_at, o.deleted_at) < $5
            "#,
            organisation,
            &columns.ids,
            &columns.statuses as _,
            now,
            asked_at,
        )
        .execute(self.connection())
        .await?;
        sqlx::query!(
            r#"
            update product_order o
            set kind = coalesce(u.kind, o.kind), product_type = coalesce(u.product_type, o.product_type),
                status_at = case when o.status is distinct from u.status then $11 else o.status_at end,
                status = u.status, business_scheme = coalesce(u.scheme, o.business_scheme),
                business_id = coalesce(u.business_id, o.business_id),
                sales_unit_name = coalesce(u.name, o.sales_unit_name), url = coalesce(u.url, o.url),
                msn = coalesce(u.msn, o.msn), raw = u.raw, version = $12, seen_at = $14, gone_at = null,
                deleted_at = null
            from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                        $9::text[], $10::text[], $13::json[])
                as u (id, kind, product_type, status, scheme, business_id, name, url, msn, raw)
            where o.organisation_id = $1 and o.upstream_id = u.id
              and greatest(coalesce(o.seen_at, o.first_seen_at), o.gone_at, o.deleted_at) < $14
            "#,
            organisation,
            &columns.ids,
            &columns.kinds as _,
            &columns.product_types as _,
            &columns.statuses as _,
            &columns.schemes as _,
            &columns.business_ids as _,
            &columns.names as _,
            &columns.urls as _,
            &columns.msns as _,
            now,
            version,
            &columns.raws as _,
            asked_at,
        )
        .execute(self.connection())
        .await
        .map(drop)
    }

    /// Orders that upstream did not show when it was asked, by its ids.
    pub(super) async fn mark_product_orders_gone(&mut self, ids: &[Uuid], asked_at: OffsetDateTime) -> Result<()> {
        let organisation = self.scope.copy.as_str();
        let version = self.next_version().await?;
        sqlx::query!(
            r#"
            with gone as (
                update product_order set gone_at = $3, version = $4
                where organisation_id = $1 and upstream_id = any($2) and gone_at is null
                  and coalesce(seen_at, first_seen_at) < $3
                returning id)
            insert into product_order_event (organisation_id, order_id, at, what)
            select $1, id, $3, 'gone' from gone
            "#,
            organisation,
            ids,
            asked_at,
            version,
        )
        .execute(self.connection())
        .await
        .map(drop)
    }
}

#[derive(Default)]
struct Columns {
    ids: Vec<Uuid>,
    kinds: Vec<Option<String>>,
    product_types: Vec<Option<String>>,
    statuses: Vec<Option<String>>,
    schemes: Vec<Option<String>>,
    business_ids: Vec<Option<String>>,
    names: Vec<Option<String>>,
    urls: Vec<Option<String>>,
    msns: Vec<Option<String>>,
    raws: Vec<Json<serde_json::Value>>,
}

impl Columns {
    fn of(orders: &[&(UpstreamOrder, String)]) -> Self {
        let mut columns = Self::default();
        for (order, raw) in orders {
            columns.push(order, raw);
        }
        columns
    }

    fn push(&mut self, order: &UpstreamOrder, raw: &str) {
        let owned = |text: Option<&str>| text.map(ToOwned::to_owned);
        let (business, unit) = (order.business_identifier.as_ref(), order.sales_unit.as_ref());
        self.ids.push(order.id);
        self.kinds.push(owned(order.kind.upstream()));
        self.product_types.push(owned(order.product_type.upstream()));
        self.statuses.push(owned(order.status.upstream()));
        self.schemes.push(business.map(|business| business.scheme.clone()));
        self.business_ids.push(business.map(|business| business.id.clone()));
        self.names.push(unit.and_then(|unit| unit.name.clone()));
        self.urls.push(order.url.clone());
        self.msns.push(unit.map(|unit| unit.msn.to_string()));
        self.raws.push(Json(serde_json::from_str(raw).unwrap_or_default()));
    }
}
