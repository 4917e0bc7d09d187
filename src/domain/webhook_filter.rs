//! Which webhook registrations of a list are shown and in what order; stands in the address.

use time::OffsetDateTime;

use super::freshness::GONE_LATELY;
use super::list::{
    Bits, Chosen, FacetTest, Facets, ListFilter, ListQuery, Offered, SortChoice, choice, choose, chosen, offered,
};
use super::webhook::{EVENTS, WebhookState, documented, is_plain_http};

pub type WebhookFilter = ListFilter<WebhookFacets>;
pub type WebhookQuery = ListQuery<WebhookFacets>;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebhookFacets {
    pub event: Option<EventFacet>,
    pub scope: Option<ScopeFacet>,
    pub state: Option<StateFacet>,
    pub transport: Option<TransportFacet>,
}

/// What a registration listens to: one event, or any of an API's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventFacet {
    /// By its place among [`EVENTS`].
    Family(usize),
    /// By its place among the events of all families.
    Event(usize),
    /// An event that is not documented.
    Other,
}

const OTHER: &str = "other";

impl EventFacet {
    pub fn from_word(word: &str) -> Option<Self> {
        if word == OTHER {
            return Some(Self::Other);
        }
        let family = EVENTS.iter().position(|family| family.word == word).map(Self::Family);
        family.or_else(|| all_events().position(|event| event == word).map(Self::Event))
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Family(at) => EVENTS.get(at).map_or(OTHER, |family| family.word),
            Self::Event(at) => all_events().nth(at).unwrap_or(OTHER),
            Self::Other => OTHER,
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Self::Family(at) => EVENTS.get(at).map_or("Other events", |family| family.api),
            Self::Event(_) => self.word(),
            Self::Other => "Other events",
        }
    }

    /// Where it lies among the bits of a row.
    const fn bit(self) -> Bits {
        match self {
            Self::Other => Bits::new(0, 1),
            Self::Family(at) => Bits::new(1, 1).further(at as u32),
            Self::Event(at) => Bits::new(8, 1).further(at as u32),
        }
    }
}

fn all_events() -> impl Iterator<Item = &'static str> {
    EVENTS.iter().flat_map(|family| family.events).map(|event| event.name)
}

choice! {
    /// For whom a registration listens.
    ScopeFacet {
        All = "all", "All sales units";
        Unit = "unit", "One sales unit";
    }
}

choice! {
    /// What the portal's copy knows of the registration.
    StateFacet {
        Listed = "listed", "Registered";
        Vanished = "vanished", "Vanished";
        Deleted = "deleted", "Deleted here";
        VanishedLately = "vanished-lately", "Vanished in the last 30 days";
    }
}

choice! {
    /// Whether deliveries can be read on their way.
    TransportFacet {
        Plain = "http", "Plain http";
        Encrypted = "https", "https";
    }
}

choice! {
    /// What the list is sorted by.
    Sort {
        Url = "url", "URL";
        Unit = "unit", "Sales unit";
        FirstSeen = "seen", "First seen";
    }
}

#[expect(clippy::derivable_impls, reason = "the variants are made by the macro")]
impl Default for Sort {
    fn default() -> Self {
        Self::FirstSeen
    }
}

impl SortChoice for Sort {
    fn begins_descending(self) -> bool {
        self == Self::FirstSeen
    }
}

impl From<&WebhookState> for StateFacet {
    fn from(state: &WebhookState) -> Self {
        match state {
            WebhookState::Listed => Self::Listed,
            WebhookState::Vanished { .. } => Self::Vanished,
            WebhookState::Deleted { .. } => Self::Deleted,
        }
    }
}

const SCOPE: Bits = Bits::new(40, 1);
const STATE: Bits = Bits::new(41, 2);
const TRANSPORT: Bits = Bits::new(43, 1);

/// The facets of a registration in one number, as [`WebhookFacets::test`] wants it.
pub fn bits(events: &[String], for_one_unit: bool, state: StateFacet, url: &str) -> u64 {
    let scope = if for_one_unit { ScopeFacet::Unit } else { ScopeFacet::All };
    let transport = if is_plain_http(url) { TransportFacet::Plain } else { TransportFacet::Encrypted };
    let mut bits = SCOPE.holding(scope as u64) | STATE.holding(state as u64) | TRANSPORT.holding(transport as u64);
    for event in events {
        let facets = match documented(event) {
            Some((family, _)) => [EventFacet::from_word(event), EventFacet::from_word(family.word)],
            None => [Some(EventFacet::Other), None],
        };
        bits |= facets.into_iter().flatten().fold(0, |bits, facet| bits | facet.bit().holding(1));
    }
    bits
}

