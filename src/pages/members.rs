//! The members of an organisation, and how one becomes a member.

use leptos::either::Either;
use leptos::prelude::*;

use super::frame::{ActingFrame, Place};
use super::not_found::{Failed, NotFoundPage};
use super::{acting, loaded, parameter, query, refused, set_status};
use crate::components::form::{Field, Input};
use crate::components::{Ago, Badge, Copy, Icon, Tone};
use crate::domain::failure::Failure;
use crate::domain::member::{Member, MemberFault, Person};
use crate::domain::organisation::{OrgId, Role};
use crate::paths;
use crate::server::acting::Acting;

/// Longest user ID that is repeated to whoever typed it.
const LONGEST_TYPED: usize = 100;

/// A change of the members that was refused, with what was typed.
#[derive(Clone, Debug)]
pub struct RefusedMember {
    pub person: String,
    pub role: String,
    pub fault: MemberFault,
}

/// How far adding somebody has come.
enum Adding {
    Asking { typed: String, fault: Option<MemberFault> },
    Found { person: Person, role: String, fault: Option<MemberFault> },
}

#[component]
pub fn MembersPage() -> impl IntoView {
    let Some(acting) = acting() else { return Either::Left(NotFoundPage()) };
    let query = query();
    let (typed, did) = (parameter(&query, "person"), parameter(&query, "did"));
    let refused = refused::<RefusedMember>();
    Either::Right(loaded(async move {
        let found = load(&acting, typed, refused).await;
        view! {
            <ActingFrame acting=acting.clone() place=Place::Members title="Members">
                {match found {
                    Ok((members, adding)) => Either::Left(page(&acting, members, adding, did.as_deref())),
                    Err(failure) => Either::Right(view! { <Failed failure/> }),
                }}
            </ActingFrame>
        }
    }))
}

async fn load(
    acting: &Acting,
    typed: Option<String>,
    refused: Option<RefusedMember>,
) -> Result<(Vec<Member>, Option<Adding>), Failure> {
    let members = acting.members().await?;
    if acting.may(Role::Admin).is_err() {
        return Ok((members, None));
    }
    let (typed, role, fault) = match refused {
        Some(RefusedMember { person, role, fault }) => (Some(person), role, Some(fault)),
        None => (typed, Role::Viewer.as_str().to_owned(), None),
    };
    let shown: String = typed.unwrap_or_default().trim().chars().take(LONGEST_TYPED).collect();
    let adding = match fault {
        fault @ (None | Some(MemberFault::NoRole)) if !shown.is_empty() => match acting.find_person(&shown).await? {
            Ok(person) => Adding::Found { person, role, fault },
            Err(fault) => {
                set_status(status_of(&fault));
                Adding::Asking { typed: shown, fault: Some(fault) }
            }
        },
        fault => Adding::Asking { typed: shown, fault },
    };
    Ok((members, Some(adding)))
}

fn status_of(fault: &MemberFault) -> axum::http::StatusCode {
    match fault {
        MemberFault::TooOften => axum::http::StatusCode::TOO_MANY_REQUESTS,
        _ => axum::http::StatusCode::UNPROCESSABLE_ENTITY,
    }
}

fn page(acting: &Acting, members: Vec<Member>, adding: Option<Adding>, did: Option<&str>) -> impl IntoView + use<> {
    let organisation = &acting.organisation().id;
    let count = match members.len() {
        1 => "1 person may act as this organisation.".to_owned(),
        count => format!("{count} people may act as this organisation."),
    };
    let table = table(acting, &members);
    let adding = match adding {
        Some(Adding::Asking { typed, fault }) => asking(organisation, typed, fault).into_any(),
        Some(Adding::Found { person, role, fault }) => found(organisation, person, role, fault).into_any(),
        None => view! { <p class="hint">"Admins add and remove members, and change their roles."</p> }.into_any(),
    };
    view! {
        <header class="page-head">
            <h1>"Members"</h1>
            <p class="lead">{count}</p>
        </header>
        {outcome(did)}
        <div id="results">{table}</div>
        {adding}
        <dl class="roles">
            {Role::ALL.map(|role| view! { <div><dt>{role.label()}</dt><dd>{role.explanation()}</dd></div> }).collect_view()}
        </dl>
    }
}

