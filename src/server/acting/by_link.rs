//! A merchant who has opened a template's public link. The code in the link is the permission: it
//! opens the template's form and the orders that were sent with it, and nothing else.

use futures::FutureExt;
use time::OffsetDateTime;
use uuid::Uuid;

use super::prefill::{Draft, Knowledge, is_same, knowledge, placed, send, stored_form};
use crate::domain::failure::Failure;
use crate::domain::prefill::{Fault, Field, PrefillForm, check};
use crate::domain::product_order::{Delivery, ProductOrder};
use crate::domain::template::{KeptTemplate, Template, is_code};
use crate::server::Portal;
use crate::server::ordering::{self, Sending};
use crate::server::store::{Scope, unavailable};

/// Somebody who has a template's link.
#[derive(Clone)]
pub struct ByLink {
    portal: Portal,
    scope: Scope,
    partner: String,
    code: String,
    kept: KeptTemplate,
}

/// The merchant's form with all that stands around its fields.
#[derive(Clone, Debug)]
pub struct LinkView {
    pub form: PrefillForm,
    pub key: Uuid,
    pub knowledge: Knowledge,
    /// What is wrong with what, in the order of the form.
    pub faults: Vec<(Field, String)>,
    /// An order that was sent with this form before, with other answers.
    pub sent_before: Option<Uuid>,
    pub password_dropped: bool,
}

/// What came of a merchant's form.
#[derive(Debug)]
pub enum LinkOutcome {
    /// There is an order, whose page says how it goes on.
    There(Uuid),
    Again(Box<LinkView>),
    /// Something is wrong that the merchant cannot mend.
    OutOfOrder,
}

/// Where an order stands that a merchant has sent by a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkOrder {
    /// Upstream has it; the address of its form is `http` or `https`.
    Ready(String),
    /// Upstream has it, and the address has not become known yet.
    Arrived,
    /// Being sent, or being looked for.
    Unsettled,
    /// It has not arrived, and can be sent again.
    Missing,
    Refused,
    /// Deleted or expired, submitted already, or never arrived.
    Over,
}

impl ByLink {
    /// None if no link has this code, or it leads to a template that is not in use.
    pub(in super::super) async fn open(portal: &Portal, code: &str) -> Result<Option<Self>, Failure> {
        if !is_code(code) {
            return Ok(None);
        }
        let store = portal.store();
        let Some((organisation, template)) = store.template_behind(code).await.map_err(unavailable)? else {
            return Ok(None);
        };
        let partner = store.organisation_name(&organisation).await.map_err(unavailable)?;
        let scope = Scope::whole(organisation);
        let kept = store.tenant(&scope).await.map_err(unavailable)?.template(template).await.map_err(unavailable)?;
        let kept = kept.filter(|kept| kept.archived_at.is_none());
        let by_link = |(kept, partner)| Self { portal: portal.clone(), scope, partner, code: code.to_owned(), kept };
        Ok(kept.zip(partner).map(by_link))
    }

    /// The partner's name.
    pub fn partner(&self) -> &str {
        &self.partner
    }

    pub fn code(&self) -> &str {
        &self.code
    }

    pub fn template(&self) -> &Template {
        &self.kept.template
    }

    /// The form as it is opened, or with what was sent in an order that was refused. None if it could
    /// not be sent, whatever the merchant fills in.
    pub async fn start(&self, again: Option<Uuid>) -> Result<Option<LinkView>, Failure> {
        let mut tenant = self.portal.store().tenant(&self.scope).await.map_err(unavailable)?;
        let refused = match again {
            Some(key) => self.own(tenant.product_order(key).await.map_err(unavailable)?),
            None => None,
        };
        let refused = refused.filter(|order| order.row.delivery == Some(Delivery::Refused));
        if refused.is_none() {
            tenant.count_template_opened(self.kept.id).await.map_err(unavailable)?;
        }
        let stored = refused.as_ref().and_then(stored_form);
        let typed = stored.unwrap_or_else(|| self.template().merchants_start());
        let form = self.template().merge_from_merchant(&typed);
        let knowledge = knowledge(&mut tenant, &form).await?;
        tenant.commit().await.map_err(unavailable)?;
        let mut view = self.view(form, knowledge);
        if self.is_out_of_order(&view.knowledge) {
            return Ok(None);
        }
        // A new form's own faults are none yet. What is not about the merchant's answers was told to
        // the partner when it was refused.
        if let Some(refused) = refused {
            self.take_refusal(&mut view, &refused.refusal);
        }
        Ok(Some(view))
    }

