//! For whom an address is, read from the address itself.

use percent_encoding::percent_decode_str;

use crate::domain::organisation::Audience;

/// Whether a path leads by way of others: with `.` and `..`, however they are written, or with
/// nothing between two slashes.
pub fn is_devious(path: &str) -> bool {
    let inner = path.strip_prefix('/').unwrap_or(path);
    let inner = inner.strip_suffix('/').unwrap_or(inner);
    let has_gap = !inner.is_empty() && inner.split('/').any(str::is_empty);
    let leads_away = |segment: &str| matches!(segment, "." | "..") || segment.contains('\\');
    has_gap || decoded(path).split('/').any(leads_away)
}

/// A path as the router of the pages may read it: it decodes twice (leptos-0.9).
fn decoded(path: &str) -> String {
    let once = percent_decode_str(path).decode_utf8_lossy();
    percent_decode_str(&once).decode_utf8_lossy().into_owned()
}

/// What only partners have: merchants find nothing there.
const PARTNER_SECTIONS: [&str; 4] = ["logos", "templates", "merchants", "price-packages"];
/// What merchants see too that are served from a partner's copy; and what in there is the partner's all the same.
const SHARED_SECTIONS: [&str; 2] = ["product-orders", "webhooks"];
const PARTNER_PAGES: [&str; 2] = ["new", "coverage"];
const PARTNER_DEEDS: [&str; 8] =
    ["note", "delete", "send", "recognise", "release", "change", "status", "price-package"];
/// What is between a merchant with keys of its own and its customers.
const MERCHANT_SECTIONS: [&str; 3] = ["agreements", "agreement-changes", "failed-charges"];
/// What is chosen by those whose keys are their own; a partner has more to choose.
const SETTINGS: &str = "settings";
/// What is between an organisation and its own people.
const OWN_SECTIONS: [&str; 2] = ["members", "api-tokens"];

/// For whom an address below `/as/` is.
pub fn audience(path: &str) -> Audience {
    let decoded = decoded(path);
    let mut parts = decoded.trim_end_matches('/').split('/').skip(3);
    let is_one_of = |part: Option<&str>, words: &[&str]| part.is_some_and(|part| words.contains(&part));
    let (section, thing, deed) = (parts.next(), parts.next(), parts.next());
    match () {
        () if is_one_of(section, &PARTNER_SECTIONS) => Audience::Partners,
        () if is_one_of(section, &MERCHANT_SECTIONS) => Audience::MerchantsWithKeys,
        () if section == Some(SETTINGS) && thing.is_none() => Audience::WithKeys,
        () if section == Some(SETTINGS) => Audience::Partners,
        () if section == Some("sales-units") && is_one_of(deed, &PARTNER_DEEDS) => Audience::Partners,
        () if !is_one_of(section, &SHARED_SECTIONS) => Audience::Everybody,
        () if is_one_of(thing, &PARTNER_PAGES) || is_one_of(deed, &PARTNER_DEEDS) => Audience::Partners,
        () => Audience::PartnersAndServed,
    }
}

/// Whether an address below `/as/` is for the organisation's own people, and not for those who view as it.
pub fn is_for_own_people(path: &str) -> bool {
    decoded(path).split('/').nth(3).is_some_and(|section| OWN_SECTIONS.contains(&section))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_way_leads_round_the_guard() {
        for path in [
            "/as/a/x/../webhooks",
            "/as/a/./webhooks",
            "/as/a//webhooks",
            "/as/a/%2e%2e/b",
            "/as/a/%252E%252e/b",
            "/a%2f..%2fb",
        ] {
            assert!(is_devious(path), "{path}");
        }
        for path in [
            "/",
            "/login",
            "/as/a/sales-units/123",
            "/as/a/",
            "/as/a/merchants/business%3ANO%3AORG/918713867",
            "/pkg/a.b/c.css",
        ] {
            assert!(!is_devious(path), "{path}");
        }
        for (path, expected) in [
            ("/as/a/settings", Audience::WithKeys),
            ("/as/a/sett%69ngs/", Audience::WithKeys),
            ("/as/a/settings/probe", Audience::Partners),
            ("/as/a/m%65rchants", Audience::Partners),
            ("/as/a/agreements/agr_1/charges/chr-1", Audience::MerchantsWithKeys),
            ("/as/a/failed%2Dcharges", Audience::MerchantsWithKeys),
            ("/as/a/webhooks", Audience::PartnersAndServed),
            ("/as/a/web%68ooks/new", Audience::Partners),
            ("/as/a/web%2568ooks/%6eew", Audience::Partners),
            ("/as/a/webhooks/coverage", Audience::Partners),
            ("/as/a/webhooks/1", Audience::PartnersAndServed),
            ("/as/a/webhooks/1/delete", Audience::Partners),
            ("/as/a/product-orders/1", Audience::PartnersAndServed),
            ("/as/a/product-orders/export", Audience::PartnersAndServed),
            ("/as/a/product-orders/1/refresh", Audience::PartnersAndServed),
            ("/as/a/product-orders/1/n%6fte", Audience::Partners),
            ("/as/a/sales-units", Audience::Everybody),
            ("/as/a/sales-units/1/refresh", Audience::Everybody),
            ("/as/a/sales-units/1/change", Audience::Partners),
            ("/as/a/sales-units/1/price-p%61ckage", Audience::Partners),
            ("/as/a", Audience::Everybody),
        ] {
            assert_eq!(audience(path), expected, "{path}");
        }
        assert!(is_for_own_people("/as/a/m%65mbers/1") && is_for_own_people("/as/a/api-tokens"));
        assert!(!is_for_own_people("/as/a/members-only") && !is_for_own_people("/as/a"));
    }
}
