-- Where subscriptions fail is summed up from the index alone: the charges themselves lie all over the table.
drop index charge_failed;
create index charge_failed on charge (organisation_id, failed_on, failure_reason)
    include (agreement_id, currency, amount) where failed_on is not null;
