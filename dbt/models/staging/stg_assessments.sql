with landed as (
    {{ landed_in_force('assessments') }}
),

{{ cases_asked_of() }}

select
    landed.delivery,
    landed.council,
    landed.month,
    landed.as_at,
    landed.assessment_id,
    landed.case_id,
    -- Work whose team is not said is its case's team's, and where that is not known either the council's.
    coalesce(
        done_by.unit,
        case when landed.team is not null then 'unmapped' else cases.unit end,
        whole_council.unit
    ) as unit,
    landed.started_on,
    landed.completed_on
from landed
{{ join_unit('done_by', 'team') }}
{{ join_whole_council() }}
left join cases_asked_of as cases
    on
        landed.council = cases.council
        and landed.month = cases.month
        and landed.case_id = cases.case_id
