//! Where subscriptions fail: the charges that failed for good, by reason.

use time::Date;

use super::{Result, Tenant};
use crate::domain::charge::{FailedCharge, FailedGroup, FailureReason};
use crate::domain::failed_charges::After;
use crate::domain::money::{Currency, Money};
use crate::domain::standing::Told;

impl Tenant<'_> {
    /// The reasons for which charges have failed since a day, those with the most charges first. For each currency of a
    /// reason there is a sum.
    pub async fn failed_groups(&mut self, since: Date) -> Result<Vec<FailedGroup>> {
        let organisation = self.scope.copy.as_str();
        let rows = sqlx::query!(
            r#"
            select failure_reason as reason, coalesce(currency, 'NOK') as "currency!", count(*) as "count!",
                   count(distinct agreement_id) as "agreements!", sum(amount)::bigint as "sum!"
            from charge
            where organisation_id = $1 and failed_on >= $2
            group by 1, 2
            order by sum(count(*)) over (partition by failure_reason) desc, 1, 2
            "#,
            organisation,
            since,
        )
        .fetch_all(self.connection())
        .await?;
        let mut groups: Vec<FailedGroup> = Vec::new();
        let number = |number: i64| usize::try_from(number).unwrap_or_default();
        for row in rows {
            let reason = row.reason.as_deref().and_then(FailureReason::from_upstream);
            let sum = Money::new(row.sum, Currency::from_upstream(&row.currency));
            match groups.last_mut().filter(|group| group.reason == reason) {
                Some(group) => {
                    group.count += number(row.count);
                    // One agreement has one currency.
                    group.agreements += number(row.agreements);
                    group.sums.push(sum);
                }
                None => groups.push(FailedGroup {
                    reason,
                    count: number(row.count),
                    agreements: number(row.agreements),
                    sums: vec![sum],
                }),
            }
        }
        Ok(groups)
    }

    /// The charges that have failed since a day for one reason, the latest first.
    pub async fn failed_charges(
        &mut self,
        since: Date,
        reason: Option<&FailureReason>,
        after: Option<&After>,
        limit: usize,
    ) -> Result<Vec<FailedCharge>> {
        let organisation = self.scope.copy.as_str();
        let rows = sqlx::query!(
            r#"
            select c.agreement_id, c.id, c.amount, coalesce(c.currency, 'NOK') as "currency!", c.description,
                   c.failed_on as "failed_on!", c.failure_reason, a.product_name, a.state, a.contradiction
            from charge c
            join agreement a on a.organisation_id = $1 and a.id = c.agreement_id
            where c.organisation_id = $1 and c.failed_on >= $2 and c.failure_reason is not distinct from $3
              and ($4::date is null or (c.failed_on, c.agreement_id, c.id) < ($4, $5, $6))
            order by c.failed_on desc, c.agreement_id desc, c.id desc
            limit $7
            "#,
            organisation,
            since,
            reason.map(FailureReason::upstream),
            after.map(|after| after.failed_on),
            after.map(|after| after.agreement_id.as_str()),
            after.map(|after| after.id.as_str()),
            i64::try_from(limit).unwrap_or(i64::MAX),
        )
        .fetch_all(self.connection())
        .await?;
        let charges = rows.into_iter().map(|row| FailedCharge {
            agreement_id: row.agreement_id,
            product_name: row.product_name,
            agreement_state: match row.contradiction {
                Some(word) => Told::Other(word),
                None => Told::from_upstream(row.state.as_deref()),
            },
            id: row.id,
            amount: Money::new(row.amount, Currency::from_upstream(&row.currency)),
            description: row.description,
            failed_on: row.failed_on,
            reason: row.failure_reason.as_deref().and_then(FailureReason::from_upstream),
        });
        Ok(charges.collect())
    }
}
