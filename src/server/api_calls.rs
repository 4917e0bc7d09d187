//! Writing down what was called: every few seconds, so that no call waits for the database.

use std::time::Duration;

use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;

use super::Portal;
use super::store::{Scope, Store};
use crate::domain::api_quality::CountedCalls;
use crate::domain::organisation::OrgId;

/// How often counts go from memory to the database: so much of them is lost if the process is killed.
const EVERY: Duration = Duration::from_secs(5);

/// Writes down what was called until it is told to stop. What is called while stopping is for
/// [`Portal::write_down_calls`].
pub async fn run(portal: Portal, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
        portal.write_down_calls().await;
        if let Err(error) = move_windows(portal.store()).await {
            tracing::warn!(%error, "the times that calls are summed over could not be moved on");
        }
    }
}

impl Portal {
    /// Writes down everything that has been called until now. What cannot be written is kept for the next time.
    pub async fn write_down_calls(&self) {
        for (organisation, calls) in self.0.vipps.take_counted_calls() {
            let Err(error) = write_down(self.store(), &organisation, &calls).await else { continue };
            let kept = self.0.vipps.put_back_counted_calls(&organisation, calls);
            tracing::warn!(%error, %organisation, kept, "counts of calls could not be written down");
        }
    }
}

async fn write_down(store: &Store, organisation: &OrgId, calls: &[CountedCalls]) -> Result<(), sqlx::Error> {
    let scope = Scope::whole(organisation.clone());
    let mut tenant = store.tenant(&scope).await?;
    tenant.count_api_calls(calls, OffsetDateTime::now_utc()).await?;
    tenant.commit().await
}

/// Moves the windows on of those for whom an hour has ended.
async fn move_windows(store: &Store) -> Result<(), sqlx::Error> {
    let now = OffsetDateTime::now_utc();
    for organisation in store.organisations_with_old_windows(now).await? {
        let scope = Scope::whole(organisation);
        let mut tenant = store.tenant(&scope).await?;
        tenant.bring_api_calls_up_to_date(now).await?;
        tenant.commit().await?;
    }
    Ok(())
}
