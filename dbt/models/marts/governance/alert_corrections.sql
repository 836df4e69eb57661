{#- What was told, what came after it, and what is so now. Moments are whole seconds, as the ledger keeps them. -#}
with due as (
    {{ months_due() }}
),

told as (
    select
        told.*,
        coalesce({{ as_text('told.worker_key') }}, told.unit) as subject,
        told.worker_key is not null as is_worker,
        coalesce(severities.rank, 0) as severity_rank
    from {{ source('run', 'told_figures') }} as told
    inner join due
        on
            told.council = due.council
            and told.month = due.month
    left join {{ ref('severities') }} as severities
        on told.severity = severities.severity
),

first_told as (
    select
        council,
        month,
        min(told_at) as first_told_at
    from told
    group by council, month
),

arrived as (
    select
        *,
        row_number() over (
            partition by council, month, extract, is_refused order by received_at, delivery
        ) as place,
        max(case when is_refused then 1 else 0 end) over (
            partition by council, month, extract order by received_at, delivery
        ) = 1 as is_after_refused
    from {{ source('run', 'deliveries') }}
),

accepted as (
    select * from arrived
    where not is_refused
),

moved as (
    select
        council,
        month,
        extract,
        case
            when place > 1 then 'corrected'
            when is_after_refused then 'mended'
            else 'late'
        end as cause,
        received_at as moved_at
    from accepted

    union all

    select
        council,
        month,
        extract,
        'withdrawn' as cause,
        withdrawn_at as moved_at
    from accepted
    where is_withdrawn
),

-- What came after a month was told, of an extract that its metric is made of.
moving as (
    select
        due.council,
        due.month,
        metrics.metric,
        moved.extract,
        moved.cause,
        moved.moved_at,
        date_trunc('second', moved.moved_at) as moved_second,
        count(*) over (
            partition by due.council, due.month, metrics.metric, date_trunc('second', moved.moved_at)
        ) as deliveries,
        row_number() over (
            partition by due.council, due.month, metrics.metric, date_trunc('second', moved.moved_at)
            order by
                case when moved.month = due.month then 0 else 1 end,
                case when moved.cause in ('late', 'mended') then 1 else 0 end,
                moved.extract,
                moved.month desc
        ) as preference
    from due
    inner join first_told
        on
            due.council = first_told.council
            and due.month = first_told.month
    inner join moved
        on
            due.council = moved.council
            and due.month >= moved.month
            and date_trunc('second', moved.moved_at) > first_told.first_told_at
    inner join {{ ref('int_mart_extracts') }} as lineage
        on
            moved.extract = lineage.extract
            and (
                lineage.reach = 2
                or (lineage.reach = 1 and {{ months_away('moved.month', 12) }} >= due.month)
                or moved.month = due.month
            )
    inner join {{ ref('metrics') }} as metrics
        on lineage.mart = metrics.mart
),

known as (
    select
        verdicts.*,
        coalesce({{ as_text('verdicts.worker_key') }}, verdicts.unit) as subject,
        verdicts.worker_key is not null as is_worker
    from {{ ref('int_verdicts') }} as verdicts
    inner join due
        on
            verdicts.council = due.council
            and verdicts.month = due.month
),

subjects as (
    select {{ subject_of('told') }}
    from told

    union

    select {{ subject_of('known') }}
    from known
    where severity_rank > 0
),

considered as (
    select
        subjects.*,
        moving.extract,
        moving.cause,
        moving.moved_at,
        moving.moved_second,
        moving.deliveries
    from subjects
    inner join moving
        on
            subjects.council = moving.council
            and subjects.month = moving.month
            and subjects.metric = moving.metric
            and moving.preference = 1
),

told_before as (
    select
        considered.*,
        told.unit as told_unit,
        told.level as told_level,
        told.value as told_value,
        told.severity as told_severity,
        coalesce(told.severity_rank, 0) as told_rank,
        told.told_at,
        row_number() over (
            partition by {{ subject_of('considered') }}, considered.moved_second
            order by told.told_at desc
        ) as preference
    from considered
    left join told
        on
            {{ of_one_subject('considered', 'told') }}
            and considered.moved_second > told.told_at
),

told_after as (
    select
        before.*,
        told.told_at as told_again_at,
        told.value as value_again,
        coalesce(told.severity_rank, 0) as rank_again,
        row_number() over (
            partition by {{ subject_of('before') }}, before.moved_second
            order by told.told_at
        ) as preference_after
    from told_before as before
    left join told
        on
            {{ of_one_subject('before', 'told') }}
            and before.moved_second <= told.told_at
    where before.preference = 1
),

-- The last time that something came and the figure was another than before it. A worker's is not told: whether it
-- is flagged stands for it.
compared as (
    select
        after.*,
        known.unit as unit_now,
        known.level as level_now,
        known.worker_key,
        known.value,
        known.severity,
        known.metric is not null as is_known,
        coalesce(known.severity_rank, 0) as rank_now,
        row_number() over (
            partition by {{ subject_of('after') }}
            order by after.moved_second desc
        ) as place
    from told_after as after
    left join known
        on
            {{ of_one_subject('after', 'known') }}
    where
        after.preference_after = 1
        and (
            (
                after.is_worker
                and (after.told_rank > 0)
                <> (
                    case
                        when after.told_again_at is null then coalesce(known.severity_rank, 0)
                        else after.rank_again
                    end > 0
                )
            )
            or (
                not after.is_worker
                and after.told_value
                is distinct from case when after.told_again_at is null then known.value else after.value_again end
            )
        )
),

-- A breach as it was told last, where it is none any more though nothing was delivered: reference data changed.
told_last as (
    select
        *,
        row_number() over (partition by {{ subject_of('told') }} order by told.told_at desc) as place
    from told
),

all_compared as (
    select
        council,
        month,
        metric,
        is_worker,
        subject,
        coalesce(unit_now, told_unit) as unit,
        coalesce(level_now, told_level) as level,
        told_value,
        told_severity,
        told_rank,
        value,
        severity,
        is_known,
        cause,
        extract,
        deliveries,
        moved_at,
        told_at
    from compared
    where place = 1

    union all

    select
        told_last.council,
        told_last.month,
        told_last.metric,
        told_last.is_worker,
        told_last.subject,
        known.unit,
        known.level,
        told_last.value as told_value,
        told_last.severity as told_severity,
        told_last.severity_rank as told_rank,
        known.value,
        known.severity,
        true as is_known,
        'reference' as cause,
        {{ as_text('null') }} as extract,
        0 as deliveries,
        cast(null as timestamp) as moved_at,
        told_last.told_at
    from told_last
    inner join known
        on
            {{ of_one_subject('told_last', 'known') }}
    left join compared
        on
            {{ of_one_subject('told_last', 'compared') }}
            and compared.place = 1
    where
        told_last.place = 1
        and told_last.severity_rank > 0
        and known.severity_rank = 0
        and compared.subject is null
)

select
    compared.council,
    compared.unit,
    compared.level,
    compared.month,
    due.as_at,
    compared.metric,
    case when compared.is_worker then cast(compared.subject as bigint) end as worker_key,
    compared.told_value,
    compared.told_severity,
    compared.value,
    compared.severity,
    coalesce(states.state, case when compared.is_known then 'withdrawn' else 'unknown' end) as state,
    compared.cause,
    compared.extract,
    cast(compared.deliveries as integer) as deliveries,
    compared.moved_at as received_at,
    compared.told_at
from all_compared as compared
inner join due
    on
        compared.council = due.council
        and compared.month = due.month
left join {{ ref('alert_states') }} as states
    on
        compared.council = states.council
        and compared.month = states.month
        and compared.metric = states.metric
        and compared.unit = states.unit
        and states.worker_key
        is not distinct from case when compared.is_worker then cast(compared.subject as bigint) end
where states.state is not null or compared.told_rank > 0
