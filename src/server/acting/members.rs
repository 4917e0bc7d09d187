//! The members of whom one acts as.

use uuid::Uuid;

use super::Acting;
use crate::domain::failure::Failure;
use crate::domain::member::{Member, MemberFault, Person};
use crate::domain::organisation::Role;
use crate::server::store::members::Changed;
use crate::server::store::unavailable;

impl Acting {
    pub fn staff_id(&self) -> Uuid {
        self.staff
    }

    /// Everybody who may act as this organisation, by e-mail address.
    pub async fn members(&self) -> Result<Vec<Member>, Failure> {
        self.portal.store().members(&self.organisation().id).await.map_err(unavailable)
    }

    /// Whose user ID it is, for admins: nobody else is told who has an account here.
    pub async fn find_person(&self, typed: &str) -> Result<Result<Person, MemberFault>, Failure> {
        self.may(Role::Admin)?;
        let Ok(staff) = typed.trim().parse::<Uuid>() else { return Ok(Err(MemberFault::NotAnId)) };
        if !self.portal.lookups().allows(&self.staff.to_string()) {
            tracing::warn!(by = self.email(), "somebody looks up many user IDs");
            return Ok(Err(MemberFault::TooOften));
        }
        let found = self.portal.store().staff(staff).await.map_err(unavailable)?;
        let Some(found) = found else { return Ok(Err(MemberFault::Unknown)) };
        if self.members().await?.iter().any(|member| member.staff == staff) {
            return Ok(Err(MemberFault::Already(found.email)));
        }
        Ok(if found.disabled { Err(MemberFault::Disabled) } else { Ok(Person { staff, email: found.email }) })
    }

    /// Makes the person with this user ID a member.
    pub async fn add_member(&self, typed: &str, role: Role) -> Result<Result<(), MemberFault>, Failure> {
        let person = match self.find_person(typed).await? {
            Ok(person) => person,
            Err(fault) => return Ok(Err(fault)),
        };
        let organisation = &self.organisation().id;
        let added = self.portal.store().add_member(organisation, person.staff, role).await.map_err(unavailable)?;
        if !added {
            return Ok(Err(MemberFault::Already(person.email)));
        }
        tracing::info!(%organisation, by = self.email(), member = person.email, role = role.as_str(), "a member was added");
        Ok(Ok(()))
    }

    /// Gives a member another role; with none, ends the membership. Either holds from the member's
    /// next request on.
    pub async fn change_member(&self, staff: Uuid, role: Option<Role>) -> Result<Result<(), MemberFault>, Failure> {
        self.may(Role::Admin)?;
        let organisation = &self.organisation().id;
        let changed = self.portal.store().change_membership(organisation, staff, role).await.map_err(unavailable)?;
        match changed {
            Changed::Done => {}
            Changed::LastAdmin => return Ok(Err(MemberFault::LastAdmin)),
            Changed::NoMember => return Err(Failure::NotFound),
        }
        let role = role.map_or("none", Role::as_str);
        tracing::info!(%organisation, by = self.email(), member = %staff, role, "a membership was changed");
        Ok(Ok(()))
    }
}
