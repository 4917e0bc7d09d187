//! States and their transitions, and what can be done in each.

use time::macros::datetime;

use super::ChargeState::*;
use super::*;
use crate::domain::standing::can_become;

const NOON: OffsetDateTime = datetime!(2026-11-20 12:00 UTC);

pub fn charge(word: &str, sums: Option<Sums>) -> Charge {
    Charge {
        id: "chr-5kSeqz".to_owned(),
        agreement_id: None,
        state: Told::from_upstream(Some(word)),
        amount: 10_000,
        currency: Some(Currency::Nok),
        description: "November".to_owned(),
        due: None,
        kind: ChargeKind::Recurring,
        transaction_type: None,
        sums,
        retry_days: None,
        failure_reason: None,
        failure_description: None,
        transaction_id: None,
        external_id: None,
        history: Vec::new(),
    }
}

/// The flows that the documents describe.
const FLOWS: [&[ChargeState]; 13] = [
    &[Pending, Due, Charged],
    &[Pending, Due, Failed],
    &[Pending, Due, Processing, Due, Processing, Charged],
    &[Pending, Charged],
    &[Pending, Refunded],
    &[Pending, Processing, Charged],
    &[Pending, Processing, Reserved, Charged],
    &[Due, Reserved, PartiallyCaptured, Charged, PartiallyRefunded, Refunded],
    &[Due, Reserved, PartiallyCaptured, PartiallyRefunded],
    &[Pending, Cancelled],
    &[Due, Cancelled],
    &[Reserved, Cancelled],
    &[Charged, PartiallyRefunded, PartiallyRefunded, Refunded],
];

#[test]
fn every_flow_that_the_documents_name_is_possible() {
    for flow in FLOWS {
        for pair in flow.windows(2) {
            assert!(can_become(pair[0], pair[1]), "{:?} to {:?}", pair[0], pair[1]);
        }
    }
}

#[test]
fn nothing_goes_back_and_final_states_stay() {
    let rank = |state: ChargeState| match state {
        Pending => 0,
        Due | Processing => 1,
        Reserved => 2,
        PartiallyCaptured => 3,
        Charged => 4,
        PartiallyRefunded => 5,
        Refunded | Failed | Cancelled => 6,
    };
    for &from in ChargeState::ALL {
        for &to in ChargeState::ALL {
            let forwards = from == to || rank(from) < rank(to) || (rank(from) == 1 && rank(to) == 1);
            assert!(forwards || !can_become(from, to), "{from:?} to {to:?}");
        }
        assert_eq!(from.is_final(), matches!(from, Refunded | Failed | Cancelled));
    }
    // Money that was taken is not cancelled, and money that was reserved does not fail.
    for (from, to) in [(Charged, Cancelled), (PartiallyCaptured, Cancelled), (Reserved, Failed), (Charged, Failed)] {
        assert!(!can_become(from, to), "{from:?} to {to:?}");
    }
}

#[test]
fn words_of_both_versions_are_read() {
    for &state in ChargeState::ALL {
        assert_eq!(Told::from_upstream(Some(state.upstream())), Told::Known(state));
        assert!(!state.label().is_empty() && state.meaning().ends_with('.'));
        // What the first version says of a state is that state or an earlier one, or a later one of the same flow.
        let Told::Known(of_v1) = Told::<ChargeState>::from_upstream(Some(state.word_of_v1())) else { panic!() };
        assert!(can_become(of_v1, state) || can_become(state, of_v1), "{state:?}");
    }
    let six: std::collections::BTreeSet<&str> = ChargeState::ALL.iter().map(|state| state.word_of_v1()).collect();
    assert_eq!(six.into_iter().collect::<Vec<_>>(), ["CANCELLED", "CHARGED", "DUE", "FAILED", "PENDING", "REFUNDED"]);
    for (word, state) in [("Pending", Pending), ("Due", Due), ("Charged", Charged), ("CANCELED", Cancelled)] {
        assert_eq!(Told::from_upstream(Some(word)), Told::Known(state));
    }
    assert_eq!(Told::<ChargeState>::from_upstream(Some("UNKNOWN")), Told::Nothing);
    assert_eq!(charge("ON_HOLD", None).state.label(), "ON_HOLD");
}

