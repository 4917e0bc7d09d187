//! Every operation of the API, asked for with every kind of token: who gets what.

use sqlx::PgPool;

use super::*;
use crate::server::tests::{MERCHANT, OTHER_PARTNER};

/// Whose token it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Instance,
    /// The partner's own.
    Partner,
    OtherPartner,
    /// Of a merchant that the partner serves.
    Merchant,
    /// Of a person who is a member of nothing.
    Stranger,
    /// Of a member of the partner.
    Member(Role),
}

const EVERYBODY: [Who; 8] = [
    Who::Instance,
    Who::Partner,
    Who::OtherPartner,
    Who::Merchant,
    Who::Stranger,
    Who::Member(Role::Viewer),
    Who::Member(Role::Operator),
    Who::Member(Role::Admin),
];

/// What an operation is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum About {
    /// The registry.
    Registry,
    /// Whom the token can act as.
    Organisations,
    /// A list of the organisation in the address.
    List,
    /// What is between a merchant with keys of its own and its customers: a partner has none.
    CustomersList,
    /// Upstream's words about all of whom the token acts as: nobody else's.
    Own,
    /// Upstream's words about one thing of the partner's, which is the served merchant's, too.
    Shared,
    /// The same of what only partners have: all of it, or one thing of the partner's.
    PartnersOwn,
    PartnersThing,
    /// A change upstream that only partners make.
    PartnersChange,
}

/// Every operation: what it is about, and what those are answered who may have it.
const MATRIX: &[(&str, &str, About, u16)] = &[
    ("GET", "/v1/vipps-orgs", About::Registry, 200),
    // Nothing is sent along.
    ("POST", "/v1/vipps-orgs", About::Registry, 400),
    ("GET", "/v1/vipps-orgs/{org_id}", About::Registry, 200),
    ("PUT", "/v1/vipps-orgs/{org_id}", About::Registry, 200),
    // It serves a merchant.
    ("DELETE", "/v1/vipps-orgs/{org_id}", About::Registry, 409),
    ("GET", "/v1/vipps-orgs/{org_id}/status", About::Registry, 200),
    ("GET", "/v1/organisations", About::Organisations, 200),
    ("GET", "/v1/organisations/{org_id}/sales-units", About::List, 200),
    ("GET", "/v1/organisations/{org_id}/sales-units/export", About::List, 200),
    ("GET", "/v1/organisations/{org_id}/merchants", About::List, 200),
    ("GET", "/v1/organisations/{org_id}/merchants/export", About::List, 200),
    ("GET", "/v1/organisations/{org_id}/product-orders", About::List, 200),
    ("GET", "/v1/organisations/{org_id}/product-orders/export", About::List, 200),
    ("GET", "/v1/organisations/{org_id}/price-packages", About::List, 200),
    ("GET", "/v1/organisations/{org_id}/price-packages/export", About::List, 200),
    ("GET", "/v1/organisations/{org_id}/webhooks", About::List, 200),
    ("GET", "/v1/organisations/{org_id}/webhooks/export", About::List, 200),
    ("GET", "/v1/organisations/{org_id}/agreements", About::CustomersList, 404),
    ("GET", "/v1/organisations/{org_id}/agreements/export", About::CustomersList, 404),
    ("GET", "/management/v1/sales-units", About::Own, 200),
    ("GET", "/management/v1/sales-units/{msn}", About::Shared, 200),
    ("GET", "/management/v1/merchants/{scheme}/{id}", About::PartnersThing, 200),
    ("GET", "/management/v1/merchants/{scheme}/{id}/sales-units", About::PartnersThing, 200),
    ("GET", "/management/v2/product-orders", About::PartnersOwn, 200),
    ("GET", "/management/v2/product-orders/{product_order_id}/details", About::PartnersThing, 200),
    ("GET", "/management/v1/partners/price-packages", About::PartnersOwn, 200),
    // There is no Idempotency-Key.
    ("POST", "/management/v1/product-orders", About::PartnersChange, 400),
    // Nobody has this order.
    ("DELETE", "/management/v1/product-orders/{product_order_id}", About::PartnersChange, 404),
    ("POST", "/management/v1/products/orders", About::PartnersChange, 400),
    ("POST", "/management/v1/products-orders", About::PartnersChange, 400),
    ("GET", "/management/v1/product-orders", About::PartnersOwn, 200),
    ("GET", "/management/v1/product-orders/{product_order_id}", About::PartnersThing, 200),
    ("GET", "/management/v1/product-orders/{product_order_id}/details", About::PartnersThing, 200),
    ("GET", "/management/v1/merchants/{scheme}", About::PartnersThing, 200),
    ("GET", "/management/v1/merchants/{scheme}/sales-units", About::PartnersThing, 200),
];

