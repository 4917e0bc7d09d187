//! A merchant's recurring agreements: fetched, kept by the rules of their states, shown to the merchant alone.

use reqwest::StatusCode;
use sqlx::PgPool;
use time::{Duration, OffsetDateTime};

use super::{FEW_AGREEMENTS, MERCHANT_WITH_KEYS, PARTNER, TestPortal, org};
use crate::domain::agreement::Agreement;
use crate::domain::agreement::tests::agreement;
use crate::domain::charge::Charge;
use crate::domain::charge::tests::charge;
use crate::domain::organisation::Role;
use crate::domain::phone_number::PhoneNumber;
use crate::server::store::agreements::AgreementListOutcome;
use crate::server::store::charges::ListedCharges;
use crate::server::store::{MIGRATIONS, Scope};

fn list() -> String {
    format!("/as/{MERCHANT_WITH_KEYS}/agreements")
}

fn called(id: &str, word: &str) -> (Agreement, String) {
    let agreement = Agreement { id: id.to_owned(), ..agreement(word) };
    (agreement, format!("{{\"status\":\"{word}\"}}"))
}

async fn save(portal: &TestPortal, listed: &[(Agreement, String)], asked_at: OffsetDateTime) -> AgreementListOutcome {
    let scope = Scope::whole(org(MERCHANT_WITH_KEYS));
    let mut tenant = portal.portal.store().tenant(&scope).await.unwrap();
    let outcome = tenant.save_agreements(listed, asked_at, OffsetDateTime::now_utc()).await.unwrap();
    tenant.commit().await.unwrap();
    outcome
}

