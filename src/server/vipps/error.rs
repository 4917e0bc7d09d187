//! Why a call to upstream brought no answer, in words for operators.

use std::time::Duration;

use time::OffsetDateTime;

use super::problem::Problem;

/// Holds no secret: bodies are redacted, addresses and headers left out.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    /// No connection, or it broke before an answer began: then the call may have been `sent`.
    #[error("upstream cannot be reached: {cause}")]
    Unreachable { cause: String, sent: bool },
    /// No complete answer within the time limit.
    #[error("upstream did not answer within {} ms", after.as_millis())]
    TimedOut { after: Duration },
    /// The answer ended before its end.
    #[error("upstream's answer was cut off: {cause}")]
    Truncated { cause: String },
    /// 401, or keys refused by the token endpoint.
    #[error("upstream refused the keys: {0}")]
    Unauthorized(Box<Problem>),
    #[error("upstream forbids this: {0}")]
    Forbidden(Box<Problem>),
    /// Not there, not active, or not visible with these keys: upstream does not tell which.
    #[error("upstream does not know it: {0}")]
    NotFound(Box<Problem>),
    /// 429 or 423; without a problem when the portal waits because of an earlier one.
    #[error("upstream limits calls{}", limit_text(*retry_after, problem.as_deref()))]
    Limited { retry_after: Option<Duration>, problem: Option<Box<Problem>> },
    /// Any other status that is no success, redirects included.
    #[error("upstream refused the call: {0}")]
    Refused(Box<Problem>),
    /// 5xx.
    #[error("upstream failed: {problem}")]
    Upstream { retry_after: Option<Duration>, problem: Box<Problem> },
    /// An answer in none of the known shapes.
    #[error("upstream's answer was not understood: {reason}")]
    NotUnderstood { reason: String },
    /// Upstream failed too often in a row; nothing was sent.
    #[error("upstream has not answered since {since}")]
    BreakerOpen { since: OffsetDateTime },
    #[error("upstream's answer is larger than {limit} bytes")]
    TooLarge { limit: usize },
    /// Plain http to a host that is not this machine; nothing was sent.
    #[error("{host} is not called without TLS: write https:// in its address")]
    Insecure { host: String },
    /// The settings or arguments cannot be made into a call; nothing was sent.
    #[error("the call cannot be made: {reason}")]
    Unsendable { reason: String },
    /// A change that upstream may have made, in this try or an earlier one, although all that came of it in the end
    /// is this failure.
    #[error("{0}; upstream may have done it all the same")]
    OutcomeOpen(Box<Error>),
}

impl Error {
    pub(super) fn not_understood(reason: impl ToString) -> Self {
        Self::NotUnderstood { reason: reason.to_string() }
    }

    pub(super) fn with_open_outcome(self) -> Self {
        match self {
            Self::OutcomeOpen(_) => self,
            error => Self::OutcomeOpen(Box::new(error)),
        }
    }

    /// Whether upstream may have made the change that was asked for. If not, it has not been made. Always no for
    /// calls that change nothing.
    pub fn leaves_outcome_open(&self) -> bool {
        matches!(self, Self::OutcomeOpen(_))
    }

    /// The failure itself, be the outcome open or not.
    pub fn failure(&self) -> &Self {
        match self {
            Self::OutcomeOpen(failure) => failure,
            failure => failure,
        }
    }

    /// Whether the call may have been carried out although this was all that came of it.
    pub(super) fn may_have_arrived(&self) -> bool {
        match self {
            Self::Unreachable { sent, .. } => *sent,
            Self::TimedOut { .. } | Self::Truncated { .. } | Self::TooLarge { .. } => true,
            Self::NotUnderstood { .. } | Self::Upstream { .. } | Self::OutcomeOpen(_) => true,
            _ => false,
        }
    }

    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound(_))
    }

    /// Whether the same call may well succeed later, with nobody doing anything.
    pub fn is_transient(&self) -> bool {
        matches!(self.failure(), Self::Limited { .. } | Self::BreakerOpen { .. }) || self.is_sickness()
    }

    /// Whether this says that upstream is unwell, rather than that it minds this call.
    pub(super) fn is_sickness(&self) -> bool {
        matches!(
            self.failure(),
            Self::Unreachable { .. } | Self::TimedOut { .. } | Self::Truncated { .. } | Self::Upstream { .. }
        )
    }

    /// Whether upstream says that it is the subscription key which it minds: its gateway looks at that first.
    pub fn minds_subscription_key(&self) -> bool {
        let said = self.problem().map(|problem| problem.message.as_deref().unwrap_or(&problem.excerpt).to_lowercase());
        said.is_some_and(|said| said.contains("subscription key"))
    }

    /// How long upstream asks to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        match self.failure() {
            Self::Limited { retry_after, .. } | Self::Upstream { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// What upstream said, if it said anything.
    pub fn problem(&self) -> Option<&Problem> {
        match self.failure() {
            Self::Unauthorized(problem) | Self::Forbidden(problem) | Self::NotFound(problem) => Some(problem),
            Self::Refused(problem) | Self::Upstream { problem, .. } => Some(problem),
            Self::Limited { problem, .. } => problem.as_deref(),
            _ => None,
        }
    }

    pub fn status(&self) -> Option<u16> {
        self.problem().map(|problem| problem.status)
    }

    /// What upstream's support asks for.
    pub fn trace_id(&self) -> Option<&str> {
        self.problem()?.trace_id.as_deref()
    }
}

fn limit_text(retry_after: Option<Duration>, problem: Option<&Problem>) -> String {
    let wait = retry_after.map(|wait| format!(", asks to wait {} s", wait.as_secs_f64().ceil())).unwrap_or_default();
    let said = problem.map(|problem| format!(": {problem}")).unwrap_or_default();
    wait + &said
}
