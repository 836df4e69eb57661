with landed as (
    {{ landed_in_force('agency_spend') }}
)

select
    landed.delivery,
    landed.council,
    landed.month,
    landed.as_at,
    landed.line_id,
    coalesce(charged_to.unit, 'unmapped') as unit,
    role_meant.role,
    landed.worker_key,
    landed.supplier,
    landed.contract_id,
    landed.week_ending,
    landed.hours,
    landed.hourly_rate_gbp,
    landed.amount_gbp,
    landed.cost_type,
    -- The amount is the truth; hours and rate that say something else are only remarked on.
    (
        landed.cost_type = 'pay'
        and abs(cast(landed.hours as decimal(20, 6)) * landed.hourly_rate_gbp - landed.amount_gbp) > 0.01
    ) as is_amount_in_doubt
from landed
{{ join_unit('charged_to', 'team') }}
{{ join_role('role_meant', 'role') }}
