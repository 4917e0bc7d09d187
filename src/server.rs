//! What runs on the server: everything behind the pages.

pub mod acting;
pub mod agreeing;
pub mod api;
pub mod api_calls;
pub mod changing;
pub mod commands;
pub mod config;
pub mod exporting;
pub mod key_checking;
mod keys;
pub mod logo;
pub mod ordering;
pub mod postgres;
pub mod records;
pub mod rendering;
pub mod requests;
mod resealing;
pub mod router;
pub mod sandbox;
pub mod security;
pub mod site;
pub mod store;
pub mod subscribing;
pub mod sync;
pub mod telemetry;
pub mod vipps;

#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;

use tokio::sync::Notify;

use crate::domain::failure::Failure;
use crate::domain::organisation::OrgId;
use api::ApiLimits;
use config::{Settings, UpstreamSettings};
use requests::by_link::LinkLimits;
use security::key_ring::KeyRing;
use security::limiter::Limiter;
use security::secrets::Secrets;
use site::Site;
use store::keys::{Api, Asked};
use store::{Store, unavailable};
use vipps::{Client, Lane, Vipps, VippsSettings};

/// The running portal: what every request and every sync works with.
#[derive(Clone)]
pub struct Portal(Arc<Parts>);

struct Parts {
    store: Store,
    secrets: Secrets,
    vipps: Vipps,
    upstream_url: String,
    test_upstream_url: String,
    public_url: String,
    sync_interval: std::time::Duration,
    trusted_proxy: Option<IpAddr>,
    /// Rung when a sync is called for, so that it need not wait for the next look at the clock.
    sync_bell: Notify,
    /// Looking up people by their user ID, counted by who looks.
    lookups: Limiter,
    /// Having every unit's webhooks fetched anew, counted by organisation.
    sweeps: Limiter,
    /// Having the keys of an organisation checked, counted by organisation.
    key_checks: Limiter,
    registering: subscribing::UnderWay,
    looks: ordering::Looks,
    link_limits: LinkLimits,
    api_limits: ApiLimits,
    turns: exporting::Turns,
    /// Having upstream asked for programs, counted by organisation.
    refreshes: Limiter,
    site: Site,
}

/// User IDs that one person may look up in a minute.
const LOOKUPS: NonZeroU32 = NonZeroU32::new(30).unwrap();
/// So often a minute the keys of an organisation can be checked: whoever corrects them tries a few times, and
/// upstream is not to be guessed at.
const KEY_CHECKS: NonZeroU32 = NonZeroU32::new(6).unwrap();
/// So often a minute programs can have upstream asked with the keys of one organisation: a tenth of what
/// upstream takes, for people and the sync come first.
const REFRESHES: NonZeroU32 = NonZeroU32::new(60).unwrap();
/// So often an hour an organisation can have the webhooks of all its units fetched before their time:
/// that is one call for each unit.
const SWEEPS: NonZeroU32 = NonZeroU32::new(4).unwrap();

impl Portal {
    pub fn new(store: Store, keys: KeyRing, settings: &Settings, site: Site) -> anyhow::Result<Self> {
        let UpstreamSettings { upstream_url, test_upstream_url, upstream_rate, vault } = &settings.upstream;
        let store = store.with_list_memory(settings.list_memory);
        Ok(Self(Arc::new(Parts {
            secrets: Secrets::new(store.clone(), keys, vault.clone()),
            store,
            vipps: Vipps::new(VippsSettings { rate: *upstream_rate, ..VippsSettings::default() })?,
            upstream_url: upstream_url.clone(),
            test_upstream_url: test_upstream_url.clone(),
            public_url: settings.public_url(),
            sync_interval: settings.sync_interval,
            trusted_proxy: settings.trusted_proxy,
            sync_bell: Notify::new(),
            lookups: Limiter::per_minute(LOOKUPS),
            sweeps: Limiter::per_hour(SWEEPS),
            key_checks: Limiter::per_minute(KEY_CHECKS),
            registering: subscribing::UnderWay::default(),
            looks: ordering::Looks::default(),
            link_limits: LinkLimits::default(),
            api_limits: ApiLimits::new(settings.api.api_rate),
            turns: exporting::Turns::default(),
            refreshes: Limiter::per_minute(REFRESHES),
            site,
        })))
    }

