//! The partner's price packages: one call that names them all.

use futures::FutureExt;
use futures::future::BoxFuture;
use time::OffsetDateTime;

use super::{Done, Resource, Round, Trouble};

pub const NAME: &str = "price_packages";
pub const RESOURCE: Resource = Resource::of_partners(NAME, "Fetching price packages", run).at_once();

fn run(round: Round) -> BoxFuture<'static, Result<Done, Trouble>> {
    async move {
        let listed = round.client.price_packages().await?;
        let listed: Vec<_> = listed.into_iter().map(|answer| (answer.value, answer.raw)).collect();
        let now = OffsetDateTime::now_utc();
        let count = i64::try_from(listed.len()).unwrap_or(i64::MAX);
        let mut tenant = round.store.tenant(&round.scope).await?;
        if !tenant.advance_sync_job(&round.job, count, count).await? {
            return Err(Trouble::LeaseLost);
        }
        let outcome = tenant.apply_price_package_list(&listed, now, round.trusting).await?;
        tenant.commit().await?;
        tracing::info!(organisation = %round.scope.copy, packages = count, ?outcome, "the list of price packages was fetched");
        let held = (outcome.held > 0).then(|| {
            format!("Upstream's list lacks {} price packages that were there before; they are kept as they were", outcome.held)
        });
        Ok(Done { due_at: Some(now + round.interval), held, then: Vec::new() })
    }
    .boxed()
}
