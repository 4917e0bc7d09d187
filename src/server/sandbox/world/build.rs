//! Makes a world from a seed: the same seed and sizes always give the same world.

use std::collections::{HashMap, HashSet};

use fastrand::Rng;

use super::{Address, CaptureType, Configuration, Merchant, Moment, SalesUnit, World};
use crate::domain::identifiers::{Market, check_digit_11};
use crate::server::sandbox::names::{self, Country, Place};

/// MSNs in this range stand for faults and are given to no unit.
pub const RESERVED_MSNS: std::ops::RangeInclusive<u32> = 900_000..=900_999;
const DAY: i64 = 86_400_000_000;
/// 2015-05-30, the first day of Vipps.
const FIRST_DAY: i64 = 16_585;
const DAYS: i64 = 4_000;

impl World {
    /// `merchants` is brought between one and the number of units.
    pub fn build(partners: u16, units: u32, merchants: u32, seed: u64) -> Self {
        let merchants = merchants.clamp(units.min(1), units);
        let mut builder = Builder {
            rng: Rng::with_seed(seed),
            shares: shares(partners),
            given: vec![0; usize::from(partners)],
            identifiers: HashSet::new(),
            world: Self {
                merchants: Vec::with_capacity(merchants as usize),
                units: Vec::with_capacity(units as usize),
                unit_by_msn: HashMap::with_capacity(units as usize),
                merchant_by_identifier: HashMap::with_capacity(merchants as usize),
                units_of_partner: vec![Vec::new(); usize::from(partners)],
            },
        };
        let sizes = sizes(&mut builder.rng, units, merchants);
        for (index, size) in sizes.into_iter().enumerate() {
            builder.add_merchant(index, size);
        }
        builder.finish()
    }
}

struct Builder {
    rng: Rng,
    /// Per partner: its part of all units.
    shares: Vec<f64>,
    /// Per partner: the units given to it so far.
    given: Vec<u32>,
    identifiers: HashSet<(&'static str, u32)>,
    world: World,
}

/// The first partner has most units, the second a good part, the others little.
fn shares(partners: u16) -> Vec<f64> {
    let weights: Vec<f64> =
        (0..partners).map(|partner| [70.0, 20.0, 10.0].get(usize::from(partner)).copied().unwrap_or(3.0)).collect();
    let sum: f64 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / sum).collect()
}

/// How many units each merchant has: a few chains first, then ever smaller ones, at least one each.
fn sizes(rng: &mut Rng, units: u32, merchants: u32) -> Vec<u32> {
    let mut sizes = vec![1; merchants as usize];
    let mut left = units - merchants;
    let chains = (merchants / 150).clamp(1, 60).min(merchants) as usize;
    for size in &mut sizes[..chains] {
        let more = (50 + rng.u32(0..40)).min(left / 6);
        *size += more;
        left -= more;
    }
    for _ in 0..left {
        // Squared, so that earlier merchants get more: a long tail.
        let at = rng.f64().powi(2) * f64::from(merchants);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below the number of merchants")]
        let at = at as usize;
        sizes[at.min(merchants as usize - 1)] += 1;
    }
    sizes
}

impl Builder {
    fn add_merchant(&mut self, index: usize, size: u32) {
        let partner = if size >= 10 { self.neediest_partner(size) } else { self.any_partner() };
        let other = (size > 1 && self.rng.u8(..) < 26).then(|| self.any_partner());
        let (brand, market, club) = self.brand(index, partner);
        let country = names::country(market);
        // Known chains begin in a known place, so that demonstrations and their keys find them.
        let chain = index < names::CHAINS.len();
        let home = if chain { 0 } else { self.rng.usize(..country.places.len()) };
        let created = FIRST_DAY + self.rng.i64(0..DAYS);
        let updated = created + self.rng.i64(0..FIRST_DAY + DAYS - created);
        let post_address = match self.rng.u8(0..10) {
            0..6 => None,
            6..9 => Some(self.post_box(country, &country.places[home])),
            _ => Some(self.street_address(country, &country.places[home])),
        };
        let number = self.identifier(market);
        let at = number_of(self.world.merchants.len());
        let merchant = Merchant {
            name: self.legal_name(&brand, club, country, &country.places[home], chain).into(),
            market,
            number,
            business_address: (self.rng.u8(0..100) > 0).then(|| self.street_address(country, &country.places[home])),
            post_address,
            created: self.moment(created),
            updated: self.moment(updated),
            units: (0..size).map(|unit| number_of(self.world.units.len()) + unit).collect(),
        };
        self.world.merchant_by_identifier.insert((market.scheme(), number), at);
        self.world.merchants.push(merchant);
        for unit in 0..size {
            let partner = other.filter(|_| self.rng.u8(0..10) < 3).unwrap_or(partner);
            let name = self.unit_name(&brand, country, home, unit, size);
            self.add_unit(at, partner, name, market);
        }
    }

