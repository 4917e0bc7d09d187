//! What is done with a partner's settings.

use axum::Form;
use axum::extract::State;
use axum::http::request::Parts;
use axum::response::Response;
use serde::Deserialize;

use super::{again, not_found, plain, see_other};
use crate::domain::failure::Failure;
use crate::domain::feedback::FeedbackAddress;
use crate::pages::settings::RefusedSettings;
use crate::paths;
use crate::server::Portal;
use crate::server::acting::Acting;

#[derive(Deserialize)]
pub struct SettingsForm {
    #[serde(default)]
    feedback: String,
    /// Absent: not ticked.
    #[serde(default)]
    compliance: String,
}

pub async fn save(
    State(portal): State<Portal>,
    acting: Acting,
    asked: Parts,
    Form(form): Form<SettingsForm>,
) -> Response {
    let sends_compliance_data = !form.compliance.is_empty();
    let feedback = match form.feedback.trim() {
        "" => None,
        typed => match FeedbackAddress::parse(typed) {
            Ok(address) => Some(address),
            Err(fault) => {
                let refused = RefusedSettings { feedback: form.feedback, sends_compliance_data, fault };
                return again(portal, asked, refused).await;
            }
        },
    };
    let saved = acting.save_settings(feedback.as_ref(), sends_compliance_data).await;
    done(portal, &acting, &asked, saved, "saved").await
}

/// Has upstream asked again what it offers.
pub async fn probe(State(portal): State<Portal>, acting: Acting, asked: Parts) -> Response {
    let called = match acting.call_for_probing().await {
        Err(Failure::NoKeys | Failure::SwitchedOff | Failure::InTest) => Ok(()),
        called => called,
    };
    done(portal, &acting, &asked, called, "asked").await
}

async fn done(portal: Portal, acting: &Acting, asked: &Parts, outcome: Result<(), Failure>, word: &str) -> Response {
    match outcome {
        Ok(()) => see_other(&format!("{}?did={word}", paths::settings(&acting.organisation().id))),
        Err(Failure::NotFound) => not_found(portal, &asked.headers).await,
        Err(failure) => plain(&failure),
    }
}
