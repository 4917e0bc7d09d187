//! Recurring API: the agreements and charges of a sales unit, in whichever of two versions upstream speaks. `v1` and
//! `v3` know what each is asked, `reading` what both answer, `jwt_token` the first one's way to a token.
//!
//! Upstream counts these calls by themselves, twenty a second for each `client_id`, and the client never makes more.

mod jwt_token;
mod reading;
mod v1;
mod v3;

use std::collections::HashSet;
use std::sync::Arc;

use time::OffsetDateTime;

use super::call::Call;
use super::error::Error;
use super::proposals::is_offered;
use super::renewing::RenewingAccount;
use super::{Answer, Client, Lane};
use crate::domain::agreement::draft::Draft;
use crate::domain::agreement::{Agreement, AgreementState, RecurringVersion, StoppedBy};
use crate::domain::charge::{Charge, NewCharge};
use crate::domain::identifiers::Msn;
use crate::domain::money::Currency;

pub(super) use self::jwt_token::request as jwt_token_request;
pub use self::reading::{read_agreements, read_charges};

/// The most that pages of lists are followed: a million of each.
const MOST_PAGES: usize = 1_000;

/// An agreement that waits for its customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drafted {
    pub agreement_id: String,
    /// Where the customer approves it, `https` or `http`.
    pub url: String,
    /// Of the first charge, where there is one and upstream tells.
    pub charge_id: Option<String>,
}

/// Calls the Recurring API for one sales unit. Cheap to clone.
#[derive(Clone)]
pub struct Recurring {
    account: Arc<RenewingAccount>,
    lane: Lane,
    version: RecurringVersion,
    /// None: the unit that the keys belong to.
    msn: Option<Msn>,
}

impl Client {
    /// `msn` says whose agreements are meant; none: those of the sales unit the keys belong to.
    pub fn recurring(&self, version: RecurringVersion, msn: Option<&Msn>) -> Recurring {
        let account = Arc::new(self.account.for_recurring(version));
        let msn = msn.cloned().or_else(|| self.msn());
        Recurring { account, lane: self.lane, version, msn }
    }

    /// Which version upstream speaks, today's if it speaks both; none if it speaks neither.
    ///
    /// # Errors
    /// Whatever kept upstream from telling: no answer, keys that are refused, a limit.
    pub async fn recurring_version(&self, msn: Option<&Msn>) -> Result<Option<RecurringVersion>, Error> {
        for version in [RecurringVersion::V3, RecurringVersion::V1] {
            let recurring = self.recurring(version, msn);
            let outcome = match version {
                RecurringVersion::V3 => recurring.send(v3::probe()).await,
                RecurringVersion::V1 => recurring.send(v1::probe(recurring.merchant()?)?).await,
            };
            match is_offered(&outcome) {
                Some(true) => return Ok(Some(version)),
                Some(false) => {}
                None => return outcome.map(|_| None),
            }
        }
        Ok(None)
    }
}

/// Reading.
impl Recurring {
    pub fn version(&self) -> RecurringVersion {
        self.version
    }

    /// All agreements in a state: upstream lists one state at a time. Those that change their state meanwhile may be
    /// missing or there although their state says otherwise. Entries without an id are left out.
    ///
    /// # Errors
    /// Any of [`Error`].
    pub async fn agreements(&self, state: AgreementState) -> Result<Vec<Answer<Agreement>>, Error> {
        let mut all = Vec::new();
        match self.version {
            RecurringVersion::V1 => {
                for word in state.words_of_v1() {
                    let body = self.send(v1::list(self.merchant()?, word)?).await?;
                    all.extend(read_agreements(&body, self.msn.as_ref())?);
                }
            }
            RecurringVersion::V3 => {
                for page in 1..=MOST_PAGES {
                    let body = self.send(v3::list(self.msn.as_ref(), state, page)).await?;
                    let agreements = read_agreements(&body, self.msn.as_ref())?;
                    let is_last = agreements.len() < v3::PAGE_SIZE;
                    all.extend(agreements);
                    if is_last {
                        break;
                    }
                }
            }
        }
        // A page may begin with what has moved there from the one before.
        let mut seen = HashSet::new();
        all.retain(|agreement| seen.insert(agreement.value.id.clone()));
        Ok(all)
    }

