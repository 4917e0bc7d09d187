//! The merchant's form and the case worker's desk, as a browser without JavaScript uses them.

use serde_json::json;

use super::*;

struct Browser<'a>(&'a Client);

impl Browser<'_> {
    async fn open(&self, place: &str) -> Answer {
        let answer = send(&self.0.router, Method::GET, place, &[], "").await;
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
        assert!(answer.text.contains("<html lang=\"en\">") && !answer.text.contains("<script"), "{}", answer.text);
        answer
    }

    /// Sends a form, and follows where it leads.
    async fn send(&self, place: &str, fields: &[(&str, &str)]) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let answer = send(&self.0.router, Method::POST, place, &headers, body).await;
        if answer.status == 303 { self.open(answer.header("location")).await } else { answer }
    }
}

/// What a browser would send of the form: names and values as they stand in the page.
fn filled_in(html: &str) -> Vec<(String, String)> {
    let attribute = |tag: &str, name: &str| {
        let value = tag.split_once(&format!(" {name}=\"")).map(|(_, rest)| rest.split('"').next().unwrap());
        value.map(|value| value.replace("&lt;", "<").replace("&quot;", "\"").replace("&amp;", "&"))
    };
    let mut fields = Vec::new();
    for tag in html.split("<input").skip(1).map(|rest| rest.split('>').next().unwrap()) {
        if !tag.contains("checkbox") || tag.contains(" checked") {
            fields.push((attribute(tag, "name").unwrap(), attribute(tag, "value").unwrap()));
        }
    }
    for select in html.split("<select").skip(1).map(|rest| rest.split("</select>").next().unwrap()) {
        let options: Vec<&str> = select.split("<option").skip(1).collect();
        let chosen = options.iter().find(|option| option.contains(" selected")).unwrap_or(&options[0]);
        fields.push((attribute(select, "name").unwrap(), attribute(chosen, "value").unwrap()));
    }
    fields
}

async fn ordered(client: &Client, key: &str, body: &Value) -> (String, String) {
    let answer = client.order(key, body).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let id = answer.body["prefilledOrderId"].as_str().unwrap().to_owned();
    let place = answer.body["prefillUrl"].as_str().unwrap().strip_prefix("http://localhost").unwrap().to_owned();
    (id, place)
}

async fn status(client: &Client, id: &str) -> Value {
    client.get(&format!("/management/v2/product-orders/{id}/details")).await.body["status"].clone()
}

fn changed<'a>(fields: &'a [(String, String)], name: &str, value: &'a str) -> Vec<(&'a str, &'a str)> {
    let change =
        |(known, old): &'a (String, String)| (known.as_str(), if known == name { value } else { old.as_str() });
    fields.iter().map(change).collect()
}

#[tokio::test]
async fn a_merchant_submits_and_a_case_worker_approves() {
    let sandbox = sandbox();
    let client = Client::new(&sandbox, "org_kystkassa").await;
    let browser = Browser(&client);
    let body = json!({
        "businessIdentifier": {"scheme": "business:NO:ORG", "id": "918713867"},
        "productType": "PAYMENT_INTEGRATION",
        "salesUnitName": "<b>Kaffe",
        "intendedPurpose": "\"><script>alert(1)</script>",
        "annualTurnover": 5000,
        "complianceData": {"donation": {"acceptsDonation": true}},
    });
    let (id, place) = ordered(&client, "k", &body).await;
    assert_eq!(status(&client, &id).await, "RECEIVED");
    let form = browser.open(&place).await;
    assert_eq!(form.status, 200);
    assert_eq!(status(&client, &id).await, "MERCHANT_VIEWED");
    for shown in
        ["Kystkassa AS", "value=\"&lt;b&gt;Kaffe\"", "&quot;&gt;&lt;script&gt;", "acceptsDonation", "Submit order"]
    {
        assert!(form.text.contains(shown), "{shown}");
    }
    assert!(form.text.contains("<label for=\"salesUnitName\">Sales unit name</label>"));
    assert!(form.text.contains("<label for=\"settlementBankAccount.id\">Settlement account</label>"));
    assert!(form.text.contains("<label for=\"pricePackageId\">Price package</label>"), "none was sent");
    assert!(form.header("content-security-policy").starts_with("default-src 'none'"));
    let fields = filled_in(&form.text);
    let package = &sandbox.price_packages_of("org_kystkassa")[0];
    assert!(fields.contains(&("pricePackageId".to_owned(), package.id.clone())), "{fields:?}");
    assert!(fields.contains(&("settlementBankAccount.scheme".to_owned(), "BBAN:NO".to_owned())), "{fields:?}");
    assert!(fields.contains(&("annualTurnover".to_owned(), "5000".to_owned())), "{fields:?}");

    let refused = browser.send(&place, &changed(&fields, "salesUnitName", "Kaffe & \"Kake\"")).await;
    assert_eq!(refused.status, 422);
    assert!(
        refused.text.contains("role=\"alert\"") && refused.text.contains("aria-describedby=\"salesUnitName-wrong\"")
    );
    assert!(refused.text.contains("value=\"Kaffe &amp; &quot;Kake&quot;\""), "what was typed is kept");
    assert_eq!(status(&client, &id).await, "MERCHANT_VIEWED");

    let refused = browser.send(&place, &changed(&fields, "settlementBankAccount.id", "12345678901")).await;
    assert!(refused.status == 422 && refused.text.contains("id=\"settlementBankAccount.id-wrong\""));
    let mut fields = fields;
    let account = fields.iter_mut().find(|(name, _)| name == "settlementBankAccount.id").unwrap();
    account.1 = "86011117947".to_owned();
    let desk = browser.send(&place, &changed(&fields, "salesUnitName", "Blåbær <3")).await;
    assert!(desk.text.contains("You are now the case worker of Vipps MobilePay"), "{}", desk.text);
    assert!(
        desk.text.contains("<dd>Blåbær &lt;3</dd>")
            && desk.text.contains(">Approve<")
            && desk.text.contains(">Reject<")
    );
    assert_eq!(status(&client, &id).await, "ORDER_SUBMITTED");
    let done = browser.send(&format!("{place}/approve"), &[]).await;
    assert!(done.text.contains("Order approved") && done.text.contains("Blåbær &lt;3"), "{}", done.text);
    assert_eq!(status(&client, &id).await, "COMPLETED");
    let msn = sandbox.orders_of("org_kystkassa").pop().unwrap().msn.unwrap();
    assert!(done.text.contains(&msn));
    assert_eq!(client.get(&format!("{UNITS}/{msn}")).await.body["name"], "Blåbær <3");
    // Nothing changes any more.
    browser.send(&format!("{place}/reject"), &[]).await;
    browser.send(&place, &changed(&fields, "salesUnitName", "Other")).await;
    assert_eq!(status(&client, &id).await, "COMPLETED");
    assert_eq!(client.get(&format!("{UNITS}/{msn}")).await.body["name"], "Blåbær <3");
}

