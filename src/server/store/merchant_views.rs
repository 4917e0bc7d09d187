//! Viewing the portal as one of a partner's merchants: what stands in the address for it, and who has done so.

#[cfg(test)]
mod tests;

use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::acting::{ActingRow, Viewing};
use super::{Result, Scope, Store, Tenant, unreadable};
use crate::domain::identifiers::BusinessIdentifier;
use crate::domain::merchant::Viewed;
use crate::domain::organisation::{OrgId, Organisation, OrganisationKind, Role};

/// Whoever opens no page for so long has stopped viewing; coming back is noted anew.
const PAUSE: Duration = Duration::minutes(30);
/// A page that is left open asks for itself again and again. That is noted anew only after so long, so that nothing is
/// seen of which there is no note.
const LEFT_OPEN: Duration = Duration::hours(12);
/// The last page is noted no oftener than that.
const NOTED_EVERY: Duration = Duration::minutes(1);

impl Store {
    /// What stands in addresses for a merchant of a partner's, made when it is first wanted. `name` is what the
    /// merchant is called there from now on.
    pub async fn merchant_view(&self, partner: &OrgId, business: &BusinessIdentifier, name: &str) -> Result<OrgId> {
        let new = OrgId::of_view(Uuid::new_v4().as_u128());
        let id = sqlx::query_scalar!(
            r#"
            insert into merchant_view (id, organisation_id, scheme, business_id, name) values ($1, $2, $3, $4, $5)
            on conflict (organisation_id, scheme, business_id) do update set name = excluded.name
            returning id
            "#,
            new.as_str(),
            partner.as_str(),
            business.scheme,
            business.id,
            name,
        )
        .fetch_one(&self.pool)
        .await?;
        OrgId::try_from(id).map_err(unreadable)
    }

    /// What `staff` sees when viewing as a merchant; none if they are no member of the partner, or there is no such
    /// view.
    pub async fn viewing(&self, staff: Uuid, view: &OrgId) -> Result<Option<ActingRow>> {
        let found = sqlx::query!(
            "select organisation_id, scheme, business_id, name from merchant_view where id = $1",
            view.as_str(),
        )
        .fetch_optional(&self.pool)
        .await?;
        let Some(found) = found else { return Ok(None) };
        let partner = OrgId::try_from(found.organisation_id).map_err(unreadable)?;
        let row = self.acting(staff, &partner).await?;
        let Some(mut row) = row.filter(|row| row.organisation.kind == OrganisationKind::Partner) else {
            return Ok(None);
        };
        let business = BusinessIdentifier::new(found.scheme, found.business_id);
        let merchant = Organisation {
            id: view.clone(),
            kind: OrganisationKind::Merchant,
            name: found.name,
            business_id: Some(business.grouped()),
            // Whatever they may do as the partner: here they only look.
            role: Role::Viewer,
        };
        let partner = std::mem::replace(&mut row.organisation, merchant);
        row.scope = Scope::of(view, Some(partner.id.clone()), Some(business.clone()));
        row.copy = row.copy.seen_by(&row.scope);
        row.served_by = Some(partner.name.clone());
        row.probes.clear();
        row.sends_compliance_data = false;
        row.stale_use = false;
        row.recent.retain(|other| other.id != partner.id);
        row.recent.insert(0, partner.clone());
        row.viewing = Some(Viewing { partner, business });
        Ok(Some(row))
    }
}

impl Tenant<'_> {
    /// Notes that `staff` views as a merchant of the partner's; `in_use` if it is more than a page that was left open.
    pub async fn note_viewing(
        &mut self,
        business: &BusinessIdentifier,
        staff: Uuid,
        email: &str,
        in_use: bool,
        now: OffsetDateTime,
    ) -> Result<()> {
        let organisation = self.scope.copy.as_str();
        let latest = sqlx::query!(
            r#"
            select id, last_at from merchant_viewing
            where organisation_id = $1 and scheme = $2 and business_id = $3 and staff_id = $4
            order by id desc limit 1
            "#,
            organisation,
            business.scheme,
            business.id,
            staff,
        )
        .fetch_optional(self.connection())
        .await?;
        let pause = if in_use { PAUSE } else { LEFT_OPEN };
        match latest.filter(|latest| latest.last_at > now - pause) {
            Some(latest) if !in_use || latest.last_at > now - NOTED_EVERY => Ok(()),
            Some(latest) => sqlx::query!(
                r#"
                update merchant_viewing set last_at = $5
                where organisation_id = $1 and scheme = $2 and business_id = $3 and id = $4
                "#,
                organisation,
                business.scheme,
                business.id,
                latest.id,
                now,
            )
            .execute(self.connection())
            .await
            .map(drop),
            None => sqlx::query!(
                r#"
                insert into merchant_viewing (organisation_id, scheme, business_id, staff_id, by_email, begun_at, last_at)
                values ($1, $2, $3, $4, $5, $6, $6)
                "#,
                organisation,
                business.scheme,
                business.id,
                staff,
                email,
                now,
            )
            .execute(self.connection())
            .await
            .map(drop),
        }
    }

    /// Who has lately viewed as a merchant of the partner's, the latest first; at most `limit`.
    pub async fn viewings(&mut self, business: &BusinessIdentifier, limit: i64) -> Result<Vec<Viewed>> {
        let organisation = self.scope.copy.as_str();
        sqlx::query_as!(
            Viewed,
            r#"
            select by_email, begun_at, last_at from merchant_viewing
            where organisation_id = $1 and scheme = $2 and business_id = $3
            order by id desc limit $4
            "#,
            organisation,
            business.scheme,
            business.id,
            limit,
        )
        .fetch_all(self.connection())
        .await
    }
}
