//! Tokens of the API: a person's own, and an organisation's.

use secrecy::SecretString;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{Acting, SignedIn};
use crate::domain::api_token::{ApiToken, TokenScope};
use crate::domain::failure::Failure;
use crate::domain::organisation::Role;
use crate::server::security::api_tokens::NewToken;
use crate::server::store::api_tokens::{TokenOwner, TokenToKeep};
use crate::server::store::{Store, unavailable};

/// A token that is asked for.
pub struct WantedToken {
    pub name: String,
    pub scope: TokenScope,
    /// None: until it is revoked.
    pub life: Option<Duration>,
}

impl SignedIn {
    pub async fn api_tokens(&self) -> Result<Vec<ApiToken>, Failure> {
        self.portal.store().api_tokens(&TokenOwner::Staff(self.staff)).await.map_err(unavailable)
    }

    /// Makes a token; what is returned is nowhere else.
    pub async fn make_api_token(&self, wanted: WantedToken) -> Result<SecretString, Failure> {
        let email = self.email().await?.ok_or(Failure::NotFound)?;
        make(self.portal.store(), TokenOwner::Staff(self.staff), wanted, &email).await
    }

    pub async fn revoke_api_token(&self, id: Uuid) -> Result<(), Failure> {
        revoke(self.portal.store(), TokenOwner::Staff(self.staff), id).await
    }
}

impl Acting {
    pub async fn api_tokens(&self) -> Result<Vec<ApiToken>, Failure> {
        self.may(Role::Admin)?;
        self.portal.store().api_tokens(&self.token_owner()).await.map_err(unavailable)
    }

    /// Makes a token for the organisation; what is returned is nowhere else.
    pub async fn make_api_token(&self, wanted: WantedToken) -> Result<SecretString, Failure> {
        self.may(Role::Admin)?;
        make(self.portal.store(), self.token_owner(), wanted, self.email()).await
    }

    pub async fn revoke_api_token(&self, id: Uuid) -> Result<(), Failure> {
        self.may(Role::Admin)?;
        revoke(self.portal.store(), self.token_owner(), id).await
    }

    fn token_owner(&self) -> TokenOwner {
        TokenOwner::Organisation(self.organisation().id.clone())
    }
}

async fn make(store: &Store, owner: TokenOwner, wanted: WantedToken, by: &str) -> Result<SecretString, Failure> {
    let token = NewToken::make();
    let kept = TokenToKeep {
        hash: &token.hash(),
        ending: token.ending(),
        name: &wanted.name,
        scope: wanted.scope,
        owner: &owner,
        by_email: Some(by),
        expires_at: wanted.life.map(|life| OffsetDateTime::now_utc() + life),
    };
    store.keep_api_token(&kept).await.map_err(unavailable)?;
    Ok(SecretString::from(token.reveal()))
}

async fn revoke(store: &Store, owner: TokenOwner, id: Uuid) -> Result<(), Failure> {
    let revoked = store.revoke_api_token(&owner, id).await.map_err(unavailable)?;
    if revoked { Ok(()) } else { Err(Failure::NotFound) }
}
