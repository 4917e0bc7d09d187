use time::macros::datetime;

use super::*;
use crate::domain::registry::{KeptSecret, OwnKeys};

fn org() -> OrgId {
    OrgId::parse("org_a").unwrap()
}

fn kept(reference: &str) -> KeptSecret {
    KeptSecret { reference: reference.to_owned(), sealed_at: None }
}

fn keys() -> OwnKeys {
    OwnKeys {
        client_id: "client".to_owned(),
        client_secret: kept("sealed://org_a/client_secret"),
        subscription_key: Some(kept("env://KEY")),
        secondary_subscription_key: Some(kept("sealed://org_a/secondary_subscription_key")),
        msn: None,
    }
}

fn check(body: &str, keys: Option<&OwnKeys>, typed: &[Secret]) -> Result<WantedOrganisation, Faults> {
    let reference_fault = |reference: &str| (!reference.contains("://")).then(|| "no reference".to_owned());
    let organisation = org();
    let against = Against { organisation: Some(&organisation), keys, typed, reference_fault: &reference_fault };
    OrganisationForm::read(body.as_bytes()).check(&against)
}

fn fields(body: &str, keys: Option<&OwnKeys>, typed: &[Secret]) -> Vec<String> {
    check(body, keys, typed).unwrap_err().into_iter().map(|(field, _)| field).collect()
}

const START: &str = "name=A&kind=merchant&environment=production";

fn own(more: &str, keys: Option<&OwnKeys>, typed: &[Secret]) -> WantedKeys {
    match check(&format!("{START}&service=own&client_id=client{more}"), keys, typed).unwrap().service {
        WantedService::Own(keys) => keys,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_fault_is_told_at_its_field() {
    assert_eq!(fields("", None, &[]), ["name", "kind", "service", "environment"]);
    assert_eq!(fields(&format!("{START}&service=own"), None, &[]), ["client_id", "client_secret_ref"]);
    assert_eq!(fields(&format!("{START}&service=partner"), None, &[]), ["business_id", "partner"]);
    assert_eq!(
        fields(
            &format!("{START}&service=partner&partner=org_a&scheme=business:NO:ORG&business_id=918713867"),
            None,
            &[]
        ),
        ["partner"]
    );
    assert_eq!(fields("name=A&kind=partner&environment=test&service=partner&partner=org_b", None, &[]), ["service"]);
    assert_eq!(fields(&format!("{START}&service=nobody&business_id=1"), None, &[]), ["scheme"]);
    assert_eq!(fields(&format!("{START}&service=nobody&scheme=business:NO:ORG"), None, &[]), ["business_id"]);
    let wrong =
        format!("{START}&service=own&client_id=a+b&client_secret_ref=hunter2&msn=x&redirect_uri=nowhere&scopes=%C3%B8");
    assert_eq!(fields(&wrong, None, &[]), ["client_id", "client_secret_ref", "msn", "redirect_uri", "scopes"]);
    let second =
        format!("{START}&service=own&client_id=a&client_secret_ref=env://A&secondary_subscription_key_ref=env://B");
    assert_eq!(fields(&second, None, &[]), ["subscription_key_ref"]);
}

#[test]
fn numbers_are_tidied_and_one_with_a_wrong_check_digit_is_taken() {
    let business = |typed: &str| {
        let body = format!("{START}&service=nobody&scheme=business:NO:ORG&business_id={typed}");
        check(&body, None, &[]).unwrap().business_identifier.unwrap().id
    };
    assert_eq!(business("NO+918+713+867+MVA"), "918713867");
    assert_eq!(business("987+654+321"), "987654321");
}

#[test]
fn a_secret_that_is_left_alone_stays() {
    let keys = keys();
    let reference = |text: &str| Some(WantedSecret::Reference(text.to_owned()));
    let same = own("&subscription_key_ref=env://KEY", Some(&keys), &[]);
    assert_eq!(Some(same.client_secret), reference("sealed://org_a/client_secret"));
    assert_eq!(same.subscription_key, reference("env://KEY"));
    assert_eq!(same.secondary_subscription_key, reference("sealed://org_a/secondary_subscription_key"));

    let typed = own("&subscription_key_ref=env://KEY", Some(&keys), &[Secret::ClientSecret, Secret::SubscriptionKey]);
    assert_eq!((typed.client_secret, typed.subscription_key), (WantedSecret::Typed, Some(WantedSecret::Typed)));
    let elsewhere = own("&subscription_key_ref=env://OTHER&client_secret_ref=file:///a", Some(&keys), &[]);
    assert_eq!(Some(elsewhere.client_secret), reference("file:///a"));
    assert_eq!(elsewhere.subscription_key, reference("env://OTHER"));
    // What is elsewhere is taken away by taking its reference away, what is sealed by saying so.
    let less = own("&subscription_key_ref=&secondary_subscription_key_taken_away=yes", Some(&keys), &[]);
    assert_eq!((less.subscription_key, less.secondary_subscription_key), (None, None));
    let both = format!("{START}&service=own&client_id=a&client_secret_ref=env://NEW&subscription_key_ref=env://KEY");
    assert_eq!(fields(&both, Some(&keys), &[Secret::ClientSecret]), ["client_secret_ref"]);
}

#[test]
fn a_form_is_filled_in_with_what_there_is_but_no_secret() {
    let updated_at = datetime!(2026-11-20 12:00:00.123456 UTC);
    let organisation = RegisteredOrganisation {
        id: org(),
        kind: OrganisationKind::Merchant,
        name: "A".to_owned(),
        business_identifier: Some(BusinessIdentifier::new("business:NO:ORG", "918713867")),
        service: Service::Own(keys()),
        upstream_url: None,
        environment: Environment::Test,
        vipps_enabled: true,
        redirect_uri: None,
        scopes: vec!["openid".to_owned(), "name".to_owned()],
        created_at: updated_at,
        updated_at,
        serves: 0,
        own_role: None,
        sync: crate::domain::registry::SyncState::InTest,
        check: None,
    };
    let form = OrganisationForm::of(&organisation);
    assert_eq!(form.secrets.each_ref().map(|entry| entry.reference.as_str()), ["", "env://KEY", ""]);
    assert_eq!(form.seen_at(), Some(updated_at));
    let (organisation_id, keys) = (org(), keys());
    let against =
        Against { organisation: Some(&organisation_id), keys: Some(&keys), typed: &[], reference_fault: &|_| None };
    let wanted = form.check(&against).unwrap();
    assert_eq!(wanted.environment, Environment::Test);
    assert_eq!(wanted.scopes, organisation.scopes);
    assert_eq!(wanted.business_identifier, organisation.business_identifier);
}

#[test]
fn an_id_is_one_that_addresses_can_hold() {
    let id = |id: &str| OrganisationForm { id: id.to_owned(), ..OrganisationForm::default() }.new_id();
    assert_eq!(id("org_a").unwrap(), org());
    assert!(id("new").is_err() && id("Org A").is_err() && id("").is_err());
}
