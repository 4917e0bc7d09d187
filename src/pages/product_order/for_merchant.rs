//! What to send the merchant: the link, and words to go with it.

use leptos::prelude::*;
use time::OffsetDateTime;

use super::Shown;
use crate::components::Copy;
use crate::components::qr_code::QrCodeOf;
use crate::domain::freshness::{absolute, machine};
use crate::domain::product_order::message::messages;

pub(super) fn link_card(shown: &Shown<'_>) -> impl IntoView + use<> {
    let row = &shown.order.row;
    let (url, expires) = (row.url.clone()?, row.expires_at()?);
    let (occasion, texts) = messages(row, shown.now)?;
    let left = days_left(expires, shown.now);
    let at_most = if row.sent_here { "" } else { " at most: when it was made is not known" };
    let texts = texts.into_iter().enumerate().map(|(at, message)| {
        let what = format!("message in {}", message.language_name);
        view! {
            <details class="message" open=at == 0>
                <summary>{message.language_name}</summary>
                <Copy text=message.text.clone() what/>
                <pre lang=message.language>{message.text}</pre>
            </details>
        }
    });
    let texts = texts.collect_view();
    Some(view! {
        <section class="card" id="link">
            <h2>"For the merchant"</h2>
            <div class="link-and-code">
                <div>
                    <p class="link"><a href=url.clone() rel="noreferrer">{url.clone()}</a><Copy text=url.clone() what="link"/></p>
                    <p>{left}{at_most}" – until "<time datetime=machine(expires)>{absolute(expires)}</time></p>
                </div>
                <QrCodeOf text=url what="the merchant's link"/>
            </div>
            <h3>{occasion.label()}</h3>
            {texts}
        </section>
    })
}

/// The link, as it is shown to the merchant who goes on with it.
pub(super) fn own_link_card(shown: &Shown<'_>) -> impl IntoView + use<> {
    let row = &shown.order.row;
    let (url, expires) = (row.url.clone()?, row.expires_at()?);
    let left = days_left(expires, shown.now);
    let at_most = if row.sent_here { "" } else { " at most" };
    Some(view! {
        <section class="card" id="link">
            <h2>"Go on with the order"</h2>
            <div class="link-and-code">
                <div>
                    <p class="link"><a href=url.clone() rel="noreferrer">{url.clone()}</a><Copy text=url.clone() what="link"/></p>
                    <p>{left}{at_most}" – until "<time datetime=machine(expires)>{absolute(expires)}</time></p>
                </div>
                <QrCodeOf text=url what="your link"/>
            </div>
            <p class="hint">"Whoever submits the form signs in with BankID, MitID or the like, on behalf of the company."</p>
        </section>
    })
}

/// How long the merchant still has: in hours of the last two days, before that in days, rounded.
pub fn days_left(expires: OffsetDateTime, now: OffsetDateTime) -> String {
    let left = expires - now;
    match left.whole_hours() {
        _ if left.is_negative() => "Expired".to_owned(),
        0 => "Less than an hour left".to_owned(),
        1 => "1 hour left".to_owned(),
        hours @ 2..48 => format!("{hours} hours left"),
        hours => format!("{} days left", (hours + 12) / 24),
    }
}

#[cfg(test)]
mod tests {
    use time::Duration;

    use super::*;

    #[test]
    fn a_link_that_was_just_made_works_for_fourteen_days() {
        let now = OffsetDateTime::UNIX_EPOCH;
        let left = |left: Duration| days_left(now + left, now);
        assert_eq!(left(Duration::days(14)), "14 days left");
        assert_eq!(left(Duration::days(14) - Duration::SECOND), "14 days left");
        assert_eq!(left(Duration::hours(13 * 24 + 11)), "13 days left");
        assert_eq!(left(Duration::days(2)), "2 days left");
        assert_eq!(left(Duration::days(2) - Duration::SECOND), "47 hours left");
        assert_eq!(left(Duration::minutes(100)), "1 hour left");
        assert_eq!(left(Duration::minutes(59)), "Less than an hour left");
        assert_eq!(left(-Duration::SECOND), "Expired");
    }
}
