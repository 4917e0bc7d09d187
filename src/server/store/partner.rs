//! What an organisation has chosen, what its upstream offers, and what upstream says of the partner.

use time::OffsetDateTime;

use super::{Result, Store, Tenant};
use crate::domain::api_quality::FailingThreshold;
use crate::domain::feedback::FeedbackAddress;
use crate::domain::organisation::OrgId;
use crate::domain::partner::{Partner, Proposal};

impl Store {
    pub async fn save_settings(
        &self,
        organisation: &OrgId,
        feedback: Option<&FeedbackAddress>,
        sends_compliance_data: bool,
        failing: FailingThreshold,
    ) -> Result<()> {
        sqlx::query!(
            r#"
            update organisation
            set feedback_address = $2, sends_compliance_data = $3, api_failing_percent = $4, api_failing_calls = $5,
                updated_at = now()
            where id = $1
            "#,
            organisation.as_str(),
            feedback.map(FeedbackAddress::href),
            sends_compliance_data,
            i16::from(failing.percent),
            i32::try_from(failing.least_calls).unwrap_or(i32::MAX),
        )
        .execute(&self.pool)
        .await
        .map(drop)
    }
}

impl Tenant<'_> {
    /// Notes what upstream has been found to have, or not.
    pub async fn note_offered(&mut self, proposal: Proposal, offered: bool, now: OffsetDateTime) -> Result<()> {
        let organisation = self.scope.copy.as_str();
        sqlx::query!(
            r#"
            insert into capability (organisation_id, proposal, offered, checked_at) values ($1, $2, $3, $4)
            on conflict (organisation_id, proposal) do update
            set offered = excluded.offered, checked_at = excluded.checked_at
            "#,
            organisation,
            proposal.word(),
            offered,
            now,
        )
        .execute(self.connection())
        .await
        .map(drop)
    }

    /// Whether upstream was found to have it when it was last asked.
    pub async fn is_offered(&mut self, proposal: Proposal) -> Result<bool> {
        let organisation = self.scope.copy.as_str();
        let offered = sqlx::query_scalar!(
            "select offered from capability where organisation_id = $1 and proposal = $2",
            organisation,
            proposal.word(),
        )
        .fetch_optional(self.connection())
        .await?;
        Ok(offered.unwrap_or_default())
    }

    /// What upstream says of the partner, and when it did; none if it has not.
    pub async fn partner_profile(&mut self) -> Result<Option<(Partner, OffsetDateTime)>> {
        let organisation = self.scope.copy.as_str();
        let row = sqlx::query!(
            r#"
            select partner_id, name, level, contact_name, contact_email, status, fetched_at
            from partner_profile where organisation_id = $1
            "#,
            organisation,
        )
        .fetch_optional(self.connection())
        .await?;
        Ok(row.map(|row| {
            let partner = Partner {
                id: row.partner_id,
                name: row.name,
                level: row.level,
                contact_name: row.contact_name,
                contact_email: row.contact_email,
                status: row.status,
            };
            (partner, row.fetched_at)
        }))
    }

    pub async fn save_partner_profile(&mut self, partner: &Partner, now: OffsetDateTime) -> Result<()> {
        let organisation = self.scope.copy.as_str();
        sqlx::query!(
            r#"
            insert into partner_profile (
                organisation_id, partner_id, name, level, contact_name, contact_email, status, fetched_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8)
            on conflict (organisation_id) do update
            set partner_id = excluded.partner_id, name = excluded.name, level = excluded.level,
                contact_name = excluded.contact_name, contact_email = excluded.contact_email,
                status = excluded.status, fetched_at = excluded.fetched_at
            "#,
            organisation,
            partner.id,
            partner.name,
            partner.level,
            partner.contact_name,
            partner.contact_email,
            partner.status,
            now,
        )
        .execute(self.connection())
        .await
        .map(drop)
    }
}
