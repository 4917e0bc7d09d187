//! The Recurring API of 2018, over the same agreements.

use super::*;

const FIRST: &str = "/recurring/api/v1";

impl Client {
    /// As in 2018.
    async fn first(&self, method: Method, path: &str, key: &str, body: &Value) -> Answer {
        let headers = [&self.headers()[..], &[("merchantid", self.msn())]].concat();
        let key = [("idempotent-key", key)];
        let headers = if key[0].1.is_empty() { headers } else { [&headers[..], &key].concat() };
        let path = format!("{FIRST}{path}");
        if body.is_null() {
            return send(&self.router, method, &path, &headers, "").await;
        }
        let headers = [&headers[..], &[("content-type", "application/json")]].concat();
        send(&self.router, method, &path, &headers, body.to_string()).await
    }
}

#[tokio::test]
async fn the_first_version_shows_and_changes_the_same_agreements() {
    let sandbox = unhurried();
    let mut client = Client::new(&sandbox, MERCHANT).await;
    let keys = json!({"client_id": client.keys.client_id, "client_secret": client.keys.client_secret, "resource": "https://example.com/7abc"});
    let key =
        [("ocp-apim-subscription-key", client.keys.subscription_key.as_str()), ("content-type", "application/json")];
    let token = send(&client.router, Method::POST, "/api/access-token/jwt-token", &key, keys.to_string()).await;
    assert_eq!((token.status, token.body["expires_in"].as_str()), (200, Some("86400")), "{}", token.text);
    client.bearer = format!("Bearer {}", token.body["access_token"].as_str().unwrap());
    let mut wrong = keys.clone();
    wrong["client_secret"] = json!("wrong");
    let refused = send(&client.router, Method::POST, "/api/access-token/jwt-token", &key, wrong.to_string()).await;
    assert!(refused.status == 401 && refused.is_gateway());

    let draft = json!({
        "currency": "NOK", "interval": "WEEK", "intervalCount": 2, "price": 7_900, "isApp": false,
        "merchantRedirectUrl": "https://example.com/thanks", "productName": "Pluss", "productDescription": "Fin pakke",
        "customerPhoneNumber": "+4740000000",
        "initialCharge": {"amount": 100, "description": "Start", "dueDate": "2026-12-31", "type": "ONEOFF"},
    });
    let answer = client.first(Method::POST, "/draftAgreement", "", &draft).await;
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (201, "application/json;charset=UTF-8"),
        "{}",
        answer.text
    );
    let resource = answer.body["agreementResource"].as_str().unwrap();
    let id = resource.rsplit('/').next().unwrap().to_owned();
    assert!(
        answer.body["redirectToVipps"]
            .as_str()
            .unwrap()
            .contains(&format!("/register/agreements/{}/{id}", client.msn()))
    );
    let place = format!("/agreement/{id}");
    assert_eq!(client.first(Method::GET, &place, "", &Value::Null).await.body["status"], "pendingUserApproval");
    sandbox.accept_agreement(client.msn(), &id);
    let told = client.first(Method::GET, &place, "", &Value::Null).await.body;
    assert_eq!((&told["status"], &told["interval"], &told["price"]), (&json!("active"), &json!("week"), &json!(7_900)));
    assert_eq!(client.get(&format!("{AGREEMENTS}/{id}")).await.body["status"], "ACTIVE", "version 3 shows it, too");

    let charges = format!("/charge/{id}");
    let due = (OffsetDateTime::now_utc() + Duration::days(2)).date().to_string();
    let charge =
        json!({"amount": 7_900, "description": "November", "dueDate": due, "type": "RECURRING", "retryDays": 0});
    let made = client.first(Method::POST, &charges, "key", &charge).await;
    assert_eq!((made.status, made.body["status"].as_str()), (201, Some("PENDING")), "{}", made.text);
    let charge_id = made.body["id"].as_str().unwrap();
    let again = client.first(Method::POST, &charges, "key", &charge).await;
    assert_eq!((again.status, again.text.as_str()), (204, ""), "it succeeded previously");
    let place_of_charge = format!("{charges}/{charge_id}");
    sandbox.let_days_pass(4);
    assert_eq!(client.first(Method::GET, &place_of_charge, "", &Value::Null).await.body["status"], "CHARGED");
    assert_eq!(client.first(Method::DELETE, &place_of_charge, "", &Value::Null).await.status, 409);
    let refunded = client.first(Method::POST, &format!("{place_of_charge}/refund"), "", &Value::Null).await;
    assert_eq!((refunded.status, refunded.body["statusCode"].as_str()), (200, Some("200")));
    assert_eq!(client.first(Method::POST, &format!("{place_of_charge}/refund"), "", &Value::Null).await.status, 400);
    let list = client.first(Method::GET, &format!("{charges}?chargeStatus=REFUNDED"), "", &Value::Null).await;
    assert_eq!(list.body.as_array().unwrap().len(), 1);
    assert_eq!(client.first(Method::GET, &charges, "", &Value::Null).await.body.as_array().unwrap().len(), 2);
    let due = (OffsetDateTime::now_utc() + Duration::days(9)).date().to_string();
    let second = json!({"amount": 7_900, "description": "Desember", "dueDate": due, "type": "RECURRING"});
    let second = client.first(Method::POST, &charges, "second", &second).await;
    let second = format!("{charges}/{}", second.body["id"].as_str().unwrap());
    assert_eq!(client.first(Method::DELETE, &second, "", &Value::Null).await.body["status"], "CANCELLED");
    assert_eq!(client.first(Method::DELETE, &second, "", &Value::Null).await.status, 204);

    let mut update = json!({"interval": "week", "intervalCount": 2, "price": 8_900, "productName": "Pluss", "productDescription": "Finere", "status": "active"});
    assert_eq!(client.first(Method::POST, &place, "", &update).await.body["price"], 8_900);
    update["status"] = json!("stoppedByVipps");
    let refused = client.first(Method::POST, &place, "", &update).await;
    assert_eq!((refused.status, refused.body[0]["field"].as_str()), (400, Some("status")), "{}", refused.text);
    update["status"] = json!("stoppedByUser");
    let stopped = client.first(Method::POST, &place, "", &update).await;
    assert!(stopped.body["status"] == "stoppedByUser" && stopped.body["stopDate"].is_string());
    let stopped = client.first(Method::GET, "/agreement?status=stoppedByUser", "", &Value::Null).await;
    assert!(stopped.body.as_array().unwrap().iter().any(|agreement| agreement["id"] == *id));
}

