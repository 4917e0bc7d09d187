//! Keys are regenerated upstream and changed in the registry while the portal works.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use axum::{Json, Router};
use secrecy::SecretString;
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use super::{PARTNER, TestPortal, org};
use crate::domain::failure::Failure;
use crate::domain::identifiers::{BusinessIdentifier, Msn};
use crate::server::config::{DatabaseSettings, LIST_MEMORY, Settings, UpstreamSettings};
use crate::server::ordering::{self, Sending};
use crate::server::sandbox::Regenerated;
use crate::server::security::key_ring::KeyRing;
use crate::server::security::vault::VaultSettings;
use crate::server::site::Site;
use crate::server::store::product_orders::NewProductOrder;
use crate::server::store::{MIGRATIONS, Scope};
use crate::server::vipps::{Client, Lane};
use crate::server::{Portal, sync};

/// A vault whose secrets can be changed.
struct FakeVault {
    secrets: Mutex<HashMap<String, String>>,
    asked: AtomicUsize,
}

impl FakeVault {
    async fn start() -> (Arc<Self>, SocketAddr) {
        let vault = Arc::new(Self { secrets: Mutex::default(), asked: AtomicUsize::new(0) });
        let router = Router::new().route("/v1/orgs/data/{*path}", get(tell)).with_state(Arc::clone(&vault));
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(axum::serve(listener, router).into_future());
        (vault, address)
    }

