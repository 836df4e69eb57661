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
    council,
    month,
    contract_id,
    decision,
    ends_on
from decisions
where preference = 1
