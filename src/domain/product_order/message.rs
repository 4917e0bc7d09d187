//! Messages to a merchant about an order that waits for them, ready to be copied into a mail.

use time::{Date, Month, OffsetDateTime};

use super::{OrderStatus, ProductOrderRow};
use crate::domain::identifiers::{BusinessIdentifier, Market};

/// A message in one language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// As in the `lang` attribute.
    pub language: &'static str,
    pub language_name: &'static str,
    pub text: String,
}

/// Why one writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// The link is new.
    Fresh,
    /// The merchant has opened it and has not submitted.
    Opened,
    /// It stops working soon.
    Expiring,
}

impl Occasion {
    pub fn label(self) -> &'static str {
        match self {
            Self::Fresh => "To send the link",
            Self::Opened => "To ask how far they have come",
            Self::Expiring => "To remind of the last days",
        }
    }
}

/// So long before its link stops working, an order counts as about to expire.
pub const EXPIRES_SOON: time::Duration = time::Duration::days(3);

/// What to write to the merchant of an order now: in the language of its market, then in English.
/// Nothing if the order does not wait for its merchant, or has no link.
pub fn messages(order: &ProductOrderRow, now: OffsetDateTime) -> Option<(Occasion, Vec<Message>)> {
    let (url, expires_at) = (order.url.as_deref()?, order.expires_at()?);
    if expires_at <= now {
        return None;
    }
    let occasion = if expires_at - now <= EXPIRES_SOON {
        Occasion::Expiring
    } else if order.status == OrderStatus::MerchantViewed {
        Occasion::Opened
    } else {
        Occasion::Fresh
    };
    let name = order.sales_unit_name.as_deref().or(order.merchant_name.as_deref());
    let market = order.business_identifier.as_ref().and_then(BusinessIdentifier::market);
    let native = match market {
        Some(Market::Norway) => Some(norwegian(occasion, name, url, expires_at.date())),
        Some(Market::Denmark) => Some(danish(occasion, name, url, expires_at.date())),
        Some(Market::Finland) => Some(finnish(occasion, name, url, expires_at.date())),
        None => None,
    };
    Some((occasion, native.into_iter().chain([english(occasion, name, url, expires_at.date())]).collect()))
}

fn norwegian(occasion: Occasion, name: Option<&str>, url: &str, until: Date) -> Message {
    let name = name.map(|name| format!(" for {name}")).unwrap_or_default();
    let until = numeric(until);
    let text = match occasion {
        Occasion::Fresh => format!(
            "Hei!\n\nVi har gjort klar bestillingen av Vipps{name}. Åpne lenken, se over opplysningene og send inn. Du logger inn med BankID, og den som sender inn må kunne signere for bedriften.\n\n{url}\n\nLenken må brukes før {until}. Si gjerne fra til oss hvis noe er uklart."
        ),
        Occasion::Opened => format!(
            "Hei!\n\nBestillingen av Vipps{name} er åpnet, men ikke sendt inn ennå. Du kan fortsette her:\n\n{url}\n\nLenken må brukes før {until}. Si gjerne fra til oss hvis noe er uklart."
        ),
        Occasion::Expiring => format!(
            "Hei!\n\nLenken til bestillingen av Vipps{name} slutter snart å virke. Den må brukes før {until}:\n\n{url}\n\nSi gjerne fra til oss hvis noe er uklart."
        ),
    };
    Message { language: "nb", language_name: "Norwegian", text }
}

fn danish(occasion: Occasion, name: Option<&str>, url: &str, until: Date) -> Message {
    let name = name.map(|name| format!(" til {name}")).unwrap_or_default();
    let until = numeric(until);
    let text = match occasion {
        Occasion::Fresh => format!(
            "Hej!\n\nVi har gjort bestillingen af MobilePay{name} klar. Åbn linket, gennemse oplysningerne og send ind. Du logger ind med MitID, og den, der sender ind, skal kunne tegne virksomheden.\n\n{url}\n\nLinket skal bruges før {until}. Skriv endelig til os, hvis noget er uklart."
        ),
        Occasion::Opened => format!(
            "Hej!\n\nBestillingen af MobilePay{name} er åbnet, men ikke sendt ind endnu. Du kan fortsætte her:\n\n{url}\n\nLinket skal bruges før {until}. Skriv endelig til os, hvis noget er uklart."
        ),
        Occasion::Expiring => format!(
            "Hej!\n\nLinket til bestillingen af MobilePay{name} holder snart op med at virke. Det skal bruges før {until}:\n\n{url}\n\nSkriv endelig til os, hvis noget er uklart."
        ),
    };
    Message { language: "da", language_name: "Danish", text }
}

