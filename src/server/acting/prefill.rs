//! Filling in a prefill: where it starts, what is wrong with it, and sending it, once.

use time::OffsetDateTime;
use uuid::Uuid;

use super::Acting;
use crate::domain::failure::Failure;
use crate::domain::identifiers::{BusinessIdentifier, business_identifier_from_typed};
use crate::domain::organisation::Role;
use crate::domain::prefill::{Checked, Fault, Field, Known, PrefillForm, PrefillRequest, check, field_of};
use crate::domain::price_package::PricePackage;
use crate::domain::product_order::{Delivery, ProductOrder, ProductOrderRow};
use crate::domain::template::KeptTemplate;
use crate::server::Portal;
use crate::server::logo::{self, Logo};
use crate::server::ordering::{self, Sending};
use crate::server::store::product_orders::NewProductOrder;
use crate::server::store::{Scope, Tenant, unavailable};

/// What upstream has refused: the field of the form if it is known, and upstream's words.
pub type Placed = Vec<(Option<Field>, String)>;

/// Where a new prefill starts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Start {
    /// The order to be corrected, or one that was refused.
    pub corrects: Option<Uuid>,
    pub template: Option<Uuid>,
    pub merchant: Option<BusinessIdentifier>,
}

/// A prefill that is being filled in, and what goes with its form unseen.
#[derive(Clone, Debug)]
pub struct Draft {
    pub form: PrefillForm,
    /// The order's id and idempotency key once it is sent. However often the form is sent with it,
    /// there is one order.
    pub key: Uuid,
    /// The order that this one corrects.
    pub replaces: Option<Uuid>,
    pub template: Option<Uuid>,
}

impl Draft {
    pub fn new(form: PrefillForm) -> Self {
        Self { form, key: Uuid::new_v4(), replaces: None, template: None }
    }
}

/// What the portal knows beside what is filled in.
#[derive(Clone, Debug, Default)]
pub struct Knowledge {
    pub packages: Vec<PricePackage>,
    pub compliance: bool,
    pub logo_png: Option<Vec<u8>>,
    /// Name and number of sales units of a merchant that the portal's copy knows.
    pub merchant: Option<(String, usize)>,
}

impl Knowledge {
    pub fn known(&self) -> Known<'_> {
        Known {
            price_packages: &self.packages,
            compliance: self.compliance,
            logo_png: self.logo_png.as_deref(),
            merchant_name: self.merchant.as_ref().map(|(name, _)| name.as_str()),
        }
    }
}

/// A draft with all that stands around its fields.
#[derive(Clone, Debug)]
pub struct DraftView {
    pub draft: Draft,
    pub knowledge: Knowledge,
    /// None as long as nobody has asked.
    pub checked: Option<Checked>,
    /// What upstream has refused before.
    pub refusal: Placed,
    pub template: Option<KeptTemplate>,
    /// The order that is being corrected.
    pub replaced: Option<ProductOrderRow>,
    /// It was to be sent, and was not.
    pub refused: bool,
    pub remark: Option<Remark>,
    /// A password was typed, which is not written back into the form.
    pub password_dropped: bool,
}

/// Why a form that was to be sent is shown again, where it is not for what is filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remark {
    /// An order with this key has been sent, with other values.
    SentBefore(Uuid),
    /// What was sent with this key was refused.
    RefusedBefore,
    /// There are warnings that nobody has seen yet.
    LookAgain,
    /// Nothing was sent.
    Failed(Failure),
}

/// What came of a form that was to be sent.
#[derive(Debug)]
pub enum Outcome {
    /// Upstream has the order.
    Sent(Uuid),
    /// There is an order, whose page says where it stands.
    There(Uuid),
    Again(Box<DraftView>),
}

impl Acting {
    /// A new draft, filled in as far as `start` says.
    pub async fn start_draft(&self, start: &Start) -> Result<DraftView, Failure> {
        self.may(Role::Operator)?;
        let mut tenant = self.partner_tenant().await?;
        let mut draft = Draft::new(PrefillForm::default());
        let (mut template, mut refusal) = (None, Vec::new());
        if let Some(id) = start.corrects {
            let order = tenant.product_order(id).await.map_err(unavailable)?.ok_or(Failure::NotFound)?;
            (draft, refusal) = correction(&order).ok_or(Failure::NotFound)?;
            // The order's template goes with it as long as it is in use.
            if let Some((id, _)) = order.template {
                template = tenant.template(id).await.map_err(unavailable)?.filter(|kept| kept.archived_at.is_none());
            }
            if let Some(kept) = &template {
                draft.form = kept.template.merge(&draft.form);
                draft.template = Some(kept.id);
            }
        }
        if let Some(id) = start.template {
            let kept = tenant.template(id).await.map_err(unavailable)?;
            let kept = kept.filter(|kept| kept.archived_at.is_none()).ok_or(Failure::NotFound)?;
            draft.form = kept.template.preset.clone();
            draft.template = Some(id);
            template = Some(kept);
        }
        if let Some(merchant) = &start.merchant {
            let locked = template.as_ref().map(|kept| &kept.template.locked);
            let market = merchant.market().map_or("", |market| market.code());
            for (field, value) in [(Field::Market, market), (Field::BusinessIdentifier, &merchant.id)] {
                if !locked.is_some_and(|locked| locked.contains(&field)) {
                    draft.form.set(field, value);
                }
            }
        }
        let knowledge = knowledge(&mut tenant, &draft.form).await?;
        let checked = (!refusal.is_empty()).then(|| check(&draft.form, &knowledge.known()));
        let mut view = DraftView {
            draft,
            knowledge,
            checked,
            refusal,
            template,
            replaced: None,
            refused: false,
            remark: None,
            password_dropped: false,
        };
        view.find_replaced(&mut tenant).await?;
        Ok(view)
    }

