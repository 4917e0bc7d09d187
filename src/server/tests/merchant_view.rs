//! What a merchant sees in the copy of the partner that serves it, and what the partner's people see who view as one:
//! its own, and nothing of the partner's or of other merchants'.

pub(super) mod viewing;

use std::collections::BTreeSet;

use reqwest::StatusCode;
use sqlx::PgPool;
use uuid::Uuid;

use super::{Browser, MERCHANT, MERCHANT_WITH_KEYS, PARTNER, TestPortal, api};
use crate::domain::api_token::TokenScope;
use crate::domain::organisation::Role;
use crate::server::store::MIGRATIONS;
use crate::server::store::api_tokens::TokenOwner;

const OWN: Uuid = Uuid::from_u128(0x1001);
const OTHER: Uuid = Uuid::from_u128(0x1002);
const REFUSED: Uuid = Uuid::from_u128(0x1003);
const UNKNOWN: Uuid = Uuid::from_u128(0x1004);
/// What upstream calls an order is not what the portal does.
const UPSTREAM: u128 = 0xffff_0000;
const OWN_HOOK: Uuid = Uuid::from_u128(0x2001);
const DELETED_HOOK: Uuid = Uuid::from_u128(0x2002);
const OTHER_HOOK: Uuid = Uuid::from_u128(0x2003);
const WIDE_HOOK: Uuid = Uuid::from_u128(0x2004);

/// What is the partner's or another merchant's, wherever it may stand.
const FOREIGN: [&str; 12] = [
    "staff@kystkassa.example",
    "a remark on them",
    "Secret template",
    "raw-secret",
    "prefill-secret",
    "refusal-secret",
    "Other kiosk",
    "other-link",
    "Other package",
    "secret-wide",
    "other.example",
    "Step 2",
];

/// A portal in whose copy two merchants of the partner have an order and webhooks each.
pub(super) struct Two {
    pub portal: TestPortal,
    pub own_msn: String,
    pub other_msn: String,
    pub other_name: String,
    pub other_business: String,
}

