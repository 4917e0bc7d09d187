//! The forms of agreements and charges, as they are typed.

use serde::Deserialize;
use time::Date;
use time::macros::format_description;

use super::draft::{Draft, DraftField, InitialCharge};
use super::{Agreement, Interval, Pricing, RecurringVersion, TimeUnit};
use crate::domain::charge::{ChargeField, NewCharge, TransactionType};
use crate::domain::money::{Currency, Money};
use crate::domain::phone_number::PhoneNumber;

/// Names of fields and what is wrong with them.
pub type Faults = Vec<(&'static str, String)>;

/// An agreement that is to be offered to a customer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct DraftForm {
    pub product: String,
    pub description: String,
    /// `fixed`, `variable` or `flexible`.
    pub pricing: String,
    pub price: String,
    pub currency: String,
    /// Empty: at any time.
    pub unit: String,
    pub count: String,
    pub phone: String,
    pub external: String,
    pub redirect: String,
    pub manage: String,
    /// Empty: nothing is charged in the beginning.
    pub first: String,
    pub first_description: String,
    /// Not empty: the first amount is reserved only.
    pub first_reserved: String,
}

/// The words for how much may be charged, each with its label.
pub const PRICINGS: [(&str, &str); 3] =
    [("fixed", "A fixed price"), ("variable", "What is used, up to a maximum"), ("flexible", "What is used")];

pub const UNITS: [(&str, &str, TimeUnit); 4] = [
    ("day", "Days", TimeUnit::Day),
    ("week", "Weeks", TimeUnit::Week),
    ("month", "Months", TimeUnit::Month),
    ("year", "Years", TimeUnit::Year),
];

impl DraftForm {
    /// As an empty form begins.
    pub fn beginning() -> Self {
        Self {
            pricing: "fixed".to_owned(),
            currency: "NOK".to_owned(),
            unit: "month".to_owned(),
            count: "1".to_owned(),
            ..Self::default()
        }
    }

    /// What is to be offered.
    ///
    /// # Errors
    /// What is wrong, field by field.
    pub fn check(&self, version: RecurringVersion) -> Result<Draft, Faults> {
        let mut faults = Faults::new();
        let currency = Currency::from_upstream(&self.currency);
        let mut money = |name: &'static str, typed: &str| {
            let minor = Money::minor_of(typed).unwrap_or_else(|reason| {
                faults.push((name, reason.to_owned()));
                0
            });
            Money::new(minor, currency.clone())
        };
        let pricing = match self.pricing.as_str() {
            "flexible" => Pricing::Flexible(currency.clone()),
            "variable" => Pricing::Variable { suggested_max: money("price", &self.price), max: None },
            _ => Pricing::Fixed(money("price", &self.price)),
        };
        let first = self.first.trim();
        let initial_charge = (!first.is_empty()).then(|| InitialCharge {
            amount: money("first", first).minor,
            description: self.first_description.trim().to_owned(),
            transaction_type: transaction_type(&self.first_reserved),
        });
        let unit = UNITS.iter().find(|(word, ..)| *word == self.unit).map(|(_, _, unit)| *unit);
        let count = self.count.trim().parse().unwrap_or(0);
        let phone = self.phone.trim();
        let phone_number = PhoneNumber::parse(phone);
        if !phone.is_empty() && phone_number.is_none() {
            faults.push(("phone", "Write a phone number such as +47 123 45 678.".to_owned()));
        }
        let draft = Draft {
            product_name: self.product.trim().to_owned(),
            product_description: filled(&self.description),
            pricing,
            interval: unit.map(|unit| Interval { unit, count }),
            redirect_url: self.redirect.trim().to_owned(),
            merchant_url: filled(&self.manage),
            phone_number,
            external_id: filled(&self.external),
            initial_charge,
        };
        for (field, text) in draft.faults(version) {
            let name = match field {
                DraftField::ProductName => "product",
                DraftField::ProductDescription => "description",
                DraftField::Pricing => "price",
                DraftField::Interval => "count",
                DraftField::RedirectUrl => "redirect",
                DraftField::MerchantUrl => "manage",
                DraftField::ExternalId => "external",
                DraftField::InitialCharge => "first",
            };
            add(&mut faults, name, text);
        }
        if faults.is_empty() { Ok(draft) } else { Err(faults) }
    }
}

/// A charge that is to be made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ChargeForm {
    pub amount: String,
    pub description: String,
    /// `YYYY-MM-DD`; empty: at once.
    pub due: String,
    pub retry: String,
    pub external: String,
    /// Not empty: the amount is reserved only.
    pub reserved: String,
}

impl ChargeForm {
    /// As the form of an agreement begins.
    pub fn beginning(agreement: &Agreement, first_day: Date) -> Self {
        let price = match &agreement.pricing {
            Pricing::Fixed(price) => price.amount(),
            _ => None,
        };
        Self { amount: price.unwrap_or_default(), due: first_day.to_string(), retry: "5".to_owned(), ..Self::default() }
    }

