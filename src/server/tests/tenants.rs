//! Nobody sees another's rows: not through the store, and not when the store forgets to ask.

use sqlx::PgPool;

use super::{MERCHANT, OTHER_PARTNER, PARTNER, TestPortal, org};
use crate::domain::identifiers::Msn;
use crate::domain::organisation::Role;
use crate::server::store::MIGRATIONS;

async fn count(pool: &PgPool, acting: Option<&str>, table: &str) -> i64 {
    let mut transaction = pool.begin().await.unwrap();
    if let Some(acting) = acting {
        sqlx::query("select set_config('portal.organisation', $1, true)")
            .bind(acting)
            .execute(&mut *transaction)
            .await
            .unwrap();
    }
    let count = sqlx::AssertSqlSafe(format!("select count(*) from {table}"));
    sqlx::query_scalar(count).fetch_one(&mut *transaction).await.unwrap()
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn row_security_hides_what_a_query_forgot_to(pool: PgPool) {
    let portal = TestPortal::synced(pool.clone()).await;
    assert!(
        !portal.portal.store().bypasses_row_security().await.unwrap(),
        "the tests run as a superuser and prove nothing"
    );
    for table in ["sales_unit", "merchant"] {
        assert_eq!(count(&pool, None, table).await, 0, "{table} without anybody");
        assert_eq!(count(&pool, Some(""), table).await, 0, "{table} as the empty name");
        assert_eq!(count(&pool, Some("org_nobody"), table).await, 0, "{table} as nobody");
        assert_eq!(count(&pool, Some("' or true --"), table).await, 0, "{table} as a quote");
    }
    for partner in [PARTNER, OTHER_PARTNER] {
        assert_eq!(
            count(&pool, Some(partner), "sales_unit").await,
            i64::try_from(portal.units_upstream(partner).await).unwrap(),
            "{partner}"
        );
    }
    let own = portal.sandbox.merchants_of(PARTNER)[0].msns.len();
    assert_eq!(count(&pool, Some(MERCHANT), "sales_unit").await, i64::try_from(own).unwrap());
    assert_eq!(count(&pool, Some(MERCHANT), "merchant").await, 1);
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn row_security_lets_nobody_write_into_anothers_copy(pool: PgPool) {
    let _portal = TestPortal::synced(pool.clone()).await;
    let mut transaction = pool.begin().await.unwrap();
    sqlx::query("select set_config('portal.organisation', $1, true)")
        .bind(OTHER_PARTNER)
        .execute(&mut *transaction)
        .await
        .unwrap();
    let changed = sqlx::query("update sales_unit set name = 'stolen' where organisation_id = $1")
        .bind(PARTNER)
        .execute(&mut *transaction)
        .await
        .unwrap();
    assert_eq!(changed.rows_affected(), 0);
    let added = sqlx::query("insert into sales_unit (organisation_id, msn, version) values ($1, '424242', 1)")
        .bind(PARTNER)
        .execute(&mut *transaction)
        .await;
    assert!(added.unwrap_err().to_string().contains("row-level security"));
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_merchant_served_by_a_partner_sees_its_own_units_only(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let merchants = portal.sandbox.merchants_of(PARTNER);
    let browser = portal.member("m@example.com", &[(MERCHANT, Role::Viewer)]).await;
    let page = browser.get(&format!("/as/{MERCHANT}/sales-units")).await;
    for msn in &merchants[0].msns {
        assert!(page.body.contains(&format!("/sales-units/{msn}")), "{msn} is missing");
    }
    for msn in merchants[1..].iter().flat_map(|merchant| &merchant.msns) {
        assert!(!page.body.contains(msn.as_str()), "{msn} is somebody else's");
        let foreign = browser.get(&format!("/as/{MERCHANT}/sales-units/{msn}")).await;
        assert_eq!(foreign.status, 404, "{msn}");
        let calls = portal.sandbox.calls().len();
        assert_eq!(browser.post(&format!("/as/{MERCHANT}/sales-units/{msn}/refresh"), &[]).await.status, 404);
        assert_eq!(portal.sandbox.calls().len(), calls, "upstream must not be asked about somebody else's unit");
    }
    let own = &merchants[0].msns[0];
    let details = browser.get(&format!("/as/{MERCHANT}/sales-units/{own}")).await;
    assert_eq!(details.status, 200);
    assert!(details.text().contains("on behalf") || details.text().contains("Acting as merchant"));
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn losing_a_membership_takes_effect_at_once(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let browser = portal.member("a@example.com", &[(PARTNER, Role::Admin)]).await;
    assert_eq!(browser.get(&format!("/as/{PARTNER}")).await.status, 200);
    sqlx::query("delete from membership").execute(&portal.pool).await.unwrap();
    assert_eq!(browser.get(&format!("/as/{PARTNER}")).await.status, 404);
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn the_same_msn_at_two_partners_is_two_rows(pool: PgPool) {
    let portal = TestPortal::start(pool).await;
    let store = portal.portal.store();
    for (organisation, name) in [(PARTNER, "Ours"), (OTHER_PARTNER, "Theirs")] {
        let scope = crate::server::store::Scope::whole(org(organisation));
        let listed = [crate::domain::sales_unit::ListedSalesUnit {
            msn: Msn::parse("424242").unwrap(),
            name: Some(name.to_owned()),
        }];
        let now = time::OffsetDateTime::now_utc();
        store.apply_sales_unit_list(&scope, &listed, now, false, None).await.unwrap();
    }
    for (organisation, name) in [(PARTNER, "Ours"), (OTHER_PARTNER, "Theirs")] {
        let scope = crate::server::store::Scope::whole(org(organisation));
        let unit =
            store.tenant(&scope).await.unwrap().sales_unit(&Msn::parse("424242").unwrap()).await.unwrap().unwrap();
        assert_eq!(unit.name.as_deref(), Some(name));
    }
}
