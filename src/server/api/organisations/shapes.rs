//! What answers look like.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::freshness::{CopyState, Freshness, machine};
use crate::domain::page::{Cursor, Page};
use crate::server::records::{PricePackageRecord, Recorded};

/// An organisation that the token may ask about.
#[derive(Serialize, ToSchema)]
pub struct KnownOrganisation {
    #[schema(example = "org_kystkassa")]
    pub org_id: String,
    #[schema(example = "Kystkassa AS")]
    pub name: String,
    /// `partner` or `merchant`.
    #[schema(example = "partner")]
    pub kind: &'static str,
    /// What the person behind the token may do there: `viewer`, `operator` or `admin`. Null for an organisation's own
    /// token.
    pub role: Option<&'static str>,
}

#[derive(Serialize, ToSchema)]
pub struct Organisations {
    pub data: Vec<KnownOrganisation>,
}

/// A page of a list.
#[derive(Serialize, ToSchema)]
pub struct RecordPage<R: ToSchema> {
    pub data: Vec<R>,
    pub page: PageFacts,
    pub copy: CopyFacts,
}

impl<R: ToSchema> RecordPage<R> {
    pub fn of<K: Recorded<Record = R>>(page: Page<K::Row>, limit: usize, copy: CopyFacts) -> Self {
        let cursor = |cursor: Option<Cursor>| cursor.map(|cursor| cursor.to_string());
        Self {
            data: page.rows.into_iter().map(Into::into).collect(),
            page: PageFacts {
                limit: limit as u64,
                matching: page.matching as u64,
                total: page.total as u64,
                skipped: page.skipped as u64,
                before: cursor(page.before),
                after: cursor(page.after),
            },
            copy,
        }
    }
}

/// All price packages that match.
#[derive(Serialize, ToSchema)]
pub struct PricePackages {
    pub data: Vec<PricePackageRecord>,
    pub copy: CopyFacts,
}

/// Where a page lies in the whole list.
#[derive(Serialize, ToSchema)]
pub struct PageFacts {
    /// The most rows of a page.
    #[schema(example = 50)]
    pub limit: u64,
    /// Rows that match, on all pages together.
    pub matching: u64,
    /// Rows without any filter.
    pub total: u64,
    /// Matching rows before this page.
    pub skipped: u64,
    /// For the page before this one, as the parameter `before`; null on the first.
    pub before: Option<String>,
    /// For the next page, as the parameter `after`; null on the last.
    #[schema(example = "kaffebrenneriet~654321")]
    pub after: Option<String>,
}

/// How old the portal's copy is, and why.
#[derive(Serialize, ToSchema)]
pub struct CopyFacts {
    /// When upstream last confirmed all of it; null before the first time.
    #[schema(format = DateTime)]
    pub as_of: Option<String>,
    /// `complete`, `fetching`, `waiting`, `failing`, `held` (upstream's last list was implausible), `no_keys` or
    /// `switched_off`.
    #[schema(example = "complete")]
    pub state: &'static str,
    /// What is the matter, where something is.
    pub reason: Option<String>,
}

impl From<Freshness> for CopyFacts {
    fn from(freshness: Freshness) -> Self {
        let (state, reason) = match freshness.state {
            CopyState::Complete => ("complete", None),
            CopyState::Fetching { .. } => ("fetching", None),
            CopyState::Waiting => ("waiting", None),
            CopyState::Failing { reason, .. } => ("failing", Some(reason)),
            CopyState::Held { reason } => ("held", Some(reason)),
            CopyState::NoKeys => ("no_keys", None),
            CopyState::SwitchedOff => ("switched_off", None),
        };
        Self { as_of: freshness.as_of.map(machine), state, reason }
    }
}
