//! Requests that upstream refuses are refused.

use axum::http::Method;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::*;

#[tokio::test]
async fn standard_tokens_are_strings_throughout() {
    let sandbox = sandbox();
    let client = Client::new(&sandbox, "org_kystkassa").await;
    let answer = client.token().await;
    assert_eq!(answer.header("content-type"), "application/json;charset=UTF-8");
    let fields = ["token_type", "expires_in", "ext_expires_in", "expires_on", "not_before", "resource", "access_token"];
    assert_eq!(answer.body.as_object().unwrap().len(), fields.len());
    assert!(fields.iter().all(|field| answer.body[field].is_string()), "{}", answer.body);
    assert_eq!(answer.body["expires_in"], "86400");
    let token = answer.body["access_token"].as_str().unwrap();
    assert!(token.len() > 1000 && token.split('.').count() == 3 && token.starts_with("eyJ"), "{token}");
}

#[tokio::test]
async fn standard_tokens_need_every_key_and_no_body() {
    let sandbox = sandbox();
    let router = sandbox.router();
    let all = sandbox.keys();
    let (keys, other) = (&all[0], &all[1]);
    let (id, secret, key) = ("client_id", "client_secret", "Ocp-Apim-Subscription-Key");
    let length = ("content-length", "0");
    let good = [(id, keys.client_id.as_str()), (secret, &keys.client_secret), (key, &keys.subscription_key), length];
    let with = |name: &str, value: Option<&'static str>| {
        let kept = good.iter().copied().filter(|(known, _)| *known != name);
        kept.chain(value.map(|value| {
            (
                if name == id {
                    id
                } else if name == secret {
                    secret
                } else {
                    key
                },
                value,
            )
        }))
        .collect::<Vec<_>>()
    };
    let mut strangers_key = good;
    strangers_key[2].1 = &other.subscription_key;
    let long = [&good[..], &[("Vipps-System-Name", "1234567890123456789012345678901")]].concat();
    let msn = [&good[..], &[("Merchant-Serial-Number", "12a")]].concat();
    let cases = [
        (good.to_vec(), 200),
        (with(id, None), 400),
        (with(secret, None), 400),
        (with(key, None), 401),
        (with(id, Some("00000000-0000-0000-0000-000000000000")), 401),
        (with(secret, Some("AAAAAAAAAAAAAAAAAAAAAA==")), 401),
        (with(key, Some("0f14ebcab0eb4b29ae0cb90d91b4a84a")), 401),
        (strangers_key.to_vec(), 401),
        (with("content-length", None)[..3].to_vec(), 411),
        (long, 400),
        (msn, 400),
    ];
    for (headers, status) in cases {
        let answer = send(&router, Method::POST, "/accesstoken/get", &headers, "").await;
        assert_eq!(answer.status, status, "{headers:?} {}", answer.body);
        assert!(status == 200 || status == 400 && answer.is_problem() || answer.is_gateway(), "{}", answer.body);
    }
    let mut with_body = good;
    with_body[3].1 = "2";
    assert_eq!(send(&router, Method::POST, "/accesstoken/get", &with_body, "{}").await.status, 400);
    assert_eq!(send(&router, Method::GET, "/accesstoken/get", &good, "").await.status, 405);
}

#[tokio::test]
async fn specialized_tokens_refuse_a_subscription_key_and_need_none_later() {
    let sandbox = sandbox();
    let router = sandbox.router();
    let all = sandbox.keys();
    let keys = &all[1];
    let basic = |secret: &str| format!("Basic {}", STANDARD.encode(format!("{}:{secret}", keys.client_id)));
    let (right, wrong) = (basic(&keys.client_secret), basic("nonsense"));
    let form = ("content-type", "application/x-www-form-urlencoded; charset=utf-8");
    let json = ("content-type", "application/json");
    let key = ("Ocp-Apim-Subscription-Key", keys.subscription_key.as_str());
    let good = "grant_type=client_credentials";
    let cases = [
        (vec![("authorization", right.as_str()), form], good, 200, ""),
        (vec![("authorization", &right), form, key], good, 400, "invalid_client"),
        (vec![("authorization", &right), form], "", 400, "invalid_client"),
        (vec![("authorization", &right), form], "grant_type=password", 400, "unsupported_grant_type"),
        (vec![("authorization", &right), json], good, 400, "invalid_client"),
        (vec![("authorization", &wrong), form], good, 401, "invalid_client"),
        (vec![form], good, 401, "invalid_client"),
    ];
    for (headers, body, status, error) in cases {
        let answer = send(&router, Method::POST, "/miami/v1/token", &headers, body).await;
        assert_eq!(answer.status, status, "{headers:?} {body} {}", answer.body);
        assert!(status == 200 || answer.body["error"] == error, "{}", answer.body);
    }
    let headers = [("authorization", right.as_str()), form];
    let answer = send(&router, Method::POST, "/miami/v1/token", &headers, good).await;
    assert_eq!(answer.body["expires_in"], "900");
    let bearer = format!("Bearer {}", answer.body["access_token"].as_str().unwrap());
    assert_eq!(send(&router, Method::GET, UNITS, &[("authorization", &bearer)], "").await.status, 200);
}

