//! The agreements that a sales unit begins with. Each is made from its place alone whenever it is asked for, so that
//! a hundred thousand of them take no room.

use fastrand::Rng;
use time::{Date, Duration, OffsetDateTime};

use super::agreements::{Agreement, By, Campaign, CampaignKind, Period, Pricing, State};
use super::charges::{Charge, ChargeState, Fate, Reason};
use super::ids;
use crate::domain::identifiers::Market;

/// The newest few wait for their customers.
const WAITING: u32 = 3;
/// What each sales unit's agreements are spread over.
const YEARS: i64 = 3;
const MOST_CHARGES: i64 = 14;

pub struct Seed {
    pub seed: u64,
    pub salt: u64,
    pub count: u32,
    pub market: Market,
    /// When the world began.
    pub began: OffsetDateTime,
}

struct Product {
    name: &'static str,
    description: &'static str,
    price: i64,
    unit: &'static str,
    count: i64,
}

const fn product(name: &'static str, description: &'static str, price: i64, unit: &'static str, count: i64) -> Product {
    Product { name, description, price, unit, count }
}

const NORWAY: [Product; 10] = [
    product("Blåbær kaffeklubb", "Nybrent kaffe hjem hver måned", 24_900, "MONTH", 1),
    product("Kaffekort ubegrenset", "Så mange kopper du orker", 39_900, "MONTH", 1),
    product("Avisen digital", "Hele avisen på nett og i app", 24_900, "MONTH", 1),
    product("Ukens grønnsakskasse", "Økologisk fra gårder på Østlandet", 32_900, "WEEK", 1),
    product("Trening hele døgnet", "Medlemskap uten bindingstid", 44_900, "MONTH", 1),
    product("Parkering Løren", "Fast plass i kjelleren", 149_000, "MONTH", 1),
    product("Sykkelvask", "Vask og smøring", 9_900, "WEEK", 2),
    product("Støttemedlem", "Støtt idrettslaget ditt", 60_000, "YEAR", 1),
    product("Barnehageplass Ås", "Kost og opphold", 319_500, "MONTH", 1),
    product("Strømming pluss", "Filmer, serier og sport", 11_900, "MONTH", 1),
];
const DENMARK: [Product; 7] = [
    product("Smørrebrød på fredag", "Tre stykker til kontoret", 18_900, "WEEK", 1),
    product("Kaffeabonnement", "Friskristet fra Ærø", 14_900, "MONTH", 1),
    product("Fitness Østerbro", "Fri træning", 29_900, "MONTH", 1),
    product("Bleer til døren", "Så mange I bruger", 22_900, "MONTH", 1),
    product("Avis i weekenden", "Lørdag og søndag", 9_900, "WEEK", 1),
    product("Cykelklub", "Kontingent", 75_000, "YEAR", 1),
    product("Musikskole", "Undervisning hver uge", 54_500, "MONTH", 1),
];
const FINLAND: [Product; 7] = [
    product("Kahvitilaus", "Vastapaahdettua kotiin", 1_590, "MONTH", 1),
    product("Saunavuoro", "Yhteissauna lauantaisin", 1_200, "WEEK", 1),
    product("Kuntosali Yö ja Päivä", "Jäsenyys ilman määräaikaa", 3_990, "MONTH", 1),
    product("Lähiruokakassi", "Luomua läheltä", 3_450, "WEEK", 2),
    product("Kausikortti", "Hiihtoladut ja kelkkamäki", 8_900, "YEAR", 1),
    product("Räksmörgås på torsdag", "Lunch i skärgården", 1_450, "WEEK", 1),
    product("Digilehti", "Koko lehti puhelimessa", 1_190, "MONTH", 1),
];

/// Which way the last charge of the first agreements has gone, so that there is one of each.
const LAST_CHARGES: [ChargeState; 11] = [
    ChargeState::Charged,
    ChargeState::Failed,
    ChargeState::Reserved,
    ChargeState::PartiallyCaptured,
    ChargeState::Refunded,
    ChargeState::PartiallyRefunded,
    ChargeState::Cancelled,
    ChargeState::Due,
    ChargeState::Processing,
    ChargeState::Pending,
    ChargeState::Charged,
];

impl Seed {
    /// The state that the agreement at `index` had when the world began.
    pub fn state(&self, index: u32) -> State {
        if index + WAITING >= self.count {
            return State::Pending;
        }
        match self.rng(index).u8(..100) {
            // The first ones are all shown with charges.
            _ if (index as usize) < LAST_CHARGES.len() => State::Active,
            0..72 => State::Active,
            72..84 => State::Stopped(By::User),
            84..92 => State::Stopped(By::Merchant),
            92..94 => State::Stopped(By::Vipps),
            _ => State::Expired,
        }
    }

