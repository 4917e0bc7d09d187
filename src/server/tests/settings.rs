//! The settings of an organisation whose keys are its own.

use reqwest::StatusCode;
use sqlx::PgPool;

use super::{MERCHANT, MERCHANT_WITH_KEYS, OTHER_PARTNER, PARTNER, TestPortal};
use crate::domain::organisation::Role;
use crate::server::store::MIGRATIONS;

const SETTINGS: &str = "/as/org_kystkassa/settings";

#[sqlx::test(migrator = "MIGRATIONS")]
async fn what_admins_choose_holds_for_everybody(pool: PgPool) {
    let portal = TestPortal::start(pool).await;
    let admin = portal.member("admin@example.com", &[(PARTNER, Role::Admin)]).await;
    let viewer = portal.member("viewer@example.com", &[(PARTNER, Role::Viewer)]).await;
    let merchant = portal.member("merchant@example.com", &[(MERCHANT, Role::Viewer)]).await;
    let other = portal.member("other@example.com", &[(OTHER_PARTNER, Role::Admin)]).await;
    assert!(viewer.get("/as/org_kystkassa").await.text().contains("Welcome to the partner portal!"));
    assert!(!viewer.get("/as/org_kystkassa").await.text().contains("Tell us what you need"));
    assert!(admin.get("/as/org_kystkassa").await.body.contains(SETTINGS));

    let form = [("feedback", " feedback@example.com "), ("compliance", "yes")];
    let saved = admin.post(SETTINGS, &form).await;
    assert_eq!(saved.location(), "/as/org_kystkassa/settings?did=saved");
    assert!(admin.get(saved.location()).await.text().contains("The settings are saved"));
    let shown = viewer.get(SETTINGS).await;
    assert!(shown.body.contains(r#"href="mailto:feedback@example.com""#), "{}", shown.body);
    assert!(!shown.body.contains("name=\"feedback\""), "viewers have no form");
    for (browser, path) in [(&viewer, "/as/org_kystkassa".to_owned()), (&merchant, format!("/as/{MERCHANT}"))] {
        let page = browser.get(&path).await;
        assert!(page.body.contains(r#"href="mailto:feedback@example.com""#), "{path}: {}", page.body);
    }
    assert!(!other.get("/as/org_nordbetaling").await.body.contains("feedback@example.com"));
    let acting = async |email: &str| {
        let staff = portal.portal.store().staff_by_email(email).await.unwrap().unwrap().id;
        portal.portal.store().acting(staff, &super::org(PARTNER)).await.unwrap().unwrap()
    };
    assert!(acting("viewer@example.com").await.sends_compliance_data);

    // Nothing ticked, nothing written: both are off again.
    admin.post(SETTINGS, &[("feedback", " ")]).await;
    let row = acting("admin@example.com").await;
    assert_eq!((row.sends_compliance_data, row.feedback_address), (false, None));
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn refused_settings_keep_what_was_typed(pool: PgPool) {
    let portal = TestPortal::start(pool).await;
    let admin = portal.member("admin@example.com", &[(PARTNER, Role::Admin)]).await;
    for (typed, reason) in
        [("javascript:alert(1)", "begin with https"), ("http://example.com", "begin with https"), ("a@b", "one mail")]
    {
        let refused = admin.post(SETTINGS, &[("feedback", typed), ("compliance", "yes")]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{typed}");
        assert!(refused.text().contains(reason), "{typed}: {}", refused.text());
        assert!(refused.body.contains(&format!("value=\"{typed}\"")), "{typed}: {}", refused.body);
        assert!(refused.body.contains(r#"id="field-feedback-fault""#) && refused.body.contains("checked"), "{typed}");
    }
    assert!(!admin.get("/as/org_kystkassa").await.text().contains("Tell us what you need"));
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn merchants_that_a_partner_serves_have_no_settings(pool: PgPool) {
    let portal = TestPortal::start(pool).await;
    let merchant = portal.member("merchant@example.com", &[(MERCHANT, Role::Admin)]).await;
    let path = format!("/as/{MERCHANT}/settings");
    assert_eq!(merchant.get(&path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(merchant.post(&path, &[("feedback", "a@example.com")]).await.status, StatusCode::NOT_FOUND);
    assert_eq!(merchant.post(&format!("{path}/probe"), &[]).await.status, StatusCode::NOT_FOUND);
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_merchant_with_keys_chooses_when_it_is_warned_and_nothing_of_a_partners(pool: PgPool) {
    let portal = TestPortal::start(pool).await;
    let admin = portal.member("admin@example.com", &[(MERCHANT_WITH_KEYS, Role::Admin)]).await;
    let viewer = portal.member("viewer@example.com", &[(MERCHANT_WITH_KEYS, Role::Viewer)]).await;
    let path = format!("/as/{MERCHANT_WITH_KEYS}/settings");
    let landing = format!("/as/{MERCHANT_WITH_KEYS}");
    assert!(admin.get(&landing).await.body.contains(&format!("href=\"{path}\"")), "it is in the menu");
    let page = admin.get(&path).await;
    assert!(page.body.contains(r#"name="failing_percent""#), "{}", page.text());
    for partners in [r#"name="feedback""#, r#"name="compliance""#, "What this upstream offers", "The partner at"] {
        assert!(!page.body.contains(partners), "{partners}");
    }
    let form = |percent| [("failing_percent", percent), ("failing_calls", "30"), ("feedback", "a@example.com")];
    let refused = admin.post(&path, &form("many")).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains(r#"value="many""#), "{}", refused.text());
    let saved = admin.post(&path, &form("12")).await;
    assert_eq!(saved.location(), format!("{path}?did=saved"));
    let text = viewer.get(&path).await.text();
    assert!(text.contains("12 % of at least 30 calls") && !text.contains("a@example.com"), "{text}");
    assert_eq!(viewer.post(&path, &form("13")).await.status, StatusCode::FORBIDDEN);
    assert_eq!(admin.post(&format!("{path}/probe"), &[]).await.status, StatusCode::NOT_FOUND);
}
