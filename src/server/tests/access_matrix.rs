//! Every address, asked for by everybody: who gets what.

use std::collections::BTreeSet;

use reqwest::Method;
use reqwest::StatusCode;
use sqlx::PgPool;

use super::{Browser, MERCHANT, OTHER_PARTNER, PARTNER, TestPortal};
use crate::domain::organisation::Role;
use crate::server::router::{guarded_actions, open_actions, pages};
use crate::server::store::MIGRATIONS;

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Nobody,
    /// Signed in, a member of nothing.
    Stranger,
    /// A member of another partner.
    OtherTenant,
    /// A member of a merchant of the partner.
    Merchant,
    Viewer,
    Operator,
    Admin,
    /// Who decides about the registry, and is a member of nothing.
    InstanceAdmin,
}

const EVERYBODY: [Who; 8] = [
    Who::Nobody,
    Who::Stranger,
    Who::OtherTenant,
    Who::Merchant,
    Who::Viewer,
    Who::Operator,
    Who::Admin,
    Who::InstanceAdmin,
];

/// Who may have an address.
#[derive(Clone, Copy, Debug)]
enum Access {
    Open,
    /// Everybody who has signed in.
    SignedIn,
    /// Members of the organisation in the address; to others it does not exist.
    Members,
    /// Members who may change things; viewers are told that they may not.
    Operators,
    /// Members who decide about the organisation.
    Admins,
    /// Those who decide about the registry; to everybody else it does not exist.
    InstanceAdmins,
    /// Members of a merchant with keys of its own; here, where a partner is asked for, nobody.
    MerchantsOnly,
}

