//! The charges of each agreement, one call an agreement: upstream lists them in no other way.

use futures::FutureExt;
use futures::future::BoxFuture;
use time::{Duration, OffsetDateTime};

use super::one_by_one::{Count, OneByOne, fetch_due};
use super::{Done, Resource, Round, Trouble};
use crate::domain::agreement::RecurringVersion;
use crate::server::store::charges::ListedCharges;
use crate::server::store::{self, Tenant};
use crate::server::vipps::{Answer, Client, Error};

pub const NAME: &str = "charges";
/// Called for when the agreements have been listed; before that there is nothing to fetch.
pub const RESOURCE: Resource = Resource::of_everybody(NAME, "Fetching charges", run).of_recurring().at_once();

/// How old the charges of an agreement may be that still takes some.
const LIFE: Duration = Duration::hours(6);
/// And of one that has ended: its charges can still be refunded elsewhere.
const LIFE_WHEN_ENDED: Duration = Duration::days(7);

fn run(round: Round) -> BoxFuture<'static, Result<Done, Trouble>> {
    async move {
        if round.store.tenant(&round.scope).await?.recurring_version().await?.is_none() {
            return Ok(Done::default());
        }
        let everything = fetch_due::<Charges>(&round, LIFE).await?;
        Ok(if everything { Done::default() } else { Done::to_be_continued() })
    }
    .boxed()
}

struct Charges;

/// Whose charges, and how they are asked for.
#[derive(Clone)]
struct Key {
    agreement_id: String,
    version: RecurringVersion,
}

fn ended_since(since: OffsetDateTime) -> OffsetDateTime {
    since + LIFE - LIFE_WHEN_ENDED
}

impl OneByOne for Charges {
    type Key = Key;
    type Value = ListedCharges;

    async fn count(tenant: &mut Tenant<'_>, since: OffsetDateTime) -> store::Result<Count> {
        let (total, due) = tenant.count_charge_lists(since, ended_since(since)).await?;
        Ok(Count { total, due })
    }

    async fn due(
        tenant: &mut Tenant<'_>,
        since: OffsetDateTime,
        retry_since: OffsetDateTime,
        limit: i64,
    ) -> store::Result<Vec<Key>> {
        let Some(version) = tenant.recurring_version().await? else { return Ok(Vec::new()) };
        let due = tenant.due_charge_lists(since, ended_since(since), retry_since, limit).await?;
        Ok(due.into_iter().map(|agreement_id| Key { agreement_id, version }).collect())
    }

    async fn fetch(client: &Client, key: &Key) -> Result<Answer<ListedCharges>, Error> {
        let asked_at = OffsetDateTime::now_utc();
        let charges = client.recurring(key.version, None).charges(&key.agreement_id).await?;
        let charges = charges.into_iter().map(|answer| (answer.value, answer.raw)).collect();
        let value = ListedCharges { agreement_id: key.agreement_id.clone(), charges, asked_at };
        Ok(Answer { value, raw: String::new() })
    }

    async fn save(
        tenant: &mut Tenant<'_>,
        answers: &[(ListedCharges, String)],
        now: OffsetDateTime,
    ) -> store::Result<()> {
        let listed: Vec<ListedCharges> = answers.iter().map(|(listed, _)| listed.clone()).collect();
        tenant.save_charges(&listed, now).await
    }

    async fn note_failed(tenant: &mut Tenant<'_>, keys: &[Key], _gone: bool, now: OffsetDateTime) -> store::Result<()> {
        let agreements: Vec<String> = keys.iter().map(|key| key.agreement_id.clone()).collect();
        tenant.note_failed_charge_lists(&agreements, now).await
    }
}
