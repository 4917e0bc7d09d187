//! Where in the form stands what upstream has refused, by the path that it names.

use super::field::Field;

/// The field that upstream means by a path in the request, such as `website.termsUrl`. None if it is
/// about the order as a whole, or a path that is not known.
///
/// Upstream has written paths in several ways: `$.website.termsUrl`, `/website/termsUrl`,
/// `Website.TermsUrl`. A path into a known object that is itself not known leads to the object.
pub fn field_of(path: &str) -> Option<Field> {
    let path = path.trim().trim_start_matches(['$', '/', '.']).replace('/', ".").to_ascii_lowercase();
    let mut path = path.strip_prefix("body.").unwrap_or(&path);
    loop {
        let found = PLACES.iter().find(|(known, _)| *known == path);
        if let Some((_, field)) = found {
            return Some(*field);
        }
        path = path.rsplit_once('.')?.0;
    }
}

const PLACES: &[(&str, Field)] = {
    use Field::*;
    &[
        ("businessidentifier", BusinessIdentifier),
        ("businessidentifier.scheme", Market),
        ("salesunitname", SalesUnitName),
        ("salesunitlogo", Logo),
        ("settlementbankaccount", SettlementAccount),
        ("pricepackageid", PricePackage),
        ("producttype", ProductType),
        ("productusecase", UseCase),
        ("annualturnover", AnnualTurnover),
        ("annualturnoverpercentage", AnnualTurnoverPercentage),
        ("intendedpurpose", IntendedPurpose),
        ("app", AppName),
        ("website", WebsiteUrl),
        ("website.termsurl", TermsUrl),
        ("website.testwebsiteurl", TestWebsiteUrl),
        ("website.testwebsiteusername", TestWebsiteUsername),
        ("website.testwebsitepassword", TestWebsitePassword),
        ("hasrecurring", HasRecurring),
        ("merchantcategorycode", MerchantCategoryCode),
        ("compliancedata.giftcard", GiftCardUnderTen),
        ("compliancedata.giftcard.validityduration", GiftCardValidity),
        ("compliancedata.giftcard.giftcardturnovershare", GiftCardShare),
        ("compliancedata.membership", MembershipShare),
        ("compliancedata.membership.membershipvalidity", MembershipValidity),
        ("compliancedata.membership.perioddistribution", MembershipPeriods),
        ("compliancedata.subscription", SubscriptionShare),
        ("compliancedata.subscription.perioddistribution", SubscriptionPeriods),
        ("compliancedata.course", CourseShare),
        ("compliancedata.course.timebeforeorder", CourseOrderedBefore),
        ("compliancedata.course.period", CoursePeriod),
        ("compliancedata.course.isonlinecourseoffered", CourseOnline),
        ("compliancedata.course.onlineaccessibletime", CourseOnlineTime),
        ("compliancedata.ticket", TicketShare),
        ("compliancedata.ticket.prepurchasetime", TicketPrepurchase),
        ("compliancedata.rent", RentShare),
        ("compliancedata.rent.prepurchasetime", RentPrepurchase),
        ("compliancedata.rent.averagerentalduration", RentDuration),
        ("compliancedata.prepaidservices", PrepaidShare),
        ("compliancedata.prepaidservices.prepurchasetime", PrepaidPrepurchase),
        ("compliancedata.donation", DonationAccepted),
    ]
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_every_spelling_lead_to_their_field() {
        let cases = [
            ("businessIdentifier.id", Some(Field::BusinessIdentifier)),
            ("businessIdentifier.scheme", Some(Field::Market)),
            ("website.termsUrl", Some(Field::TermsUrl)),
            ("$.website.termsUrl", Some(Field::TermsUrl)),
            ("/website/termsUrl", Some(Field::TermsUrl)),
            ("Website.Url", Some(Field::WebsiteUrl)),
            ("settlementBankAccount.id", Some(Field::SettlementAccount)),
            ("complianceData.giftCard.validityDuration", Some(Field::GiftCardValidity)),
            ("complianceData.ticket.turnoverShare", Some(Field::TicketShare)),
            ("body.app.appName", Some(Field::AppName)),
            ("body", None),
            ("Idempotency-Key", None),
            ("complianceData", None),
            ("", None),
            (".", None),
        ];
        for (path, field) in cases {
            assert_eq!(field_of(path), field, "{path}");
        }
    }

    #[test]
    fn every_field_has_a_place_in_the_request() {
        for field in Field::ALL {
            assert!(PLACES.iter().any(|(_, known)| known == field), "{field:?}");
        }
    }
}
