{# How much a value is above an earlier one, percent with one decimal; from the exact parts and wholes of both, or from
   the parts alone where the value is no ratio. NULL where one of the two is unknown or the earlier one is zero. #}
{% macro change_percent(part_now, whole_now, part_then, whole_then) -%}
{%- set now = part_now ~ ' * nullif(' ~ whole_then ~ ', 0)' if whole_then else part_now -%}
{%- set then = part_then ~ ' * ' ~ whole_now if whole_now else part_then -%}
{{ ratio_half_up('(100 * (' ~ now ~ ' - ' ~ then ~ '))', '(' ~ then ~ ')', 1, 9) }}
{%- endmacro %}
