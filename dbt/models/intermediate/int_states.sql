{#- Everything a breach went through, verdict by verdict. A month without one is none: it neither ends nor begins. -#}
{%- set history = 'partition by council, metric, is_worker, subject' -%}
{%- set so_far = 'order by month rows between unbounded preceding and current row' -%}
with councils_due as (
    select distinct council
    from ({{ months_due() }}) as due
),

verdicts as (
    select
        verdicts.*,
        -- A worker's history goes with the worker, a unit's with the unit.
        coalesce({{ as_text('verdicts.worker_key') }}, verdicts.unit) as subject,
        verdicts.worker_key is not null as is_worker,
        verdicts.severity_rank > 0 as is_flagged,
        verdicts.severity_rank >= warning.rank as is_in_breach
    from {{ ref('int_verdicts') }} as verdicts
    inner join councils_due on verdicts.council = councils_due.council
    inner join {{ ref('severities') }} as warning on warning.severity = 'warning'
),

counted as (
    select
        *,
        lag(value) over ({{ history }} order by month) as previous_value,
        lag(severity) over ({{ history }} order by month) as severity_before,
        sum(case when is_flagged then 1 else 0 end) over ({{ history }} {{ so_far }}) as flagged_months,
        sum(case when is_flagged then 0 else 1 end) over ({{ history }} {{ so_far }}) as clear_months,
        sum(case when is_in_breach then 0 else 1 end) over ({{ history }} {{ so_far }}) as calm_months
    from verdicts
),

-- Each run of months carries on from the month that began it.
in_runs as (
    select
        *,
        max(case when is_flagged then severity_rank end) over ({{ history }}, flagged_months) as last_flagged_rank,
        max(case when is_flagged then severity end) over ({{ history }}, flagged_months) as last_flagged_severity,
        sum(case when is_flagged then 0 else 1 end) over ({{ history }}, flagged_months {{ so_far }}) as months_clear,
        sum(case when is_flagged then 1 else 0 end) over ({{ history }}, clear_months {{ so_far }}) as months_flagged,
        sum(case when is_in_breach then 1 else 0 end) over ({{ history }}, calm_months {{ so_far }})
            as months_in_breach
    from counted
),

-- The rule of the severity in hand, of a clear month that of the severity it follows.
ruled as (
    select
        in_runs.*,
        rules.months_before_new,
        rules.months_before_resolved,
        rules.acknowledge_within_days,
        row_number() over (
            partition by in_runs.council, in_runs.metric, in_runs.is_worker, in_runs.subject, in_runs.month
            order by
                case when rules.council is null then 1 else 0 end,
                case when rules.metric is null then 1 else 0 end,
                case when rules.severity is null then 1 else 0 end,
                rules.valid_from desc
        ) as preference
    from in_runs
    left join {{ ref('alert_rules') }} as rules
        on
            (rules.council is null or rules.council = in_runs.council)
            and (rules.metric is null or rules.metric = in_runs.metric)
            and (rules.severity is null or rules.severity = in_runs.last_flagged_severity)
            and (rules.valid_from is null or rules.valid_from <= in_runs.as_at)
            and (rules.valid_to is null or in_runs.as_at < rules.valid_to)
),

-- 1 where a breach has lasted long enough to be told, 0 where it has been over for long enough.
turned as (
    select
        *,
        case
            when is_in_breach and months_in_breach >= coalesce(months_before_new, 1) then 1
            when is_flagged and not is_in_breach and months_flagged >= coalesce(months_before_new, 1) then 1
            when not is_flagged and months_clear >= coalesce(months_before_resolved, 1) then 0
        end as turn
    from ruled
    where preference = 1
),

turns_counted as (
    select
        *,
        count(turn) over ({{ history }} {{ so_far }}) as turns
    from turned
),

opened as (
    select
        *,
        coalesce(max(turn) over ({{ history }}, turns), 0) = 1 as is_open
    from turns_counted
),

followed as (
    select
        *,
        coalesce(lag(is_open) over ({{ history }} order by month), false) as was_open,
        lag(last_flagged_rank) over ({{ history }} order by month) as rank_before
    from opened
),

stated as (
    select
        *,
        case
            when not is_flagged and not is_open and was_open then 'resolved'
            when not is_flagged and is_open then 'recovering'
            when not is_flagged then 'clear'
            when not is_open then 'pending'
            when not was_open then 'new'
            when severity_rank > rank_before then 'worsened'
            when severity_rank < rank_before then 'eased'
            else 'continuing'
        end as state
    from followed
),

dated as (
    select
        *,
        case
            when state = 'pending'
                then max(case when months_flagged = 1 then month end) over ({{ history }} {{ so_far }})
            when state <> 'clear'
                then max(case when state = 'new' then month end) over ({{ history }} {{ so_far }})
        end as since_month,
        lead(month) over ({{ history }} order by month) as next_judged_month
    from stated
)

select
    dated.council,
    dated.month,
    dated.as_at,
    dated.unit,
    dated.worker_key,
    dated.is_worker,
    dated.subject,
    dated.level,
    dated.grain,
    dated.metric,
    dated.value,
    dated.rounded_value,
    dated.band,
    dated.band_label,
    dated.severity,
    dated.severity_before,
    dated.lower,
    dated.upper,
    dated.target,
    dated.policy_id,
    dated.source,
    dated.months_in_breach,
    dated.state,
    dated.is_open,
    dated.since_month,
    dated.previous_value,
    case
        when dated.previous_value is null then null
        when dated.value = dated.previous_value then 'same'
        when metrics.worse is null then null
        when (dated.value > dated.previous_value) = (metrics.worse = 'higher') then 'worse'
        else 'better'
    end as trend,
    dated.acknowledge_within_days,
    dated.next_judged_month
from dated
left join {{ ref('metrics') }} as metrics
    on dated.metric = metrics.metric
