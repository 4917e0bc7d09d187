//! Rows for measuring: many at once, and settled as after a quiet night.

use super::{Result, Store, Tenant};

impl Tenant<'_> {
    /// Gives every unit details, and a merchant for about three of them.
    pub async fn invent_details(&mut self) -> Result<()> {
        let organisation = self.scope.copy.as_str();
        let version = self.next_version().await?;
        sqlx::query("set local statement_timeout = 0").execute(self.connection()).await?;
        sqlx::query!(
            r#"
            update sales_unit s
            set business_scheme = 'business:NO:ORG', business_id = (900000000 + i.merchant)::text,
                merchant_name = split_part(s.name, ' ', 1) || ' ' || i.merchant || ' AS',
                capture_type = case i.number % 10 when 0 then 'DirectCapture' else 'ReserveCapture' end,
                payment_allowed = true, recurring_allowed = i.number % 4 = 0,
                skip_landing_page_allowed = i.number % 7 = 0, raw = json_build_object('msn', s.msn, 'name', s.name),
                details_at = now(), version = $2
            from (
                select msn, row_number() over (order by msn) as number, row_number() over (order by msn) / 3 as merchant
                from sales_unit where organisation_id = $1) i
            where s.organisation_id = $1 and s.msn = i.msn
            "#,
            organisation,
            version,
        )
        .execute(self.connection())
        .await?;
        sqlx::query!(
            r#"
            insert into merchant (organisation_id, scheme, id, name, status, country_code, fetched_at, version)
            select distinct on (business_id)
                   organisation_id, business_scheme, business_id, merchant_name, 'ACTIVE', 'NO', now(), $2
            from sales_unit where organisation_id = $1
            "#,
            organisation,
            version,
        )
        .execute(self.connection())
        .await
        .map(drop)
    }
}

impl Tenant<'_> {
    /// A product order for each unit, made over the last half year, and webhooks of one unit in twelve.
    pub async fn invent_orders_and_webhooks(&mut self) -> Result<()> {
        let organisation = self.scope.copy.as_str();
        let version = self.next_version().await?;
        sqlx::query!(
            r#"
            insert into product_order (
                organisation_id, id, upstream_id, kind, product_type, status, status_at, business_scheme, business_id,
                merchant_name, sales_unit_name, msn, url, raw, version, first_seen_at, seen_at)
            select s.organisation_id, i.id, i.id, (array['PREFILL', 'PREFILL', 'TEMPLATE', 'MANUAL'])[1 + i.number % 4],
                   (array['PAYMENT_INTEGRATION', 'CASHIER', 'CHECKOUT', 'LOGIN', 'DONATIONS'])[1 + i.number % 5],
                   (array['RECEIVED', 'MERCHANT_VIEWED', 'ORDER_SUBMITTED', 'COMPLETED', 'COMPLETED', 'REJECTED',
                          'EXPIRED'])[1 + i.number % 7],
                   i.at, s.business_scheme, s.business_id, s.merchant_name, s.name, s.msn,
                   'https://portal.example/register/prefilled/' || i.id, '{}', $2, i.at, i.at
            from (
                select msn, gen_random_uuid() as id, row_number() over (order by msn) as number,
                       now() - random() * interval '180 days' as at
                from sales_unit where organisation_id = $1) i
            join sales_unit s on s.organisation_id = $1 and s.msn = i.msn
            "#,
            organisation,
            version,
        )
        .execute(self.connection())
        .await?;
        sqlx::query!(
            r#"
            insert into webhook (organisation_id, id, msn, url, events, version, seen_at)
            select organisation_id, gen_random_uuid(), msn, 'https://shop-' || msn || '.example/webhook',
                   array['epayments.payment.captured.v1', 'epayments.payment.refunded.v1'], $2, now()
            from sales_unit where organisation_id = $1 and msn::bigint % 12 = 0
            "#,
            organisation,
            version,
        )
        .execute(self.connection())
        .await
        .map(drop)
    }
}

impl Store {
    /// What the database does by itself in a quiet moment.
    pub async fn settle(&self) -> Result<()> {
        sqlx::query("vacuum (analyze) sales_unit").execute(&self.pool).await?;
        sqlx::query("vacuum (analyze) product_order").execute(&self.pool).await?;
        sqlx::query("vacuum (analyze) webhook").execute(&self.pool).await?;
        sqlx::query("vacuum (analyze) merchant").execute(&self.pool).await.map(drop)
    }
}