    /// Sends what the merchant has filled in, together with what the template holds.
    pub async fn send(&self, typed: &PrefillForm, key: Uuid) -> Result<LinkOutcome, Failure> {
        let form = self.template().merge_from_merchant(typed);
        let mut tenant = self.portal.store().tenant(&self.scope).await.map_err(unavailable)?;
        let knowledge = knowledge(&mut tenant, &form).await?;
        drop(tenant);
        let checked = check(&form, &knowledge.known());
        let mut view = LinkView { key, ..self.view(form, knowledge) };
        let Some(request) = checked.request else {
            if self.is_out_of_order(&view.knowledge) {
                return Ok(LinkOutcome::OutOfOrder);
            }
            self.take_faults(&mut view, checked.faults);
            return Ok(again(view));
        };
        let draft = Draft { form: view.form.clone(), key, replaces: None, template: Some(self.kept.id) };
        match send(&self.portal, &self.scope, &draft, &request, None).await {
            Ok(sending @ (Sending::Sent { .. } | Sending::Unknown | Sending::NotReached)) => {
                self.note_sent(&sending).await?;
                Ok(LinkOutcome::There(key))
            }
            Ok(Sending::Refused(refusal)) => {
                view.key = Uuid::new_v4();
                match self.take_refusal(&mut view, &refusal.faults) {
                    None => Ok(again(view)),
                    Some(reason) => self.failed(&reason).await,
                }
            }
            Err(failure @ (Failure::NoKeys | Failure::SwitchedOff | Failure::InTest | Failure::KeysRefused)) => {
                self.failed(&failure.to_string()).await
            }
            Err(failure) => Err(failure),
            Ok(Sending::Already) => {
                let mut tenant = self.portal.store().tenant(&self.scope).await.map_err(unavailable)?;
                match self.own(tenant.product_order(key).await.map_err(unavailable)?) {
                    Some(order) if is_same(&order, &draft) => Ok(LinkOutcome::There(key)),
                    order => {
                        view.key = Uuid::new_v4();
                        let refused = |order: &ProductOrder| order.row.delivery == Some(Delivery::Refused);
                        view.sent_before = order.filter(|order| !refused(order)).map(|order| order.row.id);
                        Ok(again(view))
                    }
                }
            }
        }
    }

    /// Sends an order again that has surely not arrived.
    pub async fn send_again(&self, key: Uuid) -> Result<(), Failure> {
        if self.order(key).await? == LinkOrder::Missing {
            let sending = ordering::send_again(&self.portal, &self.scope, key, None).await?;
            self.note_sent(&sending).await?;
        }
        Ok(())
    }

    /// Where an order stands, once it has come out whether it has arrived; whoever asks waits a moment for that.
    pub async fn settled_order(&self, key: Uuid) -> Result<LinkOrder, Failure> {
        ordering::patiently(|| self.order(key).boxed(), |order| *order == LinkOrder::Unsettled).await
    }

    /// Where an order stands; only one that was sent by this link is found.
    async fn order(&self, key: Uuid) -> Result<LinkOrder, Failure> {
        let mut tenant = self.portal.store().tenant(&self.scope).await.map_err(unavailable)?;
        let order = tenant.product_order(key).await.map_err(unavailable)?;
        let order = self.own(order).filter(|order| order.row.id == key).ok_or(Failure::NotFound)?;
        let can_be_sent_again = order.can_be_sent_again(OffsetDateTime::now_utc());
        let row = order.row;
        Ok(match row.delivery {
            Some(Delivery::Refused) => LinkOrder::Refused,
            Some(Delivery::Missing) if can_be_sent_again => LinkOrder::Missing,
            Some(Delivery::Missing) => LinkOrder::Over,
            Some(Delivery::Sending | Delivery::Unknown) => LinkOrder::Unsettled,
            Some(Delivery::Sent) | None if row.gone_at.is_some() || !row.status.is_open_to_merchant() => {
                LinkOrder::Over
            }
            Some(Delivery::Sent) | None => row.url.map_or(LinkOrder::Arrived, LinkOrder::Ready),
        })
    }

