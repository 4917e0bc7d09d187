//! The registry as other systems see it: organisations with Vipps keys of their own.

use time::OffsetDateTime;

use super::{Result, Store, unreadable};
use crate::domain::organisation::{Environment, OrgId};

/// The configuration of an organisation.
#[derive(Clone, Debug)]
pub struct VippsOrg {
    pub org_id: OrgId,
    pub client_id: String,
    pub client_secret_ref: String,
    pub redirect_uri: Option<String>,
    pub scopes: Vec<String>,
    pub vipps_enabled: bool,
    pub environment: Environment,
    pub created_at: OffsetDateTime,
    pub updated_at: OffsetDateTime,
}

/// What is to be changed; none stays as it is.
#[derive(Clone, Debug, Default)]
pub struct VippsOrgChange {
    pub client_id: Option<String>,
    pub client_secret_ref: Option<String>,
    /// Some of none takes it away.
    pub redirect_uri: Option<Option<String>>,
    pub scopes: Option<Vec<String>>,
    pub vipps_enabled: Option<bool>,
    pub environment: Option<Environment>,
}

pub enum Created {
    Done(VippsOrg),
    Taken,
    /// There was one, and ids are not given again.
    Deleted,
}

pub enum Changed {
    Done(VippsOrg),
    /// It was changed after the moment that was relied on.
    Meanwhile,
    NotFound,
}

pub enum Removed {
    Done(OffsetDateTime),
    /// So many merchants are served with its keys.
    Serves(i64),
    Meanwhile,
    NotFound,
}

impl Store {
    /// Those that are enabled, by id; and how many there are.
    pub async fn vipps_orgs(&self, offset: u64, limit: u32) -> Result<(Vec<VippsOrg>, u64)> {
        let total = sqlx::query_scalar!(
            r#"
            select count(*) as "total!" from organisation
            where client_id is not null and vipps_enabled and deleted_at is null
            "#
        )
        .fetch_one(&self.pool)
        .await?;
        let rows = sqlx::query_as!(
            Row,
            r#"
            select id, client_id as "client_id!", client_secret_ref as "client_secret_ref!", redirect_uri, scopes,
                   vipps_enabled, environment, created_at, updated_at
            from organisation
            where client_id is not null and vipps_enabled and deleted_at is null
            order by id offset $1 limit $2
            "#,
            i64::try_from(offset).unwrap_or(i64::MAX),
            i64::from(limit),
        )
        .fetch_all(&self.pool)
        .await?;
        let orgs = rows.into_iter().map(VippsOrg::try_from).collect::<Result<_>>()?;
        Ok((orgs, u64::try_from(total).unwrap_or_default()))
    }

    pub async fn vipps_org(&self, org_id: &OrgId) -> Result<Option<VippsOrg>> {
        let row = sqlx::query_as!(
            Row,
            r#"
            select id, client_id as "client_id!", client_secret_ref as "client_secret_ref!", redirect_uri, scopes,
                   vipps_enabled, environment, created_at, updated_at
            from organisation where id = $1 and client_id is not null and deleted_at is null
            "#,
            org_id.as_str(),
        )
        .fetch_optional(&self.pool)
        .await?;
        row.map(VippsOrg::try_from).transpose()
    }

    /// Puts a new organisation into the registry: a merchant, called by its id.
    pub async fn create_vipps_org(&self, org_id: &OrgId, new: &VippsOrgChange) -> Result<Created> {
        let inserted = sqlx::query!(
            r#"
            insert into organisation (
                id, kind, name, client_id, client_secret_ref, redirect_uri, scopes, environment)
            values ($1, 'merchant', $1, $2, $3, $4, $5, $6)
            on conflict (id) do nothing
            "#,
            org_id.as_str(),
            new.client_id,
            new.client_secret_ref,
            new.redirect_uri.clone().flatten(),
            new.scopes.as_deref().unwrap_or_default(),
            new.environment.unwrap_or_default().as_str(),
        )
        .execute(&self.pool)
        .await?;
        let there = self.vipps_org(org_id).await?;
        if inserted.rows_affected() == 0 {
            let deleted = sqlx::query_scalar!(
                r#"select deleted_at is not null as "deleted!" from organisation where id = $1"#,
                org_id.as_str(),
            )
            .fetch_optional(&self.pool)
            .await?;
            return Ok(if deleted == Some(true) { Created::Deleted } else { Created::Taken });
        }
        Ok(there.map_or(Created::Deleted, Created::Done))
    }

