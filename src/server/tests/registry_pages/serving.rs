//! Merchants that are served by a partner, and what follows for the partner.

use reqwest::StatusCode;
use sqlx::PgPool;

use super::{Form, REGISTRY, assert_says, instance_admin, keys_of, saved};
use crate::server::store::MIGRATIONS;
use crate::server::tests::{MERCHANT, OTHER_PARTNER, PARTNER, TestPortal};

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_merchant_is_connected_to_its_partner(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let admin = instance_admin(&portal, "admin@example.com").await;
    let merchants = portal.sandbox.merchants_of(PARTNER);
    let merchant = merchants.iter().find(|merchant| merchant.scheme == "business:NO:ORG").unwrap();
    let form = Form::merchant("org_served").with("service", "partner").with("member", "yes");
    for (form, field) in [
        (form.clone().with("partner", PARTNER), "business_id"),
        (form.clone().with("partner", ""), "partner"),
        (form.clone().with("partner", PARTNER).with("kind", "partner"), "service"),
    ] {
        let refused = form.send(&admin, super::NEW).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.body.contains(&format!("#field-{field}\"")), "{field}: {}", refused.body);
    }
    let form = form.with("scheme", merchant.scheme).with("business_id", &merchant.id);
    for nobody in [MERCHANT, "org_nobody"] {
        let refused = form.clone().with("partner", nobody).send(&admin, super::NEW).await;
        assert_says(&refused, "This partner is not there any more.");
    }
    let page = form.with("partner", PARTNER).create(&admin).await;
    assert_says(&page, "Served by Kystkassa AS");
    let units = admin.get("/as/org_served/sales-units").await;
    for msn in &merchant.msns {
        assert!(units.body.contains(msn.as_str()), "{msn} is missing: {}", units.text());
    }
    // A number with a wrong check digit is saved, and said to be wrong.
    let wrong = Form::merchant("org_wrong").with("scheme", "business:NO:ORG").with("business_id", "987 654 321");
    assert_says(&wrong.create(&admin).await, "Check digit is wrong");
    assert_says(&admin.get(&format!("{REGISTRY}/org_wrong/edit")).await, "The check digit is wrong");
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_partner_stays_while_it_serves(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let admin = instance_admin(&portal, "admin@example.com").await;
    let path = format!("{REGISTRY}/{PARTNER}");
    let page = admin.get(&path).await;
    assert_says(&page, "1 merchant is served with its keys.");
    assert!(!page.body.contains("Remove this organisation"), "{}", page.body);
    let refused = admin.post(&format!("{path}/remove"), &[]).await;
    assert_says(&saved(&admin, refused).await, "Nothing was removed");
    let keys = keys_of(&portal, PARTNER);
    for form in [Form::partner("", &keys).with("kind", "merchant"), Form::partner("", &keys).with("service", "nobody")]
    {
        let refused = form.change(&admin, PARTNER).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_says(&refused, "served with the keys of this partner");
    }
    assert_eq!(portal.sync().await, 0, "it has its keys");

    let elsewhere = Form::merchant("").change(&admin, MERCHANT).await;
    saved(&admin, elsewhere).await;
    let removed = admin.post(&format!("{path}/remove"), &[]).await;
    assert_says(&saved(&admin, removed).await, "The organisation is removed.");
    let sealed = "select count(*) from sealed_secret where name like 'org_kystkassa/%'";
    assert_eq!(sqlx::query_scalar::<_, i64>(sealed).fetch_one(&portal.pool).await.unwrap(), 0);
    for deed in ["check", "switch", "membership", "remove"] {
        assert_eq!(admin.post(&format!("{path}/{deed}"), &[]).await.status, StatusCode::NOT_FOUND, "{deed}");
    }
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn an_upstream_of_its_own_is_shown_and_stays(pool: PgPool) {
    let portal = TestPortal::start(pool).await;
    let admin = instance_admin(&portal, "admin@example.com").await;
    sqlx::query("update organisation set upstream_url = 'http://127.0.0.1:9' where id = $1")
        .bind(OTHER_PARTNER)
        .execute(&portal.pool)
        .await
        .unwrap();
    let path = format!("{REGISTRY}/{OTHER_PARTNER}");
    assert_says(&admin.get(&path).await, "http://127.0.0.1:9");
    assert!(!admin.get(&format!("{path}/edit")).await.body.contains("upstream_url"));
    let keys = keys_of(&portal, OTHER_PARTNER);
    let form = Form::partner("", &keys).with("upstream_url", "https://evil.example");
    let page = saved(&admin, form.change(&admin, OTHER_PARTNER).await).await;
    assert_says(&page, "http://127.0.0.1:9");
    assert!(!page.body.contains("evil"));
    assert_says(&page, "127.0.0.1:9 cannot be reached.");
}
