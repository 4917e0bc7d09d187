//! Which proposals this upstream has, and what those tell that are about the partner as a whole.

use futures::FutureExt;
use futures::future::BoxFuture;
use time::{Duration, OffsetDateTime};

use super::{Done, Resource, Round, Trouble, api_quality, contracts, merchants};
use crate::domain::partner::Proposal;
use crate::server::vipps::{Error, is_offered};

pub const NAME: &str = "capabilities";
pub const RESOURCE: Resource = Resource::of_partners(NAME, "Asking what Vipps MobilePay offers", run).at_once();

/// Merchants written at a time, so that whoever else writes does not wait for all of them.
const BATCH: usize = 2_000;

/// What upstream has changes rarely.
const LIFE: Duration = Duration::DAY;
/// Where upstream did not tell of one of them.
const RETRY: Duration = Duration::HOUR;

fn run(round: Round) -> BoxFuture<'static, Result<Done, Trouble>> {
    async move {
        let (mut then, mut untold) = (Vec::new(), Vec::new());
        for proposal in Proposal::ALL {
            match probe(&round, proposal).await? {
                Ok(next) => then.extend(next),
                Err(error) => untold.push((proposal, error)),
            }
        }
        let due_at = OffsetDateTime::now_utc() + if untold.is_empty() { LIFE } else { RETRY };
        for (proposal, error) in &untold {
            tracing::warn!(organisation = %round.scope.copy, ?proposal, %error, "whether upstream offers it is not known");
        }
        // One that upstream stumbles over says nothing of the others; where none can be asked, there is trouble.
        if untold.len() == Proposal::ALL.len()
            && let Some((_, error)) = untold.pop()
        {
            return Err(Trouble::Upstream(error));
        }
        Ok(Done { due_at: Some(due_at), held: None, then })
    }
    .boxed()
}

/// Asks for one proposal and stores what came: whether it is offered, and the partner's own data
/// or the merchants. Returns what is to be fetched next, or why upstream did not tell.
async fn probe(round: &Round, proposal: Proposal) -> Result<Result<Option<&'static str>, Error>, Trouble> {
    let client = &round.client;
    let (mut partner, mut listed) = (None, Vec::new());
    let offered = match proposal {
        Proposal::WhoAmI => {
            let answer = client.whoami().await;
            let offered = is_offered(&answer);
            match (offered, answer) {
                (None, Err(error)) => return Ok(Err(error)),
                (_, answer) => partner = answer.ok(),
            }
            offered
        }
        Proposal::Merchants => {
            let answer = client.all_merchants().await;
            let offered = is_offered(&answer);
            match (offered, answer) {
                (None, Err(error)) => return Ok(Err(error)),
                (_, answer) => listed = answer.unwrap_or_default(),
            }
            offered
        }
        Proposal::Contracts | Proposal::ChangeSalesUnit | Proposal::ApiQuality => match client.offers(proposal).await {
            Ok(offered) => Some(offered),
            Err(error) => return Ok(Err(error)),
        },
    };
    let offered = offered.unwrap_or_default();
    let now = OffsetDateTime::now_utc();
    let mut tenant = round.store.tenant(&round.scope).await?;
    tenant.note_offered(proposal, offered, now).await?;
    if let Some(partner) = partner {
        tenant.save_partner_profile(&partner.value, now).await?;
    }
    tenant.commit().await?;
    let mut new = 0;
    for batch in listed.chunks(BATCH) {
        let mut tenant = round.store.tenant(&round.scope).await?;
        new += tenant.expect_named_merchants(batch).await?;
        tenant.commit().await?;
    }
    Ok(Ok(match proposal {
        Proposal::Merchants if new > 0 => Some(merchants::NAME),
        Proposal::Contracts if offered => Some(contracts::NAME),
        Proposal::ApiQuality if offered => Some(api_quality::NAME),
        _ => None,
    }))
}
