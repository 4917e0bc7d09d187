//! What happens behind the callers' backs: for tests and demonstrations.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use time::OffsetDateTime;
use uuid::Uuid;

use super::exchange::Exchange;
use super::faults::Fault;
use super::keys::Regenerated;
use super::registrations::{Registration, Scope};
use super::world::Reach;
use super::{Call, Sandbox, locked};

/// A product order as its partner's orders have it; words are upstream's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SandboxOrder {
    pub id: String,
    /// None for the orders that the world began with.
    pub idempotency_key: Option<String>,
    pub kind: &'static str,
    pub status: &'static str,
    pub scheme: String,
    pub business_id: String,
    pub product_type: &'static str,
    /// Of the sales unit that it has become.
    pub msn: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SandboxWebhook {
    pub id: String,
    /// The unit it was registered for; none for all of the partner's units.
    pub msn: Option<String>,
    pub url: String,
    pub events: Vec<&'static str>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SandboxPricePackage {
    pub id: String,
    pub name: String,
    pub product_type: &'static str,
    pub market: &'static str,
    pub visible: bool,
}

/// How it behaves, and what was asked of it.
impl Sandbox {
    /// Replaces all faults; chance and rate limits begin anew.
    pub fn set_faults(&self, faults: Vec<Fault>) {
        self.faults.set(faults);
        self.limits.set_hidden(self.faults.hidden_limit());
    }

    /// Calls per second and client_id; 0 is no limit.
    pub fn set_rate_limit(&self, rate: f64) {
        self.limits.set_announced(rate);
    }

    /// The last 100 000 calls, oldest first.
    pub fn calls(&self) -> Vec<Call> {
        self.calls.all()
    }

    pub fn clear_calls(&self) {
        self.calls.clear();
    }

    /// Told of every call from now on, just before its answer is sent; replaces the one before.
    pub fn observe(&self, look: Arc<dyn Fn(&Exchange) + Send + Sync>) {
        self.observer.set(look);
    }

    /// Whether what was only proposed is there, from when it serves the next time.
    pub fn set_proposals(&self, offered: bool) {
        self.proposals.store(offered, Ordering::Relaxed);
    }

    /// An organisation gets a new secret or key in the place of one that is refused from now on; tokens live on.
    /// None where there is no such organisation.
    pub fn regenerate(&self, org_id: &str, what: Regenerated) -> Option<String> {
        Some(self.clients.by_org(org_id)?.regenerate(what))
    }

    /// Every token given so far is refused from now on.
    pub fn revoke_tokens(&self) {
        self.tokens.revoke_all();
    }
}

/// What happens to sales units.
impl Sandbox {
    /// Deactivates a sales unit. False where there is none with that MSN.
    pub fn hide(&self, msn: &str) -> bool {
        self.world_mut().set_active(msn, false)
    }

    /// Activates a sales unit again. False where there is none with that MSN.
    pub fn show(&self, msn: &str) -> bool {
        self.world_mut().set_active(msn, true)
    }

    /// Gives a sales unit another name. False where there is none with that MSN.
    pub fn rename(&self, msn: &str, name: &str) -> bool {
        self.world_mut().rename(msn, name)
    }
}

/// What becomes of product orders. Ids are written as the API writes them; what cannot happen to
/// an order in its present status does not, and the answer is false or none.
impl Sandbox {
    /// The merchant opens the link.
    pub fn view_order(&self, id: &str) -> bool {
        parsed(id).is_some_and(|id| self.orders().view(id, OffsetDateTime::now_utc()))
    }

    /// The merchant submits the form as it was prefilled.
    pub fn submit_order(&self, id: &str) -> bool {
        parsed(id).is_some_and(|id| self.orders().submit(id, None, OffsetDateTime::now_utc()))
    }

    /// The MSN of the new sales unit. Prefilled orders have to be submitted first.
    pub fn approve_order(&self, id: &str) -> Option<String> {
        let msn = self.orders().approve(parsed(id)?, &mut self.world_mut(), OffsetDateTime::now_utc())?;
        Some(msn.to_string())
    }

    /// Prefilled orders have to be submitted first.
    pub fn reject_order(&self, id: &str) -> bool {
        parsed(id).is_some_and(|id| self.orders().reject(id))
    }

