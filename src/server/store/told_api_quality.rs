//! What upstream tells of the calls about each sales unit, where it does.

use sqlx::types::Json;
use time::OffsetDateTime;

use super::{Result, Tenant, unreadable};
use crate::domain::api_quality::{ToldEndpoint, ToldUnit, sum_told};
use crate::domain::identifiers::Msn;

impl Tenant<'_> {
    /// What upstream told of a unit, and when; none if it has not.
    pub async fn told_api_quality(&mut self, msn: &Msn) -> Result<Option<(Vec<ToldEndpoint>, OffsetDateTime)>> {
        let organisation = self.scope.copy.as_str();
        let row = sqlx::query!(
            r#"
            select endpoints as "endpoints: Json<Vec<ToldEndpoint>>", told_at from told_api_quality
            where organisation_id = $1 and msn = $2
            "#,
            organisation,
            msn.as_str(),
        )
        .fetch_optional(self.connection())
        .await?;
        Ok(row.map(|row| (row.endpoints.0, row.told_at)))
    }

    /// The units with the largest share of failures by what upstream tells, the worst first; and of how many units it
    /// tells that there are any.
    pub async fn worst_told_api_quality(&mut self, limit: i64) -> Result<(Vec<ToldUnit>, usize)> {
        let organisation = self.scope.copy.as_str();
        let rows = sqlx::query!(
            r#"
            select t.msn, t.requests, t.failed, s.name as "name?" from (
                select organisation_id, msn, requests, failed, failed_per_million from told_api_quality
                where organisation_id = $1 and failed_per_million > 0
                order by failed_per_million desc, failed desc, msn
                limit $2) t
            left join sales_unit s on s.organisation_id = t.organisation_id and s.msn = t.msn
            order by t.failed_per_million desc, t.failed desc, t.msn
            "#,
            organisation,
            limit,
        )
        .fetch_all(self.connection())
        .await?;
        let count = sqlx::query_scalar!(
            r#"
            select count(*) as "count!" from told_api_quality
            where organisation_id = $1 and failed_per_million > 0
            "#,
            organisation,
        )
        .fetch_one(self.connection())
        .await?;
        let units = rows.into_iter().map(|row| {
            Ok(ToldUnit {
                msn: Msn::parse(&row.msn).ok_or_else(|| unreadable("a serial number"))?,
                name: row.name,
                requests: row.requests.unsigned_abs(),
                failed: row.failed.unsigned_abs(),
            })
        });
        Ok((units.collect::<Result<_>>()?, usize::try_from(count).unwrap_or_default()))
    }

    /// How many units there are, and of how many upstream has not been asked since `since`.
    pub async fn count_told_api_quality(&mut self, since: OffsetDateTime) -> Result<(i64, i64)> {
        let organisation = self.scope.copy.as_str();
        let row = sqlx::query!(
            r#"
            select count(*) as "total!",
                   count(*) filter (where api_quality_at is null or api_quality_at < $2) as "due!"
            from sales_unit where organisation_id = $1 and gone_at is null
            "#,
            organisation,
            since,
        )
        .fetch_one(self.connection())
        .await?;
        Ok((row.total, row.due))
    }

    /// The next units to ask upstream about, those never asked about first.
    pub async fn due_told_api_quality(
        &mut self,
        since: OffsetDateTime,
        retry_since: OffsetDateTime,
        limit: i64,
    ) -> Result<Vec<Msn>> {
        let organisation = self.scope.copy.as_str();
        let msns = sqlx::query_scalar!(
            r#"
            select msn from sales_unit
            where organisation_id = $1 and gone_at is null and (api_quality_at is null or api_quality_at < $2)
              and (api_quality_failed_at is null or api_quality_failed_at < $3)
            order by api_quality_at nulls first
            limit $4
            "#,
            organisation,
            since,
            retry_since,
            limit,
        )
        .fetch_all(self.connection())
        .await?;
        Ok(msns.iter().filter_map(|msn| Msn::parse(msn)).collect())
    }

    /// Keeps what upstream told of a unit in place of what it told before.
    pub async fn save_told_api_quality(&mut self, msn: &Msn, told: &[ToldEndpoint], now: OffsetDateTime) -> Result<()> {
        let organisation = self.scope.copy.as_str();
        let (requests, failed) = sum_told(told);
        let per_million = if requests == 0 { 0 } else { u128::from(failed) * 1_000_000 / u128::from(requests) };
        sqlx::query!(
            r#"
            with asked as (
                update sales_unit set api_quality_at = $7, api_quality_failed_at = null
                where organisation_id = $1 and msn = $2
                returning organisation_id, msn)
            insert into told_api_quality (
                organisation_id, msn, endpoints, requests, failed, failed_per_million, told_at)
            select organisation_id, msn, $3, $4, $5, $6, $7 from asked
            on conflict (organisation_id, msn) do update
            set endpoints = excluded.endpoints, requests = excluded.requests, failed = excluded.failed,
                failed_per_million = excluded.failed_per_million, told_at = excluded.told_at
            "#,
            organisation,
            msn.as_str(),
            Json(told) as _,
            i64::try_from(requests).unwrap_or(i64::MAX),
            i64::try_from(failed).unwrap_or(i64::MAX),
            i32::try_from(per_million).unwrap_or(1_000_000),
            now,
        )
        .execute(self.connection())
        .await
        .map(drop)
    }

    /// Notes that upstream told nothing usable of these units this time.
    pub async fn note_failed_api_quality(&mut self, msns: &[Msn], now: OffsetDateTime) -> Result<()> {
        let organisation = self.scope.copy.as_str();
        let msns: Vec<String> = msns.iter().map(ToString::to_string).collect();
        sqlx::query!(
            "update sales_unit set api_quality_failed_at = $3 where organisation_id = $1 and msn = any($2)",
            organisation,
            &msns,
            now,
        )
        .execute(self.connection())
        .await
        .map(drop)
    }
}
