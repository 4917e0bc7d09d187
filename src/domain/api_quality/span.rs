//! The times that can be chosen, and the steps in which they are drawn. All in UTC.

use time::{Duration, OffsetDateTime, Time, UtcOffset};

/// How far back one looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Span {
    #[default]
    Day,
    Week,
    Month,
    Quarter,
}

/// What calls are counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    Hour,
    Day,
}

impl Step {
    pub const ALL: [Self; 2] = [Self::Hour, Self::Day];

    /// Names the step in the database.
    pub fn word(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }

    /// When the step that `then` is in begins.
    pub fn begin_of(self, then: OffsetDateTime) -> OffsetDateTime {
        match self {
            Self::Hour => hour_of(then),
            Self::Day => day_of(then),
        }
    }
}

impl Span {
    pub const ALL: [Self; 4] = [Self::Day, Self::Week, Self::Month, Self::Quarter];

    /// Names the span in addresses and in the database.
    pub fn word(self) -> &'static str {
        match self {
            Self::Day => "24h",
            Self::Week => "7d",
            Self::Month => "30d",
            Self::Quarter => "90d",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|span| span.word() == word)
    }

    pub fn label(self) -> &'static str {
        match self {
            Self::Day => "24 hours",
            Self::Week => "7 days",
            Self::Month => "30 days",
            Self::Quarter => "90 days",
        }
    }

    /// When it begins: 24 hours are the hour that is under way and the 23 before it, days are today and those
    /// before it.
    pub fn begin(self, now: OffsetDateTime) -> OffsetDateTime {
        match self {
            Self::Day => hour_of(now) - Duration::hours(23),
            Self::Week => day_of(now) - Duration::days(6),
            Self::Month => day_of(now) - Duration::days(29),
            Self::Quarter => day_of(now) - Duration::days(89),
        }
    }

    /// The largest of what calls are counted by that begins when this does.
    pub fn counted_by(self) -> Step {
        if self == Self::Day { Step::Hour } else { Step::Day }
    }

    /// The same for its chart.
    pub fn drawn_by(self) -> Step {
        if matches!(self, Self::Day | Self::Week) { Step::Hour } else { Step::Day }
    }

    /// How long one step of its chart is.
    pub fn step(self) -> Duration {
        match self {
            Self::Day => Duration::HOUR,
            Self::Week => Duration::hours(6),
            Self::Month | Self::Quarter => Duration::DAY,
        }
    }

    /// When each step of its chart begins, the last of which is under way.
    pub fn steps(self, now: OffsetDateTime) -> impl Iterator<Item = OffsetDateTime> {
        let (begin, step) = (self.begin(now), self.step());
        std::iter::successors(Some(begin), move |begins_at| Some(*begins_at + step))
            .take_while(move |begins_at| *begins_at <= now)
    }
}

/// When the hour of `then` begins.
pub fn hour_of(then: OffsetDateTime) -> OffsetDateTime {
    let then = then.to_offset(UtcOffset::UTC);
    let hour = Time::from_hms(then.hour(), 0, 0).unwrap_or(Time::MIDNIGHT);
    then.replace_time(hour)
}

/// When the UTC day of `then` begins.
pub fn day_of(then: OffsetDateTime) -> OffsetDateTime {
    then.to_offset(UtcOffset::UTC).replace_time(Time::MIDNIGHT)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn spans_begin_with_a_whole_step() {
        let now = datetime!(2026-03-29 00:30:09 +02:00);
        assert_eq!(Span::Day.begin(now), datetime!(2026-03-27 23:00 UTC));
        assert_eq!(Span::Week.begin(now), datetime!(2026-03-22 00:00 UTC));
        assert_eq!(Span::Quarter.begin(now), datetime!(2025-12-29 00:00 UTC));
        let steps = |span: Span| span.steps(now).collect::<Vec<_>>();
        assert_eq!(steps(Span::Day).len(), 24);
        assert_eq!(steps(Span::Day).last(), Some(&datetime!(2026-03-28 22:00 UTC)));
        // Until 22:30 in UTC, so that the last six hours have begun.
        assert_eq!(steps(Span::Week).len(), 28);
        assert_eq!(steps(Span::Month).len(), 30);
        assert_eq!(steps(Span::Quarter).len(), 90);
        for span in Span::ALL {
            assert_eq!(Span::from_word(span.word()), Some(span));
            assert_eq!(span.counted_by().begin_of(span.begin(now)), span.begin(now));
        }
    }
}