#[tokio::test]
async fn calls_need_a_bearer_token_and_one_of_the_clients_own_keys() {
    let sandbox = sandbox();
    let client = Client::new(&sandbox, "org_kystkassa").await;
    let token = client.bearer.strip_prefix("Bearer ").unwrap();
    let (lower, double, basic) = (format!("bearer {token}"), format!("Bearer  {token}"), format!("Basic {token}"));
    let (own, key) = (client.keys.subscription_key.as_str(), "Ocp-Apim-Subscription-Key");
    let secondary = client.keys.secondary_subscription_key.clone();
    let stranger = sandbox.keys()[1].subscription_key.clone();
    let cases = [
        (vec![("authorization", client.bearer.as_str()), (key, own)], 200),
        (vec![("authorization", &client.bearer), (key, &secondary)], 200),
        (vec![("authorization", &client.bearer)], 401),
        (vec![("authorization", &client.bearer), (key, &stranger)], 401),
        (vec![("authorization", &client.bearer), (key, "nonsense")], 401),
        (vec![("authorization", token), (key, own)], 401),
        (vec![("authorization", &lower), (key, own)], 401),
        (vec![("authorization", &double), (key, own)], 401),
        (vec![("authorization", &basic), (key, own)], 401),
        (vec![("authorization", "Bearer e.e.e"), (key, own)], 401),
        (vec![(key, own)], 401),
        (vec![], 401),
    ];
    for (headers, status) in cases {
        let answer = send(&client.router, Method::GET, UNITS, &headers, "").await;
        assert_eq!(answer.status, status, "{headers:?} {}", answer.body);
        assert!(status == 200 || answer.is_gateway(), "{}", answer.body);
    }
    for name in ["Vipps-System-Name", "Vipps-System-Version", "Vipps-System-Plugin-Name", "Vipps-System-Plugin-Version"]
    {
        for (length, status) in [(30, 200), (31, 400)] {
            let value = "x".repeat(length);
            let headers = [&client.headers()[..], &[(name, value.as_str())]].concat();
            let answer = send(&client.router, Method::GET, UNITS, &headers, "").await;
            assert_eq!(answer.status, status, "{name} {length}");
            assert!(status == 200 || answer.is_problem() && answer.body["extraDetails"][0]["key"] == name);
        }
    }
    sandbox.revoke_tokens();
    assert_eq!(client.get(UNITS).await.status, 401);
}

#[tokio::test]
async fn paths_methods_and_identifiers_are_checked() {
    let sandbox = sandbox();
    let client = Client::new(&sandbox, "org_kystkassa").await;
    let cases = [
        ("/management/v1/sales-units/123", 400),
        ("/management/v1/sales-units/12345678901", 400),
        ("/management/v1/sales-units/12a456", 400),
        ("/management/v1/sales-units/%F0%28", 400),
        ("/management/v1/sales-units/0000", 404),
        ("/management/v1/merchants/business:NO:ORG/987654321", 404),
        ("/management/v1/merchants/business%3ANO%3AORG/987654321/sales-units", 404),
        ("/management/v1/merchants/business:SE:ORG/5560125790", 404),
        ("/management/v1/merchants/NO:ORG/987654321", 400),
        ("/management/v1/merchants/business:NO:ORG/98765432x", 400),
        ("/management/v1/merchants/business:NO:ORG/123/sales-units", 400),
        ("/management/v1/merchants/987654321", 404),
        ("/management/v1/sales-units/", 404),
        ("/management/v9/sales-units", 404),
        ("/", 404),
    ];
    for (path, status) in cases {
        let answer = client.get(path).await;
        assert_eq!(answer.status, status, "{path} {}", answer.body);
        assert!(answer.is_problem() || answer.is_gateway(), "{path} {}", answer.body);
    }
    for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
        let answer = send(&client.router, method, UNITS, &client.headers(), "").await;
        assert_eq!(answer.status, 405);
        assert!(answer.is_gateway() && answer.header("allow").contains("GET"), "{}", answer.body);
    }
}
