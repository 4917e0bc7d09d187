//! Taking over what upstream lists: for all sales units in one list, for each unit in one of its own.

use std::collections::{HashMap, HashSet};

use serde::Serialize;
use sqlx::types::Json;
use time::OffsetDateTime;
use uuid::Uuid;

use super::super::sales_units::is_implausible;
use super::super::{Result, Tenant};
use crate::domain::identifiers::Msn;
use crate::domain::webhook::ListedWebhook;

/// A list of registrations for all units that lacks so many at once is held against the rule of implausible
/// lists. Fewer are believed: that one or two vanish is what one wants to hear of.
const FEW: usize = 10;

/// What a list has changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebhookListOutcome {
    pub new: usize,
    /// Known ones that are different now, or back.
    pub changed: usize,
    pub gone: usize,
    /// Registrations missing from an implausible list; they were kept as they are.
    pub held: usize,
}

/// What upstream lists for one sales unit.
#[derive(Clone, Debug)]
pub struct UnitWebhooks {
    pub msn: Msn,
    /// When upstream was asked: what was registered or deleted later is not in it.
    pub asked_at: OffsetDateTime,
    pub listed: Vec<ListedWebhook>,
}

struct Known {
    msn: Option<String>,
    url: String,
    events: Vec<String>,
    seen_at: OffsetDateTime,
    gone: bool,
    deleted_at: Option<OffsetDateTime>,
}

/// A registration to be written, as the database reads it.
#[derive(Serialize)]
struct Entry<'a> {
    id: Uuid,
    msn: Option<&'a str>,
    url: &'a str,
    events: &'a [String],
    #[serde(skip)]
    asked_at: OffsetDateTime,
}

