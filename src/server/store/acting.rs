//! What a member sees when acting as an organisation.

use sqlx::types::Json;
use time::OffsetDateTime;
use uuid::Uuid;

use super::keys::Asked;
use super::organisations::organisation_of;
use super::sales_units::business_identifier;
use super::{Result, Scope, Store, unreadable};
use crate::domain::api_quality::FailingThreshold;
use crate::domain::identifiers::BusinessIdentifier;
use crate::domain::organisation::{Environment, OrgId, Organisation, OrganisationKind};

/// Everything a page needs to know of whom one acts as, from one query.
#[derive(Clone, Debug)]
pub struct ActingRow {
    pub organisation: Organisation,
    pub scope: Scope,
    pub email: String,
    /// Whether this person decides about the registry of organisations.
    pub is_instance_admin: bool,
    pub copy: CopyStanding,
    /// Whether anything is fetched or changed upstream with the keys.
    pub vipps_enabled: bool,
    pub environment: Environment,
    /// The partner that serves this merchant, by name.
    pub served_by: Option<String>,
    /// Which proposals upstream has been found to have, or not.
    pub probes: Vec<ProbeRow>,
    /// Of a merchant without keys: the serving partner's.
    pub feedback_address: Option<String>,
    pub sends_compliance_data: bool,
    /// From which share of failing calls the overview warns.
    pub failing_threshold: FailingThreshold,
    /// Organisations this person has acted as, the latest first, without this one.
    pub recent: Vec<Organisation>,
    /// Whether it is time to note that this person acts as this organisation.
    pub stale_use: bool,
    /// Of one of the partner's people who views as one of its merchants.
    pub viewing: Option<Viewing>,
}

/// As which merchant one views, and on behalf of whom.
#[derive(Clone, Debug)]
pub struct Viewing {
    /// With the role that one has there.
    pub partner: Organisation,
    pub business: BusinessIdentifier,
}

/// How the copy that an organisation sees stands.
#[derive(Clone, Debug)]
pub struct CopyStanding {
    /// As of the query that read it.
    pub version: i64,
    /// Whether anybody's keys serve the organisation.
    pub has_keys: bool,
    pub asked: Asked,
    pub jobs: Vec<JobRow>,
}

impl CopyStanding {
    /// Without what tells a merchant of others in the copy: how many of everything there are.
    pub fn seen_by(mut self, scope: &Scope) -> Self {
        if scope.merchant.is_some() {
            for job in &mut self.jobs {
                (job.done, job.total) = (0, 0);
                job.held = job.held.take().map(|_| "Upstream's last list lacks too much to be believed".to_owned());
            }
        }
        self
    }
}

#[derive(Clone, Debug, serde::Deserialize)]
pub struct JobRow {
    pub resource: String,
    /// Being worked on, or about to be.
    pub under_way: bool,
    pub done: i64,
    pub total: i64,
    #[serde(with = "time::serde::rfc3339::option")]
    pub completed_at: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub failing_since: Option<OffsetDateTime>,
    pub failure: Option<String>,
    pub held: Option<String>,
}

#[derive(Clone, Debug, serde::Deserialize)]
pub struct ProbeRow {
    /// A [`crate::domain::partner::Proposal`], by its word.
    pub proposal: String,
    pub offered: bool,
    #[serde(with = "time::serde::rfc3339")]
    pub checked_at: OffsetDateTime,
}

#[derive(Debug, serde::Deserialize)]
struct RecentRow {
    id: String,
    kind: String,
    name: String,
    business_id: Option<String>,
    role: String,
}

