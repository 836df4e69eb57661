with due as (
    {{ months_due() }}
),

children as (
    select
        council,
        year,
        unit,
        child_key,
        bit_or(months_open) as months_open
    from {{ ref('int_case_years') }}
    group by council, year, unit, child_key
),

children_of_several as (
    select
        council,
        year,
        child_key
    from children
    group by council, year, child_key
    having count(*) > 1
),

-- A child of one unit is one of every unit above it; only who is with several may be counted twice there.
counted as (
    select
        children.council,
        children.year,
        children.unit,
        children.child_key,
        children.months_open,
        false as is_of_several
    from children
    left join children_of_several
        on
            children.council = children_of_several.council
            and children.year = children_of_several.year
            and children.child_key = children_of_several.child_key
    where children_of_several.child_key is null

    union all

    select
        children.council,
        children.year,
        tree.unit,
        children.child_key,
        bit_or(children.months_open) as months_open,
        true as is_of_several
    from children
    inner join children_of_several
        on
            children.council = children_of_several.council
            and children.year = children_of_several.year
            and children.child_key = children_of_several.child_key
    inner join {{ ref('int_unit_tree') }} as tree
        on
            children.council = tree.council
            and children.unit = tree.descendant
    group by children.council, children.year, tree.unit, children.child_key
),

open_children as (
    select
        council,
        year,
        unit,
        is_of_several,
        {{ counts_by_month('children', 'months_open') | indent(8) }}
    from counted
    group by council, year, unit, is_of_several
),

-- Whoever had any of the child's cases, wherever it was.
workers_of_child as (
    select
        council,
        year,
        child_key,
        worker_key,
        min(first_month) as first_month,
        max(last_month) as last_month
    from {{ ref('int_case_years') }}
    where worker_key is not null
    group by council, year, child_key, worker_key
),

workers_seen as (
    {{ seen_within('workers_of_child', ['child_key', 'worker_key']) | indent(4) }}
),

workers as (
    select
        counted.council,
        counted.year,
        counted.unit,
        counted.is_of_several,
        {{ counts_within_by_month('workers', 'counted.months_open', 'workers_seen') | indent(8) }}
    from counted
    inner join workers_seen
        on
            counted.council = workers_seen.council
            and counted.year = workers_seen.year
            and counted.child_key = workers_seen.child_key
    group by counted.council, counted.year, counted.unit, counted.is_of_several
),

by_month as (
    select
        due.council,
        due.month,
        open_children.unit,
        open_children.is_of_several,
        {{ count_of_month('open_children.children', 'due.month') | indent(8) }} as open_children,
        coalesce({{ count_of_month('workers.workers', 'due.month') | indent(8) }}, 0) as workers
    from due
    inner join open_children
        on
            due.council = open_children.council
            and extract(year from due.month) = open_children.year
    left join workers
        on
            open_children.council = workers.council
            and open_children.year = workers.year
            and open_children.unit = workers.unit
            and open_children.is_of_several = workers.is_of_several
)

select
    by_month.council,
    by_month.month,
    tree.unit,
    cast(sum(by_month.open_children) as bigint) as open_children,
    cast(sum(by_month.workers) as bigint) as workers_12m
from by_month
inner join {{ ref('int_unit_tree') }} as tree
    on
        by_month.council = tree.council
        and by_month.unit = tree.descendant
        and (not by_month.is_of_several or by_month.unit = tree.unit)
group by by_month.council, by_month.month, tree.unit
having sum(by_month.open_children) > 0