    /// # Errors
    /// [`Error::NotFound`] if it is not there or of another sales unit; any of [`Error`].
    pub async fn agreement(&self, id: &str) -> Result<Answer<Agreement>, Error> {
        let body = match self.version {
            RecurringVersion::V1 => self.send(v1::agreement(self.merchant()?, id)?).await?,
            RecurringVersion::V3 => self.send(v3::agreement(self.msn.as_ref(), id)?).await?,
        };
        reading::read_agreement(&body, self.msn.as_ref(), id)
    }

    /// All charges of an agreement. Entries without an id are left out.
    ///
    /// # Errors
    /// Any of [`Error`].
    pub async fn charges(&self, agreement_id: &str) -> Result<Vec<Answer<Charge>>, Error> {
        if self.version == RecurringVersion::V1 {
            return read_charges(&self.send(v1::charges(self.merchant()?, agreement_id)?).await?, agreement_id);
        }
        let (mut all, mut token) = (Vec::new(), None);
        for _ in 0..MOST_PAGES {
            let call = v3::charges(self.msn.as_ref(), agreement_id, token.as_deref())?;
            let page = self.account.send_page(self.lane, call).await?;
            all.extend(read_charges(&page.body, agreement_id)?);
            token = page.continuation;
            if token.is_none() {
                break;
            }
        }
        let mut seen = HashSet::new();
        all.retain(|charge| seen.insert(charge.value.id.clone()));
        Ok(all)
    }

    /// # Errors
    /// [`Error::NotFound`] if it is not there or of another agreement; any of [`Error`].
    pub async fn charge(&self, agreement_id: &str, id: &str) -> Result<Answer<Charge>, Error> {
        let body = match self.version {
            RecurringVersion::V1 => self.send(v1::charge(self.merchant()?, agreement_id, id)?).await?,
            RecurringVersion::V3 => self.send(v3::charge(self.msn.as_ref(), agreement_id, id)?).await?,
        };
        reading::read_charge(&body, agreement_id, id)
    }
}

/// Changing. However often a change is sent with the same `key`, it is made once; another change needs another key.
/// Keys are 1 to 40 letters, digits and `-`. The first version takes keys for new charges only: there, a draft is
/// never sent again once it may have arrived, and of the other changes a second one is refused or changes nothing.
impl Recurring {
    /// Offers an agreement to a customer.
    ///
    /// # Errors
    /// [`Error::Unsendable`] if the draft has faults or the key is too long; [`Error::OutcomeOpen`] if there may be an
    /// agreement all the same; any of [`Error`].
    pub async fn draft(&self, key: &str, draft: &Draft) -> Result<Drafted, Error> {
        check_key(key)?;
        if let Some((_, fault)) = draft.faults(self.version).into_iter().next() {
            return Err(Error::Unsendable { reason: fault });
        }
        let call = match self.version {
            RecurringVersion::V1 => v1::draft(self.merchant()?, draft, OffsetDateTime::now_utc().date())?,
            RecurringVersion::V3 => v3::draft(self.msn.as_ref(), key, draft),
        };
        // There is one now: what is not known is which.
        reading::read_drafted(&self.send(call).await?).map_err(Error::with_open_outcome)
    }

    /// Stops an agreement for good; its charges that are not paid are cancelled along. `by` is kept by the first
    /// version only: by the merchant, or by the merchant because the customer asked.
    ///
    /// # Errors
    /// [`Error::Refused`] if it is not active; [`Error::OutcomeOpen`] if it may be stopped all the same; any of
    /// [`Error`].
    pub async fn stop(&self, key: &str, agreement: &Agreement, by: StoppedBy) -> Result<(), Error> {
        check_key(key)?;
        let call = match self.version {
            RecurringVersion::V1 => v1::stop(self.merchant()?, agreement, by)?,
            RecurringVersion::V3 => v3::stop(self.msn.as_ref(), key, &agreement.id)?,
        };
        self.send(call).await.map(drop)
    }

