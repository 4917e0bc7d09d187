//! One recurring agreement: its terms and how it stands, its charges, and what can be done. The phone number is masked
//! until it is asked for.

mod charges;
mod deeds;
pub mod happenings;

use leptos::either::Either;
use leptos::prelude::*;
use time::OffsetDateTime;

pub use self::charges::{charge_badge, name as charge_name};
use self::happenings::{changes_notice, timeline};
use super::agreements::{TITLE, state_badge};
use super::details::{breadcrumb, date_fact, fact, gone_badge, refresh_form, refresh_outcome};
use super::frame::{ActingFrame, Place};
use super::list::opened_from;
use super::not_found::{Failed, NotFoundPage};
use super::{acting, loaded, parameter, query, segment};
use crate::components::qr_code::QrCodeOf;
use crate::components::{Ago, Copy};
use crate::domain::agreement::{Agreement, AgreementState, KnownAgreement};
use crate::domain::agreement_filter::AgreementFacets;
use crate::domain::freshness::absolute;
use crate::domain::phone_number::PhoneNumber;
use crate::domain::standing::{State, Told};
use crate::paths;
use crate::server::acting::Acting;
use crate::server::acting::agreements::AgreementView;

/// In the address of a page that shows the phone number whole.
const SHOWN: &str = "whole";

/// What the address of the page says beside which agreement it is.
struct Asked {
    /// The query of the list that the page was opened from.
    list: String,
    shows_phone: bool,
    /// What came of pressing Refresh.
    refresh: Option<String>,
    /// The key of the change that was just made.
    change: Option<String>,
}

#[component]
pub fn AgreementPage() -> impl IntoView {
    let Some(acting) = acting() else { return Either::Left(NotFoundPage()) };
    if !acting.has_agreements() {
        return Either::Left(NotFoundPage());
    }
    let id = segment(3).unwrap_or_default();
    let query = query();
    let asked = Asked {
        list: opened_from::<AgreementFacets>(&query),
        shows_phone: parameter(&query, "phone").as_deref() == Some(SHOWN),
        refresh: parameter(&query, "refresh"),
        change: parameter(&query, "change"),
    };
    Either::Right(loaded(async move {
        let found = acting.agreement(&id).await;
        let title = found.as_ref().map_or_else(|_| "Not found".to_owned(), |found| title(&found.known.agreement));
        let back = paths::with_query(&paths::agreements(&acting.organisation().id), &asked.list);
        view! {
            <ActingFrame acting=acting.clone() place=Place::Agreements title>
                {breadcrumb(back, TITLE)}
                {match found {
                    Ok(found) => Either::Left(details(&acting, &found, &asked)),
                    Err(failure) => Either::Right(view! { <Failed failure/> }),
                }}
            </ActingFrame>
        }
    }))
}

/// The product, or the id where it has no name.
pub fn title(agreement: &Agreement) -> String {
    if agreement.product_name.is_empty() { agreement.id.clone() } else { agreement.product_name.clone() }
}

fn details(acting: &Acting, view: &AgreementView, asked: &Asked) -> impl IntoView + use<> {
    let organisation = &acting.organisation().id;
    let known = &view.known;
    let agreement = &known.agreement;
    let meaning = agreement.state.known().map(AgreementState::meaning);
    let age = view! { "Fetched "<Ago then=known.seen_at/> }.into_any();
    let refresh = paths::agreement_deed(organisation, &agreement.id, "refresh");
    view! {
        <header class="page-head">
            <h1>{title(agreement)}</h1>
            <p class="lead">{state_badge(&agreement.state, agreement.stopped_by)}{gone_badge(known.gone_at)}{meaning.map(|meaning| format!(" · {meaning}"))}</p>
            {refresh_form(age, refresh, &asked.list)}
        </header>
        {refresh_outcome(acting.freshness_of_agreements(), asked.refresh.as_deref())}
        {changes_notice(organisation, &view.changes, asked.change.as_deref(), view.version)}
        {contradiction(known)}
        <div class="columns">
            <div>
                {link_card(agreement)}
                {charges::card(acting, view)}
                {timeline(agreement, &view.changes, OffsetDateTime::now_utc())}
            </div>
            <div>
                <section class="card"><h2>"Terms"</h2><dl class="facts">{terms(agreement)}</dl></section>
                {facts(acting, known, asked)}
                {deeds::deeds(acting, view)}
            </div>
        </div>
    }
}

