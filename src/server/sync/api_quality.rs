//! How the calls about each sales unit go, as upstream tells it: one call a unit, only where upstream has it.

use futures::FutureExt;
use futures::future::BoxFuture;
use time::{Duration, OffsetDateTime};

use super::one_by_one::{Count, OneByOne, fetch_offered};
use super::{Done, Resource, Round, Trouble};
use crate::domain::api_quality::ToldEndpoint;
use crate::domain::identifiers::Msn;
use crate::domain::partner::Proposal;
use crate::server::store::{self, Tenant};
use crate::server::vipps::{Answer, Client, Error};

pub const NAME: &str = "api_quality";
/// Called for when it has been found offered.
pub const RESOURCE: Resource = Resource::of_partners(NAME, "Fetching figures of calls", run);

/// Less than a day: what was fetched after one look for capabilities is due after the next one.
const LIFE: Duration = Duration::hours(23);

fn run(round: Round) -> BoxFuture<'static, Result<Done, Trouble>> {
    async move { fetch_offered::<OfUnits>(&round, Proposal::ApiQuality, LIFE).await }.boxed()
}

struct OfUnits;

impl OneByOne for OfUnits {
    type Key = Msn;
    type Value = (Msn, Vec<ToldEndpoint>);

    async fn count(tenant: &mut Tenant<'_>, since: OffsetDateTime) -> store::Result<Count> {
        let (total, due) = tenant.count_told_api_quality(since).await?;
        Ok(Count { total, due })
    }

    async fn due(
        tenant: &mut Tenant<'_>,
        since: OffsetDateTime,
        retry_since: OffsetDateTime,
        limit: i64,
    ) -> store::Result<Vec<Msn>> {
        tenant.due_told_api_quality(since, retry_since, limit).await
    }

    async fn fetch(client: &Client, key: &Msn) -> Result<Answer<Self::Value>, Error> {
        let told = match client.api_quality(key).await {
            Ok(told) => told,
            // A unit that nothing was called about.
            Err(error) if error.is_not_found() => Vec::new(),
            Err(error) => return Err(error),
        };
        Ok(Answer { value: (key.clone(), told), raw: String::new() })
    }

    async fn save(
        tenant: &mut Tenant<'_>,
        answers: &[(Self::Value, String)],
        now: OffsetDateTime,
    ) -> store::Result<()> {
        for ((msn, told), _) in answers {
            tenant.save_told_api_quality(msn, told, now).await?;
        }
        Ok(())
    }

    /// Which units there are, the list of units decides.
    async fn note_failed(tenant: &mut Tenant<'_>, keys: &[Msn], _gone: bool, now: OffsetDateTime) -> store::Result<()> {
        tenant.note_failed_api_quality(keys, now).await
    }
}
