use std::collections::HashSet;
use std::time::Instant;

use super::*;
use crate::domain::identifiers::{BusinessIdentifier, CheckDigit};

fn described(world: &World) -> Vec<String> {
    let units = world.units.iter().map(|unit| {
        let merchant = world.merchant_of(unit);
        format!("{} {} {} {} {}", unit.msn, unit.name, unit.partner, merchant.name, merchant.identifier())
    });
    units.collect()
}

#[test]
fn a_seed_always_gives_the_same_world() {
    let one = described(&World::build(3, 2000, 666, 1));
    assert_eq!(one, described(&World::build(3, 2000, 666, 1)));
    assert_ne!(one, described(&World::build(3, 2000, 666, 2)));
}

#[test]
fn numbers_are_right_and_unique() {
    let world = World::build(3, 20_000, 6_000, 5);
    let mut identifiers = HashSet::new();
    for merchant in &world.merchants {
        let identifier = BusinessIdentifier::new(merchant.scheme(), merchant.identifier());
        assert_eq!(identifier.check_digit(), CheckDigit::Right, "{identifier:?}");
        assert!((1..=50).contains(&merchant.name.chars().count()), "{}", merchant.name);
        assert!(merchant.created.0 <= merchant.updated.0 + 86_400_000_000);
        assert!(identifiers.insert(identifier));
    }
    let msns: HashSet<u32> = world.units.iter().map(|unit| unit.msn).collect();
    assert_eq!(msns.len(), 20_000);
    assert!(msns.iter().all(|msn| (10_000..10_000_000).contains(msn) && !(900_000..901_000).contains(msn)));
    let digits = |length: usize| msns.iter().filter(|msn| msn.to_string().len() == length).count();
    assert!(digits(6) > 15_000 && digits(5) > 500 && digits(7) > 1000);
    assert!(world.units.iter().all(|unit| (1..=50).contains(&unit.name.chars().count())));
}

#[test]
fn units_are_spread_as_in_life() {
    let world = World::build(3, 20_000, 6_000, 1);
    let part = |partner: usize| world.units_of_partner[partner].len() as f64 / 20_000.0;
    assert!((0.64..0.76).contains(&part(0)), "{}", part(0));
    assert!((0.15..0.25).contains(&part(1)), "{}", part(1));
    assert!((0.05..0.15).contains(&part(2)), "{}", part(2));
    let sizes: Vec<usize> = world.merchants.iter().map(Merchant::unit_count).collect();
    assert!(sizes.iter().filter(|&&size| size >= 50).count() >= 5);
    assert!(sizes.iter().filter(|&&size| size == 1).count() > 1000);
    let two_partners = world.merchants.iter().filter(|merchant| {
        let partners: HashSet<u16> = merchant.units.iter().map(|&unit| world.units[unit as usize].partner).collect();
        partners.len() > 1
    });
    assert!(two_partners.count() > 50);
    let kaffe = world.units.iter().filter(|unit| unit.name.to_lowercase().contains("kaffe")).count();
    assert!((2_000..8_000).contains(&kaffe), "{kaffe} names with kaffe");
    assert!(world.units.iter().any(|unit| &*unit.name == "Blåbær Kaffe Majorstuen"));
    assert!(world.merchants.iter().any(|merchant| merchant.post_address.is_none()));
    for market in Market::ALL {
        assert!(world.merchants.iter().filter(|merchant| merchant.market == market).count() > 500);
    }
}

#[test]
fn configurations_follow_the_market() {
    let world = World::build(3, 5_000, 1_600, 1);
    let mut known = 0;
    for unit in &world.units {
        let configuration = unit.configuration;
        let partial_or_late = configuration.partial_capture_allowed.or(configuration.late_capture_allowed);
        if world.merchant_of(unit).market == Market::Norway {
            assert!(partial_or_late.is_none());
        } else {
            known += usize::from(partial_or_late.is_some());
        }
    }
    assert!(known > 500);
    let login_only = world.units.iter().filter(|unit| unit.configuration.payment_allowed == Some(false)).count();
    assert!((50..400).contains(&login_only), "{login_only}");
    assert!(world.units.iter().any(|unit| unit.configuration.capture_type.is_none()));
}

#[test]
fn odd_sizes_work() {
    for (partners, units, merchants) in
        [(1, 0, 0), (1, 0, 9), (3, 1, 1), (3, 3, 3), (3, 5, 100), (9, 20, 0), (2, 700, 1)]
    {
        let world = World::build(partners, units, merchants, 1);
        assert_eq!(world.units.len(), units as usize);
        assert!(world.merchants.len() <= world.units.len() && (units == 0 || !world.merchants.is_empty()));
        if units >= u32::from(partners) {
            assert!(world.units_of_partner.iter().all(|list| !list.is_empty()), "{partners} {units} {merchants}");
        }
    }
}

#[test]
fn a_hundred_thousand_units_are_quick_and_small() {
    let start = Instant::now();
    let world = World::build(3, 100_000, 33_333, 1);
    let took = start.elapsed();
    eprintln!("100 000 units built in {took:?}");
    assert!(took.as_secs_f64() < 4.0, "{took:?}; two seconds on an idle machine");
    let names: usize = world.units.iter().map(|unit| unit.name.len()).sum();
    let units = world.units.len() * size_of::<SalesUnit>() + names;
    let merchants = world.merchants.len() * (size_of::<Merchant>() + 120);
    assert!(units + merchants < 30_000_000, "{units} + {merchants} bytes");
}
