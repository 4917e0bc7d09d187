//! The copy of the charges of a merchant's recurring agreements.

use std::collections::{HashMap, HashSet};

use serde::Serialize;
use sqlx::types::Json;
use time::{Date, OffsetDateTime};

use super::agreements::moment;
use super::{Result, Tenant};
use crate::domain::charge::{
    Charge, ChargeEvent, ChargeKind, ChargeState, FailureReason, KnownCharge, LastCharge, NextCharge, Outlook, Sums,
    TransactionType,
};
use crate::domain::money::Currency;
use crate::domain::standing::{Standing, State, Told};

/// All charges that upstream shows of one agreement.
#[derive(Clone, Debug)]
pub struct ListedCharges {
    pub agreement_id: String,
    /// Each with upstream's answer as it was.
    pub charges: Vec<(Charge, String)>,
    pub asked_at: OffsetDateTime,
}

/// What is held of a charge's state, and what it was read from.
struct Known {
    standing: Standing<ChargeState>,
    raw: String,
    gone: bool,
}

/// A charge to be written, as the database reads it.
#[derive(Serialize)]
struct Entry<'a> {
    agreement_id: &'a str,
    id: &'a str,
    state: Option<&'static str>,
    contradiction: Option<String>,
    state_as_of: String,
    amount: i64,
    currency: Option<&'a str>,
    description: &'a str,
    due_on: Option<String>,
    kind: Option<&'a str>,
    transaction_type: Option<&'static str>,
    captured: Option<i64>,
    refunded: Option<i64>,
    cancelled: Option<i64>,
    retry_days: Option<u32>,
    failure_reason: Option<&'a str>,
    failure_description: Option<&'a str>,
    transaction_id: Option<&'a str>,
    external_id: Option<&'a str>,
    history: &'a [ChargeEvent],
    failed_on: Option<String>,
    raw: &'a str,
}

impl<'a> Entry<'a> {
    fn new(agreement_id: &'a str, charge: &'a Charge, raw: &'a str, standing: &Standing<ChargeState>) -> Self {
        let failed = Charge { state: standing.told(), ..charge.clone() }.failed_on(standing.as_of.date());
        Self {
            agreement_id,
            id: &charge.id,
            state: standing.state.map(State::upstream),
            contradiction: standing.contradiction.clone(),
            state_as_of: moment(standing.as_of),
            amount: charge.amount,
            currency: charge.currency.as_ref().map(Currency::code),
            description: &charge.description,
            due_on: charge.due.map(|due| due.to_string()),
            kind: word(&charge.kind),
            transaction_type: charge.transaction_type.map(TransactionType::upstream),
            captured: charge.sums.map(|sums| sums.captured),
            refunded: charge.sums.map(|sums| sums.refunded),
            cancelled: charge.sums.map(|sums| sums.cancelled),
            retry_days: charge.retry_days,
            failure_reason: charge.failure_reason.as_ref().map(FailureReason::upstream),
            failure_description: charge.failure_description.as_deref(),
            transaction_id: charge.transaction_id.as_deref(),
            external_id: charge.external_id.as_deref(),
            history: &charge.history,
            failed_on: failed.map(|day| day.to_string()),
            raw,
        }
    }
}

