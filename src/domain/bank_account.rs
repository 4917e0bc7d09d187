//! Where a sales unit's money is sent: account numbers of the three markets.
//!
//! Upstream takes national account numbers (BBAN) only, so a pasted IBAN is converted.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::identifiers::{Market, check_digit_11, digits, is_separator};

/// An account as upstream names it: `BBAN:NO` and the digits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BankAccount {
    pub scheme: String,
    pub id: String,
}

/// What was done to a typed account, so that the person can see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Converted {
    FromIban {
        iban: String,
        id: String,
    },
    /// The account part of a Danish number was shorter than ten digits.
    Padded {
        id: String,
    },
}

impl fmt::Display for Converted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FromIban { iban, id } => write!(f, "The IBAN {iban} is sent as the account number {id}."),
            Self::Padded { id } => write!(f, "The account number is filled up with zeros: {id}."),
        }
    }
}

/// Reads an account as people type and paste it. The error is a sentence for them.
pub fn from_typed(market: Market, text: &str) -> Result<(BankAccount, Option<Converted>), String> {
    let compact: String = text.chars().filter(|character| !is_separator(*character)).collect();
    if compact.is_empty() {
        return Err("The account number is missing.".to_owned());
    }
    let compact = compact.to_uppercase();
    if compact.starts_with(|character: char| character.is_ascii_uppercase()) {
        let id = bban_of_iban(market, &compact)?;
        check_bban(market, &id)?;
        let converted = Converted::FromIban { iban: in_fours(&compact), id: id.clone() };
        return Ok((BankAccount::new(market, id), Some(converted)));
    }
    if let Some(wrong) = compact.chars().find(|character| !character.is_ascii_digit()) {
        return Err(format!("An account number is digits only; {wrong} does not belong in it."));
    }
    if let (Market::Denmark, Some(id)) = (market, padded(text)) {
        let converted = (id != compact).then(|| Converted::Padded { id: id.clone() });
        return Ok((BankAccount::new(market, id), converted));
    }
    check_bban(market, &compact)?;
    Ok((BankAccount::new(market, compact), None))
}

impl BankAccount {
    fn new(market: Market, id: String) -> Self {
        Self { scheme: format!("BBAN:{}", market.code()), id }
    }

    /// The market, by the country in the scheme.
    pub fn market(&self) -> Option<Market> {
        let country = self.scheme.strip_prefix("BBAN:")?;
        Market::ALL.into_iter().find(|market| market.code() == country)
    }

    /// The same account as an IBAN; none where the number is not of the usual length.
    pub fn iban(&self) -> Option<String> {
        let market = self.market()?;
        let usual = self.id.len() == bban_length(market) && self.id.bytes().all(|byte| byte.is_ascii_digit());
        let remainder = usual.then(|| remainder_97(&format!("{}{}00", self.id, market.code())))??;
        Some(format!("{}{:02}{}", market.code(), 98 - remainder, self.id))
    }

    /// The number as people of that country write it: `8601 11 17947`, `0040 0440116243`.
    pub fn grouped(&self) -> String {
        match self.market() {
            Some(Market::Norway) if self.id.len() == 11 && self.id.is_ascii() => {
                format!("{}\u{a0}{}\u{a0}{}", &self.id[..4], &self.id[4..6], &self.id[6..])
            }
            Some(Market::Denmark) if self.id.len() == 14 && self.id.is_ascii() => {
                format!("{}\u{a0}{}", &self.id[..4], &self.id[4..])
            }
            _ => self.id.clone(),
        }
    }

    /// Whether the number has as many digits as the market's accounts have. Upstream takes other
    /// lengths too in Finland, where old account numbers were written shorter.
    pub fn is_of_usual_length(&self) -> bool {
        self.market().is_none_or(|market| self.id.len() == bban_length(market))
    }
}

/// Eleven digits, weights 5 4 3 2 7 6 5 4 3 2, modulo 11.
pub fn norwegian_account(id: &str) -> bool {
    let Some(digits) = digits::<11>(id) else { return false };
    check_digit_11(&digits[..10], &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) == Some(digits[10])
}