    /// What is wrong with a draft; nothing is sent. `upload` is a picture that was chosen for it.
    pub async fn check_draft(&self, draft: Draft, upload: Option<&[u8]>) -> Result<DraftView, Failure> {
        self.may(Role::Operator)?;
        let mut tenant = self.partner_tenant().await?;
        let view = look_over(&mut tenant, draft, upload).await?;
        tenant.commit().await.map_err(unavailable)?;
        Ok(view)
    }

    /// Sends a draft if nothing is wrong with it, and if all its warnings are among `seen`, by
    /// their names.
    pub async fn send_draft(&self, draft: Draft, upload: Option<&[u8]>, seen: &[String]) -> Result<Outcome, Failure> {
        let mut view = self.check_draft(draft, upload).await?;
        view.refused = true;
        let Some(checked) = &view.checked else { return Ok(view.again(None)) };
        let Some(request) = &checked.request else { return Ok(view.again(None)) };
        if !checked.warnings.iter().all(|warning| seen.contains(&warning.name())) {
            return Ok(view.again(Some(Remark::LookAgain)));
        }
        let draft = &view.draft;
        match send(&self.portal, &self.row.scope, draft, request, Some(self.email())).await {
            Ok(Sending::Sent { .. }) => Ok(Outcome::Sent(draft.key)),
            Ok(Sending::Unknown | Sending::NotReached) => Ok(Outcome::There(draft.key)),
            Ok(Sending::Refused(refusal)) => {
                view.refusal = placed(&refusal.faults);
                view.draft.key = Uuid::new_v4();
                Ok(view.again(None))
            }
            Ok(Sending::Already) => self.sent_before(view).await,
            Err(failure) => Ok(view.again(Some(Remark::Failed(failure)))),
        }
    }

    /// A form that was sent twice: the same as one that was sent once, if nothing was changed.
    async fn sent_before(&self, mut view: DraftView) -> Result<Outcome, Failure> {
        let order = self.product_order(view.draft.key).await?.order;
        let same = is_same(&order, &view.draft);
        let id = order.row.id;
        match order.row.delivery {
            Some(Delivery::Refused) => {
                view.draft.key = Uuid::new_v4();
                if same {
                    view.refusal = placed(&order.refusal);
                }
                Ok(view.again((!same).then_some(Remark::RefusedBefore)))
            }
            _ if same => Ok(Outcome::There(id)),
            _ => {
                view.draft.key = Uuid::new_v4();
                Ok(view.again(Some(Remark::SentBefore(id))))
            }
        }
    }

    /// The bytes of a picture that was uploaded here: a PNG.
    pub async fn logo(&self, hash: &str) -> Result<Vec<u8>, Failure> {
        self.partner_tenant().await?.logo(hash).await.map_err(unavailable)?.ok_or(Failure::NotFound)
    }
}

impl DraftView {
    /// Nothing is said of what may be wrong with it.
    pub fn unchecked(self) -> Self {
        Self { checked: None, password_dropped: false, ..self }
    }

    fn again(self, remark: Option<Remark>) -> Outcome {
        Outcome::Again(Box::new(Self { remark, ..self }))
    }

    async fn find_replaced(&mut self, tenant: &mut Tenant<'_>) -> Result<(), Failure> {
        if let Some(id) = self.draft.replaces {
            self.replaced = tenant.product_order(id).await.map_err(unavailable)?.map(|order| order.row);
        }
        Ok(())
    }
}

/// Sends what was checked, under the draft's key. `by` is nobody's where the merchant does it.
pub(super) async fn send(
    portal: &Portal,
    scope: &Scope,
    draft: &Draft,
    request: &PrefillRequest,
    by: Option<&str>,
) -> Result<Sending, Failure> {
    let unwritable = |error: serde_json::Error| {
        tracing::error!(%error, "an order could not be written");
        Failure::Unavailable
    };
    let order = NewProductOrder {
        id: draft.key,
        business_identifier: request.business_identifier.clone(),
        product_type: request.product_type.clone(),
        sales_unit_name: request.sales_unit_name.clone(),
        price_package_id: request.price_package_id.clone(),
        by_email: by.map(ToOwned::to_owned),
        template: draft.template,
        replaces: draft.replaces,
        prefill: Some(serde_json::to_value(draft.form.without_secrets()).map_err(unwritable)?),
        of_program: None,
        sealed_request: Vec::new(),
    };
    ordering::send(portal, scope, order, serde_json::to_string(request).map_err(unwritable)?).await
}

