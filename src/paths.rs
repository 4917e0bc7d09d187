//! Every link of the portal. Nobody writes an address by hand.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use uuid::Uuid;

use crate::domain::identifiers::{BusinessIdentifier, Msn};
use crate::domain::organisation::OrgId;

pub use guard::{audience, is_devious, is_for_own_people};

mod guard;

/// What stays readable in a query value.
const VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/');

/// What stays readable in a part of a path.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b':');

pub const LOGIN: &str = "/login";
pub const LOGOUT: &str = "/logout";
pub const BUSINESSES: &str = "/businesses";
pub const PROFILE: &str = "/profile";
pub const PREFERENCES: &str = "/profile/preferences";
/// The API's description, for people and for programs.
pub const API_DOCS: &str = "/api/docs";
pub const OPENAPI: &str = "/api/openapi.json";
/// One's own tokens of the API.
pub const OWN_TOKENS: &str = "/profile/tokens";

/// The sign-in page, which brings one back to `next`.
pub fn login_then(next: &str) -> String {
    if next == "/" { LOGIN.to_owned() } else { format!("{LOGIN}?next={}", value(next)) }
}

pub fn organisation(organisation: &OrgId) -> String {
    format!("/as/{organisation}")
}

/// A list as a file.
pub fn export(list: &str) -> String {
    format!("{list}/export")
}

/// A list for programs.
pub fn api_list(organisation: &OrgId, list: &str) -> String {
    format!("/api/v1/organisations/{organisation}/{list}")
}

pub fn sales_units(organisation: &OrgId) -> String {
    format!("/as/{organisation}/sales-units")
}

/// The list with a query, as filters write it.
pub fn sales_units_with(organisation: &OrgId, query: &str) -> String {
    with_query(&sales_units(organisation), query)
}

pub fn sales_units_refresh(organisation: &OrgId) -> String {
    format!("/as/{organisation}/sales-units/refresh")
}

pub fn sales_unit(organisation: &OrgId, msn: &Msn) -> String {
    format!("/as/{organisation}/sales-units/{msn}")
}

/// The details of a unit, knowing the list that they were opened from.
pub fn sales_unit_from(organisation: &OrgId, msn: &Msn, list: &str) -> String {
    from_list(sales_unit(organisation, msn), list)
}

pub fn sales_unit_refresh(organisation: &OrgId, msn: &Msn) -> String {
    format!("/as/{organisation}/sales-units/{msn}/refresh")
}

pub fn sales_unit_change(organisation: &OrgId, msn: &Msn) -> String {
    format!("/as/{organisation}/sales-units/{msn}/change")
}

pub fn sales_unit_status(organisation: &OrgId, msn: &Msn) -> String {
    format!("/as/{organisation}/sales-units/{msn}/status")
}

/// Whether an address is one of the lists that may be of any length, in which one finds rows.
pub fn is_list(path: &str) -> bool {
    let list = path.strip_prefix("/as/").and_then(|rest| rest.split_once('/'));
    list.is_some_and(|(_, list)| {
        matches!(list, "sales-units" | "product-orders" | "merchants" | "webhooks" | "agreements")
    })
}

/// Whether an address is a page with charts.
pub fn is_api_quality(path: &str) -> bool {
    path.starts_with("/as/") && path.ends_with("/api-quality")
}

pub fn api_quality(organisation: &OrgId) -> String {
    format!("/as/{organisation}/api-quality")
}

/// The page with what is looked at, as its links write it.
pub fn api_quality_with(organisation: &OrgId, query: &str) -> String {
    with_query(&api_quality(organisation), query)
}

pub fn agreements(organisation: &OrgId) -> String {
    format!("/as/{organisation}/agreements")
}

pub fn agreements_refresh(organisation: &OrgId) -> String {
    format!("/as/{organisation}/agreements/refresh")
}

pub fn agreement(organisation: &OrgId, id: &str) -> String {
    format!("/as/{organisation}/agreements/{}", segment(id))
}

/// One of the things that can be done with an agreement: `refresh`, `stop`.
pub fn agreement_deed(organisation: &OrgId, id: &str, deed: &str) -> String {
    format!("{}/{deed}", agreement(organisation, id))
}

pub fn new_agreement(organisation: &OrgId) -> String {
    format!("/as/{organisation}/agreements/new")
}

/// Chooses which version of the API is spoken.
pub fn recurring_version(organisation: &OrgId) -> String {
    format!("/as/{organisation}/agreements/version")
}

pub fn charge(organisation: &OrgId, agreement_id: &str, id: &str) -> String {
    format!("{}/charges/{}", agreement(organisation, agreement_id), segment(id))
}

