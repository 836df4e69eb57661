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
                case
                    when {{ month_end('found.month') }} < indicators.starts_on
                        then {{ days_between('found.month', 'indicators.starts_on') }}
                    else {{ days_between('indicators.starts_on', 'found.month') }}
                end
        ) as preference
    from indicators
    inner join {{ ref('int_indicator_values') }} as found
        on
            indicators.council = found.council
            and indicators.unit = found.unit
            and indicators.indicator = found.indicator
            and indicators.item = found.item
),

-- Every month's end since its first day of which something is known.
since as (
    select
        indicators.council,
        indicators.investment,
        indicators.indicator,
        indicators.unit,
        indicators.item,
        due.month,
        count(*) as months,
        sum(found.value) as total,
        min(found.value) as lowest,
        max(found.value) as highest,
        max(found.month) as last_month
    from indicators
    inner join due
        on
            indicators.council = due.council
            and indicators.starts_on <= due.as_at
    inner join {{ ref('int_indicator_values') }} as found
        on
            indicators.council = found.council
            and indicators.unit = found.unit
            and indicators.indicator = found.indicator
            and indicators.item = found.item
            and found.month <= due.month
            and {{ month_end('found.month') }} >= indicators.starts_on
    group by
        indicators.council, indicators.investment, indicators.indicator, indicators.unit, indicators.item, due.month
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
    indicators.source,
    {{ month_end('starts.month') }} < indicators.starts_on as is_start_before,
    cast(coalesce(since.months, 0) as integer) as months_since,
    {{ ratio_half_up('since.total', 'since.months', 4, 18) }} as mean_since,
    cast(
        case when indicators.better = 'lower' then since.lowest else since.highest end as decimal(18, 4)
    ) as best_since,
    cast(
        case when indicators.better = 'lower' then since.highest else since.lowest end as decimal(18, 4)
    ) as worst_since,
    since.last_month as last_known_month,
    cast(last_known.value as decimal(18, 4)) as last_known_value
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
left join since
    on
        indicators.council = since.council
        and indicators.investment = since.investment
        and indicators.indicator = since.indicator
        and indicators.unit = since.unit
        and indicators.item = since.item
        and due.month = since.month
left join {{ ref('int_indicator_values') }} as last_known
    on
        since.council = last_known.council
        and since.unit = last_known.unit
        and since.indicator = last_known.indicator
        and since.item = last_known.item
        and since.last_month = last_known.month
