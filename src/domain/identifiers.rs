//! The numbers people read out over the phone: merchant serial numbers and business identifiers.
//!
//! Reading is lenient, because upstream's own samples break the national rules; whether a
//! check digit is right is a question of its own ([`BusinessIdentifier::check_digit`]).

use std::fmt;

use serde::{Deserialize, Serialize};

/// Merchant serial number: names one sales unit. Digits only; leading zeros count.
///
/// Management API: 4 to 10 digits today, 5 or 6 in older documents, 3 and more in old paths.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Msn(String);

impl Msn {
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        (digits && (3..=12).contains(&text.len())).then(|| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Msn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Msn {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or_else(|| format!("{text:?} is not a merchant serial number"))
    }
}

impl From<Msn> for String {
    fn from(msn: Msn) -> Self {
        msn.0
    }
}

/// Where a business is registered. The markets Vipps MobilePay sells to partners in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Market {
    Norway,
    Denmark,
    Finland,
}

impl Market {
    pub const ALL: [Self; 3] = [Self::Norway, Self::Denmark, Self::Finland];

    /// Two-letter country code, as upstream writes it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Norway => "NO",
            Self::Denmark => "DK",
            Self::Finland => "FI",
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Norway => "Norway",
            Self::Denmark => "Denmark",
            Self::Finland => "Finland",
        }
    }

    /// What the national business identifier is called in that country.
    pub fn identifier_name(self) -> &'static str {
        match self {
            Self::Norway => "Organisation number",
            Self::Denmark => "CVR number",
            Self::Finland => "Y-tunnus",
        }
    }

    pub fn scheme(self) -> &'static str {
        match self {
            Self::Norway => "business:NO:ORG",
            Self::Denmark => "business:DK:CVR",
            Self::Finland => "business:FI:Y-tunnus",
        }
    }
}

/// A business as upstream names it: a scheme such as `business:NO:ORG` and a number in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BusinessIdentifier {
    pub scheme: String,
    pub id: String,
}

/// What the national rule says of a business identifier's last digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckDigit {
    Right,
    Wrong,
    /// No rule is known for the scheme.
    NoRule,
}

impl BusinessIdentifier {
    pub fn new(scheme: impl Into<String>, id: impl Into<String>) -> Self {
        Self { scheme: scheme.into(), id: id.into() }
    }

    /// From an address, which may hold anything; none for what no business is called.
    pub fn parse(scheme: &str, id: &str) -> Option<Self> {
        let plausible = |part: &str| !part.is_empty() && part.len() <= 200 && !part.contains(char::is_control);
        (plausible(scheme) && plausible(id)).then(|| Self::new(scheme, id))
    }

    /// Whether upstream takes it in an address: a known kind of scheme, and 4 to 50 digits and `-`.
    pub fn can_be_asked(&self) -> bool {
        let is_id =
            (4..=50).contains(&self.id.len()) && self.id.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        is_id && self.market().is_some()
    }

    /// The market, by the country in the scheme. The scheme itself holds colons and is
    /// sometimes doubled by upstream, so only its beginning is read.
    pub fn market(&self) -> Option<Market> {
        let country = self.scheme.strip_prefix("business:")?.get(..2)?;
        Market::ALL.into_iter().find(|market| market.code().eq_ignore_ascii_case(country))
    }

    pub fn check_digit(&self) -> CheckDigit {
        let right = match self.market() {
            Some(Market::Norway) => norwegian_organisation_number(&self.id),
            Some(Market::Denmark) => danish_cvr(&self.id),
            Some(Market::Finland) => finnish_y_tunnus(&self.id),
            None => return CheckDigit::NoRule,
        };
        if right { CheckDigit::Right } else { CheckDigit::Wrong }
    }

    /// The number as people of that country write it: `987 654 321`, `16 42 78 88`, `3330214-4`.
    pub fn grouped(&self) -> String {
        let (size, length) = match self.market() {
            Some(Market::Norway) => (3, 9),
            Some(Market::Denmark) => (2, 8),
            _ => return self.id.clone(),
        };
        if self.id.len() != length || !self.id.is_ascii() {
            return self.id.clone();
        }
        let groups: Vec<&str> = (0..length).step_by(size).map(|at| &self.id[at..at + size]).collect();
        groups.join("\u{a0}")
    }
}

