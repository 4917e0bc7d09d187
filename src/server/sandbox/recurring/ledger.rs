//! A sales unit's agreements: those it began with, what has become of some of them, and the new ones.

use std::collections::HashMap;

use time::OffsetDateTime;

use super::agreements::{APPROVED_WITHIN, Agreement, State};
use super::charges::Charge;
use super::ids;
use super::seeding::Seed;

pub struct Ledger {
    seed: Seed,
    /// Those that somebody has changed, and the new ones, by their index.
    changed: HashMap<u32, Agreement>,
    next: u32,
    /// Charges that have an id of the merchant's: the agreement's index.
    named: HashMap<String, u32>,
}

impl Ledger {
    pub fn new(seed: Seed) -> Self {
        Self { next: seed.count, seed, changed: HashMap::new(), named: HashMap::new() }
    }

    pub fn salt(&self) -> u64 {
        self.seed.salt
    }

    /// The index that the next agreement gets.
    pub fn next_index(&self) -> u32 {
        self.next
    }

    pub fn add(&mut self, agreement: Agreement) {
        self.next = self.next.max(agreement.index + 1);
        self.changed.insert(agreement.index, agreement);
    }

    /// As it is at `now`.
    pub fn get(&self, id: &str, now: OffsetDateTime) -> Option<Agreement> {
        self.at(ids::index_of(self.seed.salt, id)?, now)
    }

    /// To be changed, as it is at `now`.
    pub fn get_mut(&mut self, id: &str, now: OffsetDateTime) -> Option<&mut Agreement> {
        let index = ids::index_of(self.seed.salt, id)?;
        let agreement = self.at(index, now)?;
        Some(self.changed.entry(index).insert_entry(agreement).into_mut())
    }

    /// The agreement that a charge belongs to.
    pub fn of_charge(&self, id: &str, now: OffsetDateTime) -> Option<Agreement> {
        let index = self.named.get(id).copied().or_else(|| Some(ids::charge_of(self.seed.salt, id)?.0))?;
        self.at(index, now).filter(|agreement| agreement.charges.iter().any(|charge| charge.id == id))
    }

    /// Whether a charge has this id, which a merchant has chosen.
    pub fn is_taken(&self, id: &str) -> bool {
        self.named.contains_key(id)
    }

    /// The id of an agreement's next charge.
    pub fn charge_id(&self, agreement: &Agreement) -> String {
        ids::charge(self.seed.salt, agreement.index, agreement.charges.len() as u64)
    }

    /// Adds a charge to an agreement that has been looked up.
    pub fn add_charge(&mut self, id: &str, charge: Charge, now: OffsetDateTime) {
        let Some(agreement) = self.get_mut(id, now) else { return };
        let (index, charge_id) = (agreement.index, charge.id.clone());
        agreement.charges.push(charge);
        if ids::charge_of(self.seed.salt, &charge_id).is_none_or(|(of, _)| of != index) {
            self.named.insert(charge_id, index);
        }
    }

    /// Those whose state `wanted` picks and that were made after `after`, oldest first; `most` of them from `skip` on.
    pub fn list(
        &self,
        wanted: impl Fn(State) -> bool,
        after: Option<OffsetDateTime>,
        (skip, most): (usize, usize),
        now: OffsetDateTime,
    ) -> Vec<Agreement> {
        let listed = (0..self.next).filter(|index| {
            let (state, created) = self.state(*index, now);
            wanted(state) && after.is_none_or(|after| created > after)
        });
        listed.skip(skip).take(most).filter_map(|index| self.at(index, now)).collect()
    }

    /// Without making the whole agreement: lists pass over most of them.
    fn state(&self, index: u32, now: OffsetDateTime) -> (State, OffsetDateTime) {
        let (state, created) = match self.changed.get(&index) {
            Some(agreement) => (agreement.state, agreement.created),
            None => (self.seed.state(index), self.seed.created(index)),
        };
        let late = state == State::Pending && now >= created + APPROVED_WITHIN;
        (if late { State::Expired } else { state }, created)
    }

    fn at(&self, index: u32, now: OffsetDateTime) -> Option<Agreement> {
        let mut agreement = match self.changed.get(&index) {
            Some(agreement) => agreement.clone(),
            None if index < self.seed.count => self.seed.agreement(index),
            None => return None,
        };
        agreement.settle(now);
        Some(agreement)
    }
}
