with landed as (
    {{ landed_in_force('offers') }}
)

select
    landed.delivery,
    landed.council,
    landed.month,
    landed.as_at,
    landed.offer_id,
    case when landed.team is null then null else coalesce(held_in.unit, 'unmapped') end as unit,
    roles.role,
    roles.role_group,
    landed.employment,
    landed.fte,
    landed.accepted_on,
    landed.expected_start_on
from landed
{{ join_unit('held_in', 'team') }}
{{ join_role('role_meant', 'role') }}
left join {{ ref('roles') }} as roles on role_meant.role = roles.role
