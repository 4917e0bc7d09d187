//! The portal on the sandbox, with people and organisations to look at.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::{ArgAction, Args};
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use super::serve::{serve, stop_signal};
use super::{Database, demo_account, listen, secret_key};
use crate::domain::identifiers::BusinessIdentifier;
use crate::domain::organisation::{OrganisationKind, Role};
use crate::server::Portal;
use crate::server::config::{ApiSettings, DatabaseSettings, LIST_MEMORY, Settings, UpstreamSettings};
use crate::server::sandbox::{Fault, RecurringVersions, Sandbox, SandboxKeys, SandboxSettings};
use crate::server::site::{Files, Site};
use crate::server::store::keys::KeyReferences;
use crate::server::store::organisations::Registration;

/// Merchants of each partner that the demo's person may act as, besides those with keys.
const MERCHANTS: usize = 12;

#[derive(Args, Clone, Debug)]
pub struct DemoSettings {
    /// Address and port of the portal
    #[arg(long, env = "PORTAL_LISTEN", default_value = "127.0.0.1:3000")]
    listen: SocketAddr,
    /// Folder for the demo's database; the demo keeps to a folder of its own in it
    #[arg(long, env = "PORTAL_DATA_DIR", default_value = "./data")]
    data_dir: std::path::PathBuf,
    /// Address and port of the simulated Vipps MobilePay
    #[arg(long, env = "PORTAL_SANDBOX_LISTEN", default_value = "127.0.0.1:4010")]
    sandbox_listen: SocketAddr,
    /// Partners in the simulation
    #[arg(long, default_value_t = 3)]
    partners: u16,
    /// Sales units in the simulation
    #[arg(long, default_value_t = 2_000)]
    sales_units: u32,
    /// Merchants in the simulation [default: a third of the sales units]
    #[arg(long)]
    merchants: Option<u32>,
    /// Another number makes another world
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Most calls a second that the simulation takes from one client id
    #[arg(long, default_value_t = 200.0)]
    rate_limit: f64,
    /// Recurring agreements of the simulation's first merchant with keys
    #[arg(long, default_value_t = 60)]
    agreements: u32,
    /// Versions of the Recurring API that the simulation speaks
    #[arg(long, value_enum, default_value = "both")]
    recurring: RecurringVersions,
    /// Whether the simulation has what upstream only proposed [default: true]
    #[arg(long, default_value_t = true, hide_default_value = true, action = ArgAction::Set, value_name = "TRUE|FALSE")]
    proposals: bool,
    #[command(flatten)]
    api: ApiSettings,
    /// How often the lists are fetched anew
    #[arg(long, env = "PORTAL_SYNC_INTERVAL", default_value = "5m", value_parser = humantime::parse_duration)]
    sync_interval: Duration,
    /// What the simulation does wrong; see `partner-portal sandbox --help`
    #[arg(long = "fault")]
    faults: Vec<Fault>,
}