    pub fn store(&self) -> &Store {
        &self.0.store
    }

    pub fn secrets(&self) -> &Secrets {
        &self.0.secrets
    }

    pub fn site(&self) -> &Site {
        &self.0.site
    }

    /// The address people open in their browser, without a slash at the end.
    pub fn public_url(&self) -> &str {
        &self.0.public_url
    }

    pub fn is_https(&self) -> bool {
        self.0.public_url.starts_with("https://")
    }

    /// Whether a peer is a proxy that says truly whom it speaks for.
    pub fn trusts_proxy(&self, peer: IpAddr) -> bool {
        peer.is_loopback() || self.0.trusted_proxy == Some(peer)
    }

    pub fn sync_interval(&self) -> std::time::Duration {
        self.0.sync_interval
    }

    pub fn sync_bell(&self) -> &Notify {
        &self.0.sync_bell
    }

    pub fn link_limits(&self) -> &LinkLimits {
        &self.0.link_limits
    }

    pub fn api_limits(&self) -> &ApiLimits {
        &self.0.api_limits
    }

    /// Whose turn it is to read a piece of a file.
    pub fn turns(&self) -> &exporting::Turns {
        &self.0.turns
    }

    pub fn refreshes(&self) -> &Limiter {
        &self.0.refreshes
    }

    pub fn sweeps(&self) -> &Limiter {
        &self.0.sweeps
    }

    pub fn lookups(&self) -> &Limiter {
        &self.0.lookups
    }

    pub fn key_checks(&self) -> &Limiter {
        &self.0.key_checks
    }

    /// Webhooks that are just being registered.
    pub fn registering(&self) -> &subscribing::UnderWay {
        &self.0.registering
    }

    /// Who looks for orders of unknown outcome.
    pub fn looks(&self) -> &ordering::Looks {
        &self.0.looks
    }

    /// A client for what somebody waits for, ahead of the sync, with the keys of an organisation.
    pub async fn client_for_people(&self, organisation: &OrgId) -> Result<Client, Failure> {
        self.client_for_people_of(organisation, Api::Management).await
    }

    /// The same for any of upstream's APIs.
    pub async fn client_for_people_of(&self, organisation: &OrgId, api: Api) -> Result<Client, Failure> {
        let keys = self.store().key_references(organisation).await.map_err(unavailable)?.ok_or(Failure::NoKeys)?;
        if !keys.asked.of(api) {
            return Err(if keys.vipps_enabled { Failure::InTest } else { Failure::SwitchedOff });
        }
        match self.client(organisation, keys).await {
            Ok(client) => Ok(client.in_lane(Lane::Interactive)),
            Err(error) => {
                tracing::error!(%error, %organisation, "the keys of an organisation cannot be read");
                Err(Failure::NoKeys)
            }
        }
    }

    /// A client with the keys of an organisation; none if it has no keys of its own, or they are not used.
    pub async fn client_of(&self, organisation: &OrgId) -> anyhow::Result<Option<Client>> {
        self.client_if(organisation, Asked::any).await
    }

    /// The same for one of upstream's APIs.
    pub async fn client_of_api(&self, organisation: &OrgId, api: Api) -> anyhow::Result<Option<Client>> {
        self.client_if(organisation, |asked| asked.of(api)).await
    }

    async fn client_if(
        &self,
        organisation: &OrgId,
        is_used: impl FnOnce(Asked) -> bool,
    ) -> anyhow::Result<Option<Client>> {
        match self.store().key_references(organisation).await? {
            Some(keys) if is_used(keys.asked) => self.client(organisation, keys).await.map(Some),
            _ => Ok(None),
        }
    }
}
