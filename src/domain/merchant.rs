//! A merchant: the company that owns sales units.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::identifiers::BusinessIdentifier;
use super::sales_unit::ListedSalesUnit;

/// What `GET /management/v1/merchants/{scheme}/{id}` tells of a merchant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Merchant {
    pub business_identifier: BusinessIdentifier,
    pub name: String,
    /// Upstream's word (`ACTIVE`, `DEACTIVATED`), shown as it is when it is a new one.
    pub status: Option<String>,
    pub country_code: Option<String>,
    pub business_address: Option<Address>,
    pub post_address: Option<Address>,
    pub created_at: Option<OffsetDateTime>,
    pub updated_at: Option<OffsetDateTime>,
}

/// Whether a merchant is active.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MerchantStatus {
    Active,
    Deactivated,
    /// A word upstream did not document when this was written.
    Other(String),
    Unknown,
}

impl MerchantStatus {
    /// From upstream's word.
    pub fn from_upstream(word: Option<&str>) -> Self {
        match word {
            Some("ACTIVE") => Self::Active,
            Some("DEACTIVATED") => Self::Deactivated,
            Some(other) => Self::Other(other.to_owned()),
            None => Self::Unknown,
        }
    }

    /// Upstream's word; none for unknown.
    pub fn upstream(&self) -> Option<&str> {
        match self {
            Self::Active => Some("ACTIVE"),
            Self::Deactivated => Some("DEACTIVATED"),
            Self::Other(word) => Some(word),
            Self::Unknown => None,
        }
    }

    pub fn label(&self) -> &str {
        match self {
            Self::Active => "Active",
            Self::Deactivated => "Deactivated",
            Self::Other(word) => word,
            Self::Unknown => "Unknown",
        }
    }
}

/// A row of the list of merchants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MerchantRow {
    pub business_identifier: BusinessIdentifier,
    /// None until the merchant has been fetched.
    pub name: Option<String>,
    pub status: MerchantStatus,
    /// How many sales units upstream shows of it.
    pub units: usize,
    pub created_at: Option<OffsetDateTime>,
    pub fetched_at: Option<OffsetDateTime>,
    /// When upstream stopped showing the merchant; none while it is visible.
    pub gone_at: Option<OffsetDateTime>,
}

/// One merchant as the portal's copy knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownMerchant {
    pub business_identifier: BusinessIdentifier,
    /// Its name, which upstream may have listed before it told more.
    pub known_name: Option<String>,
    /// What upstream last told of it; none before the first time.
    pub details: Option<Merchant>,
    pub first_seen_at: OffsetDateTime,
    pub fetched_at: Option<OffsetDateTime>,
    pub gone_at: Option<OffsetDateTime>,
    /// The answer as upstream gave it, unknown fields included: indented JSON.
    pub raw: Option<String>,
}

/// A sales unit of a merchant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedSalesUnit {
    pub unit: ListedSalesUnit,
    pub gone_at: Option<OffsetDateTime>,
}

/// One of the partner's people has viewed the portal as a merchant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Viewed {
    pub by_email: String,
    pub begun_at: OffsetDateTime,
    /// When the last page of it was opened.
    pub last_at: OffsetDateTime,
}

impl KnownMerchant {
    /// Its name, or its number in place of one.
    pub fn name(&self) -> String {
        let name = self.known_name.clone().filter(|name| !name.is_empty());
        name.unwrap_or_else(|| format!("Merchant {}", self.business_identifier.grouped()))
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    pub lines: Vec<String>,
    pub post_code: Option<String>,
    pub city: Option<String>,
    pub country_code: Option<String>,
}

impl Address {
    /// The address as lines of an envelope, without empty ones.
    pub fn envelope(&self) -> Vec<String> {
        let place = [self.post_code.as_deref(), self.city.as_deref()];
        let place: Vec<&str> = place.into_iter().flatten().filter(|part| !part.trim().is_empty()).collect();
        let mut lines: Vec<String> = self.lines.iter().filter(|line| !line.trim().is_empty()).cloned().collect();
        lines.extend((!place.is_empty()).then(|| place.join(" ")));
        lines.extend(self.country_code.clone());
        lines
    }
}
