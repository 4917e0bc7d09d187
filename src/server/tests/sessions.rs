//! Signing in, staying signed in, and no longer being signed in.

use reqwest::StatusCode;
use sqlx::PgPool;

use super::{PARTNER, PASSWORD, TestPortal};
use crate::domain::organisation::Role;
use crate::server::store::MIGRATIONS;

#[sqlx::test(migrator = "MIGRATIONS")]
async fn one_is_brought_back_to_the_very_page(pool: PgPool) {
    let portal = TestPortal::start(pool).await;
    portal.person("a@example.com", &[(PARTNER, Role::Viewer)]).await;
    let browser = portal.browser();
    let asked = format!("/as/{PARTNER}/sales-units?q=kaffe+bar&sort=-msn");
    let answer = browser.get(&asked).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let login = browser.get(answer.location()).await;
    assert!(login.body.contains("name=\"next\""), "{}", login.body);
    let form = [("email", " A@Example.com "), ("password", PASSWORD), ("next", asked.as_str())];
    assert_eq!(browser.post("/login", &form).await.location(), asked);
    assert_eq!(browser.get(&asked).await.status, StatusCode::OK);
    // Never to somebody else's pages.
    for next in ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"] {
        let form = [("email", "a@example.com"), ("password", PASSWORD), ("next", next)];
        assert_eq!(portal.browser().post("/login", &form).await.location(), "/", "{next}");
    }
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn the_session_is_new_at_sign_in_and_dead_after_sign_out(pool: PgPool) {
    let portal = TestPortal::start(pool.clone()).await;
    portal.person("a@example.com", &[]).await;
    let browser = portal.browser();
    browser.cookies.lock().unwrap().insert("portal".to_owned(), "AAAAAAAAAAAAAAAAAAAAAA".to_owned());
    assert_eq!(browser.sign_in("a@example.com", PASSWORD).await.status, StatusCode::SEE_OTHER);
    let first = browser.cookies.lock().unwrap()["portal"].clone();
    assert_ne!(first, "AAAAAAAAAAAAAAAAAAAAAA", "a planted session must not be taken over");
    browser.sign_in("a@example.com", PASSWORD).await;
    let second = browser.cookies.lock().unwrap()["portal"].clone();
    assert_ne!(first, second, "signing in again makes a new session");
    for (cookie, expected) in [(&first, StatusCode::SEE_OTHER), (&second, StatusCode::OK)] {
        let replay = portal.browser();
        replay.cookies.lock().unwrap().insert("portal".to_owned(), cookie.clone());
        assert_eq!(replay.get("/profile").await.status, expected);
    }
    let stored: Vec<Vec<u8>> = sqlx::query_scalar("select id_hash from session").fetch_all(&pool).await.unwrap();
    assert!(stored.iter().all(|hash| hash.len() == 32), "only hashes of session ids are stored");
    assert_eq!(browser.post("/logout", &[]).await.status, StatusCode::SEE_OTHER);
    let replay = portal.browser();
    replay.cookies.lock().unwrap().insert("portal".to_owned(), second);
    assert_eq!(replay.get("/profile").await.status, StatusCode::SEE_OTHER, "the session must be dead on the server");
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn sessions_end_when_idle_when_old_and_when_the_person_is_kept_out(pool: PgPool) {
    let portal = TestPortal::start(pool.clone()).await;
    for (at, ending) in [
        "update session set last_seen_at = now() - interval '4 hours 1 minute'",
        "update session set expires_at = now() - interval '1 second'",
        "delete from staff",
    ]
    .into_iter()
    .enumerate()
    {
        let browser = portal.member(&format!("{at}@example.com"), &[]).await;
        assert_eq!(browser.get("/profile").await.status, StatusCode::OK);
        sqlx::query(ending).execute(&pool).await.unwrap();
        assert_eq!(browser.get("/profile").await.status, StatusCode::SEE_OTHER, "{ending}");
    }
    let id = portal.person("d@example.com", &[]).await;
    let browser = portal.browser();
    browser.sign_in("d@example.com", PASSWORD).await;
    portal.portal.store().set_disabled(id, true).await.unwrap();
    assert_eq!(browser.get("/profile").await.status, StatusCode::SEE_OTHER);
    assert_eq!(browser.sign_in("d@example.com", PASSWORD).await.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn over_https_the_cookie_is_bound_to_this_host(pool: PgPool) {
    let portal = TestPortal::start_with(pool, 20, Some("https://portal.example.com")).await;
    portal.person("a@example.com", &[]).await;
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("email", "a@example.com")
        .append_pair("password", PASSWORD)
        .finish();
    let headers = [("origin", "https://portal.example.com")];
    let answer = portal.browser().send(reqwest::Method::POST, "/login", &headers, Some(form)).await;
    let cookies: Vec<&str> = answer.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap()).collect();
    let session = cookies.iter().find(|cookie| cookie.starts_with("__Host-portal=")).unwrap();
    for part in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(session.contains(part), "{session}");
    }
    assert!(!session.contains("Domain") && session.len() < 4_096);
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn guessing_is_slowed_down_and_the_owner_still_gets_in(pool: PgPool) {
    let portal = TestPortal::start(pool.clone()).await;
    portal.person("a@example.com", &[]).await;
    let owner = portal.browser();
    owner.sign_in("a@example.com", PASSWORD).await;
    owner.cookies.lock().unwrap().remove("portal");

    let guesser = portal.browser();
    let mut refused = 0;
    let blocked = loop {
        let answer = guesser.sign_in("a@example.com", "a wrong password").await;
        match answer.status {
            StatusCode::UNPROCESSABLE_ENTITY => refused += 1,
            _ => break answer,
        }
        assert!(refused < 20, "nobody was slowed down");
    };
    assert!(refused >= 5, "people mistype");
    assert_eq!(blocked.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(blocked.text().contains("Too many attempts"), "{}", blocked.text());
    assert!(blocked.body.contains("a@example.com"), "what was typed is kept");
    assert!(!blocked.body.contains("a wrong password"));
    // The right password does not help the guesser, who must not learn that it is right.
    assert_eq!(guesser.sign_in("a@example.com", PASSWORD).await.status, StatusCode::TOO_MANY_REQUESTS);
    // The owner's browser has signed in before.
    assert_eq!(owner.sign_in("a@example.com", PASSWORD).await.status, StatusCode::SEE_OTHER);
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn nobody_is_told_who_exists(pool: PgPool) {
    let portal = TestPortal::start(pool).await;
    portal.person("known@example.com", &[]).await;
    let answers = [
        portal.browser().sign_in("known@example.com", "a wrong password").await,
        portal.browser().sign_in("nobody@example.com", "a wrong password").await,
        portal.browser().sign_in("", "").await,
        portal.browser().sign_in(&"x".repeat(5_000), "a wrong password").await,
    ];
    for answer in &answers {
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.text().contains("The e-mail address or the password is wrong."));
    }
    let [known, unknown, ..] = answers.map(|answer| answer.body_without_nonce());
    assert_eq!(known.replace("known@", "nobody@"), unknown);
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn guesses_at_the_same_time_are_counted_too(pool: PgPool) {
    let portal = TestPortal::start(pool).await;
    portal.person("a@example.com", &[]).await;
    let guesses = (0..30).map(|_| async { portal.browser().sign_in("a@example.com", "a wrong password").await.status });
    let begun = std::time::Instant::now();
    let answers = futures::future::join_all(guesses).await;
    let looked_at = answers.iter().filter(|status| **status == StatusCode::UNPROCESSABLE_ENTITY).count();
    // Five are free, the sixth blocks for a second, the next for two, the next for four: on a machine
    // that is busy with other things, the first pauses are over before the last guess.
    let allowed = 6 + (begun.elapsed().as_secs() + 1).ilog2() as usize;
    assert!(looked_at <= allowed, "{looked_at} of 30 guesses were looked at");
    // Somebody else is not kept out by that.
    portal.person("b@example.com", &[]).await;
    assert_eq!(portal.browser().sign_in("b@example.com", PASSWORD).await.status, StatusCode::SEE_OTHER);
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn behind_a_proxy_one_guesser_does_not_keep_the_others_out(pool: PgPool) {
    let portal = TestPortal::start(pool).await;
    portal.person("a@example.com", &[]).await;
    let origin = format!("http://{}", portal.address);
    let sign_in = async |from: &str, password: &str| {
        let form = format!("email=a%40example.com&password={}", password.replace(' ', "+"));
        let headers = [("origin", origin.as_str()), ("x-forwarded-for", from)];
        portal.browser().send(reqwest::Method::POST, "/login", &headers, Some(form)).await.status
    };
    for _ in 0..8 {
        sign_in("1.2.3.4, 203.0.113.7", "a wrong password").await;
    }
    assert_eq!(sign_in("203.0.113.7", PASSWORD).await, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(sign_in("198.51.100.1", PASSWORD).await, StatusCode::SEE_OTHER);
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_page_that_watches_does_not_keep_a_session_alive(pool: PgPool) {
    let portal = TestPortal::start(pool.clone()).await;
    let browser = portal.member("a@example.com", &[(PARTNER, Role::Viewer)]).await;
    let unseen = "update session set last_seen_at = now() - interval '10 minutes'";
    let idle = async || -> bool {
        sqlx::query_scalar("select last_seen_at < now() - interval '5 minutes' from session")
            .fetch_one(&pool)
            .await
            .unwrap()
    };
    sqlx::query(unseen).execute(&pool).await.unwrap();
    let path = format!("/as/{PARTNER}");
    assert_eq!(
        browser.send(reqwest::Method::GET, &path, &[("x-portal-watch", "1")], None).await.status,
        StatusCode::OK
    );
    assert!(idle().await);
    assert_eq!(browser.get(&path).await.status, StatusCode::OK);
    assert!(!idle().await);
}