    fn put(&self, path: &str, secret: &str) {
        self.secrets.lock().unwrap().insert(path.to_owned(), secret.to_owned());
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

async fn tell(
    State(vault): State<Arc<FakeVault>>,
    Path(path): Path<String>,
    headers: HeaderMap,
) -> (StatusCode, Json<Value>) {
    vault.asked.fetch_add(1, Ordering::SeqCst);
    assert_eq!(headers.get("x-vault-token").unwrap(), "s.portal");
    let Some(secret) = vault.secrets.lock().unwrap().get(&path).cloned() else {
        return (StatusCode::NOT_FOUND, Json(json!({"errors": []})));
    };
    let metadata = json!({"created_time": "2026-01-01T00:00:00Z", "deletion_time": "", "custom_metadata": null, "destroyed": false, "version": 1});
    let whole = json!({"request_id": "1", "lease_id": "", "renewable": false, "lease_duration": 0, "data": {"data": {"value": secret}, "metadata": metadata}, "wrap_info": null, "warnings": null, "auth": null});
    (StatusCode::OK, Json(whole))
}

impl TestPortal {
    /// Another portal on the same database and sandbox, with a vault.
    fn with_vault(&self, vault: SocketAddr) -> Portal {
        let folder = self._folder.path();
        let token = folder.join("vault-token");
        std::fs::write(&token, "s.portal").unwrap();
        let vault = VaultSettings {
            vault_addr: Some(format!("http://{vault}")),
            vault_token_file: Some(token),
            vault_namespace: None,
        };
        let settings = Settings {
            database: DatabaseSettings { database_url: None, data_dir: folder.to_owned(), secret_key_file: None },
            listen: self.address,
            public_url: None,
            trusted_proxy: None,
            upstream: UpstreamSettings {
                upstream_url: format!("http://{}", self.sandbox_address),
                test_upstream_url: format!("http://{}", self.sandbox_address),
                upstream_rate: 1_000.0,
                vault,
            },
            api: Default::default(),
            sync_interval: Duration::from_secs(900),
            list_memory: LIST_MEMORY,
        };
        let key = KeyRing::open(&folder.join("secret.key")).unwrap();
        Portal::new(self.portal.store().clone(), key, &settings, Site::new(|_| None)).unwrap()
    }

    /// The new secret is where the registry says it is.
    async fn seal(&self, name: &str, secret: &str) {
        self.portal.secrets().seal(&format!("{PARTNER}/{name}"), &SecretString::from(secret)).await.unwrap();
    }

    fn refused(&self) -> usize {
        self.sandbox.calls().iter().filter(|call| call.status == 401).count()
    }
}

/// Calls that are made without a pause until it is stopped; the first that fails is told.
struct Stream {
    stop: Arc<AtomicBool>,
    made: Arc<AtomicUsize>,
    tasks: Vec<tokio::task::JoinHandle<Result<(), String>>>,
}

impl Stream {
    fn start(portal: &Portal, lasting: &Client, merchant: &BusinessIdentifier) -> Self {
        let (stop, made): (Arc<AtomicBool>, Arc<AtomicUsize>) = Default::default();
        let mut tasks = Vec::new();
        // A client that lives as long as a round of the sync, and one for each call, as people have.
        for lasts in [true, false] {
            let (portal, lasting, stop, made) = (portal.clone(), lasting.clone(), stop.clone(), made.clone());
            tasks.push(tokio::spawn(async move {
                while !stop.load(Ordering::SeqCst) {
                    let client =
                        if lasts { lasting.clone() } else { portal.client_for_people(&org(PARTNER)).await.unwrap() };
                    client.price_packages().await.map_err(|error| error.to_string())?;
                    made.fetch_add(1, Ordering::SeqCst);
                }
                Ok(())
            }));
        }
        let (portal, merchant) = (portal.clone(), merchant.clone());
        let (stopping, counting) = (stop.clone(), made.clone());
        tasks.push(tokio::spawn(async move {
            while !stopping.load(Ordering::SeqCst) {
                let sending = order(&portal, &merchant).await.map_err(|failure| format!("{failure:?}"))?;
                if !matches!(sending, Sending::Sent { .. }) {
                    return Err(format!("{sending:?}"));
                }
                counting.fetch_add(1, Ordering::SeqCst);
            }
            Ok(())
        }));
        Self { stop, made, tasks }
    }

    /// Waits until so many more calls have gone well, or some task has ended, which is a failure.
    async fn flows(&self) {
        let until = self.made.load(Ordering::SeqCst) + 60;
        while self.made.load(Ordering::SeqCst) < until && !self.tasks.iter().any(|task| task.is_finished()) {
            tokio::task::yield_now().await;
        }
    }

    /// How many calls went well.
    async fn end(self) -> usize {
        self.stop.store(true, Ordering::SeqCst);
        for task in self.tasks {
            assert_eq!(task.await.unwrap(), Ok(()));
        }
        self.made.load(Ordering::SeqCst)
    }
}

async fn order(portal: &Portal, merchant: &BusinessIdentifier) -> Result<Sending, Failure> {
    let request = json!({
        "businessIdentifier": {"scheme": merchant.scheme, "id": merchant.id},
        "productType": "CHECKOUT",
        "intendedPurpose": Uuid::new_v4(),
    });
    let new = NewProductOrder {
        id: Uuid::new_v4(),
        business_identifier: merchant.clone(),
        product_type: "CHECKOUT".to_owned(),
        sales_unit_name: None,
        price_package_id: None,
        by_email: None,
        template: None,
        replaces: None,
        prefill: Some(json!({})),
        of_program: None,
        sealed_request: Vec::new(),
    };
    ordering::send(portal, &Scope::whole(org(PARTNER)), new, request.to_string()).await
}

async fn lasting(portal: &Portal) -> Client {
    portal.client_of(&org(PARTNER)).await.unwrap().unwrap().in_lane(Lane::Sync)
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn no_call_fails_while_every_key_is_turned_over(pool: PgPool) {
    let test = TestPortal::start(pool).await;
    let merchant = test.sandbox.merchants_of(PARTNER).remove(0);
    let merchant = BusinessIdentifier::new(merchant.scheme, merchant.id);
    let orders = test.sandbox.orders_of(PARTNER).len();
    let stream = Stream::start(&test.portal, &lasting(&test.portal).await, &merchant);
    stream.flows().await;
    assert_eq!(test.refused(), 0);
    // First the primary one: it dies, and some time later the registry has the new one.
    for (what, name) in [
        (Regenerated::SubscriptionKey, "subscription_key"),
        (Regenerated::SecondarySubscriptionKey, "secondary_subscription_key"),
        (Regenerated::SubscriptionKey, "subscription_key"),
    ] {
        let new = test.sandbox.regenerate(PARTNER, what).unwrap();
        stream.flows().await;
        test.seal(name, &new).await;
        stream.flows().await;
    }
    // The secret is needed for a new token only; when the old one ends, the new secret is there.
    let new = test.sandbox.regenerate(PARTNER, Regenerated::ClientSecret).unwrap();
    stream.flows().await;
    test.seal("client_secret", &new).await;
    stream.flows().await;
    test.sandbox.revoke_tokens();
    stream.flows().await;
    let made = stream.end().await;
    // Each time a handful: what was under way with every set of keys that was held just then.
    let (calls, refused) = (test.sandbox.calls().len(), test.refused());
    assert!((4..=40).contains(&refused), "{refused} of {calls} were refused");
    assert!(calls <= made + refused + 20, "{calls} calls for {made} that were wanted");
    let sent = test.sandbox.orders_of(PARTNER).len() - orders;
    assert!(sent > 0 && sent < made, "{sent}");
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn keys_that_are_all_wrong_are_reported_and_upstream_is_left_in_peace(pool: PgPool) {
    let test = TestPortal::start(pool).await;
    let msn = Msn::parse(&test.sandbox.merchants_of(PARTNER).remove(0).msns[0]).unwrap();
    sync::refresh_sales_unit(&test.portal, &org(PARTNER), &msn).await.unwrap();
    for what in [Regenerated::SubscriptionKey, Regenerated::SecondarySubscriptionKey] {
        test.sandbox.regenerate(PARTNER, what).unwrap();
    }
    test.sandbox.clear_calls();
    for _ in 0..10 {
        let outcome = sync::refresh_sales_unit(&test.portal, &org(PARTNER), &msn).await;
        assert_eq!(outcome, Err(Failure::KeysRefused));
    }
    let calls = test.sandbox.calls().len();
    assert!((10..=12).contains(&calls), "{calls} calls for 10");
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_secret_that_was_changed_in_the_vault_is_asked_for_before_a_call_fails(pool: PgPool) {
    let test = TestPortal::start(pool).await;
    let (vault, address) = FakeVault::start().await;
    let portal = test.with_vault(address);
    let mut registration = portal.store().registrations().await.unwrap();
    let mut registration =
        registration.swap_remove(registration.iter().position(|one| one.id == org(PARTNER)).unwrap());
    let references = registration.keys.as_mut().unwrap();
    references.client_secret_ref = "vault://orgs/secret".to_owned();
    references.subscription_key_ref = Some("vault://orgs/key".to_owned());
    references.secondary_subscription_key_ref = None;
    assert!(portal.store().save_organisation(&registration).await.unwrap());
    let keys = test.sandbox.keys().remove(0);
    vault.put("secret", &keys.client_secret);
    vault.put("key", &keys.subscription_key);

    let asks = async |client: &Client| client.price_packages().await.map(drop).map_err(|error| error.to_string());
    let lasting = lasting(&portal).await;
    let person = async || portal.client_for_people(&org(PARTNER)).await.unwrap();
    asks(&lasting).await.unwrap();
    asks(&person().await).await.unwrap();
    assert_eq!(vault.asked(), 2, "it is remembered");
    for turn in 0..3 {
        let (what, path) = match turn {
            0 | 2 => (Regenerated::SubscriptionKey, "key"),
            _ => (Regenerated::ClientSecret, "secret"),
        };
        vault.put(path, &test.sandbox.regenerate(PARTNER, what).unwrap());
        test.sandbox.revoke_tokens();
        asks(&person().await).await.unwrap();
        asks(&lasting).await.unwrap();
    }
    // What is wrong in the vault, too, is asked for again once, not with every call.
    test.sandbox.regenerate(PARTNER, Regenerated::SubscriptionKey).unwrap();
    let asked = vault.asked();
    test.sandbox.clear_calls();
    for _ in 0..5 {
        assert!(asks(&person().await).await.unwrap_err().contains("invalid subscription key"));
    }
    assert_eq!((vault.asked() - asked, test.sandbox.calls().len()), (2, 5));
}
