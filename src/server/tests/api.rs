//! What other systems ask the portal, with tokens.

mod access;
mod management;
mod ordering;
mod organisations;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, ETAG, HeaderMap, IF_MATCH, LOCATION, WWW_AUTHENTICATE};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sqlx::PgPool;
use time::{Duration, OffsetDateTime};

use super::{PARTNER, TestPortal, org};
use crate::domain::api_token::TokenScope;
use crate::domain::failure::Failure;
use crate::domain::identifiers::BusinessIdentifier;
use crate::domain::organisation::{OrganisationKind, Role};
use crate::server::api;
use crate::server::security::api_tokens::NewToken;
use crate::server::store::MIGRATIONS;
use crate::server::store::api_tokens::{TokenOwner, TokenToKeep};
use crate::server::store::organisations::Registration;

const ORGS: &str = "/api/v1/vipps-orgs";

/// A program that shows a token.
struct Program {
    client: reqwest::Client,
    base: String,
    token: Option<String>,
}

struct Said {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
}

/// A file.
struct Text {
    content_type: String,
    disposition: String,
    body: String,
}

impl Said {
    /// The fields that a problem names.
    fn faulty(&self) -> Vec<&str> {
        let errors = self.body["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
        errors.iter().map(|error| error["field"].as_str().unwrap()).collect()
    }
}

impl Program {
    fn of(portal: &TestPortal, token: Option<String>) -> Self {
        Self { client: reqwest::Client::new(), base: format!("http://{}", portal.address), token }
    }

    async fn with(portal: &TestPortal, owner: TokenOwner, scope: TokenScope) -> Self {
        Self::of(portal, Some(token(portal, &owner, scope, None).await))
    }

    async fn get(&self, path: &str) -> Said {
        self.ask(Method::GET, path, None, &[]).await
    }

    async fn send(&self, method: Method, path: &str, body: Value) -> Said {
        self.ask(method, path, Some(body), &[]).await
    }

    /// What is asked for as text.
    async fn text(&self, path: &str) -> Text {
        let token = self.token.as_deref().unwrap_or_default();
        let request = self.client.get(format!("{}{path}", self.base)).header(AUTHORIZATION, format!("Bearer {token}"));
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        let (content_type, disposition) = (header("content-type"), header("content-disposition"));
        Text { content_type, disposition, body: answer.text().await.unwrap() }
    }

    async fn status(&self, method: Method, path: &str, body: Option<Value>, headers: &[(&str, &str)]) -> StatusCode {
        self.sent(method, path, body, headers).await.status()
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>, headers: &[(&str, &str)]) -> Said {
        let answer = self.sent(method, path, body, headers).await;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let kind = headers.get(CONTENT_TYPE).map_or("", |kind| kind.to_str().unwrap());
        let expected = if status.is_success() { "application/json" } else { "application/problem+json" };
        assert_eq!(kind.split(';').next(), Some(expected), "{path} {status}");
        let body: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        if !status.is_success() {
            assert_eq!(body["status"], status.as_u16());
            assert_eq!(body["type"], "about:blank");
            assert!(body["detail"].as_str().is_some_and(|detail| !detail.is_empty()));
        }
        Said { status, headers, body }
    }

    async fn sent(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> reqwest::Response {
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.to_string());
        }
        request.send().await.unwrap()
    }
}

pub(super) async fn token(
    portal: &TestPortal,
    owner: &TokenOwner,
    scope: TokenScope,
    expires_at: Option<OffsetDateTime>,
) -> String {
    let token = NewToken::make();
    let kept = TokenToKeep {
        hash: &token.hash(),
        ending: token.ending(),
        name: "Test",
        scope,
        owner,
        by_email: None,
        expires_at,
    };
    portal.portal.store().keep_api_token(&kept).await.unwrap();
    token.reveal().to_owned()
}

fn client_id(portal: &TestPortal, organisation: &str) -> String {
    portal.sandbox.keys().into_iter().find(|keys| keys.org_id == organisation).unwrap().client_id
}

fn is_moment(value: &Value) -> bool {
    let text = value.as_str().unwrap_or_default();
    text.len() == 20 && text.ends_with('Z') && text.as_bytes()[10] == b'T'
}

/// The body with every moment in it taken away, after a look at its shape.
fn without_moments(mut body: Value) -> Value {
    if let Some(fields) = body.as_object_mut() {
        for name in ["created_at", "updated_at", "deleted_at"] {
            if let Some(moment) = fields.remove(name) {
                assert!(is_moment(&moment), "{name}: {moment}");
            }
        }
    }
    body
}

