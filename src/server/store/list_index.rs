//! Rows of lists in memory, for finding: any piece of text, any facet, any order, an exact count.
//!
//! Postgres answers by key in a tenth of a millisecond, but no index of it counts the matches of
//! a two-letter search in 100 000 rows within the time a keystroke allows. Here the searched text
//! of a scope lies in one piece and is searched at memory speed (about 1 ms for 100 000 rows).
//! The rows themselves are always read from the database, under its row-level security.
//!
//! An index is brought up to date before it is asked: each change of a copy raises the copy's
//! version in the same transaction, and only what is newer than the index is read.
//!
//! A list is added by implementing [`ListKind`] beside its SQL.

mod find;
mod index;
mod matches;
#[cfg(test)]
mod tests;

use std::any::TypeId;
use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures::stream::BoxStream;
use time::OffsetDateTime;
use tokio::sync::RwLock;

pub use self::find::{Found, Wanted};
pub use self::index::ListIndex;
use super::{Result, Scope, Store, Tenant};
use crate::domain::list::{Choosable, Facets, ListQuery};
use crate::domain::page::Page;

type SortOf<K> = <<K as ListKind>::Facets as Facets>::Sort;

/// A kind of list: what is found in it, and how its rows are read.
pub trait ListKind: 'static {
    type Facets: Facets;
    type Row: Send;

    const KEY_ORDER: KeyOrder = KeyOrder::Text;
    /// The sort, if there is one, that is the order of the keys. It needs no text.
    const BY_KEY: Option<SortOf<Self>> = None;

    /// Everything of the tenant that has changed after `version`; everything there is after -1.
    /// No key comes twice.
    fn changes<'a>(tenant: &'a mut Tenant<'_>, version: i64) -> BoxStream<'a, Result<Indexed>>;

    /// The rows of these keys, each with its key, in any order. A row that has just gone is left out.
    fn rows(tenant: &mut Tenant<'_>, keys: &[String]) -> impl Future<Output = Result<Vec<(String, Self::Row)>>> + Send;
}

/// What an index keeps of a row.
#[derive(Clone, Debug, Default)]
pub struct Indexed {
    /// Tells rows apart and equals in an order; stands in the addresses of pages, behind the last
    /// `~`.
    pub key: String,
    /// The texts that are searched, as they are shown; the index folds them.
    pub fields: Vec<String>,
    /// What the row is sorted by: a text for each of the kind's sorts, in their order. A row
    /// whose text is empty comes last. For times there is [`time_text`].
    pub sorts: Vec<String>,
    /// As the kind's [`Facets::test`] wants them.
    pub facets: u64,
    /// Unix seconds, for facets that are about time; otherwise 0.
    pub moment: i64,
    pub version: i64,
    /// The row is no longer in the list, for instance because it turned out to be another one's
    /// double; then nothing else but key and version counts.
    pub removed: bool,
}

/// A time as a text that sorts as times do; empty for one that is not known.
pub fn time_text(time: Option<OffsetDateTime>) -> String {
    time.map(|time| format!("{:012}", time.unix_timestamp().max(0))).unwrap_or_default()
}

/// How keys are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyOrder {
    Text,
    /// Digits in the order of the numbers, leading zeros told apart.
    Number,
}

/// What the index has to know of a kind.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    key_order: KeyOrder,
    sorts: usize,
    by_key: Option<usize>,
}

impl Shape {
    pub fn of<K: ListKind>() -> Self {
        Self {
            key_order: K::KEY_ORDER,
            sorts: SortOf::<K>::ALL.len(),
            by_key: K::BY_KEY.and_then(|by_key| SortOf::<K>::ALL.iter().position(|sort| *sort == by_key)),
        }
    }
}

pub struct Indexes {
    entries: Mutex<HashMap<(Scope, TypeId), Arc<Entry>>>,
    clock: AtomicU64,
    /// In bytes, of all together; beyond it the longest unused one goes first.
    limit: usize,
}

