//! Amounts of money as the payment APIs tell them: whole minor units and a currency.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The currency of an amount, by its ISO 4217 code.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Currency {
    Nok,
    Dkk,
    Eur,
    Sek,
    /// A code that the portal does not know, as it was told: how many minor units one has is not known.
    Other(String),
}

impl Currency {
    pub const KNOWN: [Self; 4] = [Self::Nok, Self::Dkk, Self::Eur, Self::Sek];

    pub fn from_upstream(code: &str) -> Self {
        let code = code.trim();
        let known = Self::KNOWN.into_iter().find(|known| known.code().eq_ignore_ascii_case(code));
        known.unwrap_or_else(|| Self::Other(code.to_owned()))
    }

    pub fn code(&self) -> &str {
        match self {
            Self::Nok => "NOK",
            Self::Dkk => "DKK",
            Self::Eur => "EUR",
            Self::Sek => "SEK",
            Self::Other(code) => code,
        }
    }
}

/// An amount: øre, cent or öre of its currency.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    pub minor: i64,
    pub currency: Currency,
}

impl Money {
    pub fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// The amount without its currency, such as `1 499.00`; none for a currency of which the minor units are not
    /// known. Blanks do not break.
    pub fn amount(&self) -> Option<String> {
        let Currency::Other(_) = self.currency else {
            let (whole, rest) = (self.minor.unsigned_abs() / 100, self.minor.unsigned_abs() % 100);
            let sign = if self.minor < 0 { "\u{2212}" } else { "" };
            return Some(format!("{sign}{}.{rest:02}", grouped(whole)));
        };
        None
    }

    /// The minor units of what somebody typed in a currency with two decimals: `499`, `499,50`, `1 499.00`.
    ///
    /// # Errors
    /// What is wrong with it, in one sentence.
    pub fn minor_of(typed: &str) -> Result<i64, &'static str> {
        const WRONG: &str = "Write an amount such as 499 or 499.50.";
        let typed: String = typed.chars().filter(|character| !character.is_whitespace()).collect();
        let (whole, rest) = typed.split_once(['.', ',']).unwrap_or((&typed, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(rest) || rest.len() > 2 || typed.ends_with(['.', ',']) {
            return Err(WRONG);
        }
        let whole: i64 = whole.parse().map_err(|_| WRONG)?;
        let rest: i64 = format!("{rest:0<2}").parse().map_err(|_| WRONG)?;
        whole.checked_mul(100).and_then(|minor| minor.checked_add(rest)).ok_or(WRONG)
    }
}

/// With the currency's code before it, because three of them are called kr: `NOK 1 499.00`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.amount() {
            Some(amount) => write!(f, "{}\u{a0}{amount}", self.currency.code()),
            None => write!(f, "{} minor units of {}", self.minor, self.currency.code()),
        }
    }
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let first = digits.len() % 3;
    let mut text = digits[..first].to_owned();
    for group in digits.as_bytes()[first..].chunks(3) {
        if !text.is_empty() {
            text.push('\u{a0}');
        }
        text.extend(group.iter().map(|&byte| char::from(byte)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(minor: i64, code: &str) -> String {
        Money::new(minor, Currency::from_upstream(code)).to_string().replace('\u{a0}', " ")
    }

    #[test]
    fn minor_units_are_shown_per_currency() {
        assert_eq!(shown(49_900, "NOK"), "NOK 499.00");
        assert_eq!(shown(149_905, "dkk"), "DKK 1 499.05");
        assert_eq!(shown(7, "EUR"), "EUR 0.07");
        assert_eq!(shown(-123_456_789, "SEK"), "SEK \u{2212}1 234 567.89");
        assert_eq!(shown(0, "NOK"), "NOK 0.00");
        assert_eq!(shown(1500, "ISK"), "1500 minor units of ISK");
        assert_eq!(shown(i64::MIN, "NOK"), "NOK \u{2212}92 233 720 368 547 758.08");
    }

    #[test]
    fn typed_amounts_are_read_or_refused() {
        for (typed, minor) in [("499", 49_900), (" 1 499,5 ", 149_950), ("0.07", 7), ("1\u{a0}000.00", 100_000)] {
            assert_eq!(Money::minor_of(typed), Ok(minor), "{typed}");
        }
        for wrong in ["", "-1", "1.", ".5", "1.234", "1,000.00", "kr 5", "99999999999999999999", "922337203685477580"] {
            assert!(Money::minor_of(wrong).is_err(), "{wrong}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_shown_is_read_back(minor in 0i64..1_000_000_000_000) {
            for currency in Currency::KNOWN {
                let amount = Money::new(minor, currency).amount().unwrap();
                proptest::prop_assert_eq!(Money::minor_of(&amount), Ok(minor));
            }
        }
    }
}
