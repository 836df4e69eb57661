with landed as (
    {{ landed_in_force('posts') }}
)

select
    landed.delivery,
    landed.council,
    landed.month,
    landed.as_at,
    landed.post_id,
    coalesce(held_in.unit, 'unmapped') as unit,
    roles.role,
    roles.role_group,
    landed.fte,
    coalesce(landed.newly_created, false) as is_newly_created,
    landed.created_on,
    landed.funded_until,
    landed.vacant_fte
from landed
{{ join_unit('held_in', 'team') }}
{{ join_role('role_meant', 'role') }}
left join {{ ref('roles') }} as roles on role_meant.role = roles.role
