//! The registrations that a world begins with: tidy ones, doubled ones, and some from older times.

use fastrand::Rng;
use uuid::Uuid;

use super::{EVENTS, Registration, Registrations, Scope};
use crate::server::sandbox::world::{Reach, World};

/// One unit in so many has registrations of its own.
const UNITS_PER_OWNER: usize = 25;
/// One short of the quota.
const NEARLY_ALL: usize = 24;

impl Registrations {
    /// The same seed always gives the same ones. `hosts` are the partners' own, one for each.
    pub fn seeded(world: &World, hosts: &[String], seed: u64) -> Self {
        let mut registrations = Self::default();
        for (partner, host) in (0..).zip(hosts) {
            let mut rng = Rng::with_seed(seed ^ (u64::from(partner) + 1).wrapping_mul(0xa076_1d64_78bd_642f));
            registrations.add_wide(&mut rng, partner, host);
            let mut msns: Vec<u32> = world.units(Reach::Partner(partner)).map(|unit| unit.msn).collect();
            rng.shuffle(&mut msns);
            let owners = msns.len().div_ceil(UNITS_PER_OWNER).max(2);
            for (index, msn) in msns.into_iter().take(owners).enumerate() {
                registrations.add_own(&mut rng, index, msn, host);
            }
        }
        registrations
    }

    fn add_wide(&mut self, rng: &mut Rng, partner: u16, host: &str) {
        let payments = registration(rng, format!("https://hooks.{host}/vipps/payments"), &EVENTS[..8]);
        let agreements = registration(rng, format!("https://hooks.{host}/vipps/recurring"), &EVENTS[8..18]);
        // The same event to two addresses.
        let accounts = registration(rng, format!("https://accounts.{host}:8080/vipps"), &EVENTS[4..6]);
        let third = rng.bool().then_some(accounts);
        for registration in [payments, agreements].into_iter().chain(third) {
            self.add(Scope::Partner(partner), registration);
        }
    }

    fn add_own(&mut self, rng: &mut Rng, index: usize, msn: u32, host: &str) {
        let url = format!("https://shop-{msn}.example/vipps/webhook");
        match index {
            0 => {
                for till in 1..=NEARLY_ALL {
                    let url = format!("https://till-{till}.{host}/vipps/{msn}");
                    self.add(Scope::Unit(msn), registration(rng, url, &EVENTS[4..5]));
                }
            }
            1 => {
                let url = format!("http://old-till.{host}/vipps/{msn}");
                self.add(Scope::Unit(msn), registration(rng, url, &EVENTS[4..6]));
            }
            _ => {
                let events = match rng.u8(0..10) {
                    0..5 => &EVENTS[..8],
                    5..7 => &EVENTS[4..7],
                    7 => &EVENTS[8..18],
                    8 => &EVENTS[18..19],
                    _ => &EVENTS[19..20],
                };
                self.add(Scope::Unit(msn), registration(rng, url.clone(), events));
                // Registered twice by mistake, as happens when a secret was lost.
                if index % 8 == 2 && events.len() > 1 {
                    self.add(Scope::Unit(msn), registration(rng, url, &events[..2]));
                }
            }
        }
    }
}

fn registration(rng: &mut Rng, url: String, events: &[&'static str]) -> Registration {
    let id: Uuid = uuid::Builder::from_random_bytes(rng.u128(..).to_be_bytes()).into_uuid();
    Registration { id, url, events: events.to_vec() }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn seeded(units: u32, seed: u64) -> (World, Registrations) {
        let world = World::build(3, units, units / 3, 1);
        let hosts = ["a.example", "b.example", "c.example"].map(str::to_owned);
        let registrations = Registrations::seeded(&world, &hosts, seed);
        (world, registrations)
    }

    #[test]
    fn partners_and_some_of_their_units_have_registrations() {
        let (world, registrations) = seeded(2000, 1);
        let mut ids = HashSet::new();
        for partner in 0..3 {
            let wide = registrations.of(Scope::Partner(partner));
            assert!((2..=3).contains(&wide.len()));
            let (mut owners, mut doubled, mut plain, mut nearly) = (0, 0, 0, 0);
            for unit in world.units(Reach::Partner(partner)) {
                let own = registrations.of(Scope::Unit(unit.msn));
                owners += usize::from(!own.is_empty());
                plain += own.iter().filter(|registration| registration.url.starts_with("http:")).count();
                nearly += usize::from(own.len() == NEARLY_ALL);
                let pairs: HashSet<(&str, &str)> =
                    own.iter().flat_map(|one| one.events.iter().map(|event| (one.url.as_str(), *event))).collect();
                doubled += usize::from(pairs.len() < own.iter().map(|one| one.events.len()).sum());
                assert!(registrations.used_up(Scope::Unit(unit.msn), &EVENTS[..8]).is_empty());
                assert!(own.iter().all(|registration| ids.insert(registration.id)));
            }
            let units = world.units(Reach::Partner(partner)).count();
            assert_eq!(owners, units.div_ceil(UNITS_PER_OWNER));
            assert_eq!((plain, nearly), (1, 1));
            assert!(doubled > 0, "partner {partner}");
        }
    }

    #[test]
    fn a_seed_always_gives_the_same_registrations() {
        let told = |seed| {
            let (world, registrations) = seeded(300, seed);
            let units = world.units(Reach::Partner(0)).flat_map(|unit| registrations.of(Scope::Unit(unit.msn)));
            units.map(|registration| format!("{} {}", registration.id, registration.url)).collect::<Vec<_>>()
        };
        assert_eq!(told(1), told(1));
        assert_ne!(told(1), told(2));
    }
}
