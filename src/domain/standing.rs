//! States that follow one another by upstream's documents, and what the copy makes of what it is told.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// The states of one kind of thing, as upstream's documents name them, and which may follow which.
pub trait State: Copy + Eq + 'static {
    const ALL: &'static [Self];
    /// Words with which upstream says that it does not know itself.
    const NO_STATE: &'static [&'static str];

    /// From upstream's word of any version, brought to lower case and without `_`, `-` and blanks.
    fn read(plain: &str) -> Option<Self>;

    /// Upstream's word of today.
    fn upstream(self) -> &'static str;

    /// For people.
    fn label(self) -> &'static str;

    /// The states that can come right after this one.
    fn next(self) -> &'static [Self];

    /// Whether nothing comes after it.
    fn is_final(self) -> bool {
        self.next().is_empty()
    }
}

/// Whether `to` is `from` or can come after it. Who asks now and then misses the states between.
pub fn can_become<S: State>(from: S, to: S) -> bool {
    let mut reached = vec![from];
    let mut at = 0;
    while let Some(&state) = reached.get(at) {
        if state == to {
            return true;
        }
        for &next in state.next() {
            if !reached.contains(&next) {
                reached.push(next);
            }
        }
        at += 1;
    }
    false
}

/// What upstream says of a state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Told<S> {
    Known(S),
    /// A word that its documents did not have when this was written.
    Other(String),
    Nothing,
}

impl<S: State> Told<S> {
    pub fn from_upstream(word: Option<&str>) -> Self {
        let Some(word) = word.map(str::trim).filter(|word| !word.is_empty()) else { return Self::Nothing };
        let plain: String = word.chars().filter(|character| !"_- ".contains(*character)).collect();
        let plain = plain.to_lowercase();
        if S::NO_STATE.contains(&plain.as_str()) {
            return Self::Nothing;
        }
        S::read(&plain).map_or_else(|| Self::Other(word.to_owned()), Self::Known)
    }

    pub fn known(&self) -> Option<S> {
        if let Self::Known(state) = self { Some(*state) } else { None }
    }

    /// For people: an unknown word stands as upstream writes it.
    pub fn label(&self) -> &str {
        match self {
            Self::Known(state) => state.label(),
            Self::Other(word) => word,
            Self::Nothing => "Unknown",
        }
    }
}

/// The state as the copy holds it. It is only ever one that the documents name, and changes only in ways that they
/// allow: money depends on it, and an answer that goes backwards is more often old or wrong than true. But upstream
/// may also have changed its rules, so what it says against the state is kept beside it, for people to see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing<S> {
    /// None as long as upstream has told none that is known.
    pub state: Option<S>,
    /// Upstream's newest word, where it is not known or cannot come after the state.
    pub contradiction: Option<String>,
    /// When upstream was asked for what is held.
    pub as_of: OffsetDateTime,
}

/// What became of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// It is the state now, or was already.
    Taken,
    /// The state stays; the word is noted beside it.
    Contradicts,
    /// It tells no state.
    Nothing,
    /// It was asked for before what is held, so it says nothing about now.
    Late,
}

impl<S: State> Standing<S> {
    pub fn new(told: &Told<S>, asked_at: OffsetDateTime) -> Self {
        let mut standing = Self { state: None, contradiction: None, as_of: asked_at };
        standing.hear(told, asked_at);
        standing
    }

    /// Takes an answer in. Answers may come in any order; `asked_at` is when the question was sent.
    pub fn hear(&mut self, told: &Told<S>, asked_at: OffsetDateTime) -> Heard {
        if asked_at < self.as_of {
            return Heard::Late;
        }
        self.as_of = asked_at;
        match told {
            Told::Known(state) if self.state.is_none_or(|held| can_become(held, *state)) => {
                self.state = Some(*state);
                self.contradiction = None;
                Heard::Taken
            }
            Told::Known(state) => {
                self.contradiction = Some(state.upstream().to_owned());
                Heard::Contradicts
            }
            Told::Other(word) => {
                self.contradiction = Some(word.clone());
                Heard::Contradicts
            }
            Told::Nothing => Heard::Nothing,
        }
    }

