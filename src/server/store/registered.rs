//! The registry as its pages show it: every organisation, whatever it is served with.

use std::collections::HashMap;

use time::OffsetDateTime;
use uuid::Uuid;

use super::sales_units::business_identifier;
use super::{Result, Store, unreadable};
use crate::domain::organisation::{Environment, OrgId, OrganisationKind};
use crate::domain::registry::{
    KeptSecret, ListedOrganisation, Named, OwnKeys, RegisteredOrganisation, Service, SyncState,
};
use crate::domain::search_text::{fold, needles};

/// Whether a list that stands in for all others is fresh: the resource by this name.
const FIRST_LIST: &str = crate::server::sync::sales_units::NAME;
/// And where there is no Management API, for those who have the keys of a sales unit.
const FIRST_LIST_IN_TEST: &str = crate::server::sync::agreements::NAME;

impl Store {
    /// Organisations that match what was typed, partners first, then by name. At most `limit`; and how many match.
    pub async fn registered_organisations(
        &self,
        typed: &str,
        limit: usize,
    ) -> Result<(Vec<ListedOrganisation>, usize)> {
        let needles = needles(typed);
        let all = sqlx::query!(
            r#"
            select id, name, business_id, client_id from organisation
            where deleted_at is null order by kind = 'merchant', lower(name), id
            "#,
        )
        .fetch_all(&self.pool)
        .await?;
        let is_match = |texts: [&str; 4]| {
            let texts = texts.map(fold);
            needles.iter().all(|needle| texts.iter().any(|text| text.contains(needle.as_str())))
        };
        let (mut ids, mut count) = (Vec::new(), 0);
        for row in all {
            let (business_id, client_id) = (row.business_id.as_deref(), row.client_id.as_deref());
            if is_match([&row.name, &row.id, business_id.unwrap_or_default(), client_id.unwrap_or_default()]) {
                count += 1;
                if ids.len() < limit {
                    ids.push(row.id);
                }
            }
        }
        Ok((self.listed_organisations(&ids).await?, count))
    }

