//! What upstream has stopped showing.

use time::OffsetDateTime;

use super::{Result, Tenant};

/// How many things are no longer shown that were not taken away from here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecentLosses {
    pub sales_units: usize,
    pub webhooks: usize,
}

impl Tenant<'_> {
    /// What has gone since `since`.
    pub async fn recent_losses(&mut self, since: OffsetDateTime) -> Result<RecentLosses> {
        let organisation = self.scope.copy.as_str();
        let row = sqlx::query!(
            r#"
            select (select count(*) from sales_unit where organisation_id = $1 and gone_at >= $2) as "sales_units!",
                   (select count(*) from webhook
                    where organisation_id = $1 and gone_at >= $2 and deleted_at is null) as "webhooks!"
            "#,
            organisation,
            since,
        )
        .fetch_one(self.connection())
        .await?;
        let count = |count: i64| usize::try_from(count).unwrap_or_default();
        Ok(RecentLosses { sales_units: count(row.sales_units), webhooks: count(row.webhooks) })
    }
}
