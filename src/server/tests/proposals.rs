//! What only some upstreams have: found out, used where it is there, and said where it is not.

use reqwest::StatusCode;
use sqlx::PgPool;

use super::{Browser, MERCHANT, MERCHANT_WITH_KEYS, OTHER_PARTNER, PARTNER, TestPortal, org};
use crate::domain::identifiers::BusinessIdentifier;
use crate::domain::organisation::Role;
use crate::paths;
use crate::server::sandbox::SandboxSettings;
use crate::server::store::{MIGRATIONS, Scope};

const SETTINGS: &str = "/as/org_kystkassa/settings";

fn unit(msn: &str) -> String {
    format!("/as/org_kystkassa/sales-units/{msn}")
}

fn first_unit(portal: &TestPortal) -> String {
    portal.sandbox.merchants_of(PARTNER)[0].msns[0].clone()
}

async fn without_proposals(pool: PgPool) -> TestPortal {
    let sandbox = SandboxSettings { sales_units: 120, proposals: false, ..SandboxSettings::default() };
    let portal = TestPortal::start_on(pool, sandbox, None).await;
    assert_eq!(portal.sync().await, 0);
    portal
}

/// A square PNG of so many pixels.
fn picture(side: u32) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, side, side);
    encoder.set_color(png::ColorType::Grayscale);
    let pixels: Vec<u8> = (0..side * side).map(|at| (at % 251) as u8).collect();
    encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
    file
}