/// Every route: method, address, who may have it, and what those are answered.
const MATRIX: &[(&str, &str, Access, u16)] = &[
    ("GET", "/healthz", Access::Open, 200),
    ("GET", "/readyz", Access::Open, 200),
    // There are no files in tests; that they are open is all that is asked here.
    ("GET", "/pkg/{*path}", Access::Open, 404),
    ("GET", "/favicon.svg", Access::Open, 404),
    ("GET", "/icons.svg", Access::Open, 404),
    ("GET", "/login", Access::Open, 200),
    ("POST", "/login", Access::Open, 422),
    ("GET", "/", Access::SignedIn, 303),
    ("GET", "/businesses", Access::SignedIn, 200),
    ("GET", "/profile", Access::SignedIn, 200),
    ("POST", "/profile/preferences", Access::SignedIn, 303),
    ("GET", "/profile/tokens", Access::SignedIn, 200),
    // There is no name in the form.
    ("POST", "/profile/tokens", Access::SignedIn, 422),
    // Nobody has this token.
    ("POST", "/profile/tokens/{id}/revoke", Access::SignedIn, 404),
    ("GET", "/as/{org}/api-tokens", Access::Members, 200),
    ("POST", "/as/{org}/api-tokens", Access::Admins, 422),
    ("POST", "/as/{org}/api-tokens/{id}/revoke", Access::Admins, 404),
    ("GET", "/as/{org}", Access::Members, 200),
    ("GET", "/as/{org}/settings", Access::Members, 200),
    ("POST", "/as/{org}/settings", Access::Admins, 303),
    ("POST", "/as/{org}/settings/probe", Access::Operators, 303),
    ("GET", "/as/{org}/sales-units/{msn}/change", Access::Members, 200),
    ("POST", "/as/{org}/sales-units/{msn}/change", Access::Operators, 422),
    ("POST", "/as/{org}/sales-units/{msn}/status", Access::Operators, 422),
    ("GET", "/as/{org}/members", Access::Members, 200),
    ("POST", "/as/{org}/members", Access::Admins, 422),
    ("GET", "/as/{org}/members/{person}", Access::Members, 200),
    ("POST", "/as/{org}/members/{person}/role", Access::Admins, 422),
    ("POST", "/as/{org}/members/{person}/remove", Access::Admins, 303),
    ("GET", "/as/{org}/sales-units", Access::Members, 200),
    ("GET", "/as/{org}/sales-units/export", Access::Members, 200),
    ("GET", "/as/{org}/merchants/export", Access::Members, 200),
    ("GET", "/as/{org}/product-orders/export", Access::Members, 200),
    ("GET", "/as/{org}/webhooks/export", Access::Members, 200),
    ("GET", "/as/{org}/price-packages/export", Access::Members, 200),
    ("GET", "/as/{org}/sales-units/{msn}", Access::Members, 200),
    ("POST", "/as/{org}/sales-units/refresh", Access::Members, 303),
    ("POST", "/as/{org}/sales-units/{msn}/refresh", Access::Members, 303),
    ("GET", "/as/{org}/product-orders", Access::Members, 200),
    ("GET", "/as/{org}/product-orders/{id}", Access::Members, 200),
    ("GET", "/as/{org}/product-orders/new", Access::Operators, 200),
    // A mere check is no refusal.
    ("POST", "/as/{org}/product-orders/new", Access::Operators, 200),
    ("GET", "/as/{org}/logos/{logo}", Access::Members, 200),
    ("GET", "/as/{org}/templates", Access::Members, 200),
    ("GET", "/as/{org}/templates/new", Access::Operators, 200),
    ("POST", "/as/{org}/templates/new", Access::Operators, 422),
    ("GET", "/as/{org}/templates/{id}", Access::Members, 200),
    ("POST", "/as/{org}/templates/{id}", Access::Operators, 422),
    ("POST", "/as/{org}/templates/{id}/link", Access::Operators, 303),
    ("POST", "/as/{org}/templates/{id}/withdraw", Access::Operators, 303),
    ("POST", "/as/{org}/templates/{id}/archive", Access::Operators, 303),
    ("POST", "/as/{org}/templates/{id}/restore", Access::Operators, 303),
    ("GET", "/t/{code}", Access::Open, 200),
    ("POST", "/t/{code}", Access::Open, 422),
    ("GET", "/t/{code}/orders/{key}", Access::Open, 200),
    ("POST", "/t/{code}/orders/{key}", Access::Open, 303),
    ("POST", "/as/{org}/product-orders/refresh", Access::Members, 303),
    ("POST", "/as/{org}/product-orders/{id}/refresh", Access::Members, 303),
    ("POST", "/as/{org}/product-orders/{id}/note", Access::Operators, 303),
    ("POST", "/as/{org}/product-orders/{id}/send", Access::Operators, 303),
    // Nothing is recognised without saying which order it is.
    ("POST", "/as/{org}/product-orders/{id}/recognise", Access::Operators, 404),
    // Only what was found by looking can be another one.
    ("POST", "/as/{org}/product-orders/{id}/release", Access::Operators, 404),
    ("POST", "/as/{org}/product-orders/{id}/delete", Access::Operators, 303),
    ("POST", "/as/{org}/sales-units/{msn}/price-package", Access::Operators, 303),
    ("GET", "/as/{org}/price-packages", Access::Members, 200),
    ("POST", "/as/{org}/price-packages/refresh", Access::Members, 303),
    // A merchant's own: to the members of a partner they do not exist.
    ("GET", "/as/{org}/agreements", Access::MerchantsOnly, 404),
    ("GET", "/as/{org}/agreements/{id}", Access::MerchantsOnly, 404),
    ("POST", "/as/{org}/agreements/refresh", Access::MerchantsOnly, 404),
    ("GET", "/as/{org}/agreements/export", Access::MerchantsOnly, 404),
    ("GET", "/as/{org}/agreements/new", Access::MerchantsOnly, 404),
    ("POST", "/as/{org}/agreements/new", Access::MerchantsOnly, 404),
    ("POST", "/as/{org}/agreements/version", Access::MerchantsOnly, 404),
    ("POST", "/as/{org}/agreements/{id}/refresh", Access::MerchantsOnly, 404),
    ("POST", "/as/{org}/agreements/{id}/stop", Access::MerchantsOnly, 404),
    ("GET", "/as/{org}/agreements/{id}/charges/new", Access::MerchantsOnly, 404),
    ("POST", "/as/{org}/agreements/{id}/charges/new", Access::MerchantsOnly, 404),
    ("GET", "/as/{org}/agreements/{id}/charges/{charge}", Access::MerchantsOnly, 404),
    ("POST", "/as/{org}/agreements/{id}/charges/{charge}/refresh", Access::MerchantsOnly, 404),
    ("POST", "/as/{org}/agreements/{id}/charges/{charge}/cancel", Access::MerchantsOnly, 404),
    ("POST", "/as/{org}/agreements/{id}/charges/{charge}/capture", Access::MerchantsOnly, 404),
    ("POST", "/as/{org}/agreements/{id}/charges/{charge}/refund", Access::MerchantsOnly, 404),
    ("GET", "/as/{org}/agreement-changes/{key}", Access::MerchantsOnly, 404),
    ("POST", "/as/{org}/agreement-changes/{key}/again", Access::MerchantsOnly, 404),
    ("GET", "/as/{org}/failed-charges", Access::MerchantsOnly, 404),
    ("GET", "/as/{org}/api-quality", Access::Members, 200),
    ("GET", "/as/{org}/merchants", Access::Members, 200),
    ("GET", "/as/{org}/merchants/{scheme}/{id}", Access::Members, 200),
    ("POST", "/as/{org}/merchants/{scheme}/{id}/refresh", Access::Members, 303),
    ("POST", "/as/{org}/merchants/{scheme}/{id}/view", Access::Members, 303),
    ("GET", "/as/{org}/webhooks", Access::Members, 200),
    ("GET", "/as/{org}/webhooks/new", Access::Members, 200),
    ("POST", "/as/{org}/webhooks/new", Access::Operators, 422),
    ("GET", "/as/{org}/webhooks/coverage", Access::Members, 200),
    ("GET", "/as/{org}/webhooks/{id}", Access::Members, 200),
    ("POST", "/as/{org}/webhooks/{id}/delete", Access::Operators, 303),
    ("POST", "/as/{org}/webhooks/refresh", Access::Members, 303),
    ("GET", "/admin/organisations", Access::InstanceAdmins, 200),
    ("GET", "/admin/organisations/new", Access::InstanceAdmins, 200),
    ("POST", "/admin/organisations/new", Access::InstanceAdmins, 422),
    ("GET", "/admin/organisations/{org}", Access::InstanceAdmins, 200),
    ("GET", "/admin/organisations/{org}/edit", Access::InstanceAdmins, 200),
    // The form does not say as of when it was opened.
    ("POST", "/admin/organisations/{org}/edit", Access::InstanceAdmins, 422),
    ("POST", "/admin/organisations/{org}/check", Access::InstanceAdmins, 303),
    // It serves a merchant, so it stays.
    ("POST", "/admin/organisations/{org}/remove", Access::InstanceAdmins, 303),
    ("POST", "/admin/organisations/{org}/switch", Access::InstanceAdmins, 303),
    ("POST", "/admin/organisations/{org}/membership", Access::InstanceAdmins, 303),
    // Last: it ends the session.
    ("POST", "/logout", Access::SignedIn, 303),
];

