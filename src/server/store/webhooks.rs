//! The copy of the webhook registrations, those for all sales units and those for one, and what the
//! portal itself knows of them.

mod coverage;
mod finding;
mod list;

use time::{Duration, OffsetDateTime};
use uuid::Uuid;

pub use self::finding::Webhooks;
pub use self::list::{UnitWebhooks, WebhookListOutcome};

use super::{Result, Tenant};
use crate::domain::identifiers::Msn;
use crate::domain::webhook::{Webhook, WebhookState, WebhookUnit};

/// So long a form that was sent is remembered.
const REQUEST_LIFE: Duration = Duration::days(30);

/// A registration made here, with upstream's id of it.
#[derive(Clone, Debug)]
pub struct RegisteredHere<'a> {
    pub id: Uuid,
    /// The form that it was made with.
    pub request: Uuid,
    pub msn: Option<&'a Msn>,
    pub url: &'a str,
    pub events: &'a [String],
    pub by_email: &'a str,
}

/// A row as it is read.
struct WebhookRow {
    id: Uuid,
    msn: Option<String>,
    url: String,
    events: Vec<String>,
    first_seen_at: OffsetDateTime,
    seen_at: OffsetDateTime,
    gone_at: Option<OffsetDateTime>,
    deleted_at: Option<OffsetDateTime>,
    deleted_by_email: Option<String>,
    registered_by_email: Option<String>,
    unit_name: Option<String>,
    unit_visible: bool,
}

impl From<WebhookRow> for Webhook {
    fn from(row: WebhookRow) -> Self {
        let state = match (row.deleted_at, row.deleted_by_email, row.gone_at) {
            (Some(at), Some(by), Some(_)) => WebhookState::Deleted { at, by },
            (_, _, Some(at)) => WebhookState::Vanished { at },
            _ => WebhookState::Listed,
        };
        let msn = row.msn.as_deref().and_then(Msn::parse);
        Self {
            id: row.id,
            url: row.url,
            events: row.events,
            unit: msn.map(|msn| WebhookUnit { msn, name: row.unit_name, visible: row.unit_visible }),
            first_seen_at: row.first_seen_at,
            seen_at: row.seen_at,
            state,
            registered_by: row.registered_by_email,
        }
    }
}

