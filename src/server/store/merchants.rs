//! The copy of the merchants: those that own the sales units of the copy.

use sqlx::types::Json;
use time::OffsetDateTime;

use super::{Result, Tenant};
use crate::domain::identifiers::BusinessIdentifier;
use crate::domain::merchant::{Address, Merchant};

impl Tenant<'_> {
    /// A merchant and when it was fetched; none if upstream has not told of it yet.
    pub async fn merchant(&mut self, business: &BusinessIdentifier) -> Result<Option<(Merchant, OffsetDateTime)>> {
        let organisation = self.scope.copy.as_str();
        let row = sqlx::query!(
            r#"
            select name as "name!", status, country_code, fetched_at as "fetched_at!",
                   business_address as "business_address: Json<Address>",
                   post_address as "post_address: Json<Address>",
                   created_upstream_at, updated_upstream_at
            from merchant
            where organisation_id = $1 and scheme = $2 and id = $3 and name is not null and fetched_at is not null
            "#,
            organisation,
            business.scheme,
            business.id,
        )
        .fetch_optional(self.connection())
        .await?;
        Ok(row.map(|row| {
            let merchant = Merchant {
                business_identifier: business.clone(),
                name: row.name,
                status: row.status,
                country_code: row.country_code,
                business_address: row.business_address.map(|Json(address)| address),
                post_address: row.post_address.map(|Json(address)| address),
                created_at: row.created_upstream_at,
                updated_at: row.updated_upstream_at,
            };
            (merchant, row.fetched_at)
        }))
    }

    /// Notes that a merchant exists, to be fetched when its turn comes.
    pub(super) async fn expect_merchant(&mut self, business: &BusinessIdentifier) -> Result<()> {
        let organisation = self.scope.copy.as_str();
        sqlx::query!(
            "insert into merchant (organisation_id, scheme, id) values ($1, $2, $3) on conflict do nothing",
            organisation,
            business.scheme,
            business.id,
        )
        .execute(self.connection())
        .await
        .map(drop)
    }

    /// Notes merchants that upstream names, to be fetched when their turn comes. Returns how many
    /// of them were not known by name.
    pub async fn expect_named_merchants(&mut self, listed: &[(BusinessIdentifier, String)]) -> Result<u64> {
        if listed.is_empty() {
            return Ok(0);
        }
        let organisation = self.scope.copy.as_str();
        let version = self.next_version().await?;
        let column = |read: fn(&(BusinessIdentifier, String)) -> &String| listed.iter().map(read).cloned().collect();
        let (schemes, ids, names): (Vec<String>, Vec<String>, Vec<String>) =
            (column(|(business, _)| &business.scheme), column(|(business, _)| &business.id), column(|(_, name)| name));
        let noted = sqlx::query!(
            r#"
            insert into merchant (organisation_id, scheme, id, name, version)
            select distinct on (scheme, id) $1, scheme, id, nullif(name, ''), $5
            from unnest($2::text[], $3::text[], $4::text[]) as listed (scheme, id, name)
            on conflict (organisation_id, scheme, id) do update
            set name = excluded.name, version = excluded.version
            where merchant.name is null and excluded.name is not null
            "#,
            organisation,
            &schemes,
            &ids,
            &names,
            version,
        )
        .execute(self.connection())
        .await?;
        Ok(noted.rows_affected())
    }

    /// How many merchants there are, and how many of them have not been fetched since `since`.
    pub async fn count_merchants(&mut self, since: OffsetDateTime) -> Result<(i64, i64)> {
        let organisation = self.scope.copy.as_str();
        let row = sqlx::query!(
            r#"
            select count(*) as "total!", count(*) filter (where fetched_at is null or fetched_at < $2) as "due!"
            from merchant
            where organisation_id = $1
            "#,
            organisation,
            since,
        )
        .fetch_one(self.connection())
        .await?;
        Ok((row.total, row.due))
    }

    /// The next merchants to ask upstream about: those never asked about, then the oldest.
    pub async fn due_merchants(
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
            where organisation_id = $1 and (fetched_at is null or fetched_at < $2)
              and (failed_at is null or failed_at < $3)
            order by fetched_at nulls first
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

    /// Takes over merchants from upstream, and their names into the sales units that they own.
    pub async fn save_merchants(&mut self, answers: &[(Merchant, String)], now: OffsetDateTime) -> Result<()> {
        if answers.is_empty() {
            return Ok(());
        }
        let organisation = self.scope.copy.as_str();
        let version = self.next_version().await?;
        for (merchant, raw) in answers {
            let raw: Json<serde_json::Value> = Json(serde_json::from_str(raw).unwrap_or_default());
            let BusinessIdentifier { scheme, id } = &merchant.business_identifier;
            sqlx::query!(
                r#"
                insert into merchant (
                    organisation_id, scheme, id, name, status, country_code, business_address, post_address,
                    created_upstream_at, updated_upstream_at, raw, fetched_at)
                values ($1, $2, $3, nullif($4::text, ''), $5, $6, $7, $8, $9, $10, $11, $12)
                on conflict (organisation_id, scheme, id) do update
                set name = coalesce(excluded.name, merchant.name), status = excluded.status, country_code = excluded.country_code,
                    business_address = excluded.business_address, post_address = excluded.post_address,
                    created_upstream_at = excluded.created_upstream_at,
                    updated_upstream_at = excluded.updated_upstream_at, raw = excluded.raw,
                    fetched_at = excluded.fetched_at, failed_at = null, gone_at = null
                "#,
                organisation,
                scheme,
                id,
                merchant.name,
                merchant.status,
                merchant.country_code,
                merchant.business_address.as_ref().map(Json) as _,
                merchant.post_address.as_ref().map(Json) as _,
                merchant.created_at,
                merchant.updated_at,
                raw as _,
                now,
            )
            .execute(self.connection())
            .await?;
            sqlx::query!(
                r#"
                update sales_unit set merchant_name = coalesce(nullif($4::text, ''), merchant_name), version = $5
                where organisation_id = $1 and business_scheme = $2 and business_id = $3
                  and merchant_name is distinct from coalesce(nullif($4::text, ''), merchant_name)
                "#,
                organisation,
                scheme,
                id,
                merchant.name,
                version,
            )
            .execute(self.connection())
            .await?;
        }
        Ok(())
    }

    /// Notes that upstream told nothing of these merchants this time; `gone` if it says that
    /// they do not exist.
    pub async fn note_failed_merchants(
        &mut self,
        merchants: &[BusinessIdentifier],
        gone: bool,
        now: OffsetDateTime,
    ) -> Result<()> {
        let organisation = self.scope.copy.as_str();
        let schemes: Vec<String> = merchants.iter().map(|merchant| merchant.scheme.clone()).collect();
        let ids: Vec<String> = merchants.iter().map(|merchant| merchant.id.clone()).collect();
        sqlx::query!(
            r#"
            update merchant m
            set failed_at = $4, gone_at = case when $5 then coalesce(m.gone_at, $4) else m.gone_at end
            from unnest($2::text[], $3::text[]) as failed (scheme, id)
            where m.organisation_id = $1 and m.scheme = failed.scheme and m.id = failed.id
            "#,
            organisation,
            &schemes,
            &ids,
            now,
            gone,
        )
        .execute(self.connection())
        .await
        .map(drop)
    }
}
