{%- set measures = forecast_measures().split() -%}
with made as (
    select * from {{ ref('int_caseload_forecasts') }}
),

rules as (
    {{ forecast_rules(['least_comparisons']) | indent(4) }}
),

known as (
    select * from {{ ref('caseload_bands') }}
),

-- Totals may leave services out that rows hold: only rows are held against a forecast.
compared as (
    select
        {%- for measure in measures %}
        now.{{ measure }},
        came.{{ measure }} as actual_{{ measure }},
        made.expected_{{ measure }} - came.{{ measure }} as error_{{ measure }},
        {%- endfor %}
        made.*
    from made
    inner join known as now
        on
            made.council = now.council
            and made.unit = now.unit
            and made.month = now.month
    left join known as came
        on
            made.council = came.council
            and made.unit = came.unit
            and made.target_month = came.month
            and came.grain = 'rows'
),

-- When a forecast is made, and when the month it was for has come.
events as (
    select
        council,
        unit,
        months_ahead,
        month as known_in,
        {%- for measure in measures %}
        cast(null as decimal(18, 4)) as error_{{ measure }},
        {%- endfor %}
        true as is_made
    from compared

    union all

    select
        council,
        unit,
        months_ahead,
        target_month as known_in,
        {%- for measure in measures %}
        cast(error_{{ measure }} as decimal(18, 4)) as error_{{ measure }},
        {%- endfor %}
        false as is_made
    from compared
    where error_open_cases is not null or error_fte_social_workers is not null
),

errors_so_far as (
    select
        council,
        unit,
        months_ahead,
        known_in,
        {%- for measure in measures %}
        count(error_{{ measure }}) over so_far as comparisons_{{ measure }},
        min(error_{{ measure }}) over so_far as lowest_{{ measure }},
        max(error_{{ measure }}) over so_far as highest_{{ measure }},
        {%- endfor %}
        is_made
    from events
    -- Months of one and the same month are peers: what came in the month counts in it.
    window so_far as (
        partition by council, unit, months_ahead
        order by known_in
        range between unbounded preceding and current row
    )
)

select
    compared.council,
    compared.unit,
    compared.level,
    compared.month,
    compared.as_at,
    compared.grain,
    cast(compared.months_ahead as integer) as months_ahead,
    compared.target_month,
    compared.incomplete_because,
    compared.flow_months,
    compared.received_a_month,
    compared.ended_a_month,
    compared.starters_fte,
    compared.leavers_fte,
    cast(compared.target_caseload as decimal(9, 2)) as target_caseload,
    compared.expected_band,
    compared.expected_band_label,
    compared.expected_severity,
    {%- for measure in measures %}
    compared.{{ measure }},
    compared.expected_{{ measure }},
    case
        when errors.comparisons_{{ measure }} >= rules.least_comparisons
            then cast(
                {{ floored('(compared.expected_' ~ measure ~ ' - greatest(errors.highest_' ~ measure ~ ', 0))') }}
                as decimal(9, {{ decimals_of(measure) }})
            )
    end as lower_{{ measure }},
    case
        when errors.comparisons_{{ measure }} >= rules.least_comparisons
            then cast(
                {{ floored('(compared.expected_' ~ measure ~ ' - least(errors.lowest_' ~ measure ~ ', 0))') }}
                as decimal(9, {{ decimals_of(measure) }})
            )
    end as upper_{{ measure }},
    cast(compared.actual_{{ measure }} as decimal(9, {{ decimals_of(measure) }})) as actual_{{ measure }},
    cast(compared.error_{{ measure }} as decimal(9, {{ decimals_of(measure) }})) as error_{{ measure }},
    {%- endfor %}
    cast(errors.comparisons_open_cases as integer) as months_compared
from compared
inner join rules on compared.council = rules.council
inner join errors_so_far as errors
    on
        compared.council = errors.council
        and compared.unit = errors.unit
        and compared.months_ahead = errors.months_ahead
        and compared.month = errors.known_in
        and errors.is_made
