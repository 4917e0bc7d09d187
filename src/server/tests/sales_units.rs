//! Finding and opening sales units, over HTTP.

use reqwest::StatusCode;
use sqlx::PgPool;

use super::{MERCHANT_WITH_KEYS, PARTNER, TestPortal, org};
use crate::domain::identifiers::Msn;
use crate::domain::organisation::Role;
use crate::domain::sales_unit::ListedSalesUnit;
use crate::server::store::{MIGRATIONS, Scope};

const LIST: &str = "/as/org_kystkassa/sales-units";

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_unit_is_found_by_any_of_its_four_fields(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let browser = portal.member("a@example.com", &[(PARTNER, Role::Viewer)]).await;
    let merchant = portal.sandbox.merchants_of(PARTNER).remove(0);
    let msn = &merchant.msns[0];
    let id = &merchant.id;
    let grouped: Vec<String> =
        id.as_bytes().chunks(3).map(|chunk| String::from_utf8_lossy(chunk).into_owned()).collect();
    for typed in [
        msn.clone(),
        msn[1..].to_owned(),
        merchant.name.to_uppercase(),
        merchant.name.replace(['å', 'ä'], "a").replace(['ø', 'ö'], "o").replace('æ', "ae"),
        id.clone(),
        grouped.join(" "),
        format!("{} {}", &id[..4], merchant.name),
    ] {
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("q", &typed).finish();
        let page = browser.get(&format!("{LIST}?{query}")).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.body.contains(&format!("{LIST}/{msn}")), "{typed:?} does not find {msn}: {}", page.text());
        assert!(page.body.contains("<mark>"), "{typed:?} is not marked");
    }
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn nonsense_in_the_address_gives_clear_pages(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let browser = portal.member("a@example.com", &[(PARTNER, Role::Viewer)]).await;
    let long = "x".repeat(5_000);
    for nonsense in [
        "%00",
        "%ff%fe",
        "'%3B drop table sales_unit%3B--",
        "%25",
        "_",
        "\\",
        "<script>alert(1)</script>",
        "%F0%9F%98%80",
        "~",
        "~~~",
        "1~",
        "-",
        "-name~",
        "9999999999999999999999",
        "..%2F..%2Fetc",
        "%E2%80%AE",
        &long,
    ] {
        for key in [
            "q",
            "capture",
            "market",
            "state",
            "recurring",
            "sort",
            "after",
            "before",
            "page",
            "list",
            "refresh",
            "unknown",
        ] {
            let page = browser.get(&format!("{LIST}?{key}={nonsense}")).await;
            assert_eq!(page.status, StatusCode::OK, "{key}={nonsense}");
            assert!(!page.body.contains("<script>alert"), "{key}={nonsense}");
        }
        let path = nonsense.replace(['\\', '<', '>', ' '], "");
        if path.is_empty() {
            continue;
        }
        let details = browser.get(&format!("{LIST}/{path}")).await;
        assert!([404, 303].contains(&details.status.as_u16()), "{path}: {}", details.status);
    }
    let page = browser.get(&format!("{LIST}?capture=foo&sort=bar&after=x")).await;
    assert!(
        page.text().contains("Left out, because its value means nothing here: capture, sort, after."),
        "{}",
        page.text()
    );
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn details_show_everything_and_refresh_at_once(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let browser = portal.member("a@example.com", &[(PARTNER, Role::Viewer)]).await;
    let merchant = portal.sandbox.merchants_of(PARTNER).into_iter().find(|merchant| merchant.msns.len() > 1).unwrap();
    let msn = &merchant.msns[0];
    let page = browser.get(&format!("{LIST}/{msn}?list=q%3Dkaf")).await;
    let text = page.text();
    for expected in [
        merchant.name.as_str(),
        "paymentAllowed",
        "recurringAllowed",
        "captureType",
        "creditCardPaymentAllowed",
        "Active",
        "The merchant's other units",
        "Upstream's answer as JSON",
        "Business address",
    ] {
        assert!(text.contains(expected), "{expected:?} is missing: {text}");
    }
    assert!(page.body.contains(&format!("{LIST}/{}", merchant.msns[1])), "the other unit is not linked");
    assert!(page.body.contains(&format!("href=\"{LIST}?q=kaf\"")), "the way back to the list has lost the filter");

    assert!(portal.sandbox.rename(msn, "Nytt Navn Æ"));
    let answer = browser.post(&format!("{LIST}/{msn}/refresh"), &[("list", "q=kaf")]).await;
    assert_eq!(answer.location(), format!("{LIST}/{msn}?list=q%3Dkaf&refresh=done"));
    let page = browser.get(answer.location()).await;
    assert!(page.text().contains("Nytt Navn Æ") && page.text().contains("just now"), "{}", page.text());
    // And the list finds it by its new name.
    assert!(browser.get(&format!("{LIST}?q=nytt+navn+ae")).await.body.contains(msn.as_str()));

    assert!(portal.sandbox.hide(msn));
    browser.post(&format!("{LIST}/{msn}/refresh"), &[]).await;
    let page = browser.get(&format!("{LIST}/{msn}")).await;
    assert_eq!(page.status, StatusCode::OK, "what is gone is kept");
    assert!(
        page.text().contains("has not shown this sales unit since") && page.text().contains("last seen"),
        "{}",
        page.text()
    );
    assert!(browser.get(&format!("{LIST}?state=gone")).await.body.contains(msn.as_str()));
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn pages_forwards_and_backwards_hold_every_unit_once(pool: PgPool) {
    let portal = TestPortal::start(pool).await;
    let browser = portal.member("a@example.com", &[(PARTNER, Role::Viewer)]).await;
    let scope = Scope::whole(org(PARTNER));
    let listed: Vec<ListedSalesUnit> = (10_000..10_173)
        .map(|msn: u32| ListedSalesUnit {
            msn: Msn::parse(&msn.to_string()).unwrap(),
            name: Some(format!("Café {}", msn % 7)),
        })
        .collect();
    let now = time::OffsetDateTime::now_utc();
    portal.portal.store().apply_sales_unit_list(&scope, &listed, now, false, None).await.unwrap();

    let link = |body: &str, label: &str| -> Option<String> {
        let anchor =
            body.split("<a ").find(|anchor| anchor.split('>').next().unwrap().contains(&format!("\"{label}\"")))?;
        let href = anchor.split("href=\"").nth(1)?.split('"').next()?;
        Some(href.replace("&amp;", "&"))
    };
    let rows = |body: &str| -> Vec<String> {
        let start = format!("href=\"{LIST}/");
        let cells = body.split(&start).skip(1);
        cells
            .map(|cell| cell.chars().take_while(char::is_ascii_digit).collect::<String>())
            .filter(|msn| !msn.is_empty())
            .collect()
    };
    let (mut path, mut forwards, mut last) = (format!("{LIST}?sort=-name"), Vec::new(), String::new());
    loop {
        let page = browser.get(&path).await;
        forwards.extend(rows(&page.body));
        match link(&page.body, "Next page") {
            Some(next) => path = next,
            None => break last.push_str(&path),
        }
    }
    assert_eq!(forwards.len(), 173);
    let (mut backwards, mut path) = (Vec::new(), last);
    loop {
        let page = browser.get(&path).await;
        backwards.splice(0..0, rows(&page.body));
        match link(&page.body, "Previous page") {
            Some(previous) => path = previous,
            None => break,
        }
    }
    assert_eq!(forwards, backwards);
    forwards.sort();
    forwards.dedup();
    assert_eq!(forwards.len(), 173);
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_merchant_with_keys_of_its_own_sees_its_unit(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let browser = portal.member("a@example.com", &[(MERCHANT_WITH_KEYS, Role::Viewer)]).await;
    let keys = portal.sandbox.keys().into_iter().find(|keys| keys.org_id == MERCHANT_WITH_KEYS).unwrap();
    let page = browser.get(&format!("/as/{MERCHANT_WITH_KEYS}/sales-units")).await;
    assert!(page.text().contains("1 sales unit"), "{}", page.text());
    assert!(page.body.contains(keys.msn.as_deref().unwrap()));
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn names_are_text_wherever_they_stand(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let browser = portal.member("a@example.com", &[(PARTNER, Role::Viewer)]).await;
    let msn = portal.sandbox.merchants_of(PARTNER)[0].msns[0].clone();
    assert!(portal.sandbox.rename(&msn, "</title><meta x=1>\"'&amp;"));
    browser.post(&format!("{LIST}/{msn}/refresh"), &[]).await;
    for path in [format!("{LIST}/{msn}"), format!("{LIST}?q=title+meta"), format!("{LIST}?q=%3C/title%3E%3Cmeta%3E")] {
        let page = browser.get(&path).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(!page.body.contains("<meta x") && page.body.matches("</title>").count() == 1, "{path}: {}", page.body);
    }
    assert!(browser.get(&format!("{LIST}/{msn}")).await.text().contains("</title><meta x=1>"));
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn addresses_are_tidied_up_and_stay_ours(pool: PgPool) {
    let portal = TestPortal::start(pool).await;
    let browser = portal.member("a@example.com", &[(PARTNER, Role::Viewer)]).await;
    let tidied = browser.get(&format!("{LIST}?q=kaf&capture=&market=no&state=")).await;
    assert_eq!(
        (tidied.status, tidied.location()),
        (StatusCode::SEE_OTHER, "/as/org_kystkassa/sales-units?q=kaf&market=no")
    );
    assert_eq!(browser.get(&format!("{LIST}?q=")).await.location(), LIST);
    for foreign in ["//evil.example/?x=", "//evil.example?x="] {
        let answer = browser.get(foreign).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{foreign} {}", answer.location());
    }
}
