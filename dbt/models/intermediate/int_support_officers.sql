{#- Officers and the social workers they support, exact. Hours are saved only where officers are in the team itself. -#}
with due as (
    {{ months_due() }}
),

officers as (
    select
        council,
        month,
        unit,
        sum(case when role_group = 'support_officer' then in_post_fte + agency_fte end) as officer_fte,
        sum(case when role_group = 'senior_support_officer' then in_post_fte + agency_fte end) as senior_officer_fte
    from {{ ref('int_establishment_totals') }}
    group by council, month, unit
),

held as (
    select
        held.council,
        held.month,
        held.unit,
        held.role_group,
        held.fte,
        costs.annual_cost_gbp
    from {{ ref('stg_workforce') }} as held
    inner join due
        on
            held.council = due.council
            and held.month = due.month
    left join {{ ref('int_role_costs') }} as costs
        on
            held.council = costs.council
            and held.month = costs.month
            and held.role = costs.role
    where held.is_in_post
),

by_team as (
    select
        council,
        month,
        unit,
        sum(case when role_group = 'support_officer' then fte else 0 end) as officer_fte,
        sum(case when role_group = 'social_worker' then fte else 0 end) as social_worker_fte,
        sum(
            case
                when role_group in ('support_officer', 'senior_support_officer')
                    then cast(fte as decimal(38, 15)) * annual_cost_gbp
            end
        ) as annual_cost_gbp,
        sum(
            case
                when role_group in ('support_officer', 'senior_support_officer') and annual_cost_gbp is null then 1
                else 0
            end
        ) as posts_without_cost
    from held
    group by council, month, unit
),

by_unit as (
    select
        by_team.council,
        by_team.month,
        tree.unit,
        sum(case when by_team.officer_fte > 0 then by_team.social_worker_fte else 0 end) as supported_fte,
        sum(by_team.annual_cost_gbp) as annual_cost_gbp,
        sum(by_team.posts_without_cost) as posts_without_cost
    from by_team
    inner join {{ ref('int_unit_tree') }} as tree
        on
            by_team.council = tree.council
            and by_team.unit = tree.descendant
    group by by_team.council, by_team.month, tree.unit
)

select
    officers.council,
    officers.month,
    officers.unit,
    officers.officer_fte,
    officers.senior_officer_fte,
    caseload.fte_social_workers as social_worker_fte,
    case
        when due.has_workforce and coalesce(by_unit.posts_without_cost, 0) = 0
            then coalesce(by_unit.annual_cost_gbp, 0)
    end as annual_cost_gbp,
    case when due.has_workforce then coalesce(by_unit.supported_fte, 0) end as supported_fte
from officers
inner join due
    on
        officers.council = due.council
        and officers.month = due.month
inner join {{ ref('int_caseload_totals') }} as caseload
    on
        officers.council = caseload.council
        and officers.month = caseload.month
        and officers.unit = caseload.unit
left join by_unit
    on
        officers.council = by_unit.council
        and officers.month = by_unit.month
        and officers.unit = by_unit.unit
