//! How often somebody may do something, by a key that names them. Kept in memory: each process
//! counts for itself, and a restart begins anew.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use governor::clock::{Clock, MonotonicClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

/// Keys that have been quiet are forgotten after so many questions.
const TIDY_EVERY: u32 = 1_024;

pub struct Limiter<C: Clock = MonotonicClock> {
    rates: RateLimiter<String, HashMapStateStore<String>, C, NoOpMiddleware<C::Instant>>,
    asked: AtomicU32,
}

impl Limiter {
    /// `times` at once for each key, and as many again in the course of a minute.
    pub fn per_minute(times: NonZeroU32) -> Self {
        Self::with_clock(Quota::per_minute(times), MonotonicClock)
    }

    /// `times` at once for each key, and as many again in the course of an hour.
    pub fn per_hour(times: NonZeroU32) -> Self {
        Self::with_clock(Quota::per_hour(times), MonotonicClock)
    }
}

impl<C: Clock> Limiter<C> {
    fn with_clock(quota: Quota, clock: C) -> Self {
        let rates = RateLimiter::new(quota, HashMapStateStore::default(), clock);
        Self { rates, asked: AtomicU32::new(0) }
    }

    /// Whether it may be done once more now; counts it if so.
    pub fn allows(&self, key: &str) -> bool {
        self.check(key).is_ok()
    }

    /// Counts that it is done once more. The error is how long one has to wait before it may be.
    pub fn check(&self, key: &str) -> Result<(), Duration> {
        if self.asked.fetch_add(1, Ordering::Relaxed) % TIDY_EVERY == TIDY_EVERY - 1 {
            self.rates.retain_recent();
        }
        self.rates.check_key(&key.to_owned()).map_err(|refused| refused.wait_time_from(self.rates.clock().now()))
    }
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;

    const THREE: NonZeroU32 = NonZeroU32::new(3).unwrap();

    #[test]
    fn each_key_has_its_own_count_which_comes_back_with_time() {
        let clock = FakeRelativeClock::default();
        let limiter = Limiter::with_clock(Quota::per_minute(THREE), clock.clone());
        let asked = [(); 4].map(|()| limiter.allows("a"));
        assert_eq!(asked, [true, true, true, false]);
        assert!(limiter.allows("b"), "one key's haste is not another's");
        assert_eq!(limiter.check("a"), Err(Duration::from_secs(20)));
        clock.advance(Duration::from_secs(20));
        assert_eq!([limiter.allows("a"), limiter.allows("a")], [true, false]);
        clock.advance(Duration::from_secs(60));
        assert_eq!([(); 4].map(|()| limiter.allows("a")), [true, true, true, false]);
    }

    #[test]
    fn quiet_keys_are_forgotten() {
        let clock = FakeRelativeClock::default();
        let limiter = Limiter::with_clock(Quota::per_minute(THREE), clock.clone());
        for key in 0..TIDY_EVERY - 1 {
            limiter.allows(&key.to_string());
        }
        assert_eq!(limiter.rates.len(), TIDY_EVERY as usize - 1);
        clock.advance(Duration::from_secs(61));
        limiter.allows("a");
        assert_eq!(limiter.rates.len(), 1);
    }
}
