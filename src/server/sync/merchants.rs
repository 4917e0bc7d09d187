//! The merchants that own the sales units: one call a merchant.

use futures::FutureExt;
use futures::future::BoxFuture;
use time::OffsetDateTime;

use super::one_by_one::{Count, OneByOne, fetch_due};
use super::{Done, Resource, Round, Trouble, unit_webhooks};
use crate::domain::identifiers::BusinessIdentifier;
use crate::domain::merchant::Merchant;
use crate::server::store::sales_units::DETAILS_LIFE;
use crate::server::store::{self, Tenant};
use crate::server::vipps::{Answer, Client, Error};

pub const NAME: &str = "merchants";
pub const RESOURCE: Resource = Resource::of_everybody(NAME, "Fetching merchants", run);

fn run(round: Round) -> BoxFuture<'static, Result<Done, Trouble>> {
    async move {
        let everything = fetch_due::<Merchants>(&round, DETAILS_LIFE).await?;
        Ok(if everything {
            Done { then: vec![unit_webhooks::NAME], ..Done::default() }
        } else {
            Done::to_be_continued()
        })
    }
    .boxed()
}

struct Merchants;

impl OneByOne for Merchants {
    type Key = BusinessIdentifier;
    type Value = Merchant;

    async fn count(tenant: &mut Tenant<'_>, since: OffsetDateTime) -> store::Result<Count> {
        let (total, due) = tenant.count_merchants(since).await?;
        Ok(Count { total, due })
    }

    async fn due(
        tenant: &mut Tenant<'_>,
        since: OffsetDateTime,
        retry_since: OffsetDateTime,
        limit: i64,
    ) -> store::Result<Vec<BusinessIdentifier>> {
        tenant.due_merchants(since, retry_since, limit).await
    }

    async fn fetch(client: &Client, key: &BusinessIdentifier) -> Result<Answer<Merchant>, Error> {
        let mut answer = client.merchant(key).await?;
        // Upstream has been seen to spell identifiers differently from how it was asked.
        answer.value.business_identifier = key.clone();
        Ok(answer)
    }

    async fn save(tenant: &mut Tenant<'_>, answers: &[(Merchant, String)], now: OffsetDateTime) -> store::Result<()> {
        tenant.save_merchants(answers, now).await
    }

    async fn note_failed(
        tenant: &mut Tenant<'_>,
        keys: &[BusinessIdentifier],
        gone: bool,
        now: OffsetDateTime,
    ) -> store::Result<()> {
        tenant.note_failed_merchants(keys, gone, now).await
    }
}
