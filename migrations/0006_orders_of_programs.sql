-- Product orders that another program sends through the portal.

-- They go on under that program's own key; others under their id.
alter table product_order add column idempotency_key text check (idempotency_key ~ '^[a-zA-Z0-9-]{1,50}$');
-- SHA-256 of the request without its passwords: the same key with another request is not the same order.
alter table product_order add column request_hash bytea;
-- The status with which upstream refused it.
alter table product_order add column refusal_status integer;
