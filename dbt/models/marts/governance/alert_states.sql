with due as (
    {{ months_due() }}
),

-- Months that are not due say whether a breach has ended already.
loaded as (
    select *
    from {{ source('run', 'build_scope') }}
    where is_loaded and council in (select due.council from due)
),

states as (
    select * from {{ ref('int_states') }}
),

judged as (
    select
        states.*,
        ways.fewer_to_target,
        ways.fewer_of,
        ways.more_to_target,
        ways.more_of
    from states
    inner join due
        on
            states.council = due.council
            and states.month = due.month
    left join {{ ref('int_ways_to_target') }} as ways
        on
            states.council = ways.council
            and states.month = ways.month
            and states.unit = ways.unit
            and states.metric = ways.metric
            and states.worker_key is not distinct from ways.worker_key
    where states.state <> 'clear'
),

-- A breach that was open when it was last judged, in a later month in which it was not.
unjudged as (
    select
        states.council,
        loaded.month,
        loaded.as_at,
        states.unit,
        states.worker_key,
        states.is_worker,
        states.subject,
        states.level,
        states.metric,
        states.severity_before,
        states.severity,
        states.value,
        states.policy_id,
        states.since_month,
        states.acknowledge_within_days,
        unjudged.grain,
        -- Workers have no row at all in a month without workforce; whoever has no other row is gone.
        coalesce(unjudged.metric is not null or (states.is_worker and not loaded.has_workforce), false) as is_unknown,
        states.month as judged_month
    from states
    inner join loaded
        on
            states.council = loaded.council
            and states.month < loaded.month
            and (states.next_judged_month is null or loaded.month < states.next_judged_month)
    left join {{ ref('int_unjudged') }} as unjudged
        on
            states.council = unjudged.council
            and loaded.month = unjudged.month
            and states.metric = unjudged.metric
            and states.worker_key is not distinct from unjudged.worker_key
            and (states.is_worker or states.unit = unjudged.unit)
    where states.is_open
),

-- What is gone is told once.
numbered as (
    select
        *,
        row_number() over (
            partition by council, metric, is_worker, subject, judged_month, is_unknown
            order by month
        ) as place
    from unjudged
),

gone as (
    select numbered.*
    from numbered
    inner join due
        on
            numbered.council = due.council
            and numbered.month = due.month
    where numbered.is_unknown or numbered.place = 1
)

select
    council,
    unit,
    level,
    month,
    as_at,
    grain,
    metric,
    worker_key,
    value,
    rounded_value,
    band,
    band_label,
    severity,
    severity_before,
    lower,
    upper,
    target,
    policy_id,
    source,
    cast(months_in_breach as integer) as months_in_breach,
    state,
    since_month,
    previous_value,
    {{ half_up('value - previous_value', 4, 18) }} as change,
    trend,
    cast(acknowledge_within_days as integer) as acknowledge_within_days,
    fewer_to_target,
    fewer_of,
    more_to_target,
    more_of
from judged

union all

select
    council,
    unit,
    level,
    month,
    as_at,
    grain,
    metric,
    worker_key,
    cast(null as decimal(18, 4)) as value,
    cast(null as decimal(18, 4)) as rounded_value,
    {{ as_text('null') }} as band,
    {{ as_text('null') }} as band_label,
    {{ as_text('null') }} as severity,
    severity as severity_before,
    cast(null as decimal(18, 4)) as lower,
    cast(null as decimal(18, 4)) as upper,
    cast(null as decimal(18, 4)) as target,
    policy_id,
    {{ as_text('null') }} as source,
    cast(null as integer) as months_in_breach,
    case when is_unknown then 'unknown' else 'ended' end as state,
    since_month,
    value as previous_value,
    cast(null as decimal(18, 4)) as change,
    {{ as_text('null') }} as trend,
    cast(acknowledge_within_days as integer) as acknowledge_within_days,
    cast(null as decimal(18, 2)) as fewer_to_target,
    {{ as_text('null') }} as fewer_of,
    cast(null as decimal(18, 2)) as more_to_target,
    {{ as_text('null') }} as more_of
from gone
