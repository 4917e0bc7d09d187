//! Lists that come late, lag, or show nothing new.

use super::*;

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_slow_list_does_not_undo_what_was_seen_since(pool: PgPool) {
    let mut orders = Orders::new(pool).await;
    let all: Vec<_> = (1..=5).map(|id| upstream(id, OrderStatus::Received)).collect();
    orders.listed(&all).await;
    let asked_at = orders.now;
    orders.refreshed(&upstream(1, OrderStatus::MerchantViewed)).await;
    let (mut tenant, now) = orders.tenant().await;
    tenant.mark_product_order_gone(Uuid::from_u128(2), now).await.unwrap();
    tenant.commit().await.unwrap();
    orders.begin(A, "").await;
    orders.answered(A, Uuid::from_u128(9)).await;
    let happenings = [FIRST, VIEWED].concat();
    assert_eq!(orders.listed_as_of(&all, asked_at).await, OrderListOutcome::default());
    assert_eq!(orders.happened(U1).await, happenings);
    assert!(orders.order(Uuid::from_u128(2)).await.row.gone_at.is_some());
    assert_eq!(orders.order(A).await.row.gone_at, None, "it was sent after upstream was asked");
    // Nor does one that was compared before and is written after.
    let (mut tenant, now) = orders.tenant().await;
    let late = (all[0].clone(), "{}".to_owned());
    tenant.write_changed_product_orders(&[&late], asked_at, now).await.unwrap();
    tenant.write_new_product_orders(&[&late], asked_at, now).await.unwrap();
    tenant.mark_product_orders_gone(&[U1], asked_at).await.unwrap();
    tenant.commit().await.unwrap();
    let order = orders.order(U1).await;
    assert_eq!((&order.row.status, order.row.gone_at), (&OrderStatus::MerchantViewed, None));
    assert_eq!(orders.happened(U1).await, happenings);
}

const FIRST: &[Happening] = &[Happening::FirstSeen(OrderStatus::Received)];
const VIEWED: &[Happening] = &[Happening::Status(OrderStatus::MerchantViewed)];

#[sqlx::test(migrator = "MIGRATIONS")]
async fn an_order_is_deleted_until_upstream_shows_it_after_all(pool: PgPool) {
    let mut orders = Orders::new(pool).await;
    let [other, listed] = [2, 1].map(|id| upstream(id, OrderStatus::Received));
    for by_list in [true, false] {
        let id = Uuid::new_v4();
        orders.begin(id, "").await;
        orders.answered(id, U1).await;
        orders.listed(&[listed.clone(), other.clone()]).await;
        let asked_at = orders.now;
        orders.deleted(id).await;
        orders.listed_as_of(&[listed.clone(), other.clone()], asked_at).await;
        let row = orders.order(id).await.row;
        assert!(row.deleted_at.is_some() && row.gone_at.is_some(), "the list is from before");
        if by_list {
            orders.listed(&[listed.clone(), other.clone()]).await;
        } else {
            orders.refreshed(&listed).await;
        }
        let row = orders.order(id).await.row;
        assert_eq!((row.deleted_at, row.gone_at), (None, None));
        let happened = [Happening::Sent, Happening::Deleted, Happening::Back];
        assert_eq!(orders.happened(id).await, happened);
        let mut tenant = orders.store.tenant(&orders.scope).await.unwrap();
        let remove = "delete from product_order where id = $1";
        sqlx::query(remove).bind(id).execute(tenant.connection()).await.unwrap();
        tenant.commit().await.unwrap();
    }
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn what_a_list_shows_unchanged_has_been_seen_all_the_same(pool: PgPool) {
    let mut orders = Orders::new(pool).await;
    let all: Vec<_> = (1..=5).map(|id| upstream(id, OrderStatus::Received)).collect();
    orders.listed(&all).await;
    orders.listed(&all[1..]).await;
    let gone = orders.order(U1).await.seen_at.unwrap();
    let completed = orders.now + Duration::days(30);
    orders.followed(Some(completed)).await;
    let is_then = |seen: OffsetDateTime| (seen - completed).abs() < Duration::MILLISECOND;
    assert!(is_then(orders.order(Uuid::from_u128(2)).await.seen_at.unwrap()));
    assert_eq!(orders.order(U1).await.seen_at, Some(gone));
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_list_that_shows_nothing_new_waits_for_nobody(pool: PgPool) {
    let mut orders = Orders::new(pool).await;
    let all: Vec<_> = (1..=5).map(|id| upstream(id, OrderStatus::Received)).collect();
    orders.listed(&all).await;
    let (store, scope) = (orders.store.clone(), orders.scope.clone());
    let mut sending = store.tenant(&scope).await.unwrap();
    sending.hold_copy().await.unwrap();
    let listing = tokio::time::timeout(std::time::Duration::from_secs(10), orders.listed(&all));
    assert_eq!(listing.await.expect("it waits"), OrderListOutcome::default());
    sending.commit().await.unwrap();
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn an_implausible_list_says_of_no_order_that_it_is_not_there(pool: PgPool) {
    let mut orders = Orders::new(pool).await;
    orders.listed(&[upstream(1, OrderStatus::Received)]).await;
    orders.begin(A, "").await;
    orders.answer_lost(A).await;
    orders.now += Duration::minutes(2);
    let outcome = orders.listed(&[]).await;
    assert_eq!((outcome.held, outcome.missing, orders.delivery(A).await), (1, 0, Some(Delivery::Unknown)));
}