/// One of the things that can be done with a charge: `refresh`, `cancel`, `capture`, `refund`.
pub fn charge_deed(organisation: &OrgId, agreement_id: &str, id: &str, deed: &str) -> String {
    format!("{}/{deed}", charge(organisation, agreement_id, id))
}

pub fn new_charge(organisation: &OrgId, agreement_id: &str) -> String {
    format!("{}/charges/new", agreement(organisation, agreement_id))
}

/// The form, filled in as another charge was.
pub fn new_charge_like(organisation: &OrgId, agreement_id: &str, id: &str) -> String {
    format!("{}?like={}", new_charge(organisation, agreement_id), value(id))
}

/// What came of a change that has no agreement to be shown on.
pub fn agreement_change(organisation: &OrgId, key: Uuid) -> String {
    format!("/as/{organisation}/agreement-changes/{key}")
}

pub fn agreement_change_again(organisation: &OrgId, key: Uuid) -> String {
    format!("/as/{organisation}/agreement-changes/{key}/again")
}

/// A page that shows what came of a change.
pub fn changed(path: &str, key: Uuid) -> String {
    format!("{path}?change={key}")
}

pub fn failed_charges(organisation: &OrgId) -> String {
    format!("/as/{organisation}/failed-charges")
}

pub fn merchants(organisation: &OrgId) -> String {
    format!("/as/{organisation}/merchants")
}

pub fn merchant(organisation: &OrgId, business: &BusinessIdentifier) -> String {
    format!("/as/{organisation}/merchants/{}/{}", segment(&business.scheme), segment(&business.id))
}

pub fn merchant_refresh(organisation: &OrgId, business: &BusinessIdentifier) -> String {
    format!("{}/refresh", merchant(organisation, business))
}

/// Begins to view the portal as the merchant.
pub fn merchant_view(organisation: &OrgId, business: &BusinessIdentifier) -> String {
    format!("{}/view", merchant(organisation, business))
}

pub fn product_orders(organisation: &OrgId) -> String {
    format!("/as/{organisation}/product-orders")
}

/// The list with a query, as filters write it.
pub fn product_orders_with(organisation: &OrgId, query: &str) -> String {
    with_query(&product_orders(organisation), query)
}

pub fn product_orders_refresh(organisation: &OrgId) -> String {
    format!("/as/{organisation}/product-orders/refresh")
}

pub fn new_product_order(organisation: &OrgId) -> String {
    format!("/as/{organisation}/product-orders/new")
}

/// The form, filled in as far as a template says.
pub fn new_product_order_with(organisation: &OrgId, template: Uuid) -> String {
    format!("/as/{organisation}/product-orders/new?template={template}")
}

/// The form for a known merchant.
pub fn new_product_order_for(organisation: &OrgId, merchant: &BusinessIdentifier) -> String {
    format!("/as/{organisation}/product-orders/new?merchant={}~{}", value(&merchant.scheme), value(&merchant.id))
}

/// The form, filled in as an earlier order was; that order can then be deleted.
pub fn correct_product_order(organisation: &OrgId, order: Uuid) -> String {
    format!("/as/{organisation}/product-orders/new?corrects={order}")
}

pub fn product_order(organisation: &OrgId, order: Uuid) -> String {
    format!("/as/{organisation}/product-orders/{order}")
}

/// The details of an order, knowing the list that they were opened from.
pub fn product_order_from(organisation: &OrgId, order: Uuid, list: &str) -> String {
    from_list(product_order(organisation, order), list)
}

/// One of the things that can be done with an order: `refresh`, `note`, `delete`, `send`, `recognise`.
pub fn product_order_deed(organisation: &OrgId, order: Uuid, deed: &str) -> String {
    format!("/as/{organisation}/product-orders/{order}/{deed}")
}

pub fn templates(organisation: &OrgId) -> String {
    format!("/as/{organisation}/templates")
}

/// Templates that are not in use any more.
pub fn archived_templates(organisation: &OrgId) -> String {
    format!("/as/{organisation}/templates?archived=yes")
}

pub fn new_template(organisation: &OrgId) -> String {
    format!("/as/{organisation}/templates/new")
}

pub fn template(organisation: &OrgId, template: Uuid) -> String {
    format!("/as/{organisation}/templates/{template}")
}

/// One of the things that can be done with a template: `link`, `withdraw`, `archive`, `restore`.
pub fn template_deed(organisation: &OrgId, template: Uuid, deed: &str) -> String {
    format!("/as/{organisation}/templates/{template}/{deed}")
}

/// A picture that was uploaded, by its hash.
pub fn logo(organisation: &OrgId, hash: &str) -> String {
    format!("/as/{organisation}/logos/{}.png", value(hash))
}

