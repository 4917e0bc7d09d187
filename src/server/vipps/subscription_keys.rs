//! The two subscription keys that do the same, and which of them is used: while one is regenerated, calls go on
//! with the other.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use super::Credentials;
use super::error::Error;
use super::problem::Problem;
use super::transport::secret_header;

/// A key that was refused so lately is not tried again in place of the other: where both are wrong, every call
/// would else be made twice for ever.
const PROBATION: Duration = Duration::from_secs(10);

/// None, one, or a primary and a secondary one.
pub(super) struct SubscriptionKeys {
    keys: Vec<SecretString>,
    choice: Mutex<Choice>,
}

#[derive(Default)]
struct Choice {
    used: usize,
    refused_at: [Option<Instant>; 2],
}

/// A key, and which of the two it is.
pub(super) struct SubscriptionKey<'a> {
    at: usize,
    text: &'a str,
}

impl SubscriptionKey<'_> {
    /// # Errors
    /// [`Error::Unsendable`] if a header cannot hold it.
    pub(super) fn header(&self) -> Result<HeaderValue, Error> {
        secret_header(self.text, "the subscription key")
    }
}

impl SubscriptionKeys {
    pub(super) fn of(credentials: &Credentials) -> Self {
        let both = [&credentials.subscription_key, &credentials.secondary_subscription_key];
        let mut keys: Vec<SecretString> = both.into_iter().flatten().cloned().collect();
        keys.dedup_by(|one, other| one.expose_secret() == other.expose_secret());
        Self { keys, choice: Mutex::default() }
    }

    /// The one to call with; none for keys that need none.
    pub(super) fn used(&self) -> Option<SubscriptionKey<'_>> {
        let at = self.choice().used;
        self.keys.get(at).map(|key| SubscriptionKey { at, text: key.expose_secret() })
    }

    /// Upstream refused this one: whether to try again, now that another one is used.
    pub(super) fn refused(&self, key: &SubscriptionKey<'_>) -> bool {
        if self.keys.len() < 2 {
            return false;
        }
        let mut choice = self.choice();
        if choice.used != key.at {
            return true;
        }
        let other = 1 - key.at;
        choice.refused_at[key.at] = Some(Instant::now());
        let promising = choice.refused_at[other].is_none_or(|at| at.elapsed() >= PROBATION);
        if promising {
            choice.used = other;
        }
        promising
    }

    /// All of them, to be kept out of what is told.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(ExposeSecret::expose_secret)
    }

    fn choice(&self) -> MutexGuard<'_, Choice> {
        self.choice.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a 401 is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blame {
    SubscriptionKey,
    /// The access token, or the client id and secret it is asked for with.
    Token,
    /// It can be either.
    Untold,
}

impl Blame {
    /// The gateway says "Access denied due to invalid subscription key"; about tokens everybody has words of his own.
    pub(super) fn of(problem: &Problem) -> Self {
        let said = problem.message.as_ref().unwrap_or(&problem.excerpt).to_lowercase();
        let key = said.contains("subscription key");
        let token = ["token", "client", "bearer"].iter().any(|word| said.contains(word));
        match (key, token) {
            (true, false) => Self::SubscriptionKey,
            (false, true) => Self::Token,
            _ => Self::Untold,
        }
    }
}
