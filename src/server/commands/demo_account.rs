//! The demo's person, whose password everybody knows.

use uuid::Uuid;

use crate::server::security::passwords;
use crate::server::store::Store;

pub const EMAIL: &str = "demo@example.com";
pub const PASSWORD: &str = "partner-portal-demo";

/// Keeps the person out of a real portal.
pub async fn shut_out(store: &Store) -> anyhow::Result<()> {
    if let Some(person) = store.staff_by_email(EMAIL).await?.filter(|person| !person.disabled) {
        store.set_disabled(person.id, true).await?;
        tracing::warn!("the demo's account was found and disabled");
    }
    Ok(())
}

/// Lets the person into the demo.
pub async fn open(store: &Store) -> anyhow::Result<Uuid> {
    if let Some(person) = store.staff_by_email(EMAIL).await? {
        store.set_disabled(person.id, false).await?;
        return Ok(person.id);
    }
    let id = Uuid::new_v4();
    store.add_staff(id, EMAIL, &passwords::hash(PASSWORD.to_owned()).await?, true).await?;
    Ok(id)
}