#[tokio::test]
async fn a_price_package_that_was_sent_stays() {
    let sandbox = sandbox();
    let client = Client::new(&sandbox, "org_kystkassa").await;
    let browser = Browser(&client);
    let packages = sandbox.price_packages_of("org_kystkassa");
    let body = json!({
        "businessIdentifier": {"scheme": "business:DK:CVR", "id": "16427888"},
        "productType": "CASHIER",
        "pricePackageId": packages[1].id,
    });
    let (id, place) = ordered(&client, "k", &body).await;
    let form = browser.open(&place).await;
    assert!(form.text.contains(&packages[1].name) && !form.text.contains("<select id=\"pricePackageId\""));
    let mut fields = filled_in(&form.text);
    fields.push(("pricePackageId".to_owned(), packages[2].id.clone()));
    fields.push(("partner".to_owned(), "org_nordbetaling".to_owned()));
    let named = changed(&fields, "salesUnitName", "Kiosk");
    assert!(browser.send(&place, &named).await.text.contains("case worker"));
    let order = sandbox.orders().get(id.parse().unwrap()).map(|order| (order.partner, order.prefill.price_package));
    assert_eq!(order, Some((0, Some(packages[1].id.parse().unwrap()))));
    let rejected = browser.send(&format!("{place}/reject"), &[]).await;
    assert!(rejected.text.contains("Order rejected"));
    assert_eq!(status(&client, &id).await, "REJECTED");
}

#[tokio::test]
async fn dead_links_say_so() {
    let sandbox = sandbox();
    let client = Client::new(&sandbox, "org_kystkassa").await;
    let browser = Browser(&client);
    let body = json!({"businessIdentifier": {"scheme": "business:NO:ORG", "id": "918713867"}, "productType": "LOGIN"});
    let (id, place) = ordered(&client, "old", &body).await;
    assert!(browser.open(&place).await.text.contains("Submit order"));
    sandbox.expire_order(&id);
    let expired = browser.open(&place).await;
    assert!(expired.status == 410 && expired.text.contains("This link has expired"));
    let late = browser.send(&place, &[("salesUnitName", "Late")]).await;
    assert!(late.status == 410 && status(&client, &id).await == "EXPIRED");
    send(&client.router, Method::DELETE, &format!("/management/v1/product-orders/{id}"), &client.headers(), "").await;
    let deleted = browser.open(&place).await;
    assert!(deleted.status == 410 && deleted.text.contains("This order was deleted"));
    assert_eq!(browser.send(&format!("{place}/approve"), &[]).await.status, 410);
    for unknown in ["81b83246-5c19-7b94-875b-ea6d1114f099", "nonsense"] {
        let answer = browser.open(&format!("/register/prefilled/{unknown}")).await;
        assert!(answer.status == 404 && answer.text.contains("This link is not known"));
    }
    let manual = sandbox.orders_of("org_kystkassa").into_iter().find(|order| order.kind == "MANUAL").unwrap();
    assert_eq!(browser.open(&format!("/register/prefilled/{}", manual.id)).await.status, 404);
}

#[tokio::test]
async fn every_order_the_world_begins_with_can_be_submitted_as_it_is() {
    let sandbox = sandbox();
    let client = Client::new(&sandbox, "org_kystkassa").await;
    let browser = Browser(&client);
    sandbox.set_faults(faults(&["error=503"]));
    let mut submitted = 0;
    for order in sandbox.orders_of("org_kystkassa") {
        if matches!((order.kind, order.status), ("PREFILL", "RECEIVED" | "MERCHANT_VIEWED")) {
            let place = format!("/register/prefilled/{}", order.id);
            let fields = filled_in(&browser.open(&place).await.text);
            let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let desk = browser.send(&place, &fields).await;
            assert!(desk.text.contains("case worker"), "{order:?} {}", desk.text);
            submitted += 1;
        }
    }
    assert!(submitted >= 4);
}
