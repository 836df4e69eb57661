with landed as (
    {{ landed_in_force('offers_summary') }}
)

select
    landed.delivery,
    landed.council,
    landed.month,
    landed.as_at,
    roles.role,
    roles.role_group,
    landed.employment,
    landed.fte,
    landed.expected_start_by
from landed
{{ join_role('role_meant', 'role') }}
left join {{ ref('roles') }} as roles on role_meant.role = roles.role
