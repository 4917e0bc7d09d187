//! Tokens of the API: 256 random bits behind a prefix that scanners for secrets know.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};

use super::hash;
use crate::domain::api_token::PREFIX;

/// Random bytes in a token.
const LENGTH: usize = 32;
/// Characters at its end by which people recognise one.
const ENDING: usize = 4;

/// A token that was just made; it is shown once, and only its hash is kept.
pub struct NewToken(SecretString);

impl NewToken {
    pub fn make() -> Self {
        Self(SecretString::from(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(rand::random::<[u8; LENGTH]>()))))
    }

    /// For the one who has asked for it.
    pub fn reveal(&self) -> &str {
        self.0.expose_secret()
    }

    pub fn hash(&self) -> Vec<u8> {
        hash(self.reveal().as_bytes())
    }

    pub fn ending(&self) -> &str {
        &self.reveal()[self.reveal().len() - ENDING..]
    }
}

/// The hash that a token is looked up by; none if it cannot be one of ours.
pub fn hash_of(token: &str) -> Option<Vec<u8>> {
    let random = token.strip_prefix(PREFIX)?;
    let is_whole = URL_SAFE_NO_PAD.decode(random).is_ok_and(|random| random.len() == LENGTH);
    is_whole.then(|| hash(token.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_recognised_by_its_shape_and_found_by_its_hash() {
        let (token, other) = (NewToken::make(), NewToken::make());
        assert_eq!(hash_of(token.reveal()), Some(token.hash()));
        assert_ne!(token.hash(), other.hash());
        assert!(token.reveal().ends_with(token.ending()) && token.reveal().starts_with("pportal_"));
        for wrong in ["", "pportal_", "abc", &token.reveal()[..20], &token.reveal()[1..]] {
            assert_eq!(hash_of(wrong), None, "{wrong}");
        }
    }
}
