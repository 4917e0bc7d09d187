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
    /// Organisations whose windows end with an hour that is over.
    pub async fn organisations_with_old_windows(&self, now: OffsetDateTime) -> Result<Vec<OrgId>> {
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
        self.move_windows(counted_hour, now).await?;
        // Where another process's clock is ahead, the windows end later than now.
        let now = counted_hour.map_or(now, |hour| hour.max(now));
        let organisation = self.scope.copy.as_str();
        sqlx::query!(
            r#"
            insert into api_call as kept (
                organisation_id, step, msn, begins_at, endpoint, requests, failed, outcomes, latency)
            select $1, added.* from jsonb_to_recordset($2) as added (
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
        let mut units: BTreeMap<(Span, &str), (i64, i64)> = BTreeMap::new();
        for CountedCalls { hour, msn, figures, .. } in calls {
            // What could not be written down for long may be too old for a window.
            for span in Span::ALL.into_iter().filter(|span| *hour >= span.begin(now)) {
                let Some(msn) = msn else { continue };
                let (requests, failed) = units.entry((span, msn.as_str())).or_default();
                *requests += i64::try_from(figures.requests()).unwrap_or_default();
                *failed += i64::try_from(figures.failed()).unwrap_or_default();
            }
        }
        let (spans, msns): (Vec<String>, Vec<String>) =
            units.keys().map(|(span, msn)| (span.word().to_owned(), (*msn).to_owned())).unzip();
        let (requests, failed): (Vec<i64>, Vec<i64>) = units.into_values().unzip();
        sqlx::query!(
            r#"
            insert into api_unit_window as kept (organisation_id, span, msn, requests, failed)
            select $1, added.*
            from unnest($2::text[], $3::text[], $4::bigint[], $5::bigint[]) as added (span, msn, requests, failed)
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

    /// Takes out of the windows what they have left behind by now, and removes what has had its time.
    pub async fn bring_api_calls_up_to_date(&mut self, now: OffsetDateTime) -> Result<()> {
        match self.hold_api_calls().await? {
            Some(counted_hour) => self.move_windows(counted_hour, now).await,
            None => Ok(()),
        }
    }

    /// The hour that the windows end with; none where nothing was called yet. One process at a time adds to an
    /// organisation's counts or moves its windows, so that each call is added once and taken out once. None if the
    /// organisation is gone.
    async fn hold_api_calls(&mut self) -> Result<Option<Option<OffsetDateTime>>> {
        let organisation = self.scope.copy.as_str();
        sqlx::query_scalar!("select api_counted_hour from organisation where id = $1 for no key update", organisation)
            .fetch_optional(self.connection())
            .await
    }

    /// Moves the windows from the hour that they end with to the one that is under way.
    async fn move_windows(&mut self, counted_hour: Option<OffsetDateTime>, now: OffsetDateTime) -> Result<()> {
        if counted_hour.is_some_and(|hour| hour >= hour_of(now)) {
            return Ok(());
        }
        if let Some(then) = counted_hour {
            for span in Span::ALL {
                self.leave_behind(span, span.begin(then), span.begin(now)).await?;
            }
            self.remove_old_api_calls(then, now).await?;
        }
        let organisation = self.scope.copy.as_str();
        sqlx::query!("update organisation set api_counted_hour = $2 where id = $1", organisation, hour_of(now))
            .execute(self.connection())
            .await
            .map(drop)
    }

    /// Takes the calls from `begin` on and before `end` out of a window.
    async fn leave_behind(&mut self, span: Span, begin: OffsetDateTime, end: OffsetDateTime) -> Result<()> {
        if begin >= end {
            return Ok(());
        }
        let organisation = self.scope.copy.as_str();
        sqlx::query!(
            r#"
            with past as (
                select msn, sum(requests)::integer as requests, sum(failed)::integer as failed from api_call
                where organisation_id = $1 and step = $3 and begins_at >= $4 and begins_at < $5 and msn > ''
                  and endpoint = ''
                group by msn),
            empty as (
                delete from api_unit_window w using past
                where w.organisation_id = $1 and w.span = $2 and w.msn = past.msn and w.requests <= past.requests)
            update api_unit_window w set requests = w.requests - past.requests, failed = w.failed - past.failed
            from past
            where w.organisation_id = $1 and w.span = $2 and w.msn = past.msn and w.requests > past.requests
            "#,
            organisation,
            span.word(),
            span.counted_by().word(),
            begin,
            end,
        )
        .execute(self.connection())
        .await
        .map(drop)
    }

    /// Removes what is older than anything is shown; every hour passes here once, so only those are looked at that
    /// have become so old since `then`.
    async fn remove_old_api_calls(&mut self, then: OffsetDateTime, now: OffsetDateTime) -> Result<()> {
        let organisation = self.scope.copy.as_str();
        sqlx::query!(
            r#"
            delete from api_call
            where organisation_id = $1 and step = 'hour' and begins_at >= $2 and begins_at < $3 and msn > ''
            "#,
            organisation,
            hour_of(then) - UNIT_HOURS_KEPT,
            hour_of(now) - UNIT_HOURS_KEPT,
        )
        .execute(self.connection())
        .await?;
        sqlx::query!(
            "delete from api_call where organisation_id = $1 and step = any('{hour,day}') and begins_at < $2",
            organisation,
            now - KEPT,
        )
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
