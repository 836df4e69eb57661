with landed as (
    {{ landed_in_force('workforce_summary') }}
)

select
    landed.delivery,
    landed.council,
    landed.month,
    landed.as_at,
    {{ unit_or_council('meant', 'unit') }} as unit,
    landed.financial_year,
    sum(landed.in_post_fte) as in_post_fte,
    sum(landed.headcount) as headcount,
    sum(landed.sickness_days) as sickness_days,
    sum(landed.leavers_fte) as leavers_fte,
    sum(landed.voluntary_leavers_fte) as voluntary_leavers_fte,
    sum(landed.qualified_under_18_months) as qualified_under_18_months
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
