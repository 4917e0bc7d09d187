//! However often one clicks and wherever answers get lost: one order for each that was wanted.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use futures::future::join_all;
use sqlx::PgPool;
use uuid::Uuid;

use super::{BY, Ordering, Wanted, until};
use crate::domain::product_order::Delivery;
use crate::server::ordering::{Sending, look_through_list};
use crate::server::store::MIGRATIONS;
use crate::server::tests::PARTNER;

const VARIABLE: &str = "PORTAL_SUBMITS";
const FAULTS: [&str; 5] = ["lost-answer=40%", "error=500:3%", "error=429:0.5%", "truncate=3%", "latency=0ms..3ms"];
/// As many people click at the same time.
const AT_ONCE: usize = 8;

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_thousand_double_submits_with_answers_cut_make_no_duplicate_and_lose_nothing(pool: PgPool) {
    let count = std::env::var(VARIABLE).map_or(60, |count| count.parse().unwrap());
    let ordering = Ordering::start(pool).await;
    // What is not reached tests nothing: as long as it is a quarter, more are sent.
    let mut wanted = wanted(&ordering, count * 3);
    ordering.set_faults(&FAULTS);
    let mut ids: Vec<Uuid> = wanted.keys().copied().collect();
    let (mut ends, mut sent) = (BTreeMap::<&'static str, usize>::new(), 0);
    for (turn, ids) in ids.chunks(AT_ONCE).enumerate() {
        let kept = ends.get("not reached").copied().unwrap_or_default();
        if sent >= count && kept * 4 < sent {
            break;
        }
        sent += ids.len();
        let submits = join_all(ids.iter().map(|id| submit(&ordering, *id, &wanted[id])));
        // Meanwhile the sync looks, and may see orders whose answers are on their way.
        let looking = async {
            if turn % 3 == 0 {
                let _ = look_through_list(&ordering.test.portal, &ordering.scope).await;
            }
        };
        let (submitted, ()) = tokio::join!(submits, looking);
        if submitted.contains(&"not reached") {
            // After so much trouble the portal leaves upstream alone for a moment: that tests little.
            ordering.set_faults(&[]);
            until(async || look_through_list(&ordering.test.portal, &ordering.scope).await.is_ok()).await;
            ordering.set_faults(&FAULTS);
        }
        for end in submitted {
            *ends.entry(end).or_default() += 1;
        }
    }
    let count = sent;
    ids.truncate(count);
    wanted.retain(|id, _| ids.contains(id));
    check_pairs(&ordering, &wanted).await;
    ordering.set_faults(&[]);
    settle(&ordering, &wanted, &mut ends).await;
    println!("{ends:?}");
    // Of a few, it is chance which of the rarer ends they come to.
    let rarer = if count < 500 { &[][..] } else { &["killed", "recognised", "sent again"] };
    for end in ["sent", "unknown"].iter().chain(rarer) {
        assert!(ends.contains_key(end), "no order was {end}: the test has tested little: {ends:?}");
    }

    assert!(ends.get("not reached").is_none_or(|kept| kept * 4 < count), "the test has tested little: {ends:?}");

    let rows = rows(&ordering).await;
    let keys: Vec<Uuid> = upstream_keys(&ordering).into_values().collect();
    assert_eq!(keys.len(), count, "orders upstream");
    assert_eq!(BTreeSet::from_iter(keys), ids.iter().copied().collect(), "each of them once");
    for id in &ids {
        assert_eq!(rows[id].0, Some("sent".to_owned()), "{id}");
    }
    assert_eq!(rows.len(), ordering.before + count, "rows that are not merged into others");
    assert_eq!(ordering.listed().await, ordering.before + count);
}

/// A few businesses and products, so that many orders look alike upstream; every fifth is equal to others.
fn wanted(ordering: &Ordering, count: usize) -> BTreeMap<Uuid, Wanted> {
    let merchants = ordering.test.sandbox.merchants_of(PARTNER);
    let products = ["PAYMENT_INTEGRATION", "CHECKOUT", "CASHIER"];
    let each = (0..count).map(|number| {
        let merchant = &merchants[number % 4];
        let purpose = if number % 5 == 0 { "as always".to_owned() } else { format!("order {number}") };
        let (scheme, business_id) = (merchant.scheme, merchant.id.clone());
        (Uuid::new_v4(), Wanted { scheme, business_id, product_type: products[number / 4 % 3], purpose })
    });
    each.collect()
}

/// A double click; or now and then a program that ends in the middle of it.
async fn submit(ordering: &Ordering, id: Uuid, wanted: &Wanted) -> &'static str {
    if id.as_u128().is_multiple_of(8) {
        end_in_the_middle(ordering, id, wanted).await;
        return "killed";
    }
    let (one, other) = tokio::join!(ordering.send(id, wanted), ordering.send(id, wanted));
    let already = [&one, &other].iter().filter(|sending| ***sending == Sending::Already).count();
    assert_eq!(already, 1, "{one:?} {other:?}");
    match if one == Sending::Already { other } else { one } {
        Sending::Sent { .. } => "sent",
        Sending::Unknown => "unknown",
        Sending::NotReached => "not reached",
        other => panic!("{other:?}"),
    }
}

