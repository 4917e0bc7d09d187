//! Fetching things that upstream gives one at a time, each stored as soon as it is there.

use std::future::Future;

use futures::{StreamExt, stream};
use time::{Duration, OffsetDateTime};

use super::{Round, Trouble};
use crate::server::store::{self, Tenant};
use crate::server::vipps::{Answer, Client, Error};

/// Calls under way at the same time. The rate is kept by the client; this only has to be enough
/// to reach it when upstream is slow to answer.
const AT_ONCE: usize = 16;
/// Keys read from the database at a time.
const BATCH: i64 = 256;
/// How long a thing that upstream gave no good answer for waits for its next turn.
const RETRY_AFTER: Duration = Duration::minutes(30);

/// A kind of thing that is fetched by key.
pub trait OneByOne: Send + 'static {
    type Key: Clone + Send + Sync + 'static;
    type Value: Send + 'static;

    /// How many are missing or were last fetched before `since`.
    fn count_due(tenant: &mut Tenant<'_>, since: OffsetDateTime) -> impl Future<Output = store::Result<i64>> + Send;

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

/// Fetches everything that is due, oldest first. Returns how many were fetched.
pub async fn fetch_due<T: OneByOne>(round: &Round, life: Duration) -> Result<i64, Trouble> {
    let since = OffsetDateTime::now_utc() - life;
    let retry_since = OffsetDateTime::now_utc() - RETRY_AFTER;
    let total = T::count_due(&mut round.store.tenant(&round.scope).await?, since).await?;
    let mut done = 0;
    loop {
        let keys = T::due(&mut round.store.tenant(&round.scope).await?, since, retry_since, BATCH).await?;
        if keys.is_empty() {
            return Ok(done);
        }
        let answers = stream::iter(keys).map(|key| async {
            let answer = T::fetch(&round.client, &key).await;
            (key, answer)
        });
        // Whatever has come in while the last ones were being stored is stored together.
        let mut answers = answers.buffer_unordered(AT_ONCE).ready_chunks(AT_ONCE);
        while let Some(ready) = answers.next().await {
            done += i64::try_from(ready.len()).unwrap_or_default();
            store_ready::<T>(round, ready, done, total.max(done)).await?;
        }
    }
}

/// What was asked for, and what upstream said.
type Fetched<T> = (<T as OneByOne>::Key, Result<Answer<<T as OneByOne>::Value>, Error>);

async fn store_ready<T: OneByOne>(round: &Round, ready: Vec<Fetched<T>>, done: i64, total: i64) -> Result<(), Trouble> {
    let now = OffsetDateTime::now_utc();
    let (mut good, mut gone, mut bad, mut trouble) = (Vec::new(), Vec::new(), Vec::new(), None);
    for (key, answer) in ready {
        match answer {
            Ok(answer) => good.push((answer.value, answer.raw)),
            Err(error) if error.is_not_found() => gone.push(key),
            Err(Error::NotUnderstood { .. } | Error::Refused(_) | Error::TooLarge { .. }) => bad.push(key),
            Err(error) => trouble = Some(error),
        }
    }
    let mut tenant = round.store.tenant(&round.scope).await?;
    if !tenant.advance_sync_job(&round.job, done, total).await? {
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
