//! Finding a page of rows.

use memchr::memmem::Finder;
use time::OffsetDateTime;

use super::index::{Line, ListIndex};
use super::matches::Matches;
use crate::domain::list::{Choosable, FacetTest, Facets, ListQuery};
use crate::domain::page::{Cursor, Position};
use crate::domain::search_text::needles;

/// What is looked for.
#[derive(Debug)]
pub struct Wanted<'a> {
    needles: Vec<String>,
    facets: FacetTest,
    /// Number of the sort among all of them.
    sort: usize,
    descending: bool,
    position: &'a Position,
}

/// The keys of a page's rows, in order, and where the page lies in the whole.
#[derive(Debug, PartialEq, Eq)]
pub struct Found {
    pub keys: Vec<String>,
    pub matching: usize,
    pub total: usize,
    pub skipped: usize,
    pub before: Option<Cursor>,
    pub after: Option<Cursor>,
}

impl<'a> Wanted<'a> {
    /// `now` is what ages are counted from.
    pub fn of<F: Facets>(query: &'a ListQuery<F>, now: OffsetDateTime) -> Self {
        let filter = &query.filter;
        Self {
            needles: needles(&filter.text),
            facets: filter.facets.test(now),
            sort: F::Sort::ALL.iter().position(|sort| *sort == filter.sort).unwrap_or_default(),
            descending: filter.descending,
            position: &query.position,
        }
    }
}

impl ListIndex {
    pub fn find(&self, wanted: &Wanted<'_>, size: usize) -> Found {
        let matches = self.matches(wanted);
        let order = self.order(wanted.sort);
        // Positions in the list as shown, from its beginning; the order itself is ascending.
        let row_at = |at: usize| order[if wanted.descending { order.len() - 1 - at } else { at }];
        let is_match = |at: usize| matches.as_ref().is_none_or(|matches| matches.contains(row_at(at)));
        let matching = matches.as_ref().map_or(order.len(), Matches::count);

        // A page is read forwards from its first row, or backwards from its last.
        let (start, backwards) = match wanted.position {
            Position::First => (0, false),
            Position::Last => (order.len(), true),
            Position::After(cursor) => (self.place(wanted, cursor, true), false),
            Position::Before(cursor) => (self.place(wanted, cursor, false), true),
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
        let cursor = |at: &usize| Cursor {
            value: self.sort_text(row_at(*at), wanted.sort).to_owned(),
            key: self.key(row_at(*at)).to_owned(),
        };
        Found {
            keys: places.iter().map(|at| self.key(row_at(*at)).to_owned()).collect(),
            matching,
            total: order.len(),
            skipped,
            before: places.first().filter(|_| skipped > 0).map(cursor),
            after: places.last().filter(|_| skipped + places.len() < matching).map(cursor),
        }
    }

    /// The rows that the filter lets through; none if it lets all through.
    fn matches(&self, wanted: &Wanted<'_>) -> Option<Matches> {
        let Wanted { needles, facets, .. } = wanted;
        if needles.is_empty() && facets.passes_all() {
            return None;
        }
        let mut matches = Matches::none_of(self.rows.len());
        // The longest needle is the rarest; the others are only looked for where it was found.
        let longest = (0..needles.len()).max_by_key(|at| needles[*at].len());
        let Some(longest) = longest else {
            for (row, slot) in self.rows.iter().zip(0..) {
                if facets.passes(row.facets, row.moment) && row.is_present() {
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
            let Line { start, row: slot } = self.lines[line];
            let row = &self.rows[slot as usize];
            let end = self.lines.get(line + 1).map_or(self.text.len(), |next| next.start as usize);
            // A line that its row has left behind is nobody's.
            let current = row.start == start;
            if current && facets.passes(row.facets, row.moment) {
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
    fn place(&self, wanted: &Wanted<'_>, cursor: &Cursor, including: bool) -> usize {
        let order = self.order(wanted.sort);
        let ascending_including = including != wanted.descending;
        let ascending = order.partition_point(|row| {
            let against = self.compare_to(wanted.sort, *row, &cursor.value, &cursor.key);
            against.is_lt() || (ascending_including && against.is_eq())
        });
        if wanted.descending { order.len() - ascending } else { ascending }
    }
}
