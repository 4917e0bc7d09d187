-- Vipps MobilePay gives each set of keys two subscription keys that do the same, so that one can be
-- regenerated while the other is used.
alter table organisation add column secondary_subscription_key_ref text
    check (secondary_subscription_key_ref is null or subscription_key_ref is not null);
