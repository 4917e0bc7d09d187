//! What went wrong, for people. Few kinds, no text from upstream, no secrets.

use thiserror::Error;

#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Failure {
    /// It does not exist, or is not for this person: the same to them.
    #[error("There is nothing here for you to see.")]
    NotFound,
    #[error("Your role in this organisation does not allow that.")]
    NotAllowed,
    /// Whoever views as a merchant only looks.
    #[error("You see this as a merchant, on behalf of your partner. Nothing can be changed from here.")]
    OnlyViewing,
    /// Upstream could not be asked, or did not answer in time.
    #[error("Vipps MobilePay did not answer. What is shown is from before.")]
    UpstreamSilent,
    /// Upstream said no to the keys.
    #[error("Vipps MobilePay refused the keys of this organisation.")]
    KeysRefused,
    #[error("There are no keys for this organisation, so Vipps MobilePay cannot be asked.")]
    NoKeys,
    /// The registry says that nothing of it goes to or comes from upstream.
    #[error("This organisation is switched off in the registry, so Vipps MobilePay is not asked.")]
    SwitchedOff,
    /// Its keys are for the test environment, in which upstream has no Management API.
    #[error(
        "The keys of this organisation are for the test environment, which has no Management API: Vipps MobilePay is not asked for this."
    )]
    InTest,
    /// Others wait for upstream, too.
    #[error("Vipps MobilePay has been asked for this partner as often as it can be now. Try again in a minute.")]
    AskedTooOften,
    /// The portal's own database cannot be reached.
    #[error("The portal's database does not answer. Try again in a moment.")]
    Unavailable,
}

impl Failure {
    /// Those that a page says after it was redirected to, with the word for each in its address.
    const SAID: [(Self, &'static str); 5] = [
        (Self::UpstreamSilent, "silent"),
        (Self::KeysRefused, "keys-refused"),
        (Self::NoKeys, "no-keys"),
        (Self::SwitchedOff, "switched-off"),
        (Self::InTest, "in-test"),
    ];

    /// None for those that a page cannot say.
    pub fn word(&self) -> Option<&'static str> {
        Self::SAID.into_iter().find(|(failure, _)| failure == self).map(|(_, word)| word)
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::SAID.into_iter().find(|(_, said)| *said == word).map(|(failure, _)| failure)
    }
}
