//! What is looked at, as it stands in the address.

use super::{Span, UnitPlace};
use crate::domain::identifiers::Msn;

/// Whose calls are looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unit {
    Any,
    One(Msn),
    /// What was typed is no serial number.
    NoSuch,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApiQualityQuery {
    pub span: Span,
    /// A serial number as it was typed; empty: all calls.
    pub unit: String,
    /// Where the list of sales units goes on.
    pub after: Option<UnitPlace>,
}

impl ApiQualityQuery {
    /// What cannot be read is as if it were not there.
    pub fn from_query(query: &str) -> Self {
        let mut read = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match name.as_ref() {
                "span" => read.span = Span::from_word(&value).unwrap_or_default(),
                "msn" => read.unit = value.trim().chars().take(40).collect(),
                "after" => read.after = UnitPlace::from_word(&value),
                _ => {}
            }
        }
        read
    }

    pub fn to_query(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        if self.span != Span::default() {
            query.append_pair("span", self.span.word());
        }
        if !self.unit.is_empty() {
            query.append_pair("msn", &self.unit);
        }
        if let Some(after) = &self.after {
            query.append_pair("after", &after.to_word());
        }
        query.finish()
    }

    /// Whose calls are looked at.
    pub fn unit(&self) -> Unit {
        match Msn::parse(&self.unit) {
            _ if self.unit.is_empty() => Unit::Any,
            Some(msn) => Unit::One(msn),
            None => Unit::NoSuch,
        }
    }

    /// The same with another time, from the beginning of the list of units.
    #[must_use]
    pub fn with_span(&self, span: Span) -> Self {
        Self { span, after: None, ..self.clone() }
    }

    /// One unit's calls within the same time.
    #[must_use]
    pub fn of_unit(&self, msn: &Msn) -> Self {
        Self { unit: msn.to_string(), after: None, ..self.clone() }
    }

    /// All calls within the same time.
    #[must_use]
    pub fn of_all(&self) -> Self {
        Self { span: self.span, ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_say_what_is_looked_at() {
        for query in ["", "span=7d", "span=90d&msn=123456", "after=52000%7E13%7E123456"] {
            assert_eq!(ApiQualityQuery::from_query(query).to_query(), query);
        }
        let read = ApiQualityQuery::from_query("span=year&after=nonsense&msn=%20123456%20&x=y");
        assert_eq!(read.to_query(), "msn=123456");
        assert_eq!(ApiQualityQuery::from_query("msn=kaffe").unit(), Unit::NoSuch);
        assert_eq!(ApiQualityQuery::from_query("span=7d").unit(), Unit::Any);
        assert_eq!(ApiQualityQuery::from_query("msn=123456&span=7d").of_all().to_query(), "span=7d");
    }
}
