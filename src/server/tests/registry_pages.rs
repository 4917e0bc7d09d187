//! The registry in the browser: organisations made, changed, checked and removed by those who decide about it.

mod checking;
mod serving;

use reqwest::StatusCode;
use sqlx::PgPool;

use super::{Answer, Browser, MERCHANT_WITH_KEYS, OTHER_PARTNER, PARTNER, TestPortal, org};
use crate::domain::organisation::Role;
use crate::server::sandbox::SandboxKeys;
use crate::server::store::MIGRATIONS;

const REGISTRY: &str = "/admin/organisations";
const NEW: &str = "/admin/organisations/new";
const WRONG: &str = "hunter2-is-no-secret";

/// Somebody who decides about the registry and is a member of nothing.
pub async fn instance_admin(portal: &TestPortal, email: &str) -> Browser {
    let browser = portal.member(email, &[]).await;
    sqlx::query("update staff set is_admin = true where email = $1").bind(email).execute(&portal.pool).await.unwrap();
    browser
}

fn keys_of(portal: &TestPortal, organisation: &str) -> SandboxKeys {
    portal.sandbox.keys().into_iter().find(|keys| keys.org_id == organisation).unwrap()
}

/// A form for an organisation, as a browser sends it.
#[derive(Clone)]
struct Form(Vec<(&'static str, String)>);

impl Form {
    /// A partner with keys of its own.
    fn partner(id: &str, keys: &SandboxKeys) -> Self {
        Self(vec![])
            .with("id", id)
            .with("name", "Fjordkassa AS")
            .with("kind", "partner")
            .with("environment", "production")
            .with("service", "own")
            .with("client_id", &keys.client_id)
            .with("client_secret", &keys.client_secret)
            .with("subscription_key", &keys.subscription_key)
            .with("member", "yes")
    }

    fn merchant(id: &str) -> Self {
        Self(vec![])
            .with("id", id)
            .with("name", "Blåbær Kaffe AS")
            .with("kind", "merchant")
            .with("environment", "production")
            .with("service", "nobody")
    }

    /// The same, with another value; an empty one is that of an empty field.
    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.0.retain(|(there, _)| *there != name);
        self.0.push((name, value.to_owned()));
        self
    }

    async fn send(&self, browser: &Browser, path: &str) -> Answer {
        let pairs: Vec<(&str, &str)> = self.0.iter().map(|(name, value)| (*name, value.as_str())).collect();
        browser.post(path, &pairs).await
    }

    async fn create(&self, browser: &Browser) -> Answer {
        let answer = self.send(browser, NEW).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
        browser.get(answer.location()).await
    }

    /// Sent from the form as it is now.
    async fn change(&self, browser: &Browser, id: &str) -> Answer {
        let path = format!("{REGISTRY}/{id}/edit");
        let seen = browser.get(&path).await.hidden("seen");
        self.clone().with("seen", &seen).send(browser, &path).await
    }
}

async fn saved(browser: &Browser, answer: Answer) -> Answer {
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
    browser.get(answer.location()).await
}

fn assert_says(page: &Answer, words: &str) {
    assert!(page.text().contains(words), "{words:?} is not in {}", page.text());
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn an_organisation_comes_from_nothing_to_its_first_synced_page(pool: PgPool) {
    let portal = TestPortal::start(pool).await;
    let admin = instance_admin(&portal, "admin@example.com").await;
    assert_says(&admin.get("/businesses").await, "You decide about the registry of this portal");
    let keys = keys_of(&portal, OTHER_PARTNER);
    let form = Form::partner("org_fjordkassa", &keys);
    let page = form.clone().with("client_secret", WRONG).create(&admin).await;
    assert_says(&page, "The organisation is in the registry.");
    assert_says(&page, "Vipps MobilePay refused the client id or the client secret.");
    assert_says(&page, "Sealed in the portal, since");
    assert!(!page.body.contains(WRONG) && !page.body.contains(&keys.subscription_key));
    // The one who made it is an admin of it.
    assert_eq!(admin.get("/as/org_fjordkassa").await.status, StatusCode::OK);
    assert!(portal.sync().await > 0, "nothing can be fetched with these keys");
    assert_says(&admin.get(REGISTRY).await, "has refused the keys");

    let edit = admin.get(&format!("{REGISTRY}/org_fjordkassa/edit")).await;
    assert!(!edit.body.contains(WRONG) && !edit.body.contains(&keys.subscription_key), "{}", edit.body);
    let page = form.clone().with("subscription_key", "").change(&admin, "org_fjordkassa").await;
    let page = saved(&admin, page).await;
    assert_says(&page, "The keys work.");
    assert_says(&page, "It offers all of them: List of merchants");
    assert!(!page.body.contains(&keys.client_secret), "{}", page.body);
    // What has failed is fetched again at once, not when its pause is over.
    let due = "select count(*) from sync_job where organisation_id = 'org_fjordkassa' and failing_since is not null and due_at > now()";
    assert_eq!(sqlx::query_scalar::<_, i64>(due).fetch_one(&portal.pool).await.unwrap(), 0);
    portal.sync_until_well().await;
    let units = admin.get("/as/org_fjordkassa/sales-units").await;
    let expected = portal.units_upstream(OTHER_PARTNER).await;
    assert_says(&units, &format!("{expected} sales units"));
    assert!(admin.get(REGISTRY).await.body.contains("<time"), "it says when it was synced");
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn what_was_typed_is_kept_but_no_secret(pool: PgPool) {
    let portal = TestPortal::start(pool).await;
    let admin = instance_admin(&portal, "admin@example.com").await;
    let keys = keys_of(&portal, PARTNER);
    let form = Form::partner("Org Ørjan", &keys)
        .with("name", "")
        .with("msn", "x")
        .with("redirect_uri", "nowhere")
        .with("scopes", "openid \"name\"");
    let refused = form.send(&admin, NEW).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    for fault in ["field-id-fault", "field-name-fault", "field-msn-fault", "field-redirect_uri-fault"] {
        assert!(refused.body.contains(&format!("id=\"{fault}\"")), "{fault}: {}", refused.body);
    }
    assert!(refused.body.contains("value=\"Org Ørjan\"") && refused.body.contains("value=\"nowhere\""));
    assert!(refused.body.contains(&format!("value=\"{}\"", keys.client_id)));
    assert_says(&refused, "Type it again");
    assert!(!refused.body.contains(&keys.client_secret) && !refused.body.contains(&keys.subscription_key));
    let taken = Form::partner(PARTNER, &keys).send(&admin, NEW).await;
    assert_says(&taken, "There is an organisation org_kystkassa already.");
    assert!(!taken.body.contains(&keys.client_secret));
    // Nothing of the one that is there was overwritten.
    assert!(portal.sync().await == 0);

    // A form that outlives its session, or meets an absent database, has no secret in it either.
    let session = admin.cookies.lock().unwrap().clone();
    assert_eq!(admin.post("/logout", &[]).await.status, StatusCode::SEE_OTHER);
    *admin.cookies.lock().unwrap() = session;
    let late = Form::partner("org_late", &keys).with("client_secret_ref", "env://A").send(&admin, NEW).await;
    assert_eq!(late.status, StatusCode::UNAUTHORIZED);
    assert!(!late.body.contains(&keys.client_secret) && !late.body.contains(&keys.subscription_key), "{}", late.body);
    assert!(late.body.contains("type=\"password\" name=\"client_secret\""), "{}", late.body);
    assert_eq!(late.hidden("client_secret_ref"), "env://A");
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn a_change_that_would_undo_anothers_is_refused(pool: PgPool) {
    let portal = TestPortal::start(pool).await;
    let admin = instance_admin(&portal, "admin@example.com").await;
    let page = Form::merchant("org_blabaer").create(&admin).await;
    assert_says(&page, "No keys yet");
    let path = format!("{REGISTRY}/org_blabaer/edit");
    let opened = admin.get(&path).await.hidden("seen");
    let first = Form::merchant("").with("name", "First").change(&admin, "org_blabaer").await;
    saved(&admin, first).await;
    let second = Form::merchant("")
        .with("name", "Second & last")
        .with("seen", &opened)
        .with("service", "own")
        .with("client_id", "abc")
        .with("client_secret", WRONG);
    let refused = second.send(&admin, &path).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_says(&refused, "Somebody has changed this organisation since you opened the form");
    assert!(refused.body.contains("value=\"Second &amp; last\"") && !refused.body.contains(WRONG), "{}", refused.body);
    assert_says(&admin.get(&format!("{REGISTRY}/org_blabaer")).await, "First");
    let sealed = "select count(*) from sealed_secret where name like 'org_blabaer/%'";
    assert_eq!(sqlx::query_scalar::<_, i64>(sealed).fetch_one(&portal.pool).await.unwrap(), 0);
    // Sent once more from the page that said so, it is saved.
    let again = second.with("seen", &refused.hidden("seen")).send(&admin, &path).await;
    assert_says(&saved(&admin, again).await, "Second & last");
    for seen in ["", "nonsense", "-1", "ffffffffffffffffff"] {
        let refused = Form::merchant("").with("seen", seen).send(&admin, &path).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{seen}");
    }
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn secrets_are_the_organisations_own(pool: PgPool) {
    let portal = TestPortal::start(pool).await;
    let admin = instance_admin(&portal, "admin@example.com").await;
    let keys = keys_of(&portal, PARTNER);
    let form = Form::partner("org_thief", &keys).with("client_secret", "").with("subscription_key", "");
    let foreign = format!("sealed://{PARTNER}/client_secret");
    for (reference, fault) in [
        (foreign.as_str(), "This belongs to another organisation"),
        ("env://DATABASE_URL", "one of the portal's own settings"),
        ("env://PORTAL_SECRET_KEY_FILE", "one of the portal's own settings"),
        ("env://VAULT_TOKEN", "one of the portal's own settings"),
        ("env://PGPASSWORD", "one of the portal's own settings"),
        ("https://example.com", "This begins with vault://"),
    ] {
        for field in ["client_secret_ref", "subscription_key_ref", "secondary_subscription_key_ref"] {
            let refused = form.clone().with("client_secret_ref", "env://GOOD").with(field, reference);
            let refused = refused.send(&admin, NEW).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{reference}");
            assert_says(&refused, fault);
            assert!(refused.body.contains(&format!("id=\"field-{field}-fault\"")), "{field}: {}", refused.body);
        }
    }
    let there = form.with("client_secret_ref", "env://NOT_SET_ANYWHERE").create(&admin).await;
    assert_says(&there, "It cannot be read from env://NOT_SET_ANYWHERE");
    assert_says(&there, "The secrets come first.");
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn the_list_is_searched_and_has_an_end(pool: PgPool) {
    let portal = TestPortal::start(pool).await;
    let admin = instance_admin(&portal, "admin@example.com").await;
    let many = "insert into organisation (id, kind, name, business_scheme, business_id)
        select 'org_many_' || n, 'merchant', 'Many ' || n, 'business:NO:ORG', lpad(n::text, 9, '8')
        from generate_series(1, 300) n";
    sqlx::query(many).execute(&portal.pool).await.unwrap();
    let there: i64 = sqlx::query_scalar("select count(*) from organisation").fetch_one(&portal.pool).await.unwrap();
    let page = admin.get(REGISTRY).await;
    assert_says(&page, &format!("The first 100 of {there} organisations"));
    assert_eq!(page.body.matches("data-row").count(), 100);
    let client_id = keys_of(&portal, MERCHANT_WITH_KEYS).client_id;
    for (typed, found) in
        [("many 217", "Many 217"), ("888 888 217", "Many 217"), (&client_id[..8], "org_m_blabaer_kaffe")]
    {
        let page = admin.get(&format!("{REGISTRY}?q={}", typed.replace(' ', "+"))).await;
        assert!(page.text().contains("1 organisation"), "{typed}: {}", page.text());
        assert!(page.body.contains(found) || page.text().contains(found), "{typed}");
    }
    assert_says(&admin.get(&format!("{REGISTRY}?q=xyzzy")).await, "No match");
    let removed = admin.post(&format!("{REGISTRY}/org_many_217/remove"), &[]).await;
    assert_says(&saved(&admin, removed).await, "The organisation is removed.");
    assert_says(&admin.get(&format!("{REGISTRY}?q=many+217")).await, "No match");
    assert_eq!(admin.get(&format!("{REGISTRY}/org_many_217")).await.status, StatusCode::NOT_FOUND);
    let again = Form::merchant("org_many_217").send(&admin, NEW).await;
    assert_says(&again, "Its id is not given again.");
}

#[sqlx::test(migrator = "MIGRATIONS")]
async fn being_an_instance_admin_ends_with_the_right_to_it(pool: PgPool) {
    let portal = TestPortal::start(pool).await;
    let admin = instance_admin(&portal, "admin@example.com").await;
    let member = portal.member("member@example.com", &[(PARTNER, Role::Admin)]).await;
    assert_eq!(admin.get(REGISTRY).await.status, StatusCode::OK);
    assert!(!member.get(&format!("/as/{PARTNER}")).await.body.contains(REGISTRY));
    let joined = admin.post(&format!("{REGISTRY}/{PARTNER}/membership"), &[]).await;
    assert_says(&saved(&admin, joined).await, "You are an admin of it now");
    assert!(admin.get(&format!("/as/{PARTNER}")).await.body.contains(REGISTRY), "the way back");
    sqlx::query("update staff set is_admin = false").execute(&portal.pool).await.unwrap();
    let gone = admin.get(REGISTRY).await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
    assert_eq!(gone.body_without_nonce(), member.get("/as/org_nobody").await.body_without_nonce());
    let form = Form::merchant("org_late").send(&admin, NEW).await;
    assert_eq!(form.status, StatusCode::NOT_FOUND);
    assert!(portal.portal.store().scope_of(&org("org_late")).await.unwrap().is_none());
}
