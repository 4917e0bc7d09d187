//! Product orders and their lives: from the partner's prefill to a sales unit, or to nothing.

mod seeding;

use std::collections::HashMap;

use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::packages::ProductType;
use super::prefill::Prefill;
use super::world::{CaptureType, Configuration, Moment, NewUnit, World};
use crate::domain::identifiers::Market;

/// How long a merchant may take to send the form.
const LINK_LIFE: Duration = Duration::days(14);

/// Where an order comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Prefill,
    Template,
    Manual,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Received,
    MerchantViewed,
    OrderSubmitted,
    Completed,
    Rejected,
    Expired,
}

pub struct Order {
    pub id: Uuid,
    pub partner: u16,
    pub kind: Kind,
    pub created: OffsetDateTime,
    /// The one it was ordered with; none for what the world began with.
    pub idempotency_key: Option<String>,
    pub prefill: Prefill,
    /// The merchant may not choose another price package.
    pub package_is_locked: bool,
    /// Once it is completed.
    pub msn: Option<u32>,
    /// All but Expired, which comes by itself.
    reached: Status,
    deleted: bool,
}

#[derive(Default)]
pub struct Orders {
    list: Vec<Order>,
    by_id: HashMap<Uuid, usize>,
    of_partner: Vec<Vec<usize>>,
}

impl Kind {
    pub fn word(self) -> &'static str {
        ["PREFILL", "TEMPLATE", "MANUAL"][self as usize]
    }
}

impl Status {
    pub fn word(self) -> &'static str {
        ["RECEIVED", "MERCHANT_VIEWED", "ORDER_SUBMITTED", "COMPLETED", "REJECTED", "EXPIRED"][self as usize]
    }

    /// Then, there was no word for the two sad ends.
    fn word_of_2023(self) -> &'static str {
        ["RECEIVED", "ACCESSED", "PROCESSING", "COMPLETED", "REJECTED", "EXPIRED"][self as usize]
    }
}

impl Order {
    /// A new order of a partner.
    pub fn new(partner: u16, kind: Kind, prefill: Prefill, created: OffsetDateTime) -> Self {
        Self {
            id: Uuid::new_v4(),
            partner,
            kind,
            created,
            idempotency_key: None,
            package_is_locked: prefill.price_package.is_some(),
            prefill,
            msn: None,
            reached: Status::Received,
            deleted: false,
        }
    }

    pub fn status(&self, now: OffsetDateTime) -> Status {
        let waits = matches!(self.reached, Status::Received | Status::MerchantViewed);
        let late = self.kind == Kind::Prefill && now >= self.created + LINK_LIFE;
        if waits && late { Status::Expired } else { self.reached }
    }

    /// `address` is where the caller finds the sandbox.
    pub fn answer(&self, world: &World, address: &str, now: OffsetDateTime, of_2023: bool) -> Value {
        let status = self.status(now);
        let product_type = self.prefill.product_type;
        let mut body = json!({
            "productOrderType": self.kind.word(),
            "productOrderId": self.id,
            "productType": if of_2023 { product_type.word_of_2023() } else { product_type.word() },
            "status": if of_2023 { status.word_of_2023() } else { status.word() },
            "businessIdentifier": {"scheme": self.prefill.business.scheme, "id": self.prefill.business.id},
            "productOrderUrl": (self.kind == Kind::Prefill).then(|| prefill_url(address, self.id)),
        });
        if let Some(unit) = self.msn.and_then(|msn| world.any_unit(msn)) {
            body["salesUnit"] = json!({"msn": unit.msn.to_string(), "name": &*unit.name});
        }
        body
    }
}

pub fn prefill_url(address: &str, id: Uuid) -> String {
    format!("{address}/register/prefilled/{id}")
}

impl Orders {
    pub fn add(&mut self, order: Order) {
        let (at, partner) = (self.list.len(), usize::from(order.partner));
        self.by_id.insert(order.id, at);
        if self.of_partner.len() <= partner {
            self.of_partner.resize_with(partner + 1, Vec::new);
        }
        self.of_partner[partner].push(at);
        self.list.push(order);
    }

    /// The partner's orders as they were made, without those it has deleted.
    pub fn of(&self, partner: u16) -> impl Iterator<Item = &Order> {
        let indices = self.of_partner.get(usize::from(partner)).map_or(&[][..], Vec::as_slice);
        indices.iter().map(|&at| &self.list[at]).filter(|order| !order.deleted)
    }

    pub fn all(&self) -> impl Iterator<Item = &Order> {
        self.list.iter().filter(|order| !order.deleted)
    }

    pub fn get(&self, id: Uuid) -> Option<&Order> {
        self.list.get(*self.by_id.get(&id)?).filter(|order| !order.deleted)
    }

