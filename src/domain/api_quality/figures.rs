//! What became of calls and how long they took, counted so that counts can be added up.

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Any 2xx.
    Success,
    /// Any 3xx.
    Redirect,
    BadRequest,
    Unauthorized,
    Forbidden,
    NotFound,
    Conflict,
    /// 429, and 423 for what upstream locks.
    TooMany,
    /// Any other 4xx.
    OtherRefusal,
    InternalError,
    BadGateway,
    Unavailable,
    GatewayTimeout,
    /// Any other 5xx.
    OtherError,
    /// No connection, or it broke before the answer.
    NoConnection,
    /// No whole answer in time.
    TooLate,
    /// The answer ended before its end.
    CutOff,
    /// A refusal by which upstream answered what it was asked: whether it has something at all.
    Expected,
}

impl Outcome {
    /// In the order in which the database counts them; new ones come last.
    pub const ALL: [Self; 18] = [
        Self::Success,
        Self::Redirect,
        Self::BadRequest,
        Self::Unauthorized,
        Self::Forbidden,
        Self::NotFound,
        Self::Conflict,
        Self::TooMany,
        Self::OtherRefusal,
        Self::InternalError,
        Self::BadGateway,
        Self::Unavailable,
        Self::GatewayTimeout,
        Self::OtherError,
        Self::NoConnection,
        Self::TooLate,
        Self::CutOff,
        Self::Expected,
    ];

    pub fn of_status(status: u16) -> Self {
        match status {
            400 => Self::BadRequest,
            401 => Self::Unauthorized,
            403 => Self::Forbidden,
            404 => Self::NotFound,
            409 => Self::Conflict,
            423 | 429 => Self::TooMany,
            500 => Self::InternalError,
            502 => Self::BadGateway,
            503 => Self::Unavailable,
            504 => Self::GatewayTimeout,
            _ => match status / 100 {
                3 => Self::Redirect,
                4 => Self::OtherRefusal,
                5.. => Self::OtherError,
                _ => Self::Success,
            },
        }
    }

    /// Whether the call went wrong, be it the portal's fault or upstream's.
    pub fn is_failure(self) -> bool {
        !matches!(self, Self::Success | Self::Redirect | Self::Expected)
    }

    pub fn label(self) -> &'static str {
        match self {
            Self::Success => "2xx",
            Self::Redirect => "3xx",
            Self::BadRequest => "400",
            Self::Unauthorized => "401",
            Self::Forbidden => "403",
            Self::NotFound => "404",
            Self::Conflict => "409",
            Self::TooMany => "429",
            Self::OtherRefusal => "other 4xx",
            Self::InternalError => "500",
            Self::BadGateway => "502",
            Self::Unavailable => "503",
            Self::GatewayTimeout => "504",
            Self::OtherError => "other 5xx",
            Self::NoConnection => "no connection",
            Self::TooLate => "no answer in time",
            Self::CutOff => "answer cut off",
            Self::Expected => "expected refusal",
        }
    }
}

/// Up to how many milliseconds each of the counts of [`Latency`] reaches; the last count has no end.
pub const LATENCY_BOUNDS: [u32; 22] = [
    5, 10, 20, 30, 50, 75, 100, 150, 200, 300, 500, 750, 1_000, 1_500, 2_000, 3_000, 5_000, 7_500, 10_000, 15_000,
    20_000, 30_000,
];

/// How long calls took: how many of them within each of some fixed bounds, so that latencies of different times and
/// endpoints can be added up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Latency([u64; LATENCY_BOUNDS.len() + 1]);

impl Latency {
    pub fn count(&mut self, milliseconds: u32) {
        self.0[LATENCY_BOUNDS.partition_point(|bound| *bound < milliseconds)] += 1;
    }

    pub fn add(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(count, more)| *count += more);
    }

    pub fn calls(&self) -> u64 {
        self.0.iter().sum()
    }

    pub fn counts(&self) -> &[u64] {
        &self.0
    }

    /// Counts that the database holds; places it does not have yet are empty.
    pub fn of_counts(counts: &[i32]) -> Self {
        Self(places(counts))
    }

    /// The milliseconds within which this share of the calls ended (0 to 1), by even spread within the bounds; none
    /// without calls. What took longer than the last bound counts as if it had ended there.
    pub fn within(&self, share: f64) -> Option<u32> {
        let calls = self.calls();
        if calls == 0 {
            return None;
        }
        let wanted = (share.clamp(0.0, 1.0) * calls as f64).max(f64::MIN_POSITIVE);
        let mut before = 0;
        let mut from = 0;
        for (&count, &bound) in self.0.iter().zip(&LATENCY_BOUNDS) {
            if count > 0 && (before + count) as f64 >= wanted {
                let part = (wanted - before as f64) / count as f64;
                return Some((f64::from(from) + part * f64::from(bound - from)).ceil() as u32);
            }
            before += count;
            from = bound;
        }
        Some(from)
    }
}

/// What became of some calls, and how long they took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    outcomes: [u64; Outcome::ALL.len()],
    pub latency: Latency,
}

impl Figures {
    pub fn count(&mut self, outcome: Outcome, milliseconds: u32) {
        self.outcomes[outcome as usize] += 1;
        self.latency.count(milliseconds);
    }

