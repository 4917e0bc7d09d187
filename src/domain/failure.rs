//! What went wrong, for people. Few kinds, no text from upstream, no secrets.

use thiserror::Error;

#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Failure {
    /// It does not exist, or is not for this person: the same to them.
    #[error("There is nothing here for you to see.")]
    NotFound,
    #[error("Your role in this organisation does not allow that.")]
    NotAllowed,
    /// Upstream could not be asked, or did not answer in time.
    #[error("Vipps MobilePay did not answer. What is shown is from before.")]
    UpstreamSilent,
    /// Upstream said no to the keys.
    #[error("Vipps MobilePay refused the keys of this organisation.")]
    KeysRefused,
    #[error("There are no keys for this organisation, so Vipps MobilePay cannot be asked.")]
    NoKeys,
    /// The portal's own database cannot be reached.
    #[error("The portal's database does not answer. Try again in a moment.")]
    Unavailable,
}
