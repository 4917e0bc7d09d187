//! A merchant: the company that owns sales units.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::identifiers::BusinessIdentifier;

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
