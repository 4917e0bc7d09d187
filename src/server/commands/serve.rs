//! Running the portal until it is told to stop.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{Database, demo_account, listen, secret_key};
use crate::server::config::Settings;
use crate::server::site::{Files, Site};
use crate::server::{Portal, api_calls, router, sync};

/// How long requests that have begun may take once the portal is told to stop.
const DRAIN: Duration = Duration::from_secs(5);

pub async fn run(settings: Settings, files: Files) -> anyhow::Result<()> {
    if let Some(fault) = settings.fault() {
        bail!(fault);
    }
    let database = Database::open_to_serve(&settings.database).await?;
    if database.store.bypasses_row_security().await? {
        tracing::warn!(
            "the database user is a superuser, so row-level security does not stand behind the portal's own checks; use a user without that right"
        );
    }
    demo_account::shut_out(&database.store).await?;
    let listener = listen(settings.listen, "PORTAL_LISTEN").await?;
    let settings = Settings { listen: listener.local_addr()?, ..settings };
    let portal = Portal::new(database.store.clone(), secret_key(&settings.database)?, &settings, Site::new(files))?;
    let served = serve(portal, listener, stop_signal(), |address| {
        println!("Partner Portal answers on {address}");
    });
    let served = served.await;
    database.close().await;
    served
}

/// Serves pages and syncs until `stop` ends; `ready` is called with the address once it answers.
pub async fn serve(
    portal: Portal,
    listener: TcpListener,
    stop: impl Future<Output = ()>,
    ready: impl FnOnce(&str),
) -> anyhow::Result<()> {
    let stopping = CancellationToken::new();
    let syncing = tokio::spawn(sync::run(portal.clone(), stopping.clone()));
    let counting = tokio::spawn(api_calls::run(portal.clone(), stopping.clone()));
    let service = router::router(portal.clone()).into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(listener, service).with_graceful_shutdown(stopping.clone().cancelled_owned());
    let mut serving = tokio::spawn(server.into_future());
    ready(portal.public_url());
    tokio::select! {
        () = stop => {}
        ended = &mut serving => ended?.context("the server failed")?,
    }
    tracing::info!("stopping");
    stopping.cancel();
    if tokio::time::timeout(DRAIN, serving).await.is_err() {
        tracing::warn!("some requests were cut off");
    }
    let (synced, counted) = (syncing.await, counting.await);
    // Last of all, when nothing calls any more.
    portal.write_down_calls().await;
    counted.context("the counting of calls failed")?;
    synced.context("the sync failed")
}

/// Ends when the process is asked to stop.
pub async fn stop_signal() {
    let mut terminate = match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(terminate) => terminate,
        Err(error) => {
            tracing::warn!(%error, "only Ctrl-C stops this process");
            let _ = tokio::signal::ctrl_c().await;
            return;
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
