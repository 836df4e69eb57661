with due as (
    {{ months_due() }}
)

select
    due.council,
    due.month,
    contracts.contract_id,
    contracts.unit,
    contracts.starts_on,
    coalesce(decisions.ends_on, contracts.ends_on) as ends_on,
    -- The papers' other last day is of the first end only: what moved it left both readings behind.
    case
        when decisions.ends_on is null or decisions.ends_on = contracts.ends_on then contracts.ends_on_alternative
    end as ends_on_alternative,
    {{ days_between('due.as_at', 'coalesce(decisions.ends_on, contracts.ends_on)') }} as days_to_end,
    coalesce(decisions.decision, 'none') in ('ends', 'replaced') as is_decided
from due
inner join {{ ref('managed_contracts') }} as contracts
    on
        due.council = contracts.council
        and contracts.starts_on <= due.as_at
left join {{ ref('int_contract_decisions') }} as decisions
    on
        due.council = decisions.council
        and due.month = decisions.month
        and contracts.contract_id = decisions.contract_id
where coalesce(decisions.ends_on, contracts.ends_on) >= due.month
