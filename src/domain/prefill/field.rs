//! Every field of a prefill: how it is called in forms, and what people read beside it.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::domain::identifiers::Market;
use crate::domain::product_order::ProductType;

/// Yes in selections and checkboxes.
pub const YES: &str = "yes";
/// No in selections where *not answered* is something else. A checkbox has no such value.
pub const NO: &str = "no";

/// Parts of the form, in the order they are filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    Merchant,
    Product,
    Price,
    WhereUsed,
    Volume,
    Settlement,
    Compliance,
}

impl Group {
    pub const ALL: [Self; 7] =
        [Self::Merchant, Self::Product, Self::Price, Self::WhereUsed, Self::Volume, Self::Settlement, Self::Compliance];

    pub fn heading(self) -> &'static str {
        match self {
            Self::Merchant => "Merchant",
            Self::Product => "Product",
            Self::Price => "Price",
            Self::WhereUsed => "Where it is used",
            Self::Volume => "Volume",
            Self::Settlement => "Settlement",
            Self::Compliance => "Compliance",
        }
    }

    pub fn fields(self) -> impl Iterator<Item = Field> {
        Field::ALL.iter().copied().filter(move |field| field.group() == self)
    }
}

/// What a field looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputKind {
    Text,
    /// Digits, which people may group with blanks.
    Number,
    Url,
    Password,
    /// One of [`Field::choices`], or of the price packages at hand.
    Select,
    Checkbox,
    LongText,
    /// The form keeps the hash of what was uploaded.
    File,
}

/// Defines the fields: name in forms, where and how it stands, longest value, label and
/// hint. A length of 0 is for what is not typed.
macro_rules! fields {
    ($($variant:ident = $name:literal, $group:ident, $kind:ident, $maxlength:literal,
        $label:literal, $hint:literal;)+) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Field { $($variant),+ }

        impl Field {
            /// In the order of the form.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// Stands in forms and in what is stored: never changes.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            pub fn group(self) -> Group {
                match self { $(Self::$variant => Group::$group),+ }
            }

            pub fn kind(self) -> InputKind {
                match self { $(Self::$variant => InputKind::$kind),+ }
            }

            /// In UTF-16 units, as browsers count; none for what is not typed.
            pub fn maxlength(self) -> Option<usize> {
                let length = match self { $(Self::$variant => $maxlength),+ };
                (length > 0).then_some(length)
            }

            pub fn label(self) -> &'static str {
                match self { $(Self::$variant => $label),+ }
            }

            pub fn hint(self) -> &'static str {
                match self { $(Self::$variant => $hint),+ }
            }
        }
    };
}

