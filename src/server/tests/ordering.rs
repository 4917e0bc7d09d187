//! Product orders on their way upstream and back, through everything that can go wrong.

mod double_submits;
mod looking;

use reqwest::StatusCode;
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use super::{PARTNER, TestPortal, org};
use crate::domain::failure::Failure;
use crate::domain::identifiers::{BusinessIdentifier, Msn};
use crate::domain::organisation::Role;
use crate::domain::product_order::{Delivery, Happening, OrderStatus, ProductOrder};
use crate::domain::product_order_filter::ProductOrderQuery;
use crate::server::ordering::{self, Deleting, Sending};
use crate::server::sandbox::SandboxOrder;
use crate::server::store::product_orders::{NewProductOrder, ProductOrders};
use crate::server::store::{MIGRATIONS, Scope};
use crate::server::sync;

const BY: &str = "staff@example.com";

/// A portal that knows all that upstream has, and what was there before the test.
struct Ordering {
    test: TestPortal,
    scope: Scope,
    before: usize,
}

/// What is ordered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Wanted {
    scheme: &'static str,
    business_id: String,
    product_type: &'static str,
    purpose: String,
}

impl Wanted {
    fn request(&self) -> Value {
        json!({
            "businessIdentifier": {"scheme": self.scheme, "id": self.business_id},
            "productType": self.product_type,
            "intendedPurpose": self.purpose,
        })
    }
}

impl Ordering {
    async fn start(pool: PgPool) -> Self {
        let test = TestPortal::synced(pool).await;
        let before = test.sandbox.orders_of(PARTNER).len();
        let ordering = Self { test, scope: Scope::whole(org(PARTNER)), before };
        assert_eq!(ordering.listed().await, before);
        ordering
    }

    fn wanted(&self, purpose: &str) -> Wanted {
        let merchant = self.test.sandbox.merchants_of(PARTNER).remove(0);
        let (scheme, business_id) = (merchant.scheme, merchant.id);
        Wanted { scheme, business_id, product_type: "CHECKOUT", purpose: purpose.to_owned() }
    }

    fn new_order(&self, id: Uuid, wanted: &Wanted) -> NewProductOrder {
        NewProductOrder {
            id,
            business_identifier: BusinessIdentifier::new(wanted.scheme, wanted.business_id.clone()),
            product_type: wanted.product_type.to_owned(),
            sales_unit_name: None,
            price_package_id: None,
            by_email: Some(BY.to_owned()),
            template: None,
            replaces: None,
            prefill: Some(json!({"intended_purpose": wanted.purpose})),
            of_program: None,
            sealed_request: Vec::new(),
        }
    }

    async fn send(&self, id: Uuid, wanted: &Wanted) -> Sending {
        self.send_request(id, wanted, &wanted.request()).await
    }

    async fn send_request(&self, id: Uuid, wanted: &Wanted, request: &Value) -> Sending {
        let new = self.new_order(id, wanted);
        ordering::send(&self.test.portal, &self.scope, new, request.to_string()).await.unwrap()
    }

    async fn send_again(&self, id: Uuid) -> Sending {
        ordering::send_again(&self.test.portal, &self.scope, id, Some(BY)).await.unwrap()
    }

    /// An order that upstream has.
    async fn sent(&self, purpose: &str) -> (Uuid, Uuid) {
        let id = Uuid::new_v4();
        let sending = self.send(id, &self.wanted(purpose)).await;
        assert!(matches!(sending, Sending::Sent { .. }), "{sending:?}");
        (id, self.order(id).await.row.upstream_id.unwrap())
    }

    async fn delete(&self, order: (Uuid, Uuid)) -> Deleting {
        self.try_to_delete(order).await.unwrap()
    }

    async fn try_to_delete(&self, (id, upstream_id): (Uuid, Uuid)) -> Result<Deleting, Failure> {
        ordering::delete(&self.test.portal, &self.scope, id, upstream_id, BY.to_owned()).await
    }

    async fn refresh(&self, upstream_id: Uuid) {
        self.try_to_refresh(upstream_id).await.unwrap();
    }

    async fn try_to_refresh(&self, upstream_id: Uuid) -> Result<(), Failure> {
        ordering::refresh(&self.test.portal, &self.scope, upstream_id).await
    }

    async fn look(&self) {
        ordering::look_through_list(&self.test.portal, &self.scope).await.unwrap();
    }

    async fn order(&self, id: Uuid) -> ProductOrder {
        let mut tenant = self.test.portal.store().tenant(&self.scope).await.unwrap();
        tenant.product_order(id).await.unwrap().unwrap()
    }

