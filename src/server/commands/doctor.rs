//! What is wrong, in plain words.

use std::process::ExitCode;

use super::{Database, portal_without_pages};
use crate::server::config::Settings;
use crate::server::resealing::keys_in_use;
use crate::server::security::key_ring::KeyRing;
use crate::server::store::Store;
use crate::server::vipps::Error;

/// Counts what it finds.
#[derive(Default)]
struct Findings {
    faults: usize,
}

impl Findings {
    fn good(text: &str) {
        println!("  ok     {text}");
    }

    fn fault(&mut self, text: &str) {
        self.faults += 1;
        println!("  FAULT  {text}");
    }
}

pub async fn run(settings: Settings) -> anyhow::Result<ExitCode> {
    let mut findings = Findings::default();
    println!("Settings");
    match settings.fault() {
        None => Findings::good(&format!("pages are opened at {}", settings.public_url())),
        Some(fault) => findings.fault(&fault),
    }
    let key = settings.database.secret_key_path();
    if key.exists() {
        match KeyRing::open(&key) {
            Ok(keys) => Findings::good(&format!(
                "the secret key file {} is readable by its owner alone and holds {}",
                key.display(),
                match keys.ids().len() {
                    1 => "one key".to_owned(),
                    several => format!("{several} keys"),
                }
            )),
            Err(error) => findings.fault(&format!("{error:#}")),
        }
    } else {
        Findings::good(&format!("there is no secret key file {} yet; it is made on the first start", key.display()));
    }

    println!("Database");
    match Database::open_beside(&settings.database).await {
        Err(error) => findings.fault(&format!("{error:#}")),
        Ok(database) => {
            examine(&settings, &database, &mut findings).await;
            database.close().await;
        }
    }
    println!(
        "{}",
        if findings.faults == 0 { "Nothing is wrong.".to_owned() } else { format!("{} faults.", findings.faults) }
    );
    Ok(if findings.faults == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn examine(settings: &Settings, database: &Database, findings: &mut Findings) {
    let store = &database.store;
    match store.missing_migrations().await {
        Ok(0) => Findings::good("the database answers and is up to date"),
        Ok(missing) => {
            findings.fault(&format!("the database lacks {missing} migrations; run: partner-portal migrate"));
            return;
        }
        Err(error) => {
            findings.fault(&format!("the database does not answer: {error}"));
            return;
        }
    }
    match store.bypasses_row_security().await {
        Ok(false) => Findings::good("row-level security applies to the portal's database user"),
        Ok(true) => {
            findings.fault("the portal's database user is a superuser, so row-level security does not apply to it")
        }
        Err(error) => findings.fault(&format!("the rights of the database user cannot be read: {error}")),
    }
    match store.all_staff().await {
        Ok(staff) if staff.is_empty() => {
            findings.fault("nobody can sign in; add somebody with: partner-portal user add E-MAIL --admin")
        }
        Ok(staff) => {
            Findings::good(&format!("{} people can sign in", staff.iter().filter(|person| !person.disabled).count()))
        }
        Err(error) => findings.fault(&format!("the people cannot be read: {error}")),
    }

    let path = settings.database.secret_key_path();
    if let (true, Ok(keys)) = (path.exists(), KeyRing::open(&path)) {
        examine_sealed(store, &keys, findings).await;
    }

    println!("Organisations and upstream");
    let portal = match portal_without_pages(store, &settings.database, &settings.upstream) {
        Ok(portal) => portal,
        Err(error) => return findings.fault(&format!("{error:#}")),
    };
    let registrations = match store.registrations().await {
        Ok(registrations) => registrations,
        Err(error) => return findings.fault(&format!("the organisations cannot be read: {error}")),
    };
    if registrations.is_empty() {
        findings.fault("there are no organisations; add one with: partner-portal organisation add");
    }
    for registration in registrations.iter().filter(|registration| registration.keys.is_some()) {
        let id = &registration.id;
        let secondary = registration.keys.as_ref().and_then(|keys| keys.secondary_subscription_key_ref.as_ref());
        if let Some(reference) = secondary
            && let Err(error) = portal.secrets().resolve(reference).await
        {
            findings.fault(&format!("{id}: its secondary subscription key cannot be read: {error:#}"));
        }
        match portal.client_of(id).await {
            Ok(Some(client)) => match client.check_token().await {
                Ok(()) => Findings::good(&format!("{id}: upstream takes its keys")),
                Err(error @ (Error::Unauthorized(_) | Error::Forbidden(_))) => {
                    findings.fault(&format!("{id}: upstream refuses its keys ({error})"))
                }
                Err(error) => findings.fault(&format!("{id}: upstream does not answer ({error})")),
            },
            Ok(None) => {}
            Err(error) => findings.fault(&format!("{id}: its keys cannot be read: {error:#}")),
        }
    }
}

/// Whether there is a key for everything that is sealed.
async fn examine_sealed(store: &Store, keys: &KeyRing, findings: &mut Findings) {
    let in_use = match keys_in_use(store).await {
        Ok(in_use) => in_use,
        Err(error) => return findings.fault(&format!("what is sealed cannot be read: {error}")),
    };
    let ids = keys.ids();
    let opens = |key: &Option<_>| key.as_ref().is_some_and(|key| ids.contains(key));
    let lost: i64 = in_use.iter().filter(|(key, _)| !opens(key)).map(|(_, count)| count).sum();
    if lost > 0 {
        findings.fault(&format!(
            "{lost} secrets or orders in the database were sealed with another secret key; put the file back that had \
             it, or give the organisations their keys again"
        ));
    } else {
        Findings::good(&format!("there is a key for all {} sealed things", in_use.values().sum::<i64>()));
    }
}
