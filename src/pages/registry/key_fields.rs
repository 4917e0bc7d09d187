//! The part of an organisation's form that asks for its keys: where each secret is, or the secret itself.

use leptos::prelude::*;

use super::form::Shown;
use crate::components::form::{Field, Input};
use crate::domain::freshness::day;
use crate::domain::organisation::Environment;
use crate::domain::registry::{KeptSecret, Secret};

/// The keys of an organisation that has its own.
pub fn key_fields(shown: &Shown) -> impl IntoView + use<> {
    let form = &shown.form;
    let secrets = Secret::ALL.map(|secret| secret_fields(shown, secret)).collect_view();
    let environments = [
        (Environment::Production.as_str().to_owned(), "Production".to_owned()),
        (Environment::Test.as_str().to_owned(), "Test: there is no Management API".to_owned()),
    ];
    view! {
        <section class="card own-keys">
            <h2>"Keys of its own"</h2>
            <div class="entries">
                <Field name="client_id" label="Client ID" value=form.client_id.clone() fault=shown.fault("client_id") maxlength=Some(500)/>
                <Field name="environment" label="Environment" input=Input::Select(environments.to_vec()) value=form.environment.clone()
                    fault=shown.fault("environment") required=true/>
            </div>
            {secrets}
            <div class="entries">
                <Field name="msn" label="MSN" input=Input::Digits value=form.msn.clone() fault=shown.fault("msn")
                    hint="Of the sales unit that these keys belong to. Empty for a partner’s keys."/>
            </div>
        </section>
    }
}

/// Where a secret is, or the secret itself; what is there is never shown.
fn secret_fields(shown: &Shown, secret: Secret) -> impl IntoView + use<> {
    let (name, entry) = (secret.name(), &shown.form.secrets[secret as usize]);
    let kept = shown.keys.as_ref().and_then(|keys| keys.secret(secret));
    let sealed = kept.filter(|kept| kept.is_sealed());
    let standing = sealed.map(|kept| view! { <p class="hint">{sealed_words(kept)}</p> });
    let is_optional = secret != Secret::ClientSecret;
    let take_away = (is_optional && sealed.is_some()).then(|| {
        let ticked = if entry.is_taken_away { "yes" } else { "" };
        view! { <Field name=format!("{name}_taken_away") label="Take it away" input=Input::Check value=ticked/> }
    });
    let hint = match secret {
        Secret::ClientSecret => {
            "vault://mount/path, env://NAME, file:///path or sealed://name. The secret stays there."
        }
        Secret::SubscriptionKey => "The same; empty for keys that have no subscription key.",
        Secret::SecondarySubscriptionKey => "The other one of the two that do the same; it may be empty.",
    };
    let typed_again =
        shown.typed.contains(&secret).then(|| "Type it again: what is secret does not go back into a page.".to_owned());
    let label = secret.label();
    let typed_hint = if sealed.is_some() {
        "Empty: what is sealed stays."
    } else {
        "It is encrypted with the portal’s secret key, and never shown again."
    };
    view! {
        <fieldset class="secret-fields">
            <legend>{label}</legend>
            {standing}
            <div class="entries">
                <Field name=format!("{name}_ref") label=format!("{label}: where it is") value=entry.reference.clone()
                    fault=shown.fault(&format!("{name}_ref")) maxlength=Some(500) hint/>
                <Field name label=format!("{label}: or type it") input=Input::Password autocomplete="new-password" maxlength=Some(500)
                    fault=typed_again hint=typed_hint/>
            </div>
            {take_away}
        </fieldset>
    }
}

fn sealed_words(kept: &KeptSecret) -> String {
    match kept.sealed_at {
        Some(at) => format!("Sealed in the portal, since {}. Leave both fields empty to keep it.", day(at)),
        None => format!("The portal has no secret {}: type it, or say where it is.", kept.reference),
    }
}
