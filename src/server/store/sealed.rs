//! Secrets that only the portal's secret key opens.

use super::{Result, Store};

impl Store {
    pub async fn save_sealed_secret(&self, name: &str, sealed: &[u8]) -> Result<()> {
        sqlx::query!(
            r#"
            insert into sealed_secret (name, sealed) values ($1, $2)
            on conflict (name) do update set sealed = excluded.sealed, updated_at = now()
            "#,
            name,
            sealed,
        )
        .execute(&self.pool)
        .await
        .map(drop)
    }

    pub async fn sealed_secret(&self, name: &str) -> Result<Option<Vec<u8>>> {
        sqlx::query_scalar!("select sealed from sealed_secret where name = $1", name).fetch_optional(&self.pool).await
    }
}
