//! An agreement: a customer's consent to be charged again and again, given in the app.

pub mod change;
pub mod draft;
pub mod form;
mod terms;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::charge::Outlook;
use super::identifiers::Msn;
use super::phone_number::PhoneNumber;
use super::standing::{State, Told};

pub use self::terms::{Campaign, CampaignKind, Interval, Pricing, TimeUnit};

/// Which Recurring API an upstream speaks. They show the same agreements in different words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RecurringVersion {
    /// The first one, of 2018: five words for agreements, no reservations, refunds of the whole charge only.
    V1,
    V3,
}

impl RecurringVersion {
    pub const ALL: [Self; 2] = [Self::V1, Self::V3];

    pub fn word(self) -> &'static str {
        match self {
            Self::V1 => "v1",
            Self::V3 => "v3",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|version| version.word() == word)
    }

    pub fn label(self) -> &'static str {
        match self {
            Self::V1 => "Version 1, of 2018",
            Self::V3 => "Version 3, today's",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum AgreementState {
    Pending,
    Active,
    Stopped,
    Expired,
}

impl State for AgreementState {
    const ALL: &'static [Self] = &[Self::Pending, Self::Active, Self::Stopped, Self::Expired];
    const NO_STATE: &'static [&'static str] = &["unknown"];

    fn read(plain: &str) -> Option<Self> {
        match plain {
            "pending" | "pendinguserapproval" => Some(Self::Pending),
            "active" => Some(Self::Active),
            "stopped" | "stoppedbymerchant" | "stoppedbyuser" | "stoppedbyvipps" => Some(Self::Stopped),
            "expired" => Some(Self::Expired),
            _ => None,
        }
    }

    fn upstream(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Active => "ACTIVE",
            Self::Stopped => "STOPPED",
            Self::Expired => "EXPIRED",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Pending => "Waiting for the customer",
            Self::Active => "Active",
            Self::Stopped => "Stopped",
            Self::Expired => "Expired",
        }
    }

    fn next(self) -> &'static [Self] {
        match self {
            // A customer who says no stops it.
            Self::Pending => &[Self::Active, Self::Stopped, Self::Expired],
            Self::Active => &[Self::Stopped],
            Self::Stopped | Self::Expired => &[],
        }
    }
}

impl AgreementState {
    /// One sentence for the merchant's staff.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Pending => "The customer has not approved it in the app yet, and has 10 minutes to do so.",
            Self::Active => "The customer has approved it, and charges can be made.",
            Self::Stopped => "It has ended, and nobody can start it again. There can be a new one.",
            Self::Expired => "The customer did not approve it in time, or the first payment failed.",
        }
    }

    /// The words of the first version with which agreements in this state are listed.
    pub fn words_of_v1(self) -> &'static [&'static str] {
        match self {
            Self::Pending => &["pendingUserApproval"],
            Self::Active => &["active"],
            Self::Stopped => &["stoppedByMerchant", "stoppedByUser", "stoppedByVipps"],
            Self::Expired => &[],
        }
    }
}

/// Who stopped an agreement; the first version's words say it, today's leave it to webhooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum StoppedBy {
    Merchant,
    Customer,
    Vipps,
}

impl StoppedBy {
    /// From a status of the first version, or from the actor that a webhook names.
    pub fn from_upstream(word: &str) -> Option<Self> {
        match word.trim().to_ascii_lowercase().as_str() {
            "stoppedbymerchant" | "merchant" => Some(Self::Merchant),
            "stoppedbyuser" | "user" => Some(Self::Customer),
            "stoppedbyvipps" | "admin" => Some(Self::Vipps),
            _ => None,
        }
    }

    /// The first version's status.
    pub fn word_of_v1(self) -> &'static str {
        match self {
            Self::Merchant => "stoppedByMerchant",
            Self::Customer => "stoppedByUser",
            Self::Vipps => "stoppedByVipps",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Self::Merchant => "Stopped by the merchant",
            Self::Customer => "Stopped by the customer",
            Self::Vipps => "Stopped by Vipps MobilePay",
        }
    }
}

/// What upstream tells of an agreement, whichever version it speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreement {
    pub id: String,
    /// The sales unit that it was made for.
    pub msn: Option<Msn>,
    pub state: Told<AgreementState>,
    pub stopped_by: Option<StoppedBy>,
    pub product_name: String,
    pub product_description: Option<String>,
    pub pricing: Pricing,
    /// None where charges may come at any time.
    pub interval: Option<Interval>,
    pub campaign: Option<Campaign>,
    pub created: Option<OffsetDateTime>,
    pub start: Option<OffsetDateTime>,
    pub stop: Option<OffsetDateTime>,
    /// Neither version tells it: known where the agreement was drafted here with it.
    pub phone_number: Option<PhoneNumber>,
    /// The merchant's own name for it.
    pub external_id: Option<String>,
    /// Where the customer approves it; `https` or `http`.
    pub confirmation_url: Option<String>,
    /// Where the customer can see and end the subscription at the merchant's.
    pub merchant_url: Option<String>,
}

/// An agreement as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgreementRow {
    pub id: String,
    pub state: Told<AgreementState>,
    pub stopped_by: Option<StoppedBy>,
    pub product_name: String,
    pub pricing: Pricing,
    pub interval: Option<Interval>,
    pub start: Option<OffsetDateTime>,
    pub stop: Option<OffsetDateTime>,
    pub phone_number: Option<PhoneNumber>,
    pub external_id: Option<String>,
    pub charges: Outlook,
    pub gone_at: Option<OffsetDateTime>,
}

