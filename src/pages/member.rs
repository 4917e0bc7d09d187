//! One member of an organisation: who they are, their role, and the end of their membership.

use leptos::either::Either;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use uuid::Uuid;

use super::frame::{ActingFrame, Place};
use super::members::{RefusedMember, RoleField, last_used};
use super::not_found::{Failed, NotFoundPage};
use super::{acting, loaded, refused};
use crate::components::form::{Confirm, Disabled};
use crate::components::{Ago, Badge, Copy, Icon, Tone};
use crate::domain::failure::Failure;
use crate::domain::member::{Member, MemberFault, is_last_admin};
use crate::domain::organisation::Role;
use crate::paths;
use crate::server::acting::Acting;

#[component]
pub fn MemberPage() -> impl IntoView {
    let Some(acting) = acting() else { return Either::Left(NotFoundPage()) };
    let staff = use_params_map().read_untracked().get("person").and_then(|id| id.parse::<Uuid>().ok());
    let refused = refused::<RefusedMember>();
    Either::Right(loaded(async move {
        let found = load(&acting, staff).await;
        let title = found.as_ref().map_or_else(|_| "Not found".to_owned(), |(member, _)| member.email.clone());
        let list = paths::members(&acting.organisation().id);
        view! {
            <ActingFrame acting=acting.clone() place=Place::Members title>
                <nav aria-label="Breadcrumb" class="breadcrumb"><a href=list data-back=""><Icon name="previous"/>"Members"</a></nav>
                {match found {
                    Ok((member, last_admin)) => Either::Left(page(&acting, member, last_admin, refused)),
                    Err(failure) => Either::Right(view! { <Failed failure/> }),
                }}
            </ActingFrame>
        }
    }))
}

/// The member, and whether nobody else decides about the organisation.
async fn load(acting: &Acting, staff: Option<Uuid>) -> Result<(Member, bool), Failure> {
    let staff = staff.ok_or(Failure::NotFound)?;
    let members = acting.members().await?;
    let last_admin = is_last_admin(&members, staff);
    let member = members.into_iter().find(|member| member.staff == staff).ok_or(Failure::NotFound)?;
    Ok((member, last_admin))
}

fn page(acting: &Acting, member: Member, last_admin: bool, refused: Option<RefusedMember>) -> impl IntoView + use<> {
    let own = member.staff == acting.staff_id();
    let id = member.staff.to_string();
    let deeds = deeds(acting, &member, last_admin, refused);
    view! {
        <header class="page-head">
            <h1>{member.email.clone()}</h1>
            {own.then(|| view! { <p class="lead">"This is you."</p> })}
        </header>
        <div class="cards">
            <section class="card">
                <h2>"Member"</h2>
                <dl class="facts">
                    <div><dt>"E-mail address"</dt><dd>{member.email.clone()}<Copy text=member.email what="e-mail address"/></dd></div>
                    <div><dt>"User ID"</dt><dd class="numbers">{id.clone()}<Copy text=id what="user ID"/></dd></div>
                    <div><dt>"Role"</dt><dd>{format!("{}: {}", member.role.label(), member.role.explanation())}</dd></div>
                    <div><dt>"Member since"</dt><dd><Ago then=member.since/></dd></div>
                    <div><dt>"Last here"</dt><dd>{last_used(member.last_used_at)}</dd></div>
                    {member.disabled.then(|| view! {
                        <div><dt>"Account"</dt><dd><Badge tone=Tone::Bad text="Disabled: cannot sign in"/></dd></div>
                    })}
                </dl>
            </section>
            {deeds}
        </div>
    }
}

fn deeds(acting: &Acting, member: &Member, last_admin: bool, refused: Option<RefusedMember>) -> impl IntoView + use<> {
    if acting.may(Role::Admin).is_err() {
        let reason = "Only admins change the members of this organisation.";
        return view! { <section class="card"><h2>"Role"</h2><Disabled label="Change the role" reason/></section> }
            .into_any();
    }
    let organisation = &acting.organisation().id;
    let deed = |deed| paths::member_deed(organisation, member.staff, deed);
    let (typed, fault) = match refused {
        Some(RefusedMember { role, fault, .. }) => (role, Some(fault.to_string())),
        None => (String::new(), None),
    };
    let role = if typed.is_empty() || last_admin { member.role.as_str().to_owned() } else { typed };
    let stuck = last_admin.then(|| MemberFault::LastAdmin.to_string());
    let own = member.staff == acting.staff_id();
    let name = &acting.organisation().name;
    let explanation = if own {
        format!("You can no longer act as {name} yourself; only another admin can add you again.")
    } else {
        format!("From their next page on, they can no longer act as {name}. What they have done stays.")
    };
    view! {
        <section class="card adding">
            <h2>"Role"</h2>
            <form method="post" action=deed("role")>
                <RoleField role hint=stuck.clone().filter(|_| fault.is_none()) fault disabled=last_admin/>
                {(!last_admin).then(|| view! { <button type="submit">"Save the role"</button> })}
            </form>
        </section>
        <section class="card">
            <h2>"Membership"</h2>
            <Confirm label="Remove from this organisation" action=deed("remove") button="Remove this member" refused=stuck>
                <p>{explanation}</p>
            </Confirm>
        </section>
    }
    .into_any()
}
