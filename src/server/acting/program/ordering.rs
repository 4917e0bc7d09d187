//! Product orders that a program makes and deletes by way of the portal.
//!
//! They go the same way as everybody's: stored before upstream is called, sent to the end whatever becomes of the
//! caller, and looked for where no answer came. The program's idempotency key is upstream's, too.

use futures::FutureExt;
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

use super::Program;
use crate::domain::failure::Failure;
use crate::domain::identifiers::BusinessIdentifier;
use crate::domain::product_order::{Delivery, SENT_AGAIN_WITHIN};
use crate::server::ordering::{self, Deleting, Refusal, Sending, patiently};
use crate::server::security::hash;
use crate::server::store::product_orders::{NewProductOrder, OfProgram, ProgramsOrder};
use crate::server::store::unavailable;

/// A key as upstream takes it: 1 to 50 letters, digits and `-`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    pub fn parse(text: &str) -> Option<Self> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        ((1..=50).contains(&text.len()) && text.bytes().all(allowed)).then(|| Self(text.to_owned()))
    }
}

/// A request as a program sent it. What is wrong with it, beside what the portal needs to know, upstream says.
pub struct WantedOrder {
    business_identifier: BusinessIdentifier,
    product_type: String,
    request: Value,
}

impl WantedOrder {
    /// # Errors
    /// The fields that are missing.
    pub fn read(request: Value) -> Result<Self, Vec<&'static str>> {
        let text = |path: &str| request.pointer(path).and_then(Value::as_str).filter(|text| !text.is_empty());
        let business = text("/businessIdentifier/scheme").zip(text("/businessIdentifier/id"));
        let business = business.map(|(scheme, id)| BusinessIdentifier::new(scheme, id));
        let product_type = text("/productType").map(ToOwned::to_owned);
        match (business, product_type) {
            (Some(business_identifier), Some(product_type)) => Ok(Self { business_identifier, product_type, request }),
            (business, product_type) => {
                let missing = [("businessIdentifier", business.is_none()), ("productType", product_type.is_none())];
                Err(missing.into_iter().filter(|(_, is_missing)| *is_missing).map(|(field, _)| field).collect())
            }
        }
    }

    fn text(&self, field: &str) -> Option<String> {
        self.request.get(field).and_then(Value::as_str).map(ToOwned::to_owned)
    }

    /// Equal for equal requests. Passwords are not in it: from the hash of little else they could be guessed.
    fn hash(&self) -> Vec<u8> {
        let mut request = self.request.clone();
        if let Some(website) = request.get_mut("website").and_then(Value::as_object_mut) {
            website.remove("testWebsitePassword");
        }
        hash(request.to_string().as_bytes())
    }
}

/// How a program's order stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ordered {
    /// Upstream has it, under this id; the link is for the merchant.
    Sent {
        order_id: Uuid,
        url: String,
    },
    Refused(Refusal),
    /// The key was used for another request.
    OtherRequest,
    /// The call is under way.
    Sending,
    /// Whether it has arrived is not known, and is being found out.
    Unknown,
    /// It has surely not arrived, and can be sent again.
    NotReached,
    /// It has surely not arrived, and its key is too old to be used again.
    Over,
}

impl Program {
    /// Sends an order; however often, with the same key it is one.
    pub async fn send_product_order(&self, key: &IdempotencyKey, wanted: WantedOrder) -> Result<Ordered, Failure> {
        self.is_partners()?;
        let (id, request_hash) = (self.order_id(key), wanted.hash());
        let order = NewProductOrder {
            id,
            business_identifier: wanted.business_identifier.clone(),
            product_type: wanted.product_type.clone(),
            sales_unit_name: wanted.text("salesUnitName"),
            price_package_id: wanted.text("pricePackageId"),
            by_email: Some(self.asker.clone()),
            template: None,
            replaces: None,
            prefill: None,
            of_program: Some(OfProgram { key: key.0.clone(), request_hash: request_hash.clone() }),
            sealed_request: Vec::new(),
        };
        let request = wanted.request.to_string();
        match ordering::send(&self.portal, &self.scope, order.clone(), request.clone()).await? {
            Sending::Already if self.was_refused_for_its_keys(id).await? => {
                Ok(ordering::send(&self.portal, &self.scope, order, request).await?.into())
            }
            Sending::Already => self.sent_before(id, &request_hash).await,
            sending => Ok(sending.into()),
        }
    }

