//! Finding and opening merchants, over HTTP.

use reqwest::StatusCode;
use sqlx::PgPool;
use time::OffsetDateTime;

use super::{MERCHANT, MERCHANT_WITH_KEYS, OTHER_PARTNER, PARTNER, TestPortal, org};
use crate::domain::identifiers::{BusinessIdentifier, Msn};
use crate::domain::merchant::Merchant;
use crate::domain::organisation::Role;
use crate::domain::sales_unit::{Configuration, SalesUnitDetails};
use crate::server::store::{MIGRATIONS, Scope};

const LIST: &str = "/as/org_kystkassa/merchants";

fn query(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// The merchants that a page of the list links to, as scheme and number.
fn rows(body: &str) -> Vec<String> {
    let links = body.split("data-row").filter_map(|before| before.rsplit_once("href=\""));
    let links = links.filter_map(|(_, link)| link.strip_prefix(&format!("{LIST}/"))?.split(['"', '?']).next());
    links.map(ToOwned::to_owned).collect()
}

fn link(body: &str, label: &str) -> Option<String> {
    let anchor =
        body.split("<a ").find(|anchor| anchor.split('>').next().unwrap().contains(&format!("\"{label}\"")))?;
    Some(anchor.split("href=\"").nth(1)?.split('"').next()?.replace("&amp;", "&"))
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_merchant_is_found_by_name_number_and_market(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let browser = portal.member("a@example.com", &[(PARTNER, Role::Viewer)]).await;
    let merchants = portal.sandbox.merchants_of(PARTNER);
    let merchant = &merchants[0];
    let path = format!("{}/{}", merchant.scheme, merchant.id);
    let grouped: Vec<String> =
        merchant.id.as_bytes().chunks(3).map(|chunk| String::from_utf8_lossy(chunk).into_owned()).collect();
    for typed in [
        merchant.name.to_uppercase(),
        merchant.name.replace(['å', 'ä'], "a").replace(['ø', 'ö'], "o").replace('æ', "ae"),
        merchant.id.clone(),
        merchant.id[1..7].to_owned(),
        grouped.join(" "),
        format!("{} {}", &merchant.id[..4], merchant.name),
    ] {
        let page = browser.get(&format!("{LIST}?{}", query(&[("q", &typed)]))).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(rows(&page.body).contains(&path), "{typed:?} does not find {path}: {}", page.text());
        assert!(page.body.contains("<mark>"), "{typed:?} is not marked");
    }
    let everything = browser.get(LIST).await.text();
    let mut counted = 0;
    for (market, country) in [("no", "NO"), ("dk", "DK"), ("fi", "FI"), ("unknown", "??")] {
        let page = browser.get(&format!("{LIST}?market={market}&status=active&state=units")).await;
        let there = merchants.iter().filter(|merchant| merchant.scheme.contains(country));
        for merchant in there {
            let found = browser.get(&format!("{LIST}?market={market}&{}", query(&[("q", &merchant.id)]))).await;
            assert_eq!(rows(&found.body), [format!("{}/{}", merchant.scheme, merchant.id)], "{market}");
        }
        assert!(rows(&page.body).iter().all(|row| row.contains(country)), "{market}");
        counted += page
            .text()
            .split(" of ")
            .next()
            .unwrap()
            .rsplit(|letter: char| !letter.is_ascii_digit())
            .next()
            .map_or(0, |count| count.parse().unwrap_or(0));
    }
    assert!(everything.contains(&format!("{counted} merchants")), "{counted} by market: {everything}");
    let page = browser.get(&format!("{LIST}?status=foo&sort=bar&q={}", merchant.id)).await;
    assert!(page.text().contains("Left out, because its value means nothing here: status, sort."), "{}", page.text());
    assert_eq!(rows(&page.body), [path]);
    for state in ["no-units", "gone", "waiting"] {
        assert!(browser.get(&format!("{LIST}?state={state}")).await.text().contains("No match"), "{state}");
    }
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn merchants_are_for_their_partner_alone(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let foreign = portal.sandbox.merchants_of(PARTNER).into_iter().map(|merchant| (merchant.scheme, merchant.id));
    let own = portal.sandbox.merchants_of(OTHER_PARTNER);
    let (scheme, id) =
        foreign.clone().find(|(_, id)| own.iter().all(|own| own.id != *id)).expect("a merchant of one partner only");
    let other = portal.member("o@example.com", &[(OTHER_PARTNER, Role::Admin)]).await;
    let calls = portal.sandbox.calls().len();
    let page = other.get(&format!("/as/{OTHER_PARTNER}/merchants/{scheme}/{id}")).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND, "{}", page.text());
    let refresh = other.post(&format!("/as/{OTHER_PARTNER}/merchants/{scheme}/{id}/refresh"), &[]).await;
    assert_eq!(refresh.status, StatusCode::NOT_FOUND);
    let found = other.get(&format!("/as/{OTHER_PARTNER}/merchants?q={id}")).await;
    assert!(found.text().contains("No match"), "{}", found.text());
    assert_eq!(portal.sandbox.calls().len(), calls, "upstream must not be asked about somebody else's merchant");

    // Acting as a merchant there are no merchants, not even oneself.
    let merchant = portal.member("m@example.com", &[(MERCHANT, Role::Admin), (MERCHANT_WITH_KEYS, Role::Admin)]).await;
    let nothing = merchant.get("/as/org_nobody").await;
    for organisation in [MERCHANT, MERCHANT_WITH_KEYS] {
        let (scheme, id) = foreign.clone().next().unwrap();
        for path in [format!("/as/{organisation}/merchants"), format!("/as/{organisation}/merchants/{scheme}/{id}")] {
            let page = merchant.get(&path).await;
            assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
            assert_eq!(page.body_without_nonce(), nothing.body_without_nonce(), "{path}");
        }
        let refresh = merchant.post(&format!("/as/{organisation}/merchants/{scheme}/{id}/refresh"), &[]).await;
        assert_eq!(refresh.status, StatusCode::NOT_FOUND);
        let landing = merchant.get(&format!("/as/{organisation}")).await;
        assert!(!landing.body.contains("/merchants"), "the menu of a merchant leads nowhere");
    }
    let units = merchant.get(&format!("/as/{MERCHANT}/sales-units")).await;
    let unit = units.body.split(&format!("href=\"/as/{MERCHANT}/sales-units/")).nth(1).unwrap();
    let msn: String = unit.chars().take_while(char::is_ascii_digit).collect();
    let details = merchant.get(&format!("/as/{MERCHANT}/sales-units/{msn}")).await;
    assert!(details.status == StatusCode::OK && !details.body.contains("/merchants/"), "{}", details.text());
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn details_show_everything_and_refresh_at_once(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let browser = portal.member("a@example.com", &[(PARTNER, Role::Viewer)]).await;
    let merchant = portal.sandbox.merchants_of(PARTNER).into_iter().find(|merchant| merchant.msns.len() > 1).unwrap();
    let path = format!("{LIST}/{}/{}", merchant.scheme, merchant.id);
    let page = browser.get(&format!("{path}?list=q%3Dkaf%26sort%3D-created")).await;
    assert_eq!(page.status, StatusCode::OK);
    for expected in [merchant.name.as_str(), "Active", "Business address", "Created", "Fetched", "Upstream's answer"] {
        assert!(page.text().contains(expected), "{expected:?} is missing: {}", page.text());
    }
    for msn in &merchant.msns {
        assert!(page.body.contains(&format!("/sales-units/{msn}\"")), "{msn} is not linked");
        let unit = browser.get(&format!("/as/{PARTNER}/sales-units/{msn}")).await;
        assert!(unit.body.contains(&format!("href=\"{path}\"")), "{msn} does not link to its merchant");
    }
    let all = format!("href=\"/as/{PARTNER}/sales-units?q={}\"", merchant.id);
    assert!(page.body.contains(&all), "the list of its units is not linked");
    let back = format!("href=\"{LIST}?q=kaf&amp;sort=-created\"");
    assert!(page.body.contains(&back), "the way back to the list has lost the filter: {}", page.body);

    let calls = portal.sandbox.calls().len();
    let answer = browser.post(&format!("{path}/refresh"), &[("list", "q=kaf&market=xx")]).await;
    assert_eq!(answer.location(), format!("{path}?list=q%3Dkaf&refresh=done"));
    assert_eq!(portal.sandbox.calls().len(), calls + 1);
    let page = browser.get(answer.location()).await;
    assert!(page.text().contains("Fetched from Vipps MobilePay just now."), "{}", page.text());

    // Without an active unit upstream says that there is no such merchant.
    for msn in &merchant.msns {
        assert!(portal.sandbox.hide(msn));
        browser.post(&format!("/as/{PARTNER}/sales-units/{msn}/refresh"), &[]).await;
    }
    let row = format!("{}/{}", merchant.scheme, merchant.id);
    assert_eq!(rows(&browser.get(&format!("{LIST}?state=no-units")).await.body), [row.as_str()]);
    browser.post(&format!("{path}/refresh"), &[]).await;
    let page = browser.get(&path).await;
    assert!(page.text().contains("has not shown this merchant since"), "{}", page.text());
    assert!(page.text().contains(&merchant.name) && page.text().contains("No longer visible"), "{}", page.text());
    assert_eq!(rows(&browser.get(&format!("{LIST}?state=gone")).await.body), [row]);

    portal.stop_sandbox().await;
    let answer = browser.post(&format!("{path}/refresh"), &[]).await;
    assert_eq!(answer.location(), format!("{path}?refresh=silent"));
    assert!(browser.get(answer.location()).await.text().contains("Vipps MobilePay did not answer"));
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn the_list_follows_who_owns_the_units(pool: PgPool) {
    let portal = TestPortal::start(pool).await;
    let browser = portal.member("a@example.com", &[(PARTNER, Role::Viewer)]).await;
    let scope = Scope::whole(org(PARTNER));
    let save = async |msn: &str, owner: Option<&str>| {
        let unit = SalesUnitDetails {
            msn: Msn::parse(msn).unwrap(),
            name: format!("Shop {msn}"),
            business_identifier: owner.map(|id| BusinessIdentifier::new("business:NO:ORG", id)),
            configuration: Configuration::default(),
        };
        let mut tenant = portal.portal.store().tenant(&scope).await.unwrap();
        tenant.save_sales_unit_details(&[(unit, "{}".to_owned())], OffsetDateTime::now_utc()).await.unwrap();
        tenant.commit().await.unwrap();
    };
    let shown = async || rows(&browser.get(&format!("{LIST}?sort=id")).await.body);
    let at = |id: &str| format!("business:NO:ORG/{id}");
    assert!(browser.get(LIST).await.text().contains("Not synced yet"));
    save("1001", Some("900000001")).await;
    save("1002", Some("900000001")).await;
    assert_eq!(shown().await, [at("900000001")]);
    assert!(browser.get(&format!("{LIST}?state=waiting")).await.text().contains("900\u{a0}000\u{a0}001"));
    // One unit goes over to somebody else, then the other one.
    save("1001", Some("900000002")).await;
    assert_eq!(shown().await, [at("900000001"), at("900000002")]);
    save("1002", Some("900000002")).await;
    assert_eq!(shown().await, [at("900000002")], "nothing is known of a merchant without units and name");
    assert_eq!(browser.get(&format!("{LIST}/{}", at("900000001"))).await.status, StatusCode::NOT_FOUND);
    let page = browser.get(&format!("{LIST}/{}", at("900000002"))).await;
    assert!(page.text().contains("Not fetched yet") && page.text().contains("Shop 1001"), "{}", page.text());
    save("1001", None).await;
    save("1002", None).await;
    assert!(shown().await.is_empty());
    save("1002", Some("900000001")).await;
    assert_eq!(shown().await, [at("900000001")]);
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn pages_forwards_and_backwards_hold_every_merchant_once(pool: PgPool) {
    let portal = TestPortal::start(pool).await;
    let browser = portal.member("a@example.com", &[(PARTNER, Role::Viewer)]).await;
    let scope = Scope::whole(org(PARTNER));
    let schemes = ["business:NO:ORG", "business:FI:Y-tunnus", "business:x/y z:%2F"];
    let told: Vec<(Merchant, String)> = (0..173)
        .map(|number: usize| {
            let merchant = Merchant {
                business_identifier: BusinessIdentifier::new(schemes[number % 3], format!("{}", 900_000_000 + number)),
                name: if number.is_multiple_of(5) { String::new() } else { format!("Café {}", number % 7) },
                status: Some("ACTIVE".to_owned()),
                country_code: None,
                business_address: None,
                post_address: None,
                created_at: (!number.is_multiple_of(4))
                    .then(|| OffsetDateTime::UNIX_EPOCH + time::Duration::days(i64::try_from(number % 11).unwrap())),
                updated_at: None,
            };
            (merchant, "{}".to_owned())
        })
        .collect();
    let mut tenant = portal.portal.store().tenant(&scope).await.unwrap();
    tenant.save_merchants(&told, OffsetDateTime::now_utc()).await.unwrap();
    tenant.commit().await.unwrap();

    for sort in ["", "-name", "id", "-created", "created"] {
        let (mut path, mut forwards) = (format!("{LIST}?status=active&{}", query(&[("sort", sort)])), Vec::new());
        path = if sort.is_empty() { format!("{LIST}?status=active") } else { path };
        loop {
            let page = browser.get(&path).await;
            assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.location());
            forwards.extend(rows(&page.body));
            match link(&page.body, "Next page") {
                Some(next) => path = next,
                None => break,
            }
        }
        assert_eq!(forwards.len(), 173, "{sort}");
        let mut backwards = Vec::new();
        loop {
            let page = browser.get(&path).await;
            backwards.splice(0..0, rows(&page.body));
            match link(&page.body, "Previous page") {
                Some(previous) => path = previous,
                None => break,
            }
        }
        assert_eq!(forwards, backwards, "{sort}");
        forwards.sort();
        forwards.dedup();
        assert_eq!(forwards.len(), 173, "{sort}");
    }
    // Whatever its identifier holds, each can be opened.
    for row in rows(&browser.get(&format!("{LIST}?market=unknown")).await.body).into_iter().take(3) {
        let page = browser.get(&format!("{LIST}/{row}")).await;
        assert_eq!(page.status, StatusCode::OK, "{row}");
        let refresh = browser.post(&format!("{LIST}/{row}/refresh"), &[]).await;
        assert_eq!(refresh.status, StatusCode::SEE_OTHER, "{row}");
        assert!(refresh.location().starts_with(&format!("{LIST}/{row}?refresh=")), "{}", refresh.location());
    }
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn nonsense_in_the_address_gives_clear_pages(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let browser = portal.member("a@example.com", &[(PARTNER, Role::Viewer)]).await;
    let long = "x".repeat(5_000);
    for nonsense in
        ["%00", "%ff%fe", "'%3B drop table merchant%3B--", "%25", "~", "~~~", "1~", "-name~", "..%2F", &long]
    {
        for key in ["q", "market", "status", "state", "sort", "after", "before", "page", "list", "refresh"] {
            let page = browser.get(&format!("{LIST}?{key}={nonsense}")).await;
            assert_eq!(page.status, StatusCode::OK, "{key}={nonsense}");
        }
        let nonsense = nonsense.replace(' ', "");
        for path in
            [format!("{LIST}/{nonsense}"), format!("{LIST}/{nonsense}/1"), format!("{LIST}/business:NO:ORG/{nonsense}")]
        {
            let details = browser.get(&path).await;
            assert_eq!(details.status, StatusCode::NOT_FOUND, "{path}");
            let refresh = browser.post(&format!("{path}/refresh"), &[]).await;
            assert!([400, 404, 405].contains(&refresh.status.as_u16()), "{path}: {}", refresh.status);
        }
    }
}
