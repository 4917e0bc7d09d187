//! Vipps MobilePay over HTTP: the only HTTP client of the portal.
//!
//! A call goes through, in this order: the file of its resource (what to ask, how to read the answer, with the words
//! of `reading`), `renewing` (with which keys), `call` (when to ask again, by its `effect`), `token`,
//! `subscription_keys`, `rate`, `breaker`, `transport` (one exchange).
//! A further upstream resource is one more file beside `management.rs`.

mod api_quality;
mod breaker;
mod call;
mod effect;
mod error;
mod management;
mod patience;
mod price_packages;
mod problem;
mod product_orders;
mod proposals;
mod rate;
mod reading;
mod recurring;
mod renewing;
mod subscription_keys;
mod tally;
#[cfg(test)]
mod tests;
mod token;
mod transport;
mod webhooks;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use self::breaker::Breaker;
use self::call::{Account, RetryBudget};
use self::rate::Pacer;
use self::renewing::RenewingAccount;
use self::token::TokenCache;
use self::transport::{Address, Transport};
use crate::domain::api_quality::CountedCalls;
use crate::domain::identifiers::Msn;
use crate::domain::organisation::OrgId;

pub use self::api_quality::read_api_quality;
pub use self::error::Error;
pub use self::management::{read_merchant, read_sales_unit, read_sales_unit_list};
pub use self::price_packages::read_price_packages;
pub use self::problem::Problem;
pub use self::product_orders::{Prefilled, read_product_orders};
pub use self::proposals::{is_offered, read_merchants, read_partner};
pub use self::recurring::{Drafted, Recurring, read_agreements, read_charges};
pub use self::renewing::KeySource;
pub use self::webhooks::{RegisteredWebhook, read_webhooks};

/// How the portal behaves towards every upstream.
#[derive(Clone, Debug)]
pub struct VippsSettings {
    /// Calls per second for each `client_id`: 0.001 to 100 000.
    pub rate: f64,
    /// Calls of the Recurring API within any second for each `client_id`, which upstream publishes.
    pub recurring_rate: usize,
    /// The longest one exchange may take, its body included.
    pub call_timeout: Duration,
    /// The longest silence within an exchange.
    pub read_timeout: Duration,
    /// The largest answer that is read, in bytes after decompression.
    pub max_body: usize,
}

impl Default for VippsSettings {
    fn default() -> Self {
        Self {
            rate: 10.0,
            recurring_rate: 20,
            call_timeout: Duration::from_secs(30),
            read_timeout: Duration::from_secs(10),
            max_body: 64 << 20,
        }
    }
}

/// The keys of a partner or a sales unit. `Debug` shows no secret.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// Whose calls they make, where those are counted.
    pub organisation: Option<OrgId>,
    /// Base URL, such as `https://api.vipps.no`.
    pub upstream: String,
    pub client_id: String,
    pub client_secret: SecretString,
    /// None for keys that use the `/miami/v1/token` flow.
    pub subscription_key: Option<SecretString>,
    /// Does the same, and is used where the first is refused; only with a first.
    pub secondary_subscription_key: Option<SecretString>,
    /// Set for the keys of one sales unit: sent as `Merchant-Serial-Number`.
    pub msn: Option<Msn>,
}

impl Credentials {
    /// Equal for equal credentials, and of no use to who sees it.
    fn fingerprint(&self) -> [u8; 32] {
        fn text(key: Option<&SecretString>) -> &str {
            key.map_or("", ExposeSecret::expose_secret)
        }
        let keys = [self.subscription_key.as_ref(), self.secondary_subscription_key.as_ref()].map(text);
        let organisation = self.organisation.as_ref().map_or("", OrgId::as_str);
        fingerprint(&[self.of_token().as_slice(), keys[0].as_bytes(), keys[1].as_bytes(), organisation.as_bytes()])
    }

    /// As [`Self::fingerprint`], of what a token belongs to: it lives on when a subscription key is turned over.
    fn of_token(&self) -> [u8; 32] {
        fingerprint(&[
            self.upstream.as_bytes(),
            self.client_id.as_bytes(),
            self.client_secret.expose_secret().as_bytes(),
            self.msn.as_ref().map_or("", Msn::as_str).as_bytes(),
            // The two token endpoints give different ones.
            &[u8::from(self.subscription_key.is_some())],
        ])
    }
}

fn fingerprint(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// Who waits for the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// A person: goes before [`Lane::Sync`], and gives up after 8 s in all.
    Interactive,
    /// Nobody: waits for its turn as long as it takes, and gives up 60 s after that.
    Sync,
}

/// An answer, and the JSON it was read from with the fields that have no place in `T`.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer<T> {
    pub value: T,
    pub raw: String,
}

/// Everything that is shared between calls: connections, tokens, rates and breakers. One per process; cheap to clone.
#[derive(Clone)]
pub struct Vipps(Arc<Shared>);

struct Shared {
    settings: VippsSettings,
    transport: Arc<Transport>,
    accounts: Mutex<HashMap<[u8; 32], Arc<Account>>>,
    /// By client id and secret, whatever the subscription keys.
    tokens: Mutex<HashMap<[u8; 32], TokenCache>>,
    /// By upstream and `client_id`: where upstream counts calls.
    pacers: Mutex<HashMap<(String, String), Arc<Pacer>>>,
    /// The same for the Recurring API.
    recurring_pacers: Mutex<HashMap<(String, String), Arc<Pacer>>>,
    upstreams: Mutex<HashMap<String, Arc<Upstream>>>,
}

