//! What a request passes on its way to a page, and the requests that are not pages.

pub mod agreements;
pub mod api_tokens;
pub mod by_link;
pub mod charges;
pub mod exports;
pub mod members;
pub mod merchants;
pub mod prefill;
pub mod price_packages;
pub mod product_orders;
pub mod registry;
pub mod sales_unit_change;
pub mod settings;
pub mod templates;
pub mod unanswered;
mod upload;
pub mod webhooks;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Instant;

use axum::extract::{ConnectInfo, FromRequestParts, Path, Request, State};
use axum::http::header::{CACHE_CONTROL, COOKIE, LOCATION, RETRY_AFTER, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Form};
use serde::Deserialize;
use tower_sessions::Session;

use super::acting::registry::InstanceAdmin;
use super::acting::{Acting, SignedIn};
use super::security::sign_in::{Attempt, Outcome, attempt};
use super::security::{hash, random_token, sessions};
use super::{Portal, rendering};
use crate::domain::failure::Failure;
use crate::domain::identifiers::Msn;
use crate::domain::organisation::{OrgId, Role};
use crate::domain::sales_unit_filter::SalesUnitQuery;
use crate::pages::login::{RefusedSignIn, SignInFault};
use crate::pages::unanswered::Why;
use crate::pages::{Answered, Refused, cookie, profile, status_of};
use crate::paths;

/// Finds out who asks and as whom, and lets nobody through who may not be there: pages are given
/// an [`Acting`] or a [`SignedIn`], and without one they have nothing to show.
pub async fn identify(State(portal): State<Portal>, session: Session, mut request: Request, next: Next) -> Response {
    let path = request.uri().path();
    // The router of the pages would take such an address for another one than it is checked as.
    if paths::is_devious(path) {
        return not_found(portal, request.headers()).await;
    }
    if path == paths::LOGIN {
        return next.run(request).await;
    }
    if path.starts_with(paths::BY_LINK) {
        return by_link::identify(portal, request, next).await;
    }
    let staff = match sessions::staff(&session).await {
        Ok(Some(staff)) => staff,
        Ok(None) => return to_login(&request),
        Err(failure) => return plain(&failure),
    };
    // A page that keeps itself up to date is no sign that anybody is there.
    let watching = request.headers().contains_key("x-portal-watch");
    if !watching {
        sessions::note_use(portal.store(), &session).await;
    }
    let person = SignedIn::new(portal.clone(), staff);
    let is_registry = paths::is_for_instance_admins(path);
    if let Some(rest) = path.strip_prefix("/as/") {
        let organisation = OrgId::parse(rest.split('/').next().unwrap_or_default());
        let acting = match organisation {
            Some(organisation) => person.act_as(&organisation, !watching).await,
            None => Ok(None),
        };
        match acting {
            Ok(Some(acting)) if !is_there(&acting, path) => return not_found(portal, request.headers()).await,
            // Whoever views as a merchant only looks, whatever is sent.
            Ok(Some(acting)) if acting.is_viewing() && !request.method().is_safe() => {
                return plain(&Failure::OnlyViewing);
            }
            Ok(Some(acting)) => {
                request.extensions_mut().insert(acting);
            }
            Ok(None) => return not_found(portal, request.headers()).await,
            Err(failure) => return plain(&failure),
        }
    }
    if is_registry {
        match person.instance_admin().await {
            Ok(Some(admin)) => {
                request.extensions_mut().insert(admin);
            }
            Ok(None) => return not_found(portal, request.headers()).await,
            Err(failure) => return plain(&failure),
        }
    }
    request.extensions_mut().insert(person);
    next.run(request).await
}

/// Whether an address means anything for whom one acts as.
fn is_there(acting: &Acting, path: &str) -> bool {
    acting.is_among(paths::audience(path)) && !(acting.is_viewing() && paths::is_for_own_people(path))
}

/// Whom the page acts as; a request that the guard let through to an organisation has one.
impl FromRequestParts<Portal> for Acting {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &Portal) -> Result<Self, StatusCode> {
        parts.extensions.get().cloned().ok_or(StatusCode::NOT_FOUND)
    }
}

