//! Pages of long lists, by position in the order rather than by number, so that rows that come
//! and go between two clicks neither skip nor double the others.

/// A row's place in the order of a list: what it is sorted by, and what tells equals apart.
/// In addresses: `after=blabaer~123456`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub value: String,
    pub key: String,
}

impl Cursor {
    pub fn parse(text: &str) -> Option<Self> {
        let (value, key) = text.rsplit_once('~')?;
        (text.len() <= 400 && !key.is_empty()).then(|| Self { value: value.to_owned(), key: key.to_owned() })
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}~{}", self.value, self.key)
    }
}

/// Which page of a list is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Position {
    #[default]
    First,
    After(Cursor),
    Before(Cursor),
    Last,
}

/// A page of a list, and where it lies in the whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    pub rows: Vec<T>,
    /// How many rows match the filter.
    pub matching: usize,
    /// How many rows there are without any filter.
    pub total: usize,
    /// How many matching rows come before this page.
    pub skipped: usize,
    /// The page before this one, if there is one, and the one after.
    pub before: Option<Cursor>,
    pub after: Option<Cursor>,
}
