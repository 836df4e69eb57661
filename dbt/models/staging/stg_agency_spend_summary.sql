with landed as (
    {{ landed_in_force('agency_spend_summary') }}
)

select
    landed.delivery,
    landed.council,
    landed.month,
    landed.as_at,
    {{ unit_or_council('meant', 'unit') }} as unit,
    landed.financial_year,
    sum(landed.amount_gbp) as amount_gbp,
    bool_or(coalesce(landed.is_forecast, false)) as is_forecast
from landed
{{ join_unit('meant', 'unit') }}
{{ join_whole_council() }}
-- Several names nobody knows can meet in one unit, and no name can mean the council that another row names.
group by
    landed.delivery,
    landed.council,
    landed.month,
    landed.as_at,
    {{ unit_or_council('meant', 'unit') }},
    landed.financial_year
