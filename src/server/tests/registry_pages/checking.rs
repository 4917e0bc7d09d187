//! What a check of keys says.

use reqwest::StatusCode;
use sqlx::PgPool;

use super::{Form, REGISTRY, WRONG, assert_says, instance_admin, keys_of, saved};
use crate::server::router::pages;
use crate::server::store::MIGRATIONS;
use crate::server::tests::{MERCHANT_WITH_KEYS, OTHER_PARTNER, PARTNER, TestPortal};

#[sqlx::test(migrator = "MIGRATIONS")]
async fn each_key_that_is_wrong_is_named(pool: PgPool) {
    let portal = TestPortal::start(pool).await;
    let admin = instance_admin(&portal, "admin@example.com").await;
    let keys = keys_of(&portal, OTHER_PARTNER);
    let form = Form::partner("org_a", &keys);
    let page = form.clone().with("subscription_key", WRONG).create(&admin).await;
    assert_says(&page, "Vipps MobilePay refused the subscription key.");
    assert_says(&page, "An access token comes first.");
    assert!(!page.body.contains(WRONG));
    let page = form.clone().with("secondary_subscription_key", WRONG).change(&admin, "org_a").await;
    let page = saved(&admin, page).await;
    assert_says(
        &page,
        "Access token with the secondary subscription keyBadVipps MobilePay refused the subscription key.",
    );
    assert_says(&page, "Management APIGoodIt answers.");
    let taken_away = form.clone().with("secondary_subscription_key_taken_away", "yes").with("client_secret", "");
    let page = taken_away.with("subscription_key", "").change(&admin, "org_a").await;
    let page = saved(&admin, page).await;
    assert_says(&page, "The keys work.");
    assert_says(&page, "Secondary subscription keyNone");
    let sealed = "select count(*) from sealed_secret where name like 'org_a/%'";
    assert_eq!(sqlx::query_scalar::<_, i64>(sealed).fetch_one(&portal.pool).await.unwrap(), 2, "it is wiped");
    let page = form.with("client_id", "nobody").change(&admin, "org_a").await;
    assert_says(&saved(&admin, page).await, "Vipps MobilePay refused the client id or the client secret.");
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_merchants_keys_are_checked_for_its_unit(pool: PgPool) {
    let portal = TestPortal::start(pool).await;
    let admin = instance_admin(&portal, "admin@example.com").await;
    let keys = keys_of(&portal, MERCHANT_WITH_KEYS);
    let form = Form::partner("org_m", &keys).with("kind", "merchant").with("msn", keys.msn.as_deref().unwrap());
    let page = form.clone().create(&admin).await;
    assert_says(&page, "The keys work.");
    assert_says(&page, "They are for partners.");
    let page = saved(&admin, form.with("msn", "9999").change(&admin, "org_m").await).await;
    assert_says(&page, "It does not know the sales unit 9999");
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn an_upstream_that_is_gone_is_told_from_keys_that_are_wrong(pool: PgPool) {
    let portal = TestPortal::start(pool).await;
    let admin = instance_admin(&portal, "admin@example.com").await;
    portal.stop_sandbox().await;
    let page = Form::partner("org_a", &keys_of(&portal, OTHER_PARTNER)).create(&admin).await;
    assert_says(&page, "cannot be reached.");
    assert!(!page.text().contains("refused"), "{}", page.text());
    portal.start_sandbox().await;
    let checked = admin.post(&format!("{REGISTRY}/org_a/check"), &[]).await;
    assert_says(&saved(&admin, checked).await, "The keys work.");
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn in_test_a_token_is_asked_for_and_no_management_api(pool: PgPool) {
    let portal = TestPortal::start(pool).await;
    let admin = instance_admin(&portal, "admin@example.com").await;
    portal.sandbox.clear_calls();
    let keys = keys_of(&portal, OTHER_PARTNER);
    let page = Form::partner("org_test", &keys).with("environment", "test").create(&admin).await;
    assert_says(&page, "The keys work.");
    assert_says(&page, "It does not exist in the test environment.");
    let asked: Vec<String> = portal.sandbox.calls().into_iter().map(|call| call.path).collect();
    assert_eq!(asked, ["/accesstoken/get", "/webhooks/v1/webhooks"]);
    // Every page of it says so.
    let things = [("{org}", "org_test"), ("{msn}", "123456"), ("{person}", "x"), ("{scheme}", "a"), ("{id}", "b")];
    // A partner has no agreements, in whichever environment.
    let is_partners = |path: &String| {
        path.starts_with("/as/")
            && crate::paths::audience(path) != crate::domain::organisation::Audience::MerchantsWithKeys
    };
    let of_organisation: Vec<String> = pages().iter().map(|page| page.path().to_owned()).filter(is_partners).collect();
    assert!(of_organisation.len() > 20);
    for pattern in of_organisation {
        let path = things.iter().fold(pattern, |path, (place, thing)| path.replace(place, thing));
        let page = admin.get(&path).await;
        assert!(page.text().contains("has no Management API"), "{path}: {}", page.text());
    }
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn what_is_switched_off_is_not_asked_about(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let admin = instance_admin(&portal, "admin@example.com").await;
    let path = format!("{REGISTRY}/{PARTNER}");
    let switched = admin.post(&format!("{path}/switch"), &[("enabled", "no")]).await;
    let page = saved(&admin, switched).await;
    assert_says(&page, "Vipps MobilePay is not asked any more");
    portal.sandbox.clear_calls();
    let page = saved(&admin, admin.post(&format!("{path}/check"), &[]).await).await;
    assert_says(&page, "The organisation is switched off");
    assert_eq!(portal.sandbox.calls().len(), 0);
    let page = saved(&admin, admin.post(&format!("{path}/switch"), &[("enabled", "yes")]).await).await;
    assert_says(&page, "The keys work.");
    // Changed by somebody else since, the check is not passed off as true.
    sqlx::query("update organisation set client_id = 'other', updated_at = now() where id = $1")
        .bind(PARTNER)
        .execute(&portal.pool)
        .await
        .unwrap();
    assert_says(&admin.get(&path).await, "has been changed since");
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn keys_are_not_checked_without_end(pool: PgPool) {
    let portal = TestPortal::start(pool).await;
    let admin = instance_admin(&portal, "admin@example.com").await;
    let path = format!("{REGISTRY}/{OTHER_PARTNER}/check");
    for _ in 0..6 {
        let checked = admin.post(&path, &[]).await;
        assert!(checked.location().ends_with("did=checked"), "{}", checked.location());
    }
    portal.sandbox.clear_calls();
    let later = admin.post(&path, &[]).await;
    assert_eq!(later.status, StatusCode::SEE_OTHER);
    assert_says(&admin.get(later.location()).await, "Wait a minute");
    assert_eq!(portal.sandbox.calls().len(), 0);
    // Another organisation's keys are another count.
    let other = admin.post(&format!("{REGISTRY}/{PARTNER}/check"), &[]).await;
    assert!(other.location().ends_with("did=checked"));
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_check_that_was_lost_can_be_made_again(pool: PgPool) {
    let portal = TestPortal::start(pool).await;
    let admin = instance_admin(&portal, "admin@example.com").await;
    let path = format!("{REGISTRY}/{OTHER_PARTNER}");
    assert_says(&admin.get(&path).await, "They have not been checked yet.");
    let begun = "insert into key_check (organisation_id, begun_at, checked_as_of)
        select id, now() - make_interval(secs => $2), updated_at from organisation where id = $1
        on conflict (organisation_id) do update set begun_at = excluded.begun_at";
    let begin = async |seconds: f64| {
        let begun = sqlx::query(begun).bind(OTHER_PARTNER).bind(seconds);
        begun.execute(&portal.pool).await.unwrap();
    };
    begin(5.0).await;
    let page = admin.get(&path).await;
    assert_says(&page, "The keys are being checked.");
    portal.sandbox.clear_calls();
    admin.post(&format!("{path}/check"), &[]).await;
    assert_eq!(portal.sandbox.calls().len(), 0, "one check at a time");
    begin(120.0).await;
    assert_says(&admin.get(&path).await, "The last check was broken off.");
    let page = saved(&admin, admin.post(&format!("{path}/check"), &[]).await).await;
    assert_says(&page, "The keys work.");
}
