//! What every list has: a text to find, facets, an order and pages. All of it stands in the
//! address, so that a list can be reloaded, gone back to and sent to a colleague.
//!
//! A list brings a [`Facets`] of its own; text, order, pages and addresses are the same for all.

mod facets;
#[cfg(test)]
mod tests;

use form_urlencoded::Serializer;

pub(crate) use self::facets::choice;
pub use self::facets::{
    Bits, Choosable, Chosen, FacetTest, Facets, MarketFacet, Offered, SortChoice, choose, chosen, offered,
};
use super::page::{Cursor, Position};

/// Longest search text that is read; more than any name and identifier together.
pub const TEXT_LIMIT: usize = 200;

/// Which rows of a list are shown and in what order.
#[derive(Clone, Debug, PartialEq)]
pub struct ListFilter<F: Facets> {
    /// Words to find in the fields of a row.
    pub text: String,
    pub facets: F,
    pub sort: F::Sort,
    pub descending: bool,
}

/// A filter with the page asked for, as read from an address.
#[derive(Clone, Debug, PartialEq)]
pub struct ListQuery<F: Facets> {
    pub filter: ListFilter<F>,
    pub position: Position,
    /// Parameters with a value that means nothing: named on the page, otherwise left out.
    pub ignored: Vec<String>,
}

impl<F: Facets> Default for ListFilter<F> {
    fn default() -> Self {
        let sort = F::Sort::default();
        Self { text: String::new(), facets: F::default(), sort, descending: sort.begins_descending() }
    }
}

impl<F: Facets> From<F> for ListFilter<F> {
    /// Everything that has these facets.
    fn from(facets: F) -> Self {
        Self { facets, ..Self::default() }
    }
}

impl<F: Facets> Default for ListQuery<F> {
    fn default() -> Self {
        ListFilter::default().into()
    }
}

impl<F: Facets> From<ListFilter<F>> for ListQuery<F> {
    /// The first page.
    fn from(filter: ListFilter<F>) -> Self {
        Self { filter, position: Position::First, ignored: Vec::new() }
    }
}

impl<F: Facets> ListQuery<F> {
    /// Reads the part of an address behind the question mark. Nothing in it is an error: what is
    /// not understood is named in `ignored`, what belongs to others is passed over.
    pub fn from_query(query: &str) -> Self {
        let mut read = Self::default();
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            if !value.is_empty() && read.set(&key, &value) == Some(false) {
                read.ignored.push(key.into_owned());
            }
        }
        read
    }

    /// Takes over a parameter of the address: whether its value means anything. None if no list of this kind has such
    /// a parameter.
    pub fn set(&mut self, key: &str, value: &str) -> Option<bool> {
        let filter = &mut self.filter;
        Some(match key {
            "q" => {
                let text: String = value.chars().filter(|character| !character.is_control()).collect();
                filter.text = text.trim().chars().take(TEXT_LIMIT).collect();
                text.trim().chars().count() <= TEXT_LIMIT
            }
            "sort" => {
                let (word, descending) = value.strip_prefix('-').map_or((value, false), |word| (word, true));
                let sort = F::Sort::from_word(word);
                filter.sort = sort.unwrap_or_default();
                filter.descending = if sort.is_some() { descending } else { filter.sort.begins_descending() };
                sort.is_some()
            }
            "after" => self.set_position(Cursor::parse(value).map(Position::After)),
            "before" => self.set_position(Cursor::parse(value).map(Position::Before)),
            "page" => self.set_position((value == "last").then_some(Position::Last)),
            key => return filter.facets.set(key, value),
        })
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

impl<F: Facets> ListFilter<F> {
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
        chosen.extend(self.facets.chosen().into_iter().map(|facet| (facet.key, facet.word)));
        chosen.extend(self.order().map(|order| ("sort", order)));
        chosen
    }

    /// The order as it stands in an address; none if it is the default.
    pub fn order(&self) -> Option<String> {
        let default = F::Sort::default();
        if self.sort == default && self.descending == default.begins_descending() {
            return None;
        }
        let sign = if self.descending { "-" } else { "" };
        Some(format!("{sign}{}", self.sort.word()))
    }

    /// The same rows in another order; the order now shown is turned round.
    pub fn sorted_by(&self, sort: F::Sort) -> Self {
        let descending = if self.sort == sort { !self.descending } else { sort.begins_descending() };
        Self { sort, descending, ..self.clone() }
    }

    /// Whether any row is filtered out.
    pub fn is_narrow(&self) -> bool {
        !self.text.is_empty() || self.facets != F::default()
    }

    /// The chosen facets as people read them, each with the filter that is left without it.
    pub fn chips(&self) -> Vec<(String, Self)> {
        let chosen = self.facets.chosen().into_iter();
        let without = |key: &str| Self { facets: self.facets.without(key), ..self.clone() };
        chosen.map(|facet| (facet.chip, without(facet.key))).collect()
    }
}
