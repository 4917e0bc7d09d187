-- The Recurring API exists in the test environment too; the Management API does not.
alter table organisation rename column asks_upstream to asks_management;
-- Whether agreements and charges are fetched or changed upstream.
alter table organisation add column asks_recurring boolean not null generated always as (
    client_id is not null and vipps_enabled and deleted_at is null) stored;

-- Whether upstream is asked for a resource with the organisation's keys.
create function asks_for(organisation, resource text) returns boolean language sql immutable
return case when $2 in ('agreements', 'charges') then $1.asks_recurring else $1.asks_management end;

-- What was asked for and may have to be sent again, the oldest first.
create index on agreement_change (organisation_id, begun_at) where request is not null;
