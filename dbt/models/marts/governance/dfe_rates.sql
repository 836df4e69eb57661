{#-
  What each published rate is made of. FTE and days are published with one decimal, counts of people and cases whole.
  Bounds are what numerator and denominator were when the rate was lowest and highest; a part in both moves both.
-#}
{%- set measures = [
    ('caseload', 'caseload', 'cases', 'case_holders_fte', false, true),
    ('vacancy_rate', 'vacancy_rate', 'vacancy_fte', 'inpost_fte', true, true),
    ('agency_rate_fte', 'agency_rate', 'agency_fte', 'inpost_fte', true, true),
    ('agency_rate_headcount', 'agency_rate_headcount', 'agency_headcount', 'inpost_headcount', false, false),
    ('turnover_rate_fte', 'turnover_rate', 'leavers_fte', 'inpost_fte', true, true),
    ('turnover_rate_headcount', 'turnover_rate_headcount', 'leavers_headcount', 'inpost_headcount', false, false),
    ('absence_rate', 'absence_rate', 'working_days_lost_fte', 'inpost_fte', true, true),
] -%}
with benchmarks as (
    select
        published.*,
        working_years.working_days
    from {{ ref('dfe_benchmarks') }} as published
    left join {{ ref('working_years') }} as working_years
        on working_years.holds_leap_day = {{ year_holds_leap_day('published.year') }}
),

made_of as (
    {%- for measure, rate_column, part, base, part_is_rounded, base_is_rounded in measures %}
    {%- set kind = measure | replace('_fte', '') | replace('_headcount', '') %}
    select
        ons_code,
        name,
        geographic_level,
        year,
        region_code,
        '{{ measure }}' as measure,
        cast({{ rate_column }} as decimal(9, 2)) as published,
        {% if kind == 'caseload' -%}
        {{ average_caseload(part, base) }} as recomputed,
        {%- elif kind == 'vacancy_rate' -%}
        {{ vacancy_rate(part, base) }} as recomputed,
        {%- elif kind == 'agency_rate' -%}
        {{ agency_rate(part, base) }} as recomputed,
        {%- elif kind == 'turnover_rate' -%}
        {{ turnover_rate(part, base) }} as recomputed,
        {%- elif kind == 'absence_rate' -%}
        {{ absence_rate(part, base, 'working_days') }} as recomputed,
        {%- endif %}
        {%- set scale = 1 if kind == 'caseload' else 100 %}
        {%- set times = ' * working_days' if kind == 'absence_rate' else '' %}
        {%- set part_too = kind in ('vacancy_rate', 'agency_rate') %}
        {%- set numerator_low = lowest_before_rounding(part, part_is_rounded) %}
        {%- set numerator_high = highest_before_rounding(part, part_is_rounded) %}
        {%- set denominator_low = lowest_before_rounding(base, base_is_rounded) %}
        {%- set denominator_high = highest_before_rounding(base, base_is_rounded) %}
        cast({{ part }} as decimal(18, 4)) as numerator,
        cast({{ (part ~ ' + ' ~ base) if part_too else base ~ times }} as decimal(18, 4)) as denominator,
        cast({{ scale }} * {{ numerator_low }} as decimal(18, 4)) as lowest_numerator,
        cast(
            {{ (numerator_low ~ ' + ' ~ denominator_high) if part_too else denominator_high ~ times }} as decimal(18, 4)
        ) as lowest_denominator,
        cast({{ scale }} * {{ numerator_high }} as decimal(18, 4)) as highest_numerator,
        cast(
            {{ (numerator_high ~ ' + ' ~ denominator_low) if part_too else denominator_low ~ times }} as decimal(18, 4)
        ) as highest_denominator,
        -- Half up, so a rounded part lies below its upper bound, and an exact one is what it is.
        {{ 'false' if part_is_rounded else 'true' }} as highest_is_reached,
        coalesce(
            {{ symbol_of('missing', rate_column) }},
            {{ symbol_of('missing', part) }},
            {{ symbol_of('missing', base) }}
        ) as symbol
    from benchmarks
    {% if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}
)

select
    ons_code,
    name,
    geographic_level,
    region_code,
    cast(year as integer) as year,
    measure,
    {{ half_up('numerator', 1, 14) }} as numerator,
    {{ half_up('denominator', 1, 14) }} as denominator,
    {{ half_up('published', 1, 9) }} as published,
    recomputed,
    published = recomputed as reproduces,
    case
        when published is null or recomputed is null or published = recomputed then null
        when
            lowest_numerator < (published + {{ half_of_one_decimal() }}) * lowest_denominator
            and (
                highest_numerator > (published - {{ half_of_one_decimal() }}) * highest_denominator
                or (
                    highest_is_reached
                    and highest_numerator = (published - {{ half_of_one_decimal() }}) * highest_denominator
                )
            )
            then 'component_published_rounded'
        else 'contradicts_its_own_integers'
    end as class,
    symbol
from made_of
-- A row of a few measures, as a council may add of its own, says nothing of the others.
where published is not null or numerator is not null or symbol is not null