    pub fn add(&mut self, other: &Self) {
        self.outcomes.iter_mut().zip(other.outcomes).for_each(|(count, more)| *count += more);
        self.latency.add(&other.latency);
    }

    /// Counts that the database holds; places it does not have yet are empty.
    pub fn of_counts(outcomes: &[i32], latency: &[i32]) -> Self {
        Self { outcomes: places(outcomes), latency: Latency::of_counts(latency) }
    }

    /// In the order of [`Outcome::ALL`].
    pub fn outcome_counts(&self) -> &[u64] {
        &self.outcomes
    }

    pub fn of(&self, outcome: Outcome) -> u64 {
        self.outcomes[outcome as usize]
    }

    pub fn requests(&self) -> u64 {
        self.outcomes.iter().sum()
    }

    pub fn failed(&self) -> u64 {
        Outcome::ALL.into_iter().filter(|outcome| outcome.is_failure()).map(|outcome| self.of(outcome)).sum()
    }

    /// The outcomes that there were, with their counts.
    pub fn outcomes(&self) -> impl Iterator<Item = (Outcome, u64)> {
        Outcome::ALL.into_iter().zip(self.outcomes).filter(|(_, count)| *count > 0)
    }
}

fn places<const N: usize>(counts: &[i32]) -> [u64; N] {
    let mut places = [0; N];
    for (place, count) in places.iter_mut().zip(counts) {
        *place = u64::try_from(*count).unwrap_or_default();
    }
    places
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn figures_of(calls: &[(usize, u32)]) -> Figures {
        let mut figures = Figures::default();
        for (outcome, milliseconds) in calls {
            figures.count(Outcome::ALL[*outcome], *milliseconds);
        }
        figures
    }

    fn calls() -> impl Strategy<Value = Vec<(usize, u32)>> {
        proptest::collection::vec((0..Outcome::ALL.len(), prop_oneof![0u32..40, 0u32..60_000]), 0..80)
    }

    #[test]
    fn every_outcome_has_its_place() {
        for (place, outcome) in Outcome::ALL.into_iter().enumerate() {
            assert_eq!(outcome as usize, place);
        }
        assert_eq!(Outcome::of_status(204), Outcome::Success);
        assert_eq!(Outcome::of_status(302), Outcome::Redirect);
        assert_eq!(Outcome::of_status(422), Outcome::OtherRefusal);
        assert_eq!(Outcome::of_status(423), Outcome::TooMany);
        assert_eq!(Outcome::of_status(599), Outcome::OtherError);
        assert!(!Outcome::Redirect.is_failure() && !Outcome::Expected.is_failure() && Outcome::TooLate.is_failure());
    }

    #[test]
    fn counts_of_older_and_newer_programs_are_read() {
        let figures = Figures::of_counts(&[3, 1], &[4]);
        assert_eq!((figures.requests(), figures.failed()), (4, 0));
        let longer = vec![1; 60];
        assert_eq!(Figures::of_counts(&longer, &longer).latency.calls(), LATENCY_BOUNDS.len() as u64 + 1);
    }

    proptest! {
        /// Added up in any order and in any parts, counts are those of all calls together.
        #[test]
        fn parts_come_to_the_whole(one in calls(), other in calls(), third in calls()) {
            let whole = figures_of(&[one.clone(), other.clone(), third.clone()].concat());
            let [one, other, third] = [one, other, third].map(|calls| figures_of(&calls));
            let mut forth = one.clone();
            forth.add(&other);
            forth.add(&third);
            let mut back = third;
            back.add(&other);
            back.add(&one);
            prop_assert_eq!(&forth, &whole);
            prop_assert_eq!(&back, &whole);
            prop_assert_eq!(whole.requests(), whole.latency.calls());
        }

        /// The time found lies within the bounds of the call it is about.
        #[test]
        fn times_are_as_exact_as_the_bounds(calls in calls(), share in 0.01f64..=1.0) {
            let figures = figures_of(&calls);
            let mut times: Vec<u32> = calls.iter().map(|(_, milliseconds)| *milliseconds).collect();
            times.sort_unstable();
            let Some(found) = figures.latency.within(share) else {
                prop_assert!(times.is_empty());
                return Ok(());
            };
            let at = ((share * times.len() as f64).ceil() as usize).clamp(1, times.len()) - 1;
            let place = LATENCY_BOUNDS.partition_point(|bound| *bound < times[at]);
            let from = if place == 0 { 0 } else { LATENCY_BOUNDS[place - 1] };
            let to = LATENCY_BOUNDS.get(place).copied().unwrap_or(LATENCY_BOUNDS[LATENCY_BOUNDS.len() - 1]);
            prop_assert!((from..=to).contains(&found), "{found} is not within {from} and {to} of {times:?}");
        }

        /// A larger share never takes less time.
        #[test]
        fn times_rise_with_the_share(calls in calls(), one in 0.0f64..=1.0, other in 0.0f64..=1.0) {
            let latency = figures_of(&calls).latency;
            prop_assert!(latency.within(one.min(other)) <= latency.within(one.max(other)));
        }
    }
}
