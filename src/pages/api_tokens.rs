//! Tokens with which other systems ask the portal: one's own, and an organisation's.

use leptos::either::{Either, EitherOf3};
use leptos::prelude::*;
use secrecy::{ExposeSecret, SecretString};
use time::OffsetDateTime;

use super::frame::{ActingFrame, Place, PlainFrame};
use super::not_found::{Failed, NotFoundPage};
use super::{acting, answered, loaded, parameter, query, refused, signed_in};
use crate::components::form::{Confirm, Field};
use crate::components::{Ago, Badge, Copy, Icon, Tone};
use crate::domain::api_token::{ApiToken, TokenScope};
use crate::domain::failure::Failure;
use crate::domain::freshness::absolute;
use crate::paths;

/// How long tokens can be good: days, empty for no end, and what that is called.
pub const LIVES: [(&str, &str); 4] =
    [("90", "90 days"), ("30", "30 days"), ("365", "One year"), ("", "Until it is revoked")];

/// What was typed and refused.
#[derive(Clone, Debug)]
pub struct RefusedToken {
    pub name: String,
    pub scope: String,
    pub days: String,
    pub fault: String,
}

/// A token that was just made.
#[derive(Clone, Debug)]
pub struct AnsweredToken {
    pub name: String,
    pub token: SecretString,
}

#[component]
pub fn OwnTokensPage() -> impl IntoView {
    let Some(person) = signed_in() else { return Either::Left(NotFoundPage()) };
    let (made, refused, did) = (answered(), refused(), parameter(&query(), "did"));
    Either::Right(loaded(async move {
        let found = async { Ok::<_, Failure>((person.email().await?, person.api_tokens().await?)) }.await;
        let (email, tokens) = found.map_or_else(|failure| (None, Err(failure)), |(email, tokens)| (email, Ok(tokens)));
        view! {
            <PlainFrame title="API tokens" email=email>
                <div class="narrow">
                    <nav aria-label="Breadcrumb" class="breadcrumb"><a href=paths::PROFILE><Icon name="previous"/>"Profile"</a></nav>
                    {match tokens {
                        Ok(tokens) => Either::Left(page(
                            "Whoever shows one acts as you, in the businesses that you are a member of: which one is meant stands in the header Portal-Organisation.",
                            paths::OWN_TOKENS.to_owned(), &tokens, made, refused, did.as_deref(),
                        )),
                        Err(failure) => Either::Right(view! { <Failed failure/> }),
                    }}
                </div>
            </PlainFrame>
        }
    }))
}

#[component]
pub fn ApiTokensPage() -> impl IntoView {
    let Some(acting) = acting() else { return Either::Left(NotFoundPage()) };
    let (made, refused, did) = (answered(), refused(), parameter(&query(), "did"));
    Either::Right(loaded(async move {
        let tokens = acting.api_tokens().await;
        let organisation = acting.organisation().id.clone();
        view! {
            <ActingFrame acting=acting.clone() place=Place::ApiTokens title="API tokens">
                {match tokens {
                    Ok(tokens) => EitherOf3::A(page(
                        "For other systems of this organisation. Whoever shows one acts as the organisation, whoever is a member of it.",
                        paths::api_tokens(&organisation), &tokens, made, refused, did.as_deref(),
                    )),
                    Err(Failure::NotAllowed) => EitherOf3::B(view! {
                        <header class="page-head"><h1>"API tokens"</h1></header>
                        <p class="pending">"Admins of this organisation make and revoke its tokens. Your own are on your profile."</p>
                    }),
                    Err(failure) => EitherOf3::C(view! { <Failed failure/> }),
                }}
            </ActingFrame>
        }
    }))
}

