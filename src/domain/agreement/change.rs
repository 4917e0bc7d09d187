//! What people change about agreements and charges, and what became of it.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use super::StoppedBy;
use super::draft::Draft;
use crate::domain::charge::NewCharge;
use crate::domain::money::Money;

/// A change that is to be made upstream. Amounts are minor units of the agreement's currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    Draft(Draft),
    Stop { by: StoppedBy },
    Charge(NewCharge),
    Cancel { charge: String },
    Capture { charge: String, amount: i64 },
    Refund { charge: String, amount: i64, why: String },
}

impl Change {
    pub fn kind(&self) -> ChangeKind {
        match self {
            Self::Draft(_) => ChangeKind::Draft,
            Self::Stop { .. } => ChangeKind::Stop,
            Self::Charge(_) => ChangeKind::Charge,
            Self::Cancel { .. } => ChangeKind::Cancel,
            Self::Capture { .. } => ChangeKind::Capture,
            Self::Refund { .. } => ChangeKind::Refund,
        }
    }

    /// The charge that it is about, once there is one.
    pub fn charge(&self) -> Option<&str> {
        match self {
            Self::Draft(_) | Self::Stop { .. } | Self::Charge(_) => None,
            Self::Cancel { charge } | Self::Capture { charge, .. } | Self::Refund { charge, .. } => Some(charge),
        }
    }

    /// Minor units; none where it is about no amount.
    pub fn amount(&self) -> Option<i64> {
        match self {
            Self::Draft(_) | Self::Stop { .. } | Self::Cancel { .. } => None,
            Self::Charge(charge) => Some(charge.amount),
            Self::Capture { amount, .. } | Self::Refund { amount, .. } => Some(*amount),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    Draft,
    Stop,
    Charge,
    Cancel,
    Capture,
    Refund,
}

impl ChangeKind {
    pub const ALL: [Self; 6] = [Self::Draft, Self::Stop, Self::Charge, Self::Cancel, Self::Capture, Self::Refund];

    pub fn word(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Stop => "stop",
            Self::Charge => "charge",
            Self::Cancel => "cancel",
            Self::Capture => "capture",
            Self::Refund => "refund",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// What was done, with its amount.
    fn done(self, amount: Option<&Money>) -> String {
        let amount = amount.map(|amount| format!(" {amount}")).unwrap_or_default();
        match self {
            Self::Draft => "Offered to the customer".to_owned(),
            Self::Stop => "Stopped".to_owned(),
            Self::Charge => format!("Charge made:{amount}"),
            Self::Cancel => "Charge cancelled".to_owned(),
            Self::Capture => format!("Captured{amount}"),
            Self::Refund => format!("Refunded{amount}"),
        }
    }

    /// What was to be done, with its amount.
    fn wanted(self, amount: Option<&Money>) -> String {
        let amount = amount.map(|amount| format!(" of {amount}")).unwrap_or_default();
        match self {
            Self::Draft => "offer".to_owned(),
            Self::Stop => "stop".to_owned(),
            Self::Charge => format!("charge{amount}"),
            Self::Cancel => "cancelling".to_owned(),
            Self::Capture => format!("capture{amount}"),
            Self::Refund => format!("refund{amount}"),
        }
    }
}

/// What became of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeOutcome {
    /// Being sent just now.
    UnderWay,
    Done,
    /// Upstream said no, in these words.
    Refused(String),
    /// No usable answer came: it may have been done.
    Unknown,
    /// Upstream surely does not know of it.
    NotReached,
}

/// A change as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeRecord {
    pub key: Uuid,
    pub kind: ChangeKind,
    pub agreement_id: Option<String>,
    pub charge_id: Option<String>,
    pub amount: Option<Money>,
    pub by_email: String,
    pub begun_at: OffsetDateTime,
    pub outcome: ChangeOutcome,
    /// What was asked for is still there, so that it can be sent again.
    pub keeps_request: bool,
}

impl ChangeRecord {
    /// Whether it is about one charge that was there before.
    pub fn is_about_charge(&self) -> bool {
        matches!(self.kind, ChangeKind::Cancel | ChangeKind::Capture | ChangeKind::Refund)
    }

    /// For the timeline.
    pub fn sentence(&self) -> String {
        let amount = self.amount.as_ref();
        match &self.outcome {
            ChangeOutcome::Done => self.kind.done(amount),
            ChangeOutcome::UnderWay => format!("The {} is under way", self.kind.wanted(amount)),
            ChangeOutcome::Refused(said) => format!("The {} was refused: {said}", self.kind.wanted(amount)),
            ChangeOutcome::Unknown => {
                format!("No answer came to the {}; it may have been made", self.kind.wanted(amount))
            }
            ChangeOutcome::NotReached => format!("The {} did not reach Vipps MobilePay", self.kind.wanted(amount)),
        }
    }

    /// Whether the same can be sent once more: it is made once, however often it arrives, or a second one is refused.
    pub fn can_be_sent_again(&self, version: super::RecurringVersion) -> bool {
        let made_twice = self.kind == ChangeKind::Draft && version == super::RecurringVersion::V1;
        match self.outcome {
            ChangeOutcome::NotReached => self.keeps_request,
            ChangeOutcome::Unknown => self.keeps_request && !made_twice,
            ChangeOutcome::UnderWay | ChangeOutcome::Done | ChangeOutcome::Refused(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::domain::agreement::RecurringVersion::{V1, V3};
    use crate::domain::money::Currency;

    #[test]
    fn each_outcome_is_said_and_only_what_is_safe_is_sent_again() {
        let record = |kind, outcome| ChangeRecord {
            key: Uuid::nil(),
            kind,
            agreement_id: None,
            charge_id: None,
            amount: Some(Money::new(49_900, Currency::Nok)),
            by_email: "a@example.com".to_owned(),
            begun_at: datetime!(2026-11-20 12:00 UTC),
            outcome,
            keeps_request: true,
        };
        for kind in ChangeKind::ALL {
            assert_eq!(ChangeKind::from_word(kind.word()), Some(kind));
            let outcomes = [
                (ChangeOutcome::Done, [false, false]),
                (ChangeOutcome::UnderWay, [false, false]),
                (ChangeOutcome::Refused("Too late".to_owned()), [false, false]),
                (ChangeOutcome::NotReached, [true, true]),
                (ChangeOutcome::Unknown, [kind != ChangeKind::Draft, true]),
            ];
            let mut sentences = Vec::new();
            for (outcome, again) in outcomes {
                let record = record(kind, outcome);
                assert_eq!([V1, V3].map(|version| record.can_be_sent_again(version)), again, "{record:?}");
                let forgotten = ChangeRecord { keeps_request: false, ..record.clone() };
                assert!(!forgotten.can_be_sent_again(V3));
                sentences.push(record.sentence());
            }
            sentences.sort();
            sentences.dedup();
            assert_eq!(sentences.len(), 5, "{sentences:?}");
        }
        let refund = record(ChangeKind::Refund, ChangeOutcome::Done);
        assert_eq!(refund.sentence().replace('\u{a0}', " "), "Refunded NOK 499.00");
    }
}
