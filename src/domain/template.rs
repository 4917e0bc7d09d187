//! A product order template: a prefill that is partly filled in, some of it for good, and the
//! short form that a merchant sees behind its public link.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use super::prefill::{Fault, Field, InputKind, Known, PrefillForm, applies, check, readable, value_fault};
use super::price_package::PricePackage;

const LONGEST_NAME: usize = 80;
const LONGEST_WELCOME: usize = 1000;
const CODE_LENGTH: usize = 22;

/// What a merchant can know and fill in. Everything else is the partner's to say, by the preset.
const MERCHANT_FIELDS: &[Field] = &[
    Field::Market,
    Field::BusinessIdentifier,
    Field::SalesUnitName,
    Field::ProductType,
    Field::UseCase,
    Field::IntendedPurpose,
    Field::AppName,
    Field::WebsiteUrl,
    Field::TermsUrl,
    Field::TestWebsiteUrl,
    Field::TestWebsiteUsername,
    Field::TestWebsitePassword,
    Field::AnnualTurnover,
    Field::AnnualTurnoverPercentage,
    Field::SettlementAccount,
];

/// A template as it is kept, with what has become of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptTemplate {
    pub id: Uuid,
    pub template: Template,
    /// The code in its public link; none if there is no link.
    pub code: Option<String>,
    /// How often the public link was opened.
    pub opened: usize,
    /// When the last order by the link failed for a reason that no merchant can mend, and why; none
    /// since one succeeded, or the template was changed.
    pub failure: Option<(OffsetDateTime, String)>,
    pub created_at: OffsetDateTime,
    pub created_by_email: String,
    pub updated_at: OffsetDateTime,
    pub archived_at: Option<OffsetDateTime>,
}

/// What is wrong with a template's link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkTrouble {
    /// Nobody can order by it, because of what the template holds.
    OutOfOrder(String),
    /// The last order by it failed for a reason that no merchant can mend.
    Failed { at: OffsetDateTime, reason: String },
}

impl KeptTemplate {
    /// None if the link works, or there is none that could. Pictures are not looked at.
    pub fn link_trouble(&self, known: &Known) -> Option<LinkTrouble> {
        if self.code.is_none() || self.archived_at.is_some() {
            return None;
        }
        let hidden = self.template.hidden_faults(known).into_iter().find(|fault| fault.field != Field::Logo);
        let out_of_order = hidden.map(|fault| LinkTrouble::OutOfOrder(fault.sentence()));
        let failed = || self.failure.clone().map(|(at, reason)| LinkTrouble::Failed { at, reason });
        out_of_order.or_else(failed)
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    pub name: String,
    /// Stands above the merchant's form.
    pub welcome: String,
    pub preset: PrefillForm,
    /// What nobody who uses the template can change.
    pub locked: BTreeSet<Field>,
}

impl Template {
    /// The fields of the merchant's short form, in order. Those that depend on product or use
    /// case are left out only where these are locked: otherwise the merchant may change them.
    pub fn asked_of_merchant(&self) -> Vec<Field> {
        let fixed = self.preset.only(|field| self.locked.contains(&field));
        let asked = |field: &Field| !self.locked.contains(field) && applies(*field, &fixed, false);
        MERCHANT_FIELDS.iter().copied().filter(asked).collect()
    }

    /// What the merchant's form holds when it is opened.
    pub fn merchants_start(&self) -> PrefillForm {
        let asked = self.asked_of_merchant();
        self.preset.only(|field| asked.contains(&field))
    }

    /// What is wrong with it that no merchant can mend, because they do not see it.
    pub fn hidden_faults(&self, known: &Known) -> Vec<Fault> {
        let asked = self.asked_of_merchant();
        let mut faults = check(&self.merge_from_merchant(&self.merchants_start()), known).faults;
        faults.retain(|fault| !asked.contains(&fault.field));
        faults
    }

    /// A form typed by staff with the template's locked values: these win, whatever was sent.
    pub fn merge(&self, typed: &PrefillForm) -> PrefillForm {
        self.with_preset(typed.only(|field| !self.locked.contains(&field)), |field| self.locked.contains(&field))
    }

    /// A form sent by a merchant with the template's values: only what the merchant was asked
    /// for is taken from it.
    pub fn merge_from_merchant(&self, typed: &PrefillForm) -> PrefillForm {
        let asked = self.asked_of_merchant();
        self.with_preset(typed.only(|field| asked.contains(&field)), |field| !asked.contains(&field))
    }

    fn with_preset(&self, mut form: PrefillForm, is_preset: impl Fn(Field) -> bool) -> PrefillForm {
        for field in self.preset.fields().filter(|field| is_preset(*field)) {
            form.set(field, self.preset.get(field));
        }
        form
    }

    /// What the merchant sees as settled: label and value. The price package stands there even
    /// if it is not locked, because a merchant cannot change one that is sent. `packages` are
    /// the partner's own.
    pub fn shown_locked(&self, packages: &[PricePackage]) -> Vec<(&'static str, String)> {
        let is_shown = |field: &Field| {
            (self.locked.contains(field) || (*field == Field::PricePackage && self.preset.has(*field)))
                && applies(*field, &self.preset, true)
                && !matches!(field, Field::Logo | Field::TestWebsiteUsername | Field::TestWebsitePassword)
        };
        Field::ALL
            .iter()
            .filter(|field| is_shown(field))
            .map(|field| (field.label(), self.shown(*field, packages)))
            .collect()
    }

