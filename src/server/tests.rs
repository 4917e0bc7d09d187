//! Tests of the whole portal: over HTTP, on a real database, against the sandbox over HTTP.

mod access_matrix;
mod agreement_changes;
mod agreements;
mod api;
mod api_quality;
mod layering;
mod members;
mod merchant_view;
mod merchants;
mod ordering;
mod prefill;
mod price_packages;
mod proposals;
mod public_link;
mod registry_pages;
mod resealing;
mod sales_units;
mod sessions;
mod settings;
pub mod spec;
mod syncing;
mod templates;
mod tenants;
mod turning_over;
mod unanswered;
mod webhooks;

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use reqwest::header::{COOKIE, HeaderMap, LOCATION, ORIGIN, SET_COOKIE};
use reqwest::{Method, StatusCode};
use secrecy::SecretString;
use sqlx::PgPool;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;

use super::config::{ApiSettings, DatabaseSettings, LIST_MEMORY, Settings, UpstreamSettings};
use super::sandbox::{Sandbox, SandboxSettings};
use super::security::key_ring::KeyRing;
use super::security::passwords;
use super::site::Site;
use super::store::Store;
use super::store::keys::KeyReferences;
use super::store::organisations::Registration;
use super::{Portal, router, sync};
use crate::domain::identifiers::BusinessIdentifier;
use crate::domain::organisation::{OrgId, OrganisationKind, Role};

/// Charges are fetched agreement by agreement, twenty a second: with dozens, every test would wait for that.
pub const FEW_AGREEMENTS: u32 = 4;

pub const PARTNER: &str = "org_kystkassa";
pub const OTHER_PARTNER: &str = "org_nordbetaling";
/// A merchant with keys of its own, for one sales unit.
pub const MERCHANT_WITH_KEYS: &str = "org_m_blabaer_kaffe";
/// A merchant of [`PARTNER`] that is served with the partner's keys.
pub const MERCHANT: &str = "org_merchant";
const PASSWORD: &str = "a password for tests";

/// A portal that listens on a port of its own, on a sandbox that does, too.
pub struct TestPortal {
    pub portal: Portal,
    pub sandbox: Arc<Sandbox>,
    pub pool: PgPool,
    pub address: SocketAddr,
    /// Looks whether all that goes to and fro between the two is valid.
    pub spec: spec::Watch,
    sandbox_address: SocketAddr,
    sandbox_running: Mutex<Option<(CancellationToken, tokio::task::JoinHandle<std::io::Result<()>>)>>,
    _folder: tempfile::TempDir,
    _stop: DropGuard,
}

impl TestPortal {
    /// With the sandbox's organisations registered and nothing fetched yet.
    pub async fn start(pool: PgPool) -> Self {
        Self::start_with(pool, 120, None).await
    }

    pub async fn start_with(pool: PgPool, sales_units: u32, public_url: Option<&str>) -> Self {
        let agreements = FEW_AGREEMENTS;
        let sandbox = SandboxSettings { sales_units, agreements, ..SandboxSettings::default() };
        Self::start_on(pool, sandbox, public_url).await
    }

    /// On a sandbox with these settings, but without a rate limit.
    pub async fn start_on(pool: PgPool, sandbox: SandboxSettings, public_url: Option<&str>) -> Self {
        let sandbox = Sandbox::new(&SandboxSettings { rate_limit: 0.0, ..sandbox });
        let spec = spec::Watch::over(&sandbox);
        let sandbox_listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let sandbox_address = sandbox_listener.local_addr().unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings {
            database: DatabaseSettings {
                database_url: None,
                data_dir: folder.path().to_owned(),
                secret_key_file: None,
            },
            listen: address,
            public_url: public_url.map(ToOwned::to_owned),
            trusted_proxy: None,
            upstream: UpstreamSettings {
                upstream_url: format!("http://{sandbox_address}"),
                test_upstream_url: format!("http://{sandbox_address}"),
                upstream_rate: 1_000.0,
                vault: Default::default(),
            },
            api: ApiSettings::default(),
            sync_interval: std::time::Duration::from_secs(900),
            list_memory: LIST_MEMORY,
        };
        let key = KeyRing::open(&folder.path().join("secret.key")).unwrap();
        let site = Site::new(|path| (path == "pkg/hash.txt").then(|| b"test".as_slice().into()));
        let portal = Portal::new(Store::over(pool.clone()), key, &settings, site).unwrap();
        let stop = CancellationToken::new();
        let service = router::router(portal.clone()).into_make_service_with_connect_info::<SocketAddr>();
        let server = axum::serve(listener, service).with_graceful_shutdown(stop.clone().cancelled_owned());
        tokio::spawn(server.into_future());
        let test = Self {
            portal,
            sandbox,
            pool,
            address,
            spec,
            sandbox_address,
            sandbox_running: Mutex::default(),
            _folder: folder,
            _stop: stop.drop_guard(),
        };
        test.run_sandbox(sandbox_listener);
        test.register_organisations().await;
        test
    }