/// What the portal knows beside a form.
pub(super) async fn knowledge(tenant: &mut Tenant<'_>, form: &PrefillForm) -> Result<Knowledge, Failure> {
    let packages = tenant.price_packages_to_choose().await.map_err(unavailable)?;
    let compliance = tenant.sends_compliance_data().await.map_err(unavailable)?;
    let logo_png = match form.get(Field::Logo) {
        "" => None,
        hash => tenant.logo(hash).await.map_err(unavailable)?,
    };
    let typed = form.get(Field::BusinessIdentifier);
    let business = form.market().and_then(|market| business_identifier_from_typed(market, typed).ok());
    let merchant = match business {
        Some(business) => tenant.merchant_and_units(&business).await.map_err(unavailable)?,
        None => None,
    };
    Ok(Knowledge { packages, compliance, logo_png, merchant })
}

/// Keeps a picture that was chosen and enters it into the form; or else says what is wrong with it.
pub(super) async fn take_logo(
    tenant: &mut Tenant<'_>,
    form: &mut PrefillForm,
    upload: Option<&[u8]>,
) -> Result<Option<String>, Failure> {
    let Some(upload) = upload else { return Ok(None) };
    match logo::check(upload) {
        Ok(Logo { hash, png, .. }) => {
            tenant.save_logo(&hash, &png).await.map_err(unavailable)?;
            form.set(Field::Logo, hash);
            Ok(None)
        }
        Err(fault) => Ok(Some(fault.to_string())),
    }
}

/// What upstream has refused, where it stands in the form.
pub(super) fn placed(refusal: &[(String, String)]) -> Placed {
    let place = |(path, text): &(String, String)| match field_of(path) {
        Some(field) => (Some(field), text.clone()),
        None if path.is_empty() => (None, text.clone()),
        None => (None, format!("{path}: {text}")),
    };
    refusal.iter().map(place).collect()
}

/// Whether an order that was made here holds what a draft holds, as far as it is kept.
pub(super) fn is_same(order: &ProductOrder, draft: &Draft) -> bool {
    stored_form(order).is_some_and(|stored| stored == draft.form.without_secrets())
}

/// What was filled in; none if it is not known here.
pub(super) fn stored_form(order: &ProductOrder) -> Option<PrefillForm> {
    serde_json::from_str(order.prefill.as_deref()?).ok()
}

async fn look_over(tenant: &mut Tenant<'_>, mut draft: Draft, upload: Option<&[u8]>) -> Result<DraftView, Failure> {
    let template = match draft.template {
        Some(id) => Some(tenant.template(id).await.map_err(unavailable)?.ok_or(Failure::NotFound)?),
        None => None,
    };
    let logo_fault = take_logo(tenant, &mut draft.form, upload).await?;
    if let Some(kept) = &template {
        draft.form = kept.template.merge(&draft.form);
    }
    let knowledge = knowledge(tenant, &draft.form).await?;
    let mut checked = check(&draft.form, &knowledge.known());
    if let Some(text) = logo_fault {
        checked.faults.push(Fault { field: Field::Logo, text });
        checked.faults.sort_by_key(|fault| fault.field);
        checked.request = None;
    }
    let password_dropped = draft.form.has(Field::TestWebsitePassword);
    let mut view = DraftView {
        draft,
        knowledge,
        checked: Some(checked),
        refusal: Vec::new(),
        template,
        replaced: None,
        refused: false,
        remark: None,
        password_dropped,
    };
    view.find_replaced(tenant).await?;
    Ok(view)
}

/// A draft that begins with what an earlier order holds, and why that one was refused if it was.
/// None if its contents are not known here, or if it can still be found out whether upstream has it.
fn correction(order: &ProductOrder) -> Option<(Draft, Placed)> {
    let mut draft = Draft::new(stored_form(order)?);
    let refused = order.row.delivery == Some(Delivery::Refused);
    match order.row.delivery {
        Some(Delivery::Refused) => draft.replaces = order.replaces,
        Some(Delivery::Sent) | None => draft.replaces = Some(order.row.id),
        Some(Delivery::Unknown | Delivery::Missing) if !order.can_be_sent_again(OffsetDateTime::now_utc()) => {
            draft.replaces = order.replaces.or(Some(order.row.id));
        }
        Some(Delivery::Sending | Delivery::Unknown | Delivery::Missing) => return None,
    }
    Some((draft, if refused { placed(&order.refusal) } else { Vec::new() }))
}

/// Whether the order that is corrected can still be deleted once the new one is sent.
pub fn can_be_deleted(replaced: &ProductOrderRow) -> bool {
    replaced.status.is_open_to_merchant() && replaced.gone_at.is_none()
}
