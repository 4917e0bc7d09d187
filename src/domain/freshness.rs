//! How old the copy is, and why: said on every list and every details page.

use time::{Duration, OffsetDateTime};

/// How long it is worth pointing out that upstream has stopped showing something.
pub const GONE_LATELY: Duration = Duration::days(30);

/// What the portal can say of the age of what it shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Freshness {
    /// When upstream last confirmed what is shown; none before the first time.
    pub as_of: Option<OffsetDateTime>,
    pub state: CopyState,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CopyState {
    /// Everything upstream tells has been fetched.
    Complete,
    /// The first or a later round is under way.
    Fetching { what: &'static str, done: u64, total: u64 },
    /// Waiting for its first turn.
    Waiting,
    /// The last try failed; what is shown is from before.
    Failing { since: OffsetDateTime, reason: String },
    /// Upstream's last list was implausible, so nothing was taken away because of it.
    Held { reason: String },
    /// Nobody has given the portal keys for this organisation.
    NoKeys,
    /// The registry says that nothing is fetched.
    SwitchedOff,
}

/// A failure and its beginning, in one sentence; and what that means for what is shown.
pub fn failing(since: OffsetDateTime, reason: &str, anything_shown: bool) -> String {
    let shown = if anything_shown { " What you see is from before." } else { "" };
    format!("{reason} since {}.{shown}", absolute(since))
}

/// How long ago something was, in the words of somebody who looks at a screen now and then.
pub fn ago(then: OffsetDateTime, now: OffsetDateTime) -> String {
    let age = (now - then).max(Duration::ZERO);
    let count = |number: i64, unit: &str| format!("{number} {unit}{} ago", if number == 1 { "" } else { "s" });
    match age.whole_seconds() {
        0..10 => "just now".to_owned(),
        10..60 => format!("{} s ago", age.whole_seconds()),
        60..3_600 => format!("{} min ago", age.whole_minutes()),
        3_600..172_800 => count(age.whole_hours(), "hour"),
        172_800..5_184_000 => count(age.whole_days(), "day"),
        // On average: whoever needs the day reads the date.
        5_184_000..63_158_400 => count(age.whole_days() * 10 / 304, "month"),
        _ => count(age.whole_days() * 100 / 36_525, "year"),
    }
}

/// The day in UTC: `2026-11-20`.
pub fn day(then: OffsetDateTime) -> String {
    let format = time::macros::format_description!("[year]-[month]-[day]");
    then.to_offset(time::UtcOffset::UTC).format(format).unwrap_or_default()
}

/// Date and time in UTC, to the minute: `2026-11-20 14:02 UTC`.
pub fn absolute(then: OffsetDateTime) -> String {
    let format = time::macros::format_description!("[year]-[month]-[day] [hour]:[minute] UTC");
    then.to_offset(time::UtcOffset::UTC).format(format).unwrap_or_default()
}

/// The same for machines, as `<time datetime>` wants it.
pub fn machine(then: OffsetDateTime) -> String {
    then.to_offset(time::UtcOffset::UTC).format(&time::format_description::well_known::Rfc3339).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn ages_are_told_in_words() {
        let now = datetime!(2026-11-20 12:00 UTC);
        let cases = [
            (Duration::seconds(-40), "just now"),
            (Duration::seconds(9), "just now"),
            (Duration::seconds(10), "10 s ago"),
            (Duration::minutes(2), "2 min ago"),
            (Duration::hours(1), "1 hour ago"),
            (Duration::hours(47), "47 hours ago"),
            (Duration::days(2), "2 days ago"),
            (Duration::days(59), "59 days ago"),
            (Duration::days(61), "2 months ago"),
            (Duration::days(400), "13 months ago"),
            (Duration::days(729), "23 months ago"),
            (Duration::days(731), "2 years ago"),
            (Duration::days(1_076), "2 years ago"),
        ];
        for (age, expected) in cases {
            assert_eq!(ago(now - age, now), expected);
        }
    }

    #[test]
    fn times_are_told_in_utc() {
        let then = datetime!(2026-03-29 03:30:09 +02:00);
        assert_eq!(absolute(then), "2026-03-29 01:30 UTC");
        assert_eq!(machine(then), "2026-03-29T01:30:09Z");
        assert_eq!(day(datetime!(2026-03-29 00:30 +02:00)), "2026-03-28");
    }
}
