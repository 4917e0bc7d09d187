//! Every published operation, asked by the portal's own client and answered by the sandbox.

use std::collections::BTreeSet;

use serde_json::json;
use sqlx::PgPool;
use uuid::Uuid;

use super::Specs;
use crate::domain::identifiers::{BusinessIdentifier, Msn};
use crate::server::store::MIGRATIONS;
use crate::server::tests::{MERCHANT_WITH_KEYS, PARTNER, TestPortal, org};
use crate::server::vipps::{Client, Error};

/// What was met besides successes: operation, statuses.
const REFUSALS: [(&str, &[u16]); 8] = [
    ("POST /management/v1/product-orders", &[400, 403, 409]),
    ("GET /management/v1/partners/price-packages", &[401, 403]),
    ("DELETE /management/v1/product-orders/{productOrderId}", &[400, 403, 404]),
    ("GET /management/v2/product-orders/{productOrderId}/details", &[404]),
    ("GET /management/v1/merchants/{scheme}/{id}", &[400, 404]),
    ("GET /management/v1/sales-units/{msn}", &[404]),
    ("POST /webhooks/v1/webhooks", &[400]),
    ("DELETE /webhooks/v1/webhooks/{id}", &[404]),
];

fn status<T: std::fmt::Debug>(answer: Result<T, Error>) -> u16 {
    answer.unwrap_err().status().unwrap()
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn every_operation_is_asked_and_answered_as_published(pool: PgPool) {
    let portal = TestPortal::start(pool).await;
    let client = portal.portal.client_of(&org(PARTNER)).await.unwrap().unwrap();
    let of_a_unit = portal.portal.client_of(&org(MERCHANT_WITH_KEYS)).await.unwrap().unwrap();
    units_and_merchants(&client).await;
    orders(&portal, &client, &of_a_unit).await;
    webhooks(&portal, &client).await;
    proposals(&portal, &client).await;
    portal.sandbox.revoke_tokens();
    assert!(!client.price_packages().await.unwrap().is_empty(), "a refused token is replaced");

    let Some(specs) = Specs::published() else { return };
    assert_eq!(portal.spec.violations(), [""; 0]);
    let met = portal.spec.met();
    let well: BTreeSet<String> =
        met.iter().filter(|(_, status)| (200..300).contains(status)).map(|(name, _)| name.clone()).collect();
    let recurring = |operation: &String| operation.contains(" /recurring/");
    assert_eq!(well, specs.operations().into_iter().filter(|name| !recurring(name)).collect());
    for (operation, statuses) in REFUSALS {
        for status in statuses {
            assert!(met.contains(&(operation.to_owned(), *status)), "{operation} never answered {status}");
        }
    }
}

async fn units_and_merchants(client: &Client) {
    let units = client.sales_units().await.unwrap();
    for unit in &units {
        let answer = client.sales_unit(&unit.msn).await.unwrap();
        let business = answer.value.business_identifier.unwrap();
        client.merchant(&business).await.unwrap();
        assert!(!client.merchant_sales_units(&business).await.unwrap().is_empty());
    }
    assert_eq!(status(client.sales_unit(&Msn::parse("0000").unwrap()).await), 404);
    let nobody = BusinessIdentifier::new("business:NO:ORG", "000000000");
    assert_eq!(status(client.merchant(&nobody).await), 404);
    assert_eq!(status(client.merchant_sales_units(&nobody).await), 404);
    // Upstream's schema lets any text pass here, and says no later.
    assert_eq!(status(client.merchant(&BusinessIdentifier::new("orgno", "918713867")).await), 400);
}

async fn orders(portal: &TestPortal, client: &Client, of_a_unit: &Client) {
    let merchant = portal.sandbox.merchants_of(PARTNER).remove(0);
    let body = |package: &str| {
        let body = json!({
            "businessIdentifier": {"scheme": merchant.scheme, "id": merchant.id},
            "productType": "PAYMENT_INTEGRATION",
            "productUseCase": "WebsiteWithTest",
            "salesUnitName": "Blåbær (Kaffé) nr. 1",
            "settlementBankAccount": {"scheme": "BBAN:NO", "id": "86011117947"},
            "pricePackageId": package,
            "annualTurnover": 100_000,
            "annualTurnoverPercentage": "10",
            "intendedPurpose": "Coffee & cakes",
            "website": {"url": "https://example.com", "termsUrl": "https://example.com/terms", "testWebsiteUrl": "https://example.com/test", "testWebsiteUsername": "a", "testWebsitePassword": "b"},
            "hasRecurring": true,
            "merchantCategoryCode": "5942",
            "complianceData": {"donation": {"acceptsDonation": false}},
        });
        bytes::Bytes::from(body.to_string())
    };
    let packages = client.price_packages().await.unwrap();
    assert_eq!(status(of_a_unit.price_packages().await), 403);
    let good = body(&packages[0].value.id);
    let unknown = body(&Uuid::new_v4().to_string());
    let order = client.prefill("first", good.clone()).await.unwrap();
    assert_eq!(client.prefill("first", good.clone()).await.unwrap(), order);
    assert_eq!(status(client.prefill("first", unknown.clone()).await), 409);
    assert_eq!(status(client.prefill("second", unknown).await), 400);
    assert_eq!(status(of_a_unit.prefill("third", good.clone()).await), 403);

    let sandbox = &portal.sandbox;
    let id = order.order_id.to_string();
    assert!(sandbox.view_order(&id) && sandbox.submit_order(&id));
    assert_eq!(status(client.delete_product_order(order.order_id).await), 403);
    sandbox.approve_order(&id).unwrap();
    let done = client.product_order(order.order_id).await.unwrap().value;
    assert!(done.sales_unit.is_some());
    let listed = client.product_orders().await.unwrap();
    assert!(listed.iter().any(|listed| listed.value == done));
    let manual = sandbox.orders_of(PARTNER).into_iter().find(|order| order.kind != "PREFILL").unwrap();
    assert_eq!(status(client.delete_product_order(manual.id.parse().unwrap()).await), 400);
    let short_lived = client.prefill("fourth", good).await.unwrap().order_id;
    client.delete_product_order(short_lived).await.unwrap();
    assert_eq!(status(client.delete_product_order(short_lived).await), 404);
    assert_eq!(status(client.product_order(short_lived).await), 404);
}

async fn webhooks(portal: &TestPortal, client: &Client) {
    let msn = Msn::parse(&portal.sandbox.merchants_of(PARTNER)[0].msns[0]).unwrap();
    let events = ["epayments.payment.captured.v1".to_owned()];
    for msn in [None, Some(&msn)] {
        let webhook = client.register_webhook(msn, "https://example.com/webhook", &events).await.unwrap();
        assert!(client.webhooks(msn).await.unwrap().iter().any(|listed| listed.value.id == webhook.id));
        client.delete_webhook(msn, webhook.id).await.unwrap();
        assert_eq!(status(client.delete_webhook(msn, webhook.id).await), 404);
        assert_eq!(status(client.register_webhook(msn, "http://example.com/", &events).await), 400);
    }
    let stranger = Msn::parse("0000").unwrap();
    assert_eq!(status(client.webhooks(Some(&stranger)).await), 400);
}

/// Not published: only that nobody takes them for a violation.
async fn proposals(portal: &TestPortal, client: &Client) {
    let merchant = portal.sandbox.merchants_of(PARTNER).remove(0);
    client.whoami().await.unwrap();
    assert!(!client.all_merchants().await.unwrap().is_empty());
    client.contracts(&BusinessIdentifier::new(merchant.scheme, merchant.id)).await.unwrap();
    for proposal in crate::domain::partner::Proposal::ALL {
        assert!(client.offers(proposal).await.unwrap());
    }
}