fn helseapp() -> Value {
    json!({
        "org_id": "org_helseapp",
        "client_id": "vipps-client-abc123",
        "client_secret_ref": "vault://orgs/org_helseapp/vipps_secret",
        "redirect_uri": "myapp://vipps-callback",
        "scopes": ["openid", "phoneNumber", "name"],
        "environment": "production"
    })
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn the_registry_answers_as_its_contract_says(pool: PgPool) {
    let portal = TestPortal::start(pool).await;
    // The organisations of the sandbox would stand in the list, too.
    portal.portal.store().remove_all_organisations().await.unwrap();
    let registrar = Program::with(&portal, TokenOwner::Instance, TokenScope::Write).await;

    let created = registrar
        .send(
            Method::POST,
            ORGS,
            json!({
                "org_id": "org_ny_klinikk",
                "client_id": "vipps-client-new001",
                "client_secret_ref": "vault://orgs/org_ny_klinikk/vipps_secret",
                "redirect_uri": "myapp://vipps-callback",
                "scopes": ["openid", "phoneNumber"],
                "environment": "production"
            }),
        )
        .await;
    assert_eq!(created.status, StatusCode::CREATED);
    assert_eq!(created.headers[LOCATION], "/api/v1/vipps-orgs/org_ny_klinikk");
    let expected = json!({
        "org_id": "org_ny_klinikk", "client_id": "vipps-client-new001", "vipps_enabled": true,
        "environment": "production"
    });
    assert_eq!(without_moments(created.body), expected);
    assert_eq!(registrar.send(Method::POST, ORGS, helseapp()).await.status, StatusCode::CREATED);

    let list = registrar.get(ORGS).await.body;
    assert_eq!(list["pagination"], json!({"page": 1, "limit": 20, "total": 2}));
    let listed: Vec<Value> = list["data"].as_array().unwrap().iter().cloned().map(without_moments).collect();
    let line = |id: &str, client: &str| json!({"org_id": id, "client_id": client, "vipps_enabled": true, "environment": "production"});
    assert_eq!(listed, [line("org_helseapp", "vipps-client-abc123"), line("org_ny_klinikk", "vipps-client-new001")]);
    let second = registrar.get(&format!("{ORGS}?page=2&limit=1")).await.body;
    assert_eq!(second["data"][0]["org_id"], "org_ny_klinikk");
    assert_eq!(second["pagination"], json!({"page": 2, "limit": 1, "total": 2}));

    let path = format!("{ORGS}/org_helseapp");
    let mut full = helseapp();
    full["vipps_enabled"] = json!(true);
    assert_eq!(without_moments(registrar.get(&path).await.body), full);
    let status = registrar.get(&format!("{path}/status")).await.body;
    let expected = json!({
        "org_id": "org_helseapp", "vipps_enabled": true, "client_id": "vipps-client-abc123",
        "environment": "production"
    });
    assert_eq!(status, expected);

    let changed = registrar.send(Method::PUT, &path, json!({"vipps_enabled": false, "environment": "test"})).await;
    assert_eq!(changed.status, StatusCode::OK);
    assert!(is_moment(&changed.body["updated_at"]));
    let expected = json!({"org_id": "org_helseapp", "vipps_enabled": false, "environment": "test"});
    assert_eq!(without_moments(changed.body), expected);
    full["vipps_enabled"] = json!(false);
    full["environment"] = json!("test");
    assert_eq!(without_moments(registrar.get(&path).await.body), full, "what was not sent stays");
    assert_eq!(registrar.get(ORGS).await.body["pagination"]["total"], 1, "only the active ones are listed");

    let removed = registrar.ask(Method::DELETE, &path, None, &[]).await;
    assert_eq!(removed.status, StatusCode::OK);
    assert!(is_moment(&removed.body["deleted_at"]));
    assert_eq!(without_moments(removed.body), json!({"org_id": "org_helseapp", "deleted": true}));
    for path in [path.clone(), format!("{path}/status")] {
        assert_eq!(registrar.get(&path).await.status, StatusCode::NOT_FOUND);
    }
    assert_eq!(registrar.ask(Method::DELETE, &path, None, &[]).await.status, StatusCode::NOT_FOUND);
    let again = registrar.send(Method::POST, ORGS, helseapp()).await;
    assert_eq!(again.status, StatusCode::CONFLICT, "an id is not given again");
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn nothing_answers_without_a_token_that_is_good_for_it(pool: PgPool) {
    let portal = TestPortal::start(pool).await;
    let (_, description) = api::routes();
    let mut operations = Vec::new();
    for (path, item) in &description.paths.paths {
        let path = format!("/api{}", path.replace("{org_id}", PARTNER));
        for (method, there) in [
            (Method::GET, item.get.is_some()),
            (Method::POST, item.post.is_some()),
            (Method::PUT, item.put.is_some()),
            (Method::DELETE, item.delete.is_some()),
        ] {
            if there {
                operations.push((method, path.clone()));
            }
        }
    }
    let now = OffsetDateTime::now_utc();
    let expired = token(&portal, &TokenOwner::Instance, TokenScope::Write, Some(now - Duration::SECOND)).await;
    let revoked = token(&portal, &TokenOwner::Instance, TokenScope::Write, None).await;
    let store = portal.portal.store();
    let newest = store.api_tokens(&TokenOwner::Instance).await.unwrap().remove(0);
    assert!(revoked.ends_with(&newest.ending));
    assert!(store.revoke_api_token(&TokenOwner::Instance, newest.id).await.unwrap());
    let disabled = portal.person("gone@example.com", &[(PARTNER, Role::Admin)]).await;
    let of_disabled = token(&portal, &TokenOwner::Staff(disabled), TokenScope::Write, None).await;
    assert!(store.set_disabled(disabled, true).await.is_ok());

    let strangers = [None, Some(expired), Some(revoked), Some(of_disabled), Some("pportal_nonsense".to_owned())];
    for stranger in strangers {
        let program = Program::of(&portal, stranger);
        for (method, path) in &operations {
            let said = program.ask(method.clone(), path, None, &[]).await;
            assert_eq!(said.status, StatusCode::UNAUTHORIZED, "{method} {path}");
            assert!(said.headers.contains_key(WWW_AUTHENTICATE));
        }
        assert_eq!(program.get("/api/nonsense").await.status, StatusCode::UNAUTHORIZED);
    }
    let reader = Program::with(&portal, TokenOwner::Instance, TokenScope::Read).await;
    assert_eq!(reader.get("/api/nonsense").await.status, StatusCode::NOT_FOUND);
    assert_eq!(reader.ask(Method::PATCH, ORGS, None, &[]).await.status, StatusCode::METHOD_NOT_ALLOWED);
    // A session of the pages is no token.
    let browser = portal.member("staff@example.com", &[(PARTNER, Role::Admin)]).await;
    assert_eq!(browser.get(ORGS).await.status, StatusCode::UNAUTHORIZED);
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn every_fault_is_told_with_its_field(pool: PgPool) {
    let portal = TestPortal::start(pool).await;
    let registrar = Program::with(&portal, TokenOwner::Instance, TokenScope::Write).await;
    let wrong = json!({
        "org_id": "Org Ørjan", "client_id": 7, "client_secret_ref": "my secret", "redirect_uri": "nowhere",
        "scopes": ["openid", 3], "environment": "staging", "vipps_enabled": true, "colour": "blue"
    });
    let said = registrar.send(Method::POST, ORGS, wrong).await;
    assert_eq!(said.status, StatusCode::BAD_REQUEST);
    let mut faulty = said.faulty();
    faulty.sort_unstable();
    let expected = [
        "client_id",
        "client_secret_ref",
        "colour",
        "environment",
        "org_id",
        "redirect_uri",
        "scopes",
        "vipps_enabled",
    ];
    assert_eq!(faulty, expected);
    assert_eq!(
        registrar.send(Method::POST, ORGS, json!({})).await.faulty(),
        ["org_id", "client_id", "client_secret_ref"]
    );
    assert_eq!(registrar.get(&format!("{ORGS}?page=0&limit=1000")).await.faulty(), ["page", "limit"]);
    let path = format!("{ORGS}/{PARTNER}");
    assert_eq!(
        registrar.send(Method::PUT, &path, json!({"vipps_enabled": "no", "org_id": "x"})).await.faulty(),
        ["vipps_enabled", "org_id"]
    );
    assert_eq!(registrar.send(Method::POST, ORGS, json!([])).await.status, StatusCode::BAD_REQUEST);
    let taken = json!({"org_id": PARTNER, "client_id": "a", "client_secret_ref": "env://A"});
    assert_eq!(registrar.send(Method::POST, ORGS, taken).await.status, StatusCode::CONFLICT);
    // Null is like leaving a field out, but takes the redirect away.
    let nulls = json!({"client_id": null, "redirect_uri": "myapp://a", "scopes": null, "vipps_enabled": null});
    let answer = registrar.send(Method::PUT, &path, nulls).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!(registrar.get(&path).await.body["redirect_uri"], "myapp://a");
    let cleared = registrar.send(Method::PUT, &path, json!({"redirect_uri": null})).await;
    assert_eq!(cleared.status, StatusCode::OK);
    let full = registrar.get(&path).await.body;
    assert!(full["redirect_uri"].is_null() && full["client_id"].is_string(), "{full}");
    assert_eq!(registrar.get(&format!("{ORGS}/%FF")).await.status, StatusCode::NOT_FOUND);
    let missing = registrar.send(Method::PUT, &format!("{ORGS}/org_nobody"), json!({"vipps_enabled": true})).await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    assert_eq!(registrar.get(&format!("{ORGS}/Not%20an%20id")).await.status, StatusCode::NOT_FOUND);
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_change_that_would_undo_anothers_is_refused(pool: PgPool) {
    let portal = TestPortal::start(pool).await;
    let registrar = Program::with(&portal, TokenOwner::Instance, TokenScope::Write).await;
    let path = format!("{ORGS}/{PARTNER}");
    let tag = registrar.get(&path).await.headers[ETAG].to_str().unwrap().to_owned();
    let change = |on: bool| Some(json!({"vipps_enabled": on}));
    let if_match = IF_MATCH.as_str();
    let first = registrar.ask(Method::PUT, &path, change(false), &[(if_match, &tag)]).await;
    assert_eq!(first.status, StatusCode::OK);
    let new = first.headers[ETAG].to_str().unwrap().to_owned();
    assert_ne!(new, tag);
    for stale in [tag.as_str(), "\"nonsense\"", "\"-400000000000000\"", "\"ffffffffffffffff\""] {
        let second = registrar.ask(Method::PUT, &path, change(true), &[(if_match, stale)]).await;
        assert_eq!(second.status, StatusCode::PRECONDITION_FAILED);
        let removed = registrar.ask(Method::DELETE, &path, None, &[(if_match, stale)]).await;
        assert_eq!(removed.status, StatusCode::PRECONDITION_FAILED);
    }
    assert_eq!(registrar.get(&path).await.body["vipps_enabled"], false);
    let several = format!("\"0\", {new}");
    for good in [several.as_str(), "*"] {
        let changed = registrar.ask(Method::PUT, &path, change(true), &[(if_match, good)]).await;
        assert_eq!(changed.status, StatusCode::OK);
    }
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn an_organisation_that_is_switched_off_is_left_alone_upstream_and_says_so(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let registrar = Program::with(&portal, TokenOwner::Instance, TokenScope::Write).await;
    let staff = portal.member("staff@example.com", &[(PARTNER, Role::Operator)]).await;
    let path = format!("{ORGS}/{PARTNER}");
    assert_eq!(registrar.send(Method::PUT, &path, json!({"vipps_enabled": false})).await.status, StatusCode::OK);
    portal.sandbox.clear_calls();
    let units = format!("/as/{PARTNER}/sales-units");
    assert_eq!(staff.post(&format!("{units}/refresh"), &[]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(portal.sync().await, 0);
    let client = portal.portal.client_for_people(&org(PARTNER)).await;
    assert!(matches!(client, Err(Failure::SwitchedOff)));
    let client_id = client_id(&portal, PARTNER);
    let others: Vec<_> = portal
        .sandbox
        .calls()
        .into_iter()
        .filter(|call| call.client_id.as_deref() == Some(client_id.as_str()))
        .collect();
    assert!(others.is_empty(), "{others:?}");
    let list = staff.get(&units).await.text();
    assert!(list.contains("Switched off in the registry"), "{list}");
    let landing = staff.get(&format!("/as/{PARTNER}")).await.text();
    assert!(landing.contains("switched off in the registry"), "{landing}");

    assert_eq!(registrar.send(Method::PUT, &path, json!({"vipps_enabled": true})).await.status, StatusCode::OK);
    portal.sync_until_well().await;
    assert!(!staff.get(&units).await.text().contains("Switched off"));
    let in_test = registrar.send(Method::PUT, &path, json!({"environment": "test"})).await;
    assert_eq!(in_test.status, StatusCode::OK);
    assert!(staff.get(&units).await.text().contains("no Management API"));
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn an_organisation_that_is_removed_does_not_exist_for_anybody(pool: PgPool) {
    let portal = TestPortal::synced(pool).await;
    let registrar = Program::with(&portal, TokenOwner::Instance, TokenScope::Write).await;
    let staff = portal.member("staff@example.com", &[(PARTNER, Role::Admin), ("org_nordbetaling", Role::Viewer)]).await;
    let serving = registrar.ask(Method::DELETE, &format!("{ORGS}/{PARTNER}"), None, &[]).await;
    assert_eq!(serving.status, StatusCode::CONFLICT, "it serves a merchant");
    assert_eq!(staff.get(&format!("/as/{PARTNER}")).await.status, StatusCode::OK);

    let other = "org_nordbetaling";
    let own = Program::with(&portal, TokenOwner::Organisation(org(other)), TokenScope::Read).await;
    assert_eq!(own.get(ORGS).await.status, StatusCode::FORBIDDEN);
    assert_eq!(staff.get(&format!("/as/{other}/sales-units")).await.status, StatusCode::OK);
    let removed = registrar.ask(Method::DELETE, &format!("{ORGS}/{other}"), None, &[]).await;
    assert_eq!(removed.status, StatusCode::OK);
    assert_eq!(staff.get(&format!("/as/{other}/sales-units")).await.status, StatusCode::NOT_FOUND);
    assert!(!staff.get("/businesses").await.text().contains("Nordbetaling"));
    assert_eq!(own.get(ORGS).await.status, StatusCode::UNAUTHORIZED, "its tokens are good for nothing");
    // The registry of the command line does not bring it back, and nobody is served with its keys.
    let store = portal.portal.store();
    let registration = |id: &str, partner: Option<&str>| Registration {
        id: org(id),
        kind: if partner.is_some() { OrganisationKind::Merchant } else { OrganisationKind::Partner },
        name: "Again".to_owned(),
        business_identifier: Some(BusinessIdentifier::new("business:NO:ORG", "918713867")),
        partner: partner.map(org),
        keys: None,
    };
    assert!(!store.save_organisation(&registration(other, None)).await.unwrap());
    assert!(!store.save_organisation(&registration("org_m_served", Some(other))).await.unwrap());
    let sealed = "select count(*) from sealed_secret where name like 'org_nordbetaling/%'";
    assert_eq!(sqlx::query_scalar::<_, i64>(sealed).fetch_one(&portal.pool).await.unwrap(), 0);
    portal.sandbox.clear_calls();
    assert_eq!(portal.sync().await, 0);
    let client_id = client_id(&portal, other);
    assert!(portal.sandbox.calls().iter().all(|call| call.client_id.as_deref() != Some(client_id.as_str())));
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_reference_is_to_the_organisations_own_secrets(pool: PgPool) {
    let portal = TestPortal::start(pool).await;
    let registrar = Program::with(&portal, TokenOwner::Instance, TokenScope::Write).await;
    let path = format!("{ORGS}/org_nordbetaling");
    let sent = |reference: &str| json!({"client_secret_ref": reference});
    let new = |reference: &str| json!({"org_id": "org_thief", "client_id": "a", "client_secret_ref": reference});
    let foreign = format!("sealed://{PARTNER}/client_secret");
    for said in [
        registrar.send(Method::PUT, &path, sent(&foreign)).await,
        registrar.send(Method::POST, ORGS, new(&foreign)).await,
    ] {
        assert_eq!(said.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(said.faulty(), ["client_secret_ref"]);
    }
    for own_setting in ["env://DATABASE_URL", "env://PORTAL_SECRET_KEY_FILE", "env://VAULT_TOKEN", "env://PGPASSWORD"] {
        for said in [
            registrar.send(Method::PUT, &path, sent(own_setting)).await,
            registrar.send(Method::POST, ORGS, new(own_setting)).await,
        ] {
            assert_eq!(said.status, StatusCode::BAD_REQUEST, "{own_setting}");
            assert_eq!(said.faulty(), ["client_secret_ref"]);
        }
    }
    assert_eq!(registrar.get(&format!("{ORGS}/org_thief")).await.status, StatusCode::NOT_FOUND);
    let nobodys = registrar.send(Method::PUT, &format!("{ORGS}/org_nobody"), sent(&foreign)).await;
    assert_eq!(nobodys.status, StatusCode::NOT_FOUND, "what does not exist is not told from what is");
    let own = registrar.send(Method::PUT, &path, sent("sealed://org_nordbetaling/client_secret")).await;
    assert_eq!(own.status, StatusCode::OK);
}
