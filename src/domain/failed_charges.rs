//! Which failed charges are looked at; stands in the address.

use time::macros::format_description;
use time::{Date, Duration};

use super::charge::{FailedCharge, FailureReason};

/// Since when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Since {
    Week,
    #[default]
    Month,
    Quarter,
    Year,
}

impl Since {
    pub const ALL: [Self; 4] = [Self::Week, Self::Month, Self::Quarter, Self::Year];

    fn word(self) -> &'static str {
        match self {
            Self::Week => "7d",
            Self::Month => "30d",
            Self::Quarter => "90d",
            Self::Year => "365d",
        }
    }

    fn days(self) -> i64 {
        match self {
            Self::Week => 7,
            Self::Month => 30,
            Self::Quarter => 90,
            Self::Year => 365,
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Self::Week => "7 days",
            Self::Month => "30 days",
            Self::Quarter => "90 days",
            Self::Year => "A year",
        }
    }

    /// As the end of a sentence.
    pub fn phrase(self) -> &'static str {
        match self {
            Self::Week => "in the last 7 days",
            Self::Month => "in the last 30 days",
            Self::Quarter => "in the last 90 days",
            Self::Year => "in the last year",
        }
    }

    /// The first day.
    pub fn day(self, today: Date) -> Date {
        today - Duration::days(self.days())
    }
}

/// A reason that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AskedReason {
    Told(FailureReason),
    /// Those of which upstream tells none.
    Untold,
}

impl AskedReason {
    const UNTOLD: &'static str = "unknown";

    fn of(reason: Option<&FailureReason>) -> Self {
        reason.map_or(Self::Untold, |reason| Self::Told(reason.clone()))
    }

    pub fn known(&self) -> Option<FailureReason> {
        match self {
            Self::Told(reason) => Some(reason.clone()),
            Self::Untold => None,
        }
    }

    fn word(&self) -> &str {
        match self {
            Self::Told(reason) => reason.upstream(),
            Self::Untold => Self::UNTOLD,
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        if word == Self::UNTOLD { Some(Self::Untold) } else { FailureReason::from_upstream(word).map(Self::Told) }
    }
}

/// Where a page of failed charges begins: after this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct After {
    pub failed_on: Date,
    pub agreement_id: String,
    pub id: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FailedQuery {
    pub since: Since,
    /// None: all reasons, each with the latest few.
    pub reason: Option<AskedReason>,
    pub after: Option<After>,
}

impl FailedQuery {
    /// What is not understood counts as not said.
    pub fn from_query(query: &str) -> Self {
        let mut asked = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "since" => {
                    let known = Since::ALL.into_iter().find(|since| since.word() == value);
                    asked.since = known.unwrap_or_default();
                }
                "reason" => asked.reason = AskedReason::from_word(&value),
                "after" => asked.after = after(&value),
                _ => {}
            }
        }
        asked
    }

    pub fn to_query(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        if self.since != Since::default() {
            query.append_pair("since", self.since.word());
        }
        if let Some(reason) = &self.reason {
            query.append_pair("reason", reason.word());
        }
        if let Some(After { failed_on, agreement_id, id }) = &self.after {
            query.append_pair("after", &format!("{failed_on}~{agreement_id}~{id}"));
        }
        query.finish()
    }

    /// All reasons, within another time.
    #[must_use]
    pub fn within(&self, since: Since) -> Self {
        Self { since, ..Self::default() }
    }

    /// One reason alone.
    #[must_use]
    pub fn of_reason(&self, reason: Option<&FailureReason>) -> Self {
        Self { since: self.since, reason: Some(AskedReason::of(reason)), after: None }
    }

    /// The page after the one that ends with `last`.
    #[must_use]
    pub fn after(&self, last: &FailedCharge) -> Self {
        let after = After { failed_on: last.failed_on, agreement_id: last.agreement_id.clone(), id: last.id.clone() };
        Self { after: Some(after), ..self.clone() }
    }
}

fn after(value: &str) -> Option<After> {
    let mut parts = value.splitn(3, '~');
    let failed_on = Date::parse(parts.next()?, format_description!("[year]-[month]-[day]")).ok()?;
    let (agreement_id, id) = (parts.next()?.to_owned(), parts.next()?.to_owned());
    let sound = !agreement_id.contains('\0') && !id.contains('\0');
    sound.then_some(After { failed_on, agreement_id, id })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_survives_its_address() {
        for query in [
            "",
            "since=7d",
            "since=365d&reason=user_action_required",
            "reason=unknown",
            "reason=bank+holiday&after=2026-11-06%7Eagr_1%7Echr-2",
        ] {
            assert_eq!(FailedQuery::from_query(query).to_query(), query);
        }
        for nonsense in ["since=ever", "after=2026-13-01~a~b", "after=~~", "reason=", "x=y", "after=2026-11-06~a%00~b"]
        {
            assert_eq!(FailedQuery::from_query(nonsense).to_query(), "", "{nonsense}");
        }
        let today = time::macros::date!(2026 - 11 - 24);
        assert_eq!(Since::Week.day(today), time::macros::date!(2026 - 11 - 17));
    }
}