    /// What is to be charged.
    ///
    /// # Errors
    /// What is wrong, field by field.
    pub fn check(&self, agreement: &Agreement, version: RecurringVersion, today: Date) -> Result<NewCharge, Faults> {
        let mut faults = Faults::new();
        let amount = Money::minor_of(&self.amount).unwrap_or_else(|reason| {
            faults.push(("amount", reason.to_owned()));
            0
        });
        let due = match self.due.trim() {
            "" => None,
            typed => {
                let day = Date::parse(typed, format_description!("[year]-[month]-[day]")).ok();
                if day.is_none() {
                    faults.push(("due", "Write a day such as 2026-12-24.".to_owned()));
                }
                day
            }
        };
        let retry_days = match self.retry.trim() {
            "" => 0,
            typed => typed.parse().unwrap_or_else(|_| {
                faults.push(("retry", "Write a number of days.".to_owned()));
                0
            }),
        };
        let charge = NewCharge {
            amount,
            description: self.description.trim().to_owned(),
            due,
            retry_days,
            transaction_type: transaction_type(&self.reserved),
            external_id: filled(&self.external),
        };
        for (field, text) in charge.faults(agreement, version, today) {
            let name = match field {
                ChargeField::Agreement => "",
                ChargeField::Amount => "amount",
                ChargeField::Description => "description",
                ChargeField::Due => "due",
                ChargeField::RetryDays => "retry",
                ChargeField::TransactionType => "reserved",
                ChargeField::ExternalId => "external",
            };
            add(&mut faults, name, text);
        }
        if faults.is_empty() { Ok(charge) } else { Err(faults) }
    }
}

/// What could not even be read is not refused a second time.
fn add(faults: &mut Faults, name: &'static str, text: String) {
    if !faults.iter().any(|(faulty, _)| *faulty == name) {
        faults.push((name, text));
    }
}

fn filled(typed: &str) -> Option<String> {
    Some(typed.trim()).filter(|typed| !typed.is_empty()).map(str::to_owned)
}

fn transaction_type(reserved: &str) -> TransactionType {
    if reserved.is_empty() { TransactionType::Direct } else { TransactionType::Reserve }
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;
    use crate::domain::agreement::tests::agreement;
    use RecurringVersion::{V1, V3};

    fn draft_form() -> DraftForm {
        DraftForm {
            product: " Avisen digital ".to_owned(),
            description: "Hele avisen på nett".to_owned(),
            price: "499,50".to_owned(),
            redirect: "https://avisen.example/takk".to_owned(),
            manage: "https://avisen.example/min-side".to_owned(),
            phone: "+47 123 45 678".to_owned(),
            ..DraftForm::beginning()
        }
    }

    fn names<T>(checked: Result<T, Faults>) -> Vec<&'static str> {
        checked.err().unwrap_or_default().into_iter().map(|fault| fault.0).collect()
    }

    #[test]
    fn a_draft_is_read_and_each_fault_stands_at_its_field() {
        for version in RecurringVersion::ALL {
            let draft = draft_form().check(version).unwrap();
            assert_eq!(draft.pricing, Pricing::Fixed(Money::new(49_950, Currency::Nok)));
            assert_eq!(draft.product_name, "Avisen digital");
            assert_eq!(draft.phone_number.unwrap().full(), "4712345678");
            assert_eq!(draft.external_id, None);
        }
        let wrong = |form: DraftForm| names(form.check(V3));
        assert_eq!(wrong(DraftForm { price: "much".into(), ..draft_form() }), ["price"]);
        assert_eq!(wrong(DraftForm { price: String::new(), pricing: "flexible".into(), ..draft_form() }), [""; 0]);
        assert_eq!(wrong(DraftForm { phone: "call me".into(), ..draft_form() }), ["phone"]);
        assert_eq!(wrong(DraftForm { count: "0".into(), ..draft_form() }), ["count"]);
        assert_eq!(wrong(DraftForm { currency: "SEK".into(), ..draft_form() }), ["price"]);
        assert_eq!(wrong(DraftForm { first: "5".into(), ..draft_form() }), ["first"], "it needs a description");
        assert_eq!(names(DraftForm { pricing: "variable".into(), ..draft_form() }.check(V1)), ["price"]);
        assert_eq!(names(DraftForm { unit: String::new(), ..draft_form() }.check(V1)), ["count"]);
        let mut all = wrong(DraftForm::default());
        all.sort_unstable();
        assert_eq!(all, ["price", "product", "redirect"]);
    }

    #[test]
    fn a_charge_is_read_and_each_fault_stands_at_its_field() {
        let today = date!(2026 - 11 - 24);
        let form = ChargeForm {
            description: "December".to_owned(),
            ..ChargeForm::beginning(&agreement("ACTIVE"), date!(2026 - 12 - 01))
        };
        for version in RecurringVersion::ALL {
            let charge = form.check(&agreement("ACTIVE"), version, today).unwrap();
            assert_eq!((charge.amount, charge.due, charge.retry_days), (49_900, Some(date!(2026 - 12 - 01)), 5));
        }
        let wrong = |form: ChargeForm| names(form.check(&agreement("ACTIVE"), V3, today));
        assert_eq!(wrong(ChargeForm { amount: "-1".into(), ..form.clone() }), ["amount"]);
        assert_eq!(wrong(ChargeForm { due: "soon".into(), ..form.clone() }), ["due"]);
        assert_eq!(wrong(ChargeForm { due: "2026-11-24".into(), ..form.clone() }), ["due"]);
        assert_eq!(wrong(ChargeForm { due: String::new(), ..form.clone() }), [""; 0], "at once");
        assert_eq!(wrong(ChargeForm { retry: "often".into(), ..form.clone() }), ["retry"]);
        assert_eq!(wrong(ChargeForm { retry: "15".into(), ..form.clone() }), ["retry"]);
        assert_eq!(names(form.check(&agreement("STOPPED"), V3, today)), [""]);
        assert_eq!(
            names(ChargeForm { reserved: "yes".into(), ..form }.check(&agreement("ACTIVE"), V1, today)),
            ["reserved"]
        );
    }
}
