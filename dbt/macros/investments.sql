{# What stood before a thing began, at each month's end since, and stands now. One home for every mart that says so. #}

{# CTE `moved`, with `starts` and `since` before it. `wanted` is a CTE of council, unit, indicator, item ('' for none),
   starts_on and better, and of the columns `key`, none of them NULL, that tell its rows apart; `due` are months. One row
   for each row of `wanted` and month due that ended on its first day or later. #}
{% macro moved_since(wanted, key) -%}
-- What stood at the last month's end before the first day; where nothing is known of that time, the first thing known.
starts as (
    select
        {%- for column in key %}
        {{ wanted }}.{{ column }},
        {%- endfor %}
        found.month,
        found.value,
        row_number() over (
            partition by
                {%- for column in key %}
                {{ wanted }}.{{ column }}{{ '' if loop.last else ',' }}
                {%- endfor %}
            order by
                case when {{ month_end('found.month') }} < {{ wanted }}.starts_on then 0 else 1 end,
                case
                    when {{ month_end('found.month') }} < {{ wanted }}.starts_on
                        then {{ days_between('found.month', wanted ~ '.starts_on') }}
                    else {{ days_between(wanted ~ '.starts_on', 'found.month') }}
                end
        ) as preference
    from {{ wanted }}
    inner join {{ ref('int_indicator_values') }} as found
        on
            {{ wanted }}.council = found.council
            and {{ wanted }}.unit = found.unit
            and {{ wanted }}.indicator = found.indicator
            and {{ wanted }}.item = found.item
),

-- Every month's end since its first day of which something is known.
since as (
    select
        {%- for column in key %}
        {{ wanted }}.{{ column }},
        {%- endfor %}
        due.month,
        count(*) as months,
        sum(found.value) as total,
        min(found.value) as lowest,
        max(found.value) as highest,
        max(found.month) as last_month
    from {{ wanted }}
    inner join due
        on
            {{ wanted }}.council = due.council
            and {{ wanted }}.starts_on <= due.as_at
    inner join {{ ref('int_indicator_values') }} as found
        on
            {{ wanted }}.council = found.council
            and {{ wanted }}.unit = found.unit
            and {{ wanted }}.indicator = found.indicator
            and {{ wanted }}.item = found.item
            and found.month <= due.month
            and {{ month_end('found.month') }} >= {{ wanted }}.starts_on
    group by
        {%- for column in key %}
        {{ wanted }}.{{ column }},
        {%- endfor %}
        due.month
),

moved as (
    select
        {{ wanted }}.*,
        due.month,
        due.as_at,
        starts.month as started_from,
        cast(starts.value as decimal(18, 4)) as value_at_start,
        cast(found.value as decimal(18, 4)) as value_now,
        cast(found.value - starts.value as decimal(18, 4)) as change,
        {{ ratio_half_up('100 * (found.value - starts.value)', 'starts.value', 1, 9) }} as change_percent,
        case
            when found.value = starts.value then 'unchanged'
            when (found.value < starts.value) = ({{ wanted }}.better = 'lower') then 'better'
            when found.value is not null then 'worse'
        end as direction,
        case
            when {{ wanted }}.better = 'lower' then found.value <= {{ wanted }}.target
            else found.value >= {{ wanted }}.target
        end as is_target_met,
        {{ month_end('starts.month') }} < {{ wanted }}.starts_on as is_start_before,
        cast(coalesce(since.months, 0) as integer) as months_since,
        {{ ratio_half_up('since.total', 'since.months', 4, 18) }} as mean_since,
        cast(
            case when {{ wanted }}.better = 'lower' then since.lowest else since.highest end as decimal(18, 4)
        ) as best_since,
        cast(
            case when {{ wanted }}.better = 'lower' then since.highest else since.lowest end as decimal(18, 4)
        ) as worst_since,
        since.last_month as last_known_month,
        cast(last_known.value as decimal(18, 4)) as last_known_value
    from due
    inner join {{ wanted }}
        on
            due.council = {{ wanted }}.council
            and {{ wanted }}.starts_on <= due.as_at
    left join starts
        on
            {%- for column in key %}
            {{ '' if loop.first else 'and ' }}{{ wanted }}.{{ column }} = starts.{{ column }}
            {%- endfor %}
            and starts.preference = 1
            and starts.month <= due.month
    left join {{ ref('int_indicator_values') }} as found
        on
            {{ wanted }}.council = found.council
            and {{ wanted }}.unit = found.unit
            and {{ wanted }}.indicator = found.indicator
            and {{ wanted }}.item = found.item
            and due.month = found.month
    left join since
        on
            {%- for column in key %}
            {{ '' if loop.first else 'and ' }}{{ wanted }}.{{ column }} = since.{{ column }}
            {%- endfor %}
            and due.month = since.month
    left join {{ ref('int_indicator_values') }} as last_known
        on
            {{ wanted }}.council = last_known.council
            and {{ wanted }}.unit = last_known.unit
            and {{ wanted }}.indicator = last_known.indicator
            and {{ wanted }}.item = last_known.item
            and since.last_month = last_known.month
)
{%- endmacro %}
