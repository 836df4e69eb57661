with due as (
    {{ months_due() }}
),

totals as (
    select totals.*
    from {{ ref('int_agency_totals') }} as totals
    inner join due
        on
            totals.council = due.council
            and totals.month = due.month
)

select
    totals.council,
    totals.unit,
    totals.level,
    totals.month,
    totals.as_at,
    totals.grain,
    totals.financial_year,
    {{ half_up('totals.agency_cost_gbp', 2) }} as agency_cost_gbp,
    {{ half_up('totals.pay_gbp', 2) }} as pay_gbp,
    {{ half_up('totals.agency_cost_gbp - totals.pay_gbp', 2) }} as other_gbp,
    {{ half_up('totals.agency_fte', 2, 9) }} as agency_fte,
    {{ ratio_half_up('totals.agency_cost_gbp', 'totals.agency_fte', 2) }} as cost_per_agency_fte_gbp,
    {{ ratio_half_up('totals.permanent_equivalent_annual_gbp', '12', 2) }} as permanent_equivalent_gbp,
    {{ ratio_half_up(
        '12 * totals.agency_cost_gbp - totals.permanent_equivalent_annual_gbp', '12', 2
    ) }} as premium_gbp,
    {{ half_up('totals.year_to_date_gbp', 2) }} as year_to_date_gbp,
    {{ ratio_half_up('totals.forecast_times_months_gbp', 'totals.months_loaded', 2) }} as forecast_year_gbp,
    {{ half_up('totals.budget_gbp', 2) }} as budget_gbp,
    {{ ratio_half_up(
        'totals.forecast_times_months_gbp - totals.months_loaded * totals.budget_gbp', 'totals.months_loaded', 2
    ) }} as variance_gbp,
    totals.is_forecast
from totals
