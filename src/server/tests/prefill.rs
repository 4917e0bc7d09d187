//! Filling in a product order: checked, kept, corrected, and sent once.

use png::{BitDepth, ColorType, Encoder};
use reqwest::StatusCode;
use sqlx::PgPool;
use uuid::Uuid;

use super::{Answer, Browser, OTHER_PARTNER, PARTNER, TestPortal};
use crate::domain::organisation::Role;
use crate::server::store::MIGRATIONS;

const NEW: &str = "/as/org_kystkassa/product-orders/new";
const ORDERS: &str = "/as/org_kystkassa/product-orders";

const RIGHT: [(&str, &str); 9] = [
    ("market", "NO"),
    ("business_identifier", "918 713 867"),
    ("sales_unit_name", "Ørjans Kaffe"),
    ("product_type", "PAYMENT_INTEGRATION"),
    ("use_case", "Website"),
    ("intended_purpose", "Coffee beans and cups, sold on the website and sent by post."),
    ("website_url", "https://example.com"),
    ("terms_url", "https://example.com/terms"),
    ("settlement_account", "NO93 8601 1117 947"),
];

/// Sends a form although there are warnings: they are shown first.
pub async fn send(staff: &Browser, form: &[(&str, &str)]) -> Answer {
    let mut form = form.to_vec();
    form.push(("intent", "send"));
    let shown = staff.post(NEW, &form).await;
    if shown.status != StatusCode::UNPROCESSABLE_ENTITY || shown.hidden("seen").is_empty() {
        return shown;
    }
    let seen = shown.hidden("seen");
    form.push(("seen", &seen));
    staff.post(NEW, &form).await
}

fn with<'a>(form: &[(&'a str, &'a str)], more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let kept = form.iter().filter(|(name, _)| !more.iter().any(|(other, _)| other == name));
    kept.chain(more).copied().collect()
}

fn picture(width: u32, height: u32) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, width, height);
    encoder.set_color(ColorType::Grayscale);
    encoder.set_depth(BitDepth::Eight);
    let pixels = vec![7; width as usize * height as usize];
    encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
    file
}

/// Uploads a picture; returns its hash.
pub async fn keep_logo(staff: &Browser) -> String {
    let form = staff.upload(NEW, &[("intent", "check")], &[("logo_file", "a.png", &picture(200, 200))]).await;
    let hash = form.hidden("logo");
    assert_eq!(hash.len(), 64, "{}", form.text());
    hash
}

/// Changes something in the database where the partner's rows are.
pub async fn as_partner(portal: &TestPortal, statement: &'static str, bound: &str) {
    let mut transaction = portal.pool.begin().await.unwrap();
    let acting = "select set_config('portal.organisation', $1, true)";
    sqlx::query(acting).bind(PARTNER).execute(&mut *transaction).await.unwrap();
    let changed = sqlx::query(statement).bind(bound).execute(&mut *transaction).await.unwrap();
    assert_eq!(changed.rows_affected(), 1);
    transaction.commit().await.unwrap();
}

