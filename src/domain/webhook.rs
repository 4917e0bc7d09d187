//! Webhooks: what can be subscribed to, and where upstream can deliver.

pub mod coverage;
mod registration;
mod request;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};
use uuid::Uuid;

pub use self::registration::{Webhook, WebhookState, WebhookUnit, by_api};
pub use self::request::{NewWebhook, Objections, WebhookForm};

/// A registration as upstream lists it: no date, no sales unit, no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedWebhook {
    pub id: Uuid,
    pub url: String,
    /// Upstream's names, such as `epayments.payment.captured.v1`.
    pub events: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventType {
    pub name: &'static str,
    /// When it is sent, in one sentence.
    pub meaning: &'static str,
}

/// The events of one API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventFamily {
    /// In addresses and forms.
    pub word: &'static str,
    pub api: &'static str,
    pub events: &'static [EventType],
}

/// How often one event can be registered for one sales unit; all units together count like one.
pub const REGISTRATIONS_PER_EVENT: usize = 25;

/// How often `event` can be registered for one sales unit.
pub fn limit_of(event: &str) -> usize {
    if event == "user.checked-in.v1" { 1 } else { REGISTRATIONS_PER_EVENT }
}

/// Every event that is documented. Upstream may know others.
pub const EVENTS: &[EventFamily] = &[
    EventFamily {
        word: "epayment",
        api: "ePayment",
        events: &[
            event("epayments.payment.created.v1", "A payment has been created."),
            event("epayments.payment.aborted.v1", "The payer has turned the payment down."),
            event("epayments.payment.expired.v1", "The payer has not reacted in time."),
            event("epayments.payment.cancelled.v1", "A reserved amount, or the rest of it, has been released."),
            event("epayments.payment.captured.v1", "A reserved amount, or a part of it, has been captured."),
            event("epayments.payment.refunded.v1", "A captured amount, or a part of it, has been paid back."),
            event("epayments.payment.authorized.v1", "The payer has approved, and the amount is reserved."),
            event("epayments.payment.terminated.v1", "The merchant has ended the payment before the payer approved."),
        ],
    },
    EventFamily {
        word: "recurring-agreements",
        api: "Recurring agreements",
        events: &[
            event("recurring.agreement-activated.v1", "The payer has accepted an agreement."),
            event("recurring.agreement-rejected.v1", "The payer has turned an agreement down."),
            event("recurring.agreement-stopped.v1", "An agreement has ended; the event says who ended it."),
            event("recurring.agreement-expired.v1", "The payer has not accepted an agreement in time."),
        ],
    },
    EventFamily {
        word: "recurring-charges",
        api: "Recurring charges",
        events: &[
            event("recurring.charge-reserved.v1", "The amount of a charge is reserved."),
            event("recurring.charge-captured.v1", "A charge, or a part of it, has been captured."),
            event("recurring.charge-canceled.v1", "A charge, or the rest of it, has been cancelled."),
            event("recurring.charge-refunded.v1", "A charge, or a part of it, has been paid back."),
            event("recurring.charge-failed.v1", "A charge could not be taken; the event says why."),
            event("recurring.charge-creation-failed.v1", "A charge could not be created."),
        ],
    },
    EventFamily {
        word: "login",
        api: "Login",
        events: &[event("login.merchant-initiated.ping.v1", "The user has answered a login that the merchant began.")],
    },
    EventFamily {
        word: "qr",
        api: "QR",
        events: &[event("user.checked-in.v1", "A customer has scanned the merchant's QR code.")],
    },
    EventFamily {
        word: "donations",
        api: "Donations",
        events: &[
            event("donations.agreement.started.v1", "A donor has begun to give regularly."),
            event("donations.agreement.stopped.v1", "A donor has stopped giving regularly."),
            event("donations.agreement.withdrawal-day-changed.v1", "A donor has chosen another day of the month."),
            event("donations.agreement.amount-changed.v1", "A donor has chosen another amount."),
        ],
    },
];

