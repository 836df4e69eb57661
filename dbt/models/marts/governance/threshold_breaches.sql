with due as (
    {{ months_due() }}
),

councils_due as (
    select distinct council
    from due
),

verdicts as (
    select
        verdicts.*,
        -- A worker's history goes with the worker, a unit's with the unit.
        coalesce(cast(verdicts.worker_key as varchar), verdicts.unit) as subject,
        verdicts.worker_key is not null as is_worker,
        warning.rank as warning_rank
    from {{ ref('int_verdicts') }} as verdicts
    inner join councils_due on verdicts.council = councils_due.council
    inner join {{ ref('severities') }} as warning on warning.severity = 'warning'
),

followed as (
    select
        *,
        lag(severity_rank) over (
            partition by council, metric, is_worker, subject
            order by month
        ) as rank_before,
        sum(case when severity_rank < warning_rank then 1 else 0 end) over (
            partition by council, metric, is_worker, subject
            order by month
            rows between unbounded preceding and current row
        ) as calm_months
    from verdicts
),

counted as (
    select
        *,
        sum(case when severity_rank >= warning_rank then 1 else 0 end) over (
            partition by council, metric, is_worker, subject, calm_months
            order by month
            rows between unbounded preceding and current row
        ) as months_in_breach
    from followed
)

select
    counted.council,
    counted.unit,
    counted.level,
    counted.month,
    counted.as_at,
    counted.grain,
    counted.metric,
    counted.worker_key,
    counted.value,
    counted.rounded_value,
    counted.band,
    counted.band_label,
    counted.severity,
    counted.lower,
    counted.upper,
    counted.target,
    counted.policy_id,
    counted.source,
    cast(counted.months_in_breach as integer) as months_in_breach,
    case
        when counted.severity_rank = 0 then 'resolved'
        when coalesce(counted.rank_before, 0) = 0 then 'new'
        when counted.severity_rank > counted.rank_before then 'worsened'
        when counted.severity_rank < counted.rank_before then 'eased'
        else 'continuing'
    end as state
from counted
inner join due
    on
        counted.council = due.council
        and counted.month = due.month
where counted.severity_rank > 0 or counted.rank_before > 0
