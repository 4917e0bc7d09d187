//! Sales units in memory, for finding: any piece of text, any facet, any order, an exact count.
//!
//! Postgres answers by key in a tenth of a millisecond, but no index of it counts the matches of
//! a two-letter search in 100 000 rows within the time a keystroke allows. Here the searched text
//! of a scope lies in one piece and is searched at memory speed (about 1 ms for 100 000 units).
//! The rows themselves are always read from the database, under its row-level security.
//!
//! An index is brought up to date before it is asked: each change of a copy raises the copy's
//! version in the same transaction, and only what is newer than the index is read.

mod facets;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering as AtomicOrdering};
use std::sync::{Arc, Mutex, PoisonError};

use futures::{Stream, StreamExt};
use memchr::memmem::Finder;
use tokio::sync::RwLock;

use self::facets::{FacetTest, Matches, facets_of};
use super::{Result, Scope, Store};
use crate::domain::identifiers::BusinessIdentifier;
use crate::domain::page::{Cursor, Position};
use crate::domain::sales_unit::{CaptureType, Flag};
use crate::domain::sales_unit_filter::{FLAGS, SalesUnitFilter, SalesUnitQuery, Sort};
use crate::domain::search_text::{fold, needles, sort_key};

/// All indexes together may take this much memory; the longest unused one goes first.
const MEMORY_LIMIT: usize = 256 * 1024 * 1024;

#[derive(Default)]
pub struct Indexes {
    entries: Mutex<HashMap<Scope, Arc<Entry>>>,
    clock: AtomicU64,
}

#[derive(Default)]
struct Entry {
    index: RwLock<SalesUnitIndex>,
    bytes: AtomicU64,
    used: AtomicU64,
}

/// The keys of a page's rows, in order, and where the page lies in the whole.
#[derive(Debug, PartialEq, Eq)]
pub struct Found {
    pub msns: Vec<String>,
    pub matching: usize,
    pub total: usize,
    pub skipped: usize,
    pub before: Option<Cursor>,
    pub after: Option<Cursor>,
}

/// What the index keeps of a sales unit.
pub struct Indexed {
    pub msn: String,
    pub name: Option<String>,
    pub merchant_name: Option<String>,
    pub business_identifier: Option<BusinessIdentifier>,
    pub capture_type: CaptureType,
    pub flags: [Flag; FLAGS.len()],
    pub has_details: bool,
    pub gone: bool,
    pub version: i64,
}

impl Indexes {
    /// Finds a page of the scope's sales units, as of `version` of its copy or later.
    pub async fn find(
        &self,
        store: &Store,
        scope: &Scope,
        version: i64,
        query: &SalesUnitQuery,
        size: usize,
    ) -> Result<Found> {
        let entry = self.entry(scope);
        {
            let index = entry.index.read().await;
            if index.version >= version {
                return Ok(off_the_runtime(&index, |index| index.find(query, size)));
            }
        }
        let mut index = entry.index.write().await;
        if index.version < version {
            if scope.merchant.is_some() {
                // A unit that has gone over to another merchant would not be among the changes.
                // One merchant's units are few: they are read anew.
                *index = SalesUnitIndex::default();
            }
            let mut tenant = store.tenant(scope).await?;
            let changes = tenant.changed_sales_units(index.version);
            if let Err(error) = index.catch_up(changes).await {
                // Half of the changes are in, so nothing of it can be trusted.
                *index = SalesUnitIndex::default();
                return Err(error);
            }
            index.version = index.version.max(version);
            entry.bytes.store(index.bytes() as u64, AtomicOrdering::Relaxed);
            self.forget_unused(scope);
        }
        Ok(off_the_runtime(&index, |index| index.find(query, size)))
    }

