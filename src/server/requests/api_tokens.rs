//! Making and revoking tokens of the API. The answer to making one is a page, for the token is shown once.

use axum::Form;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::response::Response;
use serde::Deserialize;
use time::Duration;
use uuid::Uuid;

use super::{again, answer_with, not_found, plain, see_other};
use crate::domain::api_token::TokenScope;
use crate::domain::failure::Failure;
use crate::pages::api_tokens::{AnsweredToken, LIVES, RefusedToken};
use crate::paths;
use crate::server::Portal;
use crate::server::acting::api_tokens::WantedToken;
use crate::server::acting::{Acting, SignedIn};

const LONGEST_NAME: usize = 100;

#[derive(Clone, Deserialize)]
pub struct TokenForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    days: String,
}

impl TokenForm {
    fn wanted(&self) -> Result<WantedToken, RefusedToken> {
        let refused = |fault: &str| RefusedToken {
            name: self.name.clone(),
            scope: self.scope.clone(),
            days: self.days.clone(),
            fault: fault.to_owned(),
        };
        let name = self.name.trim();
        if name.is_empty() {
            return Err(refused("Say what the token is for."));
        }
        if name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
            return Err(refused("At most 100 characters, on one line."));
        }
        // What is not offered is not chosen: the least is given.
        let scope = self.scope.parse().unwrap_or(TokenScope::Read);
        let days = LIVES.iter().find(|(days, _)| *days == self.days).map_or(LIVES[0].0, |(days, _)| days);
        Ok(WantedToken { name: name.to_owned(), scope, life: days.parse().ok().map(Duration::days) })
    }
}

pub async fn make_own(
    State(portal): State<Portal>,
    person: SignedIn,
    asked: Parts,
    Form(form): Form<TokenForm>,
) -> Response {
    let wanted = match form.wanted() {
        Ok(wanted) => wanted,
        Err(refused) => return again(portal, asked, refused).await,
    };
    let name = wanted.name.clone();
    match person.make_api_token(wanted).await {
        Ok(token) => answer_with(portal, asked, AnsweredToken { name, token }).await,
        Err(failure) => plain(&failure),
    }
}

pub async fn revoke_own(
    State(portal): State<Portal>,
    person: SignedIn,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let Ok(id) = id.parse::<Uuid>() else { return not_found(portal, &headers).await };
    revoked(portal, person.revoke_api_token(id).await, paths::OWN_TOKENS, &headers).await
}

pub async fn make(State(portal): State<Portal>, acting: Acting, asked: Parts, Form(form): Form<TokenForm>) -> Response {
    let wanted = match form.wanted() {
        Ok(wanted) => wanted,
        Err(refused) => return again(portal, asked, refused).await,
    };
    let name = wanted.name.clone();
    match acting.make_api_token(wanted).await {
        Ok(token) => answer_with(portal, asked, AnsweredToken { name, token }).await,
        Err(failure) => plain(&failure),
    }
}

pub async fn revoke(
    State(portal): State<Portal>,
    acting: Acting,
    Path((_, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let Ok(id) = id.parse::<Uuid>() else { return not_found(portal, &headers).await };
    let list = paths::api_tokens(&acting.organisation().id);
    revoked(portal, acting.revoke_api_token(id).await, &list, &headers).await
}

async fn revoked(portal: Portal, outcome: Result<(), Failure>, list: &str, headers: &HeaderMap) -> Response {
    match outcome {
        Ok(()) => see_other(&format!("{list}?did=revoked")),
        Err(Failure::NotFound) => not_found(portal, headers).await,
        Err(failure) => plain(&failure),
    }
}
