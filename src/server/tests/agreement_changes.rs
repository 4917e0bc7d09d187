//! Agreements and charges changed from the portal, in both versions of the API: each change once, by those who may,
//! with what upstream says about it.

use reqwest::StatusCode;
use sqlx::PgPool;

use super::{Answer, Browser, FEW_AGREEMENTS, MERCHANT_WITH_KEYS, PARTNER, TestPortal};
use crate::domain::organisation::Role;
use crate::server::sandbox::{RecurringVersions, SandboxSettings};
use crate::server::store::MIGRATIONS;
use crate::server::sync;

fn at(path: &str) -> String {
    format!("/as/{MERCHANT_WITH_KEYS}/{path}")
}

/// A synced portal whose upstream speaks one version alone.
async fn speaking(pool: PgPool, recurring: RecurringVersions) -> TestPortal {
    let agreements = FEW_AGREEMENTS;
    let sandbox = SandboxSettings { sales_units: 120, recurring, agreements, ..SandboxSettings::default() };
    let portal = TestPortal::start_on(pool, sandbox, None).await;
    portal.sync().await;
    portal
}

async fn operator(portal: &TestPortal) -> Browser {
    portal.member("operator@example.com", &[(MERCHANT_WITH_KEYS, Role::Operator)]).await
}

const DRAFT: [(&str, &str); 9] = [
    ("product", "Kaffe <3 & kake"),
    ("description", "En pose i måneden"),
    ("pricing", "fixed"),
    ("currency", "NOK"),
    ("price", "199,00"),
    ("unit", "month"),
    ("count", "1"),
    ("redirect", "https://kaffe.example/takk"),
    ("manage", "https://kaffe.example/min-side"),
];

const KEY: &str = "11111111-1111-4111-8111-111111111111";

async fn draft(browser: &Browser, key: &str) -> Answer {
    let form = [&DRAFT[..], &[("key", key), ("phone", "+47 987 65 432")]].concat();
    browser.post(&at("agreements/new"), &form).await
}

/// The part of an address before its query.
fn page_of(answer: &Answer) -> String {
    answer.location().split('?').next().unwrap().to_owned()
}

/// Plays the customer on upstream's page behind the link of an agreement.
async fn play(link: &str, deed: &str) {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let form = client.post(format!("{link}/{deed}")).header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(form.body("").send().await.unwrap().status(), StatusCode::SEE_OTHER, "{link}/{deed}");
}

