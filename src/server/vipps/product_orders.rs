//! Management API: product orders. They are made with version 1 and read with version 2.

use bytes::Bytes;
use reqwest::Method;
use serde_json::Value;
use uuid::Uuid;

use super::call::Call;
use super::effect::Effect;
use super::error::Error;
use super::reading::{Fields, ONE_THING, business_identifier, link, parse, read_list, text_of};
use super::transport::fill;
use super::{Answer, Client};
use crate::domain::identifiers::Msn;
use crate::domain::product_order::{OrderKind, OrderStatus, ProductType, UpstreamOrder};
use crate::domain::sales_unit::ListedSalesUnit;

const ORDERS: &str = "/management/v2/product-orders";
/// Without it, the list leaves out orders that have expired.
const WITH_EXPIRED: &str = "includeExpired=true";
const ORDER: &str = "/management/v2/product-orders/{productOrderId}/details";
const PREFILL: &str = "/management/v1/product-orders";
const DELETION: &str = "/management/v1/product-orders/{productOrderId}";

/// What a prefill brought about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prefilled {
    pub order_id: Uuid,
    /// The merchant's link to the form, `https` or `http`.
    pub url: String,
}

impl Client {
    /// Every order that names the partner, expired ones included. Entries without a usable id are left out.
    ///
    /// # Errors
    /// Any of [`Error`].
    pub async fn product_orders(&self) -> Result<Vec<Answer<UpstreamOrder>>, Error> {
        let path = format!("{ORDERS}?{WITH_EXPIRED}");
        read_product_orders(&self.account.get(self.lane, ORDERS, path, usize::MAX).await?)
    }

    /// # Errors
    /// [`Error::NotFound`] if the order is not there or not visible with these keys; any of [`Error`].
    pub async fn product_order(&self, id: Uuid) -> Result<Answer<UpstreamOrder>, Error> {
        let path = fill(ORDER, &[&id.to_string()])?;
        let body = self.account.get(self.lane, ORDER, path, ONE_THING).await?;
        let order = parse(&body)?;
        let fields =
            Fields::of(&order, "productorder").ok_or_else(|| Error::not_understood("an order is no object"))?;
        let value = read_order(&fields, Some(id)).ok_or_else(|| Error::not_understood("an order has no usable id"))?;
        if value.id != id {
            return Err(Error::not_understood("the answer is about another order"));
        }
        Ok(Answer { value, raw: text_of(&body)? })
    }

    /// Makes an order whose form is filled in. `body` is JSON and sent as it is. However often it is sent with the
    /// same `idempotency_key`, there is one order; another body needs another key.
    ///
    /// # Errors
    /// [`Error::OutcomeOpen`] if there may be an order all the same, which only upstream's list can tell;
    /// [`Error::Refused`] with [`Problem::faults`](super::Problem::faults) if the body is not to upstream's liking;
    /// [`Error::Unsendable`] if the key is not 1 to 50 letters, digits and `-`; any of [`Error`].
    pub async fn prefill(&self, idempotency_key: &str, body: Bytes) -> Result<Prefilled, Error> {
        let call = Call {
            idempotency_key: Some(idempotency_key),
            json: Some(body),
            max_body: ONE_THING,
            ..Call::new(Method::POST, Effect::Keyed, PREFILL, PREFILL.to_owned())
        };
        let answer = self.account.send(self.lane, call).await?;
        // There is an order: what is not known is which.
        read_prefilled(&answer).map_err(Error::with_open_outcome)
    }

    /// Deletes an order that the merchant has not submitted.
    ///
    /// # Errors
    /// [`Error::NotFound`] if it was not there to begin with; [`Error::Refused`] or [`Error::Forbidden`] if upstream
    /// keeps it; [`Error::OutcomeOpen`] if it may be gone all the same; any of [`Error`].
    pub async fn delete_product_order(&self, id: Uuid) -> Result<(), Error> {
        let path = fill(DELETION, &[&id.to_string()])?;
        self.account.delete(self.lane, Call::new(Method::DELETE, Effect::Repeatable, DELETION, path)).await
    }
}

/// Reads a list of orders in any of its shapes.
///
/// # Errors
/// [`Error::NotUnderstood`].
pub fn read_product_orders(body: &[u8]) -> Result<Vec<Answer<UpstreamOrder>>, Error> {
    let read = |entry: &Value| read_order(&Fields::of(entry, "productorder")?, None);
    read_list("product orders", body, &["productorders", "orders", "prefilledorders"], read, |order| order.id)
}

/// # Errors
/// [`Error::NotUnderstood`] if it has no order id or no link.
fn read_prefilled(body: &[u8]) -> Result<Prefilled, Error> {
    let answer = parse(body)?;
    let fields = Fields::of(&answer, "productorder").ok_or_else(|| Error::not_understood("it is no object"))?;
    let order_id = fields.uuid(&["prefilledorderid", "prefilledproductorderid", "productorderid"]);
    let url = fields.first_text(&["prefillurl", "productorderurl"]).and_then(|text| link(&text));
    Ok(Prefilled {
        order_id: order_id.ok_or_else(|| Error::not_understood("the prefilled order has no usable id"))?,
        url: url.ok_or_else(|| Error::not_understood("the prefilled order has no usable link"))?,
    })
}

/// `known_id` counts where the answer has none.
fn read_order(fields: &Fields, known_id: Option<Uuid>) -> Option<UpstreamOrder> {
    const PREFILLED_ID: [&str; 2] = ["prefilledorderid", "prefilledproductorderid"];
    let named = ["productorderid", "id"].iter().chain(&PREFILLED_ID).any(|name| fields.has(name));
    let prefilled_id = fields.uuid(&PREFILLED_ID);
    let id = fields.uuid(&["productorderid", "id"]).or(prefilled_id).or(known_id.filter(|_| !named))?;
    let kind = match OrderKind::from_upstream(fields.text("productordertype").as_deref()) {
        // From when there were no others.
        OrderKind::Unknown if prefilled_id.is_some() => OrderKind::Prefill,
        kind => kind,
    };
    Some(UpstreamOrder {
        id,
        kind,
        product_type: ProductType::from_upstream(fields.text("producttype").as_deref()),
        status: OrderStatus::from_upstream(fields.first_text(&["status", "prefillstatus"]).as_deref()),
        business_identifier: business_identifier(fields),
        url: fields.first_text(&["productorderurl", "prefillurl"]).and_then(|text| link(&text)),
        sales_unit: fields.object("salesunit").and_then(|unit| {
            let msn = Msn::parse(&unit.text("msn")?)?;
            Some(ListedSalesUnit { msn, name: unit.text("name") })
        }),
    })
}
