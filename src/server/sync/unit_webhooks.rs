//! The webhook registrations of each sales unit: one call a unit.

use futures::FutureExt;
use futures::future::BoxFuture;
use time::{Duration, OffsetDateTime};

use super::one_by_one::{Count, OneByOne, fetch_due};
use super::{Done, Resource, Round, Trouble};
use crate::domain::identifiers::Msn;
use crate::server::store::webhooks::UnitWebhooks;
use crate::server::store::{self, Tenant};
use crate::server::vipps::{Answer, Client, Error};

pub const NAME: &str = "unit_webhooks";
pub const RESOURCE: Resource = Resource::of_partners(NAME, "Fetching webhooks of sales units", run);

/// How long what was fetched for a unit counts as fresh.
const LIFE: Duration = Duration::hours(24);

fn run(round: Round) -> BoxFuture<'static, Result<Done, Trouble>> {
    async move {
        let everything = fetch_due::<OfUnits>(&round, LIFE).await?;
        Ok(if everything { Done::default() } else { Done::to_be_continued() })
    }
    .boxed()
}

struct OfUnits;

impl OneByOne for OfUnits {
    type Key = Msn;
    type Value = UnitWebhooks;

    async fn count(tenant: &mut Tenant<'_>, since: OffsetDateTime) -> store::Result<Count> {
        let (total, due) = tenant.count_unit_webhooks(since).await?;
        Ok(Count { total, due })
    }

    async fn due(
        tenant: &mut Tenant<'_>,
        since: OffsetDateTime,
        retry_since: OffsetDateTime,
        limit: i64,
    ) -> store::Result<Vec<Msn>> {
        tenant.due_unit_webhooks(since, retry_since, limit).await
    }

    async fn fetch(client: &Client, key: &Msn) -> Result<Answer<UnitWebhooks>, Error> {
        let asked_at = OffsetDateTime::now_utc();
        let listed = client.webhooks(Some(key)).await?;
        let listed = listed.into_iter().map(|answer| answer.value).collect();
        Ok(Answer { value: UnitWebhooks { msn: key.clone(), asked_at, listed }, raw: String::new() })
    }

    async fn save(
        tenant: &mut Tenant<'_>,
        answers: &[(UnitWebhooks, String)],
        now: OffsetDateTime,
    ) -> store::Result<()> {
        let units: Vec<UnitWebhooks> = answers.iter().map(|(unit, _)| unit.clone()).collect();
        tenant.save_unit_webhooks(&units, now).await.map(drop)
    }

    /// Which units there are, the list of units decides.
    async fn note_failed(tenant: &mut Tenant<'_>, keys: &[Msn], _gone: bool, now: OffsetDateTime) -> store::Result<()> {
        tenant.note_failed_unit_webhooks(keys, now).await
    }
}
