//! Coverage, counted over all sales units of the copy.

use time::OffsetDateTime;

use super::super::{Result, Tenant};
use crate::domain::freshness::GONE_LATELY;
use crate::domain::identifiers::Msn;
use crate::domain::sales_unit::ListedSalesUnit;
use crate::domain::webhook::WebhookUnit;
use crate::domain::webhook::coverage::{Coverage, Doubled, EventCoverage, NEAR_LIMIT, NearLimit, Shown, WebhookLine};

impl Tenant<'_> {
    /// Coverage with the first `limit` of everything that is listed. Registrations of units that upstream no
    /// longer shows do not count.
    pub async fn webhook_coverage(&mut self, now: OffsetDateTime, limit: i64) -> Result<Coverage> {
        let (units, units_asked, units_with_own) = self.units_with_webhooks().await?;
        Ok(Coverage {
            units,
            units_asked,
            units_with_own,
            events: self.webhook_events().await?,
            doubles: self.doubled_webhooks(limit).await?,
            plain_http: self.plain_http_webhooks(limit).await?,
            near_limit: self.webhooks_near_limit(limit).await?,
            vanished: self.vanished_webhooks(now - GONE_LATELY, limit).await?,
        })
    }

    /// Visible units, those of them that were asked for, and those with a registration of their own.
    async fn units_with_webhooks(&mut self) -> Result<(usize, usize, usize)> {
        let organisation = self.scope.copy.as_str();
        let row = sqlx::query!(
            r#"
            select count(*) as "units!", count(webhooks_at) as "asked!",
                   (select count(distinct w.msn) from webhook w
                    where w.organisation_id = $1 and w.gone_at is null and not exists (
                        select from sales_unit s
                        where s.organisation_id = $1 and s.msn = w.msn and s.gone_at is not null)) as "own!"
            from sales_unit where organisation_id = $1 and gone_at is null
            "#,
            organisation,
        )
        .fetch_one(self.connection())
        .await?;
        Ok((count(row.units), count(row.asked), count(row.own)))
    }

    async fn webhook_events(&mut self) -> Result<Vec<EventCoverage>> {
        let organisation = self.scope.copy.as_str();
        let rows = sqlx::query!(
            r#"
            select e.event as "event!", count(*) filter (where w.msn is null) as "partner_wide!",
                   count(distinct w.msn) as "units!"
            from webhook w
            cross join unnest(w.events) as e (event)
            where w.organisation_id = $1 and w.gone_at is null and not exists (
                select from sales_unit s
                where s.organisation_id = $1 and s.msn = w.msn and s.gone_at is not null)
            group by e.event
            "#,
            organisation,
        )
        .fetch_all(self.connection())
        .await?;
        let events = rows.into_iter().map(|row| EventCoverage {
            event: row.event,
            partner_wide: count(row.partner_wide),
            units: count(row.units),
        });
        Ok(events.collect())
    }

    /// The same URL and event more than once in a scope, or for a unit and for all units.
    async fn doubled_webhooks(&mut self, limit: i64) -> Result<Shown<Doubled>> {
        let organisation = self.scope.copy.as_str();
        let rows = sqlx::query!(
            r#"
            with live as (
                select w.msn, w.url, e.event from webhook w cross join unnest(w.events) as e (event)
                where w.organisation_id = $1 and w.gone_at is null and not exists (
                    select from sales_unit s
                    where s.organisation_id = $1 and s.msn = w.msn and s.gone_at is not null)
            ), doubled as (
                select msn, url, event, false as by_partner_wide from live
                group by msn, url, event having count(*) > 1
                union all
                select distinct l.msn, l.url, l.event, true from live l
                join live a on a.msn is null and a.url = l.url and a.event = l.event
                where l.msn is not null
            ), first as (
                select url, msn, by_partner_wide, array_agg(event order by event) as events, count(*) over () as count
                from doubled
                group by url, msn, by_partner_wide
                order by msn nulls first, url, by_partner_wide
                limit $2
            )
            select url as "url!", msn, by_partner_wide as "by_partner_wide!", events as "events!", count as "count!",
                   (select s.name from sales_unit s where s.organisation_id = $1 and s.msn = f.msn) as name
            from first f
            order by msn nulls first, url, by_partner_wide
            "#,
            organisation,
            limit,
        )
        .fetch_all(self.connection())
        .await?;
        let all = rows.first().map_or(0, |row| count(row.count));
        let first = rows.into_iter().map(|row| Doubled {
            url: row.url,
            unit: unit(row.msn, row.name),
            events: row.events,
            by_partner_wide: row.by_partner_wide,
        });
        Ok(Shown { first: first.collect(), count: all })
    }

    async fn plain_http_webhooks(&mut self, limit: i64) -> Result<Shown<WebhookLine>> {
        let organisation = self.scope.copy.as_str();
        let rows = sqlx::query!(
            r#"
            with first as (
                select id, url, msn, count(*) over () as count from webhook w
                where w.organisation_id = $1 and w.gone_at is null and w.url ilike 'http://%' and not exists (
                    select from sales_unit s
                    where s.organisation_id = $1 and s.msn = w.msn and s.gone_at is not null)
                order by msn nulls first, url
                limit $2
            )
            select id as "id!", url as "url!", msn, count as "count!",
                   (select s.name from sales_unit s where s.organisation_id = $1 and s.msn = f.msn) as name
            from first f
            order by msn nulls first, url
            "#,
            organisation,
            limit,
        )
        .fetch_all(self.connection())
        .await?;
        let all = rows.first().map_or(0, |row| count(row.count));
        let first = rows.into_iter().map(|row| WebhookLine {
            id: row.id,
            url: row.url,
            unit: unit(row.msn, row.name),
            gone_at: None,
        });
        Ok(Shown { first: first.collect(), count: all })
    }

    async fn webhooks_near_limit(&mut self, limit: i64) -> Result<Shown<NearLimit>> {
        let organisation = self.scope.copy.as_str();
        let near = i64::try_from(NEAR_LIMIT).unwrap_or(i64::MAX);
        let rows = sqlx::query!(
            r#"
            with near as (
                select w.msn, e.event, count(*) as used, count(*) over () as count
                from webhook w cross join unnest(w.events) as e (event)
                where w.organisation_id = $1 and w.gone_at is null and not exists (
                    select from sales_unit s
                    where s.organisation_id = $1 and s.msn = w.msn and s.gone_at is not null)
                group by w.msn, e.event having count(*) >= $3
                order by used desc, w.msn nulls first, e.event
                limit $2
            )
            select msn, event as "event!", used as "used!", count as "count!",
                   (select s.name from sales_unit s where s.organisation_id = $1 and s.msn = n.msn) as name
            from near n
            order by used desc, msn nulls first, event
            "#,
            organisation,
            limit,
            near,
        )
        .fetch_all(self.connection())
        .await?;
        let all = rows.first().map_or(0, |row| count(row.count));
        let first = rows.into_iter().map(|row| NearLimit {
            event: row.event,
            unit: unit(row.msn, row.name),
            count: count(row.used),
        });
        Ok(Shown { first: first.collect(), count: all })
    }

    async fn vanished_webhooks(&mut self, since: OffsetDateTime, limit: i64) -> Result<Shown<WebhookLine>> {
        let organisation = self.scope.copy.as_str();
        let rows = sqlx::query!(
            r#"
            with first as (
                select id, url, msn, gone_at, count(*) over () as count from webhook
                where organisation_id = $1 and gone_at >= $2 and deleted_at is null
                order by gone_at desc, url
                limit $3
            )
            select id as "id!", url as "url!", msn, gone_at, count as "count!",
                   (select s.name from sales_unit s where s.organisation_id = $1 and s.msn = f.msn) as name
            from first f
            order by gone_at desc, url
            "#,
            organisation,
            since,
            limit,
        )
        .fetch_all(self.connection())
        .await?;
        let all = rows.first().map_or(0, |row| count(row.count));
        let first = rows.into_iter().map(|row| WebhookLine {
            id: row.id,
            url: row.url,
            unit: unit(row.msn, row.name),
            gone_at: row.gone_at,
        });
        Ok(Shown { first: first.collect(), count: all })
    }

    /// Visible sales units without a registration of their own for an event, by name; at most `limit`.
    pub async fn units_without_webhook(&mut self, event: &str, limit: i64) -> Result<Vec<ListedSalesUnit>> {
        let organisation = self.scope.copy.as_str();
        let rows = sqlx::query!(
            r#"
            select s.msn, s.name from sales_unit s
            where s.organisation_id = $1 and s.gone_at is null
              and s.msn not in (
                  select w.msn from webhook w
                  where w.organisation_id = $1 and w.gone_at is null and w.msn is not null and $2 = any(w.events))
            order by s.name, s.msn
            limit $3
            "#,
            organisation,
            event,
            limit,
        )
        .fetch_all(self.connection())
        .await?;
        let units = rows.into_iter();
        let units = units.filter_map(|row| Some(ListedSalesUnit { msn: Msn::parse(&row.msn)?, name: row.name }));
        Ok(units.collect())
    }
}

fn unit(msn: Option<String>, name: Option<String>) -> Option<WebhookUnit> {
    let msn = Msn::parse(&msn?)?;
    Some(WebhookUnit { msn, name, visible: true })
}

fn count(number: i64) -> usize {
    usize::try_from(number).unwrap_or_default()
}
