//! A simulation of Vipps MobilePay: seeded, stateful, and as strict about requests as the real one.
//!
//! This file is the map. [`settings`] says what one can order, [`world`] holds the simulated
//! businesses ([`names`] their words), [`keys`] who may call, [`gateway`] what every call passes
//! ([`limits`], [`faults`], [`calls`]), [`tokens`] and [`management`] are the APIs, and
//! [`answers`] and [`problem`] what they say. A further API is a further file with `routes()`.

mod answers;
mod calls;
mod faults;
mod gateway;
mod keys;
mod limits;
mod management;
mod names;
mod problem;
mod settings;
#[cfg(test)]
mod tests;
mod tokens;
mod world;

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use self::calls::Call;
pub use self::faults::{Fault, Shape, Share};
pub use self::keys::SandboxKeys;
pub use self::settings::SandboxSettings;

/// How long open connections may take to end once the sandbox is told to stop.
const LAST_ANSWERS: Duration = Duration::from_secs(1);

pub struct Sandbox {
    world: RwLock<world::World>,
    clients: keys::Clients,
    tokens: tokens::Tokens,
    limits: limits::Limits,
    faults: faults::Faults,
    calls: calls::Calls,
    /// Ends the calls that are never answered when the server that took them stops.
    stopping: Mutex<CancellationToken>,
}

/// A merchant without keys of its own, as its partner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SandboxMerchant {
    pub name: String,
    pub scheme: &'static str,
    pub id: String,
    /// Its active sales units that are connected to the partner.
    pub msns: Vec<String>,
}

impl Sandbox {
    pub fn new(settings: &SandboxSettings) -> Arc<Self> {
        let partners = settings.partners.max(1);
        let merchants = settings.merchants.unwrap_or(settings.sales_units / 3);
        let world = world::World::build(partners, settings.sales_units, merchants, settings.seed);
        let clients = keys::Clients::new(&world, partners, settings.seed);
        let sandbox = Self {
            limits: limits::Limits::new(clients.len(), settings.rate_limit),
            world: RwLock::new(world),
            clients,
            tokens: tokens::Tokens::default(),
            faults: faults::Faults::new(Vec::new(), settings.seed),
            calls: calls::Calls::default(),
            stopping: Mutex::default(),
        };
        sandbox.set_faults(settings.faults.clone());
        Arc::new(sandbox)
    }

    pub fn router(self: &Arc<Self>) -> Router {
        let apis = management::routes().route_layer(from_fn_with_state(Arc::clone(self), gateway::authorize));
        tokens::routes()
            .merge(apis)
            .fallback(gateway::unknown_path)
            .method_not_allowed_fallback(gateway::wrong_method)
            .layer(from_fn_with_state(Arc::clone(self), gateway::pass))
            .with_state(Arc::clone(self))
    }

    /// Answers until `stop` is ready, then gives open calls a moment to end. Fails as the listener fails.
    pub async fn serve(
        self: Arc<Self>,
        listener: TcpListener,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> std::io::Result<()> {
        let stopping = CancellationToken::new();
        *locked(&self.stopping) = stopping.clone();
        let stopped = stopping.clone();
        // Small answers would else wait for the caller's delayed acknowledgement.
        let listener = listener.tap_io(|connection| drop(connection.set_nodelay(true)));
        let serving = axum::serve(listener, self.router()).with_graceful_shutdown(async move {
            stop.await;
            stopped.cancel();
        });
        let late = async {
            stopping.cancelled().await;
            tokio::time::sleep(LAST_ANSWERS).await;
        };
        tokio::select! {
            ended = serving => ended,
            () = late => Ok(()),
        }
    }

    /// The organisations that have keys: partners first, then a few merchants.
    pub fn keys(&self) -> Vec<SandboxKeys> {
        self.clients.keys()
    }

    /// The merchants of a partner that have no keys of their own; none for any other organisation.
    pub fn merchants_of(&self, org_id: &str) -> Vec<SandboxMerchant> {
        let Some(partner) = self.clients.by_org(org_id).filter(|client| client.keys.msn.is_none()) else {
            return Vec::new();
        };
        let with_keys = self.clients.merchants_with_keys();
        let world = self.world();
        let others = world.merchants().iter().enumerate().filter(|(index, _)| !with_keys.contains(index));
        let merchants = others.map(|(_, merchant)| SandboxMerchant {
            name: merchant.name.to_string(),
            scheme: merchant.scheme(),
            id: merchant.identifier(),
            msns: world.units_of(merchant, partner.reach).map(|unit| unit.msn.to_string()).collect(),
        });
        merchants.filter(|merchant| !merchant.msns.is_empty()).collect()
    }

    fn world(&self) -> RwLockReadGuard<'_, world::World> {
        self.world.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn world_mut(&self) -> RwLockWriteGuard<'_, world::World> {
        self.world.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a call and is silent until the server stops.
    async fn never_answer(&self) -> Response {
        let stopping = locked(&self.stopping).clone();
        stopping.cancelled().await;
        StatusCode::SERVICE_UNAVAILABLE.into_response()
    }
}

/// What happens behind the callers' backs: for tests and demonstrations.
impl Sandbox {
    /// Replaces all faults; chance and rate limits begin anew.
    pub fn set_faults(&self, faults: Vec<Fault>) {
        self.faults.set(faults);
        self.limits.set_hidden(self.faults.hidden_limit());
    }

    /// Calls per second and client_id; 0 is no limit.
    pub fn set_rate_limit(&self, rate: f64) {
        self.limits.set_announced(rate);
    }

    /// The last 100 000 calls, oldest first.
    pub fn calls(&self) -> Vec<Call> {
        self.calls.all()
    }

    pub fn clear_calls(&self) {
        self.calls.clear();
    }

    /// Every token given so far is refused from now on.
    pub fn revoke_tokens(&self) {
        self.tokens.revoke_all();
    }

    /// Deactivates a sales unit. False where there is none with that MSN.
    pub fn hide(&self, msn: &str) -> bool {
        self.world_mut().set_active(msn, false)
    }

    /// Activates a sales unit again. False where there is none with that MSN.
    pub fn show(&self, msn: &str) -> bool {
        self.world_mut().set_active(msn, true)
    }

    /// Gives a sales unit another name. False where there is none with that MSN.
    pub fn rename(&self, msn: &str, name: &str) -> bool {
        self.world_mut().rename(msn, name)
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
