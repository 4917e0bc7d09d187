//! The copy of the price packages, what uses them, and those that staff have noted for sales units.

use std::collections::{HashMap, HashSet};

use sqlx::types::Json;
use time::OffsetDateTime;
use uuid::Uuid;

use super::sales_units::is_implausible;
use super::{Result, Tenant};
use crate::domain::identifiers::Msn;
use crate::domain::price_package::{
    KnownPricePackage, NamedPricePackage, NotedPricePackage, OrderedPricePackage, PricePackage, UnitPricePackage,
};
use crate::domain::product_order::ProductType;
use crate::domain::sales_unit::ListedSalesUnit;

/// What a complete list of price packages has changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PackageListOutcome {
    pub new: usize,
    pub gone: usize,
    /// Packages missing from an implausible list; they were kept as they are.
    pub held: usize,
}

impl Tenant<'_> {
    /// Takes over a complete list from upstream. What is missing from it is marked as gone, never deleted, and
    /// not even marked when too much is missing to be true, unless `trusting`.
    pub async fn apply_price_package_list(
        &mut self,
        listed: &[(PricePackage, String)],
        now: OffsetDateTime,
        trusting: bool,
    ) -> Result<PackageListOutcome> {
        let organisation = self.scope.copy.as_str();
        let known = sqlx::query!(
            r#"select id, gone_at is not null as "gone!" from price_package where organisation_id = $1"#,
            organisation,
        )
        .fetch_all(self.connection())
        .await?;
        let known: HashMap<String, bool> = known.into_iter().map(|row| (row.id, row.gone)).collect();
        let mut outcome = PackageListOutcome::default();
        for (package, raw) in listed {
            outcome.new += usize::from(!known.contains_key(&package.id));
            self.save_price_package(package, raw, now).await?;
        }
        let listed: HashSet<&str> = listed.iter().map(|(package, _)| package.id.as_str()).collect();
        let visible = known.values().filter(|gone| !**gone).count();
        let missing: Vec<String> = known
            .iter()
            .filter(|(id, gone)| !**gone && !listed.contains(id.as_str()))
            .map(|(id, _)| id.clone())
            .collect();
        if !trusting && is_implausible(visible, missing.len()) {
            outcome.held = missing.len();
            return Ok(outcome);
        }
        outcome.gone = missing.len();
        sqlx::query!(
            "update price_package set gone_at = $3 where organisation_id = $1 and id = any($2)",
            organisation,
            &missing,
            now,
        )
        .execute(self.connection())
        .await?;
        Ok(outcome)
    }

    async fn save_price_package(&mut self, package: &PricePackage, raw: &str, now: OffsetDateTime) -> Result<()> {
        let organisation = self.scope.copy.as_str();
        let raw: Json<serde_json::Value> = Json(serde_json::from_str(raw).unwrap_or_default());
        sqlx::query!(
            r#"
            insert into price_package (
                organisation_id, id, name, description, product_type, market, commission, visible_in_signup_form, raw,
                first_seen_at, seen_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)
            on conflict (organisation_id, id) do update
            set name = excluded.name, description = excluded.description, product_type = excluded.product_type,
                market = excluded.market, commission = excluded.commission,
                visible_in_signup_form = excluded.visible_in_signup_form, raw = excluded.raw,
                seen_at = excluded.seen_at, gone_at = null
            "#,
            organisation,
            package.id,
            package.name,
            package.description,
            package.product_type.upstream(),
            package.market,
            package.commission,
            Option::<bool>::from(package.visible_in_signup_form),
            raw as _,
            now,
        )
        .execute(self.connection())
        .await
        .map(drop)
    }

    /// Every package by market and product, with what uses it; those that are gone come last. A unit counts for
    /// the package of its newest completed order, else for the one that was noted for it.
    pub async fn price_packages(&mut self) -> Result<Vec<KnownPricePackage>> {
        let organisation = self.scope.copy.as_str();
        let templates = self.templates_by_price_package().await?;
        let rows = sqlx::query!(
            r#"
            with ordered as (
                select distinct on (msn) msn, price_package_id
                from product_order
                where organisation_id = $1 and msn is not null and price_package_id is not null
                  and status = 'COMPLETED' and merged_into is null
                order by msn, coalesce(sent_at, first_seen_at) desc
            ), units as (
                select price_package_id, count(*) as units from (
                    select price_package_id from ordered
                    union all
                    select n.price_package_id from noted_price_package n
                    where n.organisation_id = $1 and not exists (select from ordered o where o.msn = n.msn)) known
                group by price_package_id
            ), orders as (
                select price_package_id, count(*) as orders from product_order
                where organisation_id = $1 and price_package_id is not null and merged_into is null
                  and (delivery is null or delivery = 'sent')
                group by price_package_id
            )
            select p.id, p.name, p.description, p.product_type, p.market, p.commission, p.visible_in_signup_form,
                   p.first_seen_at, p.gone_at, coalesce(o.orders, 0) as "orders!", coalesce(u.units, 0) as "units!"
            from price_package p
            left join orders o on o.price_package_id = p.id
            left join units u on u.price_package_id = p.id
            where p.organisation_id = $1
            order by p.gone_at is not null, p.market nulls last, p.product_type nulls last, lower(p.name), p.id
            "#,
            organisation,
        )
        .fetch_all(self.connection())
        .await?;
        let count = |number: i64| usize::try_from(number).unwrap_or_default();
        let packages = rows.into_iter().map(|row| KnownPricePackage {
            first_seen_at: row.first_seen_at,
            gone_at: row.gone_at,
            templates: templates.get(&row.id).cloned().unwrap_or_default(),
            orders: count(row.orders),
            units: count(row.units),
            package: PricePackage {
                id: row.id,
                name: row.name,
                description: row.description,
                product_type: ProductType::from_upstream(row.product_type.as_deref()),
                market: row.market,
                commission: row.commission,
                visible_in_signup_form: row.visible_in_signup_form.into(),
            },
        });
        Ok(packages.collect())
    }

    async fn templates_by_price_package(&mut self) -> Result<HashMap<String, Vec<(Uuid, String)>>> {
        let organisation = self.scope.copy.as_str();
        let rows = sqlx::query!(
            r#"
            select preset ->> 'price_package_id' as "package!", id, name from template
            where organisation_id = $1 and archived_at is null and preset ->> 'price_package_id' is not null
            order by lower(name)
            "#,
            organisation,
        )
        .fetch_all(self.connection())
        .await?;
        let mut templates: HashMap<String, Vec<(Uuid, String)>> = HashMap::new();
        for row in rows {
            templates.entry(row.package).or_default().push((row.id, row.name));
        }
        Ok(templates)
    }

    /// The sales units that are known to have a package, by name: at most `limit`. Those that upstream no longer
    /// shows are among them.
    pub async fn units_of_price_package(&mut self, package: &str, limit: i64) -> Result<Vec<ListedSalesUnit>> {
        let organisation = self.scope.copy.as_str();
        let rows = sqlx::query!(
            r#"
            with candidates as (
                select distinct msn from product_order
                where organisation_id = $1 and price_package_id = $2 and msn is not null and status = 'COMPLETED'
                  and merged_into is null
                union
                select msn from noted_price_package where organisation_id = $1 and price_package_id = $2
            ), known as (
                select c.msn, coalesce(
                    (select o.price_package_id from product_order o
                     where o.organisation_id = $1 and o.msn = c.msn and o.price_package_id is not null
                       and o.status = 'COMPLETED' and o.merged_into is null
                     order by coalesce(o.sent_at, o.first_seen_at) desc limit 1),
                    $2) as price_package_id
                from candidates c
            )
            select k.msn as "msn!", s.name as "name?" from known k
            left join sales_unit s on s.organisation_id = $1 and s.msn = k.msn
            where k.price_package_id = $2
            order by s.name nulls last, k.msn
            limit $3
            "#,
            organisation,
            package,
            limit,
        )
        .fetch_all(self.connection())
        .await?;
        let units = rows.into_iter();
        let units = units.filter_map(|row| Some(ListedSalesUnit { msn: Msn::parse(&row.msn)?, name: row.name }));
        Ok(units.collect())
    }

    /// What is known of the price package of a sales unit; and, if they are wanted, the packages that upstream
    /// shows, by market, product and name.
    pub async fn price_package_of(
        &mut self,
        msn: &Msn,
        with_choices: bool,
    ) -> Result<(UnitPricePackage, Vec<PricePackage>)> {
        let organisation = self.scope.copy.as_str();
        let sources = sqlx::query!(
            r#"
            (select o.id as "order?", o.price_package_id as "package!", coalesce(o.sent_at, o.first_seen_at) as "at!",
                    '' as "by!"
             from product_order o
             where o.organisation_id = $1 and o.msn = $2 and o.price_package_id is not null
               and o.status = 'COMPLETED' and o.merged_into is null
             order by coalesce(o.sent_at, o.first_seen_at) desc
             limit 1)
            union all
            select null, n.price_package_id, n.noted_at, n.noted_by_email from noted_price_package n
            where n.organisation_id = $1 and n.msn = $2
            "#,
            organisation,
            msn.as_str(),
        )
        .fetch_all(self.connection())
        .await?;
        let ids: Vec<String> = sources.iter().map(|source| source.package.clone()).collect();
        if ids.is_empty() && !with_choices {
            return Ok(Default::default());
        }
        let packages = self.some_price_packages(&ids, with_choices).await?;
        let mut known = UnitPricePackage::default();
        for source in sources {
            let found = packages.iter().find(|(package, _)| package.id == source.package);
            let package = NamedPricePackage { id: source.package, package: found.map(|(package, _)| package.clone()) };
            match source.order {
                Some(order) => known.ordered = Some(OrderedPricePackage { package, order, sent_at: source.at }),
                None => known.noted = Some(NotedPricePackage { package, by_email: source.by, at: source.at }),
            }
        }
        let choices = packages.into_iter().filter(|(_, gone)| with_choices && !gone).map(|(package, _)| package);
        Ok((known, choices.collect()))
    }

    /// Whether the portal knows a package with this id, be it still shown or not.
    pub async fn knows_price_package(&mut self, id: &str) -> Result<bool> {
        Ok(!self.some_price_packages(&[id.to_owned()], false).await?.is_empty())
    }

    /// These packages, or with `and_visible` also all that upstream shows; and whether each is gone.
    async fn some_price_packages(&mut self, ids: &[String], and_visible: bool) -> Result<Vec<(PricePackage, bool)>> {
        let organisation = self.scope.copy.as_str();
        let rows = sqlx::query!(
            r#"
            select id, name, description, product_type, market, commission, visible_in_signup_form,
                   gone_at is not null as "gone!"
            from price_package
            where organisation_id = $1 and (id = any($2) or ($3 and gone_at is null))
            order by market nulls last, product_type nulls last, lower(name), id
            "#,
            organisation,
            ids,
            and_visible,
        )
        .fetch_all(self.connection())
        .await?;
        let packages = rows.into_iter().map(|row| {
            let package = PricePackage {
                id: row.id,
                name: row.name,
                description: row.description,
                product_type: ProductType::from_upstream(row.product_type.as_deref()),
                market: row.market,
                commission: row.commission,
                visible_in_signup_form: row.visible_in_signup_form.into(),
            };
            (package, row.gone)
        });
        Ok(packages.collect())
    }

    /// The packages that upstream shows, for choosing one: by market, product and name.
    pub async fn price_packages_to_choose(&mut self) -> Result<Vec<PricePackage>> {
        let packages = self.some_price_packages(&[], true).await?;
        Ok(packages.into_iter().map(|(package, _)| package).collect())
    }

    /// Notes the package of a sales unit, in place of what was noted before.
    pub async fn note_price_package(
        &mut self,
        msn: &Msn,
        package: &str,
        staff: Uuid,
        by_email: &str,
        now: OffsetDateTime,
    ) -> Result<()> {
        let organisation = self.scope.copy.as_str();
        sqlx::query!(
            r#"
            insert into noted_price_package (organisation_id, msn, price_package_id, noted_by, noted_by_email, noted_at)
            values ($1, $2, $3, $4, $5, $6)
            on conflict (organisation_id, msn) do update
            set price_package_id = excluded.price_package_id, noted_by = excluded.noted_by,
                noted_by_email = excluded.noted_by_email, noted_at = excluded.noted_at
            "#,
            organisation,
            msn.as_str(),
            package,
            staff,
            by_email,
            now,
        )
        .execute(self.connection())
        .await
        .map(drop)
    }

    /// Takes away what was noted of a sales unit's package.
    pub async fn forget_noted_price_package(&mut self, msn: &Msn) -> Result<()> {
        let organisation = self.scope.copy.as_str();
        sqlx::query!(
            "delete from noted_price_package where organisation_id = $1 and msn = $2",
            organisation,
            msn.as_str(),
        )
        .execute(self.connection())
        .await
        .map(drop)
    }
}
