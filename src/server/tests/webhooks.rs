//! Webhook registrations: finding, registering, deleting them, and coverage, over HTTP.

mod keeping;
mod registering;

use std::collections::HashMap;

use reqwest::StatusCode;
use sqlx::PgPool;

use super::{Answer, Browser, MERCHANT, PARTNER, TestPortal};
use crate::domain::organisation::Role;
use crate::domain::webhook::EVENTS;
use crate::server::store::MIGRATIONS;

const LIST: &str = "/as/org_kystkassa/webhooks";
const CAPTURED: &str = "epayments.payment.captured.v1";

fn query(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// How many rows match, by the sentence above them.
async fn count(browser: &Browser, query: &str) -> usize {
    let page = browser.get(&format!("{LIST}?{query}")).await;
    let line = page.body.split("class=\"summary\"").nth(1).unwrap_or_else(|| panic!("no count: {}", page.text()));
    let text = line.split("</p>").next().unwrap().replace('\u{a0}', "");
    text.split(|character: char| !character.is_ascii_digit())
        .find(|number| !number.is_empty())
        .unwrap()
        .parse()
        .unwrap()
}

/// Where the hidden field of the form stands that tells it from others.
fn form_id(page: &Answer) -> String {
    page.body.split("name=\"form\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn every_registration_is_found_by_each_of_its_four_fields(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let browser = portal.member("a@example.com", &[(PARTNER, Role::Viewer)]).await;
    let all = portal.sandbox.webhooks_of(PARTNER);
    assert_eq!(count(&browser, "").await, all.len());
    let of_unit = all.iter().rfind(|webhook| webhook.msn.is_some()).unwrap();
    let msn = of_unit.msn.clone().unwrap();
    assert!(portal.sandbox.rename(&msn, "Blåbær & Æble"));
    browser.post(&format!("/as/{PARTNER}/sales-units/{msn}/refresh"), &[]).await;
    let host = of_unit.url.split("//").nth(1).unwrap();
    for typed in [&of_unit.url, host, &of_unit.id, &of_unit.id[4..20], &msn, &msn[1..], "blabaer", "BLÅBÆR æb"] {
        let page = browser.get(&format!("{LIST}?{}", query(&[("q", typed)]))).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.body.contains(&format!("{LIST}/{}", of_unit.id)), "{typed:?} does not find it: {}", page.text());
        assert!(page.body.contains("<mark>"), "{typed:?} is not marked");
    }
    assert_eq!(count(&browser, &query(&[("q", &of_unit.id)])).await, 1);
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn facets_count_what_upstream_has(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let browser = portal.member("a@example.com", &[(PARTNER, Role::Viewer)]).await;
    let all = portal.sandbox.webhooks_of(PARTNER);
    let wide = all.iter().filter(|webhook| webhook.msn.is_none()).count();
    assert_eq!(count(&browser, "scope=all").await, wide);
    assert_eq!(count(&browser, "scope=unit").await, all.len() - wide);
    let plain = all.iter().filter(|webhook| webhook.url.starts_with("http:")).count();
    assert!(plain > 0);
    assert_eq!(count(&browser, "transport=http").await, plain);
    for family in EVENTS {
        let any = all
            .iter()
            .filter(|webhook| webhook.events.iter().any(|own| family.events.iter().any(|event| event.name == *own)));
        assert_eq!(count(&browser, &format!("event={}", family.word)).await, any.count(), "{}", family.word);
        for event in family.events {
            let of_event = all.iter().filter(|webhook| webhook.events.contains(&event.name)).count();
            assert_eq!(count(&browser, &format!("event={}", event.name)).await, of_event, "{}", event.name);
        }
    }
    assert_eq!(count(&browser, "state=listed").await, all.len());
    for state in ["vanished", "deleted"] {
        assert!(browser.get(&format!("{LIST}?state={state}")).await.text().contains("No match"), "{state}");
    }
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn details_tell_everything(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let browser = portal.member("a@example.com", &[(PARTNER, Role::Viewer)]).await;
    let all = portal.sandbox.webhooks_of(PARTNER);
    let plain = all.iter().find(|webhook| webhook.url.starts_with("http:")).unwrap();
    let page = browser.get(&format!("{LIST}/{}?list=scope%3Dunit", plain.id)).await;
    let text = page.text();
    for expected in [
        plain.url.as_str(),
        &plain.id,
        plain.msn.as_deref().unwrap(),
        plain.events[0],
        "ePayment",
        "whoever is on the way can read",
        "First seen",
        "Last seen",
        "tells of no deliveries",
        "For developers > Webhook errors",
        "x-ms-content-sha256",
        "Your role in this organisation does not allow that.",
    ] {
        assert!(text.contains(expected), "{expected:?} is missing: {text}");
    }
    assert!(page.body.contains("https://portal.vippsmobilepay.com"));
    assert!(page.body.contains(&format!("href=\"{LIST}?scope=unit\"")), "the way back has lost the filter");
    assert!(page.body.contains(&format!("/as/{PARTNER}/sales-units/{}", plain.msn.as_deref().unwrap())));
    // The same URL twice for the same unit.
    let mut by_place: HashMap<_, Vec<_>> = HashMap::new();
    for webhook in &all {
        by_place.entry((&webhook.msn, &webhook.url)).or_default().push(webhook);
    }
    let doubled = by_place.values().find(|same| same.len() > 1).unwrap();
    let page = browser.get(&format!("{LIST}/{}", doubled[0].id)).await;
    assert!(page.text().contains("The same again") && page.body.contains(&doubled[1].id), "{}", page.text());
    for missing in ["7a2f1b8e-0000-4000-8000-000000000000", "nonsense", "%00"] {
        assert_eq!(browser.get(&format!("{LIST}/{missing}")).await.status, StatusCode::NOT_FOUND, "{missing}");
    }
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn coverage_counts_units_and_names_what_is_wrong(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let browser = portal.member("a@example.com", &[(PARTNER, Role::Viewer)]).await;
    let units = portal.units_upstream(PARTNER).await;
    let all = portal.sandbox.webhooks_of(PARTNER);
    let vanished = all.iter().find(|webhook| webhook.msn.is_none()).unwrap();
    assert!(portal.sandbox.forget_webhook(&vanished.id));
    assert_eq!(portal.sync().await, 0);
    let left = portal.sandbox.webhooks_of(PARTNER);
    let page = browser.get(&format!("{LIST}/coverage")).await;
    assert_eq!(page.status, StatusCode::OK);
    let rows: HashMap<String, Vec<String>> = page
        .body
        .split("<tr>")
        .filter_map(|row| row.split_once("<th scope=\"row\">"))
        .map(|(_, row)| {
            let cells = row.split("</t").map(|cell| {
                Answer { status: page.status, headers: page.headers.clone(), body: format!("<body>{cell}") }.text()
            });
            let cells: Vec<String> = cells.map(|cell| cell.rsplit('>').next().unwrap().replace('\u{a0}', "")).collect();
            (cells[0].clone(), cells[1..4].to_vec())
        })
        .collect();
    for event in EVENTS.iter().flat_map(|family| family.events) {
        let of_event = || left.iter().filter(|webhook| webhook.events.contains(&event.name));
        let wide = of_event().filter(|webhook| webhook.msn.is_none()).count();
        let mut own: Vec<_> = of_event().filter_map(|webhook| webhook.msn.clone()).collect();
        own.dedup();
        let none = match (wide, own.len()) {
            (0, 0) => format!("All {units}"),
            (0, own) => (units - own).to_string(),
            _ => "None".to_owned(),
        };
        assert_eq!(rows[event.name], [wide.to_string(), own.len().to_string(), none], "{}", event.name);
    }
    let text = page.text();
    for expected in
        ["Vanished in the last 30 days", "Over plain http", "Near the limit", "24 of 25", "There twice", &vanished.url]
    {
        assert!(text.contains(expected), "{expected:?} is missing: {text}");
    }
    let without = browser.get(&format!("{LIST}/coverage?without=user.checked-in.v1")).await;
    assert!(without.text().contains("sales units without user.checked-in.v1"), "{}", without.text());
    for nonsense in ["", "%00", "%3Cscript%3Ealert(1)", "epayments.payment.captured.v1"] {
        let page = browser.get(&format!("{LIST}/coverage?without={nonsense}")).await;
        assert!([200, 303].contains(&page.status.as_u16()), "{nonsense}: {}", page.status);
        assert!(!page.body.contains("<script>alert"));
    }
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn merchants_find_no_webhooks_of_their_partners(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let browser = portal.member("m@example.com", &[(MERCHANT, Role::Admin)]).await;
    let id = portal.sandbox.webhooks_of(PARTNER).remove(0).id;
    for organisation in [MERCHANT, PARTNER] {
        let list = format!("/as/{organisation}/webhooks");
        for path in [format!("{list}/new"), format!("{list}/coverage"), format!("{list}/{id}")] {
            assert_eq!(browser.get(&path).await.status, StatusCode::NOT_FOUND, "{path}");
        }
        for path in [format!("{list}/new"), format!("{list}/{id}/delete")] {
            assert_eq!(browser.post(&path, &[]).await.status, StatusCode::NOT_FOUND, "{path}");
        }
    }
    for path in ["", "/export"] {
        let path = format!("/as/{PARTNER}/webhooks{path}");
        assert_eq!(browser.get(&path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert!(portal.sandbox.webhooks_of(PARTNER).iter().any(|webhook| webhook.id == id));
}