    fn add_unit(&mut self, merchant: u32, partner: u16, name: String, market: Market) {
        let msn = self.msn();
        self.world.unit_by_msn.insert(msn, number_of(self.world.units.len()));
        let configuration = self.configuration(market);
        self.world.units.push(SalesUnit { msn, name: name.into(), configuration, merchant, partner, active: true });
        self.given[usize::from(partner)] += 1;
    }

    fn finish(mut self) -> World {
        for partner in 0..number_of(self.given.len()) {
            self.give_something_to(u16::try_from(partner).unwrap_or_default());
        }
        for (index, unit) in self.world.units.iter().enumerate() {
            self.world.units_of_partner[usize::from(unit.partner)].push(number_of(index));
        }
        for list in &mut self.world.units_of_partner {
            list.sort_unstable_by_key(|&index| self.world.units[index as usize].msn);
        }
        self.world
    }

    /// In a small world chance may leave a partner with nothing to show.
    fn give_something_to(&mut self, partner: u16) {
        if self.given[usize::from(partner)] > 0 {
            return;
        }
        let given = &mut self.given;
        if let Some(unit) = self.world.units.iter_mut().rev().find(|unit| given[usize::from(unit.partner)] > 1) {
            given[usize::from(unit.partner)] -= 1;
            given[usize::from(partner)] += 1;
            unit.partner = partner;
        }
    }

    /// The partner furthest below its share; keeps a big chain from turning the shares over.
    fn neediest_partner(&self, size: u32) -> u16 {
        let total = f64::from(self.given.iter().sum::<u32>() + size);
        let missing = |partner: usize| self.shares[partner] * total - f64::from(self.given[partner]);
        let best = (0..self.shares.len()).max_by(|&a, &b| missing(a).total_cmp(&missing(b)).then(b.cmp(&a)));
        best.and_then(|partner| u16::try_from(partner).ok()).unwrap_or_default()
    }

    fn any_partner(&mut self) -> u16 {
        let mut at = self.rng.f64();
        for (partner, share) in (0u16..).zip(&self.shares) {
            at -= share;
            if at < 0.0 {
                return partner;
            }
        }
        0
    }

    /// The name on the sign, its market, and whether it is a club.
    fn brand(&mut self, index: usize, partner: u16) -> (String, Market, bool) {
        let given = names::CHAINS.iter().chain(names::ODDITIES).nth(index);
        if let Some(&(brand, market)) = given {
            return (brand.to_owned(), market, false);
        }
        // Partners mostly serve the country they come from.
        let home = Market::ALL[usize::from(partner) % Market::ALL.len()];
        let market = if self.rng.u8(0..100) < 70 { home } else { Market::ALL[self.rng.usize(..Market::ALL.len())] };
        let country = names::country(market);
        let trade = &country.trades[self.rng.usize(..country.trades.len())];
        let word = country.words[self.rng.usize(..country.words.len())];
        let surname = country.surnames[self.rng.usize(..country.surnames.len())];
        (trade.pattern.replace("{w}", word).replace("{n}", surname), market, trade.club)
    }

    fn legal_name(&mut self, brand: &str, club: bool, country: &Country, home: &Place, chain: bool) -> String {
        let form = country.company_forms[self.rng.usize(..country.company_forms.len())];
        match (club, self.rng.bool() && !chain) {
            (true, true) => at_most_50(brand, &[home.name]),
            (true, false) => at_most_50(brand, &[]),
            (false, true) => at_most_50(brand, &[home.name, form]),
            (false, false) => at_most_50(brand, &[form]),
        }
    }

    fn unit_name(&mut self, brand: &str, country: &Country, home: usize, unit: u32, size: u32) -> String {
        if size == 1 && self.rng.bool() {
            return at_most_50(brand, &[]);
        }
        if unit > 0 && unit == size - 1 && self.rng.u8(0..100) < 20 {
            return at_most_50(brand, &[country.webshop]);
        }
        let (unit, places) = (unit as usize, country.places.len());
        let place = country.places[(home + unit) % places].name;
        let round = unit / places;
        let number = (round / country.corners.len() > 0).then(|| (round / country.corners.len() + 1).to_string());
        at_most_50(
            brand,
            &[place, country.corners[round % country.corners.len()], number.as_deref().unwrap_or_default()],
        )
    }

