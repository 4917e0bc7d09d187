//! A product order: a merchant's order of one product, which becomes a sales unit once Vipps MobilePay approves it.

pub mod message;
mod record;

use serde::{Deserialize, Serialize};
use time::Duration;
use uuid::Uuid;

use super::identifiers::BusinessIdentifier;
use super::sales_unit::ListedSalesUnit;

pub use self::record::{Delivery, Happened, Happening, ProductOrder, ProductOrderRow, SENT_AGAIN_WITHIN};

/// How long a merchant can use the link of a prefilled order before it expires.
pub const PREFILL_LIFE: Duration = Duration::days(14);

/// How an order came about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum OrderKind {
    /// Through the API: it has a link to a form that is filled in.
    Prefill,
    /// From one of the partner's templates at Vipps MobilePay.
    Template,
    /// By the merchant, on the business portal.
    Manual,
    /// A word upstream did not document when this was written.
    Other(String),
    #[default]
    Unknown,
}

impl OrderKind {
    /// From upstream's word.
    pub fn from_upstream(word: Option<&str>) -> Self {
        let Some(word) = told(word) else { return Self::Unknown };
        match plain(word).as_str() {
            "PREFILL" => Self::Prefill,
            "TEMPLATE" => Self::Template,
            "MANUAL" => Self::Manual,
            _ => Self::Other(word.to_owned()),
        }
    }

    /// Upstream's word; none for unknown.
    pub fn upstream(&self) -> Option<&str> {
        match self {
            Self::Prefill => Some("PREFILL"),
            Self::Template => Some("TEMPLATE"),
            Self::Manual => Some("MANUAL"),
            Self::Other(word) => Some(word),
            Self::Unknown => None,
        }
    }

    pub fn label(&self) -> &str {
        match self {
            Self::Prefill => "Prefill",
            Self::Template => "Template",
            Self::Manual => "Manual",
            Self::Other(word) => word,
            Self::Unknown => "Unknown",
        }
    }
}

/// What is ordered, and what a price package is for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ProductType {
    PaymentIntegration,
    Cashier,
    Checkout,
    Login,
    Donations,
    /// A word upstream did not document when this was written.
    Other(String),
    #[default]
    Unknown,
}

impl ProductType {
    /// Those that can be ordered today.
    pub const CURRENT: [Self; 5] =
        [Self::PaymentIntegration, Self::Cashier, Self::Checkout, Self::Login, Self::Donations];

    /// From upstream's word of today, or from the words that older documents and price packages use.
    pub fn from_upstream(word: Option<&str>) -> Self {
        let Some(word) = told(word) else { return Self::Unknown };
        match plain(word).as_str() {
            "PAYMENT_INTEGRATION" | "VIPPS_PA_NETT" | "EPAYMENT" => Self::PaymentIntegration,
            "CASHIER" | "VIPPS_I_KASSA" | "EPAYMENTCUSTOMERPRESENT" => Self::Cashier,
            "CHECKOUT" | "VIPPS_CHECKOUT" => Self::Checkout,
            "LOGIN" | "VIPPS_LOGG_INN" => Self::Login,
            "DONATIONS" => Self::Donations,
            _ => Self::Other(word.to_owned()),
        }
    }

    /// Upstream's word of today; none for unknown.
    pub fn upstream(&self) -> Option<&str> {
        match self {
            Self::PaymentIntegration => Some("PAYMENT_INTEGRATION"),
            Self::Cashier => Some("CASHIER"),
            Self::Checkout => Some("CHECKOUT"),
            Self::Login => Some("LOGIN"),
            Self::Donations => Some("DONATIONS"),
            Self::Other(word) => Some(word),
            Self::Unknown => None,
        }
    }

    pub fn label(&self) -> &str {
        match self {
            Self::PaymentIntegration => "Payment integration",
            Self::Cashier => "Cashier",
            Self::Checkout => "Checkout",
            Self::Login => "Login",
            Self::Donations => "Donations",
            Self::Other(word) => word,
            Self::Unknown => "Unknown",
        }
    }
}

