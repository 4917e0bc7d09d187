//! The charges of an agreement.

use leptos::prelude::*;

use crate::components::{Badge, Tone};
use crate::domain::charge::{Charge, ChargeState, KnownCharge};
use crate::domain::organisation::OrgId;
use crate::domain::standing::Told;
use crate::pages::details::gone_badge;
use crate::paths;
use crate::server::acting::Acting;
use crate::server::acting::agreements::AgreementView;

pub(super) fn card(acting: &Acting, view: &AgreementView) -> impl IntoView + use<> {
    let organisation = &acting.organisation().id;
    let agreement = &view.known.agreement;
    let shown = if view.charges.is_empty() {
        let text = match view.known.charges_at {
            Some(_) => "There are none yet.",
            None => "They have not been fetched yet.",
        };
        view! { <p class="pending">{text}</p> }.into_any()
    } else {
        let rows = view.charges.iter().map(|known| row(organisation, &agreement.id, known)).collect_view();
        view! {
            <table class="ledger">
                <caption class="hidden">"Charges, the latest first"</caption>
                <thead><tr>
                    <th scope="col">"Charge"</th>
                    <th scope="col">"Day"</th>
                    <th scope="col" class="amount">"Amount"</th>
                    <th scope="col">"State"</th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table>
        }
        .into_any()
    };
    let more = (view.charge_count > view.charges.len()).then(|| {
        view! { <p class="hint">{format!("The latest {} of {}.", view.charges.len(), view.charge_count)}</p> }
    });
    view! { <section class="card" id="charges"><h2>"Charges"</h2>{shown}{more}</section> }
}

fn row(organisation: &OrgId, agreement_id: &str, known: &KnownCharge) -> AnyView {
    let charge = &known.charge;
    let path = paths::charge(organisation, agreement_id, &charge.id);
    let day = charge.day().map_or_else(|| "–".to_owned(), |day| day.to_string());
    view! {
        <tr class:gone=known.gone_at.is_some()>
            <th scope="row"><a href=path>{name(charge)}</a>{gone_badge(known.gone_at)}</th>
            <td data-label="Day" class="numbers">{day}</td>
            <td data-label="Amount" class="numbers amount">{charge.money(charge.amount).to_string()}</td>
            <td data-label="State">{charge_badge(&charge.state)}</td>
        </tr>
    }
    .into_any()
}

/// What the customer sees, or the id where there is nothing.
pub fn name(charge: &Charge) -> String {
    if charge.description.is_empty() { charge.id.clone() } else { charge.description.clone() }
}

pub fn charge_badge(state: &Told<ChargeState>) -> AnyView {
    use ChargeState::{
        Cancelled, Charged, Due, Failed, PartiallyCaptured, PartiallyRefunded, Pending, Processing, Refunded, Reserved,
    };
    let tone = match state.known() {
        Some(Charged | PartiallyCaptured) => Tone::Good,
        Some(Reserved | Processing) => Tone::Warning,
        Some(Failed) => Tone::Bad,
        Some(Pending | Due | PartiallyRefunded | Refunded | Cancelled) | None => Tone::Quiet,
    };
    view! { <Badge tone text=state.label().to_owned()/> }.into_any()
}
