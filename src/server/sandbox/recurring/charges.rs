//! Charges, and how they move with time.

use time::{Date, Duration, OffsetDateTime, Time};

/// When charges are tried on their days.
const MORNING: Time = time::macros::time!(7:00);
/// The last try on the last day.
const AFTERNOON: Time = time::macros::time!(15:00);
/// How long a try takes.
const TRY: Duration = Duration::minutes(5);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChargeState {
    Pending,
    Due,
    Processing,
    Reserved,
    Charged,
    PartiallyCaptured,
    Failed,
    Cancelled,
    PartiallyRefunded,
    Refunded,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Initial,
    Recurring,
    Unscheduled,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    UserActionRequired,
    ChargeAmountTooHigh,
    NonTechnicalError,
    TechnicalError,
}

/// What will come of a charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// After so many days on which it fails.
    Paid {
        days_late: i64,
    },
    Fails(Reason),
    /// Is being processed, and goes on being that.
    Hangs,
}

#[derive(Clone, Debug)]
pub struct Event {
    pub at: OffsetDateTime,
    pub word: &'static str,
    pub amount: i64,
    pub key: String,
}

#[derive(Clone, Debug)]
pub struct Charge {
    pub id: String,
    pub kind: Kind,
    /// The amount is reserved first.
    pub reserves: bool,
    pub amount: i64,
    pub description: String,
    pub due: Date,
    pub retry_days: i64,
    pub external_id: Option<String>,
    pub transaction: u64,
    pub fate: Fate,
    pub state: ChargeState,
    pub captured: i64,
    pub refunded: i64,
    pub cancelled: i64,
    pub reason: Option<Reason>,
    pub events: Vec<Event>,
}

impl ChargeState {
    pub const WORDS: [&'static str; 10] = [
        "PENDING",
        "DUE",
        "PROCESSING",
        "RESERVED",
        "CHARGED",
        "PARTIALLY_CAPTURED",
        "FAILED",
        "CANCELLED",
        "PARTIALLY_REFUNDED",
        "REFUNDED",
    ];

    pub fn word(self) -> &'static str {
        Self::WORDS[self as usize]
    }

    /// In 2018 there were six.
    pub fn word_of_2018(self) -> &'static str {
        match self {
            Self::Processing | Self::Reserved => "DUE",
            Self::PartiallyCaptured | Self::PartiallyRefunded => "CHARGED",
            state => state.word(),
        }
    }
}

impl Kind {
    pub fn word(self) -> &'static str {
        ["INITIAL", "RECURRING", "UNSCHEDULED"][self as usize]
    }
}

impl Reason {
    pub fn word(self) -> &'static str {
        ["user_action_required", "charge_amount_too_high", "non_technical_error", "technical_error"][self as usize]
    }

    pub fn sentence(self) -> &'static str {
        ["User action required", "Charge amount too high", "Non technical error", "Technical error"][self as usize]
    }
}

impl Fate {
    /// By the last two digits of the amount: see the help of `--agreements`.
    pub fn of(amount: i64) -> Self {
        match amount % 100 {
            1 => Self::Fails(Reason::UserActionRequired),
            2 => Self::Fails(Reason::ChargeAmountTooHigh),
            3 => Self::Fails(Reason::NonTechnicalError),
            4 => Self::Fails(Reason::TechnicalError),
            5 => Self::Paid { days_late: 1 },
            6 => Self::Hangs,
            _ => Self::Paid { days_late: 0 },
        }
    }
}

impl Charge {
    /// One that nothing has happened to yet: paid in full when it is due, unless its amount says otherwise.
    pub fn pending(id: String, transaction: u64, amount: i64, description: String, due: Date) -> Self {
        Self {
            id,
            kind: Kind::Recurring,
            reserves: false,
            amount,
            description,
            due,
            retry_days: 0,
            external_id: None,
            transaction,
            fate: Fate::of(amount),
            state: ChargeState::Pending,
            captured: 0,
            refunded: 0,
            cancelled: 0,
            reason: None,
            events: Vec::new(),
        }
    }

    pub fn is_initial(&self) -> bool {
        self.kind == Kind::Initial
    }

    /// Nothing was or will be paid with it.
    pub fn is_void(&self) -> bool {
        matches!(self.state, ChargeState::Failed | ChargeState::Cancelled)
    }

    pub fn note(&mut self, word: &'static str, amount: i64, key: impl Into<String>, at: OffsetDateTime) {
        self.events.push(Event { at, word, amount, key: key.into() });
    }

    /// Lets happen what has happened by `now`. `maximum` is what the customer is willing to pay.
    pub fn settle(&mut self, maximum: Option<i64>, now: OffsetDateTime) {
        let waits = matches!(self.state, ChargeState::Pending | ChargeState::Due | ChargeState::Processing);
        if self.kind != Kind::Recurring || !waits || now.date() < self.due {
            return;
        }
        let on = |days: i64, time: Time| (self.due + Duration::days(days)).with_time(time).assume_utc();
        let last = on(self.retry_days, AFTERNOON);
        let done = match self.fate(maximum) {
            Fate::Paid { days_late } if days_late <= self.retry_days => on(days_late, MORNING) + TRY,
            Fate::Paid { .. } | Fate::Fails(_) => last + TRY,
            Fate::Hangs => OffsetDateTime::UNIX_EPOCH + Duration::days(365_000),
        };
        if now >= done {
            self.process(maximum, done);
        } else if now >= on(0, MORNING) && (now >= done - TRY || self.fate == Fate::Hangs) {
            self.state = ChargeState::Processing;
        } else {
            self.state = ChargeState::Due;
        }
    }

