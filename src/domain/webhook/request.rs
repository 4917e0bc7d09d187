//! What somebody wants to register: as it is typed, and what there is to say against it.

use uuid::Uuid;

use super::{EVENTS, Webhook, check_url, documented, limit_of};
use crate::domain::identifiers::Msn;

/// Longest URL that is read.
const URL_LIMIT: usize = 2_000;

/// The form as it was filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebhookForm {
    /// Tells this form from every other: sent twice, it registers once.
    pub id: Option<Uuid>,
    pub url: String,
    /// Events that were chosen one by one.
    pub events: Vec<String>,
    /// Words of families of which all events were chosen.
    pub families: Vec<String>,
    /// Whether one sales unit is meant rather than all.
    pub for_one_unit: bool,
    pub msn: String,
    /// Whether a second registration of the same is wanted.
    pub again: bool,
}

/// What is to be registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewWebhook {
    pub url: String,
    /// In the order of [`EVENTS`]; at least one.
    pub events: Vec<String>,
    /// The sales unit; none for all of them.
    pub msn: Option<Msn>,
}

/// What the registrations that are there say against one more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Objections {
    /// Events that can be registered no more for this scope.
    pub used_up: Vec<String>,
    /// Registrations that get some of the events at the same URL already.
    pub doubled: Vec<Webhook>,
}

impl WebhookForm {
    /// Reads what a browser sends. Names and values that mean nothing are passed over.
    pub fn read(body: &str) -> Self {
        let mut form = Self::default();
        for (key, value) in form_urlencoded::parse(body.as_bytes()) {
            let text = || value.trim().chars().take(URL_LIMIT + 1).collect::<String>();
            match key.as_ref() {
                "form" => form.id = value.parse().ok(),
                "url" => form.url = text(),
                "event" if documented(&value).is_some() => form.events.push(value.into_owned()),
                "family" if EVENTS.iter().any(|family| family.word == value) => form.families.push(value.into_owned()),
                "scope" => form.for_one_unit = value == "unit",
                "msn" => form.msn = text(),
                "again" => form.again = value == "true",
                _ => {}
            }
        }
        form
    }

    /// What is meant.
    ///
    /// # Errors
    /// The names of the fields that are wrong, and what is wrong with them.
    pub fn check(&self) -> Result<NewWebhook, Vec<(String, String)>> {
        let mut faults = Vec::new();
        let mut fault = |field: &str, text: String| faults.push((field.to_owned(), text));
        let url = if self.url.is_empty() {
            Err("Where to: write the URL in full, such as https://shop.example.com/webhooks.".to_owned())
        } else if self.url.chars().count() > URL_LIMIT {
            Err(format!("The URL is longer than {URL_LIMIT} characters."))
        } else {
            check_url(&self.url).map_err(|fault| fault.to_string())
        };
        let url = url.unwrap_or_else(|text| {
            fault("url", text);
            String::new()
        });
        let events = self.all_events();
        if events.is_empty() {
            fault("events", "Choose at least one event.".to_owned());
        }
        let msn = match (self.for_one_unit, Msn::parse(&self.msn)) {
            (true, None) => {
                fault("msn", "Write the MSN of the sales unit: digits only.".to_owned());
                None
            }
            (true, msn) => msn,
            (false, _) if !self.msn.is_empty() => {
                let text = "An MSN is written, but all sales units are chosen. Choose one or the other.";
                fault("msn", text.to_owned());
                None
            }
            (false, _) => None,
        };
        if faults.is_empty() { Ok(NewWebhook { url, events, msn }) } else { Err(faults) }
    }

    fn all_events(&self) -> Vec<String> {
        let chosen = |family: &str, event: &str| {
            self.families.iter().any(|chosen| chosen == family) || self.events.iter().any(|chosen| chosen == event)
        };
        let events = EVENTS.iter().flat_map(|family| family.events.iter().map(move |event| (family.word, event.name)));
        events.filter(|(family, event)| chosen(family, event)).map(|(_, event)| event.to_owned()).collect()
    }
}

