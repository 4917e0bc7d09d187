-- What other systems ask the portal for: the registry of organisations as a REST API, and the tokens
-- that they show.

-- A bearer token. Without a person and without an organisation it is the instance's own.
create table api_token (
    id uuid primary key,
    -- SHA-256 of the token: a copy of this table opens nothing.
    token_hash bytea not null unique,
    -- Its last characters, to be recognised by.
    ending text not null,
    name text not null check (length(name) between 1 and 100),
    scope text not null check (scope in ('read', 'write')),
    staff_id uuid references staff (id) on delete cascade,
    organisation_id text references organisation (id) on delete cascade,
    created_by_email text,
    created_at timestamptz not null default now(),
    expires_at timestamptz,
    last_used_at timestamptz,
    revoked_at timestamptz,
    check (staff_id is null or organisation_id is null)
);
create index on api_token (staff_id) where staff_id is not null;
create index on api_token (organisation_id) where organisation_id is not null;

-- Switched off, nothing is fetched or changed upstream.
alter table organisation add column vipps_enabled boolean not null default true;
alter table organisation add column environment text not null default 'production'
    check (environment in ('production', 'test'));
alter table organisation add column redirect_uri text;
alter table organisation add column scopes text[] not null default '{}';
-- Removed from the registry: for everybody it does not exist any more, and its id is not given again.
alter table organisation add column deleted_at timestamptz;
-- Whether anything is fetched or changed upstream with its keys. In the test environment there is no
-- Management API, unless the organisation names an upstream of its own.
alter table organisation add column asks_upstream boolean not null generated always as (
    client_id is not null and vipps_enabled and deleted_at is null
    and (environment = 'production' or upstream_url is not null)) stored;
