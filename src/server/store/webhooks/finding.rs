//! The list of registrations: what is found in it, and its rows.

use futures::stream::BoxStream;
use futures::{Stream, StreamExt, TryStreamExt};
use time::OffsetDateTime;
use uuid::Uuid;

use super::super::list_index::{Indexed, ListKind};
use super::super::{Result, Tenant};
use crate::domain::freshness::machine;
use crate::domain::webhook::Webhook;
use crate::domain::webhook_filter::{StateFacet, WebhookFacets, bits};

/// The key is upstream's id.
pub struct Webhooks;

impl ListKind for Webhooks {
    type Facets = WebhookFacets;
    type Row = Webhook;

    fn changes<'a>(tenant: &'a mut Tenant<'_>, version: i64) -> BoxStream<'a, Result<Indexed>> {
        tenant.changed_webhooks(version).boxed()
    }

    async fn rows(tenant: &mut Tenant<'_>, keys: &[String]) -> Result<Vec<(String, Webhook)>> {
        let ids: Vec<Uuid> = keys.iter().filter_map(|key| key.parse().ok()).collect();
        let rows = tenant.webhooks_by_id(&ids).await?;
        Ok(rows.into_iter().map(|row| (row.id.to_string(), row)).collect())
    }
}

impl Tenant<'_> {
    /// Everything the index keeps, of the registrations that changed after `version`. A unit that gets another
    /// name changes its registrations. Two queries in one, of which one runs: a merchant has those for its own units.
    fn changed_webhooks(&mut self, version: i64) -> impl Stream<Item = Result<Indexed>> {
        let scope = self.scope;
        sqlx::query!(
            r#"
            select w.id as "id!", w.msn, w.url as "url!", w.events as "events!", w.first_seen_at as "first_seen_at!",
                   w.gone_at,
                   w.deleted_at is not null as "deleted!", s.name as "unit_name?",
                   greatest(w.version, s.version) as "version!"
            from webhook w
            left join sales_unit s on s.organisation_id = w.organisation_id and s.msn = w.msn
            where $3::text is null and w.organisation_id = $1 and (
                w.version > $2
                or w.msn in (select u.msn from sales_unit u where u.organisation_id = $1 and u.version > $2))
            union all
            select w.id, w.msn, w.url, w.events, w.first_seen_at, w.gone_at, w.deleted_at is not null, s.name,
                   greatest(w.version, s.version)
            from sales_unit s
            join webhook w on w.organisation_id = $1 and w.msn = s.msn
            where s.organisation_id = $1 and s.business_scheme = $3 and s.business_id = $4
              and greatest(w.version, s.version) > $2
            "#,
            scope.copy.as_str(),
            version,
            scope.scheme(),
            scope.business_id(),
        )
        .fetch(self.connection())
        .map_ok(|row| {
            let state = match (row.gone_at.is_some(), row.deleted) {
                (true, true) => StateFacet::Deleted,
                (true, false) => StateFacet::Vanished,
                (false, _) => StateFacet::Listed,
            };
            let (msn, name) = (row.msn.unwrap_or_default(), row.unit_name.unwrap_or_default());
            let id = row.id.to_string();
            // One without a name is sorted by its number, those for all units by nothing: they come last.
            let unit = if name.is_empty() { msn.clone() } else { name.clone() };
            Indexed {
                facets: bits(&row.events, !msn.is_empty(), state, &row.url),
                // In the order of the sorts: URL, sales unit, first seen.
                sorts: vec![row.url.clone(), unit, machine(row.first_seen_at)],
                fields: vec![row.url, id.clone(), msn, name],
                key: id,
                moment: row.gone_at.map_or(0, OffsetDateTime::unix_timestamp),
                version: row.version,
                ..Indexed::default()
            }
        })
    }
}
