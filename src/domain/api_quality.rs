//! How the calls to upstream go: what became of them, how long they took, and from which share of failures that is
//! worth somebody's attention.

mod figures;
mod query;
mod span;
mod told;

use time::{Duration, OffsetDateTime};

use super::identifiers::Msn;

pub use figures::{Figures, LATENCY_BOUNDS, Latency, Outcome};
pub use query::{ApiQualityQuery, Unit};
pub use span::{Span, Step, day_of, hour_of};
pub use told::{ToldEndpoint, ToldUnit, sum_told};

/// Days for which what was called is kept; the hours of single sales units are kept for [`UNIT_HOURS_KEPT`].
pub const KEPT: Duration = Duration::days(91);
/// As long as anything is shown by the hour.
pub const UNIT_HOURS_KEPT: Duration = Duration::days(8);

/// Calls within one hour of one organisation that have the endpoint and the sales unit in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountedCalls {
    /// When the hour begins.
    pub hour: OffsetDateTime,
    /// Whom they were about; none: about no single sales unit.
    pub msn: Option<Msn>,
    /// Method and path with names for its variable parts: `GET:/management/v1/sales-units/{msn}`.
    pub endpoint: String,
    pub figures: Figures,
}

/// The calls to one endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointCalls {
    pub endpoint: String,
    pub figures: Figures,
}

/// The calls within one step of a chart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepCalls {
    pub begins_at: OffsetDateTime,
    pub figures: Figures,
}

/// The calls about one sales unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitCalls {
    pub msn: Msn,
    /// None for a unit that is not in the copy, or whose name is not known.
    pub name: Option<String>,
    pub requests: u64,
    pub failed: u64,
    /// Of a million calls.
    pub failed_per_million: u32,
}

/// Some of the sales units with calls, the worst first, and how many there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnitPage {
    pub units: Vec<UnitCalls>,
    /// How many units anything was called about.
    pub count: usize,
    /// How many of them have failing calls.
    pub failing: usize,
    /// Whether there are worse ones before these.
    pub is_continued: bool,
    /// Where the next ones begin; none after the last.
    pub next: Option<UnitPlace>,
}

/// A place in the list of sales units: behind the unit with these figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitPlace {
    pub failed_per_million: u32,
    pub failed: u64,
    pub msn: Msn,
}

impl UnitPlace {
    /// As it stands in an address: `52000~13~123456`.
    pub fn to_word(&self) -> String {
        format!("{}~{}~{}", self.failed_per_million, self.failed, self.msn)
    }

    pub fn from_word(word: &str) -> Option<Self> {
        let mut parts = word.split('~');
        let (share, failed, msn) = (parts.next()?, parts.next()?, parts.next()?);
        // More than the database could compare is no place.
        let failed = failed.parse::<u32>().ok().filter(|failed| i32::try_from(*failed).is_ok())?;
        let share = share.parse().ok().filter(|share| *share <= 1_000_000)?;
        let place = Self { failed_per_million: share, failed: failed.into(), msn: Msn::parse(msn)? };
        parts.next().is_none().then_some(place)
    }
}

/// From when on failing calls are worth a warning, within the last 24 hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailingThreshold {
    /// This share of the calls or more, 1 to 100.
    pub percent: u8,
    /// Fewer calls than this say nothing, 1 to 1 000 000.
    pub least_calls: u32,
}

impl Default for FailingThreshold {
    fn default() -> Self {
        Self { percent: 5, least_calls: 20 }
    }
}

impl FailingThreshold {
    pub fn is_reached(self, requests: u64, failed: u64) -> bool {
        requests >= self.least_calls.into() && failed * 100 >= requests * u64::from(self.percent)
    }

    /// # Errors
    /// What is wrong with a share as it was typed.
    pub fn parse_percent(typed: &str) -> Result<u8, String> {
        let number = typed.trim().trim_end_matches('%').trim_end();
        let percent = number.parse().ok().filter(|percent| (1..=100).contains(percent));
        percent.ok_or_else(|| "Write a whole number from 1 to 100.".to_owned())
    }

    /// # Errors
    /// What is wrong with a number of calls as it was typed.
    pub fn parse_least_calls(typed: &str) -> Result<u32, String> {
        let digits: String = typed.chars().filter(|character| !character.is_whitespace()).collect();
        let calls = digits.parse().ok().filter(|calls| (1..=1_000_000).contains(calls));
        calls.ok_or_else(|| "Write a whole number from 1 to 1 000 000.".to_owned())
    }
}

/// A share of the whole as people read it, never rounded to all or nothing: `0.1 %`, `12 %`, `99.9 %`.
pub fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    let tenths = part as f64 * 1_000.0 / whole as f64;
    let tenths = match tenths.round() as u64 {
        0 if part > 0 => 1,
        1_000 if part < whole => 999,
        tenths => tenths,
    };
    match (tenths / 10, tenths % 10) {
        (whole, 0) => format!("{whole}\u{a0}%"),
        (whole, tenth) => format!("{whole}.{tenth}\u{a0}%"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_never_rounded_to_all_or_nothing() {
        let cases = [
            (0, 10, "0\u{a0}%"),
            (1, 100_000, "0.1\u{a0}%"),
            (1, 8, "12.5\u{a0}%"),
            (99_999, 100_000, "99.9\u{a0}%"),
            (7, 7, "100\u{a0}%"),
            (0, 0, "–"),
        ];
        for (part, whole, expected) in cases {
            assert_eq!(percent(part, whole), expected);
        }
    }

    #[test]
    fn a_threshold_needs_enough_calls() {
        let threshold = FailingThreshold::default();
        assert!(!threshold.is_reached(19, 19));
        assert!(threshold.is_reached(20, 1));
        assert!(!threshold.is_reached(21, 1));
        assert!(!threshold.is_reached(0, 0));
        assert_eq!(FailingThreshold::parse_percent(" 7 % "), Ok(7));
        assert_eq!(FailingThreshold::parse_least_calls("1 000\u{a0}000"), Ok(1_000_000));
        for wrong in ["", "0", "101", "5.5", "-1", "many"] {
            assert!(FailingThreshold::parse_percent(wrong).is_err(), "{wrong}");
        }
        for wrong in ["", "0", "1000001", "99999999999", "x"] {
            assert!(FailingThreshold::parse_least_calls(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn places_are_read_as_they_are_written() {
        let place = UnitPlace { failed_per_million: 52_000, failed: 13, msn: Msn::parse("123456").expect("an MSN") };
        assert_eq!(UnitPlace::from_word(&place.to_word()), Some(place));
        for wrong in ["", "1~2", "1~2~x", "-1~2~123456", "1~2~123456~", "2000000~1~123456", "1~4294967295~123456"] {
            assert_eq!(UnitPlace::from_word(wrong), None, "{wrong}");
        }
    }
}