/// Who decides about the registry; a request that the guard let through to it has one.
impl FromRequestParts<Portal> for InstanceAdmin {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &Portal) -> Result<Self, StatusCode> {
        parts.extensions.get().cloned().ok_or(StatusCode::NOT_FOUND)
    }
}

impl FromRequestParts<Portal> for SignedIn {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &Portal) -> Result<Self, StatusCode> {
        parts.extensions.get().cloned().ok_or(StatusCode::UNAUTHORIZED)
    }
}

/// Logs each request once, without its query: people type names into it.
pub async fn log(request: Request, next: Next) -> Response {
    let (method, path, start) =
        (request.method().clone(), paths::loggable(request.uri().path()).to_owned(), Instant::now());
    let response = next.run(request).await;
    let (status, ms) = (response.status().as_u16(), start.elapsed().as_secs_f64() * 1_000.0);
    tracing::debug!(%method, path, status, ms, "answered");
    response
}

pub async fn alive() -> &'static str {
    "alive\n"
}

/// Ready once the database answers and has every migration.
pub async fn ready(State(portal): State<Portal>) -> Response {
    match portal.store().missing_migrations().await {
        Ok(0) => "ready\n".into_response(),
        Ok(missing) => {
            (StatusCode::SERVICE_UNAVAILABLE, format!("the database lacks {missing} migrations\n")).into_response()
        }
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n").into_response(),
    }
}

/// To where one last was, else to the choice.
pub async fn home(person: SignedIn) -> Response {
    match person.last_acting().await {
        Ok(Some(organisation)) => see_other(&paths::organisation(&organisation)),
        Ok(None) => see_other(paths::BUSINESSES),
        Err(failure) => plain(&failure),
    }
}

#[derive(Deserialize)]
pub struct SignInForm {
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    next: String,
}

/// The cookie that tells a browser which has signed in before from a stranger's.
const BROWSER_COOKIE: &str = "browser";

pub async fn sign_in(
    State(portal): State<Portal>,
    session: Session,
    connection: Option<Extension<ConnectInfo<SocketAddr>>>,
    headers: HeaderMap,
    Form(form): Form<SignInForm>,
) -> Response {
    let address = client(&portal, connection.map(|Extension(connection)| connection), &headers);
    let browser = cookie(&headers, &browser_cookie(&portal));
    let SignInForm { email, password, next } = form;
    let next = paths::own(&next).unwrap_or("/").to_owned();
    let tried = attempt(portal.store(), Attempt { email: email.clone(), password, address, browser: browser.clone() });
    let fault = match tried.await {
        Ok(Outcome::SignedIn(staff)) => match sessions::start(&session, staff).await {
            Ok(()) => return signed_in(&portal, staff, &next, browser).await,
            Err(error) => {
                tracing::error!(%error, "a session could not be started");
                SignInFault::Unavailable
            }
        },
        Ok(Outcome::Refused) => SignInFault::Refused,
        Ok(Outcome::Later(until)) => SignInFault::Later(until),
        Err(error) => {
            tracing::error!(%error, "signing in failed");
            SignInFault::Unavailable
        }
    };
    // The sign-in page again, with what was typed and the fault.
    let mut request = Request::new(axum::body::Body::empty());
    *request.uri_mut() = Uri::try_from(paths::login_then(&next)).unwrap_or_default();
    request.extensions_mut().insert(RefusedSignIn { email, fault });
    rendering::page(State(portal), request).await
}

