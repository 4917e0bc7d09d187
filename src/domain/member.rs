//! The members of an organisation: who may act as it, and why somebody cannot become one.

use thiserror::Error;
use time::OffsetDateTime;
use uuid::Uuid;

use super::organisation::Role;

/// Somebody who may act as an organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub staff: Uuid,
    pub email: String,
    pub role: Role,
    pub since: OffsetDateTime,
    /// When they last acted as the organisation; none if they never did.
    pub last_used_at: Option<OffsetDateTime>,
    /// The account is kept out of the portal.
    pub disabled: bool,
}

/// Somebody with an account, found by their user ID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    pub staff: Uuid,
    pub email: String,
}

/// Why the members stay as they are.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MemberFault {
    #[error(
        "This is not a user ID. It looks like 12745d37-ce52-55a3-bb28-0479c9d32d7d and stands at the bottom of the person's profile."
    )]
    NotAnId,
    #[error("Nobody here has this user ID. Ask the person to copy it from the bottom of their profile.")]
    Unknown,
    #[error("{0} is a member already; their role can be changed in the list.")]
    Already(String),
    #[error("This account has been disabled. Whoever runs the portal can enable it again.")]
    Disabled,
    #[error("You have looked up many user IDs in a short time. Wait a minute, then try again.")]
    TooOften,
    #[error("Choose what the person may do.")]
    NoRole,
    #[error("This is the only admin. Make somebody else an admin first, or nobody could add and remove members.")]
    LastAdmin,
}

/// Whether the organisation would be left without an admin who can sign in.
pub fn is_last_admin(members: &[Member], staff: Uuid) -> bool {
    let counts = |member: &&Member| member.role == Role::Admin && !member.disabled;
    let mut admins = members.iter().filter(counts);
    admins.next().is_some_and(|admin| admin.staff == staff) && admins.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(number: u128, role: Role, disabled: bool) -> Member {
        let (staff, email) = (Uuid::from_u128(number), format!("{number}@example.com"));
        Member { staff, email, role, since: OffsetDateTime::UNIX_EPOCH, last_used_at: None, disabled }
    }

    #[test]
    fn an_admin_who_cannot_sign_in_is_no_other_admin() {
        let [one, two] = [1, 2].map(Uuid::from_u128);
        let alone = [member(1, Role::Admin, false), member(2, Role::Operator, false)];
        assert!(is_last_admin(&alone, one) && !is_last_admin(&alone, two));
        let disabled = [member(1, Role::Admin, false), member(2, Role::Admin, true)];
        assert!(is_last_admin(&disabled, one) && !is_last_admin(&disabled, two));
        let both = [member(1, Role::Admin, false), member(2, Role::Admin, false)];
        assert!(!is_last_admin(&both, one) && !is_last_admin(&both, two));
    }
}
