//! Where subscriptions fail: charges that failed for good, by reason, with what to do about each.

use leptos::either::Either;
use leptos::prelude::*;
use time::OffsetDateTime;

use super::agreements::TITLE;
use super::details::breadcrumb;
use super::frame::{ActingFrame, Place};
use super::freshness::FreshnessLine;
use super::not_found::{Failed, NotFoundPage};
use super::{acting, loaded, query};
use crate::components::grouped;
use crate::domain::agreement::AgreementAction;
use crate::domain::charge::FailedCharge;
use crate::domain::failed_charges::{FailedQuery, Since};
use crate::domain::organisation::{OrgId, Role};
use crate::paths;
use crate::server::acting::Acting;
use crate::server::acting::agreements::{FAILED_PAGE, FailedCharges};

pub const HEADING: &str = "Where subscriptions fail";

#[component]
pub fn FailedChargesPage() -> impl IntoView {
    let Some(acting) = acting() else { return Either::Left(NotFoundPage()) };
    if !acting.has_agreements() {
        return Either::Left(NotFoundPage());
    }
    let asked = FailedQuery::from_query(&query());
    Either::Right(loaded(async move {
        let since = asked.since.day(OffsetDateTime::now_utc().date());
        let failed = match &asked.reason {
            Some(reason) => {
                let found = acting.failed_charges_for(since, reason.known().as_ref(), asked.after.as_ref()).await;
                found.map(|found| found.into_iter().collect())
            }
            None => acting.failed_charges(since).await,
        };
        let back = paths::agreements(&acting.organisation().id);
        view! {
            <ActingFrame acting=acting.clone() place=Place::FailedCharges title=HEADING>
                {breadcrumb(back, TITLE)}
                {match failed {
                    Ok(failed) => Either::Left(page(&acting, &asked, failed)),
                    Err(failure) => Either::Right(view! { <Failed failure/> }),
                }}
            </ActingFrame>
        }
    }))
}

fn page(acting: &Acting, asked: &FailedQuery, failed: Vec<FailedCharges>) -> impl IntoView + use<> {
    let organisation = &acting.organisation().id;
    let here = paths::with_query(&paths::failed_charges(organisation), &asked.to_query());
    let times = Since::ALL.map(|since| {
        let path = paths::with_query(&paths::failed_charges(organisation), &asked.within(since).to_query());
        let current = (since == asked.since).then_some("true");
        view! { <a class="chip" href=path aria-current=current>{since.label()}</a> }
    });
    let charges: usize = failed.iter().map(|failed| failed.group.count).sum();
    let lead = match (charges, &asked.reason) {
        (0, _) => None,
        (1, _) => Some("1 charge has failed for good.".to_owned()),
        (_, Some(_)) => Some(format!("{} charges have failed for good for this reason.", grouped(charges))),
        (_, None) => Some(format!("{} charges have failed for good, for {}.", grouped(charges), reasons(failed.len()))),
    };
    let nothing = failed.is_empty().then(|| {
        view! { <div class="empty"><h2>"Nothing has failed"</h2><p>{format!("No charge has failed for good {}.", asked.since.phrase())}</p></div> }
    });
    let all = asked.reason.is_some().then(|| {
        let path = paths::with_query(&paths::failed_charges(organisation), &asked.within(asked.since).to_query());
        view! { <p><a href=path>"All reasons"</a></p> }
    });
    let groups = failed.iter().map(|failed| group(acting, asked, failed)).collect_view();
    view! {
        <header class="page-head">
            <h1>{HEADING}</h1>
            {lead.map(|lead| view! { <p class="lead">{lead}</p> })}
            <FreshnessLine freshness=acting.freshness_of_agreements() refresh=paths::agreements_refresh(organisation) back=here/>
        </header>
        <nav aria-label="Time" class="times">{times.collect_view()}</nav>
        {all}
        {nothing}
        {groups}
    }
}

fn reasons(count: usize) -> String {
    if count == 1 { "1 reason".to_owned() } else { format!("{count} reasons") }
}

