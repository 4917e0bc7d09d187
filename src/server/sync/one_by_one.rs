//! Fetching things that upstream gives one at a time, each stored as soon as it is there.

use std::future::Future;

use futures::{StreamExt, stream};
use time::{Duration, OffsetDateTime};

use super::{Done, Round, Trouble};
use crate::domain::partner::Proposal;
use crate::server::store::{self, Tenant};
use crate::server::vipps::{Answer, Client, Error};

/// Calls under way at the same time. The rate is kept by the client; this only has to be enough
/// to reach it when upstream is slow to answer.
const AT_ONCE: usize = 16;
/// Keys read from the database at a time.
const BATCH: i64 = 256;
/// A round that takes longer than this is broken off and taken up again, so that the lists of
/// other organisations get their turn.
const LONGEST_TURN: Duration = Duration::seconds(60);
/// So many bad answers one after another are not about single things any more.
const BAD_IN_A_ROW: usize = 32;
/// How long a thing that upstream gave no good answer for waits for its next turn.
const RETRY_AFTER: Duration = Duration::minutes(30);

/// How far a resource has come.
#[derive(Clone, Copy, Debug)]
pub struct Count {
    pub total: i64,
    pub due: i64,
}

/// A kind of thing that is fetched by key.
pub trait OneByOne: Send + 'static {
    type Key: Clone + Send + Sync + 'static;
    type Value: Send + 'static;

    /// How many there are, and how many of them are missing or were last fetched before `since`.
    fn count(tenant: &mut Tenant<'_>, since: OffsetDateTime) -> impl Future<Output = store::Result<Count>> + Send;

    fn due(
        tenant: &mut Tenant<'_>,
        since: OffsetDateTime,
        retry_since: OffsetDateTime,
        limit: i64,
    ) -> impl Future<Output = store::Result<Vec<Self::Key>>> + Send;

    fn fetch(client: &Client, key: &Self::Key) -> impl Future<Output = Result<Answer<Self::Value>, Error>> + Send;

    fn save(
        tenant: &mut Tenant<'_>,
        answers: &[(Self::Value, String)],
        now: OffsetDateTime,
    ) -> impl Future<Output = store::Result<()>> + Send;

    /// Notes those that upstream does not have (`gone`) or that could not be understood.
    fn note_failed(
        tenant: &mut Tenant<'_>,
        keys: &[Self::Key],
        gone: bool,
        now: OffsetDateTime,
    ) -> impl Future<Output = store::Result<()>> + Send;
}

/// Fetches what is due, oldest first. False if time ran out before everything was fetched.
pub async fn fetch_due<T: OneByOne>(round: &Round, life: Duration) -> Result<bool, Trouble> {
    let begun = OffsetDateTime::now_utc();
    let (since, retry_since) = (begun - life, begun - RETRY_AFTER);
    let Count { total, due } = T::count(&mut round.store.tenant(&round.scope).await?, since).await?;
    let mut progress = Progress { done: total - due, total, bad_in_a_row: 0 };
    loop {
        let keys = T::due(&mut round.store.tenant(&round.scope).await?, since, retry_since, BATCH).await?;
        if keys.is_empty() {
            return Ok(true);
        }
        let answers = stream::iter(keys).map(|key| async {
            let answer = T::fetch(&round.client, &key).await;
            (key, answer)
        });
        // Whatever has come in while the last ones were being stored is stored together.
        let mut answers = answers.buffer_unordered(AT_ONCE).ready_chunks(AT_ONCE);
        while let Some(ready) = answers.next().await {
            store_ready::<T>(round, ready, &mut progress).await?;
        }
        if OffsetDateTime::now_utc() - begun > LONGEST_TURN {
            return Ok(false);
        }
    }
}

/// The same of what is a proposal to upstream: only where it has been found offered, and until it is not any more.
pub async fn fetch_offered<T: OneByOne>(round: &Round, proposal: Proposal, life: Duration) -> Result<Done, Trouble> {
    if !round.store.tenant(&round.scope).await?.is_offered(proposal).await? {
        return Ok(Done::default());
    }
    match fetch_due::<T>(round, life).await {
        Ok(everything) => Ok(if everything { Done::default() } else { Done::to_be_continued() }),
        Err(Trouble::Upstream(Error::Refused(problem))) if matches!(problem.status, 405 | 410) => {
            let mut tenant = round.store.tenant(&round.scope).await?;
            tenant.note_offered(proposal, false, OffsetDateTime::now_utc()).await?;
            tenant.commit().await?;
            Ok(Done::default())
        }
        Err(trouble) => Err(trouble),
    }
}

struct Progress {
    done: i64,
    total: i64,
    bad_in_a_row: usize,
}

/// What was asked for, and what upstream said.
type Fetched<T> = (<T as OneByOne>::Key, Result<Answer<<T as OneByOne>::Value>, Error>);

async fn store_ready<T: OneByOne>(
    round: &Round,
    ready: Vec<Fetched<T>>,
    progress: &mut Progress,
) -> Result<(), Trouble> {
    let now = OffsetDateTime::now_utc();
    let (mut good, mut gone, mut bad, mut trouble) = (Vec::new(), Vec::new(), Vec::new(), None);
    for (key, answer) in ready {
        match answer {
            Ok(answer) => {
                progress.bad_in_a_row = 0;
                good.push((answer.value, answer.raw));
            }
            Err(error) if error.is_not_found() => {
                progress.bad_in_a_row = 0;
                gone.push(key);
            }
            Err(error) if is_about_everything(&error) => trouble = Some(error),
            // One thing that upstream stumbles over does not hold up the others.
            Err(error) => {
                progress.bad_in_a_row += 1;
                if progress.bad_in_a_row >= BAD_IN_A_ROW {
                    trouble = Some(error);
                }
                bad.push(key);
            }
        }
    }
    progress.done += i64::try_from(good.len() + gone.len() + bad.len()).unwrap_or_default();
    let mut tenant = round.store.tenant(&round.scope).await?;
    tenant.hold_copy().await?;
    if !tenant.advance_sync_job(&round.job, progress.done, progress.total.max(progress.done)).await? {
        return Err(Trouble::LeaseLost);
    }
    T::save(&mut tenant, &good, now).await?;
    if !gone.is_empty() {
        T::note_failed(&mut tenant, &gone, true, now).await?;
    }
    if !bad.is_empty() {
        T::note_failed(&mut tenant, &bad, false, now).await?;
    }
    tenant.commit().await?;
    trouble.map_or(Ok(()), |error| Err(Trouble::Upstream(error)))
}

/// Whether the next call would fare no better.
fn is_about_everything(error: &Error) -> bool {
    matches!(
        error,
        Error::BreakerOpen { .. }
            | Error::Unreachable { .. }
            | Error::Unauthorized(_)
            | Error::Limited { .. }
            | Error::Insecure { .. }
            | Error::Unsendable { .. }
    )
}
