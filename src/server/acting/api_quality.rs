//! How the calls to upstream go.

use time::OffsetDateTime;

use super::Acting;
use crate::domain::api_quality::{
    ApiQualityQuery, EndpointCalls, FailingThreshold, Figures, Span, StepCalls, ToldEndpoint, ToldUnit, UnitPage,
};
use crate::domain::failure::Failure;
use crate::domain::identifiers::Msn;
use crate::domain::partner::Proposal;
use crate::server::store::{Tenant, unavailable};

/// Sales units shown at once.
pub const UNITS_SHOWN: usize = 25;
/// Sales units shown of those that upstream tells of.
pub const TOLD_SHOWN: i64 = 10;

/// The calls within a time, whichever way they are looked at.
#[derive(Clone, Debug)]
pub struct ApiQuality {
    pub begins_at: OffsetDateTime,
    pub total: Figures,
    /// Every step of the time, the last of which is under way.
    pub steps: Vec<StepCalls>,
    /// The most used first.
    pub endpoints: Vec<EndpointCalls>,
    /// Of one unit that was asked for: its name, where it is known here.
    pub unit_name: Option<String>,
    /// None where the calls of one unit are looked at.
    pub units: Option<UnitPage>,
    pub told: Told,
}

/// What upstream itself tells.
#[derive(Clone, Debug)]
pub enum Told {
    /// Nothing, and nobody expects it to: only partners' upstreams are asked.
    NotAsked,
    /// It has not been found out whether it would.
    NotKnown,
    NotOffered,
    /// The units with the largest share of failures, and how many have failures.
    Units {
        worst: Vec<ToldUnit>,
        failing: usize,
    },
    /// Of the unit that is looked at, and when; none where it has told nothing yet.
    Unit(Option<(Vec<ToldEndpoint>, OffsetDateTime)>),
}

impl Acting {
    /// # Errors
    /// [`Failure::Unavailable`].
    pub async fn api_quality(&self, query: &ApiQualityQuery, unit: Option<&Msn>) -> Result<ApiQuality, Failure> {
        let (now, span) = (OffsetDateTime::now_utc(), query.span);
        let begins_at = span.begin(now);
        let mut tenant = self.portal.store().tenant(&self.row.scope).await.map_err(unavailable)?;
        let calls = tenant.api_calls(unit, span.counted_by(), begins_at).await.map_err(unavailable)?;
        let (mut steps, mut endpoints): (Vec<StepCalls>, Vec<EndpointCalls>) = calls;
        if span.drawn_by() != span.counted_by() {
            steps = tenant.api_calls_by_step(unit, span.drawn_by(), begins_at).await.map_err(unavailable)?;
        }
        endpoints.sort_by_key(|endpoint| std::cmp::Reverse(endpoint.figures.requests()));
        let mut total = Figures::default();
        endpoints.iter().for_each(|endpoint| total.add(&endpoint.figures));
        let (mut units, mut unit_name) = (None, None);
        match unit {
            None => {
                let after = query.after.as_ref();
                units = Some(tenant.api_calls_by_unit(span, after, UNITS_SHOWN).await.map_err(unavailable)?);
            }
            Some(msn) => unit_name = tenant.sales_unit(msn).await.map_err(unavailable)?.and_then(|unit| unit.name),
        }
        let told = self.told_api_quality(&mut tenant, unit).await?;
        let steps = all_steps(span, now, steps);
        Ok(ApiQuality { begins_at, total, steps, endpoints, unit_name, units, told })
    }

    pub fn failing_threshold(&self) -> FailingThreshold {
        self.row.failing_threshold
    }

    /// How many calls there were within 24 hours and how many of them failed, if that is as many as this organisation
    /// is to be warned of.
    ///
    /// # Errors
    /// [`Failure::Unavailable`].
    pub async fn failing_calls_lately(&self) -> Result<Option<(u64, u64)>, Failure> {
        let mut tenant = self.portal.store().tenant(&self.row.scope).await.map_err(unavailable)?;
        let (requests, failed) = tenant.api_calls_lately(OffsetDateTime::now_utc()).await.map_err(unavailable)?;
        Ok(self.failing_threshold().is_reached(requests, failed).then_some((requests, failed)))
    }

    async fn told_api_quality(&self, tenant: &mut Tenant<'_>, unit: Option<&Msn>) -> Result<Told, Failure> {
        if !self.is_partner() && self.served_by().is_none() {
            return Ok(Told::NotAsked);
        }
        Ok(match (self.offers(Proposal::ApiQuality), unit) {
            (None, _) => Told::NotKnown,
            (Some(false), _) => Told::NotOffered,
            (Some(true), Some(msn)) => Told::Unit(tenant.told_api_quality(msn).await.map_err(unavailable)?),
            (Some(true), None) => {
                let (worst, failing) = tenant.worst_told_api_quality(TOLD_SHOWN).await.map_err(unavailable)?;
                Told::Units { worst, failing }
            }
        })
    }
}

/// Every step of a time with what was called in it; counts of shorter steps are added up.
fn all_steps(span: Span, now: OffsetDateTime, counted: Vec<StepCalls>) -> Vec<StepCalls> {
    let empty = |begins_at| StepCalls { begins_at, figures: Figures::default() };
    let mut steps: Vec<StepCalls> = span.steps(now).map(empty).collect();
    for StepCalls { begins_at, figures } in counted {
        let at = steps.partition_point(|step| step.begins_at <= begins_at);
        if let Some(step) = at.checked_sub(1).and_then(|at| steps.get_mut(at)) {
            step.figures.add(&figures);
        }
    }
    steps
}
