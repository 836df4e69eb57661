with due as (
    {{ months_due() }}
)

select
    states.council,
    states.unit,
    states.level,
    states.month,
    states.as_at,
    states.grain,
    states.metric,
    states.worker_key,
    states.value,
    states.rounded_value,
    states.band,
    states.band_label,
    states.severity,
    states.lower,
    states.upper,
    states.target,
    states.policy_id,
    states.source,
    states.months_in_breach,
    states.state,
    states.since_month,
    states.previous_value,
    states.change,
    states.trend
from {{ ref('alert_states') }} as states
inner join due
    on
        states.council = due.council
        and states.month = due.month
where states.state in ('new', 'worsened', 'continuing', 'eased', 'resolved')