/// An agreement as the portal's copy has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownAgreement {
    pub agreement: Agreement,
    /// The last state that could be relied on, should upstream contradict it.
    pub held: Option<AgreementState>,
    pub first_seen_at: OffsetDateTime,
    pub seen_at: OffsetDateTime,
    /// None: its charges have not been fetched yet.
    pub charges_at: Option<OffsetDateTime>,
    /// Set when no list of upstream's shows it any more.
    pub gone_at: Option<OffsetDateTime>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgreementAction {
    Stop,
    CreateCharge,
}

/// The state in words: who stopped it, where that is known.
pub fn state_label(state: &Told<AgreementState>, stopped_by: Option<StoppedBy>) -> &str {
    match (state.known(), stopped_by) {
        (Some(AgreementState::Stopped), Some(by)) => by.label(),
        _ => state.label(),
    }
}

/// Whether upstream would do it to an agreement in this state.
///
/// # Errors
/// Why not, in words.
pub fn state_allows(state: &Told<AgreementState>, action: AgreementAction) -> Result<(), String> {
    use AgreementAction::{CreateCharge, Stop};
    use AgreementState::{Active, Expired, Pending, Stopped};
    let state = match state {
        Told::Known(state) => *state,
        Told::Other(word) => return Err(format!("Its state is {word}, and it is not known what that allows.")),
        Told::Nothing => return Err("Upstream has not told its state.".to_owned()),
    };
    let reason = match (action, state) {
        (Stop | CreateCharge, Active) => return Ok(()),
        (Stop, Pending) => "The customer has not approved it, so there is nothing to stop. It expires by itself.",
        (Stop, Stopped) => "It is stopped already.",
        (Stop, Expired) => "It was never approved, so there is nothing to stop.",
        (CreateCharge, Pending) => "The customer has not approved it yet.",
        (CreateCharge, Stopped) => "It is stopped, and a stopped agreement takes no charges.",
        (CreateCharge, Expired) => "It was never approved, so it takes no charges.",
    };
    Err(reason.to_owned())
}

impl Agreement {
    /// As [`state_label`].
    pub fn state_label(&self) -> &str {
        state_label(&self.state, self.stopped_by)
    }

    /// Whether upstream would do it.
    ///
    /// # Errors
    /// Why not, in words.
    pub fn may(&self, action: AgreementAction) -> Result<(), String> {
        state_allows(&self.state, action)
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::domain::money::{Currency, Money};
    use crate::domain::standing::can_become;

    pub fn agreement(word: &str) -> Agreement {
        Agreement {
            id: "agr_5kSeqz".to_owned(),
            msn: Msn::parse("123456"),
            state: Told::from_upstream(Some(word)),
            stopped_by: StoppedBy::from_upstream(word),
            product_name: "Avisen digital".to_owned(),
            product_description: None,
            pricing: Pricing::Fixed(Money::new(49_900, Currency::Nok)),
            interval: Some(Interval { unit: TimeUnit::Month, count: 1 }),
            campaign: None,
            created: None,
            start: None,
            stop: None,
            phone_number: None,
            external_id: None,
            confirmation_url: None,
            merchant_url: None,
        }
    }

    #[test]
    fn every_transition_that_the_documents_name_is_possible_and_no_other() {
        use AgreementState::*;
        let named = [(Pending, Active), (Pending, Stopped), (Pending, Expired), (Active, Stopped)];
        for &from in AgreementState::ALL {
            for &to in AgreementState::ALL {
                let possible = from == to || named.contains(&(from, to));
                assert_eq!(can_become(from, to), possible, "{from:?} to {to:?}");
            }
            assert_eq!(from.is_final(), matches!(from, Stopped | Expired));
        }
    }

    #[test]
    fn the_five_words_of_the_first_version_are_four_states_of_today() {
        let cases = [
            ("pendingUserApproval", AgreementState::Pending, None, "PENDING"),
            ("active", AgreementState::Active, None, "ACTIVE"),
            ("stoppedByMerchant", AgreementState::Stopped, Some(StoppedBy::Merchant), "STOPPED"),
            ("stoppedByUser", AgreementState::Stopped, Some(StoppedBy::Customer), "STOPPED"),
            ("stoppedByVipps", AgreementState::Stopped, Some(StoppedBy::Vipps), "STOPPED"),
        ];
        for (word, state, by, today) in cases {
            let told = agreement(word);
            assert_eq!((told.state, told.stopped_by, state.upstream()), (Told::Known(state), by, today));
            assert!(state.words_of_v1().contains(&word));
            assert!(by.is_none_or(|by| by.word_of_v1() == word));
        }
        for &state in AgreementState::ALL {
            assert_eq!(Told::from_upstream(Some(state.upstream())), Told::Known(state));
            assert!(!state.meaning().is_empty());
        }
        assert_eq!(agreement("stoppedByUser").state_label(), "Stopped by the customer");
        assert_eq!(agreement("STOPPED").state_label(), "Stopped");
        assert_eq!(agreement("PAUSED").state_label(), "PAUSED");
        assert_eq!(agreement("").state_label(), "Unknown");
    }

    #[test]
    fn only_an_active_agreement_is_stopped_or_charged_and_others_say_why_not() {
        for action in [AgreementAction::Stop, AgreementAction::CreateCharge] {
            assert_eq!(agreement("ACTIVE").may(action), Ok(()));
            let mut reasons: Vec<String> = ["PENDING", "STOPPED", "EXPIRED", "PAUSED", ""]
                .iter()
                .map(|word| agreement(word).may(action).unwrap_err())
                .collect();
            assert!(reasons[3].contains("PAUSED"), "{reasons:?}");
            assert!(reasons.iter().all(|reason| reason.ends_with('.')));
            reasons.dedup();
            assert_eq!(reasons.len(), 5, "each state has a reason of its own");
        }
    }
}