    /// An order if it was sent by this template's link.
    fn own(&self, order: Option<ProductOrder>) -> Option<ProductOrder> {
        let is_own = |order: &ProductOrder| {
            let template = order.template.as_ref().map(|(id, _)| *id);
            template == Some(self.kept.id) && order.sent_by_email.is_none()
        };
        order.filter(is_own)
    }

    fn view(&self, form: PrefillForm, knowledge: Knowledge) -> LinkView {
        let password_dropped = form.has(Field::TestWebsitePassword);
        LinkView { form, key: Uuid::new_v4(), knowledge, faults: Vec::new(), sent_before: None, password_dropped }
    }

    /// Whether nobody can order by this link, because of what the template holds.
    fn is_out_of_order(&self, knowledge: &Knowledge) -> bool {
        let fault = self.template().hidden_faults(&knowledge.known()).into_iter().next();
        if let Some(fault) = &fault {
            let (template, reason) = (self.kept.id, fault.sentence());
            tracing::warn!(%template, organisation = %self.scope.copy, reason, "a template's link is out of order");
        }
        fault.is_some()
    }

    /// Tells the partner that an order failed for a reason which no merchant can mend.
    async fn failed(&self, reason: &str) -> Result<LinkOutcome, Failure> {
        tracing::warn!(template = %self.kept.id, organisation = %self.scope.copy, reason, "an order by a template's link failed");
        let mut tenant = self.portal.store().tenant(&self.scope).await.map_err(unavailable)?;
        let now = OffsetDateTime::now_utc();
        tenant.note_link_failure(self.kept.id, reason, self.kept.updated_at, now).await.map_err(unavailable)?;
        tenant.commit().await.map_err(unavailable)?;
        Ok(LinkOutcome::OutOfOrder)
    }

    /// An order that arrives shows that the link works.
    async fn note_sent(&self, sending: &Sending) -> Result<(), Failure> {
        if matches!(sending, Sending::Sent { .. }) {
            let mut tenant = self.portal.store().tenant(&self.scope).await.map_err(unavailable)?;
            tenant.forget_link_failure(self.kept.id).await.map_err(unavailable)?;
            tenant.commit().await.map_err(unavailable)?;
        }
        Ok(())
    }

    /// Enters the form's faults. One on a field that the merchant does not see comes from an answer all
    /// the same, since the template is in order: from the market, if they choose it.
    fn take_faults(&self, view: &mut LinkView, faults: Vec<Fault>) {
        let asked = self.template().asked_of_merchant();
        for fault in faults {
            if asked.contains(&fault.field) {
                view.faults.push((fault.field, fault.text));
            } else if let Some(first) = asked.first() {
                view.faults.push((*first, fault.sentence()));
            }
        }
    }

    /// Enters what upstream has refused. Returns what is about something that the merchant does not see.
    fn take_refusal(&self, view: &mut LinkView, refusal: &[(String, String)]) -> Option<String> {
        let asked = self.template().asked_of_merchant();
        let mut hidden = None;
        for (field, text) in placed(refusal) {
            let text = format!("Vipps MobilePay says: {text}");
            match field {
                Some(field) if asked.contains(&field) => view.faults.push((field, text)),
                Some(field) => hidden = hidden.or(Some(format!("{}: {text}", field.label()))),
                None => hidden = hidden.or(Some(text)),
            }
        }
        hidden
    }
}

fn again(view: LinkView) -> LinkOutcome {
    LinkOutcome::Again(Box::new(view))
}
