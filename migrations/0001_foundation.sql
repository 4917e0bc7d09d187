-- Who may act as whom, the portal's copy of upstream, and the state of the sync.
-- Every table of the copy has the organisation first in its key, and row-level security behind
-- the first argument of every function of the store: the setting portal.organisation names whom
-- one acts as; without it, nothing of the copy is visible.

create table organisation (
    id text primary key check (id ~ '^[a-z0-9_-]{1,64}$'),
    kind text not null check (kind in ('partner', 'merchant')),
    name text not null check (length(name) between 1 and 200),
    business_scheme text,
    business_id text,
    -- A merchant without keys of its own is served from this partner's copy.
    partner_id text references organisation (id),
    upstream_url text,
    client_id text,
    client_secret_ref text,
    subscription_key_ref text,
    msn text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    check ((business_scheme is null) = (business_id is null)),
    check ((client_id is null) = (client_secret_ref is null)),
    check (partner_id is null or (kind = 'merchant' and business_id is not null and client_id is null))
);
create index on organisation (partner_id) where partner_id is not null;

create table staff (
    id uuid primary key,
    email text not null unique check (email = lower(email) and length(email) between 3 and 254),
    password_hash text not null,
    -- May see and change the registry of organisations.
    is_admin boolean not null default false,
    disabled_at timestamptz,
    created_at timestamptz not null default now()
);

create table membership (
    staff_id uuid not null references staff (id) on delete cascade,
    organisation_id text not null references organisation (id) on delete cascade,
    role text not null check (role in ('viewer', 'operator', 'admin')),
    last_used_at timestamptz,
    primary key (staff_id, organisation_id)
);
create index on membership (organisation_id);
create index on membership (staff_id, last_used_at desc) where last_used_at is not null;

create table session (
    -- SHA-256 of the cookie's value: a copy of this table signs nobody in.
    id_hash bytea primary key,
    staff_id uuid references staff (id) on delete cascade,
    record jsonb not null,
    user_agent text,
    created_at timestamptz not null default now(),
    last_seen_at timestamptz not null default now(),
    expires_at timestamptz not null
);
create index on session (staff_id);
create index on session (expires_at);

-- Failed sign-ins, by what they have in common (account and address, or account alone).
create table sign_in_throttle (
    subject_hash bytea primary key,
    failures integer not null,
    blocked_until timestamptz not null,
    updated_at timestamptz not null default now()
);

-- Browsers that have signed in before: they are let in while others are being throttled.
create table known_browser (
    token_hash bytea not null,
    staff_id uuid not null references staff (id) on delete cascade,
    created_at timestamptz not null default now(),
    primary key (token_hash, staff_id)
);
create index on known_browser (staff_id);

-- Secrets encrypted with the portal's secret key; the first byte names the key.
create table sealed_secret (
    name text primary key,
    sealed bytea not null,
    updated_at timestamptz not null default now()
);

-- Counts the changes of an organisation's copy, so that what is kept in memory knows its age.
create table copy (
    organisation_id text primary key references organisation (id) on delete cascade,
    version bigint not null default 0
);

create table sales_unit (
    organisation_id text not null references organisation (id) on delete cascade,
    msn text not null,
    name text,
    business_scheme text,
    business_id text,
    merchant_name text,
    capture_type text,
    payment_allowed boolean,
    recurring_allowed boolean,
    skip_landing_page_allowed boolean,
    partial_capture_allowed boolean,
    late_capture_allowed boolean,
    landing_page_phone_number_locked boolean,
    long_living_payment_allowed boolean,
    credit_card_payment_allowed boolean,
    -- Upstream's answer as it was, unknown fields included.
    raw json,
    version bigint not null,
    first_seen_at timestamptz not null default now(),
    details_at timestamptz,
    -- When a try for the details failed, so that one bad unit does not hold up the others.
    details_failed_at timestamptz,
    -- Set when upstream no longer shows the unit; last_seen_at says until when it did.
    gone_at timestamptz,
    last_seen_at timestamptz,
    primary key (organisation_id, msn)
);
create index on sales_unit (organisation_id, version);
create index on sales_unit (organisation_id, details_at nulls first) where gone_at is null;
create index on sales_unit (organisation_id, business_scheme, business_id);

create table merchant (
    organisation_id text not null references organisation (id) on delete cascade,
    scheme text not null,
    id text not null,
    -- Absent until the merchant has been fetched.
    name text,
    status text,
    country_code text,
    business_address json,
    post_address json,
    created_upstream_at timestamptz,
    updated_upstream_at timestamptz,
    raw json,
    fetched_at timestamptz,
    failed_at timestamptz,
    gone_at timestamptz,
    primary key (organisation_id, scheme, id)
);
create index on merchant (organisation_id, fetched_at nulls first);

-- One resource of one organisation: when it is due, who works on it, how far it has come.
create table sync_job (
    organisation_id text not null references organisation (id) on delete cascade,
    resource text not null,
    due_at timestamptz not null default now(),
    lease_until timestamptz,
    lease_holder uuid,
    started_at timestamptz,
    completed_at timestamptz,
    done bigint not null default 0,
    total bigint not null default 0,
    failing_since timestamptz,
    failure text,
    held text,
    primary key (organisation_id, resource)
);
create index on sync_job (due_at);

alter table sales_unit enable row level security;
alter table sales_unit force row level security;
create policy acting on sales_unit using (
    organisation_id = (
        select coalesce(o.partner_id, o.id) from organisation o
        where o.id = current_setting('portal.organisation', true))
    and (
        (select o.partner_id is null from organisation o where o.id = current_setting('portal.organisation', true))
        or (business_scheme, business_id) = (
            select o.business_scheme, o.business_id from organisation o
            where o.id = current_setting('portal.organisation', true)))
);

alter table merchant enable row level security;
alter table merchant force row level security;
create policy acting on merchant using (
    organisation_id = (
        select coalesce(o.partner_id, o.id) from organisation o
        where o.id = current_setting('portal.organisation', true))
    and (
        (select o.partner_id is null from organisation o where o.id = current_setting('portal.organisation', true))
        or (scheme, id) = (
            select o.business_scheme, o.business_id from organisation o
            where o.id = current_setting('portal.organisation', true)))
);
