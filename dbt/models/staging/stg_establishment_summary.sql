with landed as (
    {{ landed_in_force('establishment_summary') }}
)

select
    landed.delivery,
    landed.council,
    landed.month,
    landed.as_at,
    {{ unit_or_council('meant', 'unit') }} as unit,
    roles.role,
    roles.role_group,
    sum(landed.posts_fte) as posts_fte,
    sum(landed.newly_created_fte) as newly_created_fte,
    sum(landed.vacant_fte) as vacant_fte,
    sum(landed.agency_fte) as agency_fte
from landed
{{ join_unit('meant', 'unit') }}
{{ join_whole_council() }}
{{ join_role('role_meant', 'role') }}
left join {{ ref('roles') }} as roles on role_meant.role = roles.role
-- Several names nobody knows can meet in one unit, and no name can mean the council that another row names.
group by
    landed.delivery,
    landed.council,
    landed.month,
    landed.as_at,
    {{ unit_or_council('meant', 'unit') }},
    roles.role,
    roles.role_group
