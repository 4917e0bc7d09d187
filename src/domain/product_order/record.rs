//! What the portal knows of a product order beside what upstream says: how sending it went, and what
//! has happened to it since.

use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{OrderKind, OrderStatus, PREFILL_LIFE, ProductType};
use crate::domain::identifiers::{BusinessIdentifier, Msn};

/// So long after it was first sent, an order can be sent again as it is. Upstream does not say how
/// long it remembers the key by which it tells that the two are one.
pub const SENT_AGAIN_WITHIN: Duration = Duration::DAY;

/// How sending an order from this portal went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The call is under way.
    Sending,
    /// Upstream has the order.
    Sent,
    /// No usable answer came: upstream may or may not have it.
    Unknown,
    /// Upstream was asked and does not have it.
    Missing,
    /// Upstream has said no.
    Refused,
}

impl Delivery {
    pub const ALL: [Self; 5] = [Self::Sending, Self::Sent, Self::Unknown, Self::Missing, Self::Refused];

    pub fn word(self) -> &'static str {
        match self {
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Unknown => "unknown",
            Self::Missing => "missing",
            Self::Refused => "refused",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|delivery| delivery.word() == word)
    }

    /// Whether it still has to be found out what became of the order.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Sending | Self::Unknown)
    }
}

/// A row of the list of product orders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductOrderRow {
    pub id: Uuid,
    /// Upstream's `productOrderId`, once it is known.
    pub upstream_id: Option<Uuid>,
    pub kind: OrderKind,
    pub product_type: ProductType,
    pub status: OrderStatus,
    /// Since when it has that status, as far as the portal has seen.
    pub status_at: OffsetDateTime,
    /// None for orders that were made elsewhere.
    pub delivery: Option<Delivery>,
    pub business_identifier: Option<BusinessIdentifier>,
    pub merchant_name: Option<String>,
    pub sales_unit_name: Option<String>,
    pub msn: Option<Msn>,
    pub url: Option<String>,
    /// When upstream took it, at the earliest; or else when it was first seen.
    pub begun_at: OffsetDateTime,
    /// Whether it was sent from here.
    pub sent_here: bool,
    pub template_name: Option<String>,
    pub gone_at: Option<OffsetDateTime>,
    pub deleted_at: Option<OffsetDateTime>,
}

impl ProductOrderRow {
    /// When the merchant's link stops working. For an order made elsewhere it is the latest that it
    /// can be, counted from when the order was first seen. None for orders that have no link.
    pub fn expires_at(&self) -> Option<OffsetDateTime> {
        let waits = self.kind == OrderKind::Prefill && self.status.is_open_to_merchant() && self.gone_at.is_none();
        (waits && !matches!(self.delivery, Some(Delivery::Unknown | Delivery::Missing)))
            .then(|| self.begun_at + PREFILL_LIFE)
    }
}

/// What upstream says of an order beside its list entry, and what the portal knows of it.
#[derive(Clone, Debug, PartialEq)]
pub struct ProductOrder {
    pub row: ProductOrderRow,
    pub sent_by_email: Option<String>,
    pub template: Option<(Uuid, String)>,
    /// The order that this one corrects, and the one that corrects this.
    pub replaces: Option<Uuid>,
    pub replaced_by: Option<Uuid>,
    /// Whether the order that this one corrects can still be used by its merchant.
    pub replaces_open: bool,
    /// Whether the copy has the sales unit that the row names.
    pub sales_unit_is_here: bool,
    pub price_package_id: Option<String>,
    pub price_package_name: Option<String>,
    /// What was filled in, as JSON, without secrets.
    pub prefill: Option<String>,
    /// Why upstream refused: field and reason.
    pub refusal: Vec<(String, String)>,
    /// Whether the portal has only found it, in an order that looks like it.
    pub found_by_looking: bool,
    pub note: String,
    pub happenings: Vec<Happened>,
    pub first_seen_at: OffsetDateTime,
    pub seen_at: Option<OffsetDateTime>,
    /// Upstream's answer as it was: indented JSON.
    pub raw: Option<String>,
    /// The order that this one turned out to be.
    pub merged_into: Option<Uuid>,
}

impl ProductOrder {
    /// Whether it can be sent once more under its key, and will be one order all the same.
    pub fn can_be_sent_again(&self, now: OffsetDateTime) -> bool {
        self.is_in_doubt() && now < self.first_seen_at + SENT_AGAIN_WITHIN
    }

    /// What its merchant may see of it: where it stands, its link and its price package. How the partner came to
    /// send it, who of its staff did what, its notes and what upstream told it beside is the partner's.
    pub fn as_merchants_see(self) -> Self {
        let shown = |happened: Happened| {
            let shown = match &happened.what {
                Happening::ReplacedBy(other) => self.replaced_by == Some(*other),
                what => what.is_merchants(),
            };
            shown.then_some(Happened { by_email: None, ..happened })
        };
        Self {
            happenings: self.happenings.into_iter().filter_map(shown).collect(),
            row: ProductOrderRow { template_name: None, ..self.row },
            sent_by_email: None,
            template: None,
            prefill: None,
            refusal: Vec::new(),
            found_by_looking: false,
            note: String::new(),
            raw: None,
            ..self
        }
    }

