//! Stops calling an upstream that is down, and finds out when it is back.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use time::OffsetDateTime;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use super::error::Error;

/// Failures in a row that open the breaker.
const TOLERATED: u32 = 5;
const FIRST_DELAY: Duration = Duration::from_secs(1);
const LONGEST_DELAY: Duration = Duration::from_secs(30);

/// One per upstream.
#[derive(Default)]
pub(super) struct Breaker {
    state: Mutex<State>,
    opened: Notify,
}

#[derive(Default)]
struct State {
    failures: u32,
    open: Option<Open>,
}

#[derive(Clone, Copy)]
struct Open {
    since: OffsetDateTime,
    delay: Duration,
    probe_at: Instant,
    /// A call is out to see whether upstream is back.
    probing: bool,
}

/// Leave to make one call. Its outcome must be told; dropping it tells that nothing was learnt.
pub(super) struct Admission {
    breaker: Arc<Breaker>,
    probe: bool,
}

impl Breaker {
    pub(super) fn open_since(&self) -> Option<OffsetDateTime> {
        self.state().open.map(|open| open.since)
    }

    /// # Errors
    /// [`Error::BreakerOpen`] while no call is let through.
    pub(super) fn check(&self, now: Instant) -> Result<(), Error> {
        match self.state().open {
            Some(open) if open.probing || now < open.probe_at => Err(Error::BreakerOpen { since: open.since }),
            _ => Ok(()),
        }
    }

    /// # Errors
    /// [`Error::BreakerOpen`] while open, except for the one call that probes.
    pub(super) fn admit(self: &Arc<Self>, now: Instant) -> Result<Admission, Error> {
        let mut state = self.state();
        let probe = match &mut state.open {
            None => false,
            Some(open) if open.probing || now < open.probe_at => return Err(Error::BreakerOpen { since: open.since }),
            Some(open) => {
                open.probing = true;
                true
            }
        };
        Ok(Admission { breaker: Arc::clone(self), probe })
    }

    /// Ready when the breaker opens, so that calls in a queue need not wait for their turn to fail. Counts from now on.
    pub(super) fn opens(&self) -> Notified<'_> {
        self.opened.notified()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Admission {
    pub(super) fn succeeded(self) {
        *self.breaker.state() = State::default();
    }

    pub(super) fn failed(self, now: Instant) {
        let mut state = self.breaker.state();
        state.failures = state.failures.saturating_add(1);
        let opens = state.failures >= TOLERATED;
        match &mut state.open {
            Some(open) if self.probe => {
                open.delay = (open.delay * 2).min(LONGEST_DELAY);
                open.probe_at = now + open.delay;
            }
            // A call that was under way when the breaker opened tells nothing new.
            Some(_) => {}
            None if opens => {
                let since = OffsetDateTime::now_utc();
                let probe_at = now + FIRST_DELAY;
                state.open = Some(Open { since, delay: FIRST_DELAY, probe_at, probing: false });
                self.breaker.opened.notify_waiters();
            }
            None => {}
        }
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        if self.probe
            && let Some(open) = &mut self.breaker.state().open
        {
            open.probing = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fail(breaker: &Arc<Breaker>, now: Instant) {
        breaker.admit(now).unwrap().failed(now);
    }

    #[test]
    fn opens_after_failures_in_a_row_and_probes_ever_more_rarely() {
        let (breaker, start) = (Arc::new(Breaker::default()), Instant::now());
        for _ in 1..TOLERATED {
            fail(&breaker, start);
        }
        breaker.admit(start).unwrap().succeeded();
        for _ in 0..TOLERATED {
            assert_eq!(breaker.open_since(), None);
            fail(&breaker, start);
        }
        let since = breaker.open_since().unwrap();
        let mut now = start;
        for delay in [1, 2, 4, 8, 16, 30, 30] {
            let almost = now + Duration::from_millis(delay * 1000 - 1);
            assert_eq!(breaker.check(almost), Err(Error::BreakerOpen { since }));
            now += Duration::from_secs(delay);
            assert_eq!(breaker.check(now), Ok(()));
            let probe = breaker.admit(now).unwrap();
            assert!(breaker.admit(now).is_err(), "one probe at a time");
            probe.failed(now);
        }
        now += LONGEST_DELAY;
        drop(breaker.admit(now).unwrap());
        breaker.admit(now).expect("a probe that was given up leaves room for the next").succeeded();
        assert_eq!(breaker.open_since(), None);
    }
}
