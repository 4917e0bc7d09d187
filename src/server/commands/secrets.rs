//! The keys that seal secrets.

use std::process::ExitCode;

use anyhow::bail;
use clap::{Args, Subcommand};

use super::{Database, secret_key};
use crate::server::config::DatabaseSettings;
use crate::server::resealing::{keys_in_use, reseal};
use crate::server::security::key_ring::KeyRing;
use crate::server::store::Store;

#[derive(Args)]
pub struct SecretsArguments {
    #[command(flatten)]
    database: DatabaseSettings,
    #[command(subcommand)]
    action: SecretsAction,
}

#[derive(Subcommand)]
enum SecretsAction {
    /// Makes a new secret key and seals everything again with it, beside a running portal
    ///
    /// Can be interrupted and run again at any time. Keys that nothing is sealed with any more are dropped from the
    /// file, except the one before the new one: another process may just have used it. Where the portal runs on
    /// several machines, the file with the new key has to be on all of them before, and --present-key leaves it as
    /// it is; see README.
    Reseal {
        /// Make no new key: seal with the one that is first in the file
        #[arg(long)]
        present_key: bool,
    },
    /// Drops every key but the first that nothing is sealed with any more, the one before it included
    Forget,
}

pub async fn run(arguments: SecretsArguments) -> anyhow::Result<ExitCode> {
    let database = Database::open_beside(&arguments.database).await?.migrated().await?;
    let done = match secret_key(&arguments.database) {
        Ok(keys) => act(&database.store, &keys, &arguments.action).await,
        Err(error) => Err(error),
    };
    database.close().await;
    done
}

async fn act(store: &Store, keys: &KeyRing, action: &SecretsAction) -> anyhow::Result<ExitCode> {
    let Some(_lock) = store.lock_secret_keys().await? else {
        bail!("somebody else is just changing the secret keys; try again when that has ended");
    };
    match action {
        SecretsAction::Reseal { present_key } => {
            if !present_key {
                keys.put_new_first()?;
                println!("A new key is first in {}. Keep a copy of the file in a safe place.", keys.path().display());
            }
            let resealed = reseal(store, keys).await?;
            println!("Secrets and orders sealed again: {}.", resealed.done);
            let before = keys.ids().get(1).copied();
            let in_use = keys_in_use(store).await?;
            let dropped = keys.keep(|id| before.as_ref() == Some(id) || in_use.contains_key(&Some(*id)))?;
            say_dropped(dropped);
            if before.is_some() {
                println!(
                    "The key before the new one stays, for another process may just have used it. In a minute it can \
                     be dropped with: partner-portal secrets forget"
                );
            }
            if resealed.unopened > 0 {
                eprintln!("Opened by no key of the file and left as they were: {}.", resealed.unopened);
                return Ok(ExitCode::FAILURE);
            }
            Ok(ExitCode::SUCCESS)
        }
        SecretsAction::Forget => {
            let in_use = keys_in_use(store).await?;
            say_dropped(keys.keep(|id| in_use.contains_key(&Some(*id)))?);
            let older = keys.ids().len() - 1;
            if older > 0 {
                println!(
                    "Older keys that are still needed: {older}. What they sealed is sealed again with: partner-portal secrets reseal"
                );
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn say_dropped(dropped: usize) {
    if dropped > 0 {
        println!("Older keys dropped from the file, for nothing is sealed with them any more: {dropped}.");
    }
}
