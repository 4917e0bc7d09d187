//! What can be done with an agreement, and why not.

use leptos::prelude::*;
use uuid::Uuid;

use crate::components::form::{Confirm, Disabled};
use crate::domain::agreement::{AgreementAction, RecurringVersion};
use crate::domain::organisation::Role;
use crate::paths;
use crate::server::acting::Acting;
use crate::server::acting::agreements::AgreementView;

const NOT_KNOWN: &str = "It is not known yet which version of the Recurring API Vipps MobilePay speaks here.";

pub(super) fn deeds(acting: &Acting, view: &AgreementView) -> impl IntoView + use<> {
    let organisation = &acting.organisation().id;
    let agreement = &view.known.agreement;
    let refused = |action| {
        let not_allowed = acting.may(Role::Operator).err().map(|failure| failure.to_string());
        let not_known = || view.version.is_none().then(|| NOT_KNOWN.to_owned());
        not_allowed.or_else(not_known).or_else(|| agreement.may(action).err())
    };
    let charge = match refused(AgreementAction::CreateCharge) {
        Some(reason) => view! { <Disabled label="New charge" reason/> }.into_any(),
        None => {
            let path = paths::new_charge(organisation, &agreement.id);
            view! { <p class="actions"><a class="button" href=path>"New charge"</a></p> }.into_any()
        }
    };
    let action = paths::agreement_deed(organisation, &agreement.id, "stop");
    let key = Uuid::new_v4().to_string();
    // Only the first version keeps who wanted it.
    let by = (view.version == Some(RecurringVersion::V1)).then(|| {
        view! {
            <fieldset>
                <legend>"Who wants it to end"</legend>
                <label class="radio"><input type="radio" name="by" value="merchant" checked=true/>"We do"</label>
                <label class="radio"><input type="radio" name="by" value="customer"/>"The customer has asked for it"</label>
            </fieldset>
        }
    });
    view! {
        <section class="card deeds">
            <h2>"Change"</h2>
            {charge}
            <Confirm label="Stop this agreement" action button="Stop the agreement" refused=refused(AgreementAction::Stop)>
                <input type="hidden" name="key" value=key/>
                <p>"Nobody can start it again. Charges that are not paid yet are cancelled, and the customer sees in the app that it has ended."</p>
                {by}
            </Confirm>
        </section>
    }
}