fields! {
    Market = "market", Merchant, Select, 0,
        "Market", "The country the merchant is registered in.";
    BusinessIdentifier = "business_identifier", Merchant, Text, 40,
        "Business identifier", "Organisation number, CVR number or Y-tunnus, with or without blanks.";
    SalesUnitName = "sales_unit_name", Merchant, Text, 40,
        "Sales unit name", "What payers see in the app and on receipts, such as the name over the shop's door.";
    Logo = "logo", Merchant, File, 0,
        "Logo", "A PNG, square if possible, of 100 to 1000 pixels a side and at most 1 MB.";
    ProductType = "product_type", Product, Select, 0,
        "Product", "What the merchant orders.";
    UseCase = "use_case", Product, Select, 0,
        "Use case", "Where payers meet the product; for a point of sale choose the last one.";
    IntendedPurpose = "intended_purpose", Product, LongText, 4000,
        "Intended purpose",
        "What is sold, to whom and how, such as memberships paid on the website or a point of sale in a shop.";
    MerchantCategoryCode = "merchant_category_code", Product, Text, 4,
        "Merchant category code", "Four digits; preselected only if the merchant's form offers it.";
    HasRecurring = "has_recurring", Product, Checkbox, 0,
        "Recurring payments", "Gives access to the Recurring API, after additional checks by Vipps MobilePay.";
    PricePackage = "price_package_id", Price, Select, 0,
        "Price package", "The merchant cannot change a chosen package; without one, the merchant picks.";
    AppName = "app_name", WhereUsed, Text, 100,
        "App name", "As it is called in the app stores.";
    WebsiteUrl = "website_url", WhereUsed, Url, 2000,
        "Website", "Begins with https:// and shows what is sold.";
    TermsUrl = "terms_url", WhereUsed, Url, 2000,
        "Terms page", "The page with the terms of sale, beginning with https://.";
    TestWebsiteUrl = "test_website_url", WhereUsed, Url, 2000,
        "Test website", "Where Vipps MobilePay can see the shop before it opens.";
    TestWebsiteUsername = "test_website_username", WhereUsed, Text, 200,
        "Test website: user name", "If the test website asks for one.";
    TestWebsitePassword = "test_website_password", WhereUsed, Password, 200,
        "Test website: password", "Sent to Vipps MobilePay and not kept afterwards; use one that opens nothing else.";
    AnnualTurnover = "annual_turnover", Volume, Number, 20,
        "Annual turnover", "Expected, in whole units of the local currency.";
    AnnualTurnoverPercentage = "annual_turnover_percentage", Volume, Select, 0,
        "Share through Vipps MobilePay", "The part of the turnover expected to be paid with Vipps MobilePay.";
    SettlementAccount = "settlement_account", Settlement, Text, 60,
        "Account number", "An account of the merchant's own in the same country; a pasted IBAN is converted.";
    GiftCardUnderTen = "gift_card_under_ten_percent", Compliance, Select, 0,
        "Gift cards: less than 10 % of sales", "Leave unanswered if no gift cards are sold.";
    GiftCardValidity = "gift_card_validity", Compliance, Text, 500,
        "Gift cards: valid for", "How long after purchase, such as 3 years.";
    GiftCardShare = "gift_card_turnover_share", Compliance, Text, 500,
        "Gift cards: share of turnover", "Such as about 25 %.";
    MembershipShare = "membership_turnover_share", Compliance, Text, 500,
        "Memberships: share of turnover", "Such as about 25 %.";
    MembershipValidity = "membership_validity", Compliance, Select, 0,
        "Memberships: valid for", "From when a membership counts.";
    MembershipPeriods = "membership_period_distribution", Compliance, Text, 500,
        "Memberships: periods", "How the sold periods are shared out, such as 50 % yearly and 50 % monthly.";
    SubscriptionShare = "subscription_turnover_share", Compliance, Text, 500,
        "Subscriptions: share of turnover", "Such as about 25 %.";
    SubscriptionPeriods = "subscription_period_distribution", Compliance, Text, 500,
        "Subscriptions: periods", "How the sold periods are shared out, such as 50 % yearly and 50 % monthly.";
    CourseShare = "course_turnover_share", Compliance, Text, 500,
        "Courses: share of turnover", "Such as about 25 %.";
    CourseOrderedBefore = "course_time_before_order", Compliance, Text, 500,
        "Courses: paid in advance by", "How long before the course people usually pay, such as 10 days.";
    CoursePeriod = "course_period", Compliance, Text, 500,
        "Courses: duration", "How long a course usually lasts.";
    CourseOnline = "course_online_offered", Compliance, Select, 0,
        "Courses: online", "Whether there are online courses.";
    CourseOnlineTime = "course_online_accessible_time", Compliance, Text, 500,
        "Courses: online access for", "How long after purchase, such as 3 months.";
    TicketShare = "ticket_turnover_share", Compliance, Text, 500,
        "Tickets: share of turnover", "Such as about 25 %.";
    TicketPrepurchase = "ticket_prepurchase_time", Compliance, Text, 500,
        "Tickets: paid in advance by", "How long before the event people usually pay, such as 10 weeks.";
    RentShare = "rent_turnover_share", Compliance, Text, 500,
        "Rent: share of turnover", "Such as about 25 %.";
    RentPrepurchase = "rent_prepurchase_time", Compliance, Text, 500,
        "Rent: paid in advance by", "How long before the rental people usually pay, such as 15 days.";
    RentDuration = "rent_average_duration", Compliance, Text, 500,
        "Rent: usual duration", "Such as 3 weeks.";
    PrepaidShare = "prepaid_services_turnover_share", Compliance, Text, 500,
        "Prepaid services: share of turnover", "Such as about 25 %.";
    PrepaidPrepurchase = "prepaid_services_prepurchase_time", Compliance, Text, 500,
        "Prepaid services: paid in advance by", "How long before the service people usually pay, such as 10 weeks.";
    DonationAccepted = "donation_accepted", Compliance, Select, 0,
        "Donations", "Whether the merchant receives donations.";
}

