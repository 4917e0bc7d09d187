//! Orders of unknown outcome: what they are taken for, what a person says of them, and how doubt ends.

use super::*;

const U2: Uuid = Uuid::from_u128(2);

#[sqlx::test(migrator = "MIGRATIONS")]
async fn what_looks_like_a_missing_order_is_only_offered_for_it(pool: PgPool) {
    let mut orders = Orders::new(pool).await;
    orders.begin(A, "").await;
    orders.answer_lost(A).await;
    orders.now += Duration::minutes(2);
    orders.listed(&[]).await;
    // The same business has been sent one by another system.
    let outcome = orders.listed(&[upstream(1, OrderStatus::Received)]).await;
    assert_eq!((outcome.new, outcome.found, orders.delivery(A).await), (1, 0, Some(Delivery::Missing)));
    assert_eq!(orders.candidates(A).await, [U1]);
    assert!(orders.begun_again(A).await, "it is not lost");
    orders.answered(A, U2).await;
    assert_eq!((orders.order(A).await.row.upstream_id, orders.rows().await), (Some(U2), 2));
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn without_a_list_from_shortly_before_nothing_says_which_order_is_new(pool: PgPool) {
    let mut orders = Orders::new(pool).await;
    for listed_before in [None, Some(orders.now - Duration::days(3))] {
        let (sent, shown) = (Uuid::new_v4(), Uuid::new_v4().as_u128());
        orders.followed(listed_before).await;
        orders.begin(sent, "").await;
        orders.answer_lost(sent).await;
        let shown = upstream(shown, OrderStatus::Received);
        let outcome = orders.listed(std::slice::from_ref(&shown)).await;
        assert_eq!((outcome.new, outcome.found, orders.delivery(sent).await), (1, 0, Some(Delivery::Unknown)));
        assert_eq!(orders.candidates(sent).await, [shown.id]);
        assert!(orders.recognised(sent, shown.id).await);
    }
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn what_was_found_by_looking_can_be_given_back(pool: PgPool) {
    let mut orders = Orders::new(pool).await;
    orders.begin(A, "").await;
    orders.answer_lost(A).await;
    let listed = [upstream(1, OrderStatus::MerchantViewed)];
    assert_eq!(orders.listed(&listed).await.found, 1);
    assert!(orders.order(A).await.found_by_looking);
    assert!(orders.released(A).await);
    let order = orders.order(A).await;
    assert_eq!((order.row.delivery, order.row.upstream_id, &order.row.url), (Some(Delivery::Unknown), None, &None));
    assert_eq!(orders.happened(A).await.last(), Some(&Happening::Mistaken));
    let shown = orders.order(U1).await;
    assert_eq!((shown.row.id, shown.row.upstream_id, &shown.row.delivery), (U1, Some(U1), &None));
    assert_eq!(
        (&shown.row.status, shown.row.url.as_deref()),
        (&OrderStatus::MerchantViewed, Some("https://upstream.example/1"))
    );
    // It is not taken for it once more.
    orders.now += Duration::minutes(2);
    assert_eq!(orders.listed(&listed).await, OrderListOutcome::default());
    assert_eq!((orders.candidates(A).await, orders.delivery(A).await), (vec![U1], Some(Delivery::Unknown)));
    // A person may change their mind, and again.
    assert!(orders.recognised(A, U1).await && orders.released(A).await);
    assert_eq!(orders.order(U1).await.merged_into, None);
    assert!(!orders.released(A).await, "nothing is left to give back");
    orders.now += Duration::minutes(2);
    assert!(orders.begun_again(A).await);
    orders.answered(A, U2).await;
    assert!(!orders.released(A).await, "upstream has said which one it is");
    assert_eq!(orders.rows().await, 2);
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn upstreams_answer_frees_what_an_order_was_taken_for(pool: PgPool) {
    let mut orders = Orders::new(pool).await;
    orders.begin(A, "").await;
    orders.answer_lost(A).await;
    orders.listed(&[upstream(1, OrderStatus::Received)]).await;
    orders.answered(A, U2).await;
    let shown = orders.order(U1).await;
    assert_eq!((shown.row.id, shown.merged_into, orders.order(A).await.row.upstream_id), (U1, None, Some(U2)));
    assert_eq!(orders.rows().await, 2);
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn two_people_who_choose_at_once_hide_no_order(pool: PgPool) {
    let mut orders = Orders::new(pool).await;
    orders.followed(None).await;
    orders.begin(A, "").await;
    orders.answer_lost(A).await;
    let listed = [upstream(1, OrderStatus::Received), upstream(2, OrderStatus::Received)];
    assert_eq!(orders.listed(&listed).await.new, 2);
    let (store, scope) = (orders.store.clone(), orders.scope.clone());
    let (mut first, now) = orders.tenant().await;
    assert!(first.recognise_product_order(A, U1, "one@example.com", now).await.unwrap());
    let second = tokio::spawn(async move {
        let mut second = store.tenant(&scope).await.unwrap();
        let recognised = second.recognise_product_order(A, U2, "other@example.com", now).await.unwrap();
        second.commit().await.unwrap();
        recognised
    });
    // The second one has begun before the first one ends.
    let waits = "select count(*) from pg_locks where not granted";
    while sqlx::query_scalar::<_, i64>(waits).fetch_one(first.connection()).await.unwrap() == 0 {
        tokio::task::yield_now().await;
        assert!(!second.is_finished(), "it does not wait");
    }
    first.commit().await.unwrap();
    assert!(!second.await.unwrap());
    assert_eq!((orders.order(A).await.row.upstream_id, orders.order(U2).await.row.id), (Some(U1), U2));
    assert_eq!(orders.rows().await, 2);
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_listed_order_that_nobody_holds_is_shown_again(pool: PgPool) {
    let mut orders = Orders::new(pool).await;
    orders.followed(None).await;
    orders.begin(A, "").await;
    orders.answer_lost(A).await;
    let listed = [upstream(1, OrderStatus::Received)];
    orders.listed(&listed).await;
    assert!(orders.recognised(A, U1).await);
    let mut tenant = orders.store.tenant(&orders.scope).await.unwrap();
    let lose = "update product_order set upstream_id = null where id = $1";
    sqlx::query(lose).bind(A).execute(tenant.connection()).await.unwrap();
    tenant.commit().await.unwrap();
    assert_eq!(orders.listed(&listed).await.new, 1);
    let shown = orders.order(U1).await;
    assert_eq!((shown.row.id, shown.row.upstream_id, shown.merged_into), (U1, Some(U1), None));
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn an_order_is_not_sent_again_after_a_day_and_its_days_count_from_when_it_arrived(pool: PgPool) {
    let mut orders = Orders::new(pool).await;
    for id in [A, B] {
        orders.begin(id, "coffee").await;
        orders.answer_lost(id).await;
    }
    let begun = orders.order(A).await.row.begun_at;
    orders.now += Duration::hours(20);
    // Whether it arrived the first time is not known, so its link may have lived since then.
    assert!(orders.begun_again(A).await);
    orders.answered(A, U1).await;
    assert_eq!(orders.order(A).await.row.begun_at, begun);
    // The other one was not there, so it is new now.
    assert_eq!(orders.listed(&[upstream(1, OrderStatus::Received)]).await.missing, 1);
    assert!(orders.begun_again(B).await);
    orders.answered(B, U2).await;
    assert!(orders.order(B).await.row.begun_at > begun + Duration::hours(19));

    let late = Uuid::from_u128(0xc);
    orders.begin(late, "").await;
    orders.answer_lost(late).await;
    let order = orders.order(late).await;
    assert!(order.can_be_sent_again(order.first_seen_at + Duration::hours(23)));
    assert!(!order.can_be_sent_again(order.first_seen_at + Duration::hours(25)));
    orders.now += Duration::hours(25);
    assert!(!orders.begun_again(late).await);
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_call_that_nobody_waits_for_any_more_is_in_doubt_without_a_list(pool: PgPool) {
    let mut orders = Orders::new(pool).await;
    orders.begin(A, "").await;
    orders.settled_by_time().await;
    assert_eq!(orders.delivery(A).await, Some(Delivery::Sending));
    orders.now += Duration::minutes(2);
    orders.settled_by_time().await;
    assert_eq!(orders.happened(A).await, [Happening::Sent, Happening::Unknown]);
    let mut tenant = orders.store.tenant(&orders.scope).await.unwrap();
    let indexed: bool = sqlx::query_scalar("select version = (select version from copy) from product_order")
        .fetch_one(tenant.connection())
        .await
        .unwrap();
    assert!(indexed, "lists show it");
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn doubt_ends_and_requests_are_forgotten_when_links_have_run_out(pool: PgPool) {
    let mut orders = Orders::new(pool).await;
    let [found, missing, unknown, sending] = [0xa1, 0xa2, 0xa3, 0xa4].map(Uuid::from_u128);
    orders.begin(found, "").await;
    orders.answer_lost(found).await;
    let listed = [upstream(1, OrderStatus::Received)];
    assert_eq!(orders.listed(&listed).await.found, 1);
    orders.begin(missing, "").await;
    orders.answer_lost(missing).await;
    orders.now += Duration::minutes(2);
    assert_eq!(orders.listed(&listed).await.missing, 1);
    orders.begin(unknown, "").await;
    orders.answer_lost(unknown).await;
    orders.begin(sending, "").await;
    let all = [found, missing, unknown, sending];
    orders.now += Duration::days(13);
    orders.settled_by_time().await;
    for id in all {
        assert!(orders.keeps_request(id).await);
    }
    assert_eq!(orders.delivery(sending).await, Some(Delivery::Unknown));
    orders.now += Duration::days(2);
    orders.settled_by_time().await;
    for id in all {
        assert!(!orders.keeps_request(id).await);
    }
    let order = orders.order(found).await;
    assert_eq!((order.row.delivery, order.found_by_looking), (Some(Delivery::Sent), false));
    for id in [missing, unknown, sending] {
        assert_eq!(orders.delivery(id).await, Some(Delivery::Missing));
        assert_eq!(orders.happened(id).await.last(), Some(&Happening::GivenUp));
        assert!(!orders.begun_again(id).await);
    }
    let before = orders.happened(missing).await;
    orders.settled_by_time().await;
    assert_eq!(orders.happened(missing).await, before, "once");
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_refused_order_is_kept_for_a_month(pool: PgPool) {
    let mut orders = Orders::new(pool).await;
    orders.begin(A, "").await;
    let (mut tenant, now) = orders.tenant().await;
    tenant.refuse_product_order(A, 400, &[], now).await.unwrap();
    tenant.commit().await.unwrap();
    orders.now += Duration::days(29);
    orders.settled_by_time().await;
    assert_eq!(orders.rows().await, 1);
    orders.now += Duration::days(2);
    orders.settled_by_time().await;
    assert_eq!(orders.rows().await, 0);
}