    fn entry(&self, scope: &Scope) -> Arc<Entry> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = match entries.get(scope) {
            Some(entry) => Arc::clone(entry),
            None => Arc::clone(entries.entry(scope.clone()).or_default()),
        };
        entry.used.store(self.clock.fetch_add(1, AtomicOrdering::Relaxed), AtomicOrdering::Relaxed);
        entry
    }

    fn forget_unused(&self, in_use: &Scope) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = |entry: &Arc<Entry>| entry.bytes.load(AtomicOrdering::Relaxed) as usize;
        let mut sum: usize = entries.values().map(bytes).sum();
        while sum > MEMORY_LIMIT {
            let others = entries.iter().filter(|(scope, _)| *scope != in_use);
            let Some(oldest) = others.min_by_key(|(_, entry)| entry.used.load(AtomicOrdering::Relaxed)) else { return };
            let oldest = oldest.0.clone();
            sum -= entries.remove(&oldest).as_ref().map_or(0, bytes);
        }
    }
}

/// From so many units on, searching and sorting take milliseconds.
const LARGE: usize = 200_000;

/// Searching very many units takes long enough to hold up other requests of the same thread.
fn off_the_runtime<T>(index: &SalesUnitIndex, search: impl FnOnce(&SalesUnitIndex) -> T) -> T {
    if index.units.len() > LARGE { tokio::task::block_in_place(|| search(index)) } else { search(index) }
}

/// Separates the fields of a line; no folded text holds it, so no match spans two fields.
const FIELD: u8 = 0x1f;
const LINE: u8 = b'\n';

/// One scope's sales units. A line of `text` is `name msn merchant business-identifier`, folded.
#[derive(Default)]
pub struct SalesUnitIndex {
    version: i64,
    text: Vec<u8>,
    /// What units are sorted by: the names with their words apart.
    names: Vec<u8>,
    units: Vec<Unit>,
    /// Where each line of `text` begins and whose it is, in the order of `text`. A changed unit
    /// gets a new line at the end; its old one stays until the next [`SalesUnitIndex::compact`].
    lines: Vec<Line>,
    orders: [Vec<u32>; Sort::ALL.len()],
}

#[derive(Clone, Copy)]
struct Unit {
    start: u32,
    /// Ends of the four fields, counted from the start.
    ends: [u16; 4],
    /// Where `names` holds the unit's name, and behind it the merchant's.
    name_start: u32,
    name_lengths: [u16; 2],
    facets: u32,
}

#[derive(Clone, Copy)]
struct Line {
    start: u32,
    unit: u32,
}

impl SalesUnitIndex {
    /// Puts units in, in place of what was there under the same MSN. No MSN comes twice.
    ///
    /// A few are put in place one by one; many are written as they come and sorted in together.
    async fn catch_up(&mut self, changes: impl Stream<Item = Result<Indexed>>) -> Result<()> {
        let mut changes = std::pin::pin!(changes);
        let few = (self.units.len() / 50).max(64);
        let mut waiting = Vec::new();
        while let Some(change) = changes.next().await {
            waiting.push(change?);
            if waiting.len() > few {
                return self.catch_up_on_many(waiting, changes).await;
            }
        }
        for change in waiting {
            let known = self.slot(&change.msn);
            if let Some(slot) = known {
                self.take_out_of_orders(slot);
            }
            let slot = self.write_line(&change, known);
            self.put_into_orders(slot);
        }
        self.compact();
        Ok(())
    }

    async fn catch_up_on_many(
        &mut self,
        waiting: Vec<Indexed>,
        mut rest: impl Stream<Item = Result<Indexed>> + Unpin,
    ) -> Result<()> {
        for change in waiting {
            self.write_line(&change, self.slot(&change.msn));
        }
        while let Some(change) = rest.next().await {
            let change = change?;
            self.write_line(&change, self.slot(&change.msn));
        }
        if self.units.len() > LARGE {
            tokio::task::block_in_place(|| self.sort());
        } else {
            self.sort();
        }
        self.compact();
        self.text.shrink_to_fit();
        self.names.shrink_to_fit();
        self.units.shrink_to_fit();
        self.lines.shrink_to_fit();
        Ok(())
    }