impl Facets for WebhookFacets {
    type Sort = Sort;

    fn set(&mut self, key: &str, word: &str) -> Option<bool> {
        match key {
            "event" => {
                self.event = EventFacet::from_word(word);
                Some(self.event.is_some())
            }
            "scope" => Some(choose(&mut self.scope, word)),
            "state" => Some(choose(&mut self.state, word)),
            "transport" => Some(choose(&mut self.transport, word)),
            _ => None,
        }
    }

    fn offered() -> Vec<Offered> {
        let families = EVENTS.iter().map(|family| family.word);
        let words = all_events().chain(families).chain([EventFacet::Other.word()]).collect();
        vec![
            Offered { key: "event", words },
            offered::<ScopeFacet>("scope"),
            offered::<StateFacet>("state"),
            offered::<TransportFacet>("transport"),
        ]
    }

    fn chosen(&self) -> Vec<Chosen> {
        let event = self.event.map(|event| Chosen {
            key: "event",
            word: event.word().to_owned(),
            chip: format!("Event: {}", event.label()),
        });
        let all = [
            event,
            chosen("scope", "", self.scope),
            chosen("state", "", self.state),
            chosen("transport", "", self.transport),
        ];
        all.into_iter().flatten().collect()
    }

    fn test(&self, now: OffsetDateTime) -> FacetTest {
        let mut test = FacetTest::default();
        if let Some(event) = self.event {
            test.want(event.bit(), 1);
        }
        if let Some(scope) = self.scope {
            test.want(SCOPE, scope as u64);
        }
        match self.state {
            Some(StateFacet::VanishedLately) => {
                test.want(STATE, StateFacet::Vanished as u64);
                test.within((now - GONE_LATELY).unix_timestamp()..=i64::MAX);
            }
            Some(state) => test.want(STATE, state as u64),
            None => {}
        }
        if let Some(transport) = self.transport {
            test.want(TRANSPORT, transport as u64);
        }
        test
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn every_facet_survives_its_address_and_parts_the_registrations() {
        let now = datetime!(2026-11-20 12:00 UTC);
        let row = |events: &[&str], unit, state, url| {
            let events: Vec<String> = events.iter().map(ToString::to_string).collect();
            bits(&events, unit, state, url)
        };
        let all = row(&["epayments.payment.captured.v1", "new.v1"], false, StateFacet::Listed, "https://example.com/");
        let unit = row(&["user.checked-in.v1"], true, StateFacet::Vanished, "http://example.com/");
        let gone = row(&["donations.agreement.amount-changed.v1"], true, StateFacet::Deleted, "https://example.com/");
        for (query, expected) in [
            ("", [true, true, true]),
            ("event=epayment", [true, false, false]),
            ("event=epayments.payment.captured.v1", [true, false, false]),
            ("event=epayments.payment.created.v1", [false, false, false]),
            ("event=other", [true, false, false]),
            ("event=qr", [false, true, false]),
            ("event=donations.agreement.amount-changed.v1", [false, false, true]),
            ("scope=all", [true, false, false]),
            ("scope=unit&state=deleted", [false, false, true]),
            ("state=vanished", [false, true, false]),
            ("transport=http", [false, true, false]),
            ("transport=https", [true, false, true]),
        ] {
            let read = WebhookQuery::from_query(query);
            assert_eq!((read.to_query().as_str(), read.ignored.len()), (query, 0));
            let test = read.filter.facets.test(now);
            assert_eq!([all, unit, gone].map(|row| test.passes(row, 0)), expected, "{query}");
        }
        let lately = WebhookQuery::from_query("state=vanished-lately").filter.facets.test(now);
        let since = (now - GONE_LATELY).unix_timestamp();
        assert_eq!([all, unit, gone].map(|row| lately.passes(row, since)), [false, true, false]);
        assert!(!lately.passes(unit, since - 1));
        assert_eq!(WebhookQuery::from_query("event=foo&scope=x").ignored, ["event", "scope"]);
    }

    #[test]
    fn no_two_facets_share_a_bit() {
        let families = (0..EVENTS.len()).map(EventFacet::Family);
        let events = (0..all_events().count()).map(EventFacet::Event);
        let mut taken = SCOPE.holding(1) | STATE.holding(3) | TRANSPORT.holding(1);
        for facet in families.chain(events).chain([EventFacet::Other]) {
            let bit = facet.bit().holding(1);
            assert_eq!(taken & bit, 0, "{facet:?}");
            taken |= bit;
            assert_eq!(EventFacet::from_word(facet.word()), Some(facet));
        }
    }
}