    /// Tries for the last time.
    pub fn process(&mut self, maximum: Option<i64>, now: OffsetDateTime) {
        let key = format!("{}-ProcessPayment", self.id);
        match self.fate(maximum) {
            Fate::Paid { days_late } if days_late <= self.retry_days || self.kind != Kind::Recurring => {
                self.note("RESERVE", self.amount, key.as_str(), now);
                if self.reserves {
                    self.state = ChargeState::Reserved;
                } else {
                    self.state = ChargeState::Charged;
                    self.captured = self.amount;
                    self.note("CAPTURE", self.amount, key, now);
                }
            }
            Fate::Paid { .. } => self.fail(Reason::UserActionRequired, key, now),
            Fate::Fails(reason) => self.fail(reason, key, now),
            Fate::Hangs => self.state = ChargeState::Processing,
        }
    }

    fn fail(&mut self, reason: Reason, key: String, now: OffsetDateTime) {
        self.state = ChargeState::Failed;
        self.reason = Some(reason);
        self.note("FAIL", self.amount, key, now);
    }

    fn fate(&self, maximum: Option<i64>) -> Fate {
        if maximum.is_some_and(|maximum| self.amount > maximum) {
            return Fate::Fails(Reason::ChargeAmountTooHigh);
        }
        self.fate
    }

    pub fn capturable(&self) -> i64 {
        match self.state {
            ChargeState::Reserved | ChargeState::PartiallyCaptured => self.amount - self.captured,
            _ => 0,
        }
    }

    pub fn can_be_cancelled(&self) -> bool {
        use ChargeState::{Due, PartiallyCaptured, Pending, Reserved};
        matches!(self.state, Pending | Due | Reserved | PartiallyCaptured)
    }

    /// Gives back what is reserved and takes the charge off where nothing is. Nothing where it is too late.
    pub fn cancel(&mut self, now: OffsetDateTime) {
        self.cancel_with("StopAgreement", now);
    }

    pub fn cancel_with(&mut self, key: &str, now: OffsetDateTime) {
        if !self.can_be_cancelled() {
            return;
        }
        self.cancelled = self.amount - self.captured;
        self.note("CANCEL", self.cancelled, key, now);
        self.state = if self.captured > 0 { ChargeState::Charged } else { ChargeState::Cancelled };
    }

    /// `amount` is at most what is capturable.
    pub fn capture(&mut self, amount: i64, key: &str, now: OffsetDateTime) {
        self.captured += amount;
        self.note("CAPTURE", amount, key, now);
        let all = self.captured == self.amount;
        self.state = if all { ChargeState::Charged } else { ChargeState::PartiallyCaptured };
    }

    pub fn refundable(&self) -> i64 {
        self.captured - self.refunded
    }

    /// `amount` is at most what is refundable.
    pub fn refund(&mut self, amount: i64, key: &str, now: OffsetDateTime) {
        self.refunded += amount;
        self.note("REFUND", amount, key, now);
        let all = self.refunded == self.captured;
        self.state = if all { ChargeState::Refunded } else { ChargeState::PartiallyRefunded };
    }
}

#[cfg(test)]
mod tests {
    use time::macros::{date, datetime};

    use super::*;

    fn charge(amount: i64, retry_days: i64, reserves: bool) -> Charge {
        let due = date!(2026 - 11 - 20);
        Charge {
            reserves,
            retry_days,
            ..Charge::pending("chr-1".to_owned(), 5_001_419_121, amount, String::new(), due)
        }
    }

    fn states(amount: i64, retry_days: i64, reserves: bool) -> Vec<ChargeState> {
        let mut charge = charge(amount, retry_days, reserves);
        let times = [
            datetime!(2026-11-19 23:59 UTC),
            datetime!(2026-11-20 00:00 UTC),
            datetime!(2026-11-20 07:01 UTC),
            datetime!(2026-11-20 07:05 UTC),
            datetime!(2026-11-21 07:05 UTC),
            datetime!(2026-11-25 15:05 UTC),
        ];
        times
            .map(|now| {
                charge.settle(None, now);
                charge.state
            })
            .to_vec()
    }

    #[test]
    fn charges_move_as_documented() {
        use ChargeState::*;
        assert_eq!(states(10_000, 5, false), [Pending, Due, Processing, Charged, Charged, Charged]);
        assert_eq!(states(10_000, 5, true), [Pending, Due, Processing, Reserved, Reserved, Reserved]);
        assert_eq!(states(10_001, 5, false), [Pending, Due, Due, Due, Due, Failed]);
        assert_eq!(states(10_005, 5, false), [Pending, Due, Due, Due, Charged, Charged]);
        assert_eq!(states(10_005, 0, false), [Pending, Due, Due, Due, Failed, Failed]);
        assert_eq!(states(10_006, 5, false), [Pending, Due, Processing, Processing, Processing, Processing]);
    }

    #[test]
    fn money_comes_and_goes_and_is_counted() {
        let now = datetime!(2026-11-20 08:00 UTC);
        let mut charge = charge(10_000, 0, true);
        charge.settle(None, now);
        charge.capture(4_000, "a", now);
        assert_eq!((charge.state, charge.capturable()), (ChargeState::PartiallyCaptured, 6_000));
        charge.cancel_with("b", now);
        assert_eq!((charge.state, charge.cancelled, charge.capturable()), (ChargeState::Charged, 6_000, 0));
        charge.refund(1_000, "c", now);
        assert_eq!((charge.state, charge.refundable()), (ChargeState::PartiallyRefunded, 3_000));
        charge.refund(3_000, "d", now);
        assert_eq!(charge.state, ChargeState::Refunded);
        let words: Vec<&str> = charge.events.iter().map(|event| event.word).collect();
        assert_eq!(words, ["RESERVE", "CAPTURE", "CANCEL", "REFUND", "REFUND"]);
    }
}
