//! The copy in upstream's own words: the JSON that the Management API answers with, for programs that
//! were written for it.

use time::OffsetDateTime;
use uuid::Uuid;

use super::{Result, Tenant};
use crate::domain::identifiers::{BusinessIdentifier, Msn};

/// JSON as upstream writes it, and from when it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    pub json: String,
    pub as_of: OffsetDateTime,
}

impl Tenant<'_> {
    /// The sales units that upstream shows, of one merchant or of all; none before they were fetched. Of a
    /// merchant, none either where there are none, or some units' owners are not known yet.
    pub async fn sales_units_as_upstream(&mut self, merchant: Option<&BusinessIdentifier>) -> Result<Option<Copied>> {
        let scope = self.scope;
        sqlx::query_as!(
            Copied,
            r#"
            select j.completed_at as "as_of!", (
                select coalesce(json_agg(json_build_object('msn', s.msn, 'name', coalesce(s.name, '')) order by s.msn), '[]')
                from sales_unit s
                where s.organisation_id = $1 and s.gone_at is null
                  and ($2::text is null or (s.business_scheme = $2 and s.business_id = $3))
                  and ($4::text is null or (s.business_scheme = $4 and s.business_id = $5)))::text as "json!"
            from sync_job j
            where j.organisation_id = $1 and j.resource = 'sales_units' and j.completed_at is not null
              and ($2::text is null or (
                  exists (select from sales_unit s
                          where s.organisation_id = $1 and s.gone_at is null and s.business_scheme = $2
                            and s.business_id = $3)
                  and not exists (select from sales_unit s
                                  where s.organisation_id = $1 and s.gone_at is null and s.details_at is null)))
            "#,
            scope.copy.as_str(),
            merchant.map(|merchant| merchant.scheme.as_str()),
            merchant.map(|merchant| merchant.id.as_str()),
            scope.scheme(),
            scope.business_id(),
        )
        .fetch_optional(self.connection())
        .await
    }

    /// One sales unit; none if its details have not been fetched.
    pub async fn sales_unit_as_upstream(&mut self, msn: &Msn) -> Result<Option<Copied>> {
        let scope = self.scope;
        sqlx::query_as!(
            Copied,
            r#"
            select raw::text as "json!", details_at as "as_of!" from sales_unit
            where organisation_id = $1 and msn = $2 and raw is not null and details_at is not null and gone_at is null
              and ($3::text is null or (business_scheme = $3 and business_id = $4))
            "#,
            scope.copy.as_str(),
            msn.as_str(),
            scope.scheme(),
            scope.business_id(),
        )
        .fetch_optional(self.connection())
        .await
    }

    /// One merchant; none if it has not been fetched.
    pub async fn merchant_as_upstream(&mut self, business: &BusinessIdentifier) -> Result<Option<Copied>> {
        let scope = self.scope;
        sqlx::query_as!(
            Copied,
            r#"
            select raw::text as "json!", fetched_at as "as_of!" from merchant
            where organisation_id = $1 and scheme = $2 and id = $3 and raw is not null and fetched_at is not null
              and gone_at is null and ($4::text is null or (scheme = $4 and id = $5))
            "#,
            scope.copy.as_str(),
            business.scheme,
            business.id,
            scope.scheme(),
            scope.business_id(),
        )
        .fetch_optional(self.connection())
        .await
    }

    /// All product orders that upstream shows, or the one that has this id there.
    pub async fn product_orders_as_upstream(&mut self, with_expired: bool) -> Result<Option<Copied>> {
        let organisation = self.scope.copy.as_str();
        sqlx::query_as!(
            Copied,
            r#"
            select j.completed_at as "as_of!", (
                select coalesce(json_agg(json_strip_nulls(json_build_object(
                    'productOrderId', o.upstream_id, 'productOrderType', o.kind, 'productType', o.product_type,
                    'status', o.status,
                    'businessIdentifier', json_build_object('scheme', o.business_scheme, 'id', o.business_id),
                    'productOrderUrl', o.url,
                    'salesUnit', case when o.msn is not null then
                        json_build_object('msn', o.msn, 'name', coalesce(o.sales_unit_name, '')) end))
                    order by o.first_seen_at, o.id), '[]')
                from product_order o
                where o.organisation_id = $1 and o.upstream_id is not null and o.gone_at is null
                  and ($2 or o.status is distinct from 'EXPIRED'))::text as "json!"
            from sync_job j
            where j.organisation_id = $1 and j.resource = 'product_orders' and j.completed_at is not null
            "#,
            organisation,
            with_expired,
        )
        .fetch_optional(self.connection())
        .await
    }

    /// One product order, by upstream's id.
    pub async fn product_order_as_upstream(&mut self, upstream_id: Uuid) -> Result<Option<Copied>> {
        let organisation = self.scope.copy.as_str();
        sqlx::query_as!(
            Copied,
            r#"
            select greatest(o.seen_at, j.completed_at, o.first_seen_at) as "as_of!", json_strip_nulls(json_build_object(
                'productOrderId', o.upstream_id, 'productOrderType', o.kind, 'productType', o.product_type,
                'status', o.status,
                'businessIdentifier', json_build_object('scheme', o.business_scheme, 'id', o.business_id),
                'productOrderUrl', o.url,
                'salesUnit', case when o.msn is not null then
                    json_build_object('msn', o.msn, 'name', coalesce(o.sales_unit_name, '')) end))::text as "json!"
            from product_order o
            left join sync_job j on j.organisation_id = o.organisation_id and j.resource = 'product_orders'
            where o.organisation_id = $1 and o.upstream_id = $2 and o.gone_at is null
            "#,
            organisation,
            upstream_id,
        )
        .fetch_optional(self.connection())
        .await
    }

    /// The partner's price packages; none before they were fetched.
    pub async fn price_packages_as_upstream(&mut self) -> Result<Option<Copied>> {
        let organisation = self.scope.copy.as_str();
        sqlx::query_as!(
            Copied,
            r#"
            select j.completed_at as "as_of!", (
                select coalesce(json_agg(p.raw order by p.id), '[]') from price_package p
                where p.organisation_id = $1 and p.gone_at is null and p.raw is not null)::text as "json!"
            from sync_job j
            where j.organisation_id = $1 and j.resource = 'price_packages' and j.completed_at is not null
            "#,
            organisation,
        )
        .fetch_optional(self.connection())
        .await
    }
}
