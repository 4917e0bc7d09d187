//! Which sales units of a list are shown and in what order; stands in the address.

use form_urlencoded::Serializer;

use super::identifiers::Market;
use super::page::{Cursor, Position};
use super::sales_unit::{CaptureType, Flag};

/// Longest search text that is read; more than any name and identifier together.
pub const TEXT_LIMIT: usize = 200;

/// The flags one can filter by: the name in the address, and the label.
pub const FLAGS: [(&str, &str); 8] = [
    ("payment", "Payments"),
    ("recurring", "Recurring"),
    ("skip_landing_page", "Skip landing page"),
    ("partial_capture", "Partial capture"),
    ("late_capture", "Late capture"),
    ("phone_locked", "Phone number locked"),
    ("long_living", "Long-living payments"),
    ("credit_card", "Credit cards"),
];

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SalesUnitFilter {
    /// Words to find in name, MSN, merchant name and business identifier.
    pub text: String,
    pub capture: Option<CaptureFacet>,
    /// One for each of [`FLAGS`].
    pub flags: [Option<Flag>; FLAGS.len()],
    pub market: Option<MarketFacet>,
    pub state: Option<StateFacet>,
    pub sort: Sort,
    pub descending: bool,
}

/// Defines a choice that stands in the address as a word and on the page as a label.
macro_rules! choice {
    ($(#[$about:meta])* $name:ident { $($variant:ident = $word:literal, $label:literal;)+ }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($variant),+ }

        impl $name {
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            pub fn label(self) -> &'static str {
                match self { $(Self::$variant => $label),+ }
            }

            fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|choice| choice.word() == word)
            }
        }
    };
}

choice! {
    /// How payments are captured.
    CaptureFacet {
        Reserve = "reserve", "Reserve capture";
        Direct = "direct", "Direct capture";
        NotApplicable = "none", "Not applicable";
        Other = "other", "Another type";
        Unknown = "unknown", "Unknown";
    }
}

choice! {
    /// Where the merchant is registered.
    MarketFacet {
        Norway = "no", "Norway";
        Denmark = "dk", "Denmark";
        Finland = "fi", "Finland";
        Unknown = "unknown", "Unknown";
    }
}

choice! {
    /// What the portal's copy knows of the unit.
    StateFacet {
        Visible = "visible", "Visible upstream";
        Gone = "gone", "No longer visible";
        Waiting = "waiting", "Details not fetched yet";
    }
}

choice! {
    /// What the list is sorted by.
    Sort {
        Name = "name", "Sales unit";
        Msn = "msn", "MSN";
        Merchant = "merchant", "Merchant";
    }
}

#[expect(clippy::derivable_impls, reason = "the variants are made by the macro")]
impl Default for Sort {
    fn default() -> Self {
        Self::Name
    }
}

impl From<&CaptureType> for CaptureFacet {
    fn from(capture: &CaptureType) -> Self {
        match capture {
            CaptureType::Reserve => Self::Reserve,
            CaptureType::Direct => Self::Direct,
            CaptureType::NotApplicable => Self::NotApplicable,
            CaptureType::Other(_) => Self::Other,
            CaptureType::Unknown => Self::Unknown,
        }
    }
}

impl From<Option<Market>> for MarketFacet {
    fn from(market: Option<Market>) -> Self {
        match market {
            Some(Market::Norway) => Self::Norway,
            Some(Market::Denmark) => Self::Denmark,
            Some(Market::Finland) => Self::Finland,
            None => Self::Unknown,
        }
    }
}

/// How a flag's value stands in the address.
pub fn flag_word(flag: Flag) -> &'static str {
    match flag {
        Flag::Yes => "yes",
        Flag::No => "no",
        Flag::Unknown => "unknown",
    }
}

fn flag_from_word(word: &str) -> Option<Flag> {
    [Flag::Yes, Flag::No, Flag::Unknown].into_iter().find(|flag| flag_word(*flag) == word)
}

