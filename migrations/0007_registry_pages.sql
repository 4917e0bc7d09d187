-- What came of checking an organisation's keys when that was last done, for the pages of the registry.
-- Like the registry itself it is nobody's copy: only those who decide about the registry see it.
create table key_check (
    organisation_id text primary key references organisation (id) on delete cascade,
    begun_at timestamptz not null,
    -- None while it is under way.
    ended_at timestamptz,
    -- The organisation's updated_at when it was checked: changed since, the check says nothing of it.
    checked_as_of timestamptz not null,
    -- Each a domain::key_check::Step, in their order.
    steps json not null default '[]'
);
