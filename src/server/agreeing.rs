//! Changing agreements and charges upstream: each change once, however often it is asked for and wherever an answer
//! gets lost.
//!
//! A change is stored before the call, under the key of the form that it comes from, which is upstream's idempotency key
//! as well. Once the call is made it goes on to its end, whether or not the browser waits; then the agreement is fetched
//! again, so that pages show what upstream shows.

use time::OffsetDateTime;
use uuid::Uuid;

use super::Portal;
use super::ordering::{failure, refusal_text};
use super::store::charges::ListedCharges;
use super::store::keys::Api;
use super::store::{Scope, unavailable};
use super::vipps::{Client, Drafted, Error, Recurring};
use crate::domain::agreement::change::{Change, ChangeOutcome};
use crate::domain::agreement::draft::Draft;
use crate::domain::agreement::{Agreement, AgreementState};
use crate::domain::failure::Failure;
use crate::domain::money::Currency;
use crate::domain::phone_number::PhoneNumber;
use crate::domain::standing::Told;

/// Makes a change, unless one with this key has been made or is being made. `agreement_id` is none for a draft. How it
/// went is kept with the change.
pub async fn change(
    portal: &Portal,
    scope: &Scope,
    key: Uuid,
    agreement_id: Option<&str>,
    change: Change,
    currency: Option<&Currency>,
    by: &str,
) -> Result<(), Failure> {
    let client = portal.client_for_people_of(&scope.copy, Api::Recurring).await?;
    let mut tenant = portal.store().tenant(scope).await.map_err(unavailable)?;
    let now = OffsetDateTime::now_utc();
    let begun = tenant.begin_agreement_change(key, agreement_id, &change, currency, by, now).await;
    let begun = begun.map_err(unavailable)?;
    tenant.commit().await.map_err(unavailable)?;
    if begun { to_the_end(portal, scope, client, key, agreement_id.map(str::to_owned), change).await } else { Ok(()) }
}

/// Makes a change once more of which it is not known whether it has arrived, under the same key. Nothing happens if it
/// is known.
pub async fn change_again(portal: &Portal, scope: &Scope, key: Uuid) -> Result<(), Failure> {
    let client = portal.client_for_people_of(&scope.copy, Api::Recurring).await?;
    let mut tenant = portal.store().tenant(scope).await.map_err(unavailable)?;
    let begun = tenant.begin_agreement_change_again(key, OffsetDateTime::now_utc()).await.map_err(unavailable)?;
    tenant.commit().await.map_err(unavailable)?;
    match begun {
        Some((agreement_id, change)) => to_the_end(portal, scope, client, key, agreement_id, change).await,
        None => Ok(()),
    }
}

/// Asks upstream for one agreement and its charges now.
pub async fn refresh(portal: &Portal, scope: &Scope, agreement_id: &str) -> Result<(), Failure> {
    let client = portal.client_for_people_of(&scope.copy, Api::Recurring).await?;
    let recurring = recurring(portal, scope, &client).await?;
    fetch(portal, scope, &recurring, agreement_id).await
}

async fn fetch(portal: &Portal, scope: &Scope, recurring: &Recurring, agreement_id: &str) -> Result<(), Failure> {
    let asked_at = OffsetDateTime::now_utc();
    let agreement = recurring.agreement(agreement_id).await.map_err(|error| failure(&error))?;
    let charges = recurring.charges(agreement_id).await.map_err(|error| failure(&error))?;
    let charges = charges.into_iter().map(|answer| (answer.value, answer.raw)).collect();
    let listed = ListedCharges { agreement_id: agreement_id.to_owned(), charges, asked_at };
    let mut tenant = portal.store().tenant(scope).await.map_err(unavailable)?;
    let now = OffsetDateTime::now_utc();
    tenant.save_agreements(&[(agreement.value, agreement.raw)], asked_at, now).await.map_err(unavailable)?;
    tenant.save_charges(&[listed], now).await.map_err(unavailable)?;
    tenant.commit().await.map_err(unavailable)
}

