-- How the calls to upstream go: counted by the portal for every call of its own, and as upstream tells it where it
-- has such an endpoint.
--
-- As everywhere, the organisation comes first in the key, and row-level security stands behind the first argument of
-- every function of the store. A merchant that is served from a partner's copy sees what was called about its own
-- sales units, and nothing else.

alter table organisation
    -- From which share of failing calls within a day the overview warns, and from how many calls.
    add column api_failing_percent smallint not null default 5 check (api_failing_percent between 1 and 100),
    add column api_failing_calls integer not null default 20 check (api_failing_calls between 1 and 1000000),
    -- The hour that the sales units' windows end with; null as long as nothing was called.
    add column api_counted_hour timestamptz;

-- Adds counts place by place. One that is longer has places which the other does not know yet.
create function added_counts(one int[], other int[]) returns int[]
    language sql immutable parallel safe
    return (
        select array_agg(coalesce(a, 0) + coalesce(b, 0) order by place)
        from unnest(one, other) with ordinality as counts (a, b, place));

-- Calls within an hour or a UTC day. Every call counts in four rows of each step: with and without its sales unit,
-- with and without its endpoint; so no page adds up more than it shows.
create table api_call (
    organisation_id text not null references organisation (id) on delete cascade,
    step text not null check (step in ('hour', 'day')),
    -- Empty: those about any sales unit, and about none.
    msn text not null,
    begins_at timestamptz not null,
    -- Method and path, with names for its variable parts. Empty: all of them.
    endpoint text not null,
    requests integer not null,
    failed integer not null,
    -- How many ended how, and how many took how long, in the order of the portal's own lists of both. Places are
    -- only ever added at the end.
    outcomes integer[] not null,
    latency integer[] not null,
    primary key (organisation_id, step, msn, begins_at, endpoint)
) with (fillfactor = 80);
create index on api_call (organisation_id, step, begins_at, endpoint);

-- What a sales unit's calls come to over each of the times that can be chosen: so the worst of many are found
-- without adding up all of them. Every call is added to all four, and taken out of each when its hour or day is left
-- behind.
create table api_unit_window (
    organisation_id text not null references organisation (id) on delete cascade,
    span text not null,
    msn text not null,
    requests integer not null,
    failed integer not null,
    failed_per_million integer not null generated always as ((failed::bigint * 1000000 / requests)::integer) stored,
    primary key (organisation_id, span, msn),
    check (requests > 0)
);
create index on api_unit_window (organisation_id, span, failed_per_million desc, failed desc, msn);

-- What upstream tells of a sales unit's calls, whoever made them.
create table told_api_quality (
    organisation_id text not null references organisation (id) on delete cascade,
    msn text not null,
    endpoints json not null,
    requests bigint not null,
    failed bigint not null,
    failed_per_million integer not null,
    told_at timestamptz not null,
    primary key (organisation_id, msn)
);
create index on told_api_quality (organisation_id, failed_per_million desc, failed desc, msn);

alter table sales_unit
    add column api_quality_at timestamptz,
    add column api_quality_failed_at timestamptz;
create index on sales_unit (organisation_id, api_quality_at nulls first) where gone_at is null;

alter table api_call enable row level security;
alter table api_call force row level security;
create policy acting on api_call using (
    organisation_id = (
        select coalesce(o.partner_id, o.id) from organisation o
        where o.id = current_setting('portal.organisation', true))
    and (
        (select o.partner_id is null from organisation o where o.id = current_setting('portal.organisation', true))
        -- Of the partner's units these are the merchant's own.
        or exists (
            select from sales_unit u
            where u.organisation_id = api_call.organisation_id and u.msn = api_call.msn))
);

alter table api_unit_window enable row level security;
alter table api_unit_window force row level security;
create policy acting on api_unit_window using (
    organisation_id = (
        select coalesce(o.partner_id, o.id) from organisation o
        where o.id = current_setting('portal.organisation', true))
    and (
        (select o.partner_id is null from organisation o where o.id = current_setting('portal.organisation', true))
        or exists (
            select from sales_unit u
            where u.organisation_id = api_unit_window.organisation_id and u.msn = api_unit_window.msn))
);

alter table told_api_quality enable row level security;
alter table told_api_quality force row level security;
create policy acting on told_api_quality using (
    organisation_id = (
        select coalesce(o.partner_id, o.id) from organisation o
        where o.id = current_setting('portal.organisation', true))
    and (
        (select o.partner_id is null from organisation o where o.id = current_setting('portal.organisation', true))
        or exists (
            select from sales_unit u
            where u.organisation_id = told_api_quality.organisation_id and u.msn = told_api_quality.msn))
);
