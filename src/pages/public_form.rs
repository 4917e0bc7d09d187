//! What merchants see behind a template's link: the short form, and how it goes on from there.
//! Nothing on these pages is of the partner but its name and the template.

use axum::http::StatusCode;
use leptos::either::{Either, EitherOf3};
use leptos::prelude::*;
use leptos_meta::{Meta, Title};
use leptos_router::hooks::use_params_map;
use uuid::Uuid;

use super::frame::document_title;
use super::new_product_order::KEY;
use super::not_found::NotFoundPage;
use super::prefill_fields::{Fields, name_of};
use super::{by_link, loaded, parameter, query, refused, set_status, shown_again, status_of};
use crate::components::form::FaultSummary;
use crate::domain::prefill::Group;
use crate::paths;
use crate::server::acting::by_link::{ByLink, LinkOrder, LinkView};

/// Something is wrong with the template that the merchant cannot mend.
#[derive(Clone, Debug)]
pub struct OutOfOrder;

#[component]
pub fn PublicFormPage() -> impl IntoView {
    let Some(by_link) = by_link() else { return Either::Left(NotFoundPage()) };
    let typed = refused::<LinkView>();
    let is_refused = typed.is_some();
    let again = parameter(&query(), "again").and_then(|key| key.parse::<Uuid>().ok());
    let broken = shown_again::<OutOfOrder>().is_some();
    Either::Right(loaded(async move {
        let view = match typed {
            Some(view) => Ok(Some(view)),
            None if broken => Ok(None),
            None => by_link.start(again).await,
        };
        view! {
            <PublicFrame by_link=by_link.clone() title="Order">
                {match view {
                    Ok(Some(view)) => EitherOf3::A(form(&by_link, &view, is_refused || again.is_some())),
                    Ok(None) => EitherOf3::B(out_of_order(&by_link)),
                    Err(failure) => {
                        set_status(status_of(&failure));
                        EitherOf3::C(view! { <p class="notice bad" role="alert">{failure.to_string()}</p> })
                    }
                }}
            </PublicFrame>
        }
    }))
}

#[component]
pub fn PublicOrderPage() -> impl IntoView {
    let Some(by_link) = by_link() else { return Either::Left(NotFoundPage()) };
    let Some(key) = use_params_map().read_untracked().get("key").and_then(|key| key.parse::<Uuid>().ok()) else {
        return Either::Left(NotFoundPage());
    };
    Either::Right(loaded(async move {
        match by_link.settled_order(key).await {
            Ok(order) => Either::Left(view! {
                <PublicFrame by_link=by_link.clone() title="Your order">
                    <div class="card next-step">{next_step(&by_link, key, order)}</div>
                </PublicFrame>
            }),
            Err(_) => Either::Right(NotFoundPage()),
        }
    }))
}

/// Without menu, account or any way into the portal.
#[component]
fn PublicFrame(by_link: ByLink, title: &'static str, children: Children) -> impl IntoView {
    let partner = by_link.partner().to_owned();
    view! {
        <Title text=document_title(title, &partner)/>
        <Meta name="robots" content="noindex"/>
        <a class="skip" href="#main">"Skip to content"</a>
        <div class="plain public">
            <header class="top-bar"><p class="brand">{partner}</p></header>
            <main id="main" tabindex="-1">{children()}</main>
        </div>
    }
}

