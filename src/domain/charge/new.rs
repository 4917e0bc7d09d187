//! A charge that somebody wants to make, and what there is to say against it before upstream says it.

use serde::{Deserialize, Serialize};
use time::{Date, Duration};

use super::TransactionType;
use crate::domain::agreement::{Agreement, AgreementAction, RecurringVersion};
use crate::domain::money::Money;

/// Upstream takes so many characters; the app shows [`SHOWN`] of them.
const LONGEST_DESCRIPTION: usize = 100;
const SHOWN: usize = 45;
/// Days from today to the first day that can be due: the customer has to see it coming.
pub const NOTICE: i64 = 2;
const LONGEST_AHEAD: Duration = Duration::days(2 * 365);
/// One krone, or one euro's cents: what cards take at least.
const LEAST: i64 = 100;

/// What is to be charged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewCharge {
    /// Minor units of the agreement's currency.
    pub amount: i64,
    pub description: String,
    /// None: at once, which only today's version does.
    pub due: Option<Date>,
    /// For how many days after the due day it is tried again.
    pub retry_days: u32,
    pub transaction_type: TransactionType,
    /// The merchant's own name for it.
    pub external_id: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChargeField {
    Agreement,
    Amount,
    Description,
    Due,
    RetryDays,
    TransactionType,
    ExternalId,
}

impl NewCharge {
    /// What upstream would mind, field by field.
    pub fn faults(&self, agreement: &Agreement, version: RecurringVersion, today: Date) -> Vec<(ChargeField, String)> {
        let mut faults = Vec::new();
        let mut fault = |field, text: String| faults.push((field, text));
        if let Err(reason) = agreement.may(AgreementAction::CreateCharge) {
            fault(ChargeField::Agreement, reason);
        }
        if self.amount < LEAST {
            fault(ChargeField::Amount, "The amount is at least 1.00.".to_owned());
        } else if let (Some((most, why)), Some(currency)) = (agreement.pricing.most(), agreement.pricing.currency())
            && self.amount > most
        {
            let most = Money::new(most, currency.clone());
            fault(ChargeField::Amount, format!("The amount is at most {most}, {why}."));
        }
        match self.description.chars().count() {
            0 => fault(ChargeField::Description, "Write what the customer pays for, such as November.".to_owned()),
            1..=LONGEST_DESCRIPTION => {}
            _ => fault(ChargeField::Description, format!("Use at most {LONGEST_DESCRIPTION} characters.")),
        }
        let first = today + Duration::days(NOTICE);
        match self.due {
            Some(due) if due < first => fault(ChargeField::Due, format!("The first possible day is {first}.")),
            Some(due) if due > today + LONGEST_AHEAD => {
                fault(ChargeField::Due, "Choose a day within two years.".to_owned());
            }
            None if version == RecurringVersion::V1 => fault(ChargeField::Due, "Choose a day.".to_owned()),
            _ => {}
        }
        let most_days = if version == RecurringVersion::V1 { 10 } else { 14 };
        if self.retry_days > most_days {
            fault(ChargeField::RetryDays, format!("It can be tried again for at most {most_days} days."));
        }
        if self.transaction_type == TransactionType::Reserve && version == RecurringVersion::V1 {
            let text = "The first version of the API reserves nothing: choose direct capture.";
            fault(ChargeField::TransactionType, text.to_owned());
        }
        match self.external_id.as_ref().map(|id| id.chars().count()) {
            Some(_) if version == RecurringVersion::V1 => {
                fault(ChargeField::ExternalId, "The first version of the API has no external ids.".to_owned());
            }
            None | Some(1..=64) => {}
            Some(_) => fault(ChargeField::ExternalId, "Use 1 to 64 characters.".to_owned()),
        }
        faults
    }

    /// Whether the app shows the description cut off.
    pub fn is_cut_in_the_app(&self) -> bool {
        self.description.chars().count() > SHOWN
    }
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;
    use crate::domain::agreement::tests::agreement;

    const TODAY: Date = date!(2026 - 11 - 20);

    fn charge() -> NewCharge {
        NewCharge {
            amount: 49_900,
            description: "November".to_owned(),
            due: Some(date!(2026 - 11 - 22)),
            retry_days: 10,
            transaction_type: TransactionType::Direct,
            external_id: None,
        }
    }

    fn fields(charge: &NewCharge, version: RecurringVersion) -> Vec<ChargeField> {
        charge.faults(&agreement("ACTIVE"), version, TODAY).into_iter().map(|fault| fault.0).collect()
    }

    #[test]
    fn what_upstream_would_mind_is_said_before() {
        use ChargeField::*;
        let v3 = RecurringVersion::V3;
        for version in [RecurringVersion::V1, v3] {
            assert_eq!(fields(&charge(), version), []);
            assert_eq!(charge().faults(&agreement("STOPPED"), version, TODAY)[0].0, Agreement);
        }
        let wrong = [
            (NewCharge { amount: 99, ..charge() }, Amount),
            (NewCharge { amount: 249_501, ..charge() }, Amount),
            (NewCharge { description: String::new(), ..charge() }, Description),
            (NewCharge { description: "å".repeat(101), ..charge() }, Description),
            (NewCharge { due: Some(date!(2026 - 11 - 21)), ..charge() }, Due),
            (NewCharge { due: Some(date!(2028 - 11 - 21)), ..charge() }, Due),
            (NewCharge { retry_days: 15, ..charge() }, RetryDays),
            (NewCharge { external_id: Some(String::new()), ..charge() }, ExternalId),
        ];
        for (charge, field) in wrong {
            assert_eq!(fields(&charge, v3), [field], "{charge:?}");
        }
        assert_eq!(fields(&NewCharge { amount: 249_500, due: None, ..charge() }, v3), []);
        let long = NewCharge { description: "å".repeat(46), ..charge() };
        assert!(fields(&long, v3).is_empty() && long.is_cut_in_the_app() && !charge().is_cut_in_the_app());
    }

    #[test]
    fn the_first_version_takes_less() {
        use ChargeField::*;
        let v1 = RecurringVersion::V1;
        assert_eq!(fields(&NewCharge { due: None, ..charge() }, v1), [Due]);
        assert_eq!(fields(&NewCharge { retry_days: 11, ..charge() }, v1), [RetryDays]);
        assert_eq!(
            fields(&NewCharge { transaction_type: super::TransactionType::Reserve, ..charge() }, v1),
            [TransactionType]
        );
        assert_eq!(fields(&NewCharge { external_id: Some("a".into()), ..charge() }, v1), [ExternalId]);
    }
}
