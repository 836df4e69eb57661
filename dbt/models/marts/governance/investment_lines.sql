with due as (
    {{ months_due() }}
),

-- What its paper asks of each line, from the line's own first day.
asked as (
    select
        lines.council,
        lines.investment,
        lines.line,
        coalesce(criteria.criterion, '') as criterion,
        coalesce(criteria.indicator, '') as indicator,
        coalesce(criteria.unit, '') as unit,
        coalesce(criteria.item, '') as item,
        criteria.better,
        criteria.target,
        lines.starts_on,
        lines.ends_on,
        lines.amount_gbp,
        lines.posts_fte,
        criteria.source
    from {{ ref('investment_criteria') }} as criteria
    inner join {{ ref('investments') }} as lines
        on
            criteria.council = lines.council
            and criteria.investment = lines.investment
            and criteria.line = lines.line
),

{{ moved_since('asked', ['council', 'investment', 'line', 'criterion', 'indicator', 'unit', 'item']) }}

select
    council,
    investment,
    line,
    nullif(criterion, '') as criterion,
    nullif(indicator, '') as indicator,
    nullif(unit, '') as unit,
    nullif(item, '') as item,
    month,
    as_at,
    starts_on,
    ends_on,
    cast(amount_gbp as decimal(14, 2)) as amount_gbp,
    {{ half_up('posts_fte', 2, 9) }} as posts_fte,
    case
        when criterion = '' then 'no_criterion'
        when indicator = '' then 'no_measure'
        when months_since = 0 then 'nothing_since'
        when value_now is null then 'not_known_now'
        when not is_start_before then 'nothing_before'
        else 'measured'
    end as measured,
    started_from,
    is_start_before,
    value_at_start,
    months_since,
    mean_since,
    best_since,
    worst_since,
    value_now,
    change,
    change_percent,
    cast(target as decimal(18, 4)) as target,
    better,
    direction,
    is_target_met,
    last_known_month,
    last_known_value,
    source
from moved
