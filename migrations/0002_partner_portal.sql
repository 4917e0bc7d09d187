-- Product orders, templates, price packages and webhook registrations, what the portal itself
-- knows of them, and what an organisation has chosen.
--
-- As in the first migration, the organisation comes first in every key, and row-level security
-- stands behind the first argument of every function of the store. All of this is the partner's
-- alone: a merchant that is served from a partner's copy sees none of it.

-- Which attempt was counted last: one that is turned away is not.
alter table sign_in_throttle add column counted uuid;

alter table organisation
    -- Where staff send feedback: a mail address or a web page.
    add column feedback_address text,
    -- Whether this upstream still takes the complianceData of older prefills.
    add column sends_compliance_data boolean not null default false;

alter table membership
    add column since timestamptz not null default now();

-- Which calls of older documents this upstream answers, as far as it has been probed. Read before
-- anybody acts as the organisation, like its jobs.
create table capability (
    organisation_id text not null references organisation (id) on delete cascade,
    proposal text not null,
    offered boolean not null,
    checked_at timestamptz not null,
    primary key (organisation_id, proposal)
);

-- What upstream says of the partner itself, where it does.
create table partner_profile (
    organisation_id text primary key references organisation (id) on delete cascade,
    partner_id text,
    name text not null,
    level text,
    contact_name text,
    contact_email text,
    status text,
    fetched_at timestamptz not null
);

alter table merchant
    add column version bigint not null default 0,
    add column first_seen_at timestamptz not null default now(),
    -- Addresses of the merchant's contracts, where upstream gives them.
    add column contracts text[],
    add column contracts_at timestamptz,
    add column contracts_failed_at timestamptz;
create index on merchant (organisation_id, version);

alter table sales_unit
    add column webhooks_at timestamptz,
    add column webhooks_failed_at timestamptz;
create index on sales_unit (organisation_id, webhooks_at nulls first) where gone_at is null;
create index on sales_unit (organisation_id, gone_at) where gone_at is not null;

create table price_package (
    organisation_id text not null references organisation (id) on delete cascade,
    id text not null,
    name text not null,
    description text not null,
    product_type text,
    market text,
    commission text,
    visible_in_signup_form boolean,
    raw json,
    first_seen_at timestamptz not null default now(),
    seen_at timestamptz not null,
    gone_at timestamptz,
    primary key (organisation_id, id)
);

-- Where no order tells a sales unit's price package, staff may note it.
create table noted_price_package (
    organisation_id text not null references organisation (id) on delete cascade,
    msn text not null,
    price_package_id text not null,
    noted_by uuid references staff (id) on delete set null,
    noted_by_email text not null,
    noted_at timestamptz not null default now(),
    primary key (organisation_id, msn)
);
create index on noted_price_package (organisation_id, price_package_id);

-- A picture that was checked, by the SHA-256 of its bytes.
create table logo (
    organisation_id text not null references organisation (id) on delete cascade,
    hash text not null check (hash ~ '^[0-9a-f]{64}$'),
    png bytea not null,
    uploaded_at timestamptz not null default now(),
    primary key (organisation_id, hash)
);

create table template (
    organisation_id text not null references organisation (id) on delete cascade,
    id uuid not null,
    name text not null check (length(name) between 1 and 80),
    welcome text not null default '',
    preset json not null,
    locked text[] not null default '{}',
    created_at timestamptz not null default now(),
    created_by_email text not null,
    updated_at timestamptz not null default now(),
    archived_at timestamptz,
    -- How often the public link was opened.
    opened bigint not null default 0,
    primary key (organisation_id, id)
);

-- The code in a public link, and what it opens. Whoever has the code may see the template's
-- form, so this table is not narrowed to an organisation; without a row, the link is withdrawn.
create table template_link (
    code text primary key check (length(code) >= 20),
    organisation_id text not null,
    template_id uuid not null,
    created_at timestamptz not null default now(),
    unique (organisation_id, template_id),
    foreign key (organisation_id, template_id) references template (organisation_id, id) on delete cascade
);

