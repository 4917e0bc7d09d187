//! What upstream itself tells of a sales unit's calls, where it does.

use serde::{Deserialize, Serialize};

use crate::domain::identifiers::Msn;

/// Upstream's figures for one endpoint. What they cover is upstream's choice: it does not say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldEndpoint {
    /// `POST:/epayment/v1/payments`
    pub endpoint: String,
    pub requests: u64,
    /// In hundredths of a per cent; none where upstream did not say.
    pub success_rate: Option<u16>,
    /// Counts by status. They need not come to all requests.
    pub statuses: Vec<(u16, u64)>,
}

impl ToldEndpoint {
    /// How many requests failed: what the counts by status say, else what is not success.
    pub fn failed(&self) -> u64 {
        let by_status: u64 = self.statuses.iter().filter(|(status, _)| *status >= 400).map(|(_, count)| count).sum();
        let by_rate = self.success_rate.map(|rate| {
            let missing = u64::from(10_000u16.saturating_sub(rate));
            (u128::from(self.requests) * u128::from(missing) / 10_000) as u64
        });
        let failed = if self.statuses.is_empty() { by_rate.unwrap_or_default() } else { by_status };
        failed.min(self.requests)
    }
}

/// A sales unit that upstream tells of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldUnit {
    pub msn: Msn,
    pub name: Option<String>,
    pub requests: u64,
    pub failed: u64,
}

/// All requests and all failures.
pub fn sum_told(endpoints: &[ToldEndpoint]) -> (u64, u64) {
    let requests = endpoints.iter().fold(0, |sum: u64, endpoint| sum.saturating_add(endpoint.requests));
    let failed = endpoints.iter().fold(0, |sum: u64, endpoint| sum.saturating_add(endpoint.failed()));
    (requests, failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_what_the_statuses_say_else_what_the_rate_leaves() {
        let told = |success_rate, statuses: &[(u16, u64)]| ToldEndpoint {
            endpoint: "POST:/epayment/v1/payments".into(),
            requests: 1_000,
            success_rate,
            statuses: statuses.to_vec(),
        };
        assert_eq!(told(Some(9_500), &[(200, 950), (400, 10), (429, 30)]).failed(), 40);
        assert_eq!(told(Some(9_550), &[]).failed(), 45);
        assert_eq!(told(None, &[]).failed(), 0);
        assert_eq!(told(None, &[(500, 5_000)]).failed(), 1_000);
        assert_eq!(sum_told(&[told(Some(9_500), &[]), told(Some(0), &[])]), (2_000, 1_050));
    }
}
