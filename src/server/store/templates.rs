//! Templates of product orders, and the links by which merchants reach them.

use std::collections::{BTreeSet, HashMap};

use sqlx::types::Json;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Result, Store, Tenant, unreadable};
use crate::domain::organisation::OrgId;
use crate::domain::prefill::{Field, PrefillForm};
use crate::domain::product_order::ProductOrderRow;
use crate::domain::template::{KeptTemplate, Template};

impl Tenant<'_> {
    /// Templates by name: those in use, or those in the archive.
    pub async fn templates(&mut self, archived: bool) -> Result<Vec<KeptTemplate>> {
        let organisation = self.scope.copy.as_str();
        let rows = sqlx::query_as!(
            Row,
            r#"
            select t.id, t.name, t.welcome, t.preset as "preset: Json<PrefillForm>", t.locked, t.opened,
                   t.created_at, t.created_by_email, t.updated_at, t.archived_at, l.code as "code?",
                   l.failed_at as "failed_at?", l.failure as "failure?"
            from template t
            left join template_link l on l.organisation_id = t.organisation_id and l.template_id = t.id
            where t.organisation_id = $1 and (t.archived_at is not null) = $2
            order by lower(t.name), t.id
            "#,
            organisation,
            archived,
        )
        .fetch_all(self.connection())
        .await?;
        Ok(rows.into_iter().map(KeptTemplate::from).collect())
    }

    pub async fn template(&mut self, id: Uuid) -> Result<Option<KeptTemplate>> {
        let organisation = self.scope.copy.as_str();
        let row = sqlx::query_as!(
            Row,
            r#"
            select t.id, t.name, t.welcome, t.preset as "preset: Json<PrefillForm>", t.locked, t.opened,
                   t.created_at, t.created_by_email, t.updated_at, t.archived_at, l.code as "code?",
                   l.failed_at as "failed_at?", l.failure as "failure?"
            from template t
            left join template_link l on l.organisation_id = t.organisation_id and l.template_id = t.id
            where t.organisation_id = $1 and t.id = $2
            "#,
            organisation,
            id,
        )
        .fetch_optional(self.connection())
        .await?;
        Ok(row.map(KeptTemplate::from))
    }

    /// How many orders were sent with each of these templates; those without any are left out.
    pub async fn template_uses(&mut self, ids: &[Uuid]) -> Result<HashMap<Uuid, usize>> {
        let organisation = self.scope.copy.as_str();
        let rows = sqlx::query!(
            r#"
            select template_id as "template_id!", count(*) as "uses!" from product_order
            where organisation_id = $1 and template_id = any($2) and delivery <> 'refused' and merged_into is null
            group by template_id
            "#,
            organisation,
            ids,
        )
        .fetch_all(self.connection())
        .await?;
        Ok(rows.into_iter().map(|row| (row.template_id, usize::try_from(row.uses).unwrap_or_default())).collect())
    }

    /// Notes that an order by a template's link failed, if the template is still as it was when it
    /// was last changed at `updated_at`.
    pub async fn note_link_failure(
        &mut self,
        id: Uuid,
        reason: &str,
        updated_at: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Result<()> {
        let organisation = self.scope.copy.as_str();
        sqlx::query!(
            r#"
            update template_link l set failure = $3, failed_at = $5
            from template t
            where l.organisation_id = $1 and l.template_id = $2
              and t.organisation_id = l.organisation_id and t.id = l.template_id and t.updated_at = $4
            "#,
            organisation,
            id,
            reason,
            updated_at,
            now,
        )
        .execute(self.connection())
        .await
        .map(drop)
    }

    /// Notes that a template's link works.
    pub async fn forget_link_failure(&mut self, id: Uuid) -> Result<()> {
        let organisation = self.scope.copy.as_str();
        sqlx::query!(
            r#"
            update template_link set failure = null, failed_at = null
            where organisation_id = $1 and template_id = $2 and failed_at is not null
            "#,
            organisation,
            id,
        )
        .execute(self.connection())
        .await
        .map(drop)
    }

    /// Keeps a new template, or changes the one that has this id.
    pub async fn save_template(&mut self, id: Uuid, template: &Template, by: &str, now: OffsetDateTime) -> Result<()> {
        let organisation = self.scope.copy.as_str();
        let locked: Vec<String> = template.locked.iter().map(|field| field.name().to_owned()).collect();
        sqlx::query!(
            r#"
            insert into template (
                organisation_id, id, name, welcome, preset, locked, created_at, created_by_email, updated_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $7)
            on conflict (organisation_id, id) do update
            set name = excluded.name, welcome = excluded.welcome, preset = excluded.preset,
                locked = excluded.locked, updated_at = excluded.updated_at
            "#,
            organisation,
            id,
            template.name,
            template.welcome,
            Json(&template.preset) as _,
            &locked,
            now,
            by,
        )
        .execute(self.connection())
        .await?;
        self.forget_link_failure(id).await
    }

    /// Puts a template into the archive, in which its link does not work, or takes it out.
    pub async fn archive_template(&mut self, id: Uuid, archived: bool, now: OffsetDateTime) -> Result<()> {
        let organisation = self.scope.copy.as_str();
        sqlx::query!(
            r#"
            update template set archived_at = case when $3 then coalesce(archived_at, $4) end
            where organisation_id = $1 and id = $2
            "#,
            organisation,
            id,
            archived,
            now,
        )
        .execute(self.connection())
        .await
        .map(drop)
    }

    /// Gives a template a link; the one it had no longer works.
    pub async fn make_template_link(&mut self, id: Uuid, code: &str, now: OffsetDateTime) -> Result<()> {
        let organisation = self.scope.copy.as_str();
        sqlx::query!(
            r#"
            insert into template_link (code, organisation_id, template_id, created_at) values ($3, $1, $2, $4)
            on conflict (organisation_id, template_id) do update set code = excluded.code, created_at = excluded.created_at, failed_at = null, failure = null
            "#,
            organisation,
            id,
            code,
            now,
        )
        .execute(self.connection())
        .await
        .map(drop)
    }

    pub async fn withdraw_template_link(&mut self, id: Uuid) -> Result<()> {
        let organisation = self.scope.copy.as_str();
        sqlx::query!("delete from template_link where organisation_id = $1 and template_id = $2", organisation, id)
            .execute(self.connection())
            .await
            .map(drop)
    }

    /// Counts that somebody has opened a template's link.
    pub async fn count_template_opened(&mut self, id: Uuid) -> Result<()> {
        let organisation = self.scope.copy.as_str();
        sqlx::query!("update template set opened = opened + 1 where organisation_id = $1 and id = $2", organisation, id)
            .execute(self.connection())
            .await
            .map(drop)
    }

    /// The newest orders that were sent with a template.
    pub async fn orders_of_template(&mut self, id: Uuid, limit: i64) -> Result<Vec<ProductOrderRow>> {
        let organisation = self.scope.copy.as_str();
        let ids = sqlx::query_scalar!(
            r#"
            select id from product_order
            where organisation_id = $1 and template_id = $2 and delivery <> 'refused' and merged_into is null
            order by sent_at desc nulls last, id
            limit $3
            "#,
            organisation,
            id,
            limit,
        )
        .fetch_all(self.connection())
        .await?;
        self.product_order_rows(&ids).await
    }
}

