-- The last order by a template's link that failed for a reason which no merchant can mend; none since
-- an order by it succeeded, or the template was changed.
alter table template_link add column failed_at timestamptz;
alter table template_link add column failure text;

-- Which order corrects this one.
create index on product_order (organisation_id, replaces) where replaces is not null;

-- Orders that have lately got a sales unit.
create index on product_order (organisation_id, status_at) where msn is not null;
