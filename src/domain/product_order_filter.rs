//! Which product orders of a list are shown and in what order; stands in the address.

use time::{Duration, OffsetDateTime};

use super::list::{
    Bits, Chosen, FacetTest, Facets, ListFilter, ListQuery, Offered, SortChoice, choice, choose, chosen, offered,
};
use super::product_order::message::EXPIRES_SOON;
use super::product_order::{Delivery, OrderKind, OrderStatus, PREFILL_LIFE, ProductOrderRow, ProductType};

pub type ProductOrderFilter = ListFilter<ProductOrderFacets>;
pub type ProductOrderQuery = ListQuery<ProductOrderFacets>;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProductOrderFacets {
    pub follow: Option<FollowFacet>,
    pub status: Option<StatusFacet>,
    pub kind: Option<KindFacet>,
    pub product: Option<ProductFacet>,
    pub age: Option<AgeFacet>,
    pub state: Option<StateFacet>,
}

choice! {
    /// What somebody should do something about.
    FollowFacet {
        Expiring = "expiring", "Expire within 3 days";
        Opened = "opened", "Opened, not submitted";
        Unsettled = "unsettled", "Outcome unknown or not arrived";
        Waiting = "waiting", "Waiting for their merchant";
    }
}

choice! {
    /// Where the order stands.
    StatusFacet {
        Received = "received", "Received";
        Viewed = "viewed", "Opened by merchant";
        Submitted = "submitted", "Submitted";
        Waiting = "waiting", "Waiting for merchant";
        Completed = "completed", "Completed";
        Rejected = "rejected", "Rejected";
        Expired = "expired", "Expired";
        Other = "other", "Another status";
    }
}

choice! {
    /// How the order came about.
    KindFacet {
        Prefill = "prefill", "Prefill";
        Template = "template", "Template";
        Manual = "manual", "Manual";
        Other = "other", "Another way";
    }
}

choice! {
    /// What is ordered.
    ProductFacet {
        PaymentIntegration = "payment-integration", "Payment integration";
        Cashier = "cashier", "Cashier";
        Checkout = "checkout", "Checkout";
        Login = "login", "Login";
        Donations = "donations", "Donations";
        Other = "other", "Another product";
    }
}

choice! {
    /// How long ago it was sent, or first seen.
    AgeFacet {
        Day = "1d", "Last 24 hours";
        Week = "7d", "Last 7 days";
        TwoWeeks = "14d", "Last 14 days";
        Month = "30d", "Last 30 days";
        Older = "older", "Older than 30 days";
    }
}

choice! {
    /// What the portal's copy knows of the order.
    StateFacet {
        Listed = "listed", "Listed upstream";
        Gone = "gone", "Deleted or no longer shown";
    }
}

choice! {
    /// What the list is sorted by.
    Sort {
        Begun = "begun", "Sent";
        Name = "name", "Sales unit";
        Merchant = "merchant", "Merchant";
        Changed = "changed", "Status since";
    }
}

#[expect(clippy::derivable_impls, reason = "the variants are made by the macro")]
impl Default for Sort {
    fn default() -> Self {
        Self::Begun
    }
}

impl SortChoice for Sort {
    fn begins_descending(self) -> bool {
        matches!(self, Self::Begun | Self::Changed)
    }
}

impl From<&OrderStatus> for StatusFacet {
    fn from(status: &OrderStatus) -> Self {
        match status {
            OrderStatus::Received => Self::Received,
            OrderStatus::MerchantViewed => Self::Viewed,
            OrderStatus::Submitted => Self::Submitted,
            OrderStatus::WaitingForMerchant => Self::Waiting,
            OrderStatus::Completed => Self::Completed,
            OrderStatus::Rejected => Self::Rejected,
            OrderStatus::Expired => Self::Expired,
            OrderStatus::Other(_) | OrderStatus::Unknown => Self::Other,
        }
    }
}

impl From<&OrderKind> for KindFacet {
    fn from(kind: &OrderKind) -> Self {
        match kind {
            OrderKind::Prefill => Self::Prefill,
            OrderKind::Template => Self::Template,
            OrderKind::Manual => Self::Manual,
            OrderKind::Other(_) | OrderKind::Unknown => Self::Other,
        }
    }
}