impl NewWebhook {
    /// What `listed` says against it: the registrations that upstream shows for the same scope, and for one sales
    /// unit those for all units as well.
    pub fn objections(&self, listed: &[Webhook]) -> Objections {
        let of_scope = |webhook: &&Webhook| webhook.msn() == self.msn.as_ref();
        let used =
            |event: &String| listed.iter().filter(of_scope).filter(|webhook| webhook.events.contains(event)).count();
        let doubles = |webhook: &&Webhook| {
            webhook.url == self.url && webhook.events.iter().any(|event| self.events.contains(event))
        };
        Objections {
            used_up: self.events.iter().filter(|event| used(event) >= limit_of(event)).cloned().collect(),
            doubled: listed.iter().filter(doubles).cloned().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::domain::webhook::{WebhookState, WebhookUnit};

    #[test]
    fn a_form_is_read_and_checked() {
        let form = WebhookForm::read(
            "form=6f2c5ad4-7a3a-4c3c-9d5e-3f1f7a1d0c11&url=+HTTPS%3A%2F%2FShop.example.com+&event=user.checked-in.v1&event=nonsense\
             &family=login&scope=unit&msn=+123456&unknown=x",
        );
        assert!(form.id.is_some());
        let new = form.check().unwrap();
        assert_eq!(new.url, "https://shop.example.com/");
        assert_eq!(new.events, ["login.merchant-initiated.ping.v1", "user.checked-in.v1"]);
        assert_eq!(new.msn, Msn::parse("123456"));
    }

    #[test]
    fn every_fault_is_told_at_its_field() {
        let fields = |body: &str| -> Vec<String> {
            WebhookForm::read(body).check().unwrap_err().into_iter().map(|(field, _)| field).collect()
        };
        assert_eq!(fields(""), ["url", "events"]);
        assert_eq!(fields("url=http://example.com&event=user.checked-in.v1&scope=unit&msn=x"), ["url", "msn"]);
        assert_eq!(fields("url=https://example.com&family=qr&scope=all&msn=123456"), ["msn"]);
        assert_eq!(fields(&format!("url=https://example.com/{}&family=qr", "x".repeat(3_000))), ["url"]);
    }

    #[test]
    fn a_family_and_its_events_are_the_same_once() {
        let form = WebhookForm::read("url=https://example.com&family=qr&event=user.checked-in.v1");
        assert_eq!(form.check().unwrap().events, ["user.checked-in.v1"]);
    }

    #[test]
    fn limits_count_within_the_scope_and_doubles_beyond_it() {
        let webhook = |msn: Option<&str>, url: &str, event: &str| Webhook {
            id: Uuid::new_v4(),
            url: url.to_owned(),
            events: vec![event.to_owned()],
            unit: msn.map(|msn| WebhookUnit { msn: Msn::parse(msn).unwrap(), name: None, visible: true }),
            first_seen_at: datetime!(2026-11-20 12:00 UTC),
            seen_at: datetime!(2026-11-20 12:00 UTC),
            state: WebhookState::Listed,
            registered_by: None,
        };
        let new = |msn: Option<&str>, event: &str| NewWebhook {
            url: "https://example.com/".to_owned(),
            events: vec![event.to_owned()],
            msn: msn.map(|msn| Msn::parse(msn).unwrap()),
        };
        let (captured, checked_in) = ("epayments.payment.captured.v1", "user.checked-in.v1");
        let mut listed: Vec<Webhook> =
            (0..24).map(|number| webhook(None, &format!("https://example.com/{number}"), captured)).collect();
        assert_eq!(new(None, captured).objections(&listed), Objections::default());
        listed.push(webhook(None, "https://example.com/", captured));
        let objections = new(None, captured).objections(&listed);
        assert_eq!((objections.used_up.len(), objections.doubled.len()), (1, 1));
        // One for all units doubles one for a unit, and does not use up its own.
        let objections = new(Some("123456"), captured).objections(&listed);
        assert_eq!((objections.used_up.len(), objections.doubled.len()), (0, 1));
        let listed = [webhook(Some("123456"), "https://example.com/x", checked_in)];
        assert_eq!(new(Some("123456"), checked_in).objections(&listed).used_up, [checked_in]);
        assert_eq!(new(None, checked_in).objections(&listed), Objections::default());
    }
}
