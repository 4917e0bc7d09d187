//! What a call changes upstream, and what follows from that when it fails.

use super::error::Error;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// Asking changes nothing.
    None,
    /// Made twice it is like made once.
    Repeatable,
    /// As [`Effect::Repeatable`], because it carries an idempotency key.
    Keyed,
    /// As [`Effect::Keyed`], but upstream refuses with the same status what the state of a thing forbids.
    KeyedByState,
    /// As [`Effect::Repeatable`], but once it is made, upstream may call another one invalid.
    RefusedTwice,
    /// Made twice there are two.
    Adds,
}

impl Effect {
    /// Whether a call that failed so can be made again.
    pub(super) fn allows_another(self, error: &Error) -> bool {
        self != Self::Adds || !error.may_have_arrived()
    }

    /// Whether upstream may have made the change, now that a try failed with `error`, given whether it may have
    /// made it before that try.
    pub(super) fn is_open_after(self, error: &Error, before: bool) -> bool {
        match error {
            _ if self == Self::None => false,
            Error::Refused(problem) => match problem.status {
                // A call with this key is known; what came of it is not told.
                409 if self == Self::Keyed => true,
                409 if self == Self::KeyedByState => before || problem.is_about_the_key(),
                // Had an earlier try been carried out, this one would not have been checked, or would have passed.
                400 | 422 => before && self == Self::RefusedTwice,
                _ => before,
            },
            error => before || error.may_have_arrived(),
        }
    }
}