    /// What can be relied on: nothing but the word itself while upstream contradicts.
    pub fn told(&self) -> Told<S> {
        match (&self.contradiction, self.state) {
            (Some(word), _) => Told::Other(word.clone()),
            (None, Some(state)) => Told::Known(state),
            (None, None) => Told::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::Duration;
    use time::macros::datetime;

    use super::*;
    use crate::domain::agreement::AgreementState;
    use crate::domain::charge::ChargeState;

    const NOON: OffsetDateTime = datetime!(2026-11-20 12:00 UTC);

    fn told<S: State>(word: &str) -> Told<S> {
        Told::from_upstream(Some(word))
    }

    #[test]
    fn an_answer_that_goes_backwards_is_noted_and_not_taken() {
        let mut standing = Standing::<ChargeState>::new(&told("PENDING"), NOON);
        let later = |minutes| NOON + Duration::minutes(minutes);
        assert_eq!(standing.hear(&told("REFUNDED"), later(2)), Heard::Taken, "states between may be missed");
        assert_eq!(standing.hear(&told("PENDING"), later(1)), Heard::Late);
        assert_eq!(standing.contradiction, None);
        assert_eq!(standing.hear(&told("DUE"), later(3)), Heard::Contradicts);
        assert_eq!((standing.state, standing.told().label()), (Some(ChargeState::Refunded), "DUE"));
        assert_eq!(standing.hear(&told("ON_HOLD"), later(4)), Heard::Contradicts);
        assert_eq!((standing.state, standing.told().label()), (Some(ChargeState::Refunded), "ON_HOLD"));
        assert_eq!(standing.hear(&told("UNKNOWN"), later(5)), Heard::Nothing);
        assert_eq!(standing.hear(&told("refunded"), later(5)), Heard::Taken);
        assert_eq!(standing.told(), Told::Known(ChargeState::Refunded));
    }

    fn words() -> impl Strategy<Value = String> {
        prop_oneof![
            proptest::sample::select(vec![
                "PENDING",
                "ACTIVE",
                "STOPPED",
                "EXPIRED",
                "pendingUserApproval",
                "active",
                "stoppedByUser",
                "stoppedByMerchant",
                "stoppedByVipps",
                "DUE",
                "PROCESSING",
                "RESERVED",
                "CHARGED",
                "PARTIALLY_CAPTURED",
                "FAILED",
                "CANCELLED",
                "PARTIALLY_REFUNDED",
                "REFUNDED",
                "Pending",
                "Charged",
                "UNKNOWN",
                "",
            ])
            .prop_map(str::to_owned),
            any::<String>(),
        ]
    }

    /// Every change is a documented one, final states stay, time does not go back, and no word is lost.
    fn walk<S: State + std::fmt::Debug>(answers: &[(String, i64)]) -> Result<(), TestCaseError> {
        let told = |word: &String| Told::<S>::from_upstream(Some(word));
        let at = |minutes: i64| NOON + Duration::minutes(minutes);
        let Some((first, rest)) = answers.split_first() else { return Ok(()) };
        let mut standing = Standing::<S>::new(&told(&first.0), at(first.1));
        for (word, minutes) in rest {
            let before = standing.clone();
            let heard = standing.hear(&told(word), at(*minutes));
            prop_assert!(standing.as_of >= before.as_of);
            prop_assert_eq!(heard == Heard::Late, at(*minutes) < before.as_of);
            prop_assert!(standing.state.is_none_or(|state| S::ALL.contains(&state)));
            if let Some(held) = before.state {
                let now = standing.state.expect("a known state is not forgotten");
                prop_assert!(can_become(held, now), "{held:?} became {now:?}");
                prop_assert!(!held.is_final() || now == held);
            }
            match heard {
                Heard::Taken => prop_assert_eq!(standing.told().known(), told(word).known()),
                Heard::Contradicts => {
                    prop_assert_eq!(standing.state, before.state);
                    prop_assert!(standing.told().known().is_none() && !standing.told().label().is_empty());
                }
                Heard::Nothing => prop_assert_eq!(standing.told(), before.told()),
                Heard::Late => prop_assert_eq!(&standing, &before),
            }
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn no_answers_bring_the_copy_into_an_undocumented_state(
            answers in proptest::collection::vec((words(), 0i64..60), 0..40),
        ) {
            walk::<AgreementState>(&answers)?;
            walk::<ChargeState>(&answers)?;
        }
    }
}
