with due as (
    {{ months_due() }}
),

-- An extension decided by the month's end moves the last day; a contract decided to end waits for no decision.
decisions as (
    select
        due.council,
        due.month,
        decisions.contract_id,
        decisions.decision,
        decisions.ends_on,
        row_number() over (
            partition by due.council, due.month, decisions.contract_id
            order by decisions.decided_on desc
        ) as preference
    from due
    inner join {{ ref('contract_decisions') }} as decisions
        on
            due.council = decisions.council
            and decisions.decided_on <= due.as_at
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
left join decisions
    on
        due.council = decisions.council
        and due.month = decisions.month
        and contracts.contract_id = decisions.contract_id
        and decisions.preference = 1
where coalesce(decisions.ends_on, contracts.ends_on) >= due.month