impl Tenant<'_> {
    pub async fn webhook(&mut self, id: Uuid) -> Result<Option<Webhook>> {
        Ok(self.webhooks_by_id(&[id]).await?.pop())
    }

    /// These registrations, in any order.
    pub async fn webhooks_by_id(&mut self, ids: &[Uuid]) -> Result<Vec<Webhook>> {
        let scope = self.scope;
        let rows = sqlx::query_as!(
            WebhookRow,
            r#"
            select w.id, w.msn, w.url, w.events, w.first_seen_at, w.seen_at, w.gone_at, w.deleted_at,
                   w.deleted_by_email, w.registered_by_email, s.name as "unit_name?",
                   (s.msn is not null and s.gone_at is null) as "unit_visible!"
            from unnest($2::uuid[]) as wanted (id)
            join webhook w on w.organisation_id = $1 and w.id = wanted.id
            left join sales_unit s on s.organisation_id = w.organisation_id and s.msn = w.msn
            where $3::text is null or (s.business_scheme = $3 and s.business_id = $4)
            "#,
            scope.copy.as_str(),
            ids,
            scope.scheme(),
            scope.business_id(),
        )
        .fetch_all(self.connection())
        .await?;
        Ok(rows.into_iter().map(Webhook::from).collect())
    }

    /// The events that come from all sales units, by name.
    pub async fn partner_wide_events(&mut self) -> Result<Vec<String>> {
        let organisation = self.scope.copy.as_str();
        sqlx::query_scalar!(
            r#"
            select distinct event as "event!" from webhook w cross join unnest(w.events) as e (event)
            where w.organisation_id = $1 and w.msn is null and w.gone_at is null
            order by 1
            "#,
            organisation,
        )
        .fetch_all(self.connection())
        .await
    }

    /// What upstream shows for one sales unit together with what it shows for all of them; with no unit, the
    /// latter alone. The oldest come first.
    pub async fn webhooks_that_reach(&mut self, msn: Option<&Msn>) -> Result<Vec<Webhook>> {
        let organisation = self.scope.copy.as_str();
        let rows = sqlx::query_as!(
            WebhookRow,
            r#"
            select w.id, w.msn, w.url, w.events, w.first_seen_at, w.seen_at, w.gone_at, w.deleted_at,
                   w.deleted_by_email, w.registered_by_email, s.name as "unit_name?",
                   (s.msn is not null and s.gone_at is null) as "unit_visible!"
            from webhook w
            left join sales_unit s on s.organisation_id = w.organisation_id and s.msn = w.msn
            where w.organisation_id = $1 and w.gone_at is null and (w.msn is null or w.msn = $2)
            order by w.first_seen_at, w.id
            "#,
            organisation,
            msn.map(Msn::as_str),
        )
        .fetch_all(self.connection())
        .await?;
        Ok(rows.into_iter().map(Webhook::from).collect())
    }

    /// Other registrations by which some of the same events come to the same URL for the same sales units; at
    /// most `limit`.
    pub async fn doubles_of_webhook(&mut self, webhook: &Webhook, limit: i64) -> Result<Vec<Webhook>> {
        let organisation = self.scope.copy.as_str();
        let rows = sqlx::query_as!(
            WebhookRow,
            r#"
            select w.id, w.msn, w.url, w.events, w.first_seen_at, w.seen_at, w.gone_at, w.deleted_at,
                   w.deleted_by_email, w.registered_by_email, s.name as "unit_name?",
                   (s.msn is not null and s.gone_at is null) as "unit_visible!"
            from webhook w
            left join sales_unit s on s.organisation_id = w.organisation_id and s.msn = w.msn
            where w.organisation_id = $1 and w.url = $2 and w.events && $3 and w.gone_at is null and w.id <> $4
              and ($5::text is null or w.msn is null or w.msn = $5)
            order by w.msn nulls first, w.first_seen_at
            limit $6
            "#,
            organisation,
            webhook.url,
            &webhook.events,
            webhook.id,
            webhook.msn().map(Msn::as_str),
            limit,
        )
        .fetch_all(self.connection())
        .await?;
        Ok(rows.into_iter().map(Webhook::from).collect())
    }

    /// Takes a form as sent: false if it has been sent before.
    pub async fn begin_webhook_request(&mut self, request: Uuid, now: OffsetDateTime) -> Result<bool> {
        let organisation = self.scope.copy.as_str();
        sqlx::query!(
            "delete from webhook_request where organisation_id = $1 and sent_at < $2",
            organisation,
            now - REQUEST_LIFE,
        )
        .execute(self.connection())
        .await?;
        let begun = sqlx::query!(
            r#"
            insert into webhook_request (organisation_id, id, sent_at) values ($1, $2, $3)
            on conflict (organisation_id, id) do nothing
            "#,
            organisation,
            request,
            now,
        )
        .execute(self.connection())
        .await?;
        Ok(begun.rows_affected() == 1)
    }

    /// The registration that a form has become, if upstream has said so; none if it has not been sent.
    pub async fn webhook_of_request(&mut self, request: Uuid) -> Result<Option<Option<Uuid>>> {
        let organisation = self.scope.copy.as_str();
        sqlx::query_scalar!(
            "select webhook_id from webhook_request where organisation_id = $1 and id = $2",
            organisation,
            request,
        )
        .fetch_optional(self.connection())
        .await
    }

    /// Keeps a registration that was made here; its secret is not kept.
    pub async fn keep_registered_webhook(&mut self, new: &RegisteredHere<'_>, now: OffsetDateTime) -> Result<()> {
        let organisation = self.scope.copy.as_str();
        let version = self.next_version().await?;
        sqlx::query!(
            r#"
            insert into webhook (
                organisation_id, id, msn, url, events, version, first_seen_at, seen_at, registered_by_email)
            values ($1, $2, $3, $4, $5, $6, $7, $7, $8)
            on conflict (organisation_id, id) do update
            set msn = excluded.msn, registered_by_email = excluded.registered_by_email, version = excluded.version
            "#,
            organisation,
            new.id,
            new.msn.map(Msn::as_str),
            new.url,
            new.events,
            version,
            now,
            new.by_email,
        )
        .execute(self.connection())
        .await?;
        sqlx::query!(
            "update webhook_request set webhook_id = $3 where organisation_id = $1 and id = $2",
            organisation,
            new.request,
            new.id,
        )
        .execute(self.connection())
        .await
        .map(drop)
    }

    /// Notes that a registration was deleted because somebody here asked for it.
    pub async fn note_webhook_deleted(&mut self, id: Uuid, by: &str, now: OffsetDateTime) -> Result<()> {
        let organisation = self.scope.copy.as_str();
        let version = self.next_version().await?;
        sqlx::query!(
            r#"
            update webhook set deleted_at = $3, deleted_by_email = $4, gone_at = coalesce(gone_at, $3), version = $5
            where organisation_id = $1 and id = $2 and deleted_at is null
            "#,
            organisation,
            id,
            now,
            by,
            version,
        )
        .execute(self.connection())
        .await
        .map(drop)
    }

    /// Notes that upstream does not have a registration any more.
    pub async fn note_webhook_gone(&mut self, id: Uuid, now: OffsetDateTime) -> Result<()> {
        let organisation = self.scope.copy.as_str();
        let version = self.next_version().await?;
        sqlx::query!(
            "update webhook set gone_at = $3, version = $4 where organisation_id = $1 and id = $2 and gone_at is null",
            organisation,
            id,
            now,
            version,
        )
        .execute(self.connection())
        .await
        .map(drop)
    }
}