    /// With some dozens of agreements, and everything fetched.
    pub async fn synced_with_agreements(pool: PgPool) -> Self {
        let sandbox = SandboxSettings { sales_units: 120, ..SandboxSettings::default() };
        let test = Self::start_on(pool, sandbox, None).await;
        test.sync().await;
        test
    }

    /// The same as started, with everything fetched.
    pub async fn synced(pool: PgPool) -> Self {
        let test = Self::start(pool).await;
        test.sync().await;
        test
    }

    fn run_sandbox(&self, listener: TcpListener) {
        let stop = CancellationToken::new();
        let serving = tokio::spawn(Arc::clone(&self.sandbox).serve(listener, stop.clone().cancelled_owned()));
        *self.sandbox_running.lock().unwrap() = Some((stop, serving));
    }

    /// Upstream is gone: connections to it are refused.
    pub async fn stop_sandbox(&self) {
        let running = self.sandbox_running.lock().unwrap().take();
        let (stop, serving) = running.unwrap();
        stop.cancel();
        serving.await.unwrap().unwrap();
    }

    pub async fn start_sandbox(&self) {
        self.run_sandbox(TcpListener::bind(self.sandbox_address).await.unwrap());
    }

    async fn register_organisations(&self) {
        for keys in self.sandbox.keys() {
            let seal = async |name: &str, secret: &str| {
                let name = format!("{}/{name}", keys.org_id);
                self.portal.secrets().seal(&name, &SecretString::from(secret)).await.unwrap()
            };
            let registration = Registration {
                id: keys.org_id.parse().unwrap(),
                kind: keys.kind.parse().unwrap(),
                name: keys.name.clone(),
                business_identifier: None,
                partner: None,
                keys: Some(KeyReferences {
                    upstream_url: None,
                    client_id: keys.client_id.clone(),
                    client_secret_ref: seal("client_secret", &keys.client_secret).await,
                    subscription_key_ref: Some(seal("subscription_key", &keys.subscription_key).await),
                    secondary_subscription_key_ref: Some(
                        seal("secondary_subscription_key", &keys.secondary_subscription_key).await,
                    ),
                    msn: keys.msn.clone(),
                }),
            };
            self.portal.store().save_organisation(&registration).await.unwrap();
        }
        let merchant = self.sandbox.merchants_of(PARTNER).remove(0);
        let registration = Registration {
            id: MERCHANT.parse().unwrap(),
            kind: OrganisationKind::Merchant,
            name: merchant.name,
            business_identifier: Some(BusinessIdentifier::new(merchant.scheme, merchant.id)),
            partner: Some(PARTNER.parse().unwrap()),
            keys: None,
        };
        self.portal.store().save_organisation(&registration).await.unwrap();
    }

    /// Fetches everything that is due; returns how many jobs failed.
    pub async fn sync(&self) -> usize {
        sync::run_once(&self.portal, None, false).await.unwrap()
    }

