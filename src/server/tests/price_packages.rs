//! Price packages, and where it is known from which one a sales unit has.

use reqwest::StatusCode;
use sqlx::PgPool;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{MERCHANT, PARTNER, TestPortal, org};
use crate::domain::identifiers::{BusinessIdentifier, Msn};
use crate::domain::organisation::Role;
use crate::domain::price_package::PricePackage;
use crate::domain::product_order::{OrderKind, OrderStatus, ProductType, UpstreamOrder};
use crate::domain::sales_unit::{Configuration, Flag, ListedSalesUnit, SalesUnitDetails};
use crate::server::store::price_packages::PackageListOutcome;
use crate::server::store::product_orders::NewProductOrder;
use crate::server::store::{MIGRATIONS, Scope};

const LIST: &str = "/as/org_kystkassa/price-packages";
const UNITS: &str = "/as/org_kystkassa/sales-units";

fn package(id: &str, name: &str, market: Option<&str>, product_type: ProductType) -> (PricePackage, String) {
    let package = PricePackage {
        id: id.to_owned(),
        name: name.to_owned(),
        description: "2.99%".to_owned(),
        product_type,
        market: market.map(ToOwned::to_owned),
        commission: Some("30 %".to_owned()),
        visible_in_signup_form: Flag::Yes,
    };
    (package, "{}".to_owned())
}

fn packages() -> Vec<(PricePackage, String)> {
    vec![
        package("p-online", "Online standard", Some("NO"), ProductType::PaymentIntegration),
        package("p-pos", "POS standard", Some("NO"), ProductType::Cashier),
        package("p-dk", "Kasse standard", Some("DK"), ProductType::Cashier),
        package("p-old", "<b>Fra før</b>", None, ProductType::Unknown),
    ]
}

async fn apply(portal: &TestPortal, listed: &[(PricePackage, String)], trusting: bool) -> PackageListOutcome {
    let scope = Scope::whole(org(PARTNER));
    let mut tenant = portal.portal.store().tenant(&scope).await.unwrap();
    let outcome = tenant.apply_price_package_list(listed, OffsetDateTime::now_utc(), trusting).await.unwrap();
    tenant.commit().await.unwrap();
    outcome
}

/// A sales unit of a Norwegian merchant.
async fn add_unit(portal: &TestPortal, msn: &str, name: &str) {
    let scope = Scope::whole(org(PARTNER));
    let mut tenant = portal.portal.store().tenant(&scope).await.unwrap();
    let details = SalesUnitDetails {
        msn: Msn::parse(msn).unwrap(),
        name: name.to_owned(),
        business_identifier: Some(BusinessIdentifier::new("business:NO:ORG", "987654325")),
        configuration: Configuration::default(),
    };
    tenant.save_sales_unit_details(&[(details, "{}".to_owned())], OffsetDateTime::now_utc()).await.unwrap();
    tenant.commit().await.unwrap();
}