fn link_of(page: &str) -> String {
    let after = page.split("id=\"link\"").nth(1).unwrap();
    after.split("href=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

/// From the offer to the failed charge, and to the end.
async fn walk(portal: &TestPortal, due: &str) {
    let browser = operator(portal).await;
    let sent = draft(&browser, KEY).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text());
    let agreement = page_of(&sent);
    let waiting = browser.get(sent.location()).await;
    let text = waiting.text();
    assert!(text.contains("Waiting for the customer") && text.contains("Offered to the customer"), "{text}");
    assert!(text.contains("•••••432") && !text.contains("98765432"), "{text}");
    assert!(waiting.body.contains("<svg"), "the link has a QR code");
    assert!(text.contains("The customer has not approved it yet."), "why no charge can be made");
    let link = link_of(&waiting.body);

    // The same form once more is the same agreement.
    let again = draft(&browser, KEY).await;
    assert_eq!(page_of(&again), agreement);

    play(&link, "accept").await;
    browser.post(&format!("{agreement}/refresh"), &[]).await;
    let text = browser.get(&agreement).await.text();
    assert!(text.contains("Active") && text.contains("Approved by the customer"), "{text}");

    // What ends with .01 fails at the sandbox.
    let charge = [("amount", "150.01"), ("description", "November"), ("due", due), ("retry", "0")];
    let key = [("key", "22222222-2222-4222-8222-222222222222")];
    let made = browser.post(&format!("{agreement}/charges/new"), &[&charge[..], &key[..]].concat()).await;
    assert_eq!(page_of(&made), agreement, "{}", made.text());
    let text = browser.get(made.location()).await.text();
    assert!(text.replace('\u{a0}', " ").contains("Charge made: NOK 150.01"), "{text}");
    let twice = browser.post(&format!("{agreement}/charges/new"), &[&charge[..], &key[..]].concat()).await;
    assert_eq!(twice.location(), made.location());
    let page = browser.get(&agreement).await.body;
    let of_charges: Vec<&str> = page.split(&format!("href=\"{agreement}/charges/chr")).skip(1).collect();
    assert_eq!(of_charges.len(), 1, "one charge, however often the form is sent");
    let charge_page = format!("{agreement}/charges/chr{}", of_charges[0].split('"').next().unwrap());

    for _ in 0..4 {
        play(&link, "day").await;
    }
    browser.post(&format!("{charge_page}/refresh"), &[]).await;
    let text = browser.get(&charge_page).await.text();
    assert!(text.contains("Failed") && text.contains("Why it failed"), "{text}");
    assert!(text.contains("It has failed, so there is nothing to refund."), "{text}");

    let failed = browser.get(&at("failed-charges?since=7d")).await;
    assert!(failed.body.contains(&charge_page), "it stands among those that failed: {}", failed.text());
    assert!(failed.body.contains("/charges/new?like="), "and can be made anew there");

    let stop = [("key", "33333333-3333-4333-8333-333333333333"), ("by", "customer")];
    let stopped = browser.post(&format!("{agreement}/stop"), &stop).await;
    let text = browser.get(stopped.location()).await.text();
    assert!(text.contains("Stopped") && text.contains("It is stopped already."), "{text}");
    assert!(text.contains("by operator@example.com"), "{text}");
    let failed = browser.get(&at("failed-charges?since=7d")).await.text();
    assert!(failed.contains("a stopped agreement takes no charges"), "{failed}");
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn the_typical_flow_goes_from_offer_to_stop_in_the_first_version(pool: PgPool) {
    let portal = speaking(pool, RecurringVersions::First).await;
    let due = (time::OffsetDateTime::now_utc().date() + time::Duration::days(2)).to_string();
    walk(&portal, &due).await;
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn the_typical_flow_goes_from_offer_to_stop_in_todays_version(pool: PgPool) {
    let portal = speaking(pool, RecurringVersions::Third).await;
    walk(&portal, "").await;
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn money_is_captured_refunded_and_cancelled_as_far_as_there_is_any(pool: PgPool) {
    let portal = speaking(pool, RecurringVersions::Third).await;
    let browser = operator(&portal).await;
    let agreement = page_of(&draft(&browser, KEY).await);
    play(&link_of(&browser.get(&agreement).await.body), "accept").await;
    browser.post(&format!("{agreement}/refresh"), &[]).await;
    let form = [("amount", "100"), ("description", "Reserved"), ("due", ""), ("retry", "0"), ("reserved", "yes")];
    let made = browser.post(&format!("{agreement}/charges/new"), &form).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.text());
    browser.post(&format!("{agreement}/refresh"), &[]).await;
    let page = browser.get(&agreement).await.body;
    let id = page.split("/charges/chr").nth(1).unwrap().split('"').next().unwrap();
    let charge = format!("{agreement}/charges/chr{id}");
    let text = browser.get(&charge).await.text();
    assert!(text.contains("Reserved") && text.contains("It goes back by cancelling."), "{text}");

    let too_much = browser.post(&format!("{charge}/capture"), &[("amount", "100.01")]).await;
    assert_eq!(too_much.status, StatusCode::UNPROCESSABLE_ENTITY);
    let text = too_much.text().replace('\u{a0}', " ");
    assert!(text.contains("Only NOK 100.00 is reserved."), "{text}");
    assert!(too_much.body.contains("value=\"100.01\""), "what was typed is kept");
    for wrong in ["", "-5", "much"] {
        let refused = browser.post(&format!("{charge}/capture"), &[("amount", wrong)]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
    }

    let key = ("key", "44444444-4444-4444-8444-444444444444");
    for _ in 0..2 {
        let captured = browser.post(&format!("{charge}/capture"), &[key, ("amount", "60,00")]).await;
        let text = browser.get(captured.location()).await.text().replace('\u{a0}', " ");
        assert!(text.contains("Captured NOK 60.00") && text.contains("Partly captured"), "{text}");
    }
    let captures = portal.sandbox.calls().iter().filter(|call| call.path.ends_with("/capture")).count();
    assert_eq!(captures, 1, "the form that is sent twice captures once");

    let without_why = browser.post(&format!("{charge}/refund"), &[("refunded", "10")]).await;
    assert_eq!(without_why.status, StatusCode::UNPROCESSABLE_ENTITY);
    let refunded = browser.post(&format!("{charge}/refund"), &[("refunded", "10"), ("why", "Broken cup")]).await;
    let text = browser.get(refunded.location()).await.text().replace('\u{a0}', " ");
    assert!(text.contains("Refunded NOK 10.00"), "{text}");
    let viewer = portal.member("viewer@example.com", &[(MERCHANT_WITH_KEYS, Role::Viewer)]).await;
    let text = viewer.get(&charge).await.text();
    assert!(text.contains("Your role in this organisation does not allow that."), "{text}");
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_change_whose_answer_is_lost_is_made_once_and_can_be_sent_again(pool: PgPool) {
    let portal = speaking(pool, RecurringVersions::Third).await;
    let browser = operator(&portal).await;
    let agreement = page_of(&draft(&browser, KEY).await);
    play(&link_of(&browser.get(&agreement).await.body), "accept").await;
    browser.post(&format!("{agreement}/refresh"), &[]).await;

    portal.stop_sandbox().await;
    let stop = [("key", "55555555-5555-4555-8555-555555555555")];
    let gone = browser.post(&format!("{agreement}/stop"), &stop).await;
    let text = browser.get(gone.location()).await.text();
    assert!(text.contains("did not reach Vipps MobilePay") && text.contains("Send it again"), "{text}");
    portal.start_sandbox().await;
    // The breaker lets a call through again after a while; until then the change says that it did not arrive.
    let again = at(&format!("agreement-changes/{}/again", stop[0].1));
    let limit = std::time::Instant::now() + std::time::Duration::from_secs(30);
    loop {
        let sent = browser.post(&again, &[]).await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER);
        let text = browser.get(&agreement).await.text();
        if text.contains("It is stopped already.") {
            assert!(!text.contains("Send it again"), "{text}");
            break;
        }
        assert!(std::time::Instant::now() < limit, "{text}");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn what_an_offer_without_an_answer_asked_for_is_forgotten_after_a_week(pool: PgPool) {
    let portal = speaking(pool, RecurringVersions::Third).await;
    let browser = operator(&portal).await;
    portal.stop_sandbox().await;
    let sent = draft(&browser, KEY).await;
    let text = browser.get(sent.location()).await.text();
    assert!(text.contains("did not reach Vipps MobilePay") && text.contains("Send it again"), "{text}");
    let now = time::OffsetDateTime::now_utc();
    for (days, is_kept) in [(6, true), (8, false)] {
        sync::clean(portal.portal.store(), now + time::Duration::days(days)).await.unwrap();
        let text = browser.get(sent.location()).await.text();
        assert!(text.contains("did not reach Vipps MobilePay"), "{text}");
        assert_eq!(text.contains("Send it again"), is_kept, "after {days} days: {text}");
    }
    let mut connection = portal.pool.acquire().await.unwrap();
    sqlx::query("select set_config('portal.organisation', $1, false)")
        .bind(MERCHANT_WITH_KEYS)
        .execute(&mut *connection)
        .await
        .unwrap();
    let kept = sqlx::query_scalar::<_, String>("select string_agg(c::text, '') from agreement_change c");
    let kept = kept.fetch_one(&mut *connection).await.unwrap();
    assert!(kept.contains("operator@example.com") && !kept.contains("98765432"), "{kept}");
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn each_address_of_agreements_is_for_the_merchants_people_by_their_role(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let maker = operator(&portal).await;
    let agreement = page_of(&draft(&maker, KEY).await);
    let charge = format!("{agreement}/charges/chr-nothing");
    let change = at(&format!("agreement-changes/{KEY}"));
    let cases: [(&str, String, Role, &[u16]); 16] = [
        ("GET", at("agreements"), Role::Viewer, &[200]),
        ("GET", agreement.clone(), Role::Viewer, &[200]),
        ("GET", at("agreements/new"), Role::Viewer, &[200]),
        ("GET", format!("{agreement}/charges/new"), Role::Viewer, &[200]),
        ("GET", charge.clone(), Role::Viewer, &[404]),
        ("GET", change.clone(), Role::Viewer, &[200]),
        ("GET", at("failed-charges"), Role::Viewer, &[200]),
        ("POST", at("agreements/refresh"), Role::Viewer, &[303]),
        ("POST", format!("{agreement}/refresh"), Role::Viewer, &[303]),
        ("POST", format!("{charge}/refresh"), Role::Viewer, &[303]),
        ("POST", at("agreements/new"), Role::Operator, &[422]),
        ("POST", format!("{agreement}/charges/new"), Role::Operator, &[422]),
        ("POST", format!("{charge}/cancel"), Role::Operator, &[404]),
        ("POST", format!("{charge}/refund"), Role::Operator, &[404]),
        ("POST", format!("{change}/again"), Role::Operator, &[303]),
        ("POST", at("agreements/version"), Role::Admin, &[303]),
    ];
    let people = [
        ("nobody", None),
        ("stranger@example.com", None),
        ("partner@example.com", Some((PARTNER, Role::Admin))),
        ("viewer@example.com", Some((MERCHANT_WITH_KEYS, Role::Viewer))),
        ("other-operator@example.com", Some((MERCHANT_WITH_KEYS, Role::Operator))),
        ("admin@example.com", Some((MERCHANT_WITH_KEYS, Role::Admin))),
    ];
    for (email, membership) in people {
        let browser = match membership {
            _ if email == "nobody" => portal.browser(),
            Some(membership) => portal.member(email, &[membership]).await,
            None => portal.member(email, &[]).await,
        };
        for (method, path, least, answers) in &cases {
            let got = if *method == "GET" { browser.get(path).await } else { browser.post(path, &[]).await };
            let expected: &[u16] = match membership {
                _ if email == "nobody" => &[303],
                Some((organisation, role)) if organisation == MERCHANT_WITH_KEYS => {
                    if role >= *least {
                        answers
                    } else {
                        &[403]
                    }
                }
                _ => &[404],
            };
            assert!(expected.contains(&got.status.as_u16()), "{email} {method} {path}: {}", got.status);
            let named = got.body.contains("Kaffe &lt;3");
            assert!(!named || matches!(membership, Some((MERCHANT_WITH_KEYS, _))), "{email} {path}");
        }
    }
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn an_admin_chooses_the_version_and_the_portal_speaks_it(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let admin = portal.member("admin@example.com", &[(MERCHANT_WITH_KEYS, Role::Admin)]).await;
    assert!(admin.get(&at("agreements")).await.text().contains("Version 3, today's, found out by asking"));
    admin.post(&at("agreements/version"), &[("version", "v1")]).await;
    assert!(admin.get(&at("agreements")).await.text().contains("Version 1, of 2018, chosen by an admin"));
    portal.sandbox.clear_calls();
    portal.sync().await;
    let keys = portal.sandbox.keys().into_iter().find(|keys| keys.org_id == MERCHANT_WITH_KEYS).unwrap();
    let recurring = |version: &str| {
        let of_merchant = portal.sandbox.calls().into_iter();
        let of_merchant = of_merchant.filter(|call| call.client_id.as_ref() == Some(&keys.client_id));
        of_merchant.filter(|call| call.path.contains(version)).count()
    };
    assert!(recurring("/recurring/api/v1/agreement") > 0);
    assert_eq!(recurring("/recurring/v3/"), 0);
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn what_is_typed_wrong_comes_back_with_its_fault_beside_each_field(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let browser = operator(&portal).await;
    let mut form = DRAFT.to_vec();
    form[4] = ("price", "a <b>lot</b>");
    let refused = browser.post(&at("agreements/new"), &form).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("id=\"field-price-fault\""));
    assert!(refused.body.contains("a &lt;b>lot&lt;/b>") || refused.body.contains("a &lt;b&gt;lot&lt;/b&gt;"));
    assert!(refused.body.contains("value=\"Kaffe &lt;3 &amp; kake\""), "what was typed is kept");
    let calls = portal.sandbox.calls();
    assert!(!calls.iter().any(|call| call.method == "POST" && call.path.contains("/recurring/")), "nothing was sent");
}