async fn signed_in(portal: &Portal, staff: uuid::Uuid, next: &str, browser: Option<String>) -> Response {
    let mut response = see_other(next);
    // A token that this person has not been given here may be known to others.
    let token = match browser {
        Some(token) if portal.store().knows_browser_of(&hash(token.as_bytes()), staff).await.unwrap_or_default() => {
            token
        }
        _ => random_token(),
    };
    let known = portal.store().add_known_browser(&hash(token.as_bytes()), staff).await;
    let secure = if portal.is_https() { "; Secure" } else { "" };
    let name = browser_cookie(portal);
    let cookie = format!("{name}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age=31536000{secure}");
    match (known, HeaderValue::from_str(&cookie)) {
        (Ok(()), Ok(cookie)) => {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
        (Err(error), _) => tracing::warn!(%error, "a browser could not be remembered"),
        (_, Err(_)) => {}
    }
    response
}

/// Where a request comes from.
pub(super) fn client(portal: &Portal, connection: Option<ConnectInfo<SocketAddr>>, headers: &HeaderMap) -> IpAddr {
    let peer = connection.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(address)| address.ip());
    if portal.trusts_proxy(peer) { forwarded_for(headers).unwrap_or(peer) } else { peer }
}

/// The client that the proxy in front of us saw: the last entry, which is the proxy's own.
fn forwarded_for(headers: &HeaderMap) -> Option<IpAddr> {
    let last = headers.get_all("x-forwarded-for").iter().next_back()?;
    last.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()
}

fn browser_cookie(portal: &Portal) -> String {
    if portal.is_https() { format!("__Host-{BROWSER_COOKIE}") } else { BROWSER_COOKIE.to_owned() }
}

pub async fn sign_out(session: Session) -> Response {
    if let Err(error) = sessions::end(&session).await {
        tracing::error!(%error, "a session could not be ended");
        return plain(&Failure::Unavailable);
    }
    let mut response = see_other(paths::LOGIN);
    response.headers_mut().insert("clear-site-data", HeaderValue::from_static("\"cache\""));
    response
}

#[derive(Deserialize)]
pub struct PreferencesForm {
    #[serde(default)]
    theme: String,
    #[serde(default)]
    keys: String,
}

pub async fn choose_preferences(_: SignedIn, Form(form): Form<PreferencesForm>) -> Response {
    let mut response = see_other(paths::PROFILE);
    let theme = profile::theme(&form.theme).unwrap_or("system");
    let keys = if form.keys == "off" { "off" } else { "on" };
    for (name, value) in [(profile::THEME_COOKIE, theme), (profile::KEYS_COOKIE, keys)] {
        let cookie = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age=31536000");
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
    }
    response
}

#[derive(Deserialize)]
pub struct RefreshListForm {
    #[serde(default)]
    back: String,
}

pub async fn refresh_sales_units(acting: Acting, Form(form): Form<RefreshListForm>) -> Response {
    let back = paths::own(&form.back).map_or_else(|| paths::sales_units(&acting.organisation().id), ToOwned::to_owned);
    match acting.call_for_sync(crate::server::sync::sales_units::NAME).await {
        Ok(()) | Err(Failure::NoKeys | Failure::SwitchedOff | Failure::InTest) => see_other(&back),
        Err(failure) => plain(&failure),
    }
}

#[derive(Deserialize)]
pub struct RefreshUnitForm {
    #[serde(default)]
    list: String,
}

/// Asks upstream for the unit, and shows what came of it.
pub async fn refresh_sales_unit(
    State(portal): State<Portal>,
    acting: Acting,
    Path((_, msn)): Path<(String, String)>,
    headers: HeaderMap,
    Form(form): Form<RefreshUnitForm>,
) -> Response {
    let Some(msn) = Msn::parse(&msn) else { return not_found(portal, &headers).await };
    let outcome = match refresh_word(acting.refresh_sales_unit(&msn).await) {
        Ok(outcome) => outcome,
        Err(Failure::NotFound) => return not_found(portal, &headers).await,
        Err(failure) => return plain(&failure),
    };
    let list = SalesUnitQuery::from_query(&form.list).to_query();
    let unit = paths::sales_unit(&acting.organisation().id, &msn);
    see_other(&paths::refreshed(&unit, &list, outcome))
}

/// What came of asking upstream for one thing, as its page reads it; failures that it cannot show
/// stay failures.
fn refresh_word(outcome: Result<(), Failure>) -> Result<&'static str, Failure> {
    match outcome {
        Ok(()) => Ok("done"),
        Err(failure) => failure.word().ok_or(failure),
    }
}

