//! The list of product orders: what is found in it, and its rows.

use futures::stream::BoxStream;
use futures::{Stream, StreamExt, TryStreamExt};
use uuid::Uuid;

use super::super::list_index::{Indexed, ListKind};
use super::super::{Result, Tenant};
use crate::domain::freshness::machine;
use crate::domain::identifiers::BusinessIdentifier;
use crate::domain::product_order::ProductOrderRow;
use crate::domain::product_order_filter::{ProductOrderFacets, bits};

/// The key is the portal's id of the order.
pub struct ProductOrders;

impl ListKind for ProductOrders {
    type Facets = ProductOrderFacets;
    type Row = ProductOrderRow;

    fn changes<'a>(tenant: &'a mut Tenant<'_>, version: i64) -> BoxStream<'a, Result<Indexed>> {
        tenant.changed_product_orders(version).boxed()
    }

    async fn rows(tenant: &mut Tenant<'_>, keys: &[String]) -> Result<Vec<(String, ProductOrderRow)>> {
        let ids: Vec<Uuid> = keys.iter().filter_map(|key| key.parse().ok()).collect();
        let rows = tenant.product_order_rows(&ids).await?;
        Ok(rows.into_iter().map(|row| (row.id.to_string(), row)).collect())
    }
}

impl Tenant<'_> {
    /// The rows of these orders.
    pub async fn product_order_rows(&mut self, ids: &[Uuid]) -> Result<Vec<ProductOrderRow>> {
        let scope = self.scope;
        let rows = sqlx::query!(
            r#"
            select o.id, o.upstream_id, o.kind, o.product_type, o.status, o.status_at, o.business_scheme, o.business_id,
                   o.merchant_name, o.sales_unit_name, o.url, o.msn, o.delivery, o.sent_at, o.begun_at, o.first_seen_at,
                   (select t.name from template t where t.organisation_id = $1 and t.id = o.template_id) as template_name,
                   o.deleted_at, o.gone_at
            from unnest($2::uuid[]) as wanted (id)
            join product_order o on o.organisation_id = $1 and o.id = wanted.id
            where $3::text is null or (o.business_scheme = $3 and o.business_id = $4)
            "#,
            scope.copy.as_str(),
            ids,
            scope.scheme(),
            scope.business_id(),
        )
        .fetch_all(self.connection())
        .await?;
        Ok(rows.into_iter().map(|row| row_of!(row)).collect())
    }

    /// A merchant's orders, the latest first; at most `limit`.
    pub async fn product_orders_of(
        &mut self,
        business: &BusinessIdentifier,
        limit: i64,
    ) -> Result<Vec<ProductOrderRow>> {
        let organisation = self.scope.copy.as_str();
        let ids = sqlx::query_scalar!(
            r#"
            select id from product_order
            where organisation_id = $1 and business_scheme = $2 and business_id = $3 and merged_into is null
              and (delivery is null or delivery not in ('sending', 'refused'))
            order by coalesce(begun_at, first_seen_at) desc, id
            limit $4
            "#,
            organisation,
            business.scheme,
            business.id,
            limit,
        )
        .fetch_all(self.connection())
        .await?;
        let mut orders = self.product_order_rows(&ids).await?;
        orders.sort_by_key(|order| std::cmp::Reverse(order.begun_at));
        Ok(orders)
    }

    /// Everything the index keeps, of the orders that changed after `version`. An order that is just
    /// being sent is not in the list yet, and one that was refused never is. Two queries in one, of which one runs: a
    /// merchant has its own orders that upstream has, and finds none by what the partner has noted.
    fn changed_product_orders(&mut self, version: i64) -> impl Stream<Item = Result<Indexed>> {
        let scope = self.scope;
        sqlx::query!(
            r#"
            select id as "id!", upstream_id, kind, product_type, status, status_at as "status_at!", business_scheme,
                   business_id, merchant_name, sales_unit_name, url, msn, delivery, sent_at, begun_at,
                   first_seen_at as "first_seen_at!", deleted_at, gone_at, note as "note!", null::text as template_name,
                   merged_into is not null or delivery is not distinct from 'refused' as "removed!",
                   version as "version!"
            from product_order
            where $3::text is null and organisation_id = $1 and version > $2
              and delivery is distinct from 'sending'
            union all
            select id, upstream_id, kind, product_type, status, status_at, business_scheme, business_id, merchant_name,
                   sales_unit_name, url, msn, delivery, sent_at, begun_at, first_seen_at, deleted_at, gone_at, '',
                   null, false, version
            from product_order
            where organisation_id = $1 and business_scheme = $3 and business_id = $4 and version > $2
              and upstream_id is not null and merged_into is null and (delivery is null or delivery = 'sent')
            "#,
            scope.copy.as_str(),
            version,
            scope.scheme(),
            scope.business_id(),
        )
        .fetch(self.connection())
        .map_ok(|row| {
            let order = row_of!(row);
            let upstream_id = order.upstream_id.map(|id| id.to_string()).unwrap_or_default();
            let facets = bits(&order);
            let name = order.sales_unit_name.unwrap_or_default();
            let merchant = order.merchant_name.unwrap_or_default();
            let msn = order.msn.map(|msn| msn.to_string()).unwrap_or_default();
            let business_id = order.business_identifier.map(|business| business.id).unwrap_or_default();
            Indexed {
                key: row.id.to_string(),
                // In the order of the sorts: sent, name, merchant, changed.
                sorts: vec![machine(order.begun_at), name.clone(), merchant.clone(), machine(order.status_at)],
                fields: vec![name, merchant, business_id, upstream_id, msn, row.note],
                facets,
                moment: order.begun_at.unix_timestamp(),
                version: row.version,
                removed: row.removed,
            }
        })
    }
}