/// What came of what was just done. The words in the address are ours; others say nothing.
fn outcome(did: Option<&str>) -> impl IntoView + use<> {
    let text = match did? {
        "added" => "Added. The person finds this organisation among their businesses from now on.",
        "changed" => "The role is changed; it holds from the person's next page on.",
        "removed" => "Removed. The person can no longer act as this organisation.",
        _ => return None,
    };
    Some(view! { <p class="notice good" role="status">{text}</p> })
}

fn table(acting: &Acting, members: &[Member]) -> impl IntoView + use<> {
    let admin = acting.may(Role::Admin).is_ok();
    let organisation = &acting.organisation().id;
    let rows = members.iter().map(|member| {
        let Member { staff, email, role, since, last_used_at, disabled } = member.clone();
        let id = staff.to_string();
        let own = staff == acting.staff_id();
        let label = if admin { "Change" } else { "Show" };
        let named = format!("{label} {email}");
        view! {
            <tr>
                <th scope="row">
                    <a href=paths::member(organisation, staff) data-row="">{email}</a>
                    {own.then(|| view! { <span class="pending">"you"</span> })}
                    {disabled.then(|| view! { <Badge tone=Tone::Bad text="Account disabled"/> })}
                </th>
                <td data-label="Role">{role.label()}</td>
                <td data-label="Since"><Ago then=since/></td>
                <td data-label="Last here">{last_used(last_used_at)}</td>
                <td data-label="User ID"><span class="user-id" title=id.clone()>{id.clone()}</span><Copy text=id what="user ID"/></td>
                <td data-label=""><a class="button" href=paths::member(organisation, staff) aria-label=named>{label}</a></td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    view! {
        <table class="list members">
            <caption class="hidden">"Members"</caption>
            <thead>
                <tr>
                    <th scope="col">"E-mail address"</th>
                    <th scope="col">"Role"</th>
                    <th scope="col">"Since"</th>
                    <th scope="col">"Last here"</th>
                    <th scope="col">"User ID"</th>
                    <th scope="col"><span class="hidden">"Actions"</span></th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
}

/// When somebody last acted as the organisation.
pub fn last_used(then: Option<time::OffsetDateTime>) -> impl IntoView {
    match then {
        Some(then) => Either::Left(view! { <Ago then/> }),
        None => Either::Right(view! { <span class="pending">"Never"</span> }),
    }
}

/// The role of a member, to choose.
#[component]
pub fn RoleField(
    role: String,
    fault: Option<String>,
    #[prop(optional_no_strip)] hint: Option<String>,
    #[prop(optional)] disabled: bool,
) -> impl IntoView {
    let options = Role::ALL.map(|role| (role.as_str().to_owned(), format!("{}: {}", role.label(), role.explanation())));
    let hint = hint.unwrap_or_default();
    view! { <Field name="role" label="Role" input=Input::Select(options.to_vec()) value=role hint fault required=true disabled/> }
}

fn asking(organisation: &OrgId, typed: String, fault: Option<MemberFault>) -> impl IntoView + use<> {
    view! {
        <section class="card adding">
            <h2>"Add a person"</h2>
            <form method="get" action=paths::members(organisation)>
                <Field name="person" label="User ID" value=typed required=true maxlength=Some(LONGEST_TYPED)
                    hint="The person finds it at the bottom of their profile and sends it to you. You see whose it is before they are added."
                    fault=fault.map(|fault| fault.to_string())/>
                <button type="submit"><Icon name="plus"/>"Find the person"</button>
            </form>
        </section>
    }
}

fn found(organisation: &OrgId, person: Person, role: String, fault: Option<MemberFault>) -> impl IntoView + use<> {
    let Person { staff, email } = person;
    let (path, list) = (paths::members(organisation), paths::members(organisation));
    view! {
        <section class="card adding">
            <h2>{format!("Add {email}")}</h2>
            <form method="post" action=path>
                <dl class="facts">
                    <div><dt>"E-mail address"</dt><dd>{email}</dd></div>
                    <div><dt>"User ID"</dt><dd class="numbers">{staff.to_string()}</dd></div>
                </dl>
                <input type="hidden" name="person" value=staff.to_string()/>
                <RoleField role fault=fault.map(|fault| fault.to_string())/>
                <div class="actions">
                    <button type="submit" class="primary">"Add as a member"</button>
                    <a class="button quiet" href=list>"Cancel"</a>
                </div>
            </form>
        </section>
    }
}
