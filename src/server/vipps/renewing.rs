//! What a client calls with: an account, and where its keys come from anew. A round of the sync can last for hours,
//! and keys are turned over meanwhile.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures::future::BoxFuture;

use super::call::{Account, Call};
use super::error::Error;
use super::patience::Patience;
use super::transport::Delivered;
use super::{Credentials, Lane, Vipps};
use crate::domain::agreement::RecurringVersion;

/// Knows the keys of one organisation as they are now.
pub trait KeySource: Send + Sync {
    /// Asked once upstream has refused what it told before; none if there are no keys to be had.
    fn anew(&self) -> BoxFuture<'_, Option<Credentials>>;
}

pub(super) struct RenewingAccount {
    vipps: Vipps,
    account: Mutex<Arc<Account>>,
    source: Option<Arc<dyn KeySource>>,
    /// For the Recurring API, which has its own way of being called.
    recurring: Option<RecurringVersion>,
    /// Held by the one who asks for keys, so that calls which fail together ask once.
    asking: tokio::sync::Mutex<()>,
}

impl RenewingAccount {
    pub(super) fn new(vipps: Vipps, account: Arc<Account>, source: Option<Arc<dyn KeySource>>) -> Self {
        Self::with(vipps, account, source, None)
    }

    fn with(
        vipps: Vipps,
        account: Arc<Account>,
        source: Option<Arc<dyn KeySource>>,
        recurring: Option<RecurringVersion>,
    ) -> Self {
        Self { vipps, account: Mutex::new(account), source, recurring, asking: tokio::sync::Mutex::default() }
    }

    /// The same keys for the Recurring API.
    pub(super) fn for_recurring(&self, version: RecurringVersion) -> Self {
        Self::with(self.vipps.clone(), self.account(), self.source.clone(), Some(version))
    }

    /// The account as it is called with here.
    fn called_with(&self, account: &Arc<Account>) -> Arc<Account> {
        match self.recurring {
            Some(version) => Arc::new(account.for_recurring(version)),
            None => Arc::clone(account),
        }
    }

    pub(super) fn account(&self) -> Arc<Account> {
        Arc::clone(&self.held())
    }

    /// The body of upstream's answer to a GET. `max_body` can lower the general limit.
    pub(super) async fn get(
        &self,
        lane: Lane,
        template: &'static str,
        path: String,
        max_body: usize,
    ) -> Result<Bytes, Error> {
        self.send(lane, Call { max_body, ..Call::get(template, path) }).await
    }

    /// The body of upstream's answer to any call.
    ///
    /// # Errors
    /// [`Error::OutcomeOpen`] if upstream may have made the change all the same; any of [`Error`].
    pub(super) async fn send(&self, lane: Lane, call: Call<'_>) -> Result<Bytes, Error> {
        self.send_page(lane, call).await.map(|delivered| delivered.body)
    }

    /// As [`Self::send`], with how to go on.
    pub(super) async fn send_page(&self, lane: Lane, call: Call<'_>) -> Result<Delivered, Error> {
        let mut patience = Patience::new(lane);
        let mut open = false;
        let account = self.account();
        let mut outcome = self.called_with(&account).send(&call, &mut patience, &mut open).await;
        // Nothing that is refused so has been carried out.
        if matches!(outcome, Err(Error::Unauthorized(_)))
            && let Ok(Some(account)) = patience.wait(self.renewed(&account)).await
        {
            outcome = self.called_with(&account).send(&call, &mut patience, &mut open).await;
        }
        outcome.map_err(|error| if open { error.with_open_outcome() } else { error })
    }

    /// Sends a deletion. What an earlier try may have deleted and is not found then is deleted.
    pub(super) async fn delete(&self, lane: Lane, call: Call<'_>) -> Result<(), Error> {
        match self.send(lane, call).await {
            Err(Error::OutcomeOpen(failure)) if failure.is_not_found() => Ok(()),
            outcome => outcome.map(drop),
        }
    }

    /// Asks for a token even if there is one.
    pub(super) async fn new_token(&self) -> Result<(), Error> {
        let account = self.account();
        match account.new_token().await {
            Err(Error::Unauthorized(problem)) => match self.renewed(&account).await {
                Some(account) => account.new_token().await.map(drop),
                None => Err(Error::Unauthorized(problem)),
            },
            outcome => outcome.map(drop),
        }
    }

    /// An account with other keys than those that were refused, if there are others by now.
    async fn renewed(&self, refused: &Arc<Account>) -> Option<Arc<Account>> {
        let source = self.source.as_ref()?;
        let _asking = self.asking.lock().await;
        let account = self.account();
        if !Arc::ptr_eq(&account, refused) {
            return Some(account);
        }
        if refused.is_irreplaceable() {
            return None;
        }
        let other = source.anew().await.map(|keys| self.vipps.account(keys));
        let Some(account) = other.filter(|other| !Arc::ptr_eq(other, refused)) else {
            refused.found_irreplaceable();
            return None;
        };
        tracing::info!("upstream refused the keys, and there are others by now");
        *self.held() = Arc::clone(&account);
        Some(account)
    }

    fn held(&self) -> MutexGuard<'_, Arc<Account>> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