/// The one answer for what is not there and for what is not for the person who asks. It is
/// rendered without them, so that it cannot differ; only its colours are the browser's choice.
pub(super) async fn not_found(portal: Portal, headers: &HeaderMap) -> Response {
    rendering::page(State(portal), unsigned_request(headers)).await
}

/// A request of which only the choice of colours is known.
fn unsigned_request(headers: &HeaderMap) -> Request {
    let mut request = Request::new(axum::body::Body::empty());
    if let Some(theme) = profile::chosen_theme(headers)
        && let Ok(cookie) = HeaderValue::from_str(&format!("{}={theme}", profile::THEME_COOKIE))
    {
        request.headers_mut().insert(COOKIE, cookie);
    }
    request
}

/// Forms sent without JavaScript have a field for everything that was not chosen, too. Their
/// addresses are tidied up, so that they can be read and compared.
pub async fn tidy(request: Request, next: Next) -> Response {
    let uri = request.uri();
    let query = uri.query().unwrap_or_default();
    let is_chosen = |pair: &&str| pair.split_once('=').is_some_and(|(_, value)| !value.is_empty());
    let (chosen, empty): (Vec<&str>, Vec<&str>) = query.split('&').partition(is_chosen);
    let sign = if chosen.is_empty() { "" } else { "?" };
    let tidied = format!("{}{sign}{}", uri.path(), chosen.join("&"));
    match paths::own(&tidied) {
        Some(tidied) if request.method() == Method::GET && !query.is_empty() && !empty.is_empty() => see_other(tidied),
        _ => next.run(request).await,
    }
}

/// After signing in one is brought back to the very page; what was being sent is not.
fn to_login(request: &Request) -> Response {
    let asked = request.uri().path_and_query().map_or("/", |path| path.as_str());
    if request.method() == Method::GET {
        return see_other(&paths::login_then(asked));
    }
    let mut response = see_other(&paths::login_then("/"));
    if request.uri().path() != paths::LOGOUT {
        response.extensions_mut().insert(Why::SignedOut);
    }
    response
}

pub(super) fn see_other(path: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    response.headers_mut().insert(LOCATION, HeaderValue::from_str(path).unwrap_or(HeaderValue::from_static("/")));
    response
}

/// A form's page again, with what was typed and what was wrong with it: the page finds `refused`
/// among the extensions of its request, where [`crate::pages::refused`] looks for it.
pub(super) async fn again<T: Clone + Send + Sync + 'static>(portal: Portal, asked: Parts, refused: T) -> Response {
    let mut request = Request::from_parts(asked, axum::body::Body::empty());
    *request.method_mut() = Method::GET;
    request.extensions_mut().insert(Refused(refused));
    rendering::page(State(portal), request).await
}

/// A page as the answer to a form that was sent to its address, for what is shown once and can be neither
/// redirected to nor reloaded: the page finds `answer` where [`crate::pages::answered`] looks for it.
pub(super) async fn answer_with<T: Clone + Send + Sync + 'static>(portal: Portal, asked: Parts, answer: T) -> Response {
    let mut request = Request::from_parts(asked, axum::body::Body::empty());
    *request.method_mut() = Method::GET;
    request.extensions_mut().insert(Answered(answer));
    let mut response = rendering::page(State(portal), request).await;
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Lets nobody pass whose role is below `role`.
pub(super) async fn require(role: Role, request: Request, next: Next) -> Response {
    let allowed = request.extensions().get::<Acting>().map_or(Err(Failure::NotFound), |acting| acting.may(role));
    match allowed {
        Ok(()) => next.run(request).await,
        Err(failure) => plain(&failure),
    }
}

/// A failure where there is no page to show it on; [`unanswered`] makes one.
pub(super) fn plain(failure: &Failure) -> Response {
    let mut response = (status_of(failure), format!("{failure}\n")).into_response();
    if *failure == Failure::Unavailable {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("2"));
    }
    response.extensions_mut().insert(Why::Failed(failure.clone()));
    response
}
