//! Whether an organisation's keys work, step by step: from reading the secrets to asking each API.

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

/// A check that has told nothing for so long has been lost with the process that made it.
const LOST_AFTER: Duration = Duration::minutes(1);

/// What is looked at, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    ClientSecret,
    SubscriptionKey,
    SecondarySubscriptionKey,
    Token,
    SecondaryToken,
    Management,
    Proposals,
    Webhooks,
}

impl Subject {
    pub fn label(self) -> &'static str {
        match self {
            Self::ClientSecret => "Client secret",
            Self::SubscriptionKey => "Subscription key",
            Self::SecondarySubscriptionKey => "Secondary subscription key",
            Self::Token => "Access token",
            Self::SecondaryToken => "Access token with the secondary subscription key",
            Self::Management => "Management API",
            Self::Proposals => "Proposals of the Management API",
            Self::Webhooks => "Webhooks API",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Good,
    Bad,
    NotAsked,
}

/// One thing that was looked at, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    pub subject: Subject,
    pub verdict: Verdict,
    /// A sentence for people: no secret, and nothing of upstream's text.
    pub words: String,
}

/// The last check of an organisation's keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyCheck {
    pub begun_at: OffsetDateTime,
    /// None while it is under way.
    pub ended_at: Option<OffsetDateTime>,
    /// Whether the organisation has been changed since.
    pub is_outdated: bool,
    pub steps: Vec<Step>,
}

/// How a check stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    UnderWay,
    /// It was begun and has never ended.
    Lost,
    Good(OffsetDateTime),
    Bad(OffsetDateTime),
}

impl KeyCheck {
    pub fn standing(&self, now: OffsetDateTime) -> Standing {
        match self.ended_at {
            Some(at) if self.steps.iter().any(|step| step.verdict == Verdict::Bad) => Standing::Bad(at),
            Some(at) => Standing::Good(at),
            None if now - self.begun_at < LOST_AFTER => Standing::UnderWay,
            None => Standing::Lost,
        }
    }
}

/// Whether a step went well; no if it was never come to.
pub fn is_good(steps: &[Step], subject: Subject) -> bool {
    steps.iter().any(|step| step.subject == subject && step.verdict == Verdict::Good)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_check_is_good_if_nothing_is_bad_and_lost_if_it_never_ends() {
        let step = |subject, verdict| Step { subject, verdict, words: String::new() };
        let (begun_at, ended) = (datetime!(2026-11-20 12:00 UTC), datetime!(2026-11-20 12:00:02 UTC));
        let check =
            |ended_at, steps: &[Step]| KeyCheck { begun_at, ended_at, is_outdated: false, steps: steps.to_vec() };
        let steps = [step(Subject::Token, Verdict::Good), step(Subject::Management, Verdict::NotAsked)];
        assert_eq!(check(Some(ended), &steps).standing(ended), Standing::Good(ended));
        assert!(is_good(&steps, Subject::Token) && !is_good(&steps, Subject::Management));
        let steps = [step(Subject::Token, Verdict::Good), step(Subject::Webhooks, Verdict::Bad)];
        assert_eq!(check(Some(ended), &steps).standing(ended), Standing::Bad(ended));
        assert_eq!(check(None, &[]).standing(ended), Standing::UnderWay);
        assert_eq!(check(None, &[]).standing(begun_at + LOST_AFTER), Standing::Lost);
    }

    #[test]
    fn a_kept_step_reads_as_it_was_written() {
        let step = Step { subject: Subject::SecondaryToken, verdict: Verdict::NotAsked, words: "Nothing".to_owned() };
        let value = serde_json::to_value(&step).unwrap();
        assert_eq!(value["subject"], "secondary_token");
        assert_eq!(value["verdict"], "not_asked");
        assert_eq!(serde_json::from_value::<Step>(value).unwrap(), step);
    }
}
