with due as (
    {{ months_due() }}
),

-- Only what some policy of the council, or of every council, speaks of is worth a row.
spoken_of as (
    select distinct
        councils.council,
        policies.metric
    from (select distinct council from due) as councils
    inner join {{ ref('threshold_policy') }} as policies
        on policies.council is null or councils.council = policies.council
),

metrics as (
    select
        spoken_of.council,
        metrics.metric,
        metrics.mart,
        metrics.numerator,
        metrics.denominator,
        coalesce(metrics.times, 1) as times
    from {{ ref('metrics') }} as metrics
    inner join spoken_of on metrics.metric = spoken_of.metric
),

measured as (
    select
        parts.council,
        parts.month,
        parts.unit,
        parts.worker_key,
        parts.level_of_its_own,
        parts.role_group,
        parts.experience,
        parts.grain,
        metrics.metric,
        max(case when parts.part = metrics.numerator then metrics.times * parts.value end) as numerator,
        max(
            case
                when metrics.denominator is null then cast(1 as decimal(38, 15))
                when parts.part = metrics.denominator then parts.value
            end
        ) as denominator
    from {{ ref('int_metric_parts') }} as parts
    inner join metrics
        on
            parts.council = metrics.council
            and parts.mart = metrics.mart
            and parts.part in (metrics.numerator, metrics.denominator)
    group by
        parts.council, parts.month, parts.unit, parts.worker_key, parts.level_of_its_own, parts.role_group,
        parts.experience, parts.grain, metrics.metric
)

select
    measured.council,
    measured.month,
    due.as_at,
    measured.unit,
    measured.worker_key,
    coalesce(measured.level_of_its_own, units.level) as level,
    case when coalesce(measured.level_of_its_own, '') <> 'contract' then units.service_area end as service_area,
    measured.role_group,
    measured.experience,
    measured.grain,
    measured.metric,
    measured.numerator,
    measured.denominator
from measured
inner join due
    on
        measured.council = due.council
        and measured.month = due.month
left join {{ ref('int_unit_months') }} as units
    on
        measured.council = units.council
        and measured.month = units.month
        and measured.unit = units.unit
