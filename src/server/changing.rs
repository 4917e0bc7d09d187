//! Changing sales units upstream, where it offers that. Once a change is sent it goes on to its
//! end, whether or not the browser waits, and the unit is fetched again.

use time::OffsetDateTime;

use super::Portal;
use super::ordering::refusal;
use super::store::{Scope, unavailable};
use super::sync;
use super::vipps::{Client, Error};
use crate::domain::failure::Failure;
use crate::domain::identifiers::Msn;
use crate::domain::partner::Proposal;
use crate::domain::sales_unit::SalesUnitChange;

/// How a change went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changing {
    /// Upstream has it, and the copy shows what upstream shows now.
    Changed,
    /// Upstream has it, but could not be asked again.
    ChangedUnseen,
    /// No usable answer: it may have been changed or not.
    Unknown,
    /// Upstream was not reached; nothing has been changed.
    NotReached,
    /// Upstream has said no: fields and reasons, in its words.
    Refused(Vec<(String, String)>),
    /// This upstream does not have it, or no longer.
    NotOffered,
}

/// Changes a sales unit. `by` is who asked for it.
pub async fn change_sales_unit(
    portal: &Portal,
    scope: &Scope,
    msn: Msn,
    change: SalesUnitChange,
    by: String,
) -> Result<Changing, Failure> {
    let client = portal.client_for_people(&scope.copy).await?;
    let (portal, scope) = (portal.clone(), scope.clone());
    let changing = tokio::spawn(async move {
        let answer = client.change_sales_unit(&msn, &change).await;
        let changing = outcome(&portal, &scope, &msn, &client, answer).await;
        let SalesUnitChange { name, logo, active } = change;
        let (organisation, logo) = (&scope.copy, logo.is_some());
        tracing::info!(%organisation, by, %msn, name, logo, active, ?changing, "a sales unit was to be changed");
        changing
    });
    changing.await.unwrap_or(Ok(Changing::Unknown))
}

async fn outcome(
    portal: &Portal,
    scope: &Scope,
    msn: &Msn,
    client: &Client,
    answer: Result<(), Error>,
) -> Result<Changing, Failure> {
    Ok(match answer {
        Ok(()) => match sync::refresh_sales_unit(portal, &scope.copy, msn).await {
            Ok(()) => Changing::Changed,
            Err(_) => Changing::ChangedUnseen,
        },
        Err(error) if error.leaves_outcome_open() => Changing::Unknown,
        Err(error) if is_gone(client, &error).await => {
            let mut tenant = portal.store().tenant(scope).await.map_err(unavailable)?;
            let now = OffsetDateTime::now_utc();
            tenant.note_offered(Proposal::ChangeSalesUnit, false, now).await.map_err(unavailable)?;
            tenant.commit().await.map_err(unavailable)?;
            Changing::NotOffered
        }
        Err(Error::Unauthorized(_)) => return Err(Failure::KeysRefused),
        Err(error) if error.problem().is_some_and(|problem| problem.status < 500) && !error.is_transient() => {
            Changing::Refused(refusal(&error).faults)
        }
        Err(_) => Changing::NotReached,
    })
}

/// Whether upstream has taken the call away. A unit that it does not know looks the same at first.
async fn is_gone(client: &Client, error: &Error) -> bool {
    match error {
        Error::Refused(problem) => matches!(problem.status, 405 | 410),
        Error::NotFound(_) => client.offers(Proposal::ChangeSalesUnit).await.is_ok_and(|offered| !offered),
        _ => false,
    }
}
