//! The copy of the partner's price packages.

use super::{Result, Tenant};
use crate::domain::price_package::PricePackage;
use crate::domain::product_order::ProductType;
use crate::domain::sales_unit::Flag;

impl Tenant<'_> {
    /// Those that upstream shows, by name.
    pub async fn price_packages(&mut self) -> Result<Vec<PricePackage>> {
        let organisation = self.scope.copy.as_str();
        let rows = sqlx::query!(
            r#"
            select id, name, description, product_type, market, commission, visible_in_signup_form
            from price_package
            where organisation_id = $1 and gone_at is null
            order by lower(name), id
            "#,
            organisation,
        )
        .fetch_all(self.connection())
        .await?;
        let packages = rows.into_iter().map(|row| PricePackage {
            id: row.id,
            name: row.name,
            description: row.description,
            product_type: ProductType::from_upstream(row.product_type.as_deref()),
            market: row.market,
            commission: row.commission,
            visible_in_signup_form: Flag::from(row.visible_in_signup_form),
        });
        Ok(packages.collect())
    }
}