/// What somebody is answered.
fn expected(who: Who, scope: TokenScope, method: &str, path: &str, about: About, answer: u16) -> u16 {
    let changes = method != "GET";
    let may_change = scope == TokenScope::Write && !matches!(who, Who::Member(Role::Viewer));
    match (about, who) {
        (About::Registry, Who::Instance) if changes && scope == TokenScope::Read => 403,
        (About::Registry, Who::Instance) => answer,
        (About::Registry, _) | (_, Who::Instance) => 403,
        (About::Organisations, _) => answer,
        (_, Who::Stranger) => 404,
        (About::List, Who::Partner | Who::Member(_)) => answer,
        (About::List | About::CustomersList, _) => 404,
        (About::Own, _) => answer,
        (About::Shared, Who::OtherPartner) => 404,
        (About::Shared, _) => answer,
        (About::PartnersChange, _) if !may_change => 403,
        (About::PartnersOwn | About::PartnersThing | About::PartnersChange, Who::Merchant) => 404,
        (About::PartnersThing, Who::OtherPartner) => 404,
        (About::PartnersChange, Who::OtherPartner) if path.contains('{') => 404,
        (About::PartnersOwn | About::PartnersThing | About::PartnersChange, _) => answer,
    }
}

#[test]
fn no_operation_is_missing_from_the_matrix() {
    let mut operations = std::collections::BTreeSet::new();
    let (_, description) = api::routes();
    for (path, item) in &description.paths.paths {
        for (method, there) in [
            ("GET", item.get.is_some()),
            ("POST", item.post.is_some()),
            ("PUT", item.put.is_some()),
            ("DELETE", item.delete.is_some()),
            ("PATCH", item.patch.is_some()),
        ] {
            if there {
                operations.insert((method, path.as_str()));
            }
        }
    }
    assert_eq!(operations, MATRIX.iter().map(|(method, path, ..)| (*method, *path)).collect());
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn every_token_gets_what_is_its_owners_and_nothing_else(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let merchants = portal.sandbox.merchants_of(PARTNER);
    let served = &merchants[0];
    let norwegian = merchants.iter().find(|merchant| merchant.scheme == "business:NO:ORG").unwrap();
    let orders = portal.sandbox.orders_of(PARTNER);
    let path_of = |method: &str, pattern: &str| {
        let order = if method == "DELETE" { "11111111-1111-4111-8111-111111111111" } else { orders[0].id.as_str() };
        let by_number = pattern.starts_with("/management/v1/merchants/{scheme}") && !pattern.contains("{id}");
        let scheme = if by_number { norwegian.id.as_str() } else { served.scheme };
        format!("/api{pattern}")
            .replace("{org_id}", PARTNER)
            .replace("{msn}", &served.msns[0])
            .replace("{scheme}", scheme)
            .replace("{id}", &served.id)
            .replace("{product_order_id}", order)
    };
    for who in EVERYBODY {
        let owner = match who {
            Who::Instance => TokenOwner::Instance,
            Who::Partner => TokenOwner::Organisation(org(PARTNER)),
            Who::OtherPartner => TokenOwner::Organisation(org(OTHER_PARTNER)),
            Who::Merchant => TokenOwner::Organisation(org(MERCHANT)),
            Who::Stranger => TokenOwner::Staff(portal.person("stranger@example.com", &[]).await),
            Who::Member(role) => {
                let email = format!("{}@example.com", role.as_str());
                TokenOwner::Staff(portal.person(&email, &[(PARTNER, role)]).await)
            }
        };
        for scope in TokenScope::ALL {
            let program = Program::with(&portal, owner.clone(), scope).await;
            for &(method, pattern, about, answer) in MATRIX {
                let path = path_of(method, pattern);
                let body = (method != "GET" && method != "DELETE").then(|| json!({}));
                let headers = [("portal-organisation", PARTNER)];
                let status = program.status(method.parse().unwrap(), &path, body, &headers).await;
                let expected = expected(who, scope, method, pattern, about, answer);
                assert_eq!(status.as_u16(), expected, "{who:?} {scope} {method} {path}");
            }
        }
    }
}