    /// As it was when the world began; the older ones come first.
    pub fn agreement(&self, index: u32) -> Agreement {
        let state = self.state(index);
        let mut rng = self.rng(index);
        rng.u8(..);
        let products = match self.market {
            Market::Norway => &NORWAY[..],
            Market::Denmark => &DENMARK,
            Market::Finland => &FINLAND,
        };
        let product = &products[rng.usize(..products.len())];
        let created = self.created(index);
        let start =
            matches!(state, State::Active | State::Stopped(_)).then(|| created + Duration::seconds(rng.i64(20..500)));
        let stop = match (state, start) {
            (State::Stopped(_), Some(start)) => {
                let days = (self.began - start).whole_days().max(1);
                Some((start + Duration::days(rng.i64(0..days))).min(self.began))
            }
            _ => None,
        };
        let external_id = (rng.u8(..10) < 6).then(|| format!("kunde-{}", 10_000 + index));
        let mut agreement = Agreement {
            index,
            id: ids::agreement(self.salt, index),
            uuid: uuid::Builder::from_random_bytes(rng.u128(..).to_be_bytes()).into_uuid(),
            product_name: product.name.to_owned(),
            product_description: Some(product.description.to_owned()),
            pricing: self.pricing(&mut rng, product.price),
            currency: currency(self.market),
            interval: Some(Period { unit: product.unit, count: product.count }),
            campaign: self.campaign(&mut rng, product, created),
            phone: Some(self.phone(&mut rng)),
            customer: rng.i64(10_000..100_000_000),
            external_id,
            redirect_url: "https://example.com/takk".to_owned(),
            merchant_url: Some("https://example.com/min-side".to_owned()),
            created,
            start,
            stop,
            state,
            charges: Vec::new(),
        };
        agreement.charges = self.charges(&mut rng, &agreement);
        agreement
    }

    fn rng(&self, index: u32) -> Rng {
        Rng::with_seed((self.seed ^ self.salt).wrapping_add((u64::from(index) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)))
    }

    pub fn created(&self, index: u32) -> OffsetDateTime {
        if index + WAITING >= self.count {
            return self.began - Duration::seconds(30 + 60 * i64::from(self.count - 1 - index));
        }
        let span = Duration::days(365 * YEARS).whole_seconds();
        let age = span * i64::from(self.count - index) / i64::from(self.count.max(1));
        self.began - Duration::minutes(20) - Duration::seconds(age)
    }

    fn pricing(&self, rng: &mut Rng, price: i64) -> Pricing {
        match rng.u8(..20) {
            0 | 1 => Pricing::Variable { suggested: price * 2, chosen: Some(price * 2 + rng.i64(0..3) * price) },
            2 => Pricing::Flexible,
            _ => Pricing::Legacy { amount: price },
        }
    }

    fn campaign(&self, rng: &mut Rng, product: &Product, created: OffsetDateTime) -> Option<Campaign> {
        let end = created + Duration::days(28);
        let kind = match rng.u8(..16) {
            0 => CampaignKind::Price { end },
            1 => CampaignKind::Period { period: Period { unit: "WEEK", count: 4 }, end },
            2 => CampaignKind::Event { date: end, text: "fram til jul".to_owned() },
            _ => return None,
        };
        Some(Campaign { price: product.price / 1_000 * 100 + 100, kind })
    }

    fn phone(&self, rng: &mut Rng) -> String {
        match self.market {
            Market::Norway => format!("47{}", rng.u32(40_000_000..50_000_000)),
            Market::Denmark => format!("45{}", rng.u32(20_000_000..60_000_000)),
            Market::Finland => format!("35840{}", rng.u32(1_000_000..10_000_000)),
        }
    }

    fn charges(&self, rng: &mut Rng, agreement: &Agreement) -> Vec<Charge> {
        let (Some(start), Some(interval)) = (agreement.start, agreement.interval) else { return Vec::new() };
        let end = agreement.stop.unwrap_or(self.began);
        let price = match agreement.pricing {
            Pricing::Legacy { amount } => amount,
            Pricing::Variable { suggested, .. } => suggested / 2,
            Pricing::Flexible => rng.i64(20..200) * 100,
        };
        let mut days = Vec::new();
        let mut day = start + Duration::days(2);
        while day < end {
            days.push(day.date());
            day = interval.after(day);
        }
        // The latest ones: older ones are long settled.
        let skipped = days.len().saturating_sub(MOST_CHARGES.unsigned_abs() as usize);
        let mut charges: Vec<Charge> = days[skipped..]
            .iter()
            .enumerate()
            .map(|(number, &due)| self.past(rng, agreement, number, price, due))
            .collect();
        if agreement.state == State::Active {
            let special = LAST_CHARGES.get(agreement.index as usize).copied();
            let number = charges.len();
            let state = special.unwrap_or(ChargeState::Pending);
            charges.push(self.last(
                agreement,
                number,
                price,
                state,
                day.date().max(self.began.date() + Duration::days(3)),
            ));
        }
        charges
    }

