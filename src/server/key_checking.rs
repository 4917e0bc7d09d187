//! Checking an organisation's keys, from reading the secrets to asking each API. A check goes on to its end, whether
//! or not the browser waits, and has a time limit; what came of it is kept for the registry's pages.

mod words;

use std::time::Duration;

use futures::future::join_all;
use secrecy::SecretString;
use time::OffsetDateTime;

use self::words::{management_trouble, proposals_told, token_trouble, webhooks_trouble};
use super::store::keys::KeysInUse;
use super::store::unavailable;
use super::vipps::{Client, Error, Lane};
use super::{Portal, sync};
use crate::domain::failure::Failure;
use crate::domain::identifiers::Msn;
use crate::domain::key_check::{Step, Subject, Verdict, is_good};
use crate::domain::organisation::{Environment, OrgId, OrganisationKind};
use crate::domain::partner::Proposal;

/// The longest that a check may take.
const LIMIT: Duration = Duration::from_secs(30);
/// So long whoever asked for it is kept waiting; then the page says that it is under way.
const PATIENCE: Duration = Duration::from_secs(10);

/// What became of asking for a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checking {
    /// It has been made, or is still under way.
    Asked,
    /// It has been asked for too often.
    Later,
}

/// Checks an organisation's keys, unless that is being done or was done too often. Where they are good, what is to
/// be fetched with them is fetched at once. `by` is who asked for it.
pub async fn check_keys(portal: &Portal, organisation: &OrgId, by: &str) -> Result<Checking, Failure> {
    let (store, begun_at) = (portal.store(), OffsetDateTime::now_utc());
    let Some(keys) = store.key_references(organisation).await.map_err(unavailable)? else {
        return Err(Failure::NoKeys);
    };
    let Some((kind, ..)) = store.scope_of(organisation).await.map_err(unavailable)? else {
        return Err(Failure::NotFound);
    };
    if !portal.key_checks().allows(organisation.as_str()) {
        tracing::warn!(%organisation, by, "the keys of an organisation are checked very often");
        return Ok(Checking::Later);
    }
    let as_of = store.begin_key_check(organisation, begun_at).await.map_err(unavailable)?;
    let Some(as_of) = as_of else { return Ok(Checking::Asked) };
    let (portal, organisation, by) = (portal.clone(), organisation.clone(), by.to_owned());
    let checking = tokio::spawn(async move {
        let mut steps = Vec::new();
        let check = Check { portal: &portal, keys: &keys, kind };
        let in_time = tokio::time::timeout(LIMIT, check.run(&mut steps)).await.is_ok();
        if !in_time {
            let next = if is_good(&steps, Subject::Token) { Subject::Management } else { Subject::Token };
            steps.push(bad(next, "The check was broken off, because it took too long."));
        }
        let ended_at = OffsetDateTime::now_utc();
        let good = is_good(&steps, Subject::Token);
        tracing::info!(%organisation, by, good, "the keys of an organisation were checked");
        let kept = portal.store().end_key_check(&organisation, begun_at, ended_at, &steps).await;
        let started = if good { sync::start(&portal, &organisation, as_of).await } else { Ok(()) };
        if let Err(error) = kept.and(started) {
            tracing::error!(%error, %organisation, "what came of a check of keys could not be kept");
        }
    });
    drop(tokio::time::timeout(PATIENCE, checking).await);
    Ok(Checking::Asked)
}

struct Check<'a> {
    portal: &'a Portal,
    keys: &'a KeysInUse,
    kind: OrganisationKind,
}