    /// Whether upstream may not have it although it was sent.
    pub fn is_in_doubt(&self) -> bool {
        matches!(self.row.delivery, Some(Delivery::Unknown | Delivery::Missing))
    }
}

/// Something that happened to an order, as the portal saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happened {
    pub at: OffsetDateTime,
    pub what: Happening,
    pub by_email: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    Sent,
    /// No usable answer came.
    Unknown,
    /// Upstream was not reached: it has surely not arrived.
    NotReached,
    /// Upstream was asked and does not have it.
    Missing,
    /// Upstream was asked and has it after all.
    Found,
    /// It was not found as long as its link could have lived.
    GivenUp,
    /// What it was found as is another order.
    Mistaken,
    Refused,
    /// First seen in upstream's list.
    FirstSeen(OrderStatus),
    Status(OrderStatus),
    Deleted,
    /// Upstream would not delete it, and why, in its words.
    DeleteRefused(String),
    /// Upstream shows it no longer.
    Gone,
    /// Upstream shows it again.
    Back,
    Noted,
    ReplacedBy(Uuid),
}

impl Happening {
    /// As it is kept: a word, and a detail where there is one.
    pub fn word(&self) -> (&'static str, Option<String>) {
        let status = |status: &OrderStatus| status.upstream().map(ToOwned::to_owned);
        match self {
            Self::Sent => ("sent", None),
            Self::Unknown => ("unknown", None),
            Self::NotReached => ("not_reached", None),
            Self::Missing => ("missing", None),
            Self::Found => ("found", None),
            Self::GivenUp => ("given_up", None),
            Self::Mistaken => ("mistaken", None),
            Self::Refused => ("refused", None),
            Self::FirstSeen(seen) => ("first_seen", status(seen)),
            Self::Status(seen) => ("status", status(seen)),
            Self::Deleted => ("deleted", None),
            Self::DeleteRefused(reason) => ("delete_refused", Some(reason.clone())),
            Self::Gone => ("gone", None),
            Self::Back => ("back", None),
            Self::Noted => ("noted", None),
            Self::ReplacedBy(order) => ("replaced_by", Some(order.to_string())),
        }
    }

    pub fn from_word(word: &str, detail: Option<&str>) -> Option<Self> {
        Some(match word {
            "sent" => Self::Sent,
            "unknown" => Self::Unknown,
            "not_reached" => Self::NotReached,
            "missing" => Self::Missing,
            "found" => Self::Found,
            "given_up" => Self::GivenUp,
            "mistaken" => Self::Mistaken,
            "refused" => Self::Refused,
            "first_seen" => Self::FirstSeen(OrderStatus::from_upstream(detail)),
            "status" => Self::Status(OrderStatus::from_upstream(detail)),
            "deleted" => Self::Deleted,
            "delete_refused" => Self::DeleteRefused(detail?.to_owned()),
            "gone" => Self::Gone,
            "back" => Self::Back,
            "noted" => Self::Noted,
            "replaced_by" => Self::ReplacedBy(detail?.parse().ok()?),
            _ => return None,
        })
    }

    /// Whether it is about the order as upstream has it, and not about how the partner deals with it.
    fn is_merchants(&self) -> bool {
        matches!(self, Self::Sent | Self::FirstSeen(_) | Self::Status(_) | Self::Deleted | Self::Gone | Self::Back)
    }

    /// As people read it.
    pub fn sentence(&self) -> String {
        match self {
            Self::Sent => "Sent to Vipps MobilePay".to_owned(),
            Self::Unknown => "No usable answer came: it may or may not have arrived".to_owned(),
            Self::NotReached => "Vipps MobilePay could not be reached: it has not arrived".to_owned(),
            Self::Missing => "Looked for at Vipps MobilePay: it had not arrived".to_owned(),
            Self::Found => "Found at Vipps MobilePay: it had arrived".to_owned(),
            Self::GivenUp => "Not found for 14 days: the portal no longer looks for it".to_owned(),
            Self::Mistaken => "What it was found as is another order: it may or may not have arrived".to_owned(),
            Self::Refused => "Refused by Vipps MobilePay".to_owned(),
            Self::FirstSeen(status) => format!("First seen by the portal: {}", status.label()),
            Self::Status(status) => status.label().to_owned(),
            Self::Deleted => "Deleted".to_owned(),
            Self::DeleteRefused(reason) => format!("Vipps MobilePay would not delete it: {reason}"),
            Self::Gone => "No longer shown by Vipps MobilePay".to_owned(),
            Self::Back => "Shown by Vipps MobilePay again".to_owned(),
            Self::Noted => "Note changed".to_owned(),
            Self::ReplacedBy(_) => "Corrected by a new order".to_owned(),
        }
    }
}
