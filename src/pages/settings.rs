//! An organisation's settings; of a partner also what its upstream offers, and what upstream knows of it.

use leptos::either::Either;
use leptos::prelude::*;
use time::OffsetDateTime;

use super::frame::{ActingFrame, Place};
use super::not_found::{Failed, NotFoundPage};
use super::{acting, loaded, parameter, query, refused};
use crate::components::form::{Disabled, Field, Input};
use crate::components::{Ago, Badge, Copy, Icon, Tone, grouped};
use crate::domain::api_quality::FailingThreshold;
use crate::domain::freshness::{CopyState, failing};
use crate::domain::organisation::{Audience, Role};
use crate::domain::partner::{Partner, Proposal};
use crate::paths;
use crate::server::acting::Acting;

/// Where partners are told what the Management API has.
const UPSTREAM_GUIDE: &str = "https://developer.vippsmobilepay.com/docs/APIs/management-api/";

/// Settings that were refused, as they were typed.
#[derive(Clone, Debug)]
pub struct RefusedSettings {
    pub feedback: String,
    pub feedback_fault: Option<String>,
    pub sends_compliance_data: bool,
    pub failing_percent: String,
    pub failing_percent_fault: Option<String>,
    pub failing_calls: String,
    pub failing_calls_fault: Option<String>,
}

#[component]
pub fn SettingsPage() -> impl IntoView {
    let Some(acting) = acting() else { return Either::Left(NotFoundPage()) };
    if !acting.is_among(Audience::WithKeys) {
        return Either::Left(NotFoundPage());
    }
    let did = parameter(&query(), "did");
    let refused = refused::<RefusedSettings>();
    Either::Right(loaded(async move {
        let profile = if acting.is_partner() { acting.partner_profile().await } else { Ok(None) };
        view! {
            <ActingFrame acting=acting.clone() place=Place::Settings title="Settings">
                {match profile {
                    Ok(profile) => Either::Left(page(&acting, profile, refused, did.as_deref())),
                    Err(failure) => Either::Right(view! { <Failed failure/> }),
                }}
            </ActingFrame>
        }
    }))
}

fn page(
    acting: &Acting,
    profile: Option<(Partner, OffsetDateTime)>,
    refused: Option<RefusedSettings>,
    did: Option<&str>,
) -> impl IntoView + use<> {
    let chosen = match acting.may(Role::Admin) {
        Ok(()) => form(acting, refused).into_any(),
        Err(_) => chosen(acting).into_any(),
    };
    view! {
        <header class="page-head">
            <h1>"Settings"</h1>
            <p class="lead">{format!("Of {}, for all its members.", acting.organisation().name)}</p>
        </header>
        {(did == Some("saved")).then(|| view! { <p class="notice good" role="status">"The settings are saved."</p> })}
        <div class="cards">
            {chosen}
            {acting.is_partner().then(|| view! { {offered(acting)}{partner(acting, profile)} })}
        </div>
    }
}

fn form(acting: &Acting, refused: Option<RefusedSettings>) -> impl IntoView + use<> {
    let shown = refused.unwrap_or_else(|| {
        let address = acting.feedback_address().map(|address| address.href().to_owned());
        let failing = acting.failing_threshold();
        RefusedSettings {
            feedback: address.unwrap_or_default(),
            feedback_fault: None,
            sends_compliance_data: acting.sends_compliance_data(),
            failing_percent: failing.percent.to_string(),
            failing_percent_fault: None,
            failing_calls: failing.least_calls.to_string(),
            failing_calls_fault: None,
        }
    });
    let ticked = if shown.sends_compliance_data { "yes" } else { "" };
    let of_partners = acting.is_partner().then(|| {
        view! {
            <Field name="feedback" label="Feedback address" value=shown.feedback fault=shown.feedback_fault maxlength=Some(500)
                hint="A mail address, or a web page that begins with https://. It stands on the overview, so that people can say what they need. Empty: nothing is shown."/>
            <Field name="compliance" label="This upstream still takes complianceData" input=Input::Check value=ticked
                hint="Prefills used to tell how the merchant is regulated. Vipps MobilePay took that out of its documents in November 2025; only tick this if your prefills were agreed to have it. The form of a new order then asks for it."/>
        }
    });
    view! {
        <form class="card settings" method="post" action=paths::settings(&acting.organisation().id)>
            <h2>"Choices"</h2>
            {of_partners}
            <Field name="failing_percent" label="Warn when this share of calls fails, in %" input=Input::Digits required=true
                value=shown.failing_percent fault=shown.failing_percent_fault maxlength=Some(5)
                hint="Of the portal’s own calls to Vipps MobilePay within 24 hours. The warning stands on the overview."/>
            <Field name="failing_calls" label="But only from this number of calls" input=Input::Digits required=true
                value=shown.failing_calls fault=shown.failing_calls_fault maxlength=Some(12)
                hint="Few calls say little: one of two that fails is half of them."/>
            <button type="submit">"Save"</button>
        </form>
    }
}

