//! What only the portal's secret keys open. Sealed things begin with the id of their key, in four bytes.

use sqlx::PgConnection;
use uuid::Uuid;

use super::{Result, Store, Tenant, unreadable};
use crate::domain::organisation::OrgId;

/// Every table and column that holds something sealed. What is here is sealed again with new keys; a test finds
/// columns that are not.
pub const SEALED_COLUMNS: [(&str, &str); 2] = [("product_order", "sealed_request"), ("sealed_secret", "sealed")];

/// How many things are sealed with the key of an id.
pub type KeyCount = (Vec<u8>, i64);

/// Held while keys are changed; ends when it is dropped.
pub struct KeyLock {
    _connection: PgConnection,
}

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

    /// None while somebody else holds it.
    pub async fn lock_secret_keys(&self) -> Result<Option<KeyLock>> {
        let mut connection = self.pool.acquire().await?.detach();
        let locked = sqlx::query_scalar!(r#"select pg_try_advisory_lock(hashtext('portal secret keys')) as "locked!""#)
            .fetch_one(&mut connection)
            .await?;
        Ok(locked.then_some(KeyLock { _connection: connection }))
    }

    /// Every organisation there ever was, removed ones included: something sealed can be kept of them, too.
    pub async fn organisations_ever(&self) -> Result<Vec<OrgId>> {
        let ids = sqlx::query_scalar!("select id from organisation order by id").fetch_all(&self.pool).await?;
        ids.into_iter().map(|id| OrgId::try_from(id).map_err(unreadable)).collect()
    }

    /// Secrets that were sealed with other keys than this one, by name from `after` on.
    pub async fn secrets_sealed_otherwise(
        &self,
        key: &[u8],
        after: &str,
        limit: i64,
    ) -> Result<Vec<(String, Vec<u8>)>> {
        let rows = sqlx::query!(
            r#"
            select name, sealed from sealed_secret where substring(sealed from 1 for 4) <> $1 and name > $2
            order by name limit $3
            "#,
            key,
            after,
            limit,
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(|row| (row.name, row.sealed)).collect())
    }

    /// False if it has become another one meanwhile.
    pub async fn replace_sealed_secret(&self, name: &str, old: &[u8], new: &[u8]) -> Result<bool> {
        let replaced =
            sqlx::query!("update sealed_secret set sealed = $3 where name = $1 and sealed = $2", name, old, new)
                .execute(&self.pool)
                .await?;
        Ok(replaced.rows_affected() == 1)
    }

    pub async fn keys_of_sealed_secrets(&self) -> Result<Vec<KeyCount>> {
        let rows = sqlx::query!(
            r#"select substring(sealed from 1 for 4) as "key!", count(*) as "count!" from sealed_secret group by 1"#
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(|row| (row.key, row.count)).collect())
    }
}

impl Tenant<'_> {
    /// Requests that were sealed with other keys than this one, by order from `after` on.
    pub async fn requests_sealed_otherwise(
        &mut self,
        key: &[u8],
        after: Uuid,
        limit: i64,
    ) -> Result<Vec<(Uuid, Vec<u8>)>> {
        let organisation = self.scope.copy.as_str();
        let rows = sqlx::query!(
            r#"
            select id, sealed_request as "sealed!" from product_order
            where organisation_id = $1 and sealed_request is not null
              and substring(sealed_request from 1 for 4) <> $2 and id > $3
            order by id limit $4
            "#,
            organisation,
            key,
            after,
            limit,
        )
        .fetch_all(self.connection())
        .await?;
        Ok(rows.into_iter().map(|row| (row.id, row.sealed)).collect())
    }

    /// False if it has become another one meanwhile, or is not needed any more.
    pub async fn replace_sealed_request(&mut self, order: Uuid, old: &[u8], new: &[u8]) -> Result<bool> {
        let organisation = self.scope.copy.as_str();
        let replaced = sqlx::query!(
            r#"
            update product_order set sealed_request = $4
            where organisation_id = $1 and id = $2 and sealed_request = $3
            "#,
            organisation,
            order,
            old,
            new,
        )
        .execute(self.connection())
        .await?;
        Ok(replaced.rows_affected() == 1)
    }

    pub async fn keys_of_sealed_requests(&mut self) -> Result<Vec<KeyCount>> {
        let organisation = self.scope.copy.as_str();
        let rows = sqlx::query!(
            r#"
            select substring(sealed_request from 1 for 4) as "key!", count(*) as "count!" from product_order
            where organisation_id = $1 and sealed_request is not null group by 1
            "#,
            organisation,
        )
        .fetch_all(self.connection())
        .await?;
        Ok(rows.into_iter().map(|row| (row.key, row.count)).collect())
    }
}
