{# What a role costs on a day: its default grade in force; a council's own cost stands before one for every council.
   `days` has council and a column `day`; a role without a cost has no row. #}
{% macro role_costs_on(days, day) -%}
select
    council,
    {{ day }},
    role,
    annual_cost_gbp,
    set_up_cost_gbp
from (
    select
        days.council,
        days.{{ day }},
        costs.role,
        costs.annual_cost_gbp,
        costs.set_up_cost_gbp,
        row_number() over (
            partition by days.council, days.{{ day }}, costs.role
            order by case when costs.council is null then 1 else 0 end
        ) as preference
    from {{ days }} as days
    inner join {{ ref('unit_costs') }} as costs
        on
            (costs.council is null or costs.council = days.council)
            and (costs.valid_from is null or costs.valid_from <= days.{{ day }})
            and (costs.valid_to is null or days.{{ day }} < costs.valid_to)
    where costs.is_default
) as found
where preference = 1
{%- endmacro %}


{# The lines of options, each told apart by `keys`, as exact costs by financial year: the only place that says what
   part of a year costs and how many heads need kit. A line's posts and yearly cost stand over its option's `divisor`, so
   that a gap which is no decimal stays exact; amounts that come out stand over the divisor too.

   Heads are the posts of all lines rounded up once, unless the option gives a number; where lines differ in the price
   of a head, it is their mean by posts, in whole pennies. A line without a price leaves the option without one; posts
   of which no kit is priced cost `unknown_kit` a head where none of the others' is. #}
{% macro options_by_year(lines, keys, unknown_kit='0') -%}
with options as (
    select
        {%- for key in keys %}
        {{ key }},
        {%- endfor %}
        divisor,
        min(starts_on) as starts_on,
        case when count(ends_on) = count(*) then max(ends_on) end as ends_on,
        sum(posts_fte) as posts_fte,
        sum(adds_social_worker_fte) as adds_social_worker_fte,
        case when count(annual_cost_gbp) = count(*) then sum(annual_cost_gbp) end as annual_cost_gbp,
        max(set_up_heads) as set_up_heads,
        max(set_up_per_head_gbp) as dearest_head_gbp,
        sum(case when set_up_per_head_gbp is not null then posts_fte end) as posts_with_kit,
        sum(posts_fte * set_up_per_head_gbp) as kit_of_posts_gbp,
        min({{ financial_year_start('starts_on') }}) as first_year
    from {{ lines }}
    group by
        {%- for key in keys %}
        {{ key }},
        {%- endfor %}
        divisor
),

headed as (
    select
        options.*,
        coalesce(set_up_heads, {{ ratio_up('posts_fte', 'divisor') }}) as heads,
        coalesce({{ ratio_half_up('kit_of_posts_gbp', 'posts_with_kit', 2) }}, dearest_head_gbp, {{ unknown_kit }}) as head_gbp
    from options
),

years_ahead as (
    {{ whole_numbers(0, (most_years_costed() | int) - 1, 'ahead') | indent(4) }}
),

years as (
    select
        headed.*,
        headed.first_year + years_ahead.ahead as year
    from headed
    cross join years_ahead
    where
        (headed.ends_on is null and years_ahead.ahead < {{ years_costed() }})
        or headed.first_year + years_ahead.ahead <= {{ financial_year_start('headed.ends_on') }}
),

of_the_year as (
    select
        {%- for key in keys %}
        years.{{ key }},
        {%- endfor %}
        years.year,
        lines.annual_cost_gbp,
        {{ months_spanned(
            'greatest(lines.starts_on, ' ~ 'make_date(cast(years.year as integer), 4, 1))',
            'least(coalesce(lines.ends_on, ' ~ 'make_date(cast(years.year as integer) + 1, 3, 31)), '
            ~ 'make_date(cast(years.year as integer) + 1, 3, 31))'
        ) }} as months
    from years
    inner join {{ lines }} as lines
        on
            {%- for key in keys %}
            years.{{ key }} = lines.{{ key }}{{ '' if loop.last else ' and' }}
            {%- endfor %}
),

costed as (
    select
        {%- for key in keys %}
        {{ key }},
        {%- endfor %}
        year,
        max(months) as months,
        case when count(annual_cost_gbp) = count(*) then sum(annual_cost_gbp * months) end as cost_times_twelve
    from of_the_year
    group by
        {%- for key in keys %}
        {{ key }},
        {%- endfor %}
        year
)

select
    {%- for key in keys %}
    years.{{ key }},
    {%- endfor %}
    years.divisor,
    years.year,
    years.starts_on,
    years.ends_on,
    costed.months,
    years.posts_fte,
    years.adds_social_worker_fte,
    years.heads as set_up_heads,
    years.annual_cost_gbp,
    costed.cost_times_twelve,
    case when years.year <> years.first_year or years.heads = 0 then 0 else years.heads * years.head_gbp end as one_off_gbp
from years
inner join costed
    on
        {%- for key in keys %}
        years.{{ key }} = costed.{{ key }}
        and
        {%- endfor %} years.year = costed.year
{%- endmacro %}


{# The columns of money and time that every costed option has, from a row of options_by_year; `months` where not all of its
   rows tell how long they run. #}
{% macro costs_of_the_year(costed, months=none) -%}
cast({{ financial_year_of_start(costed ~ '.year') }} as varchar(7)) as financial_year,
    {{ costed }}.starts_on,
    {{ costed }}.ends_on,
    cast({{ months or costed ~ '.months' }} as integer) as months,
    {{ ratio_half_up(costed ~ '.posts_fte', costed ~ '.divisor', 2, 9) }} as posts_fte,
    {{ nearest_whole(costed ~ '.set_up_heads') }} as set_up_heads,
    {{ ratio_half_up(costed ~ '.annual_cost_gbp', costed ~ '.divisor', 2) }} as annual_cost_gbp,
    {{ ratio_half_up(costed ~ '.cost_times_twelve', '12 * ' ~ costed ~ '.divisor', 2) }} as recurring_gbp,
    {{ half_up(costed ~ '.one_off_gbp', 2) }} as one_off_gbp,
    {{ ratio_half_up(
        costed ~ '.cost_times_twelve + 12 * ' ~ costed ~ '.divisor * ' ~ costed ~ '.one_off_gbp',
        '12 * ' ~ costed ~ '.divisor', 2
    ) }} as total_gbp
{%- endmacro %}
