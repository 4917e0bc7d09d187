//! Taking over upstream's list of orders: what is new, what has changed, and what it shows no longer.

use std::collections::{HashMap, HashSet};

use sqlx::types::Json;
use time::OffsetDateTime;
use uuid::Uuid;

use super::super::sales_units::is_implausible;
use super::super::{Result, Tenant};
use crate::domain::product_order::UpstreamOrder;

/// What a complete list of orders has changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrderListOutcome {
    pub new: usize,
    pub changed: usize,
    pub gone: usize,
    /// Orders missing from an implausible list; they were kept as they are.
    pub held: usize,
    /// Orders of unknown outcome that are there after all, and that are not.
    pub found: usize,
    pub missing: usize,
}

impl Tenant<'_> {
    /// Takes over a complete list that was asked for at `asked_at`. What is missing from it is marked
    /// as gone, never deleted, and not even marked when too much is missing to be true.
    pub async fn apply_product_order_list(
        &mut self,
        listed: &[(UpstreamOrder, String)],
        asked_at: OffsetDateTime,
        now: OffsetDateTime,
        trusting: bool,
    ) -> Result<OrderListOutcome> {
        // First of all, so that orders which are just being sent are seen as they are then.
        let version = self.next_version().await?;
        let mut outcome = OrderListOutcome::default();
        let known = self.known_product_orders().await?;
        let (new, changed) = compare(listed, &known);
        let listed_ids: HashSet<Uuid> = listed.iter().map(|(order, _)| order.id).collect();

        let (new, found) = self.settle_product_orders(new, asked_at, now, &mut outcome).await?;
        outcome.new = new.len();
        outcome.changed = changed.len();
        self.write_product_orders(&new, true, version, now).await?;
        self.write_product_orders(&[changed, found].concat(), false, version, now).await?;

        let visible = known.values().filter(|order| order.gone_at.is_none()).count();
        let missing: Vec<Uuid> = known
            .iter()
            .filter(|(id, order)| order.gone_at.is_none() && order.seen_at < asked_at && !listed_ids.contains(id))
            .map(|(id, _)| *id)
            .collect();
        if is_implausible(visible, missing.len()) && !trusting {
            outcome.held = missing.len();
        } else {
            outcome.gone = missing.len();
            self.mark_product_orders_gone(&missing, version, now).await?;
        }
        self.forget_settled_requests(now).await?;
        Ok(outcome)
    }

    /// Takes over what upstream says of one order.
    pub async fn save_product_order(&mut self, order: &UpstreamOrder, raw: &str, now: OffsetDateTime) -> Result<()> {
        let version = self.next_version().await?;
        let entry = (order.clone(), raw.to_owned());
        self.write_product_orders(&[&entry], false, version, now).await
    }

    /// Marks an order that upstream, asked for it alone, says it does not have.
    pub async fn mark_product_order_gone(&mut self, upstream_id: Uuid, now: OffsetDateTime) -> Result<()> {
        let version = self.next_version().await?;
        self.mark_product_orders_gone(&[upstream_id], version, now).await
    }

    async fn known_product_orders(&mut self) -> Result<HashMap<Uuid, Known>> {
        let organisation = self.scope.copy.as_str();
        let rows = sqlx::query!(
            r#"
            select upstream_id as "upstream_id!", kind, product_type, status, business_scheme, business_id, url, msn,
                   sales_unit_name, gone_at, deleted_at, coalesce(seen_at, first_seen_at) as "seen_at!"
            from product_order where organisation_id = $1 and upstream_id is not null
            "#,
            organisation,
        )
        .fetch_all(self.connection())
        .await?;
        let known = rows.into_iter().map(|row| {
            let shown = Shown {
                kind: row.kind,
                product_type: row.product_type,
                status: row.status,
                business: row.business_scheme.zip(row.business_id),
                url: row.url,
                msn: row.msn,
                sales_unit_name: row.sales_unit_name,
            };
            (row.upstream_id, Known { shown, gone_at: row.gone_at, deleted_at: row.deleted_at, seen_at: row.seen_at })
        });
        Ok(known.collect())
    }

    async fn write_product_orders(
        &mut self,
        orders: &[&(UpstreamOrder, String)],
        new: bool,
        version: i64,
        now: OffsetDateTime,
    ) -> Result<()> {
        let organisation = self.scope.copy.as_str();
        for batch in orders.chunks(2_000) {
            let mut columns = Columns::default();
            for (order, raw) in batch {
                columns.push(order, raw);
            }
            if new {
                sqlx::query!(
                    r#"
                    insert into product_order (
                        organisation_id, id, upstream_id, kind, product_type, status, status_at, business_scheme,
                        business_id, merchant_name, sales_unit_name, url, msn, raw, version, first_seen_at, seen_at)
                    select $1, u.id, u.id, u.kind, u.product_type, u.status, $11, u.scheme, u.business_id, m.name,
                           u.name, u.url, u.msn, u.raw, $12, $11, $11
                    from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                                $9::text[], $10::text[], $13::json[])
                        as u (id, kind, product_type, status, scheme, business_id, name, url, msn, raw)
                    left join merchant m on m.organisation_id = $1 and m.scheme = u.scheme and m.id = u.business_id
                    on conflict do nothing
                    "#,
                    organisation,
                    &columns.ids,
                    &columns.kinds as _,
                    &columns.product_types as _,
                    &columns.statuses as _,
                    &columns.schemes as _,
                    &columns.business_ids as _,
                    &columns.names as _,
                    &columns.urls as _,
                    &columns.msns as _,
                    now,
                    version,
                    &columns.raws as _,
                )
                .execute(self.connection())
                .await?;
            } else {
                self.note_status_changes(&columns, now).await?;
                sqlx::query!(
                    r#"
                    update product_order o
                    set kind = coalesce(u.kind, o.kind), product_type = coalesce(u.product_type, o.product_type),
                        status_at = case when o.status is distinct from u.status then $11 else o.status_at end,
                        status = u.status, business_scheme = coalesce(u.scheme, o.business_scheme),
                        business_id = coalesce(u.business_id, o.business_id),
                        sales_unit_name = coalesce(u.name, o.sales_unit_name), url = coalesce(u.url, o.url),
                        msn = coalesce(u.msn, o.msn), raw = u.raw, version = $12, seen_at = $11, gone_at = null
                    from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                                $9::text[], $10::text[], $13::json[])
                        as u (id, kind, product_type, status, scheme, business_id, name, url, msn, raw)
                    where o.organisation_id = $1 and o.upstream_id = u.id
                    "#,
                    organisation,
                    &columns.ids,
                    &columns.kinds as _,
                    &columns.product_types as _,
                    &columns.statuses as _,
                    &columns.schemes as _,
                    &columns.business_ids as _,
                    &columns.names as _,
                    &columns.urls as _,
                    &columns.msns as _,
                    now,
                    version,
                    &columns.raws as _,
                )
                .execute(self.connection())
                .await?;
            }
            if new {
                sqlx::query!(
                    r#"
                    insert into product_order_event (organisation_id, order_id, at, what, detail)
                    select $1, u.id, $4, 'first_seen', u.status
                    from unnest($2::uuid[], $3::text[]) as u (id, status)
                    join product_order o on o.organisation_id = $1 and o.id = u.id and o.version = $5
                    "#,
                    organisation,
                    &columns.ids,
                    &columns.statuses as _,
                    now,
                    version,
                )
                .execute(self.connection())
                .await?;
            }
        }
        Ok(())
    }

    async fn note_status_changes(&mut self, columns: &Columns, now: OffsetDateTime) -> Result<()> {
        let organisation = self.scope.copy.as_str();
        sqlx::query!(
            r#"
            insert into product_order_event (organisation_id, order_id, at, what, detail)
            select $1, o.id, $4, case when o.gone_at is not null then 'back' else 'status' end, u.status
            from unnest($2::uuid[], $3::text[]) as u (id, status)
            join product_order o on o.organisation_id = $1 and o.upstream_id = u.id
            where o.status is distinct from u.status or o.gone_at is not null
            "#,
            organisation,
            &columns.ids,
            &columns.statuses as _,
            now,
        )
        .execute(self.connection())
        .await
        .map(drop)
    }

    async fn mark_product_orders_gone(&mut self, ids: &[Uuid], version: i64, now: OffsetDateTime) -> Result<()> {
        let organisation = self.scope.copy.as_str();
        sqlx::query!(
            r#"
            with gone as (
                update product_order set gone_at = $3, version = $4
                where organisation_id = $1 and upstream_id = any($2) and gone_at is null
                returning id)
            insert into product_order_event (organisation_id, order_id, at, what)
            select $1, id, $3, 'gone' from gone
            "#,
            organisation,
            ids,
            now,
            version,
        )
        .execute(self.connection())
        .await
        .map(drop)
    }
}