/// Reads a business identifier as people type and paste it (`987 654 321`, `NO 987 654 321 MVA`,
/// `DK-16427888`, `FI33302144`) and writes it as upstream does.
///
/// Strict, unlike reading what upstream says: a wrong check digit is refused. The error is a
/// sentence for the person who typed.
pub fn business_identifier_from_typed(market: Market, text: &str) -> Result<BusinessIdentifier, String> {
    let name = market.identifier_name();
    if text.trim().is_empty() {
        return Err(format!("{name} is missing."));
    }
    let compact: String = text.chars().filter(|character| !is_separator(*character)).collect();
    let compact = compact.to_uppercase();
    let country = compact.get(..2).filter(|country| country.bytes().all(|byte| byte.is_ascii_uppercase()));
    let number = match (country, market) {
        (Some(country), _) if country == market.code() => without_words(&compact[2..], market),
        (Some("SE"), _) => return Err("Vipps MobilePay takes no Swedish businesses through partners.".to_owned()),
        (Some(country), _) => match Market::ALL.into_iter().find(|other| other.code() == country) {
            Some(other) => {
                return Err(format!("{text} is from {}, but the market is {}.", other.name(), market.name()));
            }
            None => without_words(&compact, market),
        },
        (None, _) => without_words(&compact, market),
    };

    let length = if market == Market::Denmark || market == Market::Finland { 8 } else { 9 };
    if let Some(wrong) = number.chars().find(|character| !character.is_ascii_digit()) {
        return Err(format!("{name} has {length} digits and nothing else; {wrong} does not belong in it."));
    }
    if number.len() != length {
        return Err(format!("{name} has {length} digits; this has {}.", number.len()));
    }
    let id = match market {
        Market::Finland => format!("{}-{}", &number[..7], &number[7..]),
        Market::Norway | Market::Denmark => number.to_owned(),
    };
    let identifier = BusinessIdentifier::new(market.scheme(), id);
    match identifier.check_digit() {
        CheckDigit::Right | CheckDigit::NoRule => Ok(identifier),
        CheckDigit::Wrong => Err(format!(
            "{} is no {} of {}: the check digit does not fit, so a digit must be mistyped.",
            identifier.grouped(),
            if market == Market::Finland { name.to_owned() } else { name.to_lowercase().replace("cvr", "CVR") },
            market.name()
        )),
    }
}

/// What people write between the digits of a number.
pub(super) fn is_separator(character: char) -> bool {
    character.is_whitespace() || matches!(character, '.' | '-' | '\u{2010}'..='\u{2013}' | '\u{2212}' | ':' | '/')
}

/// Without the words that stand around a number on letterheads; upper case, without separators.
fn without_words(number: &str, market: Market) -> &str {
    let (before, after): (&[&str], &str) = match market {
        Market::Norway => (&["ORGNR", "ORG"], "MVA"),
        Market::Denmark => (&["CVRNR", "CVR"], ""),
        Market::Finland => (&["YTUNNUS"], ""),
    };
    let number = before.iter().find_map(|word| number.strip_prefix(word)).unwrap_or(number);
    number.strip_suffix(after).unwrap_or(number)
}

/// Nine digits, weights 3 2 7 6 5 4 3 2, modulo 11.
pub fn norwegian_organisation_number(id: &str) -> bool {
    let Some(digits) = digits::<9>(id) else { return false };
    check_digit_11(&digits[..8], &[3, 2, 7, 6, 5, 4, 3, 2]) == Some(digits[8])
}

