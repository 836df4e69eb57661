with due as (
    {{ months_due() }}
),

-- Each unit's last month of each year in which spend was delivered, as far as it was known at the month due.
known as (
    select
        costs.council,
        costs.unit,
        costs.level,
        due.month,
        due.as_at,
        costs.financial_year,
        {{ financial_year_start('costs.month') }} as year_starts_in,
        costs.month as last_month,
        costs.year_to_date_gbp,
        costs.forecast_year_gbp,
        costs.is_forecast,
        count(costs.agency_cost_gbp) over (
            partition by costs.council, costs.unit, due.month, costs.financial_year
        ) as months_loaded,
        row_number() over (
            partition by costs.council, costs.unit, due.month, costs.financial_year
            order by costs.month desc
        ) as preference
    from due
    inner join {{ ref('agency_costs') }} as costs
        on
            due.council = costs.council
            and due.month >= costs.month
    where costs.year_to_date_gbp is not null
),

years as (
    select
        known.*,
        -- The total of a year is carried on to nothing: it is the year.
        case
            when known.is_forecast then 'forecast'
            when known.months_loaded = 12 then 'outturn'
            when known.year_to_date_gbp = known.forecast_year_gbp and known.year_to_date_gbp <> 0 then 'outturn'
            else 'estimate'
        end as basis
    from known
    where known.preference = 1
)

select
    years.council,
    years.unit,
    years.level,
    years.month,
    years.as_at,
    years.financial_year,
    years.last_month,
    cast(years.months_loaded as integer) as months_loaded,
    years.basis,
    years.basis = 'outturn' as is_complete,
    years.year_to_date_gbp as spend_to_date_gbp,
    years.forecast_year_gbp as year_gbp,
    cast(years.forecast_year_gbp - before.forecast_year_gbp as decimal(14, 2)) as change_gbp,
    {{ change_percent('years.forecast_year_gbp', none, 'before.forecast_year_gbp', none) }} as change_rate
from years
left join years as before
    on
        years.council = before.council
        and years.unit = before.unit
        and years.month = before.month
        and years.year_starts_in = before.year_starts_in + 1
