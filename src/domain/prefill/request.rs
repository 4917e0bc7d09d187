//! The body of `POST product-orders`, exactly as upstream takes it: what is not filled in is
//! absent, never null.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use super::check::Known;
use super::field::{Field, Group, UseCase, YES};
use super::form::PrefillForm;
use super::values;
use crate::domain::bank_account::{self, BankAccount};
use crate::domain::identifiers::{BusinessIdentifier, business_identifier_from_typed};

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PrefillRequest {
    pub business_identifier: BusinessIdentifier,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sales_unit_name: Option<String>,
    /// A PNG in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sales_unit_logo: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settlement_bank_account: Option<BankAccount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_package_id: Option<String>,
    /// Upstream's word.
    pub product_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_use_case: Option<&'static str>,
    /// Whole units of the local currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub annual_turnover: Option<u64>,
    /// 10 to 100 in tens, as text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub annual_turnover_percentage: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intended_purpose: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app: Option<App>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub website: Option<Website>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub has_recurring: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merchant_category_code: Option<String>,
    /// Only for upstreams that still take it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compliance_data: Option<ComplianceData>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct App {
    pub app_name: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Website {
    pub url: String,
    pub terms_url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_website_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_website_username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_website_password: Option<TestPassword>,
}

/// Does not get into logs.
#[derive(Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct TestPassword(String);

impl fmt::Debug for TestPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// Defines the blocks of the compliance data: an object each, absent as a whole if nothing in it
/// is filled in.
macro_rules! blocks {
    ($($block:ident { $($(#[$about:meta])* $name:ident: $type:ty,)+ })+) => {
        $(
            #[derive(Clone, Debug, PartialEq, Serialize)]
            #[serde(rename_all = "camelCase")]
            pub struct $block { $($(#[$about])* pub $name: $type),+ }
        )+
    };
}

blocks! {
    GiftCard {
        is_sales_percentage_less_than_ten: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        validity_duration: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        gift_card_turnover_share: Option<String>,
    }
    Membership {
        turnover_share: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        membership_validity: Option<String>,
        period_distribution: String,
    }
    Subscription { turnover_share: String, period_distribution: String, }
    Course {
        turnover_share: String,
        time_before_order: String,
        period: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        is_online_course_offered: Option<bool>,
        #[serde(skip_serializing_if = "Option::is_none")]
        online_accessible_time: Option<String>,
    }
    Ticket { turnover_share: String, prepurchase_time: String, }
    Rent { turnover_share: String, prepurchase_time: String, average_rental_duration: String, }
    PrepaidServices { turnover_share: String, prepurchase_time: String, }
    Donation { accepts_donation: bool, }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ComplianceData {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gift_card: Option<GiftCard>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub membership: Option<Membership>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subscription: Option<Subscription>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub course: Option<Course>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket: Option<Ticket>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rent: Option<Rent>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prepaid_services: Option<PrepaidServices>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub donation: Option<Donation>,
}

/// The request for a form without faults that holds only fields that apply. None if the form has
/// faults after all.
pub(super) fn request(sent: &PrefillForm, known: &Known) -> Option<PrefillRequest> {
    let text = |field| text(sent, field);
    let address = |field| text(field).and_then(|address| values::web_address(&address).ok());
    let market = sent.market()?;
    Some(PrefillRequest {
        business_identifier: business_identifier_from_typed(market, sent.get(Field::BusinessIdentifier)).ok()?,
        sales_unit_name: text(Field::SalesUnitName).and_then(|name| values::sales_unit_name(&name).ok()),
        sales_unit_logo: known.logo_png.filter(|_| sent.has(Field::Logo)).map(|png| STANDARD.encode(png)),
        settlement_bank_account: bank_account::from_typed(market, sent.get(Field::SettlementAccount))
            .ok()
            .map(|(account, _)| account),
        price_package_id: uuid::Uuid::try_parse(sent.get(Field::PricePackage)).ok().map(|id| id.to_string()),
        product_type: sent.product_type()?.upstream()?.to_owned(),
        product_use_case: sent.use_case().map(UseCase::upstream),
        annual_turnover: values::turnover(sent.get(Field::AnnualTurnover)).ok(),
        annual_turnover_percentage: text(Field::AnnualTurnoverPercentage),
        intended_purpose: text(Field::IntendedPurpose),
        app: text(Field::AppName).map(|app_name| App { app_name }),
        website: address(Field::WebsiteUrl).zip(address(Field::TermsUrl)).map(|(url, terms_url)| Website {
            url,
            terms_url,
            test_website_url: address(Field::TestWebsiteUrl),
            test_website_username: text(Field::TestWebsiteUsername),
            test_website_password: text(Field::TestWebsitePassword).map(TestPassword),
        }),
        has_recurring: sent.has(Field::HasRecurring).then_some(true),
        merchant_category_code: text(Field::MerchantCategoryCode),
        compliance_data: compliance_data(sent),
    })
}

fn compliance_data(sent: &PrefillForm) -> Option<ComplianceData> {
    let text = |field| text(sent, field);
    let yes = |field| text(field).map(|answer| answer == YES);
    sent.fields().any(|field| field.group() == Group::Compliance).then(|| ComplianceData {
        gift_card: yes(Field::GiftCardUnderTen).map(|is_sales_percentage_less_than_ten| GiftCard {
            is_sales_percentage_less_than_ten,
            validity_duration: text(Field::GiftCardValidity),
            gift_card_turnover_share: text(Field::GiftCardShare),
        }),
        membership: text(Field::MembershipShare).zip(text(Field::MembershipPeriods)).map(
            |(turnover_share, period_distribution)| Membership {
                turnover_share,
                membership_validity: text(Field::MembershipValidity),
                period_distribution,
            },
        ),
        subscription: text(Field::SubscriptionShare)
            .zip(text(Field::SubscriptionPeriods))
            .map(|(turnover_share, period_distribution)| Subscription { turnover_share, period_distribution }),
        course: course(sent),
        ticket: text(Field::TicketShare)
            .zip(text(Field::TicketPrepurchase))
            .map(|(turnover_share, prepurchase_time)| Ticket { turnover_share, prepurchase_time }),
        rent: text(Field::RentShare).zip(text(Field::RentPrepurchase)).zip(text(Field::RentDuration)).map(
            |((turnover_share, prepurchase_time), average_rental_duration)| Rent {
                turnover_share,
                prepurchase_time,
                average_rental_duration,
            },
        ),
        prepaid_services: text(Field::PrepaidShare)
            .zip(text(Field::PrepaidPrepurchase))
            .map(|(turnover_share, prepurchase_time)| PrepaidServices { turnover_share, prepurchase_time }),
        donation: yes(Field::DonationAccepted).map(|accepts_donation| Donation { accepts_donation }),
    })
}

fn course(sent: &PrefillForm) -> Option<Course> {
    Some(Course {
        turnover_share: text(sent, Field::CourseShare)?,
        time_before_order: text(sent, Field::CourseOrderedBefore)?,
        period: text(sent, Field::CoursePeriod)?,
        is_online_course_offered: text(sent, Field::CourseOnline).map(|answer| answer == YES),
        online_accessible_time: text(sent, Field::CourseOnlineTime),
    })
}

fn text(sent: &PrefillForm, field: Field) -> Option<String> {
    sent.has(field).then(|| sent.get(field).to_owned())
}