fn facts(acting: &Acting, known: &KnownAgreement, asked: &Asked) -> impl IntoView + use<> {
    let organisation = &acting.organisation().id;
    let agreement = &known.agreement;
    let here = paths::from_list(paths::agreement(organisation, &agreement.id), &asked.list);
    let phone = agreement.phone_number.as_ref().map(|number| phone_fact(number, &here, asked.shows_phone));
    view! {
        <section class="card">
            <h2>"Agreement"</h2>
            <dl class="facts">
                {fact("Agreement id", view! { <span class="numbers">{agreement.id.clone()}</span><Copy text=agreement.id.clone() what="agreement id"/> }.into_any())}
                {agreement.external_id.clone().map(|id| fact("Your own id", id.into_any()))}
                {phone}
                {agreement.msn.as_ref().map(|msn| fact("Sales unit", view! { <a href=paths::sales_unit(organisation, msn)>{msn.to_string()}</a> }.into_any()))}
                {date_fact("Offered", agreement.created)}
                {date_fact("Started", agreement.start)}
                {date_fact("Stopped", agreement.stop)}
                {fact("First seen", absolute(known.first_seen_at).into_any())}
            </dl>
        </section>
    }
}

fn terms(agreement: &Agreement) -> impl IntoView + use<> {
    let interval = agreement.interval.map_or_else(|| "at any time".to_owned(), |interval| interval.to_string());
    let subscription = agreement.merchant_url.clone().map(|url| {
        let shown = url.clone();
        fact("Where the customer manages it", view! { <a href=url rel="noreferrer">{shown}</a> }.into_any())
    });
    view! {
        {fact("Product", agreement.product_name.clone().into_any())}
        {agreement.product_description.clone().map(|text| fact("Description", text.into_any()))}
        {fact("Price", agreement.pricing.to_string().into_any())}
        {fact("Charged", interval.into_any())}
        {agreement.campaign.as_ref().map(|campaign| fact("In the beginning", campaign.to_string().into_any()))}
        {subscription}
    }
}

/// Where the customer approves it, as long as that is possible.
fn link_card(agreement: &Agreement) -> Option<AnyView> {
    let url = agreement.confirmation_url.clone()?;
    (agreement.state == Told::Known(AgreementState::Pending)).then(|| {
        view! {
            <section class="card" id="link">
                <h2>"For the customer"</h2>
                <div class="link-and-code">
                    <div>
                        <p class="link"><a href=url.clone() rel="noreferrer">{url.clone()}</a><Copy text=url.clone() what="link"/></p>
                        <p>"The customer opens the link, or scans the code with a phone, and approves in the app. That is possible for 10 minutes."</p>
                    </div>
                    <QrCodeOf text=url what="the customer's link"/>
                </div>
            </section>
        }
        .into_any()
    })
}

/// Masked, with a link that shows it; shown, with one that hides it.
fn phone_fact(number: &PhoneNumber, here: &str, shown: bool) -> AnyView {
    let asking = format!("{here}{}phone={SHOWN}", if here.contains('?') { '&' } else { '?' });
    let value = if shown {
        view! {
            <span class="numbers">{format!("+{}", number.full())}</span>
            <Copy text=number.full().to_owned() what="phone number"/>
            " "<a href=here.to_owned()>"Hide"</a>
        }
        .into_any()
    } else {
        view! { <span class="numbers">{number.masked()}</span>" "<a href=asking>"Show"</a> }.into_any()
    };
    fact("Phone number", value)
}

/// Upstream says what its own documents do not allow: both are shown.
fn contradiction(known: &KnownAgreement) -> Option<AnyView> {
    let Told::Other(word) = &known.agreement.state else { return None };
    Some(contradicted(word, known.held))
}

/// A state of upstream's that is not known, or cannot come after the one that is held.
pub fn contradicted<S: State>(word: &str, held: Option<S>) -> AnyView {
    let text = match held {
        Some(held) => format!(
            "Vipps MobilePay calls the state {word}, which cannot come after {}. It was {} before; look again later, or ask Vipps MobilePay.",
            held.upstream(),
            held.label().to_lowercase()
        ),
        None => format!("Vipps MobilePay calls the state {word}, which this portal does not know."),
    };
    view! { <p class="notice warning">{text}</p> }.into_any()
}