impl Two {
    pub async fn merchants(pool: PgPool) -> Self {
        let portal = TestPortal::synced(pool).await;
        let mut merchants = portal.sandbox.merchants_of(PARTNER);
        let (own, other) = (merchants.remove(0), merchants.remove(0));
        let (own_msn, other_msn) = (own.msns[0].clone(), other.msns[0].clone());
        let orders = [
            (OWN, &own, "sent", "Own kiosk", "own-link", "package-own", true),
            (OTHER, &other, "sent", "Other kiosk", "other-link", "package-other", true),
            (REFUSED, &own, "refused", "Refused kiosk", "no-link", "package-other", false),
            (UNKNOWN, &own, "unknown", "Unknown kiosk", "no-link", "package-other", false),
        ];
        let template = Uuid::from_u128(0x3001);
        let mut sql = format!(
            "delete from product_order; delete from webhook;
            insert into template (organisation_id, id, name, preset, created_by_email)
            values ('{PARTNER}', '{template}', 'Secret template', '{{}}', 'staff@kystkassa.example');
            insert into price_package (organisation_id, id, name, description, seen_at)
            values ('{PARTNER}', 'package-own', 'Own package', '', now()),
                   ('{PARTNER}', 'package-other', 'Other package', '', now());"
        );
        for (id, merchant, delivery, name, link, package, arrived) in orders {
            let upstream = Uuid::from_u128(id.as_u128() + UPSTREAM);
            let upstream = if arrived { format!("'{upstream}'") } else { "null".to_owned() };
            sql += &format!(
                "insert into product_order (
                    organisation_id, id, upstream_id, kind, product_type, status, status_at, business_scheme, business_id,
                    merchant_name, sales_unit_name, url, delivery, refusal, sent_at, begun_at, sent_by_email, template_id,
                    price_package_id, prefill, note, raw, version, msn)
                values ('{PARTNER}', '{id}', {upstream}, 'PREFILL', 'CHECKOUT', 'RECEIVED', now(), '{}', '{}', '{}', '{name}',
                    'https://vipps.example/{link}', '{delivery}', '[[\"\", \"refusal-secret\"]]', now(), now(),
                    'staff@kystkassa.example', '{template}', '{package}', '{{\"a\": \"prefill-secret\"}}',
                    'a remark on them', '{{\"a\": \"raw-secret\"}}', 1, '{}');
                insert into product_order_event (organisation_id, order_id, at, what, detail, by_email)
                values ('{PARTNER}', '{id}', now(), 'sent', null, 'staff@kystkassa.example'),
                       ('{PARTNER}', '{id}', now(), 'noted', null, 'staff@kystkassa.example'),
                       ('{PARTNER}', '{id}', now(), 'replaced_by', '{OTHER}', 'staff@kystkassa.example');",
                merchant.scheme, merchant.id, merchant.name.replace('\'', "''"), merchant.msns[0],
            );
        }
        // The order of the other merchant's is a correction of this one's, and the other way round.
        sql += &format!(
            "update product_order set replaces = case id when '{OWN}' then '{OTHER}'::uuid else '{OWN}'::uuid end
            where id in ('{OWN}', '{OTHER}');
            insert into webhook (organisation_id, id, msn, url, events, version, seen_at, registered_by_email,
                                 gone_at, deleted_at, deleted_by_email)
            values ('{PARTNER}', '{OWN_HOOK}', '{own_msn}', 'http://own.example/hook', '{{epayments.payment.created.v1}}',
                    1, now(), 'staff@kystkassa.example', null, null, null),
                   ('{PARTNER}', '{DELETED_HOOK}', '{own_msn}', 'https://own.example/deleted',
                    '{{epayments.payment.created.v1}}', 1, now(), null, now(), now(), 'staff@kystkassa.example'),
                   ('{PARTNER}', '{OTHER_HOOK}', '{other_msn}', 'https://other.example/hook',
                    '{{epayments.payment.created.v1}}', 1, now(), null, null, null, null),
                   ('{PARTNER}', '{WIDE_HOOK}', null, 'https://kystkassa.example/secret-wide',
                    '{{epayments.payment.captured.v1}}', 1, now(), null, null, null, null);"
        );
        as_whom(&portal.pool, PARTNER, &sql).await;
        let other_business = format!("{}/{}", other.scheme, other.id);
        Self { portal, own_msn, other_msn, other_name: other.name, other_business }
    }

    /// What of the merchant's own stands in addresses, in place of their parameters.
    pub fn things(&self) -> Vec<(&'static str, String)> {
        let merchant = self.portal.sandbox.merchants_of(PARTNER).remove(0);
        vec![
            ("{msn}", self.own_msn.clone()),
            ("/product-orders/{id}", format!("/product-orders/{OWN}")),
            ("/webhooks/{id}", format!("/webhooks/{OWN_HOOK}")),
            ("{scheme}/{id}", format!("{}/{}", merchant.scheme, merchant.id)),
        ]
    }

    /// What must not stand on any page: things of the partner's, and of its other merchant's.
    fn foreign(&self) -> Vec<String> {
        let other_number = self.other_business.split('/').next_back().unwrap();
        let fixed = FOREIGN.iter().map(ToString::to_string);
        let ids = [OTHER, REFUSED, UNKNOWN, OTHER_HOOK, WIDE_HOOK, Uuid::from_u128(OTHER.as_u128() + UPSTREAM)];
        let own = [self.other_msn.clone(), self.other_name.clone(), other_number.to_owned()];
        fixed.chain(ids.iter().map(Uuid::to_string)).chain(own).collect()
    }

    /// Opens everything there is for a merchant at `at`, and looks that nothing foreign is in it.
    pub async fn see_own_only(&self, browser: &Browser, at: &str) {
        let foreign = self.foreign();
        let lists = ["sales-units", "product-orders", "webhooks"];
        let mut paths = vec![
            at.to_owned(),
            format!("{at}/product-orders/{OWN}"),
            format!("{at}/webhooks/{OWN_HOOK}"),
            format!("{at}/webhooks/{DELETED_HOOK}"),
            format!("{at}/sales-units/{}", self.own_msn),
        ];
        for list in lists {
            paths.push(format!("{at}/{list}"));
            paths.push(format!("{at}/{list}/export?format=csv"));
            paths.push(format!("{at}/{list}/export?format=jsonl"));
        }
        for path in &paths {
            let page = browser.get(path).await;
            assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.text());
            for word in &foreign {
                assert!(!page.body.contains(word.as_str()), "{word:?} stands on {path}");
            }
        }
        // Nothing foreign is found by any word: not even that there is something.
        for list in lists {
            for word in &foreign {
                let word: String = form_urlencoded::byte_serialize(word.as_bytes()).collect();
                let found = browser.get(&format!("{at}/{list}/export?q={word}&format=jsonl")).await;
                assert_eq!((found.status, found.body.as_str()), (StatusCode::OK, ""), "{word} in {list}");
            }
        }
        let nothing = browser.get("/as/org_nobody").await;
        for path in [
            format!("{at}/product-orders/{REFUSED}"),
            format!("{at}/product-orders/{UNKNOWN}"),
            format!("{at}/product-orders/{OTHER}"),
            format!("{at}/product-orders/{}", Uuid::from_u128(OTHER.as_u128() + UPSTREAM)),
            format!("{at}/webhooks/{OTHER_HOOK}"),
            format!("{at}/webhooks/{WIDE_HOOK}"),
            format!("{at}/sales-units/{}", self.other_msn),
        ] {
            let foreign = browser.get(&path).await;
            let (list, _) = path.rsplit_once('/').unwrap();
            let none = browser.get(&format!("{list}/00000000-0000-4000-8000-000000000000")).await;
            assert_eq!(foreign.status, StatusCode::NOT_FOUND, "{path}");
            assert_eq!(foreign.text(), none.text(), "{path} tells that there is something");
        }
        for path in [
            "product-orders/new",
            "webhooks/new",
            "webhooks/coverage",
            "templates",
            "merchants",
            "price-packages",
            "price-packages/export",
            "merchants/export",
            "settings",
            "logos/0.png",
            "agreements",
        ] {
            let page = browser.get(&format!("{at}/{path}")).await;
            assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
            if path != "agreements" {
                assert_eq!(page.body_without_nonce(), nothing.body_without_nonce(), "{path}");
            }
        }
    }
}

