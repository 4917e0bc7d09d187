//! Lists and files for programs, and the same files for people.

use std::collections::BTreeSet;

use sqlx::PgPool;

use super::*;
use crate::server::tests::{MERCHANT, MERCHANT_WITH_KEYS};

async fn reader(portal: &TestPortal, organisation: &str) -> Program {
    Program::with(portal, TokenOwner::Organisation(org(organisation)), TokenScope::Read).await
}

fn lists(organisation: &str) -> [String; 5] {
    ["sales-units", "merchants", "product-orders", "price-packages", "webhooks"]
        .map(|list| format!("/api/v1/organisations/{organisation}/{list}"))
}

fn field<'a>(rows: &'a Value, name: &str) -> Vec<&'a str> {
    rows.as_array().unwrap().iter().map(|row| row[name].as_str().unwrap_or_default()).collect()
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_list_is_read_page_by_page_with_its_filter(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let program = reader(&portal, PARTNER).await;
    let units = portal.units_upstream(PARTNER).await;
    let [sales_units, ..] = lists(PARTNER);
    let (mut seen, mut after) = (Vec::new(), None::<String>);
    loop {
        let cursor = after
            .map(|after| format!("&after={}", form_urlencoded::byte_serialize(after.as_bytes()).collect::<String>()));
        let page = program.get(&format!("{sales_units}?sort=-msn&limit=7{}", cursor.unwrap_or_default())).await.body;
        assert_eq!(
            (page["page"]["total"].as_u64(), page["page"]["skipped"].as_u64()),
            (Some(units as u64), Some(seen.len() as u64))
        );
        seen.extend(field(&page["data"], "msn").into_iter().map(|msn| msn.parse::<u64>().unwrap()));
        after = page["page"]["after"].as_str().map(ToOwned::to_owned);
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), units);
    assert!(seen.is_sorted_by(|a, b| a > b), "{seen:?}");
    let found = program.get(&format!("{sales_units}?capture=DirectCapture&market=NO")).await;
    assert_eq!(found.status, StatusCode::BAD_REQUEST);
    assert_eq!(found.faulty(), ["capture", "market"], "the words are those of the pages");
    let direct = program.get(&format!("{sales_units}?capture=direct&limit=1000")).await.body;
    assert!(!direct["data"].as_array().unwrap().is_empty());
    assert!(field(&direct["data"], "capture_type").iter().all(|capture| *capture == "DirectCapture"), "{direct}");
    assert_eq!(direct["copy"]["state"], "complete");
    assert!(direct["copy"]["as_of"].is_string());
    for list in lists(PARTNER) {
        let said = program.get(&list).await;
        assert!(!said.body["data"].as_array().unwrap().is_empty(), "{list}");
        let faulty = program.get(&format!("{list}?colour=blue")).await;
        assert_eq!((faulty.status, faulty.faulty()), (StatusCode::BAD_REQUEST, vec!["colour"]), "{list}");
    }
    assert_eq!(program.get(&format!("{sales_units}?limit=0&sort=size")).await.faulty(), ["limit", "sort"]);
    // A merchant has its own units, orders and webhooks, and nothing of what is between the partner and upstream.
    let merchant = reader(&portal, MERCHANT).await;
    let own = portal.sandbox.merchants_of(PARTNER).remove(0);
    let orders = portal.sandbox.orders_of(PARTNER).into_iter().filter(|order| order.business_id == own.id).count();
    let webhooks = portal.sandbox.webhooks_of(PARTNER).into_iter();
    let webhooks = webhooks.filter(|webhook| webhook.msn.as_ref().is_some_and(|msn| own.msns.contains(msn))).count();
    let [units, merchants, product_orders, price_packages, hooks] = lists(MERCHANT);
    for (list, total) in [(units, own.msns.len()), (product_orders, orders), (hooks, webhooks)] {
        assert_eq!(merchant.get(&list).await.body["page"]["total"], total as u64, "{list}");
    }
    for list in [merchants, price_packages] {
        assert_eq!(merchant.get(&list).await.status, StatusCode::NOT_FOUND, "{list}");
        assert_eq!(merchant.get(&format!("{list}/export")).await.status, StatusCode::NOT_FOUND, "{list}");
    }
    let known = merchant.get("/api/v1/organisations").await.body;
    assert_eq!((field(&known["data"], "org_id"), field(&known["data"], "kind")), (vec![MERCHANT], vec!["merchant"]));
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn files_hold_all_that_matches_and_no_more(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let program = reader(&portal, PARTNER).await;
    let staff = portal.member("staff@example.com", &[(PARTNER, Role::Viewer)]).await;
    for list in lists(PARTNER) {
        let all = program.get(&list).await.body;
        let total = all["page"]["total"].as_u64().unwrap_or(all["data"].as_array().unwrap().len() as u64) as usize;
        let csv = program.text(&format!("{list}/export")).await;
        assert_eq!(csv.content_type, "text/csv; charset=utf-8");
        assert!(csv.disposition.starts_with("attachment; filename=\"") && csv.disposition.ends_with(".csv\""));
        let mut reader = csv::Reader::from_reader(csv.body.as_bytes());
        let names: BTreeSet<String> = reader.headers().unwrap().iter().map(ToOwned::to_owned).collect();
        let columns: BTreeSet<String> = all["data"][0].as_object().unwrap().keys().cloned().collect();
        assert_eq!(names, columns, "{list}");
        assert_eq!(reader.records().map(Result::unwrap).count(), total, "{list}");
        let lines = program.text(&format!("{list}/export?format=jsonl")).await;
        assert_eq!(lines.content_type, "application/jsonl; charset=utf-8");
        let lines: Vec<Value> = lines.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), total);
        assert_eq!(lines[0], all["data"][0], "{list}");
        // People get the same.
        let page = list.replace("/api/v1/organisations/", "/as/");
        let downloaded = staff.get(&format!("{page}/export?format=csv")).await;
        assert_eq!(downloaded.body, csv.body, "{list}");
        assert_eq!(staff.get(&format!("{page}/export?format=xml")).await.status, StatusCode::NOT_FOUND);
        assert_eq!(staff.get(&format!("{page}/export?columns=secret")).await.status, StatusCode::NOT_FOUND);
        let shown = staff.get(&page).await;
        assert!(shown.body.contains(&format!("action=\"{page}/export\"")), "{list}");
        assert!(shown.text().contains("curl -H \"Authorization: Bearer $PORTAL_TOKEN\""), "{list}");
    }
    let [units, ..] = lists(PARTNER);
    let narrow = program.text(&format!("{units}/export?capture=direct&sort=-name&columns=name,msn")).await.body;
    let (heading, rows) = narrow.split_once("\r\n").unwrap();
    assert_eq!(heading, "msn,name", "columns keep their order");
    let direct = program.get(&format!("{units}?capture=direct&sort=-name&limit=1000")).await.body;
    assert_eq!(rows.lines().count(), direct["data"].as_array().unwrap().len());
    assert!(rows.starts_with(direct["data"][0]["msn"].as_str().unwrap()));
    let faulty = program.get(&format!("{units}/export?columns=msn,secret&format=xml&after=a~1")).await;
    assert_eq!(faulty.faulty(), ["columns", "format", "after"]);
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_merchants_name_is_no_formula(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let msn = portal.sandbox.merchants_of(PARTNER).remove(0).msns.remove(0);
    sqlx::query("select set_config('portal.organisation', $1, false)")
        .bind(PARTNER)
        .execute(&portal.pool)
        .await
        .unwrap();
    let mut transaction = portal.pool.begin().await.unwrap();
    sqlx::query("select set_config('portal.organisation', $1, true)")
        .bind(PARTNER)
        .execute(&mut *transaction)
        .await
        .unwrap();
    let renamed =
        sqlx::query("update sales_unit set name = '=HYPERLINK(\"https://evil.example\";\"Kaffe\")' where msn = $1");
    assert_eq!(renamed.bind(&msn).execute(&mut *transaction).await.unwrap().rows_affected(), 1);
    transaction.commit().await.unwrap();
    let program = reader(&portal, PARTNER).await;
    let file = program.text(&format!("{}/export?columns=msn,name&q={msn}", lists(PARTNER)[0])).await.body;
    assert!(file.contains("\"'=HYPERLINK(\"\"https"), "{file}");
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_merchants_programs_read_its_agreements_with_phone_numbers_masked(pool: PgPool) {
    let portal = TestPortal::synced_with_agreements(pool).await;
    let program = reader(&portal, MERCHANT_WITH_KEYS).await;
    let list = format!("/api/v1/organisations/{MERCHANT_WITH_KEYS}/agreements");
    let scope = crate::server::store::Scope::whole(org(MERCHANT_WITH_KEYS));
    let first = program.get(&format!("{list}?state=active&charges=planned&limit=1")).await.body;
    let id = first["data"][0]["id"].as_str().unwrap();
    let mut tenant = portal.portal.store().tenant(&scope).await.unwrap();
    tenant.note_drafted(id, Some("4798765432"), "https://example.com/approve").await.unwrap();
    tenant.commit().await.unwrap();
    let page = program.get(&format!("{list}?state=active&charges=planned&sort=next&limit=1000")).await.body;
    let next = field(&page["data"], "next_charge_on");
    assert!(!next.is_empty() && next.is_sorted() && next.iter().all(|day| day.len() == 10), "{page}");
    assert!(field(&page["data"], "state").iter().all(|state| *state == "ACTIVE"), "{page}");
    let person = portal.member("m@example.com", &[(MERCHANT_WITH_KEYS, Role::Viewer)]).await;
    let file = person.get(&format!("/as/{MERCHANT_WITH_KEYS}/agreements/export?format=jsonl")).await.body;
    assert_eq!(file.lines().count(), 60);
    for text in [page.to_string(), file, program.text(&format!("{list}/export")).await.body] {
        assert!(text.contains("•••••432") && !text.contains("98765432"), "{text}");
    }
    let of_partner = reader(&portal, PARTNER).await;
    assert_eq!(of_partner.get(&list).await.status, StatusCode::NOT_FOUND);
}
