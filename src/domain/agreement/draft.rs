//! An agreement that somebody wants to offer a customer, and what there is to say against it.

use serde::{Deserialize, Serialize};

use super::{Interval, Pricing, RecurringVersion, TimeUnit};
use crate::domain::charge::TransactionType;
use crate::domain::money::Currency;
use crate::domain::phone_number::PhoneNumber;

const LONGEST_NAME: usize = 45;
const LONGEST_DESCRIPTION: usize = 100;
const LONGEST_REDIRECT: usize = 2048;
const LONGEST_MERCHANT_URL: usize = 1024;
/// Minor units.
const LEAST: i64 = 100;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    pub product_name: String,
    pub product_description: Option<String>,
    pub pricing: Pricing,
    /// None: charges come at any time, which only today's version has.
    pub interval: Option<Interval>,
    /// Where the customer goes after approving or refusing.
    pub redirect_url: String,
    /// Where the customer can see and end the subscription. Norwegian merchants have to have one.
    pub merchant_url: Option<String>,
    pub phone_number: Option<PhoneNumber>,
    pub external_id: Option<String>,
    pub initial_charge: Option<InitialCharge>,
}

/// What is charged when the customer approves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InitialCharge {
    /// Minor units of the agreement's currency.
    pub amount: i64,
    pub description: String,
    pub transaction_type: TransactionType,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DraftField {
    ProductName,
    ProductDescription,
    Pricing,
    Interval,
    RedirectUrl,
    MerchantUrl,
    ExternalId,
    InitialCharge,
}

impl Draft {
    /// What upstream would mind, field by field.
    pub fn faults(&self, version: RecurringVersion) -> Vec<(DraftField, String)> {
        let mut faults = Vec::new();
        let mut fault = |field, text: &str| faults.push((field, text.to_owned()));
        if !(1..=LONGEST_NAME).contains(&self.product_name.chars().count()) {
            fault(DraftField::ProductName, "Write a name of 1 to 45 characters.");
        }
        match self.product_description.as_ref().map(|text| text.chars().count()) {
            None if version == RecurringVersion::V1 => {
                fault(DraftField::ProductDescription, "The first version of the API wants a description.");
            }
            None | Some(1..=LONGEST_DESCRIPTION) => {}
            Some(_) => fault(DraftField::ProductDescription, "Use 1 to 100 characters."),
        }
        if let Some(text) = self.fault_of_pricing(version) {
            fault(DraftField::Pricing, text);
        }
        if let Some(text) = self.fault_of_interval(version) {
            fault(DraftField::Interval, text);
        }
        if !is_url(&self.redirect_url, &["https", "http"], LONGEST_REDIRECT) {
            fault(DraftField::RedirectUrl, "Write the address in full, such as https://shop.example.com/thanks.");
        }
        if self.merchant_url.as_ref().is_some_and(|url| !is_url(url, &["https"], LONGEST_MERCHANT_URL)) {
            fault(DraftField::MerchantUrl, "Write an address that begins with https://.");
        }
        match self.external_id.as_ref().map(|id| id.chars().count()) {
            Some(_) if version == RecurringVersion::V1 => {
                fault(DraftField::ExternalId, "The first version of the API has no external ids.");
            }
            None | Some(1..=64) => {}
            Some(_) => fault(DraftField::ExternalId, "Use 1 to 64 characters."),
        }
        if let Some(charge) = &self.initial_charge {
            let described = (1..=LONGEST_DESCRIPTION).contains(&charge.description.chars().count());
            let reserves = charge.transaction_type == TransactionType::Reserve;
            if charge.amount < LEAST || !described {
                fault(
                    DraftField::InitialCharge,
                    "The first charge needs an amount of at least 1.00 and a description.",
                );
            } else if reserves && version == RecurringVersion::V1 {
                fault(
                    DraftField::InitialCharge,
                    "The first version of the API reserves nothing: choose direct capture.",
                );
            }
        }
        faults
    }