fn page(
    lead: &'static str,
    // Where the form is sent; below it, each token is revoked.
    action: String,
    tokens: &[ApiToken],
    made: Option<AnsweredToken>,
    refused: Option<RefusedToken>,
    did: Option<&str>,
) -> impl IntoView + use<> {
    let now = OffsetDateTime::now_utc();
    let rows: Vec<AnyView> =
        tokens.iter().map(|token| row(token, paths::token_revoke(&action, token.id), now)).collect();
    let did = (did == Some("revoked"))
        .then(|| view! { <p class="notice good" role="status">"The token is revoked. It opens nothing any more."</p> });
    view! {
        <header class="page-head">
            <h1>"API tokens"</h1>
            <p class="lead">{lead}" "<a href=paths::API_DOCS>"What they can be used for"</a></p>
        </header>
        {did}
        <div class="cards">
        {made.map(shown_once)}
        {form(action, refused)}
        {if rows.is_empty() {
            Either::Left(view! { <p class="pending">"There are none."</p> })
        } else {
            Either::Right(view! {
                <div id="results">
                    <table class="list">
                        <caption class="hidden">"API tokens"</caption>
                        <thead><tr>
                            <th scope="col">"For"</th><th scope="col">"Allows"</th><th scope="col">"Made"</th>
                            <th scope="col">"Last used"</th><th scope="col">"Good until"</th><th scope="col"><span class="hidden">"Revoke"</span></th>
                        </tr></thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
            })
        }}
        </div>
    }
}

/// The only place where a token is ever shown.
fn shown_once(made: AnsweredToken) -> impl IntoView {
    let token = made.token.expose_secret().to_owned();
    view! {
        <section class="card secret" id="secret">
            <h2>{made.name}</h2>
            <p class="secret-line"><span class="code">{token.clone()}</span><Copy text=token what="token"/></p>
            <p class="notice warning">
                <strong>"This is the only time that the token is shown."</strong>
                " Copy it now to where it is used. If it is lost, revoke it and make another one."
            </p>
        </section>
    }
}

fn form(action: String, refused: Option<RefusedToken>) -> impl IntoView {
    let RefusedToken { name, scope, days, fault } = refused.unwrap_or_else(|| RefusedToken {
        name: String::new(),
        scope: String::new(),
        days: LIVES[0].0.to_owned(),
        fault: String::new(),
    });
    let fault = Some(fault).filter(|fault| !fault.is_empty());
    let writes = scope.parse() == Ok(TokenScope::Write);
    let lives = LIVES.map(|(life, label)| view! { <option value=life selected=life == days>{label}</option> });
    view! {
        <form class="card stack" method="post" action=action novalidate=true>
            <h2>"Make a token"</h2>
            <Field name="name" label="What it is for" value=name fault=fault required=true maxlength=Some(100)/>
            <fieldset>
                <legend>"It may"</legend>
                <label class="radio"><input type="radio" name="scope" value="read" checked=!writes/>"Read"</label>
                <label class="radio"><input type="radio" name="scope" value="write" checked=writes/>"Read, and change things"</label>
            </fieldset>
            <div class="entry">
                <label for="field-days">"Good for"</label>
                <select id="field-days" name="days">{lives.collect_view()}</select>
            </div>
            <p><button type="submit" class="primary">"Make the token"</button></p>
        </form>
    }
}

fn row(token: &ApiToken, revoke: String, now: OffsetDateTime) -> AnyView {
    let used = match token.last_used_at {
        Some(then) => view! { <Ago then/> }.into_any(),
        None => view! { <span class="pending">"Never"</span> }.into_any(),
    };
    let until = match token.expires_at {
        Some(_) if token.has_expired(now) => view! { <Badge tone=Tone::Bad text="Expired"/> }.into_any(),
        Some(expires) => absolute(expires).into_any(),
        None => "No end".into_any(),
    };
    let allows = match token.scope {
        TokenScope::Read => "Reading",
        TokenScope::Write => "Reading and changing",
    };
    let by = token.created_by_email.clone().map(|email| format!(" by {email}"));
    let created = token.created_at;
    view! {
        <tr>
            <th scope="row">{token.name.clone()}<small class="below code">{format!("…{}", token.ending)}</small></th>
            <td data-label="Allows">{allows}</td>
            <td data-label="Made"><span><Ago then=created/>{by}</span></td>
            <td data-label="Last used">{used}</td>
            <td data-label="Good until">{until}</td>
            <td>
                <Confirm label="Revoke" action=revoke button="Revoke the token">
                    <p>"Whatever shows it is refused at once. This cannot be undone."</p>
                </Confirm>
            </td>
        </tr>
    }
    .into_any()
}
