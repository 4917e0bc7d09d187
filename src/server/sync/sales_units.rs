//! The list of sales units: one call that names them all.

use futures::FutureExt;
use futures::future::BoxFuture;
use time::OffsetDateTime;

use super::{Done, Resource, Round, Trouble, sales_unit_details};

pub const NAME: &str = "sales_units";
pub const RESOURCE: Resource = Resource::of_everybody(NAME, "Fetching the list of sales units", run).at_once();

fn run(round: Round) -> BoxFuture<'static, Result<Done, Trouble>> {
    async move {
        let listed = round.client.sales_units().await?;
        let now = OffsetDateTime::now_utc();
        let count = i64::try_from(listed.len()).unwrap_or(i64::MAX);
        let mut tenant = round.store.tenant(&round.scope).await?;
        if !tenant.advance_sync_job(&round.job, count, count).await? {
            return Err(Trouble::LeaseLost);
        }
        tenant.commit().await?;
        let applied =
            round.store.apply_sales_unit_list(&round.scope, &listed, now, round.trusting, Some(&round.job)).await?;
        let Some(outcome) = applied else { return Err(Trouble::LeaseLost) };
        tracing::info!(organisation = %round.scope.copy, units = count, ?outcome, "the list of sales units was fetched");
        let held = (outcome.held > 0).then(|| {
            format!("Upstream's list lacks {} sales units that were there before; they are kept as they were", outcome.held)
        });
        Ok(Done { due_at: Some(now + round.interval), held, then: vec![sales_unit_details::NAME] })
    }
    .boxed()
}
