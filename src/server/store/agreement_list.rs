//! The list of recurring agreements: what is found in it, and its rows.

use futures::stream::BoxStream;
use futures::{Stream, StreamExt, TryStreamExt};
use sqlx::types::Json;
use time::Date;

use super::agreements::standing;
use super::charges::{last_charge, next_charge};
use super::list_index::{Indexed, ListKind, time_text};
use super::{Result, Tenant};
use crate::domain::agreement::{AgreementRow, Interval, Pricing, StoppedBy};
use crate::domain::agreement_filter::{AgreementFacets, AgreementTraits};
use crate::domain::charge::{ChargeState, Outlook};
use crate::domain::phone_number::PhoneNumber;
use crate::domain::standing::State;

/// The key is upstream's id.
pub struct Agreements;

impl ListKind for Agreements {
    type Facets = AgreementFacets;
    type Row = AgreementRow;

    fn changes<'a>(tenant: &'a mut Tenant<'_>, version: i64) -> BoxStream<'a, Result<Indexed>> {
        tenant.changed_agreements(version).boxed()
    }

    async fn rows(tenant: &mut Tenant<'_>, keys: &[String]) -> Result<Vec<(String, AgreementRow)>> {
        tenant.agreement_rows(keys).await
    }
}

impl Tenant<'_> {
    async fn agreement_rows(&mut self, ids: &[String]) -> Result<Vec<(String, AgreementRow)>> {
        let organisation = self.scope.copy.as_str();
        let rows = sqlx::query!(
            r#"
            select id, state, contradiction, state_as_of, stopped_by, product_name,
                   pricing as "pricing: Json<Pricing>", charged_every as "charged_every: Json<Interval>",
                   started_at, stopped_at, phone_number, external_id, gone_at,
                   next_due_on, next_amount, last_on, last_amount, last_state
            from unnest($2::text[]) as wanted (wanted_id)
            join agreement on organisation_id = $1 and id = wanted_id
            "#,
            organisation,
            ids,
        )
        .fetch_all(self.connection())
        .await?;
        let rows = rows.into_iter().map(|row| {
            let agreement = AgreementRow {
                id: row.id.clone(),
                state: standing(row.state.as_deref(), row.contradiction, row.state_as_of).told(),
                stopped_by: row.stopped_by.as_deref().and_then(StoppedBy::from_upstream),
                product_name: row.product_name,
                pricing: row.pricing.0,
                interval: row.charged_every.map(|interval| interval.0),
                start: row.started_at,
                stop: row.stopped_at,
                phone_number: row.phone_number.as_deref().and_then(PhoneNumber::parse),
                external_id: row.external_id,
                charges: Outlook {
                    next: next_charge(row.next_due_on, row.next_amount),
                    last: last_charge(row.last_on, row.last_amount, row.last_state.as_deref()),
                },
                gone_at: row.gone_at,
            };
            (row.id, agreement)
        });
        Ok(rows.collect())
    }

    /// Everything the index keeps, of the agreements that changed after `version`.
    fn changed_agreements(&mut self, version: i64) -> impl Stream<Item = Result<Indexed>> {
        let organisation = self.scope.copy.as_str();
        sqlx::query!(
            r#"
            select id, state, contradiction, state_as_of, product_name, pricing as "pricing: Json<Pricing>",
                   charged_every as "charged_every: Json<Interval>",
                   coalesce(started_at, created_upstream_at) as begun_at, phone_number, external_id,
                   next_due_on, last_on, last_state, gone_at is not null as "gone!", version
            from agreement where organisation_id = $1 and version > $2
            order by version
            "#,
            organisation,
            version,
        )
        .fetch(self.connection())
        .map_ok(|row| {
            let told = standing(row.state.as_deref(), row.contradiction, row.state_as_of).told();
            let traits = AgreementTraits {
                state: (&told).into(),
                pricing: (&row.pricing.0).into(),
                interval: row.charged_every.as_ref().map(|interval| interval.0.unit).into(),
                last_failed: row.last_state.as_deref() == Some(ChargeState::Failed.upstream()),
                planned: row.next_due_on.is_some(),
                gone: row.gone,
            };
            let day = |date: Option<Date>| date.map(|date| date.to_string()).unwrap_or_default();
            let price = match &row.pricing.0 {
                Pricing::Fixed(price) | Pricing::Variable { suggested_max: price, .. } => price.minor.max(0),
                Pricing::Flexible(_) | Pricing::Other { .. } => 0,
            };
            Indexed {
                // In the order of the sorts: start, product, price, next and last charge.
                sorts: vec![
                    time_text(row.begun_at),
                    row.product_name.clone(),
                    format!("{price:012}"),
                    day(row.next_due_on),
                    day(row.last_on),
                ],
                fields: vec![
                    row.product_name,
                    row.id.clone(),
                    row.external_id.unwrap_or_default(),
                    row.phone_number.unwrap_or_default(),
                ],
                key: row.id,
                facets: traits.bits(),
                version: row.version,
                ..Indexed::default()
            }
        })
    }
}