fn group(acting: &Acting, asked: &FailedQuery, failed: &FailedCharges) -> AnyView {
    let organisation = &acting.organisation().id;
    let FailedCharges { group, charges } = failed;
    let (meaning, what_to_do) = match &group.reason {
        Some(reason) => (reason.meaning(), reason.what_to_do()),
        None => (
            "Vipps MobilePay has not told why.",
            "Ask the customer to look at the payment in the app: it says what is wrong. Then make a new charge.",
        ),
    };
    let sums: Vec<String> = group.sums.iter().map(ToString::to_string).collect();
    let counted =
        format!("{}, of {}: {}", charges_of(group.count), agreements_of(group.agreements), sums.join(" and "));
    let word = group.reason.as_ref().map(|reason| reason.upstream().to_owned());
    let rows = charges.iter().map(|charge| row(acting, charge)).collect_view();
    let more = match (&asked.reason, charges.last()) {
        (None, _) if group.count > charges.len() => {
            let query = asked.of_reason(group.reason.as_ref()).to_query();
            let path = paths::with_query(&paths::failed_charges(organisation), &query);
            Some(view! { <p><a href=path>{format!("All {}", grouped(group.count))}</a></p> }.into_any())
        }
        (Some(_), Some(last)) if charges.len() == FAILED_PAGE => {
            let path = paths::with_query(&paths::failed_charges(organisation), &asked.after(last).to_query());
            Some(view! { <p><a href=path rel="next">"Older ones"</a></p> }.into_any())
        }
        _ => None,
    };
    let id = format!("reason-{}", word.clone().unwrap_or_else(|| "unknown".to_owned()));
    view! {
        <section class="card failures">
            <h2 id=id>{meaning}{word.map(|word| view! { " "<span class="code">{word}</span> })}</h2>
            <p class="numbers">{counted}</p>
            <p><strong>"What to do: "</strong>{what_to_do}</p>
            <table class="ledger">
                <caption class="hidden">{format!("Failed charges: {meaning}")}</caption>
                <thead><tr>
                    <th scope="col">"Charge"</th>
                    <th scope="col">"Failed"</th>
                    <th scope="col" class="amount">"Amount"</th>
                    <th scope="col">"What to do"</th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table>
            {more}
        </section>
    }
    .into_any()
}

fn charges_of(count: usize) -> String {
    if count == 1 { "1 charge".to_owned() } else { format!("{} charges", grouped(count)) }
}

fn agreements_of(count: usize) -> String {
    if count == 1 { "1 agreement".to_owned() } else { format!("{} agreements", grouped(count)) }
}

fn row(acting: &Acting, failed: &FailedCharge) -> AnyView {
    let organisation = &acting.organisation().id;
    let charge = paths::charge(organisation, &failed.agreement_id, &failed.id);
    let agreement = paths::agreement(organisation, &failed.agreement_id);
    let name = if failed.description.is_empty() { failed.id.clone() } else { failed.description.clone() };
    let product =
        if failed.product_name.is_empty() { failed.agreement_id.clone() } else { failed.product_name.clone() };
    view! {
        <tr>
            <th scope="row"><a href=charge>{name.clone()}</a><small class="scheme"><a href=agreement>{product}</a></small></th>
            <td data-label="Failed" class="numbers">{failed.failed_on.to_string()}</td>
            <td data-label="Amount" class="numbers amount">{failed.amount.to_string()}</td>
            <td data-label="What to do">{deed(acting, organisation, failed, &name)}</td>
        </tr>
    }
    .into_any()
}

/// What can be done about it right here, or why not.
fn deed(acting: &Acting, organisation: &OrgId, failed: &FailedCharge, name: &str) -> AnyView {
    if let Err(failure) = acting.may(Role::Operator) {
        return view! { <span class="hint">{failure.to_string()}</span> }.into_any();
    }
    match failed.agreement_may(AgreementAction::CreateCharge) {
        Ok(()) => {
            let anew = paths::new_charge_like(organisation, &failed.agreement_id, &failed.id);
            view! { <a href=anew>"New charge"<span class="hidden">{format!(" for {name}")}</span></a> }.into_any()
        }
        Err(reason) => view! { <span class="hint">{reason}</span> }.into_any(),
    }
}