#[test]
fn each_state_allows_what_the_documents_say() {
    let sums = |captured, refunded| Some(Sums { captured, refunded, cancelled: 0 });
    let cases = [
        (charge("PENDING", sums(0, 0)), true, false, false),
        (charge("DUE", sums(0, 0)), true, false, false),
        (charge("PROCESSING", sums(0, 0)), false, false, false),
        (charge("RESERVED", sums(0, 0)), true, true, false),
        (charge("PARTIALLY_CAPTURED", sums(4_000, 0)), true, true, true),
        (charge("CHARGED", sums(10_000, 0)), false, false, true),
        (charge("PARTIALLY_REFUNDED", sums(10_000, 1_000)), false, false, true),
        (charge("REFUNDED", sums(10_000, 10_000)), false, false, false),
        (charge("FAILED", sums(0, 0)), false, false, false),
        (charge("CANCELLED", sums(0, 0)), false, false, false),
        (charge("ON_HOLD", sums(0, 0)), false, false, false),
        (charge("", sums(0, 0)), false, false, false),
    ];
    for (charge, cancel, capture, refund) in cases {
        let actions =
            [(ChargeAction::Cancel, cancel), (ChargeAction::Capture(1), capture), (ChargeAction::Refund(1), refund)];
        for (action, allowed) in actions {
            let may = charge.may(action, RecurringVersion::V3, NOON);
            assert_eq!(may.is_ok(), allowed, "{action:?} of {}", charge.state.label());
            assert!(may.err().is_none_or(|reason| reason.len() > 10 && reason.ends_with('.')));
        }
    }
}

#[test]
fn amounts_are_checked_against_what_is_there() {
    let v3 = RecurringVersion::V3;
    let partly = charge("PARTIALLY_CAPTURED", Some(Sums { captured: 6_000, refunded: 1_000, cancelled: 500 }));
    assert_eq!((partly.capturable(), partly.refundable()), (3_500, 5_000));
    assert_eq!(partly.may(ChargeAction::Capture(3_500), v3, NOON), Ok(()));
    let too_much = partly.may(ChargeAction::Capture(3_501), v3, NOON).unwrap_err();
    assert_eq!(too_much, "Only NOK\u{a0}35.00 is reserved.");
    assert_eq!(partly.may(ChargeAction::Refund(5_000), v3, NOON), Ok(()));
    assert_eq!(partly.may(ChargeAction::Refund(5_001), v3, NOON).unwrap_err(), "Only NOK\u{a0}50.00 is captured.");
    for nothing in [0, -1, i64::MIN] {
        assert!(partly.may(ChargeAction::Refund(nothing), v3, NOON).is_err());
    }
}

#[test]
fn old_money_moves_no_more() {
    let happened = |what: &str, days: i64| ChargeEvent {
        at: NOON - Duration::days(days),
        what: what.to_owned(),
        amount: 10_000,
        success: true,
    };
    let reserved =
        |days| Charge { history: vec![happened("RESERVE", days)], ..charge("RESERVED", Some(Sums::default())) };
    let capture = |days| reserved(days).may(ChargeAction::Capture(1), RecurringVersion::V3, NOON);
    assert!(capture(180).is_ok());
    assert!(capture(181).unwrap_err().contains("180 days"));
    let charged = |days| Charge { history: vec![happened("CAPTURE", days)], ..charge("CHARGED", None) };
    let refund = |days| charged(days).may(ChargeAction::Refund(1), RecurringVersion::V3, NOON);
    assert!(refund(365).is_ok());
    assert!(refund(366).unwrap_err().contains("365 days"));
}

#[test]
fn the_first_version_refunds_whole_charges_and_captures_nothing() {
    let v1 = RecurringVersion::V1;
    let charged = charge("CHARGED", None);
    assert_eq!(charged.may(ChargeAction::Refund(10_000), v1, NOON), Ok(()));
    assert!(charged.may(ChargeAction::Refund(9_999), v1, NOON).unwrap_err().contains("whole"));
    assert!(charged.may(ChargeAction::Capture(1), v1, NOON).unwrap_err().contains("first version"));
    assert_eq!(charge("REFUNDED", None).refundable(), 0);
    assert_eq!(charge("DUE", None).sums(), Sums::default());
}

#[test]
fn kinds_and_transaction_types_are_known_and_new_ones_kept() {
    for (word, kind) in
        [("INITIAL", ChargeKind::Initial), ("ONEOFF", ChargeKind::Initial), ("RECURRING", ChargeKind::Recurring)]
    {
        assert_eq!(ChargeKind::from_upstream(Some(word)), kind);
    }
    assert_eq!(ChargeKind::from_upstream(Some("TIP")).label(), "TIP");
    assert_eq!(ChargeKind::from_upstream(None), ChargeKind::Unknown);
    assert_eq!(TransactionType::from_upstream("RESERVE_CAPTURE"), Some(TransactionType::Reserve));
    assert_eq!(TransactionType::from_upstream("LATER"), None);
}