/// Eight digits, weights 2 7 6 5 4 3 2 1; the sum is divisible by 11.
pub fn danish_cvr(id: &str) -> bool {
    let Some(digits) = digits::<8>(id) else { return false };
    weighted(&digits, &[2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11)
}

/// Seven digits, a hyphen and a check digit, weights 7 9 10 5 8 4 2, modulo 11.
pub fn finnish_y_tunnus(id: &str) -> bool {
    let Some((number, check)) = id.split_once('-') else { return false };
    let (Some(number), Some([check])) = (digits::<7>(number), digits::<1>(check)) else { return false };
    check_digit_11(&number, &[7, 9, 10, 5, 8, 4, 2]) == Some(check)
}

/// The digit that follows `digits` under a modulo 11 rule; none where the rule gives 10.
pub fn check_digit_11(digits: &[u32], weights: &[u32]) -> Option<u32> {
    match 11 - weighted(digits, weights) % 11 {
        11 => Some(0),
        10 => None,
        digit => Some(digit),
    }
}

fn weighted(digits: &[u32], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum()
}

pub(super) fn digits<const N: usize>(text: &str) -> Option<[u32; N]> {
    let digits: Option<Vec<u32>> = text.chars().map(|character| character.to_digit(10)).collect();
    digits?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits_follow_the_national_rules() {
        let cases = [
            ("business:NO:ORG", "918713867", CheckDigit::Right),
            ("business:NO:ORG", "987654321", CheckDigit::Wrong),
            ("business:NO:ORG", "9876543221", CheckDigit::Wrong),
            ("business:DK:CVR", "16427888", CheckDigit::Right),
            ("business:DK:CVR", "43300946", CheckDigit::Right),
            ("business:DK:CVR", "43300947", CheckDigit::Wrong),
            ("business:FI:Y-tunnus", "3330214-4", CheckDigit::Right),
            ("business:FI:Y-tunnus", "3330214-5", CheckDigit::Wrong),
            ("business:FI:Y-tunnus", "33302144", CheckDigit::Wrong),
            ("business:FI:business:FI:Y-tunnus", "3330214-4", CheckDigit::Right),
            ("business:SE:ORG", "5560125790", CheckDigit::NoRule),
            ("", "", CheckDigit::NoRule),
            ("business:Ø", "1", CheckDigit::NoRule),
        ];
        for (scheme, id, expected) in cases {
            assert_eq!(BusinessIdentifier::new(scheme, id).check_digit(), expected, "{scheme} {id}");
        }
    }

    #[test]
    fn identifiers_are_grouped_as_people_write_them() {
        let cases = [
            ("business:NO:ORG", "918713867", "918\u{a0}713\u{a0}867"),
            ("business:DK:CVR", "16427888", "16\u{a0}42\u{a0}78\u{a0}88"),
            ("business:FI:Y-tunnus", "3330214-4", "3330214-4"),
            ("business:NO:ORG", "9876543221", "9876543221"),
            ("business:NO:ORG", "91871386å", "91871386å"),
        ];
        for (scheme, id, expected) in cases {
            assert_eq!(BusinessIdentifier::new(scheme, id).grouped(), expected);
        }
    }

    #[test]
    fn an_msn_is_digits_and_keeps_leading_zeros() {
        assert_eq!(Msn::parse(" 0012345 ").unwrap().as_str(), "0012345");
        for wrong in ["", "12", "12a45", "1234567890123", "１２３４", "-1234", "12 34"] {
            assert_eq!(Msn::parse(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn typed_identifiers_are_written_as_upstream_does() {
        let cases = [
            (Market::Norway, "918 713 867", "918713867"),
            (Market::Norway, " NO 918\u{a0}713\u{a0}867 MVA", "918713867"),
            (Market::Norway, "no918713867mva", "918713867"),
            (Market::Norway, "Org.nr.: 918.713.867", "918713867"),
            (Market::Denmark, "DK-16427888", "16427888"),
            (Market::Denmark, "CVR-nr. 16 42 78 88", "16427888"),
            (Market::Finland, "FI33302144", "3330214-4"),
            (Market::Finland, "3330214\u{2013}4", "3330214-4"),
            (Market::Finland, "Y-tunnus 3330214-4", "3330214-4"),
        ];
        for (market, typed, id) in cases {
            let expected = BusinessIdentifier::new(market.scheme(), id);
            assert_eq!(business_identifier_from_typed(market, typed), Ok(expected), "{typed}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_typed_identifier_is_said() {
        let cases = [
            (Market::Norway, " ", "Organisation number is missing."),
            (Market::Norway, "9876543221", "Organisation number has 9 digits; this has 10."),
            (
                Market::Norway,
                "98765432a",
                "Organisation number has 9 digits and nothing else; A does not belong in it.",
            ),
            (Market::Norway, "DK-16427888", "DK-16427888 is from Denmark, but the market is Norway."),
            (Market::Norway, "SE556012579001", "Vipps MobilePay takes no Swedish businesses through partners."),
            (Market::Denmark, "٤٣٣٠٠٩٤٦", "CVR number has 8 digits and nothing else; ٤ does not belong in it."),
        ];
        for (market, typed, fault) in cases {
            assert_eq!(business_identifier_from_typed(market, typed), Err(fault.to_owned()));
        }
        for (market, typed) in
            [(Market::Norway, "987 654 321"), (Market::Denmark, "43300947"), (Market::Finland, "3330214-5")]
        {
            let fault = business_identifier_from_typed(market, typed).unwrap_err();
            assert!(fault.contains("check digit"), "{fault}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_typed_identifier_has_a_right_check_digit(
            market in proptest::sample::select(&Market::ALL[..]),
            typed in "(NO|DK|FI|SE|Å)? ?[0-9 -]{0,11}( MVA)?",
        ) {
            if let Ok(identifier) = business_identifier_from_typed(market, &typed) {
                proptest::prop_assert_eq!(identifier.check_digit(), CheckDigit::Right);
                proptest::prop_assert_eq!(identifier.market(), Some(market));
                proptest::prop_assert_eq!(business_identifier_from_typed(market, &identifier.grouped()), Ok(identifier));
            }
        }

        #[test]
        fn exactly_one_last_digit_is_right_at_most(stem in proptest::collection::vec(0u32..10, 8)) {
            let stem: String = stem.iter().map(ToString::to_string).collect();
            let right = (0..10).filter(|last| norwegian_organisation_number(&format!("{stem}{last}"))).count();
            proptest::prop_assert!(right <= 1);
        }

        #[test]
        fn no_text_makes_the_rules_panic(scheme in ".*", id in ".*") {
            let identifier = BusinessIdentifier::new(scheme, id);
            let _ = (identifier.check_digit(), identifier.grouped(), Msn::parse(&identifier.id));
        }
    }
}
