//! The Recurring API in its first version and today's, over the same agreements: what one version changes, the other
//! shows.
//!
//! [`agreements`] and [`charges`] are what there is and how it moves, [`seeding`] what a sales unit begins with,
//! [`ledger`] where it is kept, [`ids`] how it is named. [`v1`] and [`v3`] are the two ways to speak of it,
//! [`jwt_token`] the first version's way to a token, [`limit`] the calls that a second may have.

pub mod agreements;
pub mod charges;
mod ids;
mod jwt_token;
mod ledger;
mod limit;
mod seeding;
mod v1;
mod v3;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use self::agreements::Agreement;
use self::ledger::Ledger;
use self::seeding::Seed;
use super::gateway::Caller;
use super::problem::Refusal;
use super::remembered::Remembered;
use super::settings::{RecurringVersions, SandboxSettings};
use super::world::World;
use super::{Sandbox, keys, locked};

/// Agreements of a merchant with keys, if nothing else is ordered.
pub const SOME_DOZENS: u32 = 60;

pub struct Recurring {
    seed: u64,
    versions: RecurringVersions,
    began: OffsetDateTime,
    /// By MSN; those of units without agreements are made when somebody asks for them.
    ledgers: Mutex<HashMap<u32, Ledger>>,
    /// Locked before the ledgers where both are.
    remembered: Mutex<Remembered>,
    /// Lists of charges that go on: the agreement's id and where.
    continuations: Mutex<HashMap<Uuid, (String, usize)>>,
    limit: limit::PerSecond,
    /// How many seconds its clock is ahead.
    ahead: AtomicI64,
}

impl Recurring {
    pub fn seeded(world: &World, clients: &keys::Clients, settings: &SandboxSettings) -> Self {
        let recurring = Self {
            seed: settings.seed,
            versions: settings.recurring,
            began: OffsetDateTime::now_utc(),
            ledgers: Mutex::default(),
            remembered: Mutex::default(),
            continuations: Mutex::default(),
            limit: limit::PerSecond::new(clients.len(), settings.recurring_rate_limit),
            ahead: AtomicI64::new(0),
        };
        let with_keys = clients.keys().into_iter().filter_map(|keys| keys.msn?.parse::<u32>().ok());
        for (at, msn) in with_keys.enumerate() {
            let count = if at == 0 { settings.agreements } else { settings.agreements.min(SOME_DOZENS) };
            if let Some(ledger) = recurring.new_ledger(world, msn, count) {
                locked(&recurring.ledgers).insert(msn, ledger);
            }
        }
        recurring
    }

    fn new_ledger(&self, world: &World, msn: u32, count: u32) -> Option<Ledger> {
        let market = world.merchant_of(world.any_unit(msn)?).market;
        let salt = u64::from(msn).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Some(Ledger::new(Seed { seed: self.seed, salt, count, market, began: self.began }))
    }

    /// What time it is for agreements and charges.
    pub fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc() + Duration::seconds(self.ahead.load(Ordering::Relaxed))
    }

    pub fn let_pass(&self, time: Duration) {
        self.ahead.fetch_add(time.whole_seconds(), Ordering::Relaxed);
    }

    /// Calls per second and `client_id`; 0 is no limit.
    pub fn set_limit(&self, most: usize) {
        self.limit.set(most);
    }

    fn remembered(&self) -> MutexGuard<'_, Remembered> {
        locked(&self.remembered)
    }
}

impl Sandbox {
    /// Does something with a unit's agreements.
    fn with_ledger<T>(&self, msn: u32, act: impl FnOnce(&mut Ledger, OffsetDateTime) -> T) -> Option<T> {
        let world = self.world();
        let mut ledgers = locked(&self.recurring.ledgers);
        let ledger = match ledgers.entry(msn) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(self.recurring.new_ledger(&world, msn, 0)?),
        };
        Some(act(ledger, self.recurring.now()))
    }

    /// An agreement as its customer sees it.
    pub(super) fn agreement(&self, msn: u32, id: &str) -> Option<Agreement> {
        self.with_ledger(msn, |ledger, now| ledger.get(id, now)).flatten()
    }

    /// What its customer does to an agreement. None where there is no such agreement.
    pub(super) fn change_agreement<T>(
        &self,
        msn: u32,
        id: &str,
        change: impl FnOnce(&mut Agreement, OffsetDateTime) -> T,
    ) -> Option<T> {
        self.with_ledger(msn, |ledger, now| ledger.get_mut(id, now).map(|agreement| change(agreement, now))).flatten()
    }
}

/// Where the customer approves.
pub fn confirmation_url(address: &str, msn: u32, id: &str) -> String {
    format!("{address}/register/agreements/{msn}/{id}")
}

/// For callers with a token; see [`token_routes`] for the way to one.
pub fn routes(sandbox: &Arc<Sandbox>) -> Router<Arc<Sandbox>> {
    let routes = match sandbox.recurring.versions {
        RecurringVersions::Both => v1::routes().merge(v3::routes()),
        RecurringVersions::First => v1::routes(),
        RecurringVersions::Third => v3::routes(),
    };
    routes.route_layer(from_fn_with_state(Arc::clone(sandbox), count))
}

pub fn token_routes() -> Router<Arc<Sandbox>> {
    jwt_token::routes()
}

/// Every call counts, whatever comes of it.
async fn count(State(sandbox): State<Arc<Sandbox>>, request: Request, next: Next) -> Response {
    let caller = request.extensions().get::<Caller>();
    match caller.map_or(Ok(()), |caller| sandbox.recurring.limit.take(caller.client, Instant::now())) {
        Ok(()) => next.run(request).await,
        Err(wait) => Refusal::too_many(wait).into_response(),
    }
}
