//! The list of product orders: all that name the partner, wherever they were made.

use leptos::prelude::*;

use crate::components::{Badge, Tone};
use crate::domain::product_order::{Delivery, OrderStatus, ProductOrderRow};

/// What an order is called: the name of what it asks for, or else of who asks.
pub fn title_of(order: &ProductOrderRow) -> String {
    let business = order.business_identifier.as_ref().map(|business| business.grouped());
    let name = order.sales_unit_name.clone().or_else(|| order.merchant_name.clone()).or(business);
    name.unwrap_or_else(|| "Product order".to_owned())
}

/// Where an order stands: how sending it went while that is not settled, else upstream's status.
pub fn status_badge(order: &ProductOrderRow) -> impl IntoView + use<> {
    let (tone, text) = match order.delivery {
        Some(Delivery::Sending) => (Tone::Quiet, "Being sent".to_owned()),
        Some(Delivery::Unknown) => (Tone::Warning, "Outcome unknown".to_owned()),
        Some(Delivery::Missing) => (Tone::Bad, "Not arrived".to_owned()),
        Some(Delivery::Refused) => (Tone::Bad, "Refused".to_owned()),
        Some(Delivery::Sent) | None if order.deleted_at.is_some() => (Tone::Quiet, "Deleted".to_owned()),
        Some(Delivery::Sent) | None => {
            let tone = match order.status {
                OrderStatus::Completed => Tone::Good,
                OrderStatus::Rejected => Tone::Bad,
                OrderStatus::WaitingForMerchant => Tone::Warning,
                _ => Tone::Quiet,
            };
            (tone, order.status.label().to_owned())
        }
    };
    view! { <Badge tone text/> }
}