/// What of all that there is for the members of a merchant that is served from a partner's copy. Everything else below
/// their organisation does not exist for them.
const OF_MERCHANTS: &[(&str, &str, Access, u16)] = &[
    ("GET", "/as/{org}/api-quality", Access::Members, 200),
    ("GET", "/as/{org}", Access::Members, 200),
    ("GET", "/as/{org}/sales-units", Access::Members, 200),
    ("GET", "/as/{org}/sales-units/export", Access::Members, 200),
    ("GET", "/as/{org}/sales-units/{msn}", Access::Members, 200),
    ("POST", "/as/{org}/sales-units/refresh", Access::Members, 303),
    ("POST", "/as/{org}/sales-units/{msn}/refresh", Access::Members, 303),
    ("GET", "/as/{org}/product-orders", Access::Members, 200),
    ("GET", "/as/{org}/product-orders/export", Access::Members, 200),
    ("GET", "/as/{org}/product-orders/{id}", Access::Members, 200),
    ("POST", "/as/{org}/product-orders/refresh", Access::Members, 303),
    ("POST", "/as/{org}/product-orders/{id}/refresh", Access::Members, 303),
    ("GET", "/as/{org}/webhooks", Access::Members, 200),
    ("GET", "/as/{org}/webhooks/export", Access::Members, 200),
    ("GET", "/as/{org}/webhooks/{id}", Access::Members, 200),
    ("POST", "/as/{org}/webhooks/refresh", Access::Members, 303),
    ("GET", "/as/{org}/members", Access::Members, 200),
    ("GET", "/as/{org}/members/{person}", Access::Members, 200),
    ("POST", "/as/{org}/members", Access::Admins, 422),
    ("POST", "/as/{org}/members/{person}/role", Access::Admins, 422),
    ("POST", "/as/{org}/members/{person}/remove", Access::Admins, 303),
    ("GET", "/as/{org}/api-tokens", Access::Members, 200),
    ("POST", "/as/{org}/api-tokens", Access::Admins, 422),
    ("POST", "/as/{org}/api-tokens/{id}/revoke", Access::Admins, 404),
];

