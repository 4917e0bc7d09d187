//! Keeping the copy of the registrations: scopes, what vanishes, what comes back.

use sqlx::PgPool;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::super::{PARTNER, TestPortal, org};
use super::{CAPTURED, LIST, count};
use crate::domain::identifiers::Msn;
use crate::domain::organisation::Role;
use crate::domain::webhook::{ListedWebhook, Webhook, WebhookState};
use crate::server::store::webhooks::{UnitWebhooks, WebhookListOutcome};
use crate::server::store::{MIGRATIONS, Scope};

fn listed(id: u128, url: &str) -> ListedWebhook {
    ListedWebhook { id: Uuid::from_u128(id), url: url.to_owned(), events: vec![CAPTURED.to_owned()] }
}

/// Takes a list over that was asked for so many seconds ago.
async fn apply(portal: &TestPortal, ago: i64, msn: Option<&str>, list: &[ListedWebhook]) -> WebhookListOutcome {
    let scope = Scope::whole(org(PARTNER));
    let now = OffsetDateTime::now_utc();
    let asked_at = now - Duration::seconds(ago);
    let mut tenant = portal.portal.store().tenant(&scope).await.unwrap();
    let outcome = match msn {
        None => tenant.apply_webhook_list(list, asked_at, now, false).await.unwrap(),
        Some(msn) => {
            let unit = UnitWebhooks { msn: Msn::parse(msn).unwrap(), asked_at, listed: list.to_vec() };
            tenant.save_unit_webhooks(&[unit], now).await.unwrap()
        }
    };
    tenant.commit().await.unwrap();
    outcome
}

