//! How fast a `client_id` may call: paced slots, handed to people first, at a rate that learns upstream's limit.

mod window;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use self::window::{Room, Taken, Window};
use super::Lane;

/// How far slots may catch up after a late timer: what a burst may hold.
const CATCH_UP: Duration = Duration::from_millis(50);
/// The longest rest upstream can ask for.
const LONGEST_REST: Duration = Duration::from_secs(120);
/// The rest after a refusal that names none.
const USUAL_REST: Duration = Duration::from_secs(1);

/// Leave to make one call, to be kept until the call has ended.
#[derive(Debug)]
pub(super) struct Slot {
    /// Counts the cuts of the rate, to tell refusals of one burst from a new one.
    era: u64,
    _room: Option<Taken>,
}

/// One per `client_id` at an upstream.
pub(super) struct Pacer(Mutex<Queue>);

struct Queue {
    rate: Rate,
    /// When the next slot is due; in the past while nobody asks.
    due: Instant,
    rests_until: Instant,
    /// Where upstream tells its limit and must never have reason to refuse.
    window: Option<Arc<Window>>,
    interactive: VecDeque<oneshot::Sender<Slot>>,
    sync: VecDeque<oneshot::Sender<Slot>>,
    /// A task hands out slots until nobody waits.
    serving: bool,
}

impl Pacer {
    /// `allowed` is in calls per second.
    pub(super) fn new(allowed: f64) -> Self {
        Self::with_window(allowed, None)
    }

    /// Never more than `most` calls within any second.
    pub(super) fn never_above(most: usize) -> Self {
        Self::with_window(most as f64, Some(Window::new(most)))
    }

    fn with_window(allowed: f64, window: Option<Arc<Window>>) -> Self {
        let now = Instant::now();
        let (interactive, sync) = Default::default();
        Self(Mutex::new(Queue {
            rate: Rate::new(allowed),
            due: now,
            rests_until: now,
            window,
            interactive,
            sync,
            serving: false,
        }))
    }

    /// Waits for a slot. Given up by dropping.
    pub(super) async fn slot(self: &Arc<Self>, lane: Lane) -> Slot {
        let granted = {
            let mut queue = self.queue();
            let now = Instant::now();
            if !queue.serving && queue.next_at(now).is_some_and(|next| next <= now) {
                return queue.take(now);
            }
            let (grant, granted) = oneshot::channel();
            match lane {
                Lane::Interactive => queue.interactive.push_back(grant),
                Lane::Sync => queue.sync.push_back(grant),
            }
            if !queue.serving {
                queue.serving = true;
                tokio::spawn(serve(Arc::clone(self)));
            }
            granted
        };
        // Only a runtime that is shutting down drops the other end.
        granted.await.unwrap_or(Slot { era: 0, _room: None })
    }

    /// Until when nobody gets a slot, because upstream asked for rest.
    pub(super) fn rests_until(&self) -> Instant {
        self.queue().rests_until
    }

    /// Upstream answered that there were too many calls.
    pub(super) fn limited(&self, slot: Slot, retry_after: Option<Duration>) {
        self.queue().refused(slot, retry_after.unwrap_or(USUAL_REST), Instant::now(), Rate::exceeded);
    }