/// How far an order has come. Orders from templates and manual ones are only ever received, completed or rejected.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum OrderStatus {
    Received,
    MerchantViewed,
    Submitted,
    WaitingForMerchant,
    Completed,
    Rejected,
    Expired,
    /// A word upstream did not document when this was written.
    Other(String),
    #[default]
    Unknown,
}

impl OrderStatus {
    /// From upstream's word, today's or one of the two generations before.
    pub fn from_upstream(word: Option<&str>) -> Self {
        let Some(word) = told(word) else { return Self::Unknown };
        match plain(word).as_str() {
            "RECEIVED" | "CREATED" => Self::Received,
            "MERCHANT_VIEWED" | "OPENED" | "ACCESSED" => Self::MerchantViewed,
            "ORDER_SUBMITTED" | "SUBMITTED" | "PENDING" | "PROCESSING" => Self::Submitted,
            "WAITING_FOR_MERCHANT" | "AWAITING_CUSTOMER" => Self::WaitingForMerchant,
            "COMPLETED" | "APPROVED" => Self::Completed,
            "REJECTED" | "STOPPED" => Self::Rejected,
            "EXPIRED" => Self::Expired,
            _ => Self::Other(word.to_owned()),
        }
    }

    /// Upstream's word of today, or its latest one where there is none today; none for unknown.
    pub fn upstream(&self) -> Option<&str> {
        match self {
            Self::Received => Some("RECEIVED"),
            Self::MerchantViewed => Some("MERCHANT_VIEWED"),
            Self::Submitted => Some("ORDER_SUBMITTED"),
            Self::WaitingForMerchant => Some("WAITING_FOR_MERCHANT"),
            Self::Completed => Some("COMPLETED"),
            Self::Rejected => Some("REJECTED"),
            Self::Expired => Some("EXPIRED"),
            Self::Other(word) => Some(word),
            Self::Unknown => None,
        }
    }

    pub fn label(&self) -> &str {
        match self {
            Self::Received => "Received",
            Self::MerchantViewed => "Opened by merchant",
            Self::Submitted => "Submitted",
            Self::WaitingForMerchant => "Waiting for merchant",
            Self::Completed => "Completed",
            Self::Rejected => "Rejected",
            Self::Expired => "Expired",
            Self::Other(word) => word,
            Self::Unknown => "Unknown",
        }
    }

    /// One sentence for the partner's staff.
    pub fn meaning(&self) -> &'static str {
        match self {
            Self::Received => "The order is there, and the merchant has not opened its link yet.",
            Self::MerchantViewed => "The merchant has opened the link and has not submitted the form.",
            Self::Submitted => "The merchant has submitted the form, and Vipps MobilePay is working on it.",
            Self::WaitingForMerchant => "Vipps MobilePay has asked the merchant for something and waits for it.",
            Self::Completed => "Vipps MobilePay has approved the order, and its sales unit is there.",
            Self::Rejected => "The order was declined or stopped; only the merchant is told why.",
            Self::Expired => "The merchant did not submit the form within 14 days, and the link no longer works.",
            Self::Other(_) => "A status that this portal does not know yet.",
            Self::Unknown => "Vipps MobilePay has not said how far the order has come.",
        }
    }

    /// The same for the merchant, whose order it is.
    pub fn merchants_label(&self) -> &str {
        match self {
            Self::Received => "To be filled in",
            Self::MerchantViewed => "Opened, not submitted",
            Self::WaitingForMerchant => "Waiting for you",
            other => other.label(),
        }
    }

    /// What the merchant should do next, in one sentence; none if there is nothing left to do.
    pub fn merchants_next(&self) -> Option<&'static str> {
        match self {
            Self::Received => Some("Open the link, check what is filled in, and submit the form."),
            Self::MerchantViewed => Some("Go on with the form behind the link, and submit it."),
            Self::Submitted => Some("Nothing for now: Vipps MobilePay is working on the order."),
            Self::WaitingForMerchant => {
                Some("Vipps MobilePay has asked you for something. Answer the mail that it has sent to you.")
            }
            Self::Rejected => Some("Vipps MobilePay has written to you why it declined. Then talk to your partner."),
            Self::Expired => Some("The link no longer works. Ask your partner for a new order."),
            Self::Completed | Self::Other(_) | Self::Unknown => None,
        }
    }

    /// Whether nothing more will come.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Completed | Self::Rejected | Self::Expired)
    }

    /// Whether the merchant can still fill in and submit the form; until then an order can be deleted.
    pub fn is_open_to_merchant(&self) -> bool {
        matches!(self, Self::Received | Self::MerchantViewed)
    }
}

