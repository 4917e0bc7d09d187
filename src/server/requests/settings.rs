//! What is done with an organisation's settings.

use axum::Form;
use axum::extract::State;
use axum::http::request::Parts;
use axum::response::Response;
use serde::Deserialize;

use super::{again, not_found, plain, see_other};
use crate::domain::api_quality::FailingThreshold;
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
    /// Absent: as it is.
    failing_percent: Option<String>,
    failing_calls: Option<String>,
}

pub async fn save(
    State(portal): State<Portal>,
    acting: Acting,
    asked: Parts,
    Form(form): Form<SettingsForm>,
) -> Response {
    // Both are a partner's: what merchants have of them stays.
    let is_partner = acting.is_partner();
    let sends_compliance_data = if is_partner { !form.compliance.is_empty() } else { acting.sends_compliance_data() };
    let feedback = match form.feedback.trim() {
        _ if !is_partner => Ok(acting.feedback_address()),
        "" => Ok(None),
        typed => FeedbackAddress::parse(typed).map(Some),
    };
    let known = acting.failing_threshold();
    let typed = form.failing_percent.as_deref();
    let percent = typed.map_or(Ok(known.percent), FailingThreshold::parse_percent);
    let typed = form.failing_calls.as_deref();
    let least_calls = typed.map_or(Ok(known.least_calls), FailingThreshold::parse_least_calls);
    let (feedback, failing) = match (feedback, percent, least_calls) {
        (Ok(feedback), Ok(percent), Ok(least_calls)) => (feedback, FailingThreshold { percent, least_calls }),
        (feedback, percent, least_calls) => {
            let refused = RefusedSettings {
                feedback: form.feedback,
                feedback_fault: feedback.err(),
                sends_compliance_data,
                failing_percent: form.failing_percent.unwrap_or_else(|| known.percent.to_string()),
                failing_percent_fault: percent.err(),
                failing_calls: form.failing_calls.unwrap_or_else(|| known.least_calls.to_string()),
                failing_calls_fault: least_calls.err(),
            };
            return again(portal, asked, refused).await;
        }
    };
    let saved = acting.save_settings(feedback.as_ref(), sends_compliance_data, failing).await;
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
