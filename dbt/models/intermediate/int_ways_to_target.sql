{#- What would bring a figure back: of what it counts, or of what it is shared among. To the policy's target, where it
    has one; else to where its bands are fine again. -#}
with due as (
    {{ months_due() }}
),

judged as (
    select
        chosen.*,
        {{ half_a_step('chosen.rounding') }} as half_step,
        metrics.worse,
        metrics.numerator_of,
        metrics.numerator_decimals,
        metrics.denominator_of,
        coalesce(metrics.times, 1) as times
    from {{ ref('int_policies_chosen') }} as chosen
    inner join due
        on
            chosen.council = due.council
            and chosen.month = due.month
    inner join {{ ref('metrics') }} as metrics
        on chosen.metric = metrics.metric
    where
        chosen.numerator is not null
        and chosen.denominator > 0
        and metrics.worse is not null
        and coalesce(metrics.numerator_of, metrics.denominator_of) is not null
),

-- Where fine values end, on the side that is worse.
fine as (
    select
        judged.council,
        judged.month,
        judged.unit,
        judged.worker_key,
        judged.metric,
        case when judged.worse = 'higher' then max(bands.upper) else min(bands.lower) end as bound
    from judged
    inner join {{ ref('threshold_policy') }} as bands
        on
            {{ is_row_of_policy('bands', 'judged') | indent(12) }}
    where bands.severity = 'none'
    group by judged.council, judged.month, judged.unit, judged.worker_key, judged.metric, judged.worse
),

-- A value that rounds to the bound has reached it. Above, the bound itself is not fine any more; below, it is.
aimed as (
    select
        judged.*,
        coalesce(judged.target, fine.bound - judged.half_step) as goal,
        judged.target is null and judged.worse = 'higher' as goal_is_too_much
    from judged
    left join fine
        on
            judged.council = fine.council
            and judged.month = fine.month
            and judged.unit = fine.unit
            and judged.metric = fine.metric
            and judged.worker_key is not distinct from fine.worker_key
),

-- How much of the numerator is too much, or missing; negative where the goal is reached.
measured as (
    select
        *,
        case
            when worse = 'higher' then numerator - goal * denominator
            else goal * denominator - numerator
        end as away
    from aimed
),

floored as (
    select
        *,
        {{ floored('away') }} as distance,
        away < 0 or (away = 0 and not goal_is_too_much) as is_reached
    from measured
),

numerators as (
    select
        *,
        case
            when numerator_of is null then null
            when is_reached then cast(0 as decimal(18, 2))
            when numerator_decimals = 0
                then cast({{ ratio_up('distance', 'times', 0, 'goal_is_too_much') }} as decimal(18, 2))
            when target is not null then {{ ratio_half_up('distance', 'times', 2, 18) }}
            else cast({{ ratio_up('distance', 'times', 2, 'goal_is_too_much') }} as decimal(18, 2))
        end as of_numerator,
        case
            when denominator_of is null or worse <> 'higher' or goal <= 0 then null
            when is_reached then cast(0 as decimal(18, 2))
            when target is not null then {{ ratio_half_up('distance', 'goal', 2, 18) }}
            else cast({{ ratio_up('distance', 'goal', 2, 'goal_is_too_much') }} as decimal(18, 2))
        end as of_denominator
    from floored
)

select
    council,
    month,
    unit,
    worker_key,
    metric,
    case when worse = 'higher' then of_numerator end as fewer_to_target,
    case when worse = 'higher' and of_numerator is not null then numerator_of end as fewer_of,
    case when worse = 'higher' then of_denominator else of_numerator end as more_to_target,
    case
        when worse <> 'higher' and of_numerator is not null then numerator_of
        when of_denominator is not null then denominator_of
    end as more_of
from numerators
