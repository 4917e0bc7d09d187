//! The words the simulated world is made of: places, streets and shop names per market.
//!
//! Places stand in order of neighbourhood, because a merchant's further shops are taken
//! from the places that follow its first one.

mod denmark;
mod finland;
mod norway;

use crate::domain::identifiers::Market;

pub struct Place {
    /// What a shop there is called after: a part of town, or the town itself.
    pub name: &'static str,
    pub city: &'static str,
    pub post_code: u32,
}

/// How a shop's name is made: `{w}` is a word, `{n}` a surname.
pub struct Trade {
    pub pattern: &'static str,
    /// Clubs have no company form after their name.
    pub club: bool,
}

pub struct Country {
    pub places: &'static [Place],
    pub streets: &'static [&'static str],
    pub words: &'static [&'static str],
    pub surnames: &'static [&'static str],
    pub trades: &'static [Trade],
    pub company_forms: &'static [&'static str],
    /// Set behind a place's name when a chain has more shops than there are places.
    pub corners: &'static [&'static str],
    pub webshop: &'static str,
    pub post_box: &'static str,
    pub post_code_digits: usize,
}

/// Chains that exist in every world large enough, so that a demonstration finds them by name.
pub const CHAINS: &[(&str, Market)] = &[
    ("Blåbær Kaffe", Market::Norway),
    ("Kaffebrenneriet", Market::Norway),
    ("Räksmörgås & Kaffe", Market::Finland),
    ("Ærø Bageri & Kaffe", Market::Denmark),
    ("Fjellheim Skiutleie", Market::Norway),
    ("Apotek Nordlys", Market::Norway),
    ("Mustikka Kahvila", Market::Finland),
    ("Smørrebrødskælderen", Market::Denmark),
    ("Narvesjø Kiosk", Market::Norway),
    ("Barber Østergård", Market::Denmark),
    ("Saippuakauppa Yö", Market::Finland),
    ("Kaffe & Kanelbolle", Market::Norway),
];

/// Single shops whose names are awkward on purpose: short, quoted, accented, with markup characters.
pub const ODDITIES: &[(&str, Market)] = &[
    ("Å", Market::Norway),
    ("Kaffe <3 Kake", Market::Norway),
    ("Café \"Ølhunden\"", Market::Denmark),
    ("L'Étoile du Nord", Market::Norway),
    ("Hääyöaie", Market::Finland),
    ("Rock'n'Røll Kaffe & Vinyl", Market::Denmark),
    ("100% Ull", Market::Norway),
    ("Trøndersk Kaffebrenneri og Frisørsalong", Market::Norway),
];

/// First names of further partners; the three that always exist are in `keys`.
pub const PARTNER_STEMS: &[&str] =
    &["Fjord", "Sund", "Bølge", "Nordlys", "Skjær", "Ægir", "Hav", "Vinter", "Måke", "Tähti", "Løve", "Brygge"];
pub const PARTNER_ENDS: &[&str] = &["kassa", "betaling", "terminal", "pay", "butikk", "data"];

pub fn country(market: Market) -> &'static Country {
    match market {
        Market::Norway => &norway::NORWAY,
        Market::Denmark => &denmark::DENMARK,
        Market::Finland => &finland::FINLAND,
    }
}

const fn at(name: &'static str, city: &'static str, post_code: u32) -> Place {
    Place { name, city, post_code }
}

const fn shop(pattern: &'static str) -> Trade {
    Trade { pattern, club: false }
}

const fn club(pattern: &'static str) -> Trade {
    Trade { pattern, club: true }
}

/// The text with Nordic letters written in ASCII and all else as `_`: fit for an organisation's id.
pub fn slug(text: &str) -> String {
    let mut slug = String::with_capacity(text.len());
    for character in text.to_lowercase().chars() {
        match character {
            'æ' => slug.push_str("ae"),
            'ø' | 'ö' => slug.push('o'),
            'å' | 'ä' => slug.push('a'),
            'é' => slug.push('e'),
            'ü' => slug.push('u'),
            'a'..='z' | '0'..='9' => slug.push(character),
            _ if slug.is_empty() || slug.ends_with('_') => {}
            _ => slug.push('_'),
        }
    }
    slug.trim_end_matches('_').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_names_fit_upstreams_lengths() {
        let longest = |list: &[&str]| list.iter().map(|text| text.chars().count()).max().unwrap_or(0);
        for market in Market::ALL {
            let country = country(market);
            assert!(longest(country.streets) <= 25, "a house number must fit behind the street in 30 characters");
            assert!(country.places.iter().all(|place| place.city.chars().count() <= 30));
            let patterns: Vec<&str> = country.trades.iter().map(|trade| trade.pattern).collect();
            let brand = longest(&patterns) - 3 + longest(country.words).max(longest(country.surnames));
            let places: Vec<&str> = country.places.iter().map(|place| place.name).collect();
            assert!(brand + longest(&places) + longest(country.corners) + 5 <= 60, "names would often be cut");
        }
    }

    #[test]
    fn slugs_are_ascii() {
        assert_eq!(slug("Räksmörgås & Kaffe"), "raksmorgas_kaffe");
        assert_eq!(slug("Ærø Bageri & Kaffe"), "aero_bageri_kaffe");
        assert_eq!(slug(" <3 "), "3");
    }
}
