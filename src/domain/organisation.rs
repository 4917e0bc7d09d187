//! Whom one can act as: a partner or a merchant, and what one may do there.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Names an organisation in addresses and in the database: `org_kystkassa`.
/// Lower-case letters, digits, `_` and `-`, at most 64; so it needs no escaping anywhere.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OrgId(String);

impl OrgId {
    pub fn parse(text: &str) -> Option<Self> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_' || byte == b'-';
        ((1..=64).contains(&text.len()) && text.bytes().all(allowed)).then(|| Self(text.to_owned()))
    }

    /// The id of an organisation that is new: none that stands for something else in an address.
    ///
    /// # Errors
    /// What is wrong with it, for people.
    pub fn of_new(text: &str) -> Result<Self, String> {
        let Some(id) = Self::parse(text) else {
            return Err("Use lower-case letters, digits, _ and -, at most 64, such as org_kystkassa.".to_owned());
        };
        if id.0 == "new" || id.may_be_view() {
            return Err("This stands for a page of the portal. Choose another id.".to_owned());
        }
        Ok(id)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands where organisations do when one of a partner's people views the portal as a merchant.
    pub fn of_view(number: u128) -> Self {
        Self(format!("{VIEW}{number:032x}"))
    }

    /// Whether it may be a view of a merchant.
    pub fn may_be_view(&self) -> bool {
        self.0
            .strip_prefix(VIEW)
            .is_some_and(|rest| rest.len() == 32 && rest.bytes().all(|byte| byte.is_ascii_hexdigit()))
    }
}

/// What the id of a view begins with.
const VIEW: &str = "view-";

impl fmt::Display for OrgId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for OrgId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or_else(|| {
            format!("{text:?} is not an organisation id: use lower-case letters, digits, _ and -, at most 64, such as org_kystkassa")
        })
    }
}

impl std::str::FromStr for OrgId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::try_from(text.to_owned())
    }
}

impl From<OrgId> for String {
    fn from(id: OrgId) -> Self {
        id.0
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OrganisationKind {
    Partner,
    Merchant,
}

impl OrganisationKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Partner => "partner",
            Self::Merchant => "merchant",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Self::Partner => "Partner",
            Self::Merchant => "Merchant",
        }
    }
}

/// Who has a part of the portal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    Everybody,
    /// Partners, and merchants that are served from a partner's copy: those see what is their own in it.
    PartnersAndServed,
    Partners,
    /// Those whose keys are their own: partners, and merchants that nobody serves.
    WithKeys,
    /// Merchants whose keys are their own.
    MerchantsWithKeys,
}

impl Audience {
    /// Whether an organisation of this kind belongs to it; `served` if it sees its own rows in a partner's copy.
    pub fn has(self, kind: OrganisationKind, served: bool) -> bool {
        match self {
            Self::Everybody => true,
            Self::PartnersAndServed => served || kind == OrganisationKind::Partner,
            Self::Partners => kind == OrganisationKind::Partner,
            Self::WithKeys => !served,
            Self::MerchantsWithKeys => !served && kind == OrganisationKind::Merchant,
        }
    }
}

/// Which of upstream's two worlds an organisation's keys are for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Environment {
    #[default]
    Production,
    /// Has no Management API: no sales units, orders or price packages.
    Test,
}

impl Environment {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Test => "test",
        }
    }
}

impl std::str::FromStr for Environment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = [Self::Production, Self::Test].into_iter().find(|environment| environment.as_str() == text);
        found.ok_or_else(|| format!("{text:?} is neither production nor test"))
    }
}

/// What a member may do in an organisation. Each role can do what the ones before it can.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Sees everything, changes nothing.
    Viewer,
    /// Also changes things upstream.
    Operator,
    /// Also decides who is a member.
    Admin,
}

impl std::str::FromStr for OrganisationKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = [Self::Partner, Self::Merchant].into_iter().find(|kind| kind.as_str() == text);
        found.ok_or_else(|| format!("{text:?} is neither partner nor merchant"))
    }
}

impl Role {
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Operator, Self::Admin];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Self::Viewer => "Viewer",
            Self::Operator => "Operator",
            Self::Admin => "Admin",
        }
    }

    pub fn explanation(self) -> &'static str {
        match self {
            Self::Viewer => "sees everything, changes nothing",
            Self::Operator => "also orders and changes things at Vipps MobilePay",
            Self::Admin => "also decides who is a member, and about the settings",
        }
    }
}

impl std::str::FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|role| role.as_str() == text);
        found.ok_or_else(|| format!("{text:?} is not a role: viewer, operator or admin"))
    }
}

/// An organisation that somebody may act as, as shown in the chooser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organisation {
    pub id: OrgId,
    pub kind: OrganisationKind,
    pub name: String,
    pub business_id: Option<String>,
    pub role: Role,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_organisation_id_needs_no_escaping_anywhere() {
        assert!(OrgId::parse("org_kyst-kassa2").is_some());
        for wrong in ["", "Org", "org x", "org'", "org/..", "örg", &"a".repeat(65)] {
            assert!(OrgId::parse(wrong).is_none(), "{wrong:?}");
        }
    }

    #[test]
    fn no_new_organisation_is_called_like_a_page() {
        assert_eq!(OrgId::of_new("org_a").map(|id| id.0), Ok("org_a".to_owned()));
        for taken in ["new", "Org", &OrgId::of_view(7).0] {
            assert!(OrgId::of_new(taken).is_err(), "{taken}");
        }
    }

    #[test]
    fn a_view_is_told_from_other_ids() {
        let view = OrgId::of_view(255);
        assert_eq!(view.as_str(), "view-000000000000000000000000000000ff");
        assert_eq!(OrgId::parse(view.as_str()).as_ref(), Some(&view));
        assert!(view.may_be_view());
        for other in ["org_kystkassa", "view-", "view-ff", "view-000000000000000000000000000000fx"] {
            assert!(!OrgId::parse(other).unwrap().may_be_view(), "{other}");
        }
    }

    #[test]
    fn roles_are_ordered_by_what_they_may_do() {
        assert!(Role::Viewer < Role::Operator && Role::Operator < Role::Admin);
    }
}