/// Below it is what merchants reach with a template's link, without signing in.
pub const BY_LINK: &str = "/t/";

/// A path as it may be logged: who has the code of a link, or the key of an order, may use them.
pub fn loggable(path: &str) -> &str {
    if path.starts_with(BY_LINK) { BY_LINK } else { path }
}

/// The form behind a template's link.
pub fn public_form(code: &str) -> String {
    format!("{BY_LINK}{}", value(code))
}

/// The form again, with what was sent in an order that was refused.
pub fn public_form_again(code: &str, order: Uuid) -> String {
    format!("{BY_LINK}{}?again={order}", value(code))
}

/// How an order that was sent with a template's link goes on.
pub fn public_order(code: &str, order: Uuid) -> String {
    format!("{BY_LINK}{}/orders/{order}", value(code))
}

pub fn price_packages(organisation: &OrgId) -> String {
    format!("/as/{organisation}/price-packages")
}

/// The list with a query, as its links write it.
pub fn price_packages_with(organisation: &OrgId, query: &str) -> String {
    with_query(&price_packages(organisation), query)
}

pub fn price_packages_refresh(organisation: &OrgId) -> String {
    format!("/as/{organisation}/price-packages/refresh")
}

/// Notes the price package of a sales unit.
pub fn sales_unit_price_package(organisation: &OrgId, msn: &Msn) -> String {
    format!("/as/{organisation}/sales-units/{msn}/price-package")
}

/// A package's place in the list of packages.
pub fn price_package(organisation: &OrgId, package: &str) -> String {
    format!("/as/{organisation}/price-packages#package-{}", value(package))
}

pub fn webhooks(organisation: &OrgId) -> String {
    format!("/as/{organisation}/webhooks")
}

/// The list with a query, as filters write it.
pub fn webhooks_with(organisation: &OrgId, query: &str) -> String {
    with_query(&webhooks(organisation), query)
}

pub fn webhooks_refresh(organisation: &OrgId) -> String {
    format!("/as/{organisation}/webhooks/refresh")
}

pub fn new_webhook(organisation: &OrgId) -> String {
    format!("/as/{organisation}/webhooks/new")
}

pub fn webhook(organisation: &OrgId, webhook: Uuid) -> String {
    format!("/as/{organisation}/webhooks/{webhook}")
}

/// The details of a registration, knowing the list that they were opened from.
pub fn webhook_from(organisation: &OrgId, webhook: Uuid, list: &str) -> String {
    from_list(self::webhook(organisation, webhook), list)
}

pub fn webhook_delete(organisation: &OrgId, webhook: Uuid) -> String {
    format!("/as/{organisation}/webhooks/{webhook}/delete")
}

pub fn webhook_coverage(organisation: &OrgId) -> String {
    format!("/as/{organisation}/webhooks/coverage")
}

/// The page of coverage with the sales units that an event reaches nobody for.
pub fn webhook_coverage_without(organisation: &OrgId, event: &str) -> String {
    format!("/as/{organisation}/webhooks/coverage?without={}#without", value(event))
}

pub fn members(organisation: &OrgId) -> String {
    format!("/as/{organisation}/members")
}

/// The members, with the person who has this user ID about to be added.
pub fn adding_member(organisation: &OrgId, person: &str) -> String {
    format!("/as/{organisation}/members?person={}", value(person))
}

pub fn member(organisation: &OrgId, staff: Uuid) -> String {
    format!("/as/{organisation}/members/{staff}")
}

/// One of the things that can be done with a member: `role`, `remove`.
pub fn member_deed(organisation: &OrgId, staff: Uuid, deed: &str) -> String {
    format!("/as/{organisation}/members/{staff}/{deed}")
}

/// An organisation's tokens of the API.
pub fn api_tokens(organisation: &OrgId) -> String {
    format!("/as/{organisation}/api-tokens")
}

/// Revokes a token of those at `tokens`.
pub fn token_revoke(tokens: &str, token: Uuid) -> String {
    format!("{tokens}/{token}/revoke")
}

pub fn settings(organisation: &OrgId) -> String {
    format!("/as/{organisation}/settings")
}

pub fn settings_probe(organisation: &OrgId) -> String {
    format!("/as/{organisation}/settings/probe")
}

/// The registry of organisations, for those who decide about it.
pub const REGISTRY: &str = "/admin/organisations";
/// The form for an organisation that is new there.
pub const NEW_ORGANISATION: &str = "/admin/organisations/new";

/// Whether an address is for those who decide about the registry.
pub fn is_for_instance_admins(path: &str) -> bool {
    path == "/admin" || path.starts_with("/admin/")
}

/// An organisation in the registry.
pub fn registered(organisation: &OrgId) -> String {
    format!("{REGISTRY}/{organisation}")
}

