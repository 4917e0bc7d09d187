//! The copy of a merchant's recurring agreements.

use std::collections::HashMap;

use serde::Serialize;
use sqlx::types::Json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::sales_units::is_implausible;
use super::{Result, Tenant};
use crate::domain::agreement::{Agreement, AgreementState, Campaign, Interval, KnownAgreement, Pricing, StoppedBy};
use crate::domain::identifiers::Msn;
use crate::domain::phone_number::PhoneNumber;
use crate::domain::standing::{Standing, State, Told};

/// What upstream's lists have changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AgreementListOutcome {
    pub new: usize,
    /// Known ones that are different now, or back.
    pub changed: usize,
    pub gone: usize,
    /// Missing from implausible lists; they were kept as they are.
    pub held: usize,
}

/// What is held of an agreement's state, and what it was read from.
struct Known {
    standing: Standing<AgreementState>,
    raw: String,
    gone: bool,
}

/// An agreement to be written, as the database reads it.
#[derive(Serialize)]
struct Entry<'a> {
    id: &'a str,
    msn: Option<&'a str>,
    state: Option<&'static str>,
    contradiction: Option<String>,
    state_as_of: String,
    stopped_by: Option<&'static str>,
    product_name: &'a str,
    product_description: Option<&'a str>,
    pricing: &'a Pricing,
    charged_every: Option<Interval>,
    campaign: Option<&'a Campaign>,
    created_upstream_at: Option<String>,
    started_at: Option<String>,
    stopped_at: Option<String>,
    phone_number: Option<&'a str>,
    external_id: Option<&'a str>,
    confirmation_url: Option<&'a str>,
    merchant_url: Option<&'a str>,
    raw: &'a str,
}

impl<'a> Entry<'a> {
    fn new(agreement: &'a Agreement, raw: &'a str, standing: &Standing<AgreementState>) -> Self {
        Self {
            id: &agreement.id,
            msn: agreement.msn.as_ref().map(Msn::as_str),
            state: standing.state.map(State::upstream),
            contradiction: standing.contradiction.clone(),
            state_as_of: moment(standing.as_of),
            stopped_by: agreement.stopped_by.map(StoppedBy::word_of_v1),
            product_name: &agreement.product_name,
            product_description: agreement.product_description.as_deref(),
            pricing: &agreement.pricing,
            charged_every: agreement.interval,
            campaign: agreement.campaign.as_ref(),
            created_upstream_at: agreement.created.map(moment),
            started_at: agreement.start.map(moment),
            stopped_at: agreement.stop.map(moment),
            phone_number: agreement.phone_number.as_ref().map(PhoneNumber::full),
            external_id: agreement.external_id.as_deref(),
            confirmation_url: agreement.confirmation_url.as_deref(),
            merchant_url: agreement.merchant_url.as_deref(),
            raw,
        }
    }
}

pub(super) fn moment(time: OffsetDateTime) -> String {
    time.format(&Rfc3339).unwrap_or_default()
}

