//! The copy of the merchants: those that own the sales units of the copy.

use sqlx::types::Json;
use time::OffsetDateTime;

use super::{Result, Tenant};
use crate::domain::identifiers::{BusinessIdentifier, Msn};
use crate::domain::merchant::{Address, KnownMerchant, Merchant, OwnedSalesUnit};
use crate::domain::sales_unit::ListedSalesUnit;

impl Tenant<'_> {
    /// A merchant and when it was fetched; none if upstream has not told of it yet.
    pub async fn merchant(&mut self, business: &BusinessIdentifier) -> Result<Option<(Merchant, OffsetDateTime)>> {
        let known = self.known_merchant(business).await?;
        let told = known.and_then(|known| known.details.zip(known.fetched_at));
        Ok(told.filter(|(merchant, _)| !merchant.name.is_empty()))
    }

    /// Everything that is known of a merchant; none if it neither owns a unit nor was told of.
    pub async fn known_merchant(&mut self, business: &BusinessIdentifier) -> Result<Option<KnownMerchant>> {
        let organisation = self.scope.copy.as_str();
        let row = sqlx::query!(
            r#"
            select m.name, m.status, m.country_code, m.business_address as "business_address: Json<Address>",
                   m.post_address as "post_address: Json<Address>", m.created_upstream_at, m.updated_upstream_at,
                   m.raw as "raw: Json<serde_json::Value>", m.first_seen_at, m.fetched_at, m.gone_at
            from merchant m
            where m.organisation_id = $1 and m.scheme = $2 and m.id = $3
              and (m.fetched_at is not null or m.name is not null or exists (
                  select from sales_unit s
                  where s.organisation_id = $1 and s.business_scheme = $2 and s.business_id = $3))
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
                name: row.name.clone().unwrap_or_default(),
                status: row.status,
                country_code: row.country_code,
                business_address: row.business_address.map(|Json(address)| address),
                post_address: row.post_address.map(|Json(address)| address),
                created_at: row.created_upstream_at,
                updated_at: row.updated_upstream_at,
            };
            KnownMerchant {
                business_identifier: business.clone(),
                known_name: row.name,
                details: row.fetched_at.is_some().then_some(merchant),
                first_seen_at: row.first_seen_at,
                fetched_at: row.fetched_at,
                gone_at: row.gone_at,
                raw: row.raw.and_then(|Json(raw)| serde_json::to_string_pretty(&raw).ok()),
            }
        }))
    }

    /// The merchant's units by name, those that are gone included; at most `limit`, and how many
    /// there are.
    pub async fn merchant_sales_units(
        &mut self,
        merchant: &BusinessIdentifier,
        limit: i64,
    ) -> Result<(Vec<OwnedSalesUnit>, usize)> {
        let scope = self.scope;
        let rows = sqlx::query!(
            r#"
            select msn, name, gone_at, count(*) over () as "count!"
            from sales_unit
            where organisation_id = $1 and business_scheme = $2 and business_id = $3
            order by gone_at is not null, name, msn
            limit $4
            "#,
            scope.copy.as_str(),
            merchant.scheme,
            merchant.id,
            limit,
        )
        .fetch_all(self.connection())
        .await?;
        let count = rows.first().map_or(0, |row| usize::try_from(row.count).unwrap_or_default());
        let units = rows.into_iter().filter_map(|row| {
            let unit = ListedSalesUnit { msn: Msn::parse(&row.msn)?, name: row.name };
            Some(OwnedSalesUnit { unit, gone_at: row.gone_at })
        });
        Ok((units.collect(), count))
    }

    /// Notes that a merchant exists, to be fetched when its turn comes. `version` is the copy's
    /// new one.
    pub(super) async fn expect_merchant(&mut self, business: &BusinessIdentifier, version: i64) -> Result<()> {
        let organisation = self.scope.copy.as_str();
        sqlx::query!(
            "insert into merchant (organisation_id, scheme, id, version) values ($1, $2, $3, $4) on conflict do nothing",
            organisation,
            business.scheme,
            business.id,
            version,
        )
        .execute(self.connection())
        .await
        .map(drop)
    }

    /// Notes that merchants have changed because these units, by MSN, are about to become somebody
    /// else's: those that they have belonged to until now.
    pub(super) async fn note_changing_owners(
        &mut self,
        units: &[(&Msn, Option<&BusinessIdentifier>)],
        version: i64,
    ) -> Result<()> {
        let organisation = self.scope.copy.as_str();
        let msns: Vec<String> = units.iter().map(|(msn, _)| msn.to_string()).collect();
        let schemes: Vec<Option<String>> =
            units.iter().map(|(_, owner)| owner.map(|owner| owner.scheme.clone())).collect();
        let ids: Vec<Option<String>> = units.iter().map(|(_, owner)| owner.map(|owner| owner.id.clone())).collect();
        sqlx::query!(
            r#"
            update merchant m set version = $2
            from unnest($3::text[], $4::text[], $5::text[]) as told (msn, scheme, id)
            join sales_unit s on s.organisation_id = $1 and s.msn = told.msn
            where m.organisation_id = $1 and m.scheme = s.business_scheme and m.id = s.business_id
              and (told.scheme, told.id) is distinct from (s.business_scheme, s.business_id)
            "#,
            organisation,
            version,
            &msns,
            &schemes as &[Option<String>],
            &ids as &[Option<String>],
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
                    created_upstream_at, updated_upstream_at, raw, fetched_at, version)
                values ($1, $2, $3, nullif($4::text, ''), $5, $6, $7, $8, $9, $10, $11, $12, $13)
                on conflict (organisation_id, scheme, id) do update
                set name = coalesce(excluded.name, merchant.name), status = excluded.status, country_code = excluded.country_code,
                    business_address = excluded.business_address, post_address = excluded.post_address,
                    created_upstream_at = excluded.created_upstream_at,
                    updated_upstream_at = excluded.updated_upstream_at, raw = excluded.raw,
                    fetched_at = excluded.fetched_at, failed_at = null, gone_at = null,
                    version = excluded.version
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
                version,
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
            sqlx::query!(
                r#"
                update product_order set merchant_name = coalesce(nullif($4::text, ''), merchant_name), version = $5
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
        let version = self.next_version().await?;
        let schemes: Vec<String> = merchants.iter().map(|merchant| merchant.scheme.clone()).collect();
        let ids: Vec<String> = merchants.iter().map(|merchant| merchant.id.clone()).collect();
        sqlx::query!(
            r#"
            update merchant m
            set failed_at = $4, gone_at = case when $5 then coalesce(m.gone_at, $4) else m.gone_at end, version = $6
            from unnest($2::text[], $3::text[]) as failed (scheme, id)
            where m.organisation_id = $1 and m.scheme = failed.scheme and m.id = failed.id
            "#,
            organisation,
            &schemes,
            &ids,
            now,
            gone,
            version,
        )
        .execute(self.connection())
        .await
        .map(drop)
    }
}
