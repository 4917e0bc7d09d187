//! What merchants reach with a template's link, without signing in.

use reqwest::StatusCode;
use sqlx::PgPool;
use uuid::Uuid;

use super::templates::{TEMPLATES, link, make};
use super::{Browser, PARTNER, TestPortal};
use crate::domain::organisation::Role;
use crate::server::store::MIGRATIONS;

const ANSWERS: [(&str, &str); 3] = [
    ("business_identifier", "918713867"),
    ("sales_unit_name", "Ørjans Kaffe"),
    ("intended_purpose", "Members sign in to the pages of the club."),
];

async fn staff(portal: &TestPortal) -> Browser {
    portal.member("staff@example.com", &[(PARTNER, Role::Operator)]).await
}

fn answers<'a>(key: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let kept = ANSWERS.iter().filter(|(name, _)| !more.iter().any(|(other, _)| other == name));
    [("key", key)].into_iter().chain(kept.copied()).chain(more.iter().copied()).collect()
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_merchant_orders_by_a_link_and_goes_on_at_upstream(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let staff = staff(&portal).await;
    let template = make(&staff, &[("welcome", "Welcome to us & <you>!")]).await;
    let code = link(&staff, template).await;
    let merchant = portal.browser();
    let form = merchant.get(&format!("/t/{code}")).await;
    assert_eq!(form.status, StatusCode::OK);
    let text = form.text();
    assert!(text.contains("Kystkassa") && text.contains("Welcome to us & <you>!"), "{text}");
    assert!(text.contains("What is settledMarketNorwayProductLogin"), "{text}");
    assert!(!form.body.contains("name=\"market\"") && !form.body.contains("price_package_id"), "{}", form.body);

    let key = form.hidden("key");
    let refused = merchant.post(&format!("/t/{code}"), &answers(&key, &[("business_identifier", "918713868")])).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("the check digit does not fit") && refused.body.contains("Ørjans Kaffe"));
    assert_eq!(refused.hidden("key"), key);

    let before = portal.sandbox.order_count();
    let (path, form) = (format!("/t/{code}"), answers(&key, &[]));
    let sent = futures::future::join_all((0..4).map(|_| merchant.post(&path, &form))).await;
    let place = format!("/t/{code}/orders/{key}");
    assert!(sent.iter().all(|sent| sent.location() == place), "{sent:?}");
    assert_eq!(portal.sandbox.order_count(), before + 1);
    let next = merchant.get(&place).await;
    assert!(next.text().contains("Continue at Vipps MobilePay"), "{}", next.text());
    assert!(next.body.contains("http-equiv=\"refresh\" content=\"0; url=http://"), "{}", next.body);

    let order = staff.get(&format!("/as/org_kystkassa/product-orders/{key}")).await.text();
    assert!(
        order.contains("By the merchant, with a template of this portal") && order.contains("Web shops"),
        "{order}"
    );
    let page = staff.get(&format!("{TEMPLATES}/{template}")).await.text();
    assert!(page.contains("Opened once.") && page.contains("Orders with it: 1"), "{page}");
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn what_a_template_holds_cannot_be_overridden(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let staff = staff(&portal).await;
    let code = link(&staff, make(&staff, &[("merchant_category_code", "5942")]).await).await;
    let key = Uuid::new_v4().to_string();
    let package = portal.sandbox.price_packages_of(PARTNER).remove(0);
    let crafted = [
        ("market", "DK"),
        ("product_type", "PAYMENT_INTEGRATION"),
        ("price_package_id", package.id.as_str()),
        ("has_recurring", "yes"),
        ("logo", &"0".repeat(64)),
        ("template", "00000000-0000-4000-8000-000000000000"),
    ];
    let sent = portal.browser().post(&format!("/t/{code}"), &answers(&key, &crafted)).await;
    assert_eq!(sent.location(), format!("/t/{code}/orders/{key}"), "{}", sent.text());
    let orders = portal.sandbox.orders_of(PARTNER);
    let order = orders.iter().find(|order| order.idempotency_key.as_deref() == Some(&key)).unwrap();
    assert_eq!((order.scheme.as_str(), order.product_type), ("business:NO:ORG", "LOGIN"));
    let page = staff.get(&format!("/as/org_kystkassa/product-orders/{key}")).await.text();
    assert!(page.contains("5942") && !page.contains("Recurring payments") && !page.contains(&package.name), "{page}");
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_link_that_opens_nothing_is_like_one_that_never_was(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let staff = staff(&portal).await;
    let withdrawn = make(&staff, &[]).await;
    let withdrawn_code = link(&staff, withdrawn).await;
    staff.post(&format!("{TEMPLATES}/{withdrawn}/withdraw"), &[]).await;
    let archived = make(&staff, &[]).await;
    let archived_code = link(&staff, archived).await;
    staff.post(&format!("{TEMPLATES}/{archived}/archive"), &[]).await;
    let renewed = make(&staff, &[]).await;
    let old_code = link(&staff, renewed).await;
    let new_code = link(&staff, renewed).await;
    assert_ne!(old_code, new_code);

    let merchant = portal.browser();
    assert_eq!(merchant.get(&format!("/t/{new_code}")).await.status, StatusCode::OK);
    let nothing = merchant.get("/t/AAAAAAAAAAAAAAAAAAAAAA").await;
    assert_eq!(nothing.status, StatusCode::NOT_FOUND);
    let key = Uuid::new_v4();
    for path in [
        format!("/t/{withdrawn_code}"),
        format!("/t/{archived_code}"),
        format!("/t/{old_code}"),
        format!("/t/{new_code}/orders/{key}"),
        format!("/t/{new_code}/else"),
        format!("/t/{withdrawn_code}/orders/{key}"),
        "/t/short".to_owned(),
        "/t/".to_owned(),
        "/t/%00".to_owned(),
    ] {
        let answer = merchant.get(&path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer.body_without_nonce(), nothing.body_without_nonce(), "{path}");
    }
    let sent = merchant.post(&format!("/t/{withdrawn_code}"), &answers(&key.to_string(), &[])).await;
    assert_eq!(sent.status, StatusCode::NOT_FOUND);
    staff.post(&format!("{TEMPLATES}/{archived}/restore"), &[]).await;
    assert_eq!(merchant.get(&format!("/t/{archived_code}")).await.status, StatusCode::OK);
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn the_pages_tell_nothing_but_the_template(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let staff = staff(&portal).await;
    make(&staff, &[("name", "Secret plans"), ("welcome", "Nobody reads this")]).await;
    let code = link(&staff, make(&staff, &[("name", "Internal name")]).await).await;
    let merchant = portal.sandbox.merchants_of(PARTNER).remove(0);
    // Somebody who has signed in sees what everybody sees.
    let own = staff.get(&format!("/t/{code}")).await;
    let key = own.hidden("key");
    let form = answers(&key, &[("business_identifier", &merchant.id)]);
    let refused = staff.post(&format!("/t/{code}"), &answers(&key, &[("business_identifier", "1")])).await;
    let sent = staff.post(&format!("/t/{code}"), &form).await;
    let next = staff.get(sent.location()).await;
    for page in [own, refused, next] {
        for secret in [
            "staff@example.com",
            "Secret plans",
            "Nobody reads",
            "Internal name",
            PARTNER,
            "/as/",
            "Sign out",
            merchant.name.as_str(),
            merchant.msns[0].as_str(),
        ] {
            assert!(!page.body.contains(secret), "{secret}: {}", page.body);
        }
    }
    // An order that staff have sent with the template is none of the link's.
    let (id, staffs) = (Uuid::new_v4().to_string(), Uuid::new_v4().to_string());
    let template = make(&staff, &[]).await.to_string();
    let code = link(&staff, template.parse().unwrap()).await;
    let sent = super::prefill::send(&staff, &answers(&staffs, &[("template", &template)])).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text());
    for other in [&staffs, &id, &key] {
        let answer = portal.browser().get(&format!("/t/{code}/orders/{other}")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{other}");
    }
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_link_is_asked_for_as_often_as_people_do(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let staff = staff(&portal).await;
    let code = link(&staff, make(&staff, &[]).await).await;
    let merchant = portal.browser().at("203.0.113.7");
    let path = format!("/t/{code}");
    let mut statuses = Vec::new();
    for _ in 0..61 {
        statuses.push(merchant.get("/t/AAAAAAAAAAAAAAAAAAAAAA").await.status);
    }
    assert!(statuses[..60].iter().all(|status| *status == StatusCode::NOT_FOUND), "{statuses:?}");
    // As the bucket fills up again all the while, it need not be the very next one.
    let mut last = merchant.get(&path).await;
    while last.status == StatusCode::OK {
        last = merchant.get(&path).await;
    }
    assert_eq!(last.status, StatusCode::TOO_MANY_REQUESTS);
    let wait: u64 = last.headers.get("retry-after").unwrap().to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait) && last.text().contains("Too many requests"), "{wait}");
    assert_eq!(portal.browser().at("203.0.113.8").get(&path).await.status, StatusCode::OK, "others are not held up");

    let mut sent = 0;
    let refused = loop {
        let answer = merchant.post(&path, &[("sales_unit_name", "Ørjans Kaffe")]).await;
        if answer.status == StatusCode::TOO_MANY_REQUESTS {
            break answer;
        }
        sent += 1;
        assert!(sent < 20, "sending is not limited");
    };
    assert!(sent >= 10, "{sent}");
    assert_eq!(refused.hidden("sales_unit_name"), "Ørjans Kaffe", "what was filled in is lost");
    // All addresses of a network of IPv6 are one client's.
    for host in 0..10 {
        let answer = portal.browser().at(&format!("2001:db8::{host}")).post(&path, &[]).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let answer = portal.browser().at("2001:db8::ffff").post(&path, &[]).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn what_the_merchant_cannot_mend_is_the_partners(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let staff = staff(&portal).await;
    let package = portal.sandbox.price_packages_of(PARTNER).into_iter().find(|package| package.market == "NO").unwrap();
    let more = [
        ("price_package_id", package.id.as_str()),
        ("lock_price_package_id", "yes"),
        ("product_type", package.product_type),
    ];
    let template = make(&staff, &more).await;
    let code = link(&staff, template).await;
    let merchant = portal.browser();
    assert_eq!(merchant.get(&format!("/t/{code}")).await.status, StatusCode::OK);
    super::prefill::as_partner(&portal, "update price_package set gone_at = now() where id = $1", &package.id).await;
    let key = Uuid::new_v4().to_string();
    for answer in
        [merchant.get(&format!("/t/{code}")).await, merchant.post(&format!("/t/{code}"), &answers(&key, &[])).await]
    {
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        let text = answer.text();
        assert!(text.contains("This link is out of order") && text.contains("Please tell Kystkassa"), "{text}");
        assert!(!text.contains("price package"), "{text}");
    }
    // The partner is told why, where it looks first and where it can be mended.
    let landing = staff.get("/as/org_kystkassa").await.text();
    assert!(landing.contains("Merchants cannot order by the link of the template"), "{landing}");
    assert!(staff.get(TEMPLATES).await.text().contains("Out of order"));
    let page = staff.get(&format!("{TEMPLATES}/{template}")).await.text();
    assert!(page.contains("Merchants cannot order by this link.") && page.contains("Price package: "), "{page}");
    super::prefill::as_partner(&portal, "update price_package set gone_at = null where id = $1", &package.id).await;
    let landing = staff.get("/as/org_kystkassa").await.text();
    assert!(!landing.contains("Merchants cannot order"), "{landing}");
    assert!(staff.get(TEMPLATES).await.text().contains("Works"));
    let sent = merchant.post(&format!("/t/{code}"), &answers(&key, &[])).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text());
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn an_order_that_failed_for_the_partners_reasons_is_told_to_the_partner_until_one_succeeds(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let staff = staff(&portal).await;
    let template = make(&staff, &[]).await;
    let code = link(&staff, template).await;
    let (merchant, path) = (portal.browser(), format!("/t/{code}"));
    let reference = async |name: &str| {
        let change = "update organisation set client_secret_ref = $1 where id = 'org_kystkassa'";
        sqlx::query(change).bind(name).execute(&portal.pool).await.unwrap();
    };
    let kept: String = sqlx::query_scalar("select client_secret_ref from organisation where id = 'org_kystkassa'")
        .fetch_one(&portal.pool)
        .await
        .unwrap();
    reference("env://PORTAL_TEST_NOT_SET").await;
    let key = Uuid::new_v4().to_string();
    let answer = merchant.post(&path, &answers(&key, &[])).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    let landing = staff.get("/as/org_kystkassa").await.text();
    assert!(landing.contains("A merchant could not order by the link of the template"), "{landing}");
    let page = staff.get(&format!("{TEMPLATES}/{template}")).await.text();
    assert!(page.contains("An order by this link failed") && page.contains("There are no keys"), "{page}");
    // The form still opens: the reason may have gone.
    assert_eq!(merchant.get(&path).await.status, StatusCode::OK);
    reference(&kept).await;
    let sent = merchant.post(&path, &answers(&key, &[])).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text());
    let landing = staff.get("/as/org_kystkassa").await.text();
    assert!(!landing.contains("could not order by the link"), "{landing}");
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn what_is_locked_for_one_country_locks_the_market(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let staff = staff(&portal).await;
    let form = [
        ("name", "One shop"),
        ("product_type", "LOGIN"),
        ("market", "NO"),
        ("business_identifier", "918713867"),
        ("lock_business_identifier", "yes"),
    ];
    let answer = staff.post(&format!("{TEMPLATES}/new"), &form).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.text().contains("Choose and lock the market"), "{}", answer.text());
    let locked: Vec<_> = form.into_iter().chain([("lock_market", "yes")]).collect();
    assert_eq!(staff.post(&format!("{TEMPLATES}/new"), &locked).await.status, StatusCode::SEE_OTHER);
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn what_upstream_refuses_of_the_merchants_answers_is_said_to_the_merchant(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let staff = staff(&portal).await;
    let more = [("product_type", "PAYMENT_INTEGRATION"), ("use_case", "Website"), ("lock_use_case", "yes")];
    let code = link(&staff, make(&staff, &more).await).await;
    let merchant = portal.browser();
    let key = Uuid::new_v4().to_string();
    // No name that such letters could stand for.
    let website = [("website_url", "https://xn--a.example.com"), ("terms_url", "https://example.com/terms")];
    let refused = merchant.post(&format!("/t/{code}"), &answers(&key, &website)).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.location());
    let text = refused.text();
    assert!(text.contains("Website: Vipps MobilePay says: must be an https address"), "{text}");
    assert!(refused.body.contains("Ørjans Kaffe") && refused.hidden("key") != key);
    // Somebody who comes back to the old form finds the way.
    let page = merchant.get(&format!("/t/{code}/orders/{key}")).await;
    assert!(page.text().contains("Something has to be corrected"), "{}", page.text());
    let again = merchant.get(&format!("/t/{code}?again={key}")).await;
    assert!(
        again.text().contains("must be an https address") && again.body.contains("Ørjans Kaffe"),
        "{}",
        again.text()
    );
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn an_order_that_did_not_arrive_is_sent_again_by_the_merchant(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let staff = staff(&portal).await;
    let code = link(&staff, make(&staff, &[]).await).await;
    let merchant = portal.browser();
    let key = Uuid::new_v4().to_string();
    let before = portal.sandbox.order_count();
    portal.stop_sandbox().await;
    let sent = merchant.post(&format!("/t/{code}"), &answers(&key, &[])).await;
    let place = sent.location().to_owned();
    assert!(merchant.get(&place).await.text().contains("Your order has not arrived"), "{}", sent.text());
    portal.start_sandbox().await;
    // Upstream is asked again only after a moment.
    let trying = async {
        while !merchant.get(&place).await.text().contains("Your order is ready") {
            let browser = portal.browser().at(&format!("203.0.113.{}", fastrand::u8(1..250)));
            assert_eq!(browser.post(&place, &[]).await.location(), place);
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), trying).await.expect("it does not arrive");
    assert_eq!(portal.sandbox.order_count(), before + 1);
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_merchant_waits_while_the_outcome_is_not_known(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let staff = staff(&portal).await;
    let code = link(&staff, make(&staff, &[]).await).await;
    let merchant = portal.browser();
    let key = Uuid::new_v4().to_string();
    portal.sandbox.set_faults(vec!["lost-answer=100%".parse().unwrap()]);
    let before = portal.sandbox.order_count();
    let sent = merchant.post(&format!("/t/{code}"), &answers(&key, &[])).await;
    let page = merchant.get(sent.location()).await;
    let text = page.text();
    assert!(text.contains("do not fill it in again") && text.contains("Look again"), "{text}");
    assert!(!page.body.contains("http-equiv=\"refresh\""), "{}", page.body);
    assert_eq!(portal.sandbox.order_count(), before + 1);
    portal.sandbox.set_faults(Vec::new());
    portal.sync_until_well().await;
    let page = merchant.get(sent.location()).await;
    assert!(page.text().contains("Your order is ready"), "{}", page.text());
}
