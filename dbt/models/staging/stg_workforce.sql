with landed as (
    {{ landed_in_force('workforce') }}
)

select
    landed.delivery,
    landed.council,
    landed.month,
    landed.as_at,
    landed.worker_key,
    landed.post_id,
    coalesce(held_in.unit, 'unmapped') as unit,
    roles.role,
    roles.role_group,
    roles.is_social_worker,
    roles.carries_cases,
    landed.employment,
    landed.fte,
    landed.started_on,
    landed.ended_on,
    landed.leaving_reason,
    landed.qualified_on,
    landed.registration_key,
    landed.asye as is_asye,
    landed.sickness_days,
    landed.absent_at_month_end,
    -- The last day in post still counts.
    (landed.ended_on is null or landed.ended_on >= landed.as_at) as is_in_post
from landed
{{ join_unit('held_in', 'team') }}
{{ join_role('role_meant', 'role') }}
left join {{ ref('roles') }} as roles on role_meant.role = roles.role
