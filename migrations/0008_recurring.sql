-- Recurring agreements: what a customer has agreed to pay a merchant again and again.
--
-- As everywhere, the organisation comes first in the key, and row-level security stands behind the first argument of
-- every function of the store. They are the merchant's alone: no partner sees them.

create table agreement (
    organisation_id text not null references organisation (id) on delete cascade,
    id text not null,
    msn text,
    -- Only a state that upstream's documents name, in today's word; null as long as none was told.
    state text check (state in ('PENDING', 'ACTIVE', 'STOPPED', 'EXPIRED')),
    -- Upstream's newest word where it is not known or cannot come after the state.
    contradiction text,
    -- When upstream was asked for the state.
    state_as_of timestamptz not null,
    stopped_by text,
    product_name text not null,
    product_description text,
    pricing json not null,
    charged_every json,
    campaign json,
    created_upstream_at timestamptz,
    started_at timestamptz,
    stopped_at timestamptz,
    -- Personal data: shown in part, and whole only on demand.
    phone_number text,
    external_id text,
    merchant_url text,
    raw text not null,
    version bigint not null,
    first_seen_at timestamptz not null default now(),
    seen_at timestamptz not null,
    -- Set when no list of upstream's shows it any more.
    gone_at timestamptz,
    primary key (organisation_id, id)
);
create index on agreement (organisation_id, version);
create index on agreement (organisation_id, seen_at) where gone_at is null;

alter table agreement enable row level security;
alter table agreement force row level security;
create policy acting on agreement using (organisation_id = current_setting('portal.organisation', true));
