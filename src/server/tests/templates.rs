//! Templates of product orders, as staff make, change and use them.

use reqwest::StatusCode;
use sqlx::PgPool;
use uuid::Uuid;

use super::{Browser, OTHER_PARTNER, PARTNER, TestPortal};
use crate::domain::organisation::Role;
use crate::server::store::MIGRATIONS;

pub const TEMPLATES: &str = "/as/org_kystkassa/templates";
const ORDER: &str = "/as/org_kystkassa/product-orders/new";

/// What a template of these tests holds if nothing else is said.
const USUAL: [(&str, &str); 6] = [
    ("name", "Web shops"),
    ("welcome", "Welcome!"),
    ("market", "NO"),
    ("lock_market", "yes"),
    ("product_type", "LOGIN"),
    ("lock_product_type", "yes"),
];

/// Makes a template; `more` comes on top of what is usual, and in place of it.
pub async fn make(staff: &Browser, more: &[(&str, &str)]) -> Uuid {
    let id = Uuid::new_v4();
    let id_text = id.to_string();
    let mut form = vec![("id", id_text.as_str())];
    form.extend(USUAL.iter().filter(|(name, _)| !more.iter().any(|(other, _)| other == name)));
    form.extend(more);
    let made = staff.post(&format!("{TEMPLATES}/new"), &form).await;
    assert_eq!(made.location(), format!("{TEMPLATES}/{id}?did=made"), "{}", made.text());
    id
}