    /// Fourteen days pass for this order.
    pub fn expire_order(&self, id: &str) -> bool {
        parsed(id).is_some_and(|id| self.orders().expire(id, OffsetDateTime::now_utc()))
    }

    /// The orders of all partners that exist, expired ones too, but none that was deleted.
    pub fn order_count(&self) -> usize {
        self.orders().all().count()
    }

    /// A partner's orders as [`Self::order_count`] counts them, oldest first; none of anybody else.
    pub fn orders_of(&self, org_id: &str) -> Vec<SandboxOrder> {
        let Some(partner) = self.partner(org_id) else { return Vec::new() };
        let now = OffsetDateTime::now_utc();
        let orders = self.orders();
        let told = orders.of(partner).map(|order| SandboxOrder {
            id: order.id.to_string(),
            idempotency_key: order.idempotency_key.clone(),
            kind: order.kind.word(),
            status: order.status(now).word(),
            scheme: order.prefill.business.scheme.clone(),
            business_id: order.prefill.business.id.clone(),
            product_type: order.prefill.product_type.word(),
            msn: order.msn.map(|msn| msn.to_string()),
        });
        told.collect()
    }

    /// A partner's price packages in the order of the API; none of anybody else.
    pub fn price_packages_of(&self, org_id: &str) -> Vec<SandboxPricePackage> {
        let packages = self.partner(org_id).map_or(&[][..], |partner| self.packages.of(partner));
        let told = packages.iter().map(|package| SandboxPricePackage {
            id: package.id.to_string(),
            name: package.name.clone(),
            product_type: package.product_type.word(),
            market: package.market.code(),
            visible: package.visible,
        });
        told.collect()
    }
}

/// What becomes of agreements and charges.
impl Sandbox {
    /// The clock of the Recurring API goes ahead.
    pub fn let_days_pass(&self, days: i64) {
        self.recurring.let_pass(time::Duration::days(days));
    }

    /// Calls of the Recurring API per second and client_id; 0 is no limit.
    pub fn set_recurring_rate_limit(&self, most: usize) {
        self.recurring.set_limit(most);
    }

    /// The customer approves. False where it is too late, none where there is no such agreement.
    pub fn accept_agreement(&self, msn: &str, id: &str) -> Option<bool> {
        self.change_agreement(msn.parse().ok()?, id, |agreement, now| agreement.accept(None, now))
    }

    /// The customer says no. False where it is too late, none where there is no such agreement.
    pub fn reject_agreement(&self, msn: &str, id: &str) -> Option<bool> {
        self.change_agreement(msn.parse().ok()?, id, super::recurring::agreements::Agreement::reject)
    }
}

/// What becomes of webhooks.
impl Sandbox {
    /// Deletes a registration silently, as upstream does when nobody answers for two weeks.
    pub fn forget_webhook(&self, id: &str) -> bool {
        parsed(id).is_some_and(|id| locked(&self.webhooks).forget(id))
    }

    /// A partner's registrations for all units, then those of its active units in order of MSN.
    pub fn webhooks_of(&self, org_id: &str) -> Vec<SandboxWebhook> {
        let Some(partner) = self.partner(org_id) else { return Vec::new() };
        let world = self.world();
        let webhooks = locked(&self.webhooks);
        let told = |scope: Scope, msn: Option<u32>| -> Vec<SandboxWebhook> {
            let told = |webhook: &Registration| SandboxWebhook {
                id: webhook.id.to_string(),
                msn: msn.map(|msn| msn.to_string()),
                url: webhook.url.clone(),
                events: webhook.events.clone(),
            };
            webhooks.of(scope).iter().map(told).collect()
        };
        let mut list = told(Scope::Partner(partner), None);
        for unit in world.units(Reach::Partner(partner)) {
            list.extend(told(Scope::Unit(unit.msn), Some(unit.msn)));
        }
        list
    }

    fn partner(&self, org_id: &str) -> Option<u16> {
        match self.clients.by_org(org_id)?.reach {
            Reach::Partner(partner) => Some(partner),
            Reach::Unit(_) => None,
        }
    }
}

fn parsed(id: &str) -> Option<Uuid> {
    Uuid::parse_str(id).ok()
}
