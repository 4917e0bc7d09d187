//! A charge: one payment within an agreement.

mod failure;
mod new;
mod outlook;

use serde::{Deserialize, Serialize};
use time::{Date, Duration, OffsetDateTime};

use super::agreement::{AgreementAction, AgreementState, RecurringVersion, state_allows};
use super::money::{Currency, Money};
use super::standing::{State, Told};

pub use self::failure::FailureReason;
pub use self::new::{ChargeField, NOTICE, NewCharge};
pub use self::outlook::{LastCharge, NextCharge, Outlook};

/// How long after a reservation it can be captured.
pub const CAPTURE_WITHIN: Duration = Duration::days(180);
/// How long after a capture it can be refunded.
pub const REFUND_WITHIN: Duration = Duration::days(365);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ChargeState {
    Pending,
    Due,
    Processing,
    Reserved,
    Charged,
    PartiallyCaptured,
    PartiallyRefunded,
    Refunded,
    Failed,
    Cancelled,
}

impl State for ChargeState {
    const ALL: &'static [Self] = &[
        Self::Pending,
        Self::Due,
        Self::Processing,
        Self::Reserved,
        Self::Charged,
        Self::PartiallyCaptured,
        Self::PartiallyRefunded,
        Self::Refunded,
        Self::Failed,
        Self::Cancelled,
    ];
    const NO_STATE: &'static [&'static str] = &["unknown"];

    fn read(plain: &str) -> Option<Self> {
        match plain {
            "pending" => Some(Self::Pending),
            "due" => Some(Self::Due),
            "processing" => Some(Self::Processing),
            "reserved" => Some(Self::Reserved),
            "charged" => Some(Self::Charged),
            "partiallycaptured" => Some(Self::PartiallyCaptured),
            "partiallyrefunded" => Some(Self::PartiallyRefunded),
            "refunded" => Some(Self::Refunded),
            "failed" => Some(Self::Failed),
            "cancelled" | "canceled" => Some(Self::Cancelled),
            _ => None,
        }
    }

    fn upstream(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Due => "DUE",
            Self::Processing => "PROCESSING",
            Self::Reserved => "RESERVED",
            Self::Charged => "CHARGED",
            Self::PartiallyCaptured => "PARTIALLY_CAPTURED",
            Self::PartiallyRefunded => "PARTIALLY_REFUNDED",
            Self::Refunded => "REFUNDED",
            Self::Failed => "FAILED",
            Self::Cancelled => "CANCELLED",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Pending => "Planned",
            Self::Due => "Due",
            Self::Processing => "Being processed",
            Self::Reserved => "Reserved",
            Self::Charged => "Charged",
            Self::PartiallyCaptured => "Partly captured",
            Self::PartiallyRefunded => "Partly refunded",
            Self::Refunded => "Refunded",
            Self::Failed => "Failed",
            Self::Cancelled => "Cancelled",
        }
    }

    fn next(self) -> &'static [Self] {
        match self {
            // Initial and unscheduled charges are never due.
            Self::Pending => &[Self::Due, Self::Processing, Self::Cancelled],
            Self::Due => &[Self::Processing, Self::Cancelled],
            // Back to due as long as there are days to try again.
            Self::Processing => &[Self::Due, Self::Reserved, Self::Charged, Self::Failed],
            Self::Reserved => &[Self::PartiallyCaptured, Self::Charged, Self::Cancelled],
            // The rest is captured, or goes back to the customer.
            Self::PartiallyCaptured => &[Self::Charged, Self::PartiallyRefunded],
            Self::Charged => &[Self::PartiallyRefunded, Self::Refunded],
            Self::PartiallyRefunded => &[Self::Refunded],
            Self::Refunded | Self::Failed | Self::Cancelled => &[],
        }
    }
}

impl ChargeState {
    /// One sentence for the merchant's staff.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Pending => "It is planned, and the customer may not see it in the app yet.",
            Self::Due => "The customer sees it in the app, and it is tried from its due day on.",
            Self::Processing => "It is being paid right now.",
            Self::Reserved => "The amount is reserved and can be captured.",
            Self::Charged => "The customer has paid.",
            Self::PartiallyCaptured => "A part of the reserved amount is captured; the rest is still reserved.",
            Self::PartiallyRefunded => "The customer has got a part of the money back.",
            Self::Refunded => "The customer has got all of the money back.",
            Self::Failed => "It was not paid, and is not tried again.",
            Self::Cancelled => "It was cancelled before it was paid.",
        }
    }

    /// The word of the first version, which knows six.
    pub fn word_of_v1(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Due | Self::Processing | Self::Reserved => "DUE",
            Self::Charged | Self::PartiallyCaptured | Self::PartiallyRefunded => "CHARGED",
            Self::Refunded => "REFUNDED",
            Self::Failed => "FAILED",
            Self::Cancelled => "CANCELLED",
        }
    }
}

