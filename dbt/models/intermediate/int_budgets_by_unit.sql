with budgets as (
    select
        council,
        unit,
        financial_year,
        cost_kind,
        sum(budget_gbp) as budget_gbp
    from {{ ref('budgets') }}
    group by council, unit, financial_year, cost_kind
),

below as (
    select
        budgets.council,
        tree.unit,
        budgets.financial_year,
        budgets.cost_kind,
        budgets.unit as counted_unit,
        budgets.budget_gbp
    from budgets
    inner join {{ ref('int_unit_tree') }} as tree
        on
            budgets.council = tree.council
            and budgets.unit = tree.descendant
),

-- A unit's own row stands before those of the units below it.
counted_higher_up as (
    {{ counted_higher_up('below', ['financial_year', 'cost_kind']) }}
)

select
    below.council,
    below.unit,
    below.financial_year,
    below.cost_kind,
    sum(below.budget_gbp) as budget_gbp
from below
left join counted_higher_up
    on
        below.council = counted_higher_up.council
        and below.unit = counted_higher_up.unit
        and below.financial_year = counted_higher_up.financial_year
        and below.cost_kind = counted_higher_up.cost_kind
        and below.counted_unit = counted_higher_up.counted_unit
where counted_higher_up.unit is null
group by below.council, below.unit, below.financial_year, below.cost_kind