/// Digits of a national account number. In Denmark 4 of the bank and 10 of the account.
fn bban_length(market: Market) -> usize {
    match market {
        Market::Norway => 11,
        Market::Denmark | Market::Finland => 14,
    }
}

fn check_bban(market: Market, id: &str) -> Result<(), String> {
    let length = id.len();
    match market {
        Market::Norway if length != 11 => Err(format!("A Norwegian account number has 11 digits; this has {length}.")),
        Market::Norway if !norwegian_account(id) => {
            Err("This is no Norwegian account number: the check digit does not fit, so a digit must be mistyped."
                .to_owned())
        }
        Market::Denmark if length != 14 => Err(format!(
            "A Danish account is a registration number of 4 digits, a blank, and an account number of up to 10; this \
             has {length} digits."
        )),
        // Upstream's own limits: nothing more is said of Finnish numbers.
        Market::Finland if !(9..=34).contains(&length) => {
            Err(format!("A Finnish account number has 14 digits; this has {length}. An IBAN will do as well."))
        }
        Market::Norway | Market::Denmark | Market::Finland => Ok(()),
    }
}

/// A Danish number with something between its two parts: the second is filled up to ten digits.
fn padded(text: &str) -> Option<String> {
    let text = text.trim();
    let (bank, account) = text.split_once(is_separator)?;
    let account: String = account.chars().filter(|character| !is_separator(*character)).collect();
    let fits = bank.len() == 4 && (1..=10).contains(&account.len());
    fits.then(|| format!("{bank}{account:0>10}"))
}

fn bban_of_iban(market: Market, iban: &str) -> Result<String, String> {
    let (country, length) = (market.code(), bban_length(market) + 4);
    if !iban.starts_with(country) {
        return Err(format!(
            "An account in {} is needed; this IBAN begins with {}.",
            market.name(),
            iban.chars().take(2).collect::<String>()
        ));
    }
    if iban.len() != length || !iban.bytes().skip(2).all(|byte| byte.is_ascii_digit()) {
        return Err(format!("An IBAN of {} is {country} and {} digits.", market.name(), length - 2));
    }
    // The check digits are 02 to 98: other pairs have the same remainder, but no bank writes them.
    let check = &iban[2..4];
    if remainder_97(&format!("{}{}", &iban[4..], &iban[..4])) != Some(1) || !("02"..="98").contains(&check) {
        return Err("This is no IBAN: the check digits do not fit, so a character must be mistyped.".to_owned());
    }
    Ok(iban[4..].to_owned())
}

/// The remainder by 97 of a number in which letters stand for 10 to 35.
fn remainder_97(text: &str) -> Option<u32> {
    text.chars().try_fold(0, |remainder, character| {
        let value = character.to_digit(36)?;
        Some((remainder * if value < 10 { 10 } else { 100 } + value) % 97)
    })
}

