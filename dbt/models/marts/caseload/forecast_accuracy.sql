{%- for measure in forecast_measures().split() %}
-- Both ways are judged by the same months.
select
    council,
    unit,
    '{{ measure }}' as measure,
    months_ahead,
    cast(count(compared) as integer) as months_compared,
    min(case when compared = 1 then target_month end) as first_month,
    max(case when compared = 1 then target_month end) as last_month,
    {{ ratio_half_up('sum(compared * abs(error_' ~ measure ~ '))', 'count(compared)', 2, 9) }} as mean_absolute_error,
    {{ ratio_half_up('sum(compared * error_' ~ measure ~ ')', 'count(compared)', 2, 9) }} as mean_error,
    cast(min(case when compared = 1 then error_{{ measure }} end) as decimal(9, 4)) as lowest_error,
    cast(max(case when compared = 1 then error_{{ measure }} end) as decimal(9, 4)) as highest_error,
    {{ ratio_half_up(
        'sum(compared * abs(' ~ measure ~ ' - actual_' ~ measure ~ '))', 'count(compared)', 2, 9
    ) }} as unchanged_mean_absolute_error,
    sum(compared * abs(error_{{ measure }})) < sum(compared * abs({{ measure }} - actual_{{ measure }}))
        as is_better_than_unchanged
from (
    select
        *,
        case when error_{{ measure }} is not null and {{ measure }} is not null then 1 end as compared
    from {{ ref('caseload_forecasts') }}
) as forecasts
group by council, unit, months_ahead
{{ 'union all' if not loop.last }}
{%- endfor %}