/// What upstream tells of an order: no dates, no price package, and no name before there is a sales unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamOrder {
    pub id: Uuid,
    pub kind: OrderKind,
    pub product_type: ProductType,
    pub status: OrderStatus,
    pub business_identifier: Option<BusinessIdentifier>,
    /// The merchant's link, `https` or `http`; only prefilled orders have one.
    pub url: Option<String>,
    /// Once the order is completed.
    pub sales_unit: Option<ListedSalesUnit>,
}

fn told(word: Option<&str>) -> Option<&str> {
    word.map(str::trim).filter(|word| !word.is_empty())
}

/// Upstream's words differ in case and in `-` and `_`.
fn plain(word: &str) -> String {
    word.to_ascii_uppercase().replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_of_every_generation_are_known() {
        use OrderStatus::*;
        let cases = [
            (Received, &["RECEIVED", "CREATED", " received "] as &[&str]),
            (MerchantViewed, &["MERCHANT_VIEWED", "OPENED", "ACCESSED"]),
            (Submitted, &["ORDER_SUBMITTED", "SUBMITTED", "PENDING", "PROCESSING"]),
            (WaitingForMerchant, &["WAITING_FOR_MERCHANT", "AWAITING-CUSTOMER"]),
            (Completed, &["COMPLETED", "APPROVED"]),
            (Rejected, &["REJECTED", "STOPPED"]),
            (Expired, &["EXPIRED"]),
        ];
        for (status, words) in cases {
            for word in words {
                assert_eq!(OrderStatus::from_upstream(Some(word)), status, "{word}");
            }
            assert_eq!(OrderStatus::from_upstream(status.upstream()), status);
            assert_eq!(status.is_final(), matches!(status, Completed | Rejected | Expired));
            assert_eq!(status.is_open_to_merchant(), matches!(status, Received | MerchantViewed));
        }
        let new = OrderStatus::from_upstream(Some("ON_HOLD"));
        assert_eq!((new.upstream(), new.label(), new.is_final()), (Some("ON_HOLD"), "ON_HOLD", false));
        for nothing in [None, Some(""), Some("  ")] {
            assert_eq!(OrderStatus::from_upstream(nothing), Unknown);
        }
        assert_eq!(Unknown.upstream(), None);
    }

    #[test]
    fn product_types_of_every_generation_are_known() {
        use ProductType::*;
        let cases = [
            (PaymentIntegration, &["PAYMENT_INTEGRATION", "VIPPS_PA_NETT", "ePayment"] as &[&str]),
            (Cashier, &["CASHIER", "VIPPS_I_KASSA", "ePaymentCustomerPresent"]),
            (Checkout, &["CHECKOUT", "VIPPS_CHECKOUT", "checkout"]),
            (Login, &["LOGIN", "VIPPS_LOGG_INN"]),
            (Donations, &["DONATIONS"]),
        ];
        for (product_type, words) in &cases {
            for word in *words {
                assert_eq!(ProductType::from_upstream(Some(word)), *product_type, "{word}");
            }
            assert_eq!(product_type.upstream(), Some(words[0]));
        }
        assert_eq!(cases.map(|(product_type, _)| product_type), ProductType::CURRENT);
        assert_eq!(ProductType::from_upstream(Some("Tap")), Other("Tap".into()));
        assert_eq!(ProductType::from_upstream(None), Unknown);
    }

    #[test]
    fn kinds_are_known_and_new_ones_kept() {
        for kind in [OrderKind::Prefill, OrderKind::Template, OrderKind::Manual] {
            assert_eq!(OrderKind::from_upstream(kind.upstream()), kind);
        }
        let new = OrderKind::from_upstream(Some("IMPORT"));
        assert_eq!((new.label(), new.upstream()), ("IMPORT", Some("IMPORT")));
        assert_eq!(OrderKind::from_upstream(None), OrderKind::Unknown);
    }
}
