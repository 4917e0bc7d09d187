//! A customer's phone number: masked wherever it is not asked for.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Digits with the country's number first, as upstream writes it: `4712345678`.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PhoneNumber(String);

/// The numbers of the countries that have the service, and how long a number is after them; Finland's differ.
const COUNTRIES: [(&str, Option<usize>); 4] = [("47", Some(8)), ("45", Some(8)), ("46", None), ("358", None)];

impl PhoneNumber {
    /// From what upstream tells or somebody types: blanks, `+`, `00` and the like are left out. A bare Norwegian
    /// number of eight digits stays as it is. None for what is no phone number.
    pub fn parse(text: &str) -> Option<Self> {
        let digits: String = text.chars().filter(|character| !" \u{a0}()-./".contains(*character)).collect();
        let digits = digits.strip_prefix('+').or(digits.strip_prefix("00")).unwrap_or(&digits);
        let fits = (6..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        fits.then(|| Self(digits.to_owned()))
    }

    /// All digits, for upstream and for who has asked to see them.
    pub fn full(&self) -> &str {
        &self.0
    }

    /// Enough to compare with what a caller says: `+47 •••••678`.
    pub fn masked(&self) -> String {
        let (country, own) = self.parts();
        let hidden = own.len().saturating_sub(3);
        let country = country.map(|country| format!("+{country} ")).unwrap_or_default();
        format!("{country}{}{}", "•".repeat(hidden), &own[hidden..])
    }

    fn parts(&self) -> (Option<&str>, &str) {
        let found = COUNTRIES.iter().find_map(|(country, length)| {
            let own = self.0.strip_prefix(country)?;
            let long_enough = length.map_or(own.len() >= 7, |length| own.len() == length);
            long_enough.then_some((*country, own))
        });
        found.map_or((None, self.0.as_str()), |(country, own)| (Some(country), own))
    }
}

/// Shows the masked number, so that it cannot slip into a log.
impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PhoneNumber({})", self.masked())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_in_the_ways_people_write_them() {
        for (text, full) in [
            ("4712345678", "4712345678"),
            ("+47 123 45 678", "4712345678"),
            ("0045 12-34-56-78", "4512345678"),
            ("12345678", "12345678"),
            ("(+358) 40 1234567", "358401234567"),
        ] {
            assert_eq!(PhoneNumber::parse(text).unwrap().full(), full, "{text}");
        }
        for wrong in ["", "12345", "1234567890123456", "+47 abc", "4712345678x"] {
            assert_eq!(PhoneNumber::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn masked_numbers_show_the_country_and_three_digits() {
        let masked = |text| PhoneNumber::parse(text).unwrap().masked();
        assert_eq!(masked("4712345678"), "+47 •••••678");
        assert_eq!(masked("358401234567"), "+358 ••••••567");
        assert_eq!(masked("12345678"), "•••••678");
        let debug = format!("{:?}", PhoneNumber::parse("4712345678"));
        assert!(debug.contains("678") && !debug.contains("12345"), "{debug}");
    }
}
