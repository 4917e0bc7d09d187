//! The columns of the lists as files and programs get them.

/// A column by its name in files, and as people read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    pub name: &'static str,
    pub label: &'static str,
}

const fn column(name: &'static str, label: &'static str) -> Column {
    Column { name, label }
}

pub const SALES_UNITS: &[Column] = &[
    column("msn", "MSN"),
    column("name", "Name"),
    column("business_scheme", "Identifier scheme"),
    column("business_id", "Business identifier"),
    column("merchant_name", "Merchant"),
    column("capture_type", "Capture type"),
    column("payment_allowed", "Payments"),
    column("recurring_allowed", "Recurring"),
    column("skip_landing_page_allowed", "Skipping the landing page"),
    column("partial_capture_allowed", "Partial capture"),
    column("late_capture_allowed", "Late capture"),
    column("landing_page_phone_number_locked", "Locked phone number"),
    column("long_living_payment_allowed", "Long-living payments"),
    column("credit_card_payment_allowed", "Credit cards"),
    column("details_at", "Details fetched"),
    column("gone_at", "No longer visible since"),
];

pub const MERCHANTS: &[Column] = &[
    column("business_scheme", "Identifier scheme"),
    column("business_id", "Business identifier"),
    column("name", "Name"),
    column("status", "Status"),
    column("sales_units", "Sales units"),
    column("created_at", "Created"),
    column("fetched_at", "Fetched"),
    column("gone_at", "No longer visible since"),
];

pub const PRODUCT_ORDERS: &[Column] = &[
    column("id", "ID in this portal"),
    column("product_order_id", "Product order ID"),
    column("kind", "Kind"),
    column("product_type", "Product"),
    column("status", "Status"),
    column("status_at", "Status since"),
    column("business_scheme", "Identifier scheme"),
    column("business_id", "Business identifier"),
    column("merchant_name", "Merchant"),
    column("sales_unit_name", "Sales unit"),
    column("msn", "MSN"),
    column("url", "Link for the merchant"),
    column("begun_at", "Sent, or first seen"),
    column("sent_here", "Sent from this portal"),
    column("delivery", "How sending went"),
    column("template_name", "Template"),
    column("expires_at", "Link works until"),
    column("deleted_at", "Deleted"),
    column("gone_at", "No longer shown since"),
];

pub const PRICE_PACKAGES: &[Column] = &[
    column("id", "ID"),
    column("name", "Name"),
    column("description", "Price"),
    column("product_type", "Product"),
    column("market", "Market"),
    column("commission", "Commission"),
    column("visible_in_signup_form", "In the sign-up form"),
    column("templates", "Templates with it"),
    column("orders", "Orders with it"),
    column("sales_units", "Sales units with it"),
    column("first_seen_at", "First seen"),
    column("gone_at", "No longer shown since"),
];

pub const WEBHOOKS: &[Column] = &[
    column("id", "ID"),
    column("url", "URL"),
    column("events", "Events"),
    column("msn", "MSN"),
    column("sales_unit_name", "Sales unit"),
    column("state", "State"),
    column("first_seen_at", "First seen"),
    column("gone_at", "Gone since"),
];

/// Amounts are minor units.
pub const AGREEMENTS: &[Column] = &[
    column("id", "Agreement id"),
    column("state", "State"),
    column("stopped_by", "Stopped by"),
    column("product_name", "Product"),
    column("pricing", "Pricing"),
    column("amount", "Amount"),
    column("currency", "Currency"),
    column("interval", "Interval"),
    column("started_at", "Started"),
    column("stopped_at", "Stopped"),
    column("external_id", "Your own id"),
    column("phone_number_masked", "Phone number, masked"),
    column("next_charge_on", "Next charge"),
    column("next_charge_amount", "Amount of it"),
    column("last_charge_on", "Last charge"),
    column("last_charge_amount", "Amount of that"),
    column("last_charge_state", "State of that"),
    column("gone_at", "No longer visible since"),
];

/// Those of `all` that are named, in the order of `all`; without any name, all of them.
///
/// # Errors
/// A name that none of them has.
pub fn choose(all: &'static [Column], named: &[String]) -> Result<Vec<Column>, String> {
    if let Some(unknown) = named.iter().find(|name| !all.iter().any(|column| column.name == **name)) {
        return Err(unknown.clone());
    }
    let is_named = |column: &&Column| named.is_empty() || named.iter().any(|name| *name == column.name);
    Ok(all.iter().filter(is_named).copied().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_chosen_by_name_and_keep_their_order() {
        let chosen = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(ToString::to_string).collect();
            choose(WEBHOOKS, &names).map(|columns| columns.iter().map(|column| column.name).collect::<Vec<_>>())
        };
        assert_eq!(chosen(&["url", "id", "url"]).unwrap(), ["id", "url"]);
        assert_eq!(chosen(&[]).unwrap().len(), WEBHOOKS.len());
        assert_eq!(chosen(&["id", "secret"]), Err("secret".to_owned()));
    }
}
