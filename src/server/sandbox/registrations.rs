//! Who is told of which events: the webhook registrations of partners and of single sales units.

mod seeding;

use std::collections::HashMap;

use uuid::Uuid;

/// For whom a registration was made. The two kinds do not see each other and have quotas of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// All units of this partner, those to come as well.
    Partner(u16),
    /// The unit with this MSN.
    Unit(u32),
}

#[derive(Clone, Debug)]
pub struct Registration {
    pub id: Uuid,
    pub url: String,
    pub events: Vec<&'static str>,
}

/// Every event one can register for, by the API it comes from.
pub const EVENTS: [&str; 24] = [
    "epayments.payment.created.v1",
    "epayments.payment.aborted.v1",
    "epayments.payment.expired.v1",
    "epayments.payment.cancelled.v1",
    "epayments.payment.captured.v1",
    "epayments.payment.refunded.v1",
    "epayments.payment.authorized.v1",
    "epayments.payment.terminated.v1",
    "recurring.agreement-activated.v1",
    "recurring.agreement-rejected.v1",
    "recurring.agreement-stopped.v1",
    "recurring.agreement-expired.v1",
    "recurring.charge-reserved.v1",
    "recurring.charge-captured.v1",
    // With one l, unlike that of payments.
    "recurring.charge-canceled.v1",
    "recurring.charge-refunded.v1",
    "recurring.charge-failed.v1",
    "recurring.charge-creation-failed.v1",
    "login.merchant-initiated.ping.v1",
    CHECKED_IN,
    "donations.agreement.started.v1",
    "donations.agreement.stopped.v1",
    "donations.agreement.withdrawal-day-changed.v1",
    "donations.agreement.amount-changed.v1",
];
const CHECKED_IN: &str = "user.checked-in.v1";

/// How many registrations a scope may have for an event.
pub fn quota(event: &str) -> usize {
    if event == CHECKED_IN { 1 } else { 25 }
}

#[derive(Default)]
pub struct Registrations(HashMap<Scope, Vec<Registration>>);

impl Registrations {
    /// In the order they were made.
    pub fn of(&self, scope: Scope) -> &[Registration] {
        self.0.get(&scope).map_or(&[], Vec::as_slice)
    }

    /// Those of `events` that the scope cannot have one more of.
    pub fn used_up<'e>(&self, scope: Scope, events: &[&'e str]) -> Vec<&'e str> {
        let used = |event: &str| self.of(scope).iter().filter(|known| known.events.contains(&event)).count();
        events.iter().copied().filter(|event| used(event) >= quota(event)).collect()
    }

    pub fn add(&mut self, scope: Scope, registration: Registration) {
        self.0.entry(scope).or_default().push(registration);
    }

    /// False where the scope has none with that id.
    pub fn remove(&mut self, scope: Scope, id: Uuid) -> bool {
        let Some(list) = self.0.get_mut(&scope) else { return false };
        let before = list.len();
        list.retain(|registration| registration.id != id);
        list.len() < before
    }

    /// False where no scope has one with that id.
    pub fn forget(&mut self, id: Uuid) -> bool {
        let owner = self.0.iter().find(|(_, list)| list.iter().any(|registration| registration.id == id));
        owner.map(|(scope, _)| *scope).is_some_and(|scope| self.remove(scope, id))
    }
}
