//! What the program does when it is called from a shell.

mod bench;
mod demo;
mod demo_account;
mod doctor;
mod organisation;
mod secrets;
pub mod serve;
mod token;
mod user;

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::{Args, Subcommand};
use tokio::net::TcpListener;

use super::Portal;
use super::config::{ApiSettings, DatabaseSettings, LIST_MEMORY, Settings, UpstreamSettings};
use super::postgres::EmbeddedPostgres;
use super::sandbox::{Sandbox, SandboxSettings};
use super::security::key_ring::KeyRing;
use super::site::{Files, Site};
use super::store::{CONNECTIONS, Store};
use crate::domain::organisation::OrgId;

#[derive(Subcommand)]
pub enum Command {
    /// Runs the portal
    Serve(Box<Settings>),
    /// Runs the portal on a simulated Vipps MobilePay, with data to look at
    Demo(Box<demo::DemoSettings>),
    /// Runs the simulated Vipps MobilePay alone
    Sandbox(SandboxSettings),
    /// Brings the database up to date
    Migrate(DatabaseSettings),
    /// Fetches everything that is due from upstream, once
    Sync(Box<SyncArguments>),
    /// Adds, lists, admits and keeps out people
    User(user::UserArguments),
    /// Adds and lists organisations, and makes people members of them
    Organisation(organisation::OrganisationArguments),
    /// Turns over the keys that seal secrets in the database
    Secrets(secrets::SecretsArguments),
    /// Makes, lists and revokes tokens with which other systems ask the portal
    Token(token::TokenArguments),
    /// Says in plain words what is wrong with settings, database, keys and upstream
    Doctor(Box<Settings>),
    /// Measures the portal on this machine, on a temporary database
    Bench(bench::BenchSettings),
    /// Runs a command with `DATABASE_URL` set to a temporary database
    #[command(hide = true)]
    WithPostgres {
        #[arg(trailing_var_arg = true, required = true)]
        command: Vec<String>,
    },
}

#[derive(Args)]
pub struct SyncArguments {
    #[command(flatten)]
    settings: Settings,
    /// Only this organisation
    organisation: Option<OrgId>,
    /// Believe a list that lacks much of what was there, and mark the rest as gone
    #[arg(long)]
    accept_shrunken_list: bool,
}

/// Runs a command to its end.
pub fn run(command: Command, files: Files) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let done = runtime.block_on(async {
        match command {
            Command::Serve(settings) => serve::run(*settings, files).await,
            Command::Demo(settings) => demo::run(*settings, files).await,
            Command::Sandbox(settings) => sandbox(settings).await,
            Command::Migrate(settings) => migrate(&settings).await,
            Command::Sync(arguments) => return sync(*arguments).await,
            Command::User(arguments) => user::run(arguments).await,
            Command::Organisation(arguments) => organisation::run(arguments).await,
            Command::Token(arguments) => token::run(arguments).await,
            Command::Secrets(arguments) => return secrets::run(arguments).await,
            Command::Doctor(settings) => return doctor::run(*settings).await,
            Command::Bench(settings) => bench::run(settings).await,
            Command::WithPostgres { command } => return with_postgres(&command).await,
        }
        .map(|()| ExitCode::SUCCESS)
    });
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    done
}

/// The database of the settings: the one at `DATABASE_URL`, or our own.
struct Database {
    store: Store,
    embedded: Option<EmbeddedPostgres>,
}

impl Database {
    async fn open(settings: &DatabaseSettings) -> anyhow::Result<Self> {
        let embedded = match &settings.database_url {
            Some(_) => None,
            None => Some(EmbeddedPostgres::start(&settings.data_dir).await?),
        };
        let url = settings.database_url.as_deref().or(embedded.as_ref().map(EmbeddedPostgres::url)).unwrap_or_default();
        let store = Store::connect(url, CONNECTIONS).await.context("the database cannot be reached")?;
        Ok(Self { store, embedded })
    }

    /// For the portal itself: brought up to date, and rid of what an earlier one has left.
    async fn open_to_serve(settings: &DatabaseSettings) -> anyhow::Result<Self> {
        let database = Self::open(settings).await?.migrated().await?;
        if database.embedded.is_some() {
            database.store.end_all_sync_leases().await?;
        }
        Ok(database)
    }