fn in_fours(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let groups: Vec<String> = characters.chunks(4).map(|group| group.iter().collect()).collect();
    groups.join("\u{a0}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn account(market: Market, typed: &str) -> Result<(String, bool), String> {
        from_typed(market, typed).map(|(account, converted)| {
            assert_eq!(account.market(), Some(market));
            (account.id, converted.is_some())
        })
    }

    #[test]
    fn accounts_are_read_as_people_write_them() {
        let cases = [
            (Market::Norway, "86011117947", "86011117947", false),
            (Market::Norway, "8601.11.17947", "86011117947", false),
            (Market::Norway, "NO93 8601 1117 947", "86011117947", true),
            (Market::Norway, "no9386011117947", "86011117947", true),
            (Market::Denmark, "0040 440116243", "00400440116243", true),
            (Market::Denmark, "0040-0440116243", "00400440116243", false),
            (Market::Denmark, "00400440116243", "00400440116243", false),
            (Market::Denmark, "DK50 0040 0440 1162 43", "00400440116243", true),
            (Market::Finland, "FI21 1234 5600 0007 85", "12345600000785", true),
            (Market::Finland, "12345600000785", "12345600000785", false),
            (Market::Finland, "123456-785", "123456785", false),
        ];
        for (market, typed, id, converted) in cases {
            assert_eq!(account(market, typed), Ok((id.to_owned(), converted)), "{typed}");
        }
    }

    #[test]
    fn what_is_wrong_with_an_account_is_said() {
        let cases = [
            (Market::Norway, "", "missing"),
            (Market::Norway, "8601111794", "this has 10"),
            (Market::Norway, "86011117948", "mistyped"),
            (Market::Norway, "NO9386011117948", "check digits do not fit"),
            (Market::Norway, "NO938601111794", "NO and 13 digits"),
            (Market::Norway, "DE89370400440532013000", "begins with DE"),
            (Market::Denmark, "NO9386011117947", "An account in Denmark"),
            (Market::Denmark, "0040044011624", "this has 13 digits"),
            (Market::Finland, "12345678", "this has 8"),
            (Market::Norway, "8601111794x", "X does not belong"),
            (Market::Norway, "８６０１１１１７９４７", "does not belong"),
        ];
        for (market, typed, part) in cases {
            let fault = account(market, typed).unwrap_err();
            assert!(fault.contains(part), "{typed}: {fault}");
        }
        // 00 has the same remainder as 97.
        assert!(account(Market::Denmark, "DK5000400440116243").is_ok());
        let zero = (0..100_000_u32).map(|account| BankAccount::new(Market::Denmark, format!("{account:014}")));
        let zero = zero.filter_map(|account| account.iban()).find(|iban| iban.starts_with("DK97")).unwrap();
        assert!(account(Market::Denmark, &zero).is_ok());
        assert!(account(Market::Denmark, &zero.replace("DK97", "DK00")).is_err());
    }

    #[test]
    fn a_conversion_is_reported() {
        let (_, converted) = from_typed(Market::Norway, "NO9386011117947").unwrap();
        assert_eq!(
            converted.unwrap().to_string(),
            "The IBAN NO93\u{a0}8601\u{a0}1117\u{a0}947 is sent as the account number 86011117947."
        );
    }

    proptest! {
        #[test]
        fn an_account_survives_its_iban(
            market in proptest::sample::select(&Market::ALL[..]),
            stem in "[0-9]{14}",
        ) {
            let id = match market {
                Market::Norway => (0..10).map(|last| format!("{}{last}", &stem[..10])).find(|id| norwegian_account(id)),
                Market::Denmark | Market::Finland => Some(stem),
            };
            // One stem in eleven has no check digit in Norway.
            let Some(id) = id else { return Ok(()) };
            let account = BankAccount::new(market, id);
            let iban = account.iban().unwrap();
            let (read, converted) = from_typed(market, &in_fours(&iban)).unwrap();
            prop_assert_eq!(&read, &account);
            prop_assert!(converted.is_some());
            prop_assert_eq!(from_typed(market, &account.grouped()).unwrap().0, account);
        }

        #[test]
        fn one_wrong_digit_is_found(at in 0usize..11, digit in 0u32..10) {
            let mut id: Vec<char> = "86011117947".chars().collect();
            let new = char::from_digit(digit, 10).unwrap();
            prop_assume!(id[at] != new);
            id[at] = new;
            let id: String = id.into_iter().collect();
            prop_assert!(!norwegian_account(&id));
            let typed = format!("NO93{id}");
            prop_assert!(from_typed(Market::Norway, &typed).is_err());
        }

        #[test]
        fn no_text_makes_the_rules_panic(typed in ".*", iban in "(NO|DK|FI)?[0-9 æ]{0,40}") {
            for market in Market::ALL {
                for text in [&typed, &iban] {
                    if let Ok((account, _)) = from_typed(market, text) {
                        prop_assert!((9..=34).contains(&account.id.len()));
                        let _ = (account.iban(), account.grouped());
                    }
                }
            }
        }
    }
}
