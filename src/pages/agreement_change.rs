//! What came of a change that has no agreement to be shown on: an offer that was refused, or got no answer.

use leptos::either::Either;
use leptos::prelude::*;
use uuid::Uuid;

use super::agreement::happenings::notice;
use super::agreements::TITLE;
use super::details::breadcrumb;
use super::frame::{ActingFrame, Place};
use super::not_found::{Failed, NotFoundPage};
use super::{acting, loaded, segment};
use crate::domain::agreement::change::ChangeOutcome;
use crate::domain::failure::Failure;
use crate::domain::freshness::absolute;
use crate::paths;

#[component]
pub fn AgreementChangePage() -> impl IntoView {
    let Some(acting) = acting() else { return Either::Left(NotFoundPage()) };
    if !acting.has_agreements() {
        return Either::Left(NotFoundPage());
    }
    let key = segment(3).and_then(|key| key.parse::<Uuid>().ok());
    Either::Right(loaded(async move {
        let organisation = acting.organisation().id.clone();
        let found = match key {
            Some(key) => acting.agreement_change(key).await,
            None => Err(Failure::NotFound),
        };
        let version = acting.recurring_version().await.ok().flatten();
        let shown = match found {
            Ok(change) => {
                let look = (change.outcome == ChangeOutcome::Unknown).then(|| {
                    let list = paths::agreements(&organisation);
                    view! { <p>"If it has arrived, it stands "<a href=list>"in the list"</a>" once that has been fetched again. Look there before it is offered anew."</p> }
                });
                let agreement = change.agreement_id.clone().map(|id| {
                    let path = paths::agreement(&organisation, &id);
                    view! { <p class="actions"><a class="button" href=path>"The agreement"</a></p> }
                });
                let anew = paths::new_agreement(&organisation);
                Either::Left(view! {
                    <header class="page-head">
                        <h1>"Offer to a customer"</h1>
                        <p class="lead">{format!("By {}, {}", change.by_email, absolute(change.begun_at))}</p>
                    </header>
                    {notice(&organisation, &change, version)}
                    {look}
                    {agreement}
                    <p class="actions"><a class="button" href=anew>"Offer another one"</a></p>
                })
            }
            Err(failure) => Either::Right(view! { <Failed failure/> }),
        };
        let back = paths::agreements(&organisation);
        view! {
            <ActingFrame acting=acting.clone() place=Place::Agreements title="Offer to a customer">
                {breadcrumb(back, TITLE)}
                {shown}
            </ActingFrame>
        }
    }))
}
