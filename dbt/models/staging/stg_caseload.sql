with landed as (
    {{ landed_in_force('caseload') }}
)

select
    landed.delivery,
    landed.council,
    landed.month,
    landed.as_at,
    landed.case_id,
    landed.child_key,
    landed.family_key,
    landed.case_type,
    coalesce(held_by.unit, 'unmapped') as unit,
    landed.worker_key,
    landed.opened_on,
    landed.allocated_on,
    landed.closed_on,
    landed.closure_outcome,
    case
        when landed.transferred_to is null then null
        else coalesce(received_by.unit, 'outside')
    end as transferred_to_unit,
    landed.plan_started_on,
    landed.plan_ended_on,
    -- A case closed on the last day of the month is no longer anyone's work.
    (landed.closed_on is null or landed.closed_on > landed.as_at) as is_open_at_end
from landed
{{ join_unit('held_by', 'team') }}
{{ join_unit('received_by', 'transferred_to') }}
