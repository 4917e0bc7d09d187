//! Password hashes: Argon2id with the crate's recommended cost (19 MiB, two passes).

use std::sync::LazyLock;

use anyhow::Context;
use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;

/// Shortest password that is taken: what NIST SP 800-63B-4 asks of passwords that stand alone.
pub const SHORTEST: usize = 15;
/// Longer ones are refused rather than cut.
pub const LONGEST: usize = 256;

/// Each hash takes 19 MiB and a core for a while; more at once would only queue for them.
static AT_ONCE: Semaphore = Semaphore::const_new(2);

/// Who has waited so long for a turn is asked to come back.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);

/// A hash nobody knows the password of: checked for unknown people, so that they take as long.
static NOBODY: LazyLock<String> = LazyLock::new(|| hash_now(&super::random_token()).unwrap_or_default());

/// Says what is wrong with a new password; nothing if it can be taken.
pub fn fault(password: &str) -> Option<String> {
    match password.chars().count() {
        0..SHORTEST => {
            Some(format!("A password has at least {SHORTEST} characters; a short sentence is easy to remember."))
        }
        SHORTEST..=LONGEST => None,
        _ => Some(format!("A password has at most {LONGEST} characters.")),
    }
}

pub async fn hash(password: String) -> anyhow::Result<String> {
    let _turn = AT_ONCE.acquire().await?;
    tokio::task::spawn_blocking(move || hash_now(&password)).await?
}

/// Whether the password belongs to the hash; without a hash it does not, after the same time.
pub async fn is_right(password: String, hash: Option<String>) -> anyhow::Result<bool> {
    let turn = tokio::time::timeout(PATIENCE, AT_ONCE.acquire()).await;
    let _turn = turn.context("too many people sign in at once")??;
    tokio::task::spawn_blocking(move || {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| NOBODY.clone());
        let hash = PasswordHash::new(&hash).context("a stored password hash cannot be read")?;
        Ok(Argon2::default().verify_password(password.as_bytes(), &hash).is_ok() && known)
    })
    .await?
}

fn hash_now(password: &str) -> anyhow::Result<String> {
    let hash: PasswordHash =
        Argon2::default().hash_password(password.as_bytes()).context("hashing a password failed")?;
    Ok(hash.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_is_right() {
        let hash = hash("correct horse battery".to_owned()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(is_right("correct horse battery".to_owned(), Some(hash.clone())).await.unwrap());
        assert!(!is_right("Correct horse battery".to_owned(), Some(hash)).await.unwrap());
        assert!(!is_right(String::new(), None).await.unwrap());
    }

    #[test]
    fn a_short_password_is_refused_in_words() {
        assert!(fault("short").unwrap().contains("15"));
        assert_eq!(fault("æøå æøå æøå æøå"), None);
        assert!(fault(&"x".repeat(300)).is_some());
    }
}