    /// Fetches until it goes well: after trouble, upstream is asked again only after a moment.
    pub async fn sync_until_well(&self) {
        let trying = async {
            while self.sync().await > 0 {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(30), trying).await.expect("the sync does not recover");
    }

    /// How many sales units upstream shows to a partner.
    pub async fn units_upstream(&self, partner: &str) -> usize {
        let client = self.portal.client_of(&org(partner)).await.unwrap().unwrap();
        let listed = client.sales_units().await.unwrap().len();
        self.sandbox.clear_calls();
        listed
    }

    /// Adds somebody who is a member of these organisations.
    pub async fn person(&self, email: &str, memberships: &[(&str, Role)]) -> Uuid {
        let id = Uuid::new_v4();
        let hash = passwords::hash(PASSWORD.to_owned()).await.unwrap();
        assert!(self.portal.store().add_staff(id, email, &hash, false).await.unwrap());
        for (organisation, role) in memberships {
            self.portal.store().save_membership(id, &organisation.parse().unwrap(), *role).await.unwrap();
        }
        id
    }

    /// Adds somebody and signs them in.
    pub async fn member(&self, email: &str, memberships: &[(&str, Role)]) -> Browser {
        self.person(email, memberships).await;
        let browser = self.browser();
        assert_eq!(browser.sign_in(email, PASSWORD).await.status, StatusCode::SEE_OTHER);
        browser
    }

    pub fn browser(&self) -> Browser {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Browser { client, base: format!("http://{}", self.address), address: None, cookies: Mutex::default() }
    }
}

/// Keeps cookies like a browser, and sends the header that says requests come from our pages.
pub struct Browser {
    client: reqwest::Client,
    base: String,
    /// Where it seems to be, by the word of a proxy.
    address: Option<String>,
    pub cookies: Mutex<HashMap<String, String>>,
}

#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn location(&self) -> &str {
        self.headers.get(LOCATION).map_or("", |value| value.to_str().unwrap())
    }

    /// What a form keeps unseen; empty if there is nothing of that name.
    pub fn hidden(&self, name: &str) -> String {
        let start = format!("type=\"hidden\" name=\"{name}\" value=\"");
        let rest = self.body.split_once(&start).map_or("", |(_, rest)| rest);
        rest.split('"').next().unwrap_or_default().to_owned()
    }

    /// The body without what differs from answer to answer on purpose.
    pub fn body_without_nonce(&self) -> String {
        let Some((_, rest)) = self.body.split_once("nonce=\"") else { return self.body.clone() };
        let nonce = rest.split('"').next().unwrap();
        self.body.replace(nonce, "")
    }

    /// The text of the page, without elements.
    pub fn text(&self) -> String {
        let body = self.body.split_once("<body>").map_or(self.body.as_str(), |(_, body)| body);
        let mut text = String::new();
        let mut inside = false;
        for character in body.chars() {
            match character {
                '<' => inside = true,
                '>' if inside => inside = false,
                character if !inside => text.push(character),
                _ => {}
            }
        }
        text.replace("&amp;", "&")
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&#x27;", "'")
            .replace("&quot;", "\"")
    }
}

impl Browser {
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], None).await
    }

    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        self.send(Method::POST, path, &[(ORIGIN.as_str(), &self.base)], Some(body)).await
    }

    pub async fn sign_in(&self, email: &str, password: &str) -> Answer {
        self.post("/login", &[("email", email), ("password", password)]).await
    }

    /// A form with files: name of the field, name of the file and its contents.
    pub async fn upload(&self, path: &str, form: &[(&str, &str)], files: &[(&str, &str, &[u8])]) -> Answer {
        let mut body = Vec::new();
        for (name, text) in form {
            body.extend(
                format!("--apart\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n").bytes(),
            );
        }
        for (name, file, contents) in files {
            let disposition = format!("content-disposition: form-data; name=\"{name}\"; filename=\"{file}\"");
            body.extend(format!("--apart\r\n{disposition}\r\ncontent-type: image/png\r\n\r\n").bytes());
            body.extend_from_slice(contents);
            body.extend(b"\r\n");
        }
        body.extend(b"--apart--\r\n");
        let body = ("multipart/form-data; boundary=apart", body);
        self.send_body(Method::POST, path, &[(ORIGIN.as_str(), &self.base)], Some(body)).await
    }

    /// The same browser, from another address.
    pub fn at(mut self, address: &str) -> Self {
        self.address = Some(address.to_owned());
        self
    }

    pub async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], form: Option<String>) -> Answer {
        let body = form.map(|form| ("application/x-www-form-urlencoded", form.into_bytes()));
        self.send_body(method, path, headers, body).await
    }

    async fn send_body(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<(&str, Vec<u8>)>,
    ) -> Answer {
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        let cookies: Vec<String> =
            self.cookies.lock().unwrap().iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            request = request.header(COOKIE, cookies.join("; "));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(address) = &self.address {
            request = request.header("x-forwarded-for", address);
        }
        if let Some((kind, body)) = body {
            request = request.header("content-type", kind).body(body);
        }
        let response = request.send().await.unwrap();
        for cookie in response.headers().get_all(SET_COOKIE) {
            let (name, rest) = cookie.to_str().unwrap().split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            let mut cookies = self.cookies.lock().unwrap();
            if value.is_empty() || rest.contains("Max-Age=0") {
                cookies.remove(name);
            } else {
                cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let (status, headers) = (response.status(), response.headers().clone());
        let body = String::from_utf8_lossy(&response.bytes().await.unwrap()).into_owned();
        Answer { status, headers, body }
    }
}

pub fn org(id: &str) -> OrgId {
    id.parse().unwrap()
}
