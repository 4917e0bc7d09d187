//! The copy of the sales units.

mod list;

use sqlx::types::Json;
use time::{Duration, OffsetDateTime};

pub use self::list::ListOutcome;
use super::{Result, Tenant};
use crate::domain::identifiers::{BusinessIdentifier, Msn};
use crate::domain::sales_unit::{CaptureType, Configuration, Flag, ListedSalesUnit, SalesUnit, SalesUnitDetails};

impl Tenant<'_> {
    pub async fn sales_unit(&mut self, msn: &Msn) -> Result<Option<SalesUnit>> {
        let scope = self.scope;
        let row = sqlx::query!(
            r#"
            select s.name, s.business_scheme, s.business_id, s.capture_type, s.payment_allowed, s.recurring_allowed,
                   s.skip_landing_page_allowed, s.partial_capture_allowed, s.late_capture_allowed,
                   s.landing_page_phone_number_locked, s.long_living_payment_allowed, s.credit_card_payment_allowed,
                   s.raw as "raw: Json<serde_json::Value>", s.first_seen_at, s.details_at, s.gone_at,
                   coalesce(s.last_seen_at, greatest(s.details_at, j.completed_at), s.first_seen_at) as "last_seen_at!"
            from sales_unit s
            left join sync_job j on j.organisation_id = s.organisation_id and j.resource = 'sales_units'
            where s.organisation_id = $1 and s.msn = $2
              and ($3::text is null or (s.business_scheme = $3 and s.business_id = $4))
            "#,
            scope.copy.as_str(),
            msn.as_str(),
            scope.scheme(),
            scope.business_id(),
        )
        .fetch_optional(self.connection())
        .await?;
        Ok(row.map(|row| SalesUnit {
            msn: msn.clone(),
            name: row.name,
            business_identifier: business_identifier(row.business_scheme, row.business_id),
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
            first_seen_at: row.first_seen_at,
            last_seen_at: row.last_seen_at,
            details_at: row.details_at,
            gone_at: row.gone_at,
            raw: row.raw.and_then(|Json(raw)| serde_json::to_string_pretty(&raw).ok()),
        }))
    }

    /// The merchant's other units, by name; at most `limit`, and how many there are.
    pub async fn sibling_sales_units(
        &mut self,
        merchant: &BusinessIdentifier,
        except: &Msn,
        limit: i64,
    ) -> Result<(Vec<ListedSalesUnit>, usize)> {
        let scope = self.scope;
        let rows = sqlx::query!(
            r#"
            select msn, name, count(*) over () as "count!"
            from sales_unit
            where organisation_id = $1 and business_scheme = $2 and business_id = $3 and msn <> $4 and gone_at is null
            order by name, msn
            limit $5
            "#,
            scope.copy.as_str(),
            merchant.scheme,
            merchant.id,
            except.as_str(),
            limit,
        )
        .fetch_all(self.connection())
        .await?;
        let count = rows.first().map_or(0, |row| usize::try_from(row.count).unwrap_or_default());
        let units = rows.into_iter();
        let units = units.filter_map(|row| Some(ListedSalesUnit { msn: Msn::parse(&row.msn)?, name: row.name }));
        Ok((units.collect(), count))
    }

    /// How many units are visible, and how many of them have no details yet or older ones than `since`.
    pub async fn count_sales_unit_details(&mut self, since: OffsetDateTime) -> Result<(i64, i64)> {
        let organisation = self.scope.copy.as_str();
        let row = sqlx::query!(
            r#"
            select count(*) as "total!", count(*) filter (where details_at is null or details_at < $2) as "due!"
            from sales_unit
            where organisation_id = $1 and gone_at is null
            "#,
            organisation,
            since,
        )
        .fetch_one(self.connection())
        .await?;
        Ok((row.total, row.due))
    }

    /// The next units to ask upstream about: those never asked about, then the oldest. One that
    /// failed after `retry_since` waits its turn.
    pub async fn due_sales_unit_details(
        &mut self,
        since: OffsetDateTime,
        retry_since: OffsetDateTime,
        limit: i64,
    ) -> Result<Vec<Msn>> {
        let organisation = self.scope.copy.as_str();
        let msns = sqlx::query_scalar!(
            r#"
            select msn from sales_unit
            where organisation_id = $1 and gone_at is null and (details_at is null or details_at < $2)
              and (details_failed_at is null or details_failed_at < $3)
            order by details_at nulls first
            limit $4
            "#,
            organisation,
            since,
            retry_since,
            limit,
        )
        .fetch_all(self.connection())
        .await?;
        Ok(msns.iter().filter_map(|msn| Msn::parse(msn)).collect())
    }

    /// Takes over details from upstream, each with upstream's answer as it was.
    pub async fn save_sales_unit_details(
        &mut self,
        answers: &[(SalesUnitDetails, String)],
        now: OffsetDateTime,
    ) -> Result<()> {
        if answers.is_empty() {
            return Ok(());
        }
        let organisation = self.scope.copy.as_str();
        let version = self.next_version().await?;
        let owners: Vec<_> = answers.iter().map(|(unit, _)| (&unit.msn, unit.business_identifier.as_ref())).collect();
        self.note_changing_owners(&owners, version).await?;
        for (unit, raw) in answers {
            let Configuration { capture_type, .. } = &unit.configuration;
            let flag = |flag: Flag| Option::<bool>::from(flag);
            let raw: Json<serde_json::Value> = Json(serde_json::from_str(raw).unwrap_or_default());
            let business = unit.business_identifier.as_ref();
            sqlx::query!(
                r#"
                insert into sales_unit as s (
                    organisation_id, msn, name, business_scheme, business_id, merchant_name, capture_type,
                    payment_allowed, recurring_allowed, skip_landing_page_allowed, partial_capture_allowed,
                    late_capture_allowed, landing_page_phone_number_locked, long_living_payment_allowed,
                    credit_card_payment_allowed, raw, version, first_seen_at, details_at)
                select $1, $2, nullif($3::text, ''), $4, $5,
                       (select m.name from merchant m where m.organisation_id = $1 and m.scheme = $4 and m.id = $5),
                       $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $17
                on conflict (organisation_id, msn) do update
                set name = coalesce(excluded.name, s.name), business_scheme = excluded.business_scheme,
                    business_id = excluded.business_id, merchant_name = excluded.merchant_name,
                    capture_type = excluded.capture_type, payment_allowed = excluded.payment_allowed,
                    recurring_allowed = excluded.recurring_allowed,
                    skip_landing_page_allowed = excluded.skip_landing_page_allowed,
                    partial_capture_allowed = excluded.partial_capture_allowed,
                    late_capture_allowed = excluded.late_capture_allowed,
                    landing_page_phone_number_locked = excluded.landing_page_phone_number_locked,
                    long_living_payment_allowed = excluded.long_living_payment_allowed,
                    credit_card_payment_allowed = excluded.credit_card_payment_allowed,
                    raw = excluded.raw, version = excluded.version, details_at = excluded.details_at,
                    details_failed_at = null, gone_at = null, last_seen_at = null
                "#,
                organisation,
                unit.msn.as_str(),
                unit.name,
                business.map(|business| business.scheme.as_str()),
                business.map(|business| business.id.as_str()),
                capture_type.upstream(),
                flag(unit.configuration.payment_allowed),
                flag(unit.configuration.recurring_allowed),
                flag(unit.configuration.skip_landing_page_allowed),
                flag(unit.configuration.partial_capture_allowed),
                flag(unit.configuration.late_capture_allowed),
                flag(unit.configuration.landing_page_phone_number_locked),
                flag(unit.configuration.long_living_payment_allowed),
                flag(unit.configuration.credit_card_payment_allowed),
                raw as _,
                version,
                now,
            )
            .execute(self.connection())
            .await?;
            if let Some(business) = business {
                self.expect_merchant(business, version).await?;
            }
        }
        Ok(())
    }

    /// Notes that upstream gave no details of these units this time.
    pub async fn note_failed_sales_unit_details(&mut self, msns: &[Msn], now: OffsetDateTime) -> Result<()> {
        let organisation = self.scope.copy.as_str();
        let msns: Vec<String> = msns.iter().map(ToString::to_string).collect();
        sqlx::query!(
            "update sales_unit set details_failed_at = $3 where organisation_id = $1 and msn = any($2)",
            organisation,
            &msns,
            now,
        )
        .execute(self.connection())
        .await
        .map(drop)
    }

    /// Marks a unit that upstream, asked for it alone, says it does not show.
    pub async fn mark_sales_unit_gone(&mut self, msn: &Msn, now: OffsetDateTime) -> Result<()> {
        let organisation = self.scope.copy.as_str();
        let version = self.next_version().await?;
        sqlx::query!(
            r#"
            update sales_unit s
            set gone_at = $3, version = $4, last_seen_at = greatest(s.first_seen_at, s.details_at, (
                select completed_at from sync_job where organisation_id = $1 and resource = 'sales_units'))
            where s.organisation_id = $1 and s.msn = $2 and s.gone_at is null
            "#,
            organisation,
            msn.as_str(),
            now,
            version,
        )
        .execute(self.connection())
        .await
        .map(drop)
    }

    /// Keeps other writers of the copy waiting until the end of the transaction, without raising its
    /// version. Whoever writes several rows does this first, so that no two wait for each other.
    pub async fn hold_copy(&mut self) -> Result<()> {
        let organisation = self.scope.copy.as_str();
        sqlx::query!("select version from copy where organisation_id = $1 for update", organisation)
            .fetch_optional(self.connection())
            .await
            .map(drop)
    }

    /// Raises the version of the copy. The row stays locked to the end of the transaction, so
    /// versions become visible in their order and no reader can miss one.
    pub(super) async fn next_version(&mut self) -> Result<i64> {
        let organisation = self.scope.copy.as_str();
        sqlx::query_scalar!(
            r#"
            insert into copy (organisation_id, version) values ($1, 1)
            on conflict (organisation_id) do update set version = copy.version + 1
            returning version
            "#,
            organisation,
        )
        .fetch_one(self.connection())
        .await
    }
}

/// Whether a list that lacks `missing` of `visible` units is more likely wrong than true: an
/// empty one always, otherwise one that lacks more than ten units and more than a third.
pub(super) fn is_implausible(visible: usize, missing: usize) -> bool {
    (missing == visible && visible > 0) || (missing > 10 && missing * 3 > visible)
}

pub(super) fn business_identifier(scheme: Option<String>, id: Option<String>) -> Option<BusinessIdentifier> {
    Some(BusinessIdentifier { scheme: scheme?, id: id? })
}

/// How long details count as fresh, before they are fetched again.
pub const DETAILS_LIFE: Duration = Duration::hours(24);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_lacks_too_much_is_not_believed() {
        for (visible, missing, implausible) in [
            (0, 0, false),
            (1, 1, true),
            (5, 1, false),
            (20, 10, false),
            (30, 11, true),
            (1_000, 300, false),
            (1_000, 334, true),
        ] {
            assert_eq!(is_implausible(visible, missing), implausible, "{missing} of {visible}");
        }
    }
}