/// The order is stored, the call is on its way or not, and nobody waits for its answer any more.
async fn end_in_the_middle(ordering: &Ordering, id: Uuid, wanted: &Wanted) {
    let portal = &ordering.test.portal;
    let request = wanted.request().to_string();
    let mut new = ordering.new_order(id, wanted);
    new.sealed_request = portal.secrets().seal_away(&format!("product-order/{id}"), &request).unwrap();
    let mut tenant = portal.store().tenant(&ordering.scope).await.unwrap();
    assert!(tenant.begin_product_order(&new, time::OffsetDateTime::now_utc()).await.unwrap());
    tenant.commit().await.unwrap();
    let client = portal.client_of(&ordering.scope.copy).await.unwrap().unwrap();
    let key = id.to_string();
    let moment = Duration::from_micros(u64::from(id.as_fields().0 % 12_000));
    drop(tokio::time::timeout(moment, client.prefill(&key, request.into())).await);
}

/// The portal looks, and people do what it asks them to, until nothing is open.
async fn settle(ordering: &Ordering, wanted: &BTreeMap<Uuid, Wanted>, ends: &mut BTreeMap<&'static str, usize>) {
    for _ in 0..20 {
        ordering.two_minutes_pass().await;
        ordering.test.sync_until_well().await;
        check_pairs(ordering, wanted).await;
        let open = |delivery: &Option<String>| matches!(delivery.as_deref(), Some("sending" | "unknown" | "missing"));
        let open: Vec<Uuid> =
            rows(ordering).await.into_iter().filter(|(_, (delivery, _))| open(delivery)).map(|(id, _)| id).collect();
        if open.is_empty() {
            return;
        }
        for id in open {
            if let Some(done) = ask_a_person(ordering, id).await {
                *ends.entry(done).or_default() += 1;
            }
        }
    }
    panic!("some orders stay open: {:?}", rows(ordering).await);
}

/// What was done, if anything.
async fn ask_a_person(ordering: &Ordering, id: Uuid) -> Option<&'static str> {
    let keys = upstream_keys(ordering);
    let mut tenant = ordering.test.portal.store().tenant(&ordering.scope).await.unwrap();
    let candidates = tenant.product_order_candidates(id).await.unwrap();
    // Whoever opens the merchant's form sees which order it is.
    if let Some((candidate, _)) = candidates.iter().find(|(candidate, _)| keys.get(candidate) == Some(&id)) {
        let now = time::OffsetDateTime::now_utc();
        assert!(tenant.recognise_product_order(id, *candidate, BY, now).await.unwrap());
        tenant.commit().await.unwrap();
        return Some("recognised");
    }
    drop(tenant);
    // What is missing can be sent again, and so can what is none of the orders that are shown.
    let delivery = ordering.delivery(id).await;
    if delivery == Some(Delivery::Missing) || (delivery == Some(Delivery::Unknown) && !candidates.is_empty()) {
        let sending = ordering.send_again(id).await;
        assert!(matches!(sending, Sending::Sent { .. }), "{sending:?}");
        return Some("sent again");
    }
    None
}

/// No order is ever joined to one upstream that was made for something else.
async fn check_pairs(ordering: &Ordering, wanted: &BTreeMap<Uuid, Wanted>) {
    let keys = upstream_keys(ordering);
    for (id, (delivery, upstream_id)) in rows(ordering).await {
        let Some(own) = wanted.get(&id) else { continue };
        let Some(upstream_id) = upstream_id else {
            assert_ne!(delivery.as_deref(), Some("sent"), "{id} is sent, but as what?");
            continue;
        };
        let made_for = keys.get(&upstream_id).map(|key| &wanted[key]);
        assert_eq!(made_for, Some(own), "{id} is joined to what was made for another order");
    }
}

/// Which key each order upstream was made with.
fn upstream_keys(ordering: &Ordering) -> HashMap<Uuid, Uuid> {
    let orders = ordering.upstream().into_iter();
    orders.map(|order| (order.id.parse().unwrap(), order.idempotency_key.unwrap().parse().unwrap())).collect()
}

/// Delivery and upstream's id of every order that is not merged into another.
async fn rows(ordering: &Ordering) -> BTreeMap<Uuid, (Option<String>, Option<Uuid>)> {
    let rows = "select id, delivery, upstream_id from product_order where merged_into is null";
    let rows: Vec<(Uuid, Option<String>, Option<Uuid>)> =
        sqlx::query_as(rows).fetch_all(&mut *ordering.acting().await).await.unwrap();
    rows.into_iter().map(|(id, delivery, upstream_id)| (id, (delivery, upstream_id))).collect()
}