fn form(by_link: &ByLink, view: &LinkView, is_refused: bool) -> impl IntoView + use<> {
    let template = by_link.template();
    let partner = by_link.partner();
    let welcome = template.welcome.clone();
    let asked = template.asked_of_merchant();
    let fields = Fields {
        form: &view.form,
        knowledge: &view.knowledge,
        checked: None,
        faults: &view.faults,
        fixed: None,
        locks: None,
        password_dropped: is_refused && view.password_dropped,
        organisation: None,
    };
    let groups = Group::ALL.into_iter().filter_map(|group| fields.group(group, &asked)).collect_view();
    let settled = template.shown_locked(&view.knowledge.packages);
    let settled = (!settled.is_empty()).then(|| {
        let lines = settled.into_iter().map(|(label, value)| view! { <div><dt>{label}</dt><dd>{value}</dd></div> });
        let lines = lines.collect_view();
        view! { <section class="card settled"><h2>"What is settled"</h2><dl class="facts">{lines}</dl></section> }
    });
    let summary = (!view.faults.is_empty()).then(|| {
        let lines = view.faults.iter();
        let lines = lines.map(|(field, text)| (name_of(*field).to_owned(), format!("{}: {text}", field.label())));
        view! { <FaultSummary faults=lines.collect() title="Nothing was sent. Please correct:"/> }
    });
    let before = view.sent_before.map(|order| {
        let path = paths::public_order(by_link.code(), order);
        view! { <p class="notice warning" role="alert">"You have sent this form before with other answers: "<a href=path>"go on with that order"</a>". Send it once more only if you want a second one."</p> }
    });
    let again = (is_refused && view.faults.is_empty() && view.sent_before.is_none())
        .then(|| view! { <p class="notice warning" role="alert">"Nothing was sent. Please look over your answers and send them again."</p> });
    view! {
        <header class="page-head">
            <h1>"Order Vipps MobilePay"</h1>
            <p class="lead">{format!("With {partner}. Fill in what you know; on the next page, at Vipps MobilePay, you look everything over and submit it.")}</p>
        </header>
        {(!welcome.is_empty()).then(|| view! { <p class="as-typed welcome">{welcome}</p> })}
        {summary}
        {before}
        {again}
        {settled}
        <form method="post" action=paths::public_form(by_link.code()) novalidate=true class="prefill">
            <input type="hidden" name=KEY value=view.key.to_string()/>
            {groups}
            <div class="form-actions"><button type="submit" class="primary">"Go on to Vipps MobilePay"</button></div>
        </form>
    }
}

fn out_of_order(by_link: &ByLink) -> impl IntoView + use<> {
    set_status(StatusCode::SERVICE_UNAVAILABLE);
    view! {
        <div class="empty">
            <h1>"This link is out of order"</h1>
            <p>{format!("There is nothing you can do about it. Please tell {}; nothing was ordered.", by_link.partner())}</p>
        </div>
    }
}

fn next_step(by_link: &ByLink, key: Uuid, order: LinkOrder) -> impl IntoView + use<> {
    let partner = by_link.partner().to_owned();
    match order {
        LinkOrder::Ready(url) => {
            let then = format!("0; url={url}");
            view! {
                <Meta http_equiv="refresh" content=then/>
                <h1>"Your order is ready"</h1>
                <p>"It goes on at Vipps MobilePay: sign in there, look everything over, and submit it. The link works for 14 days."</p>
                <p><a class="button primary" href=url rel="noreferrer">"Continue at Vipps MobilePay"</a></p>
            }
            .into_any()
        }
        LinkOrder::Unsettled => view! {
            <h1>"One moment"</h1>
            <p role="status">"We are making sure that your order has arrived. That can take some minutes; do not fill it in again."</p>
            <p><a class="button primary" href=paths::public_order(by_link.code(), key)>"Look again"</a></p>
        }
        .into_any(),
        LinkOrder::Arrived => view! {
            <h1>"Your order has arrived"</h1>
            <p>{format!("{partner} sends you the link by which you submit it at Vipps MobilePay.")}</p>
        }
        .into_any(),
        LinkOrder::Missing => view! {
            <h1>"Your order has not arrived"</h1>
            <p>"Vipps MobilePay could not be reached. What you have filled in is kept: try again, and there will be one order only."</p>
            <form method="post" action=paths::public_order(by_link.code(), key)><button type="submit" class="primary">"Try again"</button></form>
        }
        .into_any(),
        LinkOrder::Refused => view! {
            <h1>"Something has to be corrected"</h1>
            <p>"Vipps MobilePay has not taken the order. What you have filled in is kept."</p>
            <p><a class="button primary" href=paths::public_form_again(by_link.code(), key)>"Back to the form"</a></p>
        }
        .into_any(),
        LinkOrder::Over => view! {
            <h1>"This order is closed"</h1>
            <p>{format!("It has been submitted, its link has expired, or it never arrived. Ask {partner} if you need another one.")}</p>
        }
        .into_any(),
    }
}