/// A filter with the page asked for, as read from an address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SalesUnitQuery {
    pub filter: SalesUnitFilter,
    pub position: Position,
    /// Parameters with a value that means nothing: named on the page, otherwise left out.
    pub ignored: Vec<String>,
}

impl SalesUnitQuery {
    /// Reads the part of an address behind the question mark. Nothing in it is an error: what is
    /// not understood is named in `ignored`, what belongs to others is passed over.
    pub fn from_query(query: &str) -> Self {
        let mut read = Self::default();
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            if !value.is_empty() && !read.set(&key, &value) {
                read.ignored.push(key.into_owned());
            }
        }
        read
    }

    fn set(&mut self, key: &str, value: &str) -> bool {
        let filter = &mut self.filter;
        let keep = |known: bool| known;
        match key {
            "q" => {
                let text: String = value.chars().filter(|character| !character.is_control()).collect();
                filter.text = text.trim().chars().take(TEXT_LIMIT).collect();
                keep(text.trim().chars().count() <= TEXT_LIMIT)
            }
            "capture" => {
                filter.capture = CaptureFacet::from_word(value);
                keep(filter.capture.is_some())
            }
            "market" => {
                filter.market = MarketFacet::from_word(value);
                keep(filter.market.is_some())
            }
            "state" => {
                filter.state = StateFacet::from_word(value);
                keep(filter.state.is_some())
            }
            "sort" => {
                let (word, descending) = value.strip_prefix('-').map_or((value, false), |word| (word, true));
                let sort = Sort::from_word(word);
                filter.sort = sort.unwrap_or_default();
                filter.descending = descending && sort.is_some();
                keep(sort.is_some())
            }
            "after" => self.set_position(Cursor::parse(value).map(Position::After)),
            "before" => self.set_position(Cursor::parse(value).map(Position::Before)),
            "page" => self.set_position((value == "last").then_some(Position::Last)),
            key => match FLAGS.iter().position(|(name, _)| *name == key) {
                Some(at) => {
                    filter.flags[at] = flag_from_word(value);
                    keep(filter.flags[at].is_some())
                }
                None => true,
            },
        }
    }

    fn set_position(&mut self, position: Option<Position>) -> bool {
        let known = position.is_some();
        self.position = position.unwrap_or_default();
        known
    }

    pub fn to_query(&self) -> String {
        let mut query = self.filter.to_query();
        let position = match &self.position {
            Position::First => return query,
            Position::After(cursor) => ("after", cursor.to_string()),
            Position::Before(cursor) => ("before", cursor.to_string()),
            Position::Last => ("page", "last".to_owned()),
        };
        let at = query.len();
        query = Serializer::for_suffix(query, 0).append_pair(position.0, &position.1).finish();
        if at == 0 {
            return query.trim_start_matches('&').to_owned();
        }
        query
    }
}

impl SalesUnitFilter {
    /// The filter as it stands in an address: only what differs from the default, in one order.
    pub fn to_query(&self) -> String {
        let mut query = Serializer::new(String::new());
        for (key, value) in self.chosen() {
            query.append_pair(key, &value);
        }
        query.finish()
    }

    /// Every part that differs from the default, as key and value of the address.
    pub fn chosen(&self) -> Vec<(&'static str, String)> {
        let mut chosen = Vec::new();
        if !self.text.is_empty() {
            chosen.push(("q", self.text.clone()));
        }
        chosen.extend(self.capture.map(|facet| ("capture", facet.word().to_owned())));
        chosen.extend(self.market.map(|facet| ("market", facet.word().to_owned())));
        chosen.extend(self.state.map(|facet| ("state", facet.word().to_owned())));
        for ((key, _), value) in FLAGS.iter().zip(self.flags) {
            chosen.extend(value.map(|flag| (*key, flag_word(flag).to_owned())));
        }
        if self.sort != Sort::default() || self.descending {
            let sign = if self.descending { "-" } else { "" };
            chosen.push(("sort", format!("{sign}{}", self.sort.word())));
        }
        chosen
    }

    /// The same rows in another order; the order now shown is turned round.
    pub fn sorted_by(&self, sort: Sort) -> Self {
        let descending = self.sort == sort && !self.descending;
        Self { sort, descending, ..self.clone() }
    }

