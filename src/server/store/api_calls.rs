//! The portal's own calls to upstream, counted: by hour and by day, with and without their sales unit and endpoint, so
//! that no page adds up more than it shows.

mod counting;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use time::OffsetDateTime;

use super::{Result, Tenant, unreadable};
use crate::domain::api_quality::{
    EndpointCalls, Figures, Span, Step, StepCalls, UnitCalls, UnitPage, UnitPlace, hour_of,
};
use crate::domain::identifiers::Msn;

/// Names the calls about any sales unit and about none.
const ALL: &str = "";

impl Tenant<'_> {
    /// What became of the calls since `since`, step by step; steps without calls are left out. `unit`: only those
    /// about it.
    pub async fn api_calls_by_step(
        &mut self,
        unit: Option<&Msn>,
        step: Step,
        since: OffsetDateTime,
    ) -> Result<Vec<StepCalls>> {
        let (organisation, units) = (self.scope.copy.as_str(), self.units_looked_at(unit).await?);
        let rows = sqlx::query!(
            r#"
            select c.begins_at, c.outcomes, c.latency
            from unnest($2::text[]) as wanted (msn)
            join api_call c on c.organisation_id = $1 and c.step = $3 and c.msn = wanted.msn
                and c.begins_at >= $4 and c.endpoint = ''
            order by c.begins_at
            "#,
            organisation,
            &units,
            step.word(),
            since,
        )
        .fetch_all(self.connection())
        .await?;
        let mut steps: Vec<StepCalls> = Vec::new();
        for row in rows {
            let figures = Figures::of_counts(&row.outcomes, &row.latency);
            match steps.last_mut().filter(|last| last.begins_at == row.begins_at) {
                Some(last) => last.figures.add(&figures),
                None => steps.push(StepCalls { begins_at: row.begins_at, figures }),
            }
        }
        Ok(steps)
    }

    /// What became of the calls since `since`, step by step as above and at each endpoint, by its name: from the same
    /// rows. `unit`: only those about it.
    pub async fn api_calls(
        &mut self,
        unit: Option<&Msn>,
        step: Step,
        since: OffsetDateTime,
    ) -> Result<(Vec<StepCalls>, Vec<EndpointCalls>)> {
        let (organisation, units) = (self.scope.copy.as_str(), self.units_looked_at(unit).await?);
        let rows = sqlx::query!(
            r#"
            select c.begins_at, c.endpoint, c.outcomes, c.latency
            from unnest($2::text[]) as wanted (msn)
            join api_call c on c.organisation_id = $1 and c.step = $3 and c.msn = wanted.msn
                and c.begins_at >= $4 and c.endpoint > ''
            "#,
            organisation,
            &units,
            step.word(),
            since,
        )
        .fetch_all(self.connection())
        .await?;
        let mut steps = BTreeMap::<OffsetDateTime, Figures>::new();
        let mut endpoints = BTreeMap::<String, Figures>::new();
        for row in rows {
            let figures = Figures::of_counts(&row.outcomes, &row.latency);
            steps.entry(row.begins_at).or_default().add(&figures);
            match endpoints.get_mut(&row.endpoint) {
                Some(sum) => sum.add(&figures),
                None => drop(endpoints.insert(row.endpoint, figures)),
            }
        }
        let steps = steps.into_iter().map(|(begins_at, figures)| StepCalls { begins_at, figures });
        let endpoints = endpoints.into_iter().map(|(endpoint, figures)| EndpointCalls { endpoint, figures });
        Ok((steps.collect(), endpoints.collect()))
    }

    /// The sales units that anything was called about, the largest share of failures first; those behind `after`, at
    /// most `limit`.
    pub async fn api_calls_by_unit(&mut self, span: Span, after: Option<&UnitPlace>, limit: usize) -> Result<UnitPage> {
        let organisation = self.scope.copy.as_str();
        // The units of a merchant that is served from a partner's copy; null: all that there are.
        let units = match self.scope.merchant {
            Some(_) => Some(self.units_looked_at(None).await?),
            None => None,
        };
        let rows = sqlx::query!(
            r#"
            select w.msn, w.requests, w.failed, w.failed_per_million, s.name as "name?" from (
                select organisation_id, msn, requests, failed, failed_per_million from api_unit_window
                where organisation_id = $1 and span = $2 and ($3::text[] is null or msn = any($3))
                  and ($4::integer is null
                       or (failed_per_million <= $4
                           and (failed_per_million < $4 or failed < $5 or (failed = $5 and msn > $6))))
                order by failed_per_million desc, failed desc, msn
                limit $7) w
            left join sales_unit s on s.organisation_id = w.organisation_id and s.msn = w.msn
            order by w.failed_per_million desc, w.failed desc, w.msn
            "#,
            organisation,
            span.word(),
            units.as_deref(),
            after.map(|place| i32::try_from(place.failed_per_million).unwrap_or(i32::MAX)),
            after.map(|place| i32::try_from(place.failed).unwrap_or(i32::MAX)),
            after.map(|place| place.msn.as_str()),
            i64::try_from(limit + 1).unwrap_or(i64::MAX),
        )
        .fetch_all(self.connection())
        .await?;
        let counts = sqlx::query!(
            r#"
            select count(*) as "count!", count(*) filter (where failed_per_million > 0) as "failing!"
            from api_unit_window where organisation_id = $1 and span = $2 and ($3::text[] is null or msn = any($3))
            "#,
            organisation,
            span.word(),
            units.as_deref(),
        )
        .fetch_one(self.connection())
        .await?;
        let unit = |row| {
            let (msn, name, requests, failed, share): (String, Option<String>, i32, i32, i32) = row;
            Ok(UnitCalls {
                msn: Msn::parse(&msn).ok_or_else(|| unreadable("a serial number"))?,
                name,
                requests: requests.unsigned_abs().into(),
                failed: failed.unsigned_abs().into(),
                failed_per_million: share.unsigned_abs(),
            })
        };
        let is_more = rows.len() > limit;
        let rows = rows.into_iter().take(limit);
        let rows = rows.map(|row| unit((row.msn, row.name, row.requests, row.failed, row.failed_per_million)));
        let units: Vec<UnitCalls> = rows.collect::<Result<_>>()?;
        let next = units.last().filter(|_| is_more).map(|last| UnitPlace {
            failed_per_million: last.failed_per_million,
            failed: last.failed,
            msn: last.msn.clone(),
        });
        let count = |count: i64| usize::try_from(count).unwrap_or_default();
        Ok(UnitPage {
            units,
            count: count(counts.count),
            failing: count(counts.failing),
            is_continued: after.is_some(),
            next,
        })
    }

    /// How many calls there were in the last 24 hours, and how many of them failed.
    pub async fn api_calls_lately(&mut self, now: OffsetDateTime) -> Result<(u64, u64)> {
        let (organisation, units) = (self.scope.copy.as_str(), self.units_looked_at(None).await?);
        let row = sqlx::query!(
            r#"
            select coalesce(sum(c.requests), 0) as "requests!", coalesce(sum(c.failed), 0) as "failed!"
            from unnest($2::text[]) as wanted (msn)
            join api_call c on c.organisation_id = $1 and c.step = 'hour' and c.msn = wanted.msn
                and c.begins_at >= $3 and c.endpoint = ''
            "#,
            organisation,
            &units,
            Span::Day.begin(now),
        )
        .fetch_one(self.connection())
        .await?;
        Ok((row.requests.unsigned_abs(), row.failed.unsigned_abs()))
    }

    /// Under which names the calls that are looked at are counted: all together, the unit's, or those of every unit
    /// of a merchant that sees no others.
    async fn units_looked_at(&mut self, unit: Option<&Msn>) -> Result<Vec<String>> {
        let Some(merchant) = &self.scope.merchant else {
            return Ok(vec![unit.map_or(ALL, Msn::as_str).to_owned()]);
        };
        let (organisation, scheme, id) = (self.scope.copy.as_str(), merchant.scheme.as_str(), merchant.id.as_str());
        sqlx::query_scalar!(
            r#"
            select msn from sales_unit
            where organisation_id = $1 and business_scheme = $2 and business_id = $3 and ($4::text is null or msn = $4)
            "#,
            organisation,
            scheme,
            id,
            unit.map(Msn::as_str),
        )
        .fetch_all(self.connection())
        .await
    }
}
