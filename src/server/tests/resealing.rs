//! The key that seals secrets is turned over beside a portal that works.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use secrecy::{ExposeSecret, SecretString};
use sqlx::PgPool;
use uuid::Uuid;

use super::{PARTNER, TestPortal, org};
use crate::server::resealing::{Resealed, keys_in_use, reseal};
use crate::server::security::key_ring::{KeyId, KeyRing};
use crate::server::store::sealed::SEALED_COLUMNS;
use crate::server::store::{MIGRATIONS, Scope, Store};

impl TestPortal {
    fn key_file(&self) -> PathBuf {
        self._folder.path().join("secret.key")
    }

    /// As a command opens it, in a process of its own.
    fn keys(&self) -> KeyRing {
        KeyRing::open(&self.key_file()).unwrap()
    }

    /// Requests that wait for upstream's answer, as they are stored; by order.
    async fn seal_requests(&self, count: usize) -> Vec<Uuid> {
        let mut orders = Vec::new();
        let mut acting = self.acting().await;
        for number in 0..count {
            let order = Uuid::new_v4();
            let sealed =
                self.portal.secrets().seal_away(&format!("product-order/{order}"), &format!("request {number}"));
            sqlx::query(
                r#"
                insert into product_order (organisation_id, id, status_at, delivery, sealed_request, version)
                values ($1, $2, now(), 'unknown', $3, 1)
                "#,
            )
            .bind(PARTNER)
            .bind(order)
            .bind(sealed.unwrap())
            .execute(&mut *acting)
            .await
            .unwrap();
            orders.push(order);
        }
        acting.commit().await.unwrap();
        orders
    }

    async fn acting(&self) -> sqlx::Transaction<'static, sqlx::Postgres> {
        let mut acting = self.pool.begin().await.unwrap();
        sqlx::query("select set_config('portal.organisation', $1, true)")
            .bind(PARTNER)
            .execute(&mut *acting)
            .await
            .unwrap();
        acting
    }

    async fn request(&self, order: Uuid) -> String {
        let sealed: Vec<u8> = sqlx::query_scalar("select sealed_request from product_order where id = $1")
            .bind(order)
            .fetch_one(&mut *self.acting().await)
            .await
            .unwrap();
        let opened = self.portal.secrets().open_again(&format!("product-order/{order}"), &sealed).unwrap();
        opened.expose_secret().to_owned()
    }
}

