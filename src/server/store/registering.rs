//! What those who decide about the registry write into it: whole entries, with the secrets that were typed, in
//! one piece.

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::organisations::Registration;
use super::{Result, Store};
use crate::domain::organisation::{Environment, OrgId, OrganisationKind};
use crate::domain::registry::Secret;

/// An organisation as it is to stand in the registry. Its upstream stays as it is.
pub struct Entry<'a> {
    pub registration: &'a Registration,
    pub environment: Environment,
    pub redirect_uri: Option<&'a str>,
    pub scopes: &'a [String],
    /// Secrets that were typed.
    pub sealed: &'a [Sealed],
}

/// A secret by its name, encrypted.
pub type Sealed = (String, Vec<u8>);

/// What came of writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registering {
    Done,
    /// There is one with this id.
    Taken,
    /// There was one, and ids are not given again.
    Removed,
    /// Nobody can be served by the partner that was named: it is not there, or is none.
    NoSuchPartner,
    /// So many merchants are served with the keys that it would not have any more.
    Serves(i64),
    /// It was changed after the moment that was relied on.
    Meanwhile,
    NotFound,
}

impl Store {
    /// Puts a new organisation into the registry, and makes somebody an admin of it.
    pub async fn register(&self, entry: &Entry<'_>, admin: Option<Uuid>) -> Result<Registering> {
        let mut transaction = self.begin("begin".to_owned()).await?;
        let new = entry.registration;
        if !can_be_served(&mut transaction, new).await? {
            return Ok(Registering::NoSuchPartner);
        }
        let (business, keys) = (new.business_identifier.as_ref(), new.keys.as_ref());
        let inserted = sqlx::query!(
            r#"
            insert into organisation (
                id, kind, name, business_scheme, business_id, partner_id, client_id, client_secret_ref,
                subscription_key_ref, secondary_subscription_key_ref, msn, environment, redirect_uri, scopes)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
            on conflict (id) do nothing
            "#,
            new.id.as_str(),
            new.kind.as_str(),
            new.name,
            business.map(|business| business.scheme.as_str()),
            business.map(|business| business.id.as_str()),
            new.partner.as_ref().map(OrgId::as_str),
            keys.map(|keys| keys.client_id.as_str()),
            keys.map(|keys| keys.client_secret_ref.as_str()),
            keys.and_then(|keys| keys.subscription_key_ref.as_deref()),
            keys.and_then(|keys| keys.secondary_subscription_key_ref.as_deref()),
            keys.and_then(|keys| keys.msn.as_deref()),
            entry.environment.as_str(),
            entry.redirect_uri,
            entry.scopes,
        )
        .execute(&mut *transaction)
        .await?;
        if inserted.rows_affected() == 0 {
            let removed = sqlx::query_scalar!(
                r#"select deleted_at is not null as "removed!" from organisation where id = $1"#,
                new.id.as_str(),
            )
            .fetch_optional(&mut *transaction)
            .await?;
            return Ok(if removed == Some(true) { Registering::Removed } else { Registering::Taken });
        }
        keep_sealed(&mut transaction, entry).await?;
        if let Some(staff) = admin {
            sqlx::query!(
                r#"
                insert into membership (staff_id, organisation_id, role)
                select s.id, $2, 'admin' from staff s where s.id = $1 and s.disabled_at is null
                "#,
                staff,
                new.id.as_str(),
            )
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(Registering::Done)
    }

    /// Changes all of an organisation that was last changed at `as_of`.
    pub async fn change_registered(&self, entry: &Entry<'_>, as_of: OffsetDateTime) -> Result<Registering> {
        let mut transaction = self.begin("begin".to_owned()).await?;
        let wanted = entry.registration;
        let there = sqlx::query!(
            r#"
            select kind, client_id is not null as "has_keys!", updated_at from organisation
            where id = $1 and deleted_at is null for no key update
            "#,
            wanted.id.as_str(),
        )
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(there) = there else { return Ok(Registering::NotFound) };
        if there.updated_at != as_of {
            return Ok(Registering::Meanwhile);
        }
        if !can_be_served(&mut transaction, wanted).await? {
            return Ok(Registering::NoSuchPartner);
        }
        let was_partner = there.kind == OrganisationKind::Partner.as_str();
        let (business, keys) = (wanted.business_identifier.as_ref(), wanted.keys.as_ref());
        if (was_partner && wanted.kind != OrganisationKind::Partner) || (there.has_keys && keys.is_none()) {
            let served = served_by(&mut transaction, &wanted.id).await?;
            if served > 0 {
                return Ok(Registering::Serves(served));
            }
        }
        sqlx::query!(
            r#"
            update organisation
            set kind = $2, name = $3, business_scheme = $4, business_id = $5, partner_id = $6, client_id = $7,
                client_secret_ref = $8, subscription_key_ref = $9, secondary_subscription_key_ref = $10, msn = $11,
                environment = $12, redirect_uri = $13, scopes = $14,
                updated_at = greatest(now(), updated_at + interval '1 microsecond')
            where id = $1
            "#,
            wanted.id.as_str(),
            wanted.kind.as_str(),
            wanted.name,
            business.map(|business| business.scheme.as_str()),
            business.map(|business| business.id.as_str()),
            wanted.partner.as_ref().map(OrgId::as_str),
            keys.map(|keys| keys.client_id.as_str()),
            keys.map(|keys| keys.client_secret_ref.as_str()),
            keys.and_then(|keys| keys.subscription_key_ref.as_deref()),
            keys.and_then(|keys| keys.secondary_subscription_key_ref.as_deref()),
            keys.and_then(|keys| keys.msn.as_deref()),
            entry.environment.as_str(),
            entry.redirect_uri,
            entry.scopes,
        )
        .execute(&mut *transaction)
        .await?;
        keep_sealed(&mut transaction, entry).await?;
        wipe_unused(&mut transaction, wanted).await?;
        transaction.commit().await?;
        Ok(Registering::Done)
    }
}

/// Whether the partner that is to serve it is there and is one. It stays so until the transaction ends.
async fn can_be_served(connection: &mut PgConnection, registration: &Registration) -> Result<bool> {
    let Some(partner) = &registration.partner else { return Ok(true) };
    let found = sqlx::query_scalar!(
        "select id from organisation where id = $1 and kind = 'partner' and deleted_at is null for share",
        partner.as_str(),
    )
    .fetch_optional(connection)
    .await?;
    Ok(found.is_some())
}

async fn served_by(connection: &mut PgConnection, partner: &OrgId) -> Result<i64> {
    sqlx::query_scalar!(
        r#"select count(*) as "served!" from organisation where partner_id = $1 and deleted_at is null"#,
        partner.as_str(),
    )
    .fetch_one(connection)
    .await
}

async fn keep_sealed(connection: &mut PgConnection, entry: &Entry<'_>) -> Result<()> {
    for (name, sealed) in entry.sealed {
        sqlx::query!(
            r#"
            insert into sealed_secret (name, sealed) values ($1, $2)
            on conflict (name) do update set sealed = excluded.sealed, updated_at = now()
            "#,
            name,
            sealed,
        )
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// Of the organisation's keys, what was sealed and is not referred to any more.
async fn wipe_unused(connection: &mut PgConnection, registration: &Registration) -> Result<()> {
    let names: Vec<String> = Secret::ALL.iter().map(|secret| secret.sealed_name(&registration.id)).collect();
    let used: Vec<String> = registration
        .keys
        .iter()
        .flat_map(|keys| {
            let optional = [&keys.subscription_key_ref, &keys.secondary_subscription_key_ref];
            optional.into_iter().flatten().chain([&keys.client_secret_ref]).cloned()
        })
        .collect();
    sqlx::query!("delete from sealed_secret where name = any($1) and 'sealed://' || name <> all($2)", &names, &used,)
        .execute(connection)
        .await
        .map(drop)
}
