//! Lists as they are read: on pages, by programs, and into files.

use super::Acting;
use super::program::Program;
use crate::domain::failure::Failure;
use crate::domain::freshness::{CopyState, Freshness};
use crate::domain::list::ListQuery;
use crate::domain::organisation::{Audience, OrganisationKind};
use crate::domain::page::Page;
use crate::domain::price_package::KnownPricePackage;
use crate::server::records::Recorded;
use crate::server::store::acting::{CopyStanding, JobRow};
use crate::server::store::{Scope, unavailable};
use crate::server::{Portal, sync};

/// Somebody who may read an organisation's lists.
#[derive(Clone)]
pub struct Reader {
    portal: Portal,
    scope: Scope,
    kind: OrganisationKind,
    copy: CopyStanding,
}

impl Acting {
    pub fn reader(&self) -> Reader {
        let (portal, scope, copy) = (self.portal.clone(), self.row.scope.clone(), self.row.copy.clone());
        Reader { portal, scope, kind: self.row.organisation.kind, copy }
    }

    /// A page of a list.
    pub(super) async fn page<K: Recorded>(
        &self,
        query: &ListQuery<K::Facets>,
        size: usize,
    ) -> Result<Page<K::Row>, Failure> {
        if !self.is_among(K::AUDIENCE) {
            return Err(Failure::NotFound);
        }
        let (store, version) = (self.portal.store(), self.row.copy.version);
        store.page::<K>(&self.row.scope, version, query, size).await.map_err(unavailable)
    }
}

impl Program {
    pub fn reader(&self) -> Reader {
        let (portal, scope, copy) = (self.portal.clone(), self.scope.clone(), self.copy.clone());
        Reader { portal, scope, kind: self.kind, copy }
    }
}

impl Reader {
    pub fn portal(&self) -> &Portal {
        &self.portal
    }

    /// A list that is for others does not exist.
    pub fn may_have<K: Recorded>(&self) -> Result<(), Failure> {
        self.is_among(K::AUDIENCE)
    }

    fn is_among(&self, audience: Audience) -> Result<(), Failure> {
        let is_among = audience.has(self.kind, self.scope.merchant.is_some());
        if is_among { Ok(()) } else { Err(Failure::NotFound) }
    }

    /// A page of a list with `size` rows.
    pub async fn page<K: Recorded>(&self, query: &ListQuery<K::Facets>, size: usize) -> Result<Page<K::Row>, Failure> {
        self.may_have::<K>()?;
        let (store, version) = (self.portal.store(), self.copy.version);
        store.page::<K>(&self.scope, version, query, size).await.map_err(unavailable)
    }

    /// Every price package with what uses it.
    pub async fn price_packages(&self) -> Result<Vec<KnownPricePackage>, Failure> {
        self.is_among(Audience::Partners)?;
        let mut tenant = self.portal.store().tenant(&self.scope).await.map_err(unavailable)?;
        tenant.price_packages().await.map_err(unavailable)
    }

    /// How old the copy of some resources is, and why; the first one's age counts.
    pub fn freshness_of(&self, resources: &[&str]) -> Freshness {
        self.copy.freshness_of(resources)
    }
}

impl CopyStanding {
    /// How old the copy of some resources is, and why; the first one's age counts.
    pub fn freshness_of(&self, resources: &[&str]) -> Freshness {
        let jobs: Vec<&JobRow> = self.jobs.iter().filter(|job| resources.contains(&job.resource.as_str())).collect();
        let first = jobs.iter().find(|job| resources.first() == Some(&job.resource.as_str()));
        let as_of = first.and_then(|job| job.completed_at);
        Freshness { as_of, state: self.state(&jobs, as_of.is_some()) }
    }

    fn state(&self, jobs: &[&JobRow], listed: bool) -> CopyState {
        if !self.has_keys {
            return CopyState::NoKeys;
        }
        if !jobs.first().map_or(self.asked.management, |job| self.asked.of(sync::api(&job.resource))) {
            return CopyState::SwitchedOff;
        }
        if let Some((since, job)) =
            jobs.iter().filter_map(|job| Some((job.failing_since?, job))).min_by_key(|(since, _)| *since)
        {
            return CopyState::Failing { since, reason: job.failure.clone().unwrap_or_default() };
        }
        if let Some(reason) = jobs.iter().find_map(|job| job.held.clone()) {
            return CopyState::Held { reason };
        }
        match jobs.iter().find(|job| job.under_way) {
            Some(job) => CopyState::Fetching {
                what: sync::what(&job.resource),
                done: u64::try_from(job.done).unwrap_or_default(),
                total: u64::try_from(job.total).unwrap_or_default(),
            },
            None if listed => CopyState::Complete,
            None => CopyState::Waiting,
        }
    }
}