    /// Whether any row is filtered out.
    pub fn is_narrow(&self) -> bool {
        *self != Self { sort: self.sort, descending: self.descending, ..Self::default() }
    }

    /// The chosen facets as people read them, each with the filter that is left without it.
    pub fn chips(&self) -> Vec<(String, Self)> {
        let mut chips = Vec::new();
        if let Some(facet) = self.capture {
            chips.push((format!("Capture: {}", facet.label()), Self { capture: None, ..self.clone() }));
        }
        if let Some(facet) = self.market {
            chips.push((format!("Market: {}", facet.label()), Self { market: None, ..self.clone() }));
        }
        if let Some(facet) = self.state {
            chips.push((facet.label().to_owned(), Self { state: None, ..self.clone() }));
        }
        for (at, (_, label)) in FLAGS.iter().enumerate() {
            if let Some(flag) = self.flags[at] {
                let mut without = self.clone();
                without.flags[at] = None;
                chips.push((format!("{label}: {}", flag_word(flag)), without));
            }
        }
        chips
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn choice<T: Copy + std::fmt::Debug + 'static>(all: &'static [T]) -> impl Strategy<Value = Option<T>> {
        proptest::option::of(proptest::sample::select(all))
    }

    prop_compose! {
        fn filters()(
            text in "[^\\p{C}]{0,20}",
            capture in choice(CaptureFacet::ALL),
            market in choice(MarketFacet::ALL),
            state in choice(StateFacet::ALL),
            flags in proptest::array::uniform8(choice(&[Flag::Yes, Flag::No, Flag::Unknown])),
            sort in proptest::sample::select(Sort::ALL),
            descending: bool,
        ) -> SalesUnitFilter {
            SalesUnitFilter { text: text.trim().to_owned(), capture, flags, market, state, sort, descending }
        }
    }

    proptest! {
        #[test]
        fn a_filter_survives_its_address(filter in filters(), value in "[a-zæ~ ]{0,9}", key in "[0-9]{4,10}") {
            for position in [
                Position::First,
                Position::Last,
                Position::After(Cursor { value: value.clone(), key: key.clone() }),
                Position::Before(Cursor { value: value.clone(), key: key.clone() }),
            ] {
                let query = SalesUnitQuery { filter: filter.clone(), position, ignored: Vec::new() };
                prop_assert_eq!(SalesUnitQuery::from_query(&query.to_query()), query);
            }
        }

        #[test]
        fn nonsense_is_never_an_error(query in ".*") {
            let read = SalesUnitQuery::from_query(&query);
            prop_assert_eq!(SalesUnitQuery::from_query(&read.to_query()).filter, read.filter);
        }
    }

    #[test]
    fn what_means_nothing_is_named() {
        let read = SalesUnitQuery::from_query("capture=foo&sort=-bar&after=x&recurring=maybe&q=kaffe&utm=1&state=");
        assert_eq!(read.ignored, ["capture", "sort", "after", "recurring"]);
        assert_eq!(read.filter, SalesUnitFilter { text: "kaffe".to_owned(), ..SalesUnitFilter::default() });
        assert_eq!(read.position, Position::First);
    }

    #[test]
    fn sorting_twice_by_the_same_column_turns_the_order_round() {
        let by_name = SalesUnitFilter::default();
        assert!(by_name.sorted_by(Sort::Name).descending);
        assert!(!by_name.sorted_by(Sort::Msn).descending);
        assert_eq!(by_name.sorted_by(Sort::Name).sorted_by(Sort::Name), by_name);
    }

    #[test]
    fn a_chip_leaves_the_rest_of_the_filter() {
        let filter = SalesUnitQuery::from_query("q=kaffe&capture=direct&recurring=no").filter;
        let chips = filter.chips();
        assert_eq!(chips.len(), 2);
        assert_eq!(chips[0].1.to_query(), "q=kaffe&recurring=no");
        assert_eq!(chips[1].1.to_query(), "q=kaffe&capture=direct");
    }
}
