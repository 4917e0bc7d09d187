//! How long a call may take in all, by who waits for it.

use std::future::Future;
use std::time::{Duration, Instant};

use super::Lane;
use super::error::Error;

pub(super) struct Patience {
    pub lane: Lane,
    pub length: Duration,
    /// None for a call in [`Lane::Sync`] whose first turn has not come: its queue is of the sync's own making.
    pub ends: Option<Instant>,
}

impl Patience {
    pub(super) fn new(lane: Lane) -> Self {
        match lane {
            Lane::Interactive => {
                let length = Duration::from_secs(8);
                Self { lane, length, ends: Some(Instant::now() + length) }
            }
            Lane::Sync => Self { lane, length: Duration::from_secs(60), ends: None },
        }
    }

    pub(super) fn begin(&mut self) {
        self.ends.get_or_insert_with(|| Instant::now() + self.length);
    }

    pub(super) fn left(&self) -> Duration {
        self.ends.map_or(self.length, |ends| ends.saturating_duration_since(Instant::now()))
    }

    pub(super) async fn wait<T>(&self, what: impl Future<Output = T>) -> Result<T, Error> {
        match self.ends {
            None => Ok(what.await),
            Some(ends) => {
                tokio::time::timeout_at(ends.into(), what).await.map_err(|_| Error::TimedOut { after: self.length })
            }
        }
    }
}
