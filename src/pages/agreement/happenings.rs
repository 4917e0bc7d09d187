//! What has happened to an agreement, and what came of what was changed from here.

use leptos::prelude::*;
use time::OffsetDateTime;

use crate::domain::agreement::change::{ChangeKind, ChangeOutcome, ChangeRecord};
use crate::domain::agreement::{Agreement, AgreementState, RecurringVersion};
use crate::domain::freshness::{absolute, ago, machine};
use crate::domain::organisation::OrgId;
use crate::domain::standing::Told;
use crate::paths;

pub(super) fn timeline(agreement: &Agreement, changes: &[ChangeRecord], now: OffsetDateTime) -> impl IntoView + use<> {
    let stopped = match agreement.state {
        Told::Known(AgreementState::Expired) => "Expired".to_owned(),
        _ => agreement.state_label().to_owned(),
    };
    // What was offered from here stands there as that.
    let offered_here =
        |change: &ChangeRecord| change.kind == ChangeKind::Draft && change.outcome == ChangeOutcome::Done;
    let created = agreement.created.filter(|_| !changes.iter().any(offered_here));
    let told = [
        created.map(|at| (at, "Offered".to_owned())),
        agreement.start.map(|at| (at, "Approved by the customer".to_owned())),
        agreement.stop.filter(|at| *at <= now).map(|at| (at, stopped)),
    ];
    let mut lines: Vec<(OffsetDateTime, String)> = told.into_iter().flatten().collect();
    lines.extend(changes.iter().map(|change| (change.begun_at, said_by(change))));
    of_lines(lines, now)
}

/// What was changed from here about one charge.
pub fn changes_card(changes: &[ChangeRecord], now: OffsetDateTime) -> Option<AnyView> {
    let lines: Vec<_> = changes.iter().map(|change| (change.begun_at, said_by(change))).collect();
    (!lines.is_empty()).then(|| of_lines(lines, now).into_any())
}

fn of_lines(mut lines: Vec<(OffsetDateTime, String)>, now: OffsetDateTime) -> impl IntoView {
    lines.sort_by_key(|(at, _)| *at);
    let lines = lines.into_iter().map(|(at, text)| {
        view! { <li><span>{text}</span><time datetime=machine(at) title=absolute(at)>{ago(at, now)}</time></li> }
    });
    let lines = lines.collect_view();
    view! { <section class="card"><h2>"What has happened"</h2><ol class="timeline">{lines}</ol></section> }
}

fn said_by(change: &ChangeRecord) -> String {
    format!("{}, by {}", change.sentence(), change.by_email)
}

/// What came of the change with this key; and, of whatever else was changed, what it is not known of whether it was
/// done.
pub fn changes_notice(
    organisation: &OrgId,
    changes: &[ChangeRecord],
    key: Option<&str>,
    version: Option<RecurringVersion>,
) -> impl IntoView + use<> {
    let is_this = |change: &ChangeRecord| key.is_some_and(|key| change.key.to_string() == key);
    let shown = changes.iter().filter(|change| is_this(change) || is_open(change));
    shown.map(|change| notice(organisation, change, version)).collect_view()
}

fn is_open(change: &ChangeRecord) -> bool {
    change.keeps_request && matches!(change.outcome, ChangeOutcome::Unknown | ChangeOutcome::NotReached)
}

/// What came of a change, in full.
pub fn notice(organisation: &OrgId, change: &ChangeRecord, version: Option<RecurringVersion>) -> AnyView {
    let (class, role, more) = match &change.outcome {
        ChangeOutcome::Done => ("notice good", "status", ""),
        ChangeOutcome::UnderWay => ("notice", "status", " Reload the page in a moment."),
        ChangeOutcome::Refused(_) => ("notice bad", "alert", ""),
        ChangeOutcome::Unknown => {
            ("notice bad", "alert", " What Vipps MobilePay shows is fetched again; it is done at most once.")
        }
        ChangeOutcome::NotReached => ("notice bad", "alert", " Nothing was changed."),
    };
    let again = version.is_some_and(|version| change.can_be_sent_again(version)).then(|| {
        let action = paths::agreement_change_again(organisation, change.key);
        view! { <form method="post" action=action><button type="submit">"Send it again"</button></form> }
    });
    let text = format!("{}.{more}", change.sentence().trim_end_matches('.'));
    view! { <div class=class role=role><p>{text}</p>{again}</div> }.into_any()
}
