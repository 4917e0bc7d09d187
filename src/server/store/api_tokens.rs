//! Tokens of the API, by their hashes.

use time::OffsetDateTime;
use uuid::Uuid;

use super::{Result, Store, unreadable};
use crate::domain::api_token::{ApiToken, TokenScope};
use crate::domain::organisation::OrgId;

/// Whose a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenOwner {
    /// The instance itself: for the registry.
    Instance,
    /// An organisation, whoever is a member of it.
    Organisation(OrgId),
    /// A person, wherever they are a member.
    Staff(Uuid),
}

/// A token that was shown and is good.
#[derive(Clone, Debug)]
pub struct KnownToken {
    pub id: Uuid,
    pub name: String,
    pub owner: TokenOwner,
    pub scope: TokenScope,
}

/// A token about to be kept.
pub struct TokenToKeep<'a> {
    pub hash: &'a [u8],
    pub ending: &'a str,
    pub name: &'a str,
    pub scope: TokenScope,
    pub owner: &'a TokenOwner,
    pub by_email: Option<&'a str>,
    pub expires_at: Option<OffsetDateTime>,
}

impl Store {
    pub async fn keep_api_token(&self, token: &TokenToKeep<'_>) -> Result<Uuid> {
        let (staff, organisation) = ids(token.owner);
        let id = Uuid::new_v4();
        sqlx::query!(
            r#"
            insert into api_token (
                id, token_hash, ending, name, scope, staff_id, organisation_id, created_by_email, expires_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            "#,
            id,
            token.hash,
            token.ending,
            token.name,
            token.scope.as_str(),
            staff,
            organisation,
            token.by_email,
            token.expires_at,
        )
        .execute(&self.pool)
        .await?;
        Ok(id)
    }

    /// The token with this hash, if it is good now; that it was used is noted once a minute.
    pub async fn api_token(&self, hash: &[u8]) -> Result<Option<KnownToken>> {
        let row = sqlx::query!(
            r#"
            select t.id, t.name, t.scope, t.staff_id, t.organisation_id,
                   t.last_used_at is null or t.last_used_at < now() - interval '1 minute' as "stale_use!"
            from api_token t
            left join staff s on s.id = t.staff_id
            left join organisation o on o.id = t.organisation_id
            where t.token_hash = $1 and t.revoked_at is null and (t.expires_at is null or t.expires_at > now())
              and s.disabled_at is null and o.deleted_at is null
            "#,
            hash,
        )
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else { return Ok(None) };
        if row.stale_use {
            sqlx::query!("update api_token set last_used_at = now() where id = $1", row.id).execute(&self.pool).await?;
        }
        let owner = match (row.staff_id, row.organisation_id) {
            (Some(staff), _) => TokenOwner::Staff(staff),
            (None, Some(organisation)) => TokenOwner::Organisation(OrgId::try_from(organisation).map_err(unreadable)?),
            (None, None) => TokenOwner::Instance,
        };
        Ok(Some(KnownToken { id: row.id, name: row.name, owner, scope: row.scope.parse().map_err(unreadable)? }))
    }

    /// Tokens that were not revoked, the newest first.
    pub async fn api_tokens(&self, owner: &TokenOwner) -> Result<Vec<ApiToken>> {
        let (staff, organisation) = ids(owner);
        let rows = sqlx::query!(
            r#"
            select id, ending, name, scope, created_by_email, created_at, expires_at, last_used_at
            from api_token
            where staff_id is not distinct from $1 and organisation_id is not distinct from $2 and revoked_at is null
            order by created_at desc, id
            "#,
            staff,
            organisation,
        )
        .fetch_all(&self.pool)
        .await?;
        let tokens = rows.into_iter().map(|row| {
            Ok(ApiToken {
                id: row.id,
                ending: row.ending,
                name: row.name,
                scope: row.scope.parse().map_err(unreadable)?,
                created_by_email: row.created_by_email,
                created_at: row.created_at,
                expires_at: row.expires_at,
                last_used_at: row.last_used_at,
            })
        });
        tokens.collect()
    }

    /// False if this owner has no such token.
    pub async fn revoke_api_token(&self, owner: &TokenOwner, id: Uuid) -> Result<bool> {
        let (staff, organisation) = ids(owner);
        let revoked = sqlx::query!(
            r#"
            update api_token set revoked_at = now()
            where id = $1 and staff_id is not distinct from $2 and organisation_id is not distinct from $3
              and revoked_at is null
            "#,
            id,
            staff,
            organisation,
        )
        .execute(&self.pool)
        .await?;
        Ok(revoked.rows_affected() == 1)
    }
}

fn ids(owner: &TokenOwner) -> (Option<Uuid>, Option<&str>) {
    match owner {
        TokenOwner::Instance => (None, None),
        TokenOwner::Organisation(organisation) => (None, Some(organisation.as_str())),
        TokenOwner::Staff(staff) => (Some(*staff), None),
    }
}
