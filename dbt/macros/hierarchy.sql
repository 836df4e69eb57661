{# Totals given for several levels of one branch: which of them a higher unit's own total already holds. `below` has
   one row per unit and `counted_unit` at or below it whose total is given; `keys` tell totals of different things apart. #}
{% macro counted_higher_up(below, keys) -%}
select distinct
    lower_total.council,
    lower_total.unit,
    {%- for key in keys %}
    lower_total.{{ key }},
    {%- endfor %}
    lower_total.counted_unit
from {{ below }} as lower_total
inner join {{ below }} as higher_total
    on
        lower_total.council = higher_total.council
        and lower_total.unit = higher_total.unit
        {%- for key in keys %}
        and lower_total.{{ key }} = higher_total.{{ key }}
        {%- endfor %}
        and lower_total.counted_unit <> higher_total.counted_unit
inner join {{ ref('int_unit_tree') }} as tree
    on
        lower_total.council = tree.council
        and lower_total.counted_unit = tree.descendant
        and higher_total.counted_unit = tree.unit
{%- endmacro %}
