//! Organisations as the registry has them: for those who decide about it, not for those who act as them.

pub mod form;

use time::OffsetDateTime;

use super::identifiers::BusinessIdentifier;
use super::key_check::KeyCheck;
use super::organisation::{Environment, OrgId, OrganisationKind, Role};

/// One of the secrets among an organisation's keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secret {
    ClientSecret,
    SubscriptionKey,
    SecondarySubscriptionKey,
}

impl Secret {
    pub const ALL: [Self; 3] = [Self::ClientSecret, Self::SubscriptionKey, Self::SecondarySubscriptionKey];

    /// Names it in forms, and in the organisation's folder of sealed secrets.
    pub fn name(self) -> &'static str {
        match self {
            Self::ClientSecret => "client_secret",
            Self::SubscriptionKey => "subscription_key",
            Self::SecondarySubscriptionKey => "secondary_subscription_key",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Self::ClientSecret => "Client secret",
            Self::SubscriptionKey => "Subscription key",
            Self::SecondarySubscriptionKey => "Secondary subscription key",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|secret| secret.name() == name)
    }

    /// What it is called among the sealed secrets.
    pub fn sealed_name(self, organisation: &OrgId) -> String {
        format!("{organisation}/{}", self.name())
    }
}

/// Where a secret is. What it is, no page knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptSecret {
    /// Such as `vault://mount/path` or `sealed://org_a/client_secret`.
    pub reference: String,
    /// When the portal sealed it; none if it is elsewhere, or not there at all.
    pub sealed_at: Option<OffsetDateTime>,
}

impl KeptSecret {
    /// Whether it is in the portal's own store.
    pub fn is_sealed(&self) -> bool {
        self.reference.starts_with("sealed://")
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnKeys {
    pub client_id: String,
    pub client_secret: KeptSecret,
    pub subscription_key: Option<KeptSecret>,
    pub secondary_subscription_key: Option<KeptSecret>,
    pub msn: Option<String>,
}

impl OwnKeys {
    pub fn secret(&self, secret: Secret) -> Option<&KeptSecret> {
        match secret {
            Secret::ClientSecret => Some(&self.client_secret),
            Secret::SubscriptionKey => self.subscription_key.as_ref(),
            Secret::SecondarySubscriptionKey => self.secondary_subscription_key.as_ref(),
        }
    }
}

/// With whose keys an organisation is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Service {
    Own(OwnKeys),
    /// A merchant, from its partner's copy.
    Partner(Named),
    Nobody,
}

/// An organisation by its id and name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub id: OrgId,
    pub name: String,
}

/// How fetching an organisation's lists stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SyncState {
    /// There is nothing to fetch with.
    NoKeys,
    SwitchedOff,
    /// The test environment has nothing that can be fetched with these keys.
    InTest,
    Failing {
        since: OffsetDateTime,
        reason: String,
    },
    /// What upstream's last list lacked was kept.
    Held(String),
    Synced(OffsetDateTime),
    /// The first round is under way, or about to be.
    First,
}

/// An organisation in the list of the registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedOrganisation {
    pub id: OrgId,
    pub kind: OrganisationKind,
    pub name: String,
    pub business_identifier: Option<BusinessIdentifier>,
    /// Of its own keys.
    pub client_id: Option<String>,
    pub served_by: Option<Named>,
    /// Of the keys that it is served with, and so is whether it is switched on.
    pub environment: Environment,
    pub vipps_enabled: bool,
    pub sync: SyncState,
}

/// All that the registry has of an organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisteredOrganisation {
    pub id: OrgId,
    pub kind: OrganisationKind,
    pub name: String,
    pub business_identifier: Option<BusinessIdentifier>,
    pub service: Service,
    /// Only the command line sets this: whoever does can have the secrets sent there.
    pub upstream_url: Option<String>,
    pub environment: Environment,
    pub vipps_enabled: bool,
    pub redirect_uri: Option<String>,
    pub scopes: Vec<String>,
    pub created_at: OffsetDateTime,
    pub updated_at: OffsetDateTime,
    /// How many merchants are served with its keys.
    pub serves: usize,
    /// Of whoever asks, if they are a member.
    pub own_role: Option<Role>,
    pub sync: SyncState,
    pub check: Option<KeyCheck>,
}

impl RegisteredOrganisation {
    pub fn own_keys(&self) -> Option<&OwnKeys> {
        match &self.service {
            Service::Own(keys) => Some(keys),
            _ => None,
        }
    }
}
