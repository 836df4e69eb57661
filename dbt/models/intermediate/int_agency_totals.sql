with due as (
    {{ months_due() }}
),

loaded as (
    select
        council,
        month,
        {{ financial_year('month') }} as financial_year
    from {{ source('run', 'build_scope') }}
    where has_agency_spend
),

years_due as (
    select distinct
        council,
        {{ financial_year('month') }} as financial_year
    from due
),

spend_by_unit as (
    select
        spend.council,
        spend.month,
        loaded.financial_year,
        spend.unit,
        sum(spend.amount_gbp) as agency_cost_gbp,
        sum(case when spend.cost_type = 'pay' then spend.amount_gbp else 0 end) as pay_gbp
    from {{ ref('stg_agency_spend') }} as spend
    inner join loaded
        on
            spend.council = loaded.council
            and spend.month = loaded.month
    inner join years_due
        on
            loaded.council = years_due.council
            and loaded.financial_year = years_due.financial_year
    group by spend.council, spend.month, loaded.financial_year, spend.unit
),

spend as (
    select
        spend_by_unit.council,
        spend_by_unit.month,
        spend_by_unit.financial_year,
        tree.unit,
        sum(spend_by_unit.agency_cost_gbp) as agency_cost_gbp,
        sum(spend_by_unit.pay_gbp) as pay_gbp
    from spend_by_unit
    inner join {{ ref('int_unit_tree') }} as tree
        on
            spend_by_unit.council = tree.council
            and spend_by_unit.unit = tree.descendant
    group by spend_by_unit.council, spend_by_unit.month, spend_by_unit.financial_year, tree.unit
),

months_in_year as (
    select
        due.council,
        due.month,
        count(*) as months_loaded
    from due
    inner join loaded
        on
            due.council = loaded.council
            and {{ financial_year('due.month') }} = loaded.financial_year
            and loaded.month <= due.month
    group by due.council, due.month
),

year_to_date as (
    select
        due.council,
        due.month,
        spend.unit,
        sum(spend.agency_cost_gbp) as year_to_date_gbp
    from due
    inner join spend
        on
            due.council = spend.council
            and {{ financial_year('due.month') }} = spend.financial_year
            and spend.month <= due.month
    group by due.council, due.month, spend.unit
),

agency_workers as (
    select
        council,
        month,
        unit,
        sum(agency_fte) as agency_fte,
        sum(agency_annual_cost_gbp) as annual_cost_gbp,
        sum(agency_posts_without_cost) as posts_without_cost
    from {{ ref('int_post_totals') }}
    group by council, month, unit
)

select
    units.council,
    units.month,
    units.as_at,
    units.unit,
    units.level,
    units.service_area,
    {{ financial_year('units.month') }} as financial_year,
    case when due.has_agency_spend then coalesce(spend.agency_cost_gbp, 0) end as agency_cost_gbp,
    case when due.has_agency_spend then coalesce(spend.pay_gbp, 0) end as pay_gbp,
    case when due.has_agency_spend then coalesce(year_to_date.year_to_date_gbp, 0) end as year_to_date_gbp,
    case when due.has_agency_spend then months_in_year.months_loaded end as months_loaded,
    case when due.has_workforce then coalesce(agency_workers.agency_fte, 0) end as agency_fte,
    case
        when due.has_workforce and coalesce(agency_workers.posts_without_cost, 0) = 0
            then coalesce(agency_workers.annual_cost_gbp, 0)
    end as permanent_equivalent_annual_gbp,
    budgets.budget_gbp
from {{ ref('int_unit_months') }} as units
inner join due
    on
        units.council = due.council
        and units.month = due.month
left join spend
    on
        units.council = spend.council
        and units.month = spend.month
        and units.unit = spend.unit
left join year_to_date
    on
        units.council = year_to_date.council
        and units.month = year_to_date.month
        and units.unit = year_to_date.unit
left join months_in_year
    on
        units.council = months_in_year.council
        and units.month = months_in_year.month
left join agency_workers
    on
        units.council = agency_workers.council
        and units.month = agency_workers.month
        and units.unit = agency_workers.unit
left join {{ ref('int_budgets_by_unit') }} as budgets
    on
        units.council = budgets.council
        and units.unit = budgets.unit
        and budgets.cost_kind = 'agency'
        and {{ financial_year('units.month') }} = budgets.financial_year