async fn state(portal: &TestPortal, id: &str) -> (String, Option<String>) {
    let scope = Scope::whole(org(MERCHANT_WITH_KEYS));
    let mut tenant = portal.portal.store().tenant(&scope).await.unwrap();
    let known = tenant.agreement(id).await.unwrap().unwrap();
    (known.agreement.state_label().to_owned(), known.held.map(|held| format!("{held:?}")))
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_merchant_sees_its_agreements_and_nobody_else_does(pool: PgPool) {
    let portal = TestPortal::synced_with_agreements(pool).await;
    let merchant = portal.member("merchant@example.com", &[(MERCHANT_WITH_KEYS, Role::Viewer)]).await;
    let page = merchant.get(&list()).await;
    assert_eq!(page.status, StatusCode::OK);
    let text = page.text();
    assert!(text.contains("60 agreements"), "{text}");
    assert!(text.contains("Stopped by") || text.contains("Stopped"));
    let active = merchant.get(&format!("{}?state=active&sort=product", list())).await.text();
    assert!(active.contains("Active") && active.contains("NOK"));
    let landing = merchant.get(&format!("/as/{MERCHANT_WITH_KEYS}")).await;
    assert!(landing.body.contains(&format!("href=\"{}\"", list())), "it is in the menu");
    let failed = merchant.get(&format!("/as/{MERCHANT_WITH_KEYS}/failed-charges")).await.text();
    let before = failed.split(" charges have failed for good").next().unwrap();
    let count = before.rsplit(|end: char| !end.is_ascii_digit()).next().unwrap();
    assert!(!count.is_empty(), "{failed}");
    let warning = format!("{count} charges that failed for good in the last 30 days");
    assert!(landing.text().contains(&warning), "{warning}: {}", landing.text());

    let partner = portal.member("partner@example.com", &[(PARTNER, Role::Admin)]).await;
    assert_eq!(partner.get(&list()).await.status, StatusCode::NOT_FOUND);
    let of_partner = format!("/as/{PARTNER}/agreements");
    let nothing = partner.get(&format!("/as/{PARTNER}/nothing")).await;
    let refused = partner.get(&of_partner).await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND);
    assert_eq!(nothing.status, StatusCode::NOT_FOUND);
    assert_eq!(partner.post(&format!("{of_partner}/refresh"), &[]).await.status, StatusCode::NOT_FOUND);
    assert!(!partner.get(&format!("/as/{PARTNER}")).await.body.contains("/agreements"));
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_phone_number_is_masked_until_it_is_asked_for(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let (mut own, raw) = called("agr_phone", "ACTIVE");
    own.phone_number = PhoneNumber::parse("4798765432");
    own.product_name = "Kaffe <3 & kake".to_owned();
    save(&portal, &[(own, raw)], OffsetDateTime::now_utc()).await;
    let merchant = portal.member("merchant@example.com", &[(MERCHANT_WITH_KEYS, Role::Viewer)]).await;
    let found = merchant.get(&format!("{}?q=98765432", list())).await.text();
    assert!(found.contains("agr_phone") && found.contains("•••••432"), "{found}");
    let details = format!("{}/agr_phone", list());
    let masked = merchant.get(&details).await.body;
    assert!(masked.contains("+47 •••••432") && !masked.contains("4798765432"));
    assert!(masked.contains("Kaffe &lt;3 &amp; kake") && !masked.contains("Kaffe <3"));
    assert!(merchant.get(&format!("{details}?phone=whole")).await.text().contains("+4798765432"));
    assert_eq!(merchant.get(&format!("{}/agr_nobody", list())).await.status, StatusCode::NOT_FOUND);
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn the_copy_only_takes_states_that_may_follow_and_notes_the_others(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let begun = OffsetDateTime::now_utc();
    let at = |minutes: i64| begun + Duration::minutes(minutes);
    assert_eq!(save(&portal, &[called("agr_1", "PENDING")], at(0)).await.new, 1);
    assert_eq!(save(&portal, &[called("agr_1", "PENDING")], at(1)).await, AgreementListOutcome::default());
    assert_eq!(save(&portal, &[called("agr_1", "stoppedByUser")], at(3)).await.changed, 1);
    // Asked for earlier, answered later.
    assert_eq!(save(&portal, &[called("agr_1", "ACTIVE")], at(2)).await, AgreementListOutcome::default());
    assert_eq!(state(&portal, "agr_1").await, ("Stopped by the customer".to_owned(), Some("Stopped".to_owned())));
    save(&portal, &[called("agr_1", "ACTIVE")], at(4)).await;
    assert_eq!(state(&portal, "agr_1").await, ("ACTIVE".to_owned(), Some("Stopped".to_owned())));
    save(&portal, &[called("agr_1", "PAUSED")], at(5)).await;
    assert_eq!(state(&portal, "agr_1").await, ("PAUSED".to_owned(), Some("Stopped".to_owned())));
    let merchant = portal.member("merchant@example.com", &[(MERCHANT_WITH_KEYS, Role::Viewer)]).await;
    let page = merchant.get(&format!("{}/agr_1", list())).await.text();
    assert!(page.contains("cannot come after STOPPED"), "{page}");
    save(&portal, &[called("agr_1", "STOPPED")], at(6)).await;
    assert_eq!(state(&portal, "agr_1").await.0, "Stopped by the customer", "who stopped it is not forgotten");
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn what_is_missing_is_marked_and_an_empty_list_takes_nothing_away(pool: PgPool) {
    let portal = TestPortal::synced_with_agreements(pool).await;
    let scope = Scope::whole(org(MERCHANT_WITH_KEYS));
    let now = OffsetDateTime::now_utc();
    let mut tenant = portal.portal.store().tenant(&scope).await.unwrap();
    let outcome = tenant.mark_agreements_gone(now, now, false).await.unwrap();
    assert_eq!((outcome.gone, outcome.held), (0, 60), "all at once is more likely wrong than true");
    tenant.commit().await.unwrap();
    portal.sandbox.set_faults(vec!["empty-list".parse().unwrap()]);
    crate::server::sync::run_once(&portal.portal, Some(&org(MERCHANT_WITH_KEYS)), false).await.unwrap();
    let merchant = portal.member("merchant@example.com", &[(MERCHANT_WITH_KEYS, Role::Viewer)]).await;
    let text = merchant.get(&list()).await.text();
    assert!(text.contains("60 agreements"), "{text}");
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn charges_follow_the_rules_of_their_states_and_late_answers_change_nothing(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let begun = OffsetDateTime::now_utc();
    let at = |minutes: i64| begun + Duration::minutes(minutes);
    save(&portal, &[called("agr_1", "ACTIVE")], at(0)).await;
    let scope = Scope::whole(org(MERCHANT_WITH_KEYS));
    let hear = async |charges: &[(&str, &str)], minutes: i64| {
        let day = time::macros::date!(2026 - 11 - 01);
        let listed = charges.iter().map(|(id, word)| {
            let charge = Charge { id: (*id).to_owned(), due: Some(day), ..charge(word, None) };
            (charge, format!("{{\"status\":\"{word}\"}}"))
        });
        let listed =
            ListedCharges { agreement_id: "agr_1".to_owned(), charges: listed.collect(), asked_at: at(minutes) };
        let mut tenant = portal.portal.store().tenant(&scope).await.unwrap();
        tenant.save_charges(&[listed], at(minutes)).await.unwrap();
        let (charges, count) = tenant.charges("agr_1", 10).await.unwrap();
        tenant.commit().await.unwrap();
        assert_eq!(charges.len(), count);
        let mut shown: Vec<(String, String, bool)> = charges
            .into_iter()
            .map(|known| (known.charge.id, known.charge.state.label().to_owned(), known.gone_at.is_some()))
            .collect();
        shown.sort();
        shown
    };
    let entry = |id: &str, label: &str, gone| (id.to_owned(), label.to_owned(), gone);
    assert_eq!(hear(&[("chr-1", "DUE")], 1).await, [entry("chr-1", "Due", false)]);
    assert_eq!(hear(&[("chr-1", "CHARGED"), ("chr-2", "PENDING")], 4).await.len(), 2);
    let late = hear(&[("chr-1", "PROCESSING")], 3).await;
    assert_eq!(late, [entry("chr-1", "Charged", false), entry("chr-2", "Planned", false)], "asked for before");
    let back = hear(&[("chr-1", "PENDING"), ("chr-2", "FAILED")], 5).await;
    assert_eq!(back, [entry("chr-1", "PENDING", false), entry("chr-2", "Failed", false)], "told, but not taken");
    let gone = hear(&[("chr-2", "FAILED")], 6).await;
    assert_eq!(gone, [entry("chr-1", "PENDING", true), entry("chr-2", "Failed", false)], "kept and marked");
    let merchant = portal.member("merchant@example.com", &[(MERCHANT_WITH_KEYS, Role::Viewer)]).await;
    let list = merchant.get(&format!("{}?charges=failed&q=agr_1", list())).await.text();
    assert!(list.contains("1 of") && list.contains("2026-11-01 Failed"), "{list}");
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn in_the_test_environment_there_are_agreements_but_no_management_api(pool: PgPool) {
    let portal = TestPortal::start(pool).await;
    sqlx::query("update organisation set environment = 'test' where id = $1")
        .bind(MERCHANT_WITH_KEYS)
        .execute(&portal.pool)
        .await
        .unwrap();
    portal.sandbox.clear_calls();
    assert_eq!(portal.sync().await, 0);
    let keys = portal.sandbox.keys().into_iter().find(|keys| keys.org_id == MERCHANT_WITH_KEYS).unwrap();
    let calls = portal.sandbox.calls().into_iter().filter(|call| call.client_id.as_ref() == Some(&keys.client_id));
    let paths: Vec<String> = calls.map(|call| call.path).collect();
    assert!(paths.iter().any(|path| path.contains("/charges")), "{paths:?}");
    assert!(paths.iter().all(|path| path.starts_with("/accesstoken") || path.contains("recurring")), "{paths:?}");

    let merchant = portal.member("merchant@example.com", &[(MERCHANT_WITH_KEYS, Role::Operator)]).await;
    let page = merchant.get(&list()).await.text();
    assert!(page.contains(&format!("{FEW_AGREEMENTS} agreements")) && page.contains("Synced "), "{page}");
    assert!(page.contains("has no Management API") && page.contains("Recurring agreements there are."), "{page}");
    let units = merchant.get(&format!("/as/{MERCHANT_WITH_KEYS}/sales-units")).await.text();
    assert!(units.contains("nothing is fetched"), "{units}");
    let stop = merchant.post(&format!("{}/agr_none/refresh", list()), &[]).await;
    assert_eq!(stop.status, StatusCode::NOT_FOUND, "upstream was asked, and has no such agreement");
    let called = merchant.post(&format!("{}/refresh", list()), &[]).await;
    assert!(!called.location().contains("in-test"), "{}", called.location());
    let units = merchant.post(&format!("/as/{MERCHANT_WITH_KEYS}/sales-units/refresh"), &[]).await;
    assert!(units.location().contains("sales-units"), "{}", units.location());
}
