//! The keys of an organisation: where they are kept, and what they are used for.

use super::{Result, Store, unreadable};
use crate::domain::organisation::{Environment, OrgId};

/// Where the keys of an organisation are kept.
#[derive(Clone, Debug)]
pub struct KeyReferences {
    /// Absent: the portal's own setting.
    pub upstream_url: Option<String>,
    pub client_id: String,
    pub client_secret_ref: String,
    pub subscription_key_ref: Option<String>,
    /// The other one of the two that do the same; only with a first.
    pub secondary_subscription_key_ref: Option<String>,
    /// Sales unit keys belong to one MSN.
    pub msn: Option<String>,
}

/// Keys, and whether they are used.
#[derive(Clone, Debug)]
pub struct KeysInUse {
    pub references: KeyReferences,
    /// Which of upstream's worlds they are for.
    pub environment: Environment,
    pub vipps_enabled: bool,
    pub asked: Asked,
}

/// Which of upstream's APIs are asked with an organisation's keys: none if it is switched off, and in the test
/// environment those that exist there.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    pub management: bool,
    pub recurring: bool,
}

impl Asked {
    pub fn of(self, api: Api) -> bool {
        match api {
            Api::Management => self.management,
            Api::Recurring => self.recurring,
        }
    }

    pub fn any(self) -> bool {
        self.management || self.recurring
    }
}

/// An API of upstream's, with what belongs to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    /// With its webhooks.
    Management,
    /// Agreements and charges. It exists in the test environment, too.
    Recurring,
}

impl Store {
    /// The keys of an organisation; none if it has none of its own.
    pub async fn key_references(&self, organisation: &OrgId) -> Result<Option<KeysInUse>> {
        let row = sqlx::query!(
            r#"
            select upstream_url, client_id as "client_id!", client_secret_ref as "client_secret_ref!",
                   subscription_key_ref, secondary_subscription_key_ref, msn, vipps_enabled, environment,
                   asks_management, asks_recurring
            from organisation where id = $1 and client_id is not null and deleted_at is null
            "#,
            organisation.as_str(),
        )
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let references = KeyReferences {
            upstream_url: row.upstream_url,
            client_id: row.client_id,
            client_secret_ref: row.client_secret_ref,
            subscription_key_ref: row.subscription_key_ref,
            secondary_subscription_key_ref: row.secondary_subscription_key_ref,
            msn: row.msn,
        };
        Ok(Some(KeysInUse {
            references,
            environment: row.environment.parse().map_err(unreadable)?,
            vipps_enabled: row.vipps_enabled,
            asked: Asked { management: row.asks_management, recurring: row.asks_recurring },
        }))
    }
}
