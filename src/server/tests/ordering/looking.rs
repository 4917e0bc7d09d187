//! Looking for orders: by whom, how often, and what is seen without it.

use reqwest::StatusCode;

use super::*;
use crate::domain::organisation::Role;
use crate::domain::product_order_filter::{FollowFacet, ProductOrderFacets, ProductOrderFilter};
use crate::server::sync;

const ORDERS: &str = "/as/org_kystkassa/product-orders";

impl Ordering {
    /// How often the whole list was fetched.
    fn lists(&self) -> usize {
        let calls = self.test.sandbox.calls();
        calls.iter().filter(|call| call.method == "GET" && call.path.ends_with("/product-orders")).count()
    }

    /// An order whose answer was lost.
    async fn in_doubt(&self, purpose: &str) -> Uuid {
        let id = Uuid::new_v4();
        self.set_faults(&["error=500:100%"]);
        assert_eq!(self.send(id, &self.wanted(purpose)).await, Sending::Unknown);
        self.set_faults(&[]);
        id
    }
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn the_whole_list_is_looked_through_only_for_orders_in_doubt_and_now_and_then(pool: PgPool) {
    let ordering = Ordering::start(pool).await;
    let viewer = ordering.test.member("viewer@example.com", &[(PARTNER, Role::Viewer)]).await;
    let refused = Uuid::new_v4();
    let mut request = ordering.wanted("coffee").request();
    request["pricePackageId"] = json!(Uuid::new_v4());
    assert!(matches!(ordering.send_request(refused, &ordering.wanted("coffee"), &request).await, Sending::Refused(_)));
    let lists = ordering.lists();
    let path = format!("{ORDERS}/{refused}/refresh");
    assert_eq!(viewer.post(&path, &[]).await.location(), format!("{ORDERS}/{refused}"));
    assert_eq!(ordering.lists(), lists, "nothing is looked for");

    let id = ordering.in_doubt("tea").await;
    let path = format!("{ORDERS}/{id}/refresh");
    ordering.set_faults(&["latency=50ms"]);
    let looks = futures::future::join_all((0..8).map(|_| viewer.post(&path, &[]))).await;
    assert!(looks.iter().all(|look| look.status == StatusCode::SEE_OTHER));
    let looked = looks.iter().filter(|look| look.location().ends_with("?did=refreshed")).count();
    assert_eq!((looked, ordering.lists()), (1, lists + 1));
    let again = viewer.post(&path, &[]).await;
    assert_eq!(again.location(), format!("{ORDERS}/{id}?did=just-looked"), "just now is soon enough");
    let page = viewer.get(again.location()).await.text();
    assert!(page.contains("Somebody has just looked"), "{page}");
    assert_eq!(ordering.lists(), lists + 1);
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn an_order_whose_call_was_cut_off_is_shown_without_asking_upstream(pool: PgPool) {
    let ordering = Ordering::start(pool).await;
    let id = Uuid::new_v4();
    let mut tenant = ordering.test.portal.store().tenant(&ordering.scope).await.unwrap();
    let mut new = ordering.new_order(id, &ordering.wanted("coffee"));
    new.sealed_request = b"sealed".to_vec();
    assert!(tenant.begin_product_order(&new, time::OffsetDateTime::now_utc()).await.unwrap());
    tenant.commit().await.unwrap();
    ordering.test.stop_sandbox().await;
    ordering.two_minutes_pass().await;
    assert_eq!(ordering.listed().await, ordering.before);
    sync::clean(ordering.test.portal.store(), time::OffsetDateTime::now_utc()).await.unwrap();
    assert_eq!(ordering.listed().await, ordering.before + 1);
    let viewer = ordering.test.member("viewer@example.com", &[(PARTNER, Role::Viewer)]).await;
    let landing = viewer.get(&format!("/as/{PARTNER}")).await.text();
    assert!(landing.contains("1 product order of unknown outcome, or not arrived"), "{landing}");
    let facets = ProductOrderFacets { follow: Some(FollowFacet::Unsettled), ..ProductOrderFacets::default() };
    let list = viewer.get(&format!("{ORDERS}?{}", ProductOrderFilter::from(facets).to_query())).await;
    assert!(list.body.contains(&id.to_string()), "{}", list.text());
    ordering.test.start_sandbox().await;
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn what_was_found_by_looking_is_said_and_can_be_given_back(pool: PgPool) {
    let ordering = Ordering::start(pool).await;
    let (id, wanted) = (Uuid::new_v4(), ordering.wanted("coffee"));
    ordering.set_faults(&["lost-answer=100%"]);
    assert_eq!(ordering.send(id, &wanted).await, Sending::Unknown);
    ordering.set_faults(&[]);
    ordering.test.sync_until_well().await;
    let viewer = ordering.test.member("viewer@example.com", &[(PARTNER, Role::Viewer)]).await;
    let staff = ordering.test.member("staff@example.com", &[(PARTNER, Role::Operator)]).await;
    let page = format!("{ORDERS}/{id}");
    let seen = viewer.get(&page).await.text();
    assert!(seen.contains("The answer to this order was lost.") && !seen.contains("This is not it"), "{seen}");
    assert!(staff.get(&page).await.text().contains("This is not it"));
    let released = staff.post(&format!("{page}/release"), &[]).await;
    let text = staff.get(released.location()).await.text();
    assert!(text.contains("The two are kept apart now.") && text.contains("Is it one of these?"), "{text}");
    let candidate = ordering.upstream().remove(0).id;
    let recognised = staff.post(&format!("{page}/recognise"), &[("order", &candidate)]).await;
    assert_eq!(recognised.location(), format!("{page}?did=found"));
    assert_eq!(ordering.delivery(id).await, Some(Delivery::Sent));
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn after_a_day_an_order_that_has_not_arrived_is_ordered_anew(pool: PgPool) {
    let ordering = Ordering::start(pool).await;
    let staff = ordering.test.member("staff@example.com", &[(PARTNER, Role::Operator)]).await;
    let id = ordering.in_doubt("coffee").await;
    ordering.two_minutes_pass().await;
    ordering.test.sync_until_well().await;
    let page = format!("{ORDERS}/{id}");
    let text = staff.get(&page).await.text();
    assert!(text.contains("It can be sent again as it is.") && text.contains("Send again"), "{text}");
    let anew = format!("{ORDERS}/new?corrects={id}");
    assert_eq!(staff.get(&anew).await.status, StatusCode::NOT_FOUND);
    let mut acting = ordering.acting().await;
    let days = "update product_order set first_seen_at = first_seen_at - interval '25 hours' where id = $1";
    sqlx::query(days).bind(id).execute(&mut *acting).await.unwrap();
    acting.commit().await.unwrap();
    let text = staff.get(&page).await.text();
    assert!(!text.contains("Send again") && text.contains("first sent more than 24 hours ago"), "{text}");
    assert_eq!(ordering.send_again(id).await, Sending::Already);
    let form = staff.get(&anew).await;
    assert_eq!((form.status, form.hidden("replaces")), (StatusCode::OK, id.to_string()));

    let later = time::OffsetDateTime::now_utc() + time::Duration::days(15);
    sync::clean(ordering.test.portal.store(), later).await.unwrap();
    let text = staff.get(&page).await.text();
    assert!(
        text.contains("the portal no longer looks for it") && text.contains("New order with these values"),
        "{text}"
    );
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn an_order_that_is_no_more_is_ordered_anew_with_its_values(pool: PgPool) {
    let ordering = Ordering::start(pool).await;
    let staff = ordering.test.member("staff@example.com", &[(PARTNER, Role::Operator)]).await;
    let (expired, gone) = (ordering.sent("coffee").await, ordering.sent("tea").await);
    let text = staff.get(&format!("{ORDERS}/{}", gone.0)).await.text();
    assert!(text.contains("Correct") && !text.contains("New order with these values"), "{text}");
    assert!(ordering.test.sandbox.expire_order(&expired.1.to_string()));
    ordering.refresh(expired.1).await;
    assert_eq!(ordering.delete(gone).await, Deleting::Deleted);
    for (id, _) in [expired, gone] {
        let page = staff.get(&format!("{ORDERS}/{id}")).await;
        let anew = format!("{ORDERS}/new?corrects={id}");
        assert!(page.text().contains("New order with these values") && page.body.contains(&anew), "{}", page.text());
        let form = staff.get(&anew).await;
        assert!(form.text().contains("this will be one more order"), "{}", form.text());
    }
}