#[tokio::test]
async fn the_first_version_is_strict_in_its_own_way() {
    let sandbox = unhurried();
    let client = Client::new(&sandbox, MERCHANT).await;
    let bare = client.get(&format!("{FIRST}/agreement")).await;
    assert_eq!((bare.status, bare.body[0]["field"].as_str()), (400, Some("MerchantId")), "{}", bare.text);
    let wrong = client.first(Method::GET, "/agreement?status=ACTIVE", "", &Value::Null).await;
    assert_eq!((wrong.status, wrong.body[0]["field"].as_str()), (400, Some("status")));
    let unknown = client.first(Method::GET, "/agreement/agr_0000000", "", &Value::Null).await;
    assert_eq!((unknown.status, unknown.body[0]["error"].as_str()), (404, Some("resource-not-found")));
    let headers =
        [&client.headers()[..], &[("merchantid", client.msn()), ("content-type", "application/json")]].concat();
    let broken = send(&client.router, Method::POST, &format!("{FIRST}/draftAgreement"), &headers, "{").await;
    assert_eq!(broken.status, 422);
    let mut all = 0;
    for status in ["pendingUserApproval", "active", "stoppedByUser", "stoppedByMerchant", "stoppedByVipps"] {
        let list = client.first(Method::GET, &format!("/agreement?status={status}"), "", &Value::Null).await.body;
        assert!(list.as_array().unwrap().iter().all(|agreement| agreement["status"] == status));
        all += list.as_array().unwrap().len();
    }
    assert_eq!(all, 60);
    // The keys of a Danish or Finnish merchant open nothing here.
    let elsewhere = sandbox.keys().into_iter().find(|keys| {
        let world = sandbox.world();
        let unit = keys.msn.as_ref().and_then(|msn| world.any_unit(msn.parse().unwrap()));
        unit.is_some_and(|unit| world.merchant_of(unit).market != crate::domain::identifiers::Market::Norway)
    });
    let elsewhere = Client::new(&sandbox, &elsewhere.unwrap().org_id).await;
    assert_eq!(elsewhere.first(Method::GET, "/agreement", "", &Value::Null).await.status, 403);
}