    /// Changes an organisation; only if it was last changed at one of these moments, where some are given.
    pub async fn change_vipps_org(
        &self,
        org_id: &OrgId,
        change: &VippsOrgChange,
        as_of: Option<&[OffsetDateTime]>,
    ) -> Result<Changed> {
        let row = sqlx::query_as!(
            Row,
            r#"
            update organisation
            set client_id = coalesce($2, client_id), client_secret_ref = coalesce($3, client_secret_ref),
                redirect_uri = case when $9 then $4 else redirect_uri end, scopes = coalesce($5, scopes),
                vipps_enabled = coalesce($6, vipps_enabled), environment = coalesce($7, environment),
                updated_at = greatest(now(), updated_at + interval '1 microsecond')
            where id = $1 and client_id is not null and deleted_at is null and ($8::timestamptz[] is null or updated_at = any($8))
            returning id, client_id as "client_id!", client_secret_ref as "client_secret_ref!", redirect_uri, scopes,
                      vipps_enabled, environment, created_at, updated_at
            "#,
            org_id.as_str(),
            change.client_id,
            change.client_secret_ref,
            change.redirect_uri.clone().flatten(),
            change.scopes.as_deref(),
            change.vipps_enabled,
            change.environment.map(Environment::as_str),
            as_of,
            change.redirect_uri.is_some(),
        )
        .fetch_optional(&self.pool)
        .await?;
        match row {
            Some(row) => Ok(Changed::Done(row.try_into()?)),
            None if self.vipps_org(org_id).await?.is_some() => Ok(Changed::Meanwhile),
            None => Ok(Changed::NotFound),
        }
    }

    /// Removes an organisation from the registry; only if it was last changed at one of these moments, where
    /// some are given.
    pub async fn remove_vipps_org(&self, org_id: &OrgId, as_of: Option<&[OffsetDateTime]>) -> Result<Removed> {
        self.remove(org_id, as_of, true).await
    }

    /// Removes an organisation from the registry, with or without keys of its own.
    pub async fn remove_organisation(&self, org_id: &OrgId) -> Result<Removed> {
        self.remove(org_id, None, false).await
    }

    async fn remove(&self, org_id: &OrgId, as_of: Option<&[OffsetDateTime]>, with_keys: bool) -> Result<Removed> {
        let mut transaction = self.begin("begin".to_owned()).await?;
        let deleted_at = sqlx::query_scalar!(
            r#"
            update organisation set deleted_at = now(), updated_at = now()
            where id = $1 and (client_id is not null or not $3) and deleted_at is null
              and ($2::timestamptz[] is null or updated_at = any($2))
            returning deleted_at as "deleted_at!"
            "#,
            org_id.as_str(),
            as_of,
            with_keys,
        )
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(deleted_at) = deleted_at else {
            drop(transaction);
            let there = self.vipps_org(org_id).await?.is_some();
            return Ok(if there { Removed::Meanwhile } else { Removed::NotFound });
        };
        let served = sqlx::query_scalar!(
            r#"select count(*) as "served!" from organisation where partner_id = $1 and deleted_at is null"#,
            org_id.as_str(),
        )
        .fetch_one(&mut *transaction)
        .await?;
        if served > 0 {
            return Ok(Removed::Serves(served));
        }
        // Nothing is asked with its keys any more.
        let folder = format!("{org_id}/");
        sqlx::query!("delete from sealed_secret where starts_with(name, $1)", folder)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(Removed::Done(deleted_at))
    }
}

struct Row {
    id: String,
    client_id: String,
    client_secret_ref: String,
    redirect_uri: Option<String>,
    scopes: Vec<String>,
    vipps_enabled: bool,
    environment: String,
    created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
}

impl TryFrom<Row> for VippsOrg {
    type Error = sqlx::Error;

    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            org_id: OrgId::try_from(row.id).map_err(unreadable)?,
            client_id: row.client_id,
            client_secret_ref: row.client_secret_ref,
            redirect_uri: row.redirect_uri,
            scopes: row.scopes,
            vipps_enabled: row.vipps_enabled,
            environment: row.environment.parse().map_err(unreadable)?,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}
