//! The list of merchants: those that own a known sales unit, or that upstream has told of.

use futures::stream::BoxStream;
use futures::{Stream, StreamExt, TryStreamExt};

use super::list_index::{Indexed, ListKind, time_text};
use super::{Result, Tenant};
use crate::domain::identifiers::BusinessIdentifier;
use crate::domain::merchant::{MerchantRow, MerchantStatus};
use crate::domain::merchant_filter::{MerchantFacets, MerchantTraits, StatusFacet};

/// The key is the business identifier: its scheme, [`APART`], the number in it.
pub struct Merchants;

/// Stands between scheme and number: nobody writes it in either.
const APART: char = '\u{1f}';

impl ListKind for Merchants {
    type Facets = MerchantFacets;
    type Row = MerchantRow;

    fn changes<'a>(tenant: &'a mut Tenant<'_>, version: i64) -> BoxStream<'a, Result<Indexed>> {
        tenant.changed_merchants(version).boxed()
    }

    async fn rows(tenant: &mut Tenant<'_>, keys: &[String]) -> Result<Vec<(String, MerchantRow)>> {
        tenant.merchant_rows(keys).await
    }
}

fn key_of(business: &BusinessIdentifier) -> String {
    format!("{}{APART}{}", business.scheme, business.id)
}

impl Tenant<'_> {
    async fn merchant_rows(&mut self, keys: &[String]) -> Result<Vec<(String, MerchantRow)>> {
        let organisation = self.scope.copy.as_str();
        let (schemes, ids): (Vec<String>, Vec<String>) = keys
            .iter()
            .filter_map(|key| key.split_once(APART))
            .map(|(scheme, id)| (scheme.to_owned(), id.to_owned()))
            .unzip();
        let rows = sqlx::query!(
            r#"
            select m.scheme, m.id, m.name, m.status, m.created_upstream_at, m.fetched_at, m.gone_at,
                   (select count(*) from sales_unit s
                    where s.organisation_id = $1 and s.business_scheme = m.scheme and s.business_id = m.id
                      and s.gone_at is null) as "units!"
            from unnest($2::text[], $3::text[]) as wanted (scheme, id)
            join merchant m on m.organisation_id = $1 and m.scheme = wanted.scheme and m.id = wanted.id
            "#,
            organisation,
            &schemes,
            &ids,
        )
        .fetch_all(self.connection())
        .await?;
        let rows = rows.into_iter().map(|row| {
            let merchant = MerchantRow {
                business_identifier: BusinessIdentifier::new(row.scheme, row.id),
                name: row.name,
                status: MerchantStatus::from_upstream(row.status.as_deref()),
                units: usize::try_from(row.units).unwrap_or_default(),
                created_at: row.created_upstream_at,
                fetched_at: row.fetched_at,
                gone_at: row.gone_at,
            };
            (key_of(&merchant.business_identifier), merchant)
        });
        Ok(rows.collect())
    }

    /// Everything the index keeps, of the merchants that changed after `version`, or of which a
    /// unit did.
    fn changed_merchants(&mut self, version: i64) -> impl Stream<Item = Result<Indexed>> {
        let organisation = self.scope.copy.as_str();
        sqlx::query!(
            r#"
            with changed as (
                select scheme, id from merchant where organisation_id = $1 and version > $2
                union
                select business_scheme, business_id from sales_unit
                where organisation_id = $1 and version > $2 and business_id is not null)
            select m.scheme, m.id, m.name, m.status, m.created_upstream_at, m.version,
                   m.fetched_at is not null as "fetched!", m.gone_at is not null as "gone!",
                   units.known > 0 as "owns!", units.visible > 0 as "has_units!"
            from changed
            join merchant m on m.organisation_id = $1 and m.scheme = changed.scheme and m.id = changed.id
            cross join lateral (
                select count(*) as known, count(*) filter (where s.gone_at is null) as visible
                from sales_unit s
                where s.organisation_id = $1 and s.business_scheme = changed.scheme and s.business_id = changed.id
            ) units
            "#,
            organisation,
            version,
        )
        .fetch(self.connection())
        .map_ok(|row| {
            let business = BusinessIdentifier::new(row.scheme, row.id);
            let traits = MerchantTraits {
                market: business.market().into(),
                status: StatusFacet::from(&MerchantStatus::from_upstream(row.status.as_deref())),
                has_units: row.has_units,
                fetched: row.fetched,
                gone: row.gone,
            };
            let name = row.name.unwrap_or_default();
            let told = row.fetched || !name.is_empty();
            Indexed {
                key: key_of(&business),
                // In the order of the sorts: name, business identifier, creation.
                sorts: vec![name.clone(), business.id.clone(), time_text(row.created_upstream_at)],
                fields: vec![name, business.id],
                facets: traits.bits(),
                version: row.version,
                removed: !row.owns && !told,
                ..Indexed::default()
            }
        })
    }
}