    pub fn find(&self, query: &SalesUnitQuery, size: usize) -> Found {
        let filter = &query.filter;
        let matches = self.matches(filter);
        let order = &self.orders[filter.sort as usize];
        // Positions in the list as shown, from its beginning; the order itself is ascending.
        let unit_at = |at: usize| order[if filter.descending { order.len() - 1 - at } else { at }];
        let is_match = |at: usize| matches.as_ref().is_none_or(|matches| matches.contains(unit_at(at)));
        let matching = matches.as_ref().map_or(order.len(), Matches::count);

        // A page is read forwards from its first row, or backwards from its last.
        let (start, backwards) = match &query.position {
            Position::First => (0, false),
            Position::Last => (order.len(), true),
            Position::After(cursor) => (self.place(filter, cursor, true), false),
            Position::Before(cursor) => (self.place(filter, cursor, false), true),
        };
        let mut places: Vec<usize> = if backwards {
            (0..start).rev().filter(|at| is_match(*at)).take(size).collect()
        } else {
            (start..order.len()).filter(|at| is_match(*at)).take(size).collect()
        };
        if backwards {
            places.reverse();
        }
        let first = places.first().copied().unwrap_or(start);
        let skipped = if matches.is_none() { first } else { (0..first).filter(|at| is_match(*at)).count() };
        let cursor = |at: &usize| self.cursor(filter.sort, unit_at(*at));
        Found {
            msns: places.iter().map(|at| self.field(unit_at(*at), 1).to_owned()).collect(),
            matching,
            total: self.units.len(),
            skipped,
            before: places.first().filter(|_| skipped > 0).map(cursor),
            after: places.last().filter(|_| skipped + places.len() < matching).map(cursor),
        }
    }

    /// How much memory the index takes, in bytes.
    pub fn bytes(&self) -> usize {
        let orders: usize = self.orders.iter().map(Vec::capacity).sum();
        self.text.capacity()
            + self.names.capacity()
            + self.units.capacity() * size_of::<Unit>()
            + self.lines.capacity() * size_of::<Line>()
            + orders * size_of::<u32>()
    }

    /// The units that the filter lets through; none if it lets all through.
    fn matches(&self, filter: &SalesUnitFilter) -> Option<Matches> {
        let needles = needles(&filter.text);
        let facets = FacetTest::of(filter);
        if needles.is_empty() && facets.passes_all() {
            return None;
        }
        let mut matches = Matches::none_of(self.units.len());
        // The longest needle is the rarest; the others are only looked for where it was found.
        let longest = (0..needles.len()).max_by_key(|at| needles[*at].len());
        let Some(longest) = longest else {
            for (unit, slot) in self.units.iter().zip(0..) {
                if facets.passes(unit.facets) {
                    matches.insert(slot);
                }
            }
            return Some(matches);
        };
        let mut others: Vec<Finder<'_>> = Vec::new();
        for (at, needle) in needles.iter().enumerate() {
            if at != longest {
                others.push(Finder::new(needle));
            }
        }
        let first = Finder::new(&needles[longest]);
        let (mut at, mut line) = (0, 0);
        while let Some(found) = first.find(&self.text[at..]) {
            let found = at + found;
            line += self.lines_until(line, found);
            let Line { start, unit: slot } = self.lines[line];
            let unit = &self.units[slot as usize];
            let end = self.lines.get(line + 1).map_or(self.text.len(), |next| next.start as usize);
            let current = unit.start == start;
            if current && facets.passes(unit.facets) {
                let text = &self.text[start as usize..end];
                if others.iter().all(|needle| needle.find(text).is_some()) {
                    matches.insert(slot);
                }
            }
            at = end;
        }
        Some(matches)
    }

    /// How many lines after `line` the one lies that holds byte `at`. It is near when matches are
    /// common, so the search gallops.
    fn lines_until(&self, line: usize, at: usize) -> usize {
        let rest = &self.lines[line + 1..];
        let mut reach = 1;
        while reach < rest.len() && rest[reach].start as usize <= at {
            reach *= 2;
        }
        rest[..rest.len().min(reach + 1)].partition_point(|next| next.start as usize <= at)
    }