/// Runs SQL as an organisation; how many rows the last statement was about.
pub(super) async fn as_whom(pool: &PgPool, acting: &str, sql: &str) -> u64 {
    let mut transaction = pool.begin().await.unwrap();
    sqlx::query("select set_config('portal.organisation', $1, true)")
        .bind(acting)
        .execute(&mut *transaction)
        .await
        .unwrap();
    let done = sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(&mut *transaction).await.unwrap();
    transaction.commit().await.unwrap();
    done.rows_affected()
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_merchants_own_people_see_what_is_its_own(pool: PgPool) {
    let two = Two::merchants(pool).await;
    let at = format!("/as/{MERCHANT}");
    for role in [Role::Viewer, Role::Admin] {
        let email = format!("{}@example.com", role.as_str());
        let browser = two.portal.member(&email, &[(MERCHANT, role)]).await;
        two.see_own_only(&browser, &at).await;
    }
    let browser = two.portal.member("m@example.com", &[(MERCHANT, Role::Admin)]).await;
    let list = browser.get(&format!("{at}/product-orders")).await;
    assert!(list.text().contains("1 product order") && list.body.contains(&OWN.to_string()), "{}", list.text());
    assert!(!list.text().contains("New order") && !list.text().contains("To follow up"), "{}", list.text());
    let order = browser.get(&format!("{at}/product-orders/{OWN}")).await;
    let text = order.text();
    for word in ["What to do next", "https://vipps.example/own-link", "Own package", "To be filled in", "Own kiosk"] {
        assert!(text.contains(word), "{word} is missing: {text}");
    }
    for word in ["Delete", "Correct", "Note", "What was filled in", "as JSON"] {
        assert!(!text.contains(word), "{word}: {text}");
    }
    assert_eq!(order.body.matches("method=\"post\"").count(), 2, "Refresh and Sign out are all there is to send");

    let webhooks = browser.get(&format!("{at}/webhooks")).await.text();
    assert!(webhooks.contains("2 webhooks") && webhooks.contains("http://own.example/hook"), "{webhooks}");
    assert!(webhooks.contains("also listens in all sales units") && webhooks.contains("epayments.payment.captured.v1"));
    let deleted = browser.get(&format!("{at}/webhooks/{DELETED_HOOK}")).await.text();
    assert!(deleted.contains("Deleted here by Kystkassa"), "{deleted}");

    let landing = browser.get(&at).await;
    let text = landing.text();
    for word in
        ["What to do next", "Go on with the order", "1 webhook registration over plain http", "Your sales units"]
    {
        assert!(text.contains(word), "{word} is missing: {text}");
    }
    for word in ["Order templates", "Price packages", "Merchants", "Settings"] {
        assert!(!text.contains(word), "{word} is in the menu");
    }
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_merchant_changes_nothing_of_the_partners(pool: PgPool) {
    let two = Two::merchants(pool).await;
    let browser = two.portal.member("m@example.com", &[(MERCHANT, Role::Admin)]).await;
    let at = format!("/as/{MERCHANT}");
    two.portal.sandbox.clear_calls();
    for deed in ["note", "delete", "send", "recognise", "release"] {
        let form = [("note", "mine"), ("order", &OTHER.to_string())];
        let answer = browser.post(&format!("{at}/product-orders/{OWN}/{deed}"), &form).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{deed}");
    }
    for path in [
        "product-orders/new".to_owned(),
        "webhooks/new".to_owned(),
        format!("webhooks/{OWN_HOOK}/delete"),
        format!("sales-units/{}/price-package", two.own_msn),
        format!("sales-units/{}/change", two.own_msn),
        format!("sales-units/{}/status", two.own_msn),
        format!("product-orders/{OTHER}/refresh"),
    ] {
        let answer = browser.post(&format!("{at}/{path}"), &[("status", "DEACTIVATED"), ("name", "Ours")]).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
    let foreign = [("webhook", WIDE_HOOK.to_string())];
    let foreign: Vec<(&str, &str)> = foreign.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(browser.post(&format!("{at}/webhooks/refresh"), &foreign).await.status, StatusCode::NOT_FOUND);
    assert_eq!(two.portal.sandbox.calls().len(), 0, "upstream was asked for a merchant");
    let untouched = "select from product_order where note = 'a remark on them' and deleted_at is null";
    assert_eq!(as_whom(&two.portal.pool, PARTNER, untouched).await, 4);

    // What it may have fetched is written into the copy, which is the partner's.
    let hook = [("webhook", OWN_HOOK.to_string())];
    let hook: Vec<(&str, &str)> = hook.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let refreshed = browser.post(&format!("{at}/webhooks/refresh"), &hook).await;
    assert!(refreshed.location().ends_with(&format!("/webhooks/{OWN_HOOK}?did=refreshed")), "{}", refreshed.text());
    let vanished = browser.get(&format!("{at}/webhooks/{OWN_HOOK}")).await.text();
    assert!(vanished.contains("Vanished") && vanished.contains("ask your partner"), "{vanished}");
    let refreshed = browser.post(&format!("{at}/product-orders/{OWN}/refresh"), &[]).await;
    assert!(refreshed.location().ends_with("did=refreshed"), "{}", refreshed.text());
    let gone = browser.get(&format!("{at}/product-orders/{OWN}")).await.text();
    assert!(gone.contains("has not shown this order since"), "{gone}");
    for list in ["product-orders", "webhooks", "sales-units"] {
        let answer = browser.post(&format!("{at}/{list}/refresh"), &[]).await;
        assert_eq!(answer.location(), format!("{at}/{list}"));
    }
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn programs_of_a_merchant_read_what_is_its_own(pool: PgPool) {
    let two = Two::merchants(pool).await;
    let token = api::token(&two.portal, &TokenOwner::Organisation(super::org(MERCHANT)), TokenScope::Read, None).await;
    let client = reqwest::Client::new();
    let ask = async |path: &str| {
        let address = format!("http://{}/api{path}", two.portal.address);
        let answer = client.get(address).bearer_auth(&token).send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    };
    let lists = format!("/v1/organisations/{MERCHANT}");
    for (list, own) in
        [("product-orders", OWN.to_string()), ("webhooks", OWN_HOOK.to_string()), ("sales-units", two.own_msn.clone())]
    {
        for address in [format!("{lists}/{list}"), format!("{lists}/{list}/export?format=jsonl")] {
            let (status, body) = ask(&address).await;
            assert!(status == StatusCode::OK && body.contains(&own), "{address} {status}: {body}");
            for word in two.foreign() {
                assert!(!body.contains(&word), "{word:?} stands in {address}");
            }
        }
    }
    for list in ["merchants", "price-packages"] {
        assert_eq!(ask(&format!("{lists}/{list}")).await.0, StatusCode::NOT_FOUND, "{list}");
    }
    for path in ["/management/v1/product-orders", "/management/v1/price-packages"] {
        assert_eq!(ask(path).await.0, StatusCode::NOT_FOUND, "{path}");
    }
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_merchant_with_keys_of_its_own_has_neither_orders_nor_webhooks(pool: PgPool) {
    let two = Two::merchants(pool).await;
    let browser = two.portal.member("m@example.com", &[(MERCHANT_WITH_KEYS, Role::Admin)]).await;
    let at = format!("/as/{MERCHANT_WITH_KEYS}");
    let landing = browser.get(&at).await;
    assert_eq!(landing.status, StatusCode::OK);
    assert!(landing.text().contains("recurring agreements") && !landing.text().contains("product orders"));
    for path in ["product-orders", "webhooks", "product-orders/export", "webhooks/export"] {
        assert_eq!(browser.get(&format!("{at}/{path}")).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(browser.get(&format!("{at}/agreements")).await.status, StatusCode::OK);
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn row_security_narrows_a_merchant_and_lets_it_only_read(pool: PgPool) {
    let two = Two::merchants(pool.clone()).await;
    let browser = two.portal.member("a@example.com", &[(PARTNER, Role::Viewer)]).await;
    let view = viewing::view_of_own(&two, &browser).await;
    let merchants = two.portal.sandbox.merchants_of(PARTNER);
    for acting in [MERCHANT, view.trim_start_matches("/as/")] {
        for (table, rows) in [
            ("product_order", 1),
            ("product_order_event", 3),
            ("price_package", 1),
            ("webhook", 2),
            ("sales_unit", merchants[0].msns.len() as u64),
            ("merchant", 1),
            ("template", 0),
            ("merchant_viewing", 0),
            ("webhook_request", 0),
            ("logo", 0),
        ] {
            let seen = as_whom(&pool, acting, &format!("select from {table}")).await;
            assert_eq!(seen, rows, "{table} as {acting}");
            if !matches!(table, "template" | "merchant_viewing" | "webhook_request" | "logo") {
                let written =
                    as_whom(&pool, acting, &format!("update {table} set organisation_id = organisation_id")).await;
                assert_eq!(written, 0, "{table} is written as {acting}");
                assert_eq!(as_whom(&pool, acting, &format!("delete from {table}")).await, 0, "{table} as {acting}");
            }
        }
        let mut transaction = pool.begin().await.unwrap();
        sqlx::query("select set_config('portal.organisation', $1, true)")
            .bind(acting)
            .execute(&mut *transaction)
            .await
            .unwrap();
        let added = "insert into webhook (organisation_id, id, msn, url, events, version, seen_at)
                     values ($1, gen_random_uuid(), $2, '', '{}', 1, now())";
        let added = sqlx::query(added).bind(PARTNER).bind(&two.own_msn).execute(&mut *transaction).await;
        assert!(added.unwrap_err().to_string().contains("row-level security"), "{acting}");
    }
}

#[test]
fn no_two_of_what_must_not_be_seen_are_one() {
    assert_eq!(FOREIGN.iter().collect::<BTreeSet<_>>().len(), FOREIGN.len());
}
