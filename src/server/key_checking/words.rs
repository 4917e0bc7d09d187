//! What came of a step, in words for those who look after the keys: as precise as the answer allows, without any of
//! upstream's text.

use crate::domain::identifiers::Msn;
use crate::domain::partner::Proposal;
use crate::server::vipps::Error;

pub fn token_trouble(error: &Error, host: &str, has_subscription_key: bool) -> String {
    match error {
        Error::Unauthorized(_) | Error::Forbidden(_) if has_subscription_key && error.minds_subscription_key() => {
            "Vipps MobilePay refused the subscription key.".to_owned()
        }
        Error::Unauthorized(_) | Error::Forbidden(_) if error.minds_subscription_key() => {
            "Vipps MobilePay asks for a subscription key, and there is none.".to_owned()
        }
        Error::Unauthorized(_) | Error::Forbidden(_) => {
            "Vipps MobilePay refused the client id or the client secret.".to_owned()
        }
        Error::Unsendable { .. } => {
            "The keys cannot be sent: one of them has characters that no key of Vipps MobilePay has.".to_owned()
        }
        error => no_answer(error, host),
    }
}

pub fn management_trouble(error: &Error, msn: Option<&Msn>) -> String {
    match (error, msn) {
        (Error::NotFound(_), Some(msn)) => {
            format!("It does not know the sales unit {msn}: the MSN is not that of these keys, or it is not active.")
        }
        (error, _) => api_trouble(error),
    }
}

pub fn webhooks_trouble(error: &Error) -> String {
    match error {
        Error::Refused(problem) if problem.status == 400 => {
            "It wants to know the MSN that these keys belong to.".to_owned()
        }
        error => api_trouble(error),
    }
}

/// Which are offered and which are not.
///
/// # Errors
/// Why that is not known of some.
pub fn proposals_told(answers: &[(Proposal, Result<bool, Error>)]) -> Result<String, String> {
    let named = |which: &dyn Fn(&Result<bool, Error>) -> bool| {
        let labels = answers.iter().filter(|(_, answer)| which(answer)).map(|(proposal, _)| proposal.label());
        labels.collect::<Vec<_>>().join(", ")
    };
    let untold = named(&|answer| answer.is_err());
    if !untold.is_empty() {
        return Err(format!("It is not known whether it offers these: {untold}."));
    }
    let offered = named(&|answer| matches!(answer, Ok(true)));
    let absent = named(&|answer| matches!(answer, Ok(false)));
    Ok(match (offered.is_empty(), absent.is_empty()) {
        (true, _) => "It offers none of them, which is usual.".to_owned(),
        (false, true) => format!("It offers all of them: {offered}."),
        (false, false) => format!("It offers {offered}. It does not offer {absent}."),
    })
}

fn api_trouble(error: &Error) -> String {
    match error {
        Error::Unauthorized(_) if error.minds_subscription_key() => {
            "It refused the subscription key: it may be for another product.".to_owned()
        }
        Error::Unauthorized(_) => "It refused the access token that these keys bring.".to_owned(),
        Error::Forbidden(_) => "It answers, but does not allow this with these keys.".to_owned(),
        Error::NotFound(_) => "There is nothing at its address.".to_owned(),
        error => no_answer(error, "Vipps MobilePay"),
    }
}

fn no_answer(error: &Error, whom: &str) -> String {
    match error {
        Error::Unreachable { .. } | Error::BreakerOpen { .. } => format!("{whom} cannot be reached."),
        Error::TimedOut { .. } => format!("{whom} has not answered in time."),
        Error::Limited { .. } => format!("{whom} has been asked too often. Check again in a minute."),
        Error::Upstream { .. } => format!("{whom} has trouble of its own. Check again later."),
        Error::Insecure { .. } => format!("{whom} is not called, for its address is without TLS."),
        Error::Refused(problem) => format!("{whom} refused the call, with status {}.", problem.status),
        _ => format!("{whom} has answered something that is not understood."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_offered_is_told_and_what_is_not_known_is_not_passed_off_as_absent() {
        let answers =
            |answers: [Result<bool, Error>; 5]| -> Vec<_> { Proposal::ALL.into_iter().zip(answers).collect() };
        let all = proposals_told(&answers([Ok(true), Ok(true), Ok(true), Ok(true), Ok(true)])).unwrap();
        assert!(all.starts_with("It offers all of them: List of merchants,"), "{all}");
        assert!(
            proposals_told(&answers([Ok(false), Ok(false), Ok(false), Ok(false), Ok(false)])).unwrap().contains("none")
        );
        let some = proposals_told(&answers([Ok(true), Ok(false), Ok(false), Ok(false), Ok(false)])).unwrap();
        assert!(some.contains("offers List of merchants. It does not offer The partner’s own data,"), "{some}");
        let silent = Error::TimedOut { after: std::time::Duration::from_secs(8) };
        let untold = proposals_told(&answers([Ok(true), Err(silent), Ok(true), Ok(true), Ok(true)])).unwrap_err();
        assert!(untold.contains("The partner’s own data") && !untold.contains("merchants"), "{untold}");
    }
}
