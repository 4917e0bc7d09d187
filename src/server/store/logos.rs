//! Pictures that were checked, by the SHA-256 of their bytes.

use super::{Result, Tenant};

impl Tenant<'_> {
    /// Keeps a picture, once however often it is uploaded.
    pub async fn save_logo(&mut self, hash: &str, png: &[u8]) -> Result<()> {
        let organisation = self.scope.copy.as_str();
        sqlx::query!(
            "insert into logo (organisation_id, hash, png) values ($1, $2, $3) on conflict do nothing",
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
}
