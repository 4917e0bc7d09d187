//! Product orders, as whom one acts as sees them.

use futures::FutureExt;
use time::OffsetDateTime;
use uuid::Uuid;

use super::prefill::stored_form;
use super::{Acting, PAGE_SIZE};
use crate::domain::failure::Failure;
use crate::domain::freshness::Freshness;
use crate::domain::organisation::Role;
use crate::domain::page::Page;
use crate::domain::prefill::{Field, PrefillForm, readable};
use crate::domain::price_package::PricePackage;
use crate::domain::product_order::{Delivery, ProductOrder, ProductOrderRow};
use crate::domain::product_order_filter::{ProductOrderFilter, ProductOrderQuery};
use crate::server::ordering::{self, Deleting, Sending};
use crate::server::records::Recorded;
use crate::server::store::product_orders::ProductOrders;
use crate::server::store::unavailable;

/// Longest note that is kept with an order, in characters.
pub const NOTE_LIMIT: usize = 2_000;

/// What was filled in for the merchant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilledIn {
    /// Labels and values, in the order of the form.
    pub lines: Vec<(&'static str, String)>,
    /// The hash of the picture.
    pub logo: Option<String>,
}

/// What came of asking for an order anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refreshing {
    Asked,
    /// Somebody else has asked a moment ago, or is at it.
    JustAsked,
    /// Upstream has never had the order.
    NothingToAsk,
}

/// An order with what belongs beside it.
#[derive(Clone, Debug)]
pub struct ProductOrderView {
    pub order: ProductOrder,
    /// For an order of unknown outcome: those upstream shows that could be it, and since when.
    pub candidates: Vec<(Uuid, OffsetDateTime)>,
    /// None if it is not known here.
    pub filled_in: Option<FilledIn>,
}

impl Acting {
    pub async fn product_orders(&self, query: &ProductOrderQuery) -> Result<Page<ProductOrderRow>, Failure> {
        self.page::<ProductOrders>(query, PAGE_SIZE).await
    }

    /// How old the copy of the product orders is, and why.
    pub fn freshness_of_product_orders(&self) -> Freshness {
        self.freshness_of(ProductOrders::RESOURCES)
    }

    /// How many product orders match.
    pub async fn count_product_orders(&self, filter: &ProductOrderFilter) -> Result<usize, Failure> {
        Ok(self.page::<ProductOrders>(&filter.clone().into(), 0).await?.matching)
    }

    /// An order by the portal's id or upstream's.
    pub async fn product_order(&self, id: Uuid) -> Result<ProductOrderView, Failure> {
        let mut tenant = self.shared_tenant().await?;
        let order = tenant.product_order(id).await.map_err(unavailable)?.ok_or(Failure::NotFound)?;
        if !self.is_partner() {
            return Ok(ProductOrderView { order: order.as_merchants_see(), candidates: Vec::new(), filled_in: None });
        }
        let candidates = if order.is_in_doubt() {
            tenant.product_order_candidates(order.row.id).await.map_err(unavailable)?
        } else {
            Vec::new()
        };
        let filled_in = match stored_form(&order) {
            Some(form) => Some(filled_in(&form, &tenant.price_packages_to_choose().await.map_err(unavailable)?)),
            None => None,
        };
        Ok(ProductOrderView { order, candidates, filled_in })
    }

    /// The same once it has been sent; whoever asks waits a moment for that.
    pub async fn sent_product_order(&self, id: Uuid) -> Result<ProductOrderView, Failure> {
        let sending = |found: &ProductOrderView| found.order.row.delivery == Some(Delivery::Sending);
        ordering::patiently(|| self.product_order(id).boxed(), sending).await
    }

    /// Keeps a note with an order.
    pub async fn note_product_order(&self, id: Uuid, note: &str) -> Result<(), Failure> {
        self.may(Role::Operator)?;
        let mut tenant = self.partner_tenant().await?;
        let order = tenant.product_order(id).await.map_err(unavailable)?.ok_or(Failure::NotFound)?;
        // It may have turned out to be another one while the note was being written.
        let id = order.merged_into.unwrap_or(order.row.id);
        let now = OffsetDateTime::now_utc();
        tenant.note_product_order(id, note, self.email(), now).await.map_err(unavailable)?;
        tenant.commit().await.map_err(unavailable)
    }

    pub async fn delete_product_order(&self, id: Uuid) -> Result<Deleting, Failure> {
        self.as_partner()?;
        self.may(Role::Operator)?;
        let order = self.product_order(id).await?.order;
        let upstream_id = order.row.upstream_id.ok_or(Failure::NotFound)?;
        ordering::delete(&self.portal, &self.row.scope, order.row.id, upstream_id, self.email().to_owned()).await
    }

    /// Sends an order again that has surely not arrived.
    pub async fn send_product_order_again(&self, id: Uuid) -> Result<Sending, Failure> {
        self.as_partner()?;
        self.may(Role::Operator)?;
        let order = self.product_order(id).await?.order;
        ordering::send_again(&self.portal, &self.row.scope, order.row.id, Some(self.email())).await
    }

    /// Asks upstream about one order now; about one of unknown outcome by looking through its list.
    pub async fn refresh_product_order(&self, id: Uuid) -> Result<Refreshing, Failure> {
        let order = self.product_order(id).await?.order;
        match order.row.upstream_id {
            Some(upstream_id) => {
                ordering::refresh(&self.portal, &self.whole_copy(), upstream_id).await?;
                Ok(Refreshing::Asked)
            }
            None if !order.is_in_doubt() => Ok(Refreshing::NothingToAsk),
            None if ordering::look(&self.portal, &self.whole_copy()).await? => Ok(Refreshing::Asked),
            None => Ok(Refreshing::JustAsked),
        }
    }

    /// Says that an order which was found by looking is another one than upstream shows it as.
    pub async fn release_product_order(&self, id: Uuid) -> Result<(), Failure> {
        self.may(Role::Operator)?;
        let mut tenant = self.partner_tenant().await?;
        let now = OffsetDateTime::now_utc();
        let released = tenant.release_product_order(id, Some(self.email()), now).await.map_err(unavailable)?;
        if !released {
            return Err(Failure::NotFound);
        }
        tenant.commit().await.map_err(unavailable)
    }

    /// Says that an order of unknown outcome is the one that upstream shows as `candidate`.
    pub async fn recognise_product_order(&self, id: Uuid, candidate: Uuid) -> Result<(), Failure> {
        self.may(Role::Operator)?;
        let mut tenant = self.partner_tenant().await?;
        let now = OffsetDateTime::now_utc();
        let recognised = tenant.recognise_product_order(id, candidate, self.email(), now).await.map_err(unavailable)?;
        if !recognised {
            return Err(Failure::NotFound);
        }
        tenant.commit().await.map_err(unavailable)
    }
}

fn filled_in(form: &PrefillForm, packages: &[PricePackage]) -> FilledIn {
    let lines = form.fields().filter(|field| *field != Field::Logo);
    let lines = lines.map(|field| (field.label(), readable(field, form.get(field), packages)));
    FilledIn { lines: lines.collect(), logo: Some(form.get(Field::Logo).to_owned()).filter(|hash| !hash.is_empty()) }
}
