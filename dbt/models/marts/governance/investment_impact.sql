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

-- What stood at the last month's end before the first day; where nothing is known of that time, the first thing known.
starts as (
    select
        indicators.council,
        indicators.investment,
        indicators.indicator,
        indicators.unit,
        indicators.item,
        found.month,
        found.value,
        row_number() over (
            partition by
                indicators.council, indicators.investment, indicators.indicator, indicators.unit, indicators.item
            order by
                case when {{ month_end('found.month') }} < indicators.starts_on then 0 else 1 end,
                abs({{ days_between('indicators.starts_on', 'found.month') }})
        ) as preference
    from indicators
    inner join {{ ref('int_indicator_values') }} as found
        on
            indicators.council = found.council
            and indicators.unit = found.unit
            and indicators.indicator = found.indicator
            and indicators.item = found.item
)

select
    indicators.council,
    indicators.investment,
    indicators.indicator,
    indicators.unit,
    nullif(indicators.item, '') as item,
    due.month,
    due.as_at,
    indicators.starts_on,
    starts.month as started_from,
    cast(starts.value as decimal(18, 4)) as value_at_start,
    cast(found.value as decimal(18, 4)) as value_now,
    cast(found.value - starts.value as decimal(18, 4)) as change,
    {{ ratio_half_up('100 * (found.value - starts.value)', 'starts.value', 1, 9) }} as change_percent,
    cast(indicators.target as decimal(18, 4)) as target,
    indicators.better,
    case
        when found.value = starts.value then 'unchanged'
        when (found.value < starts.value) = (indicators.better = 'lower') then 'better'
        when found.value is not null then 'worse'
    end as direction,
    case
        when indicators.better = 'lower' then found.value <= indicators.target
        else found.value >= indicators.target
    end as is_target_met,
    indicators.source
from due
inner join indicators
    on
        due.council = indicators.council
        and indicators.starts_on <= due.as_at
left join starts
    on
        indicators.council = starts.council
        and indicators.investment = starts.investment
        and indicators.indicator = starts.indicator
        and indicators.unit = starts.unit
        and indicators.item = starts.item
        and starts.preference = 1
        and starts.month <= due.month
left join {{ ref('int_indicator_values') }} as found
    on
        indicators.council = found.council
        and indicators.unit = found.unit
        and indicators.indicator = found.indicator
        and indicators.item = found.item
        and due.month = found.month