/// The same, for those who do not decide.
fn chosen(acting: &Acting) -> impl IntoView + use<> {
    let feedback = match acting.feedback_address() {
        Some(address) => {
            let (href, label) = (address.href().to_owned(), address.label().to_owned());
            view! { <a href=href rel="noreferrer">{label}</a> }.into_any()
        }
        None => view! { <span class="pending">"None"</span> }.into_any(),
    };
    let (tone, text) = if acting.sends_compliance_data() { (Tone::Good, "Yes") } else { (Tone::Quiet, "No") };
    let FailingThreshold { percent, least_calls } = acting.failing_threshold();
    let warns = format!("{percent} % of at least {} calls", grouped(least_calls as usize));
    let of_partners = acting.is_partner().then(|| {
        view! {
            <div><dt>"Feedback address"</dt><dd>{feedback}</dd></div>
            <div><dt>"Takes complianceData"</dt><dd><Badge tone text/></dd></div>
        }
    });
    view! {
        <section class="card">
            <h2>"Choices"</h2>
            <dl class="facts">
                {of_partners}
                <div><dt>"Warns of failing calls from"</dt><dd>{warns}</dd></div>
            </dl>
            <p class="hint">"Admins of this organisation change the settings."</p>
        </section>
    }
}

/// What upstream has of what was once proposed.
fn offered(acting: &Acting) -> impl IntoView + use<> {
    let organisation = &acting.organisation().id;
    let rows = Proposal::ALL.map(|proposal| {
        let probe = acting.probe(proposal);
        let (tone, text) = match probe {
            Some((true, _)) => (Tone::Good, "Yes"),
            Some((false, _)) => (Tone::Bad, "No"),
            None => (Tone::Quiet, "Not asked yet"),
        };
        view! {
            <tr>
                <th scope="row">{proposal.label()}<span class="property">{call(proposal)}</span></th>
                <td><Badge tone text/></td>
                <td>{used_for(proposal)}{probe.map(|(_, checked_at)| view! { <small class="asked">"Asked "<Ago then=checked_at/></small> })}</td>
            </tr>
        }
    });
    let state = acting.probing().state;
    let (under_way, trouble) = match state {
        CopyState::Fetching { .. } | CopyState::Waiting => (true, None),
        CopyState::Failing { since, reason } => (false, Some(failing(since, &reason, false))),
        _ => (false, None),
    };
    let ask_again = match acting.may(Role::Operator) {
        Ok(()) => view! {
            <form method="post" action=paths::settings_probe(organisation) class="actions">
                <button type="submit" disabled=under_way><Icon name="refresh"/>"Ask again"</button>
                {under_way.then(|| {
                    let again = paths::settings(organisation);
                    view! { <span class="hint" role="status">"Vipps MobilePay is being asked. "<a href=again>"See what it has said"</a></span> }
                })}
            </form>
        }
        .into_any(),
        Err(failure) => view! { <Disabled label="Ask again" reason=failure.to_string()/> }.into_any(),
    };
    view! {
        <section class="card">
            <h2>"What this upstream offers"</h2>
            <p class="hint">
                "The documents of the Management API once proposed more than Vipps MobilePay has built. The portal asks once a day which of it is there, and uses what is. "
                <a href=UPSTREAM_GUIDE rel="noreferrer">"The API as it is"</a>
            </p>
            {trouble.map(|trouble| view! { <p class="notice warning">{trouble}</p> })}
            <table class="explained">
                <caption class="hidden">"What this upstream offers"</caption>
                <thead>
                    <tr><th scope="col">"Proposal"</th><th scope="col">"Offered"</th><th scope="col">"What it is used for"</th></tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
            {ask_again}
        </section>
    }
}

