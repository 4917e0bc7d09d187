//! One scope's rows of one list: kept in order while rows come, change and go.

use std::cmp::Ordering;

use futures::{Stream, StreamExt};

use super::matches::Matches;
use super::{Indexed, KeyOrder, LARGE, Result, Shape};
use crate::domain::search_text::{fold, sort_key};

/// Separates the fields of a line; no folded text holds it, so no match spans two fields.
const FIELD: u8 = 0x1f;
const LINE: u8 = b'\n';

pub struct ListIndex {
    shape: Shape,
    version: i64,
    /// What is searched: a line for each row, of its fields, folded.
    pub(super) text: Vec<u8>,
    /// What rows are told apart and sorted by: for each row where its texts end (counted from the
    /// first one's beginning, two bytes each), then the texts: its key, and one for each sort.
    names: Vec<u8>,
    pub(super) rows: Vec<Row>,
    /// Where each line of `text` begins and whose it is, in the order of `text`. A changed row
    /// gets a new line at the end; its old one stays until the next [`ListIndex::compact`].
    pub(super) lines: Vec<Line>,
    /// The rows in the order of their keys, then in that of each sort, ascending.
    orders: Vec<Vec<u32>>,
    /// Places in `rows` that removed rows have left.
    free: Vec<u32>,
}

#[derive(Clone, Copy)]
pub(super) struct Row {
    /// Where its line begins in `text`; [`REMOVED`] if the row is no more.
    pub start: u32,
    name: u32,
    pub facets: u64,
    pub moment: i64,
}

const REMOVED: u32 = u32::MAX;

impl Row {
    pub fn is_present(&self) -> bool {
        self.start != REMOVED
    }
}

#[derive(Clone, Copy)]
pub(super) struct Line {
    pub start: u32,
    pub row: u32,
}

/// The order of the keys among the orders; those of the sorts follow it.
const KEYS: usize = 0;