    fn fault_of_pricing(&self, version: RecurringVersion) -> Option<&'static str> {
        match &self.pricing {
            Pricing::Other { .. } => Some("Choose a price, a maximum or no limit."),
            Pricing::Fixed(money) if version == RecurringVersion::V1 && money.currency != Currency::Nok => {
                Some("The first version of the API knows NOK only.")
            }
            Pricing::Fixed(money) if money.minor < LEAST => Some("The price is at least 1.00."),
            _ if version == RecurringVersion::V1 && !matches!(self.pricing, Pricing::Fixed(_)) => {
                Some("The first version of the API knows fixed prices only.")
            }
            Pricing::Variable { suggested_max, .. } if suggested_max.minor < LEAST => {
                Some("The maximum is at least 1.00.")
            }
            pricing => match pricing.currency() {
                Some(Currency::Nok | Currency::Dkk | Currency::Eur) => None,
                _ => Some("Choose NOK, DKK or EUR."),
            },
        }
    }

    fn fault_of_interval(&self, version: RecurringVersion) -> Option<&'static str> {
        match self.interval {
            None if version == RecurringVersion::V1 => Some("The first version of the API wants an interval."),
            Some(Interval { count, .. }) if !(1..=31).contains(&count) => Some("Choose 1 to 31 of a unit."),
            // It charges at least once a year.
            Some(Interval { unit: TimeUnit::Year, count: 2.. } | Interval { unit: TimeUnit::Month, count: 13.. })
                if version == RecurringVersion::V1 =>
            {
                Some("In the first version of the API a charge comes at least once a year.")
            }
            _ => None,
        }
    }
}

fn is_url(text: &str, schemes: &[&str], longest: usize) -> bool {
    let url = url::Url::parse(text).ok().filter(|url| schemes.contains(&url.scheme()) && url.has_host());
    url.is_some() && text.chars().count() <= longest
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::domain::money::Money;

    pub fn draft() -> Draft {
        Draft {
            product_name: "Avisen digital".to_owned(),
            product_description: Some("Hele avisen på nett".to_owned()),
            pricing: Pricing::Fixed(Money::new(49_900, Currency::Nok)),
            interval: Some(Interval { unit: TimeUnit::Month, count: 1 }),
            redirect_url: "https://avisen.example/takk".to_owned(),
            merchant_url: Some("https://avisen.example/min-side".to_owned()),
            phone_number: PhoneNumber::parse("4712345678"),
            external_id: None,
            initial_charge: None,
        }
    }

    #[test]
    fn what_upstream_would_mind_is_said_before() {
        use DraftField::*;
        use RecurringVersion::{V1, V3};
        let charge = |amount, transaction_type| {
            Some(super::InitialCharge { amount, description: "Start".to_owned(), transaction_type })
        };
        let eur = super::Pricing::Fixed(Money::new(999, Currency::Eur));
        let year = |count| Some(super::Interval { unit: TimeUnit::Year, count });
        let cases: [(Draft, &[DraftField], &[DraftField]); 16] = [
            (draft(), &[], &[]),
            (Draft { product_name: "å".repeat(46), ..draft() }, &[ProductName], &[ProductName]),
            (Draft { product_description: None, ..draft() }, &[ProductDescription], &[]),
            (
                Draft { product_description: Some(String::new()), ..draft() },
                &[ProductDescription],
                &[ProductDescription],
            ),
            (Draft { pricing: eur, ..draft() }, &[Pricing], &[]),
            (Draft { pricing: super::Pricing::Flexible(Currency::Nok), ..draft() }, &[Pricing], &[]),
            (Draft { pricing: super::Pricing::Flexible(Currency::Sek), ..draft() }, &[Pricing], &[Pricing]),
            (
                Draft { pricing: super::Pricing::Fixed(Money::new(99, Currency::Nok)), ..draft() },
                &[Pricing],
                &[Pricing],
            ),
            (Draft { interval: None, ..draft() }, &[Interval], &[]),
            (Draft { interval: year(1), ..draft() }, &[], &[]),
            (Draft { interval: year(2), ..draft() }, &[Interval], &[]),
            (Draft { interval: year(32), ..draft() }, &[Interval], &[Interval]),
            (Draft { redirect_url: "javascript:alert(1)".to_owned(), ..draft() }, &[RedirectUrl], &[RedirectUrl]),
            (Draft { merchant_url: Some("http://a.example".to_owned()), ..draft() }, &[MerchantUrl], &[MerchantUrl]),
            (
                Draft { initial_charge: charge(99, TransactionType::Direct), ..draft() },
                &[InitialCharge],
                &[InitialCharge],
            ),
            (Draft { initial_charge: charge(100, TransactionType::Reserve), ..draft() }, &[InitialCharge], &[]),
        ];
        for (draft, of_v1, of_v3) in cases {
            for (version, expected) in [(V1, of_v1), (V3, of_v3)] {
                let fields: Vec<DraftField> = draft.faults(version).into_iter().map(|fault| fault.0).collect();
                assert_eq!(fields, expected, "{version:?}: {draft:?}");
            }
        }
    }
}
