//! What the portal knows of a merchant and of upstream while a prefill is filled in.

use super::{Result, Tenant};
use crate::domain::identifiers::BusinessIdentifier;

impl Tenant<'_> {
    /// Whether this organisation's upstream still takes compliance data.
    pub async fn sends_compliance_data(&mut self) -> Result<bool> {
        let organisation = self.scope.copy.as_str();
        let sends = sqlx::query_scalar!("select sends_compliance_data from organisation where id = $1", organisation)
            .fetch_optional(self.connection())
            .await?;
        Ok(sends.unwrap_or_default())
    }

    /// A merchant's name and how many sales units it has; none if the copy does not know its name.
    pub async fn merchant_and_units(&mut self, business: &BusinessIdentifier) -> Result<Option<(String, usize)>> {
        let organisation = self.scope.copy.as_str();
        let row = sqlx::query!(
            r#"
            select coalesce(
                       (select m.name from merchant m
                        where m.organisation_id = $1 and m.scheme = $2 and m.id = $3),
                       max(u.merchant_name)) as name,
                   count(*) as "units!"
            from sales_unit u
            where u.organisation_id = $1 and u.business_scheme = $2 and u.business_id = $3 and u.gone_at is null
            "#,
            organisation,
            business.scheme,
            business.id,
        )
        .fetch_one(self.connection())
        .await?;
        Ok(row.name.map(|name| (name, usize::try_from(row.units).unwrap_or_default())))
    }
}
