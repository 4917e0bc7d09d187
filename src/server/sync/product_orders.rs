//! The list of product orders: one call that names them all, with their statuses.

use futures::FutureExt;
use futures::future::BoxFuture;
use time::{Duration, OffsetDateTime};

use super::{Done, Resource, Round, Trouble, sales_units};

pub const NAME: &str = "product_orders";
pub const RESOURCE: Resource = Resource::of_partners(NAME, "Fetching product orders", run).at_once();

/// Lists up to this long are asked for often while something in them is fresh.
const SHORT_LIST: usize = 5_000;

fn run(round: Round) -> BoxFuture<'static, Result<Done, Trouble>> {
    async move {
        let asked_at = OffsetDateTime::now_utc();
        let listed = round.client.product_orders().await?;
        let listed: Vec<_> = listed.into_iter().map(|answer| (answer.value, answer.raw)).collect();
        let now = OffsetDateTime::now_utc();
        let count = i64::try_from(listed.len()).unwrap_or(i64::MAX);
        let mut tenant = round.store.tenant(&round.scope).await?;
        if !tenant.advance_sync_job(&round.job, count, count).await? {
            return Err(Trouble::LeaseLost);
        }
        tenant.commit().await?;
        let outcome =
            round.store.apply_product_order_list(&round.scope, &listed, asked_at, now, round.trusting).await?;
        let mut tenant = round.store.tenant(&round.scope).await?;
        let freshest = tenant.freshest_open_product_order().await?;
        // What a merchant has just got is looked up at once.
        let then = tenant.product_orders_name_new_sales_units(now).await?.then_some(sales_units::NAME);
        drop(tenant);
        tracing::info!(organisation = %round.scope.copy, orders = count, ?outcome, "the list of product orders was fetched");
        let held = (outcome.held > 0).then(|| {
            format!("Upstream's list lacks {} orders that were there before; they are kept as they were", outcome.held)
        });
        let pause = pause(freshest.map(|freshest| now - freshest), listed.len(), round.interval);
        Ok(Done { due_at: Some(now + pause), held, then: then.into_iter().collect() })
    }
    .boxed()
}

/// There is no event for the status of an order, so it is asked for: more often while the merchant
/// who has just got the link may be at it.
fn pause(since_freshest: Option<Duration>, orders: usize, interval: std::time::Duration) -> Duration {
    let interval = Duration::try_from(interval).unwrap_or(Duration::MINUTE);
    let wanted = match since_freshest {
        Some(age) if age < Duration::HOUR => Duration::seconds(30),
        Some(age) if age < Duration::DAY => Duration::minutes(3),
        _ => interval,
    };
    let least = if orders > SHORT_LIST { Duration::minutes(5) } else { Duration::ZERO };
    wanted.max(least).min(interval)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fresh_orders_are_asked_for_more_often() {
        let interval = std::time::Duration::from_secs(900);
        let ages = [Some(Duration::MINUTE), Some(Duration::hours(5)), Some(Duration::days(3)), None];
        let pauses = ages.map(|age| pause(age, 100, interval).whole_seconds());
        assert_eq!(pauses, [30, 180, 900, 900]);
        assert_eq!(pause(Some(Duration::MINUTE), 100_000, interval).whole_seconds(), 300);
        assert_eq!(pause(Some(Duration::MINUTE), 100, std::time::Duration::from_secs(5)).whole_seconds(), 5);
    }
}
