-- Why a merchant could not order by a template's link, and since when; until an order by it succeeds,
-- or the template is changed.
alter table template_link add column out_of_order_at timestamptz;
alter table template_link add column out_of_order text;

-- Which order corrects this one.
create index on product_order (organisation_id, replaces) where replaces is not null;
