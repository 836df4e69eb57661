{# The exact median of a whole number for each combination of `keys`, one decimal half up: of an even count the mean of
   the two middle values. `relation` has a row for each value and how many `times` it stands there, which is what makes
   it cheap: days to something are few values of many rows. Rows without a value are left out. No engine's own function,
   which may answer in binary. #}
{% macro medians(relation, keys, value, times) -%}
select
    {{ keys | join(', ') }},
    {{ ratio_half_up(
        'sum(case when 2 * before < places then ' ~ value ~ ' else 0 end'
        ~ ' + case when 2 * up_to > places then ' ~ value ~ ' else 0 end)', '2', 1, 9
    ) }} as median
from (
    select
        {{ keys | join(', ') }},
        {{ value }},
        up_to,
        up_to - {{ times }} as before,
        places
    from (
        select
            {{ keys | join(', ') }},
            {{ value }},
            {{ times }},
            sum({{ times }}) over (partition by {{ keys | join(', ') }} order by {{ value }}) as up_to,
            sum({{ times }}) over (partition by {{ keys | join(', ') }}) as places
        from {{ relation }}
        where {{ value }} is not null
    ) as placed
) as middle
-- The lower of the two middle places is the first with as many at or before it as after it.
where 2 * before <= places and 2 * up_to >= places
group by {{ keys | join(', ') }}
{%- endmacro %}
