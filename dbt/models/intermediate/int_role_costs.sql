with scope as (
    select * from {{ source('run', 'build_scope') }}
),

costs as (
    select
        scope.council,
        scope.month,
        costs.role,
        costs.annual_cost_gbp,
        row_number() over (
            partition by scope.council, scope.month, costs.role
            order by case when costs.council is null then 1 else 0 end
        ) as preference
    from scope
    inner join {{ ref('unit_costs') }} as costs
        on
            (costs.council is null or costs.council = scope.council)
            and (costs.valid_from is null or costs.valid_from <= scope.as_at)
            and (costs.valid_to is null or scope.as_at < costs.valid_to)
    where costs.is_default
)

-- A council's own cost stands before one that holds for every council.
select
    council,
    month,
    role,
    annual_cost_gbp
from costs
where preference = 1