/// The family an event belongs to, and what is documented of it; none if it is not among [`EVENTS`].
pub fn documented(event: &str) -> Option<(&'static EventFamily, &'static EventType)> {
    EVENTS.iter().find_map(|family| Some((family, family.events.iter().find(|known| known.name == event)?)))
}

const fn event(name: &'static str, meaning: &'static str) -> EventType {
    EventType { name, meaning }
}

/// Why upstream could not deliver to a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlFault {
    #[error("This is no URL. Write it in full, such as https://shop.example.com/webhooks.")]
    NotAUrl,
    #[error("The URL must begin with https://.")]
    NotHttps,
    #[error("The URL must not hold a user name or a password.")]
    Credentials,
    #[error("The URL must not hold a #: what follows it is never sent.")]
    Fragment,
    #[error("Port {0} is not called. Use 443, 80 or 8080.")]
    Port(u16),
    #[error("This names a machine in a local network. The host must be reachable from the internet.")]
    LocalName,
    #[error("This address is not public. The host must be reachable from the internet.")]
    NotPublic,
}

/// The URL as it will be registered: what upstream asks of one, as far as that can be told without calling it.
///
/// # Errors
/// The first fault.
pub fn check_url(text: &str) -> Result<String, UrlFault> {
    let text = text.trim();
    // The parser would leave them out, and so register something else than what is seen.
    if text.contains(|c: char| c.is_control() || c.is_whitespace() || c == '\\') {
        return Err(UrlFault::NotAUrl);
    }
    let url = Url::parse(text).map_err(|_| UrlFault::NotAUrl)?;
    if url.scheme() != "https" {
        return Err(if url.has_host() { UrlFault::NotHttps } else { UrlFault::NotAUrl });
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(UrlFault::Credentials);
    }
    if url.fragment().is_some() {
        return Err(UrlFault::Fragment);
    }
    match url.host() {
        None => return Err(UrlFault::NotAUrl),
        Some(Host::Domain(name)) if is_local(name) => return Err(UrlFault::LocalName),
        Some(Host::Domain(_)) => {}
        Some(Host::Ipv4(ip)) if is_public(ip) => {}
        Some(Host::Ipv6(ip)) if is_public_v6(ip) => {}
        Some(Host::Ipv4(_) | Host::Ipv6(_)) => return Err(UrlFault::NotPublic),
    }
    match url.port_or_known_default() {
        Some(80 | 443 | 8080) => Ok(url.into()),
        port => Err(UrlFault::Port(port.unwrap_or_default())),
    }
}

/// Whether what is sent to this URL can be read on its way.
pub fn is_plain_http(url: &str) -> bool {
    Url::parse(url.trim()).is_ok_and(|url| url.scheme() == "http")
}

/// Whether a name means something in a local network only.
fn is_local(name: &str) -> bool {
    const ENDINGS: [&str; 4] = [".localhost", ".local", ".internal", ".home.arpa"];
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    !name.contains('.') || ENDINGS.iter().any(|ending| name.ends_with(ending))
}

