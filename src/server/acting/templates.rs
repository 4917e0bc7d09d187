//! Templates of product orders, as staff make and change them.

use time::OffsetDateTime;
use uuid::Uuid;

use super::Acting;
use super::prefill::{Knowledge, knowledge, take_logo};
use crate::domain::failure::Failure;
use crate::domain::organisation::Role;
use crate::domain::prefill::Field;
use crate::domain::product_order::ProductOrderRow;
use crate::domain::template::{KeptTemplate, LinkTrouble, TemplateFault, TemplateField, TemplateForm};
use crate::paths;
use crate::server::security::random_token;
use crate::server::store::unavailable;

/// Orders that are shown on a template's page.
const NEWEST_ORDERS: i64 = 20;

/// A template's form with all that stands around its fields.
#[derive(Clone, Debug)]
pub struct TemplateView {
    pub id: Uuid,
    pub form: TemplateForm,
    pub knowledge: Knowledge,
    pub faults: Vec<TemplateFault>,
    /// As it is kept; none for a template that is being made.
    pub kept: Option<KeptTemplate>,
    /// The newest that were sent with it.
    pub orders: Vec<ProductOrderRow>,
    /// How many were.
    pub uses: usize,
}

/// What staff do with a template as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemplateDeed {
    /// Makes a public link, or a new one in place of the one there was.
    MakeLink,
    WithdrawLink,
    Archive,
    Restore,
}

impl Acting {
    /// Templates by name, with how many orders were sent with each: those in use, or those in the archive.
    pub async fn templates(&self, archived: bool) -> Result<Vec<(KeptTemplate, usize)>, Failure> {
        let mut tenant = self.partner_tenant().await?;
        let templates = tenant.templates(archived).await.map_err(unavailable)?;
        let ids: Vec<Uuid> = templates.iter().map(|template| template.id).collect();
        let uses = tenant.template_uses(&ids).await.map_err(unavailable)?;
        let with_uses = |template: KeptTemplate| {
            let uses = uses.get(&template.id).copied().unwrap_or_default();
            (template, uses)
        };
        Ok(templates.into_iter().map(with_uses).collect())
    }

    /// Templates whose links are in trouble.
    pub async fn templates_in_trouble(&self) -> Result<Vec<(KeptTemplate, LinkTrouble)>, Failure> {
        let mut tenant = self.partner_tenant().await?;
        let mut templates = tenant.templates(false).await.map_err(unavailable)?;
        templates.retain(|template| template.code.is_some());
        if templates.is_empty() {
            return Ok(Vec::new());
        }
        let knowledge = knowledge(&mut tenant, &Default::default()).await?;
        let known = knowledge.known();
        let trouble = |template: KeptTemplate| template.link_trouble(&known).map(|trouble| (template, trouble));
        Ok(templates.into_iter().filter_map(trouble).collect())
    }

    /// How templates' price packages are called.
    pub async fn template_knowledge(&self) -> Result<Knowledge, Failure> {
        knowledge(&mut self.partner_tenant().await?, &Default::default()).await
    }

    /// The form of a template that is yet to be made.
    pub async fn start_template(&self) -> Result<TemplateView, Failure> {
        self.may(Role::Operator)?;
        self.template_view(Uuid::new_v4(), TemplateForm::default()).await
    }

    pub async fn template(&self, id: Uuid) -> Result<TemplateView, Failure> {
        let kept = self.partner_tenant().await?.template(id).await.map_err(unavailable)?.ok_or(Failure::NotFound)?;
        self.template_view(id, TemplateForm::from(&kept.template)).await
    }

    /// Keeps a new template, or changes one. If something is wrong with it, its form comes back.
    pub async fn save_template(
        &self,
        id: Uuid,
        mut form: TemplateForm,
        upload: Option<&[u8]>,
    ) -> Result<Option<TemplateView>, Failure> {
        self.may(Role::Operator)?;
        let mut tenant = self.partner_tenant().await?;
        let logo_fault = take_logo(&mut tenant, &mut form.preset, upload).await?;
        let knowledge = knowledge(&mut tenant, &form.preset).await?;
        let at_logo = logo_fault.map(|text| TemplateFault { at: TemplateField::Preset(Field::Logo), text });
        let checked = match (form.check(&knowledge.known()), at_logo) {
            (Ok(template), None) => Ok(template),
            (Ok(_), Some(fault)) => Err(vec![fault]),
            (Err(faults), at_logo) => Err(faults.into_iter().chain(at_logo).collect::<Vec<_>>()),
        };
        if let Ok(template) = &checked {
            let now = OffsetDateTime::now_utc();
            tenant.save_template(id, template, self.email(), now).await.map_err(unavailable)?;
        }
        tenant.commit().await.map_err(unavailable)?;
        match checked {
            Ok(_) => Ok(None),
            Err(faults) => Ok(Some(TemplateView { faults, ..self.template_view(id, form).await? })),
        }
    }

    pub async fn do_with_template(&self, id: Uuid, deed: TemplateDeed) -> Result<(), Failure> {
        self.may(Role::Operator)?;
        let now = OffsetDateTime::now_utc();
        let mut tenant = self.partner_tenant().await?;
        tenant.template(id).await.map_err(unavailable)?.ok_or(Failure::NotFound)?;
        match deed {
            TemplateDeed::MakeLink => tenant.make_template_link(id, &random_token(), now).await,
            TemplateDeed::WithdrawLink => tenant.withdraw_template_link(id).await,
            TemplateDeed::Archive => tenant.archive_template(id, true, now).await,
            TemplateDeed::Restore => tenant.archive_template(id, false, now).await,
        }
        .map_err(unavailable)?;
        tenant.commit().await.map_err(unavailable)
    }

    /// The whole address of a public link, for merchants.
    pub fn public_link(&self, code: &str) -> String {
        format!("{}{}", self.portal.public_url(), paths::public_form(code))
    }

    async fn template_view(&self, id: Uuid, form: TemplateForm) -> Result<TemplateView, Failure> {
        let mut tenant = self.partner_tenant().await?;
        let knowledge = knowledge(&mut tenant, &form.preset).await?;
        let kept = tenant.template(id).await.map_err(unavailable)?;
        let (mut orders, mut uses) = (Vec::new(), 0);
        if kept.is_some() {
            orders = tenant.orders_of_template(id, NEWEST_ORDERS).await.map_err(unavailable)?;
            uses = tenant.template_uses(&[id]).await.map_err(unavailable)?.remove(&id).unwrap_or_default();
        }
        Ok(TemplateView { id, form, knowledge, faults: Vec::new(), kept, orders, uses })
    }
}
