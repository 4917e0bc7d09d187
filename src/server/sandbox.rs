//! A simulation of Vipps MobilePay: seeded, stateful, and as strict about requests as the real one.
//!
//! This file is the map. [`settings`] says what one can order. What there is: [`world`] holds the
//! simulated businesses ([`names`] their words), [`packages`] their prices, [`orders`] what they
//! order, [`registrations`] where they want to be told. Who calls: [`keys`], and [`gateway`] with
//! what every call passes ([`limits`], [`faults`], [`calls`], [`exchange`]). The APIs: [`tokens`],
//! [`management`], [`product_orders`] ([`prefill`] is their content, [`remembered`] their
//! idempotency), [`webhooks`], [`recurring`], [`proposals`]; each has `routes()`, reads with [`strict`] and speaks
//! with [`answers`], [`problem`] and [`broken`]. [`form`] is for the merchants, [`backstage`] for
//! tests and demonstrations.

mod answers;
mod backstage;
mod broken;
mod calls;
mod exchange;
mod faults;
mod form;
mod gateway;
mod keys;
mod limits;
mod management;
mod names;
mod orders;
mod packages;
mod prefill;
mod problem;
mod product_orders;
mod proposals;
mod recurring;
mod registrations;
mod remembered;
mod settings;
mod strict;
#[cfg(test)]
mod tests;
mod tokens;
mod webhooks;
mod world;

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::serve::ListenerExt;
use time::OffsetDateTime;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use self::world::Reach;

pub use self::backstage::{SandboxOrder, SandboxPricePackage, SandboxWebhook};
pub use self::calls::Call;
pub use self::exchange::Exchange;
pub use self::faults::{Fault, Shape, Share};
pub use self::keys::{Regenerated, SandboxKeys};
pub use self::settings::{RecurringVersions, SandboxSettings};

/// How long open connections may take to end once the sandbox is told to stop.
const LAST_ANSWERS: Duration = Duration::from_secs(1);

pub struct Sandbox {
    world: RwLock<world::World>,
    packages: packages::PricePackages,
    /// Locked before the world where both are.
    orders: Mutex<orders::Orders>,
    /// Locked before the orders where both are.
    remembered: Mutex<remembered::Remembered>,
    webhooks: Mutex<registrations::Registrations>,
    recurring: recurring::Recurring,
    compliance_data: bool,
    proposals: AtomicBool,
    clients: keys::Clients,
    tokens: tokens::Tokens,
    limits: limits::Limits,
    faults: faults::Faults,
    calls: calls::Calls,
    observer: exchange::Observer,
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
        let mut world = world::World::build(partners, settings.sales_units, merchants, settings.seed);
        let clients = keys::Clients::new(&world, partners, settings.seed);
        for keys in clients.keys() {
            if let Some(msn) = keys.msn {
                world.allow_recurring(&msn);
            }
        }
        let packages = packages::PricePackages::seeded(&world, partners, settings.seed);
        let orders = orders::Orders::seeded(&world, &packages, partners, settings.seed, OffsetDateTime::now_utc());
        let webhooks = registrations::Registrations::seeded(&world, &clients.hosts(), settings.seed);
        let sandbox = Self {
            packages,
            orders: Mutex::new(orders),
            remembered: Mutex::default(),
            webhooks: Mutex::new(webhooks),
            recurring: recurring::Recurring::seeded(&world, &clients, settings),
            compliance_data: settings.compliance_data,
            proposals: AtomicBool::new(settings.proposals),
            limits: limits::Limits::new(clients.len(), settings.rate_limit),
            world: RwLock::new(world),
            clients,
            tokens: tokens::Tokens::default(),
            faults: faults::Faults::new(Vec::new(), settings.seed),
            calls: calls::Calls::default(),
            observer: exchange::Observer::default(),
            stopping: Mutex::default(),
        };
        sandbox.set_faults(settings.faults.clone());
        Arc::new(sandbox)
    }

    pub fn router(self: &Arc<Self>) -> Router {
        let proposals =
            if self.proposals.load(Ordering::Relaxed) { proposals::routes() } else { proposals::no_routes() };
        let apis = management::routes()
            .merge(product_orders::routes())
            .merge(webhooks::routes())
            .merge(proposals)
            .merge(recurring::routes(self))
            .route_layer(from_fn_with_state(Arc::clone(self), gateway::authorize));
        tokens::routes()
            .merge(recurring::token_routes())
            .merge(apis)
            .merge(form::routes())
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
        let Some(partner) = self.clients.by_org(org_id).filter(|client| matches!(client.reach, Reach::Partner(_)))
        else {
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

    fn orders(&self) -> MutexGuard<'_, orders::Orders> {
        locked(&self.orders)
    }

    /// Takes a call and is silent until the server stops.
    async fn never_answer(&self) -> Response {
        let stopping = locked(&self.stopping).clone();
        stopping.cancelled().await;
        StatusCode::SERVICE_UNAVAILABLE.into_response()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
