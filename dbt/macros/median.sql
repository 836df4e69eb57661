{# The exact median of a whole number for each combination of `keys`, one decimal half up: of an even count the mean of
   the two middle values. Rows without a value are left out. No engine's own function, which may answer in binary. #}
{% macro medians(relation, keys, value) -%}
select
    {{ keys | join(', ') }},
    {{ ratio_half_up('sum(' ~ value ~ ')', 'count(*)', 1, 9) }} as median
from (
    select
        {{ keys | join(', ') }},
        {{ value }},
        row_number() over (partition by {{ keys | join(', ') }} order by {{ value }}) as place,
        count(*) over (partition by {{ keys | join(', ') }}) as places
    from {{ relation }}
    where {{ value }} is not null
) as placed
where 2 * place between places and places + 2
group by {{ keys | join(', ') }}
{%- endmacro %}
