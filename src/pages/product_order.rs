//! One product order: where it stands, what to send the merchant, what was filled in, who did what.

mod deeds;
mod facts;
mod for_merchant;
mod standing;

use leptos::either::Either;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use time::OffsetDateTime;
use uuid::Uuid;

pub use self::for_merchant::days_left;

use super::details::{breadcrumb, raw_answer, refresh_form};
use super::frame::{ActingFrame, Place};
use super::list::opened_from;
use super::not_found::{Failed, NotFoundPage};
use super::product_orders::{self, status_badge, title_of};
use super::{acting, loaded, parameter, query};
use crate::components::Ago;
use crate::domain::failure::Failure;
use crate::domain::organisation::{OrgId, Role};
use crate::domain::product_order::{Delivery, Happening, ProductOrder};
use crate::domain::product_order_filter::ProductOrderFacets;
use crate::paths;
use crate::server::acting::Acting;
use crate::server::acting::product_orders::ProductOrderView;

/// An order on its page.
struct Shown<'a> {
    acting: &'a Acting,
    order: &'a ProductOrder,
    /// The query of the list that the page was opened from.
    list: &'a str,
    now: OffsetDateTime,
}

impl Shown<'_> {
    fn organisation(&self) -> &OrgId {
        &self.acting.organisation().id
    }

    /// Where a form is sent that does something with this order.
    fn deed(&self, deed: &str) -> String {
        paths::product_order_deed(self.organisation(), self.order.row.id, deed)
    }

    /// What every such form holds, so that the way back to the list is not lost.
    fn list_field(&self) -> AnyView {
        let list = self.list.to_owned();
        view! { <input type="hidden" name="list" value=list/> }.into_any()
    }

    /// Whether a merchant looks at an order of its own: then it is for looking only.
    fn is_merchants(&self) -> bool {
        !self.acting.is_partner()
    }

    fn may_change(&self) -> bool {
        self.acting.may(Role::Operator).is_ok()
    }

    /// Why the person may change nothing, if so.
    fn not_allowed(&self) -> Option<String> {
        self.acting.may(Role::Operator).err().map(|failure| failure.to_string())
    }
}

#[component]
pub fn ProductOrderPage() -> impl IntoView {
    let Some(acting) = acting() else { return Either::Left(NotFoundPage()) };
    let id = use_params_map().read_untracked().get("id").and_then(|id| id.parse::<Uuid>().ok());
    let query = query();
    let (did, list) = (parameter(&query, "did"), opened_from::<ProductOrderFacets>(&query));
    Either::Right(loaded(async move {
        let found = match id {
            Some(id) => acting.sent_product_order(id).await,
            None => Err(Failure::NotFound),
        };
        let title = found.as_ref().map_or_else(|_| "Not found".to_owned(), |found| title_of(&found.order.row));
        let back = paths::product_orders_with(&acting.organisation().id, &list);
        view! {
            <ActingFrame acting=acting.clone() place=Place::ProductOrders title>
                {breadcrumb(back, product_orders::title(&acting))}
                {match found {
                    Ok(found) => Either::Left(details(&acting, found, &list, did.as_deref())),
                    Err(failure) => Either::Right(view! { <Failed failure/> }),
                }}
            </ActingFrame>
        }
    }))
}

fn details(acting: &Acting, found: ProductOrderView, list: &str, did: Option<&str>) -> impl IntoView + use<> {
    let ProductOrderView { order, candidates, filled_in } = found;
    let shown = Shown { acting, order: &order, list, now: OffsetDateTime::now_utc() };
    if shown.is_merchants() {
        return Either::Left(view! {
            {head(&shown)}
            {outcome(&order, did)}
            {standing::for_merchant(&shown)}
            <div class="columns">
                <div>{for_merchant::own_link_card(&shown)}{deeds::timeline(&shown)}</div>
                <div>{facts::facts(&shown)}</div>
            </div>
        });
    }
    Either::Right(view! {
        {head(&shown)}
        {outcome(&order, did)}
        {standing::standing(&shown, &candidates)}
        <div class="columns">
            <div>
                {for_merchant::link_card(&shown)}
                {deeds::timeline(&shown)}
                {order.merged_into.is_none().then(|| deeds::note_card(&shown))}
            </div>
            <div>
                {facts::facts(&shown)}
                {facts::filled_in_card(&shown, filled_in)}
                {deeds::deeds(&shown)}
            </div>
        </div>
        {raw_answer(order.raw.clone())}
    })
}

fn head(shown: &Shown<'_>) -> impl IntoView + use<> {
    let row = &shown.order.row;
    let product = row.product_type.label().to_owned();
    let merchant = row.merchant_name.clone().filter(|name| row.sales_unit_name.as_ref() != Some(name));
    let age = match shown.order.seen_at {
        Some(seen) => view! { "Seen at Vipps MobilePay "<Ago then=seen.max(row.status_at)/> }.into_any(),
        None => view! { "Not seen at Vipps MobilePay yet" }.into_any(),
    };
    view! {
        <header class="page-head">
            <h1>{title_of(row)}</h1>
            <p class="lead">{product}{merchant.map(|merchant| format!(" for {merchant}"))}" · "{status_badge(shown.acting, row)}</p>
            {refresh_form(age, shown.deed("refresh"), shown.list)}
        </header>
    }
}

/// What came of what was just done. The words in the address are ours; others say nothing.
fn outcome(order: &ProductOrder, did: Option<&str>) -> impl IntoView + use<> {
    let refusal = order.happenings.iter().rev().find_map(|happened| match &happened.what {
        Happening::DeleteRefused(reason) => Some(reason.clone()),
        _ => None,
    });
    let good = |text: &str| ("notice good", "status", text.to_owned());
    let bad = |text: String| ("notice bad", "alert", text);
    let (class, role, text) = match did? {
        "refreshed" => good("Fetched from Vipps MobilePay just now."),
        "sent" if order.row.delivery == Some(Delivery::Sent) => {
            good("Sent. Vipps MobilePay has the order; the link below is for the merchant.")
        }
        "just-looked" => good("Somebody has just looked; what Vipps MobilePay showed then stands here."),
        "not-again" => bad("Nothing was sent: it is being sent already, or was a moment ago. Look again in a minute.".to_owned()),
        "noted" => good("The note is kept."),
        "deleted" => good("Deleted. The merchant's link no longer works."),
        "found" => good("The two are one order now."),
        "released" => good("The two are kept apart now."),
        "delete-unknown" => bad("Vipps MobilePay gave no clear answer, so it is not known yet whether the order is deleted. The portal looks again by itself; Refresh asks now.".to_owned()),
        "delete-refused" => bad(format!(
            "Vipps MobilePay did not delete the order. It said: {}",
            refusal.unwrap_or_else(|| "nothing more.".to_owned())
        )),
        word => bad(Failure::from_word(word)?.to_string()),
    };
    Some(view! { <p class=class role=role>{text}</p> })
}