    async fn listed_organisations(&self, ids: &[String]) -> Result<Vec<ListedOrganisation>> {
        let rows = sqlx::query_as!(
            ListedRow,
            r#"
            select o.id, o.kind, o.name, o.business_scheme, o.business_id, o.client_id, o.partner_id,
                   p.name as "partner_name?",
                   coalesce(p.environment, o.environment) as "environment!",
                   coalesce(p.vipps_enabled, o.vipps_enabled) as "vipps_enabled!",
                   coalesce(p.asks_management, o.asks_management) as "asks_management!", o.msn,
                   coalesce(p.client_id, o.client_id) is not null as "has_keys!",
                   j.synced_at, j.failing_since, j.failure, j.held
            from organisation o
            left join organisation p on p.id = o.partner_id
            left join lateral (
                select max(s.completed_at) filter (
                           where s.resource = case when coalesce(p.asks_management, o.asks_management) then $2 else $3 end)
                           as synced_at,
                       min(s.failing_since) as failing_since,
                       (array_agg(s.failure order by s.failing_since) filter (where s.failing_since is not null))[1]
                           as failure,
                       max(s.held) as held
                from sync_job s where s.organisation_id = coalesce(o.partner_id, o.id)) j on true
            where o.id = any($1) and o.deleted_at is null
            order by o.kind = 'merchant', lower(o.name), o.id
            "#,
            ids,
            FIRST_LIST,
            FIRST_LIST_IN_TEST,
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(ListedOrganisation::try_from).collect()
    }

    /// All that the registry has of an organisation, for `staff`; none if it is not there.
    pub async fn registered_organisation(&self, id: &OrgId, staff: Uuid) -> Result<Option<RegisteredOrganisation>> {
        let Some(listed) = self.listed_organisations(&[id.to_string()]).await?.pop() else { return Ok(None) };
        let row = sqlx::query!(
            r#"
            select o.upstream_url, o.client_id, o.client_secret_ref, o.subscription_key_ref,
                   o.secondary_subscription_key_ref, o.msn, o.environment, o.vipps_enabled, o.redirect_uri, o.scopes,
                   o.created_at, o.updated_at, m.role as "own_role?",
                   (select count(*) from organisation s where s.partner_id = o.id and s.deleted_at is null) as "serves!"
            from organisation o
            left join membership m on m.organisation_id = o.id and m.staff_id = $2
            where o.id = $1 and o.deleted_at is null
            "#,
            id.as_str(),
            staff,
        )
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let references = [&row.client_secret_ref, &row.subscription_key_ref, &row.secondary_subscription_key_ref];
        let sealed_at = self.sealed_at(references.into_iter().flatten()).await?;
        let kept = |reference: String| KeptSecret { sealed_at: sealed_at.get(&reference).copied(), reference };
        let service = match (row.client_id, row.client_secret_ref, listed.served_by) {
            (Some(client_id), Some(client_secret), _) => Service::Own(OwnKeys {
                client_id,
                client_secret: kept(client_secret),
                subscription_key: row.subscription_key_ref.map(kept),
                secondary_subscription_key: row.secondary_subscription_key_ref.map(kept),
                msn: row.msn,
            }),
            (_, _, Some(partner)) => Service::Partner(partner),
            _ => Service::Nobody,
        };
        Ok(Some(RegisteredOrganisation {
            id: listed.id,
            kind: listed.kind,
            name: listed.name,
            business_identifier: listed.business_identifier,
            service,
            upstream_url: row.upstream_url,
            environment: row.environment.parse().map_err(unreadable)?,
            vipps_enabled: row.vipps_enabled,
            redirect_uri: row.redirect_uri,
            scopes: row.scopes,
            created_at: row.created_at,
            updated_at: row.updated_at,
            serves: usize::try_from(row.serves).unwrap_or_default(),
            own_role: row.own_role.map(|role| role.parse().map_err(unreadable)).transpose()?,
            sync: listed.sync,
            check: self.key_check(id).await?,
        }))
    }

    /// Partners that have keys to serve merchants with, by name.
    pub async fn serving_partners(&self) -> Result<Vec<Named>> {
        let rows = sqlx::query!(
            r#"
            select id, name from organisation
            where kind = 'partner' and client_id is not null and deleted_at is null order by lower(name), id
            "#,
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(|row| named(row.id, row.name)).collect()
    }

    /// When the portal has sealed what these references are to.
    async fn sealed_at(&self, references: impl Iterator<Item = &String>) -> Result<HashMap<String, OffsetDateTime>> {
        let names: Vec<String> =
            references.filter_map(|reference| Some(reference.strip_prefix("sealed://")?.to_owned())).collect();
        let rows = sqlx::query!("select name, updated_at from sealed_secret where name = any($1)", &names)
            .fetch_all(&self.pool)
            .await?;
        Ok(rows.into_iter().map(|row| (format!("sealed://{}", row.name), row.updated_at)).collect())
    }
}

struct ListedRow {
    id: String,
    kind: String,
    name: String,
    business_scheme: Option<String>,
    business_id: Option<String>,
    client_id: Option<String>,
    partner_id: Option<String>,
    partner_name: Option<String>,
    environment: String,
    vipps_enabled: bool,
    asks_management: bool,
    msn: Option<String>,
    has_keys: bool,
    synced_at: Option<OffsetDateTime>,
    failing_since: Option<OffsetDateTime>,
    failure: Option<String>,
    held: Option<String>,
}

impl ListedRow {
    fn sync(&self) -> SyncState {
        match (self.failing_since, &self.held, self.synced_at) {
            _ if !self.has_keys => SyncState::NoKeys,
            _ if !self.vipps_enabled => SyncState::SwitchedOff,
            _ if !self.asks_management && self.msn.is_none() => SyncState::InTest,
            (Some(since), ..) => SyncState::Failing { since, reason: self.failure.clone().unwrap_or_default() },
            (_, Some(held), _) => SyncState::Held(held.clone()),
            (.., Some(at)) => SyncState::Synced(at),
            (None, None, None) => SyncState::First,
        }
    }
}

impl TryFrom<ListedRow> for ListedOrganisation {
    type Error = sqlx::Error;

    fn try_from(row: ListedRow) -> Result<Self> {
        let sync = row.sync();
        let served_by = row.partner_id.zip(row.partner_name);
        Ok(Self {
            id: OrgId::try_from(row.id).map_err(unreadable)?,
            kind: row.kind.parse::<OrganisationKind>().map_err(unreadable)?,
            name: row.name,
            business_identifier: business_identifier(row.business_scheme, row.business_id),
            client_id: row.client_id,
            served_by: served_by.map(|(id, name)| named(id, name)).transpose()?,
            environment: row.environment.parse::<Environment>().map_err(unreadable)?,
            vipps_enabled: row.vipps_enabled,
            sync,
        })
    }
}

fn named(id: String, name: String) -> Result<Named> {
    Ok(Named { id: OrgId::try_from(id).map_err(unreadable)?, name })
}
