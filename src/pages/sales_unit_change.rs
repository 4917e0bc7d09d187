//! Changing a sales unit's name, logo and status, where upstream offers that.

use leptos::either::Either;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::frame::{ActingFrame, Place};
use super::not_found::{Failed, NotFoundPage};
use super::prefill_fields::LOGO_FILE;
use super::{acting, loaded, parameter, query, refused};
use crate::components::form::{Confirm, Disabled, FaultSummary, Field, Input};
use crate::components::{Copy, Icon};
use crate::domain::failure::Failure;
use crate::domain::identifiers::Msn;
use crate::domain::organisation::Role;
use crate::domain::partner::Proposal;
use crate::domain::sales_unit::{LONGEST_CHANGED_NAME, SalesUnit};
use crate::paths;
use crate::server::acting::Acting;

/// The fields of the form.
pub const NAME: &str = "name";

/// Where the merchant can change what partners cannot.
const BUSINESS_PORTAL: &str = "https://portal.vippsmobilepay.com/";

/// A change that was refused: here, or by upstream.
#[derive(Clone, Debug)]
pub struct RefusedChange {
    pub name: String,
    /// Browsers forget which file was chosen.
    pub had_logo: bool,
    /// Field and reason; upstream names fields in its own way, or none.
    pub faults: Vec<(String, String)>,
}

#[component]
pub fn SalesUnitChangePage() -> impl IntoView {
    let acting = acting().filter(Acting::is_partner);
    let Some(acting) = acting else { return Either::Left(NotFoundPage()) };
    let msn = use_params_map().read_untracked().get("msn").and_then(|msn| Msn::parse(&msn));
    let did = parameter(&query(), "did");
    let refused = refused::<RefusedChange>();
    Either::Right(loaded(async move {
        let found = match &msn {
            Some(msn) => acting.sales_unit(msn).await.map(|found| found.unit),
            None => Err(Failure::NotFound),
        };
        let title =
            found.as_ref().map_or_else(|_| "Not found".to_owned(), |unit| format!("Change {}", unit.shown_name()));
        view! {
            <ActingFrame acting=acting.clone() place=Place::SalesUnits title>
                {match found {
                    Ok(unit) => Either::Left(page(&acting, &unit, refused, did.as_deref())),
                    Err(failure) => Either::Right(view! { <Failed failure/> }),
                }}
            </ActingFrame>
        }
    }))
}

fn page(acting: &Acting, unit: &SalesUnit, refused: Option<RefusedChange>, did: Option<&str>) -> impl IntoView + use<> {
    let organisation = &acting.organisation().id;
    let (name, msn) = (unit.shown_name(), unit.msn.to_string());
    let back = paths::sales_unit(organisation, &unit.msn);
    let outcome = outcome(acting, unit, did);
    let cards = match obstacle(acting) {
        Some(reason) => obstructed(reason).into_any(),
        None => view! { {form(acting, unit, refused)}{status(acting, unit)} }.into_any(),
    };
    view! {
        <nav aria-label="Breadcrumb" class="breadcrumb"><a href=back data-back=""><Icon name="previous"/>{name.clone()}</a></nav>
        <header class="page-head">
            <h1>{format!("Change {name}")}</h1>
            <p class="numbers lead">"MSN "{msn.clone()}<Copy text=msn what="MSN"/></p>
        </header>
        {outcome}
        <div class="cards">{cards}</div>
    }
}

/// What came of what was just done. The words in the address are ours; others say nothing.
fn outcome(acting: &Acting, unit: &SalesUnit, did: Option<&str>) -> impl IntoView + use<> {
    let text = match did? {
        "changed-unseen" => {
            "Vipps MobilePay has taken the change, but could not be asked for the unit again. Refresh looks.".to_owned()
        }
        "unknown" => {
            "Vipps MobilePay gave no clear answer: the unit may have been changed, or not. Refresh looks.".to_owned()
        }
        "not-reached" => {
            "Vipps MobilePay could not be reached. Nothing has been changed; try again in a moment.".to_owned()
        }
        "not-offered" => "Nothing has been changed.".to_owned(),
        word => Failure::from_word(word)?.to_string(),
    };
    let refresh = matches!(did, Some("changed-unseen" | "unknown")).then(|| {
        let path = paths::sales_unit_refresh(&acting.organisation().id, &unit.msn);
        view! { <form action=path method="post"><button type="submit"><Icon name="refresh"/>"Refresh"</button></form> }
    });
    Some(view! { <div class="notice bad" role="alert"><p>{text}</p>{refresh}</div> })
}