    fn identifier(&mut self, market: Market) -> u32 {
        loop {
            let number = any_identifier(&mut self.rng, market);
            if self.identifiers.insert((market.scheme(), number)) {
                return number;
            }
        }
    }

    /// A new serial number: mostly six digits, some five, some seven.
    fn msn(&mut self) -> u32 {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let msn = match self.rng.u8(0..100) {
                0..6 if attempt < 5 => self.rng.u32(10_000..=99_999),
                6..88 if attempt < 9 => self.rng.u32(100_000..=999_999),
                _ => self.rng.u32(1_000_000..=9_999_999),
            };
            if !RESERVED_MSNS.contains(&msn) && !self.world.unit_by_msn.contains_key(&msn) {
                return msn;
            }
        }
    }

    fn configuration(&mut self, market: Market) -> Configuration {
        let chance = |rng: &mut Rng, percent: u8| rng.u8(0..100) < percent;
        // Now and then upstream leaves a property out.
        let flag = |rng: &mut Rng, percent: u8| (!chance(rng, 4)).then(|| chance(rng, percent));
        let rng = &mut self.rng;
        if chance(rng, 3) {
            return Configuration {
                payment_allowed: Some(false),
                capture_type: Some(CaptureType::NotApplicable),
                ..Configuration::default()
            };
        }
        let capture_type = match rng.u8(0..100) {
            0..3 => None,
            3..38 => Some(CaptureType::DirectCapture),
            _ => Some(CaptureType::ReserveCapture),
        };
        let older = Configuration {
            payment_allowed: (!chance(rng, 4)).then_some(true),
            capture_type,
            skip_landing_page_allowed: flag(rng, 15),
            recurring_allowed: flag(rng, 25),
            ..Configuration::default()
        };
        // One unit in ten has never been saved since the newer properties came.
        if chance(rng, 10) {
            return older;
        }
        let elsewhere = market != Market::Norway;
        Configuration {
            partial_capture_allowed: elsewhere.then(|| flag(rng, 60)).flatten(),
            late_capture_allowed: elsewhere.then(|| flag(rng, 20)).flatten(),
            landing_page_phone_number_locked: flag(rng, 8),
            long_living_payment_allowed: flag(rng, 30),
            credit_card_payment_allowed: flag(rng, 85),
            ..older
        }
    }

    fn street_address(&mut self, country: &Country, place: &'static Place) -> Address {
        let street = country.streets[self.rng.usize(..country.streets.len())];
        let number = self.rng.u8(1..=140);
        let letter = ["", "", "", "A", "B"][self.rng.usize(..5)];
        let line = (self.rng.u8(0..100) > 1).then(|| format!("{street} {number}{letter}").into());
        Address { line, place, has_post_code: self.rng.u8(0..100) > 1 }
    }

    fn post_box(&mut self, country: &Country, place: &'static Place) -> Address {
        let line = format!("{} {}", country.post_box, self.rng.u16(1..=2_500)).into();
        Address { line: Some(line), place, has_post_code: true }
    }

    fn moment(&mut self, day: i64) -> Moment {
        Moment(day * DAY + self.rng.i64(0..DAY))
    }
}

/// A business identifier with a right check digit, all digits as one number.
pub fn any_identifier(rng: &mut Rng, market: Market) -> u32 {
    loop {
        let (stem, check) = match market {
            Market::Norway => {
                let stem = rng.u32(81_000_000..=99_999_999);
                (stem, check_digit_11(&digits(stem, 8), &[3, 2, 7, 6, 5, 4, 3, 2]))
            }
            Market::Denmark => {
                let stem = rng.u32(1_000_000..=4_599_999);
                (stem, check_digit_11(&digits(stem, 7), &[2, 7, 6, 5, 4, 3, 2]))
            }
            Market::Finland => {
                let stem = rng.u32(100_000..=3_499_999);
                (stem, check_digit_11(&digits(stem, 7), &[7, 9, 10, 5, 8, 4, 2]))
            }
        };
        if let Some(check) = check {
            return stem * 10 + check;
        }
    }
}

pub fn number_of(length: usize) -> u32 {
    u32::try_from(length).expect("a world has fewer than four thousand million parts")
}

pub fn digits(number: u32, length: u32) -> Vec<u32> {
    (0..length).rev().map(|place| number / 10u32.pow(place) % 10).collect()
}

/// Upstream's names have 50 characters at most; what does not fit any more is left away.
pub fn at_most_50(brand: &str, parts: &[&str]) -> String {
    let mut name: String = brand.chars().take(50).collect();
    for part in parts.iter().filter(|part| !part.is_empty()) {
        if name.chars().count() + 1 + part.chars().count() <= 50 {
            name.push(' ');
            name.push_str(part);
        }
    }
    name
}
