//! So many calls in any second: stricter than a bucket, which lets through twice as many now and then.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::server::sandbox::locked;

const SECOND: Duration = Duration::from_secs(1);

pub struct PerSecond(Mutex<Counted>);

struct Counted {
    /// None is no limit.
    most: Option<usize>,
    /// The calls of the last second, by client.
    calls: Vec<VecDeque<Instant>>,
}

impl PerSecond {
    /// 0 is no limit.
    pub fn new(clients: usize, most: usize) -> Self {
        Self(Mutex::new(Counted { most: (most > 0).then_some(most), calls: vec![VecDeque::new(); clients] }))
    }

    /// What was called before does not count.
    pub fn set(&self, most: usize) {
        let mut counted = locked(&self.0);
        counted.most = (most > 0).then_some(most);
        counted.calls.iter_mut().for_each(VecDeque::clear);
    }

    /// Counts a call; if it is one too many, says how long to wait.
    pub fn take(&self, client: usize, now: Instant) -> Result<(), Duration> {
        let mut counted = locked(&self.0);
        let Some(most) = counted.most else { return Ok(()) };
        let Some(calls) = counted.calls.get_mut(client) else { return Ok(()) };
        while calls.front().is_some_and(|&at| now.saturating_duration_since(at) >= SECOND) {
            calls.pop_front();
        }
        if calls.len() < most {
            calls.push_back(now);
            return Ok(());
        }
        Err(calls.front().map_or(SECOND, |&first| (first + SECOND).saturating_duration_since(now)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_second_has_more_than_the_limit() {
        let limit = PerSecond::new(2, 20);
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        assert!((0..20).all(|call| limit.take(0, at(call)).is_ok()));
        assert_eq!(limit.take(0, at(999)), Err(Duration::from_millis(1)));
        assert!(limit.take(1, at(999)).is_ok(), "another client has calls of its own");
        assert!(limit.take(0, at(1_000)).is_ok());
        assert!(limit.take(0, at(1_000)).is_err(), "the second call was made a millisecond later");
        limit.set(0);
        assert!((0..100).all(|_| limit.take(0, at(1_000)).is_ok()));
    }
}
