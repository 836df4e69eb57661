with due as (
    {{ months_due() }}
),

holders_of_years as (
    select
        council,
        year,
        worker_key,
        bit_or(months_open) as months_open
    from {{ ref('int_case_years') }}
    where worker_key is not null
    group by council, year, worker_key
),

holders as (
    select
        due.council,
        due.month,
        holders_of_years.worker_key
    from holders_of_years
    inner join due
        on
            holders_of_years.council = due.council
            and holders_of_years.year = extract(year from due.month)
    where (holders_of_years.months_open & {{ month_bit('due.month') }}) <> 0
),

costs as (
    select * from {{ ref('int_role_costs') }}
),

held as (
    select
        held.council,
        held.month,
        held.unit,
        held.role_group,
        held.fte,
        held.employment = 'agency' as is_agency,
        held.is_social_worker and holders.worker_key is not null as is_case_holder,
        costs.annual_cost_gbp
    from {{ ref('stg_workforce') }} as held
    inner join due
        on
            held.council = due.council
            and held.month = due.month
    left join holders
        on
            held.council = holders.council
            and held.month = holders.month
            and held.worker_key = holders.worker_key
    left join costs
        on
            held.council = costs.council
            and held.month = costs.month
            and held.role = costs.role
    where held.is_in_post
),

held_by_unit as (
    select
        council,
        month,
        unit,
        role_group,
        count(*) as post_rows,
        sum(fte) as held_fte,
        sum(case when is_agency then 0 else fte end) as in_post_fte,
        sum(case when is_agency then fte else 0 end) as agency_fte,
        sum(case when is_case_holder then fte else 0 end) as dfe_fte,
        sum(case when is_agency then cast(fte as decimal(38, 15)) * annual_cost_gbp end) as agency_annual_cost_gbp,
        sum(case when is_agency and annual_cost_gbp is null then 1 else 0 end) as agency_posts_without_cost
    from held
    group by council, month, unit, role_group
),

posts_by_unit as (
    select
        posts.council,
        posts.month,
        posts.unit,
        posts.role_group,
        sum(posts.fte) as posts_fte,
        sum(case when posts.is_newly_created then posts.fte else 0 end) as newly_created_fte,
        sum(posts.vacant_fte) as vacant_fte
    from {{ ref('stg_posts') }} as posts
    inner join due
        on
            posts.council = due.council
            and posts.month = due.month
    group by posts.council, posts.month, posts.unit, posts.role_group
),

by_unit as (
    select
        coalesce(held_by_unit.council, posts_by_unit.council) as council,
        coalesce(held_by_unit.month, posts_by_unit.month) as month,
        coalesce(held_by_unit.unit, posts_by_unit.unit) as unit,
        coalesce(held_by_unit.role_group, posts_by_unit.role_group) as role_group,
        held_by_unit.post_rows,
        held_by_unit.held_fte,
        held_by_unit.in_post_fte,
        held_by_unit.agency_fte,
        held_by_unit.dfe_fte,
        held_by_unit.agency_annual_cost_gbp,
        held_by_unit.agency_posts_without_cost,
        posts_by_unit.posts_fte,
        posts_by_unit.newly_created_fte,
        posts_by_unit.vacant_fte
    from held_by_unit
    full outer join posts_by_unit
        on
            held_by_unit.council = posts_by_unit.council
            and held_by_unit.month = posts_by_unit.month
            and held_by_unit.unit = posts_by_unit.unit
            and held_by_unit.role_group = posts_by_unit.role_group
)

select
    by_unit.council,
    by_unit.month,
    tree.unit,
    by_unit.role_group,
    coalesce(sum(by_unit.post_rows), 0) as post_rows,
    coalesce(sum(by_unit.held_fte), 0) as held_fte,
    coalesce(sum(by_unit.in_post_fte), 0) as in_post_fte,
    coalesce(sum(by_unit.agency_fte), 0) as agency_fte,
    coalesce(sum(by_unit.dfe_fte), 0) as dfe_fte,
    coalesce(sum(by_unit.agency_annual_cost_gbp), 0) as agency_annual_cost_gbp,
    coalesce(sum(by_unit.agency_posts_without_cost), 0) as agency_posts_without_cost,
    coalesce(sum(by_unit.posts_fte), 0) as posts_fte,
    coalesce(sum(by_unit.newly_created_fte), 0) as newly_created_fte,
    coalesce(sum(by_unit.vacant_fte), 0) as vacant_fte
from by_unit
inner join {{ ref('int_unit_tree') }} as tree
    on
        by_unit.council = tree.council
        and by_unit.unit = tree.descendant
group by by_unit.council, by_unit.month, tree.unit, by_unit.role_group
