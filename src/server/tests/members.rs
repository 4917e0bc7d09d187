//! Who may act as an organisation, and who decides that.

use reqwest::StatusCode;
use sqlx::PgPool;
use uuid::Uuid;

use super::{MERCHANT, OTHER_PARTNER, PARTNER, TestPortal};
use crate::domain::organisation::Role;
use crate::server::store::MIGRATIONS;

const MEMBERS: &str = "/as/org_kystkassa/members";

fn deed(person: Uuid, deed: &str) -> String {
    format!("{MEMBERS}/{person}/{deed}")
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_person_is_found_by_user_id_and_added_in_two_steps(pool: PgPool) {
    let portal = TestPortal::start(pool).await;
    let admin = portal.member("admin@example.com", &[(PARTNER, Role::Admin)]).await;
    let person = portal.member("new@example.com", &[]).await;
    let id = portal.portal.store().staff_by_email("new@example.com").await.unwrap().unwrap().id;
    assert_eq!(person.get("/as/org_kystkassa").await.status, StatusCode::NOT_FOUND);

    let found = admin.get(&format!("{MEMBERS}?person=%20{id}%20")).await;
    assert_eq!(found.status, StatusCode::OK);
    assert!(found.text().contains("Add new@example.com"), "{}", found.text());
    let added = admin.post(MEMBERS, &[("person", &id.to_string()), ("role", "operator")]).await;
    assert_eq!(added.location(), "/as/org_kystkassa/members?did=added");
    let list = admin.get(added.location()).await.text();
    assert!(list.contains("new@example.com") && list.contains("Operator") && list.contains("2 people"), "{list}");
    // At once, without signing in again.
    assert_eq!(person.get("/as/org_kystkassa").await.status, StatusCode::OK);
    assert!(person.get(MEMBERS).await.text().contains("admin@example.com"), "every member may look");
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn whoever_cannot_be_added_is_said_beside_the_field(pool: PgPool) {
    let portal = TestPortal::start(pool).await;
    let admin = portal.member("admin@example.com", &[(PARTNER, Role::Admin)]).await;
    let member = portal.person("member@example.com", &[(PARTNER, Role::Viewer)]).await.to_string();
    let disabled = portal.person("disabled@example.com", &[]).await;
    portal.portal.store().set_disabled(disabled, true).await.unwrap();
    let (disabled, unknown) = (disabled.to_string(), Uuid::new_v4().to_string());
    let long = "x".repeat(5_000);
    for (typed, reason) in [
        ("<b>me</b>", "This is not a user ID"),
        (long.as_str(), "This is not a user ID"),
        (&unknown, "Nobody here has this user ID"),
        (&member, "member@example.com is a member already"),
        (&disabled, "This account has been disabled"),
    ] {
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("person", typed).finish();
        let asked = admin.get(&format!("{MEMBERS}?{query}")).await;
        let sent = admin.post(MEMBERS, &[("person", typed), ("role", "viewer")]).await;
        for answer in [asked, sent] {
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{typed}");
            assert!(answer.text().contains(reason), "{typed}: {}", answer.text());
            assert!(answer.body.contains(r#"id="field-person-fault""#), "{typed}");
            let kept = typed.replace('<', "&lt;").replace('>', "&gt;").chars().take(100).collect::<String>();
            assert!(answer.body.contains(&format!("value=\"{kept}\"")) || kept.contains("&lt;"), "{typed}");
            assert!(!answer.body.contains("<b>me</b>"));
        }
    }
    let no_role = admin.post(MEMBERS, &[("person", &portal.person("c@example.com", &[]).await.to_string())]).await;
    assert_eq!(no_role.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(no_role.text().contains("Choose what the person may do"), "{}", no_role.text());
    assert!(no_role.text().contains("Add c@example.com"), "whom it was about is kept");
    let members = portal.portal.store().members(&super::org(PARTNER)).await.unwrap();
    assert_eq!(members.len(), 2, "{members:?}");
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_user_id_tells_nobody_but_admins_whose_it_is(pool: PgPool) {
    let portal = TestPortal::start(pool).await;
    let stranger = portal.person("secret@example.com", &[]).await;
    let asked = format!("{MEMBERS}?person={stranger}");
    for role in [Role::Viewer, Role::Operator] {
        let browser = portal.member(&format!("{}@example.com", role.as_str()), &[(PARTNER, role)]).await;
        let answer = browser.get(&asked).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert!(!answer.body.contains("secret@example.com"), "{role:?}");
        let form = [("person", stranger.to_string()), ("role", "viewer".to_owned())];
        let form = form.each_ref().map(|(name, value)| (*name, value.as_str()));
        assert_eq!(browser.post(MEMBERS, &form).await.status, StatusCode::FORBIDDEN, "{role:?}");
    }
    let other = portal.member("other@example.com", &[(OTHER_PARTNER, Role::Admin)]).await;
    let answer = other.get(&asked).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert!(!answer.body.contains("secret"));
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn user_ids_can_be_looked_up_only_so_often(pool: PgPool) {
    let portal = TestPortal::start(pool).await;
    let admins = [(PARTNER, Role::Admin)];
    let (hasty, other) = (portal.member("a@example.com", &admins).await, portal.member("b@example.com", &admins).await);
    let person = portal.person("c@example.com", &[]).await;
    let asked = format!("{MEMBERS}?person={person}");
    let mut answered = 0;
    // A few more come back while the first ones are being answered.
    let refused = loop {
        let answer = hasty.get(&asked).await;
        if answer.status != StatusCode::OK {
            break answer;
        }
        answered += 1;
        assert!(answered < 60, "nothing keeps one from trying all");
    };
    assert!(answered >= 30, "{answered}");
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(refused.text().contains("Wait a minute") && !refused.body.contains("c@example.com"), "{}", refused.text());
    assert!(refused.body.contains(&person.to_string()), "what was typed is kept");
    let form = [("person", person.to_string()), ("role", "viewer".to_owned())];
    let form = form.each_ref().map(|(name, value)| (*name, value.as_str()));
    assert!(hasty.post(MEMBERS, &form).await.text().contains("Wait a minute"), "adding looks up, too");
    assert_eq!(other.get(&asked).await.status, StatusCode::OK, "one's haste does not slow down another");
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn roles_and_removals_hold_from_the_next_request(pool: PgPool) {
    let portal = TestPortal::start(pool).await;
    let admin = portal.member("admin@example.com", &[(PARTNER, Role::Admin)]).await;
    let other = portal.member("other@example.com", &[(PARTNER, Role::Admin)]).await;
    let id = portal.portal.store().staff_by_email("other@example.com").await.unwrap().unwrap().id;
    let own = portal.portal.store().staff_by_email("admin@example.com").await.unwrap().unwrap().id;

    let changed = admin.post(&deed(id, "role"), &[("role", "viewer")]).await;
    assert_eq!(changed.location(), "/as/org_kystkassa/members?did=changed");
    assert_eq!(other.post(&deed(own, "remove"), &[]).await.status, StatusCode::FORBIDDEN);
    assert_eq!(other.get(MEMBERS).await.status, StatusCode::OK);

    let nonsense = admin.post(&deed(id, "role"), &[("role", "king")]).await;
    assert_eq!(nonsense.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(nonsense.text().contains("Choose what the person may do"));

    let removed = admin.post(&deed(id, "remove"), &[]).await;
    assert_eq!(removed.location(), "/as/org_kystkassa/members?did=removed");
    for path in ["/as/org_kystkassa", MEMBERS, "/as/org_kystkassa/sales-units"] {
        assert_eq!(other.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    // Who is no member cannot be changed, nor can nobody.
    for person in [id.to_string(), Uuid::new_v4().to_string(), "nobody".to_owned()] {
        for word in ["role", "remove"] {
            let answer = admin.post(&format!("{MEMBERS}/{person}/{word}"), &[("role", "viewer")]).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{person} {word}");
        }
        assert_eq!(admin.get(&format!("{MEMBERS}/{person}")).await.status, StatusCode::NOT_FOUND, "{person}");
    }
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn the_last_admin_stays(pool: PgPool) {
    let portal = TestPortal::start(pool).await;
    let admin = portal.member("admin@example.com", &[(MERCHANT, Role::Admin)]).await;
    let own = portal.portal.store().staff_by_email("admin@example.com").await.unwrap().unwrap().id;
    // An admin who cannot sign in is none.
    let disabled = portal.person("disabled@example.com", &[(MERCHANT, Role::Admin)]).await;
    portal.portal.store().set_disabled(disabled, true).await.unwrap();
    portal.person("operator@example.com", &[(MERCHANT, Role::Operator)]).await;
    let path = |word: &str| format!("/as/{MERCHANT}/members/{own}{word}");
    let shown = admin.get(&path("")).await;
    assert!(shown.text().contains("This is the only admin"), "{}", shown.text());
    for (word, form) in [("/role", vec![("role", "viewer")]), ("/remove", vec![])] {
        let answer = admin.post(&path(word), &form).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{word}");
        assert!(answer.text().contains("This is the only admin"), "{word}: {}", answer.text());
    }
    assert_eq!(admin.post(&path("/role"), &[("role", "admin")]).await.status, StatusCode::SEE_OTHER);

    // With another one, one may go.
    portal.person("next@example.com", &[(MERCHANT, Role::Admin)]).await;
    assert_eq!(admin.post(&path("/remove"), &[]).await.location(), "/businesses");
    assert_eq!(admin.get(&format!("/as/{MERCHANT}")).await.status, StatusCode::NOT_FOUND);
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn two_admins_cannot_take_each_others_place_away(pool: PgPool) {
    let portal = TestPortal::start(pool).await;
    let one = portal.member("one@example.com", &[(PARTNER, Role::Admin)]).await;
    let two = portal.member("two@example.com", &[(PARTNER, Role::Admin)]).await;
    let id = async |email: &str| portal.portal.store().staff_by_email(email).await.unwrap().unwrap().id;
    let (first, second) = (id("one@example.com").await, id("two@example.com").await);
    for _ in 0..10 {
        let (removed_second, removed_first) = (deed(second, "remove"), deed(first, "remove"));
        tokio::join!(one.post(&removed_second, &[]), two.post(&removed_first, &[]));
        let members = portal.portal.store().members(&super::org(PARTNER)).await.unwrap();
        assert_eq!(members.len(), 1, "{members:?}");
        for staff in [first, second] {
            portal.portal.store().save_membership(staff, &super::org(PARTNER), Role::Admin).await.unwrap();
        }
    }
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn somebody_without_a_business_is_told_how_to_get_access(pool: PgPool) {
    let portal = TestPortal::start(pool).await;
    let browser = portal.member("new@example.com", &[]).await;
    let id = portal.portal.store().staff_by_email("new@example.com").await.unwrap().unwrap().id.to_string();
    let page = browser.get("/businesses").await;
    assert!(page.body.contains(&format!("data-copy=\"{id}\"")), "{}", page.body);
    assert!(page.text().contains("new@example.com") && page.text().contains("Copy your user ID"), "{}", page.text());
    let profile = browser.get("/profile").await.text();
    let (at, appearance) = (profile.find(&id).unwrap(), profile.find("Appearance").unwrap());
    assert!(at > appearance, "the user ID stands at the bottom");
}