/// What the portal does with it.
fn used_for(proposal: Proposal) -> &'static str {
    match proposal {
        Proposal::Merchants => {
            "Names of merchants, before the details of their sales units are there. Else they are found through the units."
        }
        Proposal::WhoAmI => "Level, contact and status of the partner, below.",
        Proposal::Contracts => "Links to the contracts on the merchant’s page.",
        Proposal::ChangeSalesUnit => "Name, logo and status can be changed from the sales unit’s page.",
        Proposal::ApiQuality => {
            "Figures of the merchants’ own calls, beside the portal’s, on the page of the API quality."
        }
    }
}

fn call(proposal: Proposal) -> &'static str {
    match proposal {
        Proposal::Merchants => "GET merchants",
        Proposal::WhoAmI => "GET partners/whoami",
        Proposal::Contracts => "GET …/contracts",
        Proposal::ChangeSalesUnit => "PATCH sales-units/{msn}",
        Proposal::ApiQuality => "GET api-quality/…",
    }
}

fn partner(acting: &Acting, profile: Option<(Partner, OffsetDateTime)>) -> impl IntoView + use<> {
    let told = match profile {
        Some((partner, fetched_at)) => told(partner, fetched_at).into_any(),
        None => {
            let reason = match acting.offers(Proposal::WhoAmI) {
                Some(true) => "Vipps MobilePay has the call for this, but has told nothing with these keys.",
                Some(false) => {
                    "This upstream does not tell what it knows of the partner. Level and contact are known to your partner manager."
                }
                None => "Vipps MobilePay has not been asked yet.",
            };
            view! { <p class="pending">{reason}</p> }.into_any()
        }
    };
    view! {
        <section class="card">
            <h2>"The partner at Vipps MobilePay"</h2>
            {told}
        </section>
    }
}

fn told(partner: Partner, fetched_at: OffsetDateTime) -> impl IntoView {
    let (tone, status) = match partner.status.as_deref() {
        Some("ACTIVE") => (Tone::Good, "Active".to_owned()),
        Some("PENDING") => (Tone::Warning, "Pending".to_owned()),
        Some("DEACTIVATED") => (Tone::Bad, "Deactivated".to_owned()),
        Some(other) => (Tone::Quiet, other.to_owned()),
        None => (Tone::Quiet, "Unknown".to_owned()),
    };
    let fact = |title: &'static str, value: Option<String>| {
        value.map(|value| view! { <div><dt>{title}</dt><dd>{value}</dd></div> })
    };
    view! {
        <dl class="facts">
            {partner.id.map(|id| view! { <div><dt>"Partner ID"</dt><dd class="numbers">{id.clone()}<Copy text=id what="partner ID"/></dd></div> })}
            {fact("Name", Some(partner.name).filter(|name| !name.is_empty()))}
            {fact("Level", partner.level)}
            <div><dt>"Status"</dt><dd><Badge tone text=status/></dd></div>
            {fact("Contact", partner.contact_name)}
            {partner.contact_email.map(|email| view! {
                <div><dt>"Contact’s e-mail"</dt><dd>{email.clone()}<Copy text=email what="e-mail address"/></dd></div>
            })}
        </dl>
        <p class="hint">"Fetched "<Ago then=fetched_at/></p>
    }
}
