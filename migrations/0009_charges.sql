-- The charges of recurring agreements, what an agreement's list shows of them, which version of the Recurring API an
-- organisation's upstream speaks, and what is changed from here.
--
-- As everywhere, the organisation comes first in every key, and row-level security stands behind the first argument of
-- every function of the store.

alter table organisation
    -- Found out by asking; null as long as it is not known, or there is none.
    add column recurring_spoken text check (recurring_spoken in ('v1', 'v3')),
    add column recurring_asked_at timestamptz,
    -- Chosen by an admin; null: whatever was found out.
    add column recurring_chosen text check (recurring_chosen in ('v1', 'v3'));

alter table agreement
    -- Where the customer approves it, as long as that is possible.
    add column confirmation_url text,
    -- When its charges were last fetched, and when that failed for this one.
    add column charges_at timestamptz,
    add column charges_failed_at timestamptz,
    -- Of its charges: the next one that comes, and the last one that came or failed. Amounts are minor units.
    add column next_due_on date,
    add column next_amount bigint,
    add column last_on date,
    add column last_amount bigint,
    add column last_state text;
create index on agreement (organisation_id, charges_at nulls first);

create table charge (
    organisation_id text not null,
    agreement_id text not null,
    id text not null,
    -- Only a state that upstream's documents name, in today's word; null as long as none was told.
    state text check (state in ('PENDING', 'DUE', 'PROCESSING', 'RESERVED', 'CHARGED', 'PARTIALLY_CAPTURED',
                                'PARTIALLY_REFUNDED', 'REFUNDED', 'FAILED', 'CANCELLED')),
    -- Upstream's newest word where it is not known or cannot come after the state.
    contradiction text,
    -- When upstream was asked for the state.
    state_as_of timestamptz not null,
    -- Minor units.
    amount bigint not null,
    currency text,
    description text not null,
    due_on date,
    kind text,
    transaction_type text,
    -- Minor units; null where upstream tells no sums.
    captured bigint,
    refunded bigint,
    cancelled bigint,
    retry_days integer,
    failure_reason text,
    failure_description text,
    transaction_id text,
    external_id text,
    history json not null,
    -- The day on which it failed for good; null unless it has.
    failed_on date,
    raw text not null,
    first_seen_at timestamptz not null,
    seen_at timestamptz not null,
    -- Set when upstream does not show it any more.
    gone_at timestamptz,
    primary key (organisation_id, agreement_id, id),
    foreign key (organisation_id, agreement_id) references agreement (organisation_id, id) on delete cascade
);
-- Where subscriptions fail, the latest first.
create index charge_failed on charge (organisation_id, failed_on, failure_reason) where failed_on is not null;

alter table charge enable row level security;
alter table charge force row level security;
create policy acting on charge using (organisation_id = current_setting('portal.organisation', true));

-- What people change about agreements and charges from here: kept before it is sent, so that it is sent once.
create table agreement_change (
    organisation_id text not null references organisation (id) on delete cascade,
    -- Made with the form; upstream's idempotency key as well.
    key uuid not null,
    what text not null check (what in ('draft', 'stop', 'charge', 'cancel', 'capture', 'refund')),
    -- Null for a draft that has not become an agreement.
    agreement_id text,
    charge_id text,
    -- Minor units.
    amount bigint,
    currency text,
    -- What was asked for, as long as it may have to be sent again.
    request json,
    by_email text not null,
    begun_at timestamptz not null,
    -- Null while it is under way.
    outcome text check (outcome in ('done', 'refused', 'unknown', 'not-reached')),
    -- Upstream's words, where it refused.
    said text,
    finished_at timestamptz,
    primary key (organisation_id, key)
);
create index on agreement_change (organisation_id, agreement_id, begun_at);

alter table agreement_change enable row level security;
alter table agreement_change force row level security;
create policy acting on agreement_change using (organisation_id = current_setting('portal.organisation', true));
