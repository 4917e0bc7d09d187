//! Who is a member of an organisation.

use time::OffsetDateTime;
use uuid::Uuid;

use super::{Result, Store, unreadable};
use crate::domain::member::Member;
use crate::domain::organisation::{OrgId, Role};

/// What came of changing somebody's membership.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    Done,
    /// Nobody who decides about the organisation would be left.
    LastAdmin,
    NoMember,
}

impl Store {
    /// The members of an organisation, by e-mail address.
    pub async fn members(&self, organisation: &OrgId) -> Result<Vec<Member>> {
        let rows = sqlx::query_as!(
            Row,
            r#"
            select s.id as staff, s.email, m.role, m.since, m.last_used_at, s.disabled_at is not null as "disabled!"
            from membership m join staff s on s.id = m.staff_id
            where m.organisation_id = $1
            order by s.email
            "#,
            organisation.as_str(),
        )
        .fetch_all(&self.pool)
        .await?;
        let member = |Row { staff, email, role, since, last_used_at, disabled }| {
            Ok(Member { staff, email, role: role.parse().map_err(unreadable)?, since, last_used_at, disabled })
        };
        rows.into_iter().map(member).collect()
    }

    /// Makes somebody a member whose account is not disabled. False if they are one already.
    pub async fn add_member(&self, organisation: &OrgId, staff: Uuid, role: Role) -> Result<bool> {
        let added = sqlx::query!(
            r#"
            insert into membership (staff_id, organisation_id, role)
            select s.id, $2, $3 from staff s where s.id = $1 and s.disabled_at is null
            on conflict do nothing
            "#,
            staff,
            organisation.as_str(),
            role.as_str(),
        )
        .execute(&self.pool)
        .await?;
        Ok(added.rows_affected() == 1)
    }

    /// Gives a member another role, or ends their membership. One change of an organisation's
    /// members at a time, so that two admins cannot take each other's place away.
    pub async fn change_membership(&self, organisation: &OrgId, staff: Uuid, role: Option<Role>) -> Result<Changed> {
        let mut transaction = self.begin("begin".to_owned()).await?;
        sqlx::query!("select id from organisation where id = $1 for no key update", organisation.as_str())
            .fetch_optional(&mut *transaction)
            .await?;
        let admins = sqlx::query!(
            r#"
            select m.role = 'admin' as "is_admin!",
                   (select count(*) from membership o join staff s on s.id = o.staff_id
                    where o.organisation_id = $1 and o.staff_id <> $2 and o.role = 'admin' and s.disabled_at is null)
                   as "others!"
            from membership m where m.organisation_id = $1 and m.staff_id = $2
            "#,
            organisation.as_str(),
            staff,
        )
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(admins) = admins else { return Ok(Changed::NoMember) };
        if admins.is_admin && admins.others == 0 && role != Some(Role::Admin) {
            return Ok(Changed::LastAdmin);
        }
        match role {
            Some(role) => {
                sqlx::query!(
                    "update membership set role = $3 where organisation_id = $1 and staff_id = $2",
                    organisation.as_str(),
                    staff,
                    role.as_str(),
                )
                .execute(&mut *transaction)
                .await?;
            }
            None => {
                sqlx::query!(
                    "delete from membership where organisation_id = $1 and staff_id = $2",
                    organisation.as_str(),
                    staff,
                )
                .execute(&mut *transaction)
                .await?;
            }
        }
        transaction.commit().await?;
        Ok(Changed::Done)
    }
}

struct Row {
    staff: Uuid,
    email: String,
    role: String,
    since: OffsetDateTime,
    last_used_at: Option<OffsetDateTime>,
    disabled: bool,
}
