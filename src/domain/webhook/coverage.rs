//! Which events reach anybody, and what is wrong with the registrations, over all sales units.

use time::OffsetDateTime;
use uuid::Uuid;

use super::WebhookUnit;
use crate::domain::sales_unit::ListedSalesUnit;

/// From so many registrations of one event in one scope on, the limit is near.
pub const NEAR_LIMIT: usize = 20;

/// Everything the page of coverage says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Sales units that upstream shows.
    pub units: usize,
    /// Those of them whose registrations have been fetched.
    pub units_asked: usize,
    /// Those of them with at least one registration of their own.
    pub units_with_own: usize,
    /// Events that something is registered for; of the others there is nothing to say.
    pub events: Vec<EventCoverage>,
    pub doubles: Shown<Doubled>,
    pub plain_http: Shown<WebhookLine>,
    pub near_limit: Shown<NearLimit>,
    pub vanished: Shown<WebhookLine>,
}

/// The first of many, and how many there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown<T> {
    pub first: Vec<T>,
    pub count: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventCoverage {
    pub event: String,
    /// Registrations for all sales units.
    pub partner_wide: usize,
    /// Sales units with a registration of their own.
    pub units: usize,
}

/// The same URL more than once for the same events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubled {
    pub url: String,
    /// None for registrations that listen for all sales units.
    pub unit: Option<WebhookUnit>,
    /// The events that are delivered more than once.
    pub events: Vec<String>,
    /// Whether it is one for all sales units that doubles the unit's own.
    pub by_partner_wide: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookLine {
    pub id: Uuid,
    pub url: String,
    pub unit: Option<WebhookUnit>,
    pub gone_at: Option<OffsetDateTime>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NearLimit {
    pub event: String,
    pub unit: Option<WebhookUnit>,
    pub count: usize,
}

/// Sales units that an event reaches nobody for: the first ones by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uncovered {
    pub event: String,
    pub units: Vec<ListedSalesUnit>,
}

impl<T> Default for Shown<T> {
    fn default() -> Self {
        Self { first: Vec::new(), count: 0 }
    }
}

impl Coverage {
    /// What is known of an event; nothing registered if it is not among [`Coverage::events`].
    pub fn of(&self, event: &str) -> EventCoverage {
        let known = self.events.iter().find(|known| known.event == event).cloned();
        known.unwrap_or_else(|| EventCoverage { event: event.to_owned(), partner_wide: 0, units: 0 })
    }

    /// Sales units for which an event reaches nobody.
    pub fn uncovered(&self, event: &EventCoverage) -> usize {
        if event.partner_wide > 0 { 0 } else { self.units.saturating_sub(event.units) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_registration_for_all_units_covers_them_all() {
        let event = |event: &str, partner_wide, units| EventCoverage { event: event.to_owned(), partner_wide, units };
        let coverage = Coverage { units: 10, events: vec![event("a", 1, 2), event("b", 0, 3)], ..Coverage::default() };
        let uncovered = ["a", "b", "c"].map(|event| coverage.uncovered(&coverage.of(event)));
        assert_eq!(uncovered, [0, 7, 10]);
    }
}