/// When a charge comes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChargeKind {
    /// When the customer approves the agreement.
    Initial,
    /// On its due day.
    Recurring,
    /// At once.
    Unscheduled,
    /// A word upstream did not document when this was written.
    Other(String),
    Unknown,
}

impl ChargeKind {
    pub fn from_upstream(word: Option<&str>) -> Self {
        match word.map(str::trim) {
            Some("INITIAL" | "ONEOFF") => Self::Initial,
            Some("RECURRING") => Self::Recurring,
            Some("UNSCHEDULED") => Self::Unscheduled,
            None | Some("") => Self::Unknown,
            Some(other) => Self::Other(other.to_owned()),
        }
    }

    pub fn label(&self) -> &str {
        match self {
            Self::Initial => "First",
            Self::Recurring => "Recurring",
            Self::Unscheduled => "Unscheduled",
            Self::Other(word) => word,
            Self::Unknown => "Unknown",
        }
    }
}

/// When the money is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TransactionType {
    Direct,
    Reserve,
}

impl TransactionType {
    pub fn from_upstream(word: &str) -> Option<Self> {
        [Self::Direct, Self::Reserve].into_iter().find(|known| known.upstream() == word.trim())
    }

    pub fn upstream(self) -> &'static str {
        match self {
            Self::Direct => "DIRECT_CAPTURE",
            Self::Reserve => "RESERVE_CAPTURE",
        }
    }
}

/// What has happened to a charge's money so far, in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sums {
    pub captured: i64,
    pub refunded: i64,
    /// Given back to the customer's account before it was captured.
    pub cancelled: i64,
}

/// Something that was done to a charge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChargeEvent {
    pub at: OffsetDateTime,
    /// Upstream's word, such as `CAPTURE`.
    pub what: String,
    /// Minor units.
    pub amount: i64,
    pub success: bool,
}

/// What upstream tells of a charge, whichever version it speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    pub id: String,
    /// None where upstream does not say it.
    pub agreement_id: Option<String>,
    pub state: Told<ChargeState>,
    /// Minor units.
    pub amount: i64,
    /// The first version leaves it out of some answers: then the agreement's.
    pub currency: Option<Currency>,
    pub description: String,
    pub due: Option<Date>,
    pub kind: ChargeKind,
    pub transaction_type: Option<TransactionType>,
    /// None in the first version.
    pub sums: Option<Sums>,
    pub retry_days: Option<u32>,
    pub failure_reason: Option<FailureReason>,
    /// Upstream's sentence about the failure.
    pub failure_description: Option<String>,
    /// Of the payment, once there is one.
    pub transaction_id: Option<String>,
    pub external_id: Option<String>,
    pub history: Vec<ChargeEvent>,
}

/// Amounts are minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChargeAction {
    Cancel,
    Capture(i64),
    Refund(i64),
}

impl Charge {
    pub fn money(&self, minor: i64) -> Money {
        Money::new(minor, self.currency.clone().unwrap_or(Currency::Nok))
    }

    /// The sums, or what the state says of them where upstream tells none.
    pub fn sums(&self) -> Sums {
        let all = self.amount;
        self.sums.unwrap_or_else(|| match self.state.known() {
            Some(ChargeState::Charged) => Sums { captured: all, ..Sums::default() },
            Some(ChargeState::Refunded) => Sums { captured: all, refunded: all, cancelled: 0 },
            _ => Sums::default(),
        })
    }

    /// What is reserved and neither captured nor given back, in minor units.
    pub fn capturable(&self) -> i64 {
        let sums = self.sums();
        match self.state.known() {
            Some(ChargeState::Reserved | ChargeState::PartiallyCaptured) => {
                (self.amount - sums.captured - sums.cancelled).max(0)
            }
            _ => 0,
        }
    }

    /// What is captured and not refunded, in minor units.
    pub fn refundable(&self) -> i64 {
        let sums = self.sums();
        (sums.captured - sums.refunded).max(0)
    }

    /// Whether upstream would do it now.
    ///
    /// # Errors
    /// Why not, in words.
    pub fn may(&self, action: ChargeAction, version: RecurringVersion, now: OffsetDateTime) -> Result<(), String> {
        let state = match &self.state {
            Told::Known(state) => *state,
            Told::Other(word) => return Err(format!("Its state is {word}, and it is not known what that allows.")),
            Told::Nothing => return Err("Upstream has not told its state.".to_owned()),
        };
        let refused = |reason: &str| Err(reason.to_owned());
        match action {
            ChargeAction::Cancel => match not_cancellable(state) {
                Some(reason) => refused(reason),
                None => Ok(()),
            },
            ChargeAction::Capture(_) if version == RecurringVersion::V1 => {
                refused("The first version of the API reserves nothing, so there is nothing to capture.")
            }
            ChargeAction::Capture(amount) => {
                if let Some(reason) = not_capturable(state) {
                    return refused(reason);
                }
                if self.is_older(&["RESERVE"], CAPTURE_WITHIN, now) {
                    return refused("It was reserved more than 180 days ago, and can be captured no more.");
                }
                self.check_amount(amount, self.capturable(), "reserved")
            }
            ChargeAction::Refund(amount) => {
                if let Some(reason) = not_refundable(state) {
                    return refused(reason);
                }
                if self.is_older(&["CAPTURE"], REFUND_WITHIN, now) {
                    return refused("It was captured more than 365 days ago, and can be refunded no more.");
                }
                if version == RecurringVersion::V1 && amount != self.amount {
                    return refused("The first version of the API refunds the whole charge only.");
                }
                self.check_amount(amount, self.refundable(), "captured")
            }
        }
    }

