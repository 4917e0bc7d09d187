//! Choosing whom to act as.

use std::sync::Arc;

use leptos::either::Either;
use leptos::prelude::*;

use super::frame::PlainFrame;
use super::not_found::{Failed, NotFoundPage};
use super::{loaded, parameter, query, signed_in};
use crate::components::{Badge, Empty, Marked, Tone, grouped};
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
            Ok((email, found, count)) => Either::Left(page(email, &typed, found, count)),
            Err(failure) => Either::Right(view! {
                <PlainFrame title="Businesses" email=None><Failed failure/></PlainFrame>
            }),
        }
    }))
}

async fn load(person: &SignedIn, typed: &str) -> Result<(Option<String>, Vec<Organisation>, usize), Failure> {
    let (found, count) = person.organisations(typed).await?;
    Ok((person.email().await?, found, count))
}

fn page(email: Option<String>, typed: &str, found: Vec<Organisation>, count: usize) -> impl IntoView + use<> {
    let results = results(typed, found, count);
    let typed = typed.to_owned();
    view! {
        <PlainFrame title="Businesses" email>
            <div class="narrow">
                <h1>"Choose a business"</h1>
                <p class="lead">"The partners and merchants that you may act as."</p>
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
    let searched = !needles.is_empty();
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
        {match (count, searched) {
            (0, true) => view! {
                <Empty title="No match"><p>"No business that you may act as has all of this in its name or number."</p>
                <p><a class="button" href=paths::BUSINESSES>"Show all"</a></p></Empty>
            }.into_any(),
            (0, false) => view! {
                <Empty title="No access yet">
                    <p>"You are not a member of any business. Send your user ID to an administrator; it stands on "
                    <a href=paths::PROFILE>"your profile"</a>"."</p>
                </Empty>
            }.into_any(),
            _ => view! { <ul class="choices">{rows}</ul> }.into_any(),
        }}
    }
}
