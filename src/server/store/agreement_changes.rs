//! What people change about agreements and charges: kept before it is sent. And which version of the API it is sent in.

use sqlx::types::Json;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{Result, Store, Tenant};
use crate::domain::agreement::RecurringVersion;
use crate::domain::agreement::change::{Change, ChangeKind, ChangeOutcome, ChangeRecord};
use crate::domain::money::{Currency, Money};
use crate::domain::organisation::OrgId;

/// After so long a change that is still under way has lost the process that was to send it.
const LOST_AFTER: Duration = Duration::minutes(2);

/// So long what was asked for is kept where it is not known what came of it: it names a customer's phone number.
const REQUEST_LIFE: Duration = Duration::days(7);

/// Changes of an agreement that are shown.
const SHOWN: i64 = 50;

impl Tenant<'_> {
    /// Keeps a change before it is sent. False if one has been kept under this key before.
    pub async fn begin_agreement_change(
        &mut self,
        key: Uuid,
        agreement_id: Option<&str>,
        change: &Change,
        currency: Option<&Currency>,
        by: &str,
        now: OffsetDateTime,
    ) -> Result<bool> {
        let organisation = self.scope.copy.as_str();
        let begun = sqlx::query!(
            r#"
            insert into agreement_change (organisation_id, key, what, agreement_id, charge_id, amount, currency,
                                          request, by_email, begun_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
            on conflict do nothing
            "#,
            organisation,
            key,
            change.kind().word(),
            agreement_id,
            change.charge(),
            change.amount(),
            currency.map(Currency::code),
            Json(change) as _,
            by,
            now,
        )
        .execute(self.connection())
        .await?;
        Ok(begun.rows_affected() == 1)
    }

    /// Takes a change up once more of which it is not known whether it has arrived; none if there is nothing to send.
    pub async fn begin_agreement_change_again(
        &mut self,
        key: Uuid,
        now: OffsetDateTime,
    ) -> Result<Option<(Option<String>, Change)>> {
        let organisation = self.scope.copy.as_str();
        let row = sqlx::query!(
            r#"
            update agreement_change
            set outcome = null, said = null, finished_at = null, begun_at = $3
            where organisation_id = $1 and key = $2 and request is not null
              and (outcome in ('unknown', 'not-reached') or (outcome is null and begun_at < $4))
            returning agreement_id, request as "request: Json<Change>"
            "#,
            organisation,
            key,
            now,
            now - LOST_AFTER,
        )
        .fetch_optional(self.connection())
        .await?;
        Ok(row.and_then(|row| Some((row.agreement_id, row.request?.0))))
    }

    /// Notes what came of a change. What was asked for is forgotten once it need not be sent again.
    pub async fn finish_agreement_change(
        &mut self,
        key: Uuid,
        agreement_id: Option<&str>,
        charge_id: Option<&str>,
        outcome: &ChangeOutcome,
        now: OffsetDateTime,
    ) -> Result<()> {
        let organisation = self.scope.copy.as_str();
        let (word, said) = match outcome {
            ChangeOutcome::UnderWay => (None, None),
            ChangeOutcome::Done => (Some("done"), None),
            ChangeOutcome::Refused(said) => (Some("refused"), Some(said.as_str())),
            ChangeOutcome::Unknown => (Some("unknown"), None),
            ChangeOutcome::NotReached => (Some("not-reached"), None),
        };
        sqlx::query!(
            r#"
            update agreement_change
            set outcome = $3, said = $4, finished_at = $5, agreement_id = coalesce($6, agreement_id),
                charge_id = coalesce($7, charge_id),
                request = case when $3 in ('done', 'refused') then null else request end
            where organisation_id = $1 and key = $2
            "#,
            organisation,
            key,
            word,
            said,
            now,
            agreement_id,
            charge_id,
        )
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Forgets what was asked for long ago; what came of it stays.
    pub async fn forget_agreement_requests(&mut self, now: OffsetDateTime) -> Result<()> {
        sqlx::query!(
            r#"
            update agreement_change set request = null
            where organisation_id = $1 and request is not null and begun_at < $2
            "#,
            self.scope.copy.as_str(),
            now - REQUEST_LIFE,
        )
        .execute(self.connection())
        .await
        .map(drop)
    }

    /// The changes of an agreement, the latest first.
    pub async fn agreement_changes(&mut self, agreement_id: &str, now: OffsetDateTime) -> Result<Vec<ChangeRecord>> {
        self.changes_where(None, Some(agreement_id), now).await
    }

    pub async fn agreement_change(&mut self, key: Uuid, now: OffsetDateTime) -> Result<Option<ChangeRecord>> {
        Ok(self.changes_where(Some(key), None, now).await?.pop())
    }

    async fn changes_where(
        &mut self,
        key: Option<Uuid>,
        agreement_id: Option<&str>,
        now: OffsetDateTime,
    ) -> Result<Vec<ChangeRecord>> {
        let organisation = self.scope.copy.as_str();
        let rows = sqlx::query!(
            r#"
            select key, what, agreement_id, charge_id, amount, currency, by_email, begun_at, outcome, said,
                   request is not null as "keeps_request!"
            from agreement_change
            where organisation_id = $1 and ($2::uuid is null or key = $2) and ($3::text is null or agreement_id = $3)
            order by begun_at desc
            limit $4
            "#,
            organisation,
            key,
            agreement_id,
            SHOWN,
        )
        .fetch_all(self.connection())
        .await?;
        let records = rows.into_iter().filter_map(|row| {
            let currency = row.currency.as_deref().map_or(Currency::Nok, Currency::from_upstream);
            Some(ChangeRecord {
                key: row.key,
                kind: ChangeKind::from_word(&row.what)?,
                agreement_id: row.agreement_id,
                charge_id: row.charge_id,
                amount: row.amount.map(|minor| Money::new(minor, currency)),
                by_email: row.by_email,
                begun_at: row.begun_at,
                keeps_request: row.keeps_request,
                outcome: match row.outcome.as_deref() {
                    Some("done") => ChangeOutcome::Done,
                    Some("refused") => ChangeOutcome::Refused(row.said.unwrap_or_default()),
                    Some("not-reached") => ChangeOutcome::NotReached,
                    None if row.begun_at > now - LOST_AFTER => ChangeOutcome::UnderWay,
                    _ => ChangeOutcome::Unknown,
                },
            })
        });
        Ok(records.collect())
    }

    /// Keeps what only who drafted an agreement knows of it: upstream's answers have no phone number.
    pub async fn note_drafted(&mut self, agreement_id: &str, phone_number: Option<&str>, url: &str) -> Result<()> {
        let organisation = self.scope.copy.as_str();
        sqlx::query!(
            r#"
            update agreement
            set phone_number = coalesce($3, phone_number), confirmation_url = coalesce(confirmation_url, $4)
            where organisation_id = $1 and id = $2
            "#,
            organisation,
            agreement_id,
            phone_number,
            url,
        )
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// The version of the Recurring API that is spoken: the one that was chosen, or else what was found out.
    pub async fn recurring_version(&mut self) -> Result<Option<RecurringVersion>> {
        let organisation = self.scope.copy.as_str();
        let word = sqlx::query_scalar!(
            "select coalesce(recurring_chosen, recurring_spoken) from organisation where id = $1",
            organisation,
        )
        .fetch_optional(self.connection())
        .await?;
        Ok(word.flatten().as_deref().and_then(RecurringVersion::from_word))
    }

    /// The version that was chosen; none: whatever upstream speaks.
    pub async fn chosen_recurring_version(&mut self) -> Result<Option<RecurringVersion>> {
        let organisation = self.scope.copy.as_str();
        let word = sqlx::query_scalar!("select recurring_chosen from organisation where id = $1", organisation)
            .fetch_optional(self.connection())
            .await?;
        Ok(word.flatten().as_deref().and_then(RecurringVersion::from_word))
    }

    /// Notes what upstream speaks.
    pub async fn note_recurring_version(
        &mut self,
        spoken: Option<RecurringVersion>,
        now: OffsetDateTime,
    ) -> Result<()> {
        let organisation = self.scope.copy.as_str();
        sqlx::query!(
            "update organisation set recurring_spoken = $2, recurring_asked_at = $3 where id = $1",
            organisation,
            spoken.map(RecurringVersion::word),
            now,
        )
        .execute(self.connection())
        .await?;
        Ok(())
    }
}

impl Store {
    /// Chooses a version, or none: then it is found out.
    pub async fn choose_recurring_version(&self, organisation: &OrgId, chosen: Option<RecurringVersion>) -> Result<()> {
        sqlx::query!(
            "update organisation set recurring_chosen = $2 where id = $1 and deleted_at is null",
            organisation.as_str(),
            chosen.map(RecurringVersion::word),
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}
