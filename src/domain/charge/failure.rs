//! Why a charge failed, in words, and what to do about it. Upstream tells the merchant less than the customer, who
//! sees the details in the app.

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum FailureReason {
    UserActionRequired,
    ChargeAmountTooHigh,
    NonTechnicalError,
    TechnicalError,
    /// The five of earlier years, which old charges still have.
    InsufficientFunds,
    InvalidCard,
    VerificationRequired,
    InvalidPaymentSource,
    InternalError,
    /// A word upstream did not document when this was written.
    Other(String),
}

impl FailureReason {
    pub const KNOWN: [Self; 9] = [
        Self::UserActionRequired,
        Self::ChargeAmountTooHigh,
        Self::NonTechnicalError,
        Self::TechnicalError,
        Self::InsufficientFunds,
        Self::InvalidCard,
        Self::VerificationRequired,
        Self::InvalidPaymentSource,
        Self::InternalError,
    ];

    pub fn from_upstream(word: &str) -> Option<Self> {
        let word = word.trim();
        let known = Self::KNOWN.into_iter().find(|known| known.upstream().eq_ignore_ascii_case(word));
        known.or_else(|| (!word.is_empty()).then(|| Self::Other(word.to_owned())))
    }

    pub fn upstream(&self) -> &str {
        match self {
            Self::UserActionRequired => "user_action_required",
            Self::ChargeAmountTooHigh => "charge_amount_too_high",
            Self::NonTechnicalError => "non_technical_error",
            Self::TechnicalError => "technical_error",
            Self::InsufficientFunds => "insufficient_funds",
            Self::InvalidCard => "invalid_card",
            Self::VerificationRequired => "verification_required",
            Self::InvalidPaymentSource => "invalid_payment_source",
            Self::InternalError => "internal_error",
            Self::Other(word) => word,
        }
    }

    pub fn meaning(&self) -> &'static str {
        match self {
            Self::UserActionRequired => {
                "The customer's card could not pay: too little money, an expired card, or one blocked for online use."
            }
            Self::ChargeAmountTooHigh => "The amount is higher than the maximum that the customer has chosen.",
            Self::NonTechnicalError => {
                "The customer could not be charged; perhaps the customer's profile no longer exists."
            }
            Self::TechnicalError => "Something went wrong at Vipps MobilePay or at a bank.",
            Self::InsufficientFunds => "There was too little money on the customer's account.",
            Self::InvalidCard => "The customer's card has expired or is disabled.",
            Self::VerificationRequired => "The customer's bank wanted the customer to confirm the payment.",
            Self::InvalidPaymentSource => "The card or account that the agreement pays with no longer exists.",
            Self::InternalError => "Something went wrong, and it is not known what.",
            Self::Other(_) => "A reason that this portal does not know yet.",
        }
    }

    pub fn what_to_do(&self) -> &'static str {
        match self {
            Self::UserActionRequired => {
                "Ask the customer to open the app and look at the payment there: it says what is wrong. Then make a new charge."
            }
            Self::ChargeAmountTooHigh => {
                "Ask the customer to raise the maximum in the app, or make a new charge with a smaller amount."
            }
            Self::NonTechnicalError => {
                "Ask the customer whether the app is still in use. If not, stop the agreement and make a new one."
            }
            Self::TechnicalError => {
                "Make a new charge. If it happens again, contact Vipps MobilePay and name the charge."
            }
            Self::InsufficientFunds => {
                "Ask the customer to pay money in or to choose another card in the app. Then make a new charge."
            }
            Self::InvalidCard | Self::InvalidPaymentSource => {
                "Ask the customer to choose another card for the agreement in the app. Then make a new charge."
            }
            Self::VerificationRequired => {
                "Ask the customer to remove the card in the app and add it again. Then make a new charge."
            }
            Self::InternalError => "Make a new charge, or ask the customer to choose another card in the app first.",
            Self::Other(_) => "Ask the customer to look at the payment in the app.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_words_and_something_to_do() {
        for reason in FailureReason::KNOWN {
            assert_eq!(FailureReason::from_upstream(reason.upstream()), Some(reason.clone()));
            assert!(reason.meaning().ends_with('.') && reason.what_to_do().ends_with('.'), "{reason:?}");
        }
        let new = FailureReason::from_upstream(" bank_holiday ").unwrap();
        assert_eq!((new.upstream(), new.clone()), ("bank_holiday", FailureReason::Other("bank_holiday".into())));
        assert_eq!(FailureReason::from_upstream(" "), None);
    }
}
