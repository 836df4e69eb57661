with due as (
    {{ months_due() }}
),

transfers as (
    select
        cases.council,
        cases.month,
        cases.unit as from_unit,
        cases.transferred_to_unit as to_unit,
        count(*) as cases
    from {{ ref('stg_caseload') }} as cases
    inner join due
        on
            cases.council = due.council
            and cases.month = due.month
    where
        cases.closure_outcome = 'transferred'
        and cases.closed_on <= cases.as_at
        and cases.transferred_to_unit <> cases.unit
    group by cases.council, cases.month, cases.unit, cases.transferred_to_unit
),

transferred_in as (
    select
        transfers.council,
        transfers.month,
        tree.unit,
        sum(transfers.cases) as cases
    from transfers
    inner join {{ ref('int_unit_tree') }} as tree
        on
            transfers.council = tree.council
            and transfers.to_unit = tree.descendant
    group by transfers.council, transfers.month, tree.unit
),

internal as (
    select
        transfers.council,
        transfers.month,
        from_tree.unit,
        sum(transfers.cases) as cases
    from transfers
    inner join {{ ref('int_unit_tree') }} as from_tree
        on
            transfers.council = from_tree.council
            and transfers.from_unit = from_tree.descendant
    inner join {{ ref('int_unit_tree') }} as to_tree
        on
            transfers.council = to_tree.council
            and transfers.to_unit = to_tree.descendant
            and from_tree.unit = to_tree.unit
    group by transfers.council, transfers.month, from_tree.unit
),

-- The month before can be compared with where it was loaded and the unit was in force.
before as (
    select
        scope.council,
        {{ months_away('scope.month', 1) }} as month,
        units.unit
    from {{ source('run', 'build_scope') }} as scope
    inner join {{ ref('org_units') }} as units
        on
            scope.council = units.council
            and (units.valid_from is null or units.valid_from <= scope.as_at)
            and (units.valid_to is null or scope.as_at < units.valid_to)
    where scope.has_caseload
),

ended_before as (
    select
        council,
        {{ months_away('month', 1) }} as month,
        unit,
        open_at_end
    from {{ ref('int_case_totals') }}
),

counted as (
    select
        units.council,
        units.unit,
        units.level,
        units.month,
        units.as_at,
        due.has_caseload,
        coalesce(cases.open_at_start, 0) as open_at_start,
        coalesce(cases.received, 0) as received,
        coalesce(cases.closed, 0) as closed,
        coalesce(cases.stepped_down, 0) as stepped_down,
        coalesce(cases.transferred_out, 0) as transferred_out,
        coalesce(transferred_in.cases, 0) as transferred_in,
        coalesce(cases.open_at_end, 0) as open_at_end,
        coalesce(internal.cases, 0) as internal_transfers,
        case
            when before.unit is not null or ended_before.unit is not null
                then coalesce(cases.open_at_start, 0) - coalesce(ended_before.open_at_end, 0)
        end as restated_cases
    from {{ ref('int_unit_months') }} as units
    inner join due
        on
            units.council = due.council
            and units.month = due.month
    left join {{ ref('int_case_totals') }} as cases
        on
            units.council = cases.council
            and units.month = cases.month
            and units.unit = cases.unit
    left join transferred_in
        on
            units.council = transferred_in.council
            and units.month = transferred_in.month
            and units.unit = transferred_in.unit
    left join internal
        on
            units.council = internal.council
            and units.month = internal.month
            and units.unit = internal.unit
    left join before
        on
            units.council = before.council
            and units.month = before.month
            and units.unit = before.unit
    left join ended_before
        on
            units.council = ended_before.council
            and units.month = ended_before.month
            and units.unit = ended_before.unit
)

select
    council,
    unit,
    level,
    month,
    as_at,
    'rows' as grain,
    {%- for count in [
        'open_at_start', 'received', 'closed', 'stepped_down', 'transferred_out', 'transferred_in',
        'open_at_end', 'internal_transfers', 'restated_cases'
    ] %}
    cast(case when has_caseload then {{ count }} end as integer) as {{ count }},
    {%- endfor %}
    case when has_caseload then {{ rate('closed', 'received') }} end as closed_rate,
    case when has_caseload then {{ rate('stepped_down', 'received') }} end as stepped_down_rate,
    case when has_caseload then {{ rate('transferred_out', 'received') }} end as transferred_out_rate
from counted