pub async fn run(demo: DemoSettings, files: Files) -> anyhow::Result<()> {
    let sandbox = Sandbox::new(&SandboxSettings {
        listen: demo.sandbox_listen,
        partners: demo.partners,
        sales_units: demo.sales_units,
        merchants: demo.merchants,
        seed: demo.seed,
        rate_limit: demo.rate_limit,
        agreements: demo.agreements,
        recurring: demo.recurring,
        faults: demo.faults.clone(),
        proposals: demo.proposals,
        ..SandboxSettings::default()
    });
    let sandbox_listener = listen(demo.sandbox_listen, "PORTAL_SANDBOX_LISTEN").await?;
    let sandbox_url = format!("http://{}", sandbox_listener.local_addr()?);
    let listener = listen(demo.listen, "PORTAL_LISTEN").await?;
    let settings = Settings {
        // Never the database of DATABASE_URL: the demo's password is known to everybody.
        database: DatabaseSettings { database_url: None, data_dir: demo.data_dir.join("demo"), secret_key_file: None },
        listen: listener.local_addr()?,
        public_url: None,
        trusted_proxy: None,
        upstream: UpstreamSettings {
            test_upstream_url: sandbox_url.clone(),
            upstream_url: sandbox_url,
            upstream_rate: demo.rate_limit.max(1.0) * 0.95,
            vault: Default::default(),
        },
        api: demo.api.clone(),
        sync_interval: demo.sync_interval,
        list_memory: LIST_MEMORY,
    };
    std::fs::create_dir_all(&settings.database.data_dir).context("the data folder cannot be made")?;
    let database = Database::open_to_serve(&settings.database).await?;
    let portal = Portal::new(database.store.clone(), secret_key(&settings.database)?, &settings, Site::new(files))?;
    let world =
        format!("{} {} {:?} {} {}", demo.partners, demo.sales_units, demo.merchants, demo.seed, demo.agreements);
    furnish(&portal, &sandbox, &settings.database.data_dir.join("world"), &world).await?;

    let stopping = CancellationToken::new();
    let simulating = tokio::spawn(Arc::clone(&sandbox).serve(sandbox_listener, stopping.clone().cancelled_owned()));
    let served = serve(portal, listener, stop_signal(), |address| {
        println!(
            "\n  Partner Portal  {address}\n  e-mail          {}\n  password        {}\n",
            demo_account::EMAIL,
            demo_account::PASSWORD
        );
        println!("  Vipps MobilePay is simulated on {}. Ctrl-C stops all of it.\n", settings.upstream.upstream_url);
    });
    let served = served.await;
    stopping.cancel();
    simulating.await?.context("the sandbox failed")?;
    database.close().await;
    served
}

/// Puts the sandbox's organisations and a person into the portal. What was fetched from another
/// world is thrown away.
async fn furnish(portal: &Portal, sandbox: &Sandbox, marker: &Path, world: &str) -> anyhow::Result<()> {
    let store = portal.store();
    if std::fs::read_to_string(marker).ok().as_deref() != Some(world) {
        store.remove_all_organisations().await?;
    }
    let staff = demo_account::open(store).await?;
    for keys in sandbox.keys() {
        let kind: OrganisationKind = keys.kind.parse().map_err(anyhow::Error::msg)?;
        let registration = with_keys(portal, &keys, kind).await?;
        store.save_organisation(&registration).await?;
        store.save_membership(staff, &registration.id, Role::Admin).await?;
        if kind == OrganisationKind::Partner {
            let merchants = sandbox.merchants_of(registration.id.as_str());
            for merchant in merchants.into_iter().take(MERCHANTS) {
                let digits: String = merchant.id.chars().filter(char::is_ascii_digit).collect();
                let merchant = Registration {
                    id: format!("org_{digits}").parse().map_err(anyhow::Error::msg)?,
                    kind: OrganisationKind::Merchant,
                    name: merchant.name,
                    business_identifier: Some(BusinessIdentifier::new(merchant.scheme, merchant.id)),
                    partner: Some(registration.id.clone()),
                    keys: None,
                };
                store.save_organisation(&merchant).await?;
                store.save_membership(staff, &merchant.id, Role::Viewer).await?;
            }
        }
    }
    std::fs::write(marker, world).context("the data folder cannot be written to")
}

async fn with_keys(portal: &Portal, keys: &SandboxKeys, kind: OrganisationKind) -> anyhow::Result<Registration> {
    let seal = async |name: &str, secret: &str| {
        portal.secrets().seal(&format!("{}/{name}", keys.org_id), &SecretString::from(secret)).await
    };
    Ok(Registration {
        id: keys.org_id.parse().map_err(anyhow::Error::msg)?,
        kind,
        name: keys.name.clone(),
        business_identifier: None,
        partner: None,
        keys: Some(KeyReferences {
            upstream_url: None,
            client_id: keys.client_id.clone(),
            client_secret_ref: seal("client_secret", &keys.client_secret).await?,
            subscription_key_ref: Some(seal("subscription_key", &keys.subscription_key).await?),
            secondary_subscription_key_ref: Some(
                seal("secondary_subscription_key", &keys.secondary_subscription_key).await?,
            ),
            msn: keys.msn.clone(),
        }),
    })
}