    /// Where a cursor's row stands in the list as shown, or would stand: the number of rows
    /// before it, with the row itself counted if `including`.
    fn place(&self, filter: &SalesUnitFilter, cursor: &Cursor, including: bool) -> usize {
        let order = &self.orders[filter.sort as usize];
        let ascending_including = including != filter.descending;
        let ascending = order.partition_point(|unit| {
            let against = self.compare_to(filter.sort, *unit, &cursor.value, &cursor.key);
            against == Ordering::Less || (ascending_including && against == Ordering::Equal)
        });
        if filter.descending { order.len() - ascending } else { ascending }
    }

    fn cursor(&self, sort: Sort, unit: u32) -> Cursor {
        let value = if sort == Sort::Msn { "" } else { self.sort_value(sort, unit) };
        Cursor { value: value.to_owned(), key: self.field(unit, 1).to_owned() }
    }

    fn sort_value(&self, sort: Sort, unit: u32) -> &str {
        let Unit { name_start, name_lengths: [name, merchant], .. } = self.units[unit as usize];
        let (start, name, merchant) = (name_start as usize, usize::from(name), usize::from(merchant));
        let bytes = match sort {
            Sort::Name => &self.names[start..start + name],
            Sort::Msn => &[],
            Sort::Merchant => &self.names[start + name..start + name + merchant],
        };
        std::str::from_utf8(bytes).unwrap_or_default()
    }

    /// What has no name comes last; equals are ordered by their number.
    fn compare_to(&self, sort: Sort, unit: u32, value: &str, msn: &str) -> Ordering {
        let own = self.sort_value(sort, unit);
        let value = if sort == Sort::Msn { "" } else { value };
        let by_value = (own.is_empty(), own).cmp(&(value.is_empty(), value));
        by_value.then_with(|| compare_msn(self.field(unit, 1), msn))
    }

    fn compare(&self, sort: Sort, left: u32, right: u32) -> Ordering {
        self.compare_to(sort, left, self.sort_value(sort, right), self.field(right, 1))
    }

    fn field(&self, unit: u32, field: usize) -> &str {
        let Unit { start, ends, .. } = self.units[unit as usize];
        let from = if field == 0 { 0 } else { usize::from(ends[field - 1]) + 1 };
        let bytes = &self.text[start as usize + from..start as usize + usize::from(ends[field])];
        std::str::from_utf8(bytes).unwrap_or_default()
    }

    fn slot(&self, msn: &str) -> Option<u32> {
        let order = &self.orders[Sort::Msn as usize];
        let at = order.binary_search_by(|unit| compare_msn(self.field(*unit, 1), msn)).ok()?;
        Some(order[at])
    }

    fn write_line(&mut self, unit: &Indexed, known: Option<u32>) -> u32 {
        // Folding can lengthen a text, and nothing bounds what upstream sends.
        let cut = |text: String| if text.len() > 2_000 { text.chars().take(2_000).collect() } else { text };
        let short = |text: &str| cut(fold(text));
        let business_id = unit.business_identifier.as_ref().map(|business| short(&business.id));
        let fields = [
            unit.name.as_deref().map(short).unwrap_or_default(),
            unit.msn.clone(),
            unit.merchant_name.as_deref().map(short).unwrap_or_default(),
            business_id.unwrap_or_default(),
        ];
        let start = self.text.len();
        let mut ends = [0; 4];
        for (field, end) in fields.iter().zip(&mut ends) {
            self.text.extend_from_slice(field.as_bytes());
            *end = u16::try_from(self.text.len() - start).unwrap_or(u16::MAX);
            self.text.push(FIELD);
        }
        self.text.push(LINE);
        self.version = self.version.max(unit.version);
        let name_start = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        let name_lengths = [&unit.name, &unit.merchant_name].map(|name| {
            // Stands in addresses of pages; equal beginnings are told apart by number.
            let name: String = name.as_deref().map(sort_key).unwrap_or_default().chars().take(80).collect();
            self.names.extend_from_slice(name.as_bytes());
            u16::try_from(name.len()).unwrap_or(u16::MAX)
        });
        let start = u32::try_from(start).unwrap_or(u32::MAX);
        let written = Unit { start, ends, name_start, name_lengths, facets: facets_of(unit) };
        let slot = known.unwrap_or(u32::try_from(self.units.len()).unwrap_or(u32::MAX));
        match known {
            Some(slot) => self.units[slot as usize] = written,
            None => self.units.push(written),
        }
        self.lines.push(Line { start, unit: slot });
        slot
    }