/// An order sent from here that has become a sales unit.
async fn add_order(
    portal: &TestPortal,
    package: &str,
    msn: &str,
    sent_at: OffsetDateTime,
    status: OrderStatus,
) -> Uuid {
    let scope = Scope::whole(org(PARTNER));
    let (id, upstream_id) = (Uuid::new_v4(), Uuid::new_v4());
    let business = BusinessIdentifier::new("business:NO:ORG", "987654325");
    let mut tenant = portal.portal.store().tenant(&scope).await.unwrap();
    let order = NewProductOrder {
        id,
        business_identifier: business.clone(),
        product_type: "CASHIER".to_owned(),
        sales_unit_name: None,
        price_package_id: Some(package.to_owned()),
        by_email: Some("a@example.com".to_owned()),
        template: None,
        replaces: None,
        prefill: Some(serde_json::json!({})),
        of_program: None,
        sealed_request: Vec::new(),
    };
    assert!(tenant.begin_product_order(&order, sent_at).await.unwrap());
    tenant.finish_product_order(id, upstream_id, None, sent_at).await.unwrap();
    let upstream = UpstreamOrder {
        id: upstream_id,
        kind: OrderKind::Prefill,
        product_type: ProductType::Cashier,
        status,
        business_identifier: Some(business),
        url: None,
        sales_unit: Some(ListedSalesUnit { msn: Msn::parse(msn).unwrap(), name: None }),
    };
    tenant.save_product_order(&upstream, "{}", sent_at + time::Duration::SECOND, sent_at).await.unwrap();
    tenant.commit().await.unwrap();
    id
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn packages_are_kept_and_an_empty_list_is_not_believed(pool: PgPool) {
    let portal = TestPortal::start(pool).await;
    let first = apply(&portal, &packages(), false).await;
    assert_eq!(first, PackageListOutcome { new: 4, gone: 0, held: 0 });
    assert_eq!(apply(&portal, &[], false).await, PackageListOutcome { new: 0, gone: 0, held: 4 });
    assert_eq!(apply(&portal, &packages()[..3], false).await, PackageListOutcome { new: 0, gone: 1, held: 0 });

    let browser = portal.member("a@example.com", &[(PARTNER, Role::Viewer)]).await;
    let page = browser.get(LIST).await;
    let text = page.text();
    assert_eq!(page.status, StatusCode::OK);
    for expected in [
        "4 price packages",
        "Online standard",
        "2.99%",
        "Cashier",
        "Denmark",
        "30 %",
        "Yes",
        "p-pos",
        "<b>Fra før</b>",
        "No longer offered",
    ] {
        assert!(text.contains(expected), "{expected:?} is missing: {text}");
    }
    assert!(page.body.contains("id=\"package-p-pos\""));
    assert!(!page.body.contains("<b>Fra"));

    assert_eq!(apply(&portal, &packages(), false).await.gone, 0);
    assert!(!browser.get(LIST).await.text().contains("No longer offered"), "what is back is no longer gone");
    assert_eq!(apply(&portal, &[], true).await.gone, 4, "who trusts the list is obeyed");
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn packages_are_narrowed_down_by_links(pool: PgPool) {
    let portal = TestPortal::start(pool).await;
    apply(&portal, &packages(), false).await;
    let browser = portal.member("a@example.com", &[(PARTNER, Role::Viewer)]).await;
    for (query, shown) in [
        ("market=NO", [true, true, false, false]),
        ("product=CASHIER", [false, true, true, false]),
        ("market=NO&product=CASHIER", [false, true, false, false]),
        ("market=SE", [false; 4]),
    ] {
        let page = browser.get(&format!("{LIST}?{query}")).await;
        let ids = ["p-online", "p-pos", "p-dk", "p-old"];
        assert_eq!(ids.map(|id| page.body.contains(&format!("id=\"package-{id}\""))), shown, "{query}");
        assert!(page.body.contains("href=\"/as/org_kystkassa/price-packages\"") || query.contains('&'), "{query}");
    }
    for nonsense in ["market=%00", "product=%27--", "units=%3Cscript%3Ealert(1)", "units=%00"] {
        let page = browser.get(&format!("{LIST}?{nonsense}")).await;
        assert_eq!(page.status, StatusCode::OK, "{nonsense}");
        assert!(!page.body.contains("<script>alert"));
    }
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_units_package_is_that_of_its_newest_completed_order(pool: PgPool) {
    let portal = TestPortal::start(pool).await;
    apply(&portal, &packages(), false).await;
    add_unit(&portal, "123456", "Kafé Blå").await;
    let now = OffsetDateTime::now_utc();
    add_order(&portal, "p-online", "123456", now - time::Duration::days(9), OrderStatus::Completed).await;
    let newest = add_order(&portal, "p-pos", "123456", now - time::Duration::days(2), OrderStatus::Completed).await;
    add_order(&portal, "p-dk", "123456", now - time::Duration::days(1), OrderStatus::Rejected).await;

    let browser = portal.member("a@example.com", &[(PARTNER, Role::Operator)]).await;
    let page = browser.get(&format!("{UNITS}/123456")).await;
    let text = page.text();
    for expected in ["Price package", "POS standard", "30 %", "Norway", "Known from the product order sent 20"] {
        assert!(text.contains(expected), "{expected:?} is missing: {text}");
    }
    assert!(page.body.contains(&format!("/as/org_kystkassa/product-orders/{newest}")));
    assert!(page.body.contains("/as/org_kystkassa/price-packages#package-p-pos"));

    // A note that says otherwise stands beside it, and does not count.
    let note = format!("{UNITS}/123456/price-package");
    let answer = browser.post(&note, &[("package", "p-online"), ("list", "q=kaf")]).await;
    assert_eq!(answer.location(), format!("{UNITS}/123456?list=q%3Dkaf#price-package"));
    let text = browser.get(&format!("{UNITS}/123456")).await.text();
    for expected in ["POS standard", "Online standard", "Noted by a@example.com on", "The order counts."] {
        assert!(text.contains(expected), "{expected:?} is missing: {text}");
    }
    let list = browser.get(&format!("{LIST}?units=p-pos")).await;
    assert!(list.text().contains("1 sales unit") && list.text().contains("Kafé Blå"), "{}", list.text());
    let row = list.body.split("id=\"package-p-online\"").nth(1).unwrap().split("</tr>").next().unwrap();
    assert!(row.contains("1 order") && !row.contains("sales unit"), "{row}");
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn staff_note_a_package_where_no_order_tells_it(pool: PgPool) {
    let portal = TestPortal::start(pool).await;
    apply(&portal, &packages(), false).await;
    add_unit(&portal, "123456", "Kafé Blå").await;
    let unit = format!("{UNITS}/123456");
    let note = format!("{unit}/price-package");
    let viewer = portal.member("v@example.com", &[(PARTNER, Role::Viewer)]).await;
    let text = viewer.get(&unit).await.text();
    assert!(text.contains("Not known: Vipps MobilePay does not tell the price package of a sales unit."), "{text}");
    assert!(text.contains("Your role in this organisation does not allow that."), "{text}");
    assert_eq!(viewer.post(&note, &[("package", "p-pos")]).await.status, StatusCode::FORBIDDEN);

    let browser = portal.member("a@example.com", &[(PARTNER, Role::Operator)]).await;
    let page = browser.get(&unit).await;
    assert!(page.body.contains("value=\"p-pos\"") && !page.body.contains("value=\"p-dk\""), "only those of its market");
    for nonsense in ["nonsense", "\0", "p-pos\0"] {
        assert_eq!(browser.post(&note, &[("package", nonsense)]).await.status, StatusCode::NOT_FOUND);
    }
    assert_eq!(browser.post(&format!("{UNITS}/999999/price-package"), &[]).await.status, StatusCode::NOT_FOUND);
    assert_eq!(browser.post(&note, &[("package", "p-pos")]).await.status, StatusCode::SEE_OTHER);
    let text = browser.get(&unit).await.text();
    assert!(text.contains("POS standard") && text.contains("Noted by a@example.com on 20"), "{text}");
    assert!(!text.contains("Not known"), "{text}");
    assert!(browser.get(&format!("{LIST}?units=p-pos")).await.text().contains("Kafé Blå"));

    assert_eq!(browser.post(&note, &[("package", "")]).await.status, StatusCode::SEE_OTHER);
    assert!(browser.get(&unit).await.text().contains("Not known"), "the note is still there");
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_merchant_sees_and_notes_no_package(pool: PgPool) {
    let portal = TestPortal::start(pool).await;
    apply(&portal, &packages(), false).await;
    let merchant = portal.sandbox.merchants_of(PARTNER).remove(0);
    let scope = Scope::whole(org(PARTNER));
    let mut tenant = portal.portal.store().tenant(&scope).await.unwrap();
    let now = OffsetDateTime::now_utc();
    let msn = Msn::parse(&merchant.msns[0]).unwrap();
    let details = SalesUnitDetails {
        msn: msn.clone(),
        name: "Kafé Blå".to_owned(),
        business_identifier: Some(BusinessIdentifier::new(merchant.scheme, merchant.id)),
        configuration: Configuration::default(),
    };
    tenant.save_sales_unit_details(&[(details, "{}".to_owned())], now).await.unwrap();
    tenant
        .note_price_package(&msn, "p-pos", portal.person("b@example.com", &[]).await, "b@example.com", now)
        .await
        .unwrap();
    tenant.commit().await.unwrap();

    let browser = portal.member("m@example.com", &[(MERCHANT, Role::Admin)]).await;
    let unit = format!("/as/{MERCHANT}/sales-units/{msn}");
    let page = browser.get(&unit).await;
    assert!(
        page.text().contains("Kafé Blå") && !page.text().to_lowercase().contains("price package"),
        "{}",
        page.text()
    );
    assert_eq!(
        browser.post(&format!("{unit}/price-package"), &[("package", "p-online")]).await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(browser.get(&format!("/as/{MERCHANT}/price-packages")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(
        browser.post(&format!("/as/{MERCHANT}/price-packages/refresh"), &[]).await.status,
        StatusCode::NOT_FOUND
    );
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn only_orders_that_upstream_has_count_for_a_package(pool: PgPool) {
    let portal = TestPortal::start(pool).await;
    apply(&portal, &packages(), false).await;
    let now = OffsetDateTime::now_utc();
    for number in 0..4 {
        add_order(&portal, "p-pos", &format!("12345{number}"), now, OrderStatus::Submitted).await;
    }
    let scope = Scope::whole(org(PARTNER));
    let mut transaction = portal.pool.begin().await.unwrap();
    let acting = "select set_config('portal.organisation', $1, true)";
    sqlx::query(acting).bind(PARTNER).execute(&mut *transaction).await.unwrap();
    for (msn, delivery) in [("123450", "refused"), ("123451", "missing"), ("123452", "unknown")] {
        let change = "update product_order set delivery = $2 where msn = $1";
        sqlx::query(change).bind(msn).bind(delivery).execute(&mut *transaction).await.unwrap();
    }
    transaction.commit().await.unwrap();
    let mut tenant = portal.portal.store().tenant(&scope).await.unwrap();
    let known = tenant.price_packages().await.unwrap();
    assert_eq!(known.iter().find(|known| known.package.id == "p-pos").map(|known| known.orders), Some(1));
}