impl From<&ProductType> for ProductFacet {
    fn from(product: &ProductType) -> Self {
        match product {
            ProductType::PaymentIntegration => Self::PaymentIntegration,
            ProductType::Cashier => Self::Cashier,
            ProductType::Checkout => Self::Checkout,
            ProductType::Login => Self::Login,
            ProductType::Donations => Self::Donations,
            ProductType::Other(_) | ProductType::Unknown => Self::Other,
        }
    }
}

const STATUS: Bits = Bits::new(0, 3);
const KIND: Bits = Bits::new(3, 2);
const PRODUCT: Bits = Bits::new(5, 3);
const GONE: Bits = Bits::new(8, 1);
const UNSETTLED: Bits = Bits::new(9, 1);
/// Whether the merchant's link is what the order waits for.
const WAITS: Bits = Bits::new(10, 1);

/// The facets of an order in one number, as [`ProductOrderFacets::test`] wants them.
pub fn bits(order: &ProductOrderRow) -> u64 {
    let unsettled = matches!(order.delivery, Some(Delivery::Unknown | Delivery::Missing));
    let flag = |place: Bits, set: bool| place.holding(u64::from(set));
    STATUS.holding(StatusFacet::from(&order.status) as u64)
        | KIND.holding(KindFacet::from(&order.kind) as u64)
        | PRODUCT.holding(ProductFacet::from(&order.product_type) as u64)
        | flag(GONE, order.gone_at.is_some())
        | flag(UNSETTLED, unsettled)
        | flag(WAITS, order.expires_at().is_some())
}

impl Facets for ProductOrderFacets {
    type Sort = Sort;

    fn set(&mut self, key: &str, word: &str) -> Option<bool> {
        Some(match key {
            "follow" => choose(&mut self.follow, word),
            "status" => choose(&mut self.status, word),
            "kind" => choose(&mut self.kind, word),
            "product" => choose(&mut self.product, word),
            "age" => choose(&mut self.age, word),
            "state" => choose(&mut self.state, word),
            _ => return None,
        })
    }

    fn offered() -> Vec<Offered> {
        vec![
            offered::<FollowFacet>("follow"),
            offered::<StatusFacet>("status"),
            offered::<KindFacet>("kind"),
            offered::<ProductFacet>("product"),
            offered::<AgeFacet>("age"),
            offered::<StateFacet>("state"),
        ]
    }

    fn chosen(&self) -> Vec<Chosen> {
        let chosen = [
            chosen("follow", "", self.follow),
            chosen("status", "Status", self.status),
            chosen("kind", "Kind", self.kind),
            chosen("product", "Product", self.product),
            chosen("age", "", self.age),
            chosen("state", "", self.state),
        ];
        chosen.into_iter().flatten().collect()
    }

    fn test(&self, now: OffsetDateTime) -> FacetTest {
        let mut test = FacetTest::default();
        let at = |moment: OffsetDateTime| moment.unix_timestamp();
        if let Some(status) = self.status {
            test.want(STATUS, status as u64);
        }
        if let Some(kind) = self.kind {
            test.want(KIND, kind as u64);
        }
        if let Some(product) = self.product {
            test.want(PRODUCT, product as u64);
        }
        if let Some(state) = self.state {
            test.want(GONE, u64::from(state == StateFacet::Gone));
        }
        match self.follow {
            Some(FollowFacet::Expiring) => {
                test.want(WAITS, 1);
                test.within(at(now - PREFILL_LIFE) + 1..=at(now - PREFILL_LIFE + EXPIRES_SOON));
            }
            Some(FollowFacet::Opened) => {
                test.want(WAITS, 1);
                test.want(STATUS, StatusFacet::Viewed as u64);
                test.within(at(now - PREFILL_LIFE) + 1..=i64::MAX);
            }
            Some(FollowFacet::Unsettled) => {
                test.want(UNSETTLED, 1);
                // What has not arrived by then never will.
                test.within(at(now - PREFILL_LIFE) + 1..=i64::MAX);
            }
            Some(FollowFacet::Waiting) => {
                test.want(WAITS, 1);
                test.within(at(now - PREFILL_LIFE) + 1..=i64::MAX);
            }
            None => {}
        }
        let since = |days: i64| at(now - Duration::days(days));
        match self.age {
            Some(AgeFacet::Day) => test.within(since(1)..=i64::MAX),
            Some(AgeFacet::Week) => test.within(since(7)..=i64::MAX),
            Some(AgeFacet::TwoWeeks) => test.within(since(14)..=i64::MAX),
            Some(AgeFacet::Month) => test.within(since(30)..=i64::MAX),
            Some(AgeFacet::Older) => test.within(i64::MIN..=since(30) - 1),
            None => {}
        }
        test
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::datetime;
    use uuid::Uuid;

    use super::*;
    use crate::domain::list::Choosable;

    fn any_of<T: Copy + std::fmt::Debug + 'static>(all: &'static [T]) -> impl Strategy<Value = Option<T>> {
        proptest::option::of(proptest::sample::select(all))
    }

