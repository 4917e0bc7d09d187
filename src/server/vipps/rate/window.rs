//! A limit that is never exceeded: so many calls within any second, wherever in the second upstream counts them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// A second, and what two clocks may differ by in it.
const SPAN: Duration = Duration::from_millis(1_010);

/// Upstream counts a call at some moment between its sending and its answer. So a call takes up room from when it is
/// sent until a second after it has ended. For any calls within a second of upstream's clock, the last one was sent
/// while all the others took up room: there are never more of them than `most`.
pub(super) struct Window {
    most: usize,
    calls: Mutex<Calls>,
    freed: Notify,
}

#[derive(Default)]
struct Calls {
    under_way: usize,
    /// When those ended that still take up room.
    ended: VecDeque<Instant>,
}

/// When there is room for a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    At(Instant),
    /// Once a call that is under way has ended.
    Later,
}

/// The room that one call takes up, until it is dropped and a second longer.
#[derive(Debug)]
pub(super) struct Taken(Arc<Window>);

impl Window {
    pub(super) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most: most.max(1), calls: Mutex::default(), freed: Notify::new() })
    }

    pub(super) fn room(&self, now: Instant) -> Room {
        let mut calls = self.calls();
        while calls.ended.front().is_some_and(|&ended| now.saturating_duration_since(ended) >= SPAN) {
            calls.ended.pop_front();
        }
        let over = (calls.under_way + calls.ended.len() + 1).saturating_sub(self.most);
        match over.checked_sub(1) {
            None => Room::At(now),
            // The oldest ones make room first.
            Some(last) => calls.ended.get(last).map_or(Room::Later, |&ended| Room::At(ended + SPAN)),
        }
    }

    pub(super) fn take(self: &Arc<Self>) -> Taken {
        self.calls().under_way += 1;
        Taken(Arc::clone(self))
    }

    /// Waits until a call has ended.
    pub(super) async fn freed(&self) {
        self.freed.notified().await;
    }

    fn end(&self, now: Instant) {
        let mut calls = self.calls();
        calls.under_way = calls.under_way.saturating_sub(1);
        calls.ended.push_back(now);
        drop(calls);
        self.freed.notify_one();
    }

    fn calls(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.0.end(Instant::now());
    }
}

impl std::fmt::Debug for Window {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Window").field("most", &self.most).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn calls_under_way_and_those_of_the_last_second_take_up_room() {
        let window = Window::new(2);
        let start = Instant::now();
        let (first, second) = (window.take(), window.take());
        assert_eq!(window.room(start), Room::Later);
        std::mem::forget((first, second));
        window.end(start);
        assert_eq!(window.room(start), Room::At(start + SPAN));
        window.end(start + Duration::from_millis(500));
        assert_eq!(window.room(start + SPAN), Room::At(start + SPAN), "the first one has made room");
        window.calls().under_way += 1;
        assert_eq!(window.room(start + SPAN), Room::At(start + Duration::from_millis(500) + SPAN));
    }

    proptest! {
        /// Simulated: calls go out as soon as there is room, are counted by upstream at any moment of their life, and
        /// end in any order.
        #[test]
        fn upstream_never_counts_too_many_in_any_second(
            most in 1usize..25,
            lives in proptest::collection::vec((0u64..3_000, 0.0f64..=1.0), 1..200),
        ) {
            let window = Window::new(most);
            let start = Instant::now();
            let at = |ms: u64| start + Duration::from_millis(ms);
            let (mut now, mut ends, mut counted) = (0u64, Vec::<u64>::new(), Vec::<u64>::new());
            for (life, part) in lives {
                loop {
                    ends.sort_unstable();
                    while ends.first().is_some_and(|&end| end <= now) {
                        window.end(at(ends.remove(0)));
                    }
                    match window.room(at(now)) {
                        Room::At(time) if time <= at(now) => break,
                        Room::At(time) => {
                            let then = time.duration_since(start).as_millis() as u64;
                            now = ends.first().map_or(then, |&end| end.min(then)).max(now + 1);
                        }
                        Room::Later => now = ends[0].max(now),
                    }
                }
                window.calls().under_way += 1;
                ends.push(now + life);
                counted.push(now + (life as f64 * part) as u64);
            }
            counted.sort_unstable();
            for run in counted.windows(most + 1) {
                prop_assert!(run[most] - run[0] >= 1_000, "{} calls within {} ms", most + 1, run[most] - run[0]);
            }
        }
    }
}
