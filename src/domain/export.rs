//! Lists as files: in which form, and which of their columns.

use super::columns::Column;
use super::list::choice;

choice! {
    /// The form of a file.
    Format {
        Csv = "csv", "CSV";
        JsonLines = "jsonl", "JSON Lines";
    }
}

/// What is asked for of a list as a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    pub format: Format,
    pub columns: Vec<Column>,
}

impl Format {
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::JsonLines => "application/jsonl; charset=utf-8",
        }
    }
}

/// A text that a spreadsheet does not take for a formula, whatever a merchant has called its shop.
pub fn defused(text: &str) -> std::borrow::Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']) {
        format!("'{text}").into()
    } else {
        text.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_a_formula() {
        for formula in ["=1+1", "+47 900 00 000", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1"] {
            assert_eq!(defused(formula), format!("'{formula}"));
        }
        for text in ["", "Kaffe", "'=1", " =1", "2.99%", "a=b", "æ-b"] {
            assert_eq!(defused(text), text);
        }
    }
}
