//! What a customer has agreed to: price, interval, and what is cheaper in the beginning.

use std::fmt;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::domain::freshness::day;
use crate::domain::money::{Currency, Money};

/// How much may be charged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pricing {
    /// So much in each interval; single charges may differ.
    Fixed(Money),
    /// Whatever is used, up to what the customer has chosen.
    Variable { suggested_max: Money, max: Option<Money> },
    /// Whatever is used.
    Flexible(Currency),
    /// A kind that upstream did not document when this was written.
    Other { kind: String, amount: Option<Money> },
}

impl Pricing {
    /// How many times the price may be charged within an interval.
    const MOST_TIMES: i64 = 5;

    pub fn currency(&self) -> Option<&Currency> {
        match self {
            Self::Fixed(money) | Self::Variable { suggested_max: money, .. } => Some(&money.currency),
            Self::Flexible(currency) => Some(currency),
            Self::Other { amount, .. } => amount.as_ref().map(|money| &money.currency),
        }
    }

    /// The most that one charge can have, in minor units, and why; none where no limit is known.
    pub fn most(&self) -> Option<(i64, &'static str)> {
        match self {
            Self::Fixed(price) => {
                Some((price.minor.saturating_mul(Self::MOST_TIMES), "five times the price of the agreement"))
            }
            Self::Variable { max: Some(max), .. } => Some((max.minor, "the maximum that the customer has chosen")),
            Self::Variable { .. } | Self::Flexible(_) | Self::Other { .. } => None,
        }
    }
}

/// In one phrase: `NOK 499.00`, `up to NOK 1 000.00`.
impl fmt::Display for Pricing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(price) => write!(f, "{price}"),
            Self::Variable { max: Some(max), .. } => write!(f, "up to {max}"),
            Self::Variable { suggested_max, .. } => write!(f, "up to about {suggested_max}"),
            Self::Flexible(currency) => write!(f, "varies, in {}", currency.code()),
            Self::Other { kind, amount: Some(amount) } => write!(f, "{amount} ({kind})"),
            Self::Other { kind, amount: None } => f.write_str(kind),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TimeUnit {
    Day,
    Week,
    Month,
    Year,
}

impl TimeUnit {
    /// From either version's word: `WEEK`, `week`.
    pub fn from_upstream(word: &str) -> Option<Self> {
        match word.trim().to_ascii_lowercase().as_str() {
            "day" => Some(Self::Day),
            "week" => Some(Self::Week),
            "month" => Some(Self::Month),
            "year" => Some(Self::Year),
            _ => None,
        }
    }

    /// The word in requests of both versions and in answers of today's.
    pub fn upstream(self) -> &'static str {
        match self {
            Self::Day => "DAY",
            Self::Week => "WEEK",
            Self::Month => "MONTH",
            Self::Year => "YEAR",
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
        }
    }
}

/// A span of time; as an interval, how often a charge comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Interval {
    pub unit: TimeUnit,
    /// At least 1; upstream takes up to 31.
    pub count: u32,
}

impl Interval {
    /// As a length: `2 weeks`.
    pub fn length(self) -> String {
        format!("{} {}{}", self.count, self.unit.word(), if self.count == 1 { "" } else { "s" })
    }
}

/// As a rhythm: `every month`, `every 2 weeks`.
impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.count {
            1 => write!(f, "every {}", self.unit.word()),
            _ => write!(f, "every {}", self.length()),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CampaignKind {
    /// Each interval costs less until a day.
    Price,
    /// The first time costs one sum.
    Period,
    /// The time until an event costs one sum.
    Event,
    /// Older ones, and words that upstream did not document when this was written.
    Other(String),
}

impl CampaignKind {
    pub fn from_upstream(word: &str) -> Self {
        match word.trim() {
            "PRICE_CAMPAIGN" => Self::Price,
            "PERIOD_CAMPAIGN" => Self::Period,
            "EVENT_CAMPAIGN" => Self::Event,
            other => Self::Other(other.to_owned()),
        }
    }
}

/// What is cheaper in the beginning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Campaign {
    pub kind: CampaignKind,
    pub price: Money,
    pub until: Option<OffsetDateTime>,
    pub period: Option<Interval>,
    /// What it lasts until, in the merchant's words.
    pub event: Option<String>,
}

/// In one phrase: `NOK 1.00 until 2026-12-24`.
impl fmt::Display for Campaign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.price)?;
        match (&self.event, self.period, self.until) {
            (Some(event), _, Some(until)) => write!(f, " {event} ({})", day(until)),
            (Some(event), _, None) => write!(f, " {event}"),
            (None, Some(period), _) => write!(f, " for {}", period.length()),
            (None, None, Some(until)) => write!(f, " until {}", day(until)),
            (None, None, None) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    fn nok(minor: i64) -> Money {
        Money::new(minor, Currency::Nok)
    }

    fn shown(what: impl fmt::Display) -> String {
        what.to_string().replace('\u{a0}', " ")
    }

    #[test]
    fn terms_are_said_in_words() {
        assert_eq!(shown(Pricing::Fixed(nok(49_900))), "NOK 499.00");
        assert_eq!(
            shown(Pricing::Variable { suggested_max: nok(100_000), max: Some(nok(50_000)) }),
            "up to NOK 500.00"
        );
        assert_eq!(shown(Pricing::Variable { suggested_max: nok(100_000), max: None }), "up to about NOK 1 000.00");
        assert_eq!(shown(Pricing::Flexible(Currency::Eur)), "varies, in EUR");
        assert_eq!(shown(Pricing::Other { kind: "AUCTION".into(), amount: Some(nok(100)) }), "NOK 1.00 (AUCTION)");
        assert_eq!(shown(Interval { unit: TimeUnit::Month, count: 1 }), "every month");
        assert_eq!(shown(Interval { unit: TimeUnit::Week, count: 2 }), "every 2 weeks");
        let campaign = |period, event: Option<&str>| Campaign {
            kind: CampaignKind::Price,
            price: nok(100),
            until: Some(datetime!(2026-12-24 0:00 UTC)),
            period,
            event: event.map(str::to_owned),
        };
        assert_eq!(shown(campaign(None, None)), "NOK 1.00 until 2026-12-24");
        assert_eq!(shown(campaign(None, Some("until Christmas"))), "NOK 1.00 until Christmas (2026-12-24)");
        assert_eq!(shown(campaign(Some(Interval { unit: TimeUnit::Week, count: 4 }), None)), "NOK 1.00 for 4 weeks");
    }

    #[test]
    fn words_of_both_versions_are_read() {
        for unit in [TimeUnit::Day, TimeUnit::Week, TimeUnit::Month, TimeUnit::Year] {
            assert_eq!(TimeUnit::from_upstream(unit.upstream()), Some(unit));
            assert_eq!(TimeUnit::from_upstream(&unit.upstream().to_lowercase()), Some(unit));
        }
        assert_eq!(TimeUnit::from_upstream("CENTURY"), None);
        assert_eq!(CampaignKind::from_upstream("LEGACY_CAMPAIGN"), CampaignKind::Other("LEGACY_CAMPAIGN".into()));
    }

    #[test]
    fn the_most_that_can_be_charged_depends_on_the_pricing() {
        assert_eq!(Pricing::Fixed(nok(49_900)).most().map(|most| most.0), Some(249_500));
        let chosen = Pricing::Variable { suggested_max: nok(100_000), max: Some(nok(50_000)) };
        assert_eq!(chosen.most().map(|most| most.0), Some(50_000));
        assert_eq!(Pricing::Flexible(Currency::Nok).most(), None);
    }
}
