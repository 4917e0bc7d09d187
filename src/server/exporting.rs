//! Lists as files: CSV and JSON Lines, in pieces, so that a million rows need no more memory than a thousand.
//!
//! Rows are read by their place in the order of the list, piece after piece. What changes while a file is being
//! made is in it as it is when its turn comes; no row comes twice because of it.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use serde::Serialize;
use serde_json::Value;
use tokio::sync::Semaphore;

use super::acting::reading::Reader;
use super::records::Recorded;
use crate::domain::columns::Column;
use crate::domain::export::{Export, Format, defused};
use crate::domain::failure::Failure;
use crate::domain::list::{ListFilter, ListQuery};
use crate::domain::page::Position;

/// Rows of the first piece, which somebody waits for, and of each other.
const FIRST_PIECE: usize = 200;
const PIECE: usize = 4_000;
/// Pieces that are read at the same time, for however many files: people's pages come first.
const AT_ONCE: usize = 3;

/// Whose turn it is to read a piece.
pub struct Turns(Arc<Semaphore>);

impl Default for Turns {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

/// A list as a file. If it cannot be read to its end, the file breaks off with an error, so that nobody takes it for
/// the whole.
pub fn file<K: Recorded>(
    reader: Reader,
    filter: ListFilter<K::Facets>,
    export: Export,
) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    let heading = heading(&export);
    let state = (reader, filter, export, Some(Position::First));
    let pieces = stream::try_unfold(state, async |(reader, filter, export, position)| {
        let Some(position) = position else { return Ok(None) };
        let turns = Arc::clone(&reader.portal().turns().0);
        let _turn = turns.acquire_owned().await.map_err(io::Error::other)?;
        let query = ListQuery { filter, position, ignored: Vec::new() };
        let size = if query.position == Position::First { FIRST_PIECE } else { PIECE };
        let page = reader.page::<K>(&query, size).await.map_err(broken_off)?;
        let lines = lines(page.rows.into_iter().map(Into::<K::Record>::into), &export)?;
        Ok(Some((lines, (reader, query.filter, export, page.after.map(Position::After)))))
    });
    stream::iter(heading.map(Ok)).chain(pieces)
}

/// A few rows as a file.
///
/// # Errors
/// In practice none.
pub fn small_file<R: Serialize>(rows: impl Iterator<Item = R>, export: &Export) -> io::Result<Bytes> {
    let heading = heading(export).unwrap_or_default();
    Ok([heading, lines(rows, export)?].concat().into())
}

fn broken_off(failure: Failure) -> io::Error {
    tracing::warn!(%failure, "a file was broken off");
    io::Error::other(failure)
}

/// The first line of a file, if files of its format have one.
fn heading(export: &Export) -> Option<Bytes> {
    let names: Vec<&str> = export.columns.iter().map(|column| column.name).collect();
    match export.format {
        Format::Csv => Some(format!("{}\r\n", names.join(",")).into()),
        Format::JsonLines => None,
    }
}

fn lines<R: Serialize>(rows: impl Iterator<Item = R>, export: &Export) -> io::Result<Bytes> {
    match export.format {
        Format::Csv => {
            let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
            for row in rows {
                let row = serde_json::to_value(row)?;
                writer.write_record(export.columns.iter().map(|column| cell(&row, *column)))?;
            }
            writer.into_inner().map(Bytes::from).map_err(|error| io::Error::other(error.to_string()))
        }
        Format::JsonLines => {
            let mut text = Vec::new();
            for row in rows {
                let mut row = serde_json::to_value(row)?;
                if let Some(fields) = row.as_object_mut() {
                    fields.retain(|name, _| export.columns.iter().any(|column| column.name == name));
                }
                serde_json::to_writer(&mut text, &row)?;
                text.push(b'\n');
            }
            Ok(text.into())
        }
    }
}

/// A field as text: nothing for null, several things with blanks between.
fn cell(row: &Value, column: Column) -> String {
    match &row[column.name] {
        Value::Null => String::new(),
        Value::String(text) => defused(text).into_owned(),
        Value::Array(values) => {
            let texts: Vec<&str> = values.iter().filter_map(Value::as_str).collect();
            defused(&texts.join(" ")).into_owned()
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::columns::{WEBHOOKS, choose};

    fn text(format: Format, names: &[&str]) -> String {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let export = Export { format, columns: choose(WEBHOOKS, &names).unwrap() };
        let rows = [
            json!({"id": "1", "url": "https://a.example/?x=1,2", "events": ["one.v1", "two.v1"], "msn": null}),
            json!({"id": "2", "url": "=cmd|' /C calc'!A0", "events": [], "msn": "Kåre \"K\"\nNye linjer"}),
        ];
        String::from_utf8(small_file(rows.iter(), &export).unwrap().to_vec()).unwrap()
    }

    #[test]
    fn csv_is_quoted_where_it_must_be_and_holds_no_formula() {
        assert_eq!(
            text(Format::Csv, &["id", "url", "events", "msn"]),
            "id,url,events,msn\r\n\
             1,\"https://a.example/?x=1,2\",one.v1 two.v1,\r\n\
             2,'=cmd|' /C calc'!A0,,\"Kåre \"\"K\"\"\nNye linjer\"\r\n"
        );
    }

    #[test]
    fn json_lines_hold_one_object_each() {
        let lines = text(Format::JsonLines, &["id", "events"]);
        let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines, [json!({"id": "1", "events": ["one.v1", "two.v1"]}), json!({"id": "2", "events": []})]);
    }
}
