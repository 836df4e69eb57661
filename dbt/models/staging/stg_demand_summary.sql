with landed as (
    {{ landed_in_force('demand_summary') }}
)

select
    delivery,
    council,
    month,
    as_at,
    contacts,
    referrals,
    children_in_need,
    child_protection,
    children_looked_after,
    children_0_17,
    mean_plan_days
from landed
