//! The list of sales units: what is found in it, and its rows.

use futures::stream::BoxStream;
use futures::{Stream, StreamExt, TryStreamExt};
use time::OffsetDateTime;

use super::list_index::{Indexed, KeyOrder, ListKind};
use super::sales_units::business_identifier;
use super::{Result, Tenant};
use crate::domain::identifiers::{BusinessIdentifier, Msn};
use crate::domain::sales_unit::{CaptureType, Configuration, SalesUnitRow};
use crate::domain::sales_unit_filter::{SalesUnitFacets, SalesUnitTraits, Sort};

/// The key is the MSN.
pub struct SalesUnits;

impl ListKind for SalesUnits {
    type Facets = SalesUnitFacets;
    type Row = SalesUnitRow;

    const KEY_ORDER: KeyOrder = KeyOrder::Number;
    const BY_KEY: Option<Sort> = Some(Sort::Msn);

    fn changes<'a>(tenant: &'a mut Tenant<'_>, version: i64) -> BoxStream<'a, Result<Indexed>> {
        tenant.changed_sales_units(version).boxed()
    }

    async fn rows(tenant: &mut Tenant<'_>, keys: &[String]) -> Result<Vec<(String, SalesUnitRow)>> {
        tenant.sales_unit_rows(keys).await
    }
}

impl Tenant<'_> {
    async fn sales_unit_rows(&mut self, msns: &[String]) -> Result<Vec<(String, SalesUnitRow)>> {
        let scope = self.scope;
        let rows = sqlx::query!(
            r#"
            select s.msn, s.name, s.business_scheme, s.business_id, s.merchant_name, s.capture_type,
                   s.payment_allowed, s.recurring_allowed, s.skip_landing_page_allowed, s.partial_capture_allowed,
                   s.late_capture_allowed, s.landing_page_phone_number_locked, s.long_living_payment_allowed,
                   s.credit_card_payment_allowed, s.details_at, s.gone_at
            from unnest($2::text[]) as wanted (msn)
            join sales_unit s on s.organisation_id = $1 and s.msn = wanted.msn
            where $3::text is null or (s.business_scheme = $3 and s.business_id = $4)
            "#,
            scope.copy.as_str(),
            msns,
            scope.scheme(),
            scope.business_id(),
        )
        .fetch_all(self.connection())
        .await?;
        let rows = rows.into_iter().filter_map(|row| {
            let unit = SalesUnitRow {
                msn: Msn::parse(&row.msn)?,
                name: row.name,
                business_identifier: business_identifier(row.business_scheme, row.business_id),
                merchant_name: row.merchant_name,
                configuration: Configuration {
                    capture_type: CaptureType::from_upstream(row.capture_type.as_deref()),
                    payment_allowed: row.payment_allowed.into(),
                    recurring_allowed: row.recurring_allowed.into(),
                    skip_landing_page_allowed: row.skip_landing_page_allowed.into(),
                    partial_capture_allowed: row.partial_capture_allowed.into(),
                    late_capture_allowed: row.late_capture_allowed.into(),
                    landing_page_phone_number_locked: row.landing_page_phone_number_locked.into(),
                    long_living_payment_allowed: row.long_living_payment_allowed.into(),
                    credit_card_payment_allowed: row.credit_card_payment_allowed.into(),
                },
                details_at: row.details_at,
                gone_at: row.gone_at,
            };
            Some((row.msn, unit))
        });
        Ok(rows.collect())
    }

    /// Everything the index keeps, of the units that changed after `version`. Two queries in one, of which one runs:
    /// a merchant's units are found by whose they are, without a look at all that has changed in the partner's copy.
    fn changed_sales_units(&mut self, version: i64) -> impl Stream<Item = Result<Indexed>> {
        let scope = self.scope;
        sqlx::query!(
            r#"
            select msn as "msn!", name, merchant_name, business_scheme, business_id, capture_type, payment_allowed,
                   recurring_allowed, skip_landing_page_allowed, partial_capture_allowed, late_capture_allowed,
                   landing_page_phone_number_locked, long_living_payment_allowed, credit_card_payment_allowed,
                   details_at is not null as "has_details!", gone_at, version as "version!"
            from sales_unit
            where $3::text is null and organisation_id = $1 and version > $2
            union all
            select msn, name, merchant_name, business_scheme, business_id, capture_type, payment_allowed,
                   recurring_allowed, skip_landing_page_allowed, partial_capture_allowed, late_capture_allowed,
                   landing_page_phone_number_locked, long_living_payment_allowed, credit_card_payment_allowed,
                   details_at is not null, gone_at, version
            from sales_unit
            where organisation_id = $1 and business_scheme = $3 and business_id = $4 and version > $2
            "#,
            scope.copy.as_str(),
            version,
            scope.scheme(),
            scope.business_id(),
        )
        .fetch(self.connection())
        .map_ok(|row| {
            let business = business_identifier(row.business_scheme, row.business_id);
            let traits = SalesUnitTraits {
                capture_type: &CaptureType::from_upstream(row.capture_type.as_deref()),
                market: business.as_ref().and_then(BusinessIdentifier::market).into(),
                flags: [
                    row.payment_allowed.into(),
                    row.recurring_allowed.into(),
                    row.skip_landing_page_allowed.into(),
                    row.partial_capture_allowed.into(),
                    row.late_capture_allowed.into(),
                    row.landing_page_phone_number_locked.into(),
                    row.long_living_payment_allowed.into(),
                    row.credit_card_payment_allowed.into(),
                ],
                has_details: row.has_details,
                gone: row.gone_at.is_some(),
            };
            let facets = traits.bits();
            let (name, merchant) = (row.name.unwrap_or_default(), row.merchant_name.unwrap_or_default());
            let business_id = business.map(|business| business.id).unwrap_or_default();
            Indexed {
                // In the order of the sorts: name, MSN (which is the key), merchant.
                sorts: vec![name.clone(), String::new(), merchant.clone()],
                fields: vec![name, row.msn.clone(), merchant, business_id],
                key: row.msn,
                facets,
                moment: row.gone_at.map_or(0, OffsetDateTime::unix_timestamp),
                version: row.version,
                ..Indexed::default()
            }
        })
    }
}
