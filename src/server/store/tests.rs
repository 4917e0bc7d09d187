use sqlx::PgPool;

use super::{MIGRATIONS, Scope, Store, is_held};
use crate::domain::organisation::OrgId;

async fn setting(store: &Store, name: &str) -> String {
    let scope = Scope::whole(OrgId::parse("org_a").unwrap());
    let mut tenant = store.tenant(&scope).await.unwrap();
    let value = sqlx::query_scalar("select current_setting($1)").bind(name).fetch_one(tenant.connection()).await;
    tenant.commit().await.unwrap();
    value.unwrap()
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn the_sync_waits_longer_and_plans_for_the_tables_as_they_are_and_nobody_else_does(pool: PgPool) {
    let store = Store::over(pool);
    for (name, of_sync) in
        [("plan_cache_mode", "force_custom_plan"), ("lock_timeout", "1min"), ("statement_timeout", "1min")]
    {
        let before = setting(&store, name).await;
        assert_ne!(before, of_sync, "{name}");
        assert_eq!(setting(&store.for_many_rows(), name).await, of_sync, "{name}");
        assert_eq!(setting(&store, name).await, before, "{name}: a connection keeps nothing of it");
        assert_eq!(setting(&store.for_many_rows(), "portal.organisation").await, "org_a");
    }
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn what_another_transaction_holds_is_told_from_other_trouble(pool: PgPool) {
    let mut holder = pool.begin().await.unwrap();
    sqlx::query("lock table sync_job").execute(&mut *holder).await.unwrap();
    let held = sqlx::query("lock table sync_job in share mode nowait").execute(&mut *pool.begin().await.unwrap()).await;
    assert!(is_held(&held.unwrap_err()));
    assert!(!is_held(&sqlx::query("select 1 / 0").execute(&pool).await.unwrap_err()));
}
