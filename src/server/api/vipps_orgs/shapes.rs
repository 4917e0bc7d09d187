//! What the registry's requests and answers look like.

use serde::Serialize;
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};

/// An organisation in the list.
#[derive(Serialize, ToSchema)]
pub struct ListedOrg {
    #[schema(example = "org_helseapp")]
    pub org_id: String,
    #[schema(example = "vipps-client-abc123")]
    pub client_id: String,
    pub vipps_enabled: bool,
    /// `production` or `test`.
    #[schema(example = "production")]
    pub environment: &'static str,
    #[serde(with = "second")]
    #[schema(value_type = String, format = DateTime, example = "2025-01-10T08:00:00Z")]
    pub created_at: OffsetDateTime,
}

#[derive(Serialize, ToSchema)]
pub struct Pagination {
    #[schema(example = 1)]
    pub page: u32,
    #[schema(example = 20)]
    pub limit: u32,
    /// Organisations on all pages together.
    #[schema(example = 2)]
    pub total: u64,
}

#[derive(Serialize, ToSchema)]
pub struct OrgList {
    pub data: Vec<ListedOrg>,
    pub pagination: Pagination,
}

/// All of an organisation's configuration.
#[derive(Serialize, ToSchema)]
pub struct FullOrg {
    #[schema(example = "org_helseapp")]
    pub org_id: String,
    #[schema(example = "vipps-client-abc123")]
    pub client_id: String,
    /// Where the client secret is; never the secret.
    #[schema(example = "vault://orgs/org_helseapp/vipps_secret")]
    pub client_secret_ref: String,
    #[schema(example = "myapp://vipps-callback")]
    pub redirect_uri: Option<String>,
    #[schema(example = json!(["openid", "phoneNumber", "name"]))]
    pub scopes: Vec<String>,
    pub vipps_enabled: bool,
    #[schema(example = "production")]
    pub environment: &'static str,
    #[serde(with = "second")]
    #[schema(value_type = String, format = DateTime, example = "2025-01-10T08:00:00Z")]
    pub created_at: OffsetDateTime,
    #[serde(with = "second")]
    #[schema(value_type = String, format = DateTime, example = "2026-01-15T12:00:00Z")]
    pub updated_at: OffsetDateTime,
}

/// What was created.
#[derive(Serialize, ToSchema)]
pub struct CreatedOrg {
    #[schema(example = "org_ny_klinikk")]
    pub org_id: String,
    #[schema(example = "vipps-client-new001")]
    pub client_id: String,
    pub vipps_enabled: bool,
    #[schema(example = "production")]
    pub environment: &'static str,
    #[serde(with = "second")]
    #[schema(value_type = String, format = DateTime, example = "2026-03-26T10:00:00Z")]
    pub created_at: OffsetDateTime,
}

/// What was changed.
#[derive(Serialize, ToSchema)]
pub struct ChangedOrg {
    #[schema(example = "org_helseapp")]
    pub org_id: String,
    #[schema(example = false)]
    pub vipps_enabled: bool,
    #[schema(example = "test")]
    pub environment: &'static str,
    #[serde(with = "second")]
    #[schema(value_type = String, format = DateTime, example = "2026-03-26T10:05:00Z")]
    pub updated_at: OffsetDateTime,
}

#[derive(Serialize, ToSchema)]
pub struct RemovedOrg {
    #[schema(example = "org_helseapp")]
    pub org_id: String,
    /// Always true.
    pub deleted: bool,
    #[serde(with = "second")]
    #[schema(value_type = String, format = DateTime, example = "2026-03-26T10:10:00Z")]
    pub deleted_at: OffsetDateTime,
}

#[derive(Serialize, ToSchema)]
pub struct OrgStatus {
    #[schema(example = "org_helseapp")]
    pub org_id: String,
    pub vipps_enabled: bool,
    #[schema(example = "vipps-client-abc123")]
    pub client_id: String,
    #[schema(example = "production")]
    pub environment: &'static str,
}

/// An organisation to be created.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is read field by field, so that every fault is told; this describes it")]
pub struct NewOrg {
    /// Lower-case letters, digits, `_` and `-`, at most 64. It stands in addresses, and is not given twice.
    #[schema(example = "org_ny_klinikk", pattern = "^[a-z0-9_-]{1,64}$")]
    pub org_id: String,
    #[schema(example = "vipps-client-new001")]
    pub client_id: String,
    /// `vault://`, `env://`, `file://` or `sealed://`.
    #[schema(example = "vault://orgs/org_ny_klinikk/vipps_secret")]
    pub client_secret_ref: String,
    #[schema(example = "myapp://vipps-callback")]
    pub redirect_uri: Option<String>,
    #[schema(example = json!(["openid", "phoneNumber"]))]
    pub scopes: Option<Vec<String>>,
    /// `production`, which it is if nothing is said, or `test`.
    #[schema(example = "production")]
    pub environment: Option<String>,
}

/// What of an organisation is to be changed; what is left out stays.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is read field by field, so that every fault is told; this describes it")]
pub struct OrgChange {
    pub client_id: Option<String>,
    pub client_secret_ref: Option<String>,
    /// Null takes it away. Elsewhere null is like leaving a field out.
    pub redirect_uri: Option<String>,
    pub scopes: Option<Vec<String>>,
    /// False: nothing is fetched or changed upstream any more.
    #[schema(example = false)]
    pub vipps_enabled: Option<bool>,
    #[schema(example = "test")]
    pub environment: Option<String>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it is read by hand, so that every fault is told; this describes it")]
pub struct Paging {
    /// From 1.
    #[param(minimum = 1, example = 1)]
    pub page: Option<u32>,
    /// Organisations on a page.
    #[param(minimum = 1, maximum = 100, example = 20)]
    pub limit: Option<u32>,
}

/// Moments to the second, in UTC: `2026-03-26T10:00:00Z`.
mod second {
    use serde::Serializer;
    use time::OffsetDateTime;
    use time::format_description::BorrowedFormatItem;
    use time::macros::format_description;

    const FORMAT: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");

    pub fn serialize<S: Serializer>(moment: &OffsetDateTime, serializer: S) -> Result<S::Ok, S::Error> {
        let utc = moment.to_offset(time::UtcOffset::UTC);
        serializer.serialize_str(&utc.format(FORMAT).map_err(serde::ser::Error::custom)?)
    }
}
