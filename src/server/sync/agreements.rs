//! A merchant's recurring agreements: upstream lists them state by state.

use futures::FutureExt;
use futures::future::BoxFuture;
use time::OffsetDateTime;

use super::{Done, Resource, Round, Trouble, charges};
use crate::domain::agreement::{AgreementState, RecurringVersion};
use crate::domain::standing::State;
use crate::server::store::agreements::AgreementListOutcome;
use crate::server::vipps::Error;

pub const NAME: &str = "agreements";
pub const RESOURCE: Resource = Resource::of_everybody(NAME, "Fetching agreements", run).of_recurring().at_once();

/// Agreements written at a time.
const BATCH: usize = 1_000;

fn run(round: Round) -> BoxFuture<'static, Result<Done, Trouble>> {
    async move {
        // Only the keys of a sales unit open agreements; a partner has none.
        if round.client.msn().is_none() {
            return Ok(Done::default());
        }
        let again = Done { due_at: Some(OffsetDateTime::now_utc() + round.interval), ..Done::default() };
        let Some(version) = version(&round).await? else { return Ok(again) };
        let recurring = round.client.recurring(version, None);
        let (mut done, mut outcome) = (0, AgreementListOutcome::default());
        let mut first_asked_at = None;
        for &state in AgreementState::ALL {
            let asked_at = OffsetDateTime::now_utc();
            first_asked_at.get_or_insert(asked_at);
            let listed = match recurring.agreements(state).await {
                // A sales unit that has not ordered Recurring has no agreements, and that is no trouble.
                Err(Error::Forbidden(_)) => return Ok(again),
                listed => listed?,
            };
            let listed: Vec<_> = listed.into_iter().map(|answer| (answer.value, answer.raw)).collect();
            for batch in listed.chunks(BATCH) {
                let mut tenant = round.store.tenant(&round.scope).await?;
                done += i64::try_from(batch.len()).unwrap_or_default();
                if !tenant.advance_sync_job(&round.job, done, done).await? {
                    return Err(Trouble::LeaseLost);
                }
                let saved = tenant.save_agreements(batch, asked_at, OffsetDateTime::now_utc()).await?;
                tenant.commit().await?;
                outcome.new += saved.new;
                outcome.changed += saved.changed;
            }
        }
        let now = OffsetDateTime::now_utc();
        let mut tenant = round.store.tenant(&round.scope).await?;
        if !tenant.advance_sync_job(&round.job, done, done).await? {
            return Err(Trouble::LeaseLost);
        }
        let gone = tenant.mark_agreements_gone(first_asked_at.unwrap_or(now), now, round.trusting).await?;
        tenant.commit().await?;
        let outcome = AgreementListOutcome { gone: gone.gone, held: gone.held, ..outcome };
        tracing::info!(organisation = %round.scope.copy, agreements = done, ?outcome, "the agreements were listed");
        let held = (outcome.held > 0).then(|| {
            format!(
                "Upstream's lists lack {} agreements that were there before; they are kept as they were",
                outcome.held
            )
        });
        Ok(Done { due_at: Some(now + round.interval), held, then: vec![charges::NAME] })
    }
    .boxed()
}

/// The version that an admin has chosen, or else the one that upstream speaks.
async fn version(round: &Round) -> Result<Option<RecurringVersion>, Trouble> {
    if let Some(chosen) = round.store.tenant(&round.scope).await?.chosen_recurring_version().await? {
        return Ok(Some(chosen));
    }
    let spoken = round.client.recurring_version(None).await?;
    let mut tenant = round.store.tenant(&round.scope).await?;
    tenant.note_recurring_version(spoken, OffsetDateTime::now_utc()).await?;
    tenant.commit().await?;
    Ok(spoken)
}
