//! How often signing in has failed, by subject: an account, or an account from one address.

use time::{Duration, OffsetDateTime};

use super::{Result, Store, interval};

impl Store {
    /// Until when attempts with one of these subjects are turned away; none if they are not.
    pub async fn sign_in_blocked_until(&self, subjects: &[Vec<u8>]) -> Result<Option<OffsetDateTime>> {
        sqlx::query_scalar!(
            "select max(blocked_until) from sign_in_throttle where subject_hash = any($1) and blocked_until > now()",
            subjects,
        )
        .fetch_one(&self.pool)
        .await
    }

    /// Counts a failure. After `free` of them each further one blocks for twice as long as the
    /// one before, from one second up to `longest`. A quiet day forgets them.
    pub async fn note_failed_sign_in(&self, subject: &[u8], free: i32, longest: Duration) -> Result<()> {
        sqlx::query!(
            r#"
            insert into sign_in_throttle as t (subject_hash, failures, blocked_until)
            values ($1, 1, now())
            on conflict (subject_hash) do update
            set failures = case when t.updated_at < now() - interval '1 day' then 1 else t.failures + 1 end,
                updated_at = now(),
                blocked_until = now() + case
                    when t.updated_at < now() - interval '1 day' or t.failures < $2 then interval '0'
                    else least($3, interval '1 second' * power(2, least(t.failures - $2, 20))) end
            "#,
            subject,
            free,
            interval(longest),
        )
        .execute(&self.pool)
        .await
        .map(drop)
    }

    /// Forgets the failures of a subject that has signed in.
    pub async fn forget_failed_sign_ins(&self, subject: &[u8]) -> Result<()> {
        sqlx::query!("delete from sign_in_throttle where subject_hash = $1", subject)
            .execute(&self.pool)
            .await
            .map(drop)
    }
}
