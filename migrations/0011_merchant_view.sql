-- What a merchant sees in the copy of the partner that serves it, and what the partner's people see when they view the
-- portal as one of its merchants.

-- A merchant as one of the partner's people views it. It stands in addresses where organisations do, but is none: it
-- has no members, no keys and no place in the registry. It is found before it is known as whom one acts, like an
-- organisation; who may is decided by the membership in the partner.
create table merchant_view (
    id text primary key check (id ~ '^view-[0-9a-f]{32}$'),
    organisation_id text not null references organisation (id) on delete cascade,
    scheme text not null,
    business_id text not null,
    -- As the copy had it when somebody last began to view.
    name text not null,
    created_at timestamptz not null default now(),
    unique (organisation_id, scheme, business_id)
);

-- Who has viewed the portal as which merchant. The partner's alone, like all below that it keeps for itself.
create table merchant_viewing (
    organisation_id text not null references organisation (id) on delete cascade,
    scheme text not null,
    business_id text not null,
    id bigint generated always as identity,
    staff_id uuid references staff (id) on delete set null,
    -- Kept when the account is gone.
    by_email text not null,
    begun_at timestamptz not null,
    -- When the last page of it was opened.
    last_at timestamptz not null,
    primary key (organisation_id, scheme, business_id, id)
);
alter table merchant_viewing enable row level security;
alter table merchant_viewing force row level security;
create policy acting on merchant_viewing using (organisation_id = current_setting('portal.organisation', true));

-- Whose copy a merchant without keys sees, and which merchant in it: for its own people, and for those who view as it.
-- Nulls for everybody else. An organisation goes before a view of the same id, as it does where one acts. A function,
-- so that queries of partners, who are most, do not carry its plan with them.
create function acting_merchant(out organisation_id text, out scheme text, out business_id text)
-- Whoever asks: a dump looks nowhere for names without a schema.
language plpgsql stable set search_path from current as $$
begin
    select o.partner_id, o.business_scheme, o.business_id into organisation_id, scheme, business_id
    from organisation o where o.id = current_setting('portal.organisation', true);
    if not found then
        select v.organisation_id, v.scheme, v.business_id into organisation_id, scheme, business_id
        from merchant_view v where v.id = current_setting('portal.organisation', true);
    end if;
end
$$;

-- From here on each table has two policies: the whole is the organisation's whose copy it is, and a merchant in it may
-- read what is its own. Whatever is written, a partner writes. The first name in the alphabet is asked last. The words
-- "is true" keep the planner from looking rows up by whom one acts as: what it has planned for a merchant on one
-- connection is used for the partner there, whose rows are many. Every query names the rows it wants by itself.

drop policy acting on sales_unit;
create policy whole on sales_unit using (
    (organisation_id = (select current_setting('portal.organisation', true))) is true);
create policy merchants on sales_unit for select using (
    (organisation_id, business_scheme, business_id) = (
        select a.organisation_id, a.scheme, a.business_id from acting_merchant() a)
);

drop policy acting on merchant;
create policy whole on merchant using (
    (organisation_id = (select current_setting('portal.organisation', true))) is true);
create policy merchants on merchant for select using (
    (organisation_id, scheme, id) = (select a.organisation_id, a.scheme, a.business_id from acting_merchant() a)
);

-- Orders that Vipps MobilePay has. How sending one goes, and what is refused, is between it and the partner.
drop policy acting on product_order;
create policy whole on product_order using (
    (organisation_id = (select current_setting('portal.organisation', true))) is true);
create policy merchants on product_order for select using (
    (organisation_id, business_scheme, business_id) = (
        select a.organisation_id, a.scheme, a.business_id from acting_merchant() a)
    and upstream_id is not null and merged_into is null and (delivery is null or delivery = 'sent')
);

drop policy acting on product_order_event;
create policy whole on product_order_event using (
    (organisation_id = (select current_setting('portal.organisation', true))) is true);
create policy merchants on product_order_event for select using (
    organisation_id = (select a.organisation_id from acting_merchant() a)
    and order_id in (
        select o.id from product_order o
        where (o.organisation_id, o.business_scheme, o.business_id) = (
            select a.organisation_id, a.scheme, a.business_id from acting_merchant() a))
);

-- The packages that its own orders name.
drop policy acting on price_package;
create policy whole on price_package using (
    (organisation_id = (select current_setting('portal.organisation', true))) is true);
create policy merchants on price_package for select using (
    organisation_id = (select a.organisation_id from acting_merchant() a)
    and id in (
        select o.price_package_id from product_order o
        where (o.organisation_id, o.business_scheme, o.business_id) = (
            select a.organisation_id, a.scheme, a.business_id from acting_merchant() a))
);

-- Registrations for one of its own sales units. Those for all units of the partner are the partner's.
drop policy acting on webhook;
create policy whole on webhook using (
    (organisation_id = (select current_setting('portal.organisation', true))) is true);
create policy merchants on webhook for select using (
    organisation_id = (select a.organisation_id from acting_merchant() a)
    and msn in (
        select s.msn from sales_unit s
        where (s.organisation_id, s.business_scheme, s.business_id) = (
            select a.organisation_id, a.scheme, a.business_id from acting_merchant() a))
);

-- What the partner listens for in all of its sales units.
create index on webhook (organisation_id) where msn is null and gone_at is null;
