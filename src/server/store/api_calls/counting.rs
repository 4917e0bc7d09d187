//! Writing down what was called, and keeping the sums that pages read.

use std::collections::BTreeMap;

use serde::Serialize;
use sqlx::types::Json;
use time::OffsetDateTime;

use super::super::{Result, Store, Tenant, unreadable};
use super::{ALL, hour_of};
use crate::domain::api_quality::{CountedCalls, Figures, KEPT, Span, Step, UNIT_HOURS_KEPT};
use crate::domain::organisation::OrgId;

/// A row to be added to, or made.
#[derive(Serialize)]
struct Added {
    step: &'static str,
    msn: String,
    #[serde(with = "time::serde::rfc3339")]
    begins_at: OffsetDateTime,
    endpoint: String,
    requests: u64,
    failed: u64,
    outcomes: Vec<u64>,
    latency: Vec<u64>,
}

impl Store {
    /// Organisations whose sales units' figures are of an hour before this one.
    pub async fn organisations_to_count_anew(&self, now: OffsetDateTime) -> Result<Vec<OrgId>> {
        let ids = sqlx::query_scalar!(
            "select id from organisation where api_counted_hour < $1 and partner_id is null order by id",
            hour_of(now),
        )
        .fetch_all(&self.pool)
        .await?;
        ids.into_iter().map(|id| OrgId::try_from(id).map_err(unreadable)).collect()
    }
}