fn is_public(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let assigned_to_protocols = (a, b, c) == (192, 0, 0);
    let benchmarks = a == 198 && (18..20).contains(&b);
    let special = ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_multicast();
    !(special || ip.is_documentation() || shared || assigned_to_protocols || benchmarks || a == 0 || a >= 240)
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    if let IpAddr::V4(mapped) = ip.to_canonical() {
        return is_public(mapped);
    }
    let [first, second, ..] = ip.segments();
    // All addresses in public use begin with the bits 001; in there are documentation and tunnels to IPv4.
    let documentation = (first, second) == (0x2001, 0xdb8) || (first == 0x3fff && second < 0x1000);
    let tunnel = first == 0x2002 || (first, second) == (0x2001, 0);
    first & 0xe000 == 0x2000 && !documentation && !tunnel
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_urls_are_normalised() {
        for (text, expected) in [
            ("https://example.com/hook?a=1", "https://example.com/hook?a=1"),
            (" HTTPS://Shop.Example.COM:443 ", "https://shop.example.com/"),
            ("https://example.com:8080/a/../b", "https://example.com:8080/b"),
            ("https://example.com:80/", "https://example.com:80/"),
            ("https://blåbær.no/", "https://xn--blbr-roah.no/"),
            ("https://example.com./", "https://example.com./"),
            ("https://8.8.8.8/", "https://8.8.8.8/"),
            ("https://[2a00:1450:400f::5]/", "https://[2a00:1450:400f::5]/"),
            ("https://internal.example.com/", "https://internal.example.com/"),
        ] {
            assert_eq!(check_url(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn urls_that_upstream_cannot_deliver_to_are_refused() {
        let cases = [
            ("", UrlFault::NotAUrl),
            ("example.com/hook", UrlFault::NotAUrl),
            ("https://", UrlFault::NotAUrl),
            ("https://exa mple.com", UrlFault::NotAUrl),
            ("https://example.com/a\tb", UrlFault::NotAUrl),
            ("https:\\\\example.com", UrlFault::NotAUrl),
            ("mailto:a@example.com", UrlFault::NotAUrl),
            ("https://example.com:99999/", UrlFault::NotAUrl),
            ("http://example.com/", UrlFault::NotHttps),
            ("ftp://example.com/", UrlFault::NotHttps),
            ("https://user@example.com/", UrlFault::Credentials),
            ("https://user:pass@example.com/", UrlFault::Credentials),
            ("https://example.com/#top", UrlFault::Fragment),
            ("https://example.com:8443/", UrlFault::Port(8443)),
            ("https://localhost/", UrlFault::LocalName),
            ("https://shop.localhost/", UrlFault::LocalName),
            ("https://intranet/", UrlFault::LocalName),
            ("https://intranet./", UrlFault::LocalName),
            ("https://printer.LOCAL./", UrlFault::LocalName),
            ("https://db.internal/", UrlFault::LocalName),
        ];
        for (text, fault) in cases {
            assert_eq!(check_url(text), Err(fault), "{text}");
        }
        for host in [
            "127.0.0.1",
            "127.1",
            "0x7f000001",
            "2130706433",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "255.255.255.255",
            "192.0.2.1",
            "198.18.0.1",
            "224.0.0.1",
            "[::]",
            "[::1]",
            "[fe80::1]",
            "[fd00::1]",
            "[ff02::1]",
            "[::ffff:10.0.0.1]",
            "[2001:db8::1]",
            "[2002:7f00:1::]",
            "[64:ff9b::7f00:1]",
        ] {
            assert_eq!(check_url(&format!("https://{host}/hook")), Err(UrlFault::NotPublic), "{host}");
        }
    }

    #[test]
    fn plain_http_is_told_from_the_rest() {
        assert!(is_plain_http(" HTTP://example.com/"));
        assert!(!is_plain_http("https://example.com/http://"));
        assert!(!is_plain_http("nothing"));
    }

    #[test]
    fn events_are_named_once_and_as_upstream_names_them() {
        let names: Vec<&str> = EVENTS.iter().flat_map(|family| family.events).map(|event| event.name).collect();
        let mut unique = names.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!((names.len(), unique.len()), (24, 24));
        assert!(names.iter().all(|name| name.ends_with(".v1")));
        let limits: Vec<&&str> = names.iter().filter(|name| limit_of(name) == 1).collect();
        assert_eq!(limits, [&"user.checked-in.v1"]);
        assert_eq!(limit_of("something.new.v1"), REGISTRATIONS_PER_EVENT);
    }

    proptest::proptest! {
        #[test]
        fn what_passes_passes_again_unchanged(text in "(https://)?[a-zA-Z0-9.:@#/%\\[\\]-]{0,30}") {
            if let Ok(url) = check_url(&text) {
                proptest::prop_assert_eq!(check_url(&url), Ok(url.clone()));
            }
        }
    }
}