struct Entry {
    index: RwLock<ListIndex>,
    bytes: AtomicU64,
    used: AtomicU64,
}

impl Store {
    /// A page of the rows that match, as of `version` of the copy or later.
    pub async fn page<K: ListKind>(
        &self,
        scope: &Scope,
        version: i64,
        query: &ListQuery<K::Facets>,
        size: usize,
    ) -> Result<Page<K::Row>> {
        let found = self.indexes.find::<K>(self, scope, version, query, size).await?;
        let rows = if found.keys.is_empty() {
            Vec::new()
        } else {
            let mut tenant = self.tenant(scope).await?;
            let mut by_key: HashMap<String, K::Row> = K::rows(&mut tenant, &found.keys).await?.into_iter().collect();
            found.keys.iter().filter_map(|key| by_key.remove(key)).collect()
        };
        Ok(Page {
            rows,
            matching: found.matching,
            total: found.total,
            skipped: found.skipped,
            before: found.before,
            after: found.after,
        })
    }
}

impl Indexes {
    pub fn within(limit: usize) -> Self {
        Self { entries: Mutex::default(), clock: AtomicU64::default(), limit }
    }

    /// Finds a page of the scope's rows, as of `version` of its copy or later.
    async fn find<K: ListKind>(
        &self,
        store: &Store,
        scope: &Scope,
        version: i64,
        query: &ListQuery<K::Facets>,
        size: usize,
    ) -> Result<Found> {
        let entry = self.entry::<K>(scope);
        let wanted = Wanted::of(query, OffsetDateTime::now_utc());
        {
            let index = entry.index.read().await;
            if index.version() >= version {
                return Ok(off_the_runtime(&index, |index| index.find(&wanted, size)));
            }
        }
        let mut index = entry.index.write().await;
        if index.version() < version {
            if scope.merchant.is_some() {
                // A row that has gone over to another merchant would not be among the changes.
                // One merchant's rows are few: they are read anew.
                index.clear();
            }
            let store = store.for_many_rows();
            let mut tenant = store.tenant(scope).await?;
            let changes = K::changes(&mut tenant, index.version());
            if let Err(error) = index.catch_up(changes).await {
                // Half of the changes are in, so nothing of it can be trusted.
                index.clear();
                return Err(error);
            }
            index.note_version(version);
            entry.bytes.store(index.bytes() as u64, Ordering::Relaxed);
            self.forget_unused(&entry);
        }
        Ok(off_the_runtime(&index, |index| index.find(&wanted, size)))
    }

    fn entry<K: ListKind>(&self, scope: &Scope) -> Arc<Entry> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = entries.entry((scope.clone(), TypeId::of::<K>())).or_insert_with(|| {
            let index = RwLock::new(ListIndex::new(Shape::of::<K>()));
            Arc::new(Entry { index, bytes: AtomicU64::default(), used: AtomicU64::default() })
        });
        entry.used.store(self.clock.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        Arc::clone(entry)
    }

    fn forget_unused(&self, in_use: &Arc<Entry>) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = |entry: &Arc<Entry>| entry.bytes.load(Ordering::Relaxed) as usize;
        let mut sum: usize = entries.values().map(bytes).sum();
        while sum > self.limit {
            let others = entries.iter().filter(|(_, entry)| !Arc::ptr_eq(entry, in_use));
            let Some(oldest) = others.min_by_key(|(_, entry)| entry.used.load(Ordering::Relaxed)) else { return };
            let oldest = oldest.0.clone();
            sum -= entries.remove(&oldest).as_ref().map_or(0, bytes);
        }
    }
}

/// From so many rows on, searching and sorting take milliseconds.
const LARGE: usize = 200_000;

/// Searching very many rows takes long enough to hold up other requests of the same thread.
fn off_the_runtime<T>(index: &ListIndex, search: impl FnOnce(&ListIndex) -> T) -> T {
    if index.is_large() { tokio::task::block_in_place(|| search(index)) } else { search(index) }
}