impl Tenant<'_> {
    /// Takes over agreements that upstream was asked for at `asked_at`. States follow the rules of
    /// [`Standing`]: an answer that goes backwards is noted beside the state. Takes nothing away.
    pub async fn save_agreements(
        &mut self,
        listed: &[(Agreement, String)],
        asked_at: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Result<AgreementListOutcome> {
        self.hold_copy().await?;
        let known = self.known_agreements(listed).await?;
        let mut outcome = AgreementListOutcome::default();
        let (mut written, mut unchanged) = (Vec::new(), Vec::new());
        for (agreement, raw) in listed {
            let Some(known) = known.get(&agreement.id) else {
                outcome.new += 1;
                written.push(Entry::new(agreement, raw, &Standing::new(&agreement.state, asked_at)));
                continue;
            };
            // Asked for before what is held: it says nothing about now.
            if asked_at < known.standing.as_of {
                continue;
            }
            let mut standing = known.standing.clone();
            standing.hear(&agreement.state, asked_at);
            let same = standing.state == known.standing.state && standing.contradiction == known.standing.contradiction;
            if same && known.raw == *raw && !known.gone {
                unchanged.push(agreement.id.clone());
            } else {
                outcome.changed += 1;
                written.push(Entry::new(agreement, raw, &standing));
            }
        }
        let organisation = self.scope.copy.as_str();
        if !written.is_empty() {
            let version = self.next_version().await?;
            sqlx::query!(
                r#"
                insert into agreement (organisation_id, id, msn, state, contradiction, state_as_of, stopped_by,
                                       product_name, product_description, pricing, charged_every, campaign,
                                       created_upstream_at, started_at, stopped_at, phone_number, external_id,
                                       confirmation_url, merchant_url, raw, version, first_seen_at, seen_at)
                select $1, l.id, l.msn, l.state, l.contradiction, l.state_as_of, l.stopped_by,
                       l.product_name, l.product_description, l.pricing, l.charged_every, l.campaign,
                       l.created_upstream_at, l.started_at, l.stopped_at, l.phone_number, l.external_id,
                       l.confirmation_url, l.merchant_url, l.raw, $3, $4, $4
                from jsonb_to_recordset($2) as l (
                    id text, msn text, state text, contradiction text, state_as_of timestamptz, stopped_by text,
                    product_name text, product_description text, pricing json, charged_every json, campaign json,
                    created_upstream_at timestamptz, started_at timestamptz, stopped_at timestamptz,
                    phone_number text, external_id text, confirmation_url text, merchant_url text, raw text)
                on conflict (organisation_id, id) do update
                set msn = excluded.msn, state = excluded.state, contradiction = excluded.contradiction,
                    state_as_of = excluded.state_as_of,
                    stopped_by = coalesce(excluded.stopped_by, agreement.stopped_by),
                    product_name = excluded.product_name, product_description = excluded.product_description,
                    pricing = excluded.pricing, charged_every = excluded.charged_every, campaign = excluded.campaign,
                    created_upstream_at = excluded.created_upstream_at, started_at = excluded.started_at,
                    stopped_at = excluded.stopped_at,
                    phone_number = coalesce(excluded.phone_number, agreement.phone_number),
                    external_id = excluded.external_id, merchant_url = excluded.merchant_url, raw = excluded.raw,
                    -- Not every answer repeats it.
                    confirmation_url = case when excluded.state = 'PENDING'
                                            then coalesce(excluded.confirmation_url, agreement.confirmation_url) end,
                    version = excluded.version, seen_at = excluded.seen_at, gone_at = null
                "#,
                organisation,
                Json(&written) as _,
                version,
                now,
            )
            .execute(self.connection())
            .await?;
        }
        if !unchanged.is_empty() {
            sqlx::query!(
                r#"
                update agreement set seen_at = $3, state_as_of = $4
                where organisation_id = $1 and id = any($2)
                "#,
                organisation,
                &unchanged,
                now,
                asked_at,
            )
            .execute(self.connection())
            .await?;
        }
        Ok(outcome)
    }

    /// Marks those that no list has shown since `since` as gone; none are if so many are missing at once that the
    /// lists are more likely wrong, unless they are trusted.
    pub async fn mark_agreements_gone(
        &mut self,
        since: OffsetDateTime,
        now: OffsetDateTime,
        trusting: bool,
    ) -> Result<AgreementListOutcome> {
        self.hold_copy().await?;
        let organisation = self.scope.copy.as_str();
        let row = sqlx::query!(
            r#"
            select count(*) as "visible!", count(*) filter (where seen_at < $2) as "missing!"
            from agreement where organisation_id = $1 and gone_at is null
            "#,
            organisation,
            since,
        )
        .fetch_one(self.connection())
        .await?;
        let count = |number: i64| usize::try_from(number).unwrap_or_default();
        let (visible, missing) = (count(row.visible), count(row.missing));
        if missing == 0 {
            return Ok(AgreementListOutcome::default());
        }
        if !trusting && is_implausible(visible, missing) {
            return Ok(AgreementListOutcome { held: missing, ..AgreementListOutcome::default() });
        }
        let version = self.next_version().await?;
        sqlx::query!(
            r#"
            update agreement set gone_at = $3, version = $4
            where organisation_id = $1 and gone_at is null and seen_at < $2
            "#,
            organisation,
            since,
            now,
            version,
        )
        .execute(self.connection())
        .await?;
        Ok(AgreementListOutcome { gone: missing, ..AgreementListOutcome::default() })
    }

    async fn known_agreements(&mut self, listed: &[(Agreement, String)]) -> Result<HashMap<String, Known>> {
        let organisation = self.scope.copy.as_str();
        let ids: Vec<String> = listed.iter().map(|(agreement, _)| agreement.id.clone()).collect();
        let rows = sqlx::query!(
            r#"
            select id, state, contradiction, state_as_of, raw, gone_at is not null as "gone!"
            from unnest($2::text[]) as wanted (wanted_id)
            join agreement on organisation_id = $1 and id = wanted_id
            "#,
            organisation,
            &ids,
        )
        .fetch_all(self.connection())
        .await?;
        let known = rows.into_iter().map(|row| {
            let standing = standing(row.state.as_deref(), row.contradiction, row.state_as_of);
            (row.id, Known { standing, raw: row.raw, gone: row.gone })
        });
        Ok(known.collect())
    }

    /// None where there is no such agreement.
    pub async fn agreement(&mut self, id: &str) -> Result<Option<KnownAgreement>> {
        let organisation = self.scope.copy.as_str();
        let row = sqlx::query!(
            r#"
            select id, msn, state, contradiction, state_as_of, stopped_by, product_name, product_description,
                   pricing as "pricing: Json<Pricing>", charged_every as "charged_every: Json<Interval>",
                   campaign as "campaign: Json<Campaign>", created_upstream_at, started_at, stopped_at, phone_number,
                   external_id, confirmation_url, merchant_url, first_seen_at, seen_at, gone_at, charges_at
            from agreement where organisation_id = $1 and id = $2
            "#,
            organisation,
            id,
        )
        .fetch_optional(self.connection())
        .await?;
        Ok(row.map(|row| {
            let standing = standing(row.state.as_deref(), row.contradiction, row.state_as_of);
            KnownAgreement {
                held: standing.state,
                agreement: Agreement {
                    id: row.id,
                    msn: row.msn.as_deref().and_then(Msn::parse),
                    state: standing.told(),
                    stopped_by: row.stopped_by.as_deref().and_then(StoppedBy::from_upstream),
                    product_name: row.product_name,
                    product_description: row.product_description,
                    pricing: row.pricing.0,
                    interval: row.charged_every.map(|interval| interval.0),
                    campaign: row.campaign.map(|campaign| campaign.0),
                    created: row.created_upstream_at,
                    start: row.started_at,
                    stop: row.stopped_at,
                    phone_number: row.phone_number.as_deref().and_then(PhoneNumber::parse),
                    external_id: row.external_id,
                    confirmation_url: row.confirmation_url,
                    merchant_url: row.merchant_url,
                },
                first_seen_at: row.first_seen_at,
                seen_at: row.seen_at,
                charges_at: row.charges_at,
                gone_at: row.gone_at,
            }
        }))
    }
}

pub(super) fn standing(
    state: Option<&str>,
    contradiction: Option<String>,
    as_of: OffsetDateTime,
) -> Standing<AgreementState> {
    Standing { state: Told::from_upstream(state).known(), contradiction, as_of }
}
