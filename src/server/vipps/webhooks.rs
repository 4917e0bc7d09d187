//! Webhooks API: registrations of one sales unit or, with a partner's keys and no serial number, of all of them.

use reqwest::Method;
use secrecy::SecretString;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::call::Call;
use super::effect::Effect;
use super::error::Error;
use super::reading::{Fields, ONE_THING, parse, read_list};
use super::transport::fill;
use super::{Answer, Client};
use crate::domain::identifiers::Msn;
use crate::domain::webhook::ListedWebhook;

const WEBHOOKS: &str = "/webhooks/v1/webhooks";
const WEBHOOK: &str = "/webhooks/v1/webhooks/{id}";

/// A new registration. Its secret is told once.
#[derive(Clone, Debug)]
pub struct RegisteredWebhook {
    pub id: Uuid,
    /// What deliveries are signed with: to be used as it is.
    pub secret: SecretString,
}

#[derive(Serialize)]
struct Registration<'a> {
    url: &'a str,
    events: &'a [String],
}

/// `msn` says whose registrations are meant; none: those of the sales unit the keys belong to, or with a partner's
/// keys those for all units.
impl Client {
    /// Entries without a usable id are left out.
    ///
    /// # Errors
    /// Any of [`Error`].
    pub async fn webhooks(&self, msn: Option<&Msn>) -> Result<Vec<Answer<ListedWebhook>>, Error> {
        let call = Call { msn, ..Call::get(WEBHOOKS, WEBHOOKS.to_owned()) };
        read_webhooks(&self.account.send(self.lane, call).await?)
    }

    /// Not made again once it may have reached upstream: that would leave a second registration with a secret that
    /// nobody knows.
    ///
    /// # Errors
    /// [`Error::OutcomeOpen`] if there may be a registration all the same, whose secret is lost then;
    /// [`Error::Refused`] if upstream minds the URL, an event or the number of registrations; any of [`Error`].
    pub async fn register_webhook(
        &self,
        msn: Option<&Msn>,
        url: &str,
        events: &[String],
    ) -> Result<RegisteredWebhook, Error> {
        let json = serde_json::to_vec(&Registration { url, events });
        let json = json.map_err(|error| Error::Unsendable { reason: error.to_string() })?;
        let call = Call {
            msn,
            json: Some(json.into()),
            max_body: ONE_THING,
            ..Call::new(Method::POST, Effect::Adds, WEBHOOKS, WEBHOOKS.to_owned())
        };
        let answer = self.account.send(self.lane, call).await?;
        read_registered(&answer).map_err(Error::with_open_outcome)
    }

    /// # Errors
    /// [`Error::NotFound`] or [`Error::Refused`] if it was not there to begin with; [`Error::OutcomeOpen`] if it may
    /// be gone all the same; any of [`Error`].
    pub async fn delete_webhook(&self, msn: Option<&Msn>, id: Uuid) -> Result<(), Error> {
        let path = fill(WEBHOOK, &[&id.to_string()])?;
        let call = Call { msn, ..Call::new(Method::DELETE, Effect::RefusedTwice, WEBHOOK, path) };
        self.account.delete(self.lane, call).await
    }
}

/// Reads a list of registrations in any of its shapes.
///
/// # Errors
/// [`Error::NotUnderstood`].
pub fn read_webhooks(body: &[u8]) -> Result<Vec<Answer<ListedWebhook>>, Error> {
    read_list("webhooks", body, &["webhooks"], read_webhook, |webhook| webhook.id)
}

fn read_webhook(entry: &Value) -> Option<ListedWebhook> {
    let fields = Fields::of(entry, "webhook")?;
    Some(ListedWebhook {
        id: fields.uuid(&["id", "webhookid"])?,
        url: fields.text("url").unwrap_or_default(),
        events: fields.texts("events"),
    })
}

/// # Errors
/// [`Error::NotUnderstood`], without any part of the body, if it has no id or no secret.
fn read_registered(body: &[u8]) -> Result<RegisteredWebhook, Error> {
    let answer = parse(body)?;
    let id = Fields::of(&answer, "webhook").and_then(|fields| fields.uuid(&["id", "webhookid"]));
    // As it is: a secret may begin or end with anything.
    let inner = answer.get("webhook").unwrap_or(&answer);
    let secret = inner.get("secret").and_then(Value::as_str).filter(|secret| !secret.is_empty());
    Ok(RegisteredWebhook {
        id: id.ok_or_else(|| Error::not_understood("the registration has no usable id"))?,
        secret: secret.ok_or_else(|| Error::not_understood("the registration has no secret"))?.into(),
    })
}