impl ListIndex {
    pub fn new(shape: Shape) -> Self {
        let orders = vec![Vec::new(); shape.sorts + 1];
        let (text, names, rows, lines, free) = (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { shape, version: -1, text, names, rows, lines, orders, free }
    }

    pub fn clear(&mut self) {
        *self = Self::new(self.shape);
    }

    /// The version of the copy that it is as new as; -1 before anything has been read.
    pub fn version(&self) -> i64 {
        self.version
    }

    pub fn note_version(&mut self, version: i64) {
        self.version = self.version.max(version);
    }

    /// How much memory the index takes, in bytes. What it has in reserve has never been touched, so it takes none.
    pub fn bytes(&self) -> usize {
        let orders: usize = self.orders.iter().map(Vec::len).sum();
        self.text.len()
            + self.names.len()
            + self.rows.len() * size_of::<Row>()
            + self.lines.len() * size_of::<Line>()
            + (orders + self.free.len()) * size_of::<u32>()
    }

    pub fn is_large(&self) -> bool {
        self.rows.len() > LARGE
    }

    /// Puts rows in, in place of what was there under the same key. No key comes twice.
    pub async fn catch_up(&mut self, changes: impl Stream<Item = Result<Indexed>>) -> Result<()> {
        let mut changes = std::pin::pin!(changes);
        let (mut written, mut removed) = (Vec::new(), Vec::new());
        while let Some(change) = changes.next().await {
            let change = change?;
            // The order of the keys leads to every row that there was before: its key is still its own.
            let known = self.row_of(&change.key);
            if change.removed {
                removed.extend(self.remove(&change, known));
            } else {
                written.push(self.write(&change, known));
            }
        }
        if written.is_empty() && removed.is_empty() {
            return Ok(());
        }
        if self.is_large() {
            tokio::task::block_in_place(|| self.reorder(&written, &removed));
        } else {
            self.reorder(&written, &removed);
        }
        // Only now does nothing lead to them any more.
        self.free.extend(removed);
        self.compact();
        Ok(())
    }

    /// The rows in the order of a sort, ascending.
    pub(super) fn order(&self, sort: usize) -> &[u32] {
        &self.orders[self.order_of(sort)]
    }

    pub(super) fn key(&self, row: u32) -> &str {
        std::str::from_utf8(self.name(row, KEYS)).unwrap_or_default()
    }

    /// What the row is sorted by; empty for the order of the keys.
    pub(super) fn sort_text(&self, row: u32, sort: usize) -> &str {
        std::str::from_utf8(self.value(row, self.order_of(sort))).unwrap_or_default()
    }

    /// How a row stands to a place in an order. What has no text comes last; equals are ordered
    /// by their keys.
    pub(super) fn compare_to(&self, sort: usize, row: u32, value: &str, key: &str) -> Ordering {
        let order = self.order_of(sort);
        let value = if order == KEYS { "" } else { value };
        self.compare_with(order, row, value.as_bytes(), key.as_bytes())
    }

    fn order_of(&self, sort: usize) -> usize {
        if self.shape.by_key == Some(sort) { KEYS } else { sort + 1 }
    }

    /// The orders that there are: the one by key stands for its sort, too.
    fn all_orders(&self) -> impl Iterator<Item = usize> + use<> {
        let double = self.shape.by_key.map(|sort| sort + 1);
        (0..=self.shape.sorts).filter(move |order| Some(*order) != double)
    }

    fn compare(&self, order: usize, left: u32, right: u32) -> Ordering {
        self.compare_with(order, left, self.value(right, order), self.name(right, KEYS))
    }

    fn compare_with(&self, order: usize, row: u32, value: &[u8], key: &[u8]) -> Ordering {
        let own = self.value(row, order);
        let by_value = (own.is_empty(), own).cmp(&(value.is_empty(), value));
        by_value.then_with(|| self.compare_keys(self.name(row, KEYS), key))
    }

    fn compare_keys(&self, left: &[u8], right: &[u8]) -> Ordering {
        match self.shape.key_order {
            KeyOrder::Text => left.cmp(right),
            KeyOrder::Number => (left.len(), left).cmp(&(right.len(), right)),
        }
    }

    fn value(&self, row: u32, order: usize) -> &[u8] {
        if order == KEYS { &[] } else { self.name(row, order) }
    }

    /// One of the texts that `names` holds of a row.
    fn name(&self, row: u32, at: usize) -> &[u8] {
        let (ends, texts) = self.names_of(row);
        &texts[if at == 0 { 0 } else { end_of(ends, at - 1) }..end_of(ends, at)]
    }

    /// How many bytes of `names` are a row's.
    fn names_length(&self, row: u32) -> usize {
        let (ends, _) = self.names_of(row);
        ends.len() + end_of(ends, self.shape.sorts)
    }

    /// Where the texts of a row end, and the texts with everything behind them.
    fn names_of(&self, row: u32) -> (&[u8], &[u8]) {
        let from = self.rows[row as usize].name as usize;
        self.names[from..].split_at(2 * (self.shape.sorts + 1))
    }

    fn row_of(&self, key: &str) -> Option<u32> {
        let order = &self.orders[KEYS];
        let at = order.binary_search_by(|row| self.compare_keys(self.name(*row, KEYS), key.as_bytes())).ok()?;
        Some(order[at])
    }

    fn write(&mut self, change: &Indexed, known: Option<u32>) -> u32 {
        // Nothing bounds what upstream sends.
        let cut = |text: String, most: usize| if text.len() > most { text.chars().take(most).collect() } else { text };
        let start = offset(self.text.len());
        for field in &change.fields {
            self.text.extend_from_slice(cut(fold(field), 2_000).as_bytes());
            self.text.push(FIELD);
        }
        self.text.push(LINE);

        let name = self.names.len();
        let texts = name + 2 * (self.shape.sorts + 1);
        self.names.resize(texts, 0);
        for at in 0..=self.shape.sorts {
            match at {
                KEYS => self.names.extend_from_slice(change.key.as_bytes()),
                // Stands in addresses of pages; equal beginnings are told apart by key.
                at => {
                    let text = change.sorts.get(at - 1).map(|text| cut(sort_key(text), 80)).unwrap_or_default();
                    self.names.extend_from_slice(text.as_bytes());
                }
            }
            let end = u16::try_from(self.names.len() - texts).unwrap_or(u16::MAX);
            self.names[name + 2 * at..name + 2 * at + 2].copy_from_slice(&end.to_le_bytes());
        }

        self.note_version(change.version);
        let written = Row { start, name: offset(name), facets: change.facets, moment: change.moment };
        let row = match known.or_else(|| self.free.pop()) {
            Some(row) => {
                self.rows[row as usize] = written;
                row
            }
            None => {
                self.rows.push(written);
                offset(self.rows.len() - 1)
            }
        };
        self.lines.push(Line { start, row });
        row
    }

    /// Marks a row as removed; its place is free as soon as nothing leads to it.
    fn remove(&mut self, change: &Indexed, known: Option<u32>) -> Option<u32> {
        self.note_version(change.version);
        known.inspect(|row| self.rows[*row as usize].start = REMOVED)
    }

    /// Puts rows that were written to their places in the orders, and takes removed ones out.
    fn reorder(&mut self, written: &[u32], removed: &[u32]) {
        let mut moving = Matches::none_of(self.rows.len());
        for row in written.iter().chain(removed) {
            moving.insert(*row);
        }
        for order in self.all_orders() {
            let mut rows = std::mem::take(&mut self.orders[order]);
            rows.retain(|row| !moving.contains(*row));
            let coming = self.sorted(order, written);
            self.orders[order] = merged(rows, coming, |left, right| self.compare(order, left, right).is_lt());
        }
    }

    fn sorted(&self, order: usize, rows: &[u32]) -> Vec<u32> {
        // Most pairs are told apart by their first bytes, without a look at the text.
        let mut rows: Vec<(u64, u32)> = rows.iter().map(|row| (self.first_bytes(order, *row), *row)).collect();
        rows.sort_unstable_by(|(left_bytes, left), (right_bytes, right)| {
            left_bytes.cmp(right_bytes).then_with(|| self.compare(order, *left, *right))
        });
        rows.into_iter().map(|(_, row)| row).collect()
    }

    /// A number that is ordered as [`ListIndex::compare`] orders, as far as it goes.
    fn first_bytes(&self, order: usize, row: u32) -> u64 {
        let text = self.name(row, order);
        match (order, self.shape.key_order) {
            (KEYS, KeyOrder::Number) => text.len() as u64,
            _ if text.is_empty() => u64::MAX,
            _ => {
                let mut bytes = [0; 8];
                bytes[..text.len().min(8)].copy_from_slice(&text[..text.len().min(8)]);
                u64::from_be_bytes(bytes)
            }
        }
    }

    /// Drops the lines that changed rows have left behind, once they are many: what is left moves up, so that it
    /// needs no memory of its own.
    fn compact(&mut self) {
        if self.text.len() < 65_536 || self.lines.len() < self.rows.len() * 3 / 2 {
            return;
        }
        let (mut text, mut names, mut lines) = (0, 0, 0);
        for at in 0..self.lines.len() {
            let line = self.lines[at];
            let Row { start, name, .. } = self.rows[line.row as usize];
            if start == line.start {
                let end = self.lines.get(at + 1).map_or(self.text.len(), |next| next.start as usize);
                let length = self.names_length(line.row);
                self.text.copy_within(start as usize..end, text);
                self.names.copy_within(name as usize..name as usize + length, names);
                let row = &mut self.rows[line.row as usize];
                (row.start, row.name) = (offset(text), offset(names));
                self.lines[lines] = Line { start: row.start, row: line.row };
                (text, names, lines) = (text + end - start as usize, names + length, lines + 1);
            }
        }
        self.text.truncate(text);
        self.names.truncate(names);
        self.lines.truncate(lines);
    }
}

/// Puts sorted rows among sorted rows.
fn merged(mut rows: Vec<u32>, coming: Vec<u32>, is_before: impl Fn(u32, u32) -> bool) -> Vec<u32> {
    if rows.is_empty() {
        return coming;
    }
    // From the end, so that each is moved once.
    let (mut left, mut free) = (rows.len(), rows.len() + coming.len());
    rows.resize(free, 0);
    for row in coming.into_iter().rev() {
        let at = rows[..left].partition_point(|other| is_before(*other, row));
        free -= left - at;
        rows.copy_within(at..left, free);
        free -= 1;
        rows[free] = row;
        left = at;
    }
    rows
}

fn end_of(ends: &[u8], at: usize) -> usize {
    usize::from(u16::from_le_bytes([ends[at * 2], ends[at * 2 + 1]]))
}

/// A place in a text, in four bytes: the indexes' memory ends long before they do.
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(REMOVED)
}
