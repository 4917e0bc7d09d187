//! Signed-in sessions, by the hash of their id.

use serde_json::Value;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{Result, Store, interval};

/// A session ends after so long without a page being opened.
pub const IDLE_LIMIT: Duration = Duration::hours(4);
/// A session ends so long after signing in, whatever happens.
pub const ABSOLUTE_LIMIT: Duration = Duration::hours(12);

impl Store {
    /// Adds a session. False if the id is taken.
    pub async fn add_session(&self, id_hash: &[u8], staff: Option<Uuid>, record: &Value) -> Result<bool> {
        let added = sqlx::query!(
            r#"
            insert into session (id_hash, staff_id, record, expires_at) values ($1, $2, $3, now() + $4)
            on conflict do nothing
            "#,
            id_hash,
            staff,
            record,
            interval(ABSOLUTE_LIMIT),
        )
        .execute(&self.pool)
        .await?;
        Ok(added.rows_affected() == 1)
    }

    /// Changes a session that is there; one that was ended meanwhile stays ended.
    pub async fn save_session(&self, id_hash: &[u8], staff: Option<Uuid>, record: &Value) -> Result<()> {
        sqlx::query!(
            "update session set staff_id = $2, record = $3, last_seen_at = now() where id_hash = $1",
            id_hash,
            staff,
            record,
        )
        .execute(&self.pool)
        .await
        .map(drop)
    }

    /// A session that has not ended, when it will, and whether it is time to note that it is used.
    pub async fn session(&self, id_hash: &[u8]) -> Result<Option<(Value, OffsetDateTime, bool)>> {
        let row = sqlx::query!(
            r#"
            select record, expires_at, last_seen_at < now() - interval '1 minute' as "unseen!"
            from session
            where id_hash = $1 and expires_at > now() and last_seen_at > now() - $2::interval
            "#,
            id_hash,
            interval(IDLE_LIMIT),
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(|row| (row.record, row.expires_at, row.unseen)))
    }

    /// Notes that somebody is there, so that the session does not end for being idle.
    pub async fn note_session_use(&self, id_hash: &[u8]) -> Result<()> {
        sqlx::query!("update session set last_seen_at = now() where id_hash = $1", id_hash)
            .execute(&self.pool)
            .await
            .map(drop)
    }

    pub async fn end_session(&self, id_hash: &[u8]) -> Result<()> {
        sqlx::query!("delete from session where id_hash = $1", id_hash).execute(&self.pool).await.map(drop)
    }

    /// Removes what has ended by itself.
    pub async fn remove_ended_sessions(&self) -> Result<u64> {
        let idle = interval(IDLE_LIMIT);
        let removed =
            sqlx::query!("delete from session where expires_at < now() or last_seen_at < now() - $1::interval", idle)
                .execute(&self.pool)
                .await?;
        sqlx::query!("delete from sign_in_throttle where updated_at < now() - interval '1 day'")
            .execute(&self.pool)
            .await?;
        Ok(removed.rows_affected())
    }
}