/// The same, saying what was done.
pub fn registered_saying(organisation: &OrgId, did: &str) -> String {
    format!("{REGISTRY}/{organisation}?did={did}")
}

/// One of the things that can be done with an organisation of the registry: `edit`, `check`, `switch`, `remove`,
/// `membership`.
pub fn registered_deed(organisation: &OrgId, deed: &str) -> String {
    format!("{REGISTRY}/{organisation}/{deed}")
}

/// `next` if it is an address within this portal.
pub fn own(next: &str) -> Option<&str> {
    let own = next.starts_with('/') && !next.starts_with("//") && !next.contains(['\\', '\r', '\n', '\t']);
    (own && next.len() <= 2_000 && next.is_ascii()).then_some(next)
}

/// A list's address with a query, as filters write it.
pub fn with_query(path: &str, query: &str) -> String {
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// The address of a page that knows the query of the list that it was opened from.
pub fn from_list(path: String, list: &str) -> String {
    if list.is_empty() { path } else { format!("{path}?list={}", value(list)) }
}

/// The same, saying what came of asking upstream for it anew.
pub fn refreshed(path: &str, list: &str, outcome: &str) -> String {
    saying(path, list, "refresh", outcome)
}

/// The same, with the word for what came of what was done; none says nothing.
pub fn done(path: &str, list: &str, word: &str) -> String {
    if word.is_empty() { from_list(path.to_owned(), list) } else { saying(path, list, "did", word) }
}

fn saying(path: &str, list: &str, name: &str, word: &str) -> String {
    let sign = if list.is_empty() { '?' } else { '&' };
    format!("{}{sign}{name}={word}", from_list(path.to_owned(), list))
}

/// A part of a path, whatever it holds; but a part of dots alone means nothing in an address.
fn segment(text: &str) -> String {
    let dots = text.bytes().all(|byte| byte == b'.');
    if dots { "-".to_owned() } else { utf8_percent_encode(text, SEGMENT).to_string() }
}

fn value(text: &str) -> String {
    utf8_percent_encode(text, VALUE).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_carry_what_they_are_given() {
        assert_eq!(
            login_then("/as/org_a/sales-units?q=kaf&sort=-msn"),
            "/login?next=/as/org_a/sales-units%3Fq%3Dkaf%26sort%3D-msn"
        );
        assert_eq!(login_then("/"), "/login");
        let organisation = OrgId::parse("org_a").unwrap();
        let msn = Msn::parse("123456").unwrap();
        assert_eq!(sales_unit_from(&organisation, &msn, "q=kaf"), "/as/org_a/sales-units/123456?list=q%3Dkaf");
        assert_eq!(sales_unit_from(&organisation, &msn, ""), "/as/org_a/sales-units/123456");
        let unit = sales_unit(&organisation, &msn);
        assert_eq!(refreshed(&unit, "", "done"), "/as/org_a/sales-units/123456?refresh=done");
        assert_eq!(refreshed(&unit, "q=a&b", "done"), "/as/org_a/sales-units/123456?list=q%3Da%26b&refresh=done");
        assert_eq!(done(&unit, "q=a", "noted"), "/as/org_a/sales-units/123456?list=q%3Da&did=noted");
        assert_eq!(done(&unit, "", ""), unit);
        let merchant_at = |scheme: &str, id: &str| merchant(&organisation, &BusinessIdentifier::new(scheme, id));
        assert_eq!(merchant_at("business:NO:ORG", "987654321"), "/as/org_a/merchants/business:NO:ORG/987654321");
        assert_eq!(
            merchant_at("business:FI:Y-tunnus", "3330214-4"),
            "/as/org_a/merchants/business:FI:Y-tunnus/3330214-4"
        );
        assert_eq!(merchant_at("a/b?c#d", "..%2F é"), "/as/org_a/merchants/a%2Fb%3Fc%23d/..%252F%20%C3%A9");
        assert_eq!(merchant_at("..", ""), "/as/org_a/merchants/-/-");
    }

    #[test]
    fn codes_do_not_get_into_logs() {
        assert_eq!(loggable("/t/DEoW06ZwA7qQDD7VqBaDwg/orders/1"), "/t/");
        assert_eq!(loggable("/as/org_a/templates"), "/as/org_a/templates");
    }

    #[test]
    fn only_our_own_addresses_are_gone_back_to() {
        assert_eq!(own("/as/org_a?q=%C3%A6"), Some("/as/org_a?q=%C3%A6"));
        for foreign in
            ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", "", "/a\nb", "/\tevil"]
        {
            assert_eq!(own(foreign), None, "{foreign:?}");
        }
    }
}