async fn kept(portal: &TestPortal, id: u128) -> Webhook {
    let scope = Scope::whole(org(PARTNER));
    let mut tenant = portal.portal.store().tenant(&scope).await.unwrap();
    tenant.webhook(Uuid::from_u128(id)).await.unwrap().unwrap()
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn one_that_shows_up_in_both_lists_is_the_units(pool: PgPool) {
    let portal = TestPortal::start(pool).await;
    let (one, two) = (listed(1, "https://a.example/"), listed(2, "https://b.example/"));
    let new = |new| WebhookListOutcome { new, ..WebhookListOutcome::default() };
    assert_eq!(apply(&portal, 0, None, &[one.clone(), two.clone()]).await, new(2));
    let changed = apply(&portal, 0, Some("123456"), std::slice::from_ref(&two)).await;
    assert_eq!(changed, WebhookListOutcome { changed: 1, ..WebhookListOutcome::default() });
    // And it stays the unit's, whichever list comes last; then nothing changes any more.
    for _ in 0..2 {
        assert_eq!(apply(&portal, 0, None, &[one.clone(), two.clone()]).await, new(0));
        assert_eq!(apply(&portal, 0, Some("123456"), std::slice::from_ref(&two)).await, new(0));
    }
    assert_eq!(kept(&portal, 1).await.msn(), None);
    assert_eq!(kept(&portal, 2).await.msn(), Msn::parse("123456").as_ref());
    // A list for all units that does not show it says nothing of it.
    assert_eq!(apply(&portal, 0, None, &[one]).await, new(0));
    assert!(kept(&portal, 2).await.is_listed());
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn what_vanishes_is_kept_and_may_come_back(pool: PgPool) {
    let portal = TestPortal::start(pool).await;
    let list = [listed(1, "https://a.example/"), listed(2, "https://b.example/")];
    apply(&portal, 0, None, &list).await;
    assert_eq!(apply(&portal, 0, None, &[]).await.gone, 2, "few are believed");
    assert!(matches!(kept(&portal, 1).await.state, WebhookState::Vanished { .. }));
    assert_eq!(apply(&portal, 0, None, &list).await.changed, 2);
    assert!(kept(&portal, 1).await.is_listed());
    // Many at once are not believed.
    let many: Vec<_> = (10..40).map(|id| listed(id, "https://a.example/")).collect();
    apply(&portal, 0, None, &many).await;
    let outcome = apply(&portal, 0, None, &[]).await;
    assert_eq!((outcome.gone, outcome.held), (0, 30));
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_list_asked_for_before_says_nothing_of_what_was_done_since(pool: PgPool) {
    let portal = TestPortal::start(pool).await;
    let hook = listed(1, "https://a.example/");
    for msn in [None, Some("123456")] {
        apply(&portal, 0, msn, std::slice::from_ref(&hook)).await;
        // Registered a moment ago: not in a list that was asked for before.
        assert_eq!(apply(&portal, 60, msn, &[]).await.gone, 0);
        assert!(kept(&portal, 1).await.is_listed());
        let scope = Scope::whole(org(PARTNER));
        let mut tenant = portal.portal.store().tenant(&scope).await.unwrap();
        tenant.note_webhook_deleted(hook.id, "a@example.com", OffsetDateTime::now_utc()).await.unwrap();
        tenant.commit().await.unwrap();
        // Deleted a moment ago: still in a list that was asked for before.
        apply(&portal, 60, msn, std::slice::from_ref(&hook)).await;
        assert!(matches!(kept(&portal, 1).await.state, WebhookState::Deleted { .. }));
        // But one that upstream shows afterwards is there.
        apply(&portal, 0, msn, std::slice::from_ref(&hook)).await;
        assert!(kept(&portal, 1).await.is_listed());
    }
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn one_that_upstream_drops_silently_is_seen_to_vanish(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let browser = portal.member("a@example.com", &[(PARTNER, Role::Viewer)]).await;
    let all = portal.sandbox.webhooks_of(PARTNER);
    let [wide, of_unit] = [false, true].map(|unit| all.iter().find(|webhook| webhook.msn.is_some() == unit).unwrap());
    for webhook in [wide, of_unit] {
        assert!(portal.sandbox.forget_webhook(&webhook.id));
    }
    portal.sandbox.clear_calls();
    browser.post(&format!("{LIST}/refresh"), &[("back", LIST)]).await;
    assert_eq!(portal.sync().await, 0);
    assert_eq!(count(&browser, "state=vanished").await, 2);
    assert_eq!(count(&browser, "state=listed").await, all.len() - 2);
    let text = browser.get(&format!("{LIST}/{}", of_unit.id)).await.text();
    for expected in ["has not shown this webhook since", "has not answered for two weeks", "Vanished"] {
        assert!(text.contains(expected), "{expected:?} is missing: {text}");
    }
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn refreshing_one_asks_for_its_scope_only(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let browser = portal.member("a@example.com", &[(PARTNER, Role::Viewer)]).await;
    let of_unit = portal.sandbox.webhooks_of(PARTNER).into_iter().find(|webhook| webhook.msn.is_some()).unwrap();
    assert!(portal.sandbox.forget_webhook(&of_unit.id));
    portal.sandbox.clear_calls();
    let answer = browser.post(&format!("{LIST}/refresh"), &[("webhook", &of_unit.id)]).await;
    assert_eq!(answer.location(), format!("{LIST}/{}?did=refreshed", of_unit.id));
    assert_eq!(portal.sandbox.calls().iter().filter(|call| call.path.contains("webhooks")).count(), 1);
    assert!(browser.get(answer.location()).await.text().contains("Vanished"));
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn every_unit_is_asked_for_once_a_day(pool: PgPool) {
    let portal = TestPortal::start(pool).await;
    let units = portal.units_upstream(PARTNER).await;
    let asked = || {
        let calls = portal.sandbox.calls();
        calls.iter().filter(|call| call.path == "/webhooks/v1/webhooks" && call.status == 200).count()
    };
    assert_eq!(portal.sync().await, 0);
    // Each unit of each partner, and each partner's list for all units.
    let partners = ["org_kystkassa", "org_nordbetaling", "org_jarvikassa"];
    let mut expected = partners.len();
    for partner in partners {
        let scope = Scope::whole(org(partner));
        let mut tenant = portal.portal.store().tenant(&scope).await.unwrap();
        let (total, due) = tenant.count_unit_webhooks(OffsetDateTime::now_utc() - Duration::hours(24)).await.unwrap();
        assert_eq!(due, 0);
        expected += usize::try_from(total).unwrap();
    }
    assert!(units > 0);
    assert_eq!(asked(), expected);
    portal.sandbox.clear_calls();
    assert_eq!(portal.sync().await, 0);
    assert_eq!(asked(), partners.len(), "the second time, only the lists for all units are due");
}
