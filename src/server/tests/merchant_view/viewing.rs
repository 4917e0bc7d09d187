//! Viewing as a merchant.

use reqwest::{Method, StatusCode};
use sqlx::PgPool;

use super::{OWN, Two, as_whom};
use crate::domain::api_token::TokenScope;
use crate::domain::organisation::Role;
use crate::server::store::MIGRATIONS;
use crate::server::store::api_tokens::TokenOwner;
use crate::server::tests::{Browser, MERCHANT, OTHER_PARTNER, PARTNER, api, registry_pages};

/// Begins to view as the merchant of the partner whose things are its own; its address.
pub async fn view_of_own(two: &Two, browser: &Browser) -> String {
    let merchant = two.portal.sandbox.merchants_of(PARTNER).remove(0);
    let page = format!("/as/{PARTNER}/merchants/{}/{}", merchant.scheme, merchant.id);
    assert!(browser.get(&page).await.text().contains("View as merchant"));
    view_of(browser, &page).await
}

async fn view_of(browser: &Browser, merchant: &str) -> String {
    let answer = browser.post(&format!("{merchant}/view"), &[]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
    assert!(answer.location().starts_with("/as/view-"), "{}", answer.location());
    answer.location().to_owned()
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn whoever_views_as_a_merchant_sees_what_its_people_see_and_only_looks(pool: PgPool) {
    let two = Two::merchants(pool).await;
    let name = two.portal.sandbox.merchants_of(PARTNER).remove(0).name;
    for role in [Role::Viewer, Role::Operator, Role::Admin] {
        let email = format!("{}@example.com", role.as_str());
        let browser = two.portal.member(&email, &[(PARTNER, role)]).await;
        let view = view_of_own(&two, &browser).await;
        two.see_own_only(&browser, &view).await;
        let page = browser.get(&view).await;
        let text = page.text();
        assert!(text.contains(&format!("You see this as {name}, on behalf of Kystkassa")), "{text}");
        assert!(text.contains("Back to Kystkassa") && text.contains("Viewing as merchant"), "{text}");
        assert!(!text.contains("Members") && !text.contains("Refresh"), "{text}");
        for list in ["", "/sales-units", "/product-orders", "/webhooks", &format!("/product-orders/{OWN}")] {
            let page = browser.get(&format!("{view}{list}")).await;
            assert!(page.body.contains("class=\"viewing\""), "{list}");
            assert_eq!(page.body.matches("method=\"post\"").count(), 1, "{list}: signing out is all there is to send");
            assert!(!page.body.contains("/api/v1/organisations/view-"), "{list}");
        }
        for path in ["members", "api-tokens", "members/00000000-0000-4000-8000-000000000000"] {
            assert_eq!(browser.get(&format!("{view}/{path}")).await.status, StatusCode::NOT_FOUND, "{path}");
        }
        two.portal.sandbox.clear_calls();
        for path in [
            "sales-units/refresh".to_owned(),
            format!("sales-units/{}/refresh", two.own_msn),
            "product-orders/refresh".to_owned(),
            format!("product-orders/{OWN}/refresh"),
            "webhooks/refresh".to_owned(),
        ] {
            let answer = browser.post(&format!("{view}/{path}"), &[]).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
            assert!(answer.text().contains("Nothing can be changed from here"), "{path}: {}", answer.text());
        }
        assert_eq!(two.portal.sandbox.calls().len(), 0);
    }
    // The merchant's own people see no such mark.
    let own = two.portal.member("own@example.com", &[(MERCHANT, Role::Viewer)]).await;
    let page = own.get(&format!("/as/{MERCHANT}")).await;
    assert!(!page.body.contains("class=\"viewing\"") && page.text().contains("Acting as merchant"));
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_view_is_for_the_partners_people_alone(pool: PgPool) {
    let two = Two::merchants(pool).await;
    let viewer = two.portal.member("viewer@example.com", &[(PARTNER, Role::Viewer)]).await;
    let view = view_of_own(&two, &viewer).await;
    let colleague = two.portal.member("colleague@example.com", &[(PARTNER, Role::Viewer)]).await;
    assert_eq!(colleague.get(&format!("{view}/sales-units")).await.status, StatusCode::OK, "a link can be sent");
    let others = [
        two.portal.member("other@example.com", &[(OTHER_PARTNER, Role::Admin)]).await,
        two.portal.member("merchant@example.com", &[(MERCHANT, Role::Admin)]).await,
        two.portal.member("stranger@example.com", &[]).await,
        registry_pages::instance_admin(&two.portal, "instance@example.com").await,
    ];
    let merchant = two.portal.sandbox.merchants_of(PARTNER).remove(0);
    for browser in others {
        let nothing = browser.get("/as/view-00000000000000000000000000000000").await;
        for path in ["", "/sales-units", "/sales-units/export", "/product-orders", "/merchants"] {
            let answer = browser.get(&format!("{view}{path}")).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
            assert_eq!(answer.body_without_nonce(), nothing.body_without_nonce(), "{path}");
        }
        for organisation in [PARTNER, OTHER_PARTNER, MERCHANT] {
            let begin = format!("/as/{organisation}/merchants/{}/{}/view", merchant.scheme, merchant.id);
            assert_eq!(browser.post(&begin, &[]).await.status, StatusCode::NOT_FOUND, "{organisation}");
        }
    }
    // A merchant that is not in the partner's copy, and the view of one, are nobody's to view as.
    let unknown = format!("/as/{PARTNER}/merchants/business:NO:ORG/918713867/view");
    assert_eq!(viewer.post(&unknown, &[]).await.status, StatusCode::NOT_FOUND);
    let within = format!("{view}/merchants/{}/{}/view", merchant.scheme, merchant.id);
    assert_eq!(viewer.post(&within, &[]).await.status, StatusCode::NOT_FOUND);
    // It stands in no list of organisations, and programs do not view.
    for path in ["/businesses", "/"] {
        assert!(!viewer.get(path).await.body.contains("view-"), "{path}");
    }
    let instance = registry_pages::instance_admin(&two.portal, "registry@example.com").await;
    assert!(!instance.get("/admin/organisations").await.body.contains("view-"));
    let staff = two.portal.person("program@example.com", &[(PARTNER, Role::Admin)]).await;
    let token = api::token(&two.portal, &TokenOwner::Staff(staff), TokenScope::Read, None).await;
    let id = view.trim_start_matches("/as/");
    let address = format!("http://{}/api/v1/organisations/{id}/sales-units", two.portal.address);
    let answer = reqwest::Client::new().get(address).bearer_auth(&token).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    // Who is no longer the partner's is no longer the view's.
    sqlx::query("delete from membership").execute(&two.portal.pool).await.unwrap();
    assert_eq!(viewer.get(&view).await.status, StatusCode::NOT_FOUND);
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_merchant_that_is_in_no_registry_is_viewed_as_the_copy_knows_it(pool: PgPool) {
    let two = Two::merchants(pool).await;
    let browser = two.portal.member("viewer@example.com", &[(PARTNER, Role::Viewer)]).await;
    let view = view_of(&browser, &format!("/as/{PARTNER}/merchants/{}", two.other_business)).await;
    let page = browser.get(&view).await.text();
    assert!(page.contains(&format!("You see this as {}", two.other_name)), "{page}");
    let units = browser.get(&format!("{view}/sales-units")).await.body;
    assert!(units.contains(&two.other_msn) && !units.contains(&two.own_msn));
    // The same merchant has the same address again, and another merchant another.
    assert_eq!(view_of(&browser, &format!("/as/{PARTNER}/merchants/{}", two.other_business)).await, view);
    assert_ne!(view_of_own(&two, &browser).await, view);
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn each_time_is_noted_for_the_partners_admins(pool: PgPool) {
    let two = Two::merchants(pool).await;
    let admin = two.portal.member("admin@example.com", &[(PARTNER, Role::Admin)]).await;
    let merchant = two.portal.sandbox.merchants_of(PARTNER).remove(0);
    let details = format!("/as/{PARTNER}/merchants/{}/{}", merchant.scheme, merchant.id);
    assert!(admin.get(&details).await.text().contains("Nobody has yet."));
    let viewer = two.portal.member("viewer@example.com", &[(PARTNER, Role::Viewer)]).await;
    let view = view_of_own(&two, &viewer).await;
    let said = "Viewed as merchant by viewer@example.com";
    let times = async |email: &str| {
        let page = admin.get(&details).await;
        page.text().matches(&format!("Viewed as merchant by {email}")).count()
    };
    assert_eq!(times("viewer@example.com").await, 0, "nothing was seen yet");
    viewer.get(&view).await;
    viewer.get(&format!("{view}/sales-units")).await;
    assert_eq!(times("viewer@example.com").await, 1);
    assert!(!viewer.get(&details).await.text().contains(said), "a viewer is not told who has viewed");
    // A page that was left open asks for itself, which is no new time; but nothing is seen without any note.
    as_whom(&two.portal.pool, PARTNER, "update merchant_viewing set last_at = last_at - interval '1 hour'").await;
    let watch = [("x-portal-watch", "1")];
    viewer.send(Method::GET, &view, &watch, None).await;
    assert_eq!(times("viewer@example.com").await, 1);
    viewer.get(&view).await;
    assert_eq!(times("viewer@example.com").await, 2);
    let colleague = two.portal.member("colleague@example.com", &[(PARTNER, Role::Operator)]).await;
    assert_eq!(colleague.send(Method::GET, &view, &watch, None).await.status, StatusCode::OK);
    assert_eq!(times("colleague@example.com").await, 1);
    // The other merchant's page tells nothing of it.
    let other = format!("/as/{PARTNER}/merchants/{}", two.other_business);
    assert!(admin.get(&other).await.text().contains("Nobody has yet."));
}