    /// The new charge's id; none where upstream does not tell it, which only a list can then.
    ///
    /// # Errors
    /// [`Error::Unsendable`] if the charge has faults; [`Error::OutcomeOpen`] if there may be a charge all the same;
    /// any of [`Error`].
    pub async fn create_charge(
        &self,
        key: &str,
        agreement: &Agreement,
        charge: &NewCharge,
    ) -> Result<Option<String>, Error> {
        check_key(key)?;
        let today = OffsetDateTime::now_utc().date();
        if let Some((_, fault)) = charge.faults(agreement, self.version, today).into_iter().next() {
            return Err(Error::Unsendable { reason: fault });
        }
        let call = match self.version {
            RecurringVersion::V1 => v1::create_charge(self.merchant()?, key, &agreement.id, charge)?,
            RecurringVersion::V3 => v3::create_charge(self.msn.as_ref(), key, &agreement.id, charge)?,
        };
        Ok(reading::read_charge_id(&self.send(call).await?))
    }

    /// Takes off a charge that is not paid, or gives back what is reserved.
    ///
    /// # Errors
    /// [`Error::Refused`] if it is too late; [`Error::OutcomeOpen`] if it may be cancelled all the same; any of
    /// [`Error`].
    pub async fn cancel(&self, key: &str, agreement_id: &str, id: &str) -> Result<(), Error> {
        check_key(key)?;
        let call = match self.version {
            RecurringVersion::V1 => v1::cancel(self.merchant()?, agreement_id, id)?,
            RecurringVersion::V3 => v3::cancel(self.msn.as_ref(), key, agreement_id, id)?,
        };
        self.send(call).await.map(drop)
    }

    /// Takes so much of what is reserved, in minor units.
    ///
    /// # Errors
    /// [`Error::Unsendable`] in the first version, which reserves nothing; [`Error::Refused`] if it is more than is
    /// reserved; [`Error::OutcomeOpen`] if it may be captured all the same; any of [`Error`].
    pub async fn capture(&self, key: &str, agreement_id: &str, id: &str, amount: i64) -> Result<(), Error> {
        check_key(key)?;
        if self.version == RecurringVersion::V1 {
            return Err(Error::Unsendable { reason: "the first version of the API reserves nothing".into() });
        }
        self.send(v3::capture(self.msn.as_ref(), key, agreement_id, id, amount)?).await.map(drop)
    }

    /// Pays so much back, in minor units; in the first version all of it. `why` is told to upstream.
    ///
    /// # Errors
    /// [`Error::Unsendable`] for a part in the first version; [`Error::Refused`] if it is more than was paid;
    /// [`Error::OutcomeOpen`] if it may be refunded all the same; any of [`Error`].
    pub async fn refund(
        &self,
        key: &str,
        charge: &Charge,
        agreement_id: &str,
        amount: i64,
        why: &str,
    ) -> Result<(), Error> {
        check_key(key)?;
        let call = match self.version {
            RecurringVersion::V1 if amount != charge.amount => {
                let reason = "the first version of the API refunds whole charges only";
                return Err(Error::Unsendable { reason: reason.into() });
            }
            RecurringVersion::V1 => v1::refund(self.merchant()?, agreement_id, &charge.id)?,
            RecurringVersion::V3 => v3::refund(self.msn.as_ref(), key, agreement_id, &charge.id, amount, why)?,
        };
        self.send(call).await.map(drop)
    }

    async fn send(&self, call: Call<'_>) -> Result<bytes::Bytes, Error> {
        self.account.send(self.lane, call).await
    }

    /// The first version has to be told whose agreements are meant.
    fn merchant(&self) -> Result<&Msn, Error> {
        self.msn.as_ref().ok_or_else(|| Error::Unsendable { reason: "no sales unit is named".into() })
    }
}

impl std::fmt::Debug for Recurring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recurring").field("version", &self.version).field("msn", &self.msn).finish_non_exhaustive()
    }
}

fn check_key(key: &str) -> Result<(), Error> {
    let fits = (1..=40).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let reason = || "the idempotency key is not 1 to 40 letters, digits and -".into();
    if fits { Ok(()) } else { Err(Error::Unsendable { reason: reason() }) }
}

/// The code in requests; none for one that upstream does not take.
fn code(currency: Option<&Currency>) -> Option<&str> {
    currency.map(Currency::code)
}
