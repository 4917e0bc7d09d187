//! How many calls a second each client may make: one token bucket per client_id.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::locked;

pub struct Limits(Mutex<State>);

struct State {
    /// Calls per second; zero is no limit.
    announced: f64,
    hidden: Option<f64>,
    buckets: Vec<Bucket>,
}

#[derive(Clone, Copy)]
struct Bucket {
    /// Calls that may be made at once.
    calls: f64,
    filled: Option<Instant>,
}

const FULL: Bucket = Bucket { calls: f64::INFINITY, filled: None };

impl Limits {
    pub fn new(clients: usize, rate: f64) -> Self {
        Self(Mutex::new(State { announced: rate, hidden: None, buckets: vec![FULL; clients] }))
    }

    /// Fills every bucket, so that what was called before does not count.
    pub fn set_announced(&self, rate: f64) {
        let mut state = locked(&self.0);
        state.announced = rate;
        state.buckets.fill(FULL);
    }

    pub fn set_hidden(&self, rate: Option<f64>) {
        let mut state = locked(&self.0);
        state.hidden = rate;
        state.buckets.fill(FULL);
    }

    /// Counts a call; if it is one too many, says how long to wait.
    pub fn take(&self, client: usize, now: Instant) -> Result<(), Duration> {
        let mut state = locked(&self.0);
        let announced = Some(state.announced).filter(|&rate| rate > 0.0);
        let Some(rate) = announced.into_iter().chain(state.hidden).reduce(f64::min) else { return Ok(()) };
        let Some(bucket) = state.buckets.get_mut(client) else { return Ok(()) };
        let since = bucket.filled.map_or(Duration::ZERO, |filled| now.saturating_duration_since(filled));
        bucket.calls = (bucket.calls + since.as_secs_f64() * rate).min(rate.max(1.0));
        bucket.filled = Some(now);
        if bucket.calls >= 1.0 {
            bucket.calls -= 1.0;
            return Ok(());
        }
        Err(Duration::from_secs_f64((1.0 - bucket.calls) / rate))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_of_one_seconds_worth_then_the_rate() {
        let limits = Limits::new(2, 5.0);
        let start = Instant::now();
        let taken = (0..20).filter(|_| limits.take(0, start).is_ok()).count();
        assert_eq!(taken, 5);
        let wait = limits.take(0, start).unwrap_err();
        assert!(wait <= Duration::from_millis(201), "{wait:?}");
        assert!(limits.take(1, start).is_ok(), "another client has a bucket of its own");
        let taken = (0..400).filter(|step| limits.take(0, start + Duration::from_millis(10 * step)).is_ok()).count();
        assert!((19..=20).contains(&taken), "{taken} calls in four seconds");
    }

    #[test]
    fn slow_rates_let_one_call_through_and_zero_is_no_limit() {
        let limits = Limits::new(1, 0.5);
        let now = Instant::now();
        assert!(limits.take(0, now).is_ok());
        assert_eq!(limits.take(0, now), Err(Duration::from_secs(2)));
        limits.set_announced(0.0);
        assert!((0..1000).all(|_| limits.take(0, now).is_ok()));
        limits.set_hidden(Some(3.0));
        assert_eq!((0..10).filter(|_| limits.take(0, now).is_ok()).count(), 3);
    }
}
