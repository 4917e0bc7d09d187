//! Signing in with a password: throttled, without telling who exists, without locking anybody out.
//!
//! Failures are counted for an account from one address, for the address, and for the account.
//! Somebody who guesses at an account is slowed down more and more; its owner gets in all the
//! while from a browser that has signed in before, because those are counted apart.

use std::net::IpAddr;

use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{hash, passwords};
use crate::server::store::Store;

/// Failures that cost nothing, for one account from one address: people mistype.
const FREE_FROM_ADDRESS: i32 = 5;
/// Failures that cost nothing, for all accounts from one address.
const FREE_FOR_ADDRESS: i32 = 100;
/// Failures that cost nothing, for one account from everywhere.
const FREE_FOR_ACCOUNT: i32 = 50;
const LONGEST_BLOCK: Duration = Duration::minutes(15);

pub struct Attempt {
    pub email: String,
    pub password: String,
    pub address: IpAddr,
    /// The token of a browser that has signed in before.
    pub browser: Option<String>,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    SignedIn(Uuid),
    /// Wrong password, unknown or disabled person: all the same.
    Refused,
    /// Too many failures; not before then.
    Later(OffsetDateTime),
}

/// An e-mail address as accounts are found by.
pub fn normal_email(email: &str) -> String {
    email.trim().to_lowercase()
}

pub async fn attempt(store: &Store, attempt: Attempt) -> anyhow::Result<Outcome> {
    let email = normal_email(&attempt.email);
    let readable = !email.contains(char::is_control) && !attempt.password.contains('\0');
    if !readable || email.len() > 254 || attempt.password.chars().count() > passwords::LONGEST {
        return Ok(Outcome::Refused);
    }
    let subjects = subjects(store, &attempt, &email).await?;
    for (subject, free) in &subjects {
        if let Some(until) = store.count_sign_in(subject, *free, LONGEST_BLOCK).await? {
            return Ok(Outcome::Later(until));
        }
    }
    let known = store.staff_to_sign_in(&email).await?;
    let (staff, password_hash) = known.unzip();
    let right = passwords::is_right(attempt.password, password_hash).await?;
    match staff {
        Some(staff) if right => {
            store.forget_failed_sign_ins(&subjects[0].0).await?;
            for (subject, _) in &subjects[1..] {
                store.take_back_sign_in(subject).await?;
            }
            tracing::info!(%staff, "signed in");
            Ok(Outcome::SignedIn(staff))
        }
        _ => {
            tracing::warn!(address = %attempt.address, "signing in failed");
            Ok(Outcome::Refused)
        }
    }
}

/// What this attempt is counted under, and how many failures of each are free.
async fn subjects(store: &Store, attempt: &Attempt, email: &str) -> anyhow::Result<Vec<(Vec<u8>, i32)>> {
    if let Some(token) = &attempt.browser {
        let token = hash(token.as_bytes());
        if store.is_known_browser(&token, email).await? {
            return Ok(vec![(hash(&[b"browser", token.as_slice()].concat()), FREE_FROM_ADDRESS)]);
        }
    }
    let network = network(attempt.address);
    let subject = |text: String, free| (hash(text.as_bytes()), free);
    Ok(vec![
        subject(format!("account {email} from {network}"), FREE_FROM_ADDRESS),
        subject(format!("address {network}"), FREE_FOR_ADDRESS),
        subject(format!("account {email}"), FREE_FOR_ACCOUNT),
    ])
}

/// An IPv6 customer has a whole network to guess from.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) & (!0 << 64)).into()),
        address @ IpAddr::V4(_) => address,
    }
}