    pub fn was_deleted(&self, id: Uuid) -> bool {
        self.by_id.get(&id).is_some_and(|&at| self.list[at].deleted)
    }

    fn get_mut(&mut self, id: Uuid) -> Option<&mut Order> {
        self.list.get_mut(*self.by_id.get(&id)?).filter(|order| !order.deleted)
    }

    /// Why it cannot be deleted, in upstream's words; the order is gone where there is no reason.
    pub fn delete(&mut self, id: Uuid, now: OffsetDateTime) -> Option<Undeletable> {
        let order = self.get_mut(id)?;
        if order.kind != Kind::Prefill {
            return Some(Undeletable::NotPrefilled);
        }
        if !matches!(order.status(now), Status::Received | Status::MerchantViewed | Status::Expired) {
            return Some(Undeletable::Submitted);
        }
        order.deleted = true;
        None
    }

    /// The merchant opens the link. False where there is nothing to open.
    pub fn view(&mut self, id: Uuid, now: OffsetDateTime) -> bool {
        let Some(order) = self.waiting(id, now) else { return false };
        order.reached = Status::MerchantViewed;
        true
    }

    /// The merchant sends the form, perhaps with other content. False where the link is dead.
    pub fn submit(&mut self, id: Uuid, content: Option<Prefill>, now: OffsetDateTime) -> bool {
        let Some(order) = self.waiting(id, now) else { return false };
        order.prefill = content.unwrap_or_else(|| order.prefill.clone());
        order.reached = Status::OrderSubmitted;
        true
    }

    /// Makes the sales unit; its MSN. None where nothing waits for approval.
    pub fn approve(&mut self, id: Uuid, world: &mut World, now: OffsetDateTime) -> Option<u32> {
        let order = self.awaiting_decision(id)?;
        let (name, merchant_name) = names(&order.prefill);
        let msn = world.add_unit(NewUnit {
            partner: order.partner,
            business: order.prefill.business.clone(),
            merchant_name,
            name,
            configuration: configuration(&order.prefill),
            now: Moment::of(now),
        })?;
        order.msn = Some(msn);
        order.reached = Status::Completed;
        Some(msn)
    }

    /// False where nothing waits for approval.
    pub fn reject(&mut self, id: Uuid) -> bool {
        self.awaiting_decision(id).map(|order| order.reached = Status::Rejected).is_some()
    }

    /// Lets the fourteen days be over. False where they do not matter any more.
    pub fn expire(&mut self, id: Uuid, now: OffsetDateTime) -> bool {
        let Some(order) = self.waiting(id, now) else { return false };
        order.created = now - LINK_LIFE;
        true
    }

    fn waiting(&mut self, id: Uuid, now: OffsetDateTime) -> Option<&mut Order> {
        let waits = |order: &Order| matches!(order.status(now), Status::Received | Status::MerchantViewed);
        self.get_mut(id).filter(|order| order.kind == Kind::Prefill && waits(order))
    }

    fn awaiting_decision(&mut self, id: Uuid) -> Option<&mut Order> {
        let first = |kind: Kind| if kind == Kind::Prefill { Status::OrderSubmitted } else { Status::Received };
        self.get_mut(id).filter(|order| order.reached == first(order.kind))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undeletable {
    NotPrefilled,
    Submitted,
}

/// What the new unit is called, and its merchant if that is new.
fn names(prefill: &Prefill) -> (String, String) {
    let (market, form) = match prefill.business.market() {
        Some(Market::Denmark) => ("Salgssted", "ApS"),
        Some(Market::Finland) => ("Myyntipiste", "Oy"),
        Some(Market::Norway) | None => ("Salgssted", "AS"),
    };
    let name =
        prefill.text("/salesUnitName").map_or_else(|| format!("{market} {}", prefill.business.id), str::to_owned);
    let merchant = format!("{name} {form}");
    (name, merchant)
}

fn configuration(prefill: &Prefill) -> Configuration {
    if prefill.product_type == ProductType::Login {
        return Configuration {
            payment_allowed: Some(false),
            capture_type: Some(CaptureType::NotApplicable),
            ..Configuration::default()
        };
    }
    let recurring = prefill.payload.get("hasRecurring").and_then(Value::as_bool).unwrap_or_default();
    let elsewhere = prefill.business.market() != Some(Market::Norway);
    Configuration {
        payment_allowed: Some(true),
        capture_type: Some(CaptureType::ReserveCapture),
        skip_landing_page_allowed: Some(prefill.product_type == ProductType::Cashier),
        recurring_allowed: Some(recurring),
        partial_capture_allowed: elsewhere.then_some(true),
        late_capture_allowed: elsewhere.then_some(false),
        landing_page_phone_number_locked: Some(false),
        long_living_payment_allowed: Some(false),
        credit_card_payment_allowed: Some(true),
    }
}
