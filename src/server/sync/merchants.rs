//! The merchants that own the sales units: one call a merchant.

use futures::FutureExt;
use futures::future::BoxFuture;
use time::OffsetDateTime;

use super::one_by_one::{Count, OneByOne, fetch_due};
use super::{Done, Resource, Round, Trouble, contracts, not_refreshed, unit_webhooks};
use crate::domain::failure::Failure;
use crate::domain::identifiers::BusinessIdentifier;
use crate::domain::merchant::Merchant;
use crate::domain::organisation::OrgId;
use crate::server::Portal;
use crate::server::store::sales_units::DETAILS_LIFE;
use crate::server::store::{self, Scope, Tenant, unavailable};
use crate::server::vipps::{Answer, Client, Error};

pub const NAME: &str = "merchants";
pub const RESOURCE: Resource = Resource::of_everybody(NAME, "Fetching merchants", run);

fn run(round: Round) -> BoxFuture<'static, Result<Done, Trouble>> {
    async move {
        let everything = fetch_due::<Merchants>(&round, DETAILS_LIFE).await?;
        // Contracts where upstream has them; webhooks last, because they are one call a unit again.
        let then = vec![contracts::NAME, unit_webhooks::NAME];
        Ok(if everything { Done { then, ..Done::default() } } else { Done::to_be_continued() })
    }
    .boxed()
}

/// Asks upstream for one merchant now, ahead of everything else.
pub async fn refresh(portal: &Portal, copy: &OrgId, business: &BusinessIdentifier) -> Result<(), Failure> {
    let client = portal.client_for_people(copy).await?;
    let scope = Scope::whole(copy.clone());
    let answer = client.merchant(business).await;
    let now = OffsetDateTime::now_utc();
    let mut tenant = portal.store().tenant(&scope).await.map_err(unavailable)?;
    match answer {
        Ok(answer) => tenant.save_merchants(&[(answer.value, answer.raw)], now).await,
        Err(error) if error.is_not_found() => {
            tenant.note_failed_merchants(std::slice::from_ref(business), true, now).await
        }
        Err(error) => return Err(not_refreshed(&error, copy)),
    }
    .map_err(unavailable)?;
    tenant.commit().await.map_err(unavailable)
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
