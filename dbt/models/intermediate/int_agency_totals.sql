with due as (
    {{ months_due() }}
),

months_in_ledger as (
    select
        council,
        month
    from {{ source('run', 'build_scope') }}
    where has_agency_spend

    union

    select
        council,
        month
    from {{ ref('stg_agency_spend_summary') }}
    where financial_year is null
),

loaded as (
    select
        council,
        month,
        {{ financial_year('month') }} as financial_year
    from months_in_ledger
),

years_due as (
    select distinct
        council,
        {{ financial_year('month') }} as financial_year
    from due
),

ledger_by_unit as (
    select
        spend.council,
        spend.month,
        years_due.financial_year,
        spend.unit,
        sum(spend.amount_gbp) as amount_gbp,
        sum(case when spend.cost_type = 'pay' then spend.amount_gbp else 0 end) as pay_gbp
    from {{ ref('stg_agency_spend') }} as spend
    inner join years_due
        on
            spend.council = years_due.council
            and {{ financial_year('spend.month') }} = years_due.financial_year
    group by spend.council, spend.month, years_due.financial_year, spend.unit
),

ledger as (
    select
        ledger_by_unit.council,
        ledger_by_unit.month,
        ledger_by_unit.financial_year,
        tree.unit,
        ledger_by_unit.unit as counted_unit,
        ledger_by_unit.amount_gbp,
        ledger_by_unit.pay_gbp
    from ledger_by_unit
    inner join {{ ref('int_unit_tree') }} as tree
        on
            ledger_by_unit.council = tree.council
            and ledger_by_unit.unit = tree.descendant
),

units_with_lines as (
    select distinct
        council,
        month,
        unit
    from ledger
),

-- Ledger lines win over totals for the same unit and month.
totals_below as (
    select
        totals.council,
        totals.month,
        years_due.financial_year,
        case when totals.financial_year is null then 'month' else 'year' end as part,
        tree.unit,
        totals.unit as counted_unit,
        totals.amount_gbp,
        totals.is_forecast
    from {{ ref('stg_agency_spend_summary') }} as totals
    inner join years_due
        on
            totals.council = years_due.council
            and {{ financial_year('totals.month') }} = years_due.financial_year
    inner join {{ ref('int_unit_tree') }} as tree
        on
            totals.council = tree.council
            and totals.unit = tree.descendant
    left join units_with_lines
        on
            totals.council = units_with_lines.council
            and totals.month = units_with_lines.month
            and totals.unit = units_with_lines.unit
    where units_with_lines.unit is null
),

-- A service's own total already holds what its teams' totals say.
counted_higher_up as (
    {{ counted_higher_up('totals_below', ['month', 'part']) }}
),

parts as (
    select
        council,
        month,
        financial_year,
        'rows' as part,
        unit,
        counted_unit,
        amount_gbp,
        pay_gbp,
        false as is_forecast
    from ledger

    union all

    select
        totals_below.council,
        totals_below.month,
        totals_below.financial_year,
        totals_below.part,
        totals_below.unit,
        totals_below.counted_unit,
        totals_below.amount_gbp,
        cast(null as decimal(38, 2)) as pay_gbp,
        totals_below.is_forecast
    from totals_below
    left join counted_higher_up
        on
            totals_below.council = counted_higher_up.council
            and totals_below.month = counted_higher_up.month
            and totals_below.part = counted_higher_up.part
            and totals_below.unit = counted_higher_up.unit
            and totals_below.counted_unit = counted_higher_up.counted_unit
    where counted_higher_up.unit is null
),

of_the_month as (
    select
        council,
        month,
        unit,
        sum(case when part <> 'year' then amount_gbp end) as amount_gbp,
        sum(pay_gbp) as pay_gbp,
        sum(case when part = 'year' then amount_gbp end) as year_gbp,
        max(case when part = 'rows' then 1 else 0 end) as has_lines,
        max(case when part = 'month' then 1 else 0 end) as has_month_totals,
        max(case when part <> 'rows' then 1 else 0 end) as has_totals,
        max(case when is_forecast then 1 else 0 end) as has_forecast
    from parts
    group by council, month, unit
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

-- The total of a year stands for its months, whatever else was delivered of them.
covered_by_years as (
    select distinct
        parts.council,
        parts.month,
        parts.unit,
        tree.descendant as counted_unit
    from parts
    inner join {{ ref('int_unit_tree') }} as tree
        on
            parts.council = tree.council
            and parts.counted_unit = tree.unit
    where parts.part = 'year'
),

months_to_date as (
    select
        due.council,
        due.month,
        parts.unit,
        sum(parts.amount_gbp) as amount_gbp,
        max(case when parts.is_forecast then 1 else 0 end) as has_forecast
    from due
    inner join parts
        on
            due.council = parts.council
            and {{ financial_year('due.month') }} = parts.financial_year
            and parts.month <= due.month
    left join covered_by_years
        on
            due.council = covered_by_years.council
            and due.month = covered_by_years.month
            and parts.unit = covered_by_years.unit
            and parts.counted_unit = covered_by_years.counted_unit
    where parts.part <> 'year' and covered_by_years.unit is null
    group by due.council, due.month, parts.unit
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
    case
        when coalesce(of_the_month.has_lines, 0) = 1 then 'rows'
        when coalesce(of_the_month.has_totals, 0) = 1 then 'summary'
        when due.has_agency_spend or not due.has_agency_spend_summary then 'rows'
        else 'summary'
    end as grain,
    coalesce(of_the_month.has_forecast, 0) = 1 as is_forecast,
    case
        when due.has_agency_spend or of_the_month.has_month_totals = 1 then coalesce(of_the_month.amount_gbp, 0)
    end as agency_cost_gbp,
    -- A total does not say what of it is pay.
    case
        when due.has_agency_spend and coalesce(of_the_month.has_month_totals, 0) = 0
            then coalesce(of_the_month.pay_gbp, 0)
    end as pay_gbp,
    case
        when due.has_agency_spend or of_the_month.has_totals = 1
            then coalesce(of_the_month.year_gbp, 0) + coalesce(months_to_date.amount_gbp, 0)
    end as year_to_date_gbp,
    case
        when due.has_agency_spend or of_the_month.has_totals = 1 then coalesce(months_in_year.months_loaded, 1)
    end as months_loaded,
    -- Months are carried on to the year's end; the total of a year is the year.
    case
        when due.has_agency_spend or of_the_month.has_totals = 1
            then
                coalesce(of_the_month.year_gbp, 0) * coalesce(months_in_year.months_loaded, 1)
                + 12 * coalesce(months_to_date.amount_gbp, 0)
    end as forecast_times_months_gbp,
    -- Whether nothing is left to carry on: twelve months, or totals of the year alone, none of them a forecast.
    extract(month from units.month) = 3
    and (due.has_agency_spend or coalesce(of_the_month.has_totals, 0) = 1)
    and (
        coalesce(months_in_year.months_loaded, 0) = 12
        or (of_the_month.year_gbp is not null and months_to_date.unit is null)
    )
    and coalesce(of_the_month.has_forecast, 0) = 0
    and coalesce(months_to_date.has_forecast, 0) = 0 as is_whole_year,
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
left join of_the_month
    on
        units.council = of_the_month.council
        and units.month = of_the_month.month
        and units.unit = of_the_month.unit
left join months_to_date
    on
        units.council = months_to_date.council
        and units.month = months_to_date.month
        and units.unit = months_to_date.unit
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