    prop_compose! {
        fn filters()(
            follow in any_of(FollowFacet::ALL),
            status in any_of(StatusFacet::ALL),
            kind in any_of(KindFacet::ALL),
            product in any_of(ProductFacet::ALL),
            age in any_of(AgeFacet::ALL),
            state in any_of(StateFacet::ALL),
            sort in proptest::sample::select(Sort::ALL),
            descending: bool,
            text in "[a-zæøå0-9]{0,12}",
        ) -> ProductOrderFilter {
            let facets = ProductOrderFacets { follow, status, kind, product, age, state };
            ProductOrderFilter { text, facets, sort, descending }
        }
    }

    proptest! {
        #[test]
        fn a_filter_survives_its_address(filter in filters()) {
            prop_assert_eq!(ProductOrderQuery::from_query(&filter.to_query()).filter, filter);
        }
    }

    fn order(status: OrderStatus, age: Duration, now: OffsetDateTime) -> ProductOrderRow {
        ProductOrderRow {
            id: Uuid::from_u128(1),
            upstream_id: None,
            kind: OrderKind::Prefill,
            product_type: ProductType::Checkout,
            status,
            status_at: now,
            delivery: Some(Delivery::Sent),
            business_identifier: None,
            merchant_name: None,
            sales_unit_name: None,
            msn: None,
            url: None,
            begun_at: now - age,
            sent_here: true,
            template_name: None,
            gone_at: None,
            deleted_at: None,
        }
    }

    #[test]
    fn what_needs_following_up_is_found() {
        let now = datetime!(2026-11-20 12:00 UTC);
        let passes = |follow, status, days| {
            let order = order(status, Duration::days(days), now);
            let facets = ProductOrderFacets { follow: Some(follow), ..ProductOrderFacets::default() };
            facets.test(now).passes(bits(&order), order.begun_at.unix_timestamp())
        };
        assert!(passes(FollowFacet::Expiring, OrderStatus::Received, 12));
        assert!(passes(FollowFacet::Expiring, OrderStatus::MerchantViewed, 11));
        assert!(!passes(FollowFacet::Expiring, OrderStatus::Received, 10));
        assert!(!passes(FollowFacet::Expiring, OrderStatus::Received, 14), "it has expired");
        assert!(!passes(FollowFacet::Expiring, OrderStatus::Submitted, 12));
        assert!(passes(FollowFacet::Opened, OrderStatus::MerchantViewed, 1));
        assert!(!passes(FollowFacet::Opened, OrderStatus::Received, 1));
        let lost =
            ProductOrderRow { delivery: Some(Delivery::Unknown), ..order(OrderStatus::Unknown, Duration::HOUR, now) };
        let facets = ProductOrderFacets { follow: Some(FollowFacet::Unsettled), ..ProductOrderFacets::default() };
        assert!(facets.test(now).passes(bits(&lost), lost.begun_at.unix_timestamp()));
    }

    #[test]
    fn ages_are_counted_from_now() {
        let now = datetime!(2026-11-20 12:00 UTC);
        for (age, days, expected) in [
            (AgeFacet::Day, 0, true),
            (AgeFacet::Day, 2, false),
            (AgeFacet::Month, 29, true),
            (AgeFacet::Older, 29, false),
            (AgeFacet::Older, 31, true),
        ] {
            let order = order(OrderStatus::Completed, Duration::days(days), now);
            let facets = ProductOrderFacets { age: Some(age), ..ProductOrderFacets::default() };
            assert_eq!(
                facets.test(now).passes(bits(&order), order.begun_at.unix_timestamp()),
                expected,
                "{age:?} {days}"
            );
        }
    }
}
