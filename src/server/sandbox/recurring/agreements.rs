//! Agreements, and what may be done to them.

use time::{Date, Duration, OffsetDateTime};
use uuid::Uuid;

use super::charges::{Charge, ChargeState};

/// How long a customer may take to approve.
pub const APPROVED_WITHIN: Duration = Duration::minutes(10);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Pending,
    Active,
    Stopped(By),
    Expired,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    Merchant,
    User,
    Vipps,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pricing {
    Legacy { amount: i64 },
    Variable { suggested: i64, chosen: Option<i64> },
    Flexible,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// `YEAR`, `MONTH`, `WEEK` or `DAY`.
    pub unit: &'static str,
    pub count: i64,
}

#[derive(Clone, Debug)]
pub struct Campaign {
    pub price: i64,
    pub kind: CampaignKind,
}

#[derive(Clone, Debug)]
pub enum CampaignKind {
    Price { end: OffsetDateTime },
    Period { period: Period, end: OffsetDateTime },
    Event { date: OffsetDateTime, text: String },
}

#[derive(Clone, Debug)]
pub struct Agreement {
    /// Its place among its sales unit's agreements, of which its id is made.
    pub index: u32,
    pub id: String,
    pub uuid: Uuid,
    pub product_name: String,
    pub product_description: Option<String>,
    pub pricing: Pricing,
    pub currency: &'static str,
    pub interval: Option<Period>,
    pub campaign: Option<Campaign>,
    pub phone: Option<String>,
    /// Who the customer is, as a number.
    pub customer: i64,
    pub external_id: Option<String>,
    pub redirect_url: String,
    pub merchant_url: Option<String>,
    pub created: OffsetDateTime,
    pub start: Option<OffsetDateTime>,
    pub stop: Option<OffsetDateTime>,
    pub state: State,
    pub charges: Vec<Charge>,
}

impl State {
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Active => "ACTIVE",
            Self::Stopped(_) => "STOPPED",
            Self::Expired => "EXPIRED",
        }
    }

    /// In 2018 nothing expired: what nobody approved was stopped.
    pub fn word_of_2018(self) -> &'static str {
        match self {
            Self::Pending => "pendingUserApproval",
            Self::Active => "active",
            Self::Stopped(By::Merchant) => "stoppedByMerchant",
            Self::Stopped(By::User) => "stoppedByUser",
            Self::Stopped(By::Vipps) | Self::Expired => "stoppedByVipps",
        }
    }
}

impl Period {
    /// As the app says it.
    pub fn text(self) -> String {
        let unit = self.unit.to_lowercase();
        if self.count == 1 { format!("every {unit}") } else { format!("every {} {unit}s", self.count) }
    }

    /// The day after `from`, at most a few days off.
    pub fn after(self, from: OffsetDateTime) -> OffsetDateTime {
        let days = match self.unit {
            "YEAR" => 365,
            "MONTH" => 30,
            "WEEK" => 7,
            _ => 1,
        };
        from + Duration::days(days * self.count)
    }
}

impl Agreement {
    /// Lets happen what has happened by `now`.
    pub fn settle(&mut self, now: OffsetDateTime) {
        if self.state == State::Pending && now >= self.created + APPROVED_WITHIN {
            self.state = State::Expired;
            self.charges.iter_mut().for_each(|charge| charge.cancel(now));
        }
        if self.state == State::Active {
            let chosen = self.chosen_maximum();
            self.charges.iter_mut().for_each(|charge| charge.settle(chosen, now));
        }
    }

    /// The customer approves it, with a maximum where the pricing has one. False where it is too late.
    pub fn accept(&mut self, maximum: Option<i64>, now: OffsetDateTime) -> bool {
        if self.state != State::Pending {
            return false;
        }
        if let Pricing::Variable { suggested, chosen } = &mut self.pricing {
            *chosen = Some(maximum.unwrap_or(*suggested));
        }
        let chosen = self.chosen_maximum();
        let initial = self.charges.iter_mut().filter(|charge| charge.is_initial());
        initial.for_each(|charge| charge.process(chosen, now));
        // Who cannot pay the first time has no agreement.
        if self.charges.iter().any(|charge| charge.is_initial() && charge.state == ChargeState::Failed) {
            self.state = State::Expired;
        } else {
            self.state = State::Active;
            self.start = Some(now);
        }
        true
    }

    /// The customer says no. False where it is too late.
    pub fn reject(&mut self, now: OffsetDateTime) -> bool {
        self.state == State::Pending && {
            self.end(By::User, now);
            true
        }
    }

    /// False where there is nothing to stop.
    pub fn stop(&mut self, by: By, now: OffsetDateTime) -> bool {
        self.state == State::Active && {
            self.end(by, now);
            true
        }
    }

    fn end(&mut self, by: By, now: OffsetDateTime) {
        self.state = State::Stopped(by);
        self.stop = Some(now);
        self.charges.iter_mut().for_each(|charge| charge.cancel(now));
    }

    /// The most that may be charged in one interval; none where there is no limit.
    pub fn limit(&self) -> Option<i64> {
        match self.pricing {
            Pricing::Legacy { amount } => Some(amount * 5),
            Pricing::Variable { .. } | Pricing::Flexible => None,
        }
    }

    /// What charges on days near `due` come to.
    pub fn charged_around(&self, due: Date) -> i64 {
        let Some(interval) = self.interval else { return 0 };
        let span = interval.after(OffsetDateTime::UNIX_EPOCH) - OffsetDateTime::UNIX_EPOCH;
        let near = |charge: &&Charge| !charge.is_void() && (charge.due - due).abs() < span;
        self.charges.iter().filter(near).map(|charge| charge.amount).sum()
    }

    pub fn chosen_maximum(&self) -> Option<i64> {
        if let Pricing::Variable { chosen, .. } = self.pricing { chosen } else { None }
    }
}