/// What is known of one upstream host.
#[derive(Default)]
struct Upstream {
    breaker: Arc<Breaker>,
    retries: RetryBudget,
}

impl Vipps {
    /// # Errors
    /// [`Error::Unsendable`] if the rate is out of bounds or the HTTP client cannot be set up.
    pub fn new(settings: VippsSettings) -> Result<Self, Error> {
        if !(0.001..=100_000.0).contains(&settings.rate) {
            return Err(Error::Unsendable { reason: "the rate must be from 0.001 to 100000 calls per second".into() });
        }
        crate::server::security::use_one_cryptography();
        let transport = Arc::new(Transport::new(&settings)?);
        let (accounts, tokens, pacers, recurring_pacers, upstreams) = Default::default();
        let shared = Shared { settings, transport, accounts, tokens, pacers, recurring_pacers, upstreams };
        Ok(Self(Arc::new(shared)))
    }

    /// A client in [`Lane::Interactive`]. Equal credentials share one token; credentials that cannot be used make
    /// every call fail.
    pub fn client(&self, credentials: Credentials) -> Client {
        self.client_with(credentials, None)
    }

    /// As [`Self::client`]; once upstream refuses the keys, `source` is asked for others before a call fails.
    pub fn lasting_client(&self, credentials: Credentials, source: Arc<dyn KeySource>) -> Client {
        self.client_with(credentials, Some(source))
    }

    /// What has been called since this was last asked, by whose keys.
    pub fn take_counted_calls(&self) -> HashMap<OrgId, Vec<CountedCalls>> {
        self.0.transport.tally().take()
    }

    /// Takes back counts that could not be written down. False if there are too many: then they are lost.
    pub fn put_back_counted_calls(&self, organisation: &OrgId, calls: Vec<CountedCalls>) -> bool {
        self.0.transport.tally().put_back(organisation, calls)
    }

    fn client_with(&self, credentials: Credentials, source: Option<Arc<dyn KeySource>>) -> Client {
        let account = RenewingAccount::new(self.clone(), self.account(credentials), source);
        Client { account: Arc::new(account), lane: Lane::Interactive }
    }

    fn account(&self, credentials: Credentials) -> Arc<Account> {
        let fingerprint = credentials.fingerprint();
        let mut accounts = self.0.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        if !accounts.contains_key(&fingerprint) {
            // Credentials that were replaced must not stay in memory for ever.
            let known = |account: &Account| account.has_token() || account.is_irreplaceable();
            accounts.retain(|_, account| Arc::strong_count(account) > 1 || known(account));
        }
        Arc::clone(accounts.entry(fingerprint).or_insert_with(|| Arc::new(self.0.account(credentials))))
    }
}

impl Shared {
    fn account(&self, credentials: Credentials) -> Account {
        let address = Address::parse(&credentials.upstream);
        let origin = address.as_ref().map_or_else(|_| credentials.upstream.clone(), Address::origin);
        let by_client = (origin.clone(), credentials.client_id.clone());
        let mut pacers = self.pacers.lock().unwrap_or_else(PoisonError::into_inner);
        let pacer = pacers.entry(by_client.clone()).or_insert_with(|| Arc::new(Pacer::new(self.settings.rate)));
        let mut recurring = self.recurring_pacers.lock().unwrap_or_else(PoisonError::into_inner);
        let never_above = || Arc::new(Pacer::never_above(self.settings.recurring_rate));
        let recurring = Arc::clone(recurring.entry(by_client).or_insert_with(never_above));
        let mut upstreams = self.upstreams.lock().unwrap_or_else(PoisonError::into_inner);
        let upstream = upstreams.entry(origin).or_default();
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.retain(|_, cache| cache.is_shared() || cache.holds_one());
        let tokens = tokens.entry(credentials.of_token()).or_default().clone();
        let transport = Arc::clone(&self.transport);
        Account::new(credentials, tokens, address, transport, Arc::clone(pacer), Arc::clone(upstream), recurring)
    }
}

impl fmt::Debug for Vipps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vipps").field("settings", &self.0.settings).finish_non_exhaustive()
    }
}

/// Calls upstream with one set of credentials. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    account: Arc<RenewingAccount>,
    lane: Lane,
}

impl Client {
    #[must_use]
    pub fn in_lane(self, lane: Lane) -> Self {
        Self { lane, ..self }
    }

    /// Asks for a new token, whether or not one is at hand: do the keys work?
    ///
    /// # Errors
    /// [`Error::Unauthorized`] if upstream refuses the keys, else what kept it from answering.
    pub async fn check_token(&self) -> Result<(), Error> {
        self.account.new_token().await
    }

    /// The sales unit that the keys belong to; none for a partner's.
    pub fn msn(&self) -> Option<Msn> {
        self.account.account().msn().cloned()
    }

    /// Since when calls to this upstream fail at once; none while they are made.
    pub fn breaker_open_since(&self) -> Option<OffsetDateTime> {
        self.account.account().breaker().open_since()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("lane", &self.lane).finish_non_exhaustive()
    }
}