#[test]
fn no_route_is_missing_from_the_matrix() {
    let mut routes = BTreeSet::new();
    for page in pages() {
        routes.insert(("GET".to_owned(), page.path().to_owned()));
    }
    for action in open_actions().into_iter().chain(guarded_actions()) {
        routes.insert((action.method.to_string(), action.path.to_owned()));
    }
    let listed: BTreeSet<_> =
        MATRIX.iter().map(|(method, path, ..)| ((*method).to_owned(), (*path).to_owned())).collect();
    assert_eq!(routes, listed);
    // Server functions would be addresses, too. Pages load without any.
    assert_eq!(leptos::server_fn::axum::server_fn_paths().count(), 0);
}

async fn browser(portal: &TestPortal, who: Who) -> Browser {
    let email = format!("{who:?}@example.com").to_lowercase();
    match who {
        Who::Nobody => portal.browser(),
        Who::Stranger => portal.member(&email, &[]).await,
        Who::OtherTenant => portal.member(&email, &[(OTHER_PARTNER, Role::Admin)]).await,
        Who::Merchant => portal.member(&email, &[(MERCHANT, Role::Admin)]).await,
        Who::Viewer => portal.member(&email, &[(PARTNER, Role::Viewer)]).await,
        Who::Operator => portal.member(&email, &[(PARTNER, Role::Operator)]).await,
        Who::Admin => portal.member(&email, &[(PARTNER, Role::Admin)]).await,
        Who::InstanceAdmin => super::registry_pages::instance_admin(portal, &email).await,
    }
}

/// What of the partner's is asked for, in place of the parameters of the addresses.
fn things(portal: &TestPortal) -> Vec<(&'static str, String)> {
    let merchant = portal.sandbox.merchants_of(PARTNER).remove(0);
    let order = portal.sandbox.orders_of(PARTNER).remove(0);
    let webhook = portal.sandbox.webhooks_of(PARTNER).remove(0);
    vec![
        ("{org}", PARTNER.to_owned()),
        ("{msn}", merchant.msns[0].clone()),
        ("{scheme}/{id}", format!("{}/{}", merchant.scheme, merchant.id)),
        ("/product-orders/{id}", format!("/product-orders/{}", order.id)),
        ("/webhooks/{id}", format!("/webhooks/{}", webhook.id)),
        ("{*path}", "nothing.css".to_owned()),
    ]
}