fn finnish(occasion: Occasion, name: Option<&str>, url: &str, until: Date) -> Message {
    let name = name.map(|name| format!(" ({name})")).unwrap_or_default();
    let until = numeric(until);
    let text = match occasion {
        Occasion::Fresh => format!(
            "Hei!\n\nOlemme valmistelleet MobilePay-tilauksen{name}. Avaa linkki, tarkista tiedot ja lähetä tilaus. Lähettäjällä pitää olla oikeus allekirjoittaa yrityksen puolesta.\n\n{url}\n\nLinkkiä pitää käyttää ennen {until}. Kerrothan meille, jos jokin on epäselvää."
        ),
        Occasion::Opened => format!(
            "Hei!\n\nMobilePay-tilaus{name} on avattu, mutta sitä ei ole vielä lähetetty. Voit jatkaa tästä:\n\n{url}\n\nLinkkiä pitää käyttää ennen {until}. Kerrothan meille, jos jokin on epäselvää."
        ),
        Occasion::Expiring => format!(
            "Hei!\n\nMobilePay-tilauksen{name} linkki vanhenee pian. Sitä pitää käyttää ennen {until}:\n\n{url}\n\nKerrothan meille, jos jokin on epäselvää."
        ),
    };
    Message { language: "fi", language_name: "Finnish", text }
}

fn english(occasion: Occasion, name: Option<&str>, url: &str, until: Date) -> Message {
    let name = name.map(|name| format!(" for {name}")).unwrap_or_default();
    let until = format!("{} {} {}", until.day(), month(until.month()), until.year());
    let text = match occasion {
        Occasion::Fresh => format!(
            "Hello,\n\nWe have prepared the order of Vipps MobilePay{name}. Open the link, look through the details and submit it. Whoever submits must be able to sign for the company.\n\n{url}\n\nThe link has to be used before {until}. Tell us if anything is unclear."
        ),
        Occasion::Opened => format!(
            "Hello,\n\nThe order of Vipps MobilePay{name} has been opened, but not submitted yet. You can go on here:\n\n{url}\n\nThe link has to be used before {until}. Tell us if anything is unclear."
        ),
        Occasion::Expiring => format!(
            "Hello,\n\nThe link to the order of Vipps MobilePay{name} will soon stop working. It has to be used before {until}:\n\n{url}\n\nTell us if anything is unclear."
        ),
    };
    Message { language: "en", language_name: "English", text }
}

/// As it is written in Norway, Denmark and Finland: `4.12.2026`.
fn numeric(date: Date) -> String {
    format!("{}.{}.{}", date.day(), u8::from(date.month()), date.year())
}

fn month(month: Month) -> &'static str {
    const NAMES: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    NAMES[usize::from(u8::from(month)) - 1]
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;
    use uuid::Uuid;

    use super::super::{Delivery, OrderKind, ProductType};
    use super::*;

    fn order(status: OrderStatus, scheme: &str) -> ProductOrderRow {
        let begun_at = datetime!(2026-11-20 12:00 UTC);
        ProductOrderRow {
            id: Uuid::from_u128(1),
            upstream_id: None,
            kind: OrderKind::Prefill,
            product_type: ProductType::Checkout,
            status,
            status_at: begun_at,
            delivery: Some(Delivery::Sent),
            business_identifier: Some(BusinessIdentifier::new(scheme, "918713867")),
            merchant_name: Some("Blåbær AS".to_owned()),
            sales_unit_name: Some("Blåbær Kaffe".to_owned()),
            msn: None,
            url: Some("https://portal.example/x".to_owned()),
            begun_at,
            sent_here: true,
            template_name: None,
            gone_at: None,
            deleted_at: None,
        }
    }

    #[test]
    fn the_message_fits_the_occasion_and_the_market() {
        let now = datetime!(2026-11-21 12:00 UTC);
        let (occasion, texts) = messages(&order(OrderStatus::Received, "business:NO:ORG"), now).unwrap();
        assert_eq!(occasion, Occasion::Fresh);
        assert_eq!(texts.iter().map(|text| text.language).collect::<Vec<_>>(), ["nb", "en"]);
        assert!(texts[0].text.contains("Vipps for Blåbær Kaffe") && texts[0].text.contains("før 4.12.2026"));
        assert!(texts[1].text.contains("https://portal.example/x") && texts[1].text.contains("4 December 2026"));
        let (occasion, texts) = messages(&order(OrderStatus::MerchantViewed, "business:DK:CVR"), now).unwrap();
        assert_eq!((occasion, texts[0].language), (Occasion::Opened, "da"));
        let late = datetime!(2026-12-02 12:00 UTC);
        let (occasion, texts) = messages(&order(OrderStatus::MerchantViewed, "business:FI:Y-tunnus"), late).unwrap();
        assert_eq!((occasion, texts[0].language), (Occasion::Expiring, "fi"));
    }

    #[test]
    fn nobody_is_written_to_about_an_order_that_does_not_wait_for_them() {
        let now = datetime!(2026-11-21 12:00 UTC);
        for status in [OrderStatus::Submitted, OrderStatus::Completed, OrderStatus::Rejected, OrderStatus::Expired] {
            assert_eq!(messages(&order(status, "business:NO:ORG"), now), None);
        }
        let too_late = datetime!(2026-12-04 12:00 UTC);
        assert_eq!(messages(&order(OrderStatus::Received, "business:NO:ORG"), too_late), None);
        let unknown =
            ProductOrderRow { delivery: Some(Delivery::Unknown), ..order(OrderStatus::Received, "business:NO:ORG") };
        assert_eq!(messages(&unknown, now), None);
    }
}
