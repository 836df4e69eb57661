with due as (
    {{ months_due() }}
),

-- Rows win over totals for the same unit and month: of posts, or of workers in post.
totals as (
    select
        totals.council,
        totals.month,
        totals.unit,
        totals.role_group,
        totals.posts_fte,
        totals.newly_created_fte,
        totals.vacant_fte,
        totals.agency_fte,
        -- No other number of people in post arrives by role: a post is held or it is vacant.
        totals.posts_fte - totals.vacant_fte as in_post_fte
    from {{ ref('stg_establishment_summary') }} as totals
    inner join due
        on
            totals.council = due.council
            and totals.month = due.month
    where not exists (
        select 1
        from {{ ref('int_post_totals') }} as post_rows
        where
            post_rows.council = totals.council
            and post_rows.month = totals.month
            and post_rows.unit = totals.unit
    )
),

below as (
    select
        totals.council,
        totals.month,
        tree.unit,
        totals.unit as counted_unit,
        totals.role_group,
        totals.posts_fte,
        totals.newly_created_fte,
        totals.vacant_fte,
        totals.agency_fte,
        totals.in_post_fte
    from totals
    inner join {{ ref('int_unit_tree') }} as tree
        on
            totals.council = tree.council
            and totals.unit = tree.descendant
),

-- A service's own total of a role group already holds what its teams' totals say.
counted_higher_up as (
    {{ counted_higher_up('below', ['month', 'role_group']) }}
)

select
    below.council,
    below.month,
    below.unit,
    below.role_group,
    cast(sum(below.posts_fte) as decimal(38, 15)) as posts_fte,
    cast(sum(below.newly_created_fte) as decimal(38, 15)) as newly_created_fte,
    cast(sum(below.vacant_fte) as decimal(38, 15)) as vacant_fte,
    cast(sum(below.agency_fte) as decimal(38, 15)) as agency_fte,
    cast(sum(below.in_post_fte) as decimal(38, 15)) as in_post_fte
from below
left join counted_higher_up
    on
        below.council = counted_higher_up.council
        and below.month = counted_higher_up.month
        and below.unit = counted_higher_up.unit
        and below.role_group = counted_higher_up.role_group
        and below.counted_unit = counted_higher_up.counted_unit
where counted_higher_up.unit is null
group by below.council, below.month, below.unit, below.role_group