    fn shown(&self, field: Field, packages: &[PricePackage]) -> String {
        let value = self.preset.get(field);
        let is_known = |package: &PricePackage| package.id.eq_ignore_ascii_case(value);
        if field == Field::PricePackage && !packages.iter().any(is_known) {
            return "Chosen by the partner".to_owned();
        }
        readable(field, value, packages)
    }
}

/// Whether a text can be the code in a public link: 128 random bits in base64 for addresses.
pub fn is_code(text: &str) -> bool {
    text.len() == CODE_LENGTH && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// The form by which staff make and change a template, as typed. Besides `name` and `welcome`
/// its names are those of the prefill, and `lock_` before a name locks that field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TemplateForm {
    pub name: String,
    pub welcome: String,
    pub preset: PrefillForm,
    pub locked: BTreeSet<Field>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemplateField {
    Name,
    Welcome,
    Preset(Field),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateFault {
    pub at: TemplateField,
    pub text: String,
}

impl TemplateForm {
    /// The fields a template can hold. Secrets are not among them.
    pub fn fields() -> impl Iterator<Item = Field> {
        Field::ALL.iter().copied().filter(|field| !field.is_secret())
    }

    pub fn from_pairs<N: AsRef<str>, V: Into<String>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        let mut form = Self::default();
        for (name, value) in pairs {
            let (name, value) = (name.as_ref(), value.into());
            let field = |name| Field::from_name(name).filter(|field| !field.is_secret());
            if name == "name" {
                form.name = one_line(&value);
            } else if name == "welcome" {
                form.welcome = lines(&value);
            } else if let Some(field) = name.strip_prefix("lock_").and_then(field) {
                if matches!(value.as_str(), "on" | "yes" | "true" | "1") {
                    form.locked.insert(field);
                }
            } else if let Some(field) = field(name) {
                form.preset.set(field, value);
            }
        }
        form
    }

    pub fn to_pairs(&self) -> Vec<(String, String)> {
        let own = [("name".to_owned(), self.name.clone()), ("welcome".to_owned(), self.welcome.clone())];
        let preset = self.preset.to_pairs().into_iter().map(|(name, value)| (name.to_owned(), value));
        let locked = self.locked.iter().map(|field| (lock_name(*field), "yes".to_owned()));
        own.into_iter().chain(preset).chain(locked).collect()
    }

    /// The template, or all that must be changed before it can be used.
    pub fn check(&self, known: &Known) -> Result<Template, Vec<TemplateFault>> {
        let mut faults = Vec::new();
        let mut say = |at, text: &str| faults.push(TemplateFault { at, text: text.to_owned() });
        match self.name.chars().count() {
            0 => say(TemplateField::Name, "Give the template a name."),
            1..=LONGEST_NAME => {}
            length => {
                say(TemplateField::Name, &format!("This has {length} characters; at most {LONGEST_NAME} are taken."));
            }
        }
        let length = self.welcome.chars().count();
        if length > LONGEST_WELCOME {
            say(TemplateField::Welcome, &format!("This has {length} characters; at most {LONGEST_WELCOME} are taken."));
        }
        for (field, text) in self.field_faults(known) {
            say(TemplateField::Preset(field), &text);
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(Template {
            name: self.name.clone(),
            welcome: self.welcome.clone(),
            preset: self.preset.clone(),
            locked: self.locked.clone(),
        })
    }

    /// At most one fault a field, in the order of the form.
    fn field_faults(&self, known: &Known) -> Vec<(Field, String)> {
        let template = Template { preset: self.preset.clone(), locked: self.locked.clone(), ..Template::default() };
        let asked = template.asked_of_merchant();
        let checked = check(&self.preset, known);
        let package = known
            .price_packages
            .iter()
            .find(|package| package.id.eq_ignore_ascii_case(self.preset.get(Field::PricePackage)));
        let is_settled = |field: Field| self.locked.contains(&field) && self.preset.has(field);
        let of_one_country = is_settled(Field::BusinessIdentifier) || is_settled(Field::SettlementAccount);
        let one_market = package.and_then(|package| package.market.as_deref());
        let fault = |field: Field| -> Option<String> {
            let is_set = self.preset.has(field);
            let is_locked = self.locked.contains(&field);
            if let Some(text) = value_fault(&self.preset, field, known) {
                return Some(text);
            }
            if is_locked && !applies(field, &self.preset, known.compliance) {
                return Some("This is locked, but will not be sent: unlock it.".to_owned());
            }
            if is_locked && !is_set && field.kind() != InputKind::Checkbox {
                return Some("Fill in what is locked.".to_owned());
            }
            match field {
                Field::ProductType if !is_set => Some("A template is for one product: choose it.".to_owned()),
                Field::Market if !is_locked && of_one_country => Some(
                    "Choose and lock the market: the locked business identifier or account is of one country."
                        .to_owned(),
                ),
                Field::Market if !is_locked && one_market.is_some() => {
                    let market = one_market.unwrap_or_default();
                    Some(format!("Choose and lock the market: the price package is for {market} only."))
                }
                // The merchant fills in what is missing, but only where asked.
                _ if asked.contains(&field) => None,
                _ => checked.fault_of(field).map(ToOwned::to_owned),
            }
        };
        Self::fields().filter_map(|field| Some((field, fault(field)?))).collect()
    }
}

impl From<&Template> for TemplateForm {
    fn from(template: &Template) -> Self {
        let Template { name, welcome, preset, locked } = template.clone();
        Self { name, welcome, preset, locked }
    }
}

/// The name of the checkbox that locks a field.
pub fn lock_name(field: Field) -> String {
    format!("lock_{}", field.name())
}

fn one_line(text: &str) -> String {
    let text: String = text.chars().filter(|character| !character.is_control()).collect();
    text.trim().to_owned()
}

fn lines(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let text: String = text.chars().filter(|character| *character == '\n' || !character.is_control()).collect();
    text.trim().to_owned()
}

#[cfg(test)]
mod tests;