    /// For commands that work beside a running portal: its own database serves them, too.
    async fn open_beside(settings: &DatabaseSettings) -> anyhow::Result<Self> {
        let running = match settings.database_url {
            None => EmbeddedPostgres::running_url(&settings.data_dir),
            Some(_) => None,
        };
        if let Some(url) = running
            && let Ok(store) = Store::connect(&url, 4).await
        {
            return Ok(Self { store, embedded: None });
        }
        Self::open(settings).await
    }

    /// The same database, brought up to date.
    async fn migrated(self) -> anyhow::Result<Self> {
        match self.store.migrate().await {
            Ok(()) => Ok(self),
            Err(error) => {
                self.close().await;
                Err(error).context("the database could not be brought up to date")
            }
        }
    }

    async fn close(self) {
        self.store.close().await;
        if let Some(embedded) = self.embedded {
            embedded.stop().await;
        }
    }
}

fn secret_key(settings: &DatabaseSettings) -> anyhow::Result<KeyRing> {
    let path = settings.secret_key_path();
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("the folder {} cannot be made", folder.display()))?;
    }
    KeyRing::open(&path)
}

/// A portal for a command that shows no pages.
fn portal_without_pages(
    store: &Store,
    database: &DatabaseSettings,
    upstream: &UpstreamSettings,
) -> anyhow::Result<Portal> {
    let settings = Settings {
        database: database.clone(),
        upstream: upstream.clone(),
        listen: std::net::SocketAddr::from(([127, 0, 0, 1], 0)),
        public_url: None,
        trusted_proxy: None,
        api: ApiSettings::default(),
        sync_interval: std::time::Duration::from_secs(900),
        list_memory: LIST_MEMORY,
    };
    Portal::new(store.clone(), secret_key(database)?, &settings, Site::new(|_| None))
}

async fn sandbox(settings: SandboxSettings) -> anyhow::Result<()> {
    let sandbox = Sandbox::new(&settings);
    if settings.print_keys {
        println!("{}", serde_json::to_string_pretty(&sandbox.keys())?);
        return Ok(());
    }
    let listener = listen(settings.listen, "PORTAL_SANDBOX_LISTEN").await?;
    println!("The simulated Vipps MobilePay answers on http://{}", listener.local_addr()?);
    Arc::clone(&sandbox).serve(listener, serve::stop_signal()).await.context("the sandbox failed")
}

async fn migrate(settings: &DatabaseSettings) -> anyhow::Result<()> {
    let database = Database::open(settings).await?.migrated().await?;
    println!("The database is up to date.");
    database.close().await;
    Ok(())
}

async fn sync(arguments: SyncArguments) -> anyhow::Result<ExitCode> {
    let Settings { database: settings, upstream, .. } = &arguments.settings;
    let database = Database::open_beside(settings).await?.migrated().await?;
    let portal = portal_without_pages(&database.store, settings, upstream)?;
    let failed = super::sync::run_once(&portal, arguments.organisation.as_ref(), arguments.accept_shrunken_list).await;
    portal.write_down_calls().await;
    database.close().await;
    let failed = failed.context("the sync failed")?;
    println!(
        "{}",
        if failed == 0 {
            "Everything is up to date.".to_owned()
        } else {
            format!("{failed} resources could not be fetched; see the log.")
        }
    );
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn with_postgres(command: &[String]) -> anyhow::Result<ExitCode> {
    let postgres = EmbeddedPostgres::start_temporary().await?;
    let (program, arguments) = command.split_first().context("there is no command")?;
    let status =
        tokio::process::Command::new(program).args(arguments).env("DATABASE_URL", postgres.url()).status().await;
    postgres.stop().await;
    let code = status.with_context(|| format!("{program} cannot be run"))?.code().unwrap_or(1);
    Ok(ExitCode::from(u8::try_from(code).unwrap_or(1)))
}

async fn listen(address: std::net::SocketAddr, setting: &str) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).await;
    listener.with_context(|| format!("nothing can listen on {address}; choose another address with {setting}"))
}