/// What a selection offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    pub value: String,
    pub label: String,
}

impl Choice {
    pub(super) fn new(value: impl Into<String>, label: impl Into<String>) -> Self {
        Self { value: value.into(), label: label.into() }
    }
}

impl Field {
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|field| field.name() == name)
    }

    /// What a selection offers, besides nothing. Price packages are each partner's own:
    /// see [`super::price_package_choices`].
    pub fn choices(self) -> Vec<Choice> {
        let fixed =
            |choices: &[(&str, &str)]| choices.iter().map(|(value, label)| Choice::new(*value, *label)).collect();
        match self {
            Self::Market => Market::ALL.iter().map(|market| Choice::new(market.code(), market.name())).collect(),
            Self::ProductType => ProductType::CURRENT
                .iter()
                .filter_map(|product| Some(Choice::new(product.upstream()?, product.label())))
                .collect(),
            Self::UseCase => {
                UseCase::ALL.iter().map(|use_case| Choice::new(use_case.upstream(), use_case.label())).collect()
            }
            Self::AnnualTurnoverPercentage => {
                (1..=10).map(|tens| Choice::new(format!("{tens}0"), format!("{tens}0\u{a0}%"))).collect()
            }
            Self::MembershipValidity => {
                fixed(&[("CurrentCalendarYear", "The calendar year"), ("OneYearFromPayment", "A year from payment")])
            }
            Self::GiftCardUnderTen | Self::CourseOnline | Self::DonationAccepted => fixed(&[(YES, "Yes"), (NO, "No")]),
            _ => Vec::new(),
        }
    }

    /// The value of the attribute `autocomplete`: what is typed here is about somebody else.
    pub fn autocomplete(self) -> &'static str {
        if self.is_secret() { "new-password" } else { "off" }
    }

    /// When the field is asked for, where that depends on others.
    pub fn only_for(self) -> Option<&'static str> {
        Some(match self {
            Self::PricePackage | Self::HasRecurring => "Only for payments",
            Self::AppName => "Only for use in an app",
            Self::WebsiteUrl | Self::TermsUrl => "Only for use on a website",
            Self::TestWebsiteUrl | Self::TestWebsiteUsername | Self::TestWebsitePassword => {
                "Only for a website with a test website"
            }
            Self::MerchantCategoryCode
            | Self::AnnualTurnover
            | Self::AnnualTurnoverPercentage
            | Self::SettlementAccount => "Not for Login",
            field if field.group() == Group::Compliance => "Only for payments",
            _ => return None,
        })
    }

    pub fn is_required(self) -> bool {
        matches!(self, Self::Market | Self::BusinessIdentifier | Self::ProductType)
    }

    /// Must not be kept, shown or logged.
    pub fn is_secret(self) -> bool {
        self.kind() == InputKind::Password
    }
}

impl Serialize for Field {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::from_name(&name).ok_or_else(|| serde::de::Error::custom(format!("{name:?} is no field of a prefill")))
    }
}

/// Where payers meet the product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UseCase {
    Website,
    WebsiteWithTest,
    App,
    /// What upstream asks for at points of sale, too.
    Unknown,
}

impl UseCase {
    pub const ALL: [Self; 4] = [Self::Website, Self::WebsiteWithTest, Self::App, Self::Unknown];

    /// Upstream's word.
    pub fn upstream(self) -> &'static str {
        match self {
            Self::Website => "Website",
            Self::WebsiteWithTest => "WebsiteWithTest",
            Self::App => "App",
            Self::Unknown => "Unknown",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Self::Website => "Website",
            Self::WebsiteWithTest => "Website, not open yet, with a test website",
            Self::App => "App",
            Self::Unknown => "Point of sale, or something else",
        }
    }
}