async fn operator(portal: &TestPortal) -> Browser {
    portal.member("operator@example.com", &[(PARTNER, Role::Operator)]).await
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn what_upstream_offers_is_found_out_and_used(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let browser = portal.member("viewer@example.com", &[(PARTNER, Role::Viewer)]).await;
    let page = browser.get(SETTINGS).await.text();
    assert_eq!(page.matches("Yes").count(), 5, "{page}");
    for told in ["Partner Premium", "Kari Partneransvarlig", "Kystkassa AS", "Active"] {
        assert!(page.contains(told), "{told}: {page}");
    }
    let merchant = &portal.sandbox.merchants_of(PARTNER)[0];
    let business = BusinessIdentifier::new(merchant.scheme, &merchant.id);
    let page = browser.get(&paths::merchant(&org(PARTNER), &business)).await;
    assert!(page.body.contains("/contracts/") && page.text().contains("Contracts"), "{}", page.text());
    // Those who have keys for one sales unit are no partners.
    let keys = portal.sandbox.keys().into_iter().find(|keys| keys.org_id == MERCHANT_WITH_KEYS).unwrap();
    for call in portal.sandbox.calls() {
        let asked =
            call.method == "PATCH" || ["whoami", "contracts", "/merchants"].iter().any(|end| call.path.ends_with(end));
        assert!(!asked || call.client_id.as_deref() != Some(keys.client_id.as_str()), "{call:?}");
    }
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn where_upstream_has_none_of_it_the_pages_say_so(pool: PgPool) {
    let portal = without_proposals(pool).await;
    let browser = operator(&portal).await;
    let page = browser.get(SETTINGS).await.text();
    assert!(!page.contains("Yes") && page.contains("does not tell what it knows of the partner"), "{page}");
    let merchant = &portal.sandbox.merchants_of(PARTNER)[0];
    let business = BusinessIdentifier::new(merchant.scheme, &merchant.id);
    let page = browser.get(&paths::merchant(&org(PARTNER), &business)).await.text();
    assert!(page.contains("does not offer contracts to partners"), "{page}");

    let change = format!("{}/change", unit(&merchant.msns[0]));
    let page = browser.get(&change).await;
    assert!(page.text().contains("does not offer changing sales units to partners yet"), "{}", page.text());
    assert!(!page.body.contains("multipart") && page.body.contains("https://portal.vippsmobilepay.com/"));
    portal.sandbox.clear_calls();
    let answer = browser.upload(&change, &[("name", "Another name")], &[]).await;
    assert_eq!(answer.location(), format!("{change}?did=not-offered"));
    assert_eq!(portal.sandbox.calls(), [], "nothing is sent that upstream does not have");
    // No contracts either, and no merchants that nobody asked about.
    assert_eq!(portal.sync().await, 0);
    assert!(!portal.sandbox.calls().iter().any(|call| call.status == 200 && call.path.contains("contracts")));
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn what_upstream_takes_away_is_no_longer_offered(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let browser = operator(&portal).await;
    let change = format!("{}/change", unit(&first_unit(&portal)));
    assert!(browser.get(&change).await.body.contains("multipart"));
    portal.stop_sandbox().await;
    portal.sandbox.set_proposals(false);
    portal.start_sandbox().await;

    let answer = browser.upload(&change, &[("name", "Another name")], &[]).await;
    assert_eq!(answer.location(), format!("{change}?did=not-offered"));
    let page = browser.get(answer.location()).await.text();
    assert!(page.contains("Nothing has been changed") && page.contains("does not offer changing"), "{page}");
    assert!(browser.get(SETTINGS).await.text().contains("Partner Premium"), "the rest is asked about in its turn");
    assert_eq!(browser.post(&format!("{SETTINGS}/probe"), &[]).await.location(), format!("{SETTINGS}?did=asked"));
    assert!(browser.get(&format!("{SETTINGS}?did=asked")).await.text().contains("is being asked"));
    assert_eq!(portal.sync().await, 0);
    let page = browser.get(SETTINGS).await.text();
    assert!(!page.contains("Yes") && !page.contains("Partner Premium"), "{page}");
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn merchants_are_known_by_name_before_their_units_are(pool: PgPool) {
    let portal = TestPortal::start(pool).await;
    let browser = portal.member("viewer@example.com", &[(PARTNER, Role::Viewer)]).await;
    let scope = Scope::whole(org(PARTNER));
    let listed = [(BusinessIdentifier::new("business:NO:ORG", "918713867"), "Fjordkaffe AS".to_owned())];
    for (names, new) in [(&listed[..0], 0), (&listed, 1), (&listed, 0)] {
        let mut tenant = portal.portal.store().tenant(&scope).await.unwrap();
        assert_eq!(tenant.expect_named_merchants(names).await.unwrap(), new);
        tenant.commit().await.unwrap();
    }
    let list = browser.get("/as/org_kystkassa/merchants?q=fjordkaffe").await.text();
    assert!(list.contains("1 merchant") || list.contains("1 of 1"), "{list}");
    let page = browser.get(&paths::merchant(&org(PARTNER), &listed[0].0)).await;
    assert!(page.status == StatusCode::OK && page.text().contains("Fjordkaffe AS"), "{}", page.text());
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_sales_unit_is_renamed_and_given_a_logo(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let browser = operator(&portal).await;
    let msn = first_unit(&portal);
    let change = format!("{}/change", unit(&msn));
    assert!(browser.get(&unit(&msn)).await.body.contains(&format!("href=\"{change}\"")));
    let logo = picture(120);
    let answer = browser.upload(&change, &[("name", "Fjordkiosken (ny)")], &[("logo_file", "logo.png", &logo)]).await;
    assert_eq!(answer.location(), format!("{}?refresh=changed", unit(&msn)), "{}", answer.text());
    let page = browser.get(answer.location()).await.text();
    assert!(page.contains("Fjordkiosken (ny)") && page.contains("Changed, and fetched"), "{page}");
    let list = browser.get("/as/org_kystkassa/sales-units?q=fjordkiosken").await;
    assert!(list.body.contains(&unit(&msn)), "the list knows the new name");
    // A logo alone; a browser that was given no file sends an empty one.
    let only_logo =
        browser.upload(&change, &[("name", "Fjordkiosken (ny)")], &[("logo_file", "logo.png", &logo)]).await;
    assert_eq!(only_logo.location(), format!("{}?refresh=changed", unit(&msn)));
    let nothing = browser.upload(&change, &[("name", "Fjordkiosken (ny)")], &[("logo_file", "", b"")]).await;
    assert_eq!(nothing.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(nothing.text().contains("This is the name already"), "{}", nothing.text());
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_sales_unit_is_deactivated_and_activated_again(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let browser = operator(&portal).await;
    let msn = first_unit(&portal);
    let (status, change) = (format!("{}/status", unit(&msn)), format!("{}/change", unit(&msn)));
    let answer = browser.post(&status, &[("active", "false")]).await;
    let page = browser.get(answer.location()).await.text();
    assert!(page.contains("has not shown this sales unit since"), "{page}");
    assert!(browser.get(&change).await.text().contains("Activate"));
    let answer = browser.post(&status, &[("active", "true")]).await;
    let page = browser.get(answer.location()).await.text();
    assert!(page.contains("Changed") && !page.contains("has not shown this sales unit since"), "{page}");
    assert!(browser.get(&change).await.text().contains("Deactivate"));
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_refused_change_keeps_what_was_typed(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let browser = operator(&portal).await;
    let change = format!("{}/change", unit(&first_unit(&portal)));
    portal.sandbox.clear_calls();
    let long = "x".repeat(51);
    let (large, jpeg) = (vec![0x89; 3 << 20], b"\xff\xd8\xff\xe0".to_vec());
    let cases: [(&str, Option<&[u8]>, &str); 6] = [
        (&long, None, "at most 50"),
        ("Fisk & vilt", None, "& is not allowed"),
        (" ", None, "A sales unit has a name"),
        ("Godt navn", Some(&jpeg), "a JPEG"),
        ("Godt navn", Some(&large), "more than 1 MB"),
        ("Godt navn", Some(&picture(20)), "at least 100"),
    ];
    for (name, logo, reason) in cases {
        let files: Vec<(&str, &str, &[u8])> = logo.into_iter().map(|logo| ("logo_file", "logo.png", logo)).collect();
        let answer = browser.upload(&change, &[("name", name)], &files).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}");
        assert!(answer.text().contains(reason), "{name}: {}", answer.text());
        let kept = name.trim().replace('&', "&amp;");
        assert!(answer.body.contains(&format!("value=\"{kept}\"")), "{name}: {}", answer.body);
    }
    assert_eq!(portal.sandbox.calls(), [], "nothing of it went upstream");

    portal.sandbox.set_faults(vec!["error=400:100%".parse().unwrap()]);
    let answer = browser.upload(&change, &[("name", "Godt navn")], &[("logo_file", "l.png", &picture(120))]).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let text = answer.text();
    assert!(text.contains("has refused the change") && text.contains("Choose the picture once more"), "{text}");
    assert!(answer.body.contains("value=\"Godt navn\""));
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_change_whose_answer_is_lost_is_not_taken_for_done_or_undone(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let browser = operator(&portal).await;
    let msn = first_unit(&portal);
    let change = format!("{}/change", unit(&msn));
    portal.sandbox.set_faults(vec!["lost-answer=100%".parse().unwrap()]);
    let answer = browser.upload(&change, &[("name", "Kanskje nytt")], &[]).await;
    assert_eq!(answer.location(), format!("{change}?did=unknown"));
    let page = browser.get(answer.location()).await.text();
    assert!(page.contains("may have been changed, or not") && page.contains("Refresh"), "{page}");
    portal.sandbox.set_faults(Vec::new());
    let refreshed = browser.post(&format!("{}/refresh", unit(&msn)), &[]).await;
    assert!(browser.get(refreshed.location()).await.text().contains("Kanskje nytt"));

    portal.stop_sandbox().await;
    let answer = browser.upload(&change, &[("name", "Aldri sendt")], &[]).await;
    assert_eq!(answer.location(), format!("{change}?did=not-reached"));
    assert!(browser.get(answer.location()).await.text().contains("Nothing has been changed"));
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn only_operators_change_only_their_own_units(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let msn = first_unit(&portal);
    let viewer = portal.member("viewer@example.com", &[(PARTNER, Role::Viewer)]).await;
    let other = portal.member("other@example.com", &[(OTHER_PARTNER, Role::Admin)]).await;
    let merchant = portal.member("merchant@example.com", &[(MERCHANT, Role::Admin)]).await;
    portal.sandbox.clear_calls();
    let ways = [
        (&viewer, PARTNER, StatusCode::FORBIDDEN),
        (&other, PARTNER, StatusCode::NOT_FOUND),
        // Their own organisations, which do not have this unit, or are no partners.
        (&other, OTHER_PARTNER, StatusCode::NOT_FOUND),
        (&merchant, MERCHANT, StatusCode::NOT_FOUND),
    ];
    for (browser, organisation, expected) in ways {
        let unit = format!("/as/{organisation}/sales-units/{msn}");
        let answer = browser.upload(&format!("{unit}/change"), &[("name", "Stolen")], &[]).await;
        assert_eq!(answer.status, expected, "{organisation}");
        let answer = browser.post(&format!("{unit}/status"), &[("active", "false")]).await;
        assert_eq!(answer.status, expected, "{organisation}");
    }
    assert_eq!(portal.sandbox.calls(), []);
    let page = viewer.get(&format!("{}/change", unit(&msn))).await;
    assert!(page.text().contains("Your role is to look") && !page.body.contains("multipart"), "{}", page.text());
    assert!(!viewer.get(&unit(&msn)).await.body.contains("/change\""));
    assert_eq!(merchant.get(&format!("/as/{MERCHANT}/sales-units/{msn}/change")).await.status, StatusCode::NOT_FOUND);
}