    /// A charge of which all is known: mostly it was paid.
    fn past(&self, rng: &mut Rng, agreement: &Agreement, number: usize, price: i64, due: Date) -> Charge {
        let fate = match rng.u8(..100) {
            0..3 => Fate::Fails(Reason::UserActionRequired),
            3 => Fate::Fails(Reason::NonTechnicalError),
            4 => Fate::Fails(Reason::TechnicalError),
            5..12 => Fate::Paid { days_late: rng.i64(1..4) },
            _ => Fate::Paid { days_late: 0 },
        };
        let mut charge = self.charge(agreement, number, price, due, fate, false);
        // All tries are over, even of what was due yesterday.
        charge.process(None, due.with_time(time::macros::time!(7:05)).assume_utc());
        if charge.state == ChargeState::Charged && rng.u8(..100) < 3 {
            let part = if rng.bool() { price } else { (price / 200 * 100).max(1) };
            charge.refund(part, "refund", due.with_time(time::macros::time!(12:00)).assume_utc());
        }
        charge
    }

    /// The newest charge, in a state that was ordered.
    fn last(&self, agreement: &Agreement, number: usize, price: i64, state: ChargeState, later: Date) -> Charge {
        use ChargeState::{
            Cancelled, Due, Failed, PartiallyCaptured, PartiallyRefunded, Pending, Processing, Refunded, Reserved,
        };
        let today = self.began.date();
        let due = match state {
            Pending | Cancelled => later,
            Due => today,
            // Of today's the first try is at seven.
            Processing => today - Duration::days(1),
            _ => today - Duration::days(2),
        };
        let fate = match state {
            Failed => Fate::Fails(Reason::UserActionRequired),
            Due => Fate::Paid { days_late: 4 },
            Processing => Fate::Hangs,
            _ => Fate::Paid { days_late: 0 },
        };
        let mut charge =
            self.charge(agreement, number, price, due, fate, matches!(state, Reserved | PartiallyCaptured));
        let at = self.began - Duration::days(1);
        let half = (price / 200 * 100).max(1);
        match state {
            Pending | Due => {}
            Cancelled => charge.cancel_with("cancel", at),
            _ => charge.process(None, at),
        }
        match state {
            PartiallyCaptured => charge.capture(half, "capture", at),
            PartiallyRefunded => charge.refund(half, "refund", at),
            Refunded => charge.refund(price, "refund", at),
            _ => {}
        }
        charge
    }

    fn charge(
        &self,
        agreement: &Agreement,
        number: usize,
        price: i64,
        due: Date,
        fate: Fate,
        reserves: bool,
    ) -> Charge {
        let number = number as u64;
        let (id, transaction) =
            (ids::charge(self.salt, agreement.index, number), transaction(self.salt, agreement.index, number));
        let description = format!("{} {}", agreement.product_name, due.month());
        let mut charge =
            Charge { reserves, retry_days: 5, fate, ..Charge::pending(id, transaction, price, description, due) };
        let made = due.midnight().assume_utc() - Duration::days(4);
        charge.note("CREATE", price, format!("create-{}", charge.id), made.max(agreement.created));
        charge
    }
}

pub fn currency(market: Market) -> &'static str {
    match market {
        Market::Norway => "NOK",
        Market::Denmark => "DKK",
        Market::Finland => "EUR",
    }
}

/// Ten digits and more.
pub fn transaction(salt: u64, index: u32, number: u64) -> u64 {
    5_000_000_000 + (salt % 1_000) * 10_000_000_000 + u64::from(index) * ids::CHARGES + number
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use time::macros::datetime;

    use super::*;

    #[test]
    fn there_is_a_charge_in_each_state_at_any_hour() {
        for hour in 0..24 {
            let began = datetime!(2026-12-01 0:30 UTC) + Duration::hours(hour);
            let seed = Seed { seed: 1, salt: 1, count: 60, market: Market::Norway, began };
            let charges = (0..60).flat_map(|index| seed.agreement(index).charges).map(|mut charge| {
                charge.settle(None, began);
                charge.state.word()
            });
            let states: HashSet<_> = charges.collect();
            assert_eq!(states.len(), 10, "{began}: {states:?}");
        }
    }
}