impl Store {
    /// What `staff` sees when acting as `organisation`; none if they may not, or it is not there.
    pub async fn acting(&self, staff: Uuid, organisation: &OrgId) -> Result<Option<ActingRow>> {
        let row = sqlx::query!(
            r#"
            select o.kind, o.name, o.business_scheme, o.business_id, o.partner_id, m.role, s.email, s.is_admin,
                   coalesce(c.version, 0) as "version!",
                   coalesce(p.client_id, o.client_id) is not null as "has_keys!",
                   coalesce(p.vipps_enabled, o.vipps_enabled) as "vipps_enabled!",
                   coalesce(p.environment, o.environment) as "environment!",
                   coalesce(p.asks_management, o.asks_management) as "asks_management!",
                   coalesce(p.asks_recurring, o.asks_recurring) as "asks_recurring!",
                   p.name as "served_by?",
                   coalesce(o.feedback_address, p.feedback_address) as "feedback_address?",
                   o.sends_compliance_data,
                   coalesce(p.api_failing_percent, o.api_failing_percent) as "api_failing_percent!",
                   coalesce(p.api_failing_calls, o.api_failing_calls) as "api_failing_calls!",
                   m.last_used_at is null or m.last_used_at < now() - interval '1 minute' as "stale_use!",
                   coalesce((
                       select json_agg(json_build_object(
                           'resource', j.resource, 'under_way', coalesce(j.lease_until > now(), false) or j.due_at <= now(), 
                           'done', case when j.lease_until > now() then j.done else 0 end,
                           'total', case when j.lease_until > now() then j.total else 0 end,
                           'completed_at', j.completed_at, 'failing_since', j.failing_since, 'failure', j.failure,
                           'held', j.held))
                       from sync_job j where j.organisation_id = coalesce(p.id, o.id)), '[]')
                       as "jobs!: Json<Vec<JobRow>>",
                   coalesce((
                       select json_agg(json_build_object(
                           'proposal', k.proposal, 'offered', k.offered, 'checked_at', k.checked_at))
                       from capability k where k.organisation_id = coalesce(p.id, o.id)), '[]')
                       as "probes!: Json<Vec<ProbeRow>>",
                   coalesce((
                       select json_agg(r) from (
                           select ro.id, ro.kind, ro.name, ro.business_id, rm.role
                           from membership rm join organisation ro on ro.id = rm.organisation_id
                           where rm.staff_id = $1 and rm.organisation_id <> $2 and rm.last_used_at is not null
                             and ro.deleted_at is null
                           order by rm.last_used_at desc limit 5) r), '[]')
                       as "recent!: Json<Vec<RecentRow>>"
            from membership m
            join organisation o on o.id = m.organisation_id
            join staff s on s.id = m.staff_id and s.disabled_at is null
            left join organisation p on p.id = o.partner_id
            left join copy c on c.organisation_id = coalesce(p.id, o.id)
            where m.staff_id = $1 and m.organisation_id = $2 and o.deleted_at is null
              and p.deleted_at is null
            "#,
            staff,
            organisation.as_str(),
        )
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let partner = row.partner_id.map(OrgId::try_from).transpose().map_err(unreadable)?;
        let business = business_identifier(row.business_scheme, row.business_id);
        let scope = Scope::of(organisation, partner, business.clone());
        let recent = row.recent.0.into_iter();
        Ok(Some(ActingRow {
            organisation: Organisation {
                id: organisation.clone(),
                kind: row.kind.parse().map_err(unreadable)?,
                name: row.name,
                business_id: business.as_ref().map(BusinessIdentifier::grouped),
                role: row.role.parse().map_err(unreadable)?,
            },
            email: row.email,
            is_instance_admin: row.is_admin,
            copy: CopyStanding {
                version: row.version,
                has_keys: row.has_keys,
                asked: Asked { management: row.asks_management, recurring: row.asks_recurring },
                jobs: row.jobs.0,
            }
            .seen_by(&scope),
            scope,
            vipps_enabled: row.vipps_enabled,
            environment: row.environment.parse().map_err(unreadable)?,
            served_by: row.served_by,
            probes: row.probes.0,
            feedback_address: row.feedback_address,
            sends_compliance_data: row.sends_compliance_data,
            failing_threshold: FailingThreshold {
                percent: u8::try_from(row.api_failing_percent).map_err(unreadable)?,
                least_calls: row.api_failing_calls.unsigned_abs(),
            },
            recent: recent
                .map(|row| organisation_of(row.id, &row.kind, row.name, row.business_id, &row.role))
                .collect::<Result<_>>()?,
            stale_use: row.stale_use,
            viewing: None,
        }))
    }

    /// What an organisation is, which rows are its, and how their copy stands; none if there is no such
    /// organisation.
    pub async fn scope_of(&self, organisation: &OrgId) -> Result<Option<(OrganisationKind, Scope, CopyStanding)>> {
        let row = sqlx::query!(
            r#"
            select o.kind, o.partner_id, o.business_scheme, o.business_id, coalesce(c.version, 0) as "version!",
                   coalesce(p.client_id, o.client_id) is not null as "has_keys!",
                   coalesce(p.asks_management, o.asks_management) as "asks_management!",
                   coalesce(p.asks_recurring, o.asks_recurring) as "asks_recurring!",
                   coalesce((
                       select json_agg(json_build_object(
                           'resource', j.resource, 'under_way', coalesce(j.lease_until > now(), false) or j.due_at <= now(),
                           'done', case when j.lease_until > now() then j.done else 0 end,
                           'total', case when j.lease_until > now() then j.total else 0 end,
                           'completed_at', j.completed_at, 'failing_since', j.failing_since, 'failure', j.failure,
                           'held', j.held))
                       from sync_job j where j.organisation_id = coalesce(p.id, o.id)), '[]')
                       as "jobs!: Json<Vec<JobRow>>"
            from organisation o
            left join organisation p on p.id = o.partner_id
            left join copy c on c.organisation_id = coalesce(p.id, o.id)
            where o.id = $1 and o.deleted_at is null and p.deleted_at is null
            "#,
            organisation.as_str(),
        )
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let partner = row.partner_id.map(OrgId::try_from).transpose().map_err(unreadable)?;
        let business = business_identifier(row.business_scheme, row.business_id);
        let copy = CopyStanding {
            version: row.version,
            has_keys: row.has_keys,
            asked: Asked { management: row.asks_management, recurring: row.asks_recurring },
            jobs: row.jobs.0,
        };
        let scope = Scope::of(organisation, partner, business);
        let copy = copy.seen_by(&scope);
        Ok(Some((row.kind.parse().map_err(unreadable)?, scope, copy)))
    }

    /// Remembers that `staff` acts as `organisation`, for the list of recent ones.
    pub async fn note_acting(&self, staff: Uuid, organisation: &OrgId) -> Result<()> {
        sqlx::query!(
            "update membership set last_used_at = now() where staff_id = $1 and organisation_id = $2",
            staff,
            organisation.as_str(),
        )
        .execute(&self.pool)
        .await
        .map(drop)
    }

    /// The organisation this person acted as last; none if they never did.
    pub async fn last_acting(&self, staff: Uuid) -> Result<Option<OrgId>> {
        let id = sqlx::query_scalar!(
            r#"
            select m.organisation_id from membership m
            join organisation o on o.id = m.organisation_id and o.deleted_at is null
            where m.staff_id = $1 and m.last_used_at is not null order by m.last_used_at desc limit 1
            "#,
            staff,
        )
        .fetch_optional(&self.pool)
        .await?;
        id.map(OrgId::try_from).transpose().map_err(unreadable)
    }
}
