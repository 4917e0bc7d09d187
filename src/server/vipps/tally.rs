//! What has been called and not yet been written down: counts by hour, organisation, sales unit and endpoint. Nothing of
//! a call but what became of it and how long it took.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::Method;
use time::OffsetDateTime;

use super::error::Error;
use crate::domain::api_quality::{CountedCalls, Figures, Outcome, hour_of};
use crate::domain::identifiers::Msn;
use crate::domain::organisation::OrgId;

/// More than this is not kept while the database does not answer.
const MOST_CELLS: usize = 50_000;

#[derive(Default)]
pub(super) struct Tally(Mutex<HashMap<Cell, Figures>>);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Cell {
    organisation: OrgId,
    hour: OffsetDateTime,
    msn: Option<Msn>,
    method: Method,
    template: String,
}

impl Tally {
    pub(super) fn count(
        &self,
        organisation: &OrgId,
        (method, template): (&Method, &'static str),
        msn: Option<Msn>,
        outcome: Outcome,
        took: Duration,
    ) {
        let cell = Cell {
            organisation: organisation.clone(),
            hour: hour_of(OffsetDateTime::now_utc()),
            msn,
            method: method.clone(),
            template: template.to_owned(),
        };
        let milliseconds = u32::try_from(took.as_millis()).unwrap_or(u32::MAX);
        self.cells().entry(cell).or_default().count(outcome, milliseconds);
    }

    /// Everything that has been counted, by organisation; it is counted here no longer.
    pub(super) fn take(&self) -> HashMap<OrgId, Vec<CountedCalls>> {
        let cells = std::mem::take(&mut *self.cells());
        let mut taken: HashMap<OrgId, Vec<CountedCalls>> = HashMap::new();
        for (Cell { organisation, hour, msn, method, template }, figures) in cells {
            let endpoint = format!("{method}:{template}");
            taken.entry(organisation).or_default().push(CountedCalls { hour, msn, endpoint, figures });
        }
        taken
    }

    /// Takes back what could not be written down. False if there is too much already: then it is lost.
    pub(super) fn put_back(&self, organisation: &OrgId, calls: Vec<CountedCalls>) -> bool {
        let mut cells = self.cells();
        if cells.len() + calls.len() > MOST_CELLS {
            return false;
        }
        for CountedCalls { hour, msn, endpoint, figures } in calls {
            let Some((method, template)) = endpoint.split_once(':') else { continue };
            let Ok(method) = method.parse() else { continue };
            let cell = Cell { organisation: organisation.clone(), hour, msn, method, template: template.to_owned() };
            cells.entry(cell).or_default().add(&figures);
        }
        true
    }

    fn cells(&self) -> MutexGuard<'_, HashMap<Cell, Figures>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What became of a call; none if nothing was sent. Where a `refusal_tells` what was asked, one that tells is
/// expected: that upstream does not have something is no failure of the call that asked whether it does.
pub(super) fn outcome_of<T>(outcome: &Result<T, Error>, refusal_tells: bool) -> Option<Outcome> {
    let error = match outcome {
        Ok(_) => return Some(Outcome::Success),
        Err(error) => error.failure(),
    };
    match error {
        Error::Unreachable { .. } => Some(Outcome::NoConnection),
        Error::TimedOut { .. } => Some(Outcome::TooLate),
        Error::Truncated { .. } | Error::TooLarge { .. } => Some(Outcome::CutOff),
        Error::Forbidden(_) | Error::NotFound(_) | Error::Refused(_) if refusal_tells => {
            let status = error.status()?;
            Some(if (400..500).contains(&status) { Outcome::Expected } else { Outcome::of_status(status) })
        }
        error => error.status().map(Outcome::of_status),
    }
}

#[cfg(test)]
mod tests {
    use super::super::problem::Problem;
    use super::*;

    #[test]
    fn what_could_not_be_written_down_is_counted_again_with_the_rest() {
        let (tally, organisation) = (Tally::default(), OrgId::parse("org_a").unwrap());
        let count = |outcome| tally.count(&organisation, (&Method::GET, "/a/{msn}"), None, outcome, Duration::ZERO);
        count(Outcome::Success);
        let taken = tally.take().remove(&organisation).unwrap();
        assert!(tally.take().is_empty());
        count(Outcome::NotFound);
        assert!(tally.put_back(&organisation, taken));
        let all = tally.take().remove(&organisation).unwrap();
        assert_eq!(all.len(), 1);
        assert_eq!((all[0].figures.requests(), all[0].figures.failed()), (2, 1));
        assert_eq!(all[0].endpoint, "GET:/a/{msn}");
    }

    #[test]
    fn only_a_refusal_that_tells_is_expected() {
        let refused = |status| Err::<(), _>(Error::Refused(Box::new(Problem::read(status, b"", &[]))));
        let not_found = Err::<(), _>(Error::NotFound(Box::new(Problem::read(404, b"", &[]))));
        assert_eq!(outcome_of(&not_found, true), Some(Outcome::Expected));
        assert_eq!(outcome_of(&not_found, false), Some(Outcome::NotFound));
        assert_eq!(outcome_of(&refused(405), true), Some(Outcome::Expected));
        assert_eq!(outcome_of(&refused(302), true), Some(Outcome::Redirect));
        let keys = Err::<(), _>(Error::Unauthorized(Box::new(Problem::read(401, b"", &[]))));
        assert_eq!(outcome_of(&keys, true), Some(Outcome::Unauthorized));
        let limited =
            Err::<(), _>(Error::Limited { retry_after: None, problem: Some(Box::new(Problem::read(423, b"", &[]))) });
        assert_eq!(outcome_of(&limited, true), Some(Outcome::TooMany));
        assert_eq!(outcome_of(&Err::<(), _>(Error::Unsendable { reason: String::new() }), true), None);
        assert_eq!(outcome_of(&Ok(()), true), Some(Outcome::Success));
    }
}
