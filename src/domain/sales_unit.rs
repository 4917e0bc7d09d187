//! A sales unit: one shop, site or app of a merchant that takes payments, named by its MSN.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::identifiers::{BusinessIdentifier, Msn};
use super::prefill::name_within;

/// An entry of upstream's lists of sales units: all they tell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedSalesUnit {
    pub msn: Msn,
    /// Absent where upstream lists bare serial numbers.
    pub name: Option<String>,
}

/// What `GET /management/v1/sales-units/{msn}` tells of a sales unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SalesUnitDetails {
    pub msn: Msn,
    pub name: String,
    pub business_identifier: Option<BusinessIdentifier>,
    pub configuration: Configuration,
}

/// A property upstream may leave out. Left out means unknown, never *no*.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Flag {
    Yes,
    No,
    #[default]
    Unknown,
}

impl From<Option<bool>> for Flag {
    fn from(value: Option<bool>) -> Self {
        match value {
            Some(true) => Self::Yes,
            Some(false) => Self::No,
            None => Self::Unknown,
        }
    }
}

impl From<Flag> for Option<bool> {
    fn from(flag: Flag) -> Self {
        match flag {
            Flag::Yes => Some(true),
            Flag::No => Some(false),
            Flag::Unknown => None,
        }
    }
}

/// When money is taken after the payer has approved.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum CaptureType {
    Reserve,
    Direct,
    NotApplicable,
    /// A word upstream did not document when this was written.
    Other(String),
    #[default]
    Unknown,
}

impl CaptureType {
    /// From upstream's word.
    pub fn from_upstream(word: Option<&str>) -> Self {
        match word {
            Some("ReserveCapture") => Self::Reserve,
            Some("DirectCapture") => Self::Direct,
            Some("NotApplicable") => Self::NotApplicable,
            Some(other) => Self::Other(other.to_owned()),
            None => Self::Unknown,
        }
    }

    /// Upstream's word; none for unknown.
    pub fn upstream(&self) -> Option<&str> {
        match self {
            Self::Reserve => Some("ReserveCapture"),
            Self::Direct => Some("DirectCapture"),
            Self::NotApplicable => Some("NotApplicable"),
            Self::Other(word) => Some(word),
            Self::Unknown => None,
        }
    }

    pub fn label(&self) -> &str {
        match self {
            Self::Reserve => "Reserve capture",
            Self::Direct => "Direct capture",
            Self::NotApplicable => "Not applicable",
            Self::Other(word) => word,
            Self::Unknown => "Unknown",
        }
    }

    pub fn meaning(&self) -> &'static str {
        match self {
            Self::Reserve => "The amount is reserved first and captured when the goods are sent.",
            Self::Direct => "The amount is taken at once, when the payer approves.",
            Self::NotApplicable => "This sales unit takes no payments that could be captured.",
            Self::Other(_) => "A capture type that this portal does not know yet.",
            Self::Unknown => "Upstream has not said how payments are captured.",
        }
    }
}

/// A sales unit's `configuration` object. Every property is optional upstream.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Configuration {
    pub capture_type: CaptureType,
    pub payment_allowed: Flag,
    pub recurring_allowed: Flag,
    pub skip_landing_page_allowed: Flag,
    pub partial_capture_allowed: Flag,
    pub late_capture_allowed: Flag,
    pub landing_page_phone_number_locked: Flag,
    pub long_living_payment_allowed: Flag,
    pub credit_card_payment_allowed: Flag,
}

/// One yes/no/unknown property with the words that explain it.
pub struct ExplainedFlag {
    pub name: &'static str,
    /// The property's name in the Management API.
    pub property: &'static str,
    pub meaning: &'static str,
    pub value: Flag,
}

impl Configuration {
    /// Every flag, in the order people ask for them.
    pub fn flags(&self) -> [ExplainedFlag; 8] {
        let flag = |name, property, meaning, value| ExplainedFlag { name, property, meaning, value };
        [
            flag(
                "Payments",
                "paymentAllowed",
                "Can take payments. No usually means a unit for Login only.",
                self.payment_allowed,
            ),
            flag(
                "Recurring",
                "recurringAllowed",
                "May use the Recurring API for agreements and charges.",
                self.recurring_allowed,
            ),
            flag(
                "Skip landing page",
                "skipLandingPageAllowed",
                "The payer may be sent straight to the app, without the landing page.",
                self.skip_landing_page_allowed,
            ),
            flag(
                "Partial capture",
                "partialCaptureAllowed",
                "A part of the reserved amount may be captured. Always so in Norway.",
                self.partial_capture_allowed,
            ),
            flag(
                "Late capture",
                "lateCaptureAllowed",
                "In Denmark and Finland: capture later than 14 days. Norwegian units have 180 days.",
                self.late_capture_allowed,
            ),
            flag(
                "Phone number locked",
                "landingPagePhoneNumberLocked",
                "The payer cannot change the phone number on the landing page.",
                self.landing_page_phone_number_locked,
            ),
            flag(
                "Long-living payments",
                "longLivingPaymentAllowed",
                "A payment request may wait longer than the usual ten minutes.",
                self.long_living_payment_allowed,
            ),
            flag(
                "Credit cards",
                "creditCardPaymentAllowed",
                "Payers may use credit cards, not only debit cards.",
                self.credit_card_payment_allowed,
            ),
        ]
    }
}

/// What is to be changed of a sales unit; what is none stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SalesUnitChange {
    /// 1 to 50 characters.
    pub name: Option<String>,
    /// A PNG in base64.
    pub logo: Option<String>,
    /// No takes the unit out of use.
    pub active: Option<bool>,
}

/// Longest name that upstream lets a unit be given, in UTF-16 units.
pub const LONGEST_CHANGED_NAME: usize = 50;

/// A new name for a unit, or what is wrong with it. Which characters it may have is documented for
/// units that are ordered only.
pub fn checked_name(typed: &str) -> Result<String, String> {
    if typed.trim().is_empty() {
        return Err("A sales unit has a name.".to_owned());
    }
    name_within(typed.trim(), LONGEST_CHANGED_NAME)
}

/// A row of the list of sales units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SalesUnitRow {
    pub msn: Msn,
    pub name: Option<String>,
    pub business_identifier: Option<BusinessIdentifier>,
    pub merchant_name: Option<String>,
    pub configuration: Configuration,
    pub details_at: Option<OffsetDateTime>,
    /// When upstream stopped showing the unit; none while it is visible.
    pub gone_at: Option<OffsetDateTime>,
}

/// One sales unit as the portal's copy knows it.
#[derive(Clone, Debug, PartialEq)]
pub struct SalesUnit {
    pub msn: Msn,
    pub name: Option<String>,
    pub business_identifier: Option<BusinessIdentifier>,
    pub configuration: Configuration,
    pub first_seen_at: OffsetDateTime,
    pub last_seen_at: OffsetDateTime,
    /// When upstream last gave the details; none while only the list is known.
    pub details_at: Option<OffsetDateTime>,
    pub gone_at: Option<OffsetDateTime>,
    /// The answer as upstream gave it, unknown fields included: indented JSON.
    pub raw: Option<String>,
}

impl SalesUnit {
    /// Its name, or what it is called without one.
    pub fn shown_name(&self) -> String {
        self.name.clone().unwrap_or_else(|| format!("Sales unit {}", self.msn))
    }
}
