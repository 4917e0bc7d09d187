//! What is known of an order after every way its sending can go.

use sqlx::PgPool;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::list::OrderListOutcome;
use super::{NewProductOrder, ProductOrder};
use crate::domain::identifiers::{BusinessIdentifier, Msn};
use crate::domain::organisation::{OrgId, OrganisationKind};
use crate::domain::product_order::{Delivery, Happening, OrderKind, OrderStatus, ProductType, UpstreamOrder};
use crate::domain::sales_unit::ListedSalesUnit;
use crate::server::store::organisations::Registration;
use crate::server::store::{MIGRATIONS, Scope, Store, Tenant};

mod doubt;
mod lists;

const BUSINESS: &str = "918713867";

struct Orders {
    store: Store,
    scope: Scope,
    /// Moves forward with everything that happens.
    now: OffsetDateTime,
}

impl Orders {
    async fn new(pool: PgPool) -> Self {
        let store = Store::over(pool);
        let id: OrgId = "org_a".parse().unwrap();
        let registration = Registration {
            id: id.clone(),
            kind: OrganisationKind::Partner,
            name: "A".to_owned(),
            business_identifier: None,
            partner: None,
            keys: None,
        };
        store.save_organisation(&registration).await.unwrap();
        let orders = Self { store, scope: Scope::whole(id), now: OffsetDateTime::now_utc() - Duration::hours(1) };
        orders.followed(Some(orders.now)).await;
        orders
    }

    /// Says when there has been a list.
    async fn followed(&self, since: Option<OffsetDateTime>) {
        let mut tenant = self.store.tenant(&self.scope).await.unwrap();
        let job =
            "insert into sync_job (organisation_id, resource, completed_at) values ('org_a', 'product_orders', $1)
                   on conflict (organisation_id, resource) do update set completed_at = $1";
        sqlx::query(job).bind(since).execute(tenant.connection()).await.unwrap();
        tenant.commit().await.unwrap();
    }

    async fn delivery(&mut self, id: Uuid) -> Option<Delivery> {
        self.order(id).await.row.delivery
    }

    async fn tenant(&mut self) -> (Tenant<'_>, OffsetDateTime) {
        self.now += Duration::SECOND;
        (self.store.tenant(&self.scope).await.unwrap(), self.now)
    }

    async fn begin(&mut self, id: Uuid, purpose: &str) -> bool {
        let new = NewProductOrder {
            id,
            business_identifier: BusinessIdentifier::new("business:NO:ORG", BUSINESS),
            product_type: "CHECKOUT".to_owned(),
            sales_unit_name: Some("Kaffe".to_owned()),
            price_package_id: None,
            by_email: Some("staff@example.com".to_owned()),
            template: None,
            replaces: None,
            prefill: Some(serde_json::json!({ "intended_purpose": purpose })),
            of_program: None,
            sealed_request: b"sealed".to_vec(),
        };
        let (mut tenant, now) = self.tenant().await;
        let begun = tenant.begin_product_order(&new, now).await.unwrap();
        tenant.commit().await.unwrap();
        begun
    }

    async fn answered(&mut self, id: Uuid, upstream_id: Uuid) {
        let (mut tenant, now) = self.tenant().await;
        tenant.finish_product_order(id, upstream_id, Some("https://upstream.example/1"), now).await.unwrap();
        tenant.commit().await.unwrap();
    }

    async fn answer_lost(&mut self, id: Uuid) {
        let (mut tenant, now) = self.tenant().await;
        tenant.doubt_product_order(id, &Happening::Unknown, now).await.unwrap();
        tenant.commit().await.unwrap();
    }

    async fn listed(&mut self, orders: &[UpstreamOrder]) -> OrderListOutcome {
        self.now += Duration::SECOND;
        self.listed_as_of(orders, self.now).await
    }

    /// Takes over a list that upstream was asked for at `asked_at`.
    async fn listed_as_of(&mut self, orders: &[UpstreamOrder], asked_at: OffsetDateTime) -> OrderListOutcome {
        let listed: Vec<_> = orders.iter().map(|order| (order.clone(), "{}".to_owned())).collect();
        self.now += Duration::SECOND;
        self.store.apply_product_order_list(&self.scope, &listed, asked_at, self.now, false).await.unwrap()
    }

    /// Asks for one order.
    async fn refreshed(&mut self, order: &UpstreamOrder) {
        let (mut tenant, now) = self.tenant().await;
        tenant.save_product_order(order, "{}", now, now).await.unwrap();
        tenant.commit().await.unwrap();
    }

