//! What a list can be narrowed down by besides text, and what it can be sorted by.

use std::fmt::Debug;
use std::ops::RangeInclusive;

use time::OffsetDateTime;

use crate::domain::identifiers::Market;

/// The facets of one kind of list. The keys `q`, `sort`, `after`, `before`, `page` and `list` are
/// taken: they mean the same in every list.
pub trait Facets: Clone + Debug + Default + PartialEq + Send + Sync + 'static {
    type Sort: SortChoice;

    /// Takes over a parameter of the address: whether its value means anything. None if the
    /// parameter is not one of these facets.
    fn set(&mut self, key: &str, word: &str) -> Option<bool>;

    /// All facets that there are, and what each can be.
    fn offered() -> Vec<Offered>;

    /// The facets that are chosen, always in the same order.
    fn chosen(&self) -> Vec<Chosen>;

    /// What a row must be like to be shown; `now` is what ages are counted from.
    fn test(&self, now: OffsetDateTime) -> FacetTest;

    /// The same without one of them.
    fn without(&self, key: &str) -> Self {
        let mut without = Self::default();
        for chosen in self.chosen() {
            if chosen.key != key {
                without.set(chosen.key, &chosen.word);
            }
        }
        without
    }
}

/// A parameter of the address, and the words that it can have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offered {
    pub key: &'static str,
    pub words: Vec<&'static str>,
}

/// A facet that is a choice.
pub fn offered<C: Choosable>(key: &'static str) -> Offered {
    Offered { key, words: C::ALL.iter().map(|choice| choice.word()).collect() }
}

/// A facet that is chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// The parameter of the address, and its value there.
    pub key: &'static str,
    pub word: String,
    /// As people read it.
    pub chip: String,
}

/// One of a few things, which stands in the address as a word and on the page as a label.
pub trait Choosable: Copy + Debug + PartialEq + Send + Sync + 'static {
    const ALL: &'static [Self];

    fn word(self) -> &'static str;

    fn label(self) -> &'static str;

    fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|choice| choice.word() == word)
    }
}

/// What a list is sorted by. The default is how it is shown at first.
pub trait SortChoice: Choosable + Default {
    /// Whether the last come first at first, as the newest do.
    fn begins_descending(self) -> bool {
        false
    }
}

/// Defines a choice: `choice! { Name { Variant = "word", "Label"; … } }`.
macro_rules! choice {
    ($(#[$about:meta])* $name:ident { $($variant:ident = $word:literal, $label:literal;)+ }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($variant),+ }

        impl $crate::domain::list::Choosable for $name {
            const ALL: &'static [Self] = &[$(Self::$variant),+];

            fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            fn label(self) -> &'static str {
                match self { $(Self::$variant => $label),+ }
            }
        }
    };
}
pub(crate) use choice;

/// Takes a word of the address over into `choice`. False if the word means nothing.
pub fn choose<C: Choosable>(choice: &mut Option<C>, word: &str) -> bool {
    *choice = C::from_word(word);
    choice.is_some()
}

/// A choice as [`Facets::chosen`] gives it, if it has been made. On its chip the label stands
/// behind `title`, or by itself if that is empty.
pub fn chosen<C: Choosable>(key: &'static str, title: &str, choice: Option<C>) -> Option<Chosen> {
    let choice = choice?;
    let label = choice.label();
    let chip = if title.is_empty() { label.to_owned() } else { format!("{title}: {label}") };
    Some(Chosen { key, word: choice.word().to_owned(), chip })
}

/// A place for a small number among the 64 bits that a list keeps of each row's facets.
#[derive(Clone, Copy, Debug)]
pub struct Bits {
    at: u32,
    width: u32,
}

impl Bits {
    /// `width` bits from bit `at` on.
    pub const fn new(at: u32, width: u32) -> Self {
        Self { at, width }
    }

    /// The place that lies `places` places of the same width further on.
    pub const fn further(self, places: u32) -> Self {
        Self { at: self.at + places * self.width, width: self.width }
    }

    /// `value` at this place, zero everywhere else.
    pub const fn holding(self, value: u64) -> u64 {
        (value << self.at) & self.mask()
    }

    const fn mask(self) -> u64 {
        ((1 << self.width) - 1) << self.at
    }
}

/// What a row's facets and moment must be like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FacetTest {
    mask: u64,
    wanted: u64,
    /// The earliest and the latest moment that passes, in unix seconds.
    earliest: i64,
    latest: i64,
}

impl Default for FacetTest {
    /// Every row passes.
    fn default() -> Self {
        Self { mask: 0, wanted: 0, earliest: i64::MIN, latest: i64::MAX }
    }
}

impl FacetTest {
    /// Wants `value` at that place.
    pub fn want(&mut self, place: Bits, value: u64) {
        self.mask |= place.mask();
        self.wanted |= place.holding(value);
    }

    /// Wants a moment, in unix seconds, within both this range and those wanted before.
    pub fn within(&mut self, moments: RangeInclusive<i64>) {
        self.earliest = self.earliest.max(*moments.start());
        self.latest = self.latest.min(*moments.end());
    }

    pub fn passes(&self, facets: u64, moment: i64) -> bool {
        facets & self.mask == self.wanted && self.earliest <= moment && moment <= self.latest
    }

    pub fn passes_all(&self) -> bool {
        *self == Self::default()
    }
}

choice! {
    /// Where a merchant is registered.
    MarketFacet {
        Norway = "no", "Norway";
        Denmark = "dk", "Denmark";
        Finland = "fi", "Finland";
        Unknown = "unknown", "Unknown";
    }
}

impl From<Option<Market>> for MarketFacet {
    fn from(market: Option<Market>) -> Self {
        match market {
            Some(Market::Norway) => Self::Norway,
            Some(Market::Denmark) => Self::Denmark,
            Some(Market::Finland) => Self::Finland,
            None => Self::Unknown,
        }
    }
}
