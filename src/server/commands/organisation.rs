//! The organisations the portal can act as, and who may act as them.

use std::io::{BufRead, IsTerminal};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;

use super::{Database, secret_key};
use crate::domain::identifiers::{BusinessIdentifier, CheckDigit, Msn};
use crate::domain::organisation::{OrgId, OrganisationKind, Role};
use crate::server::config::{DatabaseSettings, upstream_url};
use crate::server::security::secrets::{FOREIGN, Secrets, check_reference, is_foreign};
use crate::server::security::sign_in;
use crate::server::security::vault::VaultSettings;
use crate::server::store::Store;
use crate::server::store::keys::KeyReferences;
use crate::server::store::organisations::Registration;

#[derive(Args)]
pub struct OrganisationArguments {
    #[command(flatten)]
    database: DatabaseSettings,
    #[command(flatten)]
    vault: VaultSettings,
    #[command(subcommand)]
    action: OrganisationAction,
}

#[derive(Subcommand)]
enum OrganisationAction {
    /// Adds an organisation, or changes all of it
    Add(Box<AddArguments>),
    /// Makes somebody a member of an organisation, or changes their role
    Member {
        organisation: OrgId,
        email: String,
        /// viewer, operator or admin
        #[arg(long, default_value = "viewer")]
        role: Role,
    },
    /// Lists all organisations
    List,
}

#[derive(Args)]
struct AddArguments {
    /// Such as org_kystkassa; stands in addresses
    #[arg(value_parser = OrgId::of_new)]
    id: OrgId,
    /// partner or merchant
    #[arg(long)]
    kind: OrganisationKind,
    #[arg(long)]
    name: String,
    /// Such as business:NO:ORG 918713867
    #[arg(long, num_args = 2, value_names = ["SCHEME", "ID"])]
    business_identifier: Option<Vec<String>>,
    /// For a merchant without keys: the partner whose keys serve it
    #[arg(long, conflicts_with = "client_id", requires = "business_identifier")]
    partner: Option<OrgId>,
    #[arg(long)]
    client_id: Option<String>,
    /// Where the client secret is: vault://MOUNT/PATH#FIELD, env://NAME or file:///PATH. Without it the secret is asked for
    /// and kept in the database, sealed with the portal's secret key
    #[arg(long, requires = "client_id")]
    client_secret_ref: Option<String>,
    /// Where the subscription key is; asked for like the client secret. Keys without one use - here
    #[arg(long, requires = "client_id")]
    subscription_key_ref: Option<String>,
    /// Where the other one of the two subscription keys is; never asked for. With it the primary one can be
    /// regenerated, and later this one, without a failed call
    #[arg(long, requires = "client_id")]
    secondary_subscription_key_ref: Option<String>,
    /// The MSN that sales unit keys belong to
    #[arg(long, requires = "client_id")]
    msn: Option<String>,
    /// Address of the Vipps MobilePay APIs, if not the portal's setting
    #[arg(long, requires = "client_id", value_parser = upstream_url)]
    upstream_url: Option<String>,
}

pub async fn run(arguments: OrganisationArguments) -> anyhow::Result<()> {
    let database = Database::open_beside(&arguments.database).await?.migrated().await?;
    let secrets = secret_key(&arguments.database).map(|key| Secrets::new(database.store.clone(), key, arguments.vault));
    let done = match secrets {
        Ok(secrets) => act(&database.store, &secrets, arguments.action).await,
        Err(error) => Err(error),
    };
    database.close().await;
    done
}

