//! Where a drafted agreement leads the customer: the app's question, to say yes or no to. Afterwards the page shows
//! what becomes of the charges, and lets days pass.

use std::fmt::Write;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use time::Duration;

use super::page::{escaped, notice, page};
use crate::domain::money::{Currency, Money};
use crate::server::sandbox::Sandbox;
use crate::server::sandbox::recurring::agreements::{Agreement, By, Pricing, State as AgreementState};

pub fn routes() -> Router<Arc<Sandbox>> {
    Router::new()
        .route("/register/agreements/{msn}/{id}", get(open))
        .route("/register/agreements/{msn}/{id}/accept", post(accept))
        .route("/register/agreements/{msn}/{id}/reject", post(reject))
        .route("/register/agreements/{msn}/{id}/stop", post(stop))
        .route("/register/agreements/{msn}/{id}/day", post(day))
}

type Place = Path<(u32, String)>;

async fn open(State(sandbox): State<Arc<Sandbox>>, Path((msn, id)): Place) -> Response {
    let Some(agreement) = sandbox.agreement(msn, &id) else { return unknown() };
    let shop = {
        let world = sandbox.world();
        world.any_unit(msn).map(|unit| unit.name.to_string()).unwrap_or_default()
    };
    let place = place(msn, &id);
    match agreement.state {
        AgreementState::Pending => page(StatusCode::OK, "Approve the agreement", &question(&agreement, &shop, &place)),
        AgreementState::Active => page(StatusCode::OK, "Agreement", &standing(&agreement, &shop, &place)),
        AgreementState::Stopped(_) => ended(&agreement, "The agreement has been stopped."),
        AgreementState::Expired => ended(&agreement, "The agreement was not approved in time, or not paid."),
    }
}

async fn accept(State(sandbox): State<Arc<Sandbox>>, Path((msn, id)): Place, body: Bytes) -> Response {
    let maximum = form_urlencoded::parse(&body).find(|(name, _)| name == "maximum");
    let maximum = maximum.and_then(|(_, text)| Money::minor_of(&text).ok());
    changed(msn, &id, sandbox.change_agreement(msn, &id, |agreement, now| agreement.accept(maximum, now)))
}

async fn reject(State(sandbox): State<Arc<Sandbox>>, Path((msn, id)): Place) -> Response {
    changed(msn, &id, sandbox.change_agreement(msn, &id, Agreement::reject))
}

async fn stop(State(sandbox): State<Arc<Sandbox>>, Path((msn, id)): Place) -> Response {
    changed(msn, &id, sandbox.change_agreement(msn, &id, |agreement, now| agreement.stop(By::User, now)))
}

/// For all agreements: there is one clock.
async fn day(State(sandbox): State<Arc<Sandbox>>, Path((msn, id)): Place) -> Response {
    sandbox.recurring.let_pass(Duration::days(1));
    Redirect::to(&place(msn, &id)).into_response()
}

/// What was too late changed nothing: the page says what there is.
fn changed(msn: u32, id: &str, outcome: Option<bool>) -> Response {
    match outcome {
        Some(_) => Redirect::to(&place(msn, id)).into_response(),
        None => unknown(),
    }
}

fn unknown() -> Response {
    notice(StatusCode::NOT_FOUND, "This link is not known", "Check that it was copied whole.")
}

fn place(msn: u32, id: &str) -> String {
    // An id that exists holds letters, digits and _ only; others lead nowhere.
    format!("/register/agreements/{msn}/{id}")
}

fn question(agreement: &Agreement, shop: &str, place: &str) -> String {
    let mut html = format!(
        "<h1>You are now the customer, with the app in hand</h1><p>{} asks you for an agreement.</p>{}",
        escaped(shop),
        facts(agreement)
    );
    let _ = write!(html, "<div class=\"choices\"><form method=\"post\" action=\"{place}/accept\">");
    if let Pricing::Variable { suggested, .. } = agreement.pricing {
        let amount = money(agreement, suggested).amount().unwrap_or_default();
        let _ = write!(
            html,
            "<p class=\"field\"><label for=\"maximum\">The most that may be charged each time</label>\
             <input id=\"maximum\" name=\"maximum\" inputmode=\"decimal\" value=\"{amount}\"></p>"
        );
    }
    let _ = write!(
        html,
        "<button>Approve</button></form><form method=\"post\" action=\"{place}/reject\"><button class=\"quiet\">Reject</button></form></div>"
    );
    html
}

fn standing(agreement: &Agreement, shop: &str, place: &str) -> String {
    let mut html = format!("<h1>You have an agreement with {}</h1>{}", escaped(shop), facts(agreement));
    html.push_str(&way_back(agreement));
    if !agreement.charges.is_empty() {
        html.push_str("<h2>Payments</h2><dl>");
        for charge in agreement.charges.iter().rev().take(20) {
            let amount = money(agreement, charge.amount);
            let (due, state) = (charge.due, charge.state.word());
            let _ = write!(html, "<dt>{due}</dt><dd>{amount} – {state} – {}</dd>", escaped(&charge.description));
        }
        html.push_str("</dl>");
    }
    let _ = write!(
        html,
        "<div class=\"choices\"><form method=\"post\" action=\"{place}/day\"><button>Let a day pass</button></form>\
         <form method=\"post\" action=\"{place}/stop\"><button class=\"quiet\">Stop the agreement</button></form></div>"
    );
    html
}

fn ended(agreement: &Agreement, sentence: &str) -> Response {
    let content = format!("<h1>{sentence}</h1>{}{}", facts(agreement), way_back(agreement));
    page(StatusCode::OK, "Agreement", &content)
}

fn way_back(agreement: &Agreement) -> String {
    let url = url::Url::parse(&agreement.redirect_url).ok().filter(|url| matches!(url.scheme(), "https" | "http"));
    url.map(|url| format!("<p><a href=\"{}\">Go back to the shop</a></p>", escaped(url.as_str()))).unwrap_or_default()
}

fn facts(agreement: &Agreement) -> String {
    let told = |name: &str, value: &str| format!("<dt>{name}</dt><dd>{}</dd>", escaped(value));
    let price = match agreement.pricing {
        Pricing::Legacy { amount } => money(agreement, amount).to_string(),
        Pricing::Variable { suggested, chosen: None } => {
            format!("varies, about {} at most", money(agreement, suggested))
        }
        Pricing::Variable { chosen: Some(chosen), .. } => format!("varies, {} at most", money(agreement, chosen)),
        Pricing::Flexible => "varies".to_owned(),
    };
    let interval = agreement.interval.map_or_else(|| "at any time".to_owned(), |interval| interval.text());
    let first = agreement.charges.iter().find(|charge| charge.is_initial());
    let first = first.map(|charge| told("First payment", &money(agreement, charge.amount).to_string()));
    let parts = [
        "<dl>".to_owned(),
        told("Product", &agreement.product_name),
        told("Description", agreement.product_description.as_deref().unwrap_or_default()),
        told("Price", &price),
        told("Payments", &interval),
        first.unwrap_or_default(),
        "</dl>".to_owned(),
    ];
    parts.concat()
}

fn money(agreement: &Agreement, minor: i64) -> Money {
    Money::new(minor, Currency::from_upstream(agreement.currency))
}
