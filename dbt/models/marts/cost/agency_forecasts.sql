with due as (
    {{ months_due() }}
),

rules as (
    {{ forecast_rules(['least_years', 'most_times_off']) | indent(4) }}
),

costs as (
    select
        costs.*,
        totals.is_whole_year
    from {{ ref('agency_costs') }} as costs
    inner join {{ ref('int_agency_totals') }} as totals
        on
            costs.council = totals.council
            and costs.unit = totals.unit
            and costs.month = totals.month
),

-- What a whole year came to stands in its March.
outturns as (
    select
        council,
        unit,
        financial_year,
        year_to_date_gbp as outturn_gbp
    from costs
    where is_whole_year
),

-- Forecasts of earlier whole years at the same month of the year. What a year came to is no forecast of it.
earlier as (
    select
        now.council,
        now.unit,
        now.month,
        outturns.financial_year,
        outturns.outturn_gbp,
        told.forecast_year_gbp,
        {{ ratio_half_up(
            '(now.forecast_year_gbp * outturns.outturn_gbp)', 'told.forecast_year_gbp', 2
        ) }} as likely_gbp,
        {{ rate('told.forecast_year_gbp - outturns.outturn_gbp', 'outturns.outturn_gbp') }} as error_rate
    from costs as now
    inner join due
        on
            now.council = due.council
            and now.month = due.month
    inner join rules on now.council = rules.council
    inner join outturns
        on
            now.council = outturns.council
            and now.unit = outturns.unit
            and now.financial_year > outturns.financial_year
    left join costs as told
        on
            outturns.council = told.council
            and outturns.unit = told.unit
            and outturns.financial_year = told.financial_year
            and extract(month from now.month) = extract(month from told.month)
            and not told.is_whole_year
            and now.forecast_year_gbp > 0
            and told.forecast_year_gbp > 0
            and outturns.outturn_gbp > 0
            and told.forecast_year_gbp <= rules.most_times_off * outturns.outturn_gbp
            and outturns.outturn_gbp <= rules.most_times_off * told.forecast_year_gbp
),

errors as (
    select
        council,
        unit,
        month,
        count(*) as earlier_years,
        count(forecast_year_gbp) as years_compared,
        min(error_rate) as lowest_error_rate,
        max(error_rate) as highest_error_rate,
        min(likely_gbp) as lower_gbp,
        max(likely_gbp) as upper_gbp
    from earlier
    group by council, unit, month
),

intervals as (
    select
        now.*,
        coalesce(errors.earlier_years, 0) as earlier_years,
        coalesce(errors.years_compared, 0) as years_compared,
        errors.lowest_error_rate,
        errors.highest_error_rate,
        case
            when now.forecast_year_gbp is null then 'no_forecast'
            when now.is_whole_year then null
            when now.forecast_year_gbp <= 0 then 'nothing_spent'
            when coalesce(errors.earlier_years, 0) = 0 then 'no_earlier_year'
            when errors.years_compared = 0 then 'no_earlier_forecast'
            when errors.years_compared < rules.least_years then 'too_few_years'
        end as no_interval_because,
        errors.lower_gbp as lowest_gbp,
        errors.upper_gbp as highest_gbp
    from costs as now
    inner join due
        on
            now.council = due.council
            and now.month = due.month
    inner join rules on now.council = rules.council
    left join errors
        on
            now.council = errors.council
            and now.unit = errors.unit
            and now.month = errors.month
),

bounds as (
    select
        *,
        case
            when is_whole_year then forecast_year_gbp
            when no_interval_because is null then least(lowest_gbp, forecast_year_gbp)
        end as lower_gbp,
        case
            when is_whole_year then forecast_year_gbp
            when no_interval_because is null then greatest(highest_gbp, forecast_year_gbp)
        end as upper_gbp
    from intervals
)

select
    council,
    unit,
    level,
    month,
    as_at,
    grain,
    financial_year,
    year_to_date_gbp,
    forecast_year_gbp,
    is_whole_year as is_outturn,
    cast(earlier_years as integer) as earlier_years,
    cast(years_compared as integer) as years_compared,
    lowest_error_rate,
    highest_error_rate,
    lower_gbp,
    upper_gbp,
    no_interval_because,
    budget_gbp,
    case
        when budget_gbp < lower_gbp then 'below'
        when budget_gbp > upper_gbp then 'above'
        when lower_gbp is not null and budget_gbp is not null then 'within'
    end as budget_lies
from bounds
