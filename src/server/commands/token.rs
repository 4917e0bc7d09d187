//! Tokens with which other systems ask the portal.

use anyhow::{Context, bail};
use clap::{ArgGroup, Args, Subcommand};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::Database;
use crate::domain::api_token::TokenScope;
use crate::domain::freshness::absolute;
use crate::domain::organisation::OrgId;
use crate::server::config::DatabaseSettings;
use crate::server::security::api_tokens::NewToken;
use crate::server::store::Store;
use crate::server::store::api_tokens::{TokenOwner, TokenToKeep};

#[derive(Args)]
pub struct TokenArguments {
    #[command(flatten)]
    database: DatabaseSettings,
    #[command(subcommand)]
    action: TokenAction,
}

#[derive(Subcommand)]
enum TokenAction {
    /// Makes a token and prints it, and nothing else; it is never shown again
    Create {
        #[command(flatten)]
        owner: OwnerArguments,
        /// read, or write, which also changes things
        #[arg(long)]
        scope: TokenScope,
        /// How long it is good, such as 90d; without it, until it is revoked
        #[arg(long, value_parser = life)]
        expires: Option<Duration>,
        /// What it is for
        #[arg(long, default_value = "Made on the command line")]
        name: String,
    },
    /// Lists the tokens that are not revoked
    List {
        #[command(flatten)]
        owner: OwnerArguments,
    },
    /// Ends a token at once
    Revoke {
        #[command(flatten)]
        owner: OwnerArguments,
        /// As it stands in the list
        id: Uuid,
    },
}

#[derive(Args)]
#[command(group(ArgGroup::new("owner").required(true).args(["organisation", "instance"])))]
struct OwnerArguments {
    /// For one organisation: its sales units, orders and webhooks
    #[arg(long)]
    organisation: Option<OrgId>,
    /// For the registry of organisations
    #[arg(long)]
    instance: bool,
}

impl OwnerArguments {
    async fn owner(self, store: &Store) -> anyhow::Result<TokenOwner> {
        let Some(organisation) = self.organisation else { return Ok(TokenOwner::Instance) };
        if store.organisation_name(&organisation).await?.is_none() {
            bail!("there is no organisation {organisation}");
        }
        Ok(TokenOwner::Organisation(organisation))
    }
}

pub async fn run(arguments: TokenArguments) -> anyhow::Result<()> {
    let database = Database::open_beside(&arguments.database).await?.migrated().await?;
    let done = act(&database.store, arguments.action).await;
    database.close().await;
    done
}

async fn act(store: &Store, action: TokenAction) -> anyhow::Result<()> {
    match action {
        TokenAction::Create { owner, scope, expires, name } => {
            let name = name.trim();
            if !(1..=100).contains(&name.chars().count()) {
                bail!("the name has to have 1 to 100 characters");
            }
            let (owner, token) = (owner.owner(store).await?, NewToken::make());
            let expires_at = expires.map(|life| OffsetDateTime::now_utc() + life);
            let kept = TokenToKeep {
                hash: &token.hash(),
                ending: token.ending(),
                name,
                scope,
                owner: &owner,
                by_email: None,
                expires_at,
            };
            store.keep_api_token(&kept).await.context("the token could not be kept")?;
            println!("{}", token.reveal());
        }
        TokenAction::List { owner } => {
            for token in store.api_tokens(&owner.owner(store).await?).await? {
                let until =
                    token.expires_at.map_or("no end".to_owned(), |expires| format!("until {}", absolute(expires)));
                println!("{}  …{}  {}  {until}  {}", token.id, token.ending, token.scope, token.name);
            }
        }
        TokenAction::Revoke { owner, id } => {
            if !store.revoke_api_token(&owner.owner(store).await?, id).await? {
                bail!("there is no such token");
            }
            println!("The token is revoked.");
        }
    }
    Ok(())
}

fn life(text: &str) -> Result<Duration, String> {
    let life = humantime::parse_duration(text).map_err(|_| format!("{text:?} is no time such as 90d or 12h"))?;
    Duration::try_from(life).ok().filter(|life| *life <= Duration::days(3_660)).ok_or("at most ten years".to_owned())
}
