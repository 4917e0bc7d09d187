//! What upstream has only proposed.

use serde_json::json;

use super::*;

#[tokio::test]
async fn merchants_and_the_partner_itself_are_told() {
    let sandbox = sandbox();
    let client = Client::new(&sandbox, "org_nordbetaling").await;
    let merchants = client.get("/management/v1/merchants").await;
    assert_eq!(merchants.header("content-type"), "application/json;charset=UTF-8");
    let list = merchants.body["merchants"].as_array().unwrap();
    let without_keys = sandbox.merchants_of("org_nordbetaling");
    assert!(list.len() >= without_keys.len());
    for merchant in &without_keys {
        let told = json!({"businessIdentifier": {"scheme": merchant.scheme, "id": merchant.id}, "name": merchant.name});
        assert!(list.contains(&told), "{told}");
    }
    let partner = client.get("/management/v1/partners/whoami").await.body;
    assert_eq!((&partner["name"], &partner["status"]), (&json!("Nordbetaling ApS"), &json!("ACTIVE")));
    assert!(partner["partnerId"].as_str().unwrap().bytes().all(|byte| byte.is_ascii_digit()));
    let merchant = Client::new(&sandbox, "org_m_blabaer_kaffe").await;
    for path in ["/management/v1/merchants", "/management/v1/partners/whoami"] {
        let answer = merchant.get(path).await;
        assert!(answer.status == 403 && answer.is_problem());
    }
    sandbox.set_faults(faults(&["shape=wrapped"]));
    assert!(client.get("/management/v1/merchants").await.body["MerchantList"][0]["orgno"].is_number());
}

#[tokio::test]
async fn a_sales_unit_can_be_changed() {
    let sandbox = sandbox();
    let client = Client::new(&sandbox, "org_kystkassa").await;
    let (msn, _) = client.units().await.remove(3);
    let path = format!("{UNITS}/{msn}");
    let patch = async |path: &str, body: Value| client.call(Method::PATCH, path, &[], &body).await;
    let answer = patch(&path, json!({"name": "Ny kaffe & kake", "salesUnitLogo": "VGhlIGltYWdl"})).await;
    assert_eq!((answer.status, answer.text.as_str()), (200, ""));
    assert_eq!(client.get(&path).await.body["name"], "Ny kaffe & kake");
    assert_eq!(patch(&path, json!({"status": "DEACTIVATED"})).await.status, 200);
    assert_eq!(client.get(&path).await.status, 404);
    assert_eq!(patch(&path, json!({"status": "ACTIVE"})).await.status, 200);
    assert_eq!(client.get(&path).await.status, 200);
    let cases = [
        (json!({"name": "x".repeat(51)}), "name"),
        (json!({"name": null}), "name"),
        (json!({"salesUnitLogo": "!"}), "salesUnitLogo"),
        (json!({"status": "CLOSED"}), "status"),
        (json!({"msn": "1"}), "msn"),
        (json!({}), "body"),
    ];
    for (body, faulty) in cases {
        let answer = patch(&path, body).await;
        assert!(answer.status == 400 && answer.is_problem(), "{}", answer.text);
        assert_eq!(answer.faulty(), [faulty]);
    }
    assert_eq!(patch(&format!("{UNITS}/abc"), json!({"nonsense": 1})).await.faulty(), ["msn"]);
    let stranger = Client::new(&sandbox, "org_nordbetaling").await;
    let answer = stranger.call(Method::PATCH, &path, &[], &json!({"name": "Mine"})).await;
    assert!(answer.status == 404 && answer.is_problem());
}

#[tokio::test]
async fn a_merchants_contracts_are_links_that_lead_somewhere() {
    let sandbox = sandbox();
    let client = Client::new(&sandbox, "org_kystkassa").await;
    let merchant = &sandbox.merchants_of("org_kystkassa")[0];
    let path = format!("/management/v1/merchants/{}/{}/contracts", merchant.scheme, merchant.id);
    let answer = client.get(&path).await;
    let url = answer.body["urls"][0].as_str().unwrap().strip_prefix("http://localhost").unwrap().to_owned();
    let page = send(&client.router, Method::GET, &url, &[], "").await;
    assert!(page.status == 200 && page.text.contains("Merchant agreement"));
    assert_eq!(send(&client.router, Method::GET, "/contracts/business:NO:ORG/1", &[], "").await.status, 404);
    assert_eq!(client.get("/management/v1/merchants/business:NO:ORG/987654321/contracts").await.status, 404);
    assert_eq!(client.get("/management/v1/merchants/x/1/contracts").await.status, 400);
}

#[tokio::test]
async fn figures_of_calls_are_those_of_the_callers_own_units() {
    let sandbox = sandbox();
    let client = Client::new(&sandbox, "org_kystkassa").await;
    let stranger = Client::new(&sandbox, "org_nordbetaling").await;
    let (mut told, mut in_trouble) = (0, 0);
    for (msn, _) in client.units().await {
        let path = format!("/management/v1/api-quality/sales-units/{msn}");
        assert_eq!(stranger.get(&path).await.status, 404);
        let answer = client.get(&path).await;
        assert_eq!(answer.status, 200);
        for item in answer.body["ApiQualityItems"].as_array().unwrap() {
            told += 1;
            in_trouble += usize::from(item["successRate"].as_u64().unwrap() < 90);
            let counts = item.as_object().unwrap().iter().filter(|(name, _)| name.starts_with("status"));
            let counts: u64 = counts.map(|(_, count)| count.as_u64().unwrap()).sum();
            assert_eq!(item["total Requests"].as_u64().unwrap(), counts);
        }
    }
    assert!(told > in_trouble && in_trouble > 0, "{told} {in_trouble}");
    for wrong in ["0", "abc"] {
        assert_eq!(client.get(&format!("/management/v1/api-quality/sales-units/{wrong}")).await.status, 400);
    }
}

#[tokio::test]
async fn without_proposals_their_paths_are_unknown() {
    let settings = SandboxSettings { rate_limit: 0.0, proposals: false, ..SandboxSettings::default() };
    let sandbox = Sandbox::new(&settings);
    let client = Client::new(&sandbox, "org_kystkassa").await;
    let (msn, _) = client.units().await.remove(0);
    let merchant = &sandbox.merchants_of("org_kystkassa")[0];
    let contracts = format!("/management/v1/merchants/{}/{}/contracts", merchant.scheme, merchant.id);
    let quality = format!("/management/v1/api-quality/sales-units/{msn}");
    for path in ["/management/v1/merchants", "/management/v1/partners/whoami", &contracts, &quality] {
        let answer = client.get(path).await;
        assert!(answer.status == 404 && answer.is_gateway(), "{path}");
    }
    for msn in [msn.as_str(), "abc"] {
        let answer = client.call(Method::PATCH, &format!("{UNITS}/{msn}"), &[], &json!({"name": "x"})).await;
        assert!(answer.status == 404 && answer.is_gateway(), "{}", answer.text);
    }
}
