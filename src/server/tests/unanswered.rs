//! What cannot be answered is said on a page that keeps the form.

use reqwest::StatusCode;
use sqlx::PgPool;
use uuid::Uuid;

use super::templates::{link, make};
use super::{PARTNER, TestPortal};
use crate::domain::organisation::Role;
use crate::server::store::MIGRATIONS;

const TEMPLATE: [(&str, &str); 3] =
    [("name", "Shops <\"of\"> Ørjan"), ("welcome", "Hello & welcome"), ("test_website_password", "hunter2")];

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_form_outlives_its_session(pool: PgPool) {
    let portal = TestPortal::start(pool).await;
    let staff = portal.member("staff@example.com", &[(PARTNER, Role::Operator)]).await;
    let path = format!("/as/{PARTNER}/templates/new");
    let session = staff.cookies.lock().unwrap().clone();
    assert_eq!(staff.post("/logout", &[]).await.status, StatusCode::SEE_OTHER);
    *staff.cookies.lock().unwrap() = session;

    let answer = staff.post(&path, &TEMPLATE).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert!(answer.text().contains("You have been signed out"), "{}", answer.text());
    assert!(answer.body.contains(&format!("action=\"{path}\"")), "{}", answer.body);
    assert!(answer.body.contains("value=\"Shops &lt;&quot;of&quot;&gt; Ørjan\""), "{}", answer.body);
    assert_eq!(answer.hidden("welcome"), "Hello &amp; welcome");
    assert!(
        !answer.body.contains("hunter2") && answer.body.contains("name=\"test_website_password\""),
        "{}",
        answer.body
    );
    assert_eq!(answer.headers.get("cache-control").unwrap(), "no-store");

    assert_eq!(staff.get(&path).await.location(), format!("/login?next={path}"));
    assert_eq!(staff.post("/logout", &[]).await.location(), "/login");
    // What nobody has typed is not kept, and neither is more than any form holds.
    let refresh = staff.post(&format!("/as/{PARTNER}/sales-units/refresh"), &[("back", "/as/org_kystkassa")]).await;
    assert_eq!(refresh.location(), "/login");
    let many: Vec<_> = (0..5_000).map(|_| ("a", "b")).collect();
    assert_eq!(staff.post(&path, &many).await.location(), "/login");
    let picture = vec![0; 3 * 1024 * 1024];
    let large = staff.upload(&path, &TEMPLATE, &[("logo_file", "photo.png", &picture)]).await;
    assert!(large.status == StatusCode::UNAUTHORIZED && large.text().contains("Go back"), "{}", large.text());
    // Another site's form gets nothing back.
    let foreign =
        staff.send(reqwest::Method::POST, &path, &[("origin", "https://evil.example")], Some("name=x".to_owned()));
    assert_eq!(foreign.await.status, StatusCode::FORBIDDEN);
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_form_outlives_the_database(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let staff = portal.member("staff@example.com", &[(PARTNER, Role::Operator)]).await;
    let code = link(&staff, make(&staff, &[]).await).await;
    let (key, id) = (Uuid::new_v4().to_string(), Uuid::new_v4().to_string());
    portal.portal.store().close().await;

    let merchants =
        portal.browser().post(&format!("/t/{code}"), &[("key", &key), ("sales_unit_name", "Ørjans Kaffe")]).await;
    let webhook =
        [("form", id.as_str()), ("url", "https://hooks.example/a?b=c&d"), ("event", "epayments.payment.created.v1")];
    let staffs = staff.post(&format!("/as/{PARTNER}/webhooks/new"), &webhook).await;
    let picture =
        staff.upload(&format!("/as/{PARTNER}/templates/new"), &TEMPLATE, &[("logo_file", "logo.png", b"png")]).await;
    for (answer, name, value) in [
        (&merchants, "key", key.as_str()),
        (&merchants, "sales_unit_name", "Ørjans Kaffe"),
        (&staffs, "form", id.as_str()),
        (&staffs, "url", "https://hooks.example/a?b=c&amp;d"),
        (&staffs, "event", "epayments.payment.created.v1"),
        (&picture, "welcome", "Hello &amp; welcome"),
    ] {
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(answer.text().contains("The portal's database does not answer"), "{}", answer.text());
        assert_eq!(answer.hidden(name), value);
        assert_eq!(answer.headers.get("retry-after").unwrap(), "2");
    }
    assert!(picture.body.contains("type=\"file\" name=\"logo_file\""), "{}", picture.body);
    assert!(picture.body.contains("enctype=\"multipart/form-data\""), "{}", picture.body);
    let page = staff.get(&format!("/as/{PARTNER}")).await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(
        page.text().contains("The portal's database does not answer") && !page.body.contains("<form"),
        "{}",
        page.body
    );
}
