//! A price package: what a merchant pays, as agreed between the partner and Vipps MobilePay.

use time::OffsetDateTime;
use uuid::Uuid;

use super::product_order::ProductType;
use super::sales_unit::Flag;

/// What upstream tells of a price package. Names, markets and rates are upstream's words, shown as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PricePackage {
    /// Sent with a prefill to lock its price.
    pub id: String,
    pub name: String,
    /// What a payment costs, such as `2.99%`.
    pub description: String,
    pub product_type: ProductType,
    /// Two-letter country code.
    pub market: Option<String>,
    /// The partner's share, such as `30 %`.
    pub commission: Option<String>,
    pub visible_in_signup_form: Flag,
}

/// A package as the portal knows it, and what uses it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownPricePackage {
    pub package: PricePackage,
    pub first_seen_at: OffsetDateTime,
    /// Set when upstream no longer shows the package.
    pub gone_at: Option<OffsetDateTime>,
    /// Templates that are not archived and have this package in their preset.
    pub templates: Vec<(Uuid, String)>,
    /// Orders that were sent with it.
    pub orders: usize,
    /// Sales units that are known to have it.
    pub units: usize,
}

/// A package by its id, which something names; the package itself is there if the portal has seen it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedPricePackage {
    pub id: String,
    pub package: Option<PricePackage>,
}

/// Whence the price package of a sales unit is known: upstream tells it of no unit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnitPricePackage {
    /// By the newest completed order that the unit came from.
    pub ordered: Option<OrderedPricePackage>,
    /// By what somebody has noted by hand.
    pub noted: Option<NotedPricePackage>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderedPricePackage {
    pub package: NamedPricePackage,
    pub order: Uuid,
    pub sent_at: OffsetDateTime,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotedPricePackage {
    pub package: NamedPricePackage,
    pub by_email: String,
    pub at: OffsetDateTime,
}

impl UnitPricePackage {
    /// The package that counts: what an order says before what somebody noted.
    pub fn known(&self) -> Option<&NamedPricePackage> {
        let ordered = self.ordered.as_ref().map(|ordered| &ordered.package);
        ordered.or_else(|| self.noted.as_ref().map(|noted| &noted.package))
    }

    /// Whether an order and a note say different things.
    pub fn differs(&self) -> bool {
        match (&self.ordered, &self.noted) {
            (Some(ordered), Some(noted)) => ordered.package.id != noted.package.id,
            _ => false,
        }
    }
}

impl PricePackage {
    /// Whether it can be had in the market with this two-letter code; one without a market can be had anywhere.
    pub fn is_for(&self, market: &str) -> bool {
        self.market.as_deref().is_none_or(|own| own.eq_ignore_ascii_case(market))
    }

    /// Name and price in one line, as lists to choose from show them: `POS standard – 2.99%`.
    pub fn label(&self) -> String {
        match (self.name.as_str(), self.description.as_str()) {
            ("", "") => self.id.clone(),
            (name, "") => name.to_owned(),
            ("", price) => price.to_owned(),
            (name, price) => format!("{name} – {price}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    fn named(id: &str) -> NamedPricePackage {
        NamedPricePackage { id: id.to_owned(), package: None }
    }

    #[test]
    fn an_order_counts_before_a_note() {
        let ordered =
            OrderedPricePackage { package: named("a"), order: Uuid::nil(), sent_at: datetime!(2026-11-20 12:00 UTC) };
        let noted =
            |id| NotedPricePackage { package: named(id), by_email: String::new(), at: datetime!(2026-11-20 12:00 UTC) };
        let both = UnitPricePackage { ordered: Some(ordered.clone()), noted: Some(noted("b")) };
        assert_eq!((both.known().map(|package| package.id.as_str()), both.differs()), (Some("a"), true));
        let same = UnitPricePackage { ordered: Some(ordered), noted: Some(noted("a")) };
        assert!(!same.differs());
        let note = UnitPricePackage { ordered: None, noted: Some(noted("b")) };
        assert_eq!((note.known().map(|package| package.id.as_str()), note.differs()), (Some("b"), false));
        assert_eq!(UnitPricePackage::default().known(), None);
    }

    #[test]
    fn a_package_without_a_market_can_be_had_anywhere() {
        let package = |market: Option<&str>| PricePackage {
            id: "x".to_owned(),
            name: "POS standard".to_owned(),
            description: "2.99%".to_owned(),
            product_type: ProductType::Cashier,
            market: market.map(ToOwned::to_owned),
            commission: None,
            visible_in_signup_form: Flag::Unknown,
        };
        assert!(package(None).is_for("NO") && package(Some("no")).is_for("NO"));
        assert!(!package(Some("DK")).is_for("NO"));
        assert_eq!(package(None).label(), "POS standard – 2.99%");
        assert_eq!(PricePackage { name: String::new(), description: String::new(), ..package(None) }.label(), "x");
    }
}
