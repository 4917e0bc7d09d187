//! Sealing again, with the key that is first now, what was sealed with older ones. What is done stays done: it can
//! be interrupted anywhere, runs beside a portal, and begins where there is something left.

use std::collections::BTreeMap;

use anyhow::Context;
use secrecy::ExposeSecret;
use uuid::Uuid;

use super::ordering::seal_name;
use super::security::key_ring::{KeyId, KeyRing, id_of};
use super::store::{Scope, Store};

const BATCH: i64 = 100;
/// What is sealed with an older key during one pass is found by the next; more than a few mean that another
/// process reads another file.
const PASSES: usize = 5;

/// How it went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resealed {
    pub done: usize,
    /// None of the keys opens them.
    pub unopened: usize,
}

/// Seals everything again that is not sealed with the first key.
pub async fn reseal(store: &Store, keys: &KeyRing) -> anyhow::Result<Resealed> {
    let mut all = Resealed::default();
    for _ in 0..PASSES {
        let mut pass = reseal_secrets(store, keys).await?;
        for organisation in store.organisations_ever().await? {
            let of_orders = reseal_requests(store, keys, &Scope::whole(organisation)).await?;
            pass.done += of_orders.done;
            pass.unopened += of_orders.unopened;
        }
        all = Resealed { done: all.done + pass.done, unopened: pass.unopened };
        if pass.done == 0 {
            break;
        }
    }
    Ok(all)
}

async fn reseal_secrets(store: &Store, keys: &KeyRing) -> anyhow::Result<Resealed> {
    let mut resealed = Resealed::default();
    let mut after = String::new();
    loop {
        let batch = store.secrets_sealed_otherwise(&first_of(keys)?, &after, BATCH).await?;
        let Some((last, _)) = batch.last() else { return Ok(resealed) };
        after.clone_from(last);
        for (name, old) in batch {
            if let Some(new) = sealed_again(keys, &name, &old, &mut resealed)? {
                resealed.done += usize::from(store.replace_sealed_secret(&name, &old, &new).await?);
            }
        }
    }
}

async fn reseal_requests(store: &Store, keys: &KeyRing, scope: &Scope) -> anyhow::Result<Resealed> {
    let mut resealed = Resealed::default();
    let mut after = Uuid::nil();
    loop {
        let mut tenant = store.tenant(scope).await?;
        let batch = tenant.requests_sealed_otherwise(&first_of(keys)?, after, BATCH).await?;
        let Some((last, _)) = batch.last() else { return Ok(resealed) };
        after = *last;
        let mut done = 0;
        for (order, old) in batch {
            if let Some(new) = sealed_again(keys, &seal_name(order), &old, &mut resealed)? {
                done += usize::from(tenant.replace_sealed_request(order, &old, &new).await?);
            }
        }
        tenant.commit().await?;
        resealed.done += done;
    }
}

fn first_of(keys: &KeyRing) -> anyhow::Result<KeyId> {
    keys.ids().first().copied().context("there is no secret key")
}

/// None if no key opens it, which is counted.
fn sealed_again(keys: &KeyRing, name: &str, old: &[u8], resealed: &mut Resealed) -> anyhow::Result<Option<Vec<u8>>> {
    match keys.open_sealed(name, old) {
        Ok(secret) => keys.seal(name, secret.expose_secret()).map(Some),
        Err(error) => {
            tracing::warn!(%error, "something sealed cannot be opened");
            resealed.unopened += 1;
            Ok(None)
        }
    }
}

/// How many things are sealed with which key; none: with no key that could be.
pub async fn keys_in_use(store: &Store) -> Result<BTreeMap<Option<KeyId>, i64>, sqlx::Error> {
    let mut counts = store.keys_of_sealed_secrets().await?;
    for organisation in store.organisations_ever().await? {
        let scope = Scope::whole(organisation);
        counts.extend(store.tenant(&scope).await?.keys_of_sealed_requests().await?);
    }
    let mut in_use = BTreeMap::new();
    for (key, count) in counts {
        *in_use.entry(id_of(&key)).or_default() += count;
    }
    Ok(in_use)
}