    async fn happened(&self, id: Uuid) -> Vec<Happening> {
        self.order(id).await.happenings.into_iter().map(|happened| happened.what).collect()
    }

    /// How many orders the list shows, gone ones too.
    async fn listed(&self) -> usize {
        let staff = Uuid::new_v4();
        let store = self.test.portal.store();
        assert!(store.add_staff(staff, &format!("{staff}@example.com"), "", false).await.unwrap());
        store.save_membership(staff, &org(PARTNER), crate::domain::organisation::Role::Viewer).await.unwrap();
        let version = store.acting(staff, &org(PARTNER)).await.unwrap().unwrap().copy.version;
        let query = ProductOrderQuery::from_query("");
        store.page::<ProductOrders>(&self.scope, version, &query, 0).await.unwrap().matching
    }

    fn set_faults(&self, faults: &[&str]) {
        self.test.sandbox.set_faults(faults.iter().map(|fault| fault.parse().unwrap()).collect());
    }

    /// What upstream has under the keys of the orders that were sent from here.
    fn upstream(&self) -> Vec<SandboxOrder> {
        let orders = self.test.sandbox.orders_of(PARTNER).into_iter();
        orders.filter(|order| order.idempotency_key.is_some()).collect()
    }

    /// Two minutes pass for all that is not settled.
    async fn two_minutes_pass(&self) {
        let mut acting = self.acting().await;
        sqlx::query(
            "update product_order set sent_at = sent_at - interval '2 minutes',
                first_seen_at = first_seen_at - interval '2 minutes'
             where delivery in ('sending', 'unknown', 'missing')",
        )
        .execute(&mut *acting)
        .await
        .unwrap();
        acting.commit().await.unwrap();
    }