/// A template, a picture, and an order that a merchant has sent with another template's link.
async fn made_by_staff(portal: &TestPortal) -> Vec<(&'static str, String)> {
    let staff = portal.member("maker@example.com", &[(PARTNER, Role::Operator)]).await;
    let template = super::templates::make(&staff, &[("name", "One")]).await;
    let link = super::templates::make(&staff, &[("name", "Other")]).await;
    let code = super::templates::link(&staff, link).await;
    let logo = super::prefill::keep_logo(&staff).await;
    let merchant = portal.browser().at("203.0.113.200");
    let form = [("key", "11111111-1111-4111-8111-111111111111"), ("business_identifier", "918713867")];
    let sent = merchant.post(&format!("/t/{code}"), &form).await;
    assert_eq!(sent.location(), format!("/t/{code}/orders/{}", form[0].1), "{}", sent.text());
    vec![
        ("/templates/{id}", format!("/templates/{template}")),
        ("{code}", code),
        ("{key}", form[0].1.to_owned()),
        ("{logo}", format!("{logo}.png")),
    ]
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn everybody_gets_what_is_theirs_and_nothing_else(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let mut things = things(&portal);
    let person = portal.person("member@example.com", &[(PARTNER, Role::Viewer)]).await;
    things.push(("{person}", person.to_string()));
    things.extend(made_by_staff(&portal).await);
    for who in EVERYBODY {
        // That everybody is refused at /login in turn is nobody's guessing.
        sqlx::query("delete from sign_in_throttle").execute(&portal.pool).await.unwrap();
        let browser = browser(&portal, who).await.at(&format!("203.0.113.{}", who as u8));
        for &(method, pattern, access, answer) in MATRIX {
            let path = things.iter().fold(pattern.to_owned(), |path, (place, thing)| path.replace(place, thing));
            let got = if method == "GET" { browser.get(&path).await } else { browser.post(&path, &[]).await };
            let member = matches!(who, Who::Viewer | Who::Operator | Who::Admin);
            let within = matches!(access, Access::Members | Access::Operators | Access::Admins);
            let expected = match access {
                Access::Open => answer,
                _ if who == Who::Nobody => 303,
                _ if within && !member => 404,
                Access::InstanceAdmins if who != Who::InstanceAdmin => 404,
                Access::Operators if who == Who::Viewer => 403,
                Access::Admins if who != Who::Admin => 403,
                _ => answer,
            };
            assert_eq!(got.status.as_u16(), expected, "{who:?} {method} {path}: {}", got.text());
            if expected == 303 && who == Who::Nobody && !matches!(access, Access::Open) {
                assert!(got.location().starts_with("/login"), "{who:?} {method} {path} {}", got.location());
            }
            let hidden = matches!(access, Access::InstanceAdmins) && who != Who::InstanceAdmin;
            if hidden || (within && !member) {
                assert!(!got.body.contains("Kystkassa"), "{who:?} {method} {path}");
            }
        }
    }
}

/// Every address below an organisation, with the things of a merchant in it.
fn below(organisation: &str, things: &[(&str, String)]) -> Vec<(&'static str, &'static str, String)> {
    let below = MATRIX.iter().filter(|(_, pattern, ..)| pattern.starts_with("/as/{org}"));
    let filled = below.map(|(method, pattern, ..)| {
        let path = pattern.replace("{org}", organisation);
        (*method, *pattern, things.iter().fold(path, |path, (place, thing)| path.replace(place, thing)))
    });
    filled.collect()
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_served_merchants_members_get_what_is_a_merchants(pool: PgPool) {
    let two = super::merchant_view::Two::merchants(pool).await;
    let portal = &two.portal;
    let mut things = two.things();
    let person = portal.person("member@example.com", &[(MERCHANT, Role::Viewer)]).await;
    things.push(("{person}", person.to_string()));
    for role in Role::ALL {
        let browser = portal.member(&format!("{}@example.com", role.as_str()), &[(MERCHANT, role)]).await;
        for (method, pattern, path) in below(MERCHANT, &things) {
            let got = if method == "GET" { browser.get(&path).await } else { browser.post(&path, &[]).await };
            let own = OF_MERCHANTS.iter().find(|(own, at, ..)| (*own, *at) == (method, pattern));
            let expected = match own {
                None => 404,
                Some((_, _, Access::Admins, _)) if role != Role::Admin => 403,
                Some((.., answer)) => *answer,
            };
            assert_eq!(got.status.as_u16(), expected, "{role:?} {method} {path}: {}", got.text());
        }
    }
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn whoever_views_as_a_merchant_gets_what_can_be_looked_at(pool: PgPool) {
    let two = super::merchant_view::Two::merchants(pool).await;
    let portal = &two.portal;
    let staff = portal.member("first@example.com", &[(PARTNER, Role::Viewer)]).await;
    let view = super::merchant_view::viewing::view_of_own(&two, &staff).await;
    let mut things = two.things();
    things.push(("{person}", portal.person("member@example.com", &[(MERCHANT, Role::Viewer)]).await.to_string()));
    for who in EVERYBODY {
        let browser = browser(portal, who).await.at(&format!("203.0.113.{}", who as u8));
        for (method, pattern, path) in below(view.trim_start_matches("/as/"), &things) {
            let got = if method == "GET" { browser.get(&path).await } else { browser.post(&path, &[]).await };
            let own = OF_MERCHANTS.iter().any(|(own, at, ..)| (*own, *at) == (method, pattern));
            let peoples = pattern.contains("/members") || pattern.contains("/api-tokens");
            let partners = matches!(who, Who::Viewer | Who::Operator | Who::Admin);
            let expected = match () {
                () if who == Who::Nobody => 303,
                () if !partners || !own || peoples => 404,
                () if method == "GET" => 200,
                () => 403,
            };
            assert_eq!(got.status.as_u16(), expected, "{who:?} {method} {path}: {}", got.text());
        }
    }
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn what_one_may_not_see_looks_like_what_does_not_exist(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let browser = browser(&portal, Who::Merchant).await;
    let nothing = browser.get("/as/org_nobody").await;
    assert_eq!(nothing.status, StatusCode::NOT_FOUND);
    for path in [
        "/as/org_kystkassa",
        "/as/org_kystkassa/sales-units?q=kaffe",
        "/as/org_kystkassa/sales-units/123456",
        "/as/org_kystkassa/merchants?q=kaffe",
        "/as/org_kystkassa/merchants/business:NO:ORG/987654321",
        "/as/org_kystkassa/api-quality?msn=123456",
        "/as/org_kystkassa/agreements",
        "/as/org_kystkassa/agreements/agr_0000000",
        "/as/org_merchant/agreements",
        "/as/org_merchant/merchants",
        "/as/org_merchant/merchants/business:NO:ORG/987654321",
        "/as/Not%20an%20id",
        "/as/",
        "/as/%2e%2e/org_kystkassa",
        "/admin",
        "/admin/organisations",
        "/admin/organisations?q=kyst",
        "/admin/organisations/new",
        "/admin/organisations/org_kystkassa",
        "/admin/organisations/org_kystkassa/edit",
        "/adm%69n/organisations",
        "/admin%2Forganisations",
    ] {
        let foreign = browser.get(path).await;
        assert_eq!(foreign.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(foreign.body_without_nonce(), nothing.body_without_nonce(), "{path}");
        let names = |answer: &super::Answer| answer.headers.keys().map(ToString::to_string).collect::<BTreeSet<_>>();
        assert_eq!(names(&foreign), names(&nothing), "{path}");
    }
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn requests_from_other_sites_change_nothing(pool: PgPool) {
    let portal = TestPortal::start(pool).await;
    let browser = browser(&portal, Who::Admin).await;
    for (method, pattern, ..) in MATRIX.iter().filter(|(method, ..)| *method == "POST") {
        let path = pattern.replace("{org}", PARTNER).replace("{msn}", "123456");
        for headers in [
            vec![("origin", "https://evil.example")],
            vec![("origin", "null")],
            vec![("sec-fetch-site", "cross-site")],
            vec![("sec-fetch-site", "same-site")],
            vec![],
        ] {
            let got = browser.send(method.parse().unwrap(), &path, &headers, Some(String::new())).await;
            assert_eq!(got.status, StatusCode::FORBIDDEN, "{method} {path} {headers:?}");
        }
    }
    assert_eq!(browser.get("/businesses").await.status, StatusCode::OK, "the session must still be there");
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn every_answer_carries_the_headers(pool: PgPool) {
    let portal = TestPortal::start_with(pool, 20, Some("https://portal.example.com")).await;
    let browser = portal.browser();
    for &(method, pattern, ..) in MATRIX {
        let path = pattern.replace("{org}", PARTNER).replace("{msn}", "123456").replace("{*path}", "x");
        for method in [method, "GET", "PUT", "DELETE"] {
            let got = browser
                .send(method.parse::<Method>().unwrap(), &path, &[("origin", "https://portal.example.com")], None)
                .await;
            let header = |name: &str| got.headers.get(name).map_or("", |value| value.to_str().unwrap());
            let context = format!("{method} {path}");
            assert_eq!(header("x-content-type-options"), "nosniff", "{context}");
            assert_eq!(header("referrer-policy"), "same-origin", "{context}");
            assert_eq!(header("cross-origin-opener-policy"), "same-origin", "{context}");
            assert!(header("strict-transport-security").contains("max-age=63072000"), "{context}");
            assert_eq!(header("cache-control"), "no-store", "{context}");
            let policy = header("content-security-policy");
            assert!(
                policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
                "{context} {policy}"
            );
            assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"), "{context} {policy}");
        }
    }
}
