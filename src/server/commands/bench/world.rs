//! What is measured: one partner with many sales units of the sandbox's making, an order for each, merchants and
//! webhooks; and one merchant with many agreements and their charges.

use std::sync::Arc;

use secrecy::SecretString;
use time::OffsetDateTime;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::domain::organisation::{OrganisationKind, Role};
use crate::server::sandbox::{Sandbox, SandboxSettings};
use crate::server::security::passwords;
use crate::server::store::organisations::Registration;
use crate::server::store::{Scope, Store};
use crate::server::vipps::{Credentials, Vipps, VippsSettings};

pub const ORGANISATION: &str = "org_kystkassa";
/// Has as many agreements as the partner has units, up to so many, and ten times as many charges.
pub const MERCHANT: &str = "org_m_blabaer_kaffe";
const MOST_AGREEMENTS: u32 = 100_000;
pub const EMAIL: &str = "bench@example.com";
pub const PASSWORD: &str = "a password for benches";

/// Puts the units into the store, with details and merchants; returns who may see them. Names
/// come from the sandbox; asking it for each unit's details would only keep one waiting.
pub async fn load(store: &Store, sales_units: u32) -> anyhow::Result<Uuid> {
    let sandbox =
        Sandbox::new(&SandboxSettings { partners: 1, sales_units, rate_limit: 0.0, ..SandboxSettings::default() });
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let upstream = format!("http://{}", listener.local_addr()?);
    let stop = CancellationToken::new();
    let serving = tokio::spawn(Arc::clone(&sandbox).serve(listener, stop.clone().cancelled_owned()));
    let keys = sandbox.keys().remove(0);
    let client = Vipps::new(VippsSettings::default())?.client(Credentials {
        organisation: None,
        upstream,
        client_id: keys.client_id,
        client_secret: SecretString::from(keys.client_secret),
        subscription_key: Some(SecretString::from(keys.subscription_key)),
        secondary_subscription_key: None,
        msn: None,
    });
    let listed = client.sales_units().await?;
    stop.cancel();
    serving.await??;

    let id = ORGANISATION.parse().map_err(anyhow::Error::msg)?;
    let registration = Registration {
        id,
        kind: OrganisationKind::Partner,
        name: keys.name,
        business_identifier: None,
        partner: None,
        keys: None,
    };
    store.save_organisation(&registration).await?;
    let scope = Scope::whole(registration.id.clone());
    store.apply_sales_unit_list(&scope, &listed, OffsetDateTime::now_utc(), false, None).await?;
    let mut tenant = store.tenant(&scope).await?;
    tenant.invent_details().await?;
    tenant.invent_orders_and_webhooks().await?;
    tenant.commit().await?;
    let merchant = Registration {
        id: MERCHANT.parse().map_err(anyhow::Error::msg)?,
        kind: OrganisationKind::Merchant,
        name: "Blåbær Kaffe AS".to_owned(),
        ..registration.clone()
    };
    store.save_organisation(&merchant).await?;
    let of_merchant = Scope::whole(merchant.id.clone());
    let mut tenant = store.tenant(&of_merchant).await?;
    tenant.invent_agreements(i32::try_from(sales_units.min(MOST_AGREEMENTS))?).await?;
    tenant.commit().await?;
    store.settle().await?;

    let staff = Uuid::new_v4();
    store.add_staff(staff, EMAIL, &passwords::hash(PASSWORD.to_owned()).await?, false).await?;
    store.save_membership(staff, &registration.id, Role::Viewer).await?;
    store.save_membership(staff, &merchant.id, Role::Viewer).await?;
    Ok(staff)
}
