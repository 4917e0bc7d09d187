//! The last check of each organisation's keys.

use sqlx::types::Json;
use time::{Duration, OffsetDateTime};

use super::{Result, Store, interval};
use crate::domain::key_check::{KeyCheck, Step};
use crate::domain::organisation::OrgId;

/// What is begun while another check runs is not begun; one that has not ended for so long is taken for lost.
const LONGEST: Duration = Duration::minutes(1);

impl Store {
    /// Notes that the keys of an organisation are being checked; returns when it was last changed. None if they are
    /// being checked already, or there are none.
    pub async fn begin_key_check(&self, organisation: &OrgId, now: OffsetDateTime) -> Result<Option<OffsetDateTime>> {
        sqlx::query_scalar!(
            r#"
            insert into key_check (organisation_id, begun_at, checked_as_of)
            select id, $2, updated_at from organisation
            where id = $1 and client_id is not null and deleted_at is null
            on conflict (organisation_id) do update
            set begun_at = excluded.begun_at, checked_as_of = excluded.checked_as_of, ended_at = null, steps = '[]'
            where key_check.ended_at is not null or key_check.begun_at < $2::timestamptz - $3::interval
               or key_check.checked_as_of <> excluded.checked_as_of
            returning checked_as_of
            "#,
            organisation.as_str(),
            now,
            interval(LONGEST),
        )
        .fetch_optional(&self.pool)
        .await
    }

    /// Keeps what came of a check, unless a newer one has begun.
    pub async fn end_key_check(
        &self,
        organisation: &OrgId,
        begun_at: OffsetDateTime,
        ended_at: OffsetDateTime,
        steps: &[Step],
    ) -> Result<()> {
        sqlx::query!(
            "update key_check set ended_at = $3, steps = $4 where organisation_id = $1 and begun_at = $2",
            organisation.as_str(),
            begun_at,
            ended_at,
            Json(steps) as _,
        )
        .execute(&self.pool)
        .await
        .map(drop)
    }

    /// The last check of an organisation's keys; none if they were never checked.
    pub async fn key_check(&self, organisation: &OrgId) -> Result<Option<KeyCheck>> {
        let row = sqlx::query!(
            r#"
            select k.begun_at, k.ended_at, k.checked_as_of <> o.updated_at as "is_outdated!", k.steps as "steps!: Json<Vec<Step>>"
            from key_check k join organisation o on o.id = k.organisation_id
            where k.organisation_id = $1
            "#,
            organisation.as_str(),
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(|row| KeyCheck {
            begun_at: row.begun_at,
            ended_at: row.ended_at,
            is_outdated: row.is_outdated,
            steps: row.steps.0,
        }))
    }
}
