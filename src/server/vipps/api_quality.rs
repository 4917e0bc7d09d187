//! How a sales unit's calls go, as upstream tells it; proposed once, and had by few upstreams.

use serde_json::{Map, Value};

use super::Client;
use super::call::Call;
use super::error::Error;
use super::reading::{ONE_THING, plain_name, read_list, text};
use super::transport::fill;
use crate::domain::api_quality::ToldEndpoint;
use crate::domain::identifiers::Msn;

const API_QUALITY: &str = "/management/v1/api-quality/sales-units/{msn}";

/// The longest name of an endpoint that is kept, in characters.
const LONGEST_ENDPOINT: usize = 200;

impl Client {
    /// What upstream tells of the calls about a sales unit, whoever made them; empty where it knows of none.
    ///
    /// # Errors
    /// Any of [`Error`].
    pub async fn api_quality(&self, msn: &Msn) -> Result<Vec<ToldEndpoint>, Error> {
        self.api_quality_at(msn.as_str()).await
    }

    pub(super) async fn api_quality_at(&self, msn: &str) -> Result<Vec<ToldEndpoint>, Error> {
        let path = fill(API_QUALITY, &[msn])?;
        let call = Call { max_body: ONE_THING, refusal_tells: true, ..Call::get(API_QUALITY, path) };
        read_api_quality(&self.account.send(self.lane, call).await?)
    }
}

/// Reads what upstream tells of a unit's endpoints. Entries without an endpoint or a number of requests are left out.
///
/// # Errors
/// [`Error::NotUnderstood`].
pub fn read_api_quality(body: &[u8]) -> Result<Vec<ToldEndpoint>, Error> {
    let endpoints =
        read_list("figures of endpoints", body, &["apiqualityitems"], read_endpoint, |told| told.endpoint.clone())?;
    Ok(endpoints.into_iter().map(|answer| answer.value).collect())
}

fn read_endpoint(entry: &Value) -> Option<ToldEndpoint> {
    let fields = entry.as_object()?;
    // The document writes `POST://epayment/…` in one place and `POST:/epayment/…` in another.
    let endpoint = text(field(fields, "endpoint")?)?.replacen("://", ":/", 1);
    // The name of this one has been seen with a blank in it.
    let requests = count(field(fields, "totalrequests")?)?;
    let rate = field(fields, "successrate").and_then(number).filter(|rate| (0.0..=100.0).contains(rate));
    let status = |(name, value): (&String, &Value)| {
        let status = plain_name(name).strip_prefix("status")?.parse().ok()?;
        Some((status, count(value)?)).filter(|(status, _)| (100..600).contains(status))
    };
    let mut statuses: Vec<(u16, u64)> = fields.iter().filter_map(status).collect();
    statuses.sort_unstable();
    Some(ToldEndpoint {
        endpoint: endpoint.chars().take(LONGEST_ENDPOINT).collect(),
        requests,
        success_rate: rate.map(|rate| (rate * 100.0).round() as u16),
        statuses,
    })
}

fn field<'a>(fields: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    fields.iter().find(|(key, _)| plain_name(key) == name).map(|(_, value)| value)
}

fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// No more than the database holds.
fn count(value: &Value) -> Option<u64> {
    number(value).filter(|number| (0.0..1e15).contains(number)).map(|number| number as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_of_writing_are_read() {
        let body = br#"{"ApiQualityItems":[
            {"endpoint":"POST://epayment/v1/payments","total Requests":1000,"successRate":95,"status200":950,
             "status400":10,"status401":10,"status403":10,"status404":10,"status429":10,"status500":0},
            {"endpoint":"GET:/epayment/v1/payments/{reference}","totalRequests":"7","successRate":99.55,"new":{}},
            {"endpoint":"GET:/nothing","successRate":50}, {"total Requests":7}, 7]}"#;
        let told = read_api_quality(body).unwrap();
        assert_eq!(told.len(), 2);
        assert_eq!(told[0].endpoint, "POST:/epayment/v1/payments");
        assert_eq!((told[0].requests, told[0].success_rate, told[0].failed()), (1_000, Some(9_500), 50));
        assert_eq!(told[0].statuses[0], (200, 950));
        assert_eq!((told[1].requests, told[1].success_rate, told[1].statuses.len()), (7, Some(9_955), 0));
        assert_eq!(read_api_quality(br#"{"ApiQualityItems":[]}"#), Ok(Vec::new()));
        for body in ["", "{}", r#"{"ApiQualityItems":7}"#, r#"[{"endpoint":"GET:/a"}]"#] {
            assert!(matches!(read_api_quality(body.as_bytes()), Err(Error::NotUnderstood { .. })), "{body}");
        }
        let odd =
            br#"[{"endpoint":"GET:/a","totalRequests":-1},{"endpoint":"GET:/b","totalRequests":1,"successRate":200}]"#;
        assert_eq!(read_api_quality(odd).unwrap()[0].success_rate, None);
    }
}