    /// Upstream asked for rest because it is overloaded: says nothing about its limit.
    pub(super) fn overloaded(&self, slot: Slot, retry_after: Option<Duration>) {
        self.queue().refused(slot, retry_after.unwrap_or_default(), Instant::now(), Rate::eased);
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn serve(pacer: Arc<Pacer>) {
    loop {
        let (next_at, window) = {
            let mut queue = pacer.queue();
            let now = Instant::now();
            while queue.next_at(now).is_some_and(|next| next <= now) && queue.grant_next(now) {}
            if queue.is_empty() {
                queue.serving = false;
                return;
            }
            (queue.next_at(now), queue.window.clone())
        };
        match (next_at, window) {
            (Some(next_at), _) => tokio::time::sleep_until(next_at.into()).await,
            (None, Some(window)) => window.freed().await,
            (None, None) => {}
        }
    }
}

impl Queue {
    /// When the next slot can be given; none if that depends on when a call ends.
    fn next_at(&self, now: Instant) -> Option<Instant> {
        match self.window.as_ref().map(|window| window.room(now)) {
            None => Some(self.paced_at(now)),
            Some(Room::At(room)) => Some(self.paced_at(now).max(room)),
            Some(Room::Later) => None,
        }
    }

    fn paced_at(&self, now: Instant) -> Instant {
        // Slots are due at sums of intervals, not an interval after the last one was taken: timers are always late.
        let earliest = now.checked_sub(CATCH_UP).unwrap_or(now);
        self.due.max(earliest).max(self.rests_until)
    }

    fn take(&mut self, now: Instant) -> Slot {
        self.due = self.paced_at(now) + Duration::from_secs_f64(1.0 / self.rate.now(now));
        self.rate.calls += 1;
        self.rate.begun.get_or_insert(now);
        Slot { era: self.rate.era, _room: self.window.as_ref().map(Window::take) }
    }

    /// Gives the slot that is due to whoever is first; those who gave up cost none.
    fn grant_next(&mut self, now: Instant) -> bool {
        while let Some(grant) = self.interactive.pop_front().or_else(|| self.sync.pop_front()) {
            if !grant.is_closed() {
                let slot = self.take(now);
                let _ = grant.send(slot);
                return true;
            }
        }
        false
    }

    fn is_empty(&mut self) -> bool {
        for lane in [&mut self.interactive, &mut self.sync] {
            while lane.pop_front_if(|grant| grant.is_closed()).is_some() {}
        }
        self.interactive.is_empty() && self.sync.is_empty()
    }

    fn refused(&mut self, slot: Slot, rest: Duration, now: Instant, lower: fn(&mut Rate, Duration, Instant)) {
        let rest = rest.min(LONGEST_REST);
        if slot.era == self.rate.era {
            lower(&mut self.rate, rest, now);
        } else if let Some(cut) = &mut self.rate.cut {
            // The same burst: calls that were under way when the rate was cut.
            cut.refusals = cut.refusals.saturating_add(1);
        }
        self.rests_until = self.rests_until.max(now + rest);
    }
}

/// The rate in force: all that is allowed until upstream refuses, then what upstream was seen to bear.
///
/// After a refusal it starts a little below that, climbs there, holds for long enough that a refusal now and then
/// stays below one in a hundred, and then goes on beyond, slowly at first, in case the limit was raised.
struct Rate {
    allowed: f64,
    cut: Option<Cut>,
    /// When the first call was made.
    begun: Option<Instant>,
    /// Calls since the cut.
    calls: u64,
    era: u64,
}

struct Cut {
    base: f64,
    /// What upstream is believed to bear.
    target: f64,
    /// When calls begin again.
    from: Instant,
    rest: Duration,
    refusals: u32,
}

impl Rate {
    fn new(allowed: f64) -> Self {
        Self { allowed, cut: None, begun: None, calls: 0, era: 0 }
    }

    fn now(&self, now: Instant) -> f64 {
        let Some(cut) = &self.cut else { return self.allowed };
        let (calls, calm) = (self.calls as f64, now.saturating_duration_since(cut.from).as_secs_f64());
        let climbed = (calls / 100.0).max(calm / 30.0);
        if climbed < 1.0 {
            return (cut.base + (cut.target - cut.base) * climbed).min(self.allowed);
        }
        // Both in calls and in time: the first keeps refusals rare, the second keeps rests rare.
        let calls_held = calls - 400.0 * f64::from(cut.refusals);
        let calm_held = calm - (30.0 * cut.rest.as_secs_f64()).clamp(20.0, 600.0);
        let steps = (calls_held / 50.0).min(calm_held / 6.0).max(0.0);
        (cut.target * (1.0 + 0.01 * steps + (steps / 20.0).powi(3))).min(self.allowed)
    }

    /// The limit was exceeded: remember what it was.
    fn exceeded(&mut self, rest: Duration, now: Instant) {
        let since = self.cut.as_ref().map(|cut| cut.from).or(self.begun).unwrap_or(now);
        let calm = now.saturating_duration_since(since).as_secs_f64();
        // Called for `calm`, then told to rest: the limit is what that comes to on average.
        let bearable = calm / (calm + rest.as_secs_f64()).max(f64::EPSILON);
        let target = self.now(now) * bearable.clamp(0.5, 0.96);
        self.lower(target, target * 0.93, rest, now);
    }

    fn eased(&mut self, rest: Duration, now: Instant) {
        let target = self.cut.as_ref().map_or(self.allowed, |cut| cut.target);
        self.lower(target, self.now(now) * 0.5, rest, now);
    }

    fn lower(&mut self, target: f64, base: f64, rest: Duration, now: Instant) {
        // Slow enough for any limit, fast enough to notice within minutes that it is gone.
        let least = (self.allowed / 100.0).min(0.1);
        self.cut = Some(Cut { base: base.max(least), target: target.max(least), from: now + rest, rest, refusals: 1 });
        self.calls = 0;
        self.era += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a limiter says of a call at `now` (seconds): none if it is let through, else how long to wait.
    trait Limiter {
        fn refuses(&mut self, now: f64) -> Option<f64>;
    }

    struct Bucket {
        limit: f64,
        size: f64,
        level: f64,
        at: f64,
        says: f64,
    }

    impl Limiter for Bucket {
        fn refuses(&mut self, now: f64) -> Option<f64> {
            self.level = (self.level + (now - self.at) * self.limit).min(self.size);
            self.at = now;
            let refused = self.level < 1.0;
            self.level -= if refused { 0.0 } else { 1.0 };
            refused.then_some(self.says)
        }
    }

    struct Window {
        limit: f64,
        seconds: f64,
        begins: f64,
        calls: f64,
    }

    impl Limiter for Window {
        fn refuses(&mut self, now: f64) -> Option<f64> {
            if now >= self.begins + self.seconds {
                (self.begins, self.calls) = ((now / self.seconds).floor() * self.seconds, 0.0);
            }
            self.calls += 1.0;
            (self.calls > self.limit * self.seconds).then(|| (self.begins + self.seconds - now).ceil())
        }
    }

    /// Runs a saturated queue in simulated time; answers come after `latency`. Gives the refused part of all calls
    /// and the accepted calls per second, from `settled` on.
    fn steady(allowed: f64, limiter: &mut dyn Limiter, latency: f64, settled: f64, until: f64) -> (f64, f64) {
        let start = Instant::now();
        let at = |seconds: f64| start + Duration::from_secs_f64(seconds);
        let Pacer(queue) = Pacer::new(allowed);
        let mut queue = queue.into_inner().unwrap();
        let mut answers: VecDeque<(f64, Slot, f64)> = VecDeque::new();
        let (mut now, mut accepted, mut refused) = (0.0, 0, 0);
        while now < until {
            while answers.front().is_some_and(|answer| answer.0 <= now) {
                let (_, slot, wait) = answers.pop_front().unwrap();
                queue.refused(slot, Duration::from_secs_f64(wait), at(now), Rate::exceeded);
            }
            let next = queue.next_at(at(now)).unwrap();
            if next > at(now) {
                let due = next.duration_since(start).as_secs_f64() + 1e-6;
                now = answers.front().map_or(due, |answer| answer.0.min(due));
                continue;
            }
            let slot = queue.take(at(now));
            match limiter.refuses(now) {
                Some(wait) => answers.push_back((now + latency, slot, wait)),
                None if now > settled => accepted += 1,
                None => {}
            }
            refused += u32::from(now > settled && answers.back().is_some_and(|answer| answer.0 == now + latency));
        }
        let calls = f64::from(accepted + refused);
        (f64::from(refused) / calls, f64::from(accepted) / (until - settled))
    }

    #[test]
    fn settles_just_below_a_hidden_limit() {
        for (allowed, limit) in [(10.0, 0.5), (10.0, 3.0), (10.0, 7.0), (200.0, 12.5), (200.0, 37.0), (100.0, 75.0)] {
            for latency in [0.0, 0.05, 0.4] {
                let bucket = |size: f64, says| Bucket { limit, size, level: size, at: 0.0, says };
                let window = |seconds| Window { limit, seconds, begins: 0.0, calls: 0.0 };
                let limiters: [(&str, &mut dyn Limiter); 5] = [
                    ("a second's bucket", &mut bucket(limit.max(1.0), 1.0)),
                    ("ten seconds' bucket", &mut bucket(limit * 10.0, 1.0)),
                    ("an impatient bucket", &mut bucket(limit.max(5.0), 0.0)),
                    ("ten seconds' window", &mut window(10.0)),
                    ("a minute's window", &mut window(60.0)),
                ];
                for (name, limiter) in limiters {
                    let settled = 600.0f64.max(800.0 / limit);
                    let (refused, rate) = steady(allowed, limiter, latency, settled, settled * 6.0);
                    let used = rate / limit;
                    let line = format!("{name} of {limit}/s, {latency} s: {refused:.4} refused, {used:.3} used");
                    println!("{line}");
                    assert!(refused <= 0.01 && used >= 0.9, "{line}");
                }
            }
        }
    }

    #[test]
    fn finds_out_that_a_limit_was_raised() {
        struct Raised(Bucket);
        impl Limiter for Raised {
            fn refuses(&mut self, now: f64) -> Option<f64> {
                self.0.limit = if now > 3600.0 { 100.0 } else { 2.0 };
                self.0.refuses(now)
            }
        }
        let bucket = || Raised(Bucket { limit: 2.0, size: 2.0, level: 2.0, at: 0.0, says: 1.0 });
        let (_, before) = steady(10.0, &mut bucket(), 0.04, 1200.0, 3600.0);
        let (refused, after) = steady(10.0, &mut bucket(), 0.04, 5400.0, 5700.0);
        assert!((1.8..2.05).contains(&before), "{before}");
        assert!(refused < 1e-9 && after > 9.7, "{after}, {refused} refused");
    }

    #[test]
    fn unhindered_it_reaches_the_allowed_rate_and_bursts_are_small() {
        struct Never(VecDeque<f64>, usize);
        impl Limiter for Never {
            fn refuses(&mut self, now: f64) -> Option<f64> {
                self.0.push_back(now);
                while self.0.front().is_some_and(|&at| at <= now - 1.0) {
                    self.0.pop_front();
                }
                self.1 = self.1.max(self.0.len());
                None
            }
        }
        for allowed in [0.2, 10.0, 200.0, 2000.0] {
            let mut never = Never(VecDeque::new(), 0);
            let (_, rate) = steady(allowed, &mut never, 0.0, 1.0, 200.0);
            assert!(rate >= 0.97 * allowed && rate <= 1.01 * allowed, "{rate} of {allowed}");
            assert!(never.1 as f64 <= allowed * 1.05 + 2.0, "{} in a second of {allowed}", never.1);
        }
    }

    #[test]
    fn one_burst_of_refusals_lowers_the_rate_once_and_overload_is_forgotten() {
        let now = Instant::now();
        let Pacer(queue) = Pacer::new(10.0);
        let mut queue = queue.into_inner().unwrap();
        let slots: Vec<Slot> = (0..20).map(|_| queue.take(now)).collect();
        for slot in slots {
            queue.refused(slot, Duration::from_secs(9_999_999), now, Rate::exceeded);
        }
        assert_eq!(queue.rests_until, now + LONGEST_REST, "an absurd rest is cut");
        let lowered = queue.rate.now(now);
        assert!((4.6..5.1).contains(&lowered), "{lowered}");

        let mut rate = Rate::new(10.0);
        rate.eased(Duration::from_secs(2), now);
        assert!((rate.now(now) - 5.0).abs() < 0.01);
        assert!(rate.now(now + Duration::from_secs(33)) > 9.99);
    }
}
