//! Registering webhooks and deleting them: once, with a secret that is shown once, whatever gets lost.

use std::time::Duration;

use reqwest::StatusCode;
use sqlx::PgPool;

use super::super::{PARTNER, TestPortal};
use super::{CAPTURED, LIST, count, form_id};
use crate::domain::organisation::Role;
use crate::server::store::MIGRATIONS;

const URL: &str = "https://hooks.example.com/new";

/// The secret on the page that answers a form.
fn secret_of(body: &str) -> Option<String> {
    let line = body.split("class=\"secret-line\"").nth(1)?;
    Some(line.split("data-copy=\"").nth(1)?.split('"').next()?.to_owned())
}

/// All that the database holds, as text.
async fn everything_stored(pool: &PgPool) -> String {
    let mut stored = String::new();
    for table in ["webhook", "webhook_request", "sync_job", "session", "sealed_secret"] {
        let rows: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("select t::text from {table} t")))
            .fetch_all(pool)
            .await
            .unwrap();
        stored.push_str(&rows.join("\n"));
    }
    stored
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn the_secret_is_shown_once_and_kept_nowhere(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let browser = portal.member("a@example.com", &[(PARTNER, Role::Operator)]).await;
    let before = portal.sandbox.webhooks_of(PARTNER).len();
    let form = form_id(&browser.get(&format!("{LIST}/new")).await);
    let sent = [
        ("form", form.as_str()),
        ("url", " HTTPS://Hooks.example.com/new "),
        ("family", "login"),
        ("event", CAPTURED),
        ("scope", "all"),
    ];
    let answer = browser.post(&format!("{LIST}/new"), &sent).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    assert_eq!(answer.headers["cache-control"], "no-store");
    let secret = secret_of(&answer.body).unwrap();
    assert!(answer.text().contains("This is the only time that the secret is shown."), "{}", answer.text());
    let registered = portal.sandbox.webhooks_of(PARTNER);
    assert_eq!(registered.len(), before + 1);
    let new = registered.iter().find(|webhook| webhook.url == URL).unwrap();
    assert_eq!(new.events, [CAPTURED, "login.merchant-initiated.ping.v1"]);

    // It is in the copy at once, and its secret is nowhere.
    let page = browser.get(&format!("{LIST}/{}", new.id)).await;
    assert!(page.text().contains("Registered here by") && page.text().contains("a@example.com"), "{}", page.text());
    assert!(!page.body.contains(&secret));
    assert!(!everything_stored(&portal.pool).await.contains(&secret));

    // The second of two clicks, on its way while the first is answered: the browser shows this answer only.
    let second = browser.post(&format!("{LIST}/new"), &sent).await;
    assert_eq!(secret_of(&second.body).as_ref(), Some(&secret));
    assert_eq!(portal.sandbox.webhooks_of(PARTNER).len(), before + 1);

    // Reloading the answer sends the form again: nothing is registered, and soon the secret is not shown any more.
    let reloading = async {
        loop {
            let again = browser.post(&format!("{LIST}/new"), &sent).await;
            if !again.body.contains(&secret) {
                return again;
            }
        }
    };
    let again = tokio::time::timeout(Duration::from_secs(30), reloading).await.expect("the secret is shown for long");
    assert!(
        again.text().contains("This form has been sent before") && again.body.contains(&new.id),
        "{}",
        again.text()
    );
    assert_eq!(portal.sandbox.webhooks_of(PARTNER).len(), before + 1);
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_form_sent_many_times_at_once_registers_once_and_shows_the_secret(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let browser = portal.member("a@example.com", &[(PARTNER, Role::Operator)]).await;
    let before = portal.sandbox.webhooks_of(PARTNER).len();
    let form = form_id(&browser.get(&format!("{LIST}/new")).await);
    // Long enough that the last click arrives while the first is under way, however busy the machine is.
    portal.sandbox.set_faults(vec!["latency=2s".parse().unwrap()]);
    let sent = [("form", form.as_str()), ("url", URL), ("event", CAPTURED)];
    let path = format!("{LIST}/new");
    let answers = futures::future::join_all((0..8).map(|_| browser.post(&path, &sent))).await;
    let secrets: Vec<_> = answers.iter().filter_map(|answer| secret_of(&answer.body)).collect();
    assert_eq!(secrets.len(), 8, "{}", answers[0].text());
    assert!(secrets.iter().all(|other| *other == secrets[0]));
    assert_eq!(portal.sandbox.webhooks_of(PARTNER).len(), before + 1);
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn what_is_refused_comes_back_as_it_was_typed(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let browser = portal.member("a@example.com", &[(PARTNER, Role::Operator)]).await;
    portal.sandbox.clear_calls();
    let path = format!("{LIST}/new");
    let foreign = portal.sandbox.merchants_of("org_nordbetaling").remove(0).msns.remove(0);
    for (sent, expected) in [
        (vec![("url", "http://shop.example.com/x"), ("event", CAPTURED)], "The URL must begin with https://."),
        (vec![("url", "https://shop.example.com:8443/x"), ("event", CAPTURED)], "Port 8443 is not called."),
        (vec![("url", "https://shop.example.com/x")], "Choose at least one event."),
        (
            vec![("url", "https://shop.example.com/x"), ("event", CAPTURED), ("scope", "unit"), ("msn", "12x")],
            "digits only",
        ),
        (
            vec![("url", "https://shop.example.com/x"), ("event", CAPTURED), ("scope", "unit"), ("msn", &foreign)],
            "None of this partner's sales units",
        ),
        (
            vec![("url", "https://shop.example.com/x"), ("event", CAPTURED), ("scope", "all"), ("msn", "123456")],
            "Choose one or the other",
        ),
    ] {
        let page = browser.post(&path, &sent).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{sent:?}");
        assert!(page.text().contains(expected), "{expected:?} is missing: {}", page.text());
        for (name, value) in sent {
            let kept = match name {
                "event" => format!("id=\"event-{value}\" checked"),
                "scope" => format!("value=\"{value}\" checked"),
                _ => format!("value=\"{value}\""),
            };
            assert!(page.body.contains(&kept), "{kept} is lost: {}", page.body);
        }
    }
    assert_eq!(portal.sandbox.calls().len(), 0, "upstream was asked for nothing");
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn doubles_are_warned_of_and_limits_kept(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let browser = portal.member("a@example.com", &[(PARTNER, Role::Operator)]).await;
    let path = format!("{LIST}/new");
    let all = portal.sandbox.webhooks_of(PARTNER);
    let wide = all.iter().find(|webhook| webhook.msn.is_none()).unwrap();
    let sent = vec![("url", wide.url.as_str()), ("event", wide.events[0])];
    let page = browser.post(&path, &sent).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.text().contains("come to this URL already") && page.body.contains(&wide.id), "{}", page.text());
    assert_eq!(portal.sandbox.webhooks_of(PARTNER).len(), all.len());
    let page = browser.post(&path, &[sent, vec![("again", "true")]].concat()).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text());
    assert_eq!(portal.sandbox.webhooks_of(PARTNER).len(), all.len() + 1);

    // A unit with 24 registrations of one event: one more goes, two do not.
    let full = all.iter().find(|webhook| webhook.url.contains("//till-1.")).unwrap();
    let msn = full.msn.clone().unwrap();
    let register = async |url: &str| {
        browser.post(&path, &[("url", url), ("event", CAPTURED), ("scope", "unit"), ("msn", &msn)]).await
    };
    let page = register("https://till-25.example.com/").await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text());
    portal.sandbox.clear_calls();
    let page = register("https://till-26.example.com/").await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.text().contains("can be registered 25 times, and is"), "{}", page.text());
    assert_eq!(portal.sandbox.calls().len(), 0);
    let coverage = browser.get(&format!("{LIST}/coverage")).await;
    assert!(coverage.text().contains("25 of 25"), "{}", coverage.text());
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_lost_answer_is_told_and_what_it_left_behind_is_shown(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let browser = portal.member("a@example.com", &[(PARTNER, Role::Operator)]).await;
    let before = portal.sandbox.webhooks_of(PARTNER).len();
    portal.sandbox.set_faults(vec!["lost-answer=100%".parse().unwrap()]);
    let form = form_id(&browser.get(&format!("{LIST}/new")).await);
    let sent = [("form", form.as_str()), ("url", URL), ("event", CAPTURED)];
    let page = browser.post(&format!("{LIST}/new"), &sent).await;
    assert!(page.text().contains("it is not known whether the webhook is registered"), "{}", page.text());
    let all = portal.sandbox.webhooks_of(PARTNER);
    assert_eq!(all.len(), before + 1, "it arrived once");
    let orphan = all.iter().find(|webhook| webhook.url == URL).unwrap();
    assert!(page.body.contains(&format!("{LIST}/{}", orphan.id)), "what it left behind is not shown: {}", page.text());
    // Reloading registers no second one.
    let page = browser.post(&format!("{LIST}/new"), &sent).await;
    assert!(page.text().contains("This form has been sent before"), "{}", page.text());
    assert_eq!(portal.sandbox.webhooks_of(PARTNER).len(), before + 1);

    // The answer to deleting gets lost, too: it is deleted all the same, and the portal sees it.
    let delete = format!("{LIST}/{}/delete", orphan.id);
    let answer = browser.post(&delete, &[]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(portal.sandbox.webhooks_of(PARTNER).len(), before);
    portal.sandbox.set_faults(Vec::new());
    let page = browser.get(answer.location()).await;
    assert!(page.text().contains("Deleted"), "{}", page.text());
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn an_upstream_that_is_gone_registers_nothing(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let browser = portal.member("a@example.com", &[(PARTNER, Role::Operator)]).await;
    let before = portal.sandbox.webhooks_of(PARTNER).len();
    portal.stop_sandbox().await;
    let page = browser.post(&format!("{LIST}/new"), &[("url", URL), ("event", CAPTURED)]).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.text().contains("nothing is registered") && page.body.contains(URL), "{}", page.text());
    portal.start_sandbox().await;
    assert_eq!(portal.sandbox.webhooks_of(PARTNER).len(), before);
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn upstreams_refusal_is_shown_in_its_words(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let browser = portal.member("a@example.com", &[(PARTNER, Role::Operator)]).await;
    // Registered elsewhere since the copy was made: the limit is reached at upstream only.
    let full =
        portal.sandbox.webhooks_of(PARTNER).into_iter().find(|webhook| webhook.url.contains("//till-1.")).unwrap();
    let msn = crate::domain::identifiers::Msn::parse(full.msn.as_deref().unwrap()).unwrap();
    let client = portal.portal.client_of(&super::super::org(PARTNER)).await.unwrap().unwrap();
    client.register_webhook(Some(&msn), "https://elsewhere.example.com/", &[CAPTURED.to_owned()]).await.unwrap();
    let sent = [("url", URL), ("event", CAPTURED), ("scope", "unit"), ("msn", msn.as_str())];
    let page = browser.post(&format!("{LIST}/new"), &sent).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        page.text().contains("Vipps MobilePay said:") && page.text().contains("25 webhooks already"),
        "{}",
        page.text()
    );
    assert!(page.body.contains(URL));
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn deleting_twice_is_like_deleting_once(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let operator = portal.member("a@example.com", &[(PARTNER, Role::Operator)]).await;
    let viewer = portal.member("v@example.com", &[(PARTNER, Role::Viewer)]).await;
    let all = portal.sandbox.webhooks_of(PARTNER);
    let [wide, of_unit] = [false, true].map(|unit| all.iter().find(|webhook| webhook.msn.is_some() == unit).unwrap());
    assert_eq!(viewer.post(&format!("{LIST}/{}/delete", wide.id), &[]).await.status, StatusCode::FORBIDDEN);
    assert_eq!(portal.sandbox.webhooks_of(PARTNER).len(), all.len());
    for webhook in [wide, of_unit] {
        let delete = format!("{LIST}/{}/delete", webhook.id);
        let answer = operator.post(&delete, &[]).await;
        assert_eq!(answer.location(), format!("{LIST}/{}?did=deleted", webhook.id));
        let text = operator.get(answer.location()).await.text();
        assert!(text.contains("Deleted here by a@example.com") && !text.contains("Delete this webhook"), "{text}");
        assert_eq!(operator.post(&delete, &[]).await.location(), format!("{LIST}/{}?did=was-gone", webhook.id));
    }
    assert_eq!(portal.sandbox.webhooks_of(PARTNER).len(), all.len() - 2);
    assert_eq!(count(&operator, "state=deleted").await, 2);
    // One that is gone upstream without our knowing.
    let other = all.iter().rfind(|webhook| webhook.msn.is_some()).unwrap();
    assert!(portal.sandbox.forget_webhook(&other.id));
    let answer = operator.post(&format!("{LIST}/{}/delete", other.id), &[]).await;
    assert_eq!(answer.location(), format!("{LIST}/{}?did=was-gone", other.id));
    assert_eq!(count(&operator, "state=vanished").await, 1);
    let missing = format!("{LIST}/7a2f1b8e-0000-4000-8000-000000000000/delete");
    assert_eq!(operator.post(&missing, &[]).await.status, StatusCode::NOT_FOUND);
}