impl Tenant<'_> {
    /// Takes over all charges of some agreements. States follow the rules of [`Standing`]; a charge that upstream no
    /// longer shows is kept and marked as gone. Answers that were asked for before what is held are left out. What the agreements' list shows of their charges is brought up to date.
    pub async fn save_charges(&mut self, listed: &[ListedCharges], now: OffsetDateTime) -> Result<()> {
        self.hold_copy().await?;
        let mut known = self.known_charges(listed).await?;
        let (mut written, mut unchanged, mut gone) = (Vec::new(), Vec::new(), Vec::new());
        let mut outlooks = Vec::new();
        for ListedCharges { agreement_id, charges, asked_at } in listed {
            let mut held = Vec::new();
            let mut known = known.remove(agreement_id).unwrap_or_default();
            // Asked for before what is held: it says nothing about now.
            if known.values().any(|known| known.standing.as_of > *asked_at) {
                continue;
            }
            for (charge, raw) in charges {
                let before = known.remove(&charge.id);
                let mut standing = match &before {
                    Some(before) => before.standing.clone(),
                    None => Standing::new(&charge.state, *asked_at),
                };
                if before.is_some() {
                    standing.hear(&charge.state, *asked_at);
                }
                held.push(Charge { state: standing.told(), ..charge.clone() });
                let same = before.is_some_and(|before| {
                    before.standing.state == standing.state
                        && before.standing.contradiction == standing.contradiction
                        && before.raw == *raw
                        && !before.gone
                });
                if same {
                    unchanged.push((agreement_id.as_str(), charge.id.as_str()));
                } else {
                    written.push(Entry::new(agreement_id, charge, raw, &standing));
                }
            }
            // The rest is not shown any more.
            let missing = known.into_iter().filter(|(_, known)| !known.gone);
            gone.extend(missing.map(|(id, _)| (agreement_id.clone(), id)));
            outlooks.push((agreement_id.as_str(), Outlook::of(&held)));
        }
        self.write_charges(&written, now).await?;
        self.note_charges_seen(&unchanged, now).await?;
        self.mark_charges_gone(&gone, now).await?;
        self.save_outlooks(&outlooks, now).await
    }

    async fn write_charges(&mut self, written: &[Entry<'_>], now: OffsetDateTime) -> Result<()> {
        if written.is_empty() {
            return Ok(());
        }
        let organisation = self.scope.copy.as_str();
        sqlx::query!(
            r#"
            insert into charge (organisation_id, agreement_id, id, state, contradiction, state_as_of, amount, currency,
                                description, due_on, kind, transaction_type, captured, refunded, cancelled, retry_days,
                                failure_reason, failure_description, transaction_id, external_id, history, failed_on,
                                raw, first_seen_at, seen_at)
            select $1, a.id, l.id, l.state, l.contradiction, l.state_as_of, l.amount, l.currency,
                   l.description, l.due_on, l.kind, l.transaction_type, l.captured, l.refunded, l.cancelled,
                   l.retry_days, l.failure_reason, l.failure_description, l.transaction_id, l.external_id, l.history,
                   l.failed_on, l.raw, $3, $3
            from jsonb_to_recordset($2) as l (
                agreement_id text, id text, state text, contradiction text, state_as_of timestamptz, amount bigint,
                currency text, description text, due_on date, kind text, transaction_type text, captured bigint,
                refunded bigint, cancelled bigint, retry_days integer, failure_reason text, failure_description text,
                transaction_id text, external_id text, history json, failed_on date, raw text)
            -- An agreement may have gone with its organisation's keys meanwhile.
            join agreement a on a.organisation_id = $1 and a.id = l.agreement_id
            on conflict (organisation_id, agreement_id, id) do update
            set state = excluded.state, contradiction = excluded.contradiction, state_as_of = excluded.state_as_of,
                amount = excluded.amount, currency = coalesce(excluded.currency, charge.currency),
                description = excluded.description, due_on = excluded.due_on, kind = excluded.kind,
                transaction_type = excluded.transaction_type, captured = excluded.captured,
                refunded = excluded.refunded, cancelled = excluded.cancelled, retry_days = excluded.retry_days,
                failure_reason = excluded.failure_reason, failure_description = excluded.failure_description,
                transaction_id = excluded.transaction_id, external_id = excluded.external_id,
                history = excluded.history,
                -- Where upstream tells no day, the first one on which it was seen failed stays.
                failed_on = case when excluded.failed_on is null then null
                                 else least(charge.failed_on, excluded.failed_on) end,
                raw = excluded.raw, seen_at = excluded.seen_at, gone_at = null
            "#,
            organisation,
            Json(written) as _,
            now,
        )
        .execute(self.connection())
        .await?;
        Ok(())
    }

    async fn note_charges_seen(&mut self, seen: &[(&str, &str)], now: OffsetDateTime) -> Result<()> {
        if seen.is_empty() {
            return Ok(());
        }
        let organisation = self.scope.copy.as_str();
        let (agreements, ids): (Vec<String>, Vec<String>) =
            seen.iter().map(|(agreement, id)| ((*agreement).to_owned(), (*id).to_owned())).unzip();
        sqlx::query!(
            r#"
            update charge c set seen_at = $4
            from unnest($2::text[], $3::text[]) as seen (agreement_id, id)
            where c.organisation_id = $1 and c.agreement_id = seen.agreement_id and c.id = seen.id
            "#,
            organisation,
            &agreements,
            &ids,
            now,
        )
        .execute(self.connection())
        .await?;
        Ok(())
    }

    async fn mark_charges_gone(&mut self, gone: &[(String, String)], now: OffsetDateTime) -> Result<()> {
        if gone.is_empty() {
            return Ok(());
        }
        let organisation = self.scope.copy.as_str();
        let (agreements, ids): (Vec<String>, Vec<String>) = gone.iter().cloned().unzip();
        sqlx::query!(
            r#"
            update charge c set gone_at = $4
            from unnest($2::text[], $3::text[]) as gone (agreement_id, id)
            where c.organisation_id = $1 and c.agreement_id = gone.agreement_id and c.id = gone.id
            "#,
            organisation,
            &agreements,
            &ids,
            now,
        )
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// What the agreements' list shows of their charges. Only a row that changes gets a new version.
    async fn save_outlooks(&mut self, outlooks: &[(&str, Outlook)], now: OffsetDateTime) -> Result<()> {
        if outlooks.is_empty() {
            return Ok(());
        }
        let organisation = self.scope.copy.as_str();
        let ids: Vec<String> = outlooks.iter().map(|(id, _)| (*id).to_owned()).collect();
        let next: Vec<Option<NextCharge>> = outlooks.iter().map(|(_, outlook)| outlook.next).collect();
        let last: Vec<Option<LastCharge>> = outlooks.iter().map(|(_, outlook)| outlook.last).collect();
        let next_due: Vec<Option<Date>> = next.iter().map(|next| next.map(|next| next.due)).collect();
        let next_amount: Vec<Option<i64>> = next.iter().map(|next| next.map(|next| next.amount)).collect();
        let last_on: Vec<Option<Date>> = last.iter().map(|last| last.map(|last| last.on)).collect();
        let last_amount: Vec<Option<i64>> = last.iter().map(|last| last.map(|last| last.amount)).collect();
        let last_state: Vec<Option<String>> =
            last.iter().map(|last| last.map(|last| last.state.upstream().to_owned())).collect();
        let changed = sqlx::query_scalar!(
            r#"
            with told as (
                select * from unnest($2::text[], $3::date[], $4::bigint[], $5::date[], $6::bigint[], $7::text[])
                              as told (id, next_due_on, next_amount, last_on, last_amount, last_state)
            ), fetched as (
                update agreement a set charges_at = $8, charges_failed_at = null
                from told where a.organisation_id = $1 and a.id = told.id
                returning a.id,
                    (a.next_due_on, a.next_amount, a.last_on, a.last_amount, a.last_state)
                    is distinct from
                    (told.next_due_on, told.next_amount, told.last_on, told.last_amount, told.last_state) as changed
            )
            select id as "id!" from fetched where changed
            "#,
            organisation,
            &ids,
            &next_due as _,
            &next_amount as _,
            &last_on as _,
            &last_amount as _,
            &last_state as _,
            now,
        )
        .fetch_all(self.connection())
        .await?;
        if changed.is_empty() {
            return Ok(());
        }
        let changed: HashSet<String> = changed.into_iter().collect();
        let keep: Vec<bool> = ids.iter().map(|id| changed.contains(id)).collect();
        let version = self.next_version().await?;
        sqlx::query!(
            r#"
            update agreement a
            set next_due_on = told.next_due_on, next_amount = told.next_amount, last_on = told.last_on,
                last_amount = told.last_amount, last_state = told.last_state, version = $8
            from unnest($2::text[], $3::date[], $4::bigint[], $5::date[], $6::bigint[], $7::text[], $9::boolean[])
                 as told (id, next_due_on, next_amount, last_on, last_amount, last_state, changed)
            where a.organisation_id = $1 and a.id = told.id and told.changed
            "#,
            organisation,
            &ids,
            &next_due as _,
            &next_amount as _,
            &last_on as _,
            &last_amount as _,
            &last_state as _,
            version,
            &keep,
        )
        .execute(self.connection())
        .await?;
        Ok(())
    }

    async fn known_charges(&mut self, listed: &[ListedCharges]) -> Result<HashMap<String, HashMap<String, Known>>> {
        let organisation = self.scope.copy.as_str();
        let agreements: Vec<String> = listed.iter().map(|listed| listed.agreement_id.clone()).collect();
        let rows = sqlx::query!(
            r#"
            select agreement_id, id, state, contradiction, state_as_of, raw, gone_at is not null as "gone!"
            from unnest($2::text[]) as wanted (wanted_id)
            join charge on organisation_id = $1 and agreement_id = wanted_id
            "#,
            organisation,
            &agreements,
        )
        .fetch_all(self.connection())
        .await?;
        let mut known: HashMap<String, HashMap<String, Known>> = HashMap::new();
        for row in rows {
            let standing = standing(row.state.as_deref(), row.contradiction, row.state_as_of);
            known.entry(row.agreement_id).or_default().insert(row.id, Known { standing, raw: row.raw, gone: row.gone });
        }
        Ok(known)
    }

    /// The charges of an agreement, the latest first, at most `limit`; and how many there are.
    pub async fn charges(&mut self, agreement_id: &str, limit: i64) -> Result<(Vec<KnownCharge>, usize)> {
        self.charges_where(agreement_id, None, limit).await
    }

    /// None where there is no such charge.
    pub async fn charge(&mut self, agreement_id: &str, id: &str) -> Result<Option<KnownCharge>> {
        Ok(self.charges_where(agreement_id, Some(id), 1).await?.0.pop())
    }

    async fn charges_where(
        &mut self,
        agreement_id: &str,
        id: Option<&str>,
        limit: i64,
    ) -> Result<(Vec<KnownCharge>, usize)> {
        let organisation = self.scope.copy.as_str();
        let rows = sqlx::query!(
            r#"
            select id, state, contradiction, state_as_of, amount, currency, description, due_on, kind,
                   transaction_type, captured, refunded, cancelled, retry_days, failure_reason, failure_description,
                   transaction_id, external_id, history as "history: Json<Vec<ChargeEvent>>", first_seen_at, seen_at,
                   gone_at, count(*) over () as "count!"
            from charge
            where organisation_id = $1 and agreement_id = $2 and ($3::text is null or id = $3)
            order by coalesce(due_on, first_seen_at::date) desc, first_seen_at desc, id
            limit $4
            "#,
            organisation,
            agreement_id,
            id,
            limit,
        )
        .fetch_all(self.connection())
        .await?;
        let count = rows.first().map_or(0, |row| usize::try_from(row.count).unwrap_or_default());
        let charges = rows.into_iter().map(|row| {
            let standing = standing(row.state.as_deref(), row.contradiction, row.state_as_of);
            KnownCharge {
                held: standing.state,
                charge: Charge {
                    id: row.id,
                    agreement_id: Some(agreement_id.to_owned()),
                    state: standing.told(),
                    amount: row.amount,
                    currency: row.currency.as_deref().map(Currency::from_upstream),
                    description: row.description,
                    due: row.due_on,
                    kind: ChargeKind::from_upstream(row.kind.as_deref()),
                    transaction_type: row.transaction_type.as_deref().and_then(TransactionType::from_upstream),
                    sums: row.captured.map(|captured| Sums {
                        captured,
                        refunded: row.refunded.unwrap_or_default(),
                        cancelled: row.cancelled.unwrap_or_default(),
                    }),
                    retry_days: row.retry_days.and_then(|days| u32::try_from(days).ok()),
                    failure_reason: row.failure_reason.as_deref().and_then(FailureReason::from_upstream),
                    failure_description: row.failure_description,
                    transaction_id: row.transaction_id,
                    external_id: row.external_id,
                    history: row.history.0,
                },
                first_seen_at: row.first_seen_at,
                seen_at: row.seen_at,
                gone_at: row.gone_at,
            }
        });
        Ok((charges.collect(), count))
    }

    /// How many agreements there are that upstream shows, and how many of them have charges that are missing or older
    /// than they may be: `since`, or for what has ended `ended_since`.
    pub async fn count_charge_lists(
        &mut self,
        since: OffsetDateTime,
        ended_since: OffsetDateTime,
    ) -> Result<(i64, i64)> {
        let organisation = self.scope.copy.as_str();
        let row = sqlx::query!(
            r#"
            select count(*) as "total!",
                   count(*) filter (where charges_at is null or charges_at < $3
                                    or (charges_at < $2 and state in ('PENDING', 'ACTIVE'))) as "due!"
            from agreement where organisation_id = $1 and gone_at is null
            "#,
            organisation,
            since,
            ended_since,
        )
        .fetch_one(self.connection())
        .await?;
        Ok((row.total, row.due))
    }

    /// The agreements of which charges are to be fetched next: those never asked about, then the oldest. One that
    /// failed after `retry_since` waits its turn.
    pub async fn due_charge_lists(
        &mut self,
        since: OffsetDateTime,
        ended_since: OffsetDateTime,
        retry_since: OffsetDateTime,
        limit: i64,
    ) -> Result<Vec<String>> {
        let organisation = self.scope.copy.as_str();
        sqlx::query_scalar!(
            r#"
            select id from agreement
            where organisation_id = $1 and gone_at is null
              and (charges_at is null or charges_at < $3 or (charges_at < $2 and state in ('PENDING', 'ACTIVE')))
              and (charges_failed_at is null or charges_failed_at < $4)
            order by charges_at nulls first
            limit $5
            "#,
            organisation,
            since,
            ended_since,
            retry_since,
            limit,
        )
        .fetch_all(self.connection())
        .await
    }

    pub async fn note_failed_charge_lists(&mut self, agreements: &[String], now: OffsetDateTime) -> Result<()> {
        let organisation = self.scope.copy.as_str();
        sqlx::query!(
            "update agreement set charges_failed_at = $3 where organisation_id = $1 and id = any($2)",
            organisation,
            agreements,
            now,
        )
        .execute(self.connection())
        .await?;
        Ok(())
    }
}

/// Upstream's word, as [`ChargeKind::from_upstream`] reads it again.
fn word(kind: &ChargeKind) -> Option<&str> {
    match kind {
        ChargeKind::Initial => Some("INITIAL"),
        ChargeKind::Recurring => Some("RECURRING"),
        ChargeKind::Unscheduled => Some("UNSCHEDULED"),
        ChargeKind::Other(word) => Some(word),
        ChargeKind::Unknown => None,
    }
}

fn standing(state: Option<&str>, contradiction: Option<String>, as_of: OffsetDateTime) -> Standing<ChargeState> {
    Standing { state: Told::from_upstream(state).known(), contradiction, as_of }
}

pub(super) fn next_charge(due: Option<Date>, amount: Option<i64>) -> Option<NextCharge> {
    Some(NextCharge { due: due?, amount: amount? })
}

pub(super) fn last_charge(on: Option<Date>, amount: Option<i64>, state: Option<&str>) -> Option<LastCharge> {
    Some(LastCharge { on: on?, amount: amount?, state: Told::from_upstream(state).known()? })
}
