//! Upstream's list of all sales units, compared with the copy.

use std::collections::{HashMap, HashSet};

use time::OffsetDateTime;

use super::is_implausible;
use crate::domain::sales_unit::ListedSalesUnit;
use crate::server::store::sync_jobs::SyncJob;
use crate::server::store::{Result, Scope, Store, Tenant};

/// Rows written in one transaction. While one is open, the copy's other writers wait.
const BATCH: usize = 5_000;

/// A list that changes more units than this is followed by new statistics for the planner.
const ANALYSED_FROM: usize = 50_000;

/// What a complete list from upstream has changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListOutcome {
    pub new: usize,
    pub renamed: usize,
    pub returned: usize,
    pub gone: usize,
    /// Units missing from an implausible list; they were kept as they are.
    pub held: usize,
}

/// What the copy has.
struct Known {
    msn: String,
    name: Option<String>,
    gone: bool,
}

struct Compared<'a> {
    changed: Vec<&'a ListedSalesUnit>,
    missing: Vec<String>,
    outcome: ListOutcome,
}

impl Store {
    /// Takes over a complete list from upstream, some thousand units at a time. What is missing from it is marked as
    /// gone, never deleted, and not even marked when too much is missing to be true, unless `trusting`. None if `job`,
    /// which it is done for, has been taken over by another process.
    pub async fn apply_sales_unit_list(
        &self,
        scope: &Scope,
        listed: &[ListedSalesUnit],
        now: OffsetDateTime,
        trusting: bool,
        job: Option<&SyncJob>,
    ) -> Result<Option<ListOutcome>> {
        let known = self.tenant(scope).await?.known_sales_units().await?;
        let visible = known.iter().filter(|known| !known.gone).count();
        let Compared { changed, mut missing, mut outcome } = compare(listed, &known);
        drop(known);
        if !trusting && is_implausible(visible, missing.len()) {
            outcome.held = missing.len();
            missing.clear();
        }
        outcome.gone = missing.len();
        let total = changed.len() + missing.len();
        let mut done = 0;
        for batch in changed.chunks(BATCH) {
            let mut tenant = self.tenant(scope).await?;
            done += batch.len();
            if !tenant.keeps_job(job, done, total).await? {
                return Ok(None);
            }
            tenant.write_listed_sales_units(batch, now).await?;
            tenant.commit().await?;
        }
        if changed.len() > ANALYSED_FROM {
            // Until autovacuum comes by, the planner would take the table for the empty one it was.
            let mut tenant = self.tenant(scope).await?;
            sqlx::query!("analyze (skip_locked) sales_unit").execute(tenant.connection()).await?;
            tenant.commit().await?;
        }
        for batch in missing.chunks(BATCH) {
            let mut tenant = self.tenant(scope).await?;
            done += batch.len();
            if !tenant.keeps_job(job, done, total).await? {
                return Ok(None);
            }
            tenant.mark_sales_units_gone(batch, now).await?;
            tenant.commit().await?;
        }
        Ok(Some(outcome))
    }
}

fn compare<'a>(listed: &'a [ListedSalesUnit], known: &[Known]) -> Compared<'a> {
    let by_msn: HashMap<&str, &Known> = known.iter().map(|known| (known.msn.as_str(), known)).collect();
    let mut outcome = ListOutcome::default();
    let mut changed = Vec::new();
    for unit in listed {
        match by_msn.get(unit.msn.as_str()) {
            None => outcome.new += 1,
            Some(known) if known.gone => outcome.returned += 1,
            Some(known) if unit.name.is_some() && known.name != unit.name => outcome.renamed += 1,
            Some(_) => continue,
        }
        changed.push(unit);
    }
    let seen: HashSet<&str> = listed.iter().map(|unit| unit.msn.as_str()).collect();
    let missing = known.iter().filter(|known| !known.gone && !seen.contains(known.msn.as_str()));
    Compared { changed, missing: missing.map(|known| known.msn.clone()).collect(), outcome }
}

impl Tenant<'_> {
    async fn known_sales_units(&mut self) -> Result<Vec<Known>> {
        let organisation = self.scope.copy.as_str();
        sqlx::query_as!(
            Known,
            r#"select msn, name, gone_at is not null as "gone!" from sales_unit where organisation_id = $1"#,
            organisation,
        )
        .fetch_all(self.connection())
        .await
    }

    async fn keeps_job(&mut self, job: Option<&SyncJob>, done: usize, total: usize) -> Result<bool> {
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        match job {
            Some(job) => self.advance_sync_job(job, count(done), count(total)).await,
            None => Ok(true),
        }
    }

    async fn write_listed_sales_units(&mut self, units: &[&ListedSalesUnit], now: OffsetDateTime) -> Result<()> {
        let organisation = self.scope.copy.as_str();
        let version = self.next_version().await?;
        let msns: Vec<String> = units.iter().map(|unit| unit.msn.to_string()).collect();
        let names: Vec<Option<String>> = units.iter().map(|unit| unit.name.clone()).collect();
        sqlx::query!(
            r#"
            insert into sales_unit (organisation_id, msn, name, version, first_seen_at)
            select $1, listed.msn, listed.name, $2, $3
            from unnest($4::text[], $5::text[]) as listed (msn, name)
            on conflict (organisation_id, msn) do update
            set name = coalesce(excluded.name, sales_unit.name), version = excluded.version, gone_at = null,
                last_seen_at = null
            "#,
            organisation,
            version,
            now,
            &msns,
            &names as &[Option<String>],
        )
        .execute(self.connection())
        .await
        .map(drop)
    }

    async fn mark_sales_units_gone(&mut self, msns: &[String], now: OffsetDateTime) -> Result<()> {
        let organisation = self.scope.copy.as_str();
        let version = self.next_version().await?;
        sqlx::query!(
            r#"
            update sales_unit s
            set gone_at = $3, version = $2,
                last_seen_at = greatest(s.first_seen_at, s.details_at, (
                    select completed_at from sync_job where organisation_id = $1 and resource = 'sales_units'))
            where s.organisation_id = $1 and s.msn = any($4)
            "#,
            organisation,
            version,
            now,
            msns,
        )
        .execute(self.connection())
        .await
        .map(drop)
    }
}