async fn act(store: &Store, secrets: &Secrets, action: OrganisationAction) -> anyhow::Result<()> {
    match action {
        OrganisationAction::Add(arguments) => add(store, secrets, *arguments).await,
        OrganisationAction::Member { organisation, email, role } => {
            let email = sign_in::normal_email(&email);
            let person = store.staff_by_email(&email).await?;
            let person = person.with_context(|| format!("nobody has the e-mail address {email}"))?;
            let known = store.registrations().await?.iter().any(|registration| registration.id == organisation);
            if !known {
                bail!("there is no organisation {organisation}");
            }
            store.save_membership(person.id, &organisation, role).await?;
            println!("{email} may act as {organisation}, as {}.", role.as_str());
            Ok(())
        }
        OrganisationAction::List => {
            for registration in store.registrations().await? {
                let keys = match (&registration.keys, &registration.partner) {
                    (Some(keys), _) => format!("client id {}", keys.client_id),
                    (None, Some(partner)) => format!("served by {partner}"),
                    (None, None) => "no keys".to_owned(),
                };
                println!("{}  {}  {}  {keys}", registration.id, registration.kind.as_str(), registration.name);
            }
            Ok(())
        }
    }
}

async fn add(store: &Store, secrets: &Secrets, arguments: AddArguments) -> anyhow::Result<()> {
    let AddArguments { id, kind, name, business_identifier, partner, client_id, .. } = arguments;
    if partner.is_some() && kind == OrganisationKind::Partner {
        bail!("a partner has keys of its own; only a merchant is served by a partner");
    }
    let business_identifier = match business_identifier.as_deref() {
        Some([scheme, id]) => Some(BusinessIdentifier::new(scheme, id)),
        _ => None,
    };
    if let Some(business) = business_identifier.as_ref().filter(|business| business.check_digit() == CheckDigit::Wrong)
    {
        eprintln!("Note: the check digit of {} is wrong.", business.id);
    }
    if let Some(msn) = arguments.msn.as_deref().filter(|msn| Msn::parse(msn).is_none()) {
        bail!("{msn} is not a merchant serial number");
    }
    let secondary = arguments.secondary_subscription_key_ref;
    if secondary.is_some() && arguments.subscription_key_ref.as_deref() == Some("-") {
        bail!("keys without a subscription key have no secondary one");
    }
    let keys = match client_id {
        None => None,
        Some(client_id) => Some(KeyReferences {
            upstream_url: arguments.upstream_url,
            client_id,
            client_secret_ref: reference(secrets, &id, "client_secret", "Client secret", arguments.client_secret_ref)
                .await?,
            subscription_key_ref: match arguments.subscription_key_ref.as_deref() {
                Some("-") => None,
                given => Some(
                    reference(secrets, &id, "subscription_key", "Subscription key", given.map(ToOwned::to_owned))
                        .await?,
                ),
            },
            secondary_subscription_key_ref: match secondary {
                Some(given) => Some(tried(secrets, &id, given).await?),
                None => None,
            },
            msn: arguments.msn,
        }),
    };
    let registration = Registration { id, kind, name, business_identifier, partner, keys };
    if !store.save_organisation(&registration).await.context("the organisation could not be saved")? {
        bail!("{} was removed once, or the partner that is to serve it was; ids are not given again", registration.id);
    }
    println!(
        "{} is registered. Members are added with: partner-portal organisation member {0} E-MAIL",
        registration.id
    );
    Ok(())
}

/// A reference that was given, tried out.
async fn tried(secrets: &Secrets, organisation: &OrgId, given: String) -> anyhow::Result<String> {
    if let Err(fault) = check_reference(&given) {
        bail!("{given}: {fault}");
    }
    if is_foreign(&given, organisation) {
        bail!("{given}: {FOREIGN}");
    }
    secrets.resolve(&given).await?;
    Ok(given)
}

/// The reference that was given, tried out; or that of a secret asked for and sealed.
async fn reference(
    secrets: &Secrets,
    organisation: &OrgId,
    name: &str,
    label: &str,
    given: Option<String>,
) -> anyhow::Result<String> {
    if let Some(given) = given {
        return tried(secrets, organisation, given).await;
    }
    let secret = Zeroizing::new(if std::io::stdin().is_terminal() {
        rpassword::prompt_password(format!("{label}: "))?
    } else {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line)?;
        line
    });
    if secret.trim().is_empty() {
        bail!("{label}: nothing was given");
    }
    secrets.seal(&format!("{organisation}/{name}"), &SecretString::from(secret.trim())).await
}