impl Check<'_> {
    /// Takes one step after the other; what was found until then stays when it is broken off.
    async fn run(&self, steps: &mut Vec<Step>) {
        let references = &self.keys.references;
        let secret = self.read(Subject::ClientSecret, Some(&references.client_secret_ref), steps).await;
        let key = self.read(Subject::SubscriptionKey, references.subscription_key_ref.as_deref(), steps).await;
        let secondary = references.secondary_subscription_key_ref.as_deref();
        let secondary_key = match secondary {
            Some(reference) => self.read(Subject::SecondarySubscriptionKey, Some(reference), steps).await,
            None => None,
        };
        let is_readable = key.is_some() || references.subscription_key_ref.is_none();
        let (Some(secret), true) = (secret, is_readable) else {
            return not_come_to(steps, "The secrets come first.");
        };
        if !self.keys.vipps_enabled {
            return not_come_to(steps, "The organisation is switched off, so Vipps MobilePay is not asked.");
        }
        let client = self.portal.client_with(self.keys, secret.clone(), key).in_lane(Lane::Interactive);
        let is_good = self.token(Subject::Token, &client, steps).await;
        if let Some(key) = secondary_key {
            let client = self.portal.client_with(self.keys, secret, Some(key));
            self.token(Subject::SecondaryToken, &client, steps).await;
        }
        if !is_good {
            return not_come_to(steps, "An access token comes first.");
        }
        self.management(&client, steps).await;
        self.proposals(&client, steps).await;
        let answer = client.webhooks(None).await.map(drop);
        steps.push(told(Subject::Webhooks, answer, "It answers.", webhooks_trouble));
    }

    async fn read(&self, subject: Subject, reference: Option<&str>, steps: &mut Vec<Step>) -> Option<SecretString> {
        let Some(reference) = reference else {
            let words = "There is none: the token is asked for as keys without one do it.";
            steps.push(not_asked(subject, words));
            return None;
        };
        // What a vault said a moment ago may just have been changed.
        self.portal.secrets().doubt(reference);
        match self.portal.secrets().resolve(reference).await {
            Ok(secret) => {
                steps.push(good(subject, format!("It can be read: {reference}.")));
                Some(secret)
            }
            Err(error) => {
                tracing::warn!(reference, error = format!("{error:#}"), "a secret cannot be read");
                steps.push(bad(subject, format!("It cannot be read from {reference}: {error}.")));
                None
            }
        }
    }

    async fn token(&self, subject: Subject, client: &Client, steps: &mut Vec<Step>) -> bool {
        let host = host(self.portal.upstream_of(self.keys));
        let answer = client.check_token().await;
        let is_good = answer.is_ok();
        let has_key = self.keys.references.subscription_key_ref.is_some();
        let trouble = |error: &Error| token_trouble(error, &host, has_key);
        steps.push(told(subject, answer, &format!("{host} has given one."), trouble));
        is_good
    }

    /// One short answer that these keys are meant for.
    async fn management(&self, client: &Client, steps: &mut Vec<Step>) {
        if self.has_no_management() {
            steps.push(not_asked(Subject::Management, "It does not exist in the test environment."));
            return;
        }
        let msn = self.keys.references.msn.as_deref().and_then(Msn::parse);
        let answer = match (self.kind, &msn) {
            (OrganisationKind::Partner, _) => client.price_packages().await.map(drop),
            (OrganisationKind::Merchant, Some(msn)) => client.sales_unit(msn).await.map(drop),
            (OrganisationKind::Merchant, None) => client.sales_units().await.map(drop),
        };
        let trouble = |error: &Error| management_trouble(error, msn.as_ref());
        steps.push(told(Subject::Management, answer, "It answers.", trouble));
    }

    async fn proposals(&self, client: &Client, steps: &mut Vec<Step>) {
        let subject = Subject::Proposals;
        if self.has_no_management() || !is_good(steps, Subject::Management) {
            steps.push(not_asked(subject, "They belong to the Management API."));
            return;
        }
        if self.kind != OrganisationKind::Partner {
            steps.push(not_asked(subject, "They are for partners."));
            return;
        }
        let asking = Proposal::ALL.map(|proposal| async move { (proposal, client.offers(proposal).await) });
        let answers = join_all(asking).await;
        steps.push(match proposals_told(&answers) {
            Ok(words) => good(subject, words),
            Err(words) => bad(subject, words),
        });
    }

    fn has_no_management(&self) -> bool {
        self.keys.environment == Environment::Test && self.keys.references.upstream_url.is_none()
    }
}

fn told(subject: Subject, answer: Result<(), Error>, good_words: &str, trouble: impl Fn(&Error) -> String) -> Step {
    match answer {
        Ok(()) => good(subject, good_words),
        Err(error) => {
            tracing::warn!(?subject, %error, "a check of keys met trouble");
            bad(subject, trouble(&error))
        }
    }
}

/// Says of what is left that it was not asked, and why.
fn not_come_to(steps: &mut Vec<Step>, words: &str) {
    for subject in [Subject::Token, Subject::Management, Subject::Proposals, Subject::Webhooks] {
        if !steps.iter().any(|step| step.subject == subject) {
            steps.push(not_asked(subject, words));
        }
    }
}

/// The machine that an address is on.
fn host(address: &str) -> String {
    let url = url::Url::parse(address).ok();
    let host = url.as_ref().and_then(|url| {
        let host = url.host_str()?;
        Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
    });
    host.unwrap_or_else(|| address.to_owned())
}

fn good(subject: Subject, words: impl Into<String>) -> Step {
    Step { subject, verdict: Verdict::Good, words: words.into() }
}

fn bad(subject: Subject, words: impl Into<String>) -> Step {
    Step { subject, verdict: Verdict::Bad, words: words.into() }
}

fn not_asked(subject: Subject, words: impl Into<String>) -> Step {
    Step { subject, verdict: Verdict::NotAsked, words: words.into() }
}