impl Tenant<'_> {
    /// Takes over the list of those that listen for all sales units, asked for at `asked_at`. If upstream lists
    /// those of single units as well, they stay theirs. What is missing is marked as gone, never deleted.
    pub async fn apply_webhook_list(
        &mut self,
        listed: &[ListedWebhook],
        asked_at: OffsetDateTime,
        now: OffsetDateTime,
        trusting: bool,
    ) -> Result<WebhookListOutcome> {
        let known = self.known_webhooks(None).await?;
        let entries = listed.iter().map(|webhook| {
            // One that a unit's own list shows, too, is the unit's.
            let own = known.get(&webhook.id).filter(|known| !known.gone).and_then(|known| known.msn.as_deref());
            Entry { id: webhook.id, msn: own, url: &webhook.url, events: &webhook.events, asked_at }
        });
        let entries: Vec<Entry<'_>> = entries.collect();
        let ids: HashSet<Uuid> = listed.iter().map(|webhook| webhook.id).collect();
        let partner_wide = || known.iter().filter(|(_, known)| known.msn.is_none() && !known.gone);
        let mut missing: Vec<Uuid> = partner_wide()
            .filter(|(id, known)| known.seen_at < asked_at && !ids.contains(id))
            .map(|(id, _)| *id)
            .collect();
        let mut held = 0;
        if !trusting && missing.len() > FEW && is_implausible(partner_wide().count(), missing.len()) {
            held = missing.len();
            missing.clear();
        }
        let outcome = self.write_webhooks(&known, &entries, &missing, now).await?;
        Ok(WebhookListOutcome { held, ..outcome })
    }

    /// Takes over what upstream lists for single sales units, and notes that they have been asked for.
    pub async fn save_unit_webhooks(
        &mut self,
        units: &[UnitWebhooks],
        now: OffsetDateTime,
    ) -> Result<WebhookListOutcome> {
        if units.is_empty() {
            return Ok(WebhookListOutcome::default());
        }
        let known = self.known_webhooks(Some(units)).await?;
        let (mut entries, mut missing, mut ids) = (Vec::new(), Vec::new(), HashSet::new());
        for unit in units {
            let (msn, asked_at) = (Some(unit.msn.as_str()), unit.asked_at);
            for webhook in unit.listed.iter().filter(|webhook| ids.insert(webhook.id)) {
                // Should two units show the same one, it stays with the first.
                let own = known.get(&webhook.id).filter(|known| !known.gone).and_then(|known| known.msn.as_deref());
                let entry =
                    Entry { id: webhook.id, msn: own.or(msn), url: &webhook.url, events: &webhook.events, asked_at };
                entries.push(entry);
            }
            let lacks = |id: &Uuid| unit.listed.iter().all(|webhook| webhook.id != *id);
            let of_unit = known.iter().filter(|(_, known)| known.msn.as_deref() == msn && !known.gone);
            missing.extend(of_unit.filter(|(id, known)| known.seen_at < asked_at && lacks(id)).map(|(id, _)| *id));
        }
        let outcome = self.write_webhooks(&known, &entries, &missing, now).await?;
        let organisation = self.scope.copy.as_str();
        let msns: Vec<String> = units.iter().map(|unit| unit.msn.to_string()).collect();
        sqlx::query!(
            r#"
            update sales_unit set webhooks_at = $3, webhooks_failed_at = null
            where organisation_id = $1 and msn = any($2)
            "#,
            organisation,
            &msns,
            now,
        )
        .execute(self.connection())
        .await?;
        Ok(outcome)
    }

    /// Those that are known: all of them, or those of some units and all that these list.
    async fn known_webhooks(&mut self, of: Option<&[UnitWebhooks]>) -> Result<HashMap<Uuid, Known>> {
        let organisation = self.scope.copy.as_str();
        let of_units = of.unwrap_or_default();
        let msns: Vec<String> = of_units.iter().map(|unit| unit.msn.to_string()).collect();
        let ids: Vec<Uuid> = of_units.iter().flat_map(|unit| &unit.listed).map(|webhook| webhook.id).collect();
        let rows = sqlx::query!(
            r#"
            select id, msn, url, events, seen_at, gone_at is not null as "gone!", deleted_at from webhook
            where organisation_id = $1 and ($2 or msn = any($3) or id = any($4))
            "#,
            organisation,
            of.is_none(),
            &msns,
            &ids,
        )
        .fetch_all(self.connection())
        .await?;
        let known = rows.into_iter().map(|row| {
            let (deleted_at, gone) = (row.deleted_at, row.gone);
            let known =
                Known { msn: row.msn, url: row.url, events: row.events, seen_at: row.seen_at, gone, deleted_at };
            (row.id, known)
        });
        Ok(known.collect())
    }

    /// Writes what is new or different, marks what is missing, and notes of the rest that it was seen.
    async fn write_webhooks(
        &mut self,
        known: &HashMap<Uuid, Known>,
        entries: &[Entry<'_>],
        missing: &[Uuid],
        now: OffsetDateTime,
    ) -> Result<WebhookListOutcome> {
        let mut outcome = WebhookListOutcome::default();
        let (mut written, mut unchanged) = (Vec::new(), Vec::new());
        for entry in entries {
            match known.get(&entry.id) {
                // Upstream was asked before it was deleted here.
                Some(known) if known.deleted_at.is_some_and(|deleted| deleted >= entry.asked_at) => continue,
                Some(known) if known.shows(entry) => unchanged.push(entry.id),
                Some(_) => {
                    outcome.changed += 1;
                    written.push(entry);
                }
                None => {
                    outcome.new += 1;
                    written.push(entry);
                }
            }
        }
        outcome.gone = missing.len();
        let organisation = self.scope.copy.as_str();
        // Only where something has changed: each version makes the lists in memory read again.
        if !written.is_empty() || !missing.is_empty() {
            let version = self.next_version().await?;
            sqlx::query!(
                r#"
                insert into webhook as w (organisation_id, id, msn, url, events, version, first_seen_at, seen_at)
                select $1, l.id, l.msn, l.url, l.events, $3, $4, $4
                from jsonb_to_recordset($2) as l (id uuid, msn text, url text, events text[])
                on conflict (organisation_id, id) do update
                set msn = excluded.msn, url = excluded.url, events = excluded.events, version = excluded.version,
                    seen_at = excluded.seen_at, gone_at = null, deleted_at = null, deleted_by_email = null
                where w.deleted_at is null or w.deleted_at < $5
                "#,
                organisation,
                Json(&written) as _,
                version,
                now,
                written.iter().map(|entry| entry.asked_at).min().unwrap_or(now),
            )
            .execute(self.connection())
            .await?;
            sqlx::query!(
                "update webhook set gone_at = $3, version = $4 where organisation_id = $1 and id = any($2) and gone_at is null",
                organisation,
                missing,
                now,
                version,
            )
            .execute(self.connection())
            .await?;
        }
        if !unchanged.is_empty() {
            sqlx::query!(
                "update webhook set seen_at = $3 where organisation_id = $1 and id = any($2)",
                organisation,
                &unchanged,
                now,
            )
            .execute(self.connection())
            .await?;
        }
        Ok(outcome)
    }

    /// How many units are visible, and how many of them have not been asked for since `since`.
    pub async fn count_unit_webhooks(&mut self, since: OffsetDateTime) -> Result<(i64, i64)> {
        let organisation = self.scope.copy.as_str();
        let row = sqlx::query!(
            r#"
            select count(*) as "total!", count(*) filter (where webhooks_at is null or webhooks_at < $2) as "due!"
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

    /// The next units to ask for: those never asked for, then the oldest. One that failed after `retry_since`
    /// waits its turn.
    pub async fn due_unit_webhooks(
        &mut self,
        since: OffsetDateTime,
        retry_since: OffsetDateTime,
        limit: i64,
    ) -> Result<Vec<Msn>> {
        let organisation = self.scope.copy.as_str();
        let msns = sqlx::query_scalar!(
            r#"
            select msn from sales_unit
            where organisation_id = $1 and gone_at is null and (webhooks_at is null or webhooks_at < $2)
              and (webhooks_failed_at is null or webhooks_failed_at < $3)
            order by webhooks_at nulls first
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

    /// Notes that upstream told nothing of these units this time.
    pub async fn note_failed_unit_webhooks(&mut self, msns: &[Msn], now: OffsetDateTime) -> Result<()> {
        let organisation = self.scope.copy.as_str();
        let msns: Vec<String> = msns.iter().map(ToString::to_string).collect();
        sqlx::query!(
            "update sales_unit set webhooks_failed_at = $3 where organisation_id = $1 and msn = any($2)",
            organisation,
            &msns,
            now,
        )
        .execute(self.connection())
        .await
        .map(drop)
    }

    /// Has units asked for again before their time: those that have or had registrations, and all of them if
    /// they are at most `all_up_to`.
    pub async fn expire_unit_webhooks(&mut self, all_up_to: i64) -> Result<()> {
        self.hold_copy().await?;
        let organisation = self.scope.copy.as_str();
        sqlx::query!(
            r#"
            update sales_unit set webhooks_at = 'epoch', webhooks_failed_at = null
            where organisation_id = $1 and gone_at is null and webhooks_at > 'epoch'
              and (msn in (select w.msn from webhook w where w.organisation_id = $1)
                   or (select count(*) from sales_unit u where u.organisation_id = $1 and u.gone_at is null) <= $2)
            "#,
            organisation,
            all_up_to,
        )
        .execute(self.connection())
        .await
        .map(drop)
    }
}

impl Known {
    fn shows(&self, entry: &Entry<'_>) -> bool {
        !self.gone && self.msn.as_deref() == entry.msn && self.url == entry.url && self.events == entry.events
    }
}
