with due as (
    {{ months_due() }}
),

investments as (
    select
        council,
        investment,
        min(starts_on) as starts_on
    from {{ ref('investments') }}
    group by council, investment
),

indicators as (
    select
        wanted.council,
        wanted.investment,
        wanted.indicator,
        wanted.unit,
        coalesce(wanted.item, '') as item,
        wanted.better,
        wanted.target,
        wanted.source,
        investments.starts_on
    from {{ ref('investment_indicators') }} as wanted
    inner join investments
        on
            wanted.council = investments.council
            and wanted.investment = investments.investment
),

{{ moved_since('indicators', ['council', 'investment', 'indicator', 'unit', 'item']) }}

select
    council,
    investment,
    indicator,
    unit,
    nullif(item, '') as item,
    month,
    as_at,
    starts_on,
    started_from,
    value_at_start,
    value_now,
    change,
    change_percent,
    cast(target as decimal(18, 4)) as target,
    better,
    direction,
    is_target_met,
    source,
    is_start_before,
    months_since,
    mean_since,
    best_since,
    worst_since,
    last_known_month,
    last_known_value
from moved
