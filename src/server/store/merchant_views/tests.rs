//! What a merchant's pages cost in a large copy.

use futures::TryStreamExt;
use sqlx::PgPool;

use crate::domain::identifiers::BusinessIdentifier;
use crate::server::store::list_index::ListKind;
use crate::server::store::product_orders::ProductOrders;
use crate::server::store::sales_unit_list::SalesUnits;
use crate::server::store::webhooks::Webhooks;
use crate::server::store::{MIGRATIONS, Scope, Store, Tenant};

const PARTNER: &str = "org_partner";
const VIEW: &str = "view-00000000000000000000000000000001";

/// 20 000 units, orders and webhooks, of 4 000 merchants.
async fn fill(pool: &PgPool) {
    let sql = format!(
        "insert into organisation (id, kind, name, client_id, client_secret_ref)
         values ('{PARTNER}', 'partner', 'Partner', 'client', 'env://SECRET');
         insert into organisation (id, kind, name, business_scheme, business_id, partner_id)
         values ('org_merchant', 'merchant', 'Merchant', 'business:NO:ORG', '7', '{PARTNER}');
         insert into merchant_view (id, organisation_id, scheme, business_id, name)
         values ('{VIEW}', '{PARTNER}', 'business:NO:ORG', '7', 'Merchant');
         begin;
         set local portal.organisation = '{PARTNER}';
         insert into sales_unit (organisation_id, msn, name, business_scheme, business_id, version)
         select '{PARTNER}', (100000 + n)::text, 'Unit', 'business:NO:ORG', (n % 4000)::text, n from generate_series(1, 20000) n;
         insert into product_order (organisation_id, id, upstream_id, status_at, business_scheme, business_id, version)
         select '{PARTNER}', gen_random_uuid(), gen_random_uuid(), now(), 'business:NO:ORG', (n % 4000)::text, n
         from generate_series(1, 20000) n;
         insert into webhook (organisation_id, id, msn, url, events, version, seen_at)
         select '{PARTNER}', gen_random_uuid(), (100000 + n)::text, 'https://example.com', '{{}}', n, now()
         from generate_series(1, 20000) n;
         commit;"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(pool).await.unwrap();
    sqlx::raw_sql("analyze sales_unit; analyze product_order; analyze webhook").execute(pool).await.unwrap();
}

/// Reads what an index of a list is made of; how many rows come, and how many the database has looked at for them.
async fn cost<K: ListKind>(store: &Store, scope: &Scope) -> (usize, i64) {
    let mut tenant = store.tenant(scope).await.unwrap();
    let before = looked_at(&mut tenant).await;
    let rows = K::changes(&mut tenant, -1).try_collect::<Vec<_>>().await.unwrap().len();
    (rows, looked_at(&mut tenant).await - before)
}

/// Rows that were read from tables, by way of an index or without one: in this transaction, and in those before it on
/// the same connection that the database has not added up yet.
async fn looked_at(tenant: &mut Tenant<'_>) -> i64 {
    let read =
        "select coalesce(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)), 0)::bigint from pg_stat_xact_user_tables
                where relname in ('sales_unit', 'product_order', 'webhook')";
    sqlx::query_scalar(read).fetch_one(tenant.connection()).await.unwrap()
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_merchant_of_few_units_costs_few_rows_in_a_large_copy(pool: PgPool) {
    fill(&pool).await;
    let store = Store::over(pool.clone());
    sqlx::query("select set_config('plan_cache_mode', 'force_generic_plan', false)").execute(&pool).await.unwrap();
    let business = BusinessIdentifier::new("business:NO:ORG", "7");
    for acting in ["org_merchant", VIEW] {
        let scope = Scope::of(&acting.parse().unwrap(), Some(PARTNER.parse().unwrap()), Some(business.clone()));
        for (rows, read) in [
            cost::<SalesUnits>(&store, &scope).await,
            cost::<ProductOrders>(&store, &scope).await,
            cost::<Webhooks>(&store, &scope).await,
        ] {
            assert_eq!(rows, 5, "{acting}");
            assert!(read < 100, "{read} rows are looked at for {rows}");
        }
    }
    // On the same connections, with the same plans, the partner reads what it always did: each row about once.
    let whole = Scope::whole(PARTNER.parse().unwrap());
    for (rows, read) in [
        cost::<SalesUnits>(&store, &whole).await,
        cost::<ProductOrders>(&store, &whole).await,
        cost::<Webhooks>(&store, &whole).await,
    ] {
        assert_eq!(rows, 20_000);
        assert!(read < 50_000, "{read} rows are looked at for {rows}");
    }
    // One order is found by its key, whoever's plan it is.
    let mut tenant = store.tenant(&whole).await.unwrap();
    let id = sqlx::query_scalar("select id from product_order limit 1").fetch_one(tenant.connection()).await.unwrap();
    drop(tenant);
    let mut tenant = store.tenant(&whole).await.unwrap();
    let before = looked_at(&mut tenant).await;
    assert!(tenant.product_order(id).await.unwrap().is_some());
    let read = looked_at(&mut tenant).await - before;
    assert!(read < 100, "{read} rows are looked at for one order");
}
