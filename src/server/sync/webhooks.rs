//! The webhook registrations that listen for all sales units: one call, without any serial number.

use futures::FutureExt;
use futures::future::BoxFuture;
use time::OffsetDateTime;

use super::{Done, Resource, Round, Trouble};

pub const NAME: &str = "webhooks";
pub const RESOURCE: Resource = Resource::of_partners(NAME, "Fetching webhooks", run).at_once();

fn run(round: Round) -> BoxFuture<'static, Result<Done, Trouble>> {
    async move {
        let asked_at = OffsetDateTime::now_utc();
        let listed = round.client.webhooks(None).await?;
        let listed: Vec<_> = listed.into_iter().map(|answer| answer.value).collect();
        let now = OffsetDateTime::now_utc();
        let count = i64::try_from(listed.len()).unwrap_or(i64::MAX);
        let mut tenant = round.store.tenant(&round.scope).await?;
        if !tenant.advance_sync_job(&round.job, count, count).await? {
            return Err(Trouble::LeaseLost);
        }
        let outcome = tenant.apply_webhook_list(&listed, asked_at, now, round.trusting).await?;
        tenant.commit().await?;
        tracing::info!(organisation = %round.scope.copy, webhooks = count, ?outcome, "the list of webhooks was fetched");
        let held = (outcome.held > 0).then(|| {
            format!("Upstream's list lacks {} webhooks that were there before; they are kept as they were", outcome.held)
        });
        Ok(Done { due_at: Some(now + round.interval), held, then: Vec::new() })
    }
    .boxed()
}
