//! The people who may sign in.

use std::io::{BufRead, IsTerminal};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use uuid::Uuid;

use super::Database;
use crate::server::config::DatabaseSettings;
use crate::server::security::{passwords, random_token, sign_in};
use crate::server::store::Store;
use crate::server::store::staff::Staff;

#[derive(Args)]
pub struct UserArguments {
    #[command(flatten)]
    database: DatabaseSettings,
    #[command(subcommand)]
    action: UserAction,
}

#[derive(Subcommand)]
enum UserAction {
    /// Adds somebody
    Add {
        email: String,
        /// May see and change the registry of organisations
        #[arg(long)]
        admin: bool,
        /// Make a password and print it once, instead of asking for one
        #[arg(long)]
        generate: bool,
    },
    /// Sets a new password and ends all sessions
    Password {
        email: String,
        /// Make a password and print it once, instead of asking for one
        #[arg(long)]
        generate: bool,
    },
    /// Keeps somebody out and ends all their sessions
    Disable { email: String },
    /// Lets somebody in again
    Enable { email: String },
    /// Lists everybody
    List,
}

pub async fn run(arguments: UserArguments) -> anyhow::Result<()> {
    let database = Database::open_beside(&arguments.database).await?.migrated().await?;
    let done = act(&database.store, arguments.action).await;
    database.close().await;
    done
}

async fn act(store: &Store, action: UserAction) -> anyhow::Result<()> {
    match action {
        UserAction::Add { email, admin, generate } => {
            let email = sign_in::normal_email(&email);
            if !(3..=254).contains(&email.len()) || !email.contains('@') {
                bail!("{email} is not an e-mail address");
            }
            if store.staff_by_email(&email).await?.is_some() {
                bail!("{email} is there already; a new password is set with: partner-portal user password {email}");
            }
            let id = Uuid::new_v4();
            let hash = passwords::hash(new_password(generate)?).await?;
            if !store.add_staff(id, &email, &hash, admin).await? {
                bail!("{email} is there already");
            }
            println!("{email} can sign in. User ID: {id}");
        }
        UserAction::Password { email, generate } => {
            let person = find(store, &email).await?;
            let hash = passwords::hash(new_password(generate)?).await?;
            store.set_password(person.id, &hash).await?;
            println!("{} has a new password; all sessions have ended.", person.email);
        }
        UserAction::Disable { email } => {
            let person = find(store, &email).await?;
            store.set_disabled(person.id, true).await?;
            println!("{} is kept out; all sessions have ended.", person.email);
        }
        UserAction::Enable { email } => {
            let person = find(store, &email).await?;
            store.set_disabled(person.id, false).await?;
            println!("{} can sign in again.", person.email);
        }
        UserAction::List => {
            for Staff { id, email, is_admin, disabled } in store.all_staff().await? {
                let marks = [(is_admin, "admin"), (disabled, "disabled")];
                let marks: Vec<&str> = marks.into_iter().filter(|(set, _)| *set).map(|(_, mark)| mark).collect();
                println!("{id}  {email}  {}", marks.join(", "));
            }
        }
    }
    Ok(())
}

async fn find(store: &Store, email: &str) -> anyhow::Result<Staff> {
    let email = sign_in::normal_email(email);
    store.staff_by_email(&email).await?.with_context(|| format!("nobody has the e-mail address {email}"))
}

fn new_password(generate: bool) -> anyhow::Result<String> {
    let password = if generate {
        let password = random_token();
        println!("Password: {password}\nIt is not shown again.");
        password
    } else if std::io::stdin().is_terminal() {
        let password = rpassword::prompt_password("Password: ")?;
        if rpassword::prompt_password("The same again: ")? != password {
            bail!("the two passwords differ");
        }
        password
    } else {
        let mut password = String::new();
        std::io::stdin().lock().read_line(&mut password)?;
        password.trim_end_matches(['\r', '\n']).to_owned()
    };
    match passwords::fault(&password) {
        Some(fault) => bail!(fault),
        None => Ok(password),
    }
}
