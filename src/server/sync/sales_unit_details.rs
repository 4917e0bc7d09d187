//! The details of each sales unit: one call a unit.

use futures::FutureExt;
use futures::future::BoxFuture;
use time::OffsetDateTime;

use super::one_by_one::{Count, OneByOne, fetch_due};
use super::{Done, Resource, Round, Trouble, merchants};
use crate::domain::identifiers::Msn;
use crate::domain::sales_unit::SalesUnitDetails;
use crate::server::store::sales_units::DETAILS_LIFE;
use crate::server::store::{self, Tenant};
use crate::server::vipps::{Answer, Client, Error};

pub const NAME: &str = "sales_unit_details";
pub const RESOURCE: Resource = Resource::of_everybody(NAME, "Fetching details of sales units", run);

fn run(round: Round) -> BoxFuture<'static, Result<Done, Trouble>> {
    async move {
        let everything = fetch_due::<Details>(&round, DETAILS_LIFE).await?;
        Ok(if everything { Done { then: vec![merchants::NAME], ..Done::default() } } else { Done::to_be_continued() })
    }
    .boxed()
}

struct Details;

impl OneByOne for Details {
    type Key = Msn;
    type Value = SalesUnitDetails;

    async fn count(tenant: &mut Tenant<'_>, since: OffsetDateTime) -> store::Result<Count> {
        let (total, due) = tenant.count_sales_unit_details(since).await?;
        Ok(Count { total, due })
    }

    async fn due(
        tenant: &mut Tenant<'_>,
        since: OffsetDateTime,
        retry_since: OffsetDateTime,
        limit: i64,
    ) -> store::Result<Vec<Msn>> {
        tenant.due_sales_unit_details(since, retry_since, limit).await
    }

    async fn fetch(client: &Client, key: &Msn) -> Result<Answer<SalesUnitDetails>, Error> {
        client.sales_unit(key).await
    }

    async fn save(
        tenant: &mut Tenant<'_>,
        answers: &[(SalesUnitDetails, String)],
        now: OffsetDateTime,
    ) -> store::Result<()> {
        tenant.save_sales_unit_details(answers, now).await
    }

    /// The list decides which units are visible: it alone is whole. A unit that is listed but has
    /// no details is asked about again later.
    async fn note_failed(tenant: &mut Tenant<'_>, keys: &[Msn], _gone: bool, now: OffsetDateTime) -> store::Result<()> {
        tenant.note_failed_sales_unit_details(keys, now).await
    }
}
