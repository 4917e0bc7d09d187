//! What an agreement's list shows of its charges: the next one and the last one.

use time::Date;

use super::{Charge, ChargeState};
use crate::domain::standing::Told;

/// A charge that will come. The amount is minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NextCharge {
    pub due: Date,
    pub amount: i64,
}

/// A charge that has come, or was to come and failed. The amount is minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastCharge {
    pub on: Date,
    pub amount: i64,
    pub state: ChargeState,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outlook {
    pub next: Option<NextCharge>,
    pub last: Option<LastCharge>,
}

impl Outlook {
    /// Of all charges of one agreement, in any order. What upstream tells no day or no known state of is left out.
    pub fn of<'a>(charges: impl IntoIterator<Item = &'a Charge>) -> Self {
        let mut outlook = Self::default();
        for charge in charges {
            let Told::Known(state) = charge.state else { continue };
            let amount = charge.amount;
            match state {
                ChargeState::Pending | ChargeState::Due | ChargeState::Processing => {
                    let next = charge.due.map(|due| NextCharge { due, amount });
                    if next.is_some_and(|next| outlook.next.is_none_or(|held| next.due < held.due)) {
                        outlook.next = next;
                    }
                }
                // As if it had never been planned.
                ChargeState::Cancelled => {}
                _ => {
                    let last = charge.day().map(|on| LastCharge { on, amount, state });
                    if last.is_some_and(|last| outlook.last.is_none_or(|held| last.on > held.on)) {
                        outlook.last = last;
                    }
                }
            }
        }
        outlook
    }
}

impl Charge {
    /// The day it is about: when it was or is due, or else when something first happened to it.
    pub fn day(&self) -> Option<Date> {
        self.due.or_else(|| self.history.iter().map(|event| event.at.date()).min())
    }

    /// The day on which it failed for good, which upstream may not tell: then the day it was due, or `today`.
    pub fn failed_on(&self, today: Date) -> Option<Date> {
        let told = || self.history.iter().map(|event| event.at.date()).max().or(self.due).unwrap_or(today);
        (self.state == Told::Known(ChargeState::Failed)).then(told)
    }
}

#[cfg(test)]
mod tests {
    use time::macros::{date, datetime};

    use super::*;
    use crate::domain::charge::ChargeEvent;
    use crate::domain::charge::tests::charge;

    fn on(word: &str, due: Option<Date>) -> Charge {
        Charge { due, history: Vec::new(), ..charge(word, None) }
    }

    #[test]
    fn the_next_and_the_last_charge_are_found_in_any_order() {
        let october = Some(date!(2026 - 10 - 01));
        let november = Some(date!(2026 - 11 - 01));
        let december = Some(date!(2026 - 12 - 01));
        let january = Some(date!(2027 - 01 - 01));
        let mut charges = vec![
            on("PENDING", january),
            on("FAILED", november),
            on("DUE", december),
            on("CHARGED", october),
            on("CANCELLED", Some(date!(2026 - 11 - 15))),
            on("PAUSED", Some(date!(2026 - 11 - 16))),
            on("CHARGED", None),
        ];
        for _ in 0..charges.len() {
            charges.rotate_left(1);
            let outlook = Outlook::of(&charges);
            assert_eq!(outlook.next.map(|next| Some(next.due)), Some(december));
            let last = outlook.last.unwrap();
            assert_eq!((Some(last.on), last.state, last.amount), (november, ChargeState::Failed, charges[0].amount));
        }
        assert_eq!(Outlook::of(&[]), Outlook::default());
    }

    #[test]
    fn a_failed_charge_has_a_day_whatever_upstream_tells() {
        let today = date!(2026 - 11 - 24);
        let due = Some(date!(2026 - 11 - 01));
        let event = ChargeEvent { at: datetime!(2026-11-06 3:00 UTC), what: "FAIL".into(), amount: 1, success: false };
        let told = Charge { history: vec![event], ..on("FAILED", due) };
        assert_eq!(told.failed_on(today), Some(date!(2026 - 11 - 06)));
        assert_eq!(on("FAILED", due).failed_on(today), due);
        assert_eq!(on("FAILED", None).failed_on(today), Some(today));
        assert_eq!(on("CHARGED", due).failed_on(today), None);
    }
}