/// Calls in the version that the organisation speaks; if that is not known yet, upstream is asked.
async fn recurring(portal: &Portal, scope: &Scope, client: &Client) -> Result<Recurring, Failure> {
    let known = portal.store().tenant(scope).await.map_err(unavailable)?.recurring_version().await;
    let version = match known.map_err(unavailable)? {
        Some(version) => version,
        None => {
            let spoken = client.recurring_version(None).await.map_err(|error| failure(&error))?;
            let spoken = spoken.ok_or(Failure::UpstreamSilent)?;
            let mut tenant = portal.store().tenant(scope).await.map_err(unavailable)?;
            tenant.note_recurring_version(Some(spoken), OffsetDateTime::now_utc()).await.map_err(unavailable)?;
            tenant.commit().await.map_err(unavailable)?;
            spoken
        }
    };
    Ok(client.recurring(version, None))
}

/// What a change has made.
#[derive(Default)]
struct Made {
    drafted: Option<Drafted>,
    charge_id: Option<String>,
}

/// Calls upstream and notes what came of it, in a task of its own.
async fn to_the_end(
    portal: &Portal,
    scope: &Scope,
    client: Client,
    key: Uuid,
    agreement_id: Option<String>,
    change: Change,
) -> Result<(), Failure> {
    let (portal, scope) = (portal.clone(), scope.clone());
    let making = tokio::spawn(async move {
        let kind = change.kind();
        let recurring = recurring(&portal, &scope, &client).await;
        let made = match &recurring {
            Ok(recurring) => make(&portal, &scope, recurring, key, agreement_id.as_deref(), &change).await?,
            Err(_) => (None, ChangeOutcome::NotReached),
        };
        let (made, outcome) = made;
        let Made { drafted, charge_id } = made.unwrap_or_default();
        let agreement_id = drafted.as_ref().map(|drafted| drafted.agreement_id.clone()).or(agreement_id);
        let charge_id = charge_id.or_else(|| change.charge().map(str::to_owned));
        if let (Ok(recurring), Some(agreement_id)) = (&recurring, &agreement_id)
            && outcome != ChangeOutcome::NotReached
        {
            // The page says how old its copy is, should this fail.
            let fetched = fetch(&portal, &scope, recurring, agreement_id).await;
            if let (Some(drafted), Change::Draft(draft)) = (&drafted, &change) {
                keep_drafted(&portal, &scope, drafted, draft, fetched.is_ok()).await?;
            }
        }
        let mut tenant = portal.store().tenant(&scope).await.map_err(unavailable)?;
        let now = OffsetDateTime::now_utc();
        let (agreement, charge) = (agreement_id.as_deref(), charge_id.as_deref());
        tenant.finish_agreement_change(key, agreement, charge, &outcome, now).await.map_err(unavailable)?;
        tenant.commit().await.map_err(unavailable)?;
        tracing::info!(organisation = %scope.copy, %key, change = kind.word(), agreement, ?outcome, "an agreement was to be changed");
        Ok(())
    });
    making.await.unwrap_or(Err(Failure::Unavailable))
}

/// Sends it, and says what came of it.
async fn make(
    portal: &Portal,
    scope: &Scope,
    recurring: &Recurring,
    key: Uuid,
    agreement_id: Option<&str>,
    change: &Change,
) -> Result<(Option<Made>, ChangeOutcome), Failure> {
    Ok(match send(portal, scope, recurring, &key.to_string(), agreement_id, change).await? {
        Ok(made) => (Some(made), ChangeOutcome::Done),
        Err(error) if error.leaves_outcome_open() => {
            tracing::warn!(%error, %key, "whether a change of an agreement was made is not known");
            (None, ChangeOutcome::Unknown)
        }
        Err(Error::Unsendable { reason }) => (None, ChangeOutcome::Refused(reason.to_string())),
        Err(error) if error.problem().is_some_and(|problem| problem.status < 500) && !error.is_transient() => {
            tracing::info!(%error, %key, "a change of an agreement was refused");
            (None, ChangeOutcome::Refused(said(&error)))
        }
        Err(error) => {
            tracing::warn!(%error, %key, "a change of an agreement could not be sent");
            (None, ChangeOutcome::NotReached)
        }
    })
}

