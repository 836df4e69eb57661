with scope as (
    select * from {{ source('run', 'build_scope') }}
),

costs as (
    {{ role_costs_on('scope', 'as_at') }}
)

select
    scope.council,
    scope.month,
    costs.role,
    costs.annual_cost_gbp
from scope
inner join costs
    on
        scope.council = costs.council
        and scope.as_at = costs.as_at