/// Makes a template's public link; returns its code.
pub async fn link(staff: &Browser, template: Uuid) -> String {
    let linked = staff.post(&format!("{TEMPLATES}/{template}/link"), &[]).await;
    let page = staff.get(linked.location()).await;
    let (_, rest) = page.body.split_once("/t/").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_template_is_made_changed_and_listed(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let staff = portal.member("a@example.com", &[(PARTNER, Role::Operator)]).await;
    let id = make(&staff, &[]).await;
    let page = staff.get(&format!("{TEMPLATES}/{id}?did=made")).await;
    assert!(page.text().contains("The template is made.") && page.text().contains("by a@example.com"));
    assert!(page.body.contains("Welcome!</textarea>"), "{}", page.body);
    let locks: Vec<&str> = page.body.split("name=\"lock_").skip(1).collect();
    let locked = |name: &str| {
        locks.iter().any(|lock| lock.starts_with(name) && lock.split('>').next().unwrap().contains("checked"))
    };
    assert!(locked("market") && locked("product_type") && !locked("use_case"));

    let changed = [("name", "Shops & <more>"), ("market", "DK"), ("product_type", "CASHIER")];
    let answer = staff.post(&format!("{TEMPLATES}/{id}"), &changed).await;
    assert_eq!(answer.location(), format!("{TEMPLATES}/{id}?did=changed"), "{}", answer.text());
    let list = staff.get(TEMPLATES).await.text();
    assert!(list.contains("Shops & <more>") && !list.contains("Web shops") && list.contains("Nothing"), "{list}");
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_second_click_makes_no_second_template(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let staff = portal.member("a@example.com", &[(PARTNER, Role::Operator)]).await;
    let form = staff.get(&format!("{TEMPLATES}/new")).await;
    let id = form.hidden("id");
    let mut pairs = USUAL.to_vec();
    pairs.push(("id", &id));
    for _ in 0..2 {
        assert_eq!(staff.post(&format!("{TEMPLATES}/new"), &pairs).await.status, StatusCode::SEE_OTHER);
    }
    assert_eq!(staff.get(TEMPLATES).await.body.matches("data-row").count(), 1);
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn what_is_wrong_with_a_template_is_said_and_all_of_it_kept(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let staff = portal.member("a@example.com", &[(PARTNER, Role::Operator)]).await;
    let wrong =
        [("name", ""), ("welcome", "Kept welcome"), ("sales_unit_name", "Fish & Chips"), ("lock_app_name", "yes")];
    let refused = staff.post(&format!("{TEMPLATES}/new"), &wrong).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let text = refused.text();
    assert!(text.contains("Nothing was kept.") && text.contains("Give the template a name."), "{text}");
    assert!(text.contains("& is not allowed") && text.contains("Fill in what is locked."), "{text}");
    assert!(refused.body.contains("Kept welcome") && refused.body.contains("Fish &amp; Chips"), "{}", refused.body);

    let id = make(&staff, &[]).await;
    let refused = staff.post(&format!("{TEMPLATES}/{id}"), &wrong).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("Web shops"), "the page is still of the template as it is kept");
    assert!(staff.get(TEMPLATES).await.text().contains("Web shops"));
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn locked_values_win_whatever_is_sent(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let staff = portal.member("a@example.com", &[(PARTNER, Role::Operator)]).await;
    let id = make(&staff, &[("sales_unit_name", "Suggested")]).await;
    let form = staff.get(&format!("{ORDER}?template={id}")).await;
    assert_eq!(form.status, StatusCode::OK);
    assert!(form.text().contains("Fixed by the template."));
    assert!(form.body.contains("Suggested") && !form.body.contains("name=\"market\""), "{}", form.body);
    let (key, template) = (form.hidden("key"), form.hidden("template"));
    let crafted = [
        ("key", key.as_str()),
        ("template", &template),
        ("market", "DK"),
        ("product_type", "CASHIER"),
        ("business_identifier", "918713867"),
        ("sales_unit_name", "Own name"),
        ("intended_purpose", "Members sign in to the pages of the club."),
    ];
    let sent = super::prefill::send(&staff, &crafted).await;
    assert_eq!(sent.location(), format!("/as/org_kystkassa/product-orders/{key}?did=sent"), "{}", sent.text());
    let order = portal.sandbox.orders_of(PARTNER).into_iter().find(|order| order.idempotency_key == Some(key.clone()));
    let order = order.unwrap();
    assert_eq!((order.scheme.as_str(), order.product_type), ("business:NO:ORG", "LOGIN"));

    let page = staff.get(sent.location()).await.text();
    assert!(page.contains("Own name") && page.contains("Web shops") && page.contains("by a@example.com"), "{page}");
    let template = staff.get(&format!("{TEMPLATES}/{id}")).await;
    assert!(template.text().contains("Orders with it: 1") && template.body.contains(&key), "{}", template.text());

    // A correction goes on with the template, and its locks win over what the order held; once it is
    // in the archive, with what the order held.
    let correcting = format!("{ORDER}?corrects={key}");
    let changed = [("name", "Web shops"), ("product_type", "DONATIONS"), ("lock_product_type", "yes")];
    assert_eq!(staff.post(&format!("{TEMPLATES}/{id}"), &changed).await.status, StatusCode::SEE_OTHER);
    let form = staff.get(&correcting).await;
    assert_eq!((form.hidden("template"), form.hidden("replaces")), (id.to_string(), key.clone()));
    let form = form.body;
    assert!(
        form.contains("Own name") && form.contains("Donations") && !form.contains("name=\"product_type\""),
        "{form}"
    );
    staff.post(&format!("{TEMPLATES}/{id}/archive"), &[]).await;
    let form = staff.get(&correcting).await;
    assert_eq!(form.hidden("template"), "");
    assert!(form.body.contains("Own name") && form.body.contains("name=\"product_type\""), "{}", form.body);
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn an_archived_template_is_out_of_the_way_and_can_come_back(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let staff = portal.member("a@example.com", &[(PARTNER, Role::Operator)]).await;
    let id = make(&staff, &[]).await;
    let archived = staff.post(&format!("{TEMPLATES}/{id}/archive"), &[]).await;
    assert!(staff.get(archived.location()).await.text().contains("In the archive since"));
    assert!(!staff.get(TEMPLATES).await.text().contains("Web shops"));
    assert!(staff.get(&format!("{TEMPLATES}?archived=yes")).await.text().contains("Web shops"));
    assert_eq!(staff.get(&format!("{ORDER}?template={id}")).await.status, StatusCode::NOT_FOUND);
    staff.post(&format!("{TEMPLATES}/{id}/restore"), &[]).await;
    assert!(staff.get(TEMPLATES).await.text().contains("Web shops"));
    assert_eq!(staff.get(&format!("{ORDER}?template={id}")).await.status, StatusCode::OK);
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_viewer_sees_a_template_and_changes_nothing(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let staff = portal.member("a@example.com", &[(PARTNER, Role::Operator)]).await;
    let viewer = portal.member("viewer@example.com", &[(PARTNER, Role::Viewer)]).await;
    let id = make(&staff, &[("sales_unit_name", "Suggested")]).await;
    let code = link(&staff, id).await;
    let page = viewer.get(&format!("{TEMPLATES}/{id}")).await;
    assert!(page.text().contains("Suggested") && page.text().contains("Locked") && page.body.contains(&code));
    assert!(!page.body.contains("method=\"post\" action=\"/as/org_kystkassa/templates"), "{}", page.body);
    let new = viewer.get(&format!("{TEMPLATES}/new")).await;
    assert_eq!(new.status, StatusCode::FORBIDDEN);
    assert!(new.text().contains("you need the role operator") && !new.body.contains("<textarea"), "{}", new.text());
    for deed in ["link", "withdraw", "archive", "restore"] {
        assert_eq!(viewer.post(&format!("{TEMPLATES}/{id}/{deed}"), &[]).await.status, StatusCode::FORBIDDEN);
    }
    assert_eq!(portal.browser().get(&format!("/t/{code}")).await.status, StatusCode::OK, "the link still works");
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_template_of_another_partner_does_not_exist(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let staff = portal.member("a@example.com", &[(PARTNER, Role::Operator)]).await;
    let id = make(&staff, &[]).await;
    let other = portal.member("b@example.com", &[(OTHER_PARTNER, Role::Admin)]).await;
    let elsewhere = format!("/as/{OTHER_PARTNER}");
    assert_eq!(other.get(&format!("{elsewhere}/templates/{id}")).await.status, StatusCode::NOT_FOUND);
    let order = format!("{elsewhere}/product-orders/new");
    assert_eq!(other.get(&format!("{order}?template={id}")).await.status, StatusCode::NOT_FOUND);
    let id = id.to_string();
    assert_eq!(other.post(&order, &[("template", &id)]).await.status, StatusCode::NOT_FOUND);
    for deed in ["", "/link", "/withdraw", "/archive", "/restore"] {
        let answer = other.post(&format!("{elsewhere}/templates/{id}{deed}"), &USUAL).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{deed}");
    }
}