async fn operator(portal: &TestPortal) -> Browser {
    portal.member("operator@example.com", &[(PARTNER, Role::Operator)]).await
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_check_sends_nothing_and_keeps_everything_but_the_password(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let staff = operator(&portal).await;
    let form = staff.get(NEW).await;
    assert_eq!(form.status, StatusCode::OK);
    let key = form.hidden("key");
    assert!(key.parse::<Uuid>().is_ok(), "{key}");
    let before = portal.sandbox.order_count();
    let wrong = [
        ("sales_unit_name", "Fish & Chips \"<b>\""),
        ("business_identifier", "918713868"),
        ("use_case", "WebsiteWithTest"),
        ("test_website_username", "tester"),
        ("test_website_password", "sesame-open"),
        ("intended_purpose", "Line one\nLine two </textarea>"),
        ("key", &key),
    ];
    let checked = staff.post(NEW, &with(&RIGHT, &[&wrong[..], &[("intent", "check")]].concat())).await;
    assert_eq!(checked.status, StatusCode::OK);
    let text = checked.text();
    assert!(
        text.contains("To be corrected before it can be sent:") && text.contains("the check digit does not fit"),
        "{text}"
    );
    for (_, value) in
        with(&RIGHT, &wrong).iter().filter(|(name, value)| *name != "test_website_password" && !value.contains('\n'))
    {
        let value = value.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;");
        assert!(checked.body.contains(&value), "{value} is lost: {}", checked.body);
    }
    assert!(checked.body.contains("Line one\nLine two &lt;/textarea&gt;"));
    assert!(!checked.body.contains("sesame-open") && text.contains("Type the password again"), "{text}");
    assert_eq!(checked.hidden("key"), key, "it is still the same order");

    let refused = staff.post(NEW, &with(&RIGHT, &[&wrong[..], &[("intent", "send")]].concat())).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("Nothing was sent. Correct these first:"), "{}", refused.text());
    assert_eq!(portal.sandbox.order_count(), before);
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn warnings_are_shown_before_an_order_is_sent(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let staff = operator(&portal).await;
    let key = staff.get(NEW).await.hidden("key");
    let form = with(&RIGHT, &[("key", &key), ("intent", "send"), ("settlement_account", "NO93 8601 1117 947")]);
    let before = portal.sandbox.order_count();
    let shown = staff.post(NEW, &form).await;
    assert_eq!(shown.status, StatusCode::UNPROCESSABLE_ENTITY);
    let text = shown.text();
    assert!(text.contains("Nothing was sent yet. These can delay the order") && text.contains("Send anyway"), "{text}");
    assert!(text.contains("is sent as the account number 86011117947"), "{text}");
    assert_eq!(portal.sandbox.order_count(), before);
    // One that was not shown yet is shown, too.
    let seen = shown.hidden("seen");
    let other = with(&form, &[("intended_purpose", "Short"), ("seen", &seen)]);
    assert_eq!(staff.post(NEW, &other).await.status, StatusCode::UNPROCESSABLE_ENTITY);

    let sent = staff.post(NEW, &with(&form, &[("seen", &seen)])).await;
    assert_eq!(sent.location(), format!("{ORDERS}/{key}?did=sent"), "{}", sent.text());
    assert_eq!(portal.sandbox.order_count(), before + 1);
    let page = staff.get(sent.location()).await;
    let text = page.text();
    assert!(text.contains("Sent. Vipps MobilePay has the order") && text.contains("/register/prefilled/"), "{text}");
    for filled_in in ["Use caseWebsite", "Sales unit nameØrjans Kaffe", "MarketNorway", "ProductPayment integration"] {
        assert!(text.contains(filled_in), "{filled_in}: {text}");
    }
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_form_sent_many_times_makes_one_order(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let staff = operator(&portal).await;
    let key = staff.get(NEW).await.hidden("key");
    let before = portal.sandbox.order_count();
    let form = with(&RIGHT, &[("key", &key), ("intent", "send")]);
    let seen = staff.post(NEW, &form).await.hidden("seen");
    let form = with(&form, &[("seen", &seen)]);
    let answers = futures::future::join_all((0..6).map(|_| staff.post(NEW, &form))).await;
    let place = format!("{ORDERS}/{key}");
    for answer in &answers {
        assert!(answer.location().starts_with(&place), "{} {}", answer.status, answer.text());
    }
    assert_eq!(answers.iter().filter(|answer| answer.location().ends_with("did=sent")).count(), 1);
    assert_eq!(portal.sandbox.order_count(), before + 1);

    // Something else under the same key is another order, and nobody is to send that unawares.
    let other = staff.post(NEW, &with(&form, &[("sales_unit_name", "Another name")])).await;
    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(other.text().contains("This form has been sent before with other values"), "{}", other.text());
    assert!(other.body.contains(&format!("href=\"{place}\"")) && other.body.contains("Another name"));
    let new_key = other.hidden("key");
    assert_ne!(new_key, key);
    let second = staff.post(NEW, &with(&form, &[("sales_unit_name", "Another name"), ("key", &new_key)])).await;
    assert_eq!(second.location(), format!("{ORDERS}/{new_key}?did=sent"));
    assert_eq!(portal.sandbox.order_count(), before + 2);
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn what_upstream_refuses_stands_beside_its_field(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let staff = operator(&portal).await;
    // A package that has gone upstream since the last sync.
    let gone = Uuid::new_v4().to_string();
    let insert = "insert into price_package (organisation_id, id, name, description, seen_at) \
                  values ('org_kystkassa', $1, 'Gone', '1%', now())";
    as_partner(&portal, insert, &gone).await;
    let key = staff.get(NEW).await.hidden("key");
    let form = with(&RIGHT, &[("key", &key), ("price_package_id", &gone)]);
    let refused = send(&staff, &form).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let text = refused.text();
    assert!(text.contains("Vipps MobilePay refused the order; there is none."), "{text}");
    assert!(text.contains("Price package: Vipps MobilePay says: is not one of the partner's price packages"), "{text}");
    assert!(refused.body.contains("id=\"field-price_package_id-fault\""), "{}", refused.body);
    let new_key = refused.hidden("key");
    assert_ne!(new_key, key, "upstream remembers its refusal for the key");

    // The same again, as a second click would: the same answer.
    let twice = send(&staff, &form).await;
    assert!(twice.text().contains("is not one of the partner's price packages"), "{}", twice.text());
    assert_eq!(staff.get(&format!("{ORDERS}/{key}")).await.status, StatusCode::OK, "what was typed is kept");
    let again = staff.get(&format!("{NEW}?corrects={key}")).await;
    assert!(again.text().contains("is not one of the partner's price packages"), "{}", again.text());
    assert!(again.body.contains("Ørjans Kaffe") && again.hidden("replaces").is_empty());

    let right = with(&form, &[("key", &new_key), ("price_package_id", "")]);
    let sent = send(&staff, &right).await;
    assert_eq!(sent.location(), format!("{ORDERS}/{new_key}?did=sent"), "{}", sent.text());
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn an_order_is_corrected_in_two_steps(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let staff = operator(&portal).await;
    let old = Uuid::new_v4().to_string();
    let sent = send(&staff, &with(&RIGHT, &[("key", &old)])).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text());
    let correcting = staff.get(&format!("{NEW}?corrects={old}")).await;
    assert_eq!(correcting.status, StatusCode::OK);
    assert!(correcting.text().contains("Step 1 of 2") && correcting.body.contains("Ørjans Kaffe"));
    let (key, replaces) = (correcting.hidden("key"), correcting.hidden("replaces"));
    assert_eq!(replaces, old);

    let right = with(&RIGHT, &[("key", &key), ("replaces", &replaces), ("sales_unit_name", "Right name")]);
    let sent = send(&staff, &right).await;
    let page = staff.get(sent.location()).await.text();
    assert!(page.contains("Step 2 of 2") && page.contains("Delete the earlier order"), "{page}");
    let count = portal.sandbox.order_count();
    let deleted = staff.post(&format!("{ORDERS}/{old}/delete"), &[]).await;
    assert_eq!(deleted.location(), format!("{ORDERS}/{old}?did=deleted"));
    assert_eq!(portal.sandbox.order_count(), count - 1);
    assert!(!staff.get(&format!("{ORDERS}/{key}")).await.text().contains("Step 2 of 2"));
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn an_order_whose_answer_is_lost_is_not_sent_twice(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let staff = operator(&portal).await;
    let key = Uuid::new_v4().to_string();
    let form = with(&RIGHT, &[("key", &key)]);
    let before = portal.sandbox.order_count();
    portal.sandbox.set_faults(vec!["lost-answer=100%".parse().unwrap()]);
    let sent = send(&staff, &form).await;
    assert_eq!(sent.location(), format!("{ORDERS}/{key}"), "{}", sent.text());
    assert!(staff.get(sent.location()).await.text().contains("Do not send another one"));
    assert_eq!(send(&staff, &form).await.location(), format!("{ORDERS}/{key}"));
    assert_eq!(
        staff.get(&format!("{NEW}?corrects={key}")).await.status,
        StatusCode::NOT_FOUND,
        "not as long as it may be there"
    );
    assert_eq!(portal.sandbox.order_count(), before + 1);
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn an_order_that_cannot_arrive_is_kept_to_be_sent_again(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let staff = operator(&portal).await;
    let key = Uuid::new_v4().to_string();
    portal.stop_sandbox().await;
    let sent = send(&staff, &with(&RIGHT, &[("key", &key)])).await;
    assert_eq!(sent.location(), format!("{ORDERS}/{key}"), "{}", sent.text());
    assert!(staff.get(sent.location()).await.text().contains("it did not arrive"));
    portal.start_sandbox().await;
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_picture_is_kept_through_refusals_and_shown_with_the_order(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let staff = operator(&portal).await;
    let good = picture(120, 100);
    let refused = staff.upload(NEW, &[("intent", "send")], &[("logo_file", "a.png", &good)]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let hash = refused.hidden("logo");
    let address = format!("/as/org_kystkassa/logos/{hash}.png");
    assert!(refused.body.contains(&format!("src=\"{address}\"")), "{}", refused.body);
    assert!(refused.text().contains("The logo is not square"), "{}", refused.text());

    let shown = staff.get(&address).await;
    let header = |name: &str| shown.headers.get(name).unwrap().to_str().unwrap().to_owned();
    assert_eq!((shown.status, header("content-type")), (StatusCode::OK, "image/png".to_owned()));
    assert!(header("cache-control").starts_with("private"), "{}", header("cache-control"));
    for nothing in [format!("/as/org_kystkassa/logos/{hash}"), "/as/org_kystkassa/logos/x.png".to_owned()] {
        assert_eq!(staff.get(&nothing).await.status, StatusCode::NOT_FOUND);
    }
    let other = portal.member("other@example.com", &[(OTHER_PARTNER, Role::Admin)]).await;
    let elsewhere = format!("/as/{OTHER_PARTNER}/logos/{hash}.png");
    assert_eq!(other.get(&elsewhere).await.status, StatusCode::NOT_FOUND);

    let key = Uuid::new_v4().to_string();
    let sent = send(&staff, &with(&RIGHT, &[("key", &key), ("logo", &hash)])).await;
    assert!(staff.get(sent.location()).await.body.contains(&address), "{}", sent.text());
    let removed = staff.post(NEW, &with(&RIGHT, &[("logo", &hash), ("remove_logo", "yes")])).await;
    assert_eq!(removed.hidden("logo"), "");
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn pictures_are_kept_as_long_as_something_uses_them(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let staff = operator(&portal).await;
    let mut hashes = Vec::new();
    for size in [200, 201, 202, 203] {
        let form = staff.upload(NEW, &[("intent", "check")], &[("logo_file", "a.png", &picture(size, size))]).await;
        hashes.push(form.hidden("logo"));
    }
    let [ordered, preset, unused, fresh] = &hashes[..] else { panic!("{hashes:?}") };
    super::templates::make(&staff, &[("logo", preset)]).await;
    let sent = send(&staff, &with(&RIGHT, &[("key", &Uuid::new_v4().to_string()), ("logo", ordered)])).await;
    assert!(sent.location().ends_with("?did=sent"), "{}", sent.text());
    for hash in [ordered, preset, unused] {
        let age = "update logo set uploaded_at = now() - interval '25 hours' where hash = $1";
        as_partner(&portal, age, hash).await;
    }
    crate::server::sync::clean(portal.portal.store(), time::OffsetDateTime::now_utc()).await.unwrap();
    for (hash, status) in
        [(ordered, StatusCode::OK), (preset, StatusCode::OK), (fresh, StatusCode::OK), (unused, StatusCode::NOT_FOUND)]
    {
        assert_eq!(staff.get(&format!("/as/org_kystkassa/logos/{hash}.png")).await.status, status);
    }
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_picture_that_is_not_taken_takes_nothing_else_with_it(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let staff = operator(&portal).await;
    let large = [picture(100, 100), vec![0; 5 << 20]].concat();
    for (file, fault) in [
        (b"\xff\xd8\xff\xe0\0\x10JFIF".to_vec(), "This is a JPEG"),
        (picture(99, 200), "99 by 200 pixels"),
        (large, "more than 1 MB"),
    ] {
        let refused = staff.upload(NEW, &with(&RIGHT, &[("intent", "send")]), &[("logo_file", "a.png", &file)]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{fault}");
        assert!(refused.text().contains(fault), "{fault}: {}", refused.text());
        assert!(refused.body.contains("Ørjans Kaffe") && refused.hidden("logo").is_empty(), "{fault}");
    }
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_known_merchant_stands_beside_its_identifier(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let staff = operator(&portal).await;
    let merchant = portal.sandbox.merchants_of(PARTNER).remove(0);
    let scheme = merchant.scheme.replace(':', "%3A");
    for query in [format!("merchant={scheme}~{}", merchant.id), format!("scheme={scheme}&id={}", merchant.id)] {
        let form = staff.get(&format!("{NEW}?{query}")).await;
        let text = form.text();
        let units = merchant.msns.len();
        let known = format!("{}, {units} sales unit{}", merchant.name, if units == 1 { "" } else { "s" });
        assert!(text.contains(&known) && form.body.contains(&merchant.id), "{known}: {text}");
    }
    for nothing in ["corrects=x", "template=x", "corrects=4a8fbb0c-6c1c-4f0e-9b38-0a4b7a1b7c11"] {
        assert_eq!(staff.get(&format!("{NEW}?{nothing}")).await.status, StatusCode::NOT_FOUND, "{nothing}");
    }
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_viewer_is_told_what_is_needed(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let viewer = portal.member("viewer@example.com", &[(PARTNER, Role::Viewer)]).await;
    let page = viewer.get(NEW).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(page.text().contains("you need the role operator") && !page.body.contains("business_identifier"));
    let before = portal.sandbox.order_count();
    assert_eq!(send(&viewer, &RIGHT).await.status, StatusCode::FORBIDDEN);
    assert_eq!(portal.sandbox.order_count(), before);
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn what_does_not_belong_to_the_product_is_kept_and_not_sent(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let staff = operator(&portal).await;
    let checked =
        staff.post(NEW, &with(&RIGHT, &[("product_type", "LOGIN"), ("app_name", "Kaffe"), ("intent", "check")])).await;
    let text = checked.text();
    assert!(checked.body.contains("value=\"Kaffe\"") && checked.body.contains("NO93 8601 1117 947"), "{text}");
    assert!(text.contains("This will not be sent (only for use in an app)."), "{text}");
    assert!(text.contains("This will not be sent (not for Login)."), "{text}");
    assert!(!checked.body.contains("name=\"annual_turnover\""), "what is neither asked for nor filled in is not there");
}
