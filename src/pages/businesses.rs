//! Choosing whom to act as.

use std::sync::Arc;

use leptos::either::{Either, EitherOf3};
use leptos::prelude::*;

use super::frame::PlainFrame;
use super::not_found::{Failed, NotFoundPage};
use super::{loaded, parameter, query, signed_in};
use crate::components::{Badge, Copy, Empty, Marked, Tone, grouped};
use crate::domain::failure::Failure;
use crate::domain::organisation::Organisation;
use crate::domain::search_text::needles;
use crate::islands::live_filter::LiveFilter;
use crate::paths;
use crate::server::acting::SignedIn;

#[component]
pub fn BusinessesPage() -> impl IntoView {
    let Some(person) = signed_in() else { return Either::Left(NotFoundPage()) };
    let typed: String = parameter(&query(), "q").unwrap_or_default().chars().take(200).collect();
    Either::Right(loaded(async move {
        match load(&person, &typed).await {
            Ok((who, found, 0)) if found.is_empty() && needles(&typed).is_empty() => {
                EitherOf3::A(no_access(who, person.staff_id().to_string()))
            }
            Ok((who, found, count)) => EitherOf3::B(page(who, &typed, found, count)),
            Err(failure) => EitherOf3::C(view! {
                <PlainFrame title="Businesses" email=None><Failed failure/></PlainFrame>
            }),
        }
    }))
}

/// Who chooses.
struct Who {
    email: Option<String>,
    is_instance_admin: bool,
}

async fn load(person: &SignedIn, typed: &str) -> Result<(Who, Vec<Organisation>, usize), Failure> {
    let (found, count) = person.organisations(typed).await?;
    let is_instance_admin = person.instance_admin().await?.is_some();
    Ok((Who { email: person.email().await?, is_instance_admin }, found, count))
}

fn page(who: Who, typed: &str, found: Vec<Organisation>, count: usize) -> impl IntoView + use<> {
    let Who { email, is_instance_admin } = who;
    let results = results(typed, found, count);
    let registry = is_instance_admin.then(|| view! { " "<a href=paths::REGISTRY>"Registry of organisations"</a> });
    let typed = typed.to_owned();
    view! {
        <PlainFrame title="Businesses" email>
            <div class="narrow">
                <h1>"Choose a business"</h1>
                <p class="lead">"The partners and merchants that you may act as."{registry}</p>
                <LiveFilter>
                    <form id="filter" class="filter" method="get" action=paths::BUSINESSES role="search" aria-label="Businesses">
                        <label class="search">
                            <span class="hidden">"Name, organisation number or ID"</span>
                            <input type="search" name="q" value=typed autocomplete="off" data-focus-key="/"
                                placeholder="Name, organisation number or ID"/>
                        </label>
                        <button type="submit">"Find"</button>
                    </form>
                </LiveFilter>
                <section id="results" aria-label="Businesses">{results}</section>
            </div>
        </PlainFrame>
    }
}

/// How somebody who may act as nobody yet gets access.
fn no_access(who: Who, user_id: String) -> impl IntoView {
    let Who { email, is_instance_admin } = who;
    let address = email.clone().unwrap_or_default();
    let registry = is_instance_admin.then(|| {
        view! {
            <p class="notice">"You decide about the registry of this portal. "<a href=paths::REGISTRY>"Add an organisation there"</a>", or make yourself an admin of one."</p>
        }
    });
    view! {
        <PlainFrame title="Get access" email>
            <div class="narrow">
                <h1>"Get access to a business"</h1>
                <p class="lead">"You have signed in, but nobody has made you a member of a business yet."</p>
                {registry}
                <ol class="card steps">
                    <li>
                        <strong>"Copy your user ID."</strong>
                        <p class="numbers">{user_id.clone()}<Copy text=user_id what="user ID"/></p>
                        <p class="hint">"It is not a secret, and stands at the bottom of "<a href=paths::PROFILE>"your profile"</a>", too."</p>
                    </li>
                    <li>
                        <strong>"Send it to an administrator of the business you work for"</strong>
                        ", together with your e-mail address "<span class="numbers">{address}</span>
                        ". They see that the two belong together before they let you in."
                    </li>
                    <li>
                        <strong>"Wait for their answer."</strong>
                        " The administrator adds you under Members and chooses what you may do there. It holds at once: "
                        <a href=paths::BUSINESSES>"look again"</a>", and the business is here."
                    </li>
                </ol>
                <p class="hint">"You do not know an administrator? Ask whoever gave you this account."</p>
            </div>
        </PlainFrame>
    }
}

fn results(typed: &str, found: Vec<Organisation>, count: usize) -> impl IntoView + use<> {
    let summary = match count {
        0 => "No business".to_owned(),
        1 => "1 business".to_owned(),
        count if count > found.len() => {
            format!("The first {} of {} businesses; type more to find others", found.len(), grouped(count))
        }
        count => format!("{} businesses", grouped(count)),
    };
    let needles: Arc<[String]> = needles(typed).into();
    let rows = found.into_iter().map(|organisation| {
        let number = organisation.business_id.clone().map(|number| {
            view! { <span class="numbers"><Marked text=number needles=Arc::clone(&needles)/></span> }
        });
        view! {
            <li>
                <a href=paths::organisation(&organisation.id) data-kind=organisation.kind.as_str() data-row="">
                    <strong><Marked text=organisation.name needles=Arc::clone(&needles)/></strong>
                    {number}
                    <Badge tone=Tone::Quiet text=organisation.kind.label()/>
                    <small>{organisation.role.label()}</small>
                </a>
            </li>
        }
    });
    let rows = rows.collect_view();
    view! {
        <p class="summary" role="status">{summary}</p>
        {if count == 0 {
            Either::Left(view! {
                <Empty title="No match"><p>"No business that you may act as has all of this in its name or number."</p>
                <p><a class="button" href=paths::BUSINESSES>"Show all"</a></p></Empty>
            })
        } else {
            Either::Right(view! { <ul class="choices">{rows}</ul> })
        }}
    }
}