    /// Whether upstream has only refused the partner's keys, not the order. Then it is as if it had never been sent.
    async fn was_refused_for_its_keys(&self, id: Uuid) -> Result<bool, Failure> {
        let mut tenant = self.portal.store().tenant(&self.scope).await.map_err(unavailable)?;
        let forgotten = tenant.forget_order_refused_for_its_keys(id).await.map_err(unavailable)?;
        tenant.commit().await.map_err(unavailable)?;
        Ok(forgotten)
    }

    /// What came of an order that was sent with the same key. If it surely has not arrived, or that cannot be found
    /// out any more, it is sent again.
    async fn sent_before(&self, id: Uuid, request_hash: &[u8]) -> Result<Ordered, Failure> {
        let look = || self.order_of_program(id).boxed();
        let found = patiently(look, |order| order.delivery == Some(Delivery::Sending)).await?;
        if found.request_hash.as_deref() != Some(request_hash) {
            return Ok(Ordered::OtherRequest);
        }
        match (found.delivery, found.upstream_id.zip(found.url)) {
            (Some(Delivery::Sent), Some((order_id, url))) => Ok(Ordered::Sent { order_id, url }),
            (Some(Delivery::Refused), _) => {
                Ok(Ordered::Refused(Refusal { status: found.refusal_status.unwrap_or(400), faults: found.refusal }))
            }
            (Some(Delivery::Sending), _) => Ok(Ordered::Sending),
            (Some(Delivery::Unknown | Delivery::Missing), _) => {
                if OffsetDateTime::now_utc() >= found.first_seen_at + SENT_AGAIN_WITHIN {
                    return Ok(Ordered::Over);
                }
                match ordering::send_again(&self.portal, &self.scope, id, Some(&self.asker)).await? {
                    // Not yet: an answer may still come, or the sync may find it.
                    Sending::Already => Ok(Ordered::Unknown),
                    sending => Ok(sending.into()),
                }
            }
            (Some(Delivery::Sent) | None, _) => Ok(Ordered::Unknown),
        }
    }

    async fn order_of_program(&self, id: Uuid) -> Result<ProgramsOrder, Failure> {
        let mut tenant = self.portal.store().tenant(&self.scope).await.map_err(unavailable)?;
        tenant.order_of_program(id).await.map_err(unavailable)?.ok_or(Failure::NotFound)
    }

    /// Deletes an order that the merchant has not submitted, by upstream's id.
    pub async fn delete_product_order(&self, upstream_id: Uuid) -> Result<Deleting, Failure> {
        self.is_partners()?;
        let id = match self.known_order(upstream_id).await? {
            Some(id) => id,
            // It may have been made elsewhere since the list was fetched.
            None => {
                self.may_have_upstream_asked()?;
                ordering::refresh(&self.portal, &self.scope, upstream_id).await?;
                self.known_order(upstream_id).await?.ok_or(Failure::NotFound)?
            }
        };
        ordering::delete(&self.portal, &self.scope, id, upstream_id, self.asker.clone()).await
    }

    /// The portal's id of an order that upstream shows.
    async fn known_order(&self, upstream_id: Uuid) -> Result<Option<Uuid>, Failure> {
        let mut tenant = self.portal.store().tenant(&self.scope).await.map_err(unavailable)?;
        let order = tenant.product_order(upstream_id).await.map_err(unavailable)?;
        let shown = order.filter(|order| order.row.upstream_id == Some(upstream_id) && order.row.gone_at.is_none());
        Ok(shown.map(|order| order.row.id))
    }

    /// The portal's id of an order: the same for the same key of the same partner, and nobody else's.
    fn order_id(&self, key: &IdempotencyKey) -> Uuid {
        let digest = hash(format!("{}\0{}", self.scope.copy, key.0).as_bytes());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        uuid::Builder::from_custom_bytes(bytes).into_uuid()
    }
}

/// So many seconds a program waits before it asks again for what is not known yet.
pub const ASK_AGAIN_AFTER: u32 = 30;

impl From<Sending> for Ordered {
    fn from(sending: Sending) -> Self {
        match sending {
            Sending::Sent { order_id, url } => Self::Sent { order_id, url },
            Sending::Refused(refusal) => Self::Refused(refusal),
            Sending::Unknown => Self::Unknown,
            Sending::NotReached => Self::NotReached,
            Sending::Already => Self::Sending,
        }
    }
}
