with landed as (
    {{ landed_in_force('caseload_summary') }}
)

select
    landed.delivery,
    landed.council,
    landed.month,
    landed.as_at,
    coalesce(meant.unit, 'unmapped') as unit,
    sum(landed.open_cases) as open_cases,
    sum(landed.fte_social_workers) as fte_social_workers
from landed
{{ join_unit('meant', 'unit') }}
-- Only several names nobody knows can meet in one unit: a known unit stands once in a delivery.
group by
    landed.delivery,
    landed.council,
    landed.month,
    landed.as_at,
    coalesce(meant.unit, 'unmapped')
