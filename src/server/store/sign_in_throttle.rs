//! How often signing in has failed, by subject: an account, or an account from one address.

use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{Result, Store, interval};

impl Store {
    /// Counts an attempt before it is looked at, so that many at once are counted, too. Returns
    /// until when the subject is blocked; then the attempt is neither counted nor to be looked at.
    ///
    /// After `free` failures each further one blocks for twice as long as the one before, from one
    /// second up to `longest`. A quiet day forgets them.
    ///
    /// Compared with the clock, not with the statement's beginning: it may have waited for another attempt that began
    /// a moment later, and whose moment is no block.
    pub async fn count_sign_in(&self, subject: &[u8], free: i32, longest: Duration) -> Result<Option<OffsetDateTime>> {
        // Times cannot tell whether this attempt was counted: it may have waited for another one's row.
        let attempt = Uuid::new_v4();
        let row = sqlx::query!(
            r#"
            insert into sign_in_throttle as t (subject_hash, failures, blocked_until, counted)
            values ($1, 1, now(), $4)
            on conflict (subject_hash) do update
            set failures = case
                    when t.blocked_until > clock_timestamp() then t.failures
                    when t.updated_at < now() - interval '1 day' then 1
                    else t.failures + 1 end,
                counted = case when t.blocked_until > clock_timestamp() then t.counted else $4 end,
                updated_at = case when t.blocked_until > clock_timestamp() then t.updated_at else now() end,
                blocked_until = case
                    when t.blocked_until > clock_timestamp() then t.blocked_until
                    when t.updated_at < now() - interval '1 day' or t.failures < $2 then now()
                    else now() + least($3, interval '1 second' * power(2, least(t.failures - $2, 20))) end
            returning blocked_until, counted is distinct from $4 as "turned_away!"
            "#,
            subject,
            free,
            interval(longest),
            attempt,
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(row.turned_away.then_some(row.blocked_until))
    }

    /// Takes back an attempt that turned out to be the right person's.
    pub async fn take_back_sign_in(&self, subject: &[u8]) -> Result<()> {
        sqlx::query!(
            r#"
            update sign_in_throttle set failures = greatest(failures - 1, 0), blocked_until = now()
            where subject_hash = $1
            "#,
            subject,
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

#[cfg(test)]
mod tests {
    use sqlx::PgPool;

    use super::*;
    use crate::server::store::MIGRATIONS;

    #[sqlx::test(migrator = "MIGRATIONS")]
    async fn waiting_for_an_attempt_that_began_later_is_no_block(pool: PgPool) {
        let store = Store::over(pool.clone());
        let subject = b"account a@example.com";
        store.count_sign_in(subject, 5, Duration::minutes(1)).await.unwrap();

        let mut later = pool.begin().await.unwrap();
        sqlx::query("select from sign_in_throttle for update").execute(&mut *later).await.unwrap();
        let earlier = tokio::spawn(async move { store.count_sign_in(subject, 5, Duration::minutes(1)).await.unwrap() });
        let waiting =
            "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
        while sqlx::query_scalar::<_, i64>(waiting).fetch_one(&pool).await.unwrap() == 0 {
            tokio::task::yield_now().await;
            assert!(!earlier.is_finished(), "it does not wait");
        }
        // As an attempt is counted, and taken back, at a moment after the one that waits has begun.
        sqlx::query("update sign_in_throttle set failures = 2, blocked_until = clock_timestamp()")
            .execute(&mut *later)
            .await
            .unwrap();
        later.commit().await.unwrap();
        assert_eq!(earlier.await.unwrap(), None);
        let failures = sqlx::query_scalar::<_, i32>("select failures from sign_in_throttle").fetch_one(&pool).await;
        assert_eq!(failures.unwrap(), 3, "it is counted");
    }
}
