//! Which resource of which organisation is due, who works on it, and how far it has come.
//!
//! A job is leased, so that any number of portal processes share the work and what a killed one
//! has left is taken up by the next.

use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{Result, Store, Tenant, interval, unreadable};
use crate::domain::organisation::OrgId;

/// How long a worker may be silent before another takes over.
pub const LEASE: Duration = Duration::seconds(30);

/// A resource as far as its jobs are concerned.
#[derive(Clone, Copy, Debug)]
pub struct JobKind {
    pub resource: &'static str,
    /// Whether it is due by itself when an organisation is new; else another resource calls for it.
    pub at_once: bool,
    /// Whether only partners have it.
    pub partners_only: bool,
}

/// A job that is now ours, until its lease ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncJob {
    pub organisation: OrgId,
    pub resource: String,
    pub holder: Uuid,
    /// Times in a row that it failed for the same stretch of trouble.
    pub failing_since: Option<OffsetDateTime>,
}

/// How fetching a resource stands.
#[derive(Clone, Debug)]
pub struct SyncStanding {
    pub completed_at: Option<OffsetDateTime>,
    pub failing: bool,
    pub failure: Option<String>,
    /// Due, or being worked on.
    pub awaited: bool,
}

impl Store {
    /// Gives every organisation with keys its jobs. Those that are `at_once` are due.
    pub async fn ensure_sync_jobs(&self, resources: &[JobKind]) -> Result<()> {
        let names: Vec<String> = resources.iter().map(|kind| kind.resource.to_owned()).collect();
        let at_once: Vec<bool> = resources.iter().map(|kind| kind.at_once).collect();
        let partners_only: Vec<bool> = resources.iter().map(|kind| kind.partners_only).collect();
        sqlx::query!(
            r#"
            delete from sync_job j using organisation o, unnest($1::text[], $2::boolean[]) as r (resource, partners_only)
            where o.id = j.organisation_id and o.kind <> 'partner' and r.resource = j.resource and r.partners_only
            "#,
            &names,
            &partners_only,
        )
        .execute(&self.pool)
        .await?;
        sqlx::query!(
            r#"
            insert into sync_job (organisation_id, resource, due_at)
            select o.id, r.resource, case when r.at_once then now() else 'infinity' end
            from organisation o, unnest($1::text[], $2::boolean[], $3::boolean[]) as r (resource, at_once, partners_only)
            where o.client_id is not null and o.deleted_at is null and (o.kind = 'partner' or not r.partners_only)
            on conflict do nothing
            "#,
            &names,
            &at_once,
            &partners_only,
        )
        .execute(&self.pool)
        .await
        .map(drop)
    }

    /// Takes one job that is due, of an organisation nobody else works for on that resource. Each
    /// taking has a holder of its own, so that one which has lost its lease notices.
    pub async fn take_due_sync_job(&self, only: Option<&OrgId>, now: OffsetDateTime) -> Result<Option<SyncJob>> {
        let holder = Uuid::new_v4();
        let row = sqlx::query!(
            r#"
            update sync_job j
            set lease_holder = $1, lease_until = $2::timestamptz + $3::interval, started_at = $2, done = 0, total = 0
            where (j.organisation_id, j.resource) = (
                select d.organisation_id, d.resource from sync_job d
                where d.due_at <= $2 and (d.lease_until is null or d.lease_until < $2)
                  and ($4::text is null or d.organisation_id = $4)
                  and exists (select from organisation o where o.id = d.organisation_id and asks_for(o, d.resource))
                order by d.due_at
                for update skip locked
                limit 1)
            returning j.organisation_id, j.resource, j.failing_since
            "#,
            holder,
            now,
            interval(LEASE),
            only.map(OrgId::as_str),
        )
        .fetch_optional(&self.pool)
        .await?;
        row.map(|row| {
            let organisation = OrgId::try_from(row.organisation_id).map_err(unreadable)?;
            Ok(SyncJob { organisation, resource: row.resource, holder, failing_since: row.failing_since })
        })
        .transpose()
    }

