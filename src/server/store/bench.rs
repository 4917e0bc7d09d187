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

impl Tenant<'_> {
    /// So many recurring agreements with ten charges each, one in thirty of which has failed.
    pub async fn invent_agreements(&mut self, count: i32) -> Result<()> {
        let organisation = self.scope.copy.as_str();
        let version = self.next_version().await?;
        sqlx::query("set local statement_timeout = 0").execute(self.connection()).await?;
        sqlx::query!(
            r#"
            insert into agreement (
                organisation_id, id, state, state_as_of, product_name, pricing, charged_every, created_upstream_at,
                started_at, external_id, raw, version, seen_at, charges_at, next_due_on, next_amount, last_on,
                last_amount, last_state)
            select $1, 'agr_' || lpad(i::text, 9, '0'), case i % 6 when 0 then 'STOPPED' else 'ACTIVE' end, now(),
                   (array['Avisen digital', 'Kaffekort ubegrenset', 'Trening hele døgnet', 'Blåbær kaffeklubb'])[1 + i % 4]
                       || ' ' || i % 97,
                   json_build_object('Fixed', json_build_object('minor', 9900 + 100 * (i % 50), 'currency', 'Nok')),
                   json_build_object('unit', 'Month', 'count', 1), now() - i % 900 * interval '1 day',
                   now() - i % 900 * interval '1 day', 'kunde-' || i, '{}', $2, now(), now(),
                   case when i % 6 > 0 then current_date + i % 31 end, case when i % 6 > 0 then 9900 + 100 * (i % 50) end,
                   current_date - i % 30, 9900 + 100 * (i % 50), case i % 30 when 0 then 'FAILED' else 'CHARGED' end
            from generate_series(1, $3::int) i
            "#,
            organisation,
            version,
            count,
        )
        .execute(self.connection())
        .await?;
        sqlx::query!(
            r#"
            insert into charge (
                organisation_id, agreement_id, id, state, state_as_of, amount, currency, description, due_on, kind,
                captured, refunded, cancelled, failure_reason, history, failed_on, raw, first_seen_at, seen_at)
            select $1, 'agr_' || lpad(i::text, 9, '0'), 'chr-' || c.month,
                   case when c.failed then 'FAILED' else 'CHARGED' end, now(), 9900 + 100 * (i % 50), 'NOK',
                   'Month ' || c.month, c.due, 'RECURRING', case when c.failed then 0 else 9900 + 100 * (i % 50) end, 0, 0,
                   case when c.failed then (array['user_action_required', 'charge_amount_too_high',
                       'non_technical_error', 'technical_error'])[1 + i % 4] end,
                   '[]', case when c.failed then c.due end, '{}', now(), now()
            from generate_series(1, $2::int) i
            cross join lateral (
                select month, current_date - i % 30 - 30 * month as due, (i + 3 * month) % 30 = 0 as failed
                from generate_series(0, 9) month) c
            "#,
            organisation,
            count,
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
        sqlx::query("vacuum (analyze) agreement").execute(&self.pool).await?;
        sqlx::query("vacuum (analyze) charge").execute(&self.pool).await?;
        sqlx::query("vacuum (analyze) merchant").execute(&self.pool).await.map(drop)
    }
}