    async fn settled_by_time(&mut self) {
        let (mut tenant, now) = self.tenant().await;
        tenant.settle_product_orders_by_time(now).await.unwrap();
        tenant.commit().await.unwrap();
    }

    async fn deleted(&mut self, id: Uuid) {
        let (mut tenant, now) = self.tenant().await;
        tenant.note_product_order_deleted(id, "staff@example.com", now).await.unwrap();
        tenant.commit().await.unwrap();
    }

    async fn recognised(&mut self, id: Uuid, candidate: Uuid) -> bool {
        let (mut tenant, now) = self.tenant().await;
        let recognised = tenant.recognise_product_order(id, candidate, "staff@example.com", now).await.unwrap();
        tenant.commit().await.unwrap();
        recognised
    }

    async fn released(&mut self, id: Uuid) -> bool {
        let (mut tenant, now) = self.tenant().await;
        let released = tenant.release_product_order(id, Some("staff@example.com"), now).await.unwrap();
        tenant.commit().await.unwrap();
        released
    }

    /// Takes an order into sending once more, if that may be.
    async fn begun_again(&mut self, id: Uuid) -> bool {
        let (mut tenant, now) = self.tenant().await;
        let sealed = tenant.begin_product_order_again(id, Some("staff@example.com"), now).await.unwrap();
        tenant.commit().await.unwrap();
        sealed.is_some()
    }

    async fn candidates(&mut self, id: Uuid) -> Vec<Uuid> {
        let (mut tenant, _) = self.tenant().await;
        tenant.product_order_candidates(id).await.unwrap().into_iter().map(|(id, _)| id).collect()
    }

    async fn happened(&mut self, id: Uuid) -> Vec<Happening> {
        self.order(id).await.happenings.into_iter().map(|happened| happened.what).collect()
    }

    async fn keeps_request(&self, id: Uuid) -> bool {
        let mut tenant = self.store.tenant(&self.scope).await.unwrap();
        let kept = sqlx::query_scalar("select sealed_request is not null from product_order where id = $1").bind(id);
        kept.fetch_one(tenant.connection()).await.unwrap()
    }

    async fn order(&mut self, id: Uuid) -> ProductOrder {
        let (mut tenant, _) = self.tenant().await;
        tenant.product_order(id).await.unwrap().unwrap()
    }

    async fn rows(&self) -> i64 {
        let mut tenant = self.store.tenant(&self.scope).await.unwrap();
        sqlx::query_scalar("select count(*) from product_order where merged_into is null")
            .fetch_one(tenant.connection())
            .await
            .unwrap()
    }
}

fn upstream(id: u128, status: OrderStatus) -> UpstreamOrder {
    UpstreamOrder {
        id: Uuid::from_u128(id),
        kind: OrderKind::Prefill,
        product_type: ProductType::Checkout,
        status,
        business_identifier: Some(BusinessIdentifier::new("business:NO:ORG", BUSINESS)),
        url: Some(format!("https://upstream.example/{id}")),
        sales_unit: None,
    }
}

const A: Uuid = Uuid::from_u128(0xa);
const B: Uuid = Uuid::from_u128(0xb);
const U1: Uuid = Uuid::from_u128(1);