    /// Ends a round that went well; the job is next due at `due_at`, or when it is called for. What
    /// was called for while the round was under way stays due. Calls for the resources in `then`
    /// in the same moment, so that nobody sees the copy as whole in between.
    pub async fn complete_sync_job(
        &self,
        job: &SyncJob,
        now: OffsetDateTime,
        due_at: Option<OffsetDateTime>,
        held: Option<&str>,
        then: &[&str],
    ) -> Result<()> {
        let mut transaction = self.begin("begin".to_owned()).await?;
        sqlx::query!(
            r#"
            update sync_job
            set lease_until = null, lease_holder = null, 
                completed_at = case when $6::text is null then $4 else completed_at end,
                due_at = case when due_at > started_at then due_at else coalesce($5, 'infinity'::timestamptz) end,
                failing_since = null, failure = null, held = $6
            where organisation_id = $1 and resource = $2 and lease_holder = $3
            "#,
            job.organisation.as_str(),
            job.resource,
            job.holder,
            now,
            due_at,
            held,
        )
        .execute(&mut *transaction)
        .await?;
        let then: Vec<String> = then.iter().map(ToString::to_string).collect();
        sqlx::query!(
            "update sync_job set due_at = now() where organisation_id = $1 and resource = any($2)",
            job.organisation.as_str(),
            &then,
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await
    }

    /// Ends a round that failed; tried again at `due_at`. `failure` is for people.
    pub async fn fail_sync_job(
        &self,
        job: &SyncJob,
        now: OffsetDateTime,
        due_at: OffsetDateTime,
        failure: &str,
    ) -> Result<()> {
        sqlx::query!(
            r#"
            update sync_job
            set lease_until = null, lease_holder = null, due_at = $5, failure = $6,
                failing_since = coalesce(failing_since, $4)
            where organisation_id = $1 and resource = $2 and lease_holder = $3
            "#,
            job.organisation.as_str(),
            job.resource,
            job.holder,
            now,
            due_at,
            failure,
        )
        .execute(&self.pool)
        .await
        .map(drop)
    }

    /// Says that the job is still being worked on. False if the lease was lost, or the organisation was
    /// switched off meanwhile.
    pub async fn renew_sync_lease(&self, job: &SyncJob) -> Result<bool> {
        let renewed = sqlx::query!(
            r#"
            update sync_job set lease_until = now() + $4::interval
            where organisation_id = $1 and resource = $2 and lease_holder = $3
              and exists (select from organisation o where o.id = $1 and asks_for(o, $2))
            "#,
            job.organisation.as_str(),
            job.resource,
            job.holder,
            interval(LEASE),
        )
        .execute(&self.pool)
        .await?;
        Ok(renewed.rows_affected() == 1)
    }

    /// Gives back the jobs of a worker that is stopping, due as they were.
    pub async fn release_sync_jobs(&self, holders: &[Uuid]) -> Result<()> {
        sqlx::query!(
            "update sync_job set lease_until = null, lease_holder = null where lease_holder = any($1)",
            holders
        )
        .execute(&self.pool)
        .await
        .map(drop)
    }

    /// Frees every job: for the process that has just started the database and so knows that whoever
    /// held them is gone.
    pub async fn end_all_sync_leases(&self) -> Result<()> {
        sqlx::query!("update sync_job set lease_until = null, lease_holder = null where lease_until is not null")
            .execute(&self.pool)
            .await
            .map(drop)
    }

    /// Makes a resource due now, unless it is being worked on.
    pub async fn call_for_sync(&self, organisation: &OrgId, resource: &str) -> Result<()> {
        sqlx::query!(
            "update sync_job set due_at = now() where organisation_id = $1 and resource = $2",
            organisation.as_str(),
            resource,
        )
        .execute(&self.pool)
        .await
        .map(drop)
    }

    /// Makes due what fails, and of these resources what was fetched last before a moment: the organisation's keys
    /// have been mended, or are other ones.
    pub async fn call_for_sync_since(
        &self,
        organisation: &OrgId,
        resources: &[String],
        moment: OffsetDateTime,
    ) -> Result<()> {
        sqlx::query!(
            r#"
            update sync_job set due_at = now()
            where organisation_id = $1
              and (failing_since is not null or (resource = any($2) and completed_at < $3))
            "#,
            organisation.as_str(),
            resources,
            moment,
        )
        .execute(&self.pool)
        .await
        .map(drop)
    }

    /// How fetching a resource stands; none if the organisation has no such job.
    pub async fn sync_standing(&self, organisation: &OrgId, resource: &str) -> Result<Option<SyncStanding>> {
        sqlx::query_as!(
            SyncStanding,
            r#"
            select completed_at, failing_since is not null as "failing!", failure,
                   due_at <= now() or coalesce(lease_until > now(), false) as "awaited!"
            from sync_job where organisation_id = $1 and resource = $2
            "#,
            organisation.as_str(),
            resource,
        )
        .fetch_optional(&self.pool)
        .await
    }

    /// Whether a resource is due or being worked on.
    pub async fn awaits_sync(&self, organisation: &OrgId, resource: &str) -> Result<bool> {
        let awaits = sqlx::query_scalar!(
            r#"
            select due_at <= now() or coalesce(lease_until > now(), false) as "awaits!" from sync_job
            where organisation_id = $1 and resource = $2
            "#,
            organisation.as_str(),
            resource,
        );
        Ok(awaits.fetch_optional(&self.pool).await?.unwrap_or_default())
    }
}

impl Tenant<'_> {
    /// Moves the checkpoint, in the transaction of what it stands for, and renews the lease.
    /// False if the lease was lost, or the organisation was switched off: then nothing may be written.
    pub async fn advance_sync_job(&mut self, job: &SyncJob, done: i64, total: i64) -> Result<bool> {
        let updated = sqlx::query!(
            r#"
            update sync_job set done = $4, total = $5, lease_until = now() + $6::interval
            where organisation_id = $1 and resource = $2 and lease_holder = $3
              and exists (select from organisation o where o.id = $1 and asks_for(o, $2))
            "#,
            job.organisation.as_str(),
            job.resource,
            job.holder,
            done,
            total,
            interval(LEASE),
        )
        .execute(self.connection())
        .await?;
        Ok(updated.rows_affected() == 1)
    }
}
