//! Organisations, and who is a member of them.

use uuid::Uuid;

use super::keys::KeyReferences;
use super::sales_units::business_identifier;
use super::{Result, Store, unreadable};
use crate::domain::identifiers::BusinessIdentifier;
use crate::domain::organisation::{OrgId, Organisation, OrganisationKind, Role};
use crate::domain::search_text::{fold, needles};

/// An organisation as the registry holds it. Secrets are references, never the secrets.
#[derive(Clone, Debug)]
pub struct Registration {
    pub id: OrgId,
    pub kind: OrganisationKind,
    pub name: String,
    pub business_identifier: Option<BusinessIdentifier>,
    /// For a merchant without keys of its own: the partner whose keys and copy serve it.
    pub partner: Option<OrgId>,
    pub keys: Option<KeyReferences>,
}

impl Store {
    /// All organisations `staff` may act as that match what was typed: recent ones first, then by
    /// name. At most `limit`; and how many match.
    pub async fn organisations_of(&self, staff: Uuid, typed: &str, limit: usize) -> Result<(Vec<Organisation>, usize)> {
        let rows = sqlx::query!(
            r#"
            select o.id, o.kind, o.name, o.business_id, m.role
            from membership m join organisation o on o.id = m.organisation_id
            where m.staff_id = $1 and o.deleted_at is null
            order by m.last_used_at desc nulls last, o.kind = 'merchant', lower(o.name), o.id
            "#,
            staff,
        )
        .fetch_all(&self.pool)
        .await?;
        let needles = needles(typed);
        let mut found = Vec::new();
        let mut count = 0;
        for row in rows {
            let text = [row.name.as_str(), &row.id, row.business_id.as_deref().unwrap_or_default()].map(fold);
            if needles.iter().all(|needle| text.iter().any(|text| text.contains(needle.as_str()))) {
                count += 1;
                if found.len() < limit {
                    found.push(organisation_of(row.id, &row.kind, row.name, row.business_id, &row.role)?);
                }
            }
        }
        Ok((found, count))
    }

    /// Everybody who ever had a copy, removed ones included: what is kept of them has its time, too.
    pub async fn copies_ever(&self) -> Result<Vec<OrgId>> {
        let ids = sqlx::query_scalar!("select id from organisation where partner_id is null order by id");
        let ids = ids.fetch_all(&self.pool).await?;
        ids.into_iter().map(|id| OrgId::try_from(id).map_err(unreadable)).collect()
    }

    /// Puts an organisation into the registry, or in place of what was there. False if it was removed
    /// once, or the partner that is to serve it was.
    pub async fn save_organisation(&self, registration: &Registration) -> Result<bool> {
        let keys = registration.keys.as_ref();
        let business = registration.business_identifier.as_ref();
        let saved = sqlx::query!(
            r#"
            insert into organisation (
                id, kind, name, business_scheme, business_id, partner_id, upstream_url, client_id, client_secret_ref,
                subscription_key_ref, secondary_subscription_key_ref, msn)
            select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12
            where not exists (select from organisation p where p.id = $6 and p.deleted_at is not null)
            on conflict (id) do update
            set kind = excluded.kind, name = excluded.name, business_scheme = excluded.business_scheme,
                business_id = excluded.business_id, partner_id = excluded.partner_id,
                upstream_url = excluded.upstream_url, client_id = excluded.client_id,
                client_secret_ref = excluded.client_secret_ref,
                subscription_key_ref = excluded.subscription_key_ref,
                secondary_subscription_key_ref = excluded.secondary_subscription_key_ref, msn = excluded.msn,
                updated_at = now()
            where organisation.deleted_at is null
            "#,
            registration.id.as_str(),
            registration.kind.as_str(),
            registration.name,
            business.map(|business| business.scheme.as_str()),
            business.map(|business| business.id.as_str()),
            registration.partner.as_ref().map(OrgId::as_str),
            keys.and_then(|keys| keys.upstream_url.as_deref()),
            keys.map(|keys| keys.client_id.as_str()),
            keys.map(|keys| keys.client_secret_ref.as_str()),
            keys.and_then(|keys| keys.subscription_key_ref.as_deref()),
            keys.and_then(|keys| keys.secondary_subscription_key_ref.as_deref()),
            keys.and_then(|keys| keys.msn.as_deref()),
        )
        .execute(&self.pool)
        .await?;
        Ok(saved.rows_affected() == 1)
    }

    /// Every organisation in the registry, by id.
    pub async fn registrations(&self) -> Result<Vec<Registration>> {
        let rows = sqlx::query_as!(
            RegistrationRow,
            r#"
            select id, kind, name, business_scheme, business_id, partner_id, upstream_url, client_id,
                   client_secret_ref, subscription_key_ref, secondary_subscription_key_ref, msn
            from organisation where deleted_at is null order by id
            "#,
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(Registration::try_from).collect()
    }

    /// Empties the registry, with all that was fetched for its organisations.
    pub async fn remove_all_organisations(&self) -> Result<()> {
        sqlx::query!("update organisation set partner_id = null where partner_id is not null")
            .execute(&self.pool)
            .await?;
        sqlx::query!("delete from organisation").execute(&self.pool).await.map(drop)
    }

    /// Makes somebody a member, or changes their role.
    pub async fn save_membership(&self, staff: Uuid, organisation: &OrgId, role: Role) -> Result<()> {
        sqlx::query!(
            r#"
            insert into membership (staff_id, organisation_id, role) values ($1, $2, $3)
            on conflict (staff_id, organisation_id) do update set role = excluded.role
            "#,
            staff,
            organisation.as_str(),
            role.as_str(),
        )
        .execute(&self.pool)
        .await
        .map(drop)
    }
}

struct RegistrationRow {
    id: String,
    kind: String,
    name: String,
    business_scheme: Option<String>,
    business_id: Option<String>,
    partner_id: Option<String>,
    upstream_url: Option<String>,
    client_id: Option<String>,
    client_secret_ref: Option<String>,
    subscription_key_ref: Option<String>,
    secondary_subscription_key_ref: Option<String>,
    msn: Option<String>,
}

impl TryFrom<RegistrationRow> for Registration {
    type Error = sqlx::Error;

    fn try_from(row: RegistrationRow) -> Result<Self> {
        let keys = row.client_id.zip(row.client_secret_ref).map(|(client_id, client_secret_ref)| KeyReferences {
            upstream_url: row.upstream_url,
            client_id,
            client_secret_ref,
            subscription_key_ref: row.subscription_key_ref,
            secondary_subscription_key_ref: row.secondary_subscription_key_ref,
            msn: row.msn,
        });
        Ok(Self {
            id: OrgId::try_from(row.id).map_err(unreadable)?,
            kind: row.kind.parse().map_err(unreadable)?,
            name: row.name,
            business_identifier: business_identifier(row.business_scheme, row.business_id),
            partner: row.partner_id.map(OrgId::try_from).transpose().map_err(unreadable)?,
            keys,
        })
    }
}

pub(super) fn organisation_of(
    id: String,
    kind: &str,
    name: String,
    business_id: Option<String>,
    role: &str,
) -> Result<Organisation> {
    Ok(Organisation {
        id: OrgId::try_from(id).map_err(unreadable)?,
        kind: kind.parse().map_err(unreadable)?,
        name,
        business_id,
        role: role.parse().map_err(unreadable)?,
    })
}
