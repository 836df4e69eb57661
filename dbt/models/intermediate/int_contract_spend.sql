with due as (
    {{ months_due() }}
)

select
    ledger.council,
    ledger.month,
    ledger.contract_id,
    cast(sum(ledger.amount_gbp) as decimal(38, 2)) as amount_gbp
from {{ ref('stg_agency_spend') }} as ledger
inner join due
    on
        ledger.council = due.council
        and ledger.month = due.month
where ledger.contract_id is not null
group by ledger.council, ledger.month, ledger.contract_id
