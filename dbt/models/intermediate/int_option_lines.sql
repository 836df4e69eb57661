with costs as (
    select
        lines.council,
        lines.option,
        lines.line,
        costs.annual_cost_gbp,
        costs.set_up_cost_gbp,
        row_number() over (
            partition by lines.council, lines.option, lines.line
            order by case when costs.council is null then 1 else 0 end
        ) as preference
    from {{ ref('capacity_options') }} as lines
    inner join {{ ref('unit_costs') }} as costs
        on
            lines.role = costs.role
            and costs.is_default
            and (costs.council is null or costs.council = lines.council)
            and (costs.valid_from is null or costs.valid_from <= lines.starts_on)
            and (costs.valid_to is null or lines.starts_on < costs.valid_to)
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
from {{ ref('capacity_options') }} as lines
left join costs
    on
        lines.council = costs.council
        and lines.option = costs.option
        and lines.line = costs.line
        and costs.preference = 1