    fn put_into_orders(&mut self, unit: u32) {
        for sort in Sort::ALL {
            let order = &self.orders[*sort as usize];
            let at = order.partition_point(|other| self.compare(*sort, *other, unit) == Ordering::Less);
            self.orders[*sort as usize].insert(at, unit);
        }
    }

    fn take_out_of_orders(&mut self, unit: u32) {
        for sort in Sort::ALL {
            let order = &self.orders[*sort as usize];
            if let Ok(at) = order.binary_search_by(|other| self.compare(*sort, *other, unit)) {
                self.orders[*sort as usize].remove(at);
            }
        }
    }

    fn sort(&mut self) {
        for sort in Sort::ALL {
            // Most pairs are told apart by their first bytes, without a look at the text.
            let mut order: Vec<(u64, u32)> =
                (0..).take(self.units.len()).map(|unit| (self.first_bytes(*sort, unit), unit)).collect();
            order.sort_unstable_by(|(left_bytes, left), (right_bytes, right)| {
                left_bytes.cmp(right_bytes).then_with(|| self.compare(*sort, *left, *right))
            });
            self.orders[*sort as usize] = order.into_iter().map(|(_, unit)| unit).collect();
        }
    }

    /// A number that is ordered as [`SalesUnitIndex::compare`] orders, as far as it goes.
    fn first_bytes(&self, sort: Sort, unit: u32) -> u64 {
        let value = self.sort_value(sort, unit).as_bytes();
        match (sort, value.len()) {
            (Sort::Msn, _) => self.field(unit, 1).len() as u64,
            (_, 0) => u64::MAX,
            (_, length) => {
                let mut bytes = [0; 8];
                bytes[..length.min(8)].copy_from_slice(&value[..length.min(8)]);
                u64::from_be_bytes(bytes)
            }
        }
    }

    /// Drops the lines that changed units have left behind, once they are many.
    fn compact(&mut self) {
        if self.text.len() < 65_536 || self.lines.len() < self.units.len() * 3 / 2 {
            return;
        }
        let mut text = Vec::with_capacity(self.text.len());
        let mut names = Vec::with_capacity(self.names.len());
        let mut lines = Vec::with_capacity(self.units.len());
        for line in &self.lines {
            let unit = &mut self.units[line.unit as usize];
            if unit.start == line.start {
                let start = line.start as usize;
                unit.start = u32::try_from(text.len()).unwrap_or(u32::MAX);
                lines.push(Line { start: unit.start, unit: line.unit });
                text.extend_from_slice(&self.text[start..start + usize::from(unit.ends[3]) + 2]);
                let start = unit.name_start as usize;
                unit.name_start = u32::try_from(names.len()).unwrap_or(u32::MAX);
                let length: usize = unit.name_lengths.into_iter().map(usize::from).sum();
                names.extend_from_slice(&self.names[start..start + length]);
            }
        }
        (self.text, self.names, self.lines) = (text, names, lines);
    }
}

/// Serial numbers in the order of the numbers, leading zeros told apart.
fn compare_msn(left: &str, right: &str) -> Ordering {
    (left.len(), left).cmp(&(right.len(), right))
}