async fn send(
    portal: &Portal,
    scope: &Scope,
    recurring: &Recurring,
    key: &str,
    agreement_id: Option<&str>,
    change: &Change,
) -> Result<Result<Made, Error>, Failure> {
    if let Change::Draft(draft) = change {
        let drafted = recurring.draft(key, draft).await;
        return Ok(drafted.map(|drafted| Made { charge_id: drafted.charge_id.clone(), drafted: Some(drafted) }));
    }
    let id = agreement_id.ok_or(Failure::NotFound)?;
    let mut tenant = portal.store().tenant(scope).await.map_err(unavailable)?;
    let agreement = tenant.agreement(id).await.map_err(unavailable)?.ok_or(Failure::NotFound)?.agreement;
    let charge = match change.charge() {
        Some(charge) => Some(tenant.charge(id, charge).await.map_err(unavailable)?.ok_or(Failure::NotFound)?.charge),
        None => None,
    };
    drop(tenant);
    let nothing = |()| Made::default();
    Ok(match (change, charge) {
        (Change::Stop { by }, _) => recurring.stop(key, &agreement, *by).await.map(nothing),
        (Change::Charge(new), _) => {
            let created = recurring.create_charge(key, &agreement, new).await;
            created.map(|charge_id| Made { charge_id, drafted: None })
        }
        (Change::Cancel { charge }, _) => recurring.cancel(key, id, charge).await.map(nothing),
        (Change::Capture { charge, amount }, _) => recurring.capture(key, id, charge, *amount).await.map(nothing),
        (Change::Refund { amount, why, .. }, Some(charge)) => {
            recurring.refund(key, &charge, id, *amount, why).await.map(nothing)
        }
        (Change::Draft(_) | Change::Refund { .. }, _) => return Err(Failure::NotFound),
    })
}

/// All of upstream's reasons, in one line.
fn said(error: &Error) -> String {
    let faults = error.problem().map(super::vipps::Problem::faults).unwrap_or_default();
    let lines: Vec<String> = faults
        .into_iter()
        .map(|(field, reason)| if field.is_empty() { reason } else { format!("{field}: {reason}") })
        .collect();
    if lines.is_empty() { refusal_text(error) } else { lines.join("; ") }
}

/// What only who drafted it knows: the phone number, and the link where upstream does not repeat it. If it could not be
/// fetched it is kept as it was asked for.
async fn keep_drafted(
    portal: &Portal,
    scope: &Scope,
    drafted: &Drafted,
    draft: &Draft,
    fetched: bool,
) -> Result<(), Failure> {
    let mut tenant = portal.store().tenant(scope).await.map_err(unavailable)?;
    if !fetched {
        let now = OffsetDateTime::now_utc();
        let agreement = as_drafted(drafted, draft, now);
        tenant.save_agreements(&[(agreement, "{}".to_owned())], now, now).await.map_err(unavailable)?;
    }
    let phone_number = draft.phone_number.as_ref().map(PhoneNumber::full);
    tenant.note_drafted(&drafted.agreement_id, phone_number, &drafted.url).await.map_err(unavailable)?;
    tenant.commit().await.map_err(unavailable)
}

fn as_drafted(drafted: &Drafted, draft: &Draft, now: OffsetDateTime) -> Agreement {
    Agreement {
        id: drafted.agreement_id.clone(),
        msn: None,
        state: Told::Known(AgreementState::Pending),
        stopped_by: None,
        product_name: draft.product_name.clone(),
        product_description: draft.product_description.clone(),
        pricing: draft.pricing.clone(),
        interval: draft.interval,
        campaign: None,
        created: Some(now),
        start: None,
        stop: None,
        phone_number: draft.phone_number.clone(),
        external_id: draft.external_id.clone(),
        confirmation_url: Some(drafted.url.clone()),
        merchant_url: draft.merchant_url.clone(),
    }
}