    /// For SQL of the test's own, as the partner.
    async fn acting(&self) -> sqlx::Transaction<'static, sqlx::Postgres> {
        let mut transaction = self.test.pool.begin().await.unwrap();
        let acting = "select set_config('portal.organisation', $1, true)";
        sqlx::query(acting).bind(PARTNER).execute(&mut *transaction).await.unwrap();
        transaction
    }
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_lost_deletion_is_found_by_looking(pool: PgPool) {
    let ordering = Ordering::start(pool).await;
    let mut orders = Vec::new();
    for number in 0..12 {
        orders.push(ordering.sent(&format!("order {number}")).await);
    }
    ordering.set_faults(&["lost-answer=100%"]);
    let (mut unknown, mut left) = (Vec::new(), Vec::new());
    for order in orders {
        // A second try that is told 404 says that the first one was carried out.
        match ordering.try_to_delete(order).await {
            Ok(Deleting::Deleted) => assert!(ordering.order(order.0).await.row.deleted_at.is_some()),
            Ok(Deleting::Unknown) => unknown.push(order),
            Ok(Deleting::Refused(_)) => panic!("nobody has refused"),
            // After so much trouble, upstream is left alone for a moment.
            Err(failure) => {
                assert_eq!(failure, Failure::UpstreamSilent);
                left.push(order);
            }
        }
    }
    assert_eq!(ordering.upstream().len(), left.len());
    ordering.set_faults(&[]);
    let [first, second, ..] = unknown[..] else { panic!("{} of 12 answers were lost", unknown.len()) };
    assert_eq!(ordering.order(first.0).await.row.gone_at, None, "nobody knows yet");
    until(async || ordering.try_to_refresh(first.1).await.is_ok()).await;
    assert!(ordering.order(first.0).await.row.gone_at.is_some());
    assert_eq!(ordering.happened(first.0).await, [Happening::Sent, Happening::Gone]);
    // The sync finds it out as well.
    ordering.test.sync_until_well().await;
    assert!(ordering.order(second.0).await.row.gone_at.is_some());
    for order in left {
        assert_eq!(ordering.delete(order).await, Deleting::Deleted);
    }
    assert_eq!(ordering.upstream(), []);
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn an_order_is_deleted_once_however_often_one_clicks(pool: PgPool) {
    let ordering = Ordering::start(pool).await;
    let order = ordering.sent("coffee").await;
    let (first, second) = tokio::join!(ordering.delete(order), ordering.delete(order));
    assert_eq!((first, second), (Deleting::Deleted, Deleting::Deleted));
    assert_eq!(ordering.delete(order).await, Deleting::Deleted);
    assert_eq!(ordering.upstream(), []);
    let happened = ordering.happened(order.0).await;
    let deletions = happened.iter().filter(|what| **what == Happening::Deleted).count();
    assert_eq!(deletions, 1, "{happened:?}");
    assert!(!happened.iter().any(|what| matches!(what, Happening::DeleteRefused(_))), "{happened:?}");
    let row = ordering.order(order.0).await.row;
    assert!(row.deleted_at.is_some() && row.gone_at.is_some());
    ordering.look().await;
    assert_eq!(ordering.listed().await, ordering.before + 1, "it is kept as a deleted one");
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_submitted_order_cannot_be_deleted_and_says_why(pool: PgPool) {
    let ordering = Ordering::start(pool).await;
    let order = ordering.sent("coffee").await;
    assert!(ordering.test.sandbox.submit_order(&order.1.to_string()));
    let Deleting::Refused(refusal) = ordering.delete(order).await else { panic!("it was deleted") };
    assert!((400..500).contains(&refusal.status) && !refusal.faults.is_empty(), "{refusal:?}");
    let happened = ordering.happened(order.0).await;
    let [.., Happening::DeleteRefused(reason), Happening::Status(OrderStatus::Submitted)] = &happened[..] else {
        panic!("{happened:?}")
    };
    assert!(reason.contains("submitted"), "{reason}");
    let row = ordering.order(order.0).await.row;
    assert_eq!(row.status, OrderStatus::Submitted, "the page must not offer to delete it again");
    assert_eq!((row.gone_at, row.deleted_at), (None, None));
    assert_eq!(ordering.upstream().len(), 1);
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_refused_order_keeps_what_was_filled_in_and_is_in_no_list(pool: PgPool) {
    let ordering = Ordering::start(pool).await;
    let wanted = ordering.wanted("coffee");
    let mut request = wanted.request();
    // Nothing that a form could know.
    request["pricePackageId"] = json!(Uuid::new_v4());
    let refused = |sending: Sending| {
        let Sending::Refused(refusal) = sending else { panic!("{sending:?}") };
        assert_eq!((refusal.status, refusal.faults.len()), (400, 1));
        let reasons = refusal.faults;
        assert_eq!(reasons[0].0, "pricePackageId");
        reasons
    };

    let at_once = Uuid::new_v4();
    let reasons = refused(ordering.send_request(at_once, &wanted, &request).await);
    assert_eq!(ordering.send_request(at_once, &wanted, &request).await, Sending::Already);

    // Whether it has arrived is not known at first.
    let after_doubt = Uuid::new_v4();
    ordering.set_faults(&["error=500:100%"]);
    assert_eq!(ordering.send_request(after_doubt, &wanted, &request).await, Sending::Unknown);
    ordering.set_faults(&[]);
    assert_eq!(ordering.send_again(after_doubt).await, Sending::Already, "it may still be on its way");
    ordering.two_minutes_pass().await;
    ordering.test.sync_until_well().await;
    assert_eq!(ordering.order(after_doubt).await.row.delivery, Some(Delivery::Missing));
    assert_eq!(ordering.listed().await, ordering.before + 1, "what is missing needs somebody");
    refused(ordering.send_again(after_doubt).await);

    // Upstream was not there at first.
    let after_outage = Uuid::new_v4();
    ordering.test.stop_sandbox().await;
    assert_eq!(ordering.send_request(after_outage, &wanted, &request).await, Sending::NotReached);
    assert_eq!(ordering.listed().await, ordering.before + 1);
    ordering.test.start_sandbox().await;
    ordering.test.sync_until_well().await;
    refused(ordering.send_again(after_outage).await);

    for id in [at_once, after_doubt, after_outage] {
        let order = ordering.order(id).await;
        assert_eq!((order.row.delivery, &order.refusal), (Some(Delivery::Refused), &reasons));
        assert_eq!(order.prefill.as_deref(), Some(r#"{"intended_purpose":"coffee"}"#));
        assert_eq!(order.happenings.last().map(|last| &last.what), Some(&Happening::Refused));
    }
    assert_eq!(ordering.listed().await, ordering.before);
    assert_eq!(ordering.upstream(), []);
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn an_order_is_followed_to_its_end(pool: PgPool) {
    let ordering = Ordering::start(pool).await;
    let sandbox = &ordering.test.sandbox;
    let (good, bad, late) = (ordering.sent("good").await, ordering.sent("bad").await, ordering.sent("late").await);
    let ids = [good, bad, late].map(|(_, upstream_id)| upstream_id.to_string());
    let refresh_all = async || {
        for (_, upstream_id) in [good, bad, late] {
            ordering.refresh(upstream_id).await;
        }
    };
    refresh_all().await;
    assert!(ids.iter().all(|id| sandbox.view_order(id)));
    refresh_all().await;
    assert!(sandbox.submit_order(&ids[0]) && sandbox.submit_order(&ids[1]) && sandbox.expire_order(&ids[2]));
    refresh_all().await;
    let msn = sandbox.approve_order(&ids[0]).unwrap();
    assert!(sandbox.reject_order(&ids[1]));
    refresh_all().await;
    refresh_all().await;

    use OrderStatus::{Completed, Expired, MerchantViewed, Rejected, Submitted};
    let timelines: [(_, &[OrderStatus]); 3] = [
        (good, &[MerchantViewed, Submitted, Completed]),
        (bad, &[MerchantViewed, Submitted, Rejected]),
        (late, &[MerchantViewed, Expired]),
    ];
    for ((id, _), statuses) in timelines {
        let statuses = statuses.iter().cloned().map(Happening::Status);
        let expected: Vec<Happening> = std::iter::once(Happening::Sent).chain(statuses).collect();
        assert_eq!(ordering.happened(id).await, expected);
    }
    let msn = Msn::parse(&msn).unwrap();
    assert_eq!(ordering.order(good.0).await.row.msn.as_ref(), Some(&msn));
    assert_eq!(ordering.order(bad.0).await.row.msn, None);
    ordering.test.sync_until_well().await;
    let mut tenant = ordering.test.portal.store().tenant(&ordering.scope).await.unwrap();
    assert!(tenant.sales_unit(&msn).await.unwrap().is_some(), "the new sales unit is there after a sync");
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn the_sales_unit_of_an_order_is_fetched_as_soon_as_it_is_named(pool: PgPool) {
    let ordering = Ordering::start(pool).await;
    let (test, sandbox) = (&ordering.test, &ordering.test.sandbox);
    test.sync_until_well().await;
    let staff = test.member("staff@example.com", &[(PARTNER, Role::Viewer)]).await;
    let refreshed = ordering.sent("refreshed").await;
    let listed = ordering.sent("listed").await;
    for (order, by_list) in [(refreshed, false), (listed, true)] {
        let id = order.1.to_string();
        assert!(sandbox.submit_order(&id));
        let msn = sandbox.approve_order(&id).unwrap();
        let unit = format!("/as/{PARTNER}/sales-units/{msn}");
        let store = test.portal.store();
        assert!(!store.awaits_sync(&org(PARTNER), sync::sales_units::NAME).await.unwrap());
        if by_list {
            store.call_for_sync(&org(PARTNER), sync::product_orders::NAME).await.unwrap();
        } else {
            ordering.refresh(order.1).await;
            assert!(store.awaits_sync(&org(PARTNER), sync::sales_units::NAME).await.unwrap());
            let page = staff.get(&format!("/as/{PARTNER}/product-orders/{}", order.0)).await;
            assert!(page.text().contains(&format!("MSN {msn} being fetched")), "{}", page.text());
            assert!(!page.body.contains(&unit), "a link that leads nowhere");
        }
        assert_eq!(sync::work_off_due(&test.portal, None, false).await.unwrap(), 0);
        let page = staff.get(&format!("/as/{PARTNER}/product-orders/{}", order.0)).await;
        assert!(page.body.contains(&unit), "{}", page.text());
        assert_eq!(staff.get(&unit).await.status, StatusCode::OK);
    }
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn who_hangs_up_stops_nothing(pool: PgPool) {
    let ordering = Ordering::start(pool).await;
    ordering.set_faults(&["latency=100ms"]);
    let (id, wanted) = (Uuid::new_v4(), ordering.wanted("coffee"));
    let new = ordering.new_order(id, &wanted);
    let (portal, scope) = (ordering.test.portal.clone(), ordering.scope.clone());
    let posts = || ordering.test.sandbox.calls().iter().filter(|call| call.method == "POST").count();
    let before = posts();
    let asking = tokio::spawn(async move { ordering::send(&portal, &scope, new, wanted.request().to_string()).await });
    until(async || ordering.delivery(id).await == Some(Delivery::Sending)).await;
    asking.abort();
    assert!(asking.await.unwrap_err().is_cancelled());
    until(async || ordering.delivery(id).await == Some(Delivery::Sent)).await;
    assert_eq!((posts() - before, ordering.upstream().len()), (1, 1));
}

impl Ordering {
    async fn delivery(&self, id: Uuid) -> Option<Delivery> {
        let mut tenant = self.test.portal.store().tenant(&self.scope).await.unwrap();
        tenant.product_order(id).await.unwrap()?.row.delivery
    }
}

/// Waits until it is so.
async fn until(is_so: impl AsyncFn() -> bool) {
    let waiting = async {
        while !is_so().await {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), waiting).await.expect("it never comes");
}