/// Why nothing can be changed here.
fn obstacle(acting: &Acting) -> Option<&'static str> {
    if acting.may(Role::Operator).is_err() {
        return Some("Your role is to look: operators and admins of this organisation change sales units.");
    }
    match acting.offers(Proposal::ChangeSalesUnit) {
        Some(true) => None,
        Some(false) => Some(
            "Vipps MobilePay does not offer changing sales units to partners yet; the merchant can do it on portal.vippsmobilepay.com.",
        ),
        None => Some("Whether Vipps MobilePay offers changing sales units to partners has not been found out yet."),
    }
}

fn obstructed(reason: &'static str) -> impl IntoView {
    view! {
        <section class="card">
            <h2>"Name, logo and status"</h2>
            <Disabled label="Change" reason/>
            <p><a href=BUSINESS_PORTAL rel="noreferrer">"The merchant’s portal"</a></p>
        </section>
    }
}

fn form(acting: &Acting, unit: &SalesUnit, refused: Option<RefusedChange>) -> impl IntoView + use<> {
    let RefusedChange { name, had_logo, faults } = refused.unwrap_or_else(|| RefusedChange {
        name: unit.name.clone().unwrap_or_default(),
        had_logo: false,
        faults: Vec::new(),
    });
    let (mut of_name, mut of_logo, mut others) = (None, None, Vec::new());
    for (field, text) in faults {
        match field.to_lowercase().as_str() {
            "name" => of_name = Some(text),
            LOGO_FILE | "salesunitlogo" => of_logo = Some(text),
            _ => others.push((NAME.to_owned(), text)),
        }
    }
    let again =
        (had_logo && of_logo.is_none()).then(|| "Choose the picture once more: browsers forget files.".to_owned());
    let others = (!others.is_empty())
        .then(|| view! { <FaultSummary faults=others title="Vipps MobilePay has refused the change. It said:"/> });
    let path = paths::sales_unit_change(&acting.organisation().id, &unit.msn);
    view! {
        {others}
        <form class="card settings" method="post" action=path enctype="multipart/form-data">
            <h2>"Name and logo"</h2>
            <Field name=NAME label="Name" value=name fault=of_name required=true maxlength=Some(LONGEST_CHANGED_NAME)
                hint="What customers see. At most 50 letters, digits, spaces and the signs ( ) - _ + . / ; no & and no quotation marks."/>
            <Field name=LOGO_FILE label="Logo" input=Input::File("image/png") fault=of_logo.or(again)
                hint="A PNG, best square, 100 to 1000 pixels wide and high, at most 1 MB. Empty: it stays as it is. Vipps MobilePay does not show the logo to partners, so it cannot be seen here."/>
            <button type="submit" class="primary">"Save"</button>
        </form>
    }
}

fn status(acting: &Acting, unit: &SalesUnit) -> impl IntoView + use<> {
    let path = paths::sales_unit_status(&acting.organisation().id, &unit.msn);
    if unit.gone_at.is_some() {
        return view! {
            <section class="card">
                <h2>"Status"</h2>
                <p class="hint">"Vipps MobilePay does not show this unit: it has been deactivated, or is no longer connected."</p>
                <Confirm label="Activate" action=path button="Activate this unit">
                    <input type="hidden" name="active" value="true"/>
                    <p>"If it was deactivated, customers can pay there again at once."</p>
                </Confirm>
            </section>
        }
        .into_any();
    }
    view! {
        <section class="card">
            <h2>"Status"</h2>
            <Confirm label="Deactivate" action=path button="Deactivate this unit">
                <input type="hidden" name="active" value="false"/>
                <p>"Nobody can pay there any more, and Vipps MobilePay no longer shows the unit to partners. It can be activated again from this page."</p>
            </Confirm>
        </section>
    }
    .into_any()
}