    fn check_amount(&self, amount: i64, most: i64, what: &str) -> Result<(), String> {
        match amount {
            ..1 => Err("The amount has to be more than nothing.".to_owned()),
            _ if amount > most => Err(format!("Only {} is {what}.", self.money(most))),
            _ => Ok(()),
        }
    }

    /// Whether the last event of this kind is longer ago; no where upstream tells no events.
    fn is_older(&self, kinds: &[&str], limit: Duration, now: OffsetDateTime) -> bool {
        let of_kind = self.history.iter().filter(|event| event.success && kinds.contains(&event.what.as_str()));
        of_kind.map(|event| event.at).max().is_some_and(|at| at + limit < now)
    }
}

fn not_cancellable(state: ChargeState) -> Option<&'static str> {
    match state {
        ChargeState::Pending | ChargeState::Due | ChargeState::Reserved | ChargeState::PartiallyCaptured => None,
        ChargeState::Processing => Some("It is being paid right now. Look again in a moment."),
        ChargeState::Charged | ChargeState::PartiallyRefunded => Some("It is paid. Money goes back by a refund."),
        ChargeState::Refunded => Some("All of the money has gone back already."),
        ChargeState::Failed => Some("It has failed, so there is nothing to cancel."),
        ChargeState::Cancelled => Some("It is cancelled already."),
    }
}

fn not_capturable(state: ChargeState) -> Option<&'static str> {
    match state {
        ChargeState::Reserved | ChargeState::PartiallyCaptured => None,
        ChargeState::Pending | ChargeState::Due | ChargeState::Processing => Some("Nothing is reserved yet."),
        ChargeState::Charged => Some("All that was reserved is captured."),
        ChargeState::PartiallyRefunded | ChargeState::Refunded => Some("It is paid and refunded."),
        ChargeState::Failed => Some("It has failed, so nothing is reserved."),
        ChargeState::Cancelled => Some("It is cancelled, so nothing is reserved any more."),
    }
}

fn not_refundable(state: ChargeState) -> Option<&'static str> {
    match state {
        ChargeState::Charged | ChargeState::PartiallyCaptured | ChargeState::PartiallyRefunded => None,
        ChargeState::Pending | ChargeState::Due | ChargeState::Processing => {
            Some("It is not paid yet. What is not paid is cancelled, not refunded.")
        }
        ChargeState::Reserved => Some("The amount is reserved only. It goes back by cancelling."),
        ChargeState::Refunded => Some("All of the money has gone back already."),
        ChargeState::Failed => Some("It has failed, so there is nothing to refund."),
        ChargeState::Cancelled => Some("It was cancelled, so nothing was paid."),
    }
}

/// A charge as the portal's copy has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownCharge {
    pub charge: Charge,
    /// The last state that could be relied on, should upstream contradict it.
    pub held: Option<ChargeState>,
    pub first_seen_at: OffsetDateTime,
    pub seen_at: OffsetDateTime,
    /// Set when upstream does not show it any more.
    pub gone_at: Option<OffsetDateTime>,
}

/// A charge that has failed, as the list of those shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedCharge {
    pub agreement_id: String,
    pub product_name: String,
    /// Of the agreement now: a stopped one takes no new charge.
    pub agreement_state: Told<AgreementState>,
    pub id: String,
    pub amount: Money,
    pub description: String,
    pub failed_on: Date,
    pub reason: Option<FailureReason>,
}

impl FailedCharge {
    /// Whether upstream would do it to its agreement.
    ///
    /// # Errors
    /// Why not, in words.
    pub fn agreement_may(&self, action: AgreementAction) -> Result<(), String> {
        state_allows(&self.agreement_state, action)
    }
}

/// The failed charges of one reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedGroup {
    /// None where upstream tells none.
    pub reason: Option<FailureReason>,
    pub count: usize,
    /// So many agreements they belong to.
    pub agreements: usize,
    /// What failed in each currency.
    pub sums: Vec<Money>,
}

#[cfg(test)]
pub mod tests;
