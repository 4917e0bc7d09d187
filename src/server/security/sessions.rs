//! Sessions of `tower-sessions` in our database. The cookie holds the id, the database its hash.

use std::collections::HashMap;

use async_trait::async_trait;
use tower_sessions::cookie::SameSite;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error, Result};
use tower_sessions::{Expiry, Session, SessionManagerLayer, SessionStore};
use uuid::Uuid;

use crate::domain::failure::Failure;
use crate::server::store::Store;

const STAFF: &str = "staff_id";
/// In a loaded session, never in a stored one: its last use was some time ago.
const UNSEEN: &str = "unseen";

#[derive(Clone)]
pub struct Sessions(Store);

impl std::fmt::Debug for Sessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sessions")
    }
}

/// The layer that gives every request its session. Over https the cookie is bound to this very
/// host (`__Host-`); a plain http address on the own machine cannot have that prefix.
pub fn layer(store: Store, https: bool) -> SessionManagerLayer<Sessions> {
    SessionManagerLayer::new(Sessions(store))
        .with_name(cookie_name(https))
        .with_secure(https)
        .with_http_only(true)
        // Strict would lose the cookie on the way back from a link in an e-mail.
        .with_same_site(SameSite::Lax)
        .with_path("/")
        // The cookie goes with the browser; the server ends sessions earlier than that.
        .with_expiry(Expiry::OnSessionEnd)
}

pub fn cookie_name(https: bool) -> &'static str {
    if https { "__Host-portal" } else { "portal" }
}

/// Who is signed in; none if nobody is. The database not answering is not the same as nobody.
pub async fn staff(session: &Session) -> std::result::Result<Option<Uuid>, Failure> {
    session.get(STAFF).await.map_err(|error| {
        tracing::error!(%error, "a session could not be read");
        Failure::Unavailable
    })
}

/// Notes that somebody is there: a session that nobody uses ends.
pub async fn note_use(store: &Store, session: &Session) {
    let (Some(id), Ok(Some(true))) = (session.id(), session.get(UNSEEN).await) else { return };
    if let Err(error) = store.note_session_use(&hash(&id)).await {
        tracing::warn!(%error, "the use of a session could not be noted");
    }
}

/// Signs somebody in, under a new id: one that was planted before is worth nothing.
pub async fn start(session: &Session, staff: Uuid) -> std::result::Result<(), tower_sessions::session::Error> {
    session.cycle_id().await?;
    session.insert(STAFF, staff).await
}

/// Ends the session, here and in the database.
pub async fn end(session: &Session) -> std::result::Result<(), tower_sessions::session::Error> {
    session.flush().await
}

#[async_trait]
impl SessionStore for Sessions {
    async fn create(&self, record: &mut Record) -> Result<()> {
        while !self.0.add_session(&hash(&record.id), staff_of(record), &written(record)?).await.map_err(backend)? {
            record.id = Id::default();
        }
        Ok(())
    }

    async fn save(&self, record: &Record) -> Result<()> {
        self.0.save_session(&hash(&record.id), staff_of(record), &written(record)?).await.map_err(backend)
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let Some((record, expires_at, unseen)) = self.0.session(&hash(id)).await.map_err(backend)? else {
            return Ok(None);
        };
        let mut values: HashMap<String, serde_json::Value> =
            serde_json::from_value(record).map_err(|error| Error::Decode(error.to_string()))?;
        if unseen {
            values.insert(UNSEEN.to_owned(), true.into());
        }
        Ok(Some(Record { id: *id, data: values, expiry_date: expires_at }))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.0.end_session(&hash(id)).await.map_err(backend)
    }
}

fn hash(id: &Id) -> Vec<u8> {
    super::hash(&id.0.to_le_bytes())
}

fn staff_of(record: &Record) -> Option<Uuid> {
    serde_json::from_value(record.data.get(STAFF)?.clone()).ok()
}

fn written(record: &Record) -> Result<serde_json::Value> {
    let values: HashMap<_, _> = record.data.iter().filter(|(name, _)| *name != UNSEEN).collect();
    serde_json::to_value(values).map_err(|error| Error::Encode(error.to_string()))
}

fn backend(error: sqlx::Error) -> Error {
    Error::Backend(error.to_string())
}
