//! What was typed, exactly as far as it means something: nothing refused is lost.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::field::{Field, InputKind, UseCase, YES};
use crate::domain::identifiers::Market;
use crate::domain::product_order::ProductType;

/// The form of a prefill as typed. Values are trimmed, never empty, and free of control
/// characters; whether they are right is for [`super::check`].
///
/// As JSON it is an object of the fields that are filled in, by their form names.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct PrefillForm(BTreeMap<Field, String>);

impl PrefillForm {
    /// Reads the pairs of a sent form. Names it does not know are passed over; of a name that
    /// comes twice, the last counts.
    pub fn from_pairs<N: AsRef<str>, V: Into<String>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        let mut form = Self::default();
        for (name, value) in pairs {
            if let Some(field) = Field::from_name(name.as_ref()) {
                form.set(field, value);
            }
        }
        form
    }

    /// What is filled in, in the order of the form.
    pub fn to_pairs(&self) -> Vec<(&'static str, String)> {
        self.0.iter().map(|(field, value)| (field.name(), value.clone())).collect()
    }

    /// Empty where nothing is filled in.
    pub fn get(&self, field: Field) -> &str {
        self.0.get(&field).map_or("", String::as_str)
    }

    pub fn set(&mut self, field: Field, value: impl Into<String>) {
        let value = cleaned(field, &value.into());
        if value.is_empty() {
            self.0.remove(&field);
        } else {
            self.0.insert(field, value);
        }
    }

    pub fn has(&self, field: Field) -> bool {
        self.0.contains_key(&field)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The fields that are filled in, in the order of the form.
    pub fn fields(&self) -> impl Iterator<Item = Field> {
        self.0.keys().copied()
    }

    /// Only the fields for which `keep` says so.
    pub fn only(&self, keep: impl Fn(Field) -> bool) -> Self {
        let kept = self.0.iter().filter(|(field, _)| keep(**field));
        Self(kept.map(|(field, value)| (*field, value.clone())).collect())
    }

    /// What may be kept: without the test website's password.
    pub fn without_secrets(&self) -> Self {
        self.only(|field| !field.is_secret())
    }

    /// The chosen market; none if none is chosen, or one that does not exist.
    pub fn market(&self) -> Option<Market> {
        Market::ALL.into_iter().find(|market| market.code() == self.get(Field::Market))
    }

    pub fn product_type(&self) -> Option<ProductType> {
        let chosen = self.get(Field::ProductType);
        ProductType::CURRENT.into_iter().find(|product| product.upstream() == Some(chosen))
    }

    pub fn use_case(&self) -> Option<UseCase> {
        UseCase::ALL.into_iter().find(|use_case| use_case.upstream() == self.get(Field::UseCase))
    }
}

/// A value as it is kept. Invisible characters that come along when pasting go; a line break
/// stays where there are lines.
fn cleaned(field: Field, value: &str) -> String {
    let lines = field.kind() == InputKind::LongText;
    let value = if lines { value.replace("\r\n", "\n").replace('\r', "\n") } else { value.to_owned() };
    let value: String = value
        .chars()
        .filter(|character| (lines && *character == '\n') || !(character.is_control() || is_invisible(*character)))
        .collect();
    let value = value.trim();
    match field.kind() {
        InputKind::Checkbox if matches!(value, "yes" | "on" | "true" | "1") => YES.to_owned(),
        InputKind::Checkbox => String::new(),
        _ => value.to_owned(),
    }
}

/// Zero-width and text-direction marks, which nobody types on purpose. Joiners stay: some
/// scripts are written with them.
fn is_invisible(character: char) -> bool {
    matches!(character, '\u{ad}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'
        | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Secrets do not get into logs.
impl fmt::Debug for PrefillForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |(field, value): (&Field, &String)| {
            (field.name(), if field.is_secret() { "[secret]".to_owned() } else { value.clone() })
        };
        f.debug_map().entries(self.0.iter().map(shown)).finish()
    }
}

impl Serialize for PrefillForm {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(field, value)| (field.name(), value)))
    }
}

impl<'de> Deserialize<'de> for PrefillForm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::from_pairs(BTreeMap::<String, String>::deserialize(deserializer)?))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_form_survives_its_pairs_and_its_json(
            pairs in proptest::collection::vec((proptest::sample::select(Field::ALL), ".{0,12}"), 0..20),
        ) {
            let form = PrefillForm::from_pairs(pairs.iter().map(|(field, value)| (field.name(), value.clone())));
            prop_assert_eq!(&PrefillForm::from_pairs(form.to_pairs()), &form);
            let json = serde_json::to_string(&form).unwrap();
            prop_assert_eq!(&serde_json::from_str::<PrefillForm>(&json).unwrap(), &form);
            for field in Field::ALL {
                let value = form.get(*field);
                prop_assert_eq!(value.trim(), value);
                prop_assert!(!value.chars().any(|character| character.is_control() && character != '\n'));
            }
        }
    }

    #[test]
    fn only_what_is_filled_in_is_kept() {
        let form = PrefillForm::from_pairs([
            ("sales_unit_name", "  Kaffe\u{200b}\u{0}baren\n"),
            ("intended_purpose", "One\r\ntwo\r\n"),
            ("app_name", "   "),
            ("has_recurring", "on"),
            ("csrf", "x"),
        ]);
        let json = r#"{"sales_unit_name":"Kaffebaren","intended_purpose":"One\ntwo","has_recurring":"yes"}"#;
        assert_eq!(serde_json::to_string(&form).unwrap(), json);
        assert_eq!(PrefillForm::from_pairs([("has_recurring", "no")]), PrefillForm::default());
    }

    #[test]
    fn the_test_password_is_neither_kept_nor_logged() {
        let mut form = PrefillForm::default();
        form.set(Field::TestWebsitePassword, "sesame");
        form.set(Field::AppName, "Kaffe");
        assert!(!format!("{form:?}").contains("sesame"));
        let kept = form.without_secrets();
        assert_eq!(kept.to_pairs(), [("app_name", "Kaffe".to_owned())]);
    }

    #[test]
    fn every_field_has_its_own_name_and_words() {
        let mut names: Vec<&str> = Field::ALL.iter().map(|field| field.name()).collect();
        for field in Field::ALL {
            assert_eq!(Field::from_name(field.name()), Some(*field));
            assert!(field.hint().ends_with('.'), "{field:?}");
            assert!(field.name().bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{field:?}");
            let offers = *field == Field::PricePackage || !field.choices().is_empty();
            assert_eq!(field.kind() == InputKind::Select, offers, "{field:?}");
        }
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Field::ALL.len());
    }
}