#[sqlx::test(migrator = "MIGRATIONS")]
async fn an_order_is_begun_once(pool: PgPool) {
    let mut orders = Orders::new(pool).await;
    assert!(orders.begin(A, "").await);
    assert!(!orders.begin(A, "").await);
    orders.answered(A, U1).await;
    assert!(!orders.begin(A, "").await);
    let order = orders.order(A).await;
    assert_eq!((order.row.delivery, &order.row.status), (Some(Delivery::Sent), &OrderStatus::Received));
    assert_eq!(orders.order(U1).await.row.id, A, "found by upstream's id as well");
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn the_list_does_not_double_an_order_whose_answer_is_on_its_way(pool: PgPool) {
    let mut orders = Orders::new(pool).await;
    orders.begin(A, "").await;
    let outcome = orders.listed(&[upstream(1, OrderStatus::Received)]).await;
    assert_eq!((outcome.new, outcome.found, orders.rows().await), (0, 0, 1));
    orders.answered(A, U1).await;
    let outcome = orders.listed(&[upstream(1, OrderStatus::MerchantViewed)]).await;
    assert_eq!((outcome.new, outcome.changed, orders.rows().await), (0, 1, 1));
    assert_eq!(orders.order(A).await.row.status, OrderStatus::MerchantViewed);
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn an_order_whose_answer_was_lost_is_found(pool: PgPool) {
    let mut orders = Orders::new(pool).await;
    orders.begin(A, "").await;
    orders.answer_lost(A).await;
    let outcome = orders.listed(&[upstream(1, OrderStatus::Received)]).await;
    assert_eq!((outcome.new, outcome.found, orders.rows().await), (0, 1, 1));
    let order = orders.order(A).await;
    assert_eq!((order.row.delivery, order.row.upstream_id), (Some(Delivery::Sent), Some(U1)));
    assert_eq!(order.row.url.as_deref(), Some("https://upstream.example/1"));
    let happened: Vec<_> = order.happenings.into_iter().map(|happened| happened.what).collect();
    assert_eq!(happened, [Happening::Sent, Happening::Unknown, Happening::Found]);
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn an_order_that_never_arrived_is_missing_and_can_be_sent_again(pool: PgPool) {
    let mut orders = Orders::new(pool).await;
    orders.begin(A, "").await;
    orders.answer_lost(A).await;
    orders.listed(&[]).await;
    assert_eq!(orders.order(A).await.row.delivery, Some(Delivery::Unknown), "too early to tell");
    orders.now += Duration::minutes(2);
    assert_eq!(orders.listed(&[]).await.missing, 1);
    assert_eq!(orders.order(A).await.row.delivery, Some(Delivery::Missing));
    let (mut tenant, now) = orders.tenant().await;
    let sealed = tenant.begin_product_order_again(A, Some("staff@example.com"), now).await.unwrap();
    assert_eq!(sealed, Some((b"sealed".to_vec(), A.to_string())));
    let twice = tenant.begin_product_order_again(A, Some("staff@example.com"), now).await.unwrap();
    assert_eq!(twice, None);
    tenant.commit().await.unwrap();
    orders.answered(A, U1).await;
    assert_eq!(orders.order(A).await.row.delivery, Some(Delivery::Sent));
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_portal_that_ended_in_the_middle_of_sending_looks_for_the_order(pool: PgPool) {
    let mut orders = Orders::new(pool).await;
    orders.begin(A, "").await;
    orders.now += Duration::minutes(2);
    assert_eq!(orders.listed(&[upstream(1, OrderStatus::Received)]).await.found, 1);
    assert_eq!(orders.order(A).await.row.delivery, Some(Delivery::Sent));
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn which_of_two_it_is_only_a_person_can_tell(pool: PgPool) {
    let mut orders = Orders::new(pool).await;
    for (id, purpose) in [(A, "coffee"), (B, "tea")] {
        orders.begin(id, purpose).await;
        orders.answer_lost(id).await;
    }
    let outcome = orders.listed(&[upstream(1, OrderStatus::Received)]).await;
    assert_eq!((outcome.new, outcome.found), (1, 0));
    let (mut tenant, now) = orders.tenant().await;
    assert_eq!(tenant.product_order_candidates(B).await.unwrap().first().map(|(id, _)| *id), Some(U1));
    assert!(!tenant.recognise_product_order(B, A, "staff@example.com", now).await.unwrap());
    assert!(tenant.recognise_product_order(B, U1, "staff@example.com", now).await.unwrap());
    tenant.commit().await.unwrap();
    assert_eq!(orders.rows().await, 2);
    assert_eq!(orders.order(U1).await.row.id, U1, "the other's address still answers");
    assert_eq!(orders.order(U1).await.merged_into, Some(B));
    let order = orders.order(B).await;
    assert_eq!((order.row.delivery, order.row.upstream_id), (Some(Delivery::Sent), Some(U1)));
    assert_eq!(orders.order(A).await.row.delivery, Some(Delivery::Unknown));
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn equal_orders_are_told_apart_by_nobody_and_need_not_be(pool: PgPool) {
    let mut orders = Orders::new(pool).await;
    for id in [A, B] {
        orders.begin(id, "coffee").await;
        orders.answer_lost(id).await;
    }
    let listed = [upstream(1, OrderStatus::Received), upstream(2, OrderStatus::Received)];
    assert_eq!(orders.listed(&listed).await.found, 2);
    assert_eq!(orders.rows().await, 2);
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn statuses_are_noted_as_they_change_and_orders_that_vanish_are_kept(pool: PgPool) {
    let mut orders = Orders::new(pool).await;
    let mut listed: Vec<_> = (1..=20).map(|id| upstream(id, OrderStatus::Received)).collect();
    assert_eq!(orders.listed(&listed).await.new, 20);
    assert_eq!(orders.listed(&listed).await, OrderListOutcome::default());
    listed[0].status = OrderStatus::Completed;
    listed[0].sales_unit = Some(ListedSalesUnit { msn: Msn::parse("123456").unwrap(), name: Some("Kaffe".to_owned()) });
    assert_eq!(orders.listed(&listed).await.changed, 1);
    let order = orders.order(U1).await;
    assert_eq!(order.row.msn.as_ref().map(Msn::as_str), Some("123456"));
    let happened: Vec<_> = order.happenings.into_iter().map(|happened| happened.what).collect();
    assert_eq!(happened, [Happening::FirstSeen(OrderStatus::Received), Happening::Status(OrderStatus::Completed)]);
    assert_eq!(orders.listed(&listed[1..]).await.gone, 1);
    assert!(orders.order(U1).await.row.gone_at.is_some());
    assert_eq!(orders.listed(&listed[15..]).await.held, 14, "too much is missing to be true");
    assert_eq!(orders.listed(&listed).await.changed, 1, "it is back");
    assert_eq!(orders.order(U1).await.row.gone_at, None);
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn an_order_taken_for_another_is_open_again_when_upstream_says_whose_it_is(pool: PgPool) {
    let mut orders = Orders::new(pool).await;
    for id in [A, B] {
        orders.begin(id, "coffee").await;
        orders.answer_lost(id).await;
    }
    orders.now += Duration::minutes(2);
    let outcome = orders.listed(&[upstream(1, OrderStatus::MerchantViewed)]).await;
    assert_eq!((outcome.found, outcome.missing), (1, 1), "equal as they are, one of them has arrived");
    let (taken, missing) = if orders.delivery(A).await == Some(Delivery::Sent) { (A, B) } else { (B, A) };
    // It is sent again, and the key says that it was this one.
    orders.answered(missing, U1).await;
    let order = orders.order(missing).await;
    assert_eq!((order.row.upstream_id, &order.row.status), (Some(U1), &OrderStatus::MerchantViewed));
    let order = orders.order(taken).await;
    assert_eq!((order.row.delivery, order.row.upstream_id, order.merged_into), (Some(Delivery::Unknown), None, None));
    assert_eq!(
        (order.row.url, order.happenings.last().map(|last| last.what.clone())),
        (None, Some(Happening::Mistaken))
    );
    orders.listed(&[upstream(1, OrderStatus::MerchantViewed)]).await;
    let (mut tenant, now) = orders.tenant().await;
    assert!(tenant.begin_product_order_again(taken, None, now).await.unwrap().is_some(), "its request was kept");
    tenant.commit().await.unwrap();
    orders.answered(taken, Uuid::from_u128(2)).await;
    assert_eq!((orders.delivery(taken).await, orders.rows().await), (Some(Delivery::Sent), 2));
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn different_orders_that_never_arrived_are_all_missing(pool: PgPool) {
    let mut orders = Orders::new(pool).await;
    for (id, purpose) in [(A, "coffee"), (B, "tea")] {
        orders.begin(id, purpose).await;
        orders.answer_lost(id).await;
    }
    orders.now += Duration::minutes(2);
    assert_eq!(orders.listed(&[]).await.missing, 2);
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn an_order_that_could_be_one_that_is_shown_is_not_called_missing(pool: PgPool) {
    let mut orders = Orders::new(pool).await;
    for (id, purpose) in [(A, "coffee"), (B, "tea")] {
        orders.begin(id, purpose).await;
        orders.answer_lost(id).await;
    }
    let both = [upstream(1, OrderStatus::Received), upstream(2, OrderStatus::Received)];
    assert_eq!(orders.listed(&both).await.new, 2);
    let (mut tenant, now) = orders.tenant().await;
    assert!(tenant.recognise_product_order(A, U1, "staff@example.com", now).await.unwrap());
    tenant.commit().await.unwrap();
    let (mut tenant, now) = orders.tenant().await;
    assert_eq!(tenant.begin_product_order_again(B, None, now).await.unwrap(), None, "it may still be under way");
    drop(tenant);
    orders.now += Duration::minutes(2);
    assert_eq!((orders.listed(&both).await.missing, orders.delivery(B).await), (0, Some(Delivery::Unknown)));
    // Somebody has looked and says that it is not the other one either.
    let (mut tenant, now) = orders.tenant().await;
    assert!(tenant.begin_product_order_again(B, None, now).await.unwrap().is_some());
    tenant.commit().await.unwrap();
    orders.answer_lost(B).await;
    let (mut tenant, _) = orders.tenant().await;
    assert_eq!(tenant.product_order_candidates(B).await.unwrap().len(), 1, "sending again hides nothing");
}