create table product_order (
    organisation_id text not null references organisation (id) on delete cascade,
    -- The portal's own: the idempotency key of an order that it sent, else upstream's id.
    id uuid not null,
    -- Upstream's productOrderId, once it is known.
    upstream_id uuid,
    kind text,
    product_type text,
    -- Upstream's word; none before upstream has shown the order.
    status text,
    status_at timestamptz not null,
    business_scheme text,
    business_id text,
    merchant_name text,
    sales_unit_name text,
    url text,
    msn text,

    -- How sending it went. Absent for orders that were not made here.
    --   sending  the call is under way, or the program ended in the middle of it
    --   sent     upstream has answered with the order's id and link
    --   unknown  no usable answer came: it may or may not exist upstream
    --   missing  upstream was asked and has no such order
    --   refused  upstream has said no; kept so that nothing that was typed is lost
    delivery text check (delivery in ('sending', 'sent', 'unknown', 'missing', 'refused')),
    -- Why it was refused: field and reason, in upstream's words.
    refusal json,
    -- When it was sent the last time; first_seen_at says when the first time.
    sent_at timestamptz,
    -- The earliest that upstream can have taken it: the merchant's 14 days are counted from then.
    begun_at timestamptz,
    -- Who sent it; the address is kept when the account is gone. None for a merchant's own
    -- order by way of a template.
    sent_by_email text,
    template_id uuid,
    -- The order that this one corrects.
    replaces uuid,
    price_package_id text,
    -- What was filled in, without its secrets.
    prefill json,
    -- The request byte for byte, encrypted; only until upstream has answered, and never longer than
    -- the order's link can live. Where there is one beside delivery 'sent', the order was found by
    -- looking.
    sealed_request bytea,
    deleted_at timestamptz,
    note text not null default '',
    -- Where it turned out that another row is the same order: that one has taken over.
    merged_into uuid,

    raw json,
    version bigint not null,
    first_seen_at timestamptz not null default now(),
    seen_at timestamptz,
    -- Set when upstream no longer shows the order.
    gone_at timestamptz,
    primary key (organisation_id, id)
);
create unique index on product_order (organisation_id, upstream_id);
create index on product_order (organisation_id, version);
create index on product_order (organisation_id, business_scheme, business_id);
create index on product_order (organisation_id, msn) where msn is not null;
create index on product_order (organisation_id, price_package_id) where price_package_id is not null;
create index on product_order (organisation_id, template_id) where template_id is not null;
create index on product_order (organisation_id, sent_at) where sealed_request is not null;
create index on product_order (organisation_id, status_at) where delivery = 'refused';
create index on product_order (organisation_id, (prefill ->> 'logo')) where prefill is not null;

-- What happened to an order, as the portal saw it.
create table product_order_event (
    organisation_id text not null,
    order_id uuid not null,
    id bigint generated always as identity,
    at timestamptz not null,
    -- A domain::product_order::Happening, by its word.
    what text not null,
    -- A status in upstream's word, or the order that replaced this one.
    detail text,
    by_email text,
    primary key (organisation_id, order_id, id),
    foreign key (organisation_id, order_id) references product_order (organisation_id, id) on delete cascade
);

create table webhook (
    organisation_id text not null references organisation (id) on delete cascade,
    id uuid not null,
    -- The sales unit it listens for; none if it listens for all of them.
    msn text,
    url text not null,
    events text[] not null,
    version bigint not null,
    first_seen_at timestamptz not null default now(),
    seen_at timestamptz not null,
    -- Set when upstream no longer shows the registration.
    gone_at timestamptz,
    registered_by_email text,
    deleted_by_email text,
    deleted_at timestamptz,
    primary key (organisation_id, id)
);
create index on webhook (organisation_id, version);
create index on webhook (organisation_id, url) where gone_at is null;
create index on webhook (organisation_id, msn) where msn is not null;
create index on webhook (organisation_id, gone_at) where gone_at is not null;

-- A form that was sent to register a webhook: sent twice, by a double click or by reloading its
-- answer, it registers once.
create table webhook_request (
    organisation_id text not null references organisation (id) on delete cascade,
    id uuid not null,
    sent_at timestamptz not null,
    -- What it has become, once upstream has answered.
    webhook_id uuid,
    primary key (organisation_id, id)
);

create index on merchant (organisation_id, contracts_at nulls first) where gone_at is null;

do $$
declare
    own text;
begin
    foreach own in array array[
        'partner_profile', 'price_package', 'noted_price_package', 'logo', 'template',
        'product_order', 'product_order_event', 'webhook', 'webhook_request']
    loop
        execute format('alter table %I enable row level security', own);
        execute format('alter table %I force row level security', own);
        execute format(
            $policy$create policy acting on %I using (organisation_id = current_setting('portal.organisation', true))$policy$,
            own);
    end loop;
end
$$;
