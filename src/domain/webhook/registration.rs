//! A registration as the portal knows it.

use time::OffsetDateTime;
use uuid::Uuid;

use super::{EVENTS, documented, is_plain_http};
use crate::domain::identifiers::Msn;

/// A registration of the partner or of one of its sales units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    pub id: Uuid,
    pub url: String,
    /// Upstream's names.
    pub events: Vec<String>,
    /// The sales unit that it listens for; none if it listens for all of them.
    pub unit: Option<WebhookUnit>,
    pub first_seen_at: OffsetDateTime,
    /// When upstream last showed it.
    pub seen_at: OffsetDateTime,
    pub state: WebhookState,
    /// Who has registered it in this portal.
    pub registered_by: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookUnit {
    pub msn: Msn,
    pub name: Option<String>,
    /// Whether upstream still shows the unit.
    pub visible: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WebhookState {
    /// Upstream shows it.
    Listed,
    /// Upstream no longer shows it, and nobody here has deleted it.
    Vanished { at: OffsetDateTime },
    /// Deleted in this portal.
    Deleted { at: OffsetDateTime, by: String },
}

impl Webhook {
    pub fn is_plain_http(&self) -> bool {
        is_plain_http(&self.url)
    }

    pub fn is_listed(&self) -> bool {
        self.state == WebhookState::Listed
    }

    pub fn msn(&self) -> Option<&Msn> {
        self.unit.as_ref().map(|unit| &unit.msn)
    }

    /// What the merchant of its sales unit may see of it: `partner` in place of the people who work there.
    pub fn as_merchants_see(self, partner: &str) -> Self {
        let state = match self.state {
            WebhookState::Deleted { at, .. } => WebhookState::Deleted { at, by: partner.to_owned() },
            state => state,
        };
        let registered_by = self.registered_by.map(|_| partner.to_owned());
        Self { state, registered_by, ..self }
    }
}

/// Events of one API, each with what it means; with nothing where that is not documented.
pub type EventsOfApi = (&'static str, Vec<(String, Option<&'static str>)>);

/// Events with their meanings under the APIs they come from, in the order of [`EVENTS`]; those that are not
/// documented come last, under `Other`.
pub fn by_api(events: &[String]) -> Vec<EventsOfApi> {
    let mut groups: Vec<EventsOfApi> = Vec::new();
    for family in EVENTS {
        let known = family.events.iter().filter(|known| events.iter().any(|event| event == known.name));
        let known: Vec<_> = known.map(|known| (known.name.to_owned(), Some(known.meaning))).collect();
        if !known.is_empty() {
            groups.push((family.api, known));
        }
    }
    let other: Vec<_> =
        events.iter().filter(|event| documented(event).is_none()).map(|event| (event.clone(), None)).collect();
    if !other.is_empty() {
        groups.push(("Other", other));
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_stand_under_their_apis() {
        let events = ["something.new.v1", "recurring.charge-failed.v1", "epayments.payment.captured.v1"];
        let groups = by_api(&events.map(ToOwned::to_owned));
        let apis: Vec<&str> = groups.iter().map(|(api, _)| *api).collect();
        assert_eq!(apis, ["ePayment", "Recurring charges", "Other"]);
        assert_eq!(groups[2].1, [("something.new.v1".to_owned(), None)]);
        assert!(groups[0].1[0].1.is_some());
    }
}