async fn in_use(store: &Store) -> Vec<KeyId> {
    keys_in_use(store).await.unwrap().into_keys().map(Option::unwrap).collect()
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn every_sealed_column_is_known(pool: PgPool) {
    let found: Vec<(String, String)> = sqlx::query_as(
        r#"
        select table_name::text, column_name::text from information_schema.columns
        where table_schema = 'public' and data_type = 'bytea' and column_name like '%sealed%'
        order by 1, 2
        "#,
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    let known = SEALED_COLUMNS.map(|(table, column)| (table.to_owned(), column.to_owned()));
    assert_eq!(found, known, "what is sealed must be sealed again with new keys: see server/resealing.rs");
    // Columns of bytes under another name are no way round.
    let others: Vec<String> = sqlx::query_scalar(
        r#"
        select table_name || '.' || column_name from information_schema.columns
        where table_schema = 'public' and data_type = 'bytea'
          and column_name not like '%sealed%' and column_name not like '%hash' and table_name <> '_sqlx_migrations'
        order by 1
        "#,
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    assert_eq!(others, ["logo.png"], "name columns with something sealed so that it shows");
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn all_is_sealed_again_while_the_portal_works_and_old_keys_go(pool: PgPool) {
    let test = TestPortal::start(pool).await;
    let (portal, store) = (test.portal.clone(), test.portal.store().clone());
    let orders = test.seal_requests(30).await;
    let secrets: i64 = sqlx::query_scalar("select count(*) from sealed_secret").fetch_one(&test.pool).await.unwrap();
    let first = test.keys().ids();

    // Somebody asks upstream with what is sealed, and seals, all the time.
    let (stop, turns): (Arc<AtomicBool>, Arc<AtomicUsize>) = Default::default();
    let working = {
        let (portal, stop, turns) = (portal.clone(), stop.clone(), turns.clone());
        tokio::spawn(async move {
            while !stop.load(Ordering::SeqCst) {
                let client = portal.client_for_people(&org(PARTNER)).await.unwrap();
                client.price_packages().await.unwrap();
                let name = format!("{PARTNER}/turn{}", turns.load(Ordering::SeqCst) % 10);
                let reference = portal.secrets().seal(&name, &SecretString::from(name.as_str())).await.unwrap();
                assert_eq!(portal.secrets().resolve(&reference).await.unwrap().expose_secret(), name);
                turns.fetch_add(1, Ordering::SeqCst);
            }
        })
    };
    let works = async |more: usize| {
        let until = turns.load(Ordering::SeqCst) + more;
        while turns.load(Ordering::SeqCst) < until {
            assert!(!working.is_finished(), "the portal stopped working");
            tokio::task::yield_now().await;
        }
    };
    works(12).await;
    for round in 0..3 {
        let keys = test.keys();
        let before = keys.ids();
        keys.put_new_first().unwrap();
        works(1).await;
        let resealed = reseal(&store, &keys).await.unwrap();
        assert_eq!(resealed.unopened, 0);
        let least = usize::try_from(secrets).unwrap() + orders.len();
        assert!((least..=least + 10).contains(&resealed.done), "round {round}: {}", resealed.done);
        assert_eq!(in_use(&store).await, [keys.ids()[0]]);
        // As the command does: the key before the new one stays.
        keys.keep(|id| *id == before[0]).unwrap();
        assert_eq!(keys.ids().len(), 2);
        works(12).await;
    }
    let keys = test.keys();
    assert_eq!(keys.keep(|_| false).unwrap(), 1);
    works(12).await;
    stop.store(true, Ordering::SeqCst);
    working.await.unwrap();
    assert!(!test.keys().ids().contains(&first[0]));
    for (number, order) in orders.into_iter().enumerate() {
        assert_eq!(test.request(order).await, format!("request {number}"));
    }
    // Nothing is left to do.
    assert_eq!(reseal(&store, &test.keys()).await.unwrap(), Resealed::default());
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn an_interrupted_run_loses_nothing_and_is_taken_up_again(pool: PgPool) {
    let test = TestPortal::start(pool).await;
    let store = test.portal.store().clone();
    let orders = test.seal_requests(450).await;
    let keys = Arc::new(test.keys());
    let old = keys.ids()[0];
    keys.put_new_first().unwrap();
    // Orders are sealed again by their ids: the run does not get past the last one while it is held here.
    let mut holding = test.acting().await;
    sqlx::query("select from product_order order by id desc limit 1 for update").execute(&mut *holding).await.unwrap();
    let running = tokio::spawn({
        let (store, keys) = (store.clone(), Arc::clone(&keys));
        async move { reseal(&store, &keys).await }
    });
    // They are so a hundred at a time, each hundred in a transaction.
    let left = async || keys_in_use(&store).await.unwrap().get(&Some(old)).copied().unwrap_or_default();
    while left().await > 440 {
        tokio::task::yield_now().await;
    }
    running.abort();
    assert!(running.await.is_err_and(|error| error.is_cancelled()), "it had ended before");
    holding.rollback().await.unwrap();
    let left_over = left().await;
    assert!(left_over > 0);
    for order in [orders[0], orders[449]] {
        assert!(test.request(order).await.starts_with("request "));
    }
    // Nobody forgets a key that is still needed.
    assert_eq!(test.keys().keep(|id| *id == old).unwrap(), 0);

    let resealed = reseal(&store, &test.keys()).await.unwrap();
    assert_eq!((resealed.done, resealed.unopened), (usize::try_from(left_over).unwrap(), 0));
    assert_eq!(test.keys().keep(|_| false).unwrap(), 1);
    for (number, order) in orders.into_iter().enumerate() {
        assert_eq!(test.request(order).await, format!("request {number}"));
    }
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn what_no_key_opens_is_counted_and_left_as_it_is(pool: PgPool) {
    let test = TestPortal::start(pool).await;
    let store = test.portal.store().clone();
    let folder = tempfile::tempdir().unwrap();
    let foreign = KeyRing::open(&folder.path().join("key")).unwrap().seal("org_x/client_secret", "lost").unwrap();
    store.save_sealed_secret("org_x/client_secret", &foreign).await.unwrap();
    store.save_sealed_secret("org_y/client_secret", &[1, 2]).await.unwrap();
    let keys = test.keys();
    keys.put_new_first().unwrap();
    let resealed = reseal(&store, &keys).await.unwrap();
    assert_eq!(resealed.unopened, 2);
    assert!(resealed.done > 0);
    assert_eq!(store.sealed_secret("org_x/client_secret").await.unwrap(), Some(foreign));
    let in_use = keys_in_use(&store).await.unwrap();
    assert_eq!(in_use.len(), 3);
    assert_eq!(in_use[&None], 1);

    // One at a time.
    let lock = store.lock_secret_keys().await.unwrap();
    assert!(lock.is_some() && store.lock_secret_keys().await.unwrap().is_none());
    drop(lock);
    while store.lock_secret_keys().await.unwrap().is_none() {
        tokio::task::yield_now().await;
    }
    // A removed organisation's orders are found, too.
    let scope = Scope::whole(org(PARTNER));
    test.seal_requests(1).await;
    sqlx::query("update organisation set deleted_at = now() where id = $1")
        .bind(PARTNER)
        .execute(&test.pool)
        .await
        .unwrap();
    keys.put_new_first().unwrap();
    reseal(&store, &keys).await.unwrap();
    let mut tenant = store.tenant(&scope).await.unwrap();
    let counts = tenant.keys_of_sealed_requests().await.unwrap();
    assert_eq!(counts, [(keys.ids()[0].to_vec(), 1)]);
}