/// What upstream's list shows of an order.
#[derive(PartialEq, Eq)]
struct Shown {
    kind: Option<String>,
    product_type: Option<String>,
    status: Option<String>,
    business: Option<(String, String)>,
    url: Option<String>,
    msn: Option<String>,
    sales_unit_name: Option<String>,
}

struct Known {
    shown: Shown,
    gone_at: Option<OffsetDateTime>,
    deleted_at: Option<OffsetDateTime>,
    seen_at: OffsetDateTime,
}

pub(super) type Listed<'a> = Vec<&'a (UpstreamOrder, String)>;

/// The orders of a list that are new, and those that look different from before.
fn compare<'a>(listed: &'a [(UpstreamOrder, String)], known: &HashMap<Uuid, Known>) -> (Listed<'a>, Listed<'a>) {
    let (mut new, mut changed, mut met) = (Vec::new(), Vec::new(), HashSet::new());
    for entry in listed {
        let order = &entry.0;
        if !met.insert(order.id) {
            continue;
        }
        match known.get(&order.id) {
            None => new.push(entry),
            // What was deleted here can stay in upstream's list for a moment.
            Some(known) if known.deleted_at.is_some() => {}
            Some(known) if known.gone_at.is_some() || differs(order, &known.shown) => changed.push(entry),
            Some(_) => {}
        }
    }
    (new, changed)
}

