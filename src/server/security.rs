//! What keeps strangers out and secrets in.

pub mod api_tokens;
pub mod csrf;
pub mod headers;
pub mod key_ring;
pub mod limiter;
pub mod passwords;
pub mod secrets;
pub mod sessions;
pub mod sign_in;
pub mod vault;

use sha2::{Digest, Sha256};

/// Whoever speaks TLS in this process does it with the same cryptography. Can be called again.
pub fn use_one_cryptography() {
    // Refused where it has been chosen before, which is just as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// SHA-256, for what is looked up by a secret that must not be stored.
pub fn hash(secret: &[u8]) -> Vec<u8> {
    Sha256::digest(secret).to_vec()
}

/// A new secret of 128 random bits, in letters that go into cookies and addresses.
pub fn random_token() -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(rand::random::<[u8; 16]>())
}
