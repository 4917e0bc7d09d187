//! The addresses of merchants' contracts, one call a merchant; only where upstream has them.

use futures::FutureExt;
use futures::future::BoxFuture;
use time::{Duration, OffsetDateTime};

use super::one_by_one::{Count, OneByOne, fetch_offered};
use super::{Done, Resource, Round, Trouble};
use crate::domain::identifiers::BusinessIdentifier;
use crate::domain::partner::Proposal;
use crate::server::store::{self, Tenant};
use crate::server::vipps::{Answer, Client, Error};

pub const NAME: &str = "contracts";
/// Called for when it has been found offered, and when there may be new merchants.
pub const RESOURCE: Resource = Resource::of_partners(NAME, "Fetching contracts", run);

/// Less than a day: what was fetched after one look for capabilities is due after the next one.
const LIFE: Duration = Duration::hours(23);

fn run(round: Round) -> BoxFuture<'static, Result<Done, Trouble>> {
    async move { fetch_offered::<Contracts>(&round, Proposal::Contracts, LIFE).await }.boxed()
}

struct Contracts;

impl OneByOne for Contracts {
    type Key = BusinessIdentifier;
    type Value = (BusinessIdentifier, Vec<String>);

    async fn count(tenant: &mut Tenant<'_>, since: OffsetDateTime) -> store::Result<Count> {
        let (total, due) = tenant.count_contracts(since).await?;
        Ok(Count { total, due })
    }

    async fn due(
        tenant: &mut Tenant<'_>,
        since: OffsetDateTime,
        retry_since: OffsetDateTime,
        limit: i64,
    ) -> store::Result<Vec<BusinessIdentifier>> {
        tenant.due_contracts(since, retry_since, limit).await
    }

    async fn fetch(client: &Client, key: &BusinessIdentifier) -> Result<Answer<Self::Value>, Error> {
        let urls = match client.contracts(key).await {
            Ok(urls) => urls,
            // A merchant without contracts.
            Err(error) if error.is_not_found() => Vec::new(),
            Err(error) => return Err(error),
        };
        Ok(Answer { value: (key.clone(), urls), raw: String::new() })
    }

    async fn save(
        tenant: &mut Tenant<'_>,
        answers: &[(Self::Value, String)],
        now: OffsetDateTime,
    ) -> store::Result<()> {
        for ((business, urls), _) in answers {
            tenant.save_contracts(business, urls, now).await?;
        }
        Ok(())
    }

    async fn note_failed(
        tenant: &mut Tenant<'_>,
        keys: &[BusinessIdentifier],
        _gone: bool,
        now: OffsetDateTime,
    ) -> store::Result<()> {
        tenant.note_failed_contracts(keys, now).await
    }
}
