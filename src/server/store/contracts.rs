//! The addresses of merchants' contracts, where upstream gives them.

use time::OffsetDateTime;

use super::{Result, Tenant};
use crate::domain::identifiers::BusinessIdentifier;

impl Tenant<'_> {
    /// A merchant's contracts and when they were fetched; none if they have not been yet.
    pub async fn contracts(&mut self, business: &BusinessIdentifier) -> Result<Option<(Vec<String>, OffsetDateTime)>> {
        let organisation = self.scope.copy.as_str();
        let row = sqlx::query!(
            r#"
            select contracts as "contracts!", contracts_at as "contracts_at!" from merchant
            where organisation_id = $1 and scheme = $2 and id = $3 and contracts is not null and contracts_at is not null
            "#,
            organisation,
            business.scheme,
            business.id,
        )
        .fetch_optional(self.connection())
        .await?;
        Ok(row.map(|row| (row.contracts, row.contracts_at)))
    }

    /// How many merchants there are, and of how many the contracts have not been fetched since `since`.
    pub async fn count_contracts(&mut self, since: OffsetDateTime) -> Result<(i64, i64)> {
        let organisation = self.scope.copy.as_str();
        let row = sqlx::query!(
            r#"
            select count(*) as "total!", count(*) filter (where contracts_at is null or contracts_at < $2) as "due!"
            from merchant where organisation_id = $1 and gone_at is null
            "#,
            organisation,
            since,
        )
        .fetch_one(self.connection())
        .await?;
        Ok((row.total, row.due))
    }

    /// The next merchants to ask upstream about, those never asked about first.
    pub async fn due_contracts(
        &mut self,
        since: OffsetDateTime,
        retry_since: OffsetDateTime,
        limit: i64,
    ) -> Result<Vec<BusinessIdentifier>> {
        let organisation = self.scope.copy.as_str();
        sqlx::query_as!(
            BusinessIdentifier,
            r#"
            select scheme, id from merchant
            where organisation_id = $1 and gone_at is null and (contracts_at is null or contracts_at < $2)
              and (contracts_failed_at is null or contracts_failed_at < $3)
            order by contracts_at nulls first
            limit $4
            "#,
            organisation,
            since,
            retry_since,
            limit,
        )
        .fetch_all(self.connection())
        .await
    }

    pub async fn save_contracts(
        &mut self,
        business: &BusinessIdentifier,
        urls: &[String],
        now: OffsetDateTime,
    ) -> Result<()> {
        let organisation = self.scope.copy.as_str();
        sqlx::query!(
            r#"
            update merchant set contracts = $4, contracts_at = $5, contracts_failed_at = null
            where organisation_id = $1 and scheme = $2 and id = $3
            "#,
            organisation,
            business.scheme,
            business.id,
            urls,
            now,
        )
        .execute(self.connection())
        .await
        .map(drop)
    }

    /// Notes that upstream told nothing usable of these merchants' contracts this time.
    pub async fn note_failed_contracts(&mut self, merchants: &[BusinessIdentifier], now: OffsetDateTime) -> Result<()> {
        let organisation = self.scope.copy.as_str();
        let schemes: Vec<String> = merchants.iter().map(|merchant| merchant.scheme.clone()).collect();
        let ids: Vec<String> = merchants.iter().map(|merchant| merchant.id.clone()).collect();
        sqlx::query!(
            r#"
            update merchant m set contracts_failed_at = $4
            from unnest($2::text[], $3::text[]) as failed (scheme, id)
            where m.organisation_id = $1 and m.scheme = failed.scheme and m.id = failed.id
            "#,
            organisation,
            &schemes,
            &ids,
            now,
        )
        .execute(self.connection())
        .await
        .map(drop)
    }
}