/// Whether upstream says anything else than is known. What it leaves out says nothing.
fn differs(order: &UpstreamOrder, known: &Shown) -> bool {
    let says = |said: Option<&str>, known: &Option<String>| said.is_some() && said != known.as_deref();
    let business = order.business_identifier.as_ref().map(|business| (business.scheme.clone(), business.id.clone()));
    let unit = order.sales_unit.as_ref();
    order.status.upstream() != known.status.as_deref()
        || says(order.kind.upstream(), &known.kind)
        || says(order.product_type.upstream(), &known.product_type)
        || says(order.url.as_deref(), &known.url)
        || says(unit.map(|unit| unit.msn.as_str()), &known.msn)
        || says(unit.and_then(|unit| unit.name.as_deref()), &known.sales_unit_name)
        || (business.is_some() && business != known.business)
}

#[derive(Default)]
struct Columns {
    ids: Vec<Uuid>,
    kinds: Vec<Option<String>>,
    product_types: Vec<Option<String>>,
    statuses: Vec<Option<String>>,
    schemes: Vec<Option<String>>,
    business_ids: Vec<Option<String>>,
    names: Vec<Option<String>>,
    urls: Vec<Option<String>>,
    msns: Vec<Option<String>>,
    raws: Vec<Json<serde_json::Value>>,
}

impl Columns {
    fn push(&mut self, order: &UpstreamOrder, raw: &str) {
        let owned = |text: Option<&str>| text.map(ToOwned::to_owned);
        let (business, unit) = (order.business_identifier.as_ref(), order.sales_unit.as_ref());
        self.ids.push(order.id);
        self.kinds.push(owned(order.kind.upstream()));
        self.product_types.push(owned(order.product_type.upstream()));
        self.statuses.push(owned(order.status.upstream()));
        self.schemes.push(business.map(|business| business.scheme.clone()));
        self.business_ids.push(business.map(|business| business.id.clone()));
        self.names.push(unit.and_then(|unit| unit.name.clone()));
        self.urls.push(order.url.clone());
        self.msns.push(unit.map(|unit| unit.msn.to_string()));
        self.raws.push(Json(serde_json::from_str(raw).unwrap_or_default()));
    }
}