impl Store {
    /// The template that a public link's code opens; none if there is no such link, or it was
    /// withdrawn.
    pub async fn template_behind(&self, code: &str) -> Result<Option<(OrgId, Uuid)>> {
        let row = sqlx::query!("select organisation_id, template_id from template_link where code = $1", code)
            .fetch_optional(&self.pool)
            .await?;
        row.map(|row| Ok((OrgId::try_from(row.organisation_id).map_err(unreadable)?, row.template_id))).transpose()
    }

    /// What an organisation is called.
    pub async fn organisation_name(&self, organisation: &OrgId) -> Result<Option<String>> {
        sqlx::query_scalar!("select name from organisation where id = $1 and deleted_at is null", organisation.as_str())
            .fetch_optional(&self.pool)
            .await
    }
}

struct Row {
    id: Uuid,
    name: String,
    welcome: String,
    preset: Json<PrefillForm>,
    locked: Vec<String>,
    opened: i64,
    created_at: OffsetDateTime,
    created_by_email: String,
    updated_at: OffsetDateTime,
    archived_at: Option<OffsetDateTime>,
    code: Option<String>,
    failed_at: Option<OffsetDateTime>,
    failure: Option<String>,
}

impl From<Row> for KeptTemplate {
    fn from(row: Row) -> Self {
        let locked: BTreeSet<Field> = row.locked.iter().filter_map(|name| Field::from_name(name)).collect();
        Self {
            id: row.id,
            template: Template { name: row.name, welcome: row.welcome, preset: row.preset.0, locked },
            code: row.code,
            opened: usize::try_from(row.opened).unwrap_or_default(),
            failure: row.failed_at.zip(row.failure),
            created_at: row.created_at,
            created_by_email: row.created_by_email,
            updated_at: row.updated_at,
            archived_at: row.archived_at,
        }
    }
}
