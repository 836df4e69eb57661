with lines as (
    select * from {{ ref('capacity_options') }}
),

starts as (
    select distinct
        council,
        starts_on
    from lines
),

costs as (
    {{ role_costs_on('starts', 'starts_on') }}
)

-- A price in the line stands before the role's; a line of money alone has no posts.
select
    lines.council,
    lines.option,
    lines.line,
    lines.role,
    coalesce(lines.posts_fte, 0) as posts_fte,
    coalesce(lines.unit_cost_gbp, costs.annual_cost_gbp) as unit_cost_gbp,
    lines.non_staffing_gbp,
    case
        when coalesce(lines.posts_fte, 0) = 0 then lines.non_staffing_gbp
        else
            lines.posts_fte * coalesce(lines.unit_cost_gbp, costs.annual_cost_gbp)
            + coalesce(lines.non_staffing_gbp, 0)
    end as annual_cost_gbp,
    coalesce(lines.set_up_per_head_gbp, costs.set_up_cost_gbp) as set_up_per_head_gbp,
    lines.set_up_heads,
    lines.starts_on,
    lines.ends_on,
    coalesce(lines.adds_social_worker_fte, 0) as adds_social_worker_fte,
    lines.source
from lines
left join costs
    on
        lines.council = costs.council
        and lines.starts_on = costs.starts_on
        and lines.role = costs.role
