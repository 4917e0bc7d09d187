//! Browsers that have signed in before, by the hash of a token that they keep.

use uuid::Uuid;

use super::{Result, Store};

impl Store {
    pub async fn add_known_browser(&self, token_hash: &[u8], staff: Uuid) -> Result<()> {
        sqlx::query!(
            "insert into known_browser (token_hash, staff_id) values ($1, $2) on conflict do nothing",
            token_hash,
            staff,
        )
        .execute(&self.pool)
        .await
        .map(drop)
    }

    pub async fn knows_browser_of(&self, token_hash: &[u8], staff: Uuid) -> Result<bool> {
        sqlx::query_scalar!(
            r#"select exists (select from known_browser where token_hash = $1 and staff_id = $2) as "known!""#,
            token_hash,
            staff,
        )
        .fetch_one(&self.pool)
        .await
    }

    /// Whether somebody with this e-mail address has signed in with the browser that has the token.
    pub async fn is_known_browser(&self, token_hash: &[u8], email: &str) -> Result<bool> {
        sqlx::query_scalar!(
            r#"
            select exists (
                select from known_browser b join staff s on s.id = b.staff_id
                where b.token_hash = $1 and s.email = $2) as "known!"
            "#,
            token_hash,
            email,
        )
        .fetch_one(&self.pool)
        .await
    }
}
