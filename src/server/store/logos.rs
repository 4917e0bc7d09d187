//! Pictures that were checked, by the SHA-256 of their bytes.

use time::{Duration, OffsetDateTime};

use super::{Result, Tenant};

/// How long a picture is kept that nothing uses: somebody may still be filling in the form.
const UNUSED_LIFE: Duration = Duration::DAY;

impl Tenant<'_> {
    /// Keeps a picture, once however often it is uploaded.
    pub async fn save_logo(&mut self, hash: &str, png: &[u8]) -> Result<()> {
        let organisation = self.scope.copy.as_str();
        sqlx::query!(
            r#"
            insert into logo (organisation_id, hash, png) values ($1, $2, $3)
            on conflict (organisation_id, hash) do update set uploaded_at = now()
            "#,
            organisation,
            hash,
            png,
        )
        .execute(self.connection())
        .await
        .map(drop)
    }

    /// The bytes of a picture; none if it is not there.
    pub async fn logo(&mut self, hash: &str) -> Result<Option<Vec<u8>>> {
        let organisation = self.scope.copy.as_str();
        sqlx::query_scalar!("select png from logo where organisation_id = $1 and hash = $2", organisation, hash)
            .fetch_optional(self.connection())
            .await
    }

    /// Removes the pictures that no template and no order uses.
    pub async fn remove_unused_logos(&mut self, now: OffsetDateTime) -> Result<()> {
        let organisation = self.scope.copy.as_str();
        sqlx::query!(
            r#"
            delete from logo l
            where l.organisation_id = $1 and l.uploaded_at < $2
              and not exists (
                  select from template t where t.organisation_id = $1 and t.preset ->> 'logo' = l.hash)
              and not exists (
                  select from product_order o
                  where o.organisation_id = $1 and o.prefill is not null and o.prefill ->> 'logo' = l.hash)
            "#,
            organisation,
            now - UNUSED_LIFE,
        )
        .execute(self.connection())
        .await
        .map(drop)
    }
}
