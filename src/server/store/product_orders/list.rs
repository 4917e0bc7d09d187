//! Taking over upstream's list of orders: what is new, what has changed, and what it shows no longer.
//!
//! A list can be long and slow. It is compared with what is known before anything is locked, and
//! written in pieces, so that whoever sends an order meanwhile does not wait for all of it. Each piece
//! leaves out what is known from after the list was asked for.

use std::collections::{HashMap, HashSet};

use time::OffsetDateTime;
use uuid::Uuid;

use super::super::sales_units::is_implausible;
use super::super::{Result, Scope, Store, Tenant};
use crate::domain::product_order::UpstreamOrder;

/// Orders that are written in one transaction.
const BATCH: usize = 2_000;

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

impl Store {
    /// Takes over a complete list that was asked for at `asked_at`. What is missing from it is marked
    /// as gone, never deleted, and not even marked when too much is missing to be true.
    pub async fn apply_product_order_list(
        &self,
        scope: &Scope,
        listed: &[(UpstreamOrder, String)],
        asked_at: OffsetDateTime,
        now: OffsetDateTime,
        trusting: bool,
    ) -> Result<OrderListOutcome> {
        let mut reading = self.tenant(scope).await?;
        let known = reading.known_product_orders().await?;
        // Only after what is known: an order whose answer comes in between is not new, and is left out
        // when it is to be written.
        let unsettled = reading.has_unsettled_product_orders().await?;
        drop(reading);
        let Compared { mut new, changed, missing } = compare(listed, &known, asked_at);
        let visible = known.values().filter(|order| !order.gone).count();
        let believed = trusting || !is_implausible(visible, missing.len());
        let mut outcome = OrderListOutcome { changed: changed.len(), ..OrderListOutcome::default() };
        if unsettled {
            let mut tenant = self.tenant(scope).await?;
            new = tenant.settle_product_orders(new, asked_at, now, believed, &mut outcome).await?;
            tenant.commit().await?;
        }
        outcome.new = new.len();
        for batch in new.chunks(BATCH) {
            let mut tenant = self.tenant(scope).await?;
            tenant.write_new_product_orders(batch, asked_at, now).await?;
            tenant.commit().await?;
        }
        for batch in changed.chunks(BATCH) {
            let mut tenant = self.tenant(scope).await?;
            tenant.write_changed_product_orders(batch, asked_at, now).await?;
            tenant.commit().await?;
        }
        if !believed {
            outcome.held = missing.len();
            return Ok(outcome);
        }
        outcome.gone = missing.len();
        for batch in missing.chunks(BATCH) {
            let mut tenant = self.tenant(scope).await?;
            tenant.mark_product_orders_gone(batch, asked_at).await?;
            tenant.commit().await?;
        }
        Ok(outcome)
    }
}

impl Tenant<'_> {
    /// Takes over what upstream said of one order that it was asked for at `asked_at`.
    pub async fn save_product_order(
        &mut self,
        order: &UpstreamOrder,
        raw: &str,
        asked_at: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Result<()> {
        self.write_changed_product_orders(&[&(order.clone(), raw.to_owned())], asked_at, now).await
    }

    /// Marks an order of which upstream, asked for it alone at `asked_at`, said that it does not have it.
    pub async fn mark_product_order_gone(&mut self, upstream_id: Uuid, asked_at: OffsetDateTime) -> Result<()> {
        self.mark_product_orders_gone(&[upstream_id], asked_at).await
    }

    async fn known_product_orders(&mut self) -> Result<HashMap<Uuid, Known>> {
        let organisation = self.scope.copy.as_str();
        let rows = sqlx::query!(
            r#"
            select upstream_id as "upstream_id!", kind, product_type, status, business_scheme, business_id, url, msn,
                   sales_unit_name, gone_at is not null as "gone!",
                   greatest(coalesce(seen_at, first_seen_at), gone_at, deleted_at) as "as_of!"
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
            (row.upstream_id, Known { shown, gone: row.gone, as_of: row.as_of })
        });
        Ok(known.collect())
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
    gone: bool,
    /// From when it is known.
    as_of: OffsetDateTime,
}

pub(super) type Listed<'a> = Vec<&'a (UpstreamOrder, String)>;

struct Compared<'a> {
    new: Listed<'a>,
    changed: Listed<'a>,
    missing: Vec<Uuid>,
}

/// What is new in a list that was asked for at `asked_at`, what looks different from before, and what
/// it does not show. What is known from later is left as it is.
fn compare<'a>(
    listed: &'a [(UpstreamOrder, String)],
    known: &HashMap<Uuid, Known>,
    asked_at: OffsetDateTime,
) -> Compared<'a> {
    let (mut new, mut changed, mut met) = (Vec::new(), Vec::new(), HashSet::with_capacity(listed.len()));
    for entry in listed {
        let order = &entry.0;
        if !met.insert(order.id) {
            continue;
        }
        match known.get(&order.id) {
            None => new.push(entry),
            Some(known) if known.as_of >= asked_at => {}
            Some(known) if known.gone || differs(order, &known.shown) => changed.push(entry),
            Some(_) => {}
        }
    }
    let missing = known.iter().filter(|(id, order)| !order.gone && order.as_of < asked_at && !met.contains(id));
    Compared { new, changed, missing: missing.map(|(id, _)| *id).collect() }
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
