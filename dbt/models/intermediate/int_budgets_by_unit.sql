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
        budgets.unit as budgeted_unit,
        budgets.budget_gbp
    from budgets
    inner join {{ ref('int_unit_tree') }} as tree
        on
            budgets.council = tree.council
            and budgets.unit = tree.descendant
),

-- A unit's own row stands before those of the units below it.
held_higher_up as (
    select distinct
        lower_budget.council,
        lower_budget.unit,
        lower_budget.financial_year,
        lower_budget.cost_kind,
        lower_budget.budgeted_unit
    from below as lower_budget
    inner join below as higher_budget
        on
            lower_budget.council = higher_budget.council
            and lower_budget.unit = higher_budget.unit
            and lower_budget.financial_year = higher_budget.financial_year
            and lower_budget.cost_kind = higher_budget.cost_kind
            and lower_budget.budgeted_unit <> higher_budget.budgeted_unit
    inner join {{ ref('int_unit_tree') }} as tree
        on
            lower_budget.council = tree.council
            and lower_budget.budgeted_unit = tree.descendant
            and higher_budget.budgeted_unit = tree.unit
)

select
    below.council,
    below.unit,
    below.financial_year,
    below.cost_kind,
    sum(below.budget_gbp) as budget_gbp
from below
left join held_higher_up
    on
        below.council = held_higher_up.council
        and below.unit = held_higher_up.unit
        and below.financial_year = held_higher_up.financial_year
        and below.cost_kind = held_higher_up.cost_kind
        and below.budgeted_unit = held_higher_up.budgeted_unit
where held_higher_up.unit is null
group by below.council, below.unit, below.financial_year, below.cost_kind