impl Tenant<'_> {
    /// Adds calls to those that were counted before. Nothing happens if the organisation is gone.
    pub async fn count_api_calls(&mut self, calls: &[CountedCalls], now: OffsetDateTime) -> Result<()> {
        let Some(counted_hour) = self.hold_api_calls().await? else { return Ok(()) };
        let organisation = self.scope.copy.as_str();
        sqlx::query!(
            r#"
            insert into api_call as kept (
                organisation_id, step, msn, begins_at, endpoint, requests, failed, outcomes, latency)
            select $1, added.* from json_to_recordset($2) as added (
                step text, msn text, begins_at timestamptz, endpoint text, requests integer, failed integer,
                outcomes integer[], latency integer[])
            on conflict (organisation_id, step, msn, begins_at, endpoint) do update
            set requests = kept.requests + excluded.requests, failed = kept.failed + excluded.failed,
                outcomes = added_counts(kept.outcomes, excluded.outcomes),
                latency = added_counts(kept.latency, excluded.latency)
            "#,
            organisation,
            Json(rows(calls)) as _,
        )
        .execute(self.connection())
        .await?;
        if counted_hour.is_none_or(|hour| hour < hour_of(now)) {
            return self.count_units_anew(now).await;
        }
        let mut units: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
        for CountedCalls { msn, figures, .. } in calls {
            let Some(msn) = msn else { continue };
            let (requests, failed) = units.entry(msn.as_str()).or_default();
            *requests += i64::try_from(figures.requests()).unwrap_or_default();
            *failed += i64::try_from(figures.failed()).unwrap_or_default();
        }
        let msns: Vec<String> = units.keys().map(|msn| (*msn).to_owned()).collect();
        let (requests, failed): (Vec<i64>, Vec<i64>) = units.into_values().unzip();
        let spans = Span::ALL.map(|span| span.word().to_owned());
        sqlx::query!(
            r#"
            insert into api_unit_window as kept (organisation_id, span, msn, requests, failed)
            select $1, span, msn, requests, failed
            from unnest($2::text[]) as spans (span),
                unnest($3::text[], $4::bigint[], $5::bigint[]) as added (msn, requests, failed)
            on conflict (organisation_id, span, msn) do update
            set requests = kept.requests + excluded.requests, failed = kept.failed + excluded.failed
            "#,
            organisation,
            &spans,
            &msns,
            &requests,
            &failed,
        )
        .execute(self.connection())
        .await
        .map(drop)
    }

    /// Counts anew what each unit's calls come to as of the hour that is under way, and removes what has had its
    /// time; unless that has been done meanwhile.
    pub async fn bring_api_calls_up_to_date(&mut self, now: OffsetDateTime) -> Result<()> {
        match self.hold_api_calls().await? {
            Some(counted_hour) if counted_hour.is_none_or(|hour| hour < hour_of(now)) => {}
            _ => return Ok(()),
        }
        self.count_units_anew(now).await?;
        let organisation = self.scope.copy.as_str();
        sqlx::query!(
            r#"
            delete from api_call where organisation_id = $1
              and (begins_at < $2 and step in ('hour', 'day') or begins_at < $3 and step = 'hour' and msn > '')
            "#,
            organisation,
            now - KEPT,
            now - UNIT_HOURS_KEPT,
        )
        .execute(self.connection())
        .await
        .map(drop)
    }

    /// The hour as of which the units were last counted anew. One process at a time adds to an organisation's counts,
    /// so that none is lost between adding up and writing down. None if the organisation is gone.
    async fn hold_api_calls(&mut self) -> Result<Option<Option<OffsetDateTime>>> {
        let organisation = self.scope.copy.as_str();
        sqlx::query_scalar!("select api_counted_hour from organisation where id = $1 for no key update", organisation)
            .fetch_optional(self.connection())
            .await
    }

    async fn count_units_anew(&mut self, now: OffsetDateTime) -> Result<()> {
        let organisation = self.scope.copy.as_str();
        let spans = Span::ALL.map(|span| span.word().to_owned());
        let steps = Span::ALL.map(|span| span.counted_by().word().to_owned());
        let begins = Span::ALL.map(|span| span.begin(now));
        sqlx::query!(
            r#"
            with counted as (
                select spans.span, c.msn, sum(c.requests)::integer as requests, sum(c.failed)::integer as failed
                from unnest($2::text[], $3::text[], $4::timestamptz[]) as spans (span, step, begins_at)
                join api_call c on c.organisation_id = $1 and c.step = spans.step and c.msn > ''
                    and c.begins_at >= spans.begins_at and c.endpoint = ''
                group by spans.span, c.msn),
            gone as (
                delete from api_unit_window w
                where w.organisation_id = $1
                  and not exists (select from counted where counted.span = w.span and counted.msn = w.msn))
            insert into api_unit_window as kept (organisation_id, span, msn, requests, failed)
            select $1, span, msn, requests, failed from counted
            on conflict (organisation_id, span, msn) do update
            set requests = excluded.requests, failed = excluded.failed
            where (kept.requests, kept.failed) is distinct from (excluded.requests, excluded.failed)
            "#,
            organisation,
            &spans,
            &steps,
            &begins,
        )
        .execute(self.connection())
        .await?;
        sqlx::query!("update organisation set api_counted_hour = $2 where id = $1", organisation, hour_of(now))
            .execute(self.connection())
            .await
            .map(drop)
    }
}

/// Every row that the calls count in.
fn rows(calls: &[CountedCalls]) -> Vec<Added> {
    let mut sums: BTreeMap<(Step, &str, OffsetDateTime, &str), Figures> = BTreeMap::new();
    for CountedCalls { hour, msn, endpoint, figures } in calls {
        for step in Step::ALL {
            for msn in std::iter::once(ALL).chain(msn.as_ref().map(|msn| msn.as_str())) {
                for endpoint in [ALL, endpoint] {
                    sums.entry((step, msn, step.begin_of(*hour), endpoint)).or_default().add(figures);
                }
            }
        }
    }
    let row = |((step, msn, begins_at, endpoint), figures): ((Step, &str, _, &str), Figures)| Added {
        step: step.word(),
        msn: msn.to_owned(),
        begins_at,
        endpoint: endpoint.to_owned(),
        requests: figures.requests(),
        failed: figures.failed(),
        outcomes: figures.outcome_counts().to_vec(),
        latency: figures.latency.counts().to_vec(),
    };
    sums.into_iter().map(row).collect()
}
